//! Labels of series: what names a series for those outside the engine.
//!
//! Knows that a label with an empty value is no label, and that a set of labels is sorted by name. Refuses to know what
//! labels mean, but for `__name__`.

use std::fmt;
use std::sync::Arc;

/// The label that holds the name of a metric.
pub const METRIC_NAME: &str = "__name__";

/// A set of labels, sorted by name, without empty values. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// The labels in `pairs` of name and value. Of several with the same name the last counts; an empty value means
    /// that there is no such label.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut labels: Vec<(Arc<str>, Arc<str>)> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        // Stable, so that the last of equal names stays the last.
        labels.sort_by(|a, b| a.0.cmp(&b.0));
        labels.reverse();
        labels.dedup_by(|later, earlier| later.0 == earlier.0);
        labels.reverse();
        labels.retain(|(_, value)| !value.is_empty());
        Self(labels.into())
    }

    /// Names and values, sorted by name.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The same for all clones, and different from all other labels that exist at the same time.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// The value of the label `name`; empty if there is none, as in PromQL.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0
            .binary_search_by(|(own, _)| (**own).cmp(name))
            .map_or("", |index| &self.0[index].1)
    }
}

/// As Prometheus prints them: `{__name__="up", job="a"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_labels(f, self.iter())
    }
}

/// Writes labels as Prometheus does in its messages.
pub(super) fn write_labels<'a>(
    f: &mut impl fmt::Write,
    labels: impl Iterator<Item = (&'a str, &'a str)>,
) -> fmt::Result {
    f.write_char('{')?;
    for (index, (name, value)) in labels.enumerate() {
        if 0 < index {
            f.write_str(", ")?;
        }
        write!(f, "{name}={value:?}")?;
    }
    f.write_char('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_empty_values_are_no_labels() {
        let labels = Labels::new([
            ("job", "a"),
            ("empty", ""),
            ("__name__", "up"),
            ("job", "b"),
        ]);
        assert_eq!(labels.to_string(), r#"{__name__="up", job="b"}"#);
        assert_eq!(labels.get("job"), "b");
        assert_eq!(labels.get("empty"), "");
    }

    #[test]
    fn a_later_empty_value_removes_a_label() {
        assert_eq!(Labels::new([("job", "a"), ("job", "")]), Labels::default());
    }
}
