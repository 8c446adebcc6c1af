//! What single quantities of a meter had come to by when.
//!
//! Knows: between two points of a meter everything grows evenly, before the first as it did at the beginning, after the last not at all.
//! Refuses to know who counts, and what a request weighs.

use super::meters::{Meter, Outcome};
use crate::time::SimTime;

/// What one quantity of a meter had come to by when.
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    times: Vec<SimTime>,
    sums: Sums,
}

/// The same without the times, which are those of the meter. It follows its meter, to which points are only ever appended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    values: Vec<f64>,
    /// Per second before the first point.
    before: f64,
    /// Requests at the last point.
    requests: f64,
    /// What requests weigh that took so many times as long as usual: the bits of that, and the weight.
    known: Option<(u64, f64)>,
}

/// An instant among the points of a meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// There are no points.
    Nowhere,
    /// Before the first point, by so many seconds, as a negative number.
    Before(f64),
    /// After the last point, or at it: the number of that point.
    After(usize),
    /// After the point with this number, by this share of the time to the next one.
    Between(usize, f64),
}

impl Counter {
    pub(super) fn new(times: Vec<SimTime>, sums: Sums) -> Self {
        Self { times, sums }
    }

    /// What it had come to at an instant, counted from its first point.
    #[must_use]
    pub fn at(&self, now: SimTime) -> f64 {
        self.sums
            .at(place(self.times.len(), |index| self.times[index], now))
    }

    /// Whether it never counts anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }
}

impl Sums {
    /// Takes over the points that the meter has got since the last time: the requests of an outcome, each weighed with what `weigh` makes
    /// of how many times as long requests took.
    #[inline]
    pub fn follow(&mut self, meter: &Meter, outcome: Outcome, weigh: impl FnMut(f64) -> f64) {
        if self.values.len() < meter.len() {
            self.extend(meter, outcome, weigh);
        }
    }

    fn extend(&mut self, meter: &Meter, outcome: Outcome, mut weigh: impl FnMut(f64) -> f64) {
        let mut known = self.known;
        let mut weight = |times: f64| match known {
            Some((bits, weight)) if bits == times.to_bits() => weight,
            _ => {
                let weight = weigh(times);
                known = Some((times.to_bits(), weight));
                weight
            }
        };
        if self.values.is_empty() {
            let (requests, times) = meter.before(outcome);
            self.before = requests * weight(times);
        }
        let mut sum = self.values.last().copied().unwrap_or(0.0);
        for (requests, times) in meter.counts_from(self.values.len(), outcome) {
            let grown = requests - self.requests;
            if grown != 0.0 {
                sum += grown * weight(times);
            }
            self.requests = requests;
            self.values.push(sum);
        }
        self.known = known;
    }

    /// What it had come to, counted from its first point.
    #[must_use]
    #[inline]
    pub fn at(&self, place: Place) -> f64 {
        match place {
            Place::Nowhere => 0.0,
            Place::Before(seconds) => seconds * self.before,
            Place::After(last) => self.values[last],
            Place::Between(before, share) => {
                let (start, value) = (self.values[before], self.values[before + 1]);
                // Rounding must not let a counter fall: Prometheus would take that for a reset.
                (value - start).mul_add(share, start).min(value)
            }
        }
    }

    /// Whether it has taken over any points.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        !self.values.is_empty()
    }

    /// Whether it never counts anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before == 0.0 && self.values.last().is_none_or(|sum| *sum == 0.0)
    }

    /// Forgets everything, but keeps the memory.
    pub fn clear(&mut self) {
        self.values.clear();
        (self.before, self.requests, self.known) = (0.0, 0.0, None);
    }
}

/// Where an instant is among so many points in order of time.
pub(super) fn place(len: usize, at: impl Fn(usize) -> SimTime, now: SimTime) -> Place {
    let Some(last) = len.checked_sub(1) else {
        return Place::Nowhere;
    };
    if at(last) <= now {
        return Place::After(last);
    }
    if now < at(0) {
        return Place::Before((now - at(0)).seconds());
    }
    // At `low` or after it, before `high`. Most ask for what happened lately.
    let (mut low, mut high) = (last.saturating_sub(NEAR), last);
    if now < at(low) {
        (low, high) = (0, low);
    }
    while 1 < high - low {
        let middle = usize::midpoint(low, high);
        if at(middle) <= now {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (start, next) = (at(low), at(high));
    Place::Between(low, (now - start).seconds() / (next - start).seconds())
}

/// So many points at the end are searched first.
const NEAR: usize = 8;
