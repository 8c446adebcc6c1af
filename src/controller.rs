//! The controllers: pure, level-triggered functions from what is stored to what shall be written.
//!
//! Knows: the policy ([`crate::plan::Plan`]), the objects as stored ([`crate::cluster::Cluster`]), the time.
//! Refuses to know: randomness, the event queue, pods, the true state of anything. A controller learns of the world only
//! what the API server stores and what a metric provider, router or plugin answers.
//!
//! Each follows one controller of Argo Rollouts, reconciliation by reconciliation: what upstream notices late, it notices
//! late. The order of the sub-reconciliations is behaviour and stands as one list in each of
//! [`rollout`], [`canary`], [`blue_green`], [`analysis`] and [`experiment`].

pub mod analysis;
pub mod blue_green;
pub mod canary;
pub mod conditions;
pub mod experiment;
pub mod experiments;
pub mod pause;
pub mod replica_sets;
pub mod replicas;
pub mod restart;
pub mod rollout;
pub mod runs;
pub mod services;
pub mod step_plugin;
pub mod traffic;

use crate::cluster::{Command, Event};
use crate::time::{Delta, SimTime};

/// What a reconciliation asks for, beside the new status of its object.
#[derive(Clone, Debug, Default)]
pub struct Decision<L> {
    /// Writes, in order.
    pub commands: Vec<Command>,
    /// What is told of it.
    pub log: L,
    /// When it wants to look again.
    pub requeue: Requeue,
    /// Whether it asked the step plugin.
    pub asked_plugin: bool,
}

impl<L: Log> Decision<L> {
    /// Empties the decision for the next reconciliation; keeps the memory.
    pub fn clear(&mut self) {
        self.commands.clear();
        self.requeue = Requeue::default();
        self.asked_plugin = false;
    }
}

/// When a controller asks to be called again although nothing may have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requeue {
    /// The earliest of the instants asked for.
    pub at: Option<SimTime>,
    /// It asked for itself without delay.
    pub at_once: bool,
    /// It failed and is repeated after the queue's back-off.
    pub failed: bool,
}

impl Requeue {
    /// Asks for another look in `delay`; at once if that is not in the future
    /// (client-go's `workqueue.AddAfter`).
    #[inline]
    pub fn after(&mut self, now: SimTime, delay: Delta) {
        if delay <= Delta::ZERO {
            self.at_once = true;
        } else {
            let due = now + delay;
            self.at = Some(self.at.map_or(due, |earlier| earlier.min(due)));
        }
    }
}

/// Where controllers tell what they do. The silent one costs nothing.
pub trait Log {
    /// Whether it forgets everything: then a decision is all that there is to a reconciliation.
    const IS_SILENT: bool = false;

    /// Tells one event.
    fn tell(&mut self, event: Event);
}

/// Keeps every event until somebody takes it.
impl Log for Vec<Event> {
    fn tell(&mut self, event: Event) {
        self.push(event);
    }
}

/// Forgets every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Log for Silent {
    const IS_SILENT: bool = true;

    #[inline]
    fn tell(&mut self, _: Event) {}
}
