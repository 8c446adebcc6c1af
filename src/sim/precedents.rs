//! What the rollout controller decided in earlier runs: it is a pure function, and decides the same on the same facts.
//!
//! Knows: everything that [`rollout::reconcile`] reads, and the order in which such facts came up: a tree in which each decision is
//! followed by those that were next. A run walks down the tree as long as it goes like one of those before.
//! Refuses to know: what a decision means, and how it is carried out.
//! Simplifies: whoever wants to be told of events asks the controller itself; so does a run that leaves the tree, once the tree is full.

use crate::cluster::provider::PluginAnswer;
use crate::cluster::{AnalysisRun, Cluster, Command, RolloutStatus, Slice};
use crate::controller::rollout::{Observed, Outcome, Scratch, Verification, reconcile};
use crate::controller::{Decision, Log, Requeue, Silent};
use crate::time::SimTime;

/// So many decisions are remembered: more than a hundred steps need.
const MOST_CASES: usize = 1_000;

/// So many different decisions are remembered that followed the same one. Where pods start by chance, all runs differ.
const MOST_BRANCHES: usize = 8;

/// The decisions that were remembered, and where among them the present run stands. What is looked at in each turn stands close together.
#[derive(Debug, Default)]
pub(super) struct Precedents {
    cases: Vec<Case>,
    /// All that the cases followed from, by case.
    facts: Vec<Facts>,
    /// The signs, commands and next statuses of all cases, one after another.
    signs: Vec<i32>,
    commands: Vec<Command>,
    statuses: Vec<RolloutStatus>,
    place: Place,
    /// Whether anybody but the controllers may have written since the last decision.
    doubtful: bool,
}

/// Where a run stands in the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Nothing was decided yet.
    Start,
    /// After the case with this index.
    After(usize),
    /// Outside of it.
    #[default]
    Outside,
}

/// A decision.
#[derive(Debug)]
struct Case {
    now: SimTime,
    /// Whether all of its facts follow from the decisions before and from its signs.
    is_plain: bool,
    asked_plugin: bool,
    requeue: Requeue,
    signs: Slice,
    commands: Slice,
    /// The next status, if there is one.
    status: Option<usize>,
    /// The first case that came next.
    next: Option<usize>,
    /// Another one that followed the same decision.
    other: Option<usize>,
}

/// All that the controller reads, but for its plan and the time.
#[derive(Debug)]
struct Facts {
    /// Without the results of metrics and what experiments say of their analyses, which the rollout controller never looks at.
    cluster: Cluster,
    verification: Option<Verification>,
    plugin_answer: Option<PluginAnswer>,
    pods_to_restart: Vec<i32>,
}

impl Precedents {
    /// A run begins.
    pub(super) fn begin(&mut self) {
        (self.place, self.doubtful) = (Place::Start, true);
    }

    /// The present run goes on in a way that is of no use for others.
    pub(super) fn leave(&mut self) {
        self.place = Place::Outside;
    }

    /// Somebody else may have written what else only the rollout controller writes.
    pub(super) fn doubt(&mut self) {
        self.doubtful = true;
    }

    /// What [`reconcile`] does, from memory if possible.
    pub(super) fn reconcile<L: Log>(
        &mut self,
        seen: &Observed<'_>,
        scratch: &mut Scratch,
        next: &mut RolloutStatus,
        out: &mut Decision<L>,
    ) -> Outcome {
        if !L::IS_SILENT || self.place == Place::Outside {
            return reconcile(seen, scratch, next, out);
        }
        if let Some(index) = self.find(seen) {
            self.check(index, seen);
            (self.place, self.doubtful) = (Place::After(index), false);
            let case = &self.cases[index];
            out.commands
                .extend_from_slice(&self.commands[case.commands.range()]);
            out.requeue = case.requeue;
            out.asked_plugin = case.asked_plugin;
            let Some(status) = case.status else {
                return Outcome::Unchanged;
            };
            next.copy_from(&self.statuses[status]);
            return Outcome::Status;
        }
        let outcome = reconcile(seen, scratch, next, out);
        self.keep(seen, outcome, next, out);
        outcome
    }

    /// The decision on these facts.
    #[inline]
    fn find(&self, seen: &Observed<'_>) -> Option<usize> {
        let is_plain = self.is_plain(seen);
        let mut index = self.first();
        while let Some(at) = index {
            let case = &self.cases[at];
            let holds = case.now == seen.now
                && if is_plain && case.is_plain {
                    let known = &self.signs[case.signs.range()];
                    let same = signs(seen).eq(known.iter().copied());
                    debug_assert!(
                        !same || self.facts[at].hold(seen),
                        "somebody else has written: {:?}",
                        seen.cluster
                    );
                    same
                } else {
                    self.facts[at].hold(seen)
                };
            if holds {
                return Some(at);
            }
            index = case.other;
        }
        None
    }

    /// Whether all facts follow from the decisions so far and from their signs: nobody but the rollout controller has written what is not
    /// among these.
    fn is_plain(&self, seen: &Observed<'_>) -> bool {
        !self.doubtful
            && seen.cluster.experiments.is_empty()
            && seen.verification.is_none()
            && seen.plugin_answer.is_none()
    }

    /// The first of the cases that may come next.
    fn first(&self) -> Option<usize> {
        match self.place {
            Place::Start => (!self.cases.is_empty()).then_some(0),
            Place::After(case) => self.cases[case].next,
            Place::Outside => None,
        }
    }

    /// Remembers a decision if there is room.
    fn keep<L>(
        &mut self,
        seen: &Observed<'_>,
        outcome: Outcome,
        next: &RolloutStatus,
        out: &Decision<L>,
    ) {
        let mut branches = 0;
        let mut last = None;
        let mut index = self.first();
        while let Some(at) = index {
            branches += 1;
            last = Some(at);
            index = self.cases[at].other;
        }
        if MOST_BRANCHES <= branches || MOST_CASES <= self.cases.len() {
            self.place = Place::Outside;
            return;
        }
        let new = self.cases.len();
        let status = (outcome == Outcome::Status).then(|| {
            self.statuses.push(next.clone());
            self.statuses.len() - 1
        });
        self.cases.push(Case {
            now: seen.now,
            is_plain: self.is_plain(seen),
            asked_plugin: out.asked_plugin,
            requeue: out.requeue,
            signs: add(&mut self.signs, signs(seen)),
            commands: add(&mut self.commands, out.commands.iter().copied()),
            status,
            next: None,
            other: None,
        });
        self.facts.push(Facts::of(seen));
        match (last, self.place) {
            (Some(last), _) => self.cases[last].other = Some(new),
            (None, Place::After(before)) => self.cases[before].next = Some(new),
            (None, Place::Start | Place::Outside) => {}
        }
        (self.place, self.doubtful) = (Place::After(new), false);
    }

    /// Checks, in debug builds, that the controller decides as it did before.
    fn check(&self, index: usize, seen: &Observed<'_>) {
        if cfg!(debug_assertions) {
            let case = &self.cases[index];
            let mut status = RolloutStatus::default();
            let mut out = Decision::<Silent>::default();
            let outcome = reconcile(seen, &mut Scratch::default(), &mut status, &mut out);
            let known = case.status.map(|status| &self.statuses[status]);
            let same = known == (outcome == Outcome::Status).then_some(&status)
                && out.commands == self.commands[case.commands.range()]
                && out.requeue == case.requeue
                && out.asked_plugin == case.asked_plugin;
            assert!(
                same,
                "on the same facts the controller decided otherwise: {case:?}"
            );
        }
    }
}

/// What others than the rollout controller write, where there are neither experiments nor people: numbers of pods, and phases of runs.
fn signs(seen: &Observed<'_>) -> impl Iterator<Item = i32> {
    let sets = seen.cluster.replica_sets.iter();
    let runs = seen.cluster.runs.iter();
    sets.flat_map(|set| [set.replicas, set.ready, set.available])
        .chain(runs.map(|run| run.phase as i32))
        .chain(seen.pods_to_restart.iter().copied())
}

/// Appends to a list, and says where.
fn add<T>(list: &mut Vec<T>, new: impl Iterator<Item = T>) -> Slice {
    let place = |list: &Vec<T>| u32::try_from(list.len()).unwrap_or(u32::MAX);
    let first = place(list);
    list.extend(new);
    Slice {
        first,
        len: place(list) - first,
    }
}

impl Facts {
    fn of(seen: &Observed<'_>) -> Self {
        let cluster = seen.cluster;
        Self {
            cluster: Cluster {
                rollout: cluster.rollout.clone(),
                replica_sets: cluster.replica_sets.clone(),
                services: cluster.services.clone(),
                destination_rule: cluster.destination_rule,
                runs: cluster.runs.clone(),
                experiments: cluster.experiments.clone(),
                experiment_templates: cluster.experiment_templates.clone(),
                ..Cluster::default()
            },
            verification: seen.verification,
            plugin_answer: seen.plugin_answer,
            pods_to_restart: seen.pods_to_restart.to_vec(),
        }
    }

    /// Whether they are the same.
    fn hold(&self, seen: &Observed<'_>) -> bool {
        let (known, cluster) = (&self.cluster, seen.cluster);
        known.runs.len() == cluster.runs.len()
            && known
                .runs
                .iter()
                .zip(&cluster.runs)
                .all(|(one, other)| is_alike(one, other))
            && known.rollout == cluster.rollout
            && known.replica_sets == cluster.replica_sets
            && known.services == cluster.services
            && known.destination_rule == cluster.destination_rule
            && known.experiments == cluster.experiments
            && known.experiment_templates == cluster.experiment_templates
            && self.verification == seen.verification
            && self.plugin_answer == seen.plugin_answer
            && self.pods_to_restart == seen.pods_to_restart
    }
}

/// Whether two runs are one for the rollout controller, which asks neither when they started nor what they say.
#[inline]
fn is_alike(one: &AnalysisRun, other: &AnalysisRun) -> bool {
    let AnalysisRun {
        site,
        analysis,
        template,
        revision,
        collision,
        created: _,
        terminate,
        deleted,
        phase,
        message: _,
        started: _,
        metrics: _,
    } = *one;
    phase == other.phase
        && terminate == other.terminate
        && deleted == other.deleted
        && analysis == other.analysis
        && site == other.site
        && template == other.template
        && revision == other.revision
        && collision == other.collision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;
    use crate::law::Law;
    use crate::plan::compile::Compiled;
    use crate::plan::scenario::Script;
    use crate::sim::{Simulation, Start};
    use crate::trace::Off;
    use crate::world::Weather;

    fn case(name: &str) -> (Compiled, Script, Start) {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let case = cli::case_of(root.join("scenarios").join(name));
        case.expect("a case").into_parts()
    }

    #[test]
    fn a_run_like_one_before_is_decided_from_memory() {
        for name in ["blue-green", "experiment", "flapping-canary", "node-loss"] {
            let (compiled, script, start) = case(name);
            let (plan, environment) = (&compiled.plan, &compiled.environment);
            let mut simulation = Simulation::new(plan, environment, &script, Off);
            simulation.run(&start);
            let known = simulation.precedents.cases.len();
            let cluster = simulation.cluster().clone();
            simulation.run(&start);
            assert!(
                0 < known && known == simulation.precedents.cases.len(),
                "{name}"
            );
            assert_ne!(simulation.precedents.place, Place::Outside, "{name}");
            assert_eq!(*simulation.cluster(), cluster, "{name}");
        }
    }

    #[test]
    fn runs_that_all_differ_fill_the_memory_and_come_to_the_same_without_it() {
        let (mut compiled, script, start) = case("flapping-canary");
        let law = statrs::distribution::Uniform::new(1.0, 30.0).expect("a law");
        for image in &mut compiled.environment.images {
            image.startup = Law::Uniform(law);
        }
        let (plan, environment) = (&compiled.plan, &compiled.environment);
        let new = || Simulation::new(plan, environment, &script, Off);
        let mut experienced = new();
        for replicate in 0..20 {
            let weather = Weather {
                replicate,
                ..Weather::of(7)
            };
            let mut fresh = new();
            for simulation in [&mut experienced, &mut fresh] {
                simulation.set_weather(weather);
                simulation.run(&start);
            }
            assert_eq!(experienced.cluster(), fresh.cluster());
        }
        assert!(experienced.precedents.cases.len() <= MOST_CASES);
        assert_eq!(experienced.precedents.place, Place::Outside);
    }

    #[test]
    fn in_every_scenario_experience_changes_nothing() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let folders = root.read_dir().expect("the scenarios").flatten();
        let folders = folders.filter(|folder| folder.path().is_dir());
        for folder in folders {
            let name = folder.file_name().into_string().expect("a name");
            let (compiled, script, start) = case(&name);
            let (plan, environment) = (&compiled.plan, &compiled.environment);
            let new = || Simulation::new(plan, environment, &script, Off);
            let mut experienced = new();
            for replicate in [0, 1, 0, 2] {
                let weather = Weather {
                    replicate,
                    ..Weather::of(1)
                };
                let mut fresh = new();
                let ends = [&mut experienced, &mut fresh].map(|simulation| {
                    simulation.set_weather(weather);
                    simulation.run(&start)
                });
                assert_eq!(ends[0], ends[1], "{name}");
                assert_eq!(experienced.cluster(), fresh.cluster(), "{name}");
            }
        }
    }
}
