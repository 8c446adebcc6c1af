//! Manifests without what every manifest repeats.
//!
//! Documents are separated by `---`. One with a `kind` is taken as it stands. One with `metrics` is
//! the `spec` of an `AnalysisTemplate`, its name stands under `template`, and a metric without a
//! provider asks Prometheus. Anything else is the `spec` of the Rollout `web`, whose pods run
//! `example.com/web:v1`. In it
//!
//! - `canary` and `blueGreen` may stand at the top, without `strategy`;
//! - `trafficRouting: nginx` stands for a router with its two services, `web-canary` and
//!   `web-stable`;
//! - a blue-green rollout has the active service `active`;
//! - `analysis: check` stands for an analysis of the one template `check`.

use coalmine::spec::{AnalysisTemplate, Experiment, Opaque, Rollout};
use coalmine::validation::references::ObjectSet;
use coalmine::validation::workload::{Workload, resolve_workload};
use serde::Deserialize;
use serde_json::{Value, json};

/// The objects of a story.
#[derive(Default)]
pub(crate) struct Manifests {
    pub(crate) rollout: Option<Rollout>,
    pub(crate) experiment: Option<Experiment>,
    /// Whether the pod template comes from a workload.
    pub(crate) from_workload: bool,
    templates: Vec<AnalysisTemplate>,
    others: Vec<Opaque>,
}

impl Manifests {
    /// Reads the documents of a story.
    pub(crate) fn read(text: &str) -> Self {
        let mut manifests = Self::default();
        let mut workloads = Vec::new();
        for document in serde_yaml::Deserializer::from_str(text) {
            let value = completed(Value::deserialize(document).expect("YAML"));
            match value["kind"].as_str().expect("a kind") {
                "Rollout" => manifests.rollout = Some(typed(value)),
                "Experiment" => manifests.experiment = Some(typed(value)),
                "AnalysisTemplate" => manifests.templates.push(typed(value)),
                "Deployment" | "ReplicaSet" | "PodTemplate" => workloads.push(value),
                _ => manifests.others.push(typed(value)),
            }
        }
        manifests.follow_workload(&workloads);
        manifests
    }

    pub(crate) fn objects(&self) -> ObjectSet<'_> {
        ObjectSet {
            analysis_templates: self.templates.iter().collect(),
            others: self.others.iter().collect(),
            ..ObjectSet::default()
        }
    }

    /// Gives the Rollout the pod template of its workload, if it refers to one.
    fn follow_workload(&mut self, workloads: &[Value]) {
        let Some(rollout) = &self.rollout else { return };
        if rollout
            .spec
            .as_ref()
            .is_none_or(|spec| spec.workload_ref.is_none())
        {
            return;
        }
        let find = |_: &str, kind: &str, _: &str, name: &str| {
            let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
            workloads.iter().find(is).map(Workload::from)
        };
        let resolved = resolve_workload(rollout, find).expect("the workload is there");
        self.rollout = Some(resolved);
        self.from_workload = true;
    }
}

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("an object of its kind")
}

fn completed(mut value: Value) -> Value {
    if value.get("kind").is_some() {
        return value;
    }
    if value.get("metrics").is_none() {
        if value.get("workloadRef").is_none() {
            complete(
                &mut value,
                "selector",
                json!({"matchLabels": {"app": "web"}}),
            );
            complete(&mut value, "template", pod_template());
        }
        abbreviate(&mut value);
        return object("Rollout", "web", &value);
    }
    for metric in value["metrics"].as_array_mut().into_iter().flatten() {
        complete(
            metric,
            "provider",
            json!({"prometheus": {"query": "query"}}),
        );
    }
    let name = value["template"]
        .as_str()
        .expect("the name of the template")
        .to_owned();
    value.as_object_mut().expect("a map").remove("template");
    object("AnalysisTemplate", &name, &value)
}

/// Writes out the abbreviations.
fn abbreviate(spec: &mut Value) {
    for strategy in ["canary", "blueGreen"] {
        if let Some(written) = spec.as_object_mut().expect("a map").remove(strategy) {
            spec["strategy"] = json!({strategy: written});
        }
    }
    let canary = &mut spec["strategy"]["canary"];
    if canary
        .get("trafficRouting")
        .is_some_and(|routing| routing == "nginx")
    {
        canary["trafficRouting"] = json!({"nginx": {"stableIngress": "web"}});
        complete(canary, "canaryService", json!("web-canary"));
        complete(canary, "stableService", json!("web-stable"));
    }
    if canary.is_null() {
        complete(
            &mut spec["strategy"]["blueGreen"],
            "activeService",
            json!("active"),
        );
        spec["strategy"]
            .as_object_mut()
            .expect("a map")
            .remove("canary");
    }
    write_out_analyses(&mut spec["strategy"]);
}

fn write_out_analyses(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let is_analysis = ["analysis", "prePromotionAnalysis", "postPromotionAnalysis"]
                    .contains(&key.as_str());
                match value.as_str().filter(|_| is_analysis) {
                    Some(name) => *value = json!({"templates": [{"templateName": name}]}),
                    None => write_out_analyses(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(write_out_analyses),
        _ => {}
    }
}

/// The pod template of the version `v1`.
fn pod_template() -> Value {
    let container = json!({
        "name": "web",
        "image": "example.com/web:v1",
        "ports": [{"containerPort": 8080}],
    });
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}})
}

fn complete(value: &mut Value, key: &str, default: Value) {
    if value.get(key).is_none() {
        value[key] = default;
    }
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    })
}
