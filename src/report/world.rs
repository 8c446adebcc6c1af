//! The world of a run in a few lines: pods, how well they serve, traffic, faults.

use crate::curve::Curve;
use crate::law::Law;
use crate::plan::environment::{Breaks, Delays, Fault, Health, Image, Traffic, Unit};
use crate::time::{Delta, SimTime};
use crate::world::Known;

/// What is known of a release.
pub(super) fn value(known: &Known) -> String {
    match known.unit {
        Unit::Share => percent(known.value),
        Unit::Number => brief(known.value),
        Unit::Seconds => Delta::of_seconds(known.value).to_string(),
    }
}

/// A number as it was written; what was drawn to four digits.
fn brief(value: f64) -> String {
    let text = value.to_string();
    if text.len() <= 8 {
        return text;
    }
    let digits = (0..12).find(|digits| 1e3 <= value.abs() * 10_f64.powi(*digits));
    let digits = digits.map_or(12, |digits| usize::try_from(digits).unwrap_or(12));
    format!("{value:.digits$}")
}

/// What the pods of an image do.
pub(super) fn pods(image: &Image) -> String {
    let startup = law(&image.startup);
    let mut parts = vec![match image.max_ready {
        Some(0) => "never become ready".to_owned(),
        Some(most) => format!("start in {startup}, only {most} of a ReplicaSet ever become ready"),
        None => format!("start in {startup}"),
    }];
    parts.extend(image.unready.iter().map(|(from, to)| match *to {
        SimTime::MAX => format!("not ready from {from} on"),
        to => format!("not ready from {from} to {to}"),
    }));
    if let Some(after) = image.crash_after {
        parts.push(format!("crash {after} after each start"));
    }
    if let Some((up, down)) = image.flapping {
        parts.push(format!("are ready for {up}, then not for {down}"));
    }
    if image.termination != Delta::ZERO {
        parts.push(format!("take {} to end", image.termination));
    }
    parts.join(", ")
}

/// How well a version serves; empty where nothing is said.
pub(super) fn health(health: &Health) -> String {
    let mut parts = Vec::new();
    if health.errors.curve.as_constant() != Some(0.0) {
        parts.push(format!(
            "fails {} of its requests",
            share(&health.errors.curve)
        ));
    }
    if let Some(latency) = &health.latency {
        parts.push(format!("takes {}", law(latency)));
    }
    if let Some(capacity) = health.capacity {
        parts.push(format!("serves {}/s per pod", brief(capacity)));
    }
    parts.join(", ")
}

/// The requests of the users.
pub(super) fn traffic(traffic: &Traffic) -> String {
    let mut parts = vec![format!("{} requests per second", amount(&traffic.rps))];
    if let Some(sticky) = traffic.sticky {
        parts.push(format!("users keep a version for {sticky}"));
    }
    if traffic.header > 0.0 {
        parts.push(format!("{} carry the header", percent(traffic.header)));
    }
    if traffic.preview > 0.0 {
        parts.push(format!("testers send {}/s to the preview", traffic.preview));
    }
    parts.join(", ")
}

/// How late routers and services follow, if they do.
pub(super) fn delays(delays: Delays) -> Vec<String> {
    let says = [
        (
            delays.router,
            "routes come into force",
            "after they are set",
        ),
        (
            delays.endpoints,
            "endpoints follow services and pods",
            "late",
        ),
    ];
    says.into_iter()
        .filter(|(delay, _, _)| *delay != Delta::ZERO)
        .map(|(delay, what, when)| format!("{what} {delay} {when}"))
        .collect()
}

/// What breaks.
pub(super) fn fault<V>(fault: &Fault<V>, name: impl Fn(&V) -> String) -> String {
    let version = |image: &Option<V>| image.as_ref().map_or("all versions".to_owned(), &name);
    let what = match &fault.breaks {
        Breaks::Errors { image, rate, share } if *share < 1.0 => format!(
            "{} of the requests to {} of the pods of {} fail",
            percent(*rate),
            percent(*share),
            name(image)
        ),
        Breaks::Errors { image, rate, .. } => {
            format!("{} of the requests to {} fail", percent(*rate), name(image))
        }
        Breaks::Latency { image, factor } => {
            let factor = brief(*factor);
            format!("requests to {} take {factor} times as long", version(image))
        }
        Breaks::Dependency { rate } => {
            format!("a dependency of all versions fails {}", percent(*rate))
        }
        Breaks::Schema { understood_by } => {
            let names: Vec<String> = understood_by.iter().map(&name).collect();
            let names = if names.is_empty() {
                "nobody".to_owned()
            } else {
                names.join(", ")
            };
            format!("the database's schema is understood by {names} only")
        }
        Breaks::NodeLoss { image, share, .. } => {
            format!(
                "nodes with {} of the pods of {} are lost",
                percent(*share),
                version(image)
            )
        }
        Breaks::MetricsDown { metric, .. } => {
            format!("{} cannot be asked", metrics(metric.as_ref()))
        }
        Breaks::MetricsEmpty { metric } => format!("{} finds nothing", metrics(metric.as_ref())),
        Breaks::MetricsSlow { delay } => format!("metrics take {delay} to answer"),
        Breaks::ControllerDown => "no controller works".to_owned(),
        Breaks::WatchDelay { delay } => format!("controllers notice changes {delay} late"),
    };
    match (fault.from, fault.to) {
        (from, to) if to <= from => format!("{what}: never in this run"),
        (SimTime::ZERO, SimTime::MAX) => what,
        (from, SimTime::MAX) => format!("{what} from {from} on"),
        (from, to) => format!("{what} from {from} to {to}"),
    }
}

fn metrics(metric: Option<&String>) -> String {
    metric.map_or("the metrics back end".to_owned(), |name| {
        format!("the back end of {name}")
    })
}

/// A share as people write it.
pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn share(curve: &Curve) -> String {
    match (curve.as_constant(), curve.range()) {
        (Some(value), _) => percent(value),
        (None, (low, high)) => format!("{} to {}", percent(low), percent(high)),
    }
}

fn amount(curve: &Curve) -> String {
    match (curve.as_constant(), curve.range()) {
        (Some(value), _) => brief(value),
        (None, (low, high)) => format!("{} to {}", brief(low), brief(high)),
    }
}

/// A time, or the median and the 95th percentile of a law.
fn law(law: &Law) -> String {
    match law.as_constant() {
        Some(time) => short(time),
        None => format!(
            "{} (95 % within {})",
            short(law.time(0.5)),
            short(law.time(0.95))
        ),
    }
}

/// A time to the millisecond; below a second in milliseconds.
fn short(time: Delta) -> String {
    let millis = time.nanos() / 1_000_000;
    if 0 < millis && millis < 1000 {
        return format!("{millis}ms");
    }
    Delta::from_millis(millis).to_string()
}
