//! The labels of series, made once and kept from run to run.
//!
//! Knows which series a target may show, and which of them queries look at. What it knows follows from the plan and the environment alone;
//! which of it is there in a run, and under which number, is told anew in each. Refuses to know values.

use std::collections::HashMap;

use super::asked::Member;
use crate::cluster::TemplateId;
use crate::promql::Labels;
use crate::series::labels::Service;

/// All series that were ever looked for.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    /// The first place of a member of somebody.
    blocks: HashMap<(usize, Owner), usize>,
    places: Vec<Entry>,
    series: Vec<Known>,
    by_labels: HashMap<Labels, usize>,
    /// The names of `ReplicaSet`s, with what they run.
    sets: Vec<(String, TemplateId)>,
    /// Series without a rank.
    unranked: usize,
    life: u64,
}

/// Whose series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// A pod's, by the name of its `ReplicaSet` and its number, as a target of a service.
    Pod(usize, u32, Service),
    /// A gateway's: of requests to a service, for the canary or not, to a version.
    Route(Service, bool, Option<TemplateId>),
    /// The scenario's.
    Given,
}

/// What is known of a series that somebody may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Nobody has asked.
    Unknown,
    /// No query looks at it.
    Unselected,
    /// It is the series with this number.
    Series(usize),
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) labels: Labels,
    /// Its number in the run with this number.
    number: usize,
    life: u64,
    /// When somebody showed it last: for the same time nobody else does.
    pub(super) shown: u64,
    /// Its place in the order of labels.
    rank: Option<usize>,
}

/// More series are forgotten between runs; some runs make new ones without end.
const KNOWN_MAX: usize = 1 << 16;
/// The same for places.
const PLACES_MAX: usize = 1 << 20;

impl Catalogue {
    /// Gets ready for another run.
    pub(super) fn clear(&mut self) {
        self.life += 1;
        if KNOWN_MAX < self.series.len() || PLACES_MAX < self.places.len() {
            *self = Self {
                life: self.life,
                ..Self::default()
            };
        }
        // Seldom enough to cost little for each series.
        if self.series.len() < 8 * self.unranked {
            let mut order: Vec<usize> = (0..self.series.len()).collect();
            order.sort_unstable_by(|one, other| {
                self.series[*one].labels.cmp(&self.series[*other].labels)
            });
            for (rank, series) in order.into_iter().enumerate() {
                self.series[series].rank = Some(rank);
            }
            self.unranked = 0;
        }
    }

    /// The number of a `ReplicaSet`'s name.
    pub(super) fn set(&mut self, name: String, template: TemplateId) -> usize {
        let known = self.sets.iter().position(|(own, _)| *own == name);
        known.unwrap_or_else(|| {
            self.sets.push((name, template));
            self.sets.len() - 1
        })
    }

    /// The name of a `ReplicaSet`, and what it runs.
    pub(super) fn name_of_set(&self, set: usize) -> (&str, TemplateId) {
        let (name, template) = &self.sets[set];
        (name, *template)
    }

    /// The first place of the series of a member (the one with this number) that somebody may show.
    pub(super) fn block(&mut self, number: usize, member: &Member, owner: Owner) -> usize {
        *self.blocks.entry((number, owner)).or_insert_with(|| {
            let first = self.places.len();
            self.places.resize(first + member.series(), Entry::Unknown);
            first
        })
    }

    pub(super) fn entry(&self, place: usize) -> Entry {
        self.places[place]
    }

    /// Notes that the series at a place has these labels, and whether queries look at it.
    pub(super) fn know(
        &mut self,
        place: usize,
        labels: Labels,
        is_selected: impl FnOnce(&Labels) -> bool,
    ) -> Entry {
        let entry = match self.by_labels.get(&labels) {
            Some(known) => Entry::Series(*known),
            None if is_selected(&labels) => {
                self.by_labels.insert(labels.clone(), self.series.len());
                self.series.push(Known {
                    labels,
                    number: 0,
                    life: u64::MAX,
                    shown: 0,
                    rank: None,
                });
                self.unranked += 1;
                Entry::Series(self.series.len() - 1)
            }
            None => Entry::Unselected,
        };
        self.places[place] = entry;
        entry
    }

    pub(super) fn series(&self, series: usize) -> &Known {
        &self.series[series]
    }

    /// Notes when a series was shown.
    pub(super) fn show(&mut self, series: usize, when: u64) {
        self.series[series].shown = when;
    }

    /// The number of a series in this run, if it has one.
    pub(super) fn number(&self, series: usize) -> Option<usize> {
        let known = &self.series[series];
        (known.life == self.life).then_some(known.number)
    }

    /// Gives a series its number in this run.
    pub(super) fn give_number(&mut self, series: usize, number: usize) {
        let life = self.life;
        let known = &mut self.series[series];
        (known.number, known.life) = (number, life);
    }

    /// Puts series into the order of their labels.
    pub(super) fn sort<T>(&self, series: &mut [T], number: impl Fn(&T) -> usize) {
        let rank = |one: &T| self.series[number(one)].rank;
        if series.iter().all(|one| rank(one).is_some()) {
            series.sort_unstable_by_key(rank);
        } else {
            let labels = |one: &T| &self.series[number(one)].labels;
            series.sort_unstable_by(|one, other| labels(one).cmp(labels(other)));
        }
    }
}
