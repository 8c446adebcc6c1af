//! The pods of a run as those see them who scrape them again and again.
//!
//! Knows the same as [`crate::series::pod::Pod`], but finds it out once and again only when the life of a pod changes or what is known of
//! its future is used up; and when each of its targets is scraped in the present window. Refuses to know values.

use super::Scene;
use super::asked::{Asked, Member};
use super::catalogue::{Catalogue, Owner};
use super::sink::Moment;
use crate::cluster::{ReplicaSetId, TemplateId};
use crate::series::labels::Service;
use crate::series::pod::{self, Names};
use crate::series::scrape::Schedule;
use crate::series::{Exporter, SIDECAR, Window, target_of};
use crate::time::{Delta, SimTime};
use crate::trace::wording::Words;
use crate::world::ledger::Meters;
use crate::world::pods::Life;

/// From when to when something is so.
type Stretch = (SimTime, SimTime);

/// How far ahead the future of a pod is worked out, as if nobody touched it.
const AHEAD: Delta = Delta::from_secs(600);

/// The pods of a run.
#[derive(Debug, Default)]
pub(super) struct Pods {
    /// By number, and behind them those of earlier runs, for their memory.
    list: Vec<Pod>,
    count: usize,
    sets: Vec<Set>,
    /// Those that can have samples in the present window.
    pub(super) visible: Vec<usize>,
}

/// A `ReplicaSet` of a run.
#[derive(Debug)]
struct Set {
    id: ReplicaSetId,
    /// The number of its name in the catalogue.
    name: usize,
    /// How many selections of services are taken into account.
    selections: usize,
    /// As what its pods are scraped, and when.
    targets: Vec<(Service, Vec<Stretch>)>,
}

/// A pod of a run.
#[derive(Debug)]
pub(super) struct Pod {
    pub(super) number: u32,
    pub(super) owner: ReplicaSetId,
    pub(super) template: TemplateId,
    /// The number of the name of its `ReplicaSet` in the catalogue.
    set: usize,
    started: Option<SimTime>,
    ended: Option<SimTime>,
    /// When it serves.
    serving: Vec<Stretch>,
    runs: Vec<Run>,
    lost: Vec<(SimTime, Option<SimTime>)>,
    /// How often its life had changed when all that was found out.
    changes: usize,
    /// From when on it is not known.
    until: SimTime,
    /// Where it is scraped as an endpoint, and behind them some for their memory.
    targets: Vec<Target>,
    target_count: usize,
    sidecar: Target,
    /// Where its series are in the catalogue.
    blocks: Vec<((usize, Service), usize)>,
}

/// A run of a container, and which of the pod's stretches it serves in.
#[derive(Clone, Copy, Debug)]
struct Run {
    from: SimTime,
    to: Option<SimTime>,
    first: usize,
    end: usize,
}

/// What is scraped.
#[derive(Debug, Default)]
pub(super) struct Target {
    pub(super) service: Service,
    schedule: Option<Schedule>,
    /// The last scrape before the present window, and those in it.
    pub(super) scrapes: Vec<Scrape>,
    times: Vec<SimTime>,
    is_sidecar: bool,
}

/// A scrape of a pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scrape {
    pub(super) at: SimTime,
    /// Whether it is there, and a target.
    pub(super) is_target: bool,
    /// The run of the container that answers.
    pub(super) run: Option<usize>,
}

impl Moment for Scrape {
    fn at(self) -> SimTime {
        self.at
    }
}

impl Pods {
    /// Forgets the pods of the last run, but keeps their memory.
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.sets.clear();
        self.visible.clear();
    }

    pub(super) fn get(&self, index: usize) -> &Pod {
        &self.list[index]
    }

    pub(super) fn get_mut(&mut self, index: usize) -> &mut Pod {
        &mut self.list[index]
    }

    /// The scrapes of a target in a window that lies back, and the one before them; none if there was nothing to be scraped.
    pub(super) fn older(&self, pod: &Pod, target: &Target, window: Window) -> Vec<Scrape> {
        let mut times = Vec::new();
        if window.from < window.to && pod.was_there_by(window.to) {
            let schedule = target.schedule.iter();
            schedule.for_each(|schedule| schedule.times(window, &mut times));
        }
        if times.len() < 2 {
            return Vec::new();
        }
        let times = times.into_iter();
        if target.is_sidecar {
            return times.map(|at| pod.scrape_sidecar_at(at)).collect();
        }
        let set = self.sets.iter().find(|set| set.id == pod.owner);
        let mut targets = set.into_iter().flat_map(|set| &set.targets);
        let selected = targets.find(|(own, _)| *own == target.service);
        let selected: &[Stretch] = selected.map_or(&[], |(_, times)| times);
        times.map(|at| pod.scrape_at(at, selected)).collect()
    }

    /// Takes over what has happened, and finds the recent scrapes.
    pub(super) fn look(&mut self, scene: &Scene<'_>, asked: &Asked, catalogue: &mut Catalogue) {
        let (exporter, recent) = (scene.exporter, scene.recent);
        let (targets, sidecars) = (asked.needs_targets(), asked.needs_sidecars());
        self.visible.clear();
        let margin = exporter.scraping().interval;
        for (index, life) in scene.lives.pods().iter().enumerate() {
            if index == self.count {
                self.begin(exporter, life, catalogue);
            }
            let is_past = |ended: SimTime| ended + margin + margin <= scene.window.from;
            if life.ended.is_some_and(is_past) {
                continue;
            }
            self.visible.push(index);
            let pod = &mut self.list[index];
            pod.renew(exporter, life, recent.to);
            if targets {
                let sets = &mut self.sets;
                let set = sets.iter_mut().find(|set| set.id == life.owner);
                if let Some(set) = set {
                    set.renew(exporter, scene.meters);
                    pod.scrape(exporter, &set.targets, recent);
                }
            }
            if sidecars {
                pod.scrape_sidecar(exporter, recent);
            }
        }
    }

    /// Makes the acquaintance of another pod.
    fn begin(&mut self, exporter: &Exporter<'_>, life: &Life, catalogue: &mut Catalogue) {
        let set = self.sets.iter().find(|set| set.id == life.owner);
        let known = set.map(|set| set.name);
        let name = known.unwrap_or_else(|| {
            let words = Words {
                plan: exporter.plan,
                environment: exporter.environment,
                cluster: exporter.cluster,
                readings: &[],
            };
            let set = exporter.cluster.replica_set(life.owner);
            let name = catalogue.set(words.name_of_set(set), life.template);
            self.sets.push(Set {
                id: life.owner,
                name,
                selections: 0,
                targets: Vec::new(),
            });
            name
        });
        if self.count == self.list.len() {
            self.list.push(Pod::new(life));
        }
        let pod = &mut self.list[self.count];
        self.count += 1;
        (pod.number, pod.owner, pod.template) = (life.number, life.owner, life.template);
        (pod.set, pod.changes) = (name, 0);
        pod.target_count = 0;
        pod.sidecar.schedule = None;
        pod.blocks.clear();
    }
}

impl Set {
    /// Takes over what services select by now.
    fn renew(&mut self, exporter: &Exporter<'_>, meters: &Meters) {
        // Without services the pods are scraped all the same.
        let selections = meters.selections.len() + 1;
        if self.selections == selections {
            return;
        }
        self.selections = selections;
        let services = pod::services(meters, exporter.cluster, self.id);
        self.targets.clear();
        self.targets.extend(services.into_iter().map(|service| {
            let times = pod::selected(meters, exporter.cluster, self.id, service);
            (service, times)
        }));
    }
}

impl Pod {
    fn new(life: &Life) -> Self {
        Self {
            number: life.number,
            owner: life.owner,
            template: life.template,
            set: 0,
            started: None,
            ended: None,
            serving: Vec::new(),
            runs: Vec::new(),
            lost: Vec::new(),
            changes: 0,
            until: SimTime::ZERO,
            targets: Vec::new(),
            target_count: 0,
            sidecar: Target::default(),
            blocks: Vec::new(),
        }
    }

    /// Takes over what has happened to it, so that everything is known up to `to`.
    fn renew(&mut self, exporter: &Exporter<'_>, life: &Life, to: SimTime) {
        if self.changes == life.changes() && to < self.until {
            return;
        }
        let environment = exporter.environment;
        self.changes = life.changes();
        self.until = to + AHEAD;
        (self.started, self.ended) = (life.started(), life.ended);
        self.lost = life.unreachable();
        self.serving.clear();
        life.add_serving(environment, self.until, &mut self.serving);
        self.runs.clear();
        let runs = life.runs(environment, self.until);
        self.runs.extend(runs.map(|(from, to)| Run {
            from,
            to,
            first: 0,
            end: 0,
        }));
        for (index, (from, _)) in self.serving.iter().enumerate() {
            let after = self.runs.partition_point(|run| run.from <= *from);
            if let Some(run) = after.checked_sub(1).map(|run| &mut self.runs[run]) {
                if run.end == 0 {
                    run.first = index;
                }
                run.end = index + 1;
            }
        }
    }

    /// Finds the scrapes of a window at which it is an endpoint.
    fn scrape(
        &mut self,
        exporter: &Exporter<'_>,
        selected: &[(Service, Vec<Stretch>)],
        window: Window,
    ) {
        let mut targets = std::mem::take(&mut self.targets);
        let known = std::mem::replace(&mut self.target_count, selected.len());
        for (index, (service, times)) in selected.iter().enumerate() {
            if index == targets.len() {
                targets.push(Target::default());
            }
            let target = &mut targets[index];
            if known <= index || target.service != *service {
                target.service = *service;
                target.schedule = Some(exporter.schedule_of(self.number, target_of(*service)));
            }
            let margin = exporter.scraping().interval.max(Delta::from_secs(1));
            let is_near =
                |(from, to): &Stretch| *from <= window.to && window.from < *to + margin + margin;
            if times.iter().any(is_near) {
                target.look(window, |at| self.scrape_at(at, times));
            } else {
                // Not even the last scrape before the window found it.
                target.scrapes.clear();
            }
        }
        self.targets = targets;
    }

    /// Finds the scrapes of its sidecar.
    fn scrape_sidecar(&mut self, exporter: &Exporter<'_>, window: Window) {
        let mut sidecar = std::mem::take(&mut self.sidecar);
        let schedule = || exporter.schedule_of(self.number, SIDECAR);
        sidecar.schedule.get_or_insert_with(schedule);
        sidecar.is_sidecar = true;
        sidecar.look(window, |at| self.scrape_sidecar_at(at));
        self.sidecar = sidecar;
    }

    fn scrape_at(&self, at: SimTime, selected: &[Stretch]) -> Scrape {
        let mut selected = selected.iter();
        let is_target = selected.any(|(from, to)| *from <= at && at < *to);
        Scrape {
            at,
            is_target: is_target && self.is_there(at),
            run: if is_target { self.run(at) } else { None },
        }
    }

    fn scrape_sidecar_at(&self, at: SimTime) -> Scrape {
        let is_target = self.is_there(at);
        Scrape {
            at,
            is_target,
            run: (is_target && !self.is_lost(at)).then_some(0),
        }
    }

    /// Its targets.
    pub(super) fn targets(&self) -> &[Target] {
        &self.targets[..self.target_count]
    }

    /// Its sidecar.
    pub(super) fn sidecar(&self) -> &Target {
        &self.sidecar
    }

    /// When it serves in a run of its container.
    pub(super) fn serving_in(&self, run: usize) -> &[Stretch] {
        let run = &self.runs[run];
        &self.serving[run.first..run.end]
    }

    /// When it serves at all.
    pub(super) fn serving(&self) -> &[Stretch] {
        &self.serving
    }

    /// When a run of its container began.
    pub(super) fn begun(&self, run: usize) -> SimTime {
        self.runs[run].from
    }

    /// Whether it existed already at an instant.
    pub(super) fn was_there_by(&self, now: SimTime) -> bool {
        self.started.is_some_and(|started| started <= now)
    }

    /// Whether it exists and has found room.
    pub(super) fn is_there(&self, now: SimTime) -> bool {
        self.was_there_by(now) && self.ended.is_none_or(|ended| now < ended)
    }

    fn is_lost(&self, now: SimTime) -> bool {
        let mut lost = self.lost.iter();
        lost.any(|(from, to)| *from <= now && to.is_none_or(|to| now < to))
    }

    /// The run of its container that can be scraped at an instant.
    pub(super) fn run(&self, now: SimTime) -> Option<usize> {
        let begun = self.runs.partition_point(|run| run.from <= now);
        let last = begun.checked_sub(1)?;
        let is_over = self.runs[last].to.is_some_and(|to| to <= now);
        (!is_over && self.is_there(now) && !self.is_lost(now)).then_some(last)
    }

    /// How often the container was started again by an instant.
    pub(super) fn restarts(&self, now: SimTime) -> usize {
        let begun = self.runs.partition_point(|run| run.from <= now);
        begun.saturating_sub(1)
    }

    /// Whether it serves requests.
    pub(super) fn is_ready(&self, now: SimTime) -> bool {
        let begun = self.serving.partition_point(|(from, _)| *from <= now);
        begun
            .checked_sub(1)
            .is_some_and(|last| now < self.serving[last].1)
    }

    /// The first place in the catalogue of what it shows of a member.
    pub(super) fn block(
        &mut self,
        catalogue: &mut Catalogue,
        (index, member): (usize, &Member),
        service: Service,
    ) -> usize {
        let mut known = self.blocks.iter();
        if let Some((_, block)) = known.find(|(key, _)| *key == (index, service)) {
            return *block;
        }
        let owner = Owner::Pod(self.set, self.number, service);
        let block = catalogue.block(index, member, owner);
        self.blocks.push(((index, service), block));
        block
    }

    /// What it is called.
    pub(super) fn names(&self, catalogue: &Catalogue) -> Names {
        let (set, template) = catalogue.name_of_set(self.set);
        Names::of(set, self.number, template)
    }
}

impl Target {
    fn look(&mut self, window: Window, scrape: impl Fn(SimTime) -> Scrape) {
        self.scrapes.clear();
        if let Some(schedule) = &self.schedule {
            schedule.times(window, &mut self.times);
            self.scrapes.extend(self.times.iter().map(|at| scrape(*at)));
        }
    }

    /// Whether something could be seen of it.
    pub(super) fn shows(&self) -> bool {
        self.scrapes.iter().any(|scrape| scrape.run.is_some())
    }
}
