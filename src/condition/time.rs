//! Points in time and durations: `now()`, `date(..)`, `duration(..)` and their methods.
//!
//! Knows Go's texts and duration grammar ([`crate::calendar`] knows dates). Refuses to know what time it is: the caller
//! says so. Follows Go's package `time`.
//!
//! Simplifications: no time zone database (zones are fixed offsets, unnamed but for UTC), no
//! monotonic clock.

use std::fmt::Write;

use crate::calendar::{self, DAY_SECONDS, Date};

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    /// Since 1970 \[s\].
    pub(super) seconds: i64,
    /// Of the second, `0..=999_999_999` \[ns\].
    pub(super) nanos: u32,
    /// Of the zone the time is shown in, positive to the east \[s\].
    pub(super) offset: i32,
}

/// A point in time on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// 1..=12
    pub(super) month: i64,
    /// 1..=31
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
}

const SECOND_NANOS: i64 = 1_000_000_000;
const MINUTE_NANOS: i64 = 60 * SECOND_NANOS;
const HOUR_NANOS: i64 = 60 * MINUTE_NANOS;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

impl Time {
    pub(super) fn utc(seconds: i64, nanos: u32) -> Self {
        Self {
            seconds,
            nanos,
            offset: 0,
        }
    }

    /// The time on the wall `offset` seconds east of Greenwich. Values out of range carry over.
    pub(super) fn from_civil(civil: Civil, nanos: u32, offset: i32) -> Self {
        let months = civil.year * 12 + civil.month - 1;
        let first = calendar::first_of(months.div_euclid(12), months.rem_euclid(12) + 1);
        let days = first + civil.day - 1;
        let clock = civil.hour * 3600 + civil.minute * 60 + civil.second;
        Self {
            seconds: days * DAY_SECONDS + clock - i64::from(offset),
            nanos,
            offset,
        }
    }

    pub(super) fn civil(self) -> Civil {
        let local = self.seconds + i64::from(self.offset);
        let (days, clock) = (local.div_euclid(DAY_SECONDS), local.rem_euclid(DAY_SECONDS));
        let Date { year, month, day } = Date::of_day(days);
        Civil {
            year,
            month,
            day,
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
        }
    }

    /// 0..=6 from Sunday.
    pub(super) fn weekday(self) -> u8 {
        let days = (self.seconds + i64::from(self.offset)).div_euclid(DAY_SECONDS);
        u8::try_from(calendar::weekday(days)).unwrap_or_default()
    }

    /// 1..=366
    pub(super) fn year_day(self) -> i64 {
        let days = (self.seconds + i64::from(self.offset)).div_euclid(DAY_SECONDS);
        Date::of_day(days).of_year()
    }

    #[must_use]
    pub(super) fn add(self, duration: i64) -> Self {
        let nanos = i64::from(self.nanos) + duration.rem_euclid(SECOND_NANOS);
        let seconds = duration.div_euclid(SECOND_NANOS) + nanos / SECOND_NANOS;
        Self {
            seconds: self.seconds.saturating_add(seconds),
            nanos: u32::try_from(nanos % SECOND_NANOS).unwrap_or_default(),
            ..self
        }
    }

    /// The time since `earlier` \[ns\], or as much of it as fits.
    pub(super) fn since(self, earlier: Self) -> i64 {
        let seconds = i128::from(self.seconds) - i128::from(earlier.seconds);
        let nanos = i128::from(self.nanos) - i128::from(earlier.nanos);
        let total = seconds * i128::from(SECOND_NANOS) + nanos;
        i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX })
    }

    /// Seconds and nanoseconds: what decides order and equality, zone aside.
    pub(super) fn instant(self) -> (i64, u32) {
        (self.seconds, self.nanos)
    }

    /// `2024-01-31 12:00:00.5 +0000 UTC`
    pub(super) fn to_go_string(self) -> String {
        let layout = match self.offset {
            0 => "2006-01-02 15:04:05.999999999 -0700 UTC",
            _ => "2006-01-02 15:04:05.999999999 -0700 -0700",
        };
        super::layout::format(self, layout)
    }

    pub(super) fn to_rfc3339(self) -> String {
        super::layout::format(self, "2006-01-02T15:04:05.999999999Z07:00")
    }
}

pub(super) fn month_name(month: u8) -> &'static str {
    MONTHS
        .get(usize::from(month).wrapping_sub(1))
        .copied()
        .unwrap_or("%!Month")
}

pub(super) fn weekday_name(day: u8) -> &'static str {
    WEEKDAYS
        .get(usize::from(day))
        .copied()
        .unwrap_or("%!Weekday")
}

/// A text in a message of Go's package `time`, which escapes by bytes.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for b in text.bytes() {
        match b {
            b'"' | b'\\' => out.extend(['\\', char::from(b)]),
            b' '..=b'~' => out.push(char::from(b)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\x{b:02x}");
            }
        }
    }
    out.push('"');
    out
}

/// The first duration too long for Go \[ns\], but for a negative one.
const LIMIT: u64 = 1 << 63;

/// `time.ParseDuration` \[ns\].
pub(super) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Ok(0);
    }
    if unsigned.is_empty() {
        return Err(invalid());
    }
    let mut rest = unsigned;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after_whole) = digits(rest);
        let (fraction, after) = match after_whole.strip_prefix('.') {
            Some(tail) => digits(tail),
            None => ("", after_whole),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let unit_end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let unit = &after[..unit_end];
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let scale = unit_nanos(unit).ok_or_else(|| {
            format!(
                "time: unknown unit {} in duration {}",
                quote(unit),
                quote(text)
            )
        })?;
        let whole: u64 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| invalid())?
        };
        let part = whole
            .checked_mul(scale)
            .filter(|part| *part <= LIMIT)
            .ok_or_else(invalid)?;
        total += part + fraction_of(fraction, scale);
        if LIMIT < total {
            return Err(invalid());
        }
        rest = &after[unit_end..];
    }
    if text.starts_with('-') {
        return Ok(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

/// `0.digits` times `scale`, rounded down.
fn fraction_of(digits: &str, scale: u64) -> u64 {
    let (mut value, mut divisor) = (0_u64, 1_u64);
    for b in digits.bytes().take(18) {
        value = value * 10 + u64::from(b - b'0');
        divisor *= 10;
    }
    u64::try_from(u128::from(value) * u128::from(scale) / u128::from(divisor)).unwrap_or_default()
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// A duration as Go prints it: `1h0m0.5s`.
pub(super) fn duration_text(nanos: i64) -> String {
    if nanos == 0 {
        return "0s".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let total = nanos.unsigned_abs();
    let decimal = |scale: u64| {
        let digits = scale.ilog10() as usize;
        let fraction = format!("{:0digits$}", total % scale);
        let fraction = if digits == 0 {
            ""
        } else {
            fraction.trim_end_matches('0')
        };
        let point = if fraction.is_empty() { "" } else { "." };
        (total / scale, format!("{point}{fraction}"))
    };
    if total < 1_000_000_000 {
        let (scale, unit) = match total {
            ..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        let (whole, fraction) = decimal(scale);
        return format!("{sign}{whole}{fraction}{unit}");
    }
    let (seconds, fraction) = decimal(1_000_000_000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let tail = format!("{}{fraction}s", seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{tail}"),
        (0, _) => format!("{sign}{minutes}m{tail}"),
        _ => format!("{sign}{hours}h{minutes}m{tail}"),
    }
}

/// A duration in hours, minutes or seconds, as exact as Go's `Hours` and its like.
pub(super) fn duration_in(nanos: i64, unit: i64) -> f64 {
    super::number::widen(nanos / unit)
        + super::number::widen(nanos % unit) / super::number::widen(unit)
}

pub(super) const UNITS: [(&str, i64); 3] = [
    ("Hours", HOUR_NANOS),
    ("Minutes", MINUTE_NANOS),
    ("Seconds", SECOND_NANOS),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_knows_leap_years() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 +0000 UTC"),
            (951_782_400, "2000-02-29 00:00:00 +0000 UTC"),
            (-1, "1969-12-31 23:59:59 +0000 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 +0000 UTC"),
        ] {
            let time = Time::utc(seconds, 0);
            assert_eq!(time.to_go_string(), text);
            assert_eq!(Time::from_civil(time.civil(), 0, 0), time);
        }
        assert_eq!(Time::utc(0, 0).weekday(), 4);
        assert_eq!(Time::utc(951_782_400, 0).year_day(), 60);
    }

    #[test]
    fn durations_are_read_and_printed_as_in_go() {
        for (text, nanos, printed) in [
            ("1h", HOUR_NANOS, "1h0m0s"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("-1m30s", -90_000_000_000, "-1m30s"),
            ("100ms", 100_000_000, "100ms"),
            ("1µs", 1_000, "1µs"),
            ("0", 0, "0s"),
            ("7ns", 7, "7ns"),
        ] {
            assert_eq!(parse_duration(text), Ok(nanos));
            assert_eq!(duration_text(nanos), printed);
        }
        for text in ["", "1", "1d", ".s", "9223372036854775808ns", "-"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn adding_a_negative_duration_goes_back() {
        let time = Time::utc(10, 0).add(-1);
        assert_eq!(time.instant(), (9, 999_999_999));
        assert_eq!(time.since(Time::utc(10, 0)), -1);
    }
}
