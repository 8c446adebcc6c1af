//! A record as rows: what gates of a recorded trace, computed from ours in the same form.

use std::collections::{BTreeMap, BTreeSet};

use coalmine::cluster::analysis_run::{AnalysisPhase, AnalysisRun, MetricStatus, Site};
use coalmine::cluster::experiment::Experiment;
use coalmine::cluster::replica_set::Owner;
use coalmine::cluster::status::{PingPong, RolloutPhase};
use coalmine::cluster::{Cluster, Event, TemplateId};
use coalmine::plan::experiment::TemplateSource;
use coalmine::plan::{Environment, Plan};
use coalmine::trace::Trace;
use coalmine::trace::wording::{analysis_phase, pause_reason, rollout_phase, template_code};
use serde_json::{Value, json};

/// What changed in one second: objects by name, and the measurements that were completed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) objects: BTreeMap<String, Value>,
    pub(crate) measurements: BTreeSet<String>,
}

/// Rows by second.
pub(crate) type Rows = BTreeMap<i64, Row>;

/// The rows of a recorded trace, without what does not gate.
pub(crate) fn recorded(trace: &[Value]) -> Rows {
    let mut all = BTreeMap::new();
    for row in trace {
        let second = row["t"].as_i64().expect("a second");
        let mut objects = BTreeMap::new();
        if let Some(state) = row.get("state") {
            objects.insert("state".to_owned(), without_messages(state));
        }
        for kind in ["runs", "experiments"] {
            for (name, object) in row[kind].as_object().into_iter().flatten() {
                objects.insert(format!("{kind} {name}"), without_messages(object));
            }
        }
        let measurements = row["measurements"].as_array().into_iter().flatten();
        let measurements = measurements
            .map(|one| {
                let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
                let (run, metric) = (text("run"), text("metric"));
                let (phase, value) = (text("phase"), text("value"));
                format!("{run} {metric} {phase} {value} started {}", one["started"])
            })
            .collect();
        all.insert(
            second,
            Row {
                objects,
                measurements,
            },
        );
    }
    changes(all)
}

/// The rows of a simulation.
pub(crate) fn simulated(plan: &Plan, environment: &Environment, trace: &Trace) -> Rows {
    let mut all: Rows = BTreeMap::new();
    for frame in &trace.frames {
        let row = all.entry(frame.at.whole_secs()).or_default();
        row.objects = objects(plan, &frame.cluster);
    }
    let Some(last) = trace.frames.last() else {
        return all;
    };
    for (at, event) in &trace.events {
        let Event::Measured {
            run,
            metric,
            measurement,
        } = event
        else {
            continue;
        };
        let stored = &last.cluster.runs[run.0 as usize];
        let analysis = &plan.analyses[stored.analysis as usize];
        let metric = &analysis.metrics[usize::from(*metric)];
        let reading = &environment.sources[metric.source as usize]
            .scripted(measurement.answer.point)
            .reading;
        let value = if measurement.phase == AnalysisPhase::Error {
            ""
        } else {
            reading.text.as_str()
        };
        let name = run_name(&last.cluster, plan, run.0 as usize);
        let row = all.entry(at.whole_secs()).or_default();
        row.measurements.insert(format!(
            "{name} {} {} {value} started {}",
            metric.name,
            analysis_phase(measurement.phase),
            measurement.started.whole_secs()
        ));
    }
    changes(all)
}

/// Keeps only what differs from the last value of the same object.
fn changes(all: Rows) -> Rows {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    let mut kept = BTreeMap::new();
    for (second, mut row) in all {
        row.objects
            .retain(|name, object| known.get(name) != Some(object));
        known.extend(row.objects.clone());
        if row != Row::default() {
            kept.insert(second, row);
        }
    }
    kept
}

fn without_messages(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| *key != "message")
            .map(|(key, value)| (key.clone(), without_messages(value)))
            .collect(),
        other => other.clone(),
    }
}

fn objects(plan: &Plan, cluster: &Cluster) -> BTreeMap<String, Value> {
    let mut objects = BTreeMap::new();
    if cluster
        .rollout
        .as_ref()
        .is_some_and(|rollout| rollout.status.phase != RolloutPhase::Unset)
    {
        objects.insert("state".to_owned(), state(plan, cluster));
    }
    for (index, run) in cluster.runs.iter().enumerate() {
        if run.phase != AnalysisPhase::Unset {
            let name = run_name(cluster, plan, index);
            objects.insert(
                format!("runs {name}"),
                run_value(plan, run, cluster.metrics_of(run)),
            );
        }
    }
    for (index, experiment) in cluster.experiments.iter().enumerate() {
        if experiment.phase != AnalysisPhase::Unset {
            let name = experiment_name(cluster, index);
            objects.insert(
                format!("experiments {name}"),
                experiment_value(plan, cluster, experiment),
            );
        }
    }
    objects
}

fn state(plan: &Plan, cluster: &Cluster) -> Value {
    let rollout = cluster.rollout.as_ref().expect("a rollout");
    let status = &rollout.status;
    let tag = |template: Option<TemplateId>| {
        template.map_or("", |template| plan.template(template).tag.as_str())
    };
    let mut pods: BTreeMap<&str, [i32; 3]> = BTreeMap::new();
    for set in cluster.replica_sets.iter().filter(|set| set.is_rollouts()) {
        let counts = pods.entry(tag(Some(set.template))).or_default();
        for (sum, count) in counts
            .iter_mut()
            .zip([set.desired, set.ready, set.available])
        {
            *sum += count;
        }
    }
    pods.retain(|_, counts| *counts != [0; 3]);
    let pauses: Vec<&str> = status
        .pauses
        .iter()
        .map(|(reason, _)| pause_reason(reason))
        .collect();
    let mut state = json!({
        "phase": rollout_phase(status.phase),
        "abort": status.abort,
        "stable": tag(status.stable),
        "pods": pods,
        "pauses": pauses,
    });
    let has_steps = plan.canary().is_some_and(|canary| !canary.steps.is_empty());
    if status.step.is_some() || has_steps {
        state["step"] = json!(status.step);
    }
    if rollout.paused {
        state["paused"] = json!(true);
    }
    if let Some(stable) = status.canary.stable_ping_pong {
        state["stablePingPong"] = json!(match stable {
            PingPong::Ping => "ping",
            PingPong::Pong => "pong",
        });
    }
    if let Some(weights) = &status.canary.weights {
        let mut shown = json!({"canary": weights.canary.weight, "stable": weights.stable.weight});
        if let Some(verified) = weights.verified {
            shown["verified"] = json!(verified);
        }
        for extra in &status.canary.additional_weights {
            let (experiment, template) =
                (usize::from(extra.experiment.0), usize::from(extra.template));
            let (image, service) = template_service(plan, cluster, experiment, template);
            let (image, service) = if extra.has_service {
                (tag(Some(image)), service)
            } else {
                ("", String::new())
            };
            shown[format!("{image}:{service}")] = json!(extra.weight);
        }
        state["weights"] = shown;
    }
    let mut services: BTreeMap<String, &str> = plan
        .services
        .iter()
        .zip(&cluster.services)
        .filter(|(_, service)| service.selector.is_some())
        .map(|(name, service)| (name.clone(), tag(service.selector)))
        .collect();
    for (index, experiment) in cluster.experiments.iter().enumerate() {
        for (number, status) in cluster.templates_of(experiment).iter().enumerate() {
            if status.has_service && !experiment.deleted {
                let (image, service) = template_service(plan, cluster, index, number);
                services.insert(service, tag(Some(image)));
            }
        }
    }
    if !services.is_empty() {
        state["services"] = json!(services);
    }
    state
}

/// The image behind the service of an experiment's template, and the name of the service.
fn template_service(
    plan: &Plan,
    cluster: &Cluster,
    experiment: usize,
    template: usize,
) -> (TemplateId, String) {
    let experiment = &cluster.experiments[experiment];
    let spec = &plan.experiments[usize::from(experiment.spec)];
    let template = &spec.templates[template];
    let image = match template.pods {
        TemplateSource::Stable => experiment.stable,
        TemplateSource::Canary => experiment.canary,
        TemplateSource::Own(own) => own,
    };
    let collision = match experiment.collision {
        0 => String::new(),
        count => format!("-{count}"),
    };
    let owner = match experiment.step {
        None => spec.name.clone(),
        Some(step) => {
            let canary = &plan.template(experiment.canary).tag;
            format!(
                "{}-<{canary}>-{}-{step}{collision}",
                plan.name, experiment.revision
            )
        }
    };
    let own = format!("{owner}-{}", template.name);
    (
        image,
        template
            .service_name
            .clone()
            .filter(|name| !name.is_empty())
            .unwrap_or(own),
    )
}

fn run_value(plan: &Plan, run: &AnalysisRun, metrics: &[MetricStatus]) -> Value {
    let analysis = &plan.analyses[run.analysis as usize];
    let mut shown = serde_json::Map::new();
    for (metric, status) in analysis.metrics.iter().zip(metrics) {
        if status.last.is_none() {
            continue;
        }
        let counts = [
            ("count", status.count),
            ("successful", status.successful),
            ("failed", status.failed),
            ("inconclusive", status.inconclusive),
            ("error", status.error),
            ("consecutiveError", status.consecutive_error),
            ("consecutiveSuccess", status.consecutive_success),
        ];
        let counts: BTreeMap<&str, i32> = counts
            .into_iter()
            .filter(|(_, count)| *count != 0)
            .collect();
        let mut value = json!({"phase": analysis_phase(status.phase), "counts": counts});
        if metric.dry_run {
            value["dryRun"] = json!(true);
        }
        shown.insert(metric.name.clone(), value);
    }
    json!({"phase": analysis_phase(run.phase), "metrics": shown})
}

fn experiment_value(plan: &Plan, cluster: &Cluster, experiment: &Experiment) -> Value {
    let spec = &plan.experiments[usize::from(experiment.spec)];
    let mut templates = serde_json::Map::new();
    for (index, (template, status)) in spec
        .templates
        .iter()
        .zip(cluster.templates_of(experiment))
        .enumerate()
    {
        let mut counts = [0; 3];
        for set in cluster.replica_sets.iter().filter(|set| !set.deleted) {
            let Owner::Experiment(owner, template) = set.owner else {
                continue;
            };
            if &cluster.experiments[usize::from(owner.0)] == experiment
                && usize::from(template) == index
            {
                counts = [set.desired, set.ready, set.available];
            }
        }
        templates.insert(
            template.name.clone(),
            json!({"status": template_code(status.status), "pods": counts}),
        );
    }
    json!({"phase": analysis_phase(experiment.phase), "templates": templates})
}

/// `rev<revision>/<type>[-<step>][#n]`, or below an experiment.
pub(crate) fn run_name(cluster: &Cluster, plan: &Plan, index: usize) -> String {
    let run = &cluster.runs[index];
    if let Site::Experiment(experiment, analysis) = run.site {
        let spec = cluster.experiments[usize::from(experiment.0)].spec;
        let name = &plan.experiments[usize::from(spec)].analyses[usize::from(analysis)].name;
        return format!(
            "{}/{name}",
            experiment_name(cluster, usize::from(experiment.0))
        );
    }
    let site = match run.site {
        Site::Background => "Background".to_owned(),
        Site::Step(step) => format!("Step-{step}"),
        Site::PrePromotion => "PrePromotion".to_owned(),
        Site::PostPromotion => "PostPromotion".to_owned(),
        Site::Experiment(..) => unreachable!("handled above"),
    };
    format!("rev{}/{site}{}", run.revision, numbered(run.collision))
}

pub(crate) fn experiment_name(cluster: &Cluster, index: usize) -> String {
    let experiment = &cluster.experiments[index];
    let Some(step) = experiment.step else {
        return "Experiment".to_owned();
    };
    format!(
        "rev{}/Experiment-{step}{}",
        experiment.revision,
        numbered(experiment.collision)
    )
}

/// The second object of a name is `#2`.
fn numbered(collision: u16) -> String {
    if collision == 0 {
        String::new()
    } else {
        format!("#{}", collision + 1)
    }
}
