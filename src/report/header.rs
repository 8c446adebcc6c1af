//! What was simulated, and in which world.

use crate::cluster::TemplateId;
use crate::cluster::provider::Answer;
use crate::plan::analysis::{AnalysisSite, Scores, Variant};
use crate::plan::compile::Compiled;
use crate::plan::environment::{Draw, Fate, Gauge, Shows, Signal, Whose};
use crate::plan::setting::Response;
use crate::plan::strategy::Router;
use crate::plan::{MetricPlan, Plan, Strategy};
use crate::report::layout::shorten;
use crate::report::{Run, world};
use crate::trace::{Frame, wording};
use crate::world::Weather;

/// So many answers of a metric are shown.
const ANSWERS_SHOWN: usize = 6;

/// The head of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// `Rollout` or `Experiment`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The strategy, with its routers; empty for an Experiment.
    pub strategy: String,
    /// `spec.replicas`.
    pub replicas: i32,
    /// The version that is stable at the start, if there is one.
    pub from: Option<String>,
    /// The version that is deployed at the start.
    pub to: Option<String>,
    /// The steps in Argo's short form.
    pub steps: Vec<String>,
    /// What each place measures.
    pub analyses: Vec<String>,
    /// What the world does.
    pub world: Vec<String>,
    /// The name of the scenario; `None`: the default world.
    pub scenario: Option<String>,
    /// Objects that were not given: `Service web-canary`.
    pub assumed: Vec<String>,
    /// Metrics without a script.
    pub assumed_metrics: Vec<String>,
    /// Seed of the run.
    pub seed: u64,
    /// Whether anything was drawn under it.
    pub random: bool,
    /// Which of the runs under that seed.
    pub replicate: u64,
}

impl Header {
    pub(super) fn of(run: &Run<'_>) -> Self {
        let plan = &run.compiled.plan;
        let first = run.trace.frames.first();
        let rollout = first.and_then(|frame| frame.cluster.rollout.as_ref());
        let tag = |template| plan.template(template).tag.clone();
        let canary = plan.canary().filter(|_| rollout.is_some());
        let steps = canary.map(|canary| canary.steps.iter().map(wording::step).collect());
        let assumed = run.compiled.assumed.iter();
        let mut assumed: Vec<String> = assumed
            .map(|object| format!("{} {}", object.kind, object.name))
            .collect();
        assumed.dedup();
        Self {
            kind: if rollout.is_some() {
                "Rollout"
            } else {
                "Experiment"
            },
            name: plan.name.clone(),
            strategy: if rollout.is_some() {
                strategy(plan)
            } else {
                String::new()
            },
            replicas: plan.replicas,
            from: rollout.and_then(|rollout| rollout.status.stable).map(tag),
            to: rollout.map(|rollout| tag(rollout.template)),
            steps: steps.unwrap_or_default(),
            analyses: analyses(plan, rollout.is_some()),
            world: world(run),
            scenario: run.scenario.map(str::to_owned),
            assumed,
            assumed_metrics: run.compiled.assumed_metrics.clone(),
            seed: run.seed,
            random: run.random,
            replicate: run.replicate,
        }
    }
}

fn strategy(plan: &Plan) -> String {
    let Strategy::Canary(canary) = &plan.strategy else {
        return "blue-green".to_owned();
    };
    let Some(routing) = &canary.routing else {
        return "canary without a traffic router".to_owned();
    };
    let names: Vec<&str> = routing.routers.iter().map(router).collect();
    format!("canary routed by {}", names.join(", "))
}

fn router(router: &Router) -> &str {
    match router {
        Router::Istio { .. } => "istio",
        Router::Nginx { .. } => "nginx",
        Router::Alb => "alb",
        Router::Smi => "smi",
        Router::Ambassador => "ambassador",
        Router::AppMesh => "appMesh",
        Router::Traefik => "traefik",
        Router::Apisix => "apisix",
        Router::Plugin(name) => name,
    }
}

/// What each place of the rollout or experiment measures.
fn analyses(plan: &Plan, of_rollout: bool) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |place: String, site: u16| {
        let site = &plan.sites[usize::from(site)];
        let metrics = metrics_of(plan, site);
        if !metrics.is_empty() {
            all.push(format!("{place}: {metrics}"));
        }
    };
    match &plan.strategy {
        _ if !of_rollout => {}
        Strategy::Canary(canary) => {
            if let Some(background) = &canary.background {
                add("background".to_owned(), background.site);
            }
            for (number, step) in (1..).zip(canary.steps.iter()) {
                if let Some(site) = step.analysis {
                    add(format!("step {number}"), site);
                }
            }
        }
        Strategy::BlueGreen(blue_green) => {
            let places = [
                ("before the switch", blue_green.pre_promotion),
                ("after the switch", blue_green.post_promotion),
            ];
            for (place, site) in places {
                if let Some(site) = site {
                    add(place.to_owned(), site);
                }
            }
        }
    }
    for experiment in &plan.experiments {
        for analysis in &experiment.analyses {
            let required = if analysis.required { ", required" } else { "" };
            add(
                format!("experiment analysis {}{required}", analysis.name),
                analysis.site,
            );
        }
    }
    all
}

fn metrics_of(plan: &Plan, site: &AnalysisSite) -> String {
    let texts: Vec<String> = match site.variants.first() {
        None => Vec::new(),
        Some(Variant::Error(message)) => vec![format!("cannot be made: {message}")],
        Some(Variant::Run(index)) => {
            let analysis = &plan.analyses[*index as usize];
            match &analysis.invalid {
                Some(message) => vec![message.clone()],
                None => analysis.metrics.iter().map(metric).collect(),
            }
        }
    };
    texts.join("; ")
}

/// A metric in one line: `success-rate every 30s, result[0] >= 0.95, failureLimit 1`.
fn metric(metric: &MetricPlan) -> String {
    let name = &metric.name;
    let mut parts = vec![match (metric.count, metric.interval) {
        (Some(1), _) => format!("{name} once"),
        (Some(count), Some(interval)) => format!("{name} {count} times, every {interval}"),
        (Some(count), None) => format!("{name} {count} times"),
        (None, Some(interval)) => format!("{name} every {interval}"),
        (None, None) => name.clone(),
    }];
    if let Some(delay) = metric.initial_delay {
        parts.push(format!("first after {delay}"));
    }
    if let Some(condition) = &metric.success {
        parts.push(format!("success if {}", condition.text()));
    }
    if let Some(condition) = &metric.failure {
        parts.push(format!("failure if {}", condition.text()));
    }
    if let Some(Scores { pass, marginal }) = metric.scores {
        parts.push(format!("pass from {pass}, marginal from {marginal}"));
    }
    if 0 <= metric.failure_limit {
        parts.push(format!("failureLimit {}", metric.failure_limit));
    }
    if metric.dry_run {
        parts.push("dry run".to_owned());
    }
    parts.join(", ")
}

/// What the world does, as far as it was said.
fn world(run: &Run<'_>) -> Vec<String> {
    let plan = &run.compiled.plan;
    let mut lines = Vec::new();
    let mut pods: Vec<(String, Vec<&str>)> = Vec::new();
    let frames = &run.trace.frames;
    let images = &run.compiled.environment.images;
    for (id, (template, image)) in (0..).map(TemplateId).zip(plan.templates.iter().zip(images)) {
        // At a first deployment there is no version before.
        let sets = |frame: &Frame| {
            frame
                .cluster
                .replica_sets
                .iter()
                .any(|set| set.template == id)
        };
        if !frames.last().is_none_or(sets) {
            continue;
        }
        let text = world::pods(image);
        match pods.iter_mut().find(|(known, _)| *known == text) {
            Some((_, tags)) => tags.push(&template.tag),
            None => pods.push((text, vec![&template.tag])),
        }
    }
    for (text, tags) in &pods {
        let whose = if pods.len() == 1 {
            "all pods".to_owned()
        } else {
            format!("pods of {}", tags.join(", "))
        };
        lines.push(format!("{whose} {text}"));
    }
    for (name, answers) in &run.setting.metrics {
        let shown = answers.iter().take(ANSWERS_SHOWN);
        let mut texts: Vec<String> = shown
            .map(|(from, response)| format!("{} from {from}", answer(response)))
            .collect();
        if ANSWERS_SHOWN < answers.len() {
            texts.push("...".to_owned());
        }
        lines.push(format!("{name} answers {}", texts.join(", ")));
    }
    let queried = queried_metrics(run);
    match queried[..] {
        [] => {}
        [one] => lines.push(format!("{one} shows what its query finds")),
        _ => lines.push(format!(
            "{} show what their queries find",
            queried.join(", ")
        )),
    }
    let assumed: Vec<&str> = run
        .compiled
        .assumed_metrics
        .iter()
        .map(String::as_str)
        .collect();
    match assumed[..] {
        [] => {}
        [one] => lines.push(format!("{one} passes: assumed, nothing is scripted for it")),
        _ => {
            let names = assumed.join(", ");
            lines.push(format!(
                "{names} pass: assumed, nothing is scripted for them"
            ));
        }
    }
    lines.extend(service(run));
    lines.extend(known(run));
    if let Some(after) = run.compiled.environment.verify_after {
        lines.push(format!(
            "the router confirms a weight {after} after it was set"
        ));
    }
    lines
}

/// What is not known of the release: what was drawn for this run, or what is expected.
fn known(run: &Run<'_>) -> Vec<String> {
    let weather = Weather {
        random: run.random,
        seed: run.seed,
        replicate: run.replicate,
    };
    let known = crate::world::known(&run.compiled.environment, weather);
    let known = known.iter().map(|known| {
        let value = world::value(known);
        if run.random {
            format!("drawn for this run: {} {value}", known.name)
        } else {
            format!("{} is not known: here its mean, {value}", known.name)
        }
    });
    known.collect()
}

/// The metrics whose own queries are evaluated, each once.
fn queried_metrics<'a>(run: &Run<'a>) -> Vec<&'a str> {
    let Compiled {
        plan, environment, ..
    } = run.compiled;
    let metrics = plan.analyses.iter().flat_map(|analysis| &analysis.metrics);
    let is_queried = |metric: &&MetricPlan| {
        let source = &environment.sources[metric.source as usize];
        matches!(source.before.reading.answer, Answer::Shown(Gauge::Query(_)))
    };
    let mut names: Vec<&str> = Vec::new();
    for metric in metrics.filter(is_queried) {
        if !names.contains(&metric.name.as_str()) {
            names.push(&metric.name);
        }
    }
    names
}

/// The service: its traffic, how well each version serves, and what breaks.
fn service(run: &Run<'_>) -> Vec<String> {
    let (plan, environment) = (&run.compiled.plan, &run.compiled.environment);
    let assumed = if run.setting.traffic.is_none() {
        " (assumed)"
    } else {
        ""
    };
    let traffic = environment.traffic.iter();
    let traffic = traffic.map(|traffic| world::traffic(traffic) + assumed);
    let counted = environment.traffic.is_some();
    let versions = plan.templates.iter().zip(&environment.images);
    let health = versions
        .map(|(template, image)| (&template.tag, world::health(&image.health)))
        .filter(|(_, health)| counted && !health.is_empty())
        .map(|(tag, health)| format!("{tag} {health}"));
    let name = |id: &TemplateId| plan.template(*id).tag.clone();
    let faults = environment
        .faults
        .iter()
        .map(|fault| world::fault(fault, name));
    let room = environment
        .room
        .map(|room| format!("there is room for {room} pods"));
    let delays = world::delays(environment.delays);
    let lines = traffic.chain(health).chain(delays);
    lines.chain(room).chain(faults).collect()
}

/// A scripted answer in short.
fn answer(response: &Response) -> String {
    let number = |number: &f64| match number {
        number if number.is_nan() => "NaN".to_owned(),
        number => number.to_string(),
    };
    match response {
        Response::Vector(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(number).collect();
            format!("[{}]", numbers.join(", "))
        }
        Response::Scalar(scalar) => number(scalar),
        Response::Error(message) => format!("error \"{}\"", shorten(message, 40)),
        Response::Json(document) => shorten(&document.to_string(), 40),
        Response::Status(status) => format!("HTTP {status}"),
        Response::Signal(signal) => signal_text(*signal),
        Response::Draw(draw) => {
            let failing = draw.failing;
            draw_text(*draw) + &format!(" that fail with probability {failing}")
        }
        Response::BelievedDraw(draw, _) => {
            draw_text(*draw) + " that fail with a probability that nobody knows"
        }
        Response::Job(Fate::Succeeds(after)) => format!("a Job that succeeds after {after}"),
        Response::Job(Fate::Fails(after)) => format!("a Job that fails after {after}"),
        Response::Job(Fate::Hangs) => "a Job that never ends".to_owned(),
    }
}

fn draw_text(draw: Draw) -> String {
    let shows = match draw.shows {
        Shows::SuccessRatio => "the success ratio",
        Shows::ErrorRatio => "the error ratio",
        _ => "the errors",
    };
    let requests = draw.requests;
    let times = times_text(draw.times);
    format!("{shows}{times} of {requests} requests")
}

fn signal_text(signal: Signal) -> String {
    let of = match signal.of {
        Whose::Canary => "the canary",
        Whose::Stable => "the stable version",
        Whose::All => "all versions",
    };
    let over = signal.over;
    let times = times_text(signal.times);
    match signal.shows {
        Shows::SuccessRatio => format!("the success ratio{times} of {of} over {over}"),
        Shows::ErrorRatio => format!("the error ratio{times} of {of} over {over}"),
        Shows::Errors => format!("the errors per second{times} of {of} over {over}"),
        Shows::ErrorCount => format!("the errors{times} of {of} over {over}"),
        Shows::Requests => format!("the requests per second{times} of {of} over {over}"),
        Shows::Latency { quantile } => {
            format!("the {quantile} quantile of the latency{times} of {of}")
        }
        Shows::Saturation => format!("the saturation{times} of {of}"),
    }
}

fn times_text(times: Option<f64>) -> String {
    times.map_or_else(String::new, |times| format!(" times {times}"))
}
