//! Numbers as Go reads, converts and raises them.
//!
//! Follows Go's `strconv` (what a number may look like), its conversion of floats to integers on
//! amd64 and arm64-independent `math.Pow` (whose last digit is not that of libm).

/// `int64(value)` as compiled for amd64: towards zero, and the smallest integer for whatever does
/// not fit.
pub(super) fn truncate(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "in range; the fraction is to go"
        )]
        let whole = value as i64;
        whole
    } else {
        i64::MIN
    }
}

/// `float64(value)`: the nearest.
#[expect(clippy::cast_precision_loss, reason = "the conversion Go makes")]
pub(super) fn widen(value: i64) -> f64 {
    value as f64
}

/// `strconv.ParseInt(text, 10, 64)`.
pub(super) fn parse_int(text: &str) -> Result<i64, String> {
    parse_int_named("ParseInt", text)
}

/// The same under the name of another function (`Atoi`).
pub(super) fn parse_int_named(function: &str, text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(syntax(function, text));
    }
    text.parse().map_err(|_| out_of_range(function, text))
}

/// `strconv.ParseInt(text, 0, 64)` for a literal `0x`, `0o` or `0b` without sign and underscores.
pub(super) fn parse_prefixed(text: &str) -> Result<i64, String> {
    let radix = match text.as_bytes().get(1) {
        Some(b'x' | b'X') => 16,
        Some(b'o' | b'O') => 8,
        _ => 2,
    };
    let digits = text.get(2..).unwrap_or_default();
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(syntax("ParseInt", text));
    }
    i64::from_str_radix(digits, radix).map_err(|_| out_of_range("ParseInt", text))
}

/// `strconv.ParseFloat(text, 64)`.
pub(super) fn parse_float(text: &str) -> Result<f64, String> {
    let failed = || syntax("ParseFloat", text);
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'+') => (false, &text[1..]),
        Some(b'-') => (true, &text[1..]),
        _ => (false, text),
    };
    let signed = |value: f64| if negative { -value } else { value };
    if ["inf", "infinity"]
        .iter()
        .any(|name| unsigned.eq_ignore_ascii_case(name))
    {
        return Ok(signed(f64::INFINITY));
    }
    if text.eq_ignore_ascii_case("nan") {
        return Ok(f64::NAN);
    }
    let lower = unsigned.to_ascii_lowercase();
    if !underscores_separate_digits(&lower) {
        return Err(failed());
    }
    let plain = lower.replace('_', "");
    let value = match plain.strip_prefix("0x") {
        Some(hex) => hexadecimal(hex),
        None if is_decimal(&plain) => plain.parse().ok(),
        None => None,
    };
    let value: f64 = value.ok_or_else(failed)?;
    if value.is_infinite() {
        return Err(out_of_range("ParseFloat", text));
    }
    Ok(signed(value))
}

/// `math.Pow`: by squaring, with the exponents kept apart.
#[expect(clippy::float_cmp, reason = "the special cases are exact")]
pub(super) fn power(base: f64, exponent: f64) -> f64 {
    let special = exponent == 0.0
        || base == 0.0
        || base == 1.0
        || !base.is_finite()
        || !exponent.is_finite()
        || (base < 0.0 && exponent.fract() != 0.0)
        || 9.0e18 <= exponent.abs();
    if special {
        return base.powf(exponent);
    }
    if exponent == 0.5 {
        return base.sqrt();
    }
    if exponent == -0.5 {
        return 1.0 / base.sqrt();
    }
    let mut whole = exponent.abs().trunc();
    let mut fraction = exponent.abs().fract();
    let mut result = 1.0;
    let mut result_exponent: i64 = 0;
    if fraction != 0.0 {
        if 0.5 < fraction {
            fraction -= 1.0;
            whole += 1.0;
        }
        result = (fraction * base.ln()).exp();
    }
    let (mut square, mut square_exponent) = split(base);
    let mut remaining = truncate(whole);
    while remaining != 0 {
        if 1 << 12 < square_exponent.abs() {
            result_exponent += square_exponent;
            break;
        }
        if remaining & 1 == 1 {
            result *= square;
            result_exponent += square_exponent;
        }
        square *= square;
        square_exponent <<= 1;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        remaining >>= 1;
    }
    if exponent < 0.0 {
        result = 1.0 / result;
        result_exponent = -result_exponent;
    }
    scale(result, result_exponent)
}

fn syntax(function: &str, text: &str) -> String {
    format!(
        "strconv.{function}: parsing {}: invalid syntax",
        super::format::quote(text)
    )
}

fn out_of_range(function: &str, text: &str) -> String {
    format!(
        "strconv.{function}: parsing {}: value out of range",
        super::format::quote(text)
    )
}

fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_is_fine = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent_is_fine
}

/// Each underscore stands between two digits, or between a base prefix and a digit.
fn underscores_separate_digits(lower: &str) -> bool {
    let (body, hex) = match lower.strip_prefix("0x") {
        Some(body) => (body, true),
        None => (lower, false),
    };
    let is_digit = |b: Option<&u8>| {
        b.is_some_and(|b| {
            if hex {
                b.is_ascii_hexdigit()
            } else {
                b.is_ascii_digit()
            }
        })
    };
    let bytes = body.as_bytes();
    bytes.iter().enumerate().all(|(i, b)| {
        let after_digit = if i == 0 {
            hex
        } else {
            is_digit(bytes.get(i - 1))
        };
        *b != b'_' || (after_digit && is_digit(bytes.get(i + 1)))
    })
}

/// The number after `0x`: hexadecimal mantissa and a binary exponent, which must be there.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if (whole.is_empty() && fraction.is_empty())
        || unsigned.is_empty()
        || !unsigned.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    // 15 digits are exact enough to round once; what follows only breaks ties.
    let (mut value, mut shift): (u64, i64) = (0, 0);
    for (i, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(c.to_digit(16)?);
        let in_fraction = whole.len() <= i;
        if value >> 59 == 0 {
            value = value << 4 | digit;
            shift -= if in_fraction { 4 } else { 0 };
        } else {
            value |= u64::from(digit != 0);
            shift += if in_fraction { 0 } else { 4 };
        }
    }
    let limit = 1_000_000;
    let power = unsigned.parse::<i64>().unwrap_or(limit).min(limit);
    let power = if exponent.starts_with('-') {
        -power
    } else {
        power
    };
    #[expect(clippy::cast_precision_loss, reason = "this is the rounding")]
    let mantissa = value as f64;
    Some(scale(mantissa, power + shift))
}

/// A finite number as mantissa in 0.5..1 and exponent of two.
fn split(value: f64) -> (f64, i64) {
    if value == 0.0 {
        return (value, 0);
    }
    let (value, lift) = if value.abs() < f64::MIN_POSITIVE {
        (value * 2f64.powi(60), -60)
    } else {
        (value, 0)
    };
    let bits = value.to_bits();
    let exponent = i64::try_from(bits >> 52 & 0x7FF).unwrap_or_default() - 1022;
    (
        f64::from_bits(bits & !(0x7FF << 52) | 1022 << 52),
        exponent + lift,
    )
}

/// `value` times two to the power of `exponent`, rounded once at most.
fn scale(value: f64, exponent: i64) -> f64 {
    let (mantissa, own) = split(value);
    let step = |exponent: i64| 2f64.powi(i32::try_from(exponent).unwrap_or_default());
    match own.saturating_add(exponent) {
        1025.. => mantissa * f64::INFINITY,
        total @ -1021..=1024 => mantissa * 2.0 * step(total - 1),
        total @ -1100..-1021 => mantissa * step(-500) * step(total + 500),
        _ => mantissa * 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_becomes_the_smallest_integer() {
        assert_eq!(truncate(-1.9), -1);
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 9.3e18] {
            assert_eq!(truncate(value), i64::MIN);
        }
    }

    #[test]
    fn floats_are_read_as_in_go() {
        for (text, value) in [
            ("1.1", 1.1),
            ("+Inf", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("1_000", 1000.0),
            ("0x1_0p1", 32.0),
            ("0x.8p0", 0.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e-400", 0.0),
        ] {
            assert_eq!(parse_float(text), Ok(value), "{text}");
        }
        for text in ["", ".", "1e", "0x1", "_1", "1__0", "1 ", "-nan", "e5"] {
            let message = format!("strconv.ParseFloat: parsing {text:?}: invalid syntax");
            assert_eq!(parse_float(text), Err(message));
        }
        let message = "strconv.ParseFloat: parsing \"1e400\": value out of range";
        assert_eq!(parse_float("1e400"), Err(message.to_owned()));
    }

    #[test]
    fn integers_are_read_as_in_go() {
        assert_eq!(parse_int("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(parse_prefixed("0xfF"), Ok(255));
        let message = "strconv.ParseInt: parsing \"1.1\": invalid syntax";
        assert_eq!(parse_int("1.1"), Err(message.to_owned()));
    }

    #[test]
    fn powers_are_those_of_go() {
        for (base, exponent, expected) in [
            (2.0, 10.0, 1024.0_f64),
            (2.0, -1074.0, 5e-324),
            (10.0, 308.0, 1.000_000_000_000_000_6e308),
            (-2.0, 3.0, -8.0),
            (10.0, 400.0, f64::INFINITY),
        ] {
            assert_eq!(
                power(base, exponent).to_bits(),
                expected.to_bits(),
                "{base} ** {exponent}"
            );
        }
        assert!(power(-2.0, 0.5).is_nan());
    }
}
