//! Values that change over time, as written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::Deserializer;

use super::either::{self, Either, Form};
use super::{Amount, LawFields, Number, Part, Time};

/// A value over time: a number, a series, or a mapping.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// The same at all times.
    Number(f64),
    /// A series in the notation of Prometheus' rule tests, one sample a minute.
    Text(String),
    /// Everything else.
    Fields(Box<CurveFields>),
}

/// A value over time: exactly one of `value`, `series`, `points`, `daily` and `csv`; or a `law` with its parameters, which is drawn once for
/// each run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurveFields {
    /// The same at all times.
    pub value: Option<Number>,
    /// Samples in the notation of Prometheus' rule tests: `0.01x10 0.2+0.1x5` is 0.01 eleven times, then 0.2, 0.3 ... 0.7. A sample holds
    /// until the next one, the last one for ever; `_` repeats the one before.
    pub series: Option<String>,
    /// Time between two samples of `series`. Default: 1m.
    pub interval: Option<Time>,
    /// Points joined by straight lines: a ramp. Before the first and after the last the value stays.
    pub points: Option<Vec<Point>>,
    /// The same wave every day.
    pub daily: Option<Daily>,
    /// A CSV file with a header, the column `time` (durations or seconds, ascending) and the column `value`. Points are joined by straight
    /// lines. The name is relative to the scenario's file.
    pub csv: Option<String>,
    /// Another column than `value`.
    pub column: Option<String>,
    /// Times at which the value is a multiple of what it would be.
    pub spikes: Option<Vec<Spike>>,
    /// From where time counts: `start` (of the simulation), `release` (when the version was first deployed) or `pod` (the age of each
    /// pod). Default: `start` for traffic, `release` for an image.
    pub since: Option<String>,
    /// How many times the value; with a law drawn once for each run. Default: 1.
    ///
    /// ```yaml
    /// errorRate: {points: [{at: 0s, value: 0.001}, {at: 30m, value: 0.02}], times: {law: LogNormal, median: 1, sigma: 0.5}}
    /// ```
    pub times: Option<Amount>,
    /// The law of a value that nobody knows: `Uniform`, `LogUniform`, `Normal`, `LogNormal`, `Exp`, `Gamma`, `Weibull`, `Pareto`, `Beta` or
    /// `Mixture`, with the parameters of a law in the fields below.
    pub law: Option<String>,
    /// Least value of a law.
    pub low: Option<Time>,
    /// Greatest value of a law.
    pub high: Option<Time>,
    /// Mean of a law.
    pub mean: Option<Time>,
    /// Standard deviation of a law.
    pub std_dev: Option<Time>,
    /// Median of a law.
    pub median: Option<Time>,
    /// Mean of the natural logarithm.
    pub mu: Option<Number>,
    /// Standard deviation of the natural logarithm.
    pub sigma: Option<Number>,
    /// Shape of a law.
    pub shape: Option<Number>,
    /// Scale of a law.
    pub scale: Option<Time>,
    /// First parameter of `Beta`.
    pub alpha: Option<Number>,
    /// Second parameter of `Beta`.
    pub beta: Option<Number>,
    /// Of `Beta` with a `mean`: alpha + beta.
    pub strength: Option<Number>,
    /// The laws that are mixed.
    pub parts: Option<Vec<Part>>,
}

impl CurveFields {
    /// The fields of the law of a value that is not known.
    #[must_use]
    pub fn law_fields(&self) -> LawFields {
        LawFields {
            law: self.law.clone(),
            low: self.low.clone(),
            high: self.high.clone(),
            mean: self.mean.clone(),
            std_dev: self.std_dev.clone(),
            median: self.median.clone(),
            mu: self.mu.clone(),
            sigma: self.sigma.clone(),
            shape: self.shape.clone(),
            scale: self.scale.clone(),
            alpha: self.alpha.clone(),
            beta: self.beta.clone(),
            strength: self.strength.clone(),
            parts: self.parts.clone(),
        }
    }
}

/// A point of a curve.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// When.
    pub at: Option<Time>,
    /// What.
    pub value: Option<Number>,
}

/// A daily wave: a sine between `low` and `high`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Daily {
    /// The lowest value, twelve hours away from the highest.
    pub low: Option<Number>,
    /// The highest value.
    pub high: Option<Number>,
    /// When it is highest, after the start. Default: 0s.
    pub high_at: Option<Time>,
}

/// A time at which a value is a multiple of what it would be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spike {
    /// When it begins.
    pub at: Option<Time>,
    /// How long it lasts.
    pub r#for: Option<Time>,
    /// How many times the value.
    pub times: Option<Number>,
}

impl<'de> Deserialize<'de> for Curve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = Form {
            name: "Curve",
            fields: CURVE_FIELDS,
            expecting: "a number, a series such as `0.01x10 0.2`, or a mapping",
        };
        Ok(match either::read(deserializer, form)? {
            Either::Number(number) => Self::Number(number),
            Either::Text(text) => Self::Text(text),
            Either::Fields(fields) => Self::Fields(Box::new(fields)),
        })
    }
}

/// The names of the fields of [`CurveFields`]; a test keeps them together.
const CURVE_FIELDS: &[&str] = &[
    "value", "series", "interval", "points", "daily", "csv", "column", "spikes", "since", "times",
    "law", "low", "high", "mean", "stdDev", "median", "mu", "sigma", "shape", "scale", "alpha",
    "beta", "strength", "parts",
];

impl JsonSchema for Curve {
    fn schema_name() -> Cow<'static, str> {
        "Curve".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fields = generator.subschema_for::<CurveFields>();
        json_schema!({
            "description": "A value over time: a number, a series in the notation of Prometheus' rule tests \
                (one sample a minute), or a mapping.",
            "anyOf": [{ "type": "number" }, { "type": "string" }, fields]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_curve_are_known_by_name() {
        let schema = schemars::schema_for!(CurveFields);
        let properties = schema.get("properties").and_then(|value| value.as_object());
        let mut names: Vec<&str> = properties
            .expect("fields")
            .keys()
            .map(String::as_str)
            .collect();
        let mut known = CURVE_FIELDS.to_vec();
        names.sort_unstable();
        known.sort_unstable();
        assert_eq!(names, known);
    }
}
