//! Times and numbers, written as numbers or as texts.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// A time or a length of time: a Go duration or a number of seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Time {
    /// \[s\]
    Seconds(f64),
    Text(String),
}

/// A number, or the text of one that YAML cannot write: `NaN`, `+Inf`, `-Inf`.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "a duration such as `1m30s` or a number of seconds";
        let read = deserializer.deserialize_any(NumberOrText(expecting))?;
        Ok(match read {
            Number::Number(seconds) => Time::Seconds(seconds),
            Number::Text(text) => Time::Text(text),
        })
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText("a number, or \"NaN\", \"+Inf\" or \"-Inf\""))
    }
}

/// Visits a number or a text; holds what is expected.
struct NumberOrText(&'static str);

impl Visitor<'_> for NumberOrText {
    type Value = Number;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers are measurements or seconds"
    )]
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
        Ok(Number::Number(number as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers are measurements or seconds"
    )]
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number::Number(number as f64))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Number, E> {
        Ok(Number::Number(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        Ok(Number::Text(text.to_owned()))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration such as `90s`, `1h30m` or `1.5s`, or a number of seconds.",
            "type": ["string", "number"]
        })
    }
}

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number, or \"NaN\", \"+Inf\" or \"-Inf\".",
            "anyOf": [{ "type": "number" }, { "enum": ["NaN", "+Inf", "Inf", "-Inf"] }]
        })
    }
}
