//! What is seen of pods from outside, and what the scenario gives.
//!
//! Knows the same as [`Exporter::watched`]. Refuses to know requests other than for the time of processors.

use super::asked::Member;
use super::catalogue::{Catalogue, Owner};
use super::count::{Sheet, Spots};
use super::pods::{Pod, Pods, Scrape};
use super::sink::Sink;
use super::{Scene, older_times};
use crate::series::family::{Family, Measure};
use crate::series::given::shown;
use crate::series::labels::of_watched;
use crate::series::scrape::Schedule;
use crate::series::{IDLE, MEMORY, as_f64};
use crate::time::SimTime;
use crate::world::ledger::{Meter, Outcome};

/// Takes what is seen of pods from outside. `sheets`: the requests to pods.
pub(super) fn watched(
    scene: &Scene<'_>,
    (index, member): (usize, &Member),
    family: &'static Family,
    (pods, sheets): (&mut Pods, &[Sheet]),
    sink: &mut Sink<'_>,
) {
    let exporter = scene.exporter;
    let weather = exporter.world.weather;
    let schedule = Schedule::of(exporter.scraping(), weather, family.profile as u64);
    let mut times = Vec::new();
    schedule.times(scene.recent, &mut times);
    let mut spots = Spots::default();
    for visible in 0..pods.visible.len() {
        let number = pods.visible[visible];
        let pod = pods.get_mut(number);
        let place = pod.block(sink.catalogue, (index, member), None);
        let pod = pods.get(number);
        let mut meters = scene.meters.pods.iter().zip(sheets);
        let work = meters.find(|((set, _), _)| *set == pod.owner);
        let work = work.map(|((_, meter), sheet)| (meter, sheet));
        let cost = exporter.work(pod.template);
        let mut value = |now: SimTime| {
            if !pod.is_there(now) {
                return None;
            }
            match family.measure {
                Measure::Restarts => Some(as_f64(pod.restarts(now))),
                Measure::Ready => Some(f64::from(u8::from(pod.is_ready(now)))),
                Measure::Memory => pod.run(now).map(|_| MEMORY),
                _ => pod.run(now).map(|run| {
                    let requests = requests(pod, (now, run), work, &mut spots);
                    requests.mul_add(cost, (now - pod.begun(run)).seconds() * IDLE)
                }),
            }
        };
        let older = older_times(&schedule, scene.older());
        let were = older.iter().any(|at| value(*at).is_some());
        let labels = |catalogue: &Catalogue| {
            let names = pod.names(catalogue);
            let labels = of_watched(exporter.plan, family, &names.label());
            scene.completed(labels, &member.name)
        };
        sink.take(place, &times, value, || were, labels);
    }
}

/// How many requests a run of a container has served.
fn requests(
    pod: &Pod,
    (now, run): (SimTime, usize),
    work: Option<(&Meter, &Sheet)>,
    spots: &mut Spots,
) -> f64 {
    let scrape = Scrape {
        at: now,
        is_target: true,
        run: Some(run),
    };
    if let Some((meter, _)) = work {
        spots.turn();
        spots.find(meter, &[scrape], |run| pod.serving_in(run));
    }
    work.iter()
        .flat_map(|(_, sheet)| [Outcome::Succeeded, Outcome::Failed].map(|one| sheet.of(one)))
        .map(|sums| {
            let spot = spots.list.first();
            spot.and_then(|spot| spots.counted(*spot, sums))
                .unwrap_or(0.0)
        })
        .sum()
}

/// Takes a series that the scenario gives.
pub(super) fn given(
    scene: &Scene<'_>,
    (index, member): (usize, &Member),
    number: usize,
    sink: &mut Sink<'_>,
) {
    let exporter = scene.exporter;
    let Some(given) = exporter.scraping().given.get(number) else {
        return;
    };
    let place = sink.catalogue.block(index, member, Owner::Given);
    let target = Member::given_target(number);
    let schedule = Schedule::of(exporter.scraping(), exporter.world.weather, target);
    let mut times = Vec::new();
    schedule.times(scene.recent, &mut times);
    let older = older_times(&schedule, scene.older());
    let were = || older.iter().any(|at| shown(given, *at).is_some());
    let labels = |_: &Catalogue| scene.completed(given.labels.clone(), &member.name);
    sink.take(place, &times, |at| shown(given, at), were, labels);
}
