//! Series as texts: for people, as `OpenMetrics`, as JSON.
//!
//! Knows the formats. Refuses to know where series come from. `OpenMetrics` has no staleness markers, and they are left out there.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Kind, Labels, Metric, START_MILLIS, Sample, Series, is_stale};
use crate::cluster::provider::number_text;
use crate::time::SimTime;

/// Milliseconds since 1970 of an instant of a run.
#[must_use]
pub fn millis(at: SimTime) -> i64 {
    START_MILLIS.saturating_add(at.nanos() / 1_000_000)
}

/// A series as `PromQL` names it: `name{label="value"}`.
#[must_use]
pub fn selector(labels: &Labels) -> String {
    let name = labels.get("__name__").map_or("", String::as_str);
    let pairs = labels.iter().filter(|(label, _)| *label != "__name__");
    let pairs: Vec<String> = pairs
        .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
        .collect();
    if pairs.is_empty() {
        name.to_owned()
    } else {
        format!("{name}{{{}}}", pairs.join(","))
    }
}

/// The last value of each series on a line; a series that has ended has none.
#[must_use]
pub fn last_values(series: &[Series]) -> String {
    let mut text = String::new();
    for one in series {
        if let Some(last) = one.samples.last().filter(|last| !is_stale(last.value)) {
            let _ = writeln!(
                text,
                "{}  {}",
                selector(&one.labels),
                number_text(last.value)
            );
        }
    }
    text
}

/// All samples of each series, with their times of the run.
#[must_use]
pub fn all_samples(series: &[Series]) -> String {
    let mut text = String::new();
    for one in series {
        let _ = writeln!(text, "{}", selector(&one.labels));
        for Sample { at, value } in &one.samples {
            let value = if is_stale(*value) {
                "stale".to_owned()
            } else {
                number_text(*value)
            };
            let _ = writeln!(text, "  {:>12}  {value}", at.to_string());
        }
    }
    text
}

/// `OpenMetrics` with times, as `promtool tsdb create-blocks-from openmetrics` reads it. All series of a family have to stand together.
#[must_use]
pub fn openmetrics(metrics: &[(Metric, Vec<Series>)]) -> String {
    let mut text = String::new();
    let mut told = "";
    for (metric, series) in metrics {
        if metric.family != told {
            told = &metric.family;
            let (family, kind) = match metric.kind {
                Kind::Counter => match metric.family.strip_suffix("_total") {
                    Some(family) => (family, "counter"),
                    // OpenMetrics wants the suffix, not all exporters have it.
                    None => (told, "unknown"),
                },
                kind => (told, kind.name()),
            };
            let _ = writeln!(text, "# HELP {family} {}", escaped(metric.help));
            let _ = writeln!(text, "# TYPE {family} {kind}");
        }
        for one in series {
            let selector = selector(&one.labels);
            let samples = one.samples.iter().filter(|one| !is_stale(one.value));
            for Sample { at, value } in samples {
                let millis = millis(*at);
                let (seconds, rest) = (millis.div_euclid(1000), millis.rem_euclid(1000));
                let value = number_text(*value);
                let _ = writeln!(text, "{selector} {value} {seconds}.{rest:03}");
            }
        }
    }
    text.push_str("# EOF\n");
    text
}

/// A document, schema coalmine.series/v1: times in milliseconds since 1970, values as texts, as in Prometheus' HTTP API; the value of a
/// staleness marker is `null`.
#[must_use]
pub fn document(at: SimTime, metrics: &[(Metric, Vec<Series>)]) -> String {
    let sample = |sample: &Sample| {
        let value = if is_stale(sample.value) {
            Value::Null
        } else {
            Value::String(number_text(sample.value))
        };
        json!([millis(sample.at), value])
    };
    let metrics: Vec<Value> = metrics
        .iter()
        .map(|(metric, series)| {
            let series: Vec<Value> = series
                .iter()
                .map(|one| {
                    let samples: Vec<Value> = one.samples.iter().map(sample).collect();
                    json!({"metric": one.labels, "values": samples})
                })
                .collect();
            json!({
                "name": metric.name,
                "type": metric.kind.name(),
                "help": metric.help,
                "series": series,
            })
        })
        .collect();
    let document = json!({
        "schema": "coalmine.series/v1",
        "at": at.to_string(),
        "start": START_MILLIS,
        "metrics": metrics,
    });
    format!("{document:#}\n")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::stale_marker;

    fn series() -> (Metric, Vec<Series>) {
        let metric = Metric {
            name: "http_requests_total".to_owned(),
            family: "http_requests_total".to_owned(),
            kind: Kind::Counter,
            help: "Requests.",
        };
        let labels = [("__name__", "http_requests_total"), ("pod", "a\"b")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sample = |seconds: i64, value| Sample {
            at: SimTime::from_secs(seconds),
            value,
        };
        let series = Series {
            labels: Labels::from(labels),
            samples: vec![sample(15, 3.5), sample(30, stale_marker())],
        };
        (metric, vec![series])
    }

    #[test]
    fn openmetrics_has_times_in_seconds_and_an_end() {
        let want = "\
# HELP http_requests Requests.
# TYPE http_requests counter
http_requests_total{pod=\"a\\\"b\"} 3.5 1735689615.000
# EOF
";
        assert_eq!(openmetrics(&[series()]), want);
    }

    #[test]
    fn a_series_that_has_ended_has_no_last_value() {
        let (_, series) = series();
        assert_eq!(last_values(&series), "");
        assert!(all_samples(&series).ends_with("stale\n"));
    }
}
