//! The two ingredients of accurate probabilities of counts: the error of Stirling's formula, and the deviance.
//!
//! After C. Loader, "Fast and accurate computation of binomial probabilities" (2000): a ratio of factorials is a square
//! root times the exponential of small terms, none of which cancels another.

/// Beyond this the series of [`stirling_error`] is exact to the last bit.
const SERIES_FROM: f64 = 15.0;

/// ln x! - (x + 1/2) ln x + x - ln(2 pi) / 2, for any x above 0 (x! being the gamma function of x + 1).
///
/// At 0 and below the answer has no meaning.
pub(super) fn stirling_error(x: f64) -> f64 {
    let mut x = x;
    let mut error = 0.0;
    while x < SERIES_FROM {
        // One step of x! = (x + 1)! / (x + 1).
        error += (x + 0.5) * (1.0 / x).ln_1p() - 1.0;
        x += 1.0;
    }
    let square = x * x;
    // Bernoulli numbers: B(2j) / (2j (2j - 1)).
    let series = [
        -691.0 / 360_360.0,
        1.0 / 1_188.0,
        -1.0 / 1_680.0,
        1.0 / 1_260.0,
        -1.0 / 360.0,
        1.0 / 12.0,
    ];
    let sum = series
        .into_iter()
        .fold(0.0, |sum, coefficient| sum / square + coefficient);
    error + sum / x
}

/// x ln(x / mean) + mean - x, never negative, where `excess` is x - mean.
///
/// The excess is a parameter because the caller knows it without cancellation. `x` and `mean` must be positive.
pub(super) fn deviance(x: f64, mean: f64, excess: f64) -> f64 {
    let slope = excess / (x + mean);
    if 0.1 <= slope.abs() {
        return x * (x / mean).ln() - excess;
    }
    let square = slope * slope;
    let mut sum = excess * slope;
    let mut power = 2.0 * x * slope;
    let mut odd = 3.0;
    // At most a hundredth of the term before: ten steps reach the last bit.
    for _ in 0..16 {
        power *= square;
        let next = sum + power / odd;
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
        odd += 2.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_stirlings_formula_is_that_of_the_logarithm_of_the_factorial() {
        // Computed with 50 digits.
        for (x, error) in [
            (0.1, 0.512_740_081_331_915),
            (1.0, 0.081_061_466_795_327_26),
            (10.0, 0.008_330_563_433_362_87),
            (14.5, 0.005_746_216_513_010_115),
            (1e7, 8.333_333_333_333_33e-9),
        ] {
            let found = stirling_error(x);
            assert!((found - error).abs() < 2e-15, "{x}: {found}");
        }
    }

    #[test]
    fn the_deviance_is_the_same_on_both_sides_of_the_switch() {
        for (x, mean) in [(100.0, 82.0), (100.0, 81.6), (3.0, 3.0), (5.0, 0.01)] {
            let direct = x * f64::ln(x / mean) + mean - x;
            let found = deviance(x, mean, x - mean);
            assert!(
                (found - direct).abs() < 1e-13,
                "{x} {mean}: {found} {direct}"
            );
        }
    }
}
