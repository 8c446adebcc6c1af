//! Numbers, durations and strings as a query writes them.
//!
//! Knows `strconv.ParseInt` and `ParseFloat` of Go with base 0, `model.ParseDuration`, and the escapes of strings
//! (`promql/parser/lex.go`, `util/strutil/quote.go`). Refuses to know where they stand.

/// Reads a number: decimal, octal (`017`), hexadecimal, with underscores between digits.
pub(super) fn number(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let digits = without_underscores(&lower)?;
    if let Some(hexadecimal) = digits.strip_prefix("0x") {
        return integer(hexadecimal, 16);
    }
    if let Some(octal) = digits.strip_prefix('0')
        && !octal.is_empty()
        && let Some(value) = integer(octal, 8)
    {
        return Some(value);
    }
    let float_only = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-');
    if !digits.bytes().all(float_only) {
        return None;
    }
    digits.parse().ok()
}

/// Reads a duration \[s\]: `1h30m`, units from years to milliseconds in falling order, each at most once. `None` for
/// anything else, and beyond about 292 years.
pub(super) fn duration(text: &str) -> Option<f64> {
    const UNITS: [(&str, u64); 7] = [
        ("y", 365 * 24 * 3_600_000),
        ("w", 7 * 24 * 3_600_000),
        ("d", 24 * 3_600_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut millis = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (count, behind) = rest.split_at(digits);
        let count: u64 = count.parse().ok()?;
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = behind.split_at(letters);
        let (_, length) = units.find(|(name, _)| *name == unit)?;
        millis = millis.checked_add(count.checked_mul(*length)?)?;
        rest = behind;
    }
    (!text.is_empty() && millis <= MILLIS_MAX).then(|| float(millis) / 1e3)
}

/// Go's durations end here.
const MILLIS_MAX: u64 = i64::MAX.unsigned_abs() / 1_000_000;

/// What a quoted string stands for; `text` with its quotes, which match. `Err` says what is wrong, and where
/// \[bytes from the first quote\].
pub(super) fn unquoted(text: &str) -> Result<String, (String, usize)> {
    let quote = text.as_bytes().first().copied().unwrap_or_default();
    let inner = text.get(1..text.len() - 1).unwrap_or_default();
    if quote == b'`' {
        return Ok(inner.to_owned());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        let at = 1 + inner.len() - rest.len();
        if c == '\\' {
            let (value, length) = escape(rest, quote).map_err(|message| (message, at))?;
            match value {
                Escaped::Byte(byte) => bytes.push(byte),
                Escaped::Char(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
            rest = &rest[length..];
        } else {
            bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
            rest = &rest[c.len_utf8()..];
        }
    }
    String::from_utf8(bytes)
        .map_err(|_| ("strings that are not UTF-8 are not simulated".to_owned(), 0))
}

enum Escaped {
    Byte(u8),
    Char(char),
}

/// The escape sequence at the start of `text`, and its length.
fn escape(text: &str, quote: u8) -> Result<(Escaped, usize), String> {
    let bytes = text.as_bytes();
    let Some(&kind) = bytes.get(1) else {
        return Err("escape sequence not terminated".to_owned());
    };
    let simple = match kind {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' => b'\\',
        _ if kind == quote => quote,
        _ => 0,
    };
    if simple != 0 {
        return Ok((Escaped::Byte(simple), 2));
    }
    let (first, length, base) = match kind {
        b'0'..=b'7' => (1, 3, 8),
        b'x' => (2, 2, 16),
        b'u' => (2, 4, 16),
        b'U' => (2, 8, 16),
        _ => {
            let c = text[1..].chars().next().unwrap_or_default();
            return Err(format!("unknown escape sequence `\\{c}`"));
        }
    };
    let code = text
        .get(first..first + length)
        .filter(|digits| digits.bytes().all(|b| char::from(b).is_digit(base)))
        .and_then(|digits| u32::from_str_radix(digits, base).ok())
        .ok_or("illegal character in escape sequence")?;
    let end = first + length;
    let invalid = "escape sequence is an invalid Unicode code point";
    if matches!(kind, b'u' | b'U') {
        let c = char::from_u32(code).ok_or(invalid)?;
        return Ok((Escaped::Char(c), end));
    }
    let byte = u8::try_from(code).map_err(|_| invalid)?;
    Ok((Escaped::Byte(byte), end))
}

/// The digits without the underscores between them; `None` where an underscore stands elsewhere.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('_') {
        let before = at.checked_sub(1).map(|at| bytes[at]);
        let after = bytes.get(at + 1);
        let prefix = at == 2 && text.starts_with("0x");
        let digit_before = prefix || before.is_some_and(|b| b.is_ascii_hexdigit());
        if !digit_before || !after.is_some_and(u8::is_ascii_hexdigit) {
            return None;
        }
    }
    Some(text.replace('_', ""))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Go converts integers to floats in the same way"
)]
fn integer(digits: &str, base: u32) -> Option<f64> {
    if !digits.bytes().all(|b| char::from(b).is_digit(base)) {
        return None;
    }
    let value = i64::from_str_radix(digits, base).ok()?;
    Some(value as f64)
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
fn float(millis: u64) -> f64 {
    millis as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        for (text, value) in [
            ("017", 15.0),
            ("018", 18.0),
            ("0x1F", 31.0),
            ("0x_1f", 31.0),
            ("1_000", 1000.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("0", 0.0),
            ("1e999", f64::INFINITY),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["", "1__0", "_1", "1_", "0x", "1e", "infinity", "nan", "0xg"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn durations_have_each_unit_once_in_falling_order() {
        assert_eq!(duration("1h30m"), Some(5400.0));
        assert_eq!(duration("1m500ms"), Some(60.5));
        assert_eq!(duration("0s"), Some(0.0));
        for text in ["", "30s1m", "1m1m", "5", "1x", "1.5h", "9999999999999y"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn escapes_are_those_of_go() {
        assert_eq!(unquoted(r#""\x41\101\u00e9\"\\""#), Ok("AAé\"\\".into()));
        assert_eq!(unquoted(r#""\xc3\xa9""#), Ok("é".into()));
        assert_eq!(unquoted(r"`a\d`"), Ok(r"a\d".into()));
        for text in [
            r#""\q""#,
            r#""\'""#,
            r#""\xff""#,
            r#""\ud800""#,
            r#""\400""#,
            r#""\u00é""#,
        ] {
            assert!(unquoted(text).is_err(), "{text}");
        }
    }
}
