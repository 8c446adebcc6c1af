//! The lives of single pods, for those who look at them one by one: cohorts are counts, metrics have a series for each pod.
//!
//! Knows: when each pod was created, what its cohort went through, when it was deleted and when it ended. Pods are numbered in the
//! order of their creation; of a cohort the youngest number goes first.
//! Refuses to know: requests, scrapes, names.
//! Simplifies: everything is read from the cohorts after each change, so that nothing has to be told twice; a pod whose node is lost
//! keeps its process and goes on when the node comes back.

use super::Cohort;
use crate::cluster::{ReplicaSetId, TemplateId};
use crate::plan::Environment;
use crate::time::{Delta, SimTime};
use crate::world::life;
use crate::world::spare::Spare;

/// A pod that is ready more often than this stays as it is then.
const MOST_STRETCHES: usize = 100_000;

/// What pods did before this time before anybody looked counts for nothing.
const PAST: Delta = Delta::from_secs(-3600);

/// The pods that ever were.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lives {
    pods: Vec<Life>,
    /// The living, by what never changes of their cohorts, ascending; each list in the order of the numbers.
    living: Vec<(Origin, Vec<usize>)>,
    /// The cohorts as they were seen last.
    seen: Vec<Cohort>,
    spare: Spare<Buffers>,
}

/// Memory of earlier comparisons and runs.
#[derive(Debug, Default)]
struct Buffers {
    cohorts: Vec<(Origin, Cohort)>,
    living: Vec<(Origin, Vec<usize>)>,
    lists: Vec<Vec<usize>>,
    stages: Vec<Vec<(SimTime, Cohort)>>,
}

/// The life of a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    /// Its number, from 0 in the order of creation.
    pub number: u32,
    /// Its `ReplicaSet`.
    pub owner: ReplicaSetId,
    /// What it runs.
    pub template: TemplateId,
    /// When it was created.
    pub created: SimTime,
    /// When it was deleted: it gets no requests from then on. `None`: never.
    pub deleted: Option<SimTime>,
    /// When it was gone. `None`: never.
    pub ended: Option<SimTime>,
    /// Its cohort from an instant on.
    stages: Vec<(SimTime, Cohort)>,
}

/// What never changes of a cohort: owner, creation, time to start, whether it is stuck.
type Origin = (ReplicaSetId, SimTime, Delta, bool);

/// A run of a pod's container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// When it started.
    pub from: SimTime,
    /// When it ended; `None`: not before the instant that was asked for.
    pub to: Option<SimTime>,
    /// From when to when it served requests.
    pub serving: Vec<(SimTime, SimTime)>,
}

impl Lives {
    /// The pods, by number.
    #[must_use]
    pub fn pods(&self) -> &[Life] {
        &self.pods
    }

    /// Forgets everything, but keeps the memory.
    pub(super) fn clear(&mut self) {
        let Buffers { lists, stages, .. } = &mut self.spare.0;
        lists.extend(self.living.drain(..).map(|(_, pods)| pods));
        lists.iter_mut().for_each(Vec::clear);
        stages.extend(self.pods.drain(..).map(|life| life.stages));
        stages.iter_mut().for_each(Vec::clear);
        self.seen.clear();
    }

    /// Compares the living with the cohorts as they are at `now`.
    pub(super) fn compare(&mut self, cohorts: &[Cohort], environment: &Environment, now: SimTime) {
        if self.seen == cohorts {
            return;
        }
        self.seen.clear();
        self.seen.extend_from_slice(cohorts);
        let mut present = std::mem::take(&mut self.spare.0.cohorts);
        present.clear();
        present.extend(cohorts.iter().map(|cohort| (cohort.origin(), *cohort)));
        present.sort_by_key(|(origin, _)| *origin);
        let empty = std::mem::take(&mut self.spare.0.living);
        let mut before = std::mem::replace(&mut self.living, empty);
        for (origin, pods) in before.drain(..) {
            let from = present.partition_point(|(other, _)| *other < origin);
            let count = present[from..].partition_point(|(other, _)| *other == origin);
            let own = &mut present[from..from + count];
            self.sort_out(origin, pods, own, environment, now);
        }
        // Whoever found its pods is used up; the others are new.
        for own in present.chunk_by_mut(|one, other| one.0 == other.0) {
            if own.iter().any(|(_, cohort)| 0 < cohort.count) {
                let nobody = self.spare.0.lists.pop().unwrap_or_default();
                self.sort_out(own[0].0, nobody, own, environment, now);
            }
        }
        self.living.sort_unstable_by_key(|(origin, _)| *origin);
        (self.spare.0.cohorts, self.spare.0.living) = (present, before);
    }

    /// Gives the pods of one origin to its cohorts, and uses these up; pods that are left over end, those that are missing are born.
    fn sort_out(
        &mut self,
        origin: Origin,
        mut pods: Vec<usize>,
        cohorts: &mut [(Origin, Cohort)],
        environment: &Environment,
        now: SimTime,
    ) {
        let mut kept = self.spare.0.lists.pop().unwrap_or_default();
        pods.retain(|pod| {
            let same = self.pods[*pod].cohort();
            let place = cohorts.iter_mut().find(|(_, cohort)| {
                0 < cohort.count && same.is_some_and(|same| same.is_alike(cohort))
            });
            let Some((_, place)) = place else { return true };
            place.count -= 1;
            kept.push(*pod);
            false
        });
        let mut free = pods.iter().copied();
        for (_, cohort) in cohorts {
            while 0 < cohort.count {
                cohort.count -= 1;
                let stage = (
                    now,
                    Cohort {
                        count: 1,
                        ..*cohort
                    },
                );
                if let Some(moved) = free.next() {
                    self.pods[moved].stages.push(stage);
                    kept.push(moved);
                } else {
                    kept.push(self.pods.len());
                    let mut stages = self.spare.0.stages.pop().unwrap_or_default();
                    stages.push(stage);
                    self.pods.push(Life {
                        number: u32::try_from(self.pods.len()).unwrap_or(u32::MAX),
                        owner: cohort.owner,
                        template: cohort.template,
                        created: cohort.created,
                        deleted: None,
                        ended: None,
                        stages,
                    });
                }
            }
        }
        for gone in free {
            let life = &mut self.pods[gone];
            let termination = life
                .cohort()
                .filter(|cohort| cohort.started.is_some())
                .map_or(Delta::ZERO, |cohort| cohort.image(environment).termination);
            (life.deleted, life.ended) = (Some(now), Some(now + termination));
        }
        pods.clear();
        self.spare.0.lists.push(pods);
        if kept.is_empty() {
            self.spare.0.lists.push(kept);
        } else {
            kept.sort_unstable();
            self.living.push((origin, kept));
        }
    }
}

impl Life {
    fn cohort(&self) -> Option<&Cohort> {
        self.stages.last().map(|(_, cohort)| cohort)
    }

    /// When it found room; `None`: not yet.
    #[must_use]
    pub fn started(&self) -> Option<SimTime> {
        self.stages.iter().find_map(|(_, cohort)| cohort.started)
    }

    /// How often anything of it has changed: what else is asked of it stays the same until then.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.stages.len() + usize::from(self.ended.is_some())
    }

    /// When the runs of its container begin and end that begin before `until`, in order.
    pub fn runs(
        &self,
        environment: &Environment,
        until: SimTime,
    ) -> impl Iterator<Item = (SimTime, Option<SimTime>)> + use<> {
        let image = &environment.images[usize::from(self.template.0)];
        let until = self.ended.map_or(until, |ended| ended.min(until));
        let started = self.started();
        let age = started.map_or(Delta::ZERO, |started| until - started);
        life::runs(image, age)
            .map_while(move |run| started.map(|started| (started, run)))
            .map(|(started, (from, to))| (started + from, to.map(|to| started + to)))
    }

    /// The runs of its container that begin before `until`, in order.
    #[must_use]
    pub fn processes(&self, environment: &Environment, until: SimTime) -> Vec<Process> {
        let mut processes: Vec<Process> = self
            .runs(environment, until)
            .map(|(from, to)| Process {
                from,
                to,
                serving: Vec::new(),
            })
            .collect();
        let until = self.ended.map_or(until, |ended| ended.min(until));
        for (from, to) in self.serving(environment, until) {
            let after = processes.partition_point(|process| process.from <= from);
            if let Some(process) = after.checked_sub(1).map(|index| &mut processes[index]) {
                process.serving.push((from, to));
            }
        }
        processes
    }

    /// When it serves requests, up to `until`: it is ready, its node is there, and nobody has deleted it.
    #[must_use]
    pub fn serving(&self, environment: &Environment, until: SimTime) -> Vec<(SimTime, SimTime)> {
        let mut times = Vec::new();
        self.add_serving(environment, until, &mut times);
        times
    }

    /// As [`Self::serving`], written into an empty list.
    pub fn add_serving(
        &self,
        environment: &Environment,
        until: SimTime,
        times: &mut Vec<(SimTime, SimTime)>,
    ) {
        let until = self.deleted.map_or(until, |deleted| deleted.min(until));
        for (index, (from, cohort)) in self.stages.iter().enumerate() {
            let next = self.stages.get(index + 1);
            let end = next.map_or(until, |(next, _)| (*next).min(until));
            // The first stage goes back to the creation, which may lie long before anybody looked.
            let mut now = if index == 0 {
                cohort.created.max(*from + PAST)
            } else {
                *from
            };
            while now < end {
                let change = cohort
                    .next_change(environment, now)
                    .filter(|change| now < *change && times.len() < MOST_STRETCHES)
                    .map_or(end, |change| change.min(end));
                let serves =
                    cohort.lost.is_none() && cohort.ready_since(environment, now).is_some();
                match times.last_mut().filter(|(_, to)| *to == now) {
                    Some((_, to)) if serves => *to = change,
                    _ if serves => times.push((now, change)),
                    _ => {}
                }
                now = change;
            }
        }
    }

    /// From when to when its node is lost; `None` as the end: not before the pod's own.
    #[must_use]
    pub fn unreachable(&self) -> Vec<(SimTime, Option<SimTime>)> {
        let mut times = Vec::new();
        for (index, (from, cohort)) in self.stages.iter().enumerate() {
            if cohort.lost.is_some() {
                times.push((*from, self.stages.get(index + 1).map(|(next, _)| *next)));
            }
        }
        times
    }
}

impl Cohort {
    fn origin(&self) -> Origin {
        (self.owner, self.created, self.startup, self.stuck)
    }

    fn is_alike(&self, other: &Self) -> bool {
        Self {
            count: other.count,
            ..*self
        } == *other
    }
}
