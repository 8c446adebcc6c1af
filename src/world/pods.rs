//! Pods, counted in cohorts: those of one `ReplicaSet` that were created at the same instant are alike.
//!
//! Ten thousand pods cost what ten cost, unless a law makes each start in its own time. The readiness of a cohort is a function of
//! the time; nothing is ticked. What has to happen at an instant (nodes are lost, room becomes free) happens in [`Pods::pass`].

mod lives;
#[cfg(test)]
mod tests;

use crate::cluster::{ReplicaSetId, TemplateId};
use crate::plan::Environment;
use crate::plan::environment::{Breaks, Image};
use crate::time::{Delta, SimTime};
use crate::world::life;
use crate::world::weather::{Purpose, Weather};

pub use lives::{Life, Lives, Process};

/// What the world does to pods: the truth about images and faults, and chance.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'e> {
    /// The truth.
    pub environment: &'e Environment,
    /// Chance.
    pub weather: Weather,
}

/// All pods of the namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pods {
    cohorts: Vec<Cohort>,
    /// Deleted pods that have not ended yet.
    leaving: Vec<Leaving>,
    /// Pods that were ever created: the addresses of their draws.
    created: u64,
    /// Up to when losses of nodes have happened.
    losses_until: Option<SimTime>,
    /// The lives of single pods, where somebody looks at them.
    lives: Option<Box<Lives>>,
}

/// Pods of one `ReplicaSet` that are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cohort {
    owner: ReplicaSetId,
    template: TemplateId,
    min_ready: Delta,
    created: SimTime,
    /// When they found room; `None`: they are Pending.
    started: Option<SimTime>,
    /// From their start to ready.
    startup: Delta,
    /// Never to become ready.
    stuck: bool,
    /// Their nodes are lost.
    lost: Option<Loss>,
    /// Not ready before.
    not_before: SimTime,
    count: i32,
}

/// Of more pods than these, created together, several share a start-up time that follows a law.
const GROUPS_MAX: i32 = 500;

/// How long it takes until a lost node is noticed, and its pods are no longer ready (`--node-monitor-grace-period` of
/// kube-controller-manager). Until then requests go to them in vain.
const NOTICED_AFTER: Delta = Delta::from_secs(40);

/// The loss of nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Loss {
    /// When it is noticed.
    noticed: SimTime,
    /// When it is over.
    ends: SimTime,
    /// Whether the nodes come back; otherwise the pods are replaced.
    comes_back: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Leaving {
    until: SimTime,
    count: i32,
}

/// How many pods a `ReplicaSet` has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// That exist and are not being deleted.
    pub total: i32,
    /// That are ready.
    pub ready: i32,
    /// That have been ready for `minReadySeconds`.
    pub available: i32,
}

/// What `ReplicaSet`'s pods are: the parts of a cohort that new pods share.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Whose pods.
    pub owner: ReplicaSetId,
    /// What they run.
    pub template: TemplateId,
    /// `minReadySeconds`.
    pub min_ready: Delta,
}

impl Pods {
    /// Takes over everything from `other`, reusing the memory at hand.
    pub fn copy_from(&mut self, other: &Self) {
        self.cohorts.clone_from(&other.cohorts);
        self.leaving.clone_from(&other.leaving);
        self.created = other.created;
        self.losses_until = other.losses_until;
        self.lives.clone_from(&other.lives);
    }

    /// Takes over everything from `other` but lives, of which only the memory at hand stays.
    pub fn begin_as(&mut self, other: &Self) {
        self.cohorts.clone_from(&other.cohorts);
        self.leaving.clone_from(&other.leaving);
        self.created = other.created;
        self.losses_until = other.losses_until;
        if let Some(lives) = &mut self.lives {
            lives.clear();
        }
    }

    /// Writes down the lives of single pods from `now` on; those that are there already keep their age.
    pub fn keep_lives(&mut self, environment: &Environment, now: SimTime) {
        self.lives.get_or_insert_default().clear();
        self.note_lives(environment, now);
    }

    /// The lives of single pods, if they are written down.
    #[must_use]
    pub fn lives(&self) -> Option<&Lives> {
        self.lives.as_deref()
    }

    fn note_lives(&mut self, environment: &Environment, now: SimTime) {
        if let Some(lives) = &mut self.lives {
            lives.compare(&self.cohorts, environment, now);
        }
    }

    /// Creates or deletes pods until `kind.owner` has `desired`. Deleted first: pods without room, then pods that never become
    /// ready, then those that are not ready, then the youngest.
    pub fn resize(&mut self, truth: Truth<'_>, kind: Kind, desired: i32, now: SimTime) {
        let existing: i32 = self.of(kind.owner).map(|cohort| cohort.count).sum();
        if existing < desired {
            self.create(truth, kind, desired - existing, now);
        } else {
            self.remove(truth, kind.owner, existing - desired, now);
        }
        self.give_room(truth, now);
        self.note_lives(truth.environment, now);
    }

    fn create(&mut self, truth: Truth<'_>, kind: Kind, wanted: i32, now: SimTime) {
        let image = &truth.environment.images[usize::from(kind.template.0)];
        let sound: i32 = self
            .of(kind.owner)
            .filter(|cohort| !cohort.stuck)
            .map(|cohort| cohort.count)
            .sum();
        let able = image
            .max_ready
            .map_or(wanted, |most| (most - sound).clamp(0, wanted));
        let started = truth.environment.room.is_none().then_some(now);
        let cohort = Cohort {
            owner: kind.owner,
            template: kind.template,
            min_ready: kind.min_ready,
            created: now,
            started,
            startup: Delta::ZERO,
            stuck: false,
            lost: None,
            not_before: SimTime::from_nanos(i64::MIN),
            count: able,
        };
        self.add(Cohort {
            stuck: true,
            count: wanted - able,
            ..cohort
        });
        if let Some(startup) = image.startup.as_constant() {
            self.add(Cohort { startup, ..cohort });
        } else {
            let groups = able.min(GROUPS_MAX);
            for index in 0..groups {
                let share = self.draw(truth.weather, kind.owner, index, groups);
                let startup = image.startup.time(share);
                let [before, after] = [index, index + 1]
                    .map(|index| i64::from(able) * i64::from(index) / i64::from(groups));
                self.add(Cohort {
                    startup,
                    count: i32::try_from(after - before).unwrap_or(i32::MAX),
                    ..cohort
                });
            }
        }
        self.created += u64::from(wanted.unsigned_abs());
    }

    /// Where in its law the pod number `index` of `count` new ones stands: by chance, or spread evenly.
    fn draw(&self, weather: Weather, owner: ReplicaSetId, index: i32, count: i32) -> f64 {
        if weather.random {
            let pod = self.created + u64::from(index.unsigned_abs());
            weather.unit(Purpose::Startup, u64::from(owner.0), pod)
        } else {
            (f64::from(index) + 0.5) / f64::from(count)
        }
    }

    fn of(&self, owner: ReplicaSetId) -> impl Iterator<Item = &Cohort> {
        self.cohorts
            .iter()
            .filter(move |cohort| cohort.owner == owner)
    }

    fn add(&mut self, new: Cohort) {
        if new.count <= 0 {
            return;
        }
        let twin = self.cohorts.iter_mut().find(|cohort| {
            Cohort {
                count: new.count,
                ..**cohort
            } == new
        });
        match twin {
            Some(twin) => twin.count += new.count,
            None => self.cohorts.push(new),
        }
    }

    fn remove(&mut self, truth: Truth<'_>, owner: ReplicaSetId, count: i32, now: SimTime) {
        let mut left = count;
        while 0 < left {
            let first = self
                .cohorts
                .iter_mut()
                .filter(|cohort| cohort.owner == owner && 0 < cohort.count)
                .max_by_key(|cohort| {
                    let ready = cohort.ready_since(truth.environment, now).is_some();
                    let pending = cohort.started.is_none();
                    (pending, cohort.stuck, !ready, cohort.created)
                });
            let Some(cohort) = first else { break };
            let gone = left.min(cohort.count);
            cohort.count -= gone;
            left -= gone;
            let cohort = *cohort;
            self.leave(truth, &cohort, gone, now);
        }
        self.cohorts.retain(|cohort| 0 < cohort.count);
    }

    /// Deleted pods that had started end only after their termination.
    fn leave(&mut self, truth: Truth<'_>, cohort: &Cohort, count: i32, now: SimTime) {
        let termination = cohort.image(truth.environment).termination;
        if termination == Delta::ZERO || cohort.started.is_none() {
            return;
        }
        let until = now + termination;
        self.leaving.push(Leaving { until, count });
    }

    /// Replaces `count` of the oldest pods of `owner` by new ones.
    pub fn evict(&mut self, truth: Truth<'_>, owner: ReplicaSetId, count: i32, now: SimTime) {
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
            let cohort = *cohort;
            self.leave(truth, &cohort, gone, now);
            self.create(truth, cohort.kind(), gone, now);
        }
        self.cohorts.retain(|cohort| 0 < cohort.count);
        self.give_room(truth, now);
        self.note_lives(truth.environment, now);
    }

    /// Lets happen what is due at `now`: deleted pods end, nodes are lost and come back, pods are replaced, Pending ones start.
    /// Says whether pods have ended.
    pub fn pass(&mut self, truth: Truth<'_>, now: SimTime) -> bool {
        let before = self.leaving.len();
        self.leaving.retain(|leaving| now < leaving.until);
        let ended = self.leaving.len() < before;
        self.end_losses(truth, now);
        self.lose(truth, now);
        self.give_room(truth, now);
        self.note_lives(truth.environment, now);
        ended
    }

    fn end_losses(&mut self, truth: Truth<'_>, now: SimTime) {
        for index in 0..self.cohorts.len() {
            let cohort = &mut self.cohorts[index];
            let Some(loss) = cohort.lost.filter(|loss| loss.ends <= now) else {
                continue;
            };
            if loss.comes_back {
                cohort.lost = None;
                if loss.noticed <= loss.ends {
                    cohort.not_before = loss.ends;
                }
            } else {
                let (kind, count) = (cohort.kind(), cohort.count);
                cohort.count = 0;
                self.create(truth, kind, count, now);
            }
        }
        self.cohorts.retain(|cohort| 0 < cohort.count);
    }

    fn lose(&mut self, truth: Truth<'_>, now: SimTime) {
        for fault in &truth.environment.faults {
            let Breaks::NodeLoss {
                image,
                share,
                replaced_after,
            } = &fault.breaks
            else {
                continue;
            };
            let is_over = self.losses_until.is_some_and(|until| fault.from <= until);
            if is_over || now < fault.from || fault.to <= fault.from {
                continue;
            }
            let replaced = fault.from + *replaced_after;
            let loss = Loss {
                noticed: fault.from + NOTICED_AFTER,
                ends: replaced.min(fault.to),
                comes_back: fault.to <= replaced,
            };
            let hit = |cohort: &Cohort| image.is_none_or(|image| cohort.template == image);
            self.lose_share(*share, loss, hit);
        }
        self.losses_until = Some(now);
    }

    /// Takes a share of the pods of each `ReplicaSet`, rounded to whole pods, the oldest first.
    fn lose_share(&mut self, share: f64, loss: Loss, hit: impl Fn(&Cohort) -> bool) {
        let mut owners: Vec<ReplicaSetId> =
            self.cohorts.iter().map(|cohort| cohort.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        for owner in owners {
            let fits = |cohort: &Cohort| {
                cohort.owner == owner
                    && cohort.started.is_some()
                    && cohort.lost.is_none()
                    && hit(cohort)
            };
            let running: i32 = self
                .of(owner)
                .filter(|cohort| fits(cohort))
                .map(|cohort| cohort.count)
                .sum();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a share of a number of pods"
            )]
            let mut left = (f64::from(running) * share).round() as i32;
            for index in 0..self.cohorts.len() {
                let cohort = &mut self.cohorts[index];
                let gone = left.min(cohort.count);
                if gone == 0 || !fits(cohort) {
                    continue;
                }
                cohort.count -= gone;
                left -= gone;
                let victims = Cohort {
                    lost: Some(loss),
                    count: gone,
                    ..*cohort
                };
                self.add(victims);
            }
        }
        self.cohorts.retain(|cohort| 0 < cohort.count);
    }

    /// Starts Pending pods, the oldest first, as far as there is room.
    fn give_room(&mut self, truth: Truth<'_>, now: SimTime) {
        let Some(room) = truth.environment.room else {
            return;
        };
        let mut free = room - self.count();
        while 0 < free {
            let oldest = self
                .cohorts
                .iter_mut()
                .filter(|cohort| cohort.started.is_none() && 0 < cohort.count)
                .min_by_key(|cohort| cohort.created);
            let Some(cohort) = oldest else { break };
            let start = free.min(cohort.count);
            cohort.count -= start;
            free -= start;
            let started = Cohort {
                started: Some(now),
                count: start,
                ..*cohort
            };
            self.add(started);
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

    /// The pods of `owner` that count as ready although their nodes are lost.
    #[must_use]
    pub fn dead(&self, environment: &Environment, owner: ReplicaSetId, now: SimTime) -> i32 {
        self.of(owner)
            .filter(|cohort| cohort.lost.is_some())
            .filter(|cohort| cohort.ready_since(environment, now).is_some())
            .map(|cohort| cohort.count)
            .sum()
    }

    /// All pods that take room, those that are being deleted included: Pending ones cost nothing.
    #[must_use]
    pub fn count(&self) -> i32 {
        let placed = self.cohorts.iter();
        let placed = placed.filter(|cohort| cohort.started.is_some());
        placed
            .map(|cohort| cohort.count)
            .chain(self.leaving.iter().map(|leaving| leaving.count))
            .sum()
    }

    /// When the ready pods of `owner` started, and how many at each time.
    pub fn ready_starts<'a>(
        &'a self,
        environment: &'a Environment,
        owner: ReplicaSetId,
        now: SimTime,
    ) -> impl Iterator<Item = (SimTime, i32)> + 'a {
        self.of(owner).filter_map(move |cohort| {
            cohort.ready_since(environment, now)?;
            Some((cohort.started?, cohort.count))
        })
    }

    /// The next instant after `now` at which a pod may change by itself.
    #[must_use]
    pub fn next_change(&self, environment: &Environment, now: SimTime) -> Option<SimTime> {
        let changes = self
            .cohorts
            .iter()
            .filter_map(|cohort| cohort.next_change(environment, now));
        let ends = self.leaving.iter().map(|leaving| leaving.until);
        let losses = environment.faults.iter().filter_map(|fault| {
            let is_loss = matches!(fault.breaks, Breaks::NodeLoss { .. });
            (is_loss && fault.from < fault.to).then_some(fault.from)
        });
        // What lasts for ever has no end that anybody could wait for.
        changes
            .chain(ends)
            .chain(losses)
            .filter(|at| now < *at && *at < SimTime::MAX)
            .min()
    }
}

impl Cohort {
    fn image<'e>(&self, environment: &'e Environment) -> &'e Image {
        &environment.images[usize::from(self.template.0)]
    }

    fn kind(&self) -> Kind {
        Kind {
            owner: self.owner,
            template: self.template,
            min_ready: self.min_ready,
        }
    }

    /// Since when the pods are ready without interruption, if they are.
    fn ready_since(&self, environment: &Environment, now: SimTime) -> Option<SimTime> {
        let started = self
            .started
            .filter(|_| !self.stuck && self.lost.is_none_or(|loss| now < loss.noticed))?;
        let image = self.image(environment);
        let moment = life::at(image, self.startup, now - started);
        self.ready_at(image, started, moment, now)
    }

    /// The same of pods that started, and whose nodes nobody misses yet.
    #[inline]
    fn ready_at(
        &self,
        image: &Image,
        started: SimTime,
        moment: life::Moment,
        now: SimTime,
    ) -> Option<SimTime> {
        let mut since = (started + moment.ready_since?).max(self.not_before);
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
        if let Some(loss) = self.lost {
            return Some(if now < loss.noticed {
                loss.noticed.min(loss.ends)
            } else {
                loss.ends
            });
        }
        let started = self.started.filter(|_| !self.stuck)?;
        let image = self.image(environment);
        let mut next = None;
        let mut consider = |change: SimTime| {
            if now < change && next.is_none_or(|next| change < next) {
                next = Some(change);
            }
        };
        let moment = life::at(image, self.startup, now - started);
        if let Some(age) = moment.changes {
            consider(started + age);
        }
        if let Some(since) = self.ready_at(image, started, moment, now) {
            consider(since + self.min_ready);
        }
        for (from, to) in &image.unready {
            consider(*from);
            consider(*to);
        }
        next
    }
}
