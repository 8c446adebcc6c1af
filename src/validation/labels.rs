//! Kubernetes' rules for labels and label selectors.
//!
//! Follows apimachinery v0.34: `pkg/util/validation/validation.go`, `pkg/apis/meta/v1/validation`
//! and `pkg/apis/meta/v1/helpers.go: LabelSelectorAsSelector`. The regular expressions are theirs
//! since the messages quote them; they are checked by hand.

use std::collections::BTreeMap;

use crate::spec::metadata::{LabelSelector, LabelSelectorRequirement};
use crate::spec::wire;

use super::field_error::{FieldError, Place};

/// Longest name of a label, longest value of one.
const LENGTH_MAX: usize = 63;
/// Longest prefix of a label's name.
const PREFIX_LENGTH_MAX: usize = 253;

const NAME_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const NAME_MESSAGE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must \
    start and end with an alphanumeric character";
const NAME_EXAMPLES: &str = "'MyName',  or 'my.name',  or '123-abc', ";
const SUBDOMAIN_FORMAT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const SUBDOMAIN_MESSAGE: &str = "a lowercase RFC 1123 subdomain must consist of lower case \
    alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const VALUE_MESSAGE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/// What is wrong with a label's name, such as `app.kubernetes.io/name` (`IsQualifiedName`).
#[must_use]
pub fn qualified_name_errors(name: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let name = match name.split_once('/') {
        None => name,
        Some((_, rest)) if rest.contains('/') => {
            return vec![format!(
                "a qualified name {NAME_MESSAGE} (e.g. {NAME_EXAMPLES}regex used for validation is \
                 '{NAME_FORMAT}') with an optional DNS subdomain prefix and '/' (e.g. \
                 'example.com/MyName')"
            )];
        }
        Some(("", rest)) => {
            errors.push("prefix part must be non-empty".to_owned());
            rest
        }
        Some((prefix, rest)) => {
            if PREFIX_LENGTH_MAX < prefix.len() {
                errors.push(format!("prefix part {}", too_long(PREFIX_LENGTH_MAX)));
            }
            if !is_subdomain(prefix) {
                errors.push(format!(
                    "prefix part {SUBDOMAIN_MESSAGE} (e.g. 'example.com', regex used for \
                     validation \
                     is '{SUBDOMAIN_FORMAT}')"
                ));
            }
            rest
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if LENGTH_MAX < name.len() {
        errors.push(format!("name part {}", too_long(LENGTH_MAX)));
    }
    if !is_name(name) {
        errors.push(format!(
            "name part {NAME_MESSAGE} (e.g. {NAME_EXAMPLES}regex used for validation is \
             '{NAME_FORMAT}')"
        ));
    }
    errors
}

/// What is wrong with a label's value (`IsValidLabelValue`).
#[must_use]
pub fn value_errors(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if LENGTH_MAX < value.len() {
        errors.push(too_long(LENGTH_MAX));
    }
    if !value.is_empty() && !is_name(value) {
        errors.push(format!(
            "{VALUE_MESSAGE} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
             validation \
             is '({NAME_FORMAT})?')"
        ));
    }
    errors
}

/// All errors of a selector (`ValidateLabelSelector`).
pub(crate) fn selector_errors(selector: &LabelSelector, at: &Place) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let labels_at = at.child("matchLabels");
    for (key, value) in selector.match_labels.iter().flatten() {
        for message in qualified_name_errors(key) {
            errors.push(FieldError::invalid(
                "selector-label",
                labels_at.clone(),
                wire::quote(key),
                message,
            ));
        }
        for message in value_errors(value) {
            errors.push(FieldError::invalid(
                "selector-label",
                labels_at.clone(),
                wire::quote(value),
                message,
            ));
        }
    }
    for (index, requirement) in selector.match_expressions.iter().flatten().enumerate() {
        requirement_errors(
            requirement,
            &at.child("matchExpressions").index(index),
            &mut errors,
        );
    }
    errors
}

/// Whether Kubernetes can use the selector at all (`LabelSelectorAsSelector`).
pub(crate) fn is_usable(selector: &LabelSelector) -> bool {
    let labels = selector.match_labels.iter().flatten();
    let mut requirements = selector.match_expressions.iter().flatten();
    labels
        .clone()
        .all(|(key, value)| qualified_name_errors(key).is_empty() && value_errors(value).is_empty())
        && requirements.all(|requirement| {
            let values = requirement.values.as_deref().unwrap_or_default();
            let values_fit = match operator(requirement) {
                "In" | "NotIn" => !values.is_empty(),
                "Exists" | "DoesNotExist" => values.is_empty(),
                _ => false,
            };
            values_fit
                && qualified_name_errors(requirement.key.as_deref().unwrap_or_default()).is_empty()
                && values.iter().all(|value| value_errors(value).is_empty())
        })
}

/// Whether a usable selector selects these labels. An empty selector selects everything.
#[must_use]
pub fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let by_label = selector.match_labels.iter().flatten();
    let mut by_requirement = selector.match_expressions.iter().flatten();
    by_label
        .clone()
        .all(|(key, value)| labels.get(key) == Some(value))
        && by_requirement.all(|requirement| {
            let found = labels.get(requirement.key.as_deref().unwrap_or_default());
            let values = requirement.values.as_deref().unwrap_or_default();
            match operator(requirement) {
                "In" => found.is_some_and(|found| values.contains(found)),
                "NotIn" => found.is_none_or(|found| !values.contains(found)),
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}

fn requirement_errors(
    requirement: &LabelSelectorRequirement,
    at: &Place,
    errors: &mut Vec<FieldError>,
) {
    let values = requirement.values.as_deref().unwrap_or_default();
    match operator(requirement) {
        "In" | "NotIn" if values.is_empty() => errors.push(FieldError::required(
            "selector-values",
            at.child("values"),
            "must be specified when `operator` is 'In' or 'NotIn'",
        )),
        "Exists" | "DoesNotExist" if !values.is_empty() => errors.push(FieldError::forbidden(
            "selector-values",
            at.child("values"),
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        )),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        unknown => errors.push(FieldError::invalid(
            "selector-operator",
            at.child("operator"),
            wire::json(&unknown),
            "not a valid selector operator",
        )),
    }
    let key = requirement.key.as_deref().unwrap_or_default();
    for message in qualified_name_errors(key) {
        let at = at.child("key");
        errors.push(FieldError::invalid(
            "selector-label",
            at,
            wire::quote(key),
            message,
        ));
    }
    for (index, value) in values.iter().enumerate() {
        for message in value_errors(value) {
            let at = at.child("values").index(index);
            errors.push(FieldError::invalid(
                "selector-label",
                at,
                wire::quote(value),
                message,
            ));
        }
    }
}

fn operator(requirement: &LabelSelectorRequirement) -> &str {
    requirement.operator.as_deref().unwrap_or_default()
}

/// Starts and ends with a letter or digit, with `-`, `_` and `.` in between.
fn is_name(name: &str) -> bool {
    is_framed(
        name,
        |byte| byte.is_ascii_alphanumeric(),
        |byte| b"-_.".contains(&byte),
    )
}

/// Labels of lower case letters, digits and `-`, with dots between.
fn is_subdomain(name: &str) -> bool {
    let is_end = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.split('.')
        .all(|label| is_framed(label, is_end, |byte| byte == b'-'))
}

fn is_framed(name: &str, is_end: impl Fn(u8) -> bool, is_inner: impl Fn(u8) -> bool) -> bool {
    let bytes = name.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(|&byte| is_end(byte)))
        && bytes.iter().all(|&byte| is_end(byte) || is_inner(byte))
}

fn too_long(length_max: usize) -> String {
    format!("must be no more than {length_max} characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(yaml: &str) -> LabelSelector {
        serde_yaml::from_str(yaml).expect("a selector")
    }

    fn errors(yaml: &str) -> Vec<String> {
        let errors = selector_errors(&selector(yaml), &Place::new("spec.selector"));
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_are_checked_part_by_part() {
        assert!(qualified_name_errors("app.kubernetes.io/name").is_empty());
        assert!(qualified_name_errors("A_b.c-1").is_empty());
        for (name, parts) in [
            (
                "",
                vec!["name part must be non-empty", "name part must consist of"],
            ),
            ("/a", vec!["prefix part must be non-empty"]),
            ("A/a", vec!["prefix part a lowercase RFC 1123 subdomain"]),
            ("a../b", vec!["prefix part a lowercase RFC 1123 subdomain"]),
            ("a/b/c", vec!["a qualified name must consist of"]),
            ("-a", vec!["name part must consist of"]),
        ] {
            let errors = qualified_name_errors(name);
            let all_fit = errors
                .iter()
                .zip(&parts)
                .all(|(error, part)| error.starts_with(part));
            assert!(all_fit && errors.len() == parts.len(), "{name}: {errors:?}");
        }
        let long = "a".repeat(64);
        assert_eq!(
            qualified_name_errors(&long),
            ["name part must be no more than 63 characters"]
        );
    }

    #[test]
    fn the_message_quotes_kubernetes_expression() {
        assert_eq!(
            errors("matchLabels: {a: 'b c'}"),
            [
                "spec.selector.matchLabels: Invalid value: \"b c\": a valid label must be an \
                 empty string \
              or consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
              an \
              alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
              validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            ]
        );
    }

    #[test]
    fn operators_decide_about_values() {
        let at = "spec.selector.matchExpressions[0]";
        assert_eq!(
            errors("matchExpressions: [{key: a, operator: In}]"),
            [format!(
                "{at}.values: Required value: must be specified when `operator` is 'In' or 'NotIn'"
            )]
        );
        assert_eq!(
            errors("matchExpressions: [{key: a, operator: Exists, values: [b]}]"),
            [format!(
                "{at}.values: Forbidden: may not be specified when `operator` is 'Exists' or \
                 'DoesNotExist'"
            )]
        );
        assert_eq!(
            errors("matchExpressions: [{key: a, operator: <}]"),
            [format!(
                "{at}.operator: Invalid value: \"\\u003c\": not a valid selector operator"
            )]
        );
    }

    #[test]
    fn a_selector_selects_by_all_its_requirements() {
        let labels = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        for (yaml, expected) in [
            ("{}", true),
            ("matchLabels: {a: '1'}", true),
            ("matchLabels: {a: '2'}", false),
            (
                "matchExpressions: [{key: a, operator: In, values: ['1', '2']}]",
                true,
            ),
            (
                "matchExpressions: [{key: b, operator: In, values: ['1']}]",
                false,
            ),
            (
                "matchExpressions: [{key: b, operator: NotIn, values: ['1']}]",
                true,
            ),
            ("matchExpressions: [{key: a, operator: Exists}]", true),
            (
                "matchExpressions: [{key: a, operator: DoesNotExist}]",
                false,
            ),
        ] {
            assert_eq!(selects(&selector(yaml), &labels), expected, "{yaml}");
        }
    }
}
