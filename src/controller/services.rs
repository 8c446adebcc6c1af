//! Services: which version each selector names.
//!
//! Follows `rollout/service.go`. Services are assumed to exist: a missing one is an invalid spec and found before.

use crate::cluster::status::{Destination, PingPong};
use crate::cluster::{Command, Event, Service, ServiceId, TemplateId};
use crate::controller::Log;
use crate::controller::replica_sets::is_saturated;
use crate::controller::rollout::Pass;
use crate::plan::{BlueGreen, Canary};

impl<L: Log> Pass<'_, L> {
    /// A service as this reconciliation sees it; switches are seen at once, because upstream changes its cached copy.
    pub(super) fn service(&self, id: ServiceId) -> Service {
        self.services[usize::from(id.0)]
    }

    /// `rollout/service.go: switchServiceSelector`.
    fn switch(&mut self, id: ServiceId, to: TemplateId) {
        let service = self.service(id);
        if service.selector == Some(to) && service.managed {
            return;
        }
        self.services[usize::from(id.0)].selector = Some(to);
        self.out.commands.push(Command::SwitchService(id, to));
        self.out.log.tell(Event::ServiceSwitched {
            service: id,
            from: service.selector,
            to,
        });
    }

    /// Points a service at a set, but never at one without available pods, and adopts a service only for a set that is
    /// fully available (`rollout/service.go: ensureSVCTargets`).
    #[inline]
    pub(super) fn ensure_target(
        &mut self,
        service: Option<ServiceId>,
        set: Option<usize>,
        check_availability: bool,
    ) {
        let (Some(id), Some(index)) = (service, set) else {
            return;
        };
        let (service, target) = (self.service(id), &self.sets[index]);
        if service.selector != Some(target.template) {
            let unfit = (!service.managed && !target.is_available()) || target.available <= 0;
            let template = target.template;
            if !check_availability || !unfit {
                self.switch(id, template);
            }
        }
    }

    /// The stable and the canary service in their turn (`rollout/trafficrouting/service_helper.go:
    /// GetStableAndCanaryServices`).
    pub(super) fn ping_pong_canary(&self, canary: &Canary) -> Option<ServiceId> {
        let (first, second) = canary.ping_pong?;
        let stable_is_ping = self.rollout.status.canary.stable_ping_pong == Some(PingPong::Ping);
        Some(if stable_is_ping { second } else { first })
    }

    /// `rollout/service.go: reconcilePingAndPongService`.
    pub(super) fn reconcile_ping_pong(&mut self, canary: &Canary) {
        if !self.is_fully_promoted {
            let service = self.ping_pong_canary(canary);
            self.ensure_target(service, Some(self.new), false);
        }
    }

    /// `rollout/service.go: reconcileStableAndCanaryService`.
    pub(super) fn reconcile_canary_services(&mut self, canary: &Canary) {
        self.ensure_target(canary.stable_service, self.stable, true);
        if self.is_aborted() && canary.routing.is_none() {
            self.ensure_target(canary.canary_service, self.stable, true);
        } else if self.rolls_back_dynamically(canary).is_none() {
            self.ensure_target(canary.canary_service, Some(self.new), true);
        }
    }

    /// The canary that still has traffic while a rollout with a dynamically scaled stable version goes back to that
    /// version (`utils/rollout/rolloututil.go: IsDynamicallyRollingBackToStable`).
    pub(super) fn rolls_back_dynamically(&self, canary: &Canary) -> Option<Destination> {
        let weights = self.rollout.status.canary.weights.as_ref()?;
        let new = self.new_set();
        (self.is_fully_promoted
            && canary.routing.is_some()
            && canary.dynamic_stable_scale
            && weights.canary.template != Some(new.template)
            && new.available < self.rollout.replicas)
            .then_some(weights.canary)
    }

    /// `rollout/service.go: reconcilePreviewService`.
    pub(super) fn reconcile_preview_service(&mut self, blue_green: &BlueGreen) {
        if let Some(preview) = blue_green.preview_service
            && !self.is_halted()
        {
            let template = self.new_set().template;
            self.switch(preview, template);
        }
    }

    /// Switches the active service, or leaves it alone while the new set is not saturated; that test comes before the
    /// one for an abort (BG-01; `rollout/service.go: reconcileActiveService`).
    pub(super) fn reconcile_active_service(&mut self, blue_green: &BlueGreen) {
        if self.is_halted()
            || !self.is_ready_for_pause(blue_green)
            || !is_saturated(self.new_set(), self.rollout.replicas)
        {
            return;
        }
        let active = blue_green.active_service;
        let mut to = self.service(active).selector;
        let new = Some(self.new_set().template);
        if self.is_fast_tracked(blue_green)
            || (self.completed_blue_green_pause(blue_green)
                && self.completed_pre_promotion(blue_green))
        {
            to = new;
        }
        if self.rollout.status.abort {
            to = self.rollout.status.stable;
        }
        if let Some(to) = to {
            self.switch(active, to);
        }
    }
}
