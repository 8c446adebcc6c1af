//! What one simulated rollout came to: its verdict, what ended it, and what it cost, without a record of the run.
//!
//! Knows: the verdict as a fold over the run while it goes on ([`Judge`]), with the same result as
//! [`crate::verdict::Outcome::of`] has from a whole record. Refuses to know how runs are repeated or counted.
//! Simplifies: one cause is told, the one that the controllers name; the step is the one that stood before the abort.

use serde::{Deserialize, Serialize};

use crate::cluster::analysis_run::{AnalysisPhase, AnalysisRun, RunMessage};
use crate::cluster::experiment::{AnalysisMessage, ExperimentMessage};
use crate::cluster::provider::Reading;
use crate::cluster::status::{AbortCause, PauseReason, PhaseMessage};
use crate::cluster::{Cluster, Experiment, RunId};
use crate::controller::Silent;
use crate::plan::Plan;
use crate::sight::Behind;
use crate::sim::Ending;
use crate::time::SimTime;
use crate::trace::Recorder;
use crate::verdict::{Standing, Verdict, is_at_rest, since_last};
use crate::world::ledger::Tally;

/// What one simulated rollout came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// What became of the last revision that was requested.
    pub verdict: Verdict,
    /// Since when the verdict holds.
    pub since: SimTime,
    /// What brought it about, where it is not a promotion.
    pub cause: Option<Cause>,
    /// Finished measurements of all runs, whatever they showed.
    pub measurements: u32,
    /// What it cost.
    pub costs: Costs,
}

/// What ended, or holds up, an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cause {
    /// Who or what it was.
    pub blame: Blame,
    /// The step of the canary that the rollout stood at then, counted from 0; `None` without steps, and after the last
    /// one.
    pub step: Option<u16>,
}

/// Who or what ended an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Blame {
    /// A metric went over one of its limits.
    Metric {
        /// Index into [`Plan::analyses`].
        analysis: u32,
        /// Index of the metric in it.
        metric: u16,
        /// What it was assessed as.
        ended: Ended,
    },
    /// An analysis run ended without a metric over its limits.
    Analysis {
        /// Index into [`Plan::analyses`].
        analysis: u32,
        /// What it ended as.
        ended: Ended,
    },
    /// An experiment, and no metric of it.
    Experiment {
        /// Index into [`Plan::experiments`].
        spec: u16,
        /// What it ended as.
        ended: Ended,
    },
    /// The progress deadline passed.
    Deadline,
    /// A step plugin answered Failed.
    StepPlugin,
    /// A person aborted or paused it.
    Person,
    /// A pause that waits for a person.
    Pause,
}

/// What an analysis ends as, if not as Successful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ended {
    /// As Failed.
    Failed,
    /// As Error.
    Error,
    /// As Inconclusive.
    Inconclusive,
}

/// What a rollout cost: sums over the accounts of the run, expectations where nothing is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Failed requests beyond what the stable version alone would have failed; negative if the new one is better.
    pub harm: f64,
    /// Requests of users.
    pub requests: f64,
    /// Requests of users that other versions than the stable one got.
    pub requests_on_new: f64,
    /// Requests of users that failed.
    pub failed: f64,
    /// Users who sent at least one request to another version than the stable one.
    pub users_exposed: f64,
    /// Pods beyond `spec.replicas`, over time \[s\].
    pub excess_pod_seconds: f64,
    /// Time with fewer available pods than `spec.replicas` \[s\].
    pub short_of_capacity: f64,
    /// Most pods at once.
    pub peak_pods: i32,
    /// The last instant at which something happened.
    pub end: SimTime,
}

/// Follows a run as far as its summary needs it: no record, no copies of the cluster, no memory.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    plan: &'a Plan,
    course: Course,
}

/// What a judge knows of a run so far; all that a continuation from the middle needs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Course {
    /// If the run is cut off now.
    moving: Option<Stretch>,
    /// If nothing happens any more.
    resting: Option<Stretch>,
    /// When anything changed last.
    last: SimTime,
    /// The step before an abort.
    step: Option<i32>,
}

/// A stretch of time over which the verdict stays the same.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    standing: Standing,
    /// When it began.
    since: SimTime,
    /// Since when the verdict holds, where the last state itself can tell.
    told: Option<SimTime>,
}

impl<'a> Judge<'a> {
    /// A judge of runs of `plan`.
    #[must_use]
    pub fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            course: Course::default(),
        }
    }

    /// What is known so far.
    #[must_use]
    pub fn course(&self) -> Course {
        self.course
    }

    /// Goes on from the middle of a run.
    pub fn resume(&mut self, course: Course) {
        self.course = course;
    }

    /// The verdict on a run that ends in this way, and since when it holds.
    #[must_use]
    pub fn verdict(&self, ending: Ending) -> (Verdict, SimTime) {
        let course = &self.course;
        let at_rest = is_at_rest(ending, course.last);
        let ended = if at_rest {
            course.resting
        } else {
            course.moving
        };
        let Some(ended) = ended else {
            return (Verdict::Undecided, ending.at);
        };
        let verdict = ended.standing.verdict;
        let stretch = if verdict.needs_rest() {
            course.resting
        } else {
            course.moving
        };
        let stretch = stretch.filter(|stretch| stretch.standing.verdict == verdict);
        let start = stretch.map_or(course.last, |stretch| stretch.since);
        (verdict, ended.told.unwrap_or(start))
    }

    /// What a run came to that ends in this way, with these objects and accounts.
    #[must_use]
    pub fn summary(&self, cluster: &Cluster, ending: Ending, tally: &Tally) -> Summary {
        let (verdict, since) = self.verdict(ending);
        Summary {
            verdict,
            since,
            cause: self.cause(verdict, cluster),
            measurements: measurements(cluster),
            costs: Costs::of(tally, ending),
        }
    }

    fn cause(&self, verdict: Verdict, cluster: &Cluster) -> Option<Cause> {
        let step = self.course.step;
        let is_step = |step: &i32| {
            let canary = self.plan.canary();
            canary.is_some_and(|canary| canary.step(*step).is_some())
        };
        let step = step.filter(is_step).and_then(|step| step.try_into().ok());
        let Some(rollout) = &cluster.rollout else {
            let failed = matches!(verdict, Verdict::Failed | Verdict::Inconclusive);
            let experiment = cluster.experiments.first().filter(|_| failed)?;
            let blame = of_experiment(cluster, experiment);
            return blame.map(|blame| Cause { blame, step: None });
        };
        let blame = match rollout.status.message {
            PhaseMessage::Aborted(abort) => match abort.cause {
                AbortCause::Person => Some(Blame::Person),
                AbortCause::Background(run)
                | AbortCause::Step(run)
                | AbortCause::PrePromotion(run)
                | AbortCause::PostPromotion(run) => of_run(cluster, run),
                AbortCause::Experiment(id) => {
                    of_experiment(cluster, &cluster.experiments[usize::from(id.0)])
                }
                AbortCause::Deadline(_) => Some(Blame::Deadline),
                AbortCause::StepPlugin { .. } => Some(Blame::StepPlugin),
            },
            PhaseMessage::TimedOut(_) => Some(Blame::Deadline),
            PhaseMessage::ManuallyPaused => Some(Blame::Person),
            PhaseMessage::Paused(reason) => of_pause(reason, cluster),
            _ => None,
        };
        let matters = matches!(
            verdict,
            Verdict::RolledBack | Verdict::RollbackFailed | Verdict::Paused | Verdict::Stuck
        );
        blame.filter(|_| matters).map(|blame| Cause { blame, step })
    }

    fn follow(&mut self, at: SimTime, cluster: &Cluster) {
        let course = &mut self.course;
        course.last = at;
        for (stretch, at_rest) in [(&mut course.moving, false), (&mut course.resting, true)] {
            let standing = Standing::of(self.plan, cluster, at_rest);
            let since = stretch
                .filter(|stretch| stretch.standing == standing)
                .map_or(at, |stretch| stretch.since);
            *stretch = Some(Stretch {
                standing,
                since,
                told: since_last(self.plan, cluster, standing.verdict, at),
            });
        }
        self.note_step(cluster);
    }

    /// No verdict looks at measurements: where nothing else changed, all that is news is when that was.
    #[inline]
    fn follow_measurements(&mut self, at: SimTime, cluster: &Cluster) {
        let mut stretches = [self.course.moving, self.course.resting].into_iter();
        if stretches.any(|stretch| stretch.is_none_or(|stretch| stretch.told.is_some())) {
            self.follow(at, cluster);
            return;
        }
        self.course.last = at;
        if cfg!(debug_assertions) {
            let mut thorough = *self;
            thorough.follow(at, cluster);
            assert_eq!(*self, thorough, "a measurement changed the verdict");
        }
    }

    fn note_step(&mut self, cluster: &Cluster) {
        if let Some(rollout) = &cluster.rollout
            && !rollout.status.abort
        {
            self.course.step = rollout.status.step;
        }
    }
}

/// Judges of the same plan that know the same.
impl PartialEq for Judge<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.plan, other.plan) && self.course == other.course
    }
}

impl Recorder for Judge<'_> {
    type Log = Silent;

    fn started(&mut self, at: SimTime, cluster: &Cluster) {
        self.course = Course::default();
        self.follow(at, cluster);
    }

    #[inline]
    fn note(&mut self, _: SimTime, _: &mut Silent, cluster: &Cluster) {
        self.note_step(cluster);
    }

    fn settled(&mut self, at: SimTime, cluster: &Cluster) {
        self.follow(at, cluster);
    }

    #[inline]
    fn measured(&mut self, at: SimTime, cluster: &Cluster) {
        self.follow_measurements(at, cluster);
    }

    #[inline]
    fn read(&mut self, _: impl FnOnce() -> (Reading, Option<Behind>)) {}

    #[inline]
    fn recorded(&self) -> usize {
        0
    }

    #[inline]
    fn shorten(&mut self, _: usize) {}
}

impl Costs {
    /// The sums of a run that ended in this way.
    #[must_use]
    pub fn of(tally: &Tally, ending: Ending) -> Self {
        Self {
            harm: tally.harm(),
            requests: tally.requests(),
            requests_on_new: tally.requests_on_new(),
            failed: tally.failed(),
            users_exposed: tally.users_exposed,
            excess_pod_seconds: tally.excess_pod_seconds,
            short_of_capacity: tally.short_of_capacity,
            peak_pods: tally.peak_pods,
            end: ending.at,
        }
    }
}

/// Every finished measurement has one of the four phases that are counted.
pub(crate) fn measurements(cluster: &Cluster) -> u32 {
    let counts = cluster.metrics.iter().map(|metric| {
        let count = i64::from(metric.count) + i64::from(metric.error);
        u32::try_from(count).unwrap_or(0)
    });
    counts.fold(0, u32::saturating_add)
}

/// Whom the controller waits for, or what was inconclusive.
fn of_pause(reason: PauseReason, cluster: &Cluster) -> Option<Blame> {
    let status = &cluster.rollout.as_ref()?.status;
    match reason {
        PauseReason::CanaryPauseStep | PauseReason::BlueGreenPause => Some(Blame::Pause),
        PauseReason::InconclusiveAnalysis => {
            let runs = [
                status.canary.step_run,
                status.canary.background_run,
                status.blue_green.pre_run,
                status.blue_green.post_run,
            ];
            let mut runs = runs.into_iter().flatten();
            let run = runs.find(|run| run.phase == AnalysisPhase::Inconclusive)?;
            of_run(cluster, run.run)
        }
        PauseReason::InconclusiveExperiment => {
            let mut experiments = cluster.experiments.iter().rev();
            let experiment =
                experiments.find(|experiment| experiment.phase == AnalysisPhase::Inconclusive)?;
            of_experiment(cluster, experiment)
        }
    }
}

fn of_run(cluster: &Cluster, id: RunId) -> Option<Blame> {
    let run = cluster.runs.get(usize::try_from(id.0).ok()?)?;
    of_message(run, run.message)
}

fn of_message(run: &AnalysisRun, message: RunMessage) -> Option<Blame> {
    match message {
        RunMessage::Metric {
            analysis,
            metric,
            phase,
            ..
        } => Some(Blame::Metric {
            analysis,
            metric,
            ended: Ended::of(phase)?,
        }),
        _ => Some(Blame::Analysis {
            analysis: run.analysis,
            ended: Ended::of(run.phase)?,
        }),
    }
}

/// The first of an experiment's analyses that ended as the experiment did, or the experiment itself.
fn of_experiment(cluster: &Cluster, experiment: &Experiment) -> Option<Blame> {
    if let ExperimentMessage::Analysis(AnalysisMessage::Run(RunMessage::Metric {
        analysis,
        metric,
        phase,
        ..
    })) = experiment.message
    {
        return Some(Blame::Metric {
            analysis,
            metric,
            ended: Ended::of(phase)?,
        });
    }
    let mut analyses = cluster.analyses_of(experiment).iter();
    let ended = analyses.find(|analysis| analysis.phase == experiment.phase);
    let of_analysis = ended.and_then(|analysis| of_run(cluster, analysis.run?));
    let itself = Ended::of(experiment.phase).map(|ended| Blame::Experiment {
        spec: experiment.spec,
        ended,
    });
    of_analysis.or(itself)
}

impl Ended {
    fn of(phase: AnalysisPhase) -> Option<Self> {
        match phase {
            AnalysisPhase::Failed => Some(Self::Failed),
            AnalysisPhase::Error => Some(Self::Error),
            AnalysisPhase::Inconclusive => Some(Self::Inconclusive),
            _ => None,
        }
    }
}
