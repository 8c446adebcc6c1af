//! In which shape each provider hands over what the simulated service shows, and what the conditions make of it.
//!
//! A draw of a thousand requests stands for a number, a signal without any traffic for no data.

use coalmine::plan::environment::{Draw, Shows, Signal, Whose};
use coalmine::plan::setting::Response;
use coalmine::time::Delta;

use super::story::{set_image, story};

const DATADOG: &str = "datadog: {query: q}";
const GROUPED: &str = "datadog: {apiVersion: v2, query: 'avg:errors{*} by {host}'}";
const NEW_RELIC: &str =
    "newRelic: {query: \"SELECT percentage(count(*), WHERE ok) as 'successRate' FROM T\"}";
const CLOUD_WATCH: &str =
    "cloudWatch: {metricDataQueries: [{id: e, returnData: false}, {id: rate, expression: e}]}";
const SKY_WALKING: &str = "skywalking: {query: 'query { sla: readMetricsValues(condition: {}) }'}";
const WEB: &str = "web: {url: 'http://x', jsonPath: '{$.data}'}";
const KAYENTA: &str = "kayenta: {address: a, application: a, canaryConfigName: c, metricsAccountName: m,
        configurationAccountName: c, storageAccountName: s, threshold: {pass: 90, marginal: 75}, scopes: []}";

/// A number as the service shows it: 97 % of requests succeed.
fn number() -> Response {
    ratio(0.97, None)
}

fn ratio(succeeding: f64, times: Option<f64>) -> Response {
    Response::Draw(Draw {
        shows: Shows::SuccessRatio,
        requests: 1000,
        failing: 1.0 - succeeding,
        times,
    })
}

/// No requests at all.
fn nothing() -> Response {
    Response::Signal(Signal {
        shows: Shows::SuccessRatio,
        of: Whose::Canary,
        over: Delta::from_secs(60),
        times: None,
    })
}

/// Second, phase, value and message of the first measurement, which begins at 100 s.
fn first(provider: &str, condition: &str, answer: Response) -> (i64, &'static str, String, String) {
    let condition = if condition.is_empty() {
        String::new()
    } else {
        format!("successCondition: \"{condition}\",")
    };
    let told = story(&format!(
        "{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check]}}}}
---
{{template: check, metrics: [{{name: m, {condition} provider: {{{provider}}}}}]}}"
    ))
    .metric("m", [(0, answer)])
    .at(100, set_image("v2"))
    .until(300);
    let (second, phase) = told.measurements("rev2/Step-1", "m")[0];
    let (text, message) = told.words_of("rev2/Step-1", "m");
    (second, phase, text, message)
}

#[test]
fn numbers_come_in_the_shape_of_the_provider() {
    let rows = [
        ("prometheus: {query: q}", "result[0] >= 0.95", "[0.97]"),
        (DATADOG, "result >= 0.95", "0.97"),
        (GROUPED, "all(result, # >= 0.95)", "[0.97]"),
        ("wavefront: {query: q}", "result >= 0.95", "0.97"),
        ("graphite: {query: q}", "result[0] >= 0.95", "[0.970000]"),
        ("influxdb: {query: q}", "result[0] >= 0.95", "[0.97]"),
        (
            CLOUD_WATCH,
            "all(result[0].Values, {# >= 0.95})",
            "[[0.97]]",
        ),
        (
            NEW_RELIC,
            "result.successRate >= 0.95",
            r#"{"successRate":0.97}"#,
        ),
        (
            SKY_WALKING,
            "all(result.sla.values.values, {asFloat(.value) >= 9500})",
            r#"{"sla":{"values":{"values":[{"value":9700}]}}}"#,
        ),
        (WEB, "result >= 0.95", "0.97"),
        (WEB, "result.rate >= 0.95", r#"{"rate":0.97}"#),
        ("plugin: {acme/metric: {}}", "result >= 0.95", "0.97"),
    ];
    for (provider, condition, text) in rows {
        let told = first(provider, condition, number());
        let expected = (100, "Successful", text.to_owned(), String::new());
        assert_eq!(told, expected, "{provider}");
        let told = first(provider, condition, ratio(0.9, None));
        assert_eq!(told.1, "Failed", "{provider}");
    }
}

/// `metricproviders/*/*.go: processResponse, parseResponse`; `utils/evaluate/evaluate.go: formatEvalError`.
#[test]
fn no_data_means_something_else_to_each_provider() {
    const NO_DATA: &str = "could not evaluate successCondition \"result >= 0.95\": metric result is nil or empty: no data returned \
                           from the metric provider";
    let rows = [
        ("prometheus: {query: q}", "result[0] >= 0.95", "Failed", ""),
        (DATADOG, "result >= 0.95", "Error", NO_DATA),
        (DATADOG, "default(result, 1) >= 0.95", "Successful", ""),
        (DATADOG, "default(result, 0) >= 0.95", "Failed", ""),
        (GROUPED, "isNil(result)", "Successful", ""),
        (
            "wavefront: {query: q}",
            "result >= 0.95",
            "Error",
            "No TimeSeries found in response from Wavefront",
        ),
        (
            "graphite: {query: q}",
            "len(result) == 0",
            "Error",
            "no values found",
        ),
        (
            "influxdb: {query: q}",
            "len(result) == 0",
            "Error",
            "no results returned from flux query",
        ),
        (CLOUD_WATCH, "len(result[0].Values) == 0", "Successful", ""),
        (
            NEW_RELIC,
            "result.successRate >= 0.95",
            "Error",
            "no results returned from NRQL query",
        ),
        (
            SKY_WALKING,
            "true",
            "Error",
            "no results returned from SkyWalking query",
        ),
        (WEB, "result >= 0.95", "Error", NO_DATA),
        (WEB, "default(result, 1) >= 0.95", "Successful", ""),
        (
            "plugin: {acme/metric: {}}",
            "isNaN(result)",
            "Successful",
            "",
        ),
    ];
    for (provider, condition, phase, message) in rows {
        let told = first(provider, condition, nothing());
        assert_eq!(
            (told.1, &*told.3),
            (phase, message),
            "{provider} {condition}"
        );
    }
}

/// A scripted empty vector is no data, too.
#[test]
fn an_empty_vector_is_no_data_for_every_provider() {
    let empty = || Response::Vector(Vec::new());
    let (_, phase, text, _) = first(DATADOG, "default(result, 1) >= 0.95", empty());
    assert_eq!((phase, &*text), ("Successful", "[]"));
    let (.., message) = first("graphite: {query: q}", "result[0] >= 0.95", empty());
    assert_eq!(message, "no values found");
    let (.., message) = first("prometheus: {query: q}", "result[0] >= 0.95", empty());
    assert!(
        message.ends_with("no data returned from the metric provider"),
        "{message}"
    );
}

#[test]
fn units_are_chosen_by_times() {
    let (_, phase, text, _) = first(DATADOG, "result >= 95", ratio(0.29, Some(100.0)));
    assert_eq!((phase, &*text), ("Failed", "29"));
    let (.., text, _) = first(SKY_WALKING, "result.a > 0", ratio(0.97, Some(100.0)));
    assert_eq!(text, r#"{"a":97}"#);
}

/// `metricproviders/kayenta/kayenta.go: Run, Resume, evaluateResult`.
#[test]
fn scores_are_judged_by_thresholds_after_fifteen_seconds() {
    let rows = [
        (ratio(0.9, None), "Successful", "90"),
        (ratio(0.8999, None), "Inconclusive", "89"),
        (ratio(0.75, None), "Inconclusive", "75"),
        (ratio(0.7, None), "Failed", "70"),
        (Response::Scalar(95.5), "Successful", "95"),
        (Response::Scalar(60.0), "Failed", "60"),
        (Response::Vector(vec![80.0]), "Inconclusive", "80"),
    ];
    for (answer, phase, text) in rows {
        let told = first(KAYENTA, "", answer.clone());
        assert_eq!(
            told,
            (115, phase, text.to_owned(), String::new()),
            "{answer:?}"
        );
    }
    for answer in [nothing(), Response::Vector(Vec::new())] {
        let told = first(KAYENTA, "", answer);
        assert_eq!(
            told,
            (115, "Error", String::new(), "Missing Score".to_owned())
        );
    }
    let (second, phase, _, message) =
        first(KAYENTA, "", Response::Error("Invalid Response".to_owned()));
    assert_eq!(
        (second, phase, &*message),
        (100, "Error", "Invalid Response")
    );
}

/// `metricproviders/kayenta/kayenta.go: Terminate` does nothing: the run ends, the measurement never does.
#[test]
fn a_judgement_is_not_ended_with_its_run() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check]}}}}
---
{{template: check, metrics: [{{name: m, provider: {{{KAYENTA}}}}}]}}"
    ))
    .metric("m", [(0, Response::Scalar(100.0))])
    .at(100, set_image("v2"))
    .at(105, super::story::abort())
    .until(300);
    assert_eq!(told.measurements("rev2/Step-1", "m"), []);
    told.end().expect_run("rev2/Step-1", "Successful");
}
