//! What walks came to so far: each summary once, whoever comes to it again.
//!
//! Knows: where walks arrive, and by which detours. Simplifies: beyond a number of summaries new ones are not remembered.

use std::collections::HashMap;

use crate::chain::graph::{Arrival, Graph, Sums};
use crate::trials::Summary;

/// So many summaries are remembered.
const MOST: usize = 1 << 16;

/// Nobody arrived here yet.
const NONE: u32 = u32::MAX;

/// The summaries of walks, by where they arrived.
#[derive(Debug, Default)]
pub(super) struct Known {
    summaries: Vec<Summary>,
    /// By end, for those who got there without detours.
    straight: Vec<u32>,
    /// For all others.
    by_detours: HashMap<Arrival, u32>,
}

impl Known {
    /// All of them, in the order in which they became known: no later one changes the place of another.
    pub(super) fn summaries(&self) -> &[Summary] {
        &self.summaries
    }

    /// The place of a summary; `None`: it is too long to be one, or one too many.
    #[inline]
    pub(super) fn place(&mut self, graph: &Graph, arrival: Arrival) -> Option<u32> {
        if arrival.detours == Sums::default() {
            let known = self.straight.get(arrival.end as usize);
            if let Some(place) = known.filter(|place| **place != NONE) {
                return Some(*place);
            }
        }
        self.look(graph, arrival)
    }

    #[cold]
    fn look(&mut self, graph: &Graph, arrival: Arrival) -> Option<u32> {
        if let Some(place) = self.by_detours.get(&arrival) {
            return Some(*place);
        }
        if MOST <= self.summaries.len() || graph.is_too_long(arrival) {
            return None;
        }
        let place = u32::try_from(self.summaries.len()).ok()?;
        self.summaries.push(graph.summary(arrival));
        if arrival.detours == Sums::default() {
            self.straight.resize(graph.ends.len(), NONE);
            self.straight[arrival.end as usize] = place;
        } else {
            self.by_detours.insert(arrival, place);
        }
        Some(place)
    }
}
