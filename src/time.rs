//! Virtual time: instants and lengths as 64-bit nanoseconds.
//!
//! Knows: integer arithmetic and Kubernetes' habit of storing whole seconds.
//! Refuses to know: what happens at an instant, calendars, the wall clock.
//!
//! An instant counts from the moment the manifest is applied (t = 0). What happened before (the deployment of the stable
//! revision) has negative times. Both types saturate instead of wrapping: a time nobody will reach is as good as the last one.

use std::fmt;
use std::ops::{Add, Sub};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A signed length of virtual time \[ns\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delta(i64);

/// An instant of virtual time [ns since t = 0].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(i64);

impl Delta {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A length of `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A length of `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A length of `seconds` whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// A length of `seconds`, rounded to nanoseconds and kept in range.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a conversion to an integer saturates"
    )]
    pub fn of_seconds(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as i64)
    }

    /// The length \[ns\].
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The length \[s\], for arithmetic that upstream does in floating point and for display.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "Go's Duration.Seconds rounds in the same way"
    )]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl SimTime {
    /// The moment the manifest is applied.
    pub const ZERO: Self = Self(0);
    /// Later than every event.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant `nanos` nanoseconds after t = 0.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The instant `seconds` whole seconds after t = 0.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since t = 0.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since t = 0, rounded down.
    #[must_use]
    pub const fn whole_secs(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// The instant as the API stores it: RFC 3339 without a fraction (`metav1.Time`).
    #[must_use]
    pub const fn stored(self) -> Self {
        Self(self.0 - self.0.rem_euclid(NANOS_PER_SECOND))
    }
}

impl Add for Delta {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Delta {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add<Delta> for SimTime {
    type Output = Self;

    fn add(self, length: Delta) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl Sub for SimTime {
    type Output = Delta;

    fn sub(self, earlier: Self) -> Delta {
        Delta(self.0.saturating_sub(earlier.0))
    }
}

/// `1h2m3s`, `45s`, `1.5s`: hours, minutes and seconds, without the parts that are zero.
impl fmt::Display for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let whole = nanos / NANOS_PER_SECOND.unsigned_abs();
        let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
        let millis = nanos / 1_000_000 % 1000;
        if 0 < hours {
            write!(f, "{hours}h")?;
        }
        if 0 < minutes {
            write!(f, "{minutes}m")?;
        }
        if 0 < millis {
            let fraction = format!("{millis:03}");
            write!(f, "{seconds}.{}s", fraction.trim_end_matches('0'))
        } else if 0 < seconds || whole == 0 {
            write!(f, "{seconds}s")
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Delta(self.0), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_times_lose_their_fraction_also_before_zero() {
        assert_eq!(
            SimTime::from_nanos(1_999_999_999).stored(),
            SimTime::from_secs(1)
        );
        assert_eq!(SimTime::from_nanos(-1).stored(), SimTime::from_secs(-1));
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(SimTime::MAX + Delta::from_secs(1), SimTime::MAX);
        assert_eq!(Delta::from_secs(i64::MAX).nanos(), i64::MAX);
    }

    #[test]
    fn lengths_read_like_the_durations_people_write() {
        for (nanos, text) in [
            (0, "0s"),
            (45_000_000_000, "45s"),
            (60_000_000_000, "1m"),
            (3_723_000_000_000, "1h2m3s"),
            (1_500_000_000, "1.5s"),
            (-2_000_000_000, "-2s"),
        ] {
            assert_eq!(Delta::from_nanos(nanos).to_string(), text);
        }
    }
}
