//! What a run must come to, as written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::Deserializer;

use super::either::{self, Either, Form};
use super::{Names, Number, Time};

/// What the run must come to: `coalmine test` checks it. Amounts are numbers (exactly so many) or bounds such as `{atMost: 100}`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Expect {
    /// What becomes of the last revision: `Promoted`, `RolledBack`, `RollbackFailed`, `Paused`, `Stuck`, `Invalid` or `Undecided`; of
    /// an Experiment on its own: `Successful`, `Failed`, `Inconclusive`, `Invalid`, `Stuck` or `Undecided`.
    pub verdict: Option<String>,
    /// The farthest step that the last revision reaches, counted from 0 as in the status; the number of steps when all are done.
    pub step: Option<Bounds>,
    /// The verdict holds at this time at the earliest.
    pub not_before: Option<Time>,
    /// The verdict holds at this time at the latest.
    pub not_after: Option<Time>,
    /// A regular expression that matches somewhere in the controller's words for the verdict.
    pub reason: Option<String>,
    /// Requests of users.
    pub requests: Option<Bounds>,
    /// Requests of users that fail.
    pub failed_requests: Option<Bounds>,
    /// Requests of users that are sent to where nobody is; they fail too.
    pub unserved_requests: Option<Bounds>,
    /// Failed requests beyond those that the stable version alone would have failed.
    pub harm: Option<Bounds>,
    /// Users who see the new version.
    pub users_exposed: Option<Bounds>,
    /// Time that users spend on the new version, weighted by their requests.
    pub exposure: Option<TimeBounds>,
    /// Most pods at once, those that are being deleted included.
    pub peak_pods: Option<Bounds>,
    /// Pod-hours in all.
    pub pod_hours: Option<Bounds>,
    /// Pod-hours beyond `spec.replicas`.
    pub excess_pod_hours: Option<Bounds>,
    /// Price of these; needs `spec.cost.podHour`.
    pub excess_cost: Option<Bounds>,
    /// Time with fewer available pods than `spec.replicas`.
    pub short_of_capacity: Option<TimeBounds>,
    /// Time in which no requests go to the old version and all its pods still stand by.
    pub instant_rollback: Option<TimeBounds>,
    /// How often each metric is measured and how the measurements are judged, in all analysis runs together; by name of the metric.
    pub measurements: Option<BTreeMap<String, Measurements>>,
    /// The canary's weight at some times, as the controller has set it.
    pub weights: Option<Vec<Weight>>,
    /// Pods of a version at some times.
    pub pods: Option<Vec<Pods>>,
    /// Services that have an endpoint at all times: `active`, `preview`, `stable`, `canary`, their names, or `always` for all
    /// services of the rollout.
    pub endpoints: Option<Names>,
}

/// How often a metric is measured and how the measurements are judged.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Measurements {
    /// Those that are Successful, Failed or Inconclusive: without errors, as Argo counts.
    pub count: Option<Bounds>,
    /// Those that are Successful.
    pub successful: Option<Bounds>,
    /// Those that are Failed.
    pub failed: Option<Bounds>,
    /// Those that are Inconclusive.
    pub inconclusive: Option<Bounds>,
    /// Those that end as Error.
    pub error: Option<Bounds>,
}

/// The canary's weight at a time.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Weight {
    /// When; what happens at this very instant has happened.
    pub at: Option<Time>,
    /// The weight.
    pub weight: Option<Bounds>,
}

/// Pods of a version at a time.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pods {
    /// When; what happens at this very instant has happened.
    pub at: Option<Time>,
    /// The tag of the version.
    pub image: Option<String>,
    /// Its available pods.
    pub available: Option<Bounds>,
    /// The pods that it is asked to have.
    pub desired: Option<Bounds>,
}

/// An amount: a number, or bounds.
#[derive(Clone, Debug, PartialEq)]
pub enum Bounds {
    /// Exactly so many.
    Exactly(Number),
    Fields(BoundFields),
}

/// Bounds of an amount, both inclusive.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BoundFields {
    /// So many or more.
    pub at_least: Option<Number>,
    /// So many or fewer.
    pub at_most: Option<Number>,
}

/// A length of time: a duration, or bounds.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeBounds {
    /// Exactly so long.
    Exactly(Time),
    Fields(TimeBoundFields),
}

/// Bounds of a length of time, both inclusive.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimeBoundFields {
    /// So long or longer.
    pub at_least: Option<Time>,
    /// So long or shorter.
    pub at_most: Option<Time>,
}

/// The names of the fields of both kinds of bounds; a test keeps them together.
const BOUND_FIELDS: &[&str] = &["atLeast", "atMost"];

/// Reads a value or a mapping; both kinds of bounds do it alike.
macro_rules! value_or_bounds {
    ($bounds:ident, $fields:ident, $value:ident, $number:expr, $name:literal, $expecting:literal, $description:literal) => {
        impl<'de> Deserialize<'de> for $bounds {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let form = Form {
                    name: $name,
                    fields: BOUND_FIELDS,
                    expecting: $expecting,
                };
                Ok(match either::read(deserializer, form)? {
                    Either::Number(number) => Self::Exactly($number(number)),
                    Either::Text(text) => Self::Exactly($value::Text(text)),
                    Either::Fields(fields) => Self::Fields(fields),
                })
            }
        }

        impl JsonSchema for $bounds {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let exactly = generator.subschema_for::<$value>();
                let fields = generator.subschema_for::<$fields>();
                json_schema!({ "description": $description, "anyOf": [exactly, fields] })
            }
        }
    };
}

value_or_bounds!(
    Bounds,
    BoundFields,
    Number,
    Number::Number,
    "Bounds",
    "a number, or bounds such as `{atMost: 100}`",
    "A number (exactly so many), or bounds such as `{atMost: 100}` or `{atLeast: 1, atMost: 3}`."
);
value_or_bounds!(
    TimeBounds,
    TimeBoundFields,
    Time,
    Time::Seconds,
    "TimeBounds",
    "a duration, or bounds such as `{atMost: 5m}`",
    "A duration (exactly so long), or bounds such as `{atMost: 5m}` or `{atLeast: 30s}`."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_bounds_are_known_by_name() {
        for schema in [
            schemars::schema_for!(BoundFields),
            schemars::schema_for!(TimeBoundFields),
        ] {
            let properties = schema.get("properties").and_then(|value| value.as_object());
            let names: Vec<&String> = properties.expect("fields").keys().collect();
            assert_eq!(names, BOUND_FIELDS);
        }
    }
}
