//! What a gateway shows: the meters of ways that look alike, counted together.
//!
//! Knows the same as [`Exporter::gateway`], but keeps its sums from question to question. Refuses to know pods.

use super::asked::Member;
use super::catalogue::{Catalogue, Entry, Owner};
use super::count::{Column, Sheet};
use super::sink::{Moment, Sink};
use super::{Scene, grow};
use crate::cluster::TemplateId;
use crate::promql;
use crate::series::family::Family;
use crate::series::labels::{of_route, service_of};
use crate::series::quantity::Part;
use crate::series::scrape::Schedule;
use crate::series::{GATEWAY_BEGUN, Window};
use crate::time::SimTime;
use crate::world::ledger::{Outcome, Place, Route, Sums};

/// A member of a gateway in a run.
#[derive(Debug, Default)]
pub(super) struct Gateway {
    /// What counts where nobody gets the requests.
    template: Option<TemplateId>,
    /// How many of the routes are taken into account.
    routes: usize,
    cells: Vec<Cell>,
    cell_count: usize,
    columns: Vec<Column>,
    places: Places,
}

/// Ways that look alike.
#[derive(Debug, Default)]
struct Cell {
    /// One of their places in the catalogue, and the number of the series there.
    place: usize,
    series: usize,
    /// Route, quantity and outcome.
    terms: Vec<(usize, usize, Outcome)>,
}

/// Where scrapes are in the meters of the routes.
#[derive(Debug, Default)]
struct Places {
    times: Vec<SimTime>,
    moments: Vec<Scraped>,
    /// Route by route: at the beginning, then at each scrape.
    list: Vec<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Scraped {
    at: SimTime,
    index: usize,
}

impl Moment for Scraped {
    fn at(self) -> SimTime {
        self.at
    }
}

impl Places {
    fn find(&mut self, scene: &Scene<'_>, schedule: &Schedule, window: Window) {
        schedule.times(window, &mut self.times);
        self.moments.clear();
        let times = self.times.iter().enumerate();
        self.moments.extend(times.map(|(index, at)| Scraped {
            at: *at,
            index: index + 1,
        }));
        self.list.clear();
        for (_, meter) in &scene.meters.routes {
            self.list.push(meter.place(GATEWAY_BEGUN));
            self.list
                .extend(self.times.iter().map(|at| meter.place(*at)));
        }
    }

    /// Where the gateway begins and where a scrape is, in the meter of a route.
    fn of(&self, route: usize, scraped: Scraped) -> (Place, Place) {
        let first = route * (self.times.len() + 1);
        (self.list[first], self.list[first + scraped.index])
    }
}

impl Gateway {
    pub(super) fn clear(&mut self) {
        (self.routes, self.cell_count) = (0, 0);
        self.columns.iter_mut().for_each(Column::clear);
    }

    /// Takes the samples of a window.
    pub(super) fn scrape(
        &mut self,
        scene: &Scene<'_>,
        (index, member): (usize, &Member),
        (family, part): (&'static Family, Part),
        sheets: &[Sheet],
        sink: &mut Sink<'_>,
    ) {
        let exporter = scene.exporter;
        let rollout = exporter.cluster.rollout.as_ref();
        let template = rollout.map(|rollout| rollout.template);
        if self.template != template {
            self.clear();
            self.template = template;
        }
        let routes = scene.meters.routes.iter().enumerate();
        for (number, (route, _)) in routes.skip(self.routes) {
            self.add(
                scene,
                (index, member),
                (family, part),
                (number, route),
                sink,
            );
        }
        self.routes = scene.meters.routes.len();
        let cells = &self.cells[..self.cell_count];
        if cells.is_empty() {
            return;
        }
        for (number, quantity, outcome) in cells.iter().flat_map(|cell| &cell.terms) {
            let (route, meter) = &scene.meters.routes[*number];
            let version = route.set.map(|(_, template)| template);
            let what = (*quantity, *outcome);
            let column = grow(&mut self.columns, *number);
            column.follow(exporter, (family, part), version, what, meter);
        }
        let schedule = Schedule::of(
            exporter.scraping(),
            exporter.world.weather,
            family.profile as u64,
        );
        let columns = &self.columns;
        self.places.find(scene, &schedule, scene.recent);
        for cell in cells {
            let value = |places: &Places, at| cell.value(sheets, columns, places, at);
            let were = || {
                let older = scene.older();
                let mut places = Places::default();
                if older.from < older.to {
                    places.find(scene, &schedule, older);
                }
                let mut moments = places.moments.iter();
                1 < places.moments.len() && moments.any(|at| value(&places, *at).is_some())
            };
            let places = &self.places;
            // The labels are known already.
            let labels = |_: &Catalogue| promql::Labels::default();
            let value = |at| value(places, at);
            sink.take(cell.place, &places.moments, value, were, labels);
        }
    }

    /// Takes another route into account.
    fn add(
        &mut self,
        scene: &Scene<'_>,
        (index, member): (usize, &Member),
        (family, part): (&'static Family, Part),
        (number, route): (usize, &Route),
        sink: &mut Sink<'_>,
    ) {
        let template = route.set.map(|(_, template)| template);
        if !scene.exporter.is_known(family, template) {
            return;
        }
        let owner = Owner::Route(service_of(route.target), route.is_canary, template);
        let block = sink.catalogue.block(index, member, owner);
        for quantity in 0..member.width {
            for outcome in Outcome::ALL {
                let place = block + quantity * Outcome::ALL.len() + outcome as usize;
                let entry = sink.know(place, || {
                    let exporter = scene.exporter;
                    let mut labels = of_route(exporter.plan, family, route, outcome);
                    let found = exporter.quantity(family, part, template, quantity);
                    labels.extend(
                        found
                            .and_then(|found| found.le())
                            .map(|le| ("le".to_owned(), le)),
                    );
                    scene.completed(labels, &member.name)
                });
                let Entry::Series(series) = entry else {
                    continue;
                };
                let cells = &self.cells[..self.cell_count];
                let cell = cells.iter().position(|cell| cell.series == series);
                let cell = cell.unwrap_or_else(|| {
                    self.cell_count += 1;
                    let cell = grow(&mut self.cells, self.cell_count - 1);
                    (cell.place, cell.series) = (place, series);
                    cell.terms.clear();
                    self.cell_count - 1
                });
                self.cells[cell].terms.push((number, quantity, outcome));
            }
        }
    }
}

impl Cell {
    /// What it shows; nothing before the first request.
    fn value(
        &self,
        sheets: &[Sheet],
        columns: &[Column],
        places: &Places,
        scraped: Scraped,
    ) -> Option<f64> {
        if scraped.at <= GATEWAY_BEGUN {
            return None;
        }
        let grown = |sums: &Sums, route: usize| {
            let (begun, now) = places.of(route, scraped);
            sums.at(now) - sums.at(begun)
        };
        let terms = || self.terms.iter();
        let all = terms().map(|(route, _, outcome)| grown(sheets[*route].of(*outcome), *route));
        Some(all.sum::<f64>()).filter(|all| 0.0 < *all)?;
        let values = terms().map(|(route, quantity, outcome)| {
            let column = columns.get(*route);
            let sums = column.and_then(|column| column.get(*quantity, *outcome));
            grown(sums.unwrap_or_else(|| sheets[*route].of(*outcome)), *route)
        });
        Some(values.sum())
    }
}
