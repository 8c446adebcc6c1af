//! Values as Go prints them: `%v`, `%q`, and the indented JSON of `toJSON`.
//!
//! Refuses to know types beyond their names. Text is limited to [`STRING_BYTES_MAX`] bytes.

use std::fmt::Write;

use super::budget::MEMORY_EXCEEDED;
use super::datum::{Datum, Key, List, Map, STRING_BYTES_MAX};
use super::fault::Fault;
use super::time;
use super::types::Type;

/// `%v`: `map[a:1 b:[x y]]`, `<nil>`, `1e+06`.
pub(super) fn plain(value: &Datum) -> Result<String, Fault> {
    let mut out = String::new();
    write_plain(&mut out, value)?;
    Ok(out)
}

/// `%q`: in double quotes, with escapes.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            _ if c != ' ' && (c.is_control() || c.is_whitespace()) => {
                let code = u32::from(c);
                // Writing to a string does not fail.
                let _ = if code < 0x80 {
                    write!(out, "\\x{code:02x}")
                } else {
                    write!(out, "\\u{code:04x}")
                };
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A float as `%v` prints it: shortest digits, with an exponent from 1e+06 on and below 1e-04.
pub(crate) fn float(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ => {
            let scientific = format!("{value:e}");
            let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
            match exponent.parse::<i32>().unwrap_or_default() {
                -4..6 => format!("{value}"),
                exponent => {
                    let sign = if exponent < 0 { '-' } else { '+' };
                    format!("{mantissa}e{sign}{:02}", exponent.abs())
                }
            }
        }
    }
}

/// `json.MarshalIndent(value, "", "  ")`.
pub(super) fn json(value: &Datum) -> Result<String, Fault> {
    let mut out = String::new();
    write_json(&mut out, value, 0)?;
    Ok(out)
}

fn write_plain(out: &mut String, value: &Datum) -> Result<(), Fault> {
    if STRING_BYTES_MAX < out.len() {
        return Err(MEMORY_EXCEEDED.into());
    }
    match value {
        Datum::Nil => out.push_str("<nil>"),
        Datum::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Datum::Int(value) | Datum::Int64(value) => out.push_str(&value.to_string()),
        Datum::Uint8(value) => out.push_str(&value.to_string()),
        Datum::Float(value) => out.push_str(&float(*value)),
        Datum::Str(text) => out.push_str(text),
        Datum::List(list) => {
            out.push('[');
            for (i, item) in list.items.iter().enumerate() {
                if i != 0 {
                    out.push(' ');
                }
                write_plain(out, item)?;
            }
            out.push(']');
        }
        Datum::Map(map) => {
            out.push_str("map[");
            for (i, (key, value)) in map.entries.iter().enumerate() {
                if i != 0 {
                    out.push(' ');
                }
                write_plain(out, &key.to_datum())?;
                out.push(':');
                if matches!(map.ty, Type::IntSet | Type::StrSet) {
                    out.push_str("{}");
                } else {
                    write_plain(out, value)?;
                }
            }
            out.push(']');
        }
        Datum::Time(value) => out.push_str(&value.to_go_string()),
        Datum::Duration(value) => out.push_str(&time::duration_text(*value)),
        Datum::Month(month) => out.push_str(time::month_name(*month)),
        Datum::Weekday(day) => out.push_str(time::weekday_name(*day)),
        Datum::Location => out.push_str("UTC"),
        // Go prints an address.
        Datum::Func(_) => out.push_str("0x0"),
    }
    Ok(())
}

fn write_json(out: &mut String, value: &Datum, level: usize) -> Result<(), Fault> {
    if STRING_BYTES_MAX < out.len() {
        return Err(MEMORY_EXCEEDED.into());
    }
    match value {
        Datum::Nil => out.push_str("null"),
        Datum::Float(value) if !value.is_finite() => {
            return Err(Fault::new(format!(
                "json: unsupported value: {}",
                float(*value)
            )));
        }
        Datum::Float(value) => out.push_str(&json_float(*value)),
        Datum::Bool(_) | Datum::Int(_) | Datum::Int64(_) | Datum::Uint8(_) => {
            write_plain(out, value)?;
        }
        Datum::Str(text) => write_json_string(out, text),
        Datum::List(list) if list.ty == Type::Bytes => {
            let bytes = value.bytes().unwrap_or_default();
            write_json_string(out, &super::base64::encode(&bytes));
        }
        Datum::List(list) => write_json_list(out, list, level)?,
        Datum::Map(map) => write_json_map(out, map, level)?,
        Datum::Time(time) => write_json_string(out, &time.to_rfc3339()),
        Datum::Duration(nanos) => out.push_str(&nanos.to_string()),
        Datum::Month(index) | Datum::Weekday(index) => out.push_str(&index.to_string()),
        Datum::Location => out.push_str("{}"),
        Datum::Func(_) => {
            let name = value.type_name();
            return Err(Fault::new(format!("json: unsupported type: {name}")));
        }
    }
    Ok(())
}

fn write_json_list(out: &mut String, list: &List, level: usize) -> Result<(), Fault> {
    if list.nil {
        out.push_str("null");
        return Ok(());
    }
    if list.items.is_empty() {
        out.push_str("[]");
        return Ok(());
    }
    out.push('[');
    for (i, item) in list.items.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        indent(out, level + 1);
        write_json(out, item, level + 1)?;
    }
    out.push('\n');
    indent(out, level);
    out.push(']');
    Ok(())
}

fn write_json_map(out: &mut String, map: &Map, level: usize) -> Result<(), Fault> {
    if map.ty != Type::StrMap {
        return Err(Fault::new(format!(
            "json: unsupported type: {}",
            map.ty.name()
        )));
    }
    if map.entries.is_empty() {
        out.push_str("{}");
        return Ok(());
    }
    out.push('{');
    for (i, (key, value)) in map.entries.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        indent(out, level + 1);
        if let Key::Str(key) = key {
            write_json_string(out, key);
        }
        out.push_str(": ");
        write_json(out, value, level + 1)?;
    }
    out.push('\n');
    indent(out, level);
    out.push('}');
    Ok(())
}

fn indent(out: &mut String, level: usize) {
    for _ in 0..level {
        out.push_str("  ");
    }
}

/// A float as `encoding/json` writes it.
pub(crate) fn json_float(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let scientific = format!("{value:e}");
        return match scientific.split_once('e') {
            Some((mantissa, exponent)) if !exponent.starts_with('-') => {
                format!("{mantissa}e+{exponent}")
            }
            _ => scientific,
        };
    }
    format!("{value}")
}

/// Quoted, with what could be read as HTML escaped.
fn write_json_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_printed_as_in_go() {
        for (value, text) in [
            (1.0, "1"),
            (0.001, "0.001"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (123_456_789.0, "1.23456789e+08"),
            (999_999.5, "999999.5"),
            (1e6, "1e+06"),
            (1e20, "1e+20"),
            (1.5e21, "1.5e+21"),
            (-0.0, "-0"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn quotes_are_those_of_go() {
        assert_eq!(quote("a\"\n\u{1}\u{85}é"), r#""a\"\n\x01\u0085é""#);
    }

    #[test]
    fn json_is_indented_and_safe_in_html() {
        let json_value = serde_json::json!({"b": [1.5, null, {}], "a<": []});
        let value = Datum::from_json(&json_value).expect("small");
        let text = "{\n  \"a\\u003c\": [],\n  \"b\": [\n    1.5,\n    null,\n    {}\n  ]\n}";
        assert_eq!(json(&value).as_deref(), Ok(text));
        assert_eq!(
            plain(&value).as_deref(),
            Ok("map[a<:[] b:[1.5 <nil> map[]]]")
        );
    }

    #[test]
    fn numbers_that_are_none_have_no_json() {
        let fault = json(&Datum::Float(f64::NAN)).expect_err("NaN");
        assert_eq!(fault.message, "json: unsupported value: NaN");
    }
}
