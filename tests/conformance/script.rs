//! From a recorded case to a simulation: manifests, script, start.

use coalmine::plan::Plan;
use coalmine::plan::compile::{self, Compiled, Input};
use coalmine::plan::environment::{Fate, Image};
use coalmine::plan::scenario::{Action, Deed, When};
use coalmine::plan::setting::{Response, Setting, Unscripted};
use coalmine::sim::{Ending, Simulation, Start};
use coalmine::spec::{
    AnalysisTemplate, ClusterAnalysisTemplate, Experiment, Ingress, Opaque, Rollout, Service,
    VirtualService,
};
use coalmine::time::{Delta, SimTime};
use coalmine::trace::{Off, Trace};
use coalmine::validation::references::residue::left_behind;
use coalmine::validation::references::{Missing, ObjectSet};
use coalmine::validation::rollout::TemplateOrigin;
use serde::Deserialize;
use serde_json::Value;

/// The objects of a case.
#[derive(Default)]
struct Manifests {
    rollout: Option<Rollout>,
    experiment: Option<Experiment>,
    analysis_templates: Vec<AnalysisTemplate>,
    cluster_analysis_templates: Vec<ClusterAnalysisTemplate>,
    services: Vec<Service>,
    ingresses: Vec<Ingress>,
    virtual_services: Vec<VirtualService>,
    others: Vec<Opaque>,
}

/// A simulated case.
pub(crate) struct Simulated {
    pub(crate) plan: Plan,
    pub(crate) compiled: Compiled,
    pub(crate) setting: Setting,
    pub(crate) trace: Trace,
    pub(crate) ending: Ending,
}

/// Simulates a case.
pub(crate) fn simulate(manifests: &str, script: &Value) -> Result<Simulated, String> {
    let manifests = read(manifests)?;
    let setting = setting(script);
    let objects = ObjectSet {
        analysis_templates: manifests.analysis_templates.iter().collect(),
        cluster_analysis_templates: manifests.cluster_analysis_templates.iter().collect(),
        services: manifests.services.iter().collect(),
        ingresses: manifests.ingresses.iter().collect(),
        virtual_services: manifests.virtual_services.iter().collect(),
        others: manifests.others.iter().collect(),
    };
    // The recorded controllers shared templates between their reconciliations; those of a cluster copy them.
    let shared = manifests
        .rollout
        .as_ref()
        .map(|rollout| left_behind(rollout, &objects));
    let shared = shared.unwrap_or_default();
    let mut objects = objects.clone();
    objects.analysis_templates.extend(&shared.namespaced);
    objects.cluster_analysis_templates.extend(&shared.cluster);
    let compiled = match (&manifests.rollout, &manifests.experiment) {
        (Some(rollout), _) => compile::compile_rollout(Input {
            rollout,
            origin: TemplateOrigin::Written,
            objects: &objects,
            missing: Missing::Assumed,
            setting: &setting,
        }),
        (None, Some(experiment)) => compile::compile_experiment(experiment, &objects, &setting),
        (None, None) => return Err("neither a Rollout nor an Experiment".to_owned()),
    };
    let start = match &manifests.rollout {
        Some(_) => Start::empty(
            &compiled.plan,
            compiled.template("v1").ok_or("no image v1")?,
        ),
        None => Start::experiment(&compiled.plan),
    };
    let horizon = script["horizon"].as_i64().ok_or("no horizon")?;
    // Everything of the last second is recorded.
    let until = SimTime::from_secs(horizon) + Delta::from_millis(999);
    let script = compile::script(actions(script, &compiled)?, Some(until));
    let mut simulation = Simulation::new(
        &compiled.plan,
        &compiled.environment,
        &script,
        Trace::default(),
    );
    let ending = simulation.run(&start);
    // Nobody's record, nor what is remembered of an earlier run, makes any difference.
    let mut silent = Simulation::new(&compiled.plan, &compiled.environment, &script, Off);
    for run in 1..=2 {
        if silent.run(&start) != ending || silent.cluster() != simulation.cluster() {
            return Err(format!("run {run} without a record ends otherwise"));
        }
    }
    let trace = simulation.into_recorder();
    Ok(Simulated {
        plan: compiled.plan.clone(),
        compiled,
        setting,
        trace,
        ending,
    })
}

fn read(text: &str) -> Result<Manifests, String> {
    let mut manifests = Manifests::default();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Value::deserialize(document).map_err(|error| error.to_string())?;
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        let group = value["apiVersion"].as_str().unwrap_or_default().to_owned();
        match (kind.as_str(), group.split('/').next().unwrap_or_default()) {
            ("Rollout", _) => manifests.rollout = Some(from(value)?),
            ("Experiment", _) => manifests.experiment = Some(from(value)?),
            ("AnalysisTemplate", _) => manifests.analysis_templates.push(from(value)?),
            ("ClusterAnalysisTemplate", _) => {
                manifests.cluster_analysis_templates.push(from(value)?);
            }
            ("Service", _) => manifests.services.push(from(value)?),
            ("Ingress", _) => manifests.ingresses.push(from(value)?),
            ("VirtualService", "networking.istio.io") => {
                manifests.virtual_services.push(from(value)?);
            }
            _ => manifests.others.push(from(value)?),
        }
    }
    Ok(manifests)
}

fn from<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn seconds(value: &Value) -> Delta {
    Delta::from_secs(value.as_i64().expect("whole seconds"))
}

fn instant(value: &Value) -> SimTime {
    SimTime::ZERO + seconds(value)
}

fn setting(script: &Value) -> Setting {
    let mut setting = Setting {
        unscripted: Unscripted::AnswersNothing,
        ..Setting::default()
    };
    for (tag, image) in script["images"].as_object().into_iter().flatten() {
        let windows = image["unready"].as_array().into_iter().flatten();
        setting.images.insert(
            tag.clone(),
            Image {
                startup: image.get("start").map_or(Delta::ZERO, seconds).into(),
                max_ready: image["max_ready"]
                    .as_i64()
                    .map(|most| i32::try_from(most).expect("few pods")),
                unready: windows
                    .map(|window| (instant(&window[0]), instant(&window[1])))
                    .collect(),
                ..Image::default()
            },
        );
        setting.tags.push(tag.clone());
    }
    for (name, points) in script["metrics"].as_object().into_iter().flatten() {
        let points = points.as_array().into_iter().flatten();
        let points = points.map(|point| (instant(&point["from"]), response(&point["value"])));
        setting.metrics.insert(name.clone(), points.collect());
    }
    setting.verify_after = script["router"].get("verify_after").map(seconds);
    setting
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("NaN") => f64::NAN,
        Some("+Inf") => f64::INFINITY,
        Some("-Inf") => f64::NEG_INFINITY,
        _ => value.as_f64().expect("a number"),
    }
}

fn response(value: &Value) -> Response {
    if let Some(numbers) = value["vector"].as_array() {
        Response::Vector(numbers.iter().map(number).collect())
    } else if let Some(scalar) = value.get("scalar") {
        Response::Scalar(number(scalar))
    } else if let Some(message) = value["error"].as_str() {
        Response::Error(message.to_owned())
    } else if let Some(document) = value.get("json") {
        Response::Json(document.clone())
    } else if let Some(status) = value["status"].as_u64() {
        Response::Status(u16::try_from(status).expect("an HTTP status"))
    } else if let Some(after) = value.get("succeed_after") {
        Response::Job(Fate::Succeeds(seconds(after)))
    } else if let Some(after) = value.get("fail_after") {
        Response::Job(Fate::Fails(seconds(after)))
    } else {
        Response::Job(Fate::Hangs)
    }
}

fn actions(script: &Value, compiled: &Compiled) -> Result<Vec<Action>, String> {
    let mut actions = Vec::new();
    for action in script["actions"].as_array().into_iter().flatten() {
        let name = action["do"].as_str().unwrap_or_default();
        let deed = match name {
            "set_image" => {
                let tag = action["image"].as_str().unwrap_or_default();
                Deed::SetImage(compiled.template(tag).ok_or("an unknown image")?)
            }
            "promote" => Deed::Promote,
            "promote_full" => Deed::PromoteFull,
            "promote_skip_step" => Deed::SkipCurrentStep,
            "abort" => Deed::Abort,
            "retry" => Deed::Retry,
            "pause" => Deed::Pause,
            "resume" => Deed::Resume,
            "scale" => {
                let replicas = action["replicas"].as_i64().unwrap_or_default();
                Deed::Scale(i32::try_from(replicas).expect("few replicas"))
            }
            "experiment_terminate" => Deed::TerminateExperiment,
            other => return Err(format!("unknown action {other}")),
        };
        actions.push(Action {
            when: When::At(instant(&action["at"])),
            deed,
        });
    }
    Ok(actions)
}
