//! What pods and their sidecars show.
//!
//! Knows the same as [`crate::series::Exporter`]'s pods and sidecars, but keeps its sums from question to question.

use super::asked::Member;
use super::catalogue::Catalogue;
use super::count::{Column, Sheet, Spots};
use super::pods::{Pod, Pods, Scrape, Target};
use super::sink::Sink;
use super::{Scene, grow};
use crate::cluster::ReplicaSetId;
use crate::series::family::Family;
use crate::series::labels::{Service, of_pod};
use crate::series::quantity::Part;
use crate::world::ledger::{Meter, Outcome};

/// A meter of the pods of a `ReplicaSet`.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// Its number.
    pub(super) number: usize,
    pub(super) set: ReplicaSetId,
    pub(super) meter: &'a Meter,
    /// The service of which it counts the requests, if it is that of sidecars.
    pub(super) sidecar: Option<Service>,
}

/// Counters of a member that pods show.
pub(super) struct Counters<'a> {
    pub(super) scene: &'a Scene<'a>,
    /// The number of the member.
    pub(super) index: usize,
    pub(super) member: &'a Member,
    pub(super) family: &'static Family,
    pub(super) part: Part,
    pub(super) sheets: &'a [Sheet],
    pub(super) columns: &'a mut Vec<Column>,
    pub(super) spots: &'a mut Spots,
}

impl Counters<'_> {
    /// Takes the samples of the pods of a `ReplicaSet`.
    pub(super) fn scrape(&mut self, source: Source<'_>, pods: &mut Pods, sink: &mut Sink<'_>) {
        self.spots.turn();
        for visible in 0..pods.visible.len() {
            let index = pods.visible[visible];
            let pod = pods.get(index);
            if pod.owner != source.set {
                continue;
            }
            if !self
                .scene
                .exporter
                .is_known(self.family, Some(pod.template))
            {
                return;
            }
            let targets = source.sidecar.map_or(pod.targets().len(), |_| 1);
            for target in 0..targets {
                let pod = pods.get(index);
                let target = Shown::of(source, pod, target);
                if !target.scraped.shows() && !self.scene.looks_back_at(pod) {
                    continue;
                }
                let service = target.service;
                let number = target.number;
                let member = (self.index, self.member);
                let block = pods.get_mut(index).block(sink.catalogue, member, service);
                let shown = Shown::of(source, pods.get(index), number);
                self.target(source, pods, &shown, block, sink);
            }
        }
    }

    /// Takes the samples of one target.
    fn target(
        &mut self,
        source: Source<'_>,
        pods: &Pods,
        shown: &Shown<'_>,
        block: usize,
        sink: &mut Sink<'_>,
    ) {
        let (scene, meter, pod) = (self.scene, source.meter, shown.pod);
        let sheet = &self.sheets[source.number];
        let (exporter, what) = (scene.exporter, (self.family, self.part));
        let template = Some(pod.template);
        let serving = |run| match source.sidecar {
            Some(_) => pod.serving(),
            None => pod.serving_in(run),
        };
        self.spots.find(meter, &shown.scraped.scrapes, serving);
        let spots = &*self.spots;
        for quantity in 0..self.member.width {
            for outcome in Outcome::ALL {
                let place = block + quantity * Outcome::ALL.len() + outcome as usize;
                let requests = sheet.of(outcome);
                if requests.is_empty() || !sink.wants(place) {
                    continue;
                }
                let column = grow(self.columns, source.number);
                let sums = column.follow(exporter, what, template, (quantity, outcome), meter);
                let were = || {
                    let older = pods.older(pod, shown.scraped, scene.older());
                    let mut spots = Spots::default();
                    spots.find(meter, &older, serving);
                    let mut list = spots.list.iter();
                    list.any(|spot| spots.counted(*spot, requests).is_some())
                };
                let names = |catalogue: &Catalogue| {
                    let names = pod.names(catalogue);
                    let mut labels = of_pod(
                        exporter.plan,
                        self.family,
                        &names.label(),
                        shown.service,
                        Some(outcome),
                    );
                    let found = exporter.quantity(self.family, self.part, template, quantity);
                    let le = found.and_then(|found| found.le());
                    labels.extend(le.map(|le| ("le".to_owned(), le)));
                    scene.completed(labels, &self.member.name)
                };
                let value = |spot| spots.value(spot, requests, sums);
                sink.take(place, &spots.list, value, were, names);
            }
        }
    }
}

/// A target of a pod, or its sidecar as it counts the requests to a service.
struct Shown<'a> {
    pod: &'a Pod,
    scraped: &'a Target,
    service: Service,
    number: usize,
}

impl<'a> Shown<'a> {
    fn of(source: Source<'_>, pod: &'a Pod, number: usize) -> Self {
        let scraped = match source.sidecar {
            Some(_) => pod.sidecar(),
            None => &pod.targets()[number],
        };
        Self {
            pod,
            scraped,
            service: source.sidecar.unwrap_or(scraped.service),
            number,
        }
    }
}

/// Takes whether the targets of pods answer.
pub(super) fn answering(
    scene: &Scene<'_>,
    (index, member): (usize, &Member),
    family: &'static Family,
    pods: &mut Pods,
    sink: &mut Sink<'_>,
) {
    let up = |scrape: Scrape| {
        let up = f64::from(u8::from(scrape.run.is_some()));
        scrape.is_target.then_some(up)
    };
    for visible in 0..pods.visible.len() {
        let number = pods.visible[visible];
        for target in 0..pods.get(number).targets().len() {
            let service = pods.get(number).targets()[target].service;
            let pod = pods.get_mut(number);
            let place = pod.block(sink.catalogue, (index, member), service);
            let pod = pods.get(number);
            let target = &pod.targets()[target];
            let were = || {
                let older = pods.older(pod, target, scene.older());
                older.into_iter().any(|scrape| up(scrape).is_some())
            };
            let labels = |catalogue: &Catalogue| {
                let names = pod.names(catalogue);
                let plan = scene.exporter.plan;
                let labels = of_pod(plan, family, &names.label(), service, None);
                scene.completed(labels, &member.name)
            };
            sink.take(place, &target.scrapes, up, were, labels);
        }
    }
}
