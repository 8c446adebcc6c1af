//! What validation leaves behind in templates that are not copied before.
//!
//! Argo's rules fill dummies and arguments into the very templates they are given
//! (`validation_references.go: setArgValuePlaceHolder`, `validateAnalysisMetrics`). Its own
//! controller hands them copies (`utils/tolerantinformer/tollerantinformer.go: getTyped`), so that
//! nobody notices. A controller that is driven with plain informers hands them what its cache
//! holds: from the first reconciliation on, the metrics of every analysis but those in the
//! background have the templates' own defaults filled in, `dummy-value` where there is none, and
//! what the Rollout passes has no effect.
//!
//! The answer keys of `tests/corpus/argo/cases` were recorded with plain informers. To compare with
//! them, put what [`left_behind`] returns in place of the templates as written.

use crate::spec::metadata::ObjectMeta;
use crate::spec::{AnalysisTemplate, ClusterAnalysisTemplate, Rollout};
use crate::template::lookup::{self, TemplateSource, Templates};

use super::analyses::{self, Role};

/// Templates that a controller shares between its reconciliations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SharedTemplates {
    /// Templates of the namespace.
    pub namespaced: Vec<AnalysisTemplate>,
    /// Cluster templates.
    pub cluster: Vec<ClusterAnalysisTemplate>,
}

impl TemplateSource for SharedTemplates {
    fn analysis_template(&self, _namespace: &str, name: &str) -> Option<&AnalysisTemplate> {
        self.namespaced
            .iter()
            .find(|template| self::name(template.metadata.as_ref()) == name)
    }

    fn cluster_analysis_template(&self, name: &str) -> Option<&ClusterAnalysisTemplate> {
        self.cluster
            .iter()
            .find(|template| self::name(template.metadata.as_ref()) == name)
    }
}

/// The templates that a Rollout's analyses refer to as every reconciliation but the first finds
/// them, if they are not copied. Nothing is left behind in a Rollout that refers to missing
/// templates.
#[must_use]
pub fn left_behind(rollout: &Rollout, source: &dyn TemplateSource) -> SharedTemplates {
    let strategy = rollout
        .spec
        .as_ref()
        .and_then(|spec| spec.strategy.as_ref());
    let sites = strategy.map(analyses::sites).unwrap_or_default();
    let namespace = rollout
        .metadata
        .as_ref()
        .map_or("default", |metadata| metadata.namespace());
    let mut shared = SharedTemplates::default();
    for site in &sites {
        match lookup::find(source, namespace, site.templates) {
            Ok(found) => shared.add(&found),
            Err(_) => return SharedTemplates::default(),
        }
    }
    let canary = strategy.and_then(|strategy| strategy.canary.as_ref());
    for site in sites.iter().filter(|site| site.role != Role::Background) {
        let Ok(found) = lookup::find(&shared, namespace, site.templates) else {
            continue;
        };
        if analyses::combines(rollout, canary, &found, site.args).is_ok() {
            let namespaced: Vec<String> = found
                .namespaced
                .iter()
                .map(|it| name(it.metadata.as_ref()))
                .collect();
            let cluster: Vec<String> = found
                .cluster
                .iter()
                .map(|it| name(it.metadata.as_ref()))
                .collect();
            shared.fill_in(&namespaced, &cluster);
        }
    }
    shared
}

impl SharedTemplates {
    /// Adds copies of templates that are not there yet.
    fn add(&mut self, found: &Templates<'_>) {
        for template in &found.namespaced {
            if self
                .analysis_template("", &name(template.metadata.as_ref()))
                .is_none()
            {
                self.namespaced.push((*template).clone());
            }
        }
        for template in &found.cluster {
            if self
                .cluster_analysis_template(&name(template.metadata.as_ref()))
                .is_none()
            {
                self.cluster.push((*template).clone());
            }
        }
    }

    /// Fills in the templates of these names. What comes after an error in a template stays as it
    /// is.
    fn fill_in(&mut self, namespaced: &[String], cluster: &[String]) {
        let own = self
            .namespaced
            .iter_mut()
            .filter(|it| namespaced.contains(&name(it.metadata.as_ref())));
        let own = own.filter_map(|template| template.spec.as_mut());
        let all = self
            .cluster
            .iter_mut()
            .filter(|it| cluster.contains(&name(it.metadata.as_ref())));
        let all = all.filter_map(|template| template.spec.as_mut());
        for spec in own.chain(all) {
            // The error itself is reported by the rules.
            let _ = analyses::fill_in(spec);
        }
    }
}

fn name(metadata: Option<&ObjectMeta>) -> String {
    metadata.map_or_else(String::new, |metadata| metadata.name().to_owned())
}

#[cfg(test)]
mod tests {
    use crate::spec::analysis::AnalysisTemplateSpec;
    use crate::validation::references::{Missing, ObjectSet, validate_references};

    use super::*;

    /// A Rollout with this analysis in its only step, and a template of this specification.
    fn example(field: &str, spec: &str) -> (Rollout, AnalysisTemplate) {
        let analysis = "{templates: [{templateName: t}], args: [{name: a, value: '7'}]}";
        let canary = match field {
            "step" => format!("steps: [{{analysis: {analysis}}}]"),
            _ => format!("analysis: {analysis}"),
        };
        let rollout = format!("spec: {{strategy: {{canary: {{{canary}}}}}}}");
        let template = format!("{{metadata: {{name: t}}, spec: {{{spec}}}}}");
        (
            serde_yaml::from_str(&rollout).expect("a Rollout"),
            serde_yaml::from_str(&template).expect("a template"),
        )
    }

    fn limit_left_behind(field: &str, args: &str) -> Option<String> {
        let spec = format!(
            "args: [{args}], metrics: [{{name: m, failureLimit: '{{{{args.a}}}}', provider: \
             {{web: {{}}}}}}]"
        );
        let (rollout, template) = example(field, &spec);
        let objects = ObjectSet {
            analysis_templates: vec![&template],
            ..ObjectSet::default()
        };
        let shared = left_behind(&rollout, &objects);
        let spec: &AnalysisTemplateSpec = shared.namespaced[0].spec.as_ref()?;
        Some(
            spec.metrics.as_ref()?[0]
                .failure_limit
                .as_ref()?
                .to_string(),
        )
    }

    #[test]
    fn defaults_and_dummies_stay_in_the_metrics_except_in_the_background() {
        assert_eq!(
            limit_left_behind("step", "{name: a}").as_deref(),
            Some("dummy-value")
        );
        assert_eq!(
            limit_left_behind("step", "{name: a, value: '3'}").as_deref(),
            Some("3")
        );
        assert_eq!(
            limit_left_behind("background", "{name: a}").as_deref(),
            Some("{{args.a}}")
        );
    }

    #[test]
    fn a_secret_makes_the_second_look_fail() {
        let secret = "args: [{name: s, valueFrom: {secretKeyRef: {name: n, key: k}}}], metrics: \
                      [{name: m, provider: {web: {}}}]";
        let (rollout, template) = example("step", secret);
        let objects = ObjectSet {
            analysis_templates: vec![&template],
            ..ObjectSet::default()
        };
        assert_eq!(
            validate_references(&rollout, &objects, Missing::IsError).errors,
            []
        );
        let shared = left_behind(&rollout, &objects);
        let objects = ObjectSet {
            analysis_templates: shared.namespaced.iter().collect(),
            ..objects
        };
        let errors = validate_references(&rollout, &objects, Missing::IsError).errors;
        assert_eq!(
            errors[0].to_string(),
            "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"t\": \
             AnalysisTemplate \
             t: arg 's' has both Value and ValueFrom fields"
        );
    }
}
