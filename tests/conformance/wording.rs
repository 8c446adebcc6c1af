//! The words of the recorded traces against ours: messages of statuses, runs, metrics and experiments, and events.
//!
//! They are shown beside the other suites and do not gate, with one exception: the reason of an abort must be the
//! controller's text, word for word.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use coalmine::cluster::analysis_run::AnalysisPhase;
use coalmine::cluster::status::RolloutPhase;
use coalmine::cluster::{Event, ExperimentId, RunId};
use coalmine::plan::Plan;
use coalmine::trace::wording::Words;
use coalmine::trace::{Frame, Trace};
use serde_json::Value;

use super::corpus::{self, Corpus};
use super::rows;
use super::script::{self, Simulated};

/// The share of the messages of aborts that must be equal. Only ever raised.
const ABORTS: f64 = 1.0;

/// The routers' own events name objects that a plan does not keep.
const OF_ROUTERS: [&str; 6] = [
    "Updated VirtualService",
    "PatchingCanaryIngress",
    "CreatingCanaryIngress",
    "PatchingALBIngress",
    "CanaryMappingWeightUpdate",
    "TrafficSplitCreated",
];

/// What each object says over time, in order; a repetition counts once.
type Speeches = BTreeMap<String, Vec<String>>;

/// Events by second and object.
type Events = BTreeMap<(i64, String), Vec<String>>;

/// How much of the words is equal.
#[derive(Default)]
pub(crate) struct Tally {
    messages: BTreeMap<String, Count>,
    events: BTreeMap<String, Count>,
    aborts: Count,
}

#[derive(Default)]
struct Count {
    equal: usize,
    total: usize,
    first: Vec<String>,
}

impl Count {
    fn add(&mut self, name: &str, want: Option<&Vec<String>>, got: Option<&Vec<String>>) {
        let (want, got) = (
            want.map_or(&[][..], Vec::as_slice),
            got.map_or(&[][..], Vec::as_slice),
        );
        self.total += want.len().max(got.len());
        let equal = want
            .iter()
            .zip(got)
            .filter(|(want, got)| want == got)
            .count();
        self.equal += equal;
        if (equal < want.len() || equal < got.len()) && self.first.len() < 3 {
            let place = want
                .iter()
                .zip(got)
                .take_while(|(want, got)| want == got)
                .count();
            let show = |list: &[String]| list.get(place).map_or("-", String::as_str).to_owned();
            self.first.push(format!(
                "{name}\n    recorded  {}\n    simulated {}",
                show(want),
                show(got)
            ));
        }
    }
}

/// Compares the words of all cases.
pub(crate) fn compare(corpus: &Corpus) -> Tally {
    let mut tally = Tally::default();
    each_case(corpus, |case| {
        tally.add(
            &case.group,
            &case.id,
            &case.manifests,
            &case.script,
            &case.trace,
        );
    });
    tally
}

/// A recorded case.
pub(crate) struct Case {
    pub(crate) group: String,
    pub(crate) id: String,
    pub(crate) manifests: String,
    pub(crate) script: Value,
    pub(crate) trace: Vec<Value>,
}

/// Walks over the readable and the generated cases.
pub(crate) fn each_case(corpus: &Corpus, mut take: impl FnMut(&Case)) {
    let entries = fs::read_dir(corpus.root.join("argo/named"));
    let mut folders: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    for folder in folders {
        let text = |name: &str| fs::read_to_string(folder.join(name)).expect("a file of the case");
        let rows = text("trace.jsonl");
        let trace = rows
            .lines()
            .map(|line| serde_json::from_str(line).expect("a row"));
        take(&Case {
            group: "named".to_owned(),
            id: folder.display().to_string(),
            manifests: text("manifests.yaml"),
            script: serde_json::from_str(&text("script.json")).expect("a script"),
            trace: trace.collect(),
        });
    }
    for (group, path) in corpus.archives("argo/cases") {
        for mut case in corpus::lines(&path) {
            let Value::Array(trace) = case["trace"].take() else {
                panic!("rows")
            };
            take(&Case {
                group: group.clone(),
                id: case["id"].as_str().unwrap_or_default().to_owned(),
                manifests: case["manifests"].as_str().unwrap_or_default().to_owned(),
                script: case["script"].take(),
                trace,
            });
        }
    }
}

impl Tally {
    fn add(&mut self, group: &str, id: &str, manifests: &str, script: &Value, trace: &[Value]) {
        let Ok(simulated) = script::simulate(manifests, script) else {
            return;
        };
        let plan = with_named_hashes(&simulated.plan);
        let (want, got) = (recorded_speeches(trace), speeches(&plan, &simulated));
        let messages = self.messages.entry(group.to_owned()).or_default();
        for name in want
            .keys()
            .chain(got.keys().filter(|name| !want.contains_key(*name)))
        {
            messages.add(&format!("{id} {name}"), want.get(name), got.get(name));
        }
        let aborts = |speeches: &Speeches| -> Vec<String> {
            let said = speeches.get("state").into_iter().flatten();
            said.filter(|message| message.starts_with("RolloutAborted:"))
                .cloned()
                .collect()
        };
        self.aborts.add(
            &format!("{id} state"),
            Some(&aborts(&want)),
            Some(&aborts(&got)),
        );
        let (want, got) = (recorded_events(trace), events(&plan, &simulated));
        let events = self.events.entry(group.to_owned()).or_default();
        for place in want
            .keys()
            .chain(got.keys().filter(|place| !want.contains_key(*place)))
        {
            let name = format!("{id} t = {} {}", place.0, place.1);
            events.add(&name, want.get(place), got.get(place));
        }
    }

    /// Prints the tally; fails if the message of an abort is not the controller's.
    #[expect(clippy::print_stdout, reason = "the tally is for those who read along")]
    pub(crate) fn check(&self) {
        let mut report = String::new();
        for (suite, groups) in [
            ("argo/messages", &self.messages),
            ("argo/events", &self.events),
        ] {
            for (group, count) in groups {
                let _ = writeln!(report, "{suite} {group} {}/{}", count.equal, count.total);
            }
            for failure in groups.values().flat_map(|count| &count.first) {
                let _ = writeln!(report, "  {failure}");
            }
        }
        let (equal, total) = (self.aborts.equal, self.aborts.total);
        let _ = writeln!(report, "argo/aborts all {equal}/{total}");
        for failure in &self.aborts.first {
            let _ = writeln!(report, "  {failure}");
        }
        println!("{report}");
        let number = |count: usize| f64::from(u32::try_from(count).expect("few messages"));
        assert!(
            number(total) * ABORTS <= number(equal),
            "{equal} of {total} messages of aborts are the controller's\n{report}"
        );
    }
}

/// The corpus writes `<v2>` for the hash of image v2.
fn with_named_hashes(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for template in &mut plan.templates {
        template.hash = format!("<{}>", template.tag);
    }
    plan
}

fn say(speeches: &mut Speeches, name: &str, message: &str) {
    let said = speeches.entry(name.to_owned()).or_default();
    if said.last().map_or("", String::as_str) != message {
        said.push(message.to_owned());
    }
}

fn recorded_speeches(trace: &[Value]) -> Speeches {
    let mut speeches = Speeches::new();
    let text = |value: &Value| value["message"].as_str().unwrap_or_default().to_owned();
    for row in trace {
        if let Some(state) = row.get("state") {
            say(&mut speeches, "state", &text(state));
        }
        for (name, run) in row["runs"].as_object().into_iter().flatten() {
            say(&mut speeches, &format!("run {name}"), &text(run));
            for (metric, status) in run["metrics"].as_object().into_iter().flatten() {
                say(
                    &mut speeches,
                    &format!("run {name} metric {metric}"),
                    &text(status),
                );
            }
        }
        for (name, experiment) in row["experiments"].as_object().into_iter().flatten() {
            say(
                &mut speeches,
                &format!("experiment {name}"),
                &text(experiment),
            );
            for (template, status) in experiment["templates"].as_object().into_iter().flatten() {
                let place = format!("experiment {name} template {template}");
                say(&mut speeches, &place, &text(status));
            }
        }
        for one in row["measurements"].as_array().into_iter().flatten() {
            if !text(one).is_empty() {
                let run = one["run"].as_str().unwrap_or_default();
                let metric = one["metric"].as_str().unwrap_or_default();
                let place = format!("measurement {run} {metric}");
                speeches.entry(place).or_default().push(text(one));
            }
        }
    }
    speeches.retain(|_, said| !said.is_empty());
    speeches
}

/// The last frame of each second.
fn seconds(trace: &Trace) -> impl Iterator<Item = &Frame> {
    trace
        .frames
        .iter()
        .enumerate()
        .filter_map(|(index, frame)| {
            let next = trace.frames.get(index + 1);
            next.is_none_or(|next| next.at.whole_secs() != frame.at.whole_secs())
                .then_some(frame)
        })
}

fn speeches(plan: &Plan, simulated: &Simulated) -> Speeches {
    let mut speeches = Speeches::new();
    let environment = &simulated.compiled.environment;
    for frame in seconds(&simulated.trace) {
        let cluster = &frame.cluster;
        let words = Words {
            plan,
            environment,
            cluster,
            readings: &[],
        };
        if let Some(rollout) = &cluster.rollout
            && rollout.status.phase != RolloutPhase::Unset
        {
            say(
                &mut speeches,
                "state",
                &words.phase_message(&rollout.status.message),
            );
        }
        for (index, run) in cluster.runs.iter().enumerate() {
            if run.phase == AnalysisPhase::Unset || run.deleted {
                continue;
            }
            let name = rows::run_name(cluster, plan, index);
            say(
                &mut speeches,
                &format!("run {name}"),
                &words.run_message(&run.message),
            );
            let metrics = &plan.analyses[run.analysis as usize].metrics;
            for (metric, status) in metrics.iter().zip(cluster.metrics_of(run)) {
                let place = format!("run {name} metric {}", metric.name);
                say(&mut speeches, &place, &words.detail(&status.message));
            }
        }
        for (index, experiment) in cluster.experiments.iter().enumerate() {
            // A deleted experiment says nothing, and its name may be taken again.
            if experiment.deleted {
                continue;
            }
            let name = rows::experiment_name(cluster, index);
            let place = format!("experiment {name}");
            say(
                &mut speeches,
                &place,
                &words.experiment_message(&experiment.message),
            );
            let id = ExperimentId(u16::try_from(index).expect("few experiments"));
            let templates = &plan.experiments[usize::from(experiment.spec)].templates;
            for (number, template) in (0..).zip(templates) {
                let place = format!("experiment {name} template {}", template.name);
                say(&mut speeches, &place, &words.template_message(id, number));
            }
        }
    }
    let Some(last) = simulated.trace.frames.last() else {
        return speeches;
    };
    let words = Words {
        plan,
        environment,
        cluster: &last.cluster,
        readings: &[],
    };
    for (_, event) in &simulated.trace.events {
        let Event::Measured {
            run: RunId(run),
            metric,
            measurement,
        } = event
        else {
            continue;
        };
        let message = words.detail(&measurement.message);
        if !message.is_empty() {
            let analysis = last.cluster.runs[*run as usize].analysis;
            let name = rows::run_name(&last.cluster, plan, *run as usize);
            let metric = &words.metric(analysis, *metric).name;
            speeches
                .entry(format!("measurement {name} {metric}"))
                .or_default()
                .push(message);
        }
    }
    speeches.retain(|_, said| !said.is_empty());
    speeches
}

fn recorded_events(trace: &[Value]) -> Events {
    let mut events = Events::new();
    for row in trace {
        let second = row["t"].as_i64().expect("a second");
        for event in row["events"].as_array().into_iter().flatten() {
            let part = |index: usize| event[index].as_str().unwrap_or_default();
            add_event(&mut events, second, part(0), part(1), part(2));
        }
    }
    events
}

fn events(plan: &Plan, simulated: &Simulated) -> Events {
    let mut events = Events::new();
    let environment = &simulated.compiled.environment;
    let trace = &simulated.trace;
    let mut frames = trace.frames.iter().peekable();
    for (index, (at, event)) in trace.events.iter().enumerate() {
        while frames.next_if(|frame| frame.events <= index).is_some() {}
        let Some(frame) = frames.peek().copied().or(trace.frames.last()) else {
            break;
        };
        let words = Words {
            plan,
            environment,
            cluster: &frame.cluster,
            readings: &[],
        };
        for said in words.event(event) {
            add_event(
                &mut events,
                at.whole_secs(),
                said.object,
                &said.reason,
                &said.message,
            );
        }
    }
    events
}

fn add_event(events: &mut Events, second: i64, object: &str, reason: &str, message: &str) {
    if OF_ROUTERS.contains(&reason) {
        return;
    }
    // The recorder has its own names for what people do.
    let reason = if object == "User" { "" } else { reason };
    let told = events.entry((second, object.to_owned())).or_default();
    told.push(format!("{reason}: {message}"));
}
