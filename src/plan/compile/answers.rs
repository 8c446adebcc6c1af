//! What a metric provider's client in the controller makes of scripted answers.
//!
//! Follows `metricproviders/webmetric/webmetric.go: Run, parseResponse`; in which shape numbers come is known to [`Shape`].

use std::sync::Arc;

use serde_json::Value as Json;

use crate::cluster::provider::{Answer, Reading};
use crate::condition::Value;
use crate::plan::analysis_template::ResolvedMetric;
use crate::plan::compile::queries::{Own, Queries, QueryTrouble};
use crate::plan::compile::shapes::shape;
use crate::plan::environment::{Breaks, Fault, Gauge, Sample, Scripted, Shape, Source};
use crate::plan::setting::{Response, Setting, Unscripted};
use crate::spec::provider::MetricProvider;
use crate::time::SimTime;

/// The answers of the provider behind a metric, with the times in which its back end is down or finds nothing.
pub(super) fn source(metric: &ResolvedMetric, setting: &Setting, queries: &mut Queries) -> Source {
    let shape = shape(metric);
    let source = undisturbed(metric, &shape, setting, queries);
    let disturbances: Vec<(&Fault<String>, Scripted)> = setting
        .faults
        .iter()
        .filter_map(|fault| Some((fault, disturbed(metric, &shape, &fault.breaks)?)))
        .collect();
    let ends = disturbances
        .iter()
        .flat_map(|(fault, _)| [fault.from, fault.to]);
    let points = source.points.iter().map(|(from, _)| *from);
    let mut corners: Vec<SimTime> = points.chain(ends).collect();
    corners.sort_unstable();
    corners.dedup();
    if disturbances.is_empty() {
        return source;
    }
    let at = |now: SimTime| {
        let disturbance = disturbances.iter().find(|(fault, _)| fault.holds(now));
        let answer = disturbance.map(|(_, answer)| answer);
        answer
            .unwrap_or(source.scripted(source.point_at(now)))
            .clone()
    };
    Source {
        points: corners.into_iter().map(|from| (from, at(from))).collect(),
        ..source.clone()
    }
}

/// What a back end answers that is down, or that finds nothing.
fn disturbed(metric: &ResolvedMetric, shape: &Shape, breaks: &Breaks<String>) -> Option<Scripted> {
    let concerns = |name: &Option<String>| name.as_ref().is_none_or(|name| *name == metric.name);
    match breaks {
        Breaks::MetricsDown { metric: of, error } if concerns(of) => {
            let error = Response::Error(error.clone());
            Some(scripted(&metric.provider, shape, &error))
        }
        Breaks::MetricsEmpty { metric: of } if concerns(of) => Some(nothing(shape)),
        _ => None,
    }
}

fn undisturbed(
    metric: &ResolvedMetric,
    shape: &Shape,
    setting: &Setting,
    queries: &mut Queries,
) -> Source {
    let provider = &metric.provider;
    let Some(script) = setting.metrics.get(&metric.name) else {
        let before = match setting.unscripted {
            Unscripted::AnswersNothing => nothing(shape),
            Unscripted::Simulated => simulated(queries.own(metric, &setting.scraping)),
            Unscripted::Passes => simulated(None),
        };
        return Source {
            assumed: matches!(before.reading.answer, Answer::Assumed),
            before,
            points: Vec::new(),
            shape: shape.clone(),
        };
    };
    let is_number = |response: &Response| {
        matches!(
            response,
            Response::Draw(_) | Response::BelievedDraw(..) | Response::Signal(_)
        )
    };
    if provider.job.is_some() && script.iter().any(|(_, response)| is_number(response)) {
        queries.remark(metric, QueryTrouble::Job);
    }
    let points = script
        .iter()
        .map(|(from, response)| (*from, scripted(provider, shape, response)))
        .collect();
    Source {
        before: nothing(shape),
        points,
        assumed: false,
        shape: shape.clone(),
    }
}

/// What comes of a metric's own query; it passes where that is not simulated.
fn simulated(own: Option<Own>) -> Scripted {
    let reading = match own {
        Some(Own::Asked(gauge)) => shown(gauge),
        Some(Own::Fails(message)) => Reading::failure(message),
        None => Reading {
            answer: Answer::Assumed,
            text: String::new(),
        },
    };
    Scripted {
        reading,
        ..Scripted::default()
    }
}

/// What a back end answers that finds nothing.
fn nothing(shape: &Shape) -> Scripted {
    Scripted {
        reading: Reading::of(shape, shape.hold_all(&[])),
        ..Scripted::default()
    }
}

fn scripted(provider: &MetricProvider, shape: &Shape, response: &Response) -> Scripted {
    let reading = match response {
        Response::Job(fate) => {
            let reading = Reading {
                answer: Answer::Job,
                text: String::new(),
            };
            return Scripted {
                reading,
                job: *fate,
            };
        }
        Response::Signal(signal) => shown(Gauge::Signal(*signal)),
        Response::Draw(draw) => shown(Gauge::Draw(Arc::new(Sample::new(*draw)))),
        Response::BelievedDraw(draw, belief) => {
            let sample = Sample::new(*draw).believed((**belief).clone());
            shown(Gauge::Draw(Arc::new(sample)))
        }
        Response::Error(message) => Reading::failure(failure(provider, message)),
        Response::Status(status) => {
            Reading::failure(format!("received non 2xx response code: {status}"))
        }
        Response::Scalar(number) => Reading::of(shape, Ok(Value::Float(*number))),
        Response::Vector(numbers) => Reading::of(shape, shape.hold_all(numbers)),
        Response::Json(document) => {
            let path = provider
                .web
                .as_ref()
                .and_then(|web| web.json_path.as_deref());
            match find(
                document,
                path.filter(|path| !path.is_empty()).unwrap_or("{$}"),
            ) {
                Ok(found) => Reading::of(shape, Ok(Value::Json(found))),
                Err(message) => Reading::failure(message),
            }
        }
    };
    Scripted {
        reading,
        ..Scripted::default()
    }
}

fn shown(gauge: Gauge) -> Reading {
    Reading {
        answer: Answer::Shown(gauge),
        text: String::new(),
    }
}

/// The message of a query that failed. Go's HTTP client puts method and URL in front of it (`net/url.Error`).
fn failure(provider: &MetricProvider, message: &str) -> String {
    let Some(web) = &provider.web else {
        return message.to_owned();
    };
    let method = web
        .method
        .as_deref()
        .filter(|method| !method.is_empty())
        .unwrap_or("GET");
    let (first, rest) = method.split_at(method.chars().next().map_or(0, char::len_utf8));
    let url = web.url.as_deref().unwrap_or_default();
    format!("{first}{} \"{url}\": {message}", rest.to_lowercase())
}

/// The first value that a JSON path in Kubernetes' notation finds.
fn find(document: &Json, path: &str) -> Result<Json, String> {
    let inner = path
        .trim()
        .trim_start_matches('{')
        .trim_end_matches('}')
        .trim();
    let parsed = serde_json_path::JsonPath::parse(inner)
        .map_err(|error| format!("Could not find JSONPath in body: {error}"))?;
    let found = parsed.query(document).first().cloned();
    found.ok_or_else(|| {
        let last = inner.rsplit('.').next().unwrap_or(inner);
        format!("Could not find JSONPath in body: {last} is not found")
    })
}
