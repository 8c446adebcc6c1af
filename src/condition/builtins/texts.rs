//! Functions of strings, times, and texts that stand for values.

use super::super::budget::MEMORY_EXCEEDED;
use super::super::datum::{Datum, STRING_BYTES_MAX};
use super::super::fault::Fault;
use super::super::types::{Signature, Type};
use super::super::{base64, format, json, layout, operators, time};
use super::{Check, Context};

/// How arguments are checked, for functions of this module.
pub(super) fn check(name: &str) -> Option<Check> {
    Some(Check::Overloads(match name {
        "type" | "string" | "toJSON" => ANY_TO_TEXT,
        "upper" | "lower" | "toBase64" | "fromBase64" => TEXT_TO_TEXT,
        "trim" => TRIM,
        "trimPrefix" | "trimSuffix" => TRIM_AFFIX,
        "split" | "splitAfter" => SPLIT,
        "replace" => REPLACE,
        "repeat" => REPEAT,
        "join" => JOIN,
        "indexOf" | "lastIndexOf" => TEXTS_TO_INT,
        "hasPrefix" | "hasSuffix" => TEXTS_TO_BOOL,
        "fromJSON" => TEXT_TO_ANY,
        "duration" => TEXT_TO_DURATION,
        "timezone" => TEXT_TO_LOCATION,
        "bitand" | "bitor" | "bitxor" | "bitnand" | "bitshl" | "bitshr" | "bitushr" => BITS,
        "bitnot" => BITNOT,
        _ => return None,
    }))
}

pub(super) fn call(
    name: &str,
    arguments: &[Datum],
    context: &mut Context<'_>,
) -> Result<Datum, Fault> {
    let first = arguments.first().unwrap_or(&Datum::Nil);
    match name {
        "type" => return Ok(Datum::str(type_text(first))),
        "string" => return Datum::string(format::plain(first)?),
        "toJSON" => return Datum::string(format::json(first)?),
        "join" => return join(first, arguments.get(1)),
        "now" => return Ok(Datum::Time(context.now)),
        "date" => return date(arguments),
        _ => {}
    }
    let text = &**first.assert_str()?;
    let text_at = |i: usize| {
        arguments
            .get(i)
            .unwrap_or(&Datum::Nil)
            .assert_str()
            .map(|t| &**t)
    };
    let has = |i: usize| i < arguments.len();
    match name {
        "trim" if has(1) => {
            let set = text_at(1)?;
            Ok(Datum::str(text.trim_matches(|c| set.contains(c))))
        }
        "trim" => Ok(Datum::str(text.trim())),
        "trimPrefix" => {
            let prefix = if has(1) { text_at(1)? } else { " " };
            Ok(Datum::str(text.strip_prefix(prefix).unwrap_or(text)))
        }
        "trimSuffix" => {
            let suffix = if has(1) { text_at(1)? } else { " " };
            Ok(Datum::str(text.strip_suffix(suffix).unwrap_or(text)))
        }
        "upper" => Datum::string(text.chars().map(|c| only(c, c.to_uppercase())).collect()),
        "lower" => Datum::string(text.chars().map(|c| only(c, c.to_lowercase())).collect()),
        "split" | "splitAfter" => {
            let separator = text_at(1)?;
            let limit = if has(2) {
                operators::to_int(&arguments[2])?
            } else {
                -1
            };
            split(text, separator, limit, name == "splitAfter")
        }
        "replace" => {
            let (old, new) = (text_at(1)?, text_at(2)?);
            let limit = if has(3) {
                operators::to_int(&arguments[3])?
            } else {
                -1
            };
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let places = if old.is_empty() {
                text.len() + 1
            } else {
                text.len() / old.len()
            };
            let growth = new.len().saturating_mul(places.min(limit));
            if STRING_BYTES_MAX < text.len().saturating_add(growth) {
                return Err(MEMORY_EXCEEDED.into());
            }
            Datum::string(text.replacen(old, new, limit))
        }
        "repeat" => repeat(text, arguments.get(1).unwrap_or(&Datum::Nil), context),
        "indexOf" => Ok(position(text.find(text_at(1)?))),
        "lastIndexOf" => Ok(position(text.rfind(text_at(1)?))),
        "hasPrefix" => Ok(Datum::Bool(text.starts_with(text_at(1)?))),
        "hasSuffix" => Ok(Datum::Bool(text.ends_with(text_at(1)?))),
        "fromJSON" => json::parse(text),
        "toBase64" => Datum::string(base64::encode(text.as_bytes())),
        "fromBase64" => match base64::decode(text) {
            Ok(bytes) => Datum::string(String::from_utf8_lossy(&bytes).into_owned()),
            Err(at) => Err(Fault::new(format!(
                "illegal base64 data at input byte {at}"
            ))),
        },
        "duration" => Ok(Datum::Duration(time::parse_duration(text)?)),
        "timezone" => zone(text),
        _ => Err(Fault::new(format!("unknown builtin {name}"))),
    }
}

macro_rules! overloads {
    ($(($($input:ident),*) $output:ident),+) => {
        &[$(Signature {
            text: "overload",
            inputs: &[$(Type::$input),*],
            outputs: &[Type::$output],
            variadic: false,
        }),+]
    };
}

const ANY_TO_TEXT: &[Signature] = overloads![(Any) Str];
const TEXT_TO_TEXT: &[Signature] = overloads![(Str) Str];
const TEXT_TO_ANY: &[Signature] = overloads![(Str) Any];
const TEXT_TO_DURATION: &[Signature] = overloads![(Str) Duration];
const TEXT_TO_LOCATION: &[Signature] = overloads![(Str) Location];
const TEXTS_TO_INT: &[Signature] = overloads![(Str, Str) Int];
const TEXTS_TO_BOOL: &[Signature] = overloads![(Str, Str) Bool];
const TRIM: &[Signature] = overloads![(Str) Str, (Str, Str) Str];
const TRIM_AFFIX: &[Signature] = overloads![(Str, Str) Str, (Str) Str];
const SPLIT: &[Signature] = overloads![(Str, Str) Strings, (Str, Str, Int) Strings];
const REPLACE: &[Signature] = overloads![(Str, Str, Str, Int) Str, (Str, Str, Str) Str];
const REPEAT: &[Signature] = overloads![(Str, Int) Str];
const JOIN: &[Signature] = overloads![
    (Strings, Str) Str, (Anys, Str) Str, (Anys) Str, (Strings, Str) Str, (Strings) Str
];
const BITS: &[Signature] = overloads![(Int, Int) Int];
const BITNOT: &[Signature] = overloads![(Int) Int];

/// The only character of a mapping, or the one mapped: Go maps one to one.
fn only(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

fn position(found: Option<usize>) -> Datum {
    Datum::Int(found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1))
}

fn type_text(value: &Datum) -> &'static str {
    match value {
        Datum::Nil => "nil",
        Datum::Bool(_) => "bool",
        Datum::Int(_) | Datum::Int64(_) => "int",
        Datum::Uint8(_) => "uint",
        Datum::Float(_) => "float",
        Datum::Str(_) => "string",
        Datum::List(_) => "array",
        Datum::Map(_) => "map",
        Datum::Func(_) => "func",
        Datum::Time(_) | Datum::Duration(_) | Datum::Month(_) | Datum::Weekday(_) => {
            value.type_name()
        }
        Datum::Location => "unknown",
    }
}

fn split(text: &str, separator: &str, limit: i64, keep: bool) -> Result<Datum, Fault> {
    let strings =
        |parts: Vec<&str>| Datum::list(Type::Strings, parts.into_iter().map(Datum::str).collect());
    if limit == 0 {
        return Ok(Datum::nil_list());
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < limit {
        let (end, next) = if separator.is_empty() {
            // Between all characters, but not at the ends.
            match rest.char_indices().nth(1) {
                Some((at, _)) => (at, at),
                None => break,
            }
        } else {
            match rest.find(separator) {
                Some(at) => (at, at + separator.len()),
                None => break,
            }
        };
        parts.push(&rest[..if keep { next } else { end }]);
        rest = &rest[next..];
    }
    if !(separator.is_empty() && text.is_empty()) {
        parts.push(rest);
    }
    strings(parts)
}

fn repeat(text: &str, count: &Datum, context: &mut Context<'_>) -> Result<Datum, Fault> {
    let count = operators::to_int(count)?;
    let Ok(times) = usize::try_from(count) else {
        return Err(Fault::new(format!(
            "invalid argument for repeat (expected positive integer, got {count})"
        )));
    };
    if 1_000_000 < times {
        return Err(MEMORY_EXCEEDED.into());
    }
    context
        .budget
        .grow((text.len() as u64).saturating_mul(times as u64))?;
    Datum::string(text.repeat(times))
}

fn join(list: &Datum, glue: Option<&Datum>) -> Result<Datum, Fault> {
    let glue = glue
        .map(Datum::assert_str)
        .transpose()?
        .map_or("", |glue| &**glue);
    let items = match list {
        Datum::List(list) if matches!(list.ty, Type::Anys | Type::Strings) => &list.items,
        _ => {
            let name = if list.is_nil() {
                "%!s(<nil>)"
            } else {
                list.type_name()
            };
            return Err(Fault::new(format!(
                "invalid argument for join (type {name})"
            )));
        }
    };
    let mut out = String::new();
    for (i, item) in items.iter().enumerate() {
        if i != 0 {
            out.push_str(glue);
        }
        out.push_str(item.assert_str()?);
        if STRING_BYTES_MAX < out.len() {
            return Err(MEMORY_EXCEEDED.into());
        }
    }
    Datum::string(out)
}

/// Without a time zone database only UTC is known.
fn zone(name: &str) -> Result<Datum, Fault> {
    match name {
        "" | "UTC" | "Local" => Ok(Datum::Location),
        _ => Err(Fault::new(format!("unknown time zone {name}"))),
    }
}

fn date(arguments: &[Datum]) -> Result<Datum, Fault> {
    let arguments = match arguments {
        [Datum::Location, rest @ ..] => rest,
        _ => arguments,
    };
    let [text, rest @ ..] = arguments else {
        let message = "runtime error: index out of range [0] with length 0";
        return Err(message.into());
    };
    let text = text.assert_str()?;
    if let [layout, zones @ ..] = rest {
        let layout = layout.assert_str()?;
        for name in zones {
            zone(name.assert_str()?)?;
        }
        return Ok(Datum::Time(layout::parse(layout, text)?));
    }
    let time = layout::COMMON
        .iter()
        .find_map(|layout| layout::parse(layout, text).ok());
    time.map(Datum::Time)
        .ok_or_else(|| Fault::new(format!("invalid date {text}")))
}

#[cfg(test)]
mod tests {
    use super::super::super::budget::Budget;
    use super::super::super::time::Time;
    use super::*;

    fn run(name: &str, arguments: &[Datum]) -> Result<Datum, Fault> {
        let mut budget = Budget::new();
        call(
            name,
            arguments,
            &mut Context {
                budget: &mut budget,
                now: Time::utc(0, 0),
            },
        )
    }

    fn text(name: &str, arguments: &[&str]) -> String {
        let arguments: Vec<_> = arguments.iter().map(|text| Datum::str(text)).collect();
        run(name, &arguments)
            .and_then(|value| format::plain(&value))
            .expect(name)
    }

    #[test]
    fn texts_are_cut_and_joined() {
        assert_eq!(text("trim", &[" a "]), "a");
        assert_eq!(text("trim", &["xxaxy", "xy"]), "a");
        assert_eq!(text("split", &["a,b", ","]), "[a b]");
        assert_eq!(text("split", &["ab", ""]), "[a b]");
        assert_eq!(text("splitAfter", &["a,b", ","]), "[a, b]");
        assert_eq!(text("replace", &["aaa", "a", "b"]), "bbb");
        assert_eq!(text("upper", &["straße"]), "STRAßE");
    }

    #[test]
    fn a_limit_bounds_the_parts() {
        let part = |limit| split("a,b,c", ",", limit, false).and_then(|v| format::plain(&v));
        assert_eq!(part(2).as_deref(), Ok("[a b,c]"));
        assert!(split("a", ",", 0, false).expect("a list").is_nil());
    }

    #[test]
    fn no_text_grows_without_end() {
        let long = Datum::str(&"a".repeat(10_000));
        assert!(run("repeat", &[long.clone(), Datum::Int(1000)]).is_err());
        assert!(run("replace", &[long.clone(), Datum::str(""), long]).is_err());
    }

    #[test]
    fn dates_are_read_in_common_layouts() {
        assert_eq!(
            text("date", &["2024-01-02"]),
            "2024-01-02 00:00:00 +0000 UTC"
        );
        let fault = run("date", &[Datum::str("x")]).expect_err("no date");
        assert_eq!(fault.message, "invalid date x");
    }
}
