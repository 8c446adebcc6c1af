//! The timeline as a table, one line for each entry, for spreadsheets and plots.
//!
//! | column | content |
//! |---|---|
//! | `seconds` | virtual time since the manifest was applied |
//! | `who`, `kind` | who acted, and the kind of entry |
//! | `step`, `weight`, `active` | the state after the instant; empty where it does not apply; steps are counted from 0 |
//! | `pods` | available/desired pods by version: `v1=3/3 v2=1/2` |
//! | `metric`, `value`, `phase` | of a measurement |
//! | `what`, `why` | in words |
//!
//! Behind the timeline follow the verdict, and one line of the kind `measure` for each number of the accounts, with its name in
//! `metric` ([`Impact::measures`]).

use crate::report::text::Detail;
use crate::report::{Entry, Impact, Report};
use crate::time::SimTime;

/// The names of the columns.
pub const COLUMNS: [&str; 12] = [
    "seconds", "who", "kind", "step", "weight", "active", "pods", "metric", "value", "phase",
    "what", "why",
];

/// The table. Details are in it with [`Detail::Verbose`] only; with [`Detail::Quiet`] it has a single line with the verdict.
///
/// # Panics
///
/// Never: rows have one length, and memory does not fail.
#[must_use]
pub fn render(report: &Report, detail: Detail) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let told = |entry: &&Entry| match detail {
        Detail::Quiet => false,
        Detail::Normal => !entry.detail,
        Detail::Verbose => true,
    };
    let rows = report
        .entries
        .iter()
        .filter(told)
        .map(|entry| row(report, entry));
    let header = COLUMNS.map(str::to_owned);
    let measures = report.impact.iter().flat_map(Impact::measures);
    let measures = measures.map(|(name, value)| measure(report, name, value));
    for row in std::iter::once(header)
        .chain(rows)
        .chain(std::iter::once(verdict(report)))
        .chain(measures)
    {
        writer
            .write_record(&row)
            .expect("rows of one length in memory");
    }
    let bytes = writer.into_inner().expect("memory does not fail");
    String::from_utf8(bytes).expect("written from texts")
}

fn seconds(at: SimTime) -> String {
    (at - SimTime::ZERO).seconds().to_string()
}

fn row(report: &Report, entry: &Entry) -> [String; 12] {
    let state = &entry.state;
    let number = |number: Option<i32>| number.map_or(String::new(), |number| number.to_string());
    let pods = report.versions.iter().zip(&state.pods);
    let pods: Vec<String> = pods
        .filter(|(_, pods)| **pods != (0, 0))
        .map(|(version, (available, desired))| format!("{version}={available}/{desired}"))
        .collect();
    let (metric, value, phase) = entry
        .measurement
        .as_ref()
        .map_or_else(Default::default, |one| {
            (one.metric.clone(), one.value.clone(), one.phase.to_owned())
        });
    [
        seconds(entry.at),
        entry.actor.name().to_owned(),
        entry.kind.name().to_owned(),
        number(state.step),
        number(state.weight),
        state.active.clone().unwrap_or_default(),
        pods.join(" "),
        metric,
        value,
        phase,
        entry.what.clone(),
        entry.why.clone(),
    ]
}

/// The last line: the verdict.
fn verdict(report: &Report) -> [String; 12] {
    let outcome = &report.verdict.outcome;
    let mut row: [String; 12] = Default::default();
    row[0] = seconds(outcome.since);
    row[2].push_str("verdict");
    row[3] = outcome.step.map_or(String::new(), |step| step.to_string());
    row[10].push_str(outcome.verdict.name());
    row[11].clone_from(&outcome.reason);
    row
}

/// A number of the accounts.
fn measure(report: &Report, name: &str, value: f64) -> [String; 12] {
    let mut row: [String; 12] = Default::default();
    row[0] = seconds(report.end);
    row[2].push_str("measure");
    row[7].push_str(name);
    row[8] = value.to_string();
    row
}
