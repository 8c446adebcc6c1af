//! Escape sequences of string literals: decoding only.
//!
//! The lexer has already checked their outer form; here a sequence is refused for its value (a code
//! point too large, an octal number above `\377`). Follows `parser/lexer/utils.go` of
//! expr-lang/expr.

use std::borrow::Cow;

/// The text of a literal given with its quotes.
pub(super) fn unescape(quoted: &str) -> Result<Cow<'_, str>, String> {
    let inner = inside_quotes(quoted)?;
    if !inner.contains(['\\', '\r']) {
        return Ok(Cow::Borrowed(inner));
    }
    decode(inner, false).map(Cow::Owned)
}

/// The bytes of a `b"..."` literal given with its quotes and without the `b`, one character of
/// U+0000..=U+00FF for each byte. Code points cannot be written as escapes here.
pub(super) fn unescape_bytes(quoted: &str) -> Result<String, String> {
    decode(inside_quotes(quoted)?, true)
}

const UNABLE: &str = "unable to unescape string";

fn inside_quotes(quoted: &str) -> Result<&str, String> {
    let mut chars = quoted.chars();
    let (first, last) = (chars.next(), chars.next_back());
    if first.is_none() || first != last {
        return Err(UNABLE.to_owned());
    }
    Ok(chars.as_str())
}

fn decode(inner: &str, bytes: bool) -> Result<String, String> {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.push(sequence(&mut rest, bytes)?),
            // A carriage return in the source is a line feed in the string.
            '\r' => out.push('\n'),
            _ if bytes => out.extend(c.encode_utf8(&mut [0; 4]).bytes().map(char::from)),
            _ => out.push(c),
        }
    }
    Ok(out)
}

fn sequence(rest: &mut std::str::Chars<'_>, bytes: bool) -> Result<char, String> {
    let c = rest
        .next()
        .ok_or_else(|| "unable to unescape string, found '\\' as last character".to_owned())?;
    Ok(match c {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '\'' | '"' | '`' | '?' => c,
        'x' | 'X' => code_point(hex(rest, 2)?)?,
        'u' | 'U' if bytes => return Err(UNABLE.to_owned()),
        'u' if rest.as_str().starts_with('{') => {
            let (digits, tail) = rest.as_str()[1..].split_once('}').ok_or(UNABLE)?;
            let value = u32::from_str_radix(digits, 16).map_err(|_| UNABLE.to_owned())?;
            *rest = tail.chars();
            code_point(value)?
        }
        'u' => code_point(hex(rest, 4)?)?,
        'U' => code_point(hex(rest, 8)?)?,
        '0'..='3' => {
            let mut value = u32::from(c) - u32::from('0');
            for _ in 0..2 {
                let digit = rest.next().and_then(|c| c.to_digit(8));
                value = value * 8 + digit.ok_or("unable to unescape octal sequence in string")?;
            }
            code_point(value)?
        }
        _ => return Err(UNABLE.to_owned()),
    })
}

fn hex(rest: &mut std::str::Chars<'_>, count: usize) -> Result<u32, String> {
    let mut value: u32 = 0;
    for _ in 0..count {
        let digit = rest.next().and_then(|c| c.to_digit(16)).ok_or(UNABLE)?;
        value = value << 4 | digit;
    }
    Ok(value)
}

/// Surrogates, and values that are negative as a signed number, become U+FFFD as in Go.
fn code_point(value: u32) -> Result<char, String> {
    const SIGN: u32 = 1 << 31;
    if value < SIGN && value > u32::from(char::MAX) {
        return Err(UNABLE.to_owned());
    }
    Ok(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(
            unescape(r"'\101\x41\u0041\U00000041\''").as_deref(),
            Ok("AAAA'")
        );
        assert_eq!(unescape(r"'\ud800'").as_deref(), Ok("\u{FFFD}"));
        assert_eq!(unescape("'a\rb'").as_deref(), Ok("a\nb"));
    }

    #[test]
    fn values_out_of_range_are_refused() {
        assert_eq!(unescape(r"'\400'"), Err(UNABLE.to_owned()));
        assert_eq!(unescape(r"'\u{110000}'"), Err(UNABLE.to_owned()));
    }

    #[test]
    fn bytes_are_not_code_points() {
        assert_eq!(unescape_bytes(r"'\xff'").as_deref(), Ok("\u{ff}"));
        assert_eq!(unescape_bytes("'é'").as_deref(), Ok("\u{c3}\u{a9}"));
        assert_eq!(unescape_bytes(r"'\u0041'"), Err(UNABLE.to_owned()));
    }
}
