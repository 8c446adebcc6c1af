//! What experiments do: EX-01 and EX-02.

use coalmine::cluster::Event;
use coalmine::plan::scenario::Deed;
use coalmine::sim::EndReason;

use super::story::{Story, abort, always, deed, from, promote, set_image, startup, story};

const GOOD: &str = r#"successCondition: "result[0] > 0.9""#;

/// A canary whose first step is an experiment of the new version; `checks` are its analyses.
fn experiment(duration: &str, checks: &str) -> Story {
    story(&format!(
        "{{replicas: 5, canary: {{steps: [experiment: {{{duration}
             templates: [{{name: candidate, specRef: canary}}],
             analyses: [{checks}]}}, setWeight: 50, pause: {{}}]}}}}
---
{{template: short, metrics: [{{name: s, count: 3, interval: 10s, failureLimit: 1, {GOOD}}}]}}
---
{{template: long, metrics: [{{name: l, count: 10, interval: 50s, {GOOD}}}]}}
---
{{template: endless, metrics: [{{name: e, interval: 60s, failureLimit: 1, {GOOD}}}]}}"
    ))
    .image("v2", startup(8))
    .metric("s", always(1.0))
    .metric("l", always(1.0))
    .metric("e", always(1.0))
    .at(100, set_image("v2"))
}

/// `experiments/experiment.go: calculateStatus`: the duration ends it, whatever its analysis is
/// about to say. It counts from the moment at which the pods are available
/// (`utils/experiment/experiment.go: PassedDurations`).
#[test]
fn ex_01_the_duration_passes_before_the_analysis_can_fail() {
    let told = experiment("duration: 2m, ", "{name: watch, templateName: long}")
        .metric("l", [from(0, 1.0), from(220, 0.0)])
        .until(900);
    told.at(227)
        .expect_experiment("rev2/Experiment-0", "Running")
        .expect_step(0);
    told.at(228)
        .expect_experiment("rev2/Experiment-0", "Successful");
    told.at(300).expect_step(2).expect_not_aborted();
    let seconds = told
        .measurements("rev2/Experiment-0/watch", "l")
        .into_iter()
        .map(|(at, _)| at);
    assert!(seconds.eq([108, 158, 208]));
}

/// `utils/experiment/experiment.go: RequiredAnalysisRunsSuccessful`: a required analysis ends it,
/// whatever the duration.
#[test]
fn ex_01_a_required_analysis_ends_the_experiment_early() {
    let told = experiment(
        "duration: 10m, ",
        "{name: watch, templateName: short, requiredForCompletion: true}",
    )
    .until(900);
    told.at(127)
        .expect_experiment("rev2/Experiment-0", "Running");
    told.at(128)
        .expect_experiment("rev2/Experiment-0", "Successful");
}

/// `experiments/experiment.go: reconcileTemplate`: templates are scaled down at the duration
/// regardless.
#[test]
fn ex_01_pods_go_at_the_duration_although_a_required_analysis_still_measures() {
    let told = experiment(
        "duration: 2m, ",
        "{name: watch, templateName: long, requiredForCompletion: true}",
    )
    .until(900);
    let pods = told.course(|moment| {
        let sets = moment
            .cluster
            .replica_sets
            .iter()
            .filter(|set| !set.is_rollouts());
        sets.map(|set| set.desired).sum::<i32>()
    });
    // The scale-down delay of an experiment is thirty seconds.
    assert_eq!(pods[1..], [(100, 1), (258, 0)]);
    told.at(557)
        .expect_experiment("rev2/Experiment-0", "Running");
    told.at(558)
        .expect_experiment("rev2/Experiment-0", "Successful");
    assert_eq!(told.measurements("rev2/Experiment-0/watch", "l").len(), 10);
}

/// Nothing that would end it: it runs for ever, and the rollout with it.
#[test]
fn ex_01_without_a_duration_and_a_required_analysis_it_never_ends() {
    let told = experiment("", "{name: watch, templateName: endless}").until(90_000);
    told.at(90_000)
        .expect_experiment("rev2/Experiment-0", "Running")
        .expect_step(0)
        .expect_phase("Progressing")
        .expect_not_aborted();
}

/// `experiments/experiment.go: assessAnalysisRuns`: while templates run, a bad analysis ends the
/// experiment.
#[test]
fn ex_01_a_bad_analysis_ends_the_experiment_and_aborts() {
    let told = experiment("duration: 10m, ", "{name: watch, templateName: short}")
        .metric("s", always(0.0))
        .until(900);
    told.at(118)
        .expect_experiment("rev2/Experiment-0", "Failed");
    assert!(told.at(118).status().abort);
}

/// `utils/experiment/experiment.go: IsTerminating`, `experiments/experiment.go:
/// reconcileAnalysisRun, assessAnalysisRuns`: the success of the required analysis ends the other
/// one, whose status is never copied again.
#[test]
fn ex_02_a_required_analysis_beside_one_that_runs_never_ends() {
    let told = experiment(
        "",
        "{name: smoke, templateName: short, requiredForCompletion: true},
         {name: watch, templateName: endless}",
    )
    .until(90_000);
    told.at(128)
        .expect_run("rev2/Experiment-0/smoke", "Successful")
        .expect_run("rev2/Experiment-0/watch", "Successful")
        .expect_experiment("rev2/Experiment-0", "Running");
    let end = told.at(90_000);
    end.expect_experiment("rev2/Experiment-0", "Running")
        .expect_step(0)
        .expect_not_aborted();
    // Its pods are long gone, and no deadline applies.
    let pods: i32 = end
        .cluster
        .replica_sets
        .iter()
        .filter(|set| !set.is_rollouts())
        .map(|set| set.desired)
        .sum();
    assert_eq!(pods, 0);
    end.expect_phase("Progressing");
}

/// `rollout/experiment.go: reconcileExperiments`: an inconclusive experiment pauses the rollout and
/// is forgotten, so the next reconciliation makes another one, pause or not.
#[test]
fn an_inconclusive_experiment_is_made_again_while_the_rollout_is_paused() {
    let told = inconclusive("").image("v2", startup(8)).until(180);
    told.at(108)
        .expect_experiment("rev2/Experiment-0", "Inconclusive")
        .expect_paused_for(&["InconclusiveExperiment"]);
    // Pods start, measure and are given up, every eight seconds.
    let made = told.when(|event| matches!(event, Event::ExperimentCreated(_)));
    assert_eq!(
        made,
        [100, 108, 116, 124, 132, 140, 148, 156, 164, 172, 180]
    );
    told.end()
        .expect_paused_for(&["InconclusiveExperiment"])
        .expect_phase("Paused");
}

/// A canary whose first step is an experiment that is inconclusive; `background` is its other
/// analysis.
fn inconclusive(background: &str) -> Story {
    let grey = r#"successCondition: "result[0] > 0.9", failureCondition: "result[0] < 0.5""#;
    story(&format!(
        "{{replicas: 5, canary: {{{background} steps: [experiment: {{duration: 10m,
             templates: [{{name: candidate, specRef: canary}}],
             analyses: [{{name: watch, templateName: grey}}]}}, pause: {{}}]}}}}
---
{{template: grey, metrics: [{{name: m, count: 1, {grey}}}]}}
---
{{template: late, metrics: [{{name: l, count: 3, interval: 5s, {grey}}}]}}"
    ))
    .metric("m", always(0.7))
    .metric("l", [from(0, 1.0), from(109, 0.7)])
    .at(100, set_image("v2"))
}

fn is_busy(event: &Event) -> bool {
    *event == Event::KeepsItselfBusy
}

/// The same with pods that start at once: no time passes between two experiments. The controller
/// is busy, but people act all the same.
#[test]
fn an_inconclusive_experiment_without_a_delay_is_freed_by_a_promotion() {
    let busy = inconclusive("").until(7 * 24 * 3600);
    assert_eq!(busy.when(is_busy), [100]);
    busy.end().expect_paused_for(&["InconclusiveExperiment"]);
    assert_eq!(busy.ending.reason, EndReason::Livelock);
    assert!(busy.trace.events.len() < 500, "{}", busy.trace.events.len());
    assert!(busy.end().cluster.experiments.len() < 20);

    let freed = inconclusive("").at(200, deed(Deed::PromoteFull)).until(900);
    freed.at(199).expect_phase("Paused").expect_stable("v1");
    freed.at(200).expect_stable("v2");
    freed.end().expect_phase("Healthy").expect_stable("v2");
    assert_eq!(freed.ending.reason, EndReason::Quiet);
}

/// `rollout/analysis.go: needsNewAnalysisRun`: while an inconclusive experiment pauses the rollout,
/// a background analysis that is inconclusive too is made anew as often as it ends.
#[test]
fn an_inconclusive_background_run_is_made_again_until_somebody_aborts() {
    let paused = || {
        inconclusive("analysis: late,")
            .image("v2", startup(8))
            .image("v1", startup(8))
    };
    let busy = paused().until(3600);
    assert_eq!(busy.when(is_busy), [110]);
    busy.end().expect_paused_for(&["InconclusiveExperiment"]);
    assert!(busy.end().cluster.runs.len() < 30);
    let freed = paused().at(300, promote()).until(3600);
    freed.at(299).expect_phase("Paused");
    assert!(freed.when(is_busy).len() <= 2, "{:?}", freed.when(is_busy));
    let freed = paused().at(300, abort()).until(3600);
    freed.at(300).expect_phase("Degraded");
    assert_eq!(freed.ending.reason, EndReason::Quiet);
}

/// Experiments that take time are made again without end, too; the record does not fill the memory.
#[test]
fn a_run_that_makes_too_many_experiments_is_cut_off() {
    let told = inconclusive("")
        .image("v2", startup(1))
        .until(7 * 24 * 3600);
    assert_eq!(told.ending.reason, EndReason::Crowded);
    assert_eq!(told.ending.at.whole_secs(), 600);
}
