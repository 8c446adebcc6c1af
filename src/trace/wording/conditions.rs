//! `status.conditions` of a rollout (`utils/conditions/conditions.go`).

use crate::cluster::status::{ProgressReason, Progressing, RolloutStatus, Truth};
use crate::trace::wording::Words;

/// A condition as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionText {
    /// `type`.
    pub kind: &'static str,
    /// `status`.
    pub status: &'static str,
    /// `reason`.
    pub reason: &'static str,
    /// `message`.
    pub message: String,
}

impl Words<'_> {
    /// The conditions of a rollout, sorted by type.
    #[must_use]
    pub fn conditions(&self, status: &RolloutStatus) -> Vec<ConditionText> {
        let conditions = &status.conditions;
        let mut all = Vec::new();
        let mut add = |kind, value: Option<Truth>, reason, message: &str| {
            if let Some(value) = value {
                let message = message.to_owned();
                all.push(ConditionText {
                    kind,
                    status: truth(value),
                    reason,
                    message,
                });
            }
        };
        let available = match conditions.available {
            Some(Truth::True) => "Rollout has minimum availability",
            _ => "Rollout does not have minimum availability",
        };
        add(
            "Available",
            conditions.available,
            "AvailableReason",
            available,
        );
        add(
            "Completed",
            conditions.completed,
            "RolloutCompleted",
            "RolloutCompleted",
        );
        let healthy = match conditions.healthy {
            Some(Truth::True) => "Rollout is healthy",
            _ => "Rollout is not healthy",
        };
        add("Healthy", conditions.healthy, "RolloutHealthy", healthy);
        let invalid = conditions.invalid_spec.then_some(Truth::True);
        add(
            "InvalidSpec",
            invalid,
            "InvalidSpec",
            self.plan.invalid.as_deref().unwrap_or_default(),
        );
        add(
            "Paused",
            conditions.paused,
            "RolloutPaused",
            "Rollout is paused",
        );
        if let Some(progressing) = &conditions.progressing {
            let (reason, message) = self.progress(progressing, status);
            add("Progressing", Some(progressing.status), reason, &message);
        }
        all
    }

    fn progress(
        &self,
        progressing: &Progressing,
        status: &RolloutStatus,
    ) -> (&'static str, String) {
        let set = || {
            status
                .current
                .map(|current| self.replica_set_name(current))
                .unwrap_or_default()
        };
        match progressing.reason {
            ProgressReason::NewReplicaSet => (
                "NewReplicaSetCreated",
                format!("Created new replica set \"{}\"", set()),
            ),
            ProgressReason::Updated => (
                "ReplicaSetUpdated",
                format!("ReplicaSet \"{}\" is progressing.", set()),
            ),
            ProgressReason::NotAvailable => (
                "ReplicaSetNotAvailable",
                "Rollout does not have minimum availability".to_owned(),
            ),
            ProgressReason::Available => {
                let message = format!("ReplicaSet \"{}\" has successfully progressed.", set());
                ("NewReplicaSetAvailable", message)
            }
            ProgressReason::Paused => ("RolloutPaused", "Rollout is paused".to_owned()),
            ProgressReason::Resumed => ("RolloutResumed", "Rollout is resumed".to_owned()),
            ProgressReason::Retry => ("RolloutRetry", "Retrying Rollout after abort".to_owned()),
            ProgressReason::Aborted => {
                let message = progressing
                    .abort
                    .map(|abort| self.abort(&abort))
                    .unwrap_or_default();
                ("RolloutAborted", message)
            }
            ProgressReason::TimedOut => {
                let message = status.current.map(|current| self.timed_out(current));
                ("ProgressDeadlineExceeded", message.unwrap_or_default())
            }
        }
    }
}

fn truth(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "True",
        Truth::False => "False",
        Truth::Unknown => "Unknown",
    }
}
