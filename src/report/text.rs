//! The report as text, for people.
//!
//! The timeline has one line for each thing that happened, in order. Its columns:
//!
//! | column | content |
//! |---|---|
//! | `time` | virtual time since the manifest was applied; only on the first line of an instant |
//! | `step` | the step at which the rollout stands after the instant, `done` after the last one, `-` while aborted; canaries with steps |
//! | `weight` | the canary's weight after the instant; canaries with a traffic router |
//! | `active` | the version behind the active service after the instant; blue-green |
//! | one for each version | its pods after the instant: available/desired, without those of experiments |
//! | `who` | who acted: a person, a controller, the pods, the router |
//! | `what happened` | what, and in brackets or behind a colon why |
//!
//! Nothing is wider than 100 columns, as long as versions have names of a sensible length and are few.

mod excerpt;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::report::layout::{left, right, shorten, wrap};
use crate::report::{Entry, Impact, Kind, Report};
use crate::sim::EndReason;
use crate::time::SimTime;
use crate::verdict::{Fate, Verdict};

pub use excerpt::excerpt;

/// The width of a report, in columns.
const WIDTH: usize = 100;
/// Longer names of versions are shortened in the head of their column.
const LONGEST_VERSION: usize = 12;

/// How a report is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Whether colours are used.
    pub colour: bool,
    /// How much is told.
    pub detail: Detail,
}

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The verdict only, in one line.
    Quiet,
    /// What matters.
    #[default]
    Normal,
    /// Everything, and every event that the controllers' recorders wrote.
    Verbose,
}

/// The report as text.
#[must_use]
pub fn render(report: &Report, look: Look) -> String {
    let mut out = String::new();
    if look.detail == Detail::Quiet {
        let _ = writeln!(
            out,
            "{}",
            paint(look, verdict_style(report), &verdict_line(report, true))
        );
        return out;
    }
    header(&mut out, report, look);
    out.push('\n');
    timeline(&mut out, report, look);
    out.push('\n');
    verdict(&mut out, report, look);
    let mut label = "impact";
    for line in report.impact.iter().flat_map(Impact::lines) {
        paragraph(&mut out, look, label, &line);
        label = "";
    }
    out
}

fn paint(look: Look, style: Style, text: &str) -> String {
    if look.colour && style != Style::new() {
        format!("{}{text}{}", style.render(), style.render_reset())
    } else {
        text.to_owned()
    }
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();
const PERSON: Style = AnsiColor::Cyan.on_default();

/// One labelled paragraph below a title.
fn paragraph(out: &mut String, look: Look, label: &str, text: &str) {
    const LABEL: usize = 10;
    let mut label = label;
    for line in wrap(text, WIDTH - 2 - LABEL, 0) {
        let _ = writeln!(out, "  {}{line}", paint(look, DIM, &left(label, LABEL)));
        label = "";
    }
}

/// What a report is about: `Rollout web, canary, 3 replicas: v1 -> v2`.
pub(crate) fn subject(report: &Report) -> String {
    let head = &report.header;
    let mut title = format!("{} {}", head.kind, head.name);
    if !head.strategy.is_empty() {
        let replicas = plural(head.replicas, "replica");
        let _ = write!(title, ", {}, {} {replicas}", head.strategy, head.replicas);
    }
    if let Some(to) = &head.to {
        let from = head.from.as_ref().map(|from| format!("{from} -> "));
        let _ = write!(title, ": {}{to}", from.unwrap_or_default());
    }
    title
}

fn header(out: &mut String, report: &Report, look: Look) {
    let head = &report.header;
    let _ = writeln!(out, "{}\n", paint(look, BOLD, &subject(report)));
    let steps: Vec<String> = (1..)
        .zip(&head.steps)
        .map(|(number, step)| format!("{number} {step}"))
        .collect();
    paragraph(out, look, "steps", &steps.join(" | "));
    let mut label = "analysis";
    for analysis in &head.analyses {
        paragraph(out, look, label, analysis);
        label = "";
    }
    let scenario = head.scenario.as_ref();
    let world = scenario.map_or("default".to_owned(), |name| format!("scenario {name}"));
    paragraph(out, look, "world", &world);
    for line in &head.world {
        paragraph(out, look, "", line);
    }
    if !head.assumed.is_empty() {
        let text = format!("{} (not in the input)", head.assumed.join(", "));
        paragraph(out, look, "assumed", &text);
    }
    let drawn = match (head.random, head.replicate) {
        (false, _) => String::new(),
        (true, 0) => ", drawn".to_owned(),
        (true, replicate) => format!(", drawn, replicate {replicate}"),
    };
    paragraph(out, look, "seed", &format!("{}{drawn}", head.seed));
}

fn plural(count: i32, noun: &str) -> String {
    if count == 1 {
        noun.to_owned()
    } else {
        format!("{noun}s")
    }
}

/// The columns in front of the text, with their widths.
struct Columns {
    time: usize,
    step: Option<usize>,
    weight: Option<usize>,
    active: Option<usize>,
    versions: Vec<(String, usize)>,
    who: usize,
    step_count: usize,
}

impl Columns {
    fn of(report: &Report, entries: &[&Entry]) -> Self {
        let states = || report.entries.iter().map(|entry| &entry.state);
        let longest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let step_count = report.header.steps.len();
        let versions = report.versions.iter().enumerate().map(|(index, version)| {
            let name = shorten(version, LONGEST_VERSION);
            let cells = states().map(|state| cell(state.pods[index]).len());
            let width = name.chars().count().max(longest(&mut { cells }));
            (name, width)
        });
        let has_step = states().any(|state| state.step.is_some());
        let has_weight = states().any(|state| state.weight.is_some());
        let mut active = states().filter_map(|state| Some(state.active.as_ref()?.chars().count()));
        Self {
            time: longest(&mut entries.iter().map(|entry| entry.at.to_string().len())).max(4),
            step: has_step.then(|| format!("{step_count}/{step_count}").len().max(4)),
            weight: has_weight.then_some(6),
            active: active
                .next()
                .map(|first| longest(&mut active).max(first).clamp(6, LONGEST_VERSION)),
            versions: versions.collect(),
            who: longest(&mut entries.iter().map(|entry| entry.actor.name().len())).max(3),
            step_count,
        }
    }

    fn head(&self) -> String {
        let mut cells = vec![right("time", self.time)];
        cells.extend(self.step.map(|width| right("step", width)));
        cells.extend(self.weight.map(|width| right("weight", width)));
        cells.extend(self.active.map(|width| left("active", width)));
        let versions = self.versions.iter();
        cells.extend(versions.map(|(version, width)| right(version, *width)));
        cells.join("  ")
    }

    /// Width of everything in front of the actor.
    fn margin(&self) -> usize {
        self.head().chars().count()
    }

    /// The state in front of the first line of an instant.
    fn state(&self, entry: &Entry) -> String {
        let state = &entry.state;
        let step = match state.step.map(|step| usize::try_from(step).unwrap_or(0)) {
            Some(step) if step < self.step_count => format!("{}/{}", step + 1, self.step_count),
            Some(_) => "done".to_owned(),
            None => "-".to_owned(),
        };
        let weight = state.weight.map(|weight| weight.to_string());
        let active = state.active.as_deref().unwrap_or_default();
        let mut cells = vec![right(&entry.at.to_string(), self.time)];
        cells.extend(self.step.map(|width| right(&step, width)));
        cells.extend(
            self.weight
                .map(|width| right(&weight.unwrap_or_default(), width)),
        );
        cells.extend(
            self.active
                .map(|width| left(&shorten(active, width), width)),
        );
        let pods = state.pods.iter().zip(&self.versions);
        cells.extend(pods.map(|(pods, (_, width))| right(&cell(*pods), *width)));
        cells.join("  ")
    }
}

/// Available and desired pods; nothing where there are none.
fn cell(pods: (i32, i32)) -> String {
    match pods {
        (0, 0) => "-".to_owned(),
        (available, desired) => format!("{available}/{desired}"),
    }
}

fn timeline(out: &mut String, report: &Report, look: Look) {
    let verbose = look.detail == Detail::Verbose;
    let entries: Vec<&Entry> = report
        .entries
        .iter()
        .filter(|entry| verbose || !entry.detail)
        .collect();
    let columns = Columns::of(report, &entries);
    let (margin, who) = (columns.margin(), columns.who);
    let _ = writeln!(out, "{}", title(&columns, look));
    let mut said: Option<SimTime> = None;
    let mut recorded = report.controller_events.iter().peekable();
    for (index, entry) in entries.iter().enumerate() {
        let is_new = said != Some(entry.at);
        said = Some(entry.at);
        entry_lines(out, entry, is_new, &columns, look);
        let is_last = entries
            .get(index + 1)
            .is_none_or(|next| next.at != entry.at);
        if verbose && is_last {
            let until = entries.get(index + 1).map_or(SimTime::MAX, |next| next.at);
            while let Some(event) = recorded.next_if(|event| event.at < until) {
                // What people do is no event of the controllers.
                if event.object == "User" {
                    continue;
                }
                let text = format!("{} {}: {}", event.object, event.reason, event.message);
                for line in wrap(&text, WIDTH - margin - who - 6, 2) {
                    let front = " ".repeat(margin + 2 + who);
                    let _ = writeln!(out, "{front}  {}", paint(look, DIM, &format!("| {line}")));
                }
            }
        }
    }
}

/// The names of the columns.
fn title(columns: &Columns, look: Look) -> String {
    let who = left("who", columns.who);
    let title = format!("{}  {who}  what happened", columns.head());
    paint(look, DIM, &title)
}

/// One entry; `is_new` says whether it is the first one of its instant.
fn entry_lines(out: &mut String, entry: &Entry, is_new: bool, columns: &Columns, look: Look) {
    let (margin, who) = (columns.margin(), columns.who);
    let state = if is_new {
        columns.state(entry)
    } else {
        " ".repeat(margin)
    };
    let actor = left(entry.actor.name(), who);
    let mut front = format!("{state}  {}", paint(look, DIM, &actor));
    for line in wrap(&sentence(entry), WIDTH - margin - who - 4, 2) {
        let _ = writeln!(out, "{front}  {}", paint(look, style(entry), &line));
        front = " ".repeat(margin + 2 + who);
    }
}

/// What happened and why: the sizes and weights that a step asks for in brackets, other reasons behind a colon.
fn sentence(entry: &Entry) -> String {
    let (what, why) = (&entry.what, &entry.why);
    match entry.kind {
        _ if why.is_empty() => what.clone(),
        Kind::Scaled | Kind::Weight | Kind::Pause => format!("{what} ({why})"),
        _ => format!("{what}: {why}"),
    }
}

fn style(entry: &Entry) -> Style {
    match entry.kind {
        Kind::Applied | Kind::Deed => PERSON,
        Kind::StepCompleted | Kind::Healthy => GOOD,
        Kind::Promoted => GOOD.bold(),
        Kind::Aborted | Kind::Degraded if !entry.detail => BAD.bold(),
        Kind::Outage => BAD.bold(),
        Kind::Failed | Kind::Busy => BAD,
        Kind::Pause if !entry.detail => ODD,
        Kind::Measurement => match entry.measurement.as_ref().map(|one| one.phase) {
            Some("Failed" | "Error") => BAD,
            Some("Inconclusive") => ODD,
            _ => Style::new(),
        },
        Kind::AnalysisEnded if entry.what.ends_with("Failed") || entry.what.ends_with("Error") => {
            BAD
        }
        _ if entry.detail => DIM,
        _ => Style::new(),
    }
}

fn verdict_style(report: &Report) -> Style {
    match report.verdict.outcome.verdict {
        Verdict::Promoted | Verdict::Successful => GOOD.bold(),
        Verdict::Paused | Verdict::Undecided | Verdict::Inconclusive => ODD.bold(),
        _ => BAD.bold(),
    }
}

/// `RolledBack at 2m40s: v2 was given up, all traffic goes to v1`, or with the controller's reason instead.
fn verdict_line(report: &Report, with_reason: bool) -> String {
    let outcome = &report.verdict.outcome;
    let lasts = !matches!(
        outcome.verdict,
        Verdict::Promoted
            | Verdict::RolledBack
            | Verdict::Successful
            | Verdict::Failed
            | Verdict::Inconclusive
    );
    let when = if lasts { "since" } else { "at" };
    let mut line = format!("{} {when} {}", outcome.verdict.name(), outcome.since);
    if let Some(step) = outcome.step.filter(|_| lasts) {
        let index = usize::try_from(step).unwrap_or(0);
        let name = report.header.steps.get(index).map_or("", String::as_str);
        let _ = write!(
            line,
            ", step {}/{} ({name})",
            step + 1,
            report.header.steps.len()
        );
    }
    let end = if with_reason && !outcome.reason.is_empty() {
        &outcome.reason
    } else {
        &outcome.consequence
    };
    if end.is_empty() {
        line
    } else {
        format!("{line}: {end}")
    }
}

fn verdict(out: &mut String, report: &Report, look: Look) {
    let outcome = &report.verdict.outcome;
    for line in wrap(&verdict_line(report, false), WIDTH, 2) {
        let _ = writeln!(out, "{}", paint(look, verdict_style(report), &line));
    }
    paragraph(out, look, "reason", &outcome.reason);
    let mut label = "earlier";
    for (past, version) in outcome.earlier.iter().zip(&report.verdict.earlier) {
        let fate = match past.fate {
            Fate::Promoted(at) => format!("promoted at {at}"),
            Fate::Aborted(at) => format!("aborted at {at}"),
            Fate::Superseded(at, by) => format!("superseded by revision {by} at {at}"),
        };
        paragraph(
            out,
            look,
            label,
            &format!("revision {} ({version}) {fate}", past.revision),
        );
        label = "";
    }
    let end = match report.end_reason {
        _ if outcome.verdict == Verdict::Invalid => {
            "the controller looks again every 20s, for ever".to_owned()
        }
        EndReason::Quiet => format!("nothing but resyncs happens after {}", report.end),
        EndReason::Until => format!("the run was cut off at {}", report.end),
        EndReason::Livelock => format!(
            "nothing happens after {}, although the controller never rests",
            report.end
        ),
        EndReason::Crowded => format!(
            "cut off at {}: too much happens (experiments or runs made without end, or pods that \
             change all the time)",
            report.end
        ),
    };
    paragraph(out, look, "end", &end);
}
