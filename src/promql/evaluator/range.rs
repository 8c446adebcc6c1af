//! Ranges of samples: of series, and of subqueries.

use super::{Element, EvalError, Evaluated, Evaluator, same_labels, samples, up_to};
use crate::promql::interner::SetId;
use crate::promql::over_time::{OverTime, Window, apply};
use crate::promql::plan::{Call, Range, Vector, When};
use crate::promql::scratch::{Lines, Resolved, State};
use crate::promql::store::is_stale;

impl Evaluator<'_> {
    pub(super) fn over_time(
        &mut self,
        call: &Call,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let parameter = match &call.parameter {
            None => 0.0,
            Some(parameter) => self.scalar(parameter, at)?,
        };
        match &call.range {
            Range::Select { selection, length } => {
                let end = self.base(selection.when, at);
                let start = end.saturating_sub(*length);
                let resolved = self.resolve(selection)?;
                self.over_series(call, &resolved, (start, end, at), parameter, out)?;
                self.keep(selection, resolved);
            }
            Range::Subquery {
                of,
                length,
                step,
                when,
            } => {
                let end = self.base(*when, at);
                let start = end.saturating_sub(*length);
                let lines = self.subquery(of, (*length, *step, *when), at)?;
                for line in lines.iter() {
                    let window = Window {
                        times: &line.times,
                        values: &line.values,
                        start,
                        end,
                        now: at,
                    };
                    let state = &mut *self.state;
                    if let Some(value) = apply(call.function, window, parameter, &mut state.sorted)
                    {
                        push(call, state, line.set, value, out)?;
                    }
                }
                self.state.give_lines(lines);
            }
        }
        Ok(())
    }

    fn over_series(
        &mut self,
        call: &Call,
        resolved: &Resolved,
        (start, end, now): (i64, i64, i64),
        parameter: f64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let mut seen = 0;
        for &(series, set) in &resolved.series {
            let samples = samples(self.store, series);
            let to = up_to(samples.times, end);
            let from = samples.times[..to].partition_point(|time| *time <= start);
            let state = &mut *self.state;
            let (mut times, mut values) = (&samples.times[from..to], &samples.values[from..to]);
            seen += values.len();
            if samples.may_be_stale && values.iter().copied().any(is_stale) {
                state.times.clear();
                state.values.clear();
                let kept = times
                    .iter()
                    .zip(values)
                    .filter(|(_, value)| !is_stale(**value));
                for (time, value) in kept {
                    state.times.push(*time);
                    state.values.push(*value);
                }
                (times, values) = (&state.times, &state.values);
            }
            let window = Window {
                times,
                values,
                start,
                end,
                now,
            };
            if let Some(value) = apply(call.function, window, parameter, &mut state.sorted) {
                push(call, state, set, value, out)?;
            }
        }
        self.spend(seen)
    }

    /// The series that a vector makes at multiples of `step` within (`end` - `length`, `end`]
    /// (`engine.go: subqueryTimeRange`).
    fn subquery(
        &mut self,
        of: &Vector,
        (length, step, when): (i64, i64, When),
        at: i64,
    ) -> Evaluated<Lines> {
        let end = self.base(when, at);
        let before = end.saturating_sub(length);
        let mut time = step.saturating_mul(before / step);
        if time <= before {
            time = time.saturating_add(step);
        }
        let mut lines = self.state.take_lines();
        let mut buffer = self.state.take();
        while before < time && time <= end {
            buffer.clear();
            self.vector(of, time, &mut buffer)?;
            self.spend(buffer.len())?;
            for element in &buffer {
                lines.push(time, *element);
            }
            let Some(next) = time.checked_add(step) else {
                break;
            };
            time = next;
        }
        self.state.give(buffer);
        Ok(lines)
    }

    /// Whether any series has a sample in a range.
    pub(super) fn has_samples(&mut self, range: &Range, at: i64) -> Evaluated<bool> {
        match range {
            Range::Select { selection, length } => {
                let end = self.base(selection.when, at);
                let start = end.saturating_sub(*length);
                let resolved = self.resolve(selection)?;
                let found = resolved.series.iter().any(|&(series, _)| {
                    let samples = samples(self.store, series);
                    let to = up_to(samples.times, end);
                    let from = samples.times[..to].partition_point(|time| *time <= start);
                    !samples.values[from..to].iter().copied().all(is_stale)
                });
                self.keep(selection, resolved);
                Ok(found)
            }
            Range::Subquery {
                of,
                length,
                step,
                when,
            } => {
                let lines = self.subquery(of, (*length, *step, *when), at)?;
                let found = !lines.is_empty();
                self.state.give_lines(lines);
                Ok(found)
            }
        }
    }
}

/// Adds a result, named after its series. Two series of one evaluation must not become one, even at different steps of a
/// subquery (`engine.go: ContainsSameLabelset`, which looks at whole series).
#[inline]
fn push(
    call: &Call,
    state: &mut State,
    source: SetId,
    value: f64,
    out: &mut Vec<Element>,
) -> Result<(), EvalError> {
    let set = if OverTime::keeps_the_name(call.function) {
        source
    } else {
        state.interner.nameless(source)
    };
    if !state.owners[call.owner].is_alone(set, source, state.evaluation) {
        return Err(same_labels());
    }
    out.push(Element { set, value });
    Ok(())
}
