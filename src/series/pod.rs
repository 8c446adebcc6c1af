//! Pods as those see them who scrape or watch them: with a name, an address and the runs of their containers.

use super::labels::{PodName, Service};
use crate::cluster::{Cluster, ReplicaSetId, TemplateId};
use crate::plan::Environment;
use crate::time::SimTime;
use crate::trace::wording::Words;
use crate::world::ledger::{Counter, Meters};
use crate::world::pods::{Life, Process};
use crate::world::traffic::Target;

/// A pod with everything that is needed to scrape it.
pub(super) struct Pod<'a> {
    pub(super) life: &'a Life,
    names: Names,
    /// The runs of its container.
    pub(super) processes: Vec<Process>,
    /// Its sidecar, which never ends before the pod.
    pub(super) sidecar: Vec<Process>,
    unreachable: Vec<(SimTime, Option<SimTime>)>,
}

/// What a pod is called.
pub(super) struct Names {
    pod: String,
    address: String,
    uid: String,
    template: TemplateId,
}

impl Names {
    /// The names of the pod with this number of a `ReplicaSet` with this name.
    pub(super) fn of(set: &str, number: u32, template: TemplateId) -> Self {
        let (low, high) = (number % 250, number / 250);
        Self {
            pod: format!("{set}-{}", suffix(number)),
            address: format!("10.42.{}.{}", 1 + high % 250, 2 + low),
            uid: format!("00000000-0000-4000-8000-{number:012x}"),
            template,
        }
    }

    pub(super) fn label(&self) -> PodName<'_> {
        PodName {
            pod: &self.pod,
            address: &self.address,
            uid: &self.uid,
            template: self.template,
        }
    }
}

impl<'a> Pod<'a> {
    pub(super) fn of(
        life: &'a Life,
        words: &Words<'_>,
        environment: &Environment,
        until: SimTime,
    ) -> Self {
        let set = words.cluster.replica_set(life.owner);
        let sidecar = life.started().map(|from| Process {
            from,
            to: None,
            serving: life.serving(environment, until),
        });
        Self {
            names: Names::of(&words.name_of_set(set), life.number, life.template),
            processes: life.processes(environment, until),
            sidecar: sidecar.into_iter().collect(),
            unreachable: life.unreachable(),
            life,
        }
    }

    pub(super) fn label(&self) -> PodName<'_> {
        self.names.label()
    }

    /// Whether it exists and has found room.
    pub(super) fn is_there(&self, now: SimTime) -> bool {
        self.life.started().is_some_and(|started| started <= now)
            && self.life.ended.is_none_or(|ended| now < ended)
    }

    /// The run of its container that can be scraped at an instant.
    pub(super) fn process(&self, runs: &'a [Process], now: SimTime) -> Option<&'a Process> {
        let lost = self
            .unreachable
            .iter()
            .any(|(from, to)| *from <= now && to.is_none_or(|to| now < to));
        running(runs, now).filter(|_| !lost && self.is_there(now))
    }

    /// How often the container was started again by an instant: the kubelet tells when the new run begins.
    pub(super) fn restarts(&self, now: SimTime) -> usize {
        let begun = self
            .processes
            .partition_point(|process| process.from <= now);
        begun.saturating_sub(1)
    }

    /// Whether it serves requests.
    pub(super) fn is_ready(&self, now: SimTime) -> bool {
        self.sidecar.iter().any(|process| {
            let mut serving = process.serving.iter();
            serving.any(|(from, to)| *from <= now && now < *to)
        })
    }
}

/// What the counter of a process had come to; `None`: it has counted nothing, and there is no series yet.
pub(super) fn counted(process: &Process, counter: &Counter, now: SimTime) -> Option<f64> {
    let stretches = process.serving.iter().take_while(|(from, _)| *from < now);
    let grown = stretches.map(|(from, to)| {
        let to = (*to).min(now);
        counter.at(to) - counter.at(*from)
    });
    Some(grown.sum::<f64>()).filter(|sum| 0.0 < *sum)
}

fn running(runs: &[Process], now: SimTime) -> Option<&Process> {
    let begun = runs.partition_point(|process| process.from <= now);
    let last = &runs[begun.checked_sub(1)?];
    Some(last).filter(|process| process.to.is_none_or(|to| now < to))
}

/// The services that ever select a pod of a `ReplicaSet`; `None` among them: at times no service does.
pub(super) fn services(meters: &Meters, cluster: &Cluster, set: ReplicaSetId) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    for (_, selected) in &meters.selections {
        let found = selecting(selected, cluster, set);
        services.extend(found);
    }
    if meters.selections.is_empty() {
        // An experiment on its own has no services that anybody knows.
        services.push(None);
    }
    services.sort_unstable();
    services.dedup();
    services
}

/// From when to when a service (`None`: no service) selects a pod of a `ReplicaSet`. What is selected first always was.
pub(super) fn selected(
    meters: &Meters,
    cluster: &Cluster,
    set: ReplicaSetId,
    service: Service,
) -> Vec<(SimTime, SimTime)> {
    let always = SimTime::from_nanos(i64::MIN);
    if meters.selections.is_empty() {
        return vec![(always, SimTime::MAX)];
    }
    let mut times = Vec::new();
    for (index, (from, services)) in meters.selections.iter().enumerate() {
        if selecting(services, cluster, set).contains(&service) {
            let from = if index == 0 { always } else { *from };
            let next = meters.selections.get(index + 1);
            times.push((from, next.map_or(SimTime::MAX, |(next, _)| *next)));
        }
    }
    times
}

fn selecting(selected: &[Target], cluster: &Cluster, set: ReplicaSetId) -> Vec<Service> {
    let fits = |target: &Target| match target {
        Target::Set(id) => *id == set,
        Target::Everyone => cluster.replica_set(set).is_rollouts(),
        Target::Service(_) | Target::Nobody => false,
    };
    let numbers = selected.iter().enumerate();
    let found: Vec<Service> = numbers
        .filter(|(_, target)| fits(target))
        .map(|(index, _)| Some(index))
        .collect();
    if found.is_empty() { vec![None] } else { found }
}

/// Five letters as Kubernetes draws them (`apimachinery/pkg/util/rand: SafeEncodeString`), from the number of the pod.
fn suffix(number: u32) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    const COUNT: u64 = 14_348_907;
    // Odd and not divisible by three: neighbours look different, and no two pods share a name.
    let mut rest = (u64::from(number) + 1) * 9_184_601 % COUNT;
    let mut text = String::new();
    for _ in 0..5 {
        text.push(char::from(
            LETTERS[usize::try_from(rest % 27).unwrap_or_default()],
        ));
        rest /= 27;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_pods_share_a_name() {
        let names: BTreeSet<String> = (0..100_000).map(suffix).collect();
        assert_eq!(names.len(), 100_000);
        assert!(names.iter().all(|name| name.len() == 5));
    }
}
