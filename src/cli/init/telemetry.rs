//! What Prometheus has to be told so that queries see something: profiles, names and labels.
//!
//! Knows which of it an environment of Prometheus gives to all series alike. Refuses to make up what tells versions or
//! outcomes apart.

use std::collections::BTreeMap;

use super::draft::Telemetry;
use crate::plan::Plan;
use crate::plan::environment::{Profile, Scraping};
use crate::promql::Query;
use crate::series;
use crate::sight::{Blind, Cure, Export, Sight};

/// The profiles and names that queries ask for, where `known` is what there is by default.
pub(super) fn of_queries(queries: &[&Query], known: &[Profile]) -> Telemetry {
    let metrics = || {
        let selectors = queries.iter().flat_map(|query| query.selectors());
        selectors.filter_map(|selector| selector.metric().map(str::to_owned))
    };
    let mut profiles = known.to_vec();
    for metric in metrics() {
        let profile = series::exporter_of(&metric, &Scraping::default());
        profiles.extend(profile.filter(|profile| !profiles.contains(profile)));
    }
    let is_used =
        |family: &str| metrics().any(|metric| series::usual_name(&metric) == Some(family));
    let mut names: BTreeMap<&'static str, String> = BTreeMap::new();
    for metric in metrics().filter(|metric| series::usual_name(metric).is_none()) {
        if let Some((family, name)) = renamed(&metric).filter(|(family, _)| !is_used(family)) {
            names.entry(family).or_insert(name);
        }
    }
    Telemetry {
        profiles: (profiles.len() != known.len()).then_some(profiles),
        labels: BTreeMap::new(),
        names,
    }
}

/// For which metric of an HTTP service a name probably stands, and the name without `_bucket`, `_sum` and `_count`.
pub(super) fn renamed(metric: &str) -> Option<(&'static str, String)> {
    let lower = metric.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_of_requests = has(&["request", "http", "rpc", "response"]);
    // Other units, and counters of errors alone, would give wrong numbers under another name.
    if has(&[
        "millis",
        "_ms",
        "micros",
        "error",
        "fail",
        "success",
        "size",
        "bytes",
        "active",
        "in_flight",
    ]) {
        return None;
    }
    let base = ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|part| metric.strip_suffix(part));
    let is_of_time = has(&["seconds", "duration", "latency"]);
    match base {
        Some(base) if is_of_time => Some(("http_request_duration_seconds", base.to_owned())),
        None if is_of_requests && lower.ends_with("_total") && !is_of_time => {
            Some(("http_requests_total", metric.to_owned()))
        }
        Some(_) if is_of_requests && lower.ends_with("_count") => {
            Some(("http_requests_total", metric.to_owned()))
        }
        _ => None,
    }
}

/// Labels that let selectors see something, if all series get them, and that no other selector objects to.
pub(super) fn labels(
    sights: &[Sight],
    queries: &[&Query],
    plan: &Plan,
) -> BTreeMap<String, String> {
    let blind = sights
        .iter()
        .flat_map(|sight| &sight.selections)
        .filter(|selection| {
            selection.export == Export::Seen && selection.series == 0 && !selection.blind.is_empty()
        });
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for selection in blind {
        let supplies: Option<Vec<(&str, &str)>> = selection
            .blind
            .iter()
            .map(|blind| supply(blind, plan))
            .collect();
        for (name, value) in supplies.into_iter().flatten() {
            if nobody_objects(queries, name, value) {
                labels
                    .entry(name.to_owned())
                    .or_insert_with(|| value.to_owned());
            }
        }
    }
    labels
}

/// The label that would please a matcher, if an environment may well give it to all series.
fn supply<'a>(blind: &'a Blind, plan: &Plan) -> Option<(&'a str, &'a str)> {
    /// They tell outcomes, pods and buckets apart.
    const OWN: [&str; 12] = [
        "code",
        "status",
        "outcome",
        "result",
        "class",
        "error",
        "exception",
        "success",
        "pod",
        "instance",
        "le",
        "quantile",
    ];
    /// They tell versions apart.
    const VERSIONS: [&str; 6] = ["hash", "version", "revision", "role", "track", "variant"];
    /// Exporters have them with values that an environment chooses.
    const CHOSEN: [&str; 8] = [
        "namespace",
        "job",
        "path",
        "uri",
        "handler",
        "host",
        "method",
        "endpoint",
    ];
    let wanted = blind.wanted.as_deref()?;
    let label = blind.label.as_str();
    let words: Vec<&str> = label.split('_').collect();
    let names_version = ["canary", "stable", "preview", "active", "baseline"];
    let tags = plan
        .templates
        .iter()
        .any(|template| template.tag == wanted || template.hash == wanted);
    let is_of_version = tags
        || words.iter().any(|word| VERSIONS.contains(word))
        || names_version
            .iter()
            .any(|name| wanted.contains(name) || label.contains(name));
    if is_of_version || words.iter().any(|word| OWN.contains(word)) {
        return None;
    }
    let may = match &blind.cure {
        Cure::Label { similar, .. } => similar.is_none(),
        // A namespace that the manifest says is no matter of choice.
        Cure::Values(_) if label.ends_with("namespace") => plan.namespace == "default",
        Cure::Values(_) => words.iter().any(|word| CHOSEN.contains(word)),
        Cure::Value(_) | Cure::Together => false,
    };
    may.then_some((label, wanted))
}

fn nobody_objects(queries: &[&Query], name: &str, value: &str) -> bool {
    let selectors = queries.iter().flat_map(|query| query.selectors());
    let mut matchers = selectors.flat_map(|selector| selector.matchers);
    matchers.all(|matcher| matcher.name() != name || matcher.accepts(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_requests_and_durations_stand_for_those_of_a_service() {
        let stands = |metric| renamed(metric).map(|(family, name)| format!("{family} {name}"));
        let requests = |name: &str| Some(format!("http_requests_total {name}"));
        assert_eq!(
            stands("shop_http_requests_total"),
            requests("shop_http_requests_total")
        );
        assert_eq!(
            stands("http_server_request_count"),
            requests("http_server_request_count")
        );
        assert_eq!(
            stands("http_server_requests_seconds_count"),
            Some("http_request_duration_seconds http_server_requests_seconds".to_owned())
        );
        for metric in [
            "shop_errors_total",
            "http_request_duration_ms_bucket",
            "orders_total",
            "queue_length",
        ] {
            assert_eq!(stands(metric), None, "{metric}");
        }
    }

    #[test]
    fn a_name_that_is_used_keeps_its_meaning() {
        let own = Query::compile("http_requests_total / shop_requests_total").expect("a query");
        assert!(of_queries(&[&own], &[Profile::Http]).names.is_empty());
        let other = Query::compile("rate(shop_requests_total[1m]) / istio_requests_total")
            .expect("a query");
        let telemetry = of_queries(&[&other], &[Profile::Http]);
        assert_eq!(telemetry.names.len(), 1);
        assert_eq!(
            telemetry.profiles,
            Some(vec![Profile::Http, Profile::Istio])
        );
    }
}
