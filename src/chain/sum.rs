//! Sums that do not lose what is small.

/// A sum of floating-point numbers that keeps what rounding would lose (Neumaier's variant of Kahan's summation).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    /// Adds a number.
    #[inline]
    pub(super) fn add(&mut self, number: f64) {
        let sum = self.sum + number;
        self.lost += if self.sum.abs() < number.abs() {
            (number - sum) + self.sum
        } else {
            (self.sum - sum) + number
        };
        self.sum = sum;
    }

    /// The sum so far.
    #[inline]
    pub(super) fn value(self) -> f64 {
        self.sum + self.lost
    }
}

impl From<f64> for Sum {
    fn from(sum: f64) -> Self {
        Self { sum, lost: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_survive_large_ones() {
        let mut sum = Sum::default();
        for number in [1.0, 1e100, 1.0, -1e100] {
            sum.add(number);
        }
        assert_eq!(sum.value().to_bits(), 2.0_f64.to_bits());
    }
}
