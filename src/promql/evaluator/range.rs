//! Ranges of samples: of series, and of subqueries.

use super::{Element, EvalError, Evaluated, Evaluator, same_labels, samples};
use crate::promql::interner::SetId;
use crate::promql::over_time::{OverTime, Window, apply};
use crate::promql::plan::{Call, Range, Vector, When};
use crate::promql::scratch::{Lines, Resolved, State};
use crate::promql::store::{Reset, Samples, is_stale};

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
                let mut resolved = self.resolve(selection)?;
                self.over_series(call, &mut resolved, (start, end, at), parameter, out)?;
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
                        resets: None,
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
        resolved: &mut Resolved,
        (start, end, now): (i64, i64, i64),
        parameter: f64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let mut seen = 0;
        out.reserve(resolved.found.len());
        let keeps_the_name = OverTime::keeps_the_name(call.function);
        let checked = keeps_the_name || resolved.distinct;
        for found in &mut resolved.found {
            let samples = samples(self.store, found.series);
            let (from, to) = found.window(&samples, (start, end));
            seen += to - from;
            let state = &mut *self.state;
            let mut window = Window {
                times: &samples.times[from..to],
                values: &samples.values[from..to],
                resets: Some(resets_between(&samples, from, to)),
                start,
                end,
                now,
            };
            if has_marker(&samples, from) {
                window = without_markers(window, &mut state.times, &mut state.values);
            }
            let Some(value) = apply(call.function, window, parameter, &mut state.sorted) else {
                continue;
            };
            if checked {
                let set = if keeps_the_name {
                    found.set
                } else {
                    found.nameless
                };
                out.push(Element { set, value });
            } else {
                push(call, state, found.set, value, out)?;
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
                let mut resolved = self.resolve(selection)?;
                let found = resolved.found.iter_mut().any(|found| {
                    let samples = samples(self.store, found.series);
                    let (from, to) = found.window(&samples, (start, end));
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

/// Whether a marker is at `from` or later.
#[inline]
fn has_marker(samples: &Samples<'_>, from: usize) -> bool {
    let first = samples.forgotten.saturating_add(from);
    samples.markers.last().is_some_and(|last| first <= *last)
}

/// The window without staleness markers, copied if there are any.
fn without_markers<'a>(
    window: Window<'a>,
    times: &'a mut Vec<i64>,
    values: &'a mut Vec<f64>,
) -> Window<'a> {
    if !window.values.iter().copied().any(is_stale) {
        return window;
    }
    times.clear();
    values.clear();
    for (time, value) in window.times.iter().zip(window.values) {
        if !is_stale(*value) {
            times.push(*time);
            values.push(*value);
        }
    }
    Window {
        times,
        values,
        // A drop from before the window to behind its markers is none of its own.
        resets: None,
        ..window
    }
}

/// The resets at the samples from `from` to `to`, but for the first, which has no sample of the window before it.
#[inline]
fn resets_between<'a>(samples: &Samples<'a>, from: usize, to: usize) -> &'a [Reset] {
    let first = samples.forgotten.saturating_add(from);
    match samples.resets.last() {
        Some(last) if first < last.number => {
            let resets = samples.resets;
            let behind = samples.forgotten.saturating_add(to);
            let resets = &resets[resets.partition_point(|reset| reset.number <= first)..];
            &resets[..resets.partition_point(|reset| reset.number < behind)]
        }
        _ => &[],
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
