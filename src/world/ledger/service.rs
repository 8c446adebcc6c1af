//! How well a version serves during a stretch of time in which all curves are straight.

use super::Ledger;
use crate::cluster::TemplateId;
use crate::curve::Line;
use crate::law::Law;
use crate::plan::Environment;
use crate::plan::environment::{Breaks, Changing, Since};
use crate::time::Delta;

/// A queue lengthens requests twentyfold at most.
const FULLEST: f64 = 0.95;

/// How well a version serves during a stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Service {
    /// Share of requests that fail.
    errors: Line,
    /// Share of requests that no fault hits.
    spared: f64,
    /// How many times as long requests take.
    slowness: Line,
    /// Requests per second that all its pods can serve.
    capacity: Option<f64>,
}

impl Service {
    /// The share of requests that fail, `seconds` into the stretch, under `load` requests per second.
    pub(super) fn fails(&self, seconds: f64, load: f64) -> f64 {
        let sound = (1.0 - self.errors.after(seconds).clamp(0.0, 1.0)) * self.spared;
        let admitted = match self.capacity {
            Some(capacity) if capacity < load => capacity / load,
            _ => 1.0,
        };
        1.0 - sound * admitted
    }

    /// How many times as long requests take.
    pub(super) fn stretches(&self, seconds: f64, load: f64) -> f64 {
        let queue = self.capacity.map_or(1.0, |capacity| {
            1.0 / (1.0 - (load / capacity.max(f64::MIN_POSITIVE)).min(FULLEST))
        });
        self.slowness.after(seconds).max(0.0) * queue
    }

    /// Requests per second that all its pods can serve; `None`: any number.
    pub(super) fn capacity(&self) -> Option<f64> {
        self.capacity
    }

    pub(super) fn is_flat(&self) -> bool {
        self.errors.slope == 0.0 && self.slowness.slope == 0.0
    }
}

/// The share of requests of a version that take longer than a limit; distribution functions are dear, and often asked for the same.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct SlowShare {
    times: f64,
    share: f64,
}

impl SlowShare {
    /// The share of requests that take longer than `limit` if they take `times` as long as `law` says.
    pub(super) fn of(&mut self, law: &Law, limit: Delta, times: f64) -> f64 {
        if times.to_bits() != self.times.to_bits() {
            let share = 1.0 - law.up_to(limit.seconds() / times.max(f64::MIN_POSITIVE));
            *self = Self { times, share };
        }
        self.share
    }
}

impl Ledger {
    /// How well a version serves from now on.
    pub(super) fn service(&self, environment: &Environment, version: TemplateId) -> Service {
        let health = &environment.images[usize::from(version.0)].health;
        let mut service = Service {
            errors: self.line(&health.errors, version),
            spared: 1.0,
            slowness: self.line(&health.latency_factor, version),
            capacity: health
                .capacity
                .map(|capacity| capacity * f64::from(self.ready_pods(version))),
        };
        for fault in environment
            .faults
            .iter()
            .filter(|fault| fault.holds(self.at))
        {
            match &fault.breaks {
                Breaks::Errors { image, rate, share } if *image == version => {
                    service.spared *= 1.0 - rate * share;
                }
                Breaks::Dependency { rate } => service.spared *= 1.0 - rate,
                Breaks::Schema { understood_by } if !understood_by.contains(&version) => {
                    service.spared = 0.0;
                }
                Breaks::Latency { image, factor } if image.is_none_or(|image| image == version) => {
                    service.slowness.value *= factor;
                    service.slowness.slope *= factor;
                }
                _ => {}
            }
        }
        service
    }

    pub(super) fn ready_pods(&self, version: TemplateId) -> i32 {
        let sets = self.actual.sets.iter();
        sets.filter(|set| set.template == version)
            .map(|set| set.alive)
            .sum()
    }

    /// The straight line of a curve from now on; where pods have their own time, their mean.
    fn line(&self, changing: &Changing, version: TemplateId) -> Line {
        if let Some(value) = changing.curve.as_constant() {
            return Line { value, slope: 0.0 };
        }
        let ages = || self.ages.iter().filter(|(of, _, _)| *of == version);
        let pods: i32 = ages().map(|(_, _, count)| count).sum();
        if changing.since != Since::Pod || pods == 0 {
            let origin = self.origin(changing.since, version);
            return changing.curve.line(self.at - origin);
        }
        ages().fold(Line::default(), |mean, (_, start, count)| {
            let (line, share) = (
                changing.curve.line(self.at - *start),
                f64::from(*count) / f64::from(pods),
            );
            Line {
                value: line.value.mul_add(share, mean.value),
                slope: line.slope.mul_add(share, mean.slope),
            }
        })
    }

    /// The stable version as if there had been no release: all pods, and only what hits every version.
    pub(super) fn alone(
        &self,
        environment: &Environment,
        version: TemplateId,
        service: Service,
    ) -> Service {
        let capacity = environment.images[usize::from(version.0)].health.capacity;
        let faults = environment
            .faults
            .iter()
            .filter(|fault| fault.holds(self.at));
        let spared = faults.fold(1.0, |spared, fault| match &fault.breaks {
            Breaks::Dependency { rate } => spared * (1.0 - rate),
            Breaks::Errors { image, rate, share } if *image == version => {
                spared * (1.0 - rate * share)
            }
            _ => spared,
        });
        Service {
            spared,
            capacity: capacity.map(|capacity| capacity * f64::from(self.state.asked)),
            ..service
        }
    }
}
