//! Bindings for what cannot be measured in the simulated world: guesses from the words of a metric, tried on its
//! conditions.

mod constant;

use serde_json::json;

use crate::condition::{self, Condition, ValueRef, Verdict};
use crate::plan::analysis_template::{ProviderKind, ResolvedMetric};
use crate::spec::wire;
use crate::time::{Delta, SimTime};

/// Answers of a scenario, as flow mappings, and what to say of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) answers: Vec<String>,
    pub(super) why: &'static str,
}

/// What the simulated service shows, without braces, and what that is in the world that `init` writes.
struct Signal {
    answer: String,
    healthy: f64,
}

/// So many signals are tried.
const SIGNALS_MAX: usize = 2;
/// Share of the requests that fail.
pub(super) const ERROR_RATE: f64 = 0.001;
/// Requests per second.
pub(super) const RPS: f64 = 100.0;
/// The law of the latencies, as scenarios have it.
pub(super) const LATENCY: &str = "{law: LogNormal, median: 80ms, sigma: 0.5}";

const A_GUESS: &str =
    "the binding is a guess: choose signal, `of` and `over`; latencies are in seconds";
const A_LATE_GUESS: &str = "the binding is a guess: choose signal, `of` and `over`; at first there are no requests, and it is made up";
const A_CONSTANT: &str =
    "the simulated service shows nothing like it: the answer is made up so that the metric passes";

/// The query of a metric, whatever its provider calls it.
pub(super) fn query_text(metric: &ResolvedMetric) -> String {
    let provider = &metric.provider;
    let prometheus = provider
        .prometheus
        .as_ref()
        .and_then(|one| one.query.clone());
    prometheus.unwrap_or_else(|| wire::json(provider))
}

/// Bindings for a metric that is first measured at `first`, the most likely one first; there is at least one.
pub(super) fn candidates(
    metric: &ResolvedMetric,
    hashes: (&str, &str),
    first: SimTime,
) -> Vec<Guess> {
    match &metric.kind {
        ProviderKind::Job => return vec![constant::job()],
        ProviderKind::Kayenta => return vec![constant::score(metric)],
        ProviderKind::Web => {
            let document = constant::document(metric);
            return document.into_iter().chain([constant(metric)]).collect();
        }
        _ => {}
    }
    let conditions = Conditions::of(metric);
    // Of which shape a signal is, shows when it is tried.
    let fits = |signal: &Signal| {
        conditions.pass(ValueRef::Vector(&[signal.healthy]))
            || conditions.pass(ValueRef::Float(signal.healthy))
    };
    let mut signals = signals(metric, hashes);
    signals.retain(fits);
    signals.truncate(SIGNALS_MAX);
    let mut guesses: Vec<Guess> = Vec::new();
    guesses.extend(signals.iter().map(|signal| Guess {
        answers: vec![format!("{{{}}}", signal.answer)],
        why: A_GUESS,
    }));
    if let (Some(signal), Some(made_up)) = (signals.first(), constant::value(metric)) {
        let from = first + Delta::from_secs(60);
        guesses.push(Guess {
            answers: vec![made_up, format!("{{from: {from}, {}}}", signal.answer)],
            why: A_LATE_GUESS,
        });
    }
    guesses.push(constant(metric));
    guesses
}

/// An answer that is made up.
fn constant(metric: &ResolvedMetric) -> Guess {
    match constant::value(metric) {
        Some(answer) => Guess {
            answers: vec![answer],
            why: A_CONSTANT,
        },
        None => Guess {
            answers: vec!["{vector: [1]}".to_owned()],
            why: "no answer was found with which the metric passes: choose one",
        },
    }
}

/// An answer with which the metric passes, if one is found.
pub(super) fn passing(metric: &ResolvedMetric) -> Option<Vec<String>> {
    match &metric.kind {
        ProviderKind::Job => Some(constant::job().answers),
        ProviderKind::Web => constant::document(metric).map(|guess| guess.answers),
        _ => constant::value(metric).map(|answer| vec![answer]),
    }
}

/// The conditions of a metric.
struct Conditions {
    success: Option<Condition>,
    failure: Option<Condition>,
}

impl Conditions {
    fn of(metric: &ResolvedMetric) -> Self {
        let condition = |text: &str| (!text.is_empty()).then(|| Condition::compile(text));
        Self {
            success: condition(&metric.success_condition),
            failure: condition(&metric.failure_condition),
        }
    }

    /// Whether a measurement of this value is successful.
    fn pass(&self, value: ValueRef<'_>) -> bool {
        let verdict = condition::judge(self.success.as_ref(), self.failure.as_ref(), value);
        matches!(verdict, Ok(Verdict::Successful))
    }
}

/// The signals that the words of a metric suggest, those of its name first.
fn signals(metric: &ResolvedMetric, (canary, stable): (&str, &str)) -> Vec<Signal> {
    let name = metric.name.to_lowercase();
    let query = query_text(metric);
    let of = whose(&name, &query, canary, stable);
    let over = window(metric, &query);
    let query = query.to_lowercase();
    let signal = |shows: &str, healthy: f64| Signal {
        answer: format!("signal: {shows}, of: {of}, over: {over}"),
        healthy,
    };
    let mut found: Vec<Signal> = Vec::new();
    for text in [&name, &query] {
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&LATENCY_WORDS) {
            let quantile = quantile(&name).or(quantile(&query)).unwrap_or("0.95");
            found.push(signal(&format!("latency, quantile: {quantile}"), 0.2));
        }
        if has(&[
            "success", "availab", "2xx", "!~\"5", "!=\"5", "=~\"2", "=\"2",
        ]) {
            found.push(signal("successRatio", 1.0 - ERROR_RATE));
        }
        if has(&[
            "error", "fail", "5xx", "=~\"5", "=\"5", "=~\"[45]", "status:5",
        ]) {
            found.push(signal("errorRatio", ERROR_RATE));
            found.push(signal("errors", ERROR_RATE * RPS));
        }
        // What is divided by something is no number of requests.
        let is_ratio = query.contains('/');
        if has(&["request", "rps", "qps", "throughput", "traffic"]) && !is_ratio {
            found.push(signal("requests", RPS / 10.0));
        }
    }
    found
}

const LATENCY_WORDS: [&str; 8] = [
    "latency",
    "duration",
    "quantile",
    "percentile",
    "response_time",
    "responsetime",
    "response-time",
    "p9",
];

/// Whose requests a query counts, as far as its text says.
fn whose(name: &str, query: &str, canary: &str, stable: &str) -> &'static str {
    let has = |word: &str| !word.is_empty() && (query.contains(word) || name.contains(word));
    if has(canary) || has("canary") || has("preview") {
        "canary"
    } else if has(stable) || has("stable") {
        "stable"
    } else {
        "all"
    }
}

/// `0.99` from `p99`, `(0.99,` and the like.
fn quantile(text: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str, &str); 5] = [
        ("p999", "0.999", "0.999"),
        ("p99", "0.99", "0.99"),
        ("p95", "0.95", "0.95"),
        ("p90", "0.9", "0.9"),
        ("p50", "0.5", "0.5"),
    ];
    let known = KNOWN
        .iter()
        .find(|(short, long, _)| text.contains(short) || text.contains(long));
    known.map(|(_, _, quantile)| *quantile)
}

/// The window of a query: `[5m]`, `last_5m`, `SINCE 5 minutes`, the provider's interval, or a minute.
fn window(metric: &ResolvedMetric, query: &str) -> String {
    let provider = &metric.provider;
    let datadog = provider.datadog.as_ref().map(|one| one.interval.clone());
    let cloud_watch = provider
        .cloud_watch
        .as_ref()
        .map(|one| one.interval.clone());
    let sky_walking = provider.skywalking.as_ref().map(|one| one.interval.clone());
    let asked = datadog.or(cloud_watch).or(sky_walking);
    // All three take five minutes by default.
    let asked = asked.map(|interval| interval.unwrap_or_else(|| "5m".to_owned()));
    let is_length = |text: &String| crate::duration::parse(text).is_ok_and(|nanos| 0 < nanos);
    asked
        .filter(is_length)
        .or_else(|| bracketed(query).filter(is_length))
        .or_else(|| since(query).filter(is_length))
        .unwrap_or_else(|| "1m".to_owned())
}

fn bracketed(query: &str) -> Option<String> {
    let ends = query.split('[').skip(1);
    let lengths = ends.filter_map(|rest| rest.split([']', ':']).next());
    let starts_with_digit = |text: &&str| text.starts_with(|letter: char| letter.is_ascii_digit());
    lengths.filter(starts_with_digit).map(str::to_owned).next()
}

fn since(query: &str) -> Option<String> {
    let lower = query.to_lowercase();
    if let Some((_, rest)) = lower.split_once("last_") {
        let length: String = rest
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        return Some(length);
    }
    let (_, rest) = lower.split_once("since ")?;
    let mut words = rest.split_whitespace();
    let (number, unit) = (words.next()?, words.next()?);
    Some(format!("{number}{}", unit.get(..1)?))
}

/// A value as a flow mapping with this field.
fn flow(field: &str, value: &serde_json::Value) -> String {
    format!("{{{field}: {value}}}")
}

/// A number of a scenario.
fn number(value: f64) -> serde_json::Value {
    json!(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::provider::{DatadogMetric, MetricProvider, WebMetric};

    fn metric(name: &str, success: &str, kind: ProviderKind) -> ResolvedMetric {
        let provider = MetricProvider::default();
        ResolvedMetric {
            name: name.to_owned(),
            interval: None,
            initial_delay: None,
            count: Some(1),
            failure_limit: 0,
            inconclusive_limit: 0,
            consecutive_error_limit: 4,
            consecutive_success_limit: 0,
            success_condition: success.to_owned(),
            failure_condition: String::new(),
            dry_run: false,
            measurements_kept: 10,
            kind,
            provider,
        }
    }

    fn first(metric: &ResolvedMetric) -> String {
        let mut guesses = candidates(metric, ("abc", "def"), SimTime::ZERO);
        guesses.remove(0).answers.remove(0)
    }

    #[test]
    fn words_of_the_name_suggest_a_signal_that_passes() {
        let of = |name, success| first(&metric(name, success, ProviderKind::Wavefront));
        assert_eq!(
            of("success-rate", "result[0] >= 0.95"),
            "{signal: successRatio, of: all, over: 1m}"
        );
        assert_eq!(
            of("canary-error-rate", "result[0] < 0.01"),
            "{signal: errorRatio, of: canary, over: 1m}"
        );
        assert_eq!(
            of("p99", "result[0] < 0.5"),
            "{signal: latency, quantile: 0.99, of: all, over: 1m}"
        );
        assert_eq!(of("orders", "result[0] > 5"), "{vector: [99.9]}");
    }

    #[test]
    fn a_signal_of_the_wrong_shape_or_unit_is_no_guess() {
        let of = |success| first(&metric("success-rate", success, ProviderKind::Wavefront));
        assert_eq!(of("result.rate >= 0.95"), "{value: {\"rate\":0.999}}");
        assert_eq!(of("result[0] >= 95"), "{vector: [99.9]}");
    }

    #[test]
    fn what_nothing_satisfies_is_said() {
        // `default` gives the whole result, and a list is no number.
        let odd = metric(
            "odd",
            "default(result[0], 0) < 0.01",
            ProviderKind::Wavefront,
        );
        let guesses = candidates(&odd, ("abc", "def"), SimTime::ZERO);
        assert_eq!(guesses.len(), 1);
        assert!(guesses[0].why.starts_with("no answer was found"));
        assert_eq!(passing(&odd), None);
    }

    #[test]
    fn the_window_of_a_binding_is_that_of_the_query() {
        let mut datadog = metric("errors", "result[0] < 0.01", ProviderKind::Datadog);
        datadog.provider.datadog = Some(DatadogMetric {
            interval: Some("3m".to_owned()),
            query: Some("sum:trace.http.errors{version:abc}.as_rate()".to_owned()),
            ..DatadogMetric::default()
        });
        assert_eq!(
            first(&datadog),
            "{signal: errorRatio, of: canary, over: 3m}"
        );
        assert_eq!(
            since("SELECT x SINCE 10 minutes ago"),
            Some("10m".to_owned())
        );
        assert_eq!(bracketed("rate(x[7m])"), Some("7m".to_owned()));
    }

    #[test]
    fn documents_satisfy_path_and_condition() {
        let mut web = metric("web", "result.ok && result.share >= 0.9", ProviderKind::Web);
        let at = |path: &str| {
            Some(WebMetric {
                json_path: Some(path.to_owned()),
                ..WebMetric::default()
            })
        };
        web.provider.web = at("{$.data}");
        let answer = first(&web);
        assert_eq!(answer, r#"{json: {"data":{"ok":true,"share":0.999}}}"#);
        web.success_condition = "result == \"up\"".to_owned();
        web.provider.web = at("{$.items[0]['state']}");
        assert_eq!(first(&web), r#"{json: {"items":[{"state":"up"}]}}"#);
    }

    #[test]
    fn jobs_succeed() {
        assert_eq!(
            first(&metric("smoke", "", ProviderKind::Job)),
            "{job: {succeedAfter: 30s}}"
        );
    }
}
