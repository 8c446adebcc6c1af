//! Scrapes of a run, taken over bit by bit: the same as [`Exporter::series`] shows, in a fraction of the time.
//!
//! Knows what queries look at, and computes nothing else: labels are made once and kept from run to run, pods are looked at again only when
//! something has happened to them, counters follow their meters.
//! Refuses to know what queries make of it. [`Exporter::series`] says what is right; where both are at hand (in tests) they are compared.
//! Simplifies: what is too old to have an influence on any answer is left out.

mod asked;
mod catalogue;
mod count;
mod counters;
mod gateway;
mod pods;
mod sink;
mod watched;

use super::labels::{self, Labels};
use super::scrape::Schedule;
use super::{Exporter, Window};
use crate::promql::{self, Memory};
use crate::time::SimTime;
use crate::world::ledger::{Meter, Meters};
use crate::world::pods::Lives;

use asked::{Asked, How, Member};
use catalogue::Catalogue;
use count::{Column, Sheet, Spots};
use counters::{Counters, Source};
use gateway::Gateway;
use pods::{Pod, Pods};
use sink::{Pending, Sink};

/// Everything that is remembered between two questions.
#[derive(Debug, Default)]
pub(super) struct Live {
    asked: Option<Asked>,
    catalogue: Catalogue,
    pods: Pods,
    pending: Pending,
    /// Counts the metrics of all windows.
    when: u64,
    sheets: Sheets,
    /// By member and meter.
    columns: Vec<Vec<Column>>,
    /// By member.
    gateways: Vec<Gateway>,
    spots: Spots,
}

/// The requests of the meters, in their order.
#[derive(Debug, Default)]
struct Sheets {
    pods: Vec<Sheet>,
    sidecars: Vec<Sheet>,
    routes: Vec<Sheet>,
}

/// A look at a run.
#[derive(Clone, Copy)]
struct Scene<'a> {
    exporter: &'a Exporter<'a>,
    meters: &'a Meters,
    lives: &'a Lives,
    /// What has to be taken over.
    window: Window,
    /// What of it has an influence on any answer.
    recent: Window,
}

impl Live {
    /// Forgets the last run. The next one has to be of the same plan in the same environment.
    pub(super) fn clear(&mut self) {
        self.catalogue.clear();
        self.pods.clear();
        let sheets = [
            &mut self.sheets.pods,
            &mut self.sheets.sidecars,
            &mut self.sheets.routes,
        ];
        sheets.into_iter().flatten().for_each(Sheet::clear);
        let columns = self.columns.iter_mut().flatten();
        columns.for_each(Column::clear);
        self.gateways.iter_mut().for_each(Gateway::clear);
    }

    /// Up to when nothing has an influence on what is answered at `now`.
    #[cfg(test)]
    pub(super) fn forgotten(&self, now: SimTime) -> SimTime {
        let asked = self.asked.as_ref();
        asked.map_or(SimTime::from_nanos(i64::MIN), |asked| asked.forgotten(now))
    }

    /// Puts the samples of a window into the store.
    pub(super) fn take(&mut self, exporter: &Exporter<'_>, window: Window, store: &mut Memory) {
        let asked = self.asked.get_or_insert_with(|| Asked::of(exporter));
        let (Some(meters), Some(lives)) =
            (exporter.world.ledger.meters(), exporter.world.pods.lives())
        else {
            return;
        };
        let recent = Window {
            from: asked.forgotten(window.to).max(window.from),
            to: window.to,
        };
        let scene = Scene {
            exporter,
            meters,
            lives,
            window,
            recent,
        };
        self.pods.look(&scene, asked, &mut self.catalogue);
        self.sheets.follow(meters);
        let queries = &exporter.environment.queries;
        let is_selected = |labels: &promql::Labels| {
            let mut queries = queries.iter();
            queries.any(|asking| asking.query.selects(labels))
        };
        for metric in &asked.metrics {
            self.when += 1;
            let mut sink = Sink {
                catalogue: &mut self.catalogue,
                store,
                pending: &mut self.pending,
                when: self.when,
                is_selected: &is_selected,
            };
            for index in metric.clone() {
                let member = Asker {
                    index,
                    member: &asked.members[index],
                    columns: grow(&mut self.columns, index),
                    gateway: grow(&mut self.gateways, index),
                    sheets: &self.sheets,
                    spots: &mut self.spots,
                };
                member.scrape(&scene, &mut self.pods, &mut sink);
            }
            sink.finish();
        }
    }
}

/// A member and what is remembered of it.
struct Asker<'a> {
    index: usize,
    member: &'a Member,
    columns: &'a mut Vec<Column>,
    gateway: &'a mut Gateway,
    sheets: &'a Sheets,
    spots: &'a mut Spots,
}

impl Asker<'_> {
    /// Takes the samples of a window.
    fn scrape(self, scene: &Scene<'_>, pods: &mut Pods, sink: &mut Sink<'_>) {
        let (sheets, member) = (self.sheets, (self.index, self.member));
        let (family, part, sheets) = match self.member.how {
            How::Given(number) => return watched::given(scene, member, number, sink),
            How::Up(family) => return counters::answering(scene, member, family, pods, sink),
            How::Watched(family) => {
                return watched::watched(scene, member, family, (pods, &sheets.pods), sink);
            }
            How::Gateway(family, part) => {
                let what = (family, part);
                return self
                    .gateway
                    .scrape(scene, member, what, &sheets.routes, sink);
            }
            How::Pods(family, part) => (family, part, &sheets.pods),
            How::Sidecars(family, part) => (family, part, &sheets.sidecars),
        };
        let mut counters = Counters {
            scene,
            index: self.index,
            member: self.member,
            family,
            part,
            sheets,
            columns: self.columns,
            spots: self.spots,
        };
        if let How::Pods(..) = self.member.how {
            for (number, (set, meter)) in scene.meters.pods.iter().enumerate() {
                let source = Source {
                    number,
                    set: *set,
                    meter,
                    sidecar: None,
                };
                counters.scrape(source, pods, sink);
            }
        } else {
            for (number, ((set, target), meter)) in scene.meters.sidecars.iter().enumerate() {
                let source = Source {
                    number,
                    set: *set,
                    meter,
                    sidecar: Some(labels::service_of(*target)),
                };
                counters.scrape(source, pods, sink);
            }
        }
    }
}

impl Sheets {
    /// Takes over what the meters have got.
    fn follow(&mut self, meters: &Meters) {
        let follow = |sheets: &mut Vec<Sheet>, number, meter: &Meter| {
            grow(sheets, number).follow(meter);
        };
        for (number, (_, meter)) in meters.pods.iter().enumerate() {
            follow(&mut self.pods, number, meter);
        }
        for (number, (_, meter)) in meters.sidecars.iter().enumerate() {
            follow(&mut self.sidecars, number, meter);
        }
        for (number, (_, meter)) in meters.routes.iter().enumerate() {
            follow(&mut self.routes, number, meter);
        }
    }
}

impl Scene<'_> {
    /// What has to be taken over, but has no influence any more: only whether there was anything.
    fn older(&self) -> Window {
        Window {
            from: self.window.from,
            to: self.recent.from,
        }
    }

    /// Whether a pod may have shown something then.
    fn looks_back_at(&self, pod: &Pod) -> bool {
        let older = self.older();
        older.from < older.to && pod.was_there_by(older.to)
    }

    /// The labels of a series of a metric.
    fn completed(&self, labels: Labels, metric: &str) -> promql::Labels {
        promql::Labels::new(labels::completed(labels, self.exporter.scraping(), metric))
    }
}

/// The scrapes of a window that lies back, and the one before them; none if there are none in it.
fn older_times(schedule: &Schedule, window: Window) -> Vec<SimTime> {
    let mut times = Vec::new();
    if window.from < window.to {
        schedule.times(window, &mut times);
    }
    if times.len() < 2 {
        times.clear();
    }
    times
}

/// The element with a number, which is made if there is none.
fn grow<T: Default>(list: &mut Vec<T>, number: usize) -> &mut T {
    if list.len() <= number {
        list.resize_with(number + 1, T::default);
    }
    &mut list[number]
}
