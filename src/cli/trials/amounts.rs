//! Numbers on the command line of `coalmine trials`.

use crate::trials::Shard;

/// A number of runs: `100000`, `100_000` or `1e6`.
pub(in crate::cli) fn parse_runs(text: &str) -> Result<u64, String> {
    const MOST: f64 = 1e15;
    let plain = text.replace('_', "");
    let whole = plain.parse::<u64>().ok();
    let runs = whole.or_else(|| {
        let number: f64 = plain.parse().ok()?;
        let is_whole = (1.0..=MOST).contains(&number) && number.fract() == 0.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole, and in range"
        )]
        is_whole.then_some(number as u64)
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and in range"
    )]
    let most = MOST as u64;
    runs.filter(|runs| (1..=most).contains(runs))
        .ok_or_else(|| "must be a whole number from 1 to 1e15, such as 100000 or 1e5".to_owned())
}

/// A seed: any whole number of 64 bits.
pub(in crate::cli) fn parse_seed(text: &str) -> Result<u64, String> {
    let seed = text.parse();
    seed.map_err(|_| format!("must be a whole number from 0 to {}", u64::MAX))
}

/// A share: `0.5%` or `0.005`.
pub(in crate::cli) fn parse_precision(text: &str) -> Result<f64, String> {
    let (digits, unit) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim_end(), 0.01),
        None => (text, 1.0),
    };
    let share = digits.parse::<f64>().ok().map(|number| number * unit);
    share
        .filter(|share| (1e-6..=0.5).contains(share))
        .ok_or_else(|| "must be between 0.0001% and 50%, such as 0.5%".to_owned())
}

/// Part k of n, counted from 1: `3/16`.
pub(in crate::cli) fn parse_shard(text: &str) -> Result<Shard, String> {
    let shard = text.split_once('/').and_then(|(number, count)| {
        let number: u32 = number.trim().parse().ok()?;
        Some(Shard {
            index: number.checked_sub(1)?,
            count: count.trim().parse().ok()?,
        })
    });
    shard.filter(|shard| shard.is_valid()).ok_or_else(|| {
        let most = Shard::COUNT_MAX;
        format!("must be K/N with 1 <= K <= N <= {most}, such as 3/16")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_whole_numbers_in_any_notation() {
        for (text, runs) in [
            ("1", Some(1)),
            ("100_000", Some(100_000)),
            ("1e6", Some(1_000_000)),
        ] {
            assert_eq!(parse_runs(text).ok(), runs, "{text}");
        }
        for text in ["0", "-1", "1.5", "1e16", "nan", "", "99999999999999999999"] {
            assert_eq!(parse_runs(text).ok(), None, "{text}");
        }
    }

    #[test]
    fn a_precision_is_a_share_or_a_percentage() {
        assert_eq!(parse_precision("0.5%"), Ok(0.005));
        assert_eq!(parse_precision("0.01"), Ok(0.01));
        for text in ["0", "60%", "x", "nan%", ""] {
            assert!(parse_precision(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shards_count_from_one() {
        assert_eq!(
            parse_shard("3/16"),
            Ok(Shard {
                index: 2,
                count: 16
            })
        );
        for text in ["0/16", "17/16", "3", "1/0", "1/200000", "/"] {
            assert!(parse_shard(text).is_err(), "{text}");
        }
    }
}
