//! Pods, counted in cohorts: those of one `ReplicaSet` that were created at the same instant are alike.
//!
//! Ten thousand pods cost what ten cost. The state of a cohort is a function of the time; nothing is ticked.

use crate::cluster::{ReplicaSetId, TemplateId};
use crate::plan::Environment;
use crate::plan::environment::Image;
use crate::time::{Delta, SimTime};

/// All pods of the namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pods {
    cohorts: Vec<Cohort>,
}

/// Pods of one `ReplicaSet` that were created together.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cohort {
    owner: ReplicaSetId,
    template: TemplateId,
    min_ready: Delta,
    created: SimTime,
    /// Never to become ready.
    stuck: bool,
    count: i32,
}

/// How many pods a `ReplicaSet` has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// That exist.
    pub total: i32,
    /// That are ready.
    pub ready: i32,
    /// That have been ready for `minReadySeconds`.
    pub available: i32,
}

impl Pods {
    /// Takes over everything from `other`, reusing the memory at hand.
    pub fn copy_from(&mut self, other: &Self) {
        self.cohorts.clone_from(&other.cohorts);
    }

    /// Creates or deletes pods until `owner` has `desired`. Deleted first: pods that never become ready, then those
    /// that are not ready, then the youngest.
    pub fn resize(
        &mut self,
        environment: &Environment,
        owner: ReplicaSetId,
        template: TemplateId,
        min_ready: Delta,
        desired: i32,
        now: SimTime,
    ) {
        let image = &environment.images[usize::from(template.0)];
        let existing: i32 = self.of(owner).map(|cohort| cohort.count).sum();
        if existing < desired {
            let sound: i32 = self
                .of(owner)
                .filter(|cohort| !cohort.stuck)
                .map(|cohort| cohort.count)
                .sum();
            let wanted = desired - existing;
            let able = image
                .max_ready
                .map_or(wanted, |most| (most - sound).clamp(0, wanted));
            let cohort = Cohort {
                owner,
                template,
                min_ready,
                created: now,
                stuck: false,
                count: able,
            };
            self.add(cohort);
            self.add(Cohort {
                stuck: true,
                count: wanted - able,
                ..cohort
            });
        } else {
            self.remove(environment, owner, existing - desired, now);
        }
    }

    fn of(&self, owner: ReplicaSetId) -> impl Iterator<Item = &Cohort> {
        self.cohorts
            .iter()
            .filter(move |cohort| cohort.owner == owner)
    }

    fn add(&mut self, new: Cohort) {
        let twin = self.cohorts.iter_mut().find(|cohort| {
            Cohort {
                count: new.count,
                ..**cohort
            } == new
        });
        match twin {
            _ if new.count <= 0 => {}
            Some(twin) => twin.count += new.count,
            None => self.cohorts.push(new),
        }
    }

    fn remove(&mut self, environment: &Environment, owner: ReplicaSetId, count: i32, now: SimTime) {
        let mut left = count;
        while 0 < left {
            let first = self
                .cohorts
                .iter_mut()
                .filter(|cohort| cohort.owner == owner && 0 < cohort.count)
                .max_by_key(|cohort| {
                    let ready = cohort.ready_since(environment, now).is_some();
                    (cohort.stuck, !ready, cohort.created)
                });
            let Some(cohort) = first else { break };
            let gone = left.min(cohort.count);
            cohort.count -= gone;
            left -= gone;
        }
        self.cohorts.retain(|cohort| 0 < cohort.count);
    }

    /// Replaces `count` of the oldest pods of `owner` by new ones.
    pub fn evict(&mut self, owner: ReplicaSetId, count: i32, now: SimTime) {
        let mut left = count;
        while 0 < left {
            let oldest = self
                .cohorts
                .iter_mut()
                .filter(|cohort| cohort.owner == owner && 0 < cohort.count)
                .min_by_key(|cohort| cohort.created);
            let Some(cohort) = oldest else { break };
            let gone = left.min(cohort.count);
            cohort.count -= gone;
            left -= gone;
            let replacement = Cohort {
                created: now,
                stuck: false,
                count: gone,
                ..*cohort
            };
            self.add(replacement);
        }
        self.cohorts.retain(|cohort| 0 < cohort.count);
    }

    /// How many pods of `owner` were created before `instant`.
    #[must_use]
    pub fn older_than(&self, owner: ReplicaSetId, instant: SimTime) -> i32 {
        self.of(owner)
            .filter(|cohort| cohort.created < instant)
            .map(|cohort| cohort.count)
            .sum()
    }

    /// The pods of `owner` at `now`.
    #[must_use]
    pub fn tally(&self, environment: &Environment, owner: ReplicaSetId, now: SimTime) -> Tally {
        let mut tally = Tally::default();
        for cohort in self.of(owner) {
            tally.total += cohort.count;
            if let Some(since) = cohort.ready_since(environment, now) {
                tally.ready += cohort.count;
                if since + cohort.min_ready <= now {
                    tally.available += cohort.count;
                }
            }
        }
        tally
    }

    /// The next instant after `now` at which a pod may change by itself.
    #[must_use]
    pub fn next_change(&self, environment: &Environment, now: SimTime) -> Option<SimTime> {
        let changes = self
            .cohorts
            .iter()
            .filter_map(|cohort| cohort.next_change(environment, now));
        // What lasts for ever has no end that anybody could wait for.
        changes.filter(|at| *at < SimTime::MAX).min()
    }
}

impl Cohort {
    fn image<'e>(&self, environment: &'e Environment) -> &'e Image {
        &environment.images[usize::from(self.template.0)]
    }

    /// Since when the pods are ready without interruption, if they are.
    fn ready_since(&self, environment: &Environment, now: SimTime) -> Option<SimTime> {
        let image = self.image(environment);
        let started = self.created + image.startup;
        if self.stuck || now < started {
            return None;
        }
        let mut since = started;
        for (from, to) in &image.unready {
            if *from <= now && now < *to {
                return None;
            }
            if *to <= now {
                since = since.max(*to);
            }
        }
        Some(since)
    }

    fn next_change(&self, environment: &Environment, now: SimTime) -> Option<SimTime> {
        if self.stuck {
            return None;
        }
        let image = self.image(environment);
        let mut next = None;
        let mut consider = |change: SimTime| {
            if now < change && next.is_none_or(|next| change < next) {
                next = Some(change);
            }
        };
        consider(self.created + image.startup);
        if let Some(since) = self.ready_since(environment, now) {
            consider(since + self.min_ready);
        }
        for (from, to) in &image.unready {
            consider(*from);
            consider(*to);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: ReplicaSetId = ReplicaSetId(0);
    const TEMPLATE: TemplateId = TemplateId(0);

    fn at(seconds: i64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    fn world(image: Image) -> Environment {
        Environment {
            images: vec![image],
            ..Environment::default()
        }
    }

    fn resize(pods: &mut Pods, environment: &Environment, desired: i32, seconds: i64) {
        let min_ready = Delta::from_secs(2);
        pods.resize(
            environment,
            OWNER,
            TEMPLATE,
            min_ready,
            desired,
            at(seconds),
        );
    }

    fn counts(pods: &Pods, environment: &Environment, seconds: i64) -> [i32; 3] {
        let tally = pods.tally(environment, OWNER, at(seconds));
        [tally.total, tally.ready, tally.available]
    }

    #[test]
    fn a_pod_becomes_ready_and_then_available() {
        let environment = world(Image {
            startup: Delta::from_secs(5),
            ..Image::default()
        });
        let mut pods = Pods::default();
        resize(&mut pods, &environment, 3, 10);
        assert_eq!(counts(&pods, &environment, 14), [3, 0, 0]);
        assert_eq!(counts(&pods, &environment, 15), [3, 3, 0]);
        assert_eq!(counts(&pods, &environment, 17), [3, 3, 3]);
        assert_eq!(pods.next_change(&environment, at(10)), Some(at(15)));
        assert_eq!(pods.next_change(&environment, at(15)), Some(at(17)));
        assert_eq!(pods.next_change(&environment, at(17)), None);
    }

    #[test]
    fn a_window_takes_readiness_away_and_the_end_of_it_counts_anew() {
        let environment = world(Image {
            unready: vec![(at(20), at(30))],
            ..Image::default()
        });
        let mut pods = Pods::default();
        resize(&mut pods, &environment, 1, 0);
        assert_eq!(counts(&pods, &environment, 19), [1, 1, 1]);
        assert_eq!(counts(&pods, &environment, 20), [1, 0, 0]);
        assert_eq!(counts(&pods, &environment, 31), [1, 1, 0]);
        assert_eq!(counts(&pods, &environment, 32), [1, 1, 1]);
    }

    #[test]
    fn only_so_many_pods_become_ready_and_the_others_go_first() {
        let environment = world(Image {
            max_ready: Some(2),
            ..Image::default()
        });
        let mut pods = Pods::default();
        resize(&mut pods, &environment, 5, 0);
        assert_eq!(counts(&pods, &environment, 9), [5, 2, 2]);
        resize(&mut pods, &environment, 2, 9);
        assert_eq!(counts(&pods, &environment, 9), [2, 2, 2]);
    }

    #[test]
    fn the_youngest_pods_go_before_the_oldest() {
        let environment = world(Image {
            startup: Delta::from_secs(4),
            ..Image::default()
        });
        let mut pods = Pods::default();
        resize(&mut pods, &environment, 2, 0);
        resize(&mut pods, &environment, 4, 10);
        resize(&mut pods, &environment, 3, 20);
        assert_eq!(pods.older_than(OWNER, at(5)), 2);
    }

    #[test]
    fn evicted_pods_are_replaced_by_new_ones() {
        let environment = world(Image::default());
        let mut pods = Pods::default();
        resize(&mut pods, &environment, 4, 0);
        pods.evict(OWNER, 3, at(10));
        assert_eq!(pods.older_than(OWNER, at(10)), 1);
        assert_eq!(counts(&pods, &environment, 10), [4, 4, 1]);
    }
}
