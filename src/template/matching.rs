//! Which metrics a dry run or a retention rule means: regular expressions over metric names.
//!
//! Follows `utils/analysis/helpers.go: GetDryRunMetrics` and `GetMeasurementRetentionMetrics`. An
//! expression that is none matches nothing, `*` alone included.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::spec::analysis::{DryRun, MeasurementRetention};

/// Names of the metrics that only watch.
///
/// # Errors
///
/// A rule that means no metric.
pub fn dry_run_metrics(rules: &[DryRun], names: &[&str]) -> Result<BTreeSet<String>, String> {
    let mut found = BTreeSet::new();
    for (index, rule) in rules.iter().enumerate() {
        let matched = matching(rule.metric_name.as_deref(), names);
        if matched.is_empty() {
            return Err(format!(
                "dryRun[{index}]: Rule didn't match any metric name(s)"
            ));
        }
        found.extend(matched);
    }
    Ok(found)
}

/// How many measurements are kept, by metric name; the last rule that means a metric decides.
///
/// # Errors
///
/// A rule that means no metric.
pub fn retention_limits(
    rules: &[MeasurementRetention],
    names: &[&str],
) -> Result<BTreeMap<String, i32>, String> {
    let mut limits = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let matched = matching(rule.metric_name.as_deref(), names);
        if matched.is_empty() {
            return Err(format!(
                "measurementRetention[{index}]: Rule didn't match any metric name(s)"
            ));
        }
        limits.extend(
            matched
                .into_iter()
                .map(|name| (name, rule.limit.unwrap_or_default())),
        );
    }
    Ok(limits)
}

fn matching(expression: Option<&str>, names: &[&str]) -> Vec<String> {
    let Ok(expression) = Regex::new(expression.unwrap_or_default()) else {
        return Vec::new();
    };
    let matched = names.iter().filter(|name| expression.is_match(name));
    matched.map(|&name| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dry_run(expressions: &[&str]) -> Result<Vec<String>, String> {
        let rule = |name: &&str| DryRun {
            metric_name: Some((*name).to_owned()),
        };
        let rules: Vec<_> = expressions.iter().map(rule).collect();
        dry_run_metrics(&rules, &["success-rate", "latency"]).map(Vec::from_iter)
    }

    #[test]
    fn an_expression_matches_anywhere_in_the_name() {
        assert_eq!(
            dry_run(&["ate"]),
            Ok(vec!["latency".to_owned(), "success-rate".to_owned()])
        );
        assert_eq!(dry_run(&["^lat"]), Ok(vec!["latency".to_owned()]));
        assert_eq!(dry_run(&[".*"]).map(|names| names.len()), Ok(2));
    }

    #[test]
    fn a_rule_without_a_metric_is_an_error_and_so_is_a_lone_asterisk() {
        let error = |index| {
            Err(format!(
                "dryRun[{index}]: Rule didn't match any metric name(s)"
            ))
        };
        assert_eq!(dry_run(&[".*", "nope"]), error(1));
        assert_eq!(dry_run(&["*"]), error(0));
    }

    #[test]
    fn the_last_retention_rule_for_a_metric_counts() {
        let rule = |name: &str, limit| MeasurementRetention {
            metric_name: Some(name.to_owned()),
            limit: Some(limit),
        };
        let limits = retention_limits(&[rule(".*", 5), rule("lat", 9)], &["latency", "errors"]);
        assert_eq!(
            limits,
            Ok(BTreeMap::from([
                ("errors".to_owned(), 5),
                ("latency".to_owned(), 9)
            ]))
        );
    }
}
