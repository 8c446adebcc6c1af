//! The simulated world: pods that start, routers that confirm weights, metric providers and plugins that answer.
//!
//! Knows: the truth ([`crate::plan::Environment`]) and how it looks at a given instant.
//! Refuses to know: controllers, the event queue. It is asked for the state at an instant and for the next instant at
//! which that state changes by itself; when to ask is somebody else's business. What is only believed about the truth is drawn
//! once for each run ([`Release`]).
//! Simplifies: pods are created at once; requests are a flow, not single ones.

pub mod ledger;
mod life;
pub mod plugins;
pub mod pods;
mod release;
pub mod router;
mod spare;
pub mod traffic;
pub mod weather;

use crate::time::SimTime;

pub use ledger::Ledger;
pub use pods::{Pods, Tally, Truth};
pub use release::{Known, Release, beliefs, known};
pub use router::Router;
pub use weather::Weather;

/// The changing part of the world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// All pods.
    pub pods: Pods,
    /// The traffic router.
    pub router: Router,
    /// The step plugins.
    pub plugins: plugins::Plugins,
    /// Chance.
    pub weather: Weather,
    /// What was served.
    pub ledger: Ledger,
}

impl World {
    /// Takes over everything from `other` but accounts, reusing the memory at hand.
    pub fn copy_from(&mut self, other: &Self) {
        self.pods.copy_from(&other.pods);
        self.copy_rest_from(other);
    }

    /// Takes over everything from `other` but accounts and the lives of single pods, which begin with a run.
    pub fn begin_as(&mut self, other: &Self) {
        self.pods.begin_as(&other.pods);
        self.copy_rest_from(other);
    }

    fn copy_rest_from(&mut self, other: &Self) {
        self.router = other.router;
        self.plugins.clone_from(&other.plugins);
        self.weather = other.weather;
    }

    /// The next instant after `now` at which pods change by themselves.
    #[must_use]
    pub fn next_change(
        &self,
        environment: &crate::plan::Environment,
        now: SimTime,
    ) -> Option<SimTime> {
        self.pods.next_change(environment, now)
    }
}
