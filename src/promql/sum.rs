//! Compensated sums, means and variances.
//!
//! Knows the addition of Kahan and Neumaier as `util/kahansum/kahansum.go: Inc` does it, and how `functions.go` and
//! `engine.go: aggregation` use it. The order of additions is part of the result.

/// A sum and what rounding has taken from it so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    sum: f64,
    compensation: f64,
}

/// A running mean: a plain sum as long as that does not overflow, an incremental mean from there on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mean {
    total: Sum,
    count: f64,
    incremental: bool,
}

/// A running population variance (Welford), without compensation, as aggregations compute it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    mean: f64,
    squares: f64,
    count: f64,
}

impl Sum {
    pub(super) fn of(first: f64) -> Self {
        Self {
            sum: first,
            compensation: 0.0,
        }
    }

    #[inline]
    pub(super) fn add(&mut self, x: f64) {
        let total = self.sum + x;
        if total.is_infinite() {
            self.compensation = 0.0;
        } else if x.abs() <= self.sum.abs() {
            self.compensation += (self.sum - total) + x;
        } else {
            self.compensation += (x - total) + self.sum;
        }
        self.sum = total;
    }

    /// The sum with its compensation.
    #[inline]
    pub(super) fn total(self) -> f64 {
        self.sum + self.compensation
    }
}

impl Mean {
    pub(super) fn of(first: f64) -> Self {
        Self {
            total: Sum::of(first),
            count: 1.0,
            incremental: false,
        }
    }

    pub(super) fn add(&mut self, x: f64) {
        self.count += 1.0;
        if !self.incremental {
            let mut total = self.total;
            total.add(x);
            if !total.sum.is_infinite() {
                self.total = total;
                return;
            }
            self.incremental = true;
            self.total.sum /= self.count - 1.0;
            self.total.compensation /= self.count - 1.0;
        }
        let kept = (self.count - 1.0) / self.count;
        self.total.sum *= kept;
        self.total.compensation *= kept;
        self.total.add(x / self.count);
    }

    pub(super) fn mean(self) -> f64 {
        if self.incremental {
            self.total.total()
        } else {
            self.total.sum / self.count + self.total.compensation / self.count
        }
    }
}

impl Spread {
    pub(super) fn of(first: f64) -> Self {
        Self {
            mean: first,
            squares: if first.is_finite() { 0.0 } else { f64::NAN },
            count: 1.0,
        }
    }

    pub(super) fn add(&mut self, x: f64) {
        self.count += 1.0;
        let delta = x - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (x - self.mean);
    }

    pub(super) fn variance(self) -> f64 {
        self.squares / self.count
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the point is that nothing is lost")]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_survive_among_large_ones() {
        let mut sum = Sum::default();
        for x in [1.0, 1e100, 1.0, -1e100] {
            sum.add(x);
        }
        assert_eq!(sum.total(), 2.0);
    }

    #[test]
    fn means_of_huge_numbers_do_not_overflow() {
        let mut mean = Mean::of(1.7e308);
        mean.add(1.7e308);
        mean.add(1.7e308);
        assert!((mean.mean() / 1.7e308 - 1.0).abs() < 1e-15);
    }

    #[test]
    fn equal_numbers_have_no_spread() {
        let mut spread = Spread::of(0.1);
        for _ in 0..9 {
            spread.add(0.1);
        }
        assert_eq!(spread.variance(), 0.0);
        assert!(Spread::of(f64::INFINITY).variance().is_nan());
    }
}
