//! Each row of the table, on the smallest rollout that shows it.

use super::*;
use crate::plan::compile::{self, Compiled, Input};
use crate::plan::environment::Image;
use crate::plan::scenario::{Action, Deed, When};
use crate::plan::setting::{Response, Setting};
use crate::sim::{Simulation, Start};
use crate::spec;
use crate::validation::references::{Missing, ObjectSet};
use crate::validation::rollout::TemplateOrigin;

/// A rollout of two pods of `web:v2` over a stable `web:v1`.
struct Case {
    strategy: &'static str,
    extra: &'static str,
    setting: Setting,
    actions: Vec<(i64, Deed)>,
    until: Option<i64>,
    initial: bool,
}

const CANARY: &str = "canary: {steps: [{setWeight: 50}, {pause: {duration: 60}}]}";
const GATE: &str = "canary: {steps: [{setWeight: 50}, {pause: {}}]}";
const ANALYSED: &str =
    "canary: {steps: [{setWeight: 50}, {analysis: {templates: [{templateName: check}]}}]}";
const BLUE_GREEN: &str = "blueGreen: {activeService: active, autoPromotionEnabled: true, \
    postPromotionAnalysis: {templates: [{templateName: check}]}}";
const CHECK: &str = "
metadata: {name: check}
spec:
  metrics:
  - name: rate
    count: 2
    interval: 30s
    successCondition: result[0] > 0.9
    provider: {prometheus: {address: x, query: y}}";

impl Case {
    fn new(strategy: &'static str) -> Self {
        let default_image = Image {
            startup: Delta::from_secs(5).into(),
            ..Image::default()
        };
        let tags = vec!["v1".to_owned()];
        Self {
            strategy,
            extra: "",
            setting: Setting {
                default_image,
                tags,
                ..Setting::default()
            },
            actions: Vec::new(),
            until: None,
            initial: false,
        }
    }

    /// `web:v2` never becomes ready, from the given second on.
    fn crashing_from(mut self, second: i64) -> Self {
        let image = Image {
            startup: Delta::from_secs(5).into(),
            unready: vec![(SimTime::from_secs(second), SimTime::MAX)],
            ..Image::default()
        };
        self.setting.images.insert("v2".to_owned(), image);
        self
    }

    fn measuring(mut self, value: f64) -> Self {
        let answers = vec![(SimTime::ZERO, Response::Vector(vec![value]))];
        self.setting.metrics.insert("rate".to_owned(), answers);
        self
    }

    fn run(self) -> (Outcome, Compiled) {
        let text = format!(
            "metadata: {{name: web}}\nspec:\n  replicas: 2\n  {}\n  selector: {{matchLabels: {{a: b}}}}\n  \
             template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: web, image: 'web:v2'}}]}}}}\n  \
             strategy: {{{}}}\n",
            self.extra, self.strategy
        );
        let rollout: spec::Rollout = serde_yaml::from_str(&text).expect("a rollout");
        let check: spec::AnalysisTemplate = serde_yaml::from_str(CHECK).expect("a template");
        let objects = ObjectSet {
            analysis_templates: vec![&check],
            ..ObjectSet::default()
        };
        let compiled = compile::compile_rollout(Input {
            rollout: &rollout,
            origin: TemplateOrigin::Written,
            objects: &objects,
            missing: Missing::Assumed,
            setting: &self.setting,
        });
        let (plan, environment) = (&compiled.plan, &compiled.environment);
        let tag = |tag| compiled.template(tag).expect("a template");
        let start = if self.initial {
            Start::empty(plan, tag("v2"))
        } else {
            Start::settled(plan, environment, tag("v1"), tag("v2"))
        };
        let actions = self.actions.iter().map(|(at, deed)| Action {
            when: When::At(SimTime::from_secs(*at)),
            deed: *deed,
        });
        let script = compile::script(actions.collect(), self.until.map(SimTime::from_secs));
        let mut simulation = Simulation::new(plan, environment, &script, Trace::default());
        let ending = simulation.run(&start);
        (
            Outcome::of(plan, environment, simulation.recorder(), ending),
            compiled,
        )
    }

    fn outcome(self) -> Outcome {
        self.run().0
    }
}

/// Verdict, since when [s], and at which step.
fn gist(outcome: &Outcome) -> (Verdict, i64, Option<i32>) {
    (outcome.verdict, outcome.since.whole_secs(), outcome.step)
}

#[test]
fn a_revision_that_passes_all_steps_is_promoted() {
    let outcome = Case::new(CANARY).outcome();
    assert_eq!(gist(&outcome), (Verdict::Promoted, 70, None));
    assert!(
        outcome.reason.ends_with("Completed all 2 canary steps"),
        "{}",
        outcome.reason
    );
    assert_eq!(outcome.revision, Some(2));
}

#[test]
fn a_first_deployment_counts_as_promoted_once_it_is_healthy() {
    let initial = |case: Case| Case {
        initial: true,
        ..case
    };
    let outcome = initial(Case::new(CANARY)).outcome();
    assert_eq!(gist(&outcome), (Verdict::Promoted, 5, None));
    let outcome = initial(Case::new(CANARY).crashing_from(0)).outcome();
    assert_eq!(outcome.verdict, Verdict::Stuck);
}

#[test]
fn an_aborted_canary_is_rolled_back_when_its_last_pod_is_gone() {
    let outcome = Case::new(ANALYSED).measuring(0.5).outcome();
    assert_eq!(outcome.verdict, Verdict::RolledBack);
    assert!(
        outcome
            .reason
            .contains("Metric \"rate\" assessed Failed due to failed (1) > failureLimit (0)")
    );
    assert_eq!(
        outcome.consequence,
        "v2 was given up, all traffic goes to v1"
    );
}

#[test]
fn an_abort_that_cannot_switch_back_is_a_failed_rollback() {
    let mut case = Case::new(BLUE_GREEN).crashing_from(20).measuring(1.0);
    let answers = case.setting.metrics.get_mut("rate").expect("a script");
    answers.push((SimTime::from_secs(20), Response::Vector(vec![0.5])));
    let outcome = case.outcome();
    assert_eq!(outcome.verdict, Verdict::RollbackFailed);
    let says =
        "v2 was given up, but service `active` still points to v2, which has no available pods";
    assert_eq!(outcome.consequence, says);
}

#[test]
fn an_abort_under_way_is_undecided() {
    let outcome = Case {
        until: Some(11),
        actions: vec![(10, Deed::Abort)],
        ..Case::new(GATE)
    };
    assert_eq!(outcome.outcome().verdict, Verdict::Undecided);
}

#[test]
fn a_pause_without_an_end_waits_for_a_person() {
    let outcome = Case::new(GATE).outcome();
    assert_eq!(gist(&outcome), (Verdict::Paused, 5, Some(1)));
    assert_eq!(outcome.reason, "CanaryPauseStep");
}

#[test]
fn a_pause_with_an_end_does_not_wait_for_a_person() {
    let outcome = Case {
        until: Some(30),
        ..Case::new(CANARY)
    }
    .outcome();
    assert_eq!(gist(&outcome), (Verdict::Undecided, 5, Some(1)));
    assert_eq!(outcome.consequence, "the run was cut off at 30s");
}

#[test]
fn a_rollout_paused_by_hand_waits_for_a_person() {
    let outcome = Case {
        actions: vec![(10, Deed::Pause)],
        ..Case::new(CANARY)
    }
    .outcome();
    assert_eq!(gist(&outcome), (Verdict::Paused, 10, Some(1)));
    assert_eq!(outcome.reason, "manually paused");
}

#[test]
fn a_crashing_canary_is_stuck_since_its_deadline_passed() {
    let outcome = Case::new(CANARY).crashing_from(0).outcome();
    assert_eq!(outcome.verdict, Verdict::Stuck);
    assert!(
        outcome
            .reason
            .starts_with("ProgressDeadlineExceeded: ReplicaSet \"web-")
    );
    assert_eq!(outcome.step, Some(0));
    assert!(
        (600..700).contains(&outcome.since.whole_secs()),
        "{}",
        outcome.since
    );
}

#[test]
fn a_refused_spec_is_invalid_whatever_else_holds() {
    let outcome = Case::new("canary: {steps: [{setWeight: 150}]}").outcome();
    assert_eq!(outcome.verdict, Verdict::Invalid);
    let says = "InvalidSpec: The Rollout \"web\" is invalid: spec.strategy.steps[0].setWeight";
    assert!(outcome.reason.starts_with(says), "{}", outcome.reason);
}

#[test]
fn earlier_revisions_have_their_own_fates() {
    let mut case = Case::new(GATE);
    case.setting.tags.push("v3".to_owned());
    case.setting.tags.push("v4".to_owned());
    let (v3, v4) = (TemplateId(2), TemplateId(3));
    case.actions = vec![
        (20, Deed::SetImage(v3)),
        (40, Deed::Abort),
        (60, Deed::SetImage(v4)),
        (80, Deed::PromoteFull),
    ];
    let (outcome, compiled) = case.run();
    assert_eq!(outcome.verdict, Verdict::Promoted);
    let seen: Vec<(u32, &str, Fate)> = outcome
        .earlier
        .iter()
        .map(|past| {
            (
                past.revision,
                &*compiled.plan.template(past.template).tag,
                past.fate,
            )
        })
        .collect();
    let at = SimTime::from_secs;
    assert_eq!(
        seen,
        [
            (2, "v2", Fate::Superseded(at(20), 3)),
            (3, "v3", Fate::Aborted(at(40)))
        ]
    );
}

#[test]
fn a_run_is_at_rest_when_nothing_remains_or_nothing_changes_any_more() {
    let at = SimTime::from_secs;
    let ends = |reason, end| {
        is_at_rest(
            Ending {
                at: at(end),
                reason,
            },
            at(100),
        )
    };
    assert!(ends(EndReason::Quiet, 100));
    assert!(!ends(EndReason::Until, 1000));
    assert!(ends(EndReason::Until, 1001));
    assert!(ends(EndReason::Livelock, 100));
    assert!(!ends(EndReason::Crowded, 5000));
}

#[test]
fn an_experiment_that_never_ends_leaves_its_rollout_stuck() {
    let experiment = "canary: {steps: [{experiment: {templates: [{name: a, specRef: canary}]}}]}";
    let outcome = Case {
        until: Some(60),
        ..Case::new(experiment)
    }
    .outcome();
    assert_eq!(gist(&outcome), (Verdict::Stuck, 5, Some(0)));
    assert!(
        outcome.consequence.ends_with("it never ends"),
        "{}",
        outcome.consequence
    );
}
