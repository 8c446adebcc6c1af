//! Which truth of a scenario is the error rate of the release under test.
//!
//! Knows: the version that is deployed at the start fails with it, and so do the requests that metrics draw for
//! themselves. Refuses to know how metrics read what the service shows. Simplifies: every draw is of the version under
//! test, for a draw names no version.

use std::sync::Arc;

use crate::cluster::TemplateId;
use crate::cluster::provider::Answer;
use crate::diagnostic::Diagnostic;
use crate::plan::Environment;
use crate::plan::environment::{Aspect, Changing, Draw, Gauge, Sample, Scripted, Shows, Source};
use crate::trials::Stage;

/// What fails with the error rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    /// The version under test, where there is traffic.
    pub version: Option<Version>,
    /// Whether a metric looks at the requests of the simulated service.
    pub is_watched: bool,
    /// The metrics that draw requests of their own, by name, in order, each once.
    pub drawing: Vec<String>,
    /// The rate of a healthy release, as far as the scenario says one.
    pub healthy: Option<f64>,
}

/// A version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its template.
    pub template: TemplateId,
    /// Its name.
    pub tag: String,
}

impl Tested {
    /// What fails with the error rate of the release.
    ///
    /// A healthy release is as good as the stable version, where there is traffic and its rate is known and constant;
    /// otherwise it fails as the draws do, where all of them have one rate that is known. What is believed about the
    /// release under test does not count: its rate is what is studied.
    ///
    /// # Errors
    ///
    /// Refuses a scenario in which nothing depends on an error rate.
    pub fn of(stage: &Stage<'_>) -> Result<Self, Box<Diagnostic>> {
        let Stage {
            plan,
            environment,
            start,
            ..
        } = stage;
        let rollout = start.cluster.rollout.as_ref();
        let version = rollout.filter(|_| environment.traffic.is_some());
        let version = version.map(|rollout| Version {
            template: rollout.template,
            tag: plan.template(rollout.template).tag.clone(),
        });
        let mut drawing: Vec<String> = Vec::new();
        for metric in plan.analyses.iter().flat_map(|analysis| &analysis.metrics) {
            let source = environment.sources.get(metric.source as usize);
            let is_drawn = source.is_some_and(|source| draws(source).next().is_some());
            if is_drawn && !drawing.contains(&metric.name) {
                drawing.push(metric.name.clone());
            }
        }
        if version.is_none() && drawing.is_empty() {
            return Err(Box::new(independent()));
        }
        let stable = rollout.and_then(|rollout| rollout.status.stable);
        let healthy_stable = stable
            .filter(|_| version.is_some())
            .and_then(|stable| environment.images.get(usize::from(stable.0)))
            .filter(|image| image.is_known(Aspect::ErrorRate))
            .and_then(|image| image.health.errors.curve.as_constant());
        let is_watched = version.is_some() && environment.sources.iter().any(watches);
        Ok(Self {
            healthy: if is_watched || drawing.is_empty() {
                healthy_stable
            } else {
                common(environment)
            },
            version,
            is_watched,
            drawing,
        })
    }

    /// Whether it is only believed how many requests of the release fail.
    #[must_use]
    pub fn is_believed(&self, environment: &Environment) -> bool {
        let version = self.version.as_ref();
        let image =
            version.and_then(|version| environment.images.get(usize::from(version.template.0)));
        let mut samples = environment.sources.iter().flat_map(draws);
        image.is_some_and(|image| !image.is_known(Aspect::ErrorRate))
            || samples.any(|sample| sample.belief().is_some())
    }

    /// The same world with a release that fails at this rate, 0 to 1.
    #[must_use]
    pub fn at(&self, environment: &Environment, rate: f64) -> Environment {
        let mut changed = environment.clone();
        let version = self.version.as_ref();
        let image =
            version.and_then(|version| changed.images.get_mut(usize::from(version.template.0)));
        if let Some(image) = image {
            image.health.errors = Changing::constant(rate);
            image.settle(Aspect::ErrorRate);
        }
        for source in &mut changed.sources {
            let points = source.points.iter_mut().map(|(_, scripted)| scripted);
            for scripted in points.chain([&mut source.before]) {
                if let Answer::Shown(Gauge::Draw(sample)) = &mut scripted.reading.answer {
                    *sample = Arc::new(Sample::new(Draw {
                        failing: rate,
                        ..*sample.draw()
                    }));
                }
            }
        }
        changed
    }
}

/// The answers that a source gives from t = 0 on.
pub(super) fn answers(source: &Source) -> impl Iterator<Item = &Scripted> {
    // What was in force before is never asked for.
    let first = source
        .points
        .iter()
        .rposition(|(from, _)| *from <= crate::time::SimTime::ZERO);
    let before = Some(&source.before).filter(|_| first.is_none());
    let points = source.points.iter().skip(first.unwrap_or(0));
    before
        .into_iter()
        .chain(points.map(|(_, scripted)| scripted))
}

fn draws(source: &Source) -> impl Iterator<Item = &Sample> {
    answers(source).filter_map(|scripted| match &scripted.reading.answer {
        Answer::Shown(Gauge::Draw(sample)) => Some(&**sample),
        _ => None,
    })
}

/// Whether a source shows failures of the simulated service, or may.
fn watches(source: &Source) -> bool {
    answers(source).any(|scripted| match &scripted.reading.answer {
        Answer::Shown(Gauge::Query(_)) => true,
        Answer::Shown(Gauge::Signal(signal)) => !matches!(
            signal.shows,
            Shows::Requests | Shows::Latency { .. } | Shows::Saturation
        ),
        _ => false,
    })
}

/// The rate of all draws, if it is one and known.
fn common(environment: &Environment) -> Option<f64> {
    let samples = || environment.sources.iter().flat_map(draws);
    if samples().any(|sample| sample.belief().is_some()) {
        return None;
    }
    let mut rates = samples().map(|sample| sample.draw().failing);
    let first = rates.next()?;
    rates
        .all(|rate| rate.total_cmp(&first).is_eq())
        .then_some(first)
}

fn independent() -> Diagnostic {
    let message = "nothing in this world depends on the error rate of the release: there is no \
                   traffic, and no metric draws requests";
    let help = "write `traffic: {rps: 100}` into the scenario, or let a metric draw: \
                `{draw: errorRatio, requests: 100, errorRate: 0.001}`";
    Diagnostic::error("no-error-rate", message).help(help)
}
