//! `fromJSON`: JSON as Go's `encoding/json` reads it, with its messages.

use std::collections::BTreeMap;

use super::datum::{DEPTH_MAX, Datum, Key};
use super::fault::Fault;
use super::number;
use super::types::Type;

/// The value of a JSON text: numbers are floats, of keys that repeat the last counts.
pub(super) fn parse(text: &str) -> Result<Datum, Fault> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    match reader.peek() {
        None => Ok(value),
        Some(c) => Err(invalid(c, "after top-level value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.text[self.at..].chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// The next character that is not blank.
    fn peek(&mut self) -> Option<char> {
        let rest = self.text[self.at..].trim_start_matches([' ', '\t', '\n', '\r']);
        self.at = self.text.len() - rest.len();
        rest.chars().next()
    }

    fn value(&mut self, level: u32) -> Result<Datum, Fault> {
        if DEPTH_MAX <= level {
            return Err("exceeded max depth".into());
        }
        match self.peek() {
            None => Err(END.into()),
            Some('{') => self.object(level),
            Some('[') => self.array(level),
            Some('"') => Ok(Datum::str(&self.string()?)),
            Some('t') => self.literal("true", Datum::Bool(true)),
            Some('f') => self.literal("false", Datum::Bool(false)),
            Some('n') => self.literal("null", Datum::Nil),
            Some('-' | '0'..='9') => self.number(),
            Some(c) => Err(invalid(c, "looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str, value: Datum) -> Result<Datum, Fault> {
        for (i, expected) in word.char_indices() {
            match self.next() {
                Some(c) if c == expected => {}
                None => return Err(END.into()),
                Some(c) if i == 0 => return Err(invalid(c, "looking for beginning of value")),
                Some(c) => {
                    let place = format!("in literal {word} (expecting '{expected}')");
                    return Err(invalid(c, &place));
                }
            }
        }
        Ok(value)
    }

    fn array(&mut self, level: u32) -> Result<Datum, Fault> {
        self.next();
        let mut items = Vec::new();
        if self.peek() == Some(']') {
            self.next();
            return Datum::list(Type::Anys, items);
        }
        loop {
            items.push(self.value(level + 1)?);
            self.peek();
            match self.next() {
                Some(',') => {}
                Some(']') => return Datum::list(Type::Anys, items),
                Some(c) => return Err(invalid(c, "after array element")),
                None => return Err(END.into()),
            }
        }
    }

    fn object(&mut self, level: u32) -> Result<Datum, Fault> {
        self.next();
        let mut entries = BTreeMap::new();
        if self.peek() == Some('}') {
            self.next();
            return Datum::map(Type::StrMap, entries);
        }
        loop {
            match self.peek() {
                Some('"') => {}
                Some(c) => return Err(invalid(c, "looking for beginning of object key string")),
                None => return Err(END.into()),
            }
            let key = self.string()?;
            self.peek();
            match self.next() {
                Some(':') => {}
                Some(c) => return Err(invalid(c, "after object key")),
                None => return Err(END.into()),
            }
            let value = self.value(level + 1)?;
            entries.insert(Key::Str(key.into()), value);
            self.peek();
            match self.next() {
                Some(',') => {}
                Some('}') => return Datum::map(Type::StrMap, entries),
                Some(c) => return Err(invalid(c, "after object key:value pair")),
                None => return Err(END.into()),
            }
        }
    }

    fn number(&mut self) -> Result<Datum, Fault> {
        let start = self.at;
        self.accept_one(b'-');
        if self.accept_one(b'0') == 0 && self.accept(|b| b.is_ascii_digit()) == 0 {
            return Err(self.in_number("in numeric literal"));
        }
        if self.accept_one(b'.') == 1 && self.accept(|b| b.is_ascii_digit()) == 0 {
            return Err(self.in_number("after decimal point in numeric literal"));
        }
        if self.accept_one(b'e') + self.accept_one(b'E') == 1 {
            if self.accept_one(b'+') == 0 {
                self.accept_one(b'-');
            }
            if self.accept(|b| b.is_ascii_digit()) == 0 {
                return Err(self.in_number("in exponent of numeric literal"));
            }
        }
        let text = &self.text[start..self.at];
        number::parse_float(text).map(Datum::Float).map_err(|_| {
            Fault::new(format!(
                "json: cannot unmarshal number {text} into Go value of type float64"
            ))
        })
    }

    fn in_number(&mut self, place: &str) -> Fault {
        self.next()
            .map_or_else(|| END.into(), |c| invalid(c, place))
    }

    fn accept(&mut self, allowed: fn(u8) -> bool) -> usize {
        let count = self.text.as_bytes()[self.at..]
            .iter()
            .take_while(|b| allowed(**b))
            .count();
        self.at += count;
        count
    }

    fn accept_one(&mut self, byte: u8) -> usize {
        let found = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(found);
        usize::from(found)
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.next();
        let mut out = String::new();
        loop {
            match self.next() {
                None => return Err(END.into()),
                Some('"') => return Ok(out),
                Some('\\') => out.push(self.escape()?),
                Some(c) if c < ' ' => return Err(invalid(c, "in string literal")),
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        Ok(match self.next() {
            None => return Err(END.into()),
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\x08',
            Some('f') => '\x0c',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let high = self.code_unit()?;
                if (0xD800..0xDC00).contains(&high) && self.text[self.at..].starts_with("\\u") {
                    let before = self.at;
                    self.at += 2;
                    let low = self.code_unit()?;
                    if (0xDC00..0xE000).contains(&low) {
                        let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = before;
                }
                char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            Some(c) => return Err(invalid(c, "in string escape code")),
        })
    }

    fn code_unit(&mut self) -> Result<u32, Fault> {
        let mut value = 0;
        for _ in 0..4 {
            let c = self.next().ok_or(END)?;
            let digit = c
                .to_digit(16)
                .ok_or_else(|| invalid(c, "in \\u hexadecimal character escape"))?;
            value = value * 16 + digit;
        }
        Ok(value)
    }
}

const END: &str = "unexpected end of JSON input";

fn invalid(c: char, place: &str) -> Fault {
    let shown = match c {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        _ => format!(
            "'{}'",
            super::format::quote(&c.to_string()).trim_matches('"')
        ),
    };
    Fault::new(format!("invalid character {shown} {place}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        let value = parse(r#" {"b": [1, -2.5e1, true, null], "a": "\u00e9\ud83d\ude00"} "#);
        let text = super::super::format::plain(&value.expect("valid"));
        assert_eq!(text.as_deref(), Ok("map[a:é😀 b:[1 -25 true <nil>]]"));
    }

    #[test]
    fn messages_are_those_of_go() {
        for (text, message) in [
            ("", "unexpected end of JSON input"),
            ("[1", "unexpected end of JSON input"),
            ("x", "invalid character 'x' looking for beginning of value"),
            (
                "trux",
                "invalid character 'x' in literal true (expecting 'e')",
            ),
            ("1 2", "invalid character '2' after top-level value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{a",
                "invalid character 'a' looking for beginning of object key string",
            ),
            ("-x", "invalid character 'x' in numeric literal"),
        ] {
            assert_eq!(parse(text).expect_err(text).message, message);
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
