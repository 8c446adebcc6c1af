//! Analysis templates as the controllers handle them before anything is measured.
//!
//! Knows how templates are looked up and combined, how a Rollout's and an Experiment's arguments
//! get their values, and how `{{args.x}}` is replaced. Refuses to know when this happens and who
//! reports which error. Every error is the controllers' own text.

pub mod arguments;
pub mod combination;
pub mod lookup;
pub mod matching;
pub mod substitution;

/// The label by which Argo Rollouts tells `ReplicaSets` apart (`types.go:
/// DefaultRolloutUniqueLabelKey`).
pub const POD_TEMPLATE_HASH_LABEL: &str = "rollouts-pod-template-hash";
