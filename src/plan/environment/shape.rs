//! In which shape the client of a metric provider hands numbers to the conditions, and how it prints them.
//!
//! Follows `metricproviders/*/*.go: processResponse, parseResponse, Run`. Refuses to know where numbers come from. A number that is NaN
//! means that the back end finds nothing: only Prometheus and plugins know NaN.
//!
//! Simplifications: a result is that of one series; of a document the fields that the conditions name hold the number, and no others are
//! there; `CloudWatch`'s results are documents, too, so a condition that names a field which they do not have fails when it is evaluated
//! and not when it is compiled.

use serde_json::{Value as Json, json};

use super::{Shows, tidy};
use crate::cluster::provider::number_text;
use crate::condition::{Value, json_float, printed_float};
use crate::document::{Step, fill};

/// How a provider's client hands over a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shape {
    /// Prometheus: a `[]float64` of one sample. A ratio of nothing is NaN.
    #[default]
    Vector,
    /// A plugin that names no field: a `float64`.
    Float,
    /// Datadog: a `float64`; for a query with groups (API version 2 only) a `[]float64`. Nothing is nil.
    Datadog {
        /// Whether the query has groups.
        grouped: bool,
    },
    /// Wavefront: a `float64`, printed with two places.
    Wavefront,
    /// Graphite: a `[]float64`, printed with six places.
    Graphite,
    /// `InfluxDB`: a `[]interface {}`.
    Influxdb,
    /// `CloudWatch`: a list of results, each with `Id`, `Label` and `Values`. Without data `Values` is empty.
    CloudWatch {
        /// Id and label of each query whose data is returned.
        results: Vec<[String; 2]>,
    },
    /// A document of JSON: New Relic, `SkyWalking`, web requests, plugins.
    Document(Document),
    /// Kayenta: a score that no condition judges.
    Score,
}

/// A document in which a number stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Where; if nowhere, the number is the document.
    pub places: Vec<Vec<Step>>,
    /// The provider's message if there is nothing; `None`: the number is `null` then.
    pub nothing: Option<&'static str>,
    /// Whether numbers are whole, as in `SkyWalking`, which counts ratios in ten thousandths and times in milliseconds.
    pub whole: bool,
}

impl Shape {
    /// What the conditions get if the back end finds this number.
    ///
    /// # Errors
    ///
    /// The provider's message where finding nothing is an Error.
    pub fn hold(&self, number: f64) -> Result<Value, String> {
        let nothing = number.is_nan();
        match self {
            Self::Graphite if nothing => Err("no values found".to_owned()),
            Self::Wavefront if nothing => {
                Err("No TimeSeries found in response from Wavefront".to_owned())
            }
            Self::Influxdb if nothing => Err("no results returned from flux query".to_owned()),
            Self::Datadog { .. } | Self::Score if nothing => Ok(Value::Nil),
            Self::Vector | Self::Graphite | Self::Datadog { grouped: true } => {
                Ok(Value::Vector(vec![number]))
            }
            Self::Float | Self::Wavefront | Self::Datadog { .. } | Self::Score => {
                Ok(Value::Float(number))
            }
            Self::Influxdb => Ok(Value::List(vec![number])),
            Self::CloudWatch { results } => {
                let values = if nothing { json!([]) } else { json!([number]) };
                let result = |[id, label]: &[String; 2]| json!({"Id": id, "Label": label, "StatusCode": "Complete", "Values": values});
                Ok(Value::Json(results.iter().map(result).collect()))
            }
            Self::Document(document) => document.holding(number).map(Value::Json),
        }
    }

    /// What the conditions get of a vector that a scenario writes down; an empty one is that nothing is found.
    ///
    /// # Errors
    ///
    /// As for [`Shape::hold`].
    pub fn hold_all(&self, numbers: &[f64]) -> Result<Value, String> {
        match (self, numbers) {
            (Self::Vector, _) => Ok(Value::Vector(numbers.to_vec())),
            (Self::Float, []) => Ok(Value::Nil),
            (_, []) => self.hold(f64::NAN),
            (Self::Influxdb, _) => Ok(Value::List(numbers.to_vec())),
            (Self::Score, [number, ..]) => self.hold(*number),
            _ => Ok(Value::Vector(numbers.to_vec())),
        }
    }

    /// The measurement's `value`.
    #[must_use]
    pub fn text(&self, value: &Value) -> String {
        match (self, value) {
            (Self::CloudWatch { .. }, Value::Json(Json::Array(results))) => {
                let values = results.iter().map(|result| printed(&result["Values"]));
                format!("[{}]", values.collect::<Vec<_>>().join(" "))
            }
            (Self::Influxdb, Value::Json(json)) => printed(json),
            (Self::Influxdb, Value::List(numbers)) => listed(numbers, " ", printed_float),
            (_, Value::Json(json)) => go_json(json),
            (Self::Datadog { .. }, Value::Nil) => "[]".to_owned(),
            (Self::Document(_), Value::Nil) => "null".to_owned(),
            (Self::Score, Value::Float(score)) => whole(*score).to_string(),
            (_, Value::Vector(numbers) | Value::List(numbers)) => {
                listed(numbers, ",", |number| self.number_text(number))
            }
            (_, Value::Float(number)) => self.number_text(*number),
            _ => String::new(),
        }
    }

    /// Whether a measurement that the conditions cannot judge keeps its value; most clients drop it.
    #[must_use]
    pub fn keeps_unjudged(&self) -> bool {
        matches!(self, Self::Graphite | Self::CloudWatch { .. })
    }

    /// With what a number of the simulated service is multiplied unless the scenario says otherwise.
    #[must_use]
    pub fn unit(&self, shows: Shows) -> f64 {
        let sky_walking = matches!(self, Self::Document(document) if document.whole);
        match shows {
            Shows::SuccessRatio | Shows::ErrorRatio if sky_walking => 10_000.0,
            Shows::SuccessRatio | Shows::ErrorRatio if *self == Self::Score => 100.0,
            Shows::Latency { .. } if sky_walking => 1000.0,
            Shows::Errors | Shows::Requests if sky_walking => 60.0,
            _ => 1.0,
        }
    }

    /// A number of the simulated service, or of a draw, in the unit of the provider; `times` is what the scenario says.
    #[must_use]
    pub fn scaled(&self, number: f64, shows: Shows, times: Option<f64>) -> f64 {
        match times.unwrap_or_else(|| self.unit(shows)) {
            1.0 => number,
            times => tidy(number * times),
        }
    }

    fn number_text(&self, number: f64) -> String {
        match self {
            Self::Wavefront if number.is_finite() => format!("{number:.2}"),
            Self::Graphite if number.is_finite() => format!("{number:.6}"),
            _ => number_text(number),
        }
    }
}

impl Document {
    fn holding(&self, number: f64) -> Result<Json, String> {
        let value = match self.nothing {
            Some(message) if number.is_nan() => return Err(message.to_owned()),
            _ if self.whole => json!(number.round()),
            _ => json!(number),
        };
        let mut document = value.clone();
        for place in &self.places {
            fill(&mut document, place, &value);
        }
        Ok(document)
    }
}

/// The whole number that Go makes of a score (`metricproviders/kayenta/kayenta.go: Resume`).
#[must_use]
pub fn whole(score: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "upstream converts in the same way, and scores are small"
    )]
    let score = score as i64;
    score
}

/// JSON as Go's encoder writes it: keys sorted, no spaces.
#[must_use]
pub fn go_json(value: &Json) -> String {
    match value {
        Json::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(key, _)| key.as_str());
            let fields: Vec<String> = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Json::String(key.clone()), go_json(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(go_json).collect();
            format!("[{}]", items.join(","))
        }
        Json::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), json_float),
        other => other.to_string(),
    }
}

/// A value as Go's package `fmt` prints it with `%v`.
fn printed(value: &Json) -> String {
    match value {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(printed).collect();
            format!("[{}]", items.join(" "))
        }
        Json::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), printed_float),
        Json::String(text) => text.clone(),
        Json::Null => "<nil>".to_owned(),
        other => go_json(other),
    }
}

fn listed(numbers: &[f64], separator: &str, print: impl Fn(f64) -> String) -> String {
    let texts: Vec<String> = numbers.iter().map(|number| print(*number)).collect();
    format!("[{}]", texts.join(separator))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::places_named;

    fn told(shape: &Shape, number: f64) -> String {
        match shape.hold(number) {
            Ok(value) => shape.text(&value),
            Err(message) => message,
        }
    }

    #[test]
    fn each_client_prints_numbers_and_nothing_in_its_own_way() {
        let results = vec![["rate".to_owned(), "rate".to_owned()]];
        let rows = [
            (Shape::Vector, "[0.5]", "[NaN]"),
            (Shape::Float, "0.5", "NaN"),
            (Shape::Datadog { grouped: false }, "0.5", "[]"),
            (Shape::Datadog { grouped: true }, "[0.5]", "[]"),
            (
                Shape::Wavefront,
                "0.50",
                "No TimeSeries found in response from Wavefront",
            ),
            (Shape::Graphite, "[0.500000]", "no values found"),
            (
                Shape::Influxdb,
                "[0.5]",
                "no results returned from flux query",
            ),
            (Shape::CloudWatch { results }, "[[0.5]]", "[[]]"),
            (Shape::Document(Document::default()), "0.5", "null"),
            (Shape::Score, "0", ""),
        ];
        for (shape, number, nothing) in rows {
            assert_eq!(told(&shape, 0.5), number, "{shape:?}");
            assert_eq!(told(&shape, f64::NAN), nothing, "{shape:?}");
        }
    }

    #[test]
    fn documents_hold_a_number_wherever_conditions_look_for_it() {
        let mut document = Document {
            places: places_named("result.rate > 0.9 && all(result.list, {.x > 0.9})"),
            nothing: Some("no results returned from NRQL query"),
            whole: false,
        };
        let shape = Shape::Document(document.clone());
        assert_eq!(told(&shape, 0.97), r#"{"list":[{"x":0.97}],"rate":0.97}"#);
        assert_eq!(
            told(&shape, f64::NAN),
            "no results returned from NRQL query"
        );
        document.whole = true;
        let shape = Shape::Document(document);
        assert_eq!(told(&shape, 9700.4), r#"{"list":[{"x":9700}],"rate":9700}"#);
    }

    #[test]
    fn scores_lose_what_is_behind_the_point() {
        assert_eq!(told(&Shape::Score, 94.9), "94");
    }
}
