//! Matchers of labels, compiled.
//!
//! Knows that a missing label has an empty value, and that regular expressions match whole values
//! (`model/labels/matcher.go`, `regexp.go`).

use std::fmt;
use std::sync::Arc;

use super::labels::{Labels, METRIC_NAME};
use crate::regexp::Regexp;

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

/// One condition on one label: `code!~"5.."`.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: Arc<str>,
    operation: Operation,
    value: Arc<str>,
    pattern: Option<Regexp>,
}

impl Matcher {
    /// Compiles a matcher; the error is what Go says of the regular expression.
    pub(super) fn new(name: &str, operation: Operation, value: &str) -> Result<Self, String> {
        let is_pattern = matches!(operation, Operation::Matches | Operation::MatchesNot);
        let pattern = is_pattern.then(|| anchored(value)).transpose()?;
        Ok(Self {
            name: name.into(),
            operation,
            value: value.into(),
            pattern,
        })
    }

    /// The label; `__name__` for the name of the metric.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, or the regular expression, as the query means it.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// How the two are compared.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Whether it asks for equality.
    pub(super) fn is_equality(&self) -> bool {
        self.operation == Operation::Equal
    }

    /// Whether it is about the name of the metric.
    #[must_use]
    pub fn is_about_the_name(&self) -> bool {
        &*self.name == METRIC_NAME
    }

    /// Whether a label with this value passes; a label that is not there has an empty one.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        match (self.operation, &self.pattern) {
            (Operation::Equal, _) => value == &*self.value,
            (Operation::NotEqual, _) => value != &*self.value,
            (Operation::Matches, Some(pattern)) => pattern.is_match(value.as_bytes()),
            (Operation::MatchesNot, Some(pattern)) => !pattern.is_match(value.as_bytes()),
            (Operation::Matches | Operation::MatchesNot, None) => false,
        }
    }

    /// Whether a series with these labels passes.
    pub(super) fn accepts_series(&self, labels: &Labels) -> bool {
        self.accepts(labels.get(&self.name))
    }
}

/// As a query has it.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.operation {
            Operation::Equal => "=",
            Operation::NotEqual => "!=",
            Operation::Matches => "=~",
            Operation::MatchesNot => "!~",
        };
        write!(f, "{}{sign}{:?}", self.name, self.value)
    }
}

/// A pattern that must match the whole text. It is read alone first, so that `a)|(b` stays the error that it is.
fn anchored(pattern: &str) -> Result<Regexp, String> {
    Regexp::new(pattern)?;
    Regexp::new(&format!("^(?s:{pattern})$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(operation: Operation, value: &str, label: &str) -> bool {
        Matcher::new("a", operation, value)
            .expect("a matcher")
            .accepts(label)
    }

    #[test]
    fn patterns_match_whole_values() {
        assert!(accepts(Operation::Matches, "b|c", "b"));
        assert!(!accepts(Operation::Matches, "b|c", "bc"));
        assert!(accepts(Operation::MatchesNot, "b|c", "bc"));
        assert!(accepts(Operation::Matches, ".*", "x\ny"));
        assert!(accepts(Operation::Matches, "|x", ""));
    }

    #[test]
    fn patterns_are_wrong_by_themselves() {
        for pattern in ["a)|(b", "(", "[", "*"] {
            assert!(
                Matcher::new("a", Operation::Matches, pattern).is_err(),
                "{pattern}"
            );
        }
    }
}
