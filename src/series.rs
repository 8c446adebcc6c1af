//! What Prometheus would hold at an instant of a run: the series that the simulated pods and those in front of them export.
//!
//! Knows: which exporters there are ([`Profile`]), and how to read their counters off the meters of the accounts and the lives of the pods.
//! Everything is computed when somebody looks; a run that keeps meters ([`crate::sim::Simulation::metering`]) does nothing at scrapes.
//! Refuses to know: what queries mean, files, what a metric decides.
//! Simplifies: without `--random` counts are expectations and no whole numbers; a counter appears with its first request, as those of most
//! client libraries do; a pod behind two services is scraped twice, as by two `ServiceMonitor`s; gateways and sidecars never restart.

pub mod exposition;
mod family;
mod given;
mod labels;
mod live;
mod pod;
mod prometheus;
mod quantity;
mod scrape;
pub mod storing;

use std::collections::BTreeMap;

use crate::cluster::{Cluster, TemplateId};
use crate::plan::environment::{Profile, Scraping};
use crate::plan::{Environment, Plan};
use crate::time::SimTime;
use crate::trace::wording::Words;
use crate::world::World;
use crate::world::ledger::{Counter, Meters, Outcome};

use family::{FAMILIES, Family, Measure, Seen};
use pod::Pod;
use quantity::{Part, parts};
use scrape::Schedule;

pub use crate::promql::{is_stale, stale_marker};
pub use family::Kind;
pub use labels::Labels;
pub use prometheus::{Found, Prometheus};
pub use scrape::{Sample, Window};

/// t = 0 in milliseconds since 1970: 2025-01-01T00:00:00Z, as for conditions that ask for the time.
pub const START_MILLIS: i64 = crate::condition::DEFAULT_NOW_NANOS / 1_000_000;

/// A series and its samples of a window, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels, the name of the metric as `__name__`.
    pub labels: Labels,
    /// Its samples; at least one.
    pub samples: Vec<Sample>,
}

/// A metric as queries name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, with `_bucket`, `_sum` or `_count` where it is part of a histogram.
    pub name: String,
    /// The name of the whole, as `# TYPE` has it.
    pub family: String,
    /// Its kind.
    pub kind: Kind,
    /// What it tells.
    pub help: &'static str,
}

/// Everything that is exported in the state of a run.
#[derive(Clone, Copy, Debug)]
pub struct Exporter<'a> {
    plan: &'a Plan,
    environment: &'a Environment,
    cluster: &'a Cluster,
    world: &'a World,
}

/// The names of all metrics that any profile has, histograms without the names of their parts.
pub fn families() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|family| family.name)
}

/// Who has a metric of this name, histograms with the names of their parts; `None`: nobody.
#[must_use]
pub fn exporter_of(metric: &str, scraping: &Scraping) -> Option<Profile> {
    part_of(metric, scraping).map(|(family, _)| family.profile)
}

/// The usual name of a metric without `_bucket`, `_sum` and `_count`, if anybody has it.
#[must_use]
pub fn usual_name(metric: &str) -> Option<&'static str> {
    part_of(metric, &Scraping::default()).map(|(family, _)| family.name)
}

/// The family and the part of it that have a name.
fn part_of(metric: &str, scraping: &Scraping) -> Option<(&'static Family, Part)> {
    FAMILIES.iter().find_map(|family| {
        let rest = metric.strip_prefix(name(family, scraping))?;
        let part = parts(family).iter().find(|part| part.suffix() == rest)?;
        Some((family, *part))
    })
}

/// Whether a series with these labels counts requests, each once.
#[must_use]
pub fn counts_requests(labels: &Labels, scraping: &Scraping) -> bool {
    let name = labels.get("__name__").map_or("", String::as_str);
    part_of(name, scraping).is_some_and(|(family, part)| {
        let is_counted = matches!(family.measure, Measure::Requests | Measure::Durations(_));
        let is_all = match part {
            Part::Value | Part::Count => true,
            Part::Bucket => labels.get("le").is_some_and(|le| le == "+Inf"),
            Part::Sum => false,
        };
        is_counted && is_all
    })
}

/// The name of a family, as the scenario has it.
fn name<'a>(family: &Family, scraping: &'a Scraping) -> &'a str {
    let named = scraping.names.get(family.name);
    named.map_or(family.name, String::as_str)
}

impl<'a> Exporter<'a> {
    /// The exporters of a run that kept meters; without those there is nothing to see.
    #[must_use]
    pub fn new(
        plan: &'a Plan,
        environment: &'a Environment,
        cluster: &'a Cluster,
        world: &'a World,
    ) -> Self {
        Self {
            plan,
            environment,
            cluster,
            world,
        }
    }

    /// All metrics that the profiles of the run have, whether or not they hold anything.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        let profiles = self.profiles();
        let families = FAMILIES.iter();
        families
            .filter(|family| profiles.contains(&family.profile))
            .flat_map(|family| {
                let name = self.name(family);
                parts(family).iter().map(move |part| Metric {
                    name: format!("{name}{}", part.suffix()),
                    family: name.to_owned(),
                    kind: family.kind(),
                    help: family.help,
                })
            })
            .chain(given::metrics(&self.scraping().given))
            .collect()
    }

    /// The series of a metric that have samples in a window, in the order of their labels. The name of a histogram stands for all its
    /// parts. A name that nobody exports has none.
    #[must_use]
    pub fn series(&self, name: &str, window: Window) -> Vec<Series> {
        let profiles = self.profiles();
        let mut series: Vec<Series> = Vec::new();
        for family in FAMILIES {
            let base = self.name(family);
            if !profiles.contains(&family.profile) || !name.starts_with(base) {
                continue;
            }
            for part in parts(family) {
                let full = format!("{base}{}", part.suffix());
                if name == base || name == full {
                    self.family(family, *part, &full, window, &mut series);
                }
            }
        }
        self.given(name, window, &mut series);
        series.sort_by(|one, other| one.labels.cmp(&other.labels));
        // Where labels of the scenario make series alike, Prometheus takes the first.
        series.dedup_by(|one, other| one.labels == other.labels);
        series
    }

    fn scraping(&self) -> &'a Scraping {
        &self.environment.scraping
    }

    fn name(&self, family: &Family) -> &'a str {
        name(family, self.scraping())
    }

    /// Whose metrics there are.
    #[must_use]
    pub fn profiles(&self) -> &'a [Profile] {
        self.scraping().profiles.as_deref().unwrap_or_default()
    }

    fn family(
        &self,
        family: &'static Family,
        part: Part,
        name: &str,
        window: Window,
        series: &mut Vec<Series>,
    ) {
        let (Some(meters), Some(lives)) = (self.world.ledger.meters(), self.world.pods.lives())
        else {
            return;
        };
        let words = Words {
            plan: self.plan,
            environment: self.environment,
            cluster: self.cluster,
            readings: &[],
        };
        let until = window.to + crate::time::Delta::from_nanos(1);
        let pods = || {
            lives
                .pods()
                .iter()
                .filter(|life| {
                    let margin = self.scraping().interval;
                    life.ended
                        .is_none_or(|ended| window.from < ended + margin + margin)
                })
                .map(|life| Pod::of(life, &words, self.environment, until))
        };
        let mut push = |labels: Labels, samples: Vec<Sample>| {
            if !samples.is_empty() {
                let labels = labels::completed(labels, self.scraping(), name);
                series.push(Series { labels, samples });
            }
        };
        if family.seen == Seen::FromOutside {
            pods().for_each(|pod| self.watched(family, &pod, meters, window, &mut push));
            return;
        }
        if family.seen != Seen::ByGateway {
            let pods: Vec<Pod<'_>> = pods().collect();
            self.pods(family, part, &pods, meters, window, &mut push);
        }
        if matches!(family.seen, Seen::ByGateway | Seen::ByBoth) {
            self.gateway(family, part, meters, window, &mut push);
        }
    }

    /// The series that pods or their sidecars show.
    fn pods(
        &self,
        family: &'static Family,
        part: Part,
        pods: &[Pod<'_>],
        meters: &Meters,
        window: Window,
        push: &mut impl FnMut(Labels, Vec<Sample>),
    ) {
        let is_sidecar = family.seen != Seen::ByService;
        if family.measure == Measure::Up {
            for pod in pods {
                let runs = &pod.processes;
                self.targets(family, pod, meters, |labels, schedule, is_target| {
                    let samples = schedule.samples(window, |now| {
                        let there = pod.is_there(now) && is_target(now);
                        let up = pod.process(runs, now).is_some();
                        there.then_some(f64::from(u8::from(up)))
                    });
                    push(labels(None), samples);
                });
            }
            return;
        }
        if is_sidecar {
            self.sidecars(family, part, pods, meters, window, push);
            return;
        }
        for (set, meter) in &meters.pods {
            let mut own = pods.iter().filter(|pod| pod.life.owner == *set).peekable();
            let Some(first) = own.peek() else { continue };
            let counters = self.counters(family, part, first.life.template, meter);
            for pod in own {
                self.targets(family, pod, meters, |labels, schedule, is_target| {
                    for shown in &counters {
                        let samples = schedule.samples(window, |now| {
                            let process = pod.process(&pod.processes, now);
                            shown.at(process.filter(|_| is_target(now))?, now)
                        });
                        push(shown.labelled(labels(Some(shown.outcome))), samples);
                    }
                });
            }
        }
    }

    /// The series that sidecars show, by the service to which requests were sent.
    fn sidecars(
        &self,
        family: &'static Family,
        part: Part,
        pods: &[Pod<'_>],
        meters: &Meters,
        window: Window,
        push: &mut impl FnMut(Labels, Vec<Sample>),
    ) {
        for ((set, target), meter) in &meters.sidecars {
            let mut own = pods.iter().filter(|pod| pod.life.owner == *set).peekable();
            let Some(first) = own.peek() else { continue };
            let counters = self.counters(family, part, first.life.template, meter);
            let service = labels::service_of(*target);
            for pod in own {
                let schedule = self.schedule(pod, SIDECAR);
                for shown in &counters {
                    let samples = schedule
                        .samples(window, |now| shown.at(pod.process(&pod.sidecar, now)?, now));
                    let outcome = Some(shown.outcome);
                    let labels = labels::of_pod(self.plan, family, &pod.label(), service, outcome);
                    push(shown.labelled(labels), samples);
                }
            }
        }
    }

    /// When one of the targets of a pod is scraped.
    fn schedule(&self, pod: &Pod<'_>, target: u64) -> Schedule {
        self.schedule_of(pod.life.number, target)
    }

    /// The same by the number of the pod.
    fn schedule_of(&self, pod: u32, target: u64) -> Schedule {
        let number = u64::from(pod) + 1;
        Schedule::of(self.scraping(), self.world.weather, number << 16 | target)
    }

    /// Goes through the targets as which a pod is scraped.
    fn targets(
        &self,
        family: &Family,
        pod: &Pod<'_>,
        meters: &Meters,
        mut each: impl FnMut(&dyn Fn(Option<Outcome>) -> Labels, Schedule, &dyn Fn(SimTime) -> bool),
    ) {
        for service in pod::services(meters, self.cluster, pod.life.owner) {
            let labels =
                |outcome| labels::of_pod(self.plan, family, &pod.label(), service, outcome);
            let index = target_of(service);
            let times = pod::selected(meters, self.cluster, pod.life.owner, service);
            let is_target = |now: SimTime| times.iter().any(|(from, to)| *from <= now && now < *to);
            each(&labels, self.schedule(pod, index), &is_target);
        }
    }

    /// The series that a gateway shows; ways that look alike are counted together.
    fn gateway(
        &self,
        family: &'static Family,
        part: Part,
        meters: &Meters,
        window: Window,
        push: &mut impl FnMut(Labels, Vec<Sample>),
    ) {
        let schedule = Schedule::of(self.scraping(), self.world.weather, family.profile as u64);
        let mut sums: BTreeMap<Labels, (Vec<Counter>, Vec<Counter>)> = BTreeMap::new();
        for (route, meter) in &meters.routes {
            let template = route.set.map(|(_, template)| template);
            for quantity in self.quantities(family, part, template) {
                for outcome in Outcome::ALL {
                    let all = meter.counter(outcome, |_| 1.0);
                    if all.is_empty() {
                        continue;
                    }
                    let mut labels = labels::of_route(self.plan, family, route, outcome);
                    labels.extend(quantity.le().map(|le| ("le".to_owned(), le)));
                    let (counters, totals) = sums.entry(labels).or_default();
                    counters.push(meter.counter(outcome, |times| quantity.weight.of(times)));
                    totals.push(all);
                }
            }
        }
        let begun = GATEWAY_BEGUN;
        let grown = |counters: &[Counter], now: SimTime| -> f64 {
            let grown = |counter: &Counter| counter.at(now) - counter.at(begun);
            counters.iter().map(grown).sum()
        };
        for (labels, (counters, totals)) in sums {
            let samples = schedule.samples(window, |now| {
                let any = begun < now && 0.0 < grown(&totals, now);
                any.then(|| grown(&counters, now))
            });
            push(labels, samples);
        }
    }

    /// The series of something that watches pods from outside.
    fn watched(
        &self,
        family: &Family,
        pod: &Pod<'_>,
        meters: &Meters,
        window: Window,
        push: &mut impl FnMut(Labels, Vec<Sample>),
    ) {
        let schedule = Schedule::of(self.scraping(), self.world.weather, family.profile as u64);
        let meter = meters.pods.iter().find(|(set, _)| *set == pod.life.owner);
        let work: Vec<Counter> = meter
            .into_iter()
            .filter(|_| family.measure == Measure::Processor)
            .flat_map(|(_, meter)| {
                [Outcome::Succeeded, Outcome::Failed].map(|outcome| meter.counter(outcome, |_| 1.0))
            })
            .collect();
        let cost = self.work(pod.life.template);
        let value = |now: SimTime| {
            let process = || pod.process(&pod.processes, now);
            match family.measure {
                Measure::Restarts => Some(as_f64(pod.restarts(now))),
                Measure::Ready => Some(f64::from(u8::from(pod.is_ready(now)))),
                Measure::Memory => process().map(|_| MEMORY),
                _ => process().map(|process| {
                    let counted = |counter| pod::counted(process, counter, now).unwrap_or(0.0);
                    let requests: f64 = work.iter().map(counted).sum();
                    requests.mul_add(cost, (now - process.from).seconds() * IDLE)
                }),
            }
        };
        let samples = schedule.samples(
            window,
            |now| {
                if pod.is_there(now) { value(now) } else { None }
            },
        );
        push(labels::of_watched(self.plan, family, &pod.label()), samples);
    }

    /// Time of a processor that a request takes \[s\]: one processor serves as many as the pod can, where that is known.
    fn work(&self, template: TemplateId) -> f64 {
        let health = &self.environment.images[usize::from(template.0)].health;
        health.capacity.map_or(WORK, |capacity| 1.0 / capacity)
    }
}

/// The number of a pod's target, as the endpoint of a service.
fn target_of(service: labels::Service) -> u64 {
    service.map_or(0, |index| index as u64 + 1)
}

/// The number of a pod's sidecar among its targets.
const SIDECAR: u64 = 0x1000;
/// A gateway has been there for an hour when the simulation begins.
const GATEWAY_BEGUN: SimTime = SimTime::from_secs(-3600);
/// Memory of a pod \[B\].
const MEMORY: f64 = 100.0 * 1024.0 * 1024.0;
/// Processors that a pod without requests keeps busy.
const IDLE: f64 = 0.01;
/// Time of a processor that a request takes where nothing is known \[s\].
const WORK: f64 = 0.005;

#[expect(clippy::cast_precision_loss, reason = "a number of restarts")]
fn as_f64(count: usize) -> f64 {
    count as f64
}
