//! Places inside a text value: which bytes of the file stand for which bytes of the value.
//!
//! Knows that YAML's styles change white space and escapes only. Refuses to know the styles
//! further.

use std::ops::Range;

/// The bytes of what is written that stand for some bytes of the value; `None` when the two do not
/// fit together.
pub(crate) fn written_bytes(
    written: &str,
    value: &str,
    wanted: &Range<usize>,
) -> Option<Range<usize>> {
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
    let mut cursor = Cursor {
        written,
        at: quote.map_or(0, char::len_utf8),
        quote,
    };
    let (mut start, mut end) = (None, None);
    for (at, c) in value.char_indices() {
        let next = cursor.step(c)?;
        if start.is_none() && wanted.start < at + c.len_utf8() {
            start = Some(next.start);
        }
        if wanted.start < at + c.len_utf8() && at < wanted.end {
            end = Some(next.end);
        }
        if wanted.end <= at {
            break;
        }
    }
    let start = start.unwrap_or(cursor.at);
    let end = end.unwrap_or(start).max(start);
    Some(start..end)
}

struct Cursor<'a> {
    written: &'a str,
    at: usize,
    quote: Option<char>,
}

impl Cursor<'_> {
    /// Moves behind a character of the value; returns the bytes that stand for it.
    fn step(&mut self, c: char) -> Option<Range<usize>> {
        if c.is_whitespace() {
            // It may be written as a line break, an escape or not at all; what follows will tell.
            let length = self.rest().chars().next().filter(|written| *written == c);
            let end = self.at + length.map_or(0, char::len_utf8);
            let bytes = self.at..end;
            self.at = end;
            return Some(bytes);
        }
        loop {
            let rest = self.rest();
            let written = rest.chars().next()?;
            let (length, stands_for) = match (self.quote, written) {
                (Some('"'), '\\') => escape(rest)?,
                (Some('\''), '\'') => (2, Some('\'')),
                _ => (written.len_utf8(), Some(written)),
            };
            let start = self.at;
            self.at = (start + length).min(self.written.len());
            match stands_for {
                Some(found) if found == c => return Some(start..self.at),
                Some(found) if !found.is_whitespace() => return None,
                _ => {}
            }
        }
    }

    fn rest(&self) -> &str {
        self.written.get(self.at..).unwrap_or_default()
    }
}

/// The length of the escape at the front \[byte\] and the character it stands for; none for an
/// escaped line break.
fn escape(rest: &str) -> Option<(usize, Option<char>)> {
    let kind = rest.chars().nth(1)?;
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    if 0 < digits {
        let code = rest.get(2..2 + digits)?;
        let c = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
        return Some((2 + digits, Some(c)));
    }
    let c = match kind {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'e' => '\u{1b}',
        't' | 'n' | 'v' | 'f' | 'r' | 'N' | '_' | 'L' | 'P' | '\n' | '\r' => ' ',
        other => other,
    };
    Some((1 + kind.len_utf8(), Some(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(written: &str, value: &str, wanted: &str) -> String {
        let at = value.find(wanted).expect("a part of the value");
        let bytes = written_bytes(written, value, &(at..at + wanted.len()));
        bytes.map_or_else(|| "nothing".to_owned(), |bytes| written[bytes].to_owned())
    }

    #[test]
    fn parts_of_a_value_are_found_in_every_style() {
        for (written, value, wanted, found) in [
            ("result >= 0.95", "result >= 0.95", ">=", ">="),
            ("'a ''b'' c'", "a 'b' c", "'b'", "''b''"),
            (r#""a \"b\" \u00fc c""#, "a \"b\" ü c", "ü", r"\u00fc"),
            (r#""a\nb c""#, "a\nb c", "b c", "b c"),
            ("a\n    b &&\n    c", "a b && c", "&& c", "&&\n    c"),
            ("a\n      b\n    c\n", "a\n  b\nc\n", "c", "c"),
            ("ü ≥ 1", "ü ≥ 1", "≥", "≥"),
        ] {
            assert_eq!(part(written, value, wanted), found, "{written}");
        }
    }

    #[test]
    fn an_empty_part_is_a_place() {
        assert_eq!(written_bytes("'abc'", "abc", &(1..1)), Some(2..2));
        assert_eq!(written_bytes("'abc'", "abc", &(3..3)), Some(4..4));
        assert_eq!(written_bytes("'abc'", "xyz", &(0..1)), None);
    }
}
