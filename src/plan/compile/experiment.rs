//! Experiments: those of steps (`rollout/experiment.go: GetExperimentFromTemplate`) and those on their own.

use crate::cluster::TemplateId;
use crate::duration;
use crate::plan::analysis_template::{
    experiment_analyses, resolve_for_experiment, verify_for_experiment,
};
use crate::plan::compile::analysis::{Collector, index_of_last};
use crate::plan::compile::{seconds, tag_of};
use crate::plan::experiment::{ExperimentAnalysis, ExperimentPlan, TemplatePlan, TemplateSource};
use crate::spec::experiment::{
    Experiment, ExperimentAnalysisTemplateRef, ExperimentSpec, RolloutExperimentStep,
};
use crate::spec::metadata::{LabelSelector, PodTemplateSpec};
use crate::spec::rollout::RolloutSpec;
use crate::template::arguments::Hashes;
use crate::template::substitution::{ExperimentReplicaSet, ExperimentValues};
use crate::time::Delta;

/// Where a user's `availableAt` and end stand in arguments; virtual time has no calendar.
const UNKNOWN_TIME: &str = "1970-01-01T00:00:00Z";

impl Collector<'_> {
    /// Adds the experiment of a step.
    pub(super) fn add_step_experiment(
        &mut self,
        spec: &RolloutSpec,
        step: &RolloutExperimentStep,
    ) -> u16 {
        let templates: Vec<TemplatePlan> = step
            .templates
            .iter()
            .flatten()
            .map(|template| TemplatePlan {
                name: template.name.clone().unwrap_or_default(),
                pods: if template.spec_ref.as_deref() == Some("stable") {
                    TemplateSource::Stable
                } else {
                    TemplateSource::Canary
                },
                replicas: template.replicas.unwrap_or(1),
                weight: template.weight,
                service: template.weight.is_some() || template.service.is_some(),
                service_name: template
                    .service
                    .as_ref()
                    .and_then(|service| service.name.clone()),
                has_ports: has_ports(spec.template.as_ref()),
                min_ready: seconds(spec.min_ready_seconds.unwrap_or(0)),
            })
            .collect();
        let (rollout, objects) = (self.rollout, self.objects);
        let unknown = Hashes {
            stable: "",
            latest: "",
        };
        let not_created = experiment_analyses(rollout, step, unknown)
            .err()
            .map(|error| error.message().to_owned());
        let as_spec = ExperimentSpec {
            dry_run: step.dry_run.clone(),
            ..ExperimentSpec::default()
        };
        let mut analyses = Vec::new();
        for (index, analysis) in step.analyses.iter().flatten().enumerate() {
            let secrets = &self.setting.secrets;
            let namespace = self.namespace();
            let site = self.add_site(false, |hashes| {
                let resolved = experiment_analyses(rollout, step, hashes)?;
                let values = experiment_values(&templates, hashes);
                let source = objects.templates();
                resolve_for_experiment(
                    &as_spec,
                    &resolved[index],
                    source,
                    namespace,
                    &values,
                    secrets,
                )
            });
            let reference = ExperimentAnalysisTemplateRef {
                name: analysis.name.clone(),
                template_name: analysis.template_name.clone(),
                cluster_scope: analysis.cluster_scope,
                args: None,
                required_for_completion: analysis.required_for_completion,
            };
            analyses.push(self.experiment_analysis(&reference, site));
        }
        self.experiments.push(ExperimentPlan {
            name: String::new(),
            duration: length(step.duration.as_ref()),
            progress_deadline: seconds(spec.progress_deadline_seconds.unwrap_or(600)),
            scale_down_delay: seconds(step.scale_down_delay_seconds.unwrap_or(30)),
            templates,
            analyses,
            invalid: None,
            not_created,
        });
        index_of_last(&self.experiments)
    }

    /// Adds an experiment that stands on its own.
    pub(super) fn add_experiment(&mut self, experiment: &Experiment) {
        let spec = experiment.spec.clone().unwrap_or_default();
        let name = experiment
            .metadata
            .as_ref()
            .map_or("", |metadata| metadata.name())
            .to_owned();
        let templates: Vec<TemplatePlan> = spec
            .templates
            .iter()
            .flatten()
            .map(|template| TemplatePlan {
                name: template.name.clone().unwrap_or_default(),
                pods: TemplateSource::Own(
                    self.template_with_tag(&tag_of(template.template.as_ref())),
                ),
                replicas: template.replicas.unwrap_or(1),
                weight: None,
                service: template.service.is_some(),
                service_name: template
                    .service
                    .as_ref()
                    .and_then(|service| service.name.clone()),
                has_ports: has_ports(template.template.as_ref()),
                min_ready: seconds(template.min_ready_seconds.unwrap_or(0)),
            })
            .collect();
        let objects = self.objects;
        let mut analyses = Vec::new();
        for analysis in spec.analyses.iter().flatten() {
            let secrets = &self.setting.secrets;
            let namespace = self.namespace();
            let site = self.add_site(false, |hashes| {
                let values = experiment_values(&templates, hashes);
                let source = objects.templates();
                resolve_for_experiment(&spec, analysis, source, namespace, &values, secrets)
            });
            analyses.push(self.experiment_analysis(analysis, site));
        }
        self.experiments.push(ExperimentPlan {
            invalid: refusal(&name, &spec),
            name,
            duration: length(spec.duration.as_ref()),
            progress_deadline: seconds(spec.progress_deadline_seconds.unwrap_or(600)),
            scale_down_delay: seconds(spec.scale_down_delay_seconds.unwrap_or(30)),
            templates,
            analyses,
            not_created: None,
        });
    }

    fn experiment_analysis(
        &self,
        analysis: &ExperimentAnalysisTemplateRef,
        site: u16,
    ) -> ExperimentAnalysis {
        let verified = verify_for_experiment(analysis, self.objects.templates(), self.namespace());
        ExperimentAnalysis {
            name: analysis.name.clone().unwrap_or_default(),
            required: analysis.required_for_completion.unwrap_or(false),
            site,
            not_found: verified.err().map(|error| error.message().to_owned()),
        }
    }

    fn template_with_tag(&self, tag: &str) -> TemplateId {
        let index = self
            .templates
            .iter()
            .position(|template| template.tag == tag)
            .unwrap_or(0);
        TemplateId(u16::try_from(index).unwrap_or(u16::MAX))
    }
}

/// What `{{templates.x.podTemplateHash}}` and the like stand for.
fn experiment_values(templates: &[TemplatePlan], hashes: Hashes<'_>) -> ExperimentValues {
    let replica_sets = templates
        .iter()
        .map(|template| ExperimentReplicaSet {
            template: template.name.clone(),
            pod_template_hash: match template.pods {
                TemplateSource::Stable => hashes.stable,
                _ => hashes.latest,
            }
            .to_owned(),
            name: template.name.clone(),
        })
        .collect();
    ExperimentValues {
        replica_sets,
        available_at: Some(UNKNOWN_TIME.to_owned()),
        finished_at: Some(UNKNOWN_TIME.to_owned()),
    }
}

/// Why the experiment controller refuses a spec (`utils/conditions/experiments.go: VerifyExperimentSpec`).
fn refusal(name: &str, spec: &ExperimentSpec) -> Option<String> {
    let deadline = spec.progress_deadline_seconds.unwrap_or(600);
    let mut seen = Vec::new();
    for (index, template) in spec.templates.iter().flatten().enumerate() {
        let Some(selector) = &template.selector else {
            return Some(format!(
                "Experiment has missing field '.Spec.Templates[{index}].Selector'"
            ));
        };
        if *selector == LabelSelector::default() {
            return Some(format!(
                "Template[{index}] is selecting all pods. A non-empty selector is required"
            ));
        }
        if deadline < template.min_ready_seconds.unwrap_or(0) {
            return Some(format!(
                "MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Template[{index}]"
            ));
        }
        let template_name = template.name.clone().unwrap_or_default();
        if template_name.is_empty() {
            return Some(format!(
                "Experiment {name} has empty template name at index {index}"
            ));
        }
        if seen.contains(&template_name) {
            return Some(format!(
                "Experiment {name} has repeated template name '{template_name}' in templates"
            ));
        }
        seen.push(template_name);
    }
    None
}

fn has_ports(template: Option<&PodTemplateSpec>) -> bool {
    let containers = template
        .and_then(|template| template.spec.as_ref())
        .and_then(|spec| spec.get("containers"))
        .and_then(serde_json::Value::as_array);
    containers.into_iter().flatten().any(|container| {
        let ports = container.get("ports").and_then(serde_json::Value::as_array);
        ports.is_some_and(|ports| !ports.is_empty())
    })
}

fn length(text: Option<&String>) -> Option<Delta> {
    let text = text.filter(|text| !text.is_empty())?;
    duration::parse(text).ok().map(Delta::from_nanos)
}
