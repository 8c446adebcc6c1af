//! The report on many runs for people: tables at most 100 columns wide.
//!
//! Knows: columns, digits and colours. Refuses to know what the numbers mean. Digits are as many as the interval
//! deserves.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::diagnostic::wording::count;
use crate::report::layout::wrap;
use crate::trials::quantity::{Quantity, Unit};
use crate::trials::report::{CauseShare, Frequency, MeanDifference, Report, WhatIf};

pub(crate) const WIDTH: usize = 100;
const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();

/// Writes the report as text.
#[must_use]
pub fn render(report: &Report, colour: bool) -> String {
    let mut page = Page::titled(&report.title, colour);
    page.head(report);
    page.shares(report);
    page.causes("ended by", &report.causes);
    let rows = report.quantities.iter().map(|one| {
        let values = [
            one.mean, one.min, one.p5, one.p50, one.p95, one.p99, one.max,
        ];
        (one.quantity, one.verdict, values)
    });
    page.quantities(rows);
    page.releases("drawn for each run", &report.releases);
    page.replays(report);
    if let Some(what_if) = &report.what_if {
        page.what_if(what_if);
    }
    page.remarks(report);
    page.out
}

/// One line: runs and shares.
#[must_use]
pub fn brief(report: &Report) -> String {
    let shares: Vec<String> = report.verdicts.iter().map(brief_share).collect();
    format!("{} runs: {}\n", report.runs, shares.join(", "))
}

fn brief_share(share: &Frequency) -> String {
    let percent = Percent::of(share.low, share.high);
    format!(
        "{} {} % ({} to {} %)",
        share.verdict,
        percent.text(share.share),
        percent.text(share.low),
        percent.text(share.high)
    )
}

/// A text that grows line by line.
pub(crate) struct Page {
    /// The lines so far.
    pub(crate) out: String,
    /// Whether they have colours.
    pub(crate) colour: bool,
}

/// Columns of a table: the first is aligned to the left, the others to the right.
pub(crate) struct Table {
    rows: Vec<(Option<Style>, Vec<String>)>,
}

impl Page {
    /// A page that begins with a title.
    pub(crate) fn titled(title: &str, colour: bool) -> Self {
        let mut page = Self {
            out: String::new(),
            colour,
        };
        let title = page.paint(BOLD, title);
        let _ = writeln!(page.out, "{title}\n");
        page
    }

    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn paragraph(&mut self, label: &str, text: &str) {
        let mut label = label;
        for line in wrap(text, WIDTH - 12, 2) {
            let label_text = self.paint(DIM, &format!("{label:<10}"));
            let _ = writeln!(self.out, "  {label_text}{line}");
            label = "";
        }
    }

    fn head(&mut self, report: &Report) {
        let world = report.scenario.as_ref();
        let world = world.map_or("default".to_owned(), |name| format!("scenario {name}"));
        self.paragraph("world", &world);
        let runs = match report.wanted {
            Some(wanted) => format!("{} of {wanted} wanted: ended early", report.runs),
            None => report.runs.to_string(),
        };
        self.paragraph("runs", &runs);
        self.paragraph("seed", &report.seed.to_string());
        if let Some(precision) = report.precision {
            let outcome = match (precision.reached, report.wanted) {
                (true, _) => "reached",
                (false, Some(_)) => "not reached yet",
                (false, None) => "not reached with the most runs allowed",
            };
            let text = format!(
                "+-{} points {outcome}; {} at most, each interval at {} %, so that all of them together hold with \
                 {} %",
                number(precision.half_width * 100.0),
                count(precision.looks, "look"),
                number(precision.confidence_of_each * 100.0),
                number(report.confidence * 100.0)
            );
            self.paragraph("precision", &text);
        }
        let mut label = "what if";
        for change in report.what_if.iter().flat_map(|what_if| &what_if.changes) {
            self.paragraph(label, change);
            label = "";
        }
        self.out.push('\n');
    }

    fn shares(&mut self, report: &Report) {
        let mut table = Table::new(["verdict", "runs", "share", "95 % interval"]);
        for share in &report.verdicts {
            let percent = Percent::of(share.low, share.high);
            let cells = [
                share.verdict.to_owned(),
                share.runs.to_string(),
                format!("{} %", percent.text(share.share)),
                percent.range(share.low, share.high),
            ];
            table.push(Some(style_of(share.verdict)), cells);
        }
        if let Some(high) = report.others_at_most {
            let most = format!("at most {} %", number(high * 100.0));
            let cells = [
                "any other".to_owned(),
                "0".to_owned(),
                "0 %".to_owned(),
                most,
            ];
            table.push(Some(DIM), cells);
        }
        self.table(&table);
    }

    fn causes(&mut self, title: &str, causes: &[CauseShare]) {
        if causes.is_empty() {
            return;
        }
        let mut table = Table::new([title, "runs", "share", "95 % interval"]);
        for cause in causes {
            let percent = Percent::of(cause.low, cause.high);
            let text = format!("{}: {}", cause.cause.in_words(), cause.verdict);
            let cells = [
                shortened(&text, 56),
                cause.runs.to_string(),
                format!("{} %", percent.text(cause.share)),
                percent.range(cause.low, cause.high),
            ];
            table.push(None, cells);
        }
        self.table(&table);
    }

    /// A row for each quantity, over all runs or those of a verdict: mean, least, four quantiles, most.
    pub(crate) fn quantities(
        &mut self,
        rows: impl Iterator<Item = (Quantity, Option<&'static str>, [f64; 7])>,
    ) {
        let mut table = Table::new(["", "mean", "least", "5 %", "50 %", "95 %", "99 %", "most"]);
        for (quantity, verdict, values) in rows {
            let label = match verdict {
                Some(verdict) => format!("  of {verdict}"),
                None => label(quantity).to_owned(),
            };
            let values = values.map(|value| amount(value, quantity.unit()));
            let cells = std::iter::once(label).chain(values);
            table.push(verdict.map(|_| DIM), cells);
        }
        self.table(&table);
    }

    fn replays(&mut self, report: &Report) {
        for replay in &report.replays {
            let harm = if replay.harm == 0.0 {
                String::new()
            } else {
                format!(", harm {}", number(replay.harm))
            };
            let since = amount(replay.since, Unit::Seconds);
            let text = format!("{} after {since}{harm}", replay.verdict);
            self.paragraph(replay.what, &text);
            // A command is to be copied: it is not broken.
            let command = self.paint(DIM, &replay.command);
            let _ = writeln!(self.out, "            {command}");
        }
        self.out.push('\n');
    }

    fn what_if(&mut self, what_if: &WhatIf) {
        let title = format!("with {}", what_if.changes.join(", "));
        let mut table = Table::new([
            &shortened(&title, 44),
            "as written",
            "changed",
            "difference",
            "95 % interval",
        ]);
        for one in &what_if.verdicts {
            let percent = Percent::of(one.low, one.high);
            let points = |value: f64| format!("{}{}", sign(value), percent.text(value.abs()));
            let cells = [
                one.verdict.to_owned(),
                format!("{} %", percent.text(one.written)),
                format!("{} %", percent.text(one.changed)),
                points(one.difference),
                format!("{} to {} points", points(one.low), points(one.high)),
            ];
            table.push(Some(style_of(one.verdict)), cells);
        }
        for one in &what_if.quantities {
            table.push(None, difference_cells(one));
        }
        self.table(&table);
        self.causes("ended by, changed", &what_if.causes);
        self.releases("drawn for each run, changed", &what_if.releases);
    }

    fn remarks(&mut self, report: &Report) {
        let remark = format!(
            "Intervals of shares are exact (Clopper-Pearson), each with {} % on its own; quantiles are known to {:.2} %.",
            number(report.confidence * 100.0),
            report.resolution * 100.0
        );
        for line in wrap(&remark, WIDTH, 0) {
            let line = self.paint(DIM, &line);
            let _ = writeln!(self.out, "{line}");
        }
    }

    pub(crate) fn table(&mut self, table: &Table) {
        let columns = table.rows.iter().map(|(_, cells)| cells.len()).max();
        let widths: Vec<usize> = (0..columns.unwrap_or(0))
            .map(|column| {
                let cells = table.rows.iter().filter_map(|(_, cells)| cells.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for (row, (style, cells)) in table.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
                if column == 0 {
                    let _ = write!(line, "{cell:<width$}");
                } else {
                    let _ = write!(line, "  {cell:>width$}");
                }
            }
            let style = style.or((row == 0).then_some(DIM));
            let line = match style {
                Some(style) => self.paint(style, line.trim_end()),
                None => line.trim_end().to_owned(),
            };
            let _ = writeln!(self.out, "{line}");
        }
        self.out.push('\n');
    }
}

impl Table {
    pub(crate) fn new<const N: usize>(titles: [&str; N]) -> Self {
        let titles = titles.iter().map(|title| (*title).to_owned());
        Self::titled(titles.collect())
    }

    pub(crate) fn titled(titles: Vec<String>) -> Self {
        Self {
            rows: vec![(None, titles)],
        }
    }

    pub(crate) fn push(&mut self, style: Option<Style>, cells: impl IntoIterator<Item = String>) {
        self.rows.push((style, cells.into_iter().collect()));
    }
}

fn difference_cells(one: &MeanDifference) -> [String; 5] {
    let signed = |value: f64| format!("{}{}", sign(value), amount(value.abs(), one.unit));
    let range = one.low.zip(one.high);
    [
        label(one.quantity).to_owned(),
        amount(one.written, one.unit),
        amount(one.changed, one.unit),
        signed(one.difference),
        range.map_or(String::new(), |(low, high)| {
            format!("{} to {}", signed(low), signed(high))
        }),
    ]
}

/// What a quantity is called in a table.
fn label(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::TimeToVerdict => "time to verdict",
        Quantity::Harm => "harm: extra failed requests",
        Quantity::RequestsOnNew => "requests on the new version",
        Quantity::UsersExposed => "users exposed to it",
        Quantity::ExcessPodHours => "pod-hours beyond replicas",
        Quantity::ShortOfCapacity => "time short of capacity",
        Quantity::PeakPods => "most pods at once",
        Quantity::Measurements => "measurements",
    }
}

pub(crate) fn style_of(verdict: &str) -> Style {
    match verdict {
        "Promoted" | "Successful" => GOOD,
        "RolledBack" | "RollbackFailed" | "Failed" | "Invalid" => BAD,
        _ => ODD,
    }
}

pub(crate) fn sign(value: f64) -> &'static str {
    if value < 0.0 {
        "-"
    } else if 0.0 < value {
        "+"
    } else {
        ""
    }
}

pub(crate) fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => time(value),
        Unit::Count | Unit::PodHours => number(value),
    }
}

/// A time \[s\] to whole seconds from one minute on, and to three digits below.
pub(crate) fn time(seconds: f64) -> String {
    let rounded = if seconds.abs() < 60.0 {
        let unit = if seconds.abs() < 1.0 { 1e-3 } else { 0.1 };
        (seconds / unit).round() * unit
    } else {
        seconds.round()
    };
    crate::time::Delta::of_seconds(rounded).to_string()
}

/// A number to four digits, or whole if it has more; to three below 1.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        size if !(1e-9..1000.0).contains(&size) => 0,
        size if 100.0 <= size => 1,
        size if 10.0 <= size => 2,
        size if 1.0 <= size => 3,
        _ => (3..12)
            .find(|decimals| 100.0 <= size * 10_f64.powi(*decimals))
            .map_or(12, |decimals| usize::try_from(decimals).unwrap_or(12)),
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else if text == "-0" {
        "0".to_owned()
    } else {
        text
    }
}

/// Shares as percentages, with as many decimals as their interval deserves: two digits of its half width.
#[derive(Clone, Copy)]
pub(crate) struct Percent {
    decimals: usize,
}

impl Percent {
    pub(crate) fn of(low: f64, high: f64) -> Self {
        let half = (high - low) * 50.0;
        let decimals = (0..6).find(|decimals| 10.0 <= half * 10_f64.powi(*decimals));
        Self {
            decimals: decimals.map_or(6, |decimals| usize::try_from(decimals).unwrap_or(0)),
        }
    }

    pub(crate) fn text(self, share: f64) -> String {
        format!("{:.*}", self.decimals, share * 100.0)
    }

    pub(crate) fn range(self, low: f64, high: f64) -> String {
        format!("{} to {} %", self.text(low), self.text(high))
    }
}

/// The first `width` characters; what is cut off is marked.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        text.to_owned()
    } else {
        let kept: String = text.chars().take(width - 1).collect();
        format!("{kept}~")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_as_many_as_the_interval_deserves() {
        assert_eq!(Percent::of(0.036_3, 0.044_1).text(0.040_1), "4.01");
        assert_eq!(Percent::of(0.2, 0.6).text(0.4), "40");
        assert_eq!(Percent::of(0.0, 0.000_3).text(0.000_3), "0.030");
        assert_eq!(Percent::of(0.5, 0.5).decimals, 6);
    }

    #[test]
    fn numbers_have_four_digits() {
        let texts = [0.0, -1e-10, -0.005_123, 0.25, 3.187_65, 99.999, 123_456.7].map(number);
        let wanted = ["0", "0", "-0.00512", "0.25", "3.188", "100", "123457"];
        assert_eq!(texts, wanted);
    }

    #[test]
    fn times_are_rounded_to_what_can_be_known() {
        assert_eq!(time(270.067), "4m30s");
        assert_eq!(time(12.34), "12.3s");
        assert_eq!(time(0.0), "0s");
    }
}
