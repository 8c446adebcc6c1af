//! What a plain scalar means: the rules of Kubernetes' reader.
//!
//! Knows YAML 1.1 as `sigs.k8s.io/yaml` resolves it (go-yaml v2, `resolve.go: resolve`), followed
//! by its way through JSON: `yes` is true, `010` is 8, `20.0` is 20. Refuses to know quotes, which
//! make everything a text. Simplifies nothing that was observed with `kubectl`.

use super::tree::Content;

/// What a plain scalar means, `None` for a text.
pub(crate) fn resolve(plain: &str) -> Option<Content> {
    match plain {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Content::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some(Content::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some(Content::Bool(false));
        }
        ".nan" | ".NaN" | ".NAN" => return Some(Content::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Some(Content::Float(f64::INFINITY));
        }
        "-.inf" | "-.Inf" | "-.INF" => return Some(Content::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    match plain.as_bytes()[0] {
        b'+' | b'-' | b'0'..=b'9' => number(&plain.replace('_', "")),
        b'.' => float(plain),
        _ => None,
    }
}

/// Reads a number whose underscores are gone.
fn number(text: &str) -> Option<Content> {
    integer(text).or_else(|| float(text))
}

/// As Go's `strconv.ParseInt(text, 0, 64)` and `ParseUint` do: a prefix gives the base, a leading
/// zero means octal.
fn integer(text: &str) -> Option<Content> {
    let (negative, digits) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let (base, digits) = match prefix.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ if 1 < digits.len() && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(base)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Content::Int);
    }
    let large = Content::Large(magnitude);
    Some(i64::try_from(magnitude).map_or(large, Content::Int))
}

/// A decimal number with point or exponent. A whole one reaches Kubernetes as an integer, because
/// Go writes it to JSON without its point.
fn float(text: &str) -> Option<Content> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts = unsigned.strip_prefix('.').unwrap_or(unsigned);
    let has_digits = starts.starts_with(|c: char| c.is_ascii_digit());
    let is_decimal = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+');
    if !has_digits || !unsigned.chars().all(is_decimal) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    // Go refuses what is too large, and it stays a text.
    value.is_finite().then(|| whole(value))
}

/// A number as JSON writes it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "guarded by the range and `fract`"
)]
fn whole(value: f64) -> Content {
    let fits = -9.2e18 < value && value < 9.2e18;
    if fits && value.fract() == 0.0 {
        Content::Int(value as i64)
    } else {
        Content::Float(value)
    }
}

/// A key that is no text, as Go writes it to JSON, where keys are texts; `None` for an empty key,
/// which Go refuses.
pub(crate) fn key_text(plain: &str) -> Option<String> {
    match resolve(plain) {
        None | Some(Content::Text(_)) => Some(plain.to_owned()),
        Some(Content::Bool(value)) => Some(value.to_string()),
        Some(Content::Int(number)) => Some(number.to_string()),
        Some(Content::Large(number)) => Some(number.to_string()),
        Some(Content::Float(number)) if 1e21 <= number.abs() => Some(format!("{number:e}")),
        Some(Content::Float(number)) => Some(number.to_string()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of `kubectl` 1.32 to plain scalars.
    #[test]
    fn plain_scalars_mean_what_kubernetes_reads() {
        let text = None;
        let float = |number| Some(Content::Float(number));
        for (plain, meaning) in [
            ("yes", Some(Content::Bool(true))),
            ("y", Some(Content::Bool(true))),
            ("On", Some(Content::Bool(true))),
            ("off", Some(Content::Bool(false))),
            ("N", Some(Content::Bool(false))),
            ("oN", text),
            ("010", Some(Content::Int(8))),
            ("0o10", Some(Content::Int(8))),
            ("0777", Some(Content::Int(511))),
            ("0x1F", Some(Content::Int(31))),
            ("-0x10", Some(Content::Int(-16))),
            ("0b11", Some(Content::Int(3))),
            ("1_000", Some(Content::Int(1000))),
            ("+12", Some(Content::Int(12))),
            ("09", Some(Content::Int(9))),
            ("089", Some(Content::Int(89))),
            ("1e3", Some(Content::Int(1000))),
            ("12e03", Some(Content::Int(12_000))),
            ("20.0", Some(Content::Int(20))),
            ("0.", Some(Content::Int(0))),
            (".5", float(0.5)),
            ("1_0.5", float(10.5)),
            ("6.8523015e+5", float(685_230.15)),
            ("99999999999999999999", float(1e20)),
            ("9223372036854775808", Some(Content::Large(1 << 63))),
            ("-9223372036854775809", float(-9_223_372_036_854_775_809.0)),
            ("1e400", text),
            ("1:30", text),
            ("2020-01-01", text),
            ("~", Some(Content::Null)),
            ("NULL", Some(Content::Null)),
            ("nUll", text),
            ("-", text),
            ("+", text),
            ("1.2.3", text),
            ("1-2", text),
            ("e5", text),
            ("infinity", text),
            (".", text),
            ("0x", text),
            ("25%", text),
        ] {
            assert_eq!(resolve(plain), meaning, "{plain}");
        }
    }

    #[test]
    fn keys_are_texts() {
        for (plain, key) in [
            ("1", Some("1")),
            ("yes", Some("true")),
            ("1.5", Some("1.5")),
            ("0x10", Some("16")),
            ("2020-01-01", Some("2020-01-01")),
            ("1e300", Some("1e300")),
            ("~", None),
        ] {
            assert_eq!(key_text(plain).as_deref(), key, "{plain}");
        }
    }
}
