//! What a query looks at: which series, and how far back.
//!
//! Knows a plan. Refuses to know stores: it tells those who fill one what they need to keep.

use super::evaluator::LOOKBACK;
use super::plan::{AggregationKind, At, Plan, Range, Root, Scalar, Selection, Vector, When};

/// A selection of a plan, and how much older than the evaluation a sample may be that it shows \[ms\]; `None` if that is
/// at a time of its own.
pub(super) type Look<'a> = (&'a Selection, Option<i64>);

/// All selections of a plan, from left to right.
pub(super) fn looks(plan: &Plan) -> Vec<Look<'_>> {
    let mut walk = Walk { found: Vec::new() };
    match &plan.root {
        Root::Scalar(scalar) => walk.scalar(scalar, Some(0)),
        Root::Vector(vector) => walk.vector(vector, Some(0)),
    }
    walk.found
}

struct Walk<'a> {
    found: Vec<Look<'a>>,
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
                self.found
                    .push((selection, back(from, selection.when, LOOKBACK)));
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
            Range::Select { selection, length } => {
                self.found
                    .push((selection, back(from, selection.when, *length)));
            }
            Range::Subquery {
                of, length, when, ..
            } => self.vector(of, back(from, *when, *length)),
        }
    }
}
