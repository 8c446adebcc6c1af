//! The report on a policy for people: a table at most 100 columns wide.
//!
//! Knows: columns, digits and bars. Refuses to know what the numbers mean.

use std::fmt::Write as _;

use anstyle::Style;

use crate::diagnostic::wording::{count, listed_briefly};
use crate::power::rates::shown;
use crate::power::report::{Caught, Place, PlanOfGate, Point, Report};
use crate::report::layout::wrap;
use crate::statistics::real;
use crate::trials::report::text::{DIM, GOOD, Page, Percent, Table, WIDTH, number, time};

/// Characters of the longest bar.
const BAR: f64 = 20.0;

/// Writes the report as text.
#[must_use]
pub fn render(report: &Report, colour: bool) -> String {
    let mut page = Page::titled(&report.title, colour);
    head(&mut page, report);
    page.table(&curve(report));
    for caught in &report.caught {
        page.paragraph(&label(caught), &caught_text(caught, report));
    }
    page.paragraph("healthy", &healthy_text(report));
    plans(&mut page, report);
    remarks(&mut page, report);
    page.out
}

/// One line: what is caught, and how often a healthy release is aborted.
#[must_use]
pub fn brief(report: &Report) -> String {
    let caught = report.caught.iter().map(|caught| {
        let text = caught_text(caught, report);
        format!("{} {text}", label(caught))
    });
    let parts: Vec<String> = caught
        .chain([format!("healthy: {}", healthy_text(report))])
        .collect();
    format!("{}\n", parts.join("; "))
}

fn head(page: &mut Page, report: &Report) {
    let world = report.scenario.as_ref();
    let world = world.map_or("default".to_owned(), |name| format!("scenario {name}"));
    page.paragraph("world", &world);
    page.paragraph("fails", &bearers(report));
    page.paragraph("runs", &runs(report));
    page.paragraph("seed", &report.seed.to_string());
    page.out.push('\n');
}

/// What fails with the error rate.
fn bearers(report: &Report) -> String {
    let tested = &report.tested;
    let mut parts = Vec::new();
    if let Some(version) = &tested.version {
        parts.push(format!("requests to {version}"));
    }
    if !tested.metrics.is_empty() {
        let metrics = listed_briefly(&tested.metrics, "and");
        parts.push(format!("requests that {metrics} draws"));
    }
    parts.join(", ")
}

fn runs(report: &Report) -> String {
    let numbers = report.points.iter().map(|point| point.runs);
    let (least, most) = (numbers.clone().min(), numbers.max());
    let (least, most) = (least.unwrap_or(0), most.unwrap_or(0));
    let mut text = if least == most {
        least.to_string()
    } else {
        format!("{least} to {most}")
    };
    if let (None, Some(wanted)) = (report.precision, report.wanted) {
        let _ = write!(text, " of {wanted} wanted");
    }
    text.push_str(" for each rate");
    match (report.precision, report.wanted) {
        (None, Some(_)) => text.push_str(": ended early"),
        (None, None) => {}
        (Some(precision), _) => {
            let outcome = if precision.reached {
                "reached"
            } else {
                "not reached"
            };
            let _ = write!(
                text,
                ": +-{} points {outcome}; {} at most, each interval at {} %, so that all of them together hold with {} %",
                number(precision.half_width * 100.0),
                count(precision.looks, "look"),
                number(precision.confidence_of_each * 100.0),
                number(report.confidence * 100.0)
            );
        }
    }
    text
}

/// The curve: a row for each rate. Columns that say nothing are left out.
fn curve(report: &Report) -> Table {
    let points = &report.points;
    let has_exact = points.iter().any(|point| point.exact.is_some());
    let has_harm = points.iter().any(|point| point.harm.is_some());
    let undecided = |point: &Point| point.runs - point.rolled_back - point.promoted;
    let has_undecided = points.iter().any(|point| 0 < undecided(point));
    let chosen = |cells: [Option<String>; 8]| cells.into_iter().flatten().collect::<Vec<_>>();
    let mut table = Table::titled(chosen([
        Some("error rate".to_owned()),
        Some(format!("{:<20}", "rolled back")),
        Some(String::new()),
        Some("95 % interval".to_owned()),
        has_exact.then(|| "exact".to_owned()),
        Some("time to it".to_owned()),
        has_harm.then(|| "harm".to_owned()),
        has_undecided.then(|| "neither".to_owned()),
    ]));
    for point in points {
        let percent = Percent::of(point.low, point.high);
        let mark = if point.healthy { " healthy" } else { "" };
        let median = point.time.map(|times| time(times.p50));
        let harm = point.harm.map(|harm| number(harm.mean));
        let neither = real(undecided(point)) / real(point.runs.max(1));
        let cells = chosen([
            Some(format!("{}{mark}", shown(point.error_rate))),
            Some(bar(point.share)),
            Some(format!("{} %", percent.text(point.share))),
            Some(percent.range(point.low, point.high)),
            has_exact.then(|| exact(point.exact)),
            Some(median.unwrap_or_else(|| "-".to_owned())),
            has_harm.then(|| harm.unwrap_or_default()),
            has_undecided.then(|| format!("{} %", number(neither * 100.0))),
        ]);
        let style: Option<Style> = point.healthy.then_some(GOOD);
        table.push(style, cells);
    }
    table
}

fn bar(share: f64) -> String {
    let length = usize::try_from(crate::statistics::whole((share * BAR).round())).unwrap_or(0);
    format!("{:<20}", "#".repeat(length))
}

fn exact(share: Option<f64>) -> String {
    share.map_or(String::new(), |share| format!("{:.2} %", share * 100.0))
}

fn label(caught: &Caught) -> String {
    format!("{} %", number(caught.power * 100.0))
}

fn caught_text(caught: &Caught, report: &Report) -> String {
    let known = caught
        .exact
        .map(|rate| format!("; exactly {}", rounded(rate)))
        .unwrap_or_default();
    let ends = report.points.first().zip(report.points.last());
    let (first, last) = ends.map_or((0.0, 0.0), |(first, last)| {
        (first.error_rate, last.error_rate)
    });
    let text = match (caught.place, caught.error_rate) {
        (Place::Within, Some(rate)) => {
            let low = caught
                .low
                .map_or_else(|| format!("below {}", shown(first)), rounded);
            let high = caught
                .high
                .map_or_else(|| format!("above {}", shown(last)), rounded);
            format!(
                "caught from an error rate of {} on ({low} to {high})",
                rounded(rate)
            )
        }
        (Place::Below, _) => format!("caught at {} already: look at smaller rates", shown(first)),
        _ => format!("not caught up to {}", shown(last)),
    };
    text + &known
}

fn healthy_text(report: &Report) -> String {
    let Some(point) = &report.false_aborts else {
        return "the scenario says no single rate of a healthy release: give `--healthy 0.1%`"
            .to_owned();
    };
    let percent = Percent::of(point.low, point.high);
    let known = point
        .exact
        .map(|share| format!("; exactly {:.3} %", share * 100.0))
        .unwrap_or_default();
    format!(
        "with {} errors {} % are rolled back all the same ({}){known}",
        shown(point.error_rate),
        percent.text(point.share),
        percent.range(point.low, point.high)
    )
}

/// A rate in percent, to three digits.
fn rounded(rate: f64) -> String {
    format!("{}%", number(rate * 100.0))
}

fn plans(page: &mut Page, report: &Report) {
    let mut label = "plan";
    for plan in report.plans.iter().flatten() {
        page.paragraph(label, &plan_text(plan));
        label = "";
    }
    if let Some(why) = &report.no_plan {
        page.paragraph(label, &format!("no closed form: {why}"));
    }
    page.out.push('\n');
}

fn plan_text(plan: &PlanOfGate) -> String {
    let fails = match (plan.fails_from, plan.requests) {
        (Some(1), 1) => "one fails if its request does".to_owned(),
        (Some(from), requests) => {
            format!("one fails if {from} or more of its {requests} requests do")
        }
        (None, requests) => format!("each is of {requests} requests"),
    };
    format!(
        "{}: acceptance sampling (n, c) = ({}, {}): at most {} of {} may fail; {fails}",
        plan.metric,
        plan.n,
        plan.c,
        plan.c,
        count(usize::try_from(plan.n).unwrap_or(usize::MAX), "measurement"),
    )
}

fn remarks(page: &mut Page, report: &Report) {
    let mut remark = format!(
        "Intervals are exact (Clopper-Pearson), each with {} % on its own; between \
         the rates the curve is interpolated. Times are medians of the runs that are rolled back.",
        number(report.confidence * 100.0)
    );
    if report.points.iter().any(|point| point.harm.is_some()) {
        remark.push_str(" Harm: mean of failed requests beyond those of the stable version.");
    }
    if report.tested.version.is_some() && !report.tested.is_watched {
        remark.push_str(" No metric looks at what fails of the requests to the release.");
    }
    for line in wrap(&remark, WIDTH, 0) {
        let line = page.paint(DIM, &line);
        let _ = writeln!(page.out, "{line}");
    }
}
