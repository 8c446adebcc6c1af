//! The rules for the blue-green strategy (`validation.go: ValidateRolloutStrategyBlueGreen`).

use crate::spec::blue_green::BlueGreenStrategy;
use crate::spec::rollout::RolloutSpec;
use crate::spec::wire;

use super::field_error::{FieldError, Place};
use super::rollout;

pub(super) fn errors(
    spec: &RolloutSpec,
    blue_green: &BlueGreenStrategy,
    errors: &mut Vec<FieldError>,
) {
    let at = Place::with_document("spec.strategy", "spec.strategy.blueGreen");
    let active = blue_green.active_service.as_deref().unwrap_or_default();
    if active == blue_green.preview_service.as_deref().unwrap_or_default() {
        errors.push(FieldError::invalid(
            "blue-green-same-service",
            at.child("activeService"),
            wire::quote(active),
            "This rollout uses the same service for the active and preview services, but two \
             different services are required.",
        ));
    }
    let limit = blue_green.scale_down_delay_revision_limit;
    if let Some(limit) = limit.filter(|limit| rollout::revision_history_limit(spec) < *limit) {
        errors.push(FieldError::invalid(
            "scale-down-revision-limit",
            at.child("scaleDownDelayRevisionLimit"),
            limit,
            "This rollout's revision history limit can not be smaller than the rollout's scale \
             down limit",
        ));
    }
    rollout::anti_affinity(
        blue_green.anti_affinity.as_ref(),
        &at.child("antiAffinity"),
        errors,
    );
}
