//! The same release with another truth: how often requests to the version under test really fail.
//!
//! Knows: where an error rate stands in a compiled [`Environment`]. Refuses to know policies and manifests, which cannot
//! see it. Simplifies: the error rate is constant, whatever curve the scenario has; samples that are drawn for a metric
//! count requests to the version under test, whatever the query says.

use crate::cluster::TemplateId;
use crate::cluster::provider::Answer;
use crate::plan::Environment;
use crate::plan::environment::{Changing, Gauge};

/// The environment in which requests to `version` fail with this probability (0 to 1), those to other versions as
/// before; `None` if nothing depends on it: neither traffic nor samples.
#[must_use]
pub fn with_error_rate(
    environment: &Environment,
    version: TemplateId,
    rate: f64,
) -> Option<Environment> {
    let mut changed = environment.clone();
    let mut matters = changed.traffic.is_some();
    if let Some(image) = changed.images.get_mut(usize::from(version.0)) {
        image.health.errors = Changing::constant(rate);
    }
    for source in &mut changed.sources {
        let points = source.points.iter_mut().map(|(_, scripted)| scripted);
        for scripted in points.chain([&mut source.before]) {
            if let Answer::Shown(Gauge::Draw(draw)) = &mut scripted.reading.answer {
                draw.failing = rate;
                matters = true;
            }
        }
    }
    matters.then_some(changed)
}
