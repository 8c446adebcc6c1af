//! PromQL: the queries of metric providers.
//!
//! Knows the instant queries of Prometheus 3.15 with its default settings, compiled once and evaluated over any store of
//! series ([`Store`]): the text is read by the crate `promql-parser` after a scanner that mends what the crate reads
//! differently, and evaluated by an engine of our own that follows `promql/engine.go`, `functions.go`, `quantile.go` and
//! `value.go`.
//!
//! Refuses to know who scrapes, when, and what virtual time it is: times are milliseconds since 1970. Refuses, before
//! anything runs, what it would not evaluate as the reference does ([`QueryErrorKind::NotSimulated`]): experimental
//! functions and syntax, native histograms, expressions for durations, results that are strings or range vectors.
//!
//! Simplifications: samples are floats; there are no warnings; `le` and strings are UTF-8.

mod calendar;
mod compile;
mod error;
mod evaluator;
mod functions;
mod histogram;
mod identity;
mod interner;
mod labels;
mod literal;
mod matcher;
mod over_time;
mod place;
mod plan;
mod reach;
mod scanner;
mod scratch;
mod store;
mod sum;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

pub use error::{EvalError, QueryError, QueryErrorKind};
pub use labels::{Labels, METRIC_NAME};
pub use matcher::{Matcher, Operation};
pub use reach::Selector;
pub use scratch::Scratch;
pub use store::{AppendError, Generation, Memory, Reset, Samples, Store, is_stale, stale_marker};

use evaluator::{Evaluator, WORK_MAX};
use interner::{Interner, SetId};
use plan::{Plan, Root};
use scratch::{Element, State};

/// A compiled query: cheap to clone, shared between threads.
#[derive(Clone)]
pub struct Query {
    text: Arc<str>,
    plan: Arc<Plan>,
}

/// What a query answers. It borrows from the scratch of the evaluation.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// A number.
    Scalar(f64),
    /// An instant vector.
    Vector(Elements<'a>),
}

/// The elements of an instant vector, in the order of the reference where that has one.
#[derive(Clone, Copy)]
pub struct Elements<'a> {
    elements: &'a [Element],
    interner: &'a Interner,
}

/// The labels of an element.
#[derive(Clone, Copy)]
pub struct LabelSet<'a> {
    set: SetId,
    interner: &'a Interner,
}

/// The instants of a range query \[ms since 1970\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// The first instant.
    pub start: i64,
    /// No instant is later.
    pub end: i64,
    /// From one instant to the next \[ms\], at least 1.
    pub step: i64,
}

/// A series that a range query answers.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeSeries {
    /// Its labels; none for a number.
    pub labels: Labels,
    /// When it has values \[ms since 1970\].
    pub times: Vec<i64>,
    /// As many values.
    pub values: Vec<f64>,
}

/// More instants are an error, as for the API of Prometheus (`web/api/v1/api.go: queryRange`).
const STEPS_MAX: i64 = 11_000;

impl Query {
    /// Reads a query and checks all that can be checked without series.
    ///
    /// # Errors
    ///
    /// If Prometheus would refuse the query, or if it is not simulated.
    pub fn compile(text: &str) -> Result<Self, QueryError> {
        let plan = compile::compile(text)?;
        Ok(Self {
            text: text.into(),
            plan: Arc::new(plan),
        })
    }

    /// The query as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the result is a number, not a vector.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        matches!(self.plan.root, Root::Scalar(_))
    }

    /// Whether the query looks at a series with these labels: a store need not hold others.
    #[must_use]
    pub fn selects(&self, labels: &Labels) -> bool {
        reach::looks(&self.plan).iter().any(|(selection, _)| {
            let mut matchers = selection.matchers.iter();
            matchers.all(|matcher| matcher.accepts_series(labels))
        })
    }

    /// How old a sample may be that has an influence on the answer \[ms before the evaluation\]: a store may forget
    /// older ones. `None` if the query looks at a time of its own (`@ 1609746000`).
    #[must_use]
    pub fn reach(&self) -> Option<i64> {
        reach::looks(&self.plan)
            .into_iter()
            .map(|(_, back)| back)
            .try_fold(0, |farthest, back| Some(back?.max(farthest)))
    }

    /// The answer at `at` \[ms since 1970\]. With the same `scratch` again and again it is quick and does not allocate.
    ///
    /// # Errors
    ///
    /// If the reference fails (two partners where one is allowed, two elements with the same labels), or if the work is
    /// too much.
    pub fn evaluate<'s>(
        &self,
        store: &dyn Store,
        at: i64,
        scratch: &'s mut Scratch,
    ) -> Result<Answer<'s>, EvalError> {
        let state = scratch.state(&self.plan);
        state.evaluation += 1;
        self.step(store, at, (at, at), state)
    }

    /// The answers at all `steps`, by series.
    ///
    /// # Errors
    ///
    /// As for [`Query::evaluate`], and if there are more than 11,000 steps or a step is not positive.
    pub fn evaluate_range(
        &self,
        store: &dyn Store,
        steps: Steps,
        scratch: &mut Scratch,
    ) -> Result<Vec<RangeSeries>, EvalError> {
        let Steps { start, end, step } = steps;
        if step < 1 {
            return Err(EvalError::failed("a step must be positive"));
        }
        if STEPS_MAX < end.saturating_sub(start) / step {
            return Err(EvalError::failed(
                "exceeded maximum resolution of 11,000 points per timeseries",
            ));
        }
        let state = scratch.state(&self.plan);
        state.evaluation += 1;
        let mut found: Vec<(SetId, RangeSeries)> = Vec::new();
        let mut at = start;
        while at <= end {
            let answer = self.step(store, at, (start, end), state)?;
            let mut add = |set, value, labels: &dyn Fn() -> Labels| {
                let place = found.iter().position(|(own, _)| *own == set);
                let place = place.unwrap_or_else(|| {
                    let series = RangeSeries {
                        labels: labels(),
                        times: Vec::new(),
                        values: Vec::new(),
                    };
                    found.push((set, series));
                    found.len() - 1
                });
                found[place].1.times.push(at);
                found[place].1.values.push(value);
            };
            match answer {
                Answer::Scalar(value) => add(SetId::EMPTY, value, &Labels::default),
                Answer::Vector(elements) => {
                    for (element, (labels, value)) in elements.elements.iter().zip(elements.iter())
                    {
                        add(element.set, value, &|| labels.to_labels());
                    }
                }
            }
            let Some(next) = at.checked_add(step) else {
                break;
            };
            at = next;
        }
        Ok(found.into_iter().map(|(_, series)| series).collect())
    }

    fn step<'s>(
        &self,
        store: &dyn Store,
        at: i64,
        (first, last): (i64, i64),
        state: &'s mut State,
    ) -> Result<Answer<'s>, EvalError> {
        let mut out = std::mem::take(&mut state.answer);
        out.clear();
        let mut evaluator = Evaluator {
            store,
            state,
            first,
            last,
            work: WORK_MAX,
        };
        let scalar = evaluator.root(&self.plan.root, at, &mut out)?;
        state.answer = out;
        Ok(match scalar {
            Some(value) => Answer::Scalar(value),
            None => Answer::Vector(Elements {
                elements: &state.answer,
                interner: &state.interner,
            }),
        })
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Query").field(&self.text).finish()
    }
}

impl<'a> Elements<'a> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The values alone.
    #[must_use]
    pub fn values(&self) -> impl ExactSizeIterator<Item = f64> + 'a {
        self.elements.iter().map(|element| element.value)
    }

    /// Labels and values.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (LabelSet<'a>, f64)> + 'a {
        let interner = self.interner;
        self.elements.iter().map(move |element| {
            let set = element.set;
            (LabelSet { set, interner }, element.value)
        })
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> LabelSet<'a> {
    /// Names and values, sorted by name.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + use<'a> {
        self.interner.pairs(self.set)
    }

    /// The value of the label `name`; empty if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &'a str {
        self.iter()
            .find_map(|(own, value)| (own == name).then_some(value))
            .unwrap_or_default()
    }

    /// The same, independent of the scratch.
    #[must_use]
    pub fn to_labels(&self) -> Labels {
        Labels::new(self.iter())
    }
}

/// As Prometheus prints them: `{__name__="up", job="a"}`.
impl fmt::Display for LabelSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        labels::write_labels(f, self.iter())
    }
}

impl fmt::Debug for LabelSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
