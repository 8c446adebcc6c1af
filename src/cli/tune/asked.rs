//! Releases, rates and fields on the command line of `coalmine tune`.

use crate::tune::Bad;
use crate::vary::grid::{Amount, Grid};
use crate::vary::product::Dimension;

/// Values of a range of durations or rates that is varied.
const POINTS: usize = 6;
/// Rates of a range of bad releases.
const RATES: usize = 4;

/// A kind of bad release.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    share: f64,
    rates: Vec<f64>,
}

impl Kind {
    /// One release for each rate; all are equally likely.
    pub(super) fn releases(&self) -> Vec<Bad> {
        let count = f64::from(u32::try_from(self.rates.len()).unwrap_or(u32::MAX));
        let release = |rate: &f64| Bad {
            share: self.share / count,
            error_rate: *rate,
        };
        self.rates.iter().map(release).collect()
    }
}

/// `failureLimit=0..5`.
pub(super) fn parse_dimension(text: &str) -> Result<Dimension, String> {
    Dimension::parse(text, POINTS)
}

/// `5%@10%`.
pub(super) fn parse_bad(text: &str) -> Result<Kind, String> {
    let (share, rates) = text
        .split_once('@')
        .ok_or("must be P@R, such as 5%@10%: of all releases 5 % fail 10 % of their requests")?;
    let share = parse_rate(share)?;
    if share <= 0.0 {
        return Err("the share must be above 0".to_owned());
    }
    let rates = Grid::parse(rates, RATES)?;
    let rates = rates.values().iter().map(|rate| probability(*rate));
    let rates: Vec<f64> = rates.collect::<Result<_, String>>()?;
    Ok(Kind { share, rates })
}

/// A share from 0 to 1: `0.5%` or `0.005`.
pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    Amount::parse(text).and_then(probability)
}

fn probability(amount: Amount) -> Result<f64, String> {
    let is_number = !matches!(amount, Amount::Duration(_));
    let size = amount.size();
    if is_number && (0.0..=1.0).contains(&size) {
        Ok(size)
    } else {
        Err(format!(
            "{amount} is not between 0 and 100%, such as 5% or 0.05"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_release_is_a_share_and_rates() {
        let kind = parse_bad("5%@10%").expect("a release");
        let bad = Bad {
            share: 0.05,
            error_rate: 0.1,
        };
        assert_eq!(kind.releases(), [bad]);
        let several = parse_bad("0.1@5%,20%").expect("releases").releases();
        assert_eq!(several.len(), 2);
        assert!((several[1].share - 0.05).abs() < 1e-15);
        assert_eq!(
            parse_bad("5%@5%..20%").expect("releases").releases().len(),
            4
        );
        for text in [
            "5%", "@10%", "5%@", "0%@5%", "5%@200%", "5%@3s", "500%@5%", "x@y",
        ] {
            assert!(parse_bad(text).is_err(), "{text}");
        }
    }
}
