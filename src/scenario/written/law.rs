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

/// An amount that is known, or that follows a law.
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// Known.
    Number(Number),
    /// A law.
    Fields(Box<LawFields>),
}

/// A law of a random time or amount, by the name that it has in `rand_distr`, with its parameters there. Times are durations or seconds,
/// amounts are numbers.
///
/// Without `--random` pods take the quantiles of a law in order, and requests its distribution as it is. Where a law says what is
/// believed about a release (`errorRate`, `latencyFactor`, `crashAfter`, `capacity`, `rps`, faults), it is drawn once for each run, and
/// without `--random` its mean counts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LawFields {
    /// `Uniform` (low, high), `LogUniform` (low, high: the logarithm is uniform), `Normal` (mean, stdDev; cut off at 0), `LogNormal` (median
    /// or mu, sigma), `Exp` (mean), `Gamma` (shape, scale), `Weibull` (scale, shape), `Pareto` (scale, shape), `Beta` (alpha, beta; or
    /// mean, strength; a share of 0 to 1), or `Mixture` (parts).
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
    /// First parameter of `Beta`: like so many failures seen before, and one.
    pub alpha: Option<Number>,
    /// Second parameter of `Beta`: like so many successes seen before, and one.
    pub beta: Option<Number>,
    /// Of `Beta` with a `mean`: alpha + beta, like so many requests seen before. The larger, the surer.
    pub strength: Option<Number>,
    /// The laws that are mixed.
    pub parts: Option<Vec<Part>>,
}

impl LawFields {
    /// The names of the parameters that are written.
    #[must_use]
    pub fn parameters(&self) -> Vec<&'static str> {
        let written = [
            ("low", self.low.is_some()),
            ("high", self.high.is_some()),
            ("mean", self.mean.is_some()),
            ("stdDev", self.std_dev.is_some()),
            ("median", self.median.is_some()),
            ("mu", self.mu.is_some()),
            ("sigma", self.sigma.is_some()),
            ("shape", self.shape.is_some()),
            ("scale", self.scale.is_some()),
            ("alpha", self.alpha.is_some()),
            ("beta", self.beta.is_some()),
            ("strength", self.strength.is_some()),
            ("parts", self.parts.is_some()),
        ];
        let written = written.into_iter().filter(|(_, is_written)| *is_written);
        written.map(|(field, _)| field).collect()
    }
}

/// One of the laws that a mixture is made of.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its weight beside the others. Default: 1.
    pub weight: Option<Number>,
    /// A time, an amount or a law, but no further mixture.
    pub of: Option<Law>,
}

/// The names of the fields of [`LawFields`]; a test keeps them together.
const LAW_FIELDS: &[&str] = &[
    "law", "low", "high", "mean", "stdDev", "median", "mu", "sigma", "shape", "scale", "alpha",
    "beta", "strength", "parts",
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

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form {
            name: "Amount",
            fields: LAW_FIELDS,
            expecting: "a number or a law",
        };
        Ok(match either::read(deserializer, form)? {
            Either::Number(number) => Self::Number(Number::Number(number)),
            Either::Text(text) => Self::Number(Number::Text(text)),
            Either::Fields(fields) => Self::Fields(Box::new(fields)),
        })
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fields = generator.subschema_for::<LawFields>();
        json_schema!({
            "description": "An amount that is known, or a law of what is believed about it.",
            "anyOf": [{ "type": "number" }, fields]
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
