//! The results as text, for people: a line for each scenario, then what failed and why, then the sum.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{Case, Located, Result, Suite, Tally};
use crate::diagnostic::wording::{count, visible};

/// How results are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Whether colours are used.
    pub colour: bool,
    /// Whether scenarios without failures are left out.
    pub quiet: bool,
}

/// Labels are aligned up to this width, in columns.
const LABEL_MAX: usize = 60;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default();
const DIM: Style = Style::new().dimmed();

/// The results as text.
#[must_use]
pub fn render(suite: &Suite, look: Look) -> String {
    let mut out = String::new();
    if !look.quiet {
        let widths = suite.cases.iter().map(|case| case.label.chars().count());
        let width = widths.max().unwrap_or(0).min(LABEL_MAX);
        for case in &suite.cases {
            line(&mut out, case, width, look);
        }
    }
    for case in &suite.cases {
        if let Result::Failed {
            failures, timeline, ..
        } = &case.result
        {
            failed(&mut out, case, failures, timeline, look);
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    sum(&mut out, suite, look);
    out
}

fn paint(look: Look, style: Style, text: &str) -> String {
    if look.colour {
        format!("{}{text}{}", style.render(), style.render_reset())
    } else {
        text.to_owned()
    }
}

fn line(out: &mut String, case: &Case, width: usize, look: Look) {
    let (word, style, what) = match &case.result {
        Result::Passed { verdict } => ("ok   ", GOOD, verdict.clone()),
        Result::Failed { verdict, .. } => ("FAIL ", BAD, verdict.clone()),
        Result::NotExpected { verdict } => ("-    ", ODD, format!("{verdict}, no expectation")),
        Result::Unreadable => ("ERROR", BAD, "cannot be read".to_owned()),
    };
    let word = paint(look, style, word);
    let _ = writeln!(out, "{word}  {:<width$}  {what}", visible(&case.label));
}

/// What was expected in vain, and the timeline around it.
fn failed(out: &mut String, case: &Case, failures: &[Located], timeline: &str, look: Look) {
    let title = format!("FAIL {}", visible(&case.label));
    let _ = writeln!(out, "\n{}", paint(look, BAD, &title));
    for Located { failure, spot } in failures {
        let place = paint(look, DIM, &format!("at {}", spot.shown()));
        let _ = writeln!(out, "  {}  {place}", visible(&failure.subject));
        let expected = format!("    - expected  {}", visible(&failure.expected));
        let happened = format!("    + happened  {}", visible(&failure.happened));
        let _ = writeln!(out, "{}", paint(look, GOOD, &expected));
        let _ = writeln!(out, "{}", paint(look, BAD, &happened));
    }
    out.push('\n');
    for line in timeline.lines() {
        let _ = writeln!(out, "  {line}");
    }
}

fn sum(out: &mut String, suite: &Suite, look: Look) {
    let tally = suite.tally();
    let Tally {
        passed,
        failed,
        not_expected,
        unreadable,
    } = tally;
    let mut parts = vec![format!("{passed} passed")];
    parts.extend((0 < failed).then(|| format!("{failed} failed")));
    parts.extend((0 < not_expected).then(|| format!("{not_expected} without expectation")));
    parts.extend((0 < unreadable).then(|| format!("{unreadable} unreadable")));
    let style = if 0 < failed + unreadable { BAD } else { GOOD };
    let scenarios = count(suite.cases.len(), "scenario");
    let text = paint(look, style, &format!("{scenarios}: {}", parts.join(", ")));
    let _ = writeln!(out, "{text} ({:.2} s)", suite.took.as_secs_f64());
}
