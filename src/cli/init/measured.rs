//! What a release measures, metric by metric, with every argument filled in.

use crate::cli::init::guess;
use crate::plan::analysis_template::{ProviderKind, ResolvedMetric};
use crate::plan::compile::Compiled;
use crate::promql::{Query, QueryError};
use crate::sight::place::{self, Place};

/// All metrics of a name: scenarios know metrics by their names only.
pub(super) struct Measured<'a> {
    pub(super) name: &'a str,
    /// At least one; those that measure the same are one.
    pub(super) uses: Vec<Use<'a>>,
}

/// A metric of that name, and where it is measured.
pub(super) struct Use<'a> {
    pub(super) places: Vec<Place>,
    pub(super) metric: &'a ResolvedMetric,
    /// The query, where the provider is Prometheus.
    pub(super) query: Option<Result<Query, QueryError>>,
}

/// A site that comes to no run, and why.
pub(super) struct Failed<'a> {
    pub(super) place: Place,
    pub(super) message: &'a str,
}

/// All metrics, in the order in which the release comes to them, and the sites without any.
pub(super) fn all(compiled: &Compiled) -> (Vec<Measured<'_>>, Vec<Failed<'_>>) {
    let (mut found, mut failed): (Vec<Measured<'_>>, Vec<Failed<'_>>) = (Vec::new(), Vec::new());
    for (place, site) in place::places(&compiled.plan) {
        let Some(measured) = compiled.measured.get(usize::from(site)) else {
            continue;
        };
        let analysis = match measured {
            Ok(analysis) => analysis,
            Err(error) => {
                let message = error.message();
                failed.push(Failed { place, message });
                continue;
            }
        };
        for metric in &analysis.metrics {
            add(&mut found, metric, &place);
        }
    }
    (found, failed)
}

fn add<'a>(found: &mut Vec<Measured<'a>>, metric: &'a ResolvedMetric, place: &Place) {
    let index = found.iter().position(|one| one.name == metric.name);
    let index = index.unwrap_or_else(|| {
        found.push(Measured {
            name: &metric.name,
            uses: Vec::new(),
        });
        found.len() - 1
    });
    let uses = &mut found[index].uses;
    let same = |one: &&mut Use<'_>| {
        let same = one.metric.provider == metric.provider;
        same && one.metric.interval == metric.interval
    };
    if let Some(known) = uses.iter_mut().find(same) {
        known.places.push(place.clone());
        return;
    }
    let is_prometheus = metric.kind == ProviderKind::Prometheus;
    uses.push(Use {
        places: vec![place.clone()],
        metric,
        query: is_prometheus.then(|| Query::compile(&guess::query_text(metric))),
    });
}

impl Use<'_> {
    /// The query, if it can be evaluated.
    pub(super) fn readable(&self) -> Option<&Query> {
        self.query.as_ref()?.as_ref().ok()
    }
}
