//! Where a curve of probabilities reaches a level, between the points at which it is known.
//!
//! Knows: the logit of a probability is about a straight line over the logarithm of the rate. Simplifies: a curve that
//! chance lets fall is taken as the highest (or, for the upper ends of intervals, the lowest) that does not fall.

/// Where a curve reaches a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Crossing {
    /// Below the first rate, or at it.
    Below,
    /// At this rate.
    At(f64),
    /// Not until the last rate.
    Above,
}

impl Crossing {
    /// The rate, if it is within the range.
    #[must_use]
    pub fn rate(self) -> Option<f64> {
        match self {
            Self::At(rate) => Some(rate),
            Self::Below | Self::Above => None,
        }
    }
}

/// Where a curve reaches `level`. `points` are rates (rising, 0 or more) and probabilities; `finest` is the smallest
/// difference from 0 and 1 that they tell, more than 0.
#[must_use]
pub fn crossing(points: &[(f64, f64)], level: f64, finest: f64) -> Crossing {
    let mut before: Option<(f64, f64)> = None;
    for &(rate, share) in points {
        let share = before.map_or(share, |(_, highest)| share.max(highest));
        if level <= share {
            return match before {
                None => Crossing::Below,
                Some(last) => Crossing::At(between(last, (rate, share), level, finest)),
            };
        }
        before = Some((rate, share));
    }
    Crossing::Above
}

/// The curve that falls nowhere and is nowhere above this one, the highest such.
#[must_use]
pub fn not_falling_below(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut lowered = points.to_vec();
    let mut lowest = f64::INFINITY;
    for (_, share) in lowered.iter_mut().rev() {
        lowest = lowest.min(*share);
        *share = lowest;
    }
    lowered
}

fn between(from: (f64, f64), to: (f64, f64), level: f64, finest: f64) -> f64 {
    let logit = |share: f64| {
        let share = share.clamp(finest, 1.0 - finest);
        (share / (1.0 - share)).ln()
    };
    let (low, high) = (logit(from.1), logit(to.1));
    let part = if low < high {
        ((logit(level) - low) / (high - low)).clamp(0.0, 1.0)
    } else {
        1.0
    };
    if 0.0 < from.0 {
        from.0 * (to.0 / from.0).powf(part)
    } else {
        to.0 * part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logistic_curve_is_met_exactly() {
        let share = |rate: f64| 1.0 / (1.0 + (rate / 0.05).powi(-3));
        let points: Vec<(f64, f64)> = [0.01, 0.03, 0.1, 0.2]
            .iter()
            .map(|rate| (*rate, share(*rate)))
            .collect();
        let rate = crossing(&points, 0.9, 1e-9).rate().expect("within");
        assert!((share(rate) - 0.9).abs() < 1e-12);
        assert_eq!(crossing(&points, 0.999, 1e-9), Crossing::Above);
        assert_eq!(crossing(&points, 0.001, 1e-9), Crossing::Below);
    }

    #[test]
    fn certainty_and_a_rate_of_nothing_are_no_obstacle() {
        let points = [(0.0, 0.0), (0.1, 1.0)];
        let rate = crossing(&points, 0.5, 1e-4).rate().expect("within");
        assert!((rate - 0.05).abs() < 1e-12);
        assert_eq!(crossing(&[], 0.5, 1e-4), Crossing::Above);
    }

    #[test]
    fn curves_that_fall_by_chance_do_not_confuse() {
        let points = [(0.01, 0.2), (0.02, 0.6), (0.03, 0.5), (0.04, 0.95)];
        assert!(crossing(&points, 0.55, 1e-4).rate() < Some(0.02));
        let lowered = not_falling_below(&points);
        assert_eq!(
            lowered,
            [(0.01, 0.2), (0.02, 0.5), (0.03, 0.5), (0.04, 0.95)]
        );
        assert!(Some(0.03) < crossing(&lowered, 0.55, 1e-4).rate());
    }
}
