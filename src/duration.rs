//! Durations as Go reads and prints them.
//!
//! Knows `time.ParseDuration` and `Duration.String` of Go's standard library: signed 64-bit
//! nanoseconds, with the texts of its errors. Refuses to know calendars: there are no days.

use std::fmt::{self, Write};

/// One microsecond \[ns\].
pub const MICROSECOND: i64 = 1_000;
/// One millisecond \[ns\].
pub const MILLISECOND: i64 = 1_000 * MICROSECOND;
/// One second \[ns\].
pub const SECOND: i64 = 1_000 * MILLISECOND;
/// One minute \[ns\].
pub const MINUTE: i64 = 60 * SECOND;
/// One hour \[ns\].
pub const HOUR: i64 = 60 * MINUTE;

/// Why a text is no duration, worded as Go words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// Not the shape of a duration, or out of range.
    Invalid {
        /// The whole text.
        text: String,
    },
    /// A number without a unit behind it.
    MissingUnit {
        /// The whole text.
        text: String,
    },
    /// A unit that Go does not know, such as `d`.
    UnknownUnit {
        /// The unit.
        unit: String,
        /// The whole text.
        text: String,
    },
}

impl fmt::Display for DurationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DurationError::Invalid { text } => {
                write!(formatter, "time: invalid duration {}", Quoted(text))
            }
            DurationError::MissingUnit { text } => {
                write!(formatter, "time: missing unit in duration {}", Quoted(text))
            }
            DurationError::UnknownUnit { unit, text } => {
                let (unit, text) = (Quoted(unit), Quoted(text));
                write!(formatter, "time: unknown unit {unit} in duration {text}")
            }
        }
    }
}

impl std::error::Error for DurationError {}

/// A duration \[ns\], printed as Go prints it: `1h30m0s`, `1.5s`, `0s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Printed(pub i64);

/// Reads a duration such as `1h30m` or `-1.5s` \[ns\], as Go's `time.ParseDuration` does.
///
/// # Errors
///
/// Refuses what Go refuses, in Go's words: a number without unit (except `0`), an unknown unit,
/// anything else that is not a sequence of numbers with units, and what does not fit into 64 bits.
pub fn parse(text: &str) -> Result<i64, DurationError> {
    let invalid = || DurationError::Invalid {
        text: text.to_owned(),
    };
    let (negative, mut rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after_whole) = leading_integer(rest).ok_or_else(invalid)?;
        let mut digits = rest.len() - after_whole.len();
        rest = after_whole;
        let mut fraction = Fraction {
            value: 0,
            scale: 1.0,
        };
        if let Some(after_point) = rest.strip_prefix('.') {
            let (read, after_fraction) = leading_fraction(after_point);
            digits += after_point.len() - after_fraction.len();
            (fraction, rest) = (read, after_fraction);
        }
        if digits == 0 {
            return Err(invalid());
        }
        let end = rest
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (name, after_unit) = rest.split_at(end);
        if name.is_empty() {
            return Err(DurationError::MissingUnit {
                text: text.to_owned(),
            });
        }
        let unit = unit(name).ok_or_else(|| DurationError::UnknownUnit {
            unit: name.to_owned(),
            text: text.to_owned(),
        })?;
        let part = fraction.add_to(whole, unit).ok_or_else(invalid)?;
        // Go adds in 64 bits and looks at the sum afterwards, so that twice 2^63 counts as nothing.
        total = total.wrapping_add(part);
        if LIMIT < total {
            return Err(invalid());
        }
        rest = after_unit;
    }
    if negative {
        return Ok(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// Reads a decimal number of 32 bits as Go's `strconv.ParseInt(text, 10, 32)` does; `None` where it
/// errs.
#[must_use]
pub fn parse_int32(text: &str) -> Option<i32> {
    // Both take one sign and ASCII digits only, and nothing else.
    text.parse().ok()
}

/// Whole seconds of a duration \[ns\], as Go's `int32(duration.Seconds())` on x86-64: the fraction
/// is cut off, and what does not fit into 32 bits becomes the smallest number.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "Go rounds through float64, and the range is checked"
)]
#[must_use]
pub fn seconds_int32(nanoseconds: i64) -> i32 {
    let seconds = (nanoseconds / SECOND) as f64 + (nanoseconds % SECOND) as f64 / 1e9;
    let fits = f64::from(i32::MIN) - 1.0 < seconds && seconds < f64::from(i32::MAX) + 1.0;
    if fits { seconds as i32 } else { i32::MIN }
}

/// As Go's `Duration.String`.
impl fmt::Display for Printed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        if self.0 < 0 {
            formatter.write_char('-')?;
        }
        match magnitude {
            0 => return formatter.write_str("0s"),
            1..1_000 => return write!(formatter, "{magnitude}ns"),
            1_000..1_000_000 => return write_decimal(formatter, magnitude, 3, "µs"),
            1_000_000..1_000_000_000 => return write_decimal(formatter, magnitude, 6, "ms"),
            _ => {}
        }
        let minutes = magnitude / MINUTE.unsigned_abs();
        if 60 <= minutes {
            write!(formatter, "{}h", minutes / 60)?;
        }
        if 0 < minutes {
            write!(formatter, "{}m", minutes % 60)?;
        }
        write_decimal(formatter, magnitude % MINUTE.unsigned_abs(), 9, "s")
    }
}

/// The magnitude of the smallest number of 64 bits, beyond which Go gives up.
const LIMIT: u64 = 1 << 63;

/// Digits behind the point: `value / scale` of a unit.
struct Fraction {
    value: u64,
    scale: f64,
}

impl Fraction {
    /// `whole` units and this fraction of one \[ns\], `None` beyond the limit. Go computes the
    /// fraction in floating point and cuts it off.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "Go's own arithmetic; the result is positive and below one unit"
    )]
    fn add_to(&self, whole: u64, unit: u64) -> Option<u64> {
        if LIMIT / unit < whole {
            return None;
        }
        let mut nanoseconds = whole * unit;
        if 0 < self.value {
            nanoseconds += (self.value as f64 * (unit as f64 / self.scale)) as u64;
        }
        (nanoseconds <= LIMIT).then_some(nanoseconds)
    }
}

/// The digits at the front as a number and the rest; `None` beyond the limit.
fn leading_integer(text: &str) -> Option<(u64, &str)> {
    let mut number = 0_u64;
    let mut rest = text.as_bytes();
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        if LIMIT / 10 < number {
            return None;
        }
        number = number * 10 + u64::from(digit - b'0');
        if LIMIT < number {
            return None;
        }
        rest = after;
    }
    Some((number, &text[text.len() - rest.len()..]))
}

/// The digits at the front as a fraction and the rest; digits that do not fit are dropped.
fn leading_fraction(text: &str) -> (Fraction, &str) {
    let mut fraction = Fraction {
        value: 0,
        scale: 1.0,
    };
    let mut full = false;
    let mut rest = text.as_bytes();
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        rest = after;
        full |= (LIMIT - 1) / 10 < fraction.value;
        if full {
            continue;
        }
        let next = fraction.value * 10 + u64::from(digit - b'0');
        full = LIMIT < next;
        if !full {
            fraction = Fraction {
                value: next,
                scale: fraction.scale * 10.0,
            };
        }
    }
    (fraction, &text[text.len() - rest.len()..])
}

/// Length of a unit \[ns\]. Both signs for micro are accepted, U+00B5 and U+03BC.
fn unit(name: &str) -> Option<u64> {
    let nanoseconds = match name {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return None,
    };
    Some(nanoseconds.unsigned_abs())
}

/// Writes `magnitude / 10^places` without trailing zeroes behind the point, and the unit.
fn write_decimal(
    formatter: &mut fmt::Formatter<'_>,
    magnitude: u64,
    places: u32,
    unit: &str,
) -> fmt::Result {
    let scale = 10_u64.pow(places);
    write!(formatter, "{}", magnitude / scale)?;
    let fraction = magnitude % scale;
    if 0 < fraction {
        let digits = format!("{fraction:0width$}", width = places as usize);
        write!(formatter, ".{}", digits.trim_end_matches('0'))?;
    }
    formatter.write_str(unit)
}

/// A text in quotes as Go's package `time` prints it in errors: bytes outside printable ASCII in
/// hexadecimal.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_char('"')?;
        for byte in self.0.bytes() {
            match byte {
                b'"' | b'\\' => write!(formatter, "\\{}", char::from(byte))?,
                b' '..=0x7f => formatter.write_char(char::from(byte))?,
                _ => write!(formatter, "\\x{byte:02x}")?,
            }
        }
        formatter.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Go says about 41 texts: the text in quotes, a tab, nanoseconds or `ERR`.
    const GOLDEN: &str = include_str!("../tests/corpus/expr/go-duration-golden.tsv");

    #[test]
    fn every_golden_text_is_read_as_go_reads_it() {
        for line in GOLDEN.lines() {
            let (quoted, answer) = line.split_once('\t').expect("two columns");
            let text = quoted.trim_matches('"');
            let ours = parse(text).map_or_else(|_| "ERR".to_owned(), |ns| ns.to_string());
            assert_eq!(ours, answer, "{quoted}");
        }
        assert_eq!(GOLDEN.lines().count(), 41);
    }

    #[test]
    fn errors_are_worded_as_go_words_them() {
        for (text, error) in [
            ("x", r#"time: invalid duration "x""#),
            ("", r#"time: invalid duration """#),
            ("60", r#"time: missing unit in duration "60""#),
            ("1d", r#"time: unknown unit "d" in duration "1d""#),
            (
                "1é\"",
                r#"time: unknown unit "\xc3\xa9\"" in duration "1\xc3\xa9\"""#,
            ),
            ("1m30", r#"time: missing unit in duration "1m30""#),
        ] {
            assert_eq!(parse(text).expect_err(text).to_string(), error);
        }
    }

    #[test]
    fn sums_wrap_around_where_go_lets_them() {
        assert_eq!(parse("9223372036854775808ns9223372036854775808ns"), Ok(0));
        assert_eq!(parse("-9223372036854775808ns"), Ok(i64::MIN));
        assert!(parse("9223372036854775808ns").is_err());
    }

    #[test]
    fn durations_are_printed_as_go_prints_them() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (480_000_000_001, "8m0.000000001s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(Printed(nanoseconds).to_string(), text);
            assert_eq!(parse(text), Ok(nanoseconds));
        }
    }

    #[test]
    fn seconds_are_cut_off_and_overflow_to_the_smallest_number() {
        for (text, seconds) in [
            ("1.9s", 1),
            ("-1.5s", -1),
            ("596523h14m7s", i32::MAX),
            ("596523h14m8s", i32::MIN),
            ("596523h14m7.9999999s", i32::MIN),
            ("-600000h", i32::MIN),
        ] {
            assert_eq!(seconds_int32(parse(text).expect(text)), seconds, "{text}");
        }
    }
}
