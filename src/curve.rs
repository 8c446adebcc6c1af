//! Values that change over time: traffic, error rates, factors.
//!
//! Knows: straight pieces, waves that repeat, multiples for a while; where the next corner is.
//! Refuses to know what a value means and how it was written ([`crate::scenario`]), except for the series notation of
//! Prometheus' rule tests ([`series`]).
//! Simplifies: a daily wave is a sine joined by straight lines between samples five minutes apart, at most 0.03 % of its height
//! beside the true one.

pub mod series;

use crate::time::Delta;

/// A function of the time since some origin, made of straight pieces.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Ascending; the first piece also holds before its beginning. Never empty.
    pieces: Vec<Piece>,
    /// After so long the pieces repeat.
    period: Option<Delta>,
    /// Ascending by beginning.
    spikes: Vec<Spike>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    from: Delta,
    /// At `from`.
    value: f64,
    /// Per second.
    slope: f64,
}

/// A time in which a value is a multiple of what it would be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spike {
    /// When it begins.
    pub from: Delta,
    /// When it is over.
    pub to: Delta,
    /// How many times the value.
    pub times: f64,
}

/// A straight line through a stretch of time: the value at its beginning, and the change per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Line {
    /// At the beginning.
    pub value: f64,
    /// Per second.
    pub slope: f64,
}

impl Line {
    /// The value `seconds` after the beginning.
    #[must_use]
    pub fn after(self, seconds: f64) -> f64 {
        self.slope.mul_add(seconds, self.value)
    }
}

const DAY: Delta = Delta::from_secs(24 * 3600);
/// Samples of a daily wave.
const DAILY_SAMPLES: u32 = 288;

impl Curve {
    /// The same value at all times.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self::of(vec![Piece {
            from: Delta::ZERO,
            value,
            slope: 0.0,
        }])
    }

    /// Samples that hold until the next one, the last one for ever; `interval` is positive.
    #[must_use]
    pub fn steps(samples: &[f64], interval: Delta) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        for (index, value) in (0_i64..).zip(samples) {
            let same = |last: &Piece| last.value.to_bits() == value.to_bits();
            if pieces.last().is_some_and(same) {
                continue;
            }
            pieces.push(Piece {
                from: Delta::from_nanos(interval.nanos().saturating_mul(index)),
                value: *value,
                slope: 0.0,
            });
        }
        Self::of(pieces)
    }

    /// Points joined by straight lines, in ascending order; before the first and after the last the value stays.
    #[must_use]
    pub fn points(points: &[(Delta, f64)]) -> Self {
        let mut pieces = Vec::new();
        let Some((first, value)) = points.first() else {
            return Self::constant(0.0);
        };
        // The first piece holds before its beginning, and must be flat there.
        if points.len() > 1 {
            pieces.push(Piece {
                from: Delta::from_nanos(first.nanos().min(0)),
                value: *value,
                slope: 0.0,
            });
        }
        for (index, (from, value)) in points.iter().enumerate() {
            let slope = points
                .get(index + 1)
                .map_or(0.0, |(to, next)| (next - value) / (*to - *from).seconds());
            pieces.push(Piece {
                from: *from,
                value: *value,
                slope,
            });
        }
        Self::of(pieces)
    }

    /// A sine between `low` and `high` that repeats every day and is highest at `high_at`.
    #[must_use]
    pub fn daily(low: f64, high: f64, high_at: Delta) -> Self {
        let step = DAY.nanos() / i64::from(DAILY_SAMPLES);
        let at = |index: u32| {
            let angle =
                f64::from(index) / f64::from(DAILY_SAMPLES) - high_at.seconds() / DAY.seconds();
            let wave = (std::f64::consts::TAU * angle).cos();
            (high - low).mul_add(f64::midpoint(wave, 1.0), low)
        };
        let pieces = (0..DAILY_SAMPLES)
            .map(|index| Piece {
                from: Delta::from_nanos(step * i64::from(index)),
                value: at(index),
                slope: (at(index + 1) - at(index)) / Delta::from_nanos(step).seconds(),
            })
            .collect();
        Self {
            period: Some(DAY),
            ..Self::of(pieces)
        }
    }

    /// Becomes a multiple of another curve; takes no new memory where there is enough of it.
    pub fn become_multiple(&mut self, base: &Self, times: f64) {
        self.pieces.clear();
        self.pieces.extend(base.pieces.iter().map(|piece| Piece {
            from: piece.from,
            value: piece.value * times,
            slope: piece.slope * times,
        }));
        self.period = base.period;
        self.spikes.clone_from(&base.spikes);
    }

    /// A multiple of the curve.
    #[must_use]
    pub fn multiple(&self, times: f64) -> Self {
        let mut multiple = self.clone();
        multiple.become_multiple(self, times);
        multiple
    }

    /// The same curve with spikes.
    #[must_use]
    pub fn with_spikes(mut self, mut spikes: Vec<Spike>) -> Self {
        spikes.sort_by_key(|spike| spike.from);
        self.spikes = spikes;
        self
    }

    fn of(pieces: Vec<Piece>) -> Self {
        if pieces.is_empty() {
            return Self::constant(0.0);
        }
        Self {
            pieces,
            period: None,
            spikes: Vec::new(),
        }
    }

    /// The value of a curve that never changes.
    #[must_use]
    pub fn as_constant(&self) -> Option<f64> {
        match (&self.pieces[..], &self.spikes[..]) {
            ([only], []) if only.slope == 0.0 => Some(only.value),
            _ => None,
        }
    }

    /// The straight line that begins at `at` and holds until the next corner.
    #[must_use]
    pub fn line(&self, at: Delta) -> Line {
        let within = self.within(at);
        let piece = self.pieces[self.index(within)];
        let since = (within - piece.from).seconds();
        let times: f64 = self
            .spikes
            .iter()
            .filter(|spike| spike.from <= at && at < spike.to)
            .map(|spike| spike.times)
            .product();
        Line {
            value: piece.slope.mul_add(since.max(0.0), piece.value) * times,
            slope: piece.slope * times,
        }
    }

    /// The value at `at`.
    #[must_use]
    pub fn at(&self, at: Delta) -> f64 {
        self.line(at).value
    }

    /// The integral over the time from `from` to `to`; 0 if that is not later. Exact, as all pieces are straight.
    #[must_use]
    pub fn integral(&self, from: Delta, to: Delta) -> f64 {
        let (mut sum, mut now) = (0.0, from);
        while now < to {
            let end = self.next_corner(now).map_or(to, |corner| corner.min(to));
            let seconds = (end - now).seconds();
            sum += self.line(now).after(seconds / 2.0) * seconds;
            now = end;
        }
        sum
    }

    /// The first corner after `at`, where another piece begins.
    #[must_use]
    pub fn next_corner(&self, at: Delta) -> Option<Delta> {
        let within = self.within(at);
        let next = self
            .pieces
            .get(self.index(within) + 1)
            .map(|piece| piece.from)
            .or(self.period);
        let corner = next.map(|next| at + (next - within));
        let spikes = self.spikes.iter().flat_map(|spike| [spike.from, spike.to]);
        spikes.chain(corner).filter(|corner| at < *corner).min()
    }

    /// The least and the greatest value that it ever takes, spikes included.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        let ends = self.pieces.iter().enumerate().flat_map(|(index, piece)| {
            let next = self.pieces.get(index + 1).map(|next| next.from);
            let end = next.or(self.period).map_or(piece.value, |end| {
                piece
                    .slope
                    .mul_add((end - piece.from).seconds(), piece.value)
            });
            [piece.value, end]
        });
        let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let most = self
            .spikes
            .iter()
            .fold(1.0, |most: f64, spike| most.max(spike.times));
        let least = self
            .spikes
            .iter()
            .fold(1.0, |least: f64, spike| least.min(spike.times));
        (low * least, high * most)
    }

    fn within(&self, at: Delta) -> Delta {
        self.period.map_or(at, |period| {
            Delta::from_nanos(at.nanos().rem_euclid(period.nanos()))
        })
    }

    fn index(&self, within: Delta) -> usize {
        self.pieces
            .partition_point(|piece| piece.from <= within)
            .saturating_sub(1)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are chosen to be exact")]
mod tests {
    use super::*;

    fn secs(seconds: i64) -> Delta {
        Delta::from_secs(seconds)
    }

    #[test]
    fn a_constant_has_no_corners() {
        let curve = Curve::constant(0.25);
        assert_eq!(curve.as_constant(), Some(0.25));
        assert_eq!(curve.next_corner(secs(0)), None);
        assert_eq!(curve.at(secs(-100)), 0.25);
    }

    #[test]
    fn steps_hold_until_the_next_one_and_equal_neighbours_are_one() {
        let curve = Curve::steps(&[1.0, 1.0, 3.0], secs(60));
        assert_eq!(curve.at(secs(-1)), 1.0);
        assert_eq!(curve.at(secs(119)), 1.0);
        assert_eq!(curve.at(secs(120)), 3.0);
        assert_eq!(curve.next_corner(secs(0)), Some(secs(120)));
        assert_eq!(curve.next_corner(secs(120)), None);
    }

    #[test]
    fn points_are_joined_by_straight_lines() {
        let curve = Curve::points(&[(secs(10), 1.0), (secs(20), 3.0)]);
        assert_eq!(
            [0, 10, 15, 20, 99].map(|at| curve.at(secs(at))),
            [1.0, 1.0, 2.0, 3.0, 3.0]
        );
        assert_eq!(
            curve.line(secs(15)),
            Line {
                value: 2.0,
                slope: 0.2
            }
        );
        assert_eq!(curve.next_corner(secs(0)), Some(secs(10)));
        assert_eq!(curve.next_corner(secs(10)), Some(secs(20)));
        assert_eq!(curve.range(), (1.0, 3.0));
    }

    #[test]
    fn a_day_repeats_and_is_highest_where_it_should_be() {
        let curve = Curve::daily(10.0, 30.0, secs(6 * 3600));
        let hours = |hours: i64| secs(hours * 3600);
        for (hour, value) in [(6, 30.0), (18, 10.0), (12, 20.0), (30, 30.0), (-18, 30.0)] {
            assert!((curve.at(hours(hour)) - value).abs() < 1e-9, "{hour}");
        }
        let corner = curve.next_corner(hours(24) - secs(1));
        assert_eq!(corner, Some(hours(24)));
        // Between samples the chord stays near the sine.
        let truth = 20.0 + 10.0 * (std::f64::consts::TAU * (150.0 / 86_400.0 - 0.25)).cos();
        assert!((curve.at(secs(150)) - truth).abs() < 20.0 * 3e-4);
    }

    #[test]
    fn a_spike_multiplies_for_a_while() {
        let spike = Spike {
            from: secs(10),
            to: secs(20),
            times: 5.0,
        };
        let curve = Curve::constant(2.0).with_spikes(vec![spike]);
        assert_eq!(
            [9, 10, 19, 20].map(|at| curve.at(secs(at))),
            [2.0, 10.0, 10.0, 2.0]
        );
        assert_eq!(curve.next_corner(secs(0)), Some(secs(10)));
        assert_eq!(curve.next_corner(secs(10)), Some(secs(20)));
        assert_eq!(curve.range(), (2.0, 10.0));
    }
}
