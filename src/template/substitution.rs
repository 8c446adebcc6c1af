//! Replacing `{{args.x}}` in metrics and in the arguments of experiments.
//!
//! Follows `utils/template/template.go` and the rules of the package fasttemplate that it uses: a
//! tag begins at `{{` and ends at the next `}}`, wherever that is.

use std::collections::BTreeMap;

use crate::spec::analysis::Argument;
use crate::spec::metric::Metric;
use crate::spec::wire;

/// A metric with its arguments filled in (`factory.go: ResolveMetricArgs`): every text of it,
/// names, conditions, limits and queries, may have tags.
///
/// # Errors
///
/// An argument without a value, a tag that is no argument, a tag without end, and a value that
/// would break the JSON by which the controller substitutes.
pub fn resolve_metric(metric: &Metric, args: &[Argument]) -> Result<Metric, String> {
    let template = wire::json(metric);
    let quoted: Vec<Argument> = args.iter().map(quoted_argument).collect();
    let resolved = resolve_arguments(&template, &quoted)?;
    if resolved == template {
        return Ok(metric.clone());
    }
    serde_json::from_str(&resolved).map_err(|error| json_error(&resolved, &error))
}

/// A text with its arguments filled in (`template.go: ResolveArgs`).
///
/// # Errors
///
/// An argument without a value, a tag that is no argument and a tag without end.
pub fn resolve_arguments(template: &str, args: &[Argument]) -> Result<String, String> {
    let parsed = Template::parse(template)?;
    let mut values = BTreeMap::new();
    for arg in args {
        let name = arg.name.as_deref().unwrap_or_default();
        let Some(value) = &arg.value else {
            return Err(format!("argument \"{name}\" was not supplied"));
        };
        values.insert(format!("args.{name}"), value.clone());
    }
    parsed.resolve(&values)
}

/// What a template of an Experiment looks like once its `ReplicaSet` exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentReplicaSet {
    /// Name of the template.
    pub template: String,
    /// Its pod template hash.
    pub pod_template_hash: String,
    /// Name of its `ReplicaSet`.
    pub name: String,
}

/// What the arguments of an Experiment's analyses may refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExperimentValues {
    /// Templates with a `ReplicaSet`.
    pub replica_sets: Vec<ExperimentReplicaSet>,
    /// When all templates became available, RFC 3339; absent before that.
    pub available_at: Option<String>,
    /// When the Experiment will end, RFC 3339; absent without a duration.
    pub finished_at: Option<String>,
}

/// The value of an Experiment's argument with its tags filled in, such as
/// `{{templates.canary.podTemplateHash}}` (`template.go: ResolveExperimentArgsValue`).
///
/// # Errors
///
/// A tag that stands for nothing and a tag without end.
pub fn resolve_experiment_value(value: &str, known: &ExperimentValues) -> Result<String, String> {
    let parsed = Template::parse(value)?;
    let mut values = BTreeMap::new();
    let times = [
        ("experiment.availableAt", &known.available_at),
        ("experiment.finishedAt", &known.finished_at),
    ];
    for (tag, time) in times {
        if let Some(time) = time {
            values.insert(tag.to_owned(), time.clone());
        }
    }
    for set in &known.replica_sets {
        let name = &set.template;
        values.insert(
            format!("templates.{name}.podTemplateHash"),
            set.pod_template_hash.clone(),
        );
        values.insert(
            format!("templates.{name}.replicaset.name"),
            set.name.clone(),
        );
    }
    parsed.resolve(&values)
}

/// A text cut at its tags: each text but the last is followed by a tag.
struct Template<'a> {
    texts: Vec<&'a str>,
    tags: Vec<&'a str>,
}

impl<'a> Template<'a> {
    fn parse(template: &'a str) -> Result<Self, String> {
        let (mut texts, mut tags) = (Vec::new(), Vec::new());
        let mut rest = template;
        while let Some((text, after)) = rest.split_once("{{") {
            let Some((tag, tail)) = after.split_once("}}") else {
                let (whole, from) = (wire::quote(template), wire::quote(after));
                return Err(format!(
                    "Cannot find end tag=\"}}}}\" in the template={whole} starting from {from}"
                ));
            };
            texts.push(text);
            tags.push(tag);
            rest = tail;
        }
        texts.push(rest);
        Ok(Template { texts, tags })
    }

    /// Fills in the tags. Of several that stand for nothing, the error names the last.
    fn resolve(&self, values: &BTreeMap<String, String>) -> Result<String, String> {
        let mut resolved = String::new();
        let mut unresolved = None;
        for (index, text) in self.texts.iter().enumerate() {
            resolved.push_str(text);
            let Some(tag) = self.tags.get(index) else {
                break;
            };
            match values.get(tag.trim()) {
                Some(value) => resolved.push_str(value),
                None => unresolved = Some(tag),
            }
        }
        match unresolved {
            Some(tag) => Err(format!("failed to resolve {{{{{tag}}}}}")),
            None => Ok(resolved),
        }
    }
}

/// An argument whose value is escaped for the inside of a JSON text, as far as Go's quoting does
/// that (`template.go: ResolveQuotedArgs`).
fn quoted_argument(arg: &Argument) -> Argument {
    let value = arg.value.as_ref().map(|value| {
        let quoted = wire::quote(value);
        quoted[1..quoted.len() - 1].to_owned()
    });
    Argument {
        name: arg.name.clone(),
        value,
        value_from: None,
    }
}

/// Go's words for the one way in which a value can break the JSON: `strconv.Quote` knows escapes
/// that JSON does not.
fn json_error(json: &str, error: &serde_json::Error) -> String {
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            continue;
        }
        match bytes.next() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') => {}
            Some(unknown) => {
                let unknown = char::from(unknown);
                return format!("invalid character '{unknown}' in string escape code");
            }
            None => break,
        }
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(pairs: &[(&str, Option<&str>)]) -> Vec<Argument> {
        let argument = |&(name, value): &(&str, Option<&str>)| Argument {
            name: Some(name.to_owned()),
            value: value.map(str::to_owned),
            value_from: None,
        };
        pairs.iter().map(argument).collect()
    }

    fn metric(yaml: &str) -> Metric {
        serde_yaml::from_str(yaml).expect("a metric")
    }

    #[test]
    fn tags_are_filled_in_with_and_without_spaces() {
        let resolved = resolve_arguments("{{args.a}}-{{ args.a }}", &args(&[("a", Some("x"))]));
        assert_eq!(resolved.as_deref(), Ok("x-x"));
    }

    #[test]
    fn the_last_unresolved_tag_is_reported_as_written() {
        let resolved = resolve_arguments("{{args.a}} {{ nope }}", &args(&[]));
        assert_eq!(
            resolved.expect_err("an error"),
            "failed to resolve {{ nope }}"
        );
    }

    #[test]
    fn a_tag_without_end_is_an_error() {
        assert_eq!(
            resolve_arguments("a {{args.a", &args(&[])).expect_err("an error"),
            r#"Cannot find end tag="}}" in the template="a {{args.a" starting from "args.a""#
        );
    }

    #[test]
    fn an_argument_without_value_is_an_error_even_if_no_tag_needs_it() {
        let resolved = resolve_arguments("plain", &args(&[("a", None)]));
        assert_eq!(
            resolved.expect_err("an error"),
            "argument \"a\" was not supplied"
        );
    }

    #[test]
    fn every_text_of_a_metric_is_resolved() {
        let metric = metric(
            "{name: '{{args.n}}', count: '{{args.c}}', interval: '{{args.i}}', failureLimit: 2,
              successCondition: 'result[0] >= {{args.c}}',
              provider: {prometheus: {query: 'a{b=\"{{args.n}}\"}'}}}",
        );
        let values = args(&[("n", Some("q\"\\\n")), ("c", Some("5")), ("i", Some("1m"))]);
        let resolved = resolve_metric(&metric, &values).expect("all arguments are given");
        assert_eq!(resolved.name.as_deref(), Some("q\"\\\n"));
        assert_eq!(resolved.count.map(|count| count.int_value()), Some(5));
        assert_eq!(resolved.interval.as_deref(), Some("1m"));
        assert_eq!(
            resolved.success_condition.as_deref(),
            Some("result[0] >= 5")
        );
        let query = resolved
            .provider
            .and_then(|provider| provider.prometheus?.query);
        assert_eq!(query.as_deref(), Some("a{b=\"q\"\\\n\"}"));
    }

    #[test]
    fn a_value_that_json_cannot_hold_breaks_the_metric() {
        let metric = metric("{name: '{{args.n}}', provider: {}}");
        let error = resolve_metric(&metric, &args(&[("n", Some("\u{1}"))])).expect_err("an error");
        assert_eq!(error, "invalid character 'x' in string escape code");
    }

    #[test]
    fn an_experiment_offers_hashes_names_and_times() {
        let known = ExperimentValues {
            replica_sets: vec![ExperimentReplicaSet {
                template: "canary".to_owned(),
                pod_template_hash: "abc".to_owned(),
                name: "web-abc".to_owned(),
            }],
            available_at: Some("2026-01-01T00:00:00Z".to_owned()),
            finished_at: None,
        };
        let value = "{{templates.canary.podTemplateHash}} {{templates.canary.replicaset.name}}";
        assert_eq!(
            resolve_experiment_value(value, &known).as_deref(),
            Ok("abc web-abc")
        );
        assert_eq!(
            resolve_experiment_value("{{experiment.finishedAt}}", &known).expect_err("an error"),
            "failed to resolve {{experiment.finishedAt}}"
        );
    }
}
