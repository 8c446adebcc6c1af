//! What a query looks at: which series, and how far back.
//!
//! Knows a plan. Refuses to know stores: it tells those who fill one what they need to keep.

use super::Query;
use super::evaluator::LOOKBACK;
use super::matcher::Matcher;
use super::plan::{AggregationKind, At, Plan, Range, Root, Scalar, Selection, Vector, When};

/// A selection of a plan, and how much older than the evaluation a sample may be that it shows \[ms\]; `None` if that
/// is at a time of its own.
pub(super) type Look<'a> = (&'a Selection, Option<i64>);

/// One place of a query that selects series: `http_requests_total{code!~"5.."}[5m] offset 1m`.
#[derive(Clone, Copy, Debug)]
pub struct Selector<'a> {
    /// All of them must accept a series; the one on the name of the metric is the first, where there is one.
    pub matchers: &'a [Matcher],
    /// The length of its range \[ms\], above 0; `None` for an instant selector.
    pub range: Option<i64>,
    /// Its `offset` \[ms\], back in time; negative looks ahead.
    pub offset: i64,
    /// How old the oldest sample is that it asks for \[ms before the evaluation\], with offsets and the ranges of
    /// subqueries around it, but without the five minutes in which an instant selector finds a last sample. `None` if
    /// it looks at a time of its own (`@ 1609746000`).
    pub window: Option<i64>,
}

impl<'a> Selector<'a> {
    /// The name of the metric, if the selector asks for exactly one.
    #[must_use]
    pub fn metric(&self) -> Option<&'a str> {
        let mut names = self
            .matchers
            .iter()
            .filter(|matcher| matcher.is_about_the_name());
        names
            .find(|matcher| matcher.is_equality())
            .map(Matcher::value)
    }
}

impl Query {
    /// Where the query selects series, from left to right.
    #[must_use]
    pub fn selectors(&self) -> Vec<Selector<'_>> {
        let mut walk = Walk::default();
        walk.root(&self.plan.root);
        let selectors = walk.found.into_iter().zip(walk.ranges);
        selectors
            .map(|((selection, back), range)| Selector {
                matchers: &selection.matchers,
                range,
                offset: selection.when.offset,
                window: back.map(|back| {
                    if range.is_none() {
                        back.saturating_sub(LOOKBACK)
                    } else {
                        back
                    }
                }),
            })
            .collect()
    }
}

/// All selections of a plan, from left to right.
pub(super) fn looks(plan: &Plan) -> Vec<Look<'_>> {
    let mut walk = Walk::default();
    walk.root(&plan.root);
    walk.found
}

#[derive(Default)]
struct Walk<'a> {
    found: Vec<Look<'a>>,
    /// The range of each that was found \[ms\].
    ranges: Vec<Option<i64>>,
}

/// How far back `length` before `when` is, seen from `from` back.
fn back(from: Option<i64>, when: When, length: i64) -> Option<i64> {
    match when.at {
        Some(At::Time(_)) => None,
        // The first and the last instant of an instant query are its only one.
        None | Some(At::Start | At::End) => {
            Some(from?.saturating_add(when.offset).saturating_add(length))
        }
    }
}

impl<'a> Walk<'a> {
    fn root(&mut self, root: &'a Root) {
        match root {
            Root::Scalar(scalar) => self.scalar(scalar, Some(0)),
            Root::Vector(vector) => self.vector(vector, Some(0)),
        }
    }

    fn select(&mut self, selection: &'a Selection, range: Option<i64>, from: Option<i64>) {
        let length = range.unwrap_or(LOOKBACK);
        self.found
            .push((selection, back(from, selection.when, length)));
        self.ranges.push(range);
    }

    fn scalar(&mut self, scalar: &'a Scalar, from: Option<i64>) {
        match scalar {
            Scalar::Number(_) | Scalar::Time => {}
            Scalar::Of(vector) => self.vector(vector, from),
            Scalar::Negated(inner) => self.scalar(inner, from),
            Scalar::Binary(_, left, right) => {
                self.scalar(left, from);
                self.scalar(right, from);
            }
        }
    }

    fn vector(&mut self, vector: &'a Vector, from: Option<i64>) {
        match vector {
            Vector::Select(selection) | Vector::SampleTimes(selection) => {
                self.select(selection, None, from);
            }
            Vector::Constant(scalar) => self.scalar(scalar, from),
            Vector::Date(_, of) => {
                if let Some(of) = of {
                    self.vector(of, from);
                }
            }
            Vector::Timestamp(of)
            | Vector::Elementwise(_, of)
            | Vector::Absent(of, _)
            | Vector::Sort { of, .. }
            | Vector::Relabel(of, _) => self.vector(of, from),
            Vector::Clamp { of, least, most } => {
                self.vector(of, from);
                for limit in [least, most].into_iter().flatten() {
                    self.scalar(limit, from);
                }
            }
            Vector::Round(of, scalar)
            | Vector::HistogramQuantile {
                of,
                quantile: scalar,
                ..
            } => {
                self.scalar(scalar, from);
                self.vector(of, from);
            }
            Vector::HistogramFraction {
                of, lower, upper, ..
            } => {
                self.scalar(lower, from);
                self.scalar(upper, from);
                self.vector(of, from);
            }
            Vector::AbsentOverTime(range, _) => self.range(range, from),
            Vector::OverTime(call) => {
                self.range(&call.range, from);
                if let Some(parameter) = &call.parameter {
                    self.scalar(parameter, from);
                }
            }
            Vector::Aggregate(aggregation) => {
                if let AggregationKind::Quantile(parameter)
                | AggregationKind::Top(parameter)
                | AggregationKind::Bottom(parameter) = &aggregation.kind
                {
                    self.scalar(parameter, from);
                }
                self.vector(&aggregation.of, from);
            }
            Vector::WithScalar(with) => {
                self.vector(&with.vector, from);
                self.scalar(&with.scalar, from);
            }
            Vector::Match(matching) => {
                self.vector(&matching.left, from);
                self.vector(&matching.right, from);
            }
            Vector::Set(operation) => {
                self.vector(&operation.left, from);
                self.vector(&operation.right, from);
            }
        }
    }

    fn range(&mut self, range: &'a Range, from: Option<i64>) {
        match range {
            Range::Select { selection, length } => self.select(selection, Some(*length), from),
            Range::Subquery {
                of, length, when, ..
            } => self.vector(of, back(from, *when, *length)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_found_with_range_offset_and_window() {
        let text = "sum(rate(a{b!=\"c\"}[5m] offset 1m)) / on() sum(d) + max_over_time(rate(e[1m])[10m:30s]) + (f @ 7)";
        let query = Query::compile(text).expect("a query");
        let seen = query.selectors();
        let facts: Vec<_> = seen
            .iter()
            .map(|one| (one.metric(), one.range, one.offset, one.window))
            .collect();
        let minutes = |count: i64| Some(count * 60_000);
        let want = [
            (Some("a"), minutes(5), 60_000, minutes(6)),
            (Some("d"), None, 0, Some(0)),
            (Some("e"), minutes(1), 0, minutes(11)),
            (Some("f"), None, 0, None),
        ];
        assert_eq!(facts, want);
        let matchers: Vec<String> = seen[0].matchers.iter().map(ToString::to_string).collect();
        assert_eq!(matchers, ["__name__=\"a\"", "b!=\"c\""]);
    }

    #[test]
    fn a_selector_without_a_plain_name_asks_for_no_metric() {
        let query = Query::compile("{__name__=~\"a.*\", b=\"c\"}").expect("a query");
        assert_eq!(query.selectors()[0].metric(), None);
    }
}
