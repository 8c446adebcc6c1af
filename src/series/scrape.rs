//! Scrapes: when a target is asked, and what that leaves behind.
//!
//! Knows: interval, offset and jitter, and that a series which is not there any more ends with a marker
//! (Prometheus' `scrape/scrape.go: scrapeLoop.append`). Refuses to know what is scraped.
//! Simplifies: scrapes take no time and hold whole milliseconds; a target that is gone is marked at the time of its next scrape.

use crate::plan::environment::Scraping;
use crate::promql::stale_marker;
use crate::time::{Delta, SimTime};
use crate::world::Weather;
use crate::world::weather::Purpose;

/// A value at the time of a scrape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When.
    pub at: SimTime,
    /// The value; [`stale_marker`] where the series ends.
    pub value: f64,
}

/// The samples of which instants: after `from`, up to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The last instant before it.
    pub from: SimTime,
    /// Its last instant.
    pub to: SimTime,
}

/// When a target is scraped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    weather: Weather,
    target: u64,
    interval: i64,
    phase: i64,
    jitter: i64,
}

const MILLISECOND: i64 = 1_000_000;

impl Schedule {
    /// The schedule of the target with this number.
    pub(super) fn of(scraping: &Scraping, weather: Weather, target: u64) -> Self {
        let interval = scraping
            .interval
            .max(Delta::from_secs(1))
            .nanos()
            .min(i64::MAX / 4);
        let own = || i64::try_from(weather.number(Purpose::Scrape, target, 0) >> 1).unwrap_or(0);
        let phase = scraping.offset.map_or_else(own, Delta::nanos);
        Self {
            weather,
            target,
            interval,
            phase: phase.rem_euclid(interval),
            // Less by a millisecond, so that no two scrapes share one.
            jitter: scraping.jitter.nanos().clamp(0, interval - MILLISECOND),
        }
    }

    /// The time of the scrape with this number.
    fn at(&self, number: i64) -> SimTime {
        let late = if self.jitter == 0 {
            0
        } else {
            let index = u64::from_ne_bytes(number.to_ne_bytes()) | 1 << 63;
            let draw = self.weather.number(Purpose::Scrape, self.target, index) >> 1;
            i64::try_from(draw).unwrap_or(0) % self.jitter
        };
        let nanos = number
            .saturating_mul(self.interval)
            .saturating_add(self.phase + late);
        SimTime::from_nanos(nanos - nanos.rem_euclid(MILLISECOND))
    }

    /// When it is scraped: first the last time before a window, then all times in it.
    pub(super) fn times(&self, window: Window, times: &mut Vec<SimTime>) {
        times.clear();
        let before = window.from.nanos().saturating_sub(self.phase);
        let mut number = before.div_euclid(self.interval);
        if 0 < self.jitter {
            // This one may still have to come: then the one before is the last before the window.
            number -= 1;
        }
        loop {
            let at = self.at(number);
            if window.to < at {
                return;
            }
            if at <= window.from {
                times.clear();
            }
            times.push(at);
            number += 1;
        }
    }

    /// The samples of a window of a series that shows `value` at an instant; `None`: it is not there.
    pub(super) fn samples(
        &self,
        window: Window,
        value: impl FnMut(SimTime) -> Option<f64>,
    ) -> Vec<Sample> {
        let mut times = Vec::new();
        self.times(window, &mut times);
        let mut samples = Vec::new();
        sample(&times, value, |at, value| {
            samples.push(Sample { at, value });
        });
        samples
    }
}

/// The samples of a series, from the times of [`Schedule::times`] or what stands for them.
pub(super) fn sample<T: Copy>(
    times: &[T],
    mut value: impl FnMut(T) -> Option<f64>,
    mut take: impl FnMut(T, f64),
) {
    let Some((before, times)) = times.split_first() else {
        return;
    };
    // Whether it was there before matters only where it is not there at first.
    let mut was_there = None;
    for at in times {
        let seen = value(*at);
        match seen {
            Some(value) => take(*at, value),
            None if was_there.unwrap_or_else(|| value(*before).is_some()) => {
                take(*at, stale_marker());
            }
            None => {}
        }
        was_there = Some(seen.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::is_stale;

    fn schedule(scraping: &Scraping) -> Schedule {
        Schedule::of(scraping, Weather::CALM, 7)
    }

    fn window(from: i64, to: i64) -> Window {
        Window {
            from: SimTime::from_secs(from),
            to: SimTime::from_secs(to),
        }
    }

    #[test]
    fn a_series_that_ends_gets_one_marker_and_may_come_back() {
        let scraping = Scraping {
            offset: Some(Delta::from_secs(5)),
            ..Scraping::default()
        };
        let there = |at: SimTime| {
            let seconds = at.whole_secs();
            (!(30..=70).contains(&seconds)).then_some(1.0)
        };
        let samples = schedule(&scraping).samples(window(0, 90), there);
        let told: Vec<(i64, bool)> = samples
            .iter()
            .map(|sample| (sample.at.whole_secs(), is_stale(sample.value)))
            .collect();
        assert_eq!(
            told,
            [(5, false), (20, false), (35, true), (80, false)],
            "nothing at 50 and 65"
        );
        // Windows that adjoin see each sample once.
        let mut parts = Vec::new();
        for from in (0..90).step_by(10) {
            parts.extend(schedule(&scraping).samples(window(from, from + 10), there));
        }
        let times = |samples: &[Sample]| samples.iter().map(|one| one.at).collect::<Vec<_>>();
        assert_eq!(times(&parts), times(&samples));
    }

    #[test]
    fn scrapes_are_late_by_less_than_the_jitter_and_keep_their_order() {
        let scraping = Scraping {
            offset: Some(Delta::ZERO),
            jitter: Delta::from_secs(14),
            ..Scraping::default()
        };
        let samples = schedule(&scraping).samples(window(-1, 14_999), |_| Some(0.0));
        assert_eq!(samples.len(), 1_000);
        assert!(samples.is_sorted_by(|one, next| one.at < next.at));
        let late = samples.iter().map(|one| one.at.whole_secs() % 15);
        assert!(late.clone().all(|late| late < 14) && 10 < late.max().unwrap_or(0));
    }
}
