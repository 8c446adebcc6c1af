//! What Argo Rollouts' controllers check before they act, in their order and in their words.
//!
//! Knows every rule of `pkg/apis/rollouts/validation` and `utils/analysis/factory.go:
//! ValidateMetrics`, and what the rollout controller adds when it looks up what a Rollout refers
//! to. Refuses to know severity: that a Rollout is invalid is content of a plan, since the real
//! controller runs on with it. Simplifies the pod template: of Kubernetes' rules for it only the
//! ones that users break most are here, see [`pod_template`].
//!
//! Where a rule walks a Go map, whose order is random, ours walks it in the order of its keys.

pub mod field_error;
pub mod labels;
pub mod metrics;
pub mod pod_template;
pub mod references;
pub mod rollout;
pub mod workload;

mod blue_green;
mod canary;
mod steps;

pub use field_error::{FieldError, Kind};
pub use metrics::validate_metrics;
pub use references::{Missing, References, validate_references};
pub use rollout::{TemplateOrigin, validate_rollout, validate_rollout_with};
