//! The accounts of a run, where any are kept: what the cluster shows is handed to the ledger.
//!
//! Knows: when the ledger has to look. Refuses to know what it makes of that ([`crate::world::ledger`]).

use super::{EndReason, Ending, Simulation, routing};
use crate::time::SimTime;
use crate::trace::Recorder;
use crate::world::ledger::Scene;
use crate::world::traffic::{Endpoints, Routing};

/// What is handed to the accounts; kept for its memory.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    routing: Routing,
    endpoints: Endpoints,
}

impl<R: Recorder> Simulation<'_, R> {
    /// Opens the accounts, if any are kept.
    pub(super) fn open_accounts(&mut self, at: SimTime) {
        let Some(mut accounts) = self.accounts.take() else {
            return;
        };
        let weather = self.weather;
        let mut ledger = std::mem::take(&mut self.world.ledger);
        if let Some(scene) = self.scene(&mut accounts, at) {
            ledger.open(&self.environment, weather, scene, at);
        }
        self.world.ledger = ledger;
        self.accounts = Some(accounts);
    }

    /// Takes note of a change, if accounts are kept.
    pub(super) fn observe(&mut self, now: SimTime) {
        let Some(mut accounts) = self.accounts.take() else {
            return;
        };
        let mut ledger = std::mem::take(&mut self.world.ledger);
        if let Some(scene) = self.scene(&mut accounts, now) {
            ledger.observe(&self.environment, scene, now);
        }
        self.world.ledger = ledger;
        self.accounts = Some(accounts);
    }

    /// What the cluster shows; nothing without a rollout.
    fn scene<'s>(&'s self, accounts: &'s mut Accounts, now: SimTime) -> Option<Scene<'s>> {
        let rollout = self.cluster.rollout.as_ref()?;
        let Accounts { routing, endpoints } = accounts;
        routing::routes(self.plan, &self.cluster, &self.world.router, routing);
        let dead = |id| self.world.pods.dead(&self.environment, id, now);
        routing::endpoints(self.plan, &self.cluster, dead, endpoints);
        let sets = self.cluster.replica_sets.iter();
        Some(Scene {
            routing,
            endpoints,
            pods: &self.world.pods,
            asked: rollout.replicas,
            available: sets
                .filter(|set| set.is_rollouts())
                .map(|set| set.available)
                .sum(),
            canary: rollout.template,
            stable: rollout.status.stable,
        })
    }

    /// Accounts for a state that lasts up to the horizon that was asked for.
    pub(super) fn close_accounts(&mut self, ending: Ending) {
        if self.accounts.is_some() {
            let until = self
                .script
                .until
                .filter(|_| ending.reason != EndReason::Livelock);
            let horizon = until.unwrap_or(ending.at).max(ending.at);
            self.world.ledger.advance(&self.environment, horizon);
        }
    }
}
