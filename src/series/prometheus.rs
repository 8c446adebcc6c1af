//! Prometheus in a run: what it has scraped so far, and what it answers to the queries of analyses.
//!
//! Knows the series that queries look at, and only those. Refuses to know who asks, and what an answer decides.
//! Simplifies: nothing is scraped until somebody asks; then all that was exported since the question before is taken over.

#[cfg(test)]
mod plain;

use super::live::Live;
use super::{Exporter, Window, exposition::millis};
use crate::plan::environment::Asking;
use crate::promql::{Answer, EvalError, Memory, RangeSeries, Scratch, Steps};
use crate::series::START_MILLIS;
use crate::time::{Delta, SimTime};

/// How far the past reaches that there is before a run: pods were there for an hour.
const PAST: Delta = Delta::from_secs(-3600);

/// What a Prometheus holds, and what its queries remember.
#[derive(Debug, Default)]
pub struct Prometheus {
    store: Memory,
    scratch: Scratch,
    live: Live,
    /// Up to when everything was taken over; `None`: nothing was.
    scraped: Option<SimTime>,
    /// The same in the plain and slow way.
    #[cfg(test)]
    plain: plain::Plain,
}

/// What a query answers.
#[derive(Debug)]
pub enum Found<'a> {
    /// At an instant.
    Instant(Answer<'a>),
    /// Over a range.
    Range(Vec<RangeSeries>),
}

impl Prometheus {
    /// Forgets the last run before a new one, of the same plan in the same environment.
    pub fn clear(&mut self) {
        self.store.clear();
        self.live.clear();
        self.scraped = None;
        #[cfg(test)]
        self.plain.clear();
    }

    /// What a query answers at `now`; `exporter` shows what there is then.
    ///
    /// # Errors
    ///
    /// The message of the measurement: the query fails, or its range is none.
    pub fn answer(
        &mut self,
        exporter: &Exporter<'_>,
        asking: &Asking,
        now: SimTime,
    ) -> Result<Found<'_>, String> {
        self.scrape(exporter, now);
        let failed = |error: EvalError| format!("execution: {error}");
        let Some(range) = &asking.range else {
            let answer = asking
                .query
                .evaluate(&self.store, millis(now), &mut self.scratch);
            return answer.map(Found::Instant).map_err(failed);
        };
        let nanos = START_MILLIS
            .saturating_mul(1_000_000)
            .saturating_add(now.nanos());
        let moment = |name: &str, moment: &crate::condition::Moment| {
            let at = moment.at(nanos);
            at.map(|at| at.div_euclid(1_000_000))
                .map_err(|error| format!("failed to parse rangeQuery.{name} as time: {error}"))
        };
        let steps = Steps {
            start: moment("start", &range.start)?,
            end: moment("end", &range.end)?,
            step: (range.step.nanos() / 1_000_000).max(1),
        };
        if steps.end < steps.start {
            let message =
                "bad_data: invalid parameter \"end\": end timestamp must not be before start time";
            return Err(message.to_owned());
        }
        let series = asking
            .query
            .evaluate_range(&self.store, steps, &mut self.scratch);
        // The API sorts what a range query answers by labels (`promql/value.go: Matrix.Less`).
        let mut series = series.map_err(failed)?;
        series.sort_by(|one, other| one.labels.cmp(&other.labels));
        Ok(Found::Range(series))
    }

    /// How many samples were compared with those of the plain way, again and again.
    #[cfg(test)]
    pub(crate) fn compared(&self) -> usize {
        self.plain.samples
    }

    /// What it holds.
    #[must_use]
    pub fn store(&self) -> &Memory {
        &self.store
    }

    /// Takes over what was exported since the last time.
    pub(crate) fn scrape(&mut self, exporter: &Exporter<'_>, now: SimTime) {
        let window = Window {
            from: self.scraped.unwrap_or(SimTime::ZERO + PAST),
            to: now,
        };
        if window.to <= window.from {
            return;
        }
        self.live.take(exporter, window, &mut self.store);
        self.scraped = Some(now);
        #[cfg(test)]
        self.plain
            .compare(exporter, window, self.live.forgotten(now), &self.store);
    }
}
