//! Laws of random quantities, as written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::Deserializer;

use super::either::{self, Either, Form};
use super::{Number, Time};

/// A time that is always the same, or that follows a law.
#[derive(Clone, Debug, PartialEq)]
pub enum Law {
    /// Always the same.
    Time(Time),
    /// A law.
    Fields(Box<LawFields>),
}

/// A law of a random time, by the name that it has in `rand_distr`, with its parameters there. Times are durations or seconds.
///
/// Without `--random` pods take the quantiles of a law in order, and requests its distribution as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LawFields {
    /// `Uniform` (low, high), `Normal` (mean, stdDev; cut off at 0), `LogNormal` (median or mu, sigma), `Exp` (mean), `Gamma` (shape,
    /// scale), `Weibull` (scale, shape), `Pareto` (scale, shape), or `Mixture` (parts).
    pub law: Option<String>,
    /// Least value.
    pub low: Option<Time>,
    /// Greatest value.
    pub high: Option<Time>,
    /// Mean.
    pub mean: Option<Time>,
    /// Standard deviation.
    pub std_dev: Option<Time>,
    /// Median.
    pub median: Option<Time>,
    /// Mean of the natural logarithm of the seconds.
    pub mu: Option<Number>,
    /// Standard deviation of the natural logarithm.
    pub sigma: Option<Number>,
    /// Shape, a number.
    pub shape: Option<Number>,
    /// Scale.
    pub scale: Option<Time>,
    /// The laws that are mixed.
    pub parts: Option<Vec<Part>>,
}

/// One of the laws that a mixture is made of.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its weight beside the others. Default: 1.
    pub weight: Option<Number>,
    /// A time or a law, but no further mixture.
    pub of: Option<Law>,
}

/// The names of the fields of [`LawFields`]; a test keeps them together.
const LAW_FIELDS: &[&str] = &[
    "law", "low", "high", "mean", "stdDev", "median", "mu", "sigma", "shape", "scale", "parts",
];

impl<'de> Deserialize<'de> for Law {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form {
            name: "Law",
            fields: LAW_FIELDS,
            expecting: "a duration such as `1m30s`, a number of seconds, or a law",
        };
        Ok(match either::read(deserializer, form)? {
            Either::Number(seconds) => Self::Time(Time::Seconds(seconds)),
            Either::Text(text) => Self::Time(Time::Text(text)),
            Either::Fields(fields) => Self::Fields(Box::new(fields)),
        })
    }
}

impl JsonSchema for Law {
    fn schema_name() -> Cow<'static, str> {
        "Law".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fields = generator.subschema_for::<LawFields>();
        json_schema!({
            "description": "A time that is always the same, or a law.",
            "anyOf": [{ "type": "string" }, { "type": "number" }, fields]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_law_are_known_by_name() {
        let schema = schemars::schema_for!(LawFields);
        let properties = schema.get("properties").and_then(|value| value.as_object());
        let mut names: Vec<&str> = properties
            .expect("fields")
            .keys()
            .map(String::as_str)
            .collect();
        let mut known = LAW_FIELDS.to_vec();
        names.sort_unstable();
        known.sort_unstable();
        assert_eq!(names, known);
    }
}
