//! Combining templates to what one `AnalysisRun` measures.
//!
//! Follows `utils/analysis/helpers.go: NewAnalysisRunFromTemplates` and the functions it calls:
//! metrics, dry runs and retentions are appended (first namespaced templates, then cluster
//! templates), arguments merged.

use std::collections::BTreeSet;

use crate::spec::analysis::{
    AnalysisRunSpec, AnalysisTemplateSpec, Argument, DryRun, MeasurementRetention,
};

use super::lookup::Templates;

/// What an `AnalysisRun` made from templates measures, with which arguments.
///
/// `args`, `dry_run` and `measurement_retention` are what the Rollout or the Experiment adds. An
/// argument that no template declares is dropped.
///
/// # Errors
///
/// Two metrics, dry runs or retentions of the same name, an argument with different default values,
/// and an argument that nobody gives a value.
pub fn combine(
    templates: &Templates<'_>,
    args: &[Argument],
    dry_run: &[DryRun],
    measurement_retention: &[MeasurementRetention],
) -> Result<AnalysisRunSpec, String> {
    let flat = flatten(templates)?;
    let args = merge_arguments(args, &flat.args.unwrap_or_default())?;
    let dry_run = [dry_run, &flat.dry_run.unwrap_or_default()].concat();
    check_dry_run(&dry_run)?;
    let retention = [
        measurement_retention,
        &flat.measurement_retention.unwrap_or_default(),
    ]
    .concat();
    check_retention(&retention)?;
    Ok(AnalysisRunSpec {
        metrics: flat.metrics,
        args: Some(args),
        terminate: None,
        dry_run: Some(dry_run),
        measurement_retention: Some(retention),
        ttl_strategy: None,
    })
}

/// Several templates as one (`helpers.go: FlattenTemplates`). References to further templates are
/// gone.
///
/// # Errors
///
/// Two metrics, dry runs or retentions of the same name and an argument with different default
/// values.
pub fn flatten(templates: &Templates<'_>) -> Result<AnalysisTemplateSpec, String> {
    let metrics: Vec<_> = all(templates, |spec| spec.metrics.as_deref());
    if let Some(name) = first_repeated(metrics.iter().map(|metric| metric.name.as_deref())) {
        return Err(format!("two metrics have the same name '{name}'"));
    }
    let dry_run = all(templates, |spec| spec.dry_run.as_deref());
    check_dry_run(&dry_run)?;
    let measurement_retention = all(templates, |spec| spec.measurement_retention.as_deref());
    check_retention(&measurement_retention)?;
    let mut args: Vec<Argument> = Vec::new();
    for arg in all(templates, |spec| spec.args.as_deref()) {
        add_argument(&mut args, arg)?;
    }
    Ok(AnalysisTemplateSpec {
        metrics: Some(metrics),
        args: Some(args),
        dry_run: Some(dry_run),
        measurement_retention: Some(measurement_retention),
        templates: None,
    })
}

/// The declared arguments with the incoming values (`helpers.go: MergeArgs`).
///
/// # Errors
///
/// A declared argument that has neither a value nor a source for one.
pub fn merge_arguments(
    incoming: &[Argument],
    declared: &[Argument],
) -> Result<Vec<Argument>, String> {
    let mut merged = declared.to_vec();
    for arg in incoming {
        let same = |known: &&mut Argument| name_of(known) == name_of(arg);
        let Some(known) = merged.iter_mut().find(same) else {
            continue;
        };
        if arg.value.is_some() {
            known.value.clone_from(&arg.value);
        } else if arg.value_from.is_some() {
            known.value_from.clone_from(&arg.value_from);
        }
    }
    match merged
        .iter()
        .find(|arg| arg.value.is_none() && arg.value_from.is_none())
    {
        None => Ok(merged),
        Some(arg) => Err(format!(
            "args.{} was not resolved",
            arg.name.as_deref().unwrap_or_default()
        )),
    }
}

fn all<T: Clone>(
    templates: &Templates<'_>,
    part: impl Fn(&AnalysisTemplateSpec) -> Option<&[T]>,
) -> Vec<T> {
    templates
        .specs()
        .filter_map(part)
        .flatten()
        .cloned()
        .collect()
}

/// Adds an argument, or merges it with the one of that name (`helpers.go: flattenArgs`).
fn add_argument(args: &mut Vec<Argument>, new: Argument) -> Result<(), String> {
    let same = |known: &&mut Argument| name_of(known) == name_of(&new);
    let Some(known) = args.iter_mut().find(same) else {
        args.push(new);
        return Ok(());
    };
    match (&known.value, &new.value) {
        (Some(first), Some(second)) if first != second => {
            let name = known.name.as_deref().unwrap_or_default();
            return Err(format!(
                "Argument `{name}` specified multiple times with different values: '{first}', \
                 '{second}'"
            ));
        }
        (None, _) => *known = new,
        _ => {}
    }
    Ok(())
}

fn check_dry_run(rules: &[DryRun]) -> Result<(), String> {
    match first_repeated(rules.iter().map(|rule| rule.metric_name.as_deref())) {
        None => Ok(()),
        Some(name) => Err(format!(
            "two Dry-Run metric rules have the same name '{name}'"
        )),
    }
}

fn check_retention(rules: &[MeasurementRetention]) -> Result<(), String> {
    match first_repeated(rules.iter().map(|rule| rule.metric_name.as_deref())) {
        None => Ok(()),
        Some(name) => Err(format!(
            "two Measurement Retention metric rules have the same name '{name}'"
        )),
    }
}

fn first_repeated<'a>(mut names: impl Iterator<Item = Option<&'a str>>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.find_map(|name| {
        let name = name.unwrap_or_default();
        (!seen.insert(name)).then_some(name)
    })
}

fn name_of(arg: &Argument) -> &str {
    arg.name.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::AnalysisTemplate;

    /// Combines templates given by their specifications with incoming arguments.
    fn combined(specs: &[&str], args: &str, dry_run: &str) -> Result<AnalysisRunSpec, String> {
        let read = |spec: &&str| {
            serde_yaml::from_str::<AnalysisTemplate>(&format!("spec: {spec}")).expect("a template")
        };
        let templates: Vec<AnalysisTemplate> = specs.iter().map(read).collect();
        let found = Templates {
            namespaced: templates.iter().collect(),
            cluster: Vec::new(),
        };
        let args: Vec<Argument> = serde_yaml::from_str(args).expect("arguments");
        let dry_run: Vec<DryRun> = serde_yaml::from_str(dry_run).expect("dry runs");
        combine(&found, &args, &dry_run, &[])
    }

    #[test]
    fn metrics_are_appended_and_names_are_unique() {
        let run = combined(
            &["{metrics: [{name: a}]}", "{metrics: [{name: b}]}"],
            "[]",
            "[]",
        );
        let metrics = run.expect("they combine").metrics.expect("metrics");
        let names: Vec<_> = metrics
            .iter()
            .filter_map(|metric| metric.name.as_deref())
            .collect();
        assert_eq!(names, ["a", "b"]);
        let twice = combined(
            &["{metrics: [{name: a}]}", "{metrics: [{name: a}]}"],
            "[]",
            "[]",
        );
        assert_eq!(twice, Err("two metrics have the same name 'a'".to_owned()));
    }

    #[test]
    fn defaults_of_an_argument_must_agree() {
        let differ = [
            "{args: [{name: a, value: x}]}",
            "{args: [{name: a, value: y}]}",
        ];
        assert_eq!(
            combined(&differ, "[]", "[]"),
            Err("Argument `a` specified multiple times with different values: 'x', 'y'".to_owned())
        );
        let one = ["{args: [{name: a}]}", "{args: [{name: a, value: y}]}"];
        let args = combined(&one, "[]", "[]")
            .expect("they combine")
            .args
            .expect("arguments");
        assert_eq!(args[0].value.as_deref(), Some("y"));
    }

    #[test]
    fn incoming_values_win_and_unknown_arguments_are_dropped() {
        let declared = ["{args: [{name: a, value: x}, {name: b}]}"];
        let args = combined(
            &declared,
            "[{name: a, value: z}, {name: b, value: ''}, {name: c, value: q}]",
            "[]",
        )
        .expect("they combine")
        .args
        .expect("arguments");
        let values: Vec<_> = args.iter().map(|arg| arg.value.as_deref()).collect();
        assert_eq!(values, [Some("z"), Some("")]);
        assert_eq!(
            combined(&declared, "[]", "[]"),
            Err("args.b was not resolved".to_owned())
        );
    }

    #[test]
    fn dry_runs_are_named_once() {
        let error = combined(&["{dryRun: [{metricName: a}]}"], "[]", "[{metricName: a}]");
        assert_eq!(
            error,
            Err("two Dry-Run metric rules have the same name 'a'".to_owned())
        );
    }
}
