//! A scenario as its user writes it.
//!
//! Knows the shape of the file. Refuses to know defaults and rules: `None` means that nothing is
//! written.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;

/// A scenario (`coalmine/v1alpha1`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    pub api_version: Option<String>,
    pub kind: Option<String>,
    pub metadata: Option<Metadata>,
    pub spec: Option<Spec>,
}

/// Who the scenario is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub name: Option<String>,
    pub labels: Option<BTreeMap<String, String>>,
    pub annotations: Option<BTreeMap<String, String>>,
}

/// What happens around the rollout.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    pub description: Option<String>,
    pub seed: Option<u64>,
    /// End of the simulation.
    pub until: Option<Time>,
    /// Whether the cluster is empty at first.
    pub initial: Option<bool>,
    /// Tag of the image that is stable at the start.
    pub stable: Option<String>,
    /// Tag that is applied at the start.
    pub update: Option<String>,
    /// By tag, or `default`.
    pub images: Option<BTreeMap<String, Image>>,
    /// By name of the metric.
    pub metrics: Option<BTreeMap<String, Vec<Answer>>>,
    pub actions: Option<Vec<Action>>,
    /// Values by name of the secret and key.
    pub secrets: Option<BTreeMap<String, BTreeMap<String, String>>>,
    /// Results of step plugins, by name of the plugin.
    pub plugins: Option<BTreeMap<String, Vec<PluginResult>>>,
    pub router: Option<Router>,
}

/// How pods of an image behave.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    pub startup: Option<Time>,
    pub max_ready: Option<u32>,
    pub unready: Option<Vec<Window>>,
}

/// A time from and to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    pub from: Option<Time>,
    pub to: Option<Time>,
}

/// What a metric's back end answers from a time on: exactly one of the fields behind `from`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub from: Option<Time>,
    pub vector: Option<Vec<Number>>,
    pub scalar: Option<Number>,
    pub error: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub json: Option<Value>,
    pub status: Option<u16>,
    pub job: Option<Job>,
    #[serde(default, deserialize_with = "present")]
    pub value: Option<Value>,
}

/// How a Job ends: at most one of the fields.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub succeed_after: Option<Time>,
    pub fail_after: Option<Time>,
}

/// Something a person does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    pub at: Option<Time>,
    pub on: Option<String>,
    pub step: Option<u32>,
    pub after: Option<Time>,
    pub every: Option<bool>,
    pub r#do: Option<String>,
    pub image: Option<String>,
    pub replicas: Option<i32>,
    pub to_revision: Option<u32>,
}

/// What a step plugin answers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginResult {
    pub phase: Option<String>,
    pub r#for: Option<Time>,
    pub requeue_after: Option<Time>,
    pub message: Option<String>,
}

/// What the router can do.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Router {
    pub verify_after: Option<Time>,
}

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

/// Keeps a `null` that is written apart from a field that is not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
