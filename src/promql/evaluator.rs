//! Evaluates a plan at one instant.
//!
//! Knows `promql/engine.go: eval` for a single step; a subquery is many of them. Refuses to know the text of the query.
//! Refuses to be busy without end: the work of an evaluation is limited.

mod aggregation;
mod histogram;
mod matching;
mod range;

use super::calendar;
use super::error::EvalError;
use super::functions::DatePart;
use super::interner::SetId;
use super::plan::{
    At, Fixed, Operator, Relabel, Root, Scalar, Selection, Vector, When, WithScalar,
};
use super::scratch::{Element, Resolved, State};
use super::store::{Samples, Store, is_stale};

/// One evaluation.
pub(super) struct Evaluator<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) state: &'a mut State,
    /// The first and the last instant of the whole query \[ms\]: what `@ start()` and `@ end()` mean.
    pub(super) first: i64,
    pub(super) last: i64,
    /// Steps that are left.
    pub(super) work: u64,
}

/// Samples and elements that an evaluation may look at.
pub(super) const WORK_MAX: u64 = 10_000_000;
/// How old a sample may be that an instant selection still shows \[ms\].
pub(super) const LOOKBACK: i64 = 300_000;

type Evaluated<T> = Result<T, EvalError>;

impl Evaluator<'_> {
    /// The result at `at` \[ms\]: a number, or elements in `out`.
    pub(super) fn root(
        &mut self,
        root: &Root,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<Option<f64>> {
        match root {
            Root::Scalar(scalar) => self.scalar(scalar, at).map(Some),
            Root::Vector(vector) => self.vector(vector, at, out).map(|()| None),
        }
    }

    fn spend(&mut self, steps: usize) -> Evaluated<()> {
        self.work = self
            .work
            .checked_sub(1 + steps as u64)
            .ok_or(EvalError::TooMuchWork)?;
        Ok(())
    }

    fn scalar(&mut self, scalar: &Scalar, at: i64) -> Evaluated<f64> {
        Ok(match scalar {
            Scalar::Number(number) => *number,
            Scalar::Time => seconds(at),
            Scalar::Negated(inner) => -self.scalar(inner, at)?,
            Scalar::Binary(operator, left, right) => {
                operator.apply(self.scalar(left, at)?, self.scalar(right, at)?)
            }
            Scalar::Of(vector) => {
                let mut buffer = self.state.take();
                self.vector(vector, at, &mut buffer)?;
                let value = match *buffer {
                    [single] => single.value,
                    _ => f64::NAN,
                };
                self.state.give(buffer);
                value
            }
        })
    }

    /// Evaluates into `out`, which is empty before.
    fn vector(&mut self, vector: &Vector, at: i64, out: &mut Vec<Element>) -> Evaluated<()> {
        match vector {
            Vector::Select(selection) => self.select(selection, at, out, false),
            Vector::SampleTimes(selection) => {
                self.select(selection, at, out, true)?;
                self.drop_names(out)
            }
            Vector::Timestamp(of) => self.map(of, at, out, |_| seconds(at)),
            Vector::Constant(scalar) => {
                let value = self.scalar(scalar, at)?;
                let set = SetId::EMPTY;
                out.push(Element { set, value });
                self.spend(1)
            }
            Vector::Elementwise(function, of) => self.map(of, at, out, |x| function.apply(x)),
            Vector::Clamp { of, least, most } => {
                self.clamp(of, [least, most].map(|limit| limit.as_deref()), at, out)
            }
            Vector::Round(of, to) => {
                let inverse = 1.0 / self.scalar(to, at)?;
                self.map(of, at, out, |x| (x * inverse + 0.5).floor() / inverse)
            }
            Vector::Date(part, of) => self.date(*part, of.as_deref(), at, out),
            Vector::Absent(of, labels) => self.absent(of, labels, at, out),
            Vector::AbsentOverTime(range, labels) => {
                if !self.has_samples(range, at)? {
                    self.push_fixed(labels, out);
                }
                Ok(())
            }
            Vector::Sort { of, descending } => {
                self.vector(of, at, out)?;
                sort(out, *descending);
                Ok(())
            }
            Vector::Relabel(of, relabel) => self.relabel(of, relabel, at, out),
            Vector::HistogramQuantile { of, quantile, memo } => {
                self.histogram_quantile(of, quantile, *memo, at, out)
            }
            Vector::HistogramFraction {
                of,
                lower,
                upper,
                memo,
            } => self.histogram_fraction(of, [lower, upper], *memo, at, out),
            Vector::OverTime(call) => self.over_time(call, at, out),
            Vector::Aggregate(aggregation) => self.aggregate(aggregation, at, out),
            Vector::WithScalar(with_scalar) => self.with_scalar(with_scalar, at, out),
            Vector::Match(matching) => self.matching(matching, at, out),
            Vector::Set(operation) => self.set(operation, at, out),
        }
    }

    /// The instant that `offset` and `@` lead to.
    fn base(&self, when: When, at: i64) -> i64 {
        let at = match when.at {
            None => at,
            Some(At::Start) => self.first,
            Some(At::End) => self.last,
            Some(At::Time(time)) => time,
        };
        at.saturating_sub(when.offset)
    }

    /// The series of a selection, to be given back by [`Evaluator::keep`].
    fn resolve(&mut self, selection: &Selection) -> Evaluated<Resolved> {
        let State {
            interner,
            labels,
            selections,
            filters,
            ..
        } = &mut *self.state;
        // What is not given back, as the evaluation fails, is found again.
        let mut resolved = std::mem::take(&mut selections[selection.slot]);
        let filter = &mut filters[selection.slot];
        resolved.update(selection, self.store, filter, labels, interner);
        self.spend(resolved.found.len())?;
        Ok(resolved)
    }

    fn keep(&mut self, selection: &Selection, resolved: Resolved) {
        self.state.selections[selection.slot] = resolved;
    }

    /// The newest sample of each series, unless it is too old or a staleness marker
    /// (`engine.go: vectorSelectorSingle`); its value, or its time.
    fn select(
        &mut self,
        selection: &Selection,
        at: i64,
        out: &mut Vec<Element>,
        its_time: bool,
    ) -> Evaluated<()> {
        let base = self.base(selection.when, at);
        let mut resolved = self.resolve(selection)?;
        out.reserve(resolved.found.len());
        for found in &mut resolved.found {
            let samples = samples(self.store, found.series);
            let Some(newest) = found.up_to(&samples, base).checked_sub(1) else {
                continue;
            };
            let Samples { times, values, .. } = samples;
            if times[newest] <= base.saturating_sub(LOOKBACK) || is_stale(values[newest]) {
                continue;
            }
            let value = if its_time {
                seconds(times[newest])
            } else {
                values[newest]
            };
            let set = found.set;
            out.push(Element { set, value });
        }
        self.keep(selection, resolved);
        Ok(())
    }

    /// A function of each value; names are dropped.
    fn map(
        &mut self,
        of: &Vector,
        at: i64,
        out: &mut Vec<Element>,
        function: impl Fn(f64) -> f64,
    ) -> Evaluated<()> {
        self.vector(of, at, out)?;
        for element in &mut *out {
            element.value = function(element.value);
        }
        self.drop_names(out)
    }

    fn drop_names(&mut self, out: &mut [Element]) -> Evaluated<()> {
        for element in &mut *out {
            element.set = self.state.interner.nameless(element.set);
        }
        self.check_unique(out)
    }

    /// Refuses two elements with the same labels.
    fn check_unique(&mut self, elements: &[Element]) -> Evaluated<()> {
        self.spend(elements.len())?;
        if elements.len() < 2 {
            return Ok(());
        }
        self.state.marks.begin();
        if elements
            .iter()
            .all(|element| self.state.marks.first(element.set))
        {
            Ok(())
        } else {
            Err(same_labels())
        }
    }

    fn clamp(
        &mut self,
        of: &Vector,
        limits: [Option<&Scalar>; 2],
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let [least, most] = limits;
        let least = least.map_or(Ok(f64::NEG_INFINITY), |limit| self.scalar(limit, at))?;
        let most = most.map_or(Ok(f64::INFINITY), |limit| self.scalar(limit, at))?;
        self.map(of, at, out, |x| go_max(least, go_min(most, x)))?;
        if most < least {
            out.clear();
        }
        Ok(())
    }

    fn date(
        &mut self,
        part: DatePart,
        of: Option<&Vector>,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        if let Some(of) = of {
            return self.map(of, at, out, |x| calendar::part(part, x));
        }
        let set = SetId::EMPTY;
        let value = calendar::part(part, seconds(at));
        out.push(Element { set, value });
        Ok(())
    }

    fn absent(
        &mut self,
        of: &Vector,
        labels: &Fixed,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        self.vector(of, at, out)?;
        if out.is_empty() {
            self.push_fixed(labels, out);
        } else {
            out.clear();
        }
        Ok(())
    }

    /// An element with the value 1 and labels that are known.
    fn push_fixed(&mut self, labels: &Fixed, out: &mut Vec<Element>) {
        let interner = &mut self.state.interner;
        let set = labels.iter().fold(SetId::EMPTY, |set, (name, value)| {
            interner.with(set, *name, *value)
        });
        out.push(Element { set, value: 1.0 });
    }

    /// `label_replace` and `label_join` (`functions.go: evalLabelReplace`, `evalLabelJoin`).
    fn relabel(
        &mut self,
        of: &Vector,
        relabel: &Relabel,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        self.vector(of, at, out)?;
        let State {
            interner, memos, ..
        } = &mut *self.state;
        for element in &mut *out {
            element.set = match relabel {
                Relabel::Replace {
                    target,
                    template,
                    source,
                    pattern,
                    memo,
                } => memos[*memo].get(element.set, interner, |interner, set| {
                    let value = interner.text(interner.value(set, *source));
                    match pattern.expand(value, template) {
                        None => set,
                        Some(replaced) => {
                            let replaced = interner.symbol(&replaced);
                            interner.with(set, *target, replaced)
                        }
                    }
                }),
                Relabel::Join {
                    target,
                    separator,
                    sources,
                    memo,
                } => memos[*memo].get(element.set, interner, |interner, set| {
                    let values: Vec<&str> = sources
                        .iter()
                        .map(|source| interner.text(interner.value(set, *source)))
                        .collect();
                    let joined = values.join(separator);
                    let joined = interner.symbol(&joined);
                    interner.with(set, *target, joined)
                }),
            };
        }
        self.check_unique(out)
    }

    /// `engine.go: VectorscalarBinop`.
    fn with_scalar(&mut self, with: &WithScalar, at: i64, out: &mut Vec<Element>) -> Evaluated<()> {
        let scalar = self.scalar(&with.scalar, at)?;
        let operator = with.operator;
        let apply = |x| {
            if with.scalar_first {
                operator.apply(scalar, x)
            } else {
                operator.apply(x, scalar)
            }
        };
        if operator.is_comparison() && !with.returns_bool {
            self.vector(&with.vector, at, out)?;
            out.retain(|element| apply(element.value) != 0.0);
            return self.spend(out.len());
        }
        self.map(&with.vector, at, out, apply)
    }
}

/// The samples of a series, as many times as values.
#[inline]
fn samples(store: &dyn Store, series: usize) -> Samples<'_> {
    let mut samples = store.samples(series);
    if samples.times.len() != samples.values.len() {
        let count = samples.times.len().min(samples.values.len());
        samples.times = &samples.times[..count];
        samples.values = &samples.values[..count];
    }
    samples
}

/// Puts elements in the order of their values; NaN comes last in both directions.
fn sort(elements: &mut [Element], descending: bool) {
    elements.sort_by(|a, b| match (a.value.is_nan(), b.value.is_nan()) {
        (false, false) if descending => Operator::order(b.value, a.value),
        (false, false) => Operator::order(a.value, b.value),
        (a, b) => a.cmp(&b),
    });
}

impl Operator {
    /// The order of two numbers; both zeros are equal.
    pub(super) fn order(a: f64, b: f64) -> std::cmp::Ordering {
        a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal)
    }
}

fn same_labels() -> EvalError {
    EvalError::failed("vector cannot contain metrics with the same labelset")
}

/// Go's `math.Max`: infinity wins over NaN, NaN over all else.
fn go_max(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

/// Go's `math.Min`.
fn go_min(a: f64, b: f64) -> f64 {
    -go_max(-a, -b)
}

#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53 ms")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1e3
}
