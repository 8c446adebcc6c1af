//! A part of the timeline: what happened around some moments.

use super::{Columns, DIM, Look, entry_lines, paint, title};
use crate::report::{Entry, Report};
use crate::time::SimTime;

/// So many instants before and after a moment are shown.
const BEFORE: usize = 2;
const AFTER: usize = 1;

/// The timeline around some moments, in lines; three dots stand for what is left out. Details are not told.
#[must_use]
pub fn excerpt(report: &Report, moments: &[SimTime], look: Look) -> String {
    let entries: Vec<&Entry> = report
        .entries
        .iter()
        .filter(|entry| !entry.detail)
        .collect();
    let instants: Vec<&[&Entry]> = entries.chunk_by(|a, b| a.at == b.at).collect();
    let mut shown = vec![false; instants.len()];
    for moment in moments {
        // The last instant that is not after the moment, and its neighbours.
        let next = instants.partition_point(|entries| entries[0].at <= *moment);
        let from = next.saturating_sub(1 + BEFORE);
        let to = (next + AFTER).min(instants.len());
        shown[from..to].fill(true);
    }
    let columns = Columns::of(report, &entries);
    let mut out = title(&columns, look) + "\n";
    let dots = paint(look, DIM, "...") + "\n";
    let mut is_cut = false;
    for (entries, shown) in instants.iter().zip(shown) {
        if !shown {
            if !is_cut {
                out.push_str(&dots);
            }
            is_cut = true;
            continue;
        }
        is_cut = false;
        for (index, entry) in entries.iter().enumerate() {
            entry_lines(&mut out, entry, index == 0, &columns, look);
        }
    }
    out
}
