//! The Rollout object: the parts of the spec that people change while it runs, the revision, the status.

use crate::cluster::{RolloutStatus, TemplateId};
use crate::time::SimTime;

/// A Rollout as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// `spec.template`.
    pub template: TemplateId,
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.paused`.
    pub paused: bool,
    /// `spec.restartAt`, whole seconds.
    pub restart_at: Option<SimTime>,
    /// `metadata.generation`: counts the changes of the spec.
    pub generation: u32,
    /// The revision annotation; 0 before the first revision.
    pub revision: u32,
    /// `status`.
    pub status: RolloutStatus,
}

impl Rollout {
    /// A rollout as just applied.
    #[must_use]
    pub fn new(template: TemplateId, replicas: i32, paused: bool) -> Self {
        Self {
            template,
            replicas,
            paused,
            restart_at: None,
            generation: 1,
            revision: 0,
            status: RolloutStatus::default(),
        }
    }
}
