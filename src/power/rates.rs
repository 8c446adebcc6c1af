//! Error rates, as they are written.

use crate::vary::grid::{Amount, Grid};

/// How many rates a range has that says nothing else.
pub const RATES_DEFAULT: usize = 20;

/// Error rates: rising, without repetition, 0 to 1 each, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates(Vec<f64>);

impl Rates {
    /// Reads a range or a list, such as `0.5%..10%`, `0%..5%/0.5%` or `0.1%,1%,0.05`; see [`Grid::parse`].
    ///
    /// # Errors
    ///
    /// Says in a few words what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let grid = Grid::parse(text, RATES_DEFAULT)?;
        let rates: Result<Vec<f64>, String> =
            grid.values().iter().map(|amount| rate(*amount)).collect();
        let mut rates = rates?;
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        Ok(Self(rates))
    }

    /// Reads a single rate: `0.1%` or `0.001`.
    ///
    /// # Errors
    ///
    /// Says in a few words what is wrong.
    pub fn parse_one(text: &str) -> Result<f64, String> {
        rate(Amount::parse(text)?)
    }

    /// The rates.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.0
    }
}

fn rate(amount: Amount) -> Result<f64, String> {
    let share = match amount {
        Amount::Duration(_) => None,
        _ => Some(amount.size()).filter(|share| (0.0..=1.0).contains(share)),
    };
    // Adding 0 takes the sign from a zero.
    let share = share.map(|share| share + 0.0);
    share.ok_or_else(|| format!("{amount} is no error rate: write 0% to 100%, such as 0.5%"))
}

/// A rate in percent, as one writes it: `0.5%`. Beyond ten digits it is rounded.
#[must_use]
pub fn shown(rate: f64) -> String {
    let rounded = format!("{:.9e}", rate * 100.0).parse().unwrap_or(f64::NAN);
    Amount::Percent(rounded).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_and_are_shares() {
        let rates = Rates::parse("5%,0.01,0,5%").expect_err("two kinds");
        assert_eq!(rates, "percentages and numbers do not go together");
        let rates = Rates::parse("5%,1%,0%,5%").expect("rates");
        assert_eq!(rates.values(), [0.0, 0.01, 0.05]);
        let rates = Rates::parse("0.5%..10%").expect("rates");
        assert_eq!(rates.values().len(), RATES_DEFAULT);
        assert_eq!(Rates::parse_one("0.001"), Ok(0.001));
        for text in ["101%", "-1%", "2", "5s", "0..1s"] {
            assert!(Rates::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_shown_as_they_are_written() {
        for text in ["0%", "0.585%", "7%", "12.34567%", "100%"] {
            let rate = Rates::parse_one(text).expect("a rate");
            assert_eq!(shown(rate), text);
        }
    }
}
