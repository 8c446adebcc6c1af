//! How measurements become the phase of a run: AN-19 to AN-21.

use coalmine::cluster::analysis_run::{
    AnalysisPhase, AnswerRef, Detail, Measurement, MetricStatus,
};
use coalmine::controller::analysis::assess_metric;
use coalmine::plan::MetricPlan;
use coalmine::time::SimTime;

use super::super::story::{always, down, from, set_image, story};
use super::{GAP, GOOD, background, inline};

/// `analysis/analysis.go: garbageCollectMeasurements`: the list is short, the counters are not; our
/// log keeps all.
#[test]
fn an_19_more_than_ten_measurements_still_count() {
    let told = story(&background(&format!(
        "interval: 10s, failureLimit: 11, {GOOD}"
    )))
    .metric("m", always(0.0))
    .at(100, set_image("v2"))
    .until(400);
    assert_eq!(told.measurements("rev2/Background", "m").len(), 12);
    told.at(210)
        .expect_aborted_because("background analysis: m Failed: failed (12) > failureLimit (11)");
}

/// `utils/analysis/helpers.go: analysisStatusOrder`.
#[test]
fn an_20_the_worst_metric_decides() {
    let cases = [
        ([("inconclusive", 0.7), ("failed", 0.0)], "Failed"),
        ([("failed", 0.0), ("inconclusive", 0.7)], "Failed"),
        ([("inconclusive", 0.7), ("down", 0.0)], "Error"),
        ([("down", 0.0), ("failed", 0.0)], "Failed"),
        ([("good", 1.0), ("inconclusive", 0.7)], "Inconclusive"),
    ];
    for (metrics, phase) in cases {
        let written = metrics
            .map(|(name, _)| format!("{{name: {name}, count: 1, consecutiveErrorLimit: 0, {GAP}}}"))
            .join(", ");
        let mut tale = story(&format!(
            "{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check]}}}}
---
{{template: check, metrics: [{written}]}}"
        ));
        for (name, value) in metrics {
            let answers = if name == "down" {
                vec![down(0)]
            } else {
                always(value)
            };
            tale = tale.metric(name, answers);
        }
        tale.at(100, set_image("v2"))
            .until(200)
            .at(100)
            .expect_run("rev2/Step-1", phase);
    }
}

/// `utils/analysis/helpers.go: IsTerminating`: the first bad metric ends the others, which then
/// count as successful.
#[test]
fn an_20_the_first_bad_metric_ends_the_others() {
    let told = story(&format!(
        "{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check]}}}}
---
{{template: check, metrics: [{{name: slow, count: 9, interval: 60s, {GOOD}}},
  {{name: bad, count: 9, interval: 60s, failureLimit: 1, {GOOD}}}]}}"
    ))
    .metric("slow", always(1.0))
    .metric("bad", always(0.0))
    .at(100, set_image("v2"))
    .until(900);
    assert_eq!(told.measurements("rev2/Step-1", "slow").len(), 2);
    told.at(160).expect_run("rev2/Step-1", "Failed");
    assert_eq!(
        told.end().metric("rev2/Step-1", "slow").phase,
        AnalysisPhase::Successful
    );
}

/// `analysis/analysis.go: assessMetricFailureInconclusiveOrError`: three assignments in a row, the
/// last one that applies stays. No single run breaks two limits at once, so the rule is asked
/// itself.
#[test]
fn an_20_of_several_broken_limits_error_wins_over_inconclusive_over_failed() {
    let metric = metric_without_limits();
    let phase = |failed, inconclusive, consecutive_error| {
        let last = Some(finished_measurement());
        let status = MetricStatus {
            last,
            failed,
            inconclusive,
            consecutive_error,
            ..MetricStatus::default()
        };
        assess_metric(&metric, &status, false)
    };
    assert_eq!(phase(1, 1, 1), AnalysisPhase::Error);
    assert_eq!(phase(1, 1, 0), AnalysisPhase::Inconclusive);
    assert_eq!(phase(1, 0, 0), AnalysisPhase::Failed);
    assert_eq!(phase(0, 0, 0), AnalysisPhase::Running);
}

fn metric_without_limits() -> MetricPlan {
    MetricPlan {
        name: "m".to_owned(),
        dry_run: false,
        count: None,
        interval: None,
        initial_delay: None,
        failure_limit: 0,
        inconclusive_limit: 0,
        consecutive_error_limit: 0,
        consecutive_success_limit: 0,
        success: None,
        failure: None,
        scores: None,
        source: 0,
    }
}

fn finished_measurement() -> Measurement {
    Measurement {
        phase: AnalysisPhase::Failed,
        started: SimTime::ZERO,
        finished: Some(SimTime::ZERO),
        resume_at: None,
        answer: AnswerRef {
            analysis: 0,
            metric: 0,
            point: None,
            reading: None,
        },
        message: Detail::None,
    }
}

/// `analysis/analysis.go: assessMetricStatus`, `utils/analysis/factory.go: ValidateMetric`.
#[test]
fn an_21_a_count_without_enough_successes_in_a_row_pauses_or_fails() {
    let alternating = |limits: &str| {
        story(&inline(&format!(
            "count: 5, interval: 10s, consecutiveSuccessLimit: 2, {limits}, {GOOD}"
        )))
        .metric(
            "m",
            (0..6).map(|n| from(100 + 10 * n, if n % 2 == 0 { 1.0 } else { 0.0 })),
        )
        .at(100, set_image("v2"))
        .until(300)
    };
    let both = alternating("failureLimit: 3");
    both.at(139).expect_run("rev2/Step-1", "Running");
    both.at(140)
        .expect_run("rev2/Step-1", "Inconclusive")
        .expect_paused_for(&["InconclusiveAnalysisRun"]);
    alternating("failureLimit: -1")
        .at(140)
        .expect_run("rev2/Step-1", "Failed");

    let in_a_row = story(&inline(&format!(
        "count: 5, interval: 10s, consecutiveSuccessLimit: 2, failureLimit: 3, {GOOD}"
    )))
    .metric("m", [from(0, 1.0), from(105, 0.0), from(115, 1.0)])
    .at(100, set_image("v2"))
    .until(300);
    assert_eq!(in_a_row.measurements("rev2/Step-1", "m").len(), 4);
    in_a_row
        .at(130)
        .expect_run("rev2/Step-1", "Successful")
        .expect_stable("v2");

    // Without any limit the run is refused.
    let none = story(&inline(&format!(
        "count: 5, interval: 10s, failureLimit: -1, {GOOD}"
    )))
    .at(100, set_image("v2"))
    .until(300);
    none.at(100).expect_run("rev2/Step-1", "Error");
}
