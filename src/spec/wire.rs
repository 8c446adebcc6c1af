//! How Go writes values: as JSON, in quotes, as plain text.
//!
//! Field references (`fieldRef`) and error messages of the controllers look at an object as Go's
//! `encoding/json` writes it. A Go field marked `omitempty` disappears when it is zero; without
//! that mark it is written as zero even if the user never wrote it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

/// A value that Go's `omitempty` may leave out.
pub trait Zero {
    /// Whether `omitempty` leaves the value out.
    fn is_zero(&self) -> bool;
}

impl Zero for bool {
    fn is_zero(&self) -> bool {
        !*self
    }
}

impl Zero for i32 {
    fn is_zero(&self) -> bool {
        *self == 0
    }
}

impl Zero for i64 {
    fn is_zero(&self) -> bool {
        *self == 0
    }
}

impl Zero for String {
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

impl<T> Zero for Vec<T> {
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> Zero for BTreeMap<K, V> {
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// Whether a field is absent or as good as absent.
#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
pub(crate) fn is_zero<T: Zero>(field: &Option<T>) -> bool {
    field.as_ref().is_none_or(Zero::is_zero)
}

/// Writes an absent field as Go's zero value.
#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
pub(crate) fn or_zero<T, S>(field: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Default + Serialize,
    S: Serializer,
{
    match field {
        Some(value) => value.serialize(serializer),
        None => T::default().serialize(serializer),
    }
}

/// The text that Go's `json.Marshal` makes of a value: compact, and with `<`, `>`, `&` and the two
/// line separators of Unicode escaped.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, GoFormatter);
    value
        .serialize(&mut serializer)
        .expect("plain data with text keys can always be written");
    String::from_utf8(bytes).expect("serde_json writes UTF-8")
}

/// A text in double quotes as Go's `strconv.Quote` and the verb `%q` write it.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if is_printable(character) => quoted.push(character),
            _ => escape(character, &mut quoted),
        }
    }
    quoted.push('"');
    quoted
}

/// A number as Go's verb `%v` prints a `float64`: the shortest digits that read back the same, with
/// an exponent below 0.0001 and from a million on.
pub(crate) fn float(number: f64) -> String {
    if number == 0.0 {
        return if number.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let power: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&power) {
        return format!("{number}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.unsigned_abs())
}

/// Escapes what Go escapes beyond the standard.
struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        let special = |c: char| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        while let Some(at) = rest.find(special) {
            let (plain, tail) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = tail.chars();
            if let Some(character) = characters.next() {
                write!(writer, "\\u{:04x}", u32::from(character))?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
/// Rust's own tables agree; the letter in front keeps Rust from escaping a combining mark.
fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    format!("a{character}").escape_debug().nth(1) == Some(character)
}

fn escape(character: char, quoted: &mut String) {
    let code = u32::from(character);
    let written = match code {
        0..0x80 => write!(quoted, "\\x{code:02x}"),
        0x80..0x1_0000 => write!(quoted, "\\u{code:04x}"),
        _ => write!(quoted, "\\U{code:08x}"),
    };
    written.expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_go_quotes_them() {
        let text = concat!(
            "aé\u{200b}\u{301}\u{1f600}\u{feff}\u{a0}\u{ad}\u{7f}\u{7}",
            "\u{8}\u{c}\u{b}\0\u{e0001}\u{e000}日\u{2028}\""
        );
        let expected = concat!(
            "\"aé\\u200b\u{301}\u{1f600}\\ufeff\\u00a0\\u00ad\\x7f\\a\\b\\f\\v\\x00",
            "\\U000e0001\\ue000日\\u2028\\\"\""
        );
        assert_eq!(quote(text), expected);
    }

    #[test]
    fn json_escapes_what_go_escapes() {
        let map = BTreeMap::from([("a<b>&", "\u{2028}\u{7f}\u{1}\u{8}\u{c}\n\"\\/é")]);
        let expected = r#"{"a\u003cb\u003e\u0026":"\u2028DEL\u0001\b\f\n\"\\/é"}"#;
        assert_eq!(json(&map), expected.replace("DEL", "\u{7f}"));
    }

    #[test]
    fn numbers_are_printed_as_go_prints_them() {
        for (number, text) in [
            (1.0, "1"),
            (100_000.0, "100000"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (1e20, "1e+20"),
            (1e22, "1e+22"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (-3.0, "-3"),
            (100.25, "100.25"),
            (12_345_678.5, "1.23456785e+07"),
            (0.0, "0"),
            (1e100, "1e+100"),
        ] {
            assert_eq!(float(number), text);
        }
    }
}
