//! The blue-green strategy.
//!
//! Follows `rollout/bluegreen.go` and, for the pause before the switch, `utils/replicaset/bluegreen.go`.

use crate::cluster::event::PromoteReason;
use crate::cluster::status::PauseReason;
use crate::controller::Log;
use crate::controller::rollout::{Failed, Outcome, Pass};
use crate::plan::BlueGreen;
use crate::time::Delta;

impl<L: Log> Pass<'_, L> {
    /// One reconciliation of a blue-green rollout (`rollout/bluegreen.go: rolloutBlueGreen`).
    pub(super) fn rollout_blue_green(&mut self, blue_green: &BlueGreen) -> Result<Outcome, Failed> {
        self.sync_revision();
        self.reconcile_preview_service(blue_green);
        if self.template_changed() {
            return Ok(self.sync_blue_green_status(blue_green));
        }
        self.restart_pods();
        self.reconcile_blue_green_sets(blue_green);
        self.reconcile_blue_green_pause(blue_green);
        self.reconcile_active_service(blue_green);
        self.reconcile_runs()?;
        Ok(self.sync_blue_green_status(blue_green))
    }

    /// Whether the update needs no pause (`rollout/bluegreen.go: isBlueGreenFastTracked`).
    pub(super) fn is_fast_tracked(&self, blue_green: &BlueGreen) -> bool {
        let active = self.service(blue_green.active_service).selector;
        self.is_fast_rollback()
            || self.rollout.status.promote_full
            || active.is_none()
            || active == Some(self.new_set().template)
    }

    /// Whether the new set has all pods that it should have (`utils/replicaset/bluegreen.go: ReadyForPause`).
    pub(super) fn is_ready_for_pause(&self, blue_green: &BlueGreen) -> bool {
        let (new, want) = (self.new_set(), self.preview_size(blue_green));
        new.desired == want && new.available == want
    }

    /// `rollout/bluegreen.go: reconcileBlueGreenPause`.
    fn reconcile_blue_green_pause(&mut self, blue_green: &BlueGreen) {
        let status = &self.rollout.status;
        if status.abort || !self.is_ready_for_pause(blue_green) || self.is_halted() {
            return;
        }
        let needs_pause =
            !blue_green.auto_promotion || Delta::ZERO < blue_green.auto_promotion_delay;
        if self.is_fast_tracked(blue_green)
            || status.blue_green.scale_up_check_point
            || !needs_pause
        {
            self.pause.remove = Some(PauseReason::BlueGreenPause);
            return;
        }
        if !self.completed_pre_promotion(blue_green) {
            return;
        }
        match status.pauses.start_of(PauseReason::BlueGreenPause) {
            Some(_) if self.completed_blue_green_pause(blue_green) => {
                self.pause.remove = Some(PauseReason::BlueGreenPause);
            }
            Some(start) => {
                let end = start + blue_green.auto_promotion_delay;
                if self.now < end {
                    self.out.requeue.after(self.now, end - self.now);
                }
            }
            None if !status.controller_pause => self.add_pause(PauseReason::BlueGreenPause),
            None => {}
        }
    }

    /// `rollout/bluegreen.go: syncRolloutStatusBlueGreen`.
    fn sync_blue_green_status(&mut self, blue_green: &BlueGreen) -> Outcome {
        self.start_status();
        let old = &self.rollout.status;
        self.next.stable = old.stable;
        if self.template_changed() {
            self.reset_status();
        }
        if old.promote_full || self.is_rollback_within_window() {
            self.pause.clear = true;
            self.pause.remove_abort = true;
        }
        self.next.blue_green.preview = blue_green
            .preview_service
            .and_then(|preview| self.service(preview).selector);
        self.next.blue_green.active = self.service(blue_green.active_service).selector;
        match self.blue_green_promotion(blue_green) {
            Some(reason) => self.promote(reason),
            None => {
                self.next.blue_green.scale_up_check_point = self.scale_up_check_point(blue_green);
            }
        }
        if let Some(active) = self.set_of(self.next.blue_green.active) {
            let active = self.sets[active];
            self.next.hpa_replicas = active.replicas;
            self.next.available = active.available;
            self.next.ready = active.ready;
        } else {
            self.next.hpa_replicas = self.total.replicas;
            self.next.available = self.total.available;
        }
        self.persist()
    }

    /// `rollout/sync.go: shouldFullPromote`, for a blue-green rollout.
    fn blue_green_promotion(&self, blue_green: &BlueGreen) -> Option<PromoteReason> {
        if self.stable.is_none() || self.next.blue_green.active.is_none() {
            return Some(PromoteReason::InitialDeploy);
        }
        if self.next.blue_green.active != self.next.current {
            return None;
        }
        if self.rollout.status.promote_full {
            return Some(PromoteReason::FullPromotion);
        }
        if let Some(reason) = self.fast_rollback() {
            return Some(reason);
        }
        let analysed = blue_green.post_promotion.is_none() || self.is_successful(self.runs.post);
        (!self.is_aborted() && analysed).then_some(PromoteReason::CompletedBlueGreen)
    }

    /// Whether the preview has passed the test at its small size and may grow
    /// (`rollout/bluegreen.go: calculateScaleUpPreviewCheckPoint`).
    fn scale_up_check_point(&self, blue_green: &BlueGreen) -> bool {
        let Some(preview) = blue_green.preview_replicas else {
            return false;
        };
        if self.rollout.status.blue_green.scale_up_check_point {
            return true;
        }
        self.completed_pre_promotion(blue_green)
            && self.completed_blue_green_pause(blue_green)
            && preview == self.new_set().available
    }
}
