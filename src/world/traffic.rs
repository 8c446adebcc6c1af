//! Where requests go: the routes of routers and services, and the endpoints behind them.
//!
//! Knows: which share of the users' requests is sent where, and how many pods stand behind each target as routers see it.
//! Refuses to know: rates and failures ([`super::ledger`]), and why a route is as it is (controllers).

use std::collections::VecDeque;

use crate::cluster::{ReplicaSetId, ServiceId, TemplateId};
use crate::time::{Delta, SimTime};

/// Where the users' requests are sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routing {
    /// Targets and their shares of the requests that no header route takes; the shares sum up to 1. The first is the canary's where
    /// a traffic router splits by weight.
    pub weights: Vec<(Target, f64)>,
    /// Whether a traffic router splits by weight, so that it could keep users on a version.
    pub by_router: bool,
    /// Where requests with the header go.
    pub header: Option<Target>,
    /// Where requests are copied to, and which share of them.
    pub mirror: Option<(Target, f64)>,
    /// Where testers send their requests.
    pub preview: Option<Target>,
}

/// Something that requests are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A service.
    Service(ServiceId),
    /// The pods of one `ReplicaSet`.
    Set(ReplicaSetId),
    /// All pods of the rollout alike.
    Everyone,
    /// Nothing at all.
    Nobody,
}

/// The pods behind targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoints {
    /// What each service selects.
    pub services: Vec<Target>,
    /// The ready pods of each `ReplicaSet`.
    pub sets: Vec<Backend>,
}

/// The ready pods of a `ReplicaSet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Whose pods.
    pub id: ReplicaSetId,
    /// What they run.
    pub template: TemplateId,
    /// How many count as ready.
    pub ready: i32,
    /// How many of these are there indeed.
    pub alive: i32,
}

impl Endpoints {
    /// Takes over everything from `other`, reusing the memory at hand.
    pub fn copy_from(&mut self, other: &Self) {
        self.services.clone_from(&other.services);
        self.sets.clone_from(&other.sets);
    }

    /// The sets behind a target.
    pub fn behind(&self, target: Target) -> impl Iterator<Item = &Backend> {
        let target = match target {
            Target::Service(id) => self
                .services
                .get(usize::from(id.0))
                .copied()
                .unwrap_or(Target::Nobody),
            other => other,
        };
        self.sets.iter().filter(move |set| match target {
            Target::Set(id) => set.id == id,
            Target::Everyone => true,
            Target::Service(_) | Target::Nobody => false,
        })
    }

    /// The ready pods behind a target.
    #[must_use]
    pub fn ready(&self, target: Target) -> i32 {
        self.behind(target).map(|set| set.ready).sum()
    }
}

impl Routing {
    /// Takes over everything from `other`, reusing the memory at hand.
    pub fn copy_from(&mut self, other: &Self) {
        self.weights.clone_from(&other.weights);
        self.by_router = other.by_router;
        self.header = other.header;
        self.mirror = other.mirror;
        self.preview = other.preview;
    }
}

/// A value that comes into force some time after it was set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Delayed<T> {
    pub(super) current: T,
    coming: VecDeque<(SimTime, T)>,
}

impl<T: Clone + PartialEq> Delayed<T> {
    /// Starts with a value that has long been in force.
    pub(super) fn reset(&mut self, take: impl FnOnce(&mut T)) {
        self.coming.clear();
        take(&mut self.current);
    }

    /// Takes over everything from `other`.
    pub(super) fn copy_from(&mut self, other: &Self, take: impl FnOnce(&mut T, &T)) {
        take(&mut self.current, &other.current);
        self.coming.clone_from(&other.coming);
    }

    /// Sets a value; says whether it is in force at once and differs.
    pub(super) fn set(
        &mut self,
        value: &T,
        delay: Delta,
        now: SimTime,
        take: impl FnOnce(&mut T, &T),
    ) -> bool {
        if delay == Delta::ZERO {
            let differs = self.current != *value;
            if differs {
                take(&mut self.current, value);
            }
            return differs;
        }
        let last = self.coming.back().map_or(&self.current, |(_, last)| last);
        if last != value {
            self.coming.push_back((now + delay, value.clone()));
        }
        false
    }

    /// When the next value comes into force.
    pub(super) fn next(&self) -> Option<SimTime> {
        self.coming.front().map(|(at, _)| *at)
    }

    /// Brings into force what is due; says whether anything was.
    pub(super) fn pass(&mut self, now: SimTime) -> bool {
        let mut changed = false;
        while self.next().is_some_and(|at| at <= now) {
            if let Some((_, value)) = self.coming.pop_front() {
                self.current = value;
                changed = true;
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delayed_value_comes_into_force_in_its_turn() {
        let mut delayed = Delayed::default();
        let (at, delay) = (SimTime::from_secs, Delta::from_secs(5));
        let take = |current: &mut i32, value: &i32| *current = *value;
        assert!(!delayed.set(&1, delay, at(0), take));
        assert!(!delayed.set(&2, delay, at(3), take));
        assert!(!delayed.set(&2, delay, at(4), take));
        assert!(!delayed.pass(at(4)));
        assert_eq!((delayed.pass(at(5)), delayed.current), (true, 1));
        assert_eq!((delayed.next(), delayed.pass(at(9))), (Some(at(8)), true));
        assert_eq!((delayed.current, delayed.next()), (2, None));
        assert!(delayed.set(&3, Delta::ZERO, at(9), take));
    }

    #[test]
    fn a_service_without_selector_finds_everyone() {
        let backend = |id: u16, ready| Backend {
            id: ReplicaSetId(id),
            template: TemplateId(id),
            ready,
            alive: ready,
        };
        let endpoints = Endpoints {
            services: vec![
                Target::Everyone,
                Target::Set(ReplicaSetId(1)),
                Target::Nobody,
            ],
            sets: vec![backend(0, 3), backend(1, 2)],
        };
        let ready = |id| endpoints.ready(Target::Service(ServiceId(id)));
        assert_eq!([ready(0), ready(1), ready(2), ready(9)], [5, 2, 0, 0]);
    }
}
