//! What is asked of Prometheus: the parts of families that queries name.
//!
//! Refuses to know values and labels.

use std::ops::Range;

use crate::promql::{Query, Selector};
use crate::series::family::{FAMILIES, Family, Measure, Seen};
use crate::series::quantity::{Part, parts};
use crate::series::{Exporter, given};
use crate::time::{Delta, SimTime};
use crate::world::ledger::Outcome;

/// What queries look at.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) members: Vec<Member>,
    /// The members of each metric: only those of one metric can be alike.
    pub(super) metrics: Vec<Range<usize>>,
    /// What is older than this at a question has no influence on any answer; `None`: everything has.
    pub(super) reach: Option<Delta>,
}

/// A part of a family as one of those see it who have it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) how: How,
    /// The name of the metric.
    pub(super) name: String,
    /// How many quantities it has.
    pub(super) width: usize,
}

/// Where a member comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum How {
    /// Whether targets answer.
    Up(&'static Family),
    /// The counters of pods.
    Pods(&'static Family, Part),
    /// The counters of the pods' sidecars.
    Sidecars(&'static Family, Part),
    /// The counters of a gateway.
    Gateway(&'static Family, Part),
    /// Seen from outside.
    Watched(&'static Family),
    /// A series of the scenario, by its number.
    Given(usize),
}

impl Asked {
    /// What the queries of the environment look at.
    pub(super) fn of(exporter: &Exporter<'_>) -> Self {
        let queries = || {
            let queries = exporter.environment.queries.iter();
            queries.map(|asking| &asking.query)
        };
        let mut asked = Self {
            reach: reach(exporter),
            ..Self::default()
        };
        for metric in exporter.metrics() {
            if queries().any(|query| names(query, &metric.name)) {
                let first = asked.members.len();
                asked.add(exporter, &metric.name);
                asked.metrics.push(first..asked.members.len());
            }
        }
        asked
    }

    /// The members of a metric, in the order of [`Exporter::series`].
    fn add(&mut self, exporter: &Exporter<'_>, metric: &str) {
        let profiles = exporter.profiles();
        for family in FAMILIES {
            let base = exporter.name(family);
            if !profiles.contains(&family.profile) {
                continue;
            }
            for part in parts(family) {
                let name = format!("{base}{}", part.suffix());
                if metric == base || metric == name {
                    self.add_part(exporter, family, *part, &name);
                }
            }
        }
        let scraping = exporter.scraping();
        for (index, given) in scraping.given.iter().enumerate() {
            if given.name == metric {
                self.push(How::Given(index), metric, 1);
            }
        }
    }

    fn add_part(
        &mut self,
        exporter: &Exporter<'_>,
        family: &'static Family,
        part: Part,
        name: &str,
    ) {
        let width = exporter.width(family, part);
        let own = match (family.seen, family.measure) {
            (Seen::FromOutside, _) => Some(How::Watched(family)),
            (Seen::ByGateway, _) => None,
            (_, Measure::Up) => Some(How::Up(family)),
            (Seen::ByService, _) => Some(How::Pods(family, part)),
            _ => Some(How::Sidecars(family, part)),
        };
        if let Some(own) = own {
            self.push(own, name, width);
        }
        if matches!(family.seen, Seen::ByGateway | Seen::ByBoth) {
            self.push(How::Gateway(family, part), name, width);
        }
    }

    fn push(&mut self, how: How, name: &str, width: usize) {
        self.members.push(Member {
            how,
            name: name.to_owned(),
            width,
        });
    }

    /// Whether anything is asked that targets of services show.
    pub(super) fn needs_targets(&self) -> bool {
        let mut members = self.members.iter();
        members.any(|member| matches!(member.how, How::Up(_) | How::Pods(..)))
    }

    /// Whether anything is asked that sidecars show.
    pub(super) fn needs_sidecars(&self) -> bool {
        let mut members = self.members.iter();
        members.any(|member| matches!(member.how, How::Sidecars(..)))
    }
}

impl Member {
    /// How many series a target can show of it.
    pub(super) fn series(&self) -> usize {
        self.width * Outcome::ALL.len()
    }

    /// The number of the first target of given series is that of the series.
    pub(super) fn given_target(index: usize) -> u64 {
        given::TARGET + index as u64
    }
}

/// Whether a query may look at a metric.
fn names(query: &Query, metric: &str) -> bool {
    let selectors = query.selectors();
    let mut names = selectors.iter().map(Selector::metric);
    names.any(|name| name.is_none_or(|name| name == metric))
}

/// How far queries look back; ranges may begin anywhere.
fn reach(exporter: &Exporter<'_>) -> Option<Delta> {
    let queries = exporter.environment.queries.iter();
    let reach = queries
        .map(|asking| {
            asking
                .range
                .is_none()
                .then(|| asking.query.reach())
                .flatten()
        })
        .try_fold(0, |farthest, reach| Some(reach?.max(farthest)))?;
    let margin = exporter.scraping().interval.max(Delta::from_secs(1));
    Some(Delta::from_millis(reach) + margin + margin)
}

impl Asked {
    /// Up to when nothing has an influence on what is answered at `now`.
    pub(super) fn forgotten(&self, now: SimTime) -> SimTime {
        self.reach.map_or(SimTime::from_nanos(i64::MIN), |reach| {
            SimTime::from_nanos(now.nanos().saturating_sub(reach.nanos()))
        })
    }
}
