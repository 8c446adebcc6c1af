//! What a query sees: which series it selects in the state of a run, which of its matchers stand in the way, whose
//! series these are, and what it answers.
//!
//! Knows: selectors, series, and which version a series belongs to. Refuses to know: conditions, files, and what to do
//! about it.
//! Simplifies: whose a series is, is read off its labels (pod template hash, version, services), as a person would.

mod behind;
mod matching;
pub mod place;
mod whose;

use std::collections::BTreeMap;

use crate::plan::environment::{Profile, Scraping};
use crate::promql::{Answer, METRIC_NAME, Query, Scratch};
use crate::series::{self, Exporter, Window, exposition, storing};
use crate::time::{Delta, SimTime};

pub use behind::Behind;
pub use matching::{Blind, Cure};
pub use whose::{Versions, Whose};

/// What a query sees in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// What each of its selectors selects, from left to right; each selector once.
    pub selections: Vec<Selection>,
    /// What it answers.
    pub answers: Answers,
    /// Whether it answers anything in the end.
    pub lasts: bool,
}

/// What a selector selects.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The selector, without its range and offset.
    pub selector: String,
    /// The metric, if the selector asks for exactly one.
    pub metric: Option<String>,
    /// Whether anybody exports the metric.
    pub export: Export,
    /// How many series it selects.
    pub series: usize,
    /// Whose they are; `None` without series.
    pub whose: Option<Whose>,
    /// What stands in the way where nothing is selected although the metric has series.
    pub blind: Vec<Blind>,
    /// How old the oldest sample is that it asks for; `None` if it looks at a time of its own.
    pub window: Option<Delta>,
}

/// Whether a metric is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// It has series.
    Seen,
    /// It belongs to a profile of the run, but has no series: no requests, for example.
    Silent,
    /// It belongs to a profile that the run does not have.
    Elsewhere(Profile),
    /// No profile has it.
    Unknown,
}

/// What a query answers, at all instants together.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// It was never asked.
    Unasked,
    /// It always answers an empty vector.
    Nothing,
    /// It answers numbers.
    Numbers {
        /// How many of the instants have a number that is one.
        instants: usize,
        /// How many instants there are.
        of: usize,
        /// The least number.
        least: f64,
        /// The greatest number.
        greatest: f64,
    },
    /// It answers, but nothing that is a number.
    NoNumbers,
    /// It fails, as Prometheus does.
    Failed(String),
}

impl Sight {
    /// What `query` sees up to `end` when it is asked at `instants`, which are in order and not later. Series of
    /// versions are told apart by `versions`.
    #[must_use]
    pub fn of(
        query: &Query,
        exporter: &Exporter<'_>,
        versions: &Versions<'_>,
        instants: &[SimTime],
        end: SimTime,
    ) -> Self {
        let first = instants.first().copied().unwrap_or(end);
        let mut selections: Vec<Selection> = Vec::new();
        for selector in query.selectors() {
            let back = selector.window.map(Delta::from_millis);
            let seen = Window {
                from: first + (Delta::ZERO - back.unwrap_or(LEAST_WINDOW).max(LEAST_WINDOW)),
                to: end,
            };
            let selection = Selection::of(&selector, exporter, versions, seen);
            if !selections.contains(&selection) {
                selections.push(selection);
            }
        }
        Self {
            selections,
            answers: answers(query, exporter, instants),
            lasts: answers(query, exporter, &[end]) != Answers::Nothing,
        }
    }

    /// The longest window of its selectors; `None` if none has one, or if one looks at a time of its own.
    #[must_use]
    pub fn window(&self) -> Option<Delta> {
        let windows: Option<Vec<Delta>> = self.selections.iter().map(|one| one.window).collect();
        windows?
            .into_iter()
            .max()
            .filter(|window| Delta::ZERO < *window)
    }

    /// Whether it selects nothing at all.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.selections
            .iter()
            .all(|selection| selection.series == 0)
    }
}

impl Selection {
    fn of(
        selector: &crate::promql::Selector<'_>,
        exporter: &Exporter<'_>,
        versions: &Versions<'_>,
        window: Window,
    ) -> Self {
        let metric = selector.metric().map(str::to_owned);
        let back = selector.window.map(Delta::from_millis);
        let all = exporter.metrics();
        let names = all.iter().map(|known| known.name.as_str()).filter(|name| {
            let mut matchers = selector.matchers.iter();
            matchers.all(|matcher| !matcher.is_about_the_name() || matcher.accepts(name))
        });
        let names: Vec<&str> = names.collect();
        let there: Vec<series::Labels> = names
            .iter()
            .flat_map(|name| exporter.series(name, window))
            .map(|series| series.labels)
            .collect();
        let accepts = |labels: &&series::Labels| {
            let value = |name: &str| labels.get(name).map_or("", String::as_str);
            let mut matchers = selector.matchers.iter();
            matchers.all(|matcher| matcher.accepts(value(matcher.name())))
        };
        let selected: Vec<&series::Labels> = there.iter().filter(accepts).collect();
        let export = match (&metric, there.is_empty(), names.is_empty()) {
            (_, false, _) => Export::Seen,
            (_, true, false) => Export::Silent,
            (Some(name), true, true) => series::exporter_of(name, &Scraping::default())
                .map_or(Export::Unknown, Export::Elsewhere),
            (None, true, true) => Export::Unknown,
        };
        let blind = if selected.is_empty() {
            matching::blind(selector.matchers, &there)
        } else {
            Vec::new()
        };
        Self {
            selector: text(selector),
            metric,
            export,
            series: selected.len(),
            whose: versions.whose(&selected),
            blind,
            window: back,
        }
    }
}

/// Series are looked for at least so long before the first instant.
const LEAST_WINDOW: Delta = Delta::from_secs(60);

/// A selector as a query has it, its name in front.
fn text(selector: &crate::promql::Selector<'_>) -> String {
    let name = selector.metric().unwrap_or_default();
    let others = selector
        .matchers
        .iter()
        .filter(|matcher| !(matcher.name() == METRIC_NAME && matcher.value() == name));
    let others: Vec<String> = others.map(ToString::to_string).collect();
    if others.is_empty() {
        name.to_owned()
    } else {
        format!("{name}{{{}}}", others.join(","))
    }
}

fn answers(query: &Query, exporter: &Exporter<'_>, instants: &[SimTime]) -> Answers {
    let (Some(first), Some(last)) = (instants.first(), instants.last()) else {
        return Answers::Unasked;
    };
    let reach = query
        .reach()
        .unwrap_or(LONGEST_REACH)
        .clamp(0, LONGEST_REACH);
    let window = Window {
        from: *first + Delta::from_millis(-reach),
        to: *last,
    };
    let store = storing::store(exporter, query, window);
    let mut scratch = Scratch::default();
    let mut numbers: BTreeMap<SimTime, Vec<f64>> = BTreeMap::new();
    let mut is_empty = true;
    for at in instants {
        let values = match query.evaluate(&store, exposition::millis(*at), &mut scratch) {
            Ok(Answer::Scalar(value)) => vec![value],
            Ok(Answer::Vector(elements)) => elements.values().collect(),
            Err(error) => return Answers::Failed(error.to_string()),
        };
        is_empty &= values.is_empty();
        let finite: Vec<f64> = values
            .into_iter()
            .filter(|value| value.is_finite())
            .collect();
        if !finite.is_empty() {
            numbers.insert(*at, finite);
        }
    }
    let all = || numbers.values().flatten().copied();
    match (is_empty, numbers.is_empty()) {
        (true, _) => Answers::Nothing,
        (false, true) => Answers::NoNumbers,
        (false, false) => Answers::Numbers {
            instants: numbers.len(),
            of: instants.len(),
            least: all().fold(f64::INFINITY, f64::min),
            greatest: all().fold(f64::NEG_INFINITY, f64::max),
        },
    }
}

/// How far back series are made for a query \[ms\]: a day. Older samples are as good as none.
const LONGEST_REACH: i64 = 24 * 3_600_000;
