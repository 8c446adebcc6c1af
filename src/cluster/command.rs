//! What controllers ask for: every write to the API server, every call of a traffic router.

use crate::cluster::analysis_run::Site;
use crate::cluster::{
    ExperimentId, ReplicaSetId, RunId, ServiceId, TemplateId, replica_set::Owner,
};
use crate::time::SimTime;

/// One write. Commands are carried out in the order in which they were given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Command {
    /// Creates a `ReplicaSet` with the next free id.
    CreateReplicaSet {
        /// Its owner.
        owner: Owner,
        /// What its pods run.
        template: TemplateId,
        /// The revision annotation.
        revision: u32,
        /// The desired-replicas annotation.
        rollout_size: i32,
    },
    /// Sets the revision annotation of a `ReplicaSet`.
    SetRevision(ReplicaSetId, u32),
    /// Sets the revision annotation of the rollout.
    SetRolloutRevision(u32),
    /// Sets `spec.replicas` and the desired-replicas annotation of a `ReplicaSet`.
    Scale {
        /// Which.
        id: ReplicaSetId,
        /// The new `spec.replicas`.
        desired: i32,
        /// The new desired-replicas annotation.
        rollout_size: i32,
        /// Whether the scale-down deadline is dropped in the same write.
        drop_deadline: bool,
    },
    /// Sets or removes the scale-down deadline of a `ReplicaSet`.
    SetDeadline(ReplicaSetId, Option<SimTime>),
    /// Deletes a `ReplicaSet`.
    DeleteReplicaSet(ReplicaSetId),
    /// Points a service at a template and marks it as managed.
    SwitchService(ServiceId, TemplateId),
    /// Creates an analysis run with the next free id.
    CreateRun {
        /// For whom.
        site: Site,
        /// Index into [`crate::plan::Plan::analyses`].
        analysis: u32,
        /// The canary's template.
        template: TemplateId,
        /// The rollout's revision.
        revision: u32,
        /// Number in the name.
        collision: u16,
    },
    /// Sets `spec.terminate` of a run.
    TerminateRun(RunId),
    /// Deletes a run.
    DeleteRun(RunId),
    /// Creates an experiment with the next free id.
    CreateExperiment {
        /// Index into [`crate::plan::Plan::experiments`].
        spec: u16,
        /// The step.
        step: u16,
        /// The rollout's revision.
        revision: u32,
        /// The canary's template.
        canary: TemplateId,
        /// The stable template.
        stable: TemplateId,
        /// Number in the name.
        collision: u16,
    },
    /// Sets `spec.terminate` of an experiment.
    TerminateExperiment(ExperimentId),
    /// Deletes an experiment.
    DeleteExperiment(ExperimentId),
    /// Calls a traffic router.
    Route(RouterCall),
    /// Evicts pods of a `ReplicaSet`, oldest first.
    Evict(ReplicaSetId, i32),
}

/// A call of a traffic router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouterCall {
    /// `SetWeight`: share of the canary.
    SetWeight(i32),
    /// `UpdateHash` of a destination rule: canary and stable template.
    UpdateHash(Option<TemplateId>, Option<TemplateId>),
    /// `SetHeaderRoute` of the step with this index.
    SetHeaderRoute(u16),
    /// `SetMirrorRoute` of the step with this index.
    SetMirrorRoute(u16),
    /// `RemoveManagedRoutes`.
    RemoveManagedRoutes,
}
