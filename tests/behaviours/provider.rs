//! What metric providers answer and what conditions make of it: PR-01 to PR-09.
//!
//! Answers are scripted here. Requests, their errors and query windows belong to traffic models,
//! which do not exist yet; PR-03, PR-04 and PR-05 test what follows for the controller: it judges
//! the number that it gets and knows nothing of where it comes from.

use coalmine::plan::environment::Fate;
use coalmine::plan::setting::Response;
use coalmine::time::Delta;

use super::story::{Answer, always, from, job, nothing, set_image, story};
use super::told::Told;

const SUCCESS: &str = r#"successCondition: "result[0] >= 0.95""#;
const FAILURE: &str = r#"failureCondition: "result[0] > 0.05""#;

/// One step that measures once.
fn measured(conditions: &str, answer: Answer) -> Told {
    let conditions = if conditions.is_empty() {
        String::new()
    } else {
        format!(", {conditions}")
    };
    story(&format!(
        "{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check]}}}}
---
{{template: check, metrics: [{{name: m, count: 1{conditions}}}]}}"
    ))
    .metric("m", [answer])
    .at(100, set_image("v2"))
    .until(300)
}

fn verdict(conditions: &str, answer: Answer) -> &'static str {
    measured(conditions, answer).measurements("rev2/Step-1", "m")[0].1
}

/// `utils/evaluate/evaluate.go: EvaluateResult`; `metricproviders/prometheus/prometheus.go:
/// processResponse`.
#[test]
fn pr_01_an_empty_result_is_an_error_and_aborts_after_forty_seconds() {
    for conditions in [SUCCESS, FAILURE] {
        let told = measured(conditions, nothing(0));
        let errors = [100, 110, 120, 130, 140].map(|second| (second, "Error"));
        assert_eq!(told.measurements("rev2/Step-1", "m"), errors);
        told.at(140).expect_aborted_because(
            "step analysis: m Error: consecutiveErrors (5) > consecutiveErrorLimit (4)",
        );
    }
    // A guard in the condition makes a verdict of it.
    let guarded = r#"successCondition: "len(result) == 0 || result[0] >= 0.95""#;
    assert_eq!(verdict(guarded, nothing(0)), "Successful");
}

/// The order of the rows is that of the truth table: `utils/evaluate/evaluate.go: EvaluateResult`.
#[test]
fn pr_02_not_a_number_passes_fails_or_pauses_by_the_conditions_written() {
    let both = format!("{SUCCESS}, {FAILURE}");
    let rows: [(f64, [&str; 4]); 4] = [
        (
            f64::NAN,
            ["Failed", "Successful", "Inconclusive", "Successful"],
        ),
        (
            f64::INFINITY,
            ["Successful", "Failed", "Failed", "Successful"],
        ),
        (
            f64::NEG_INFINITY,
            ["Failed", "Successful", "Inconclusive", "Successful"],
        ),
        (0.5, ["Failed", "Failed", "Failed", "Successful"]),
    ];
    for (value, verdicts) in rows {
        let got =
            [SUCCESS, FAILURE, &both, ""].map(|conditions| verdict(conditions, from(0, value)));
        assert_eq!(got, verdicts, "{value}");
    }
}

/// Two or more series: the first decides.
#[test]
fn pr_02_only_the_sample_that_is_asked_for_counts() {
    let two = |first: f64, second: f64| (0, Response::Vector(vec![first, second]));
    assert_eq!(verdict(SUCCESS, two(1.0, 0.0)), "Successful");
    assert_eq!(verdict(SUCCESS, two(0.0, 1.0)), "Failed");
}

/// `utils/analysis/factory.go: BuildArgumentsForRolloutAnalysisRun`: the controller passes
/// arguments and looks at no share: a tenth of the traffic with half of its requests failing is a
/// service-wide success rate of 0.95.
#[test]
fn pr_03_a_query_over_the_whole_service_dilutes_the_canary() {
    let (weight, canary, stable) = (0.1, 0.5, 1.0);
    let service_wide = weight * canary + (1.0 - weight) * stable;
    assert_eq!(verdict(SUCCESS, from(0, service_wide)), "Successful");
    assert_eq!(verdict(SUCCESS, from(0, canary)), "Failed");
}

/// `utils/evaluate/evaluate.go: EvaluateResult` knows no sample size: one failure among three
/// requests is judged like a third of a million.
#[test]
fn pr_04_one_error_in_three_requests_fails_like_one_in_three_million() {
    assert_eq!(verdict(SUCCESS, from(0, 2.0 / 3.0)), "Failed");
    assert_eq!(
        verdict(SUCCESS, from(0, 2_000_000.0 / 3_000_000.0)),
        "Failed"
    );
}

/// `metricproviders/prometheus/prometheus.go: executeQuery`: an instant query at the time of the
/// measurement. What the window behind it holds is up to the back end: bad traffic that began with
/// the step is seen when it fills the window, two minutes later here, and the step is over by then.
#[test]
fn pr_05_a_window_longer_than_the_step_is_judged_too_early() {
    let step_began = 100;
    let told = story(&format!(
        "{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check]}}}}
---
{{template: check, metrics: [{{name: m, initialDelay: 30s, count: 2, interval: 30s, {SUCCESS}}}]}}"
    ))
    .metric("m", [from(0, 1.0), from(step_began + 120, 0.5)])
    .at(step_began, set_image("v2"))
    .until(600);
    assert_eq!(
        told.measurements("rev2/Step-1", "m"),
        [(130, "Successful"), (160, "Successful")]
    );
    told.at(160).expect_stable("v2");
}

/// `utils/evaluate/evaluate.go: EvalCondition, defaultFunc, isNil`: they test for nil, and an empty
/// vector is none.
#[test]
fn pr_06_the_nil_functions_do_not_help_against_an_empty_vector() {
    for condition in [
        "default(result[0], 0) < 0.5",
        "isNaN(result)",
        "result >= 0.95",
    ] {
        assert_eq!(
            verdict(&format!("successCondition: \"{condition}\""), nothing(0)),
            "Error",
            "{condition}"
        );
    }
    assert_eq!(
        verdict(r#"successCondition: "result >= 0.95""#, from(0, 1.0)),
        "Error"
    );
    assert_eq!(
        verdict(r#"successCondition: "isNaN(result[0])""#, from(0, f64::NAN)),
        "Successful"
    );
    assert_eq!(
        verdict(
            r#"successCondition: "result >= 0.95""#,
            (0, Response::Scalar(1.0))
        ),
        "Successful"
    );
}

/// `utils/evaluate/evaluate.go: EvalCondition`: operands of a conjunction have to be bool.
#[test]
fn pr_07_a_condition_that_is_not_bool_is_an_error() {
    assert_eq!(
        verdict(
            r#"successCondition: "result && result[0] >= 0.9""#,
            from(0, 1.0)
        ),
        "Error"
    );
    assert_eq!(
        verdict(r#"successCondition: "result[0]""#, from(0, 1.0)),
        "Error"
    );
}

/// A step with a Job of this fate.
fn with_job(limits: &str, fate: Fate) -> Told {
    story(&format!(
        "{{replicas: 5, canary: {{steps: [setWeight: 20, analysis: check]}}}}
---
{{template: check, metrics: [{{name: m, {limits}
  provider: {{job: {{spec: {{template: {{spec: {{}}}}}}}}}}}}]}}"
    ))
    .metric("m", [job(0, fate)])
    .at(100, set_image("v2"))
    .until(900)
}

/// `metricproviders/job/job.go: Resume`: a Job is looked at again after the square root of twice
/// its age, so its end is noticed late.
#[test]
fn pr_09_the_end_of_a_job_is_noticed_at_the_next_look() {
    for (fate, phase) in [
        (Fate::Succeeds(Delta::from_secs(50)), "Successful"),
        (Fate::Fails(Delta::from_secs(50)), "Failed"),
    ] {
        let told = with_job("", fate);
        let ends = told.course(|moment| {
            moment.has_run("rev2/Step-1") && moment.run("rev2/Step-1").phase.is_completed()
        });
        let (noticed, _) = ends.last().copied().expect("an end");
        assert!((150..=160).contains(&noticed), "{noticed}");
        told.at(noticed).expect_run("rev2/Step-1", phase);
    }
}

/// AN-01 holds for Jobs too: a limit of one forgives the only failure.
#[test]
fn pr_09_a_failed_job_within_its_failure_limit_promotes() {
    let told = with_job(
        "count: 1, failureLimit: 1, ",
        Fate::Fails(Delta::from_secs(20)),
    );
    told.at(200)
        .expect_run("rev2/Step-1", "Successful")
        .expect_stable("v2");
}

/// `metricproviders/job/job.go: Terminate`: a Job that is ended counts as Inconclusive, and pauses.
#[test]
fn pr_09_a_job_that_is_ended_is_inconclusive() {
    let told = story(
        r#"{replicas: 5, canary: {steps: [setWeight: 20, analysis: check]}}
---
{template: check, metrics: [{name: m, provider: {job: {spec: {template: {spec: {}}}}}},
  {name: grey, count: 2, interval: 60s,
    successCondition: "result[0] > 0.9", failureCondition: "result[0] < 0.5"}]}"#,
    )
    .metric("m", [job(0, Fate::Hangs)])
    .metric("grey", always(0.7))
    .at(100, set_image("v2"))
    .until(300);
    assert_eq!(
        told.measurements("rev2/Step-1", "m"),
        [(100, "Inconclusive")]
    );
    told.end()
        .expect_run("rev2/Step-1", "Inconclusive")
        .expect_paused_for(&["InconclusiveAnalysisRun"]);
}
