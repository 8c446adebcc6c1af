//! Carries out what controllers ask for: writes to the cluster, calls into the world, and who is woken by them.

use crate::cluster::analysis_run::{AnalysisPhase, RunMessage, Site};
use crate::cluster::experiment::{AnalysisStatus, ExperimentMessage, TemplateStatus};
use crate::cluster::replica_set::Owner;
use crate::cluster::{
    AnalysisRun, Cluster, Command, Event, Experiment, ExperimentId, MetricStatus, ReplicaSet,
    ReplicaSetId, RouterCall, Service, Slice, TemplateId,
};
use crate::controller::Log;
use crate::plan::strategy::Router as RouterKind;
use crate::sim::queue::Queue;
use crate::sim::{Due, Simulation};
use crate::time::{Delta, SimTime};
use crate::trace::Recorder;
use crate::world::Truth;
use crate::world::pods::Kind;

impl<R: Recorder> Simulation<'_, R> {
    /// Carries out the commands of the last reconciliation; says whether any of them changed an object.
    pub(super) fn carry_out(&mut self, now: SimTime) -> bool {
        let mut changed = false;
        for index in 0..self.decision.commands.len() {
            let command = self.decision.commands[index];
            changed |= match command {
                Command::Route(call) => self.route(call, now),
                _ => self.carry_out_one(command, now),
            };
            self.scene_changed |= moves_requests(&command);
        }
        self.changed |= changed;
        changed
    }

    #[expect(clippy::too_many_lines, reason = "one short arm for each command")]
    fn carry_out_one(&mut self, command: Command, now: SimTime) -> bool {
        match command {
            Command::CreateReplicaSet {
                owner,
                template,
                revision,
                rollout_size,
            } => {
                let id = ReplicaSetId(narrow(self.cluster.replica_sets.len()));
                let set = ReplicaSet::new(id, owner, template, now.stored());
                self.cluster.replica_sets.push(ReplicaSet {
                    revision,
                    rollout_size,
                    ..set
                });
                self.wake_owner(owner);
            }
            Command::SetRevision(id, revision) => {
                self.set_mut(id).revision = revision;
                self.wake_owner_of(id);
            }
            Command::SetRolloutRevision(revision) => {
                if let Some(rollout) = &mut self.cluster.rollout {
                    rollout.revision = revision;
                }
                self.rollout_queue.add();
            }
            Command::Scale {
                id,
                desired,
                rollout_size,
                drop_deadline,
            } => {
                let set = self.set_mut(id);
                let before = *set;
                set.desired = desired;
                set.rollout_size = rollout_size;
                if drop_deadline {
                    set.deadline = None;
                }
                // The API server tells nobody of an update that changes nothing.
                if *set == before {
                    return false;
                }
                if set.is_rollouts() && set.desired != before.desired {
                    self.patience.progress();
                }
                self.resize_pods(id, now);
                self.wake_owner_of(id);
            }
            Command::SetDeadline(id, deadline) => {
                self.set_mut(id).deadline = deadline;
                // The experiment controller looks at changed counts only.
                if self.set_mut(id).owner == Owner::Rollout {
                    self.rollout_queue.add();
                }
            }
            Command::DeleteReplicaSet(id) => {
                self.set_mut(id).deleted = true;
                self.wake_owner_of(id);
            }
            Command::SwitchService(id, template) => {
                let service = &mut self.cluster.services[usize::from(id.0)];
                *service = Service {
                    selector: Some(template),
                    managed: true,
                };
            }
            Command::CreateRun {
                site,
                analysis,
                template,
                revision,
                collision,
            } => {
                self.create_run(AnalysisRun {
                    site,
                    analysis,
                    template,
                    revision,
                    collision,
                    created: now.stored(),
                    terminate: false,
                    deleted: false,
                    phase: AnalysisPhase::default(),
                    message: RunMessage::default(),
                    started: None,
                    metrics: Slice::default(),
                });
                if !matches!(site, Site::Experiment(..)) {
                    self.rollout_queue.add();
                }
            }
            Command::TerminateRun(id) => {
                self.cluster.runs[id.0 as usize].terminate = true;
                self.run_queues[id.0 as usize].add();
            }
            Command::DeleteRun(id) => {
                self.cluster.runs[id.0 as usize].deleted = true;
                self.rollout_queue.add();
            }
            Command::CreateExperiment {
                spec,
                step,
                revision,
                canary,
                stable,
                collision,
            } => {
                let experiment =
                    new_experiment(spec, Some(step), revision, canary, stable, collision, now);
                self.create_experiment(experiment);
                self.rollout_queue.add();
            }
            Command::TerminateExperiment(id) => {
                self.cluster.experiments[usize::from(id.0)].terminate = true;
                self.experiment_queues[usize::from(id.0)].add();
                self.rollout_queue.add();
            }
            Command::DeleteExperiment(id) => {
                self.delete_experiment(id, now);
                self.rollout_queue.add();
            }
            Command::Route(call) => {
                return self.route(call, now);
            }
            Command::Evict(id, count) => {
                let truth = Truth {
                    environment: &self.environment,
                    weather: self.world.weather,
                };
                self.world.pods.evict(truth, id, count, now);
                self.update_pods(now);
            }
        }
        true
    }

    /// Tells the router; only a destination rule is an object of the cluster.
    fn route(&mut self, call: RouterCall, now: SimTime) -> bool {
        match call {
            RouterCall::SetWeight(weight) => {
                if self.world.router.set_weight(weight, now) {
                    self.scene_changed = true;
                    self.decision.log.tell(Event::Routed(call));
                }
                false
            }
            RouterCall::UpdateHash(canary, stable) => {
                self.cluster.destination_rule.canary = canary;
                self.cluster.destination_rule.stable = stable;
                true
            }
            RouterCall::SetHeaderRoute(index) | RouterCall::SetMirrorRoute(index) => {
                self.decision.log.tell(Event::Routed(call));
                self.set_route(index);
                false
            }
            RouterCall::RemoveManagedRoutes => {
                self.remove_routes();
                false
            }
        }
    }

    /// Takes away the routes of steps.
    fn remove_routes(&mut self) {
        if self.world.router.remove_managed_routes() {
            self.scene_changed = true;
            let call = RouterCall::RemoveManagedRoutes;
            self.decision.log.tell(Event::Routed(call));
        }
    }

    /// Sets the routes of a step, where one of the routers can
    /// (`SetHeaderRoute` and `SetMirrorRoute` of the others do nothing).
    fn set_route(&mut self, index: u16) {
        self.scene_changed = true;
        let Some(canary) = self.plan.canary() else {
            return;
        };
        let can = |able: fn(&RouterKind) -> bool| {
            let routing = canary.routing.as_ref();
            routing.is_some_and(|routing| routing.routers.iter().any(able))
        };
        let Some(step) = canary.step(i32::from(index)) else {
            return;
        };
        if let Some(route) = step
            .set_header_route
            .as_ref()
            .filter(|_| can(RouterKind::routes_headers))
        {
            self.world.router.set_header_route(0 < route.percentage);
        }
        if let Some(route) = step
            .set_mirror_route
            .as_ref()
            .filter(|_| can(RouterKind::mirrors))
        {
            self.world.router.set_mirror_route(route.percentage);
        }
    }

    fn set_mut(&mut self, id: ReplicaSetId) -> &mut ReplicaSet {
        &mut self.cluster.replica_sets[usize::from(id.0)]
    }

    fn create_run(&mut self, run: AnalysisRun) {
        let metrics = self.plan.analyses[run.analysis as usize].metrics.len();
        let metrics = grow(&mut self.cluster.metrics, metrics, MetricStatus::default());
        self.cluster.runs.push(AnalysisRun { metrics, ..run });
        self.run_queues.push(Queue::woken());
    }

    pub(super) fn create_experiment(&mut self, experiment: Experiment) {
        add_experiment(&mut self.cluster, self.plan, experiment);
        self.experiment_queues.push(Queue::woken());
    }

    /// An experiment takes its `ReplicaSet`s and runs with it.
    fn delete_experiment(&mut self, id: ExperimentId, now: SimTime) {
        self.cluster.experiments[usize::from(id.0)].deleted = true;
        for index in 0..self.cluster.replica_sets.len() {
            let set = &mut self.cluster.replica_sets[index];
            if matches!(set.owner, Owner::Experiment(owner, _) if owner == id) {
                set.deleted = true;
                set.desired = 0;
                let set = set.id;
                self.resize_pods(set, now);
            }
        }
        for run in &mut self.cluster.runs {
            if matches!(run.site, Site::Experiment(owner, _) if owner == id) {
                run.deleted = true;
            }
        }
    }

    fn wake_owner(&mut self, owner: Owner) {
        match owner {
            Owner::Rollout => self.rollout_queue.add(),
            Owner::Experiment(id, _) => self.experiment_queues[usize::from(id.0)].add(),
        }
    }

    fn wake_owner_of(&mut self, id: ReplicaSetId) {
        self.wake_owner(self.cluster.replica_set(id).owner);
    }

    pub(super) fn wake_owner_of_run(&mut self, run: &AnalysisRun) {
        match run.site {
            Site::Experiment(id, _) if run.phase.is_completed() => {
                self.experiment_queues[usize::from(id.0)].add();
            }
            Site::Experiment(..) => {}
            _ => self.rollout_queue.add(),
        }
    }

    fn min_ready(&self, owner: Owner) -> Delta {
        match owner {
            Owner::Rollout => self.plan.min_ready,
            Owner::Experiment(id, template) => {
                let spec = self.cluster.experiments[usize::from(id.0)].spec;
                self.plan.experiments[usize::from(spec)].templates[usize::from(template)].min_ready
            }
        }
    }

    fn resize_pods(&mut self, id: ReplicaSetId, now: SimTime) {
        let set = *self.cluster.replica_set(id);
        let kind = Kind {
            owner: id,
            template: set.template,
            min_ready: self.min_ready(set.owner),
        };
        let truth = Truth {
            environment: &self.environment,
            weather: self.world.weather,
        };
        self.world.pods.resize(truth, kind, set.desired, now);
        let tally = self.world.pods.tally(truth.environment, id, now);
        let set = self.set_mut(id);
        (set.replicas, set.ready, set.available) = (tally.total, tally.ready, tally.available);
        if self.environment.room.is_some() {
            // Pods of others may have found room.
            self.update_pods(now);
        } else {
            self.watch_pods(now);
        }
    }

    /// Brings the counts of all `ReplicaSet`s up to date and wakes the owners of those that changed.
    pub(super) fn update_pods(&mut self, now: SimTime) {
        let truth = Truth {
            environment: &self.environment,
            weather: self.world.weather,
        };
        let ended = self.world.pods.pass(truth, now);
        self.changed |= ended;
        self.scene_changed |= ended;
        for index in 0..self.cluster.replica_sets.len() {
            let set = self.cluster.replica_sets[index];
            if set.replicas == 0 {
                continue;
            }
            let tally = self.world.pods.tally(&self.environment, set.id, now);
            if (tally.total, tally.ready, tally.available)
                != (set.replicas, set.ready, set.available)
            {
                let set = self.set_mut(set.id);
                (set.replicas, set.ready, set.available) =
                    (tally.total, tally.ready, tally.available);
                let owner = set.owner;
                self.wake_owner(owner);
                (self.changed, self.scene_changed) = (true, true);
            }
        }
        self.watch_pods(now);
    }

    /// Schedules the next instant at which pods change by themselves.
    pub(super) fn watch_pods(&mut self, now: SimTime) {
        let next = self.world.next_change(&self.environment, now);
        if let Some(at) = next.filter(|at| self.pods_due.is_none_or(|due| *at < due)) {
            self.pods_due = Some(at);
            self.kernel.schedule(at, Due::Pods);
        }
    }

    /// Counts the pods that `spec.restartAt` wants replaced.
    pub(super) fn count_pods_to_restart(&mut self, now: SimTime) {
        self.pods_to_restart.clear();
        let restart_at = self.cluster.rollout.as_ref().and_then(|rollout| {
            rollout
                .restart_at
                .filter(|at| rollout.status.restarted_at != Some(*at))
        });
        if let Some(restart_at) = restart_at.filter(|at| *at <= now) {
            let pods = &self.world.pods;
            let counts = self
                .cluster
                .replica_sets
                .iter()
                .map(|set| pods.older_than(set.id, restart_at));
            self.pods_to_restart.extend(counts);
        }
    }

    /// The plugin of the current step.
    pub(super) fn current_plugin(&self) -> Option<u16> {
        let step = self.cluster.rollout.as_ref()?.status.step.unwrap_or(0);
        let plugin = self.plan.canary()?.step(step)?.plugin.as_ref()?;
        Some(plugin.script)
    }
}

/// Whether a write may change where requests go, or how many pods there are; routers are asked on their own.
fn moves_requests(command: &Command) -> bool {
    !matches!(
        command,
        Command::CreateRun { .. }
            | Command::TerminateRun(_)
            | Command::DeleteRun(_)
            | Command::SetRevision(..)
            | Command::SetRolloutRevision(_)
            | Command::SetDeadline(..)
            | Command::Route(_)
    ) || matches!(command, Command::Route(RouterCall::UpdateHash(..)))
}

/// An experiment as just created.
pub(super) fn new_experiment(
    spec: u16,
    step: Option<u16>,
    revision: u32,
    canary: TemplateId,
    stable: TemplateId,
    collision: u16,
    now: SimTime,
) -> Experiment {
    Experiment {
        spec,
        step,
        revision,
        canary,
        stable,
        collision,
        created: now.stored(),
        terminate: false,
        deleted: false,
        phase: AnalysisPhase::default(),
        message: ExperimentMessage::default(),
        available_at: None,
        invalid: false,
        templates: Slice::default(),
        analyses: Slice::default(),
    }
}

/// Stores a new experiment with empty statuses.
pub(super) fn add_experiment(
    cluster: &mut Cluster,
    plan: &crate::plan::Plan,
    experiment: Experiment,
) {
    let spec = &plan.experiments[usize::from(experiment.spec)];
    let templates = grow(
        &mut cluster.experiment_templates,
        spec.templates.len(),
        TemplateStatus::default(),
    );
    let analyses = grow(
        &mut cluster.experiment_analyses,
        spec.analyses.len(),
        AnalysisStatus::default(),
    );
    cluster.experiments.push(Experiment {
        templates,
        analyses,
        ..experiment
    });
}

fn grow<T: Clone>(list: &mut Vec<T>, count: usize, blank: T) -> Slice {
    let first = u32::try_from(list.len()).unwrap_or(u32::MAX);
    list.resize(list.len() + count, blank);
    Slice {
        first,
        len: u32::try_from(count).unwrap_or(u32::MAX),
    }
}

fn narrow(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
