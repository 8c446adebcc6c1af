//! `ReplicaSet`s: what controllers ask for and what the world reports.

use crate::cluster::{ExperimentId, ReplicaSetId, TemplateId};
use crate::time::SimTime;

/// Who owns a `ReplicaSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The rollout.
    Rollout,
    /// An experiment's template, by its index in the experiment's spec.
    Experiment(ExperimentId, u16),
}

/// A `ReplicaSet` with the annotations that the controllers keep on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
    /// Its number.
    pub id: ReplicaSetId,
    /// Its owner.
    pub owner: Owner,
    /// What its pods run.
    pub template: TemplateId,
    /// `metadata.creationTimestamp`, whole seconds.
    pub created: SimTime,
    /// The revision annotation; 0 for the `ReplicaSet`s of experiments.
    pub revision: u32,
    /// `spec.replicas`.
    pub desired: i32,
    /// The desired-replicas annotation: the size of the whole rollout when this `ReplicaSet` was scaled last.
    pub rollout_size: i32,
    /// The scale-down-deadline annotation, whole seconds.
    pub deadline: Option<SimTime>,
    /// `status.replicas`: pods that exist.
    pub replicas: i32,
    /// `status.readyReplicas`.
    pub ready: i32,
    /// `status.availableReplicas`.
    pub available: i32,
    /// Whether it was deleted.
    pub deleted: bool,
}

impl ReplicaSet {
    /// A `ReplicaSet` without pods.
    #[must_use]
    pub fn new(id: ReplicaSetId, owner: Owner, template: TemplateId, created: SimTime) -> Self {
        Self {
            id,
            owner,
            template,
            created,
            revision: 0,
            desired: 0,
            rollout_size: 0,
            deadline: None,
            replicas: 0,
            ready: 0,
            available: 0,
            deleted: false,
        }
    }

    /// Whether the rollout owns it and it still exists.
    #[must_use]
    #[inline]
    pub fn is_rollouts(&self) -> bool {
        !self.deleted && self.owner == Owner::Rollout
    }

    /// Scaled up, and at least as many pods available as desired
    /// (`utils/replicaset/replicaset.go: IsReplicaSetAvailable`).
    #[must_use]
    #[inline]
    pub fn is_available(&self) -> bool {
        self.desired != 0 && self.available != 0 && self.desired <= self.available
    }
}
