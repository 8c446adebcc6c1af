//! The report on policies for people: a table of those that are worth a look, and what the choice buys.
//!
//! Knows: columns and words. Refuses to know what the numbers mean.

use std::fmt::Write as _;

use crate::report::layout::wrap;
use crate::trials::quantity::Unit;
use crate::trials::report::text::{
    DIM, GOOD, Page, Percent, Table, WIDTH, amount, number, shortened, sign,
};
use crate::tune::report::{Chosen, Policy, Report, shown};
use crate::tune::score::{Axis, Estimate};

/// Policies that are shown.
const SHOWN_MAX: usize = 24;

/// Writes the report as text.
#[must_use]
pub fn render(report: &Report, colour: bool) -> String {
    let mut page = Page::titled(&report.title, colour);
    head(&mut page, report);
    policies(&mut page, report);
    for line in choice(report) {
        let _ = writeln!(page.out, "{line}");
    }
    remarks(&mut page, report);
    page.out
}

/// One line: what to take.
#[must_use]
pub fn brief(report: &Report) -> String {
    let Some(chosen) = &report.choice else {
        return "no policy keeps the limits\n".to_owned();
    };
    let values = chosen.values.iter().flatten();
    let changes = report.vary.iter().zip(values);
    let changes: Vec<String> = changes
        .map(|(varied, value)| format!("{}={}", varied.path, shown(value)))
        .collect();
    let name = if changes.is_empty() {
        "the policy as written".to_owned()
    } else {
        changes.join(", ")
    };
    match chosen.tied.len() {
        0 | 1 => format!("{name}\n"),
        tied => format!("{name} ({} more cannot be told apart)\n", tied - 1),
    }
}

/// What to take, what changes with it, and what it buys, line by line.
#[must_use]
pub fn choice(report: &Report) -> Vec<String> {
    let Some(chosen) = &report.choice else {
        let why = "no policy keeps the limits: allow more, or vary more";
        return vec![format!("choice    {why}"), String::new()];
    };
    let mut lines = Vec::new();
    let mut paragraph = |label: &str, text: &str| {
        let wrapped = wrap(text, WIDTH - 12, 2);
        for (index, line) in wrapped.iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            lines.push(format!("{label:<10}{line}"));
        }
    };
    paragraph("choice", &chosen_as(report, chosen));
    let values = chosen.values.iter().flatten();
    for (varied, value) in report.vary.iter().zip(values) {
        paragraph("", &format!("{} = {}", varied.path, shown(value)));
    }
    let others: Vec<String> = chosen
        .tied
        .iter()
        .filter(|policy| **policy != chosen.policy)
        .map(|policy| {
            if *policy == 0 {
                "as written".to_owned()
            } else {
                policy.to_string()
            }
        })
        .collect();
    if !others.is_empty() {
        let shown: Vec<&str> = others.iter().take(12).map(String::as_str).collect();
        let more = match others.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!(
            "cannot be told apart from it by these runs: {}{more}",
            shown.join(", ")
        );
        paragraph("", &text);
    }
    if !chosen.keeps_limits {
        paragraph(
            "",
            "by the estimates it keeps the limits, but not beyond the noise: more runs (`-n`) tell",
        );
    }
    if chosen.policy != 0 {
        let mut label = "it buys";
        for axis in Axis::ALL {
            if let Some(difference) = chosen.differences.get(axis.name()) {
                paragraph(label, &bought(axis, difference, report, chosen));
                label = "";
            }
        }
    }
    lines.push(String::new());
    lines
}

fn chosen_as(report: &Report, chosen: &Chosen) -> String {
    let name = if chosen.policy == 0 {
        "the policy as written".to_owned()
    } else {
        format!("policy {}", chosen.policy)
    };
    let why = if report.minimise.is_empty() {
        "the knee of the frontier by the estimates: a proposal, `--minimise` says what matters"
            .to_owned()
    } else {
        let axes: Vec<&str> = report.minimise.iter().map(|axis| label(*axis)).collect();
        format!("least {}", axes.join(", then "))
    };
    let nothing = if chosen.policy == 0 && 1 < chosen.tied.len() {
        "; nothing that was tried is better beyond the noise"
    } else {
        ""
    };
    format!("{name}: {why}{nothing}")
}

/// What a choice has more or less than the policy as written.
fn bought(axis: Axis, difference: &Estimate, report: &Report, chosen: &Chosen) -> String {
    let value = |policy: usize| {
        let estimates = report.policies.get(policy).map(|policy| &policy.estimates);
        estimates
            .and_then(|estimates| estimates.get(axis.name()))
            .map_or(0.0, |one| one.mean)
    };
    let (before, after) = (value(0), value(chosen.policy));
    let percent = Percent::of(difference.low, difference.high);
    let signed = |value: f64| {
        let size = if axis.is_share() {
            percent.text(value.abs())
        } else {
            amount(value.abs(), unit(axis))
        };
        format!("{}{size}", sign(value))
    };
    let plain = |value: f64| {
        if axis.is_share() {
            format!("{} %", percent.text(value))
        } else {
            amount(value, unit(axis))
        }
    };
    let points = if axis.is_share() { " points" } else { "" };
    format!(
        "{} {} -> {}: {}{points} ({} to {})",
        label(axis),
        plain(before),
        plain(after),
        signed(difference.mean),
        signed(difference.low),
        signed(difference.high)
    )
}

fn head(page: &mut Page, report: &Report) {
    let world = report.scenario.as_ref();
    let world = world.map_or("default".to_owned(), |name| format!("scenario {name}"));
    page.paragraph("world", &world);
    let rate = |rate: f64| format!("{} %", number(rate * 100.0));
    let healthy = report.releases.healthy_error_rate;
    let healthy = healthy.map_or(String::new(), |healthy| {
        format!(" with {} errors", rate(healthy))
    });
    let mut releases = format!("{} healthy{healthy}", rate(report.releases.healthy_share));
    for bad in &report.releases.bad {
        let _ = write!(
            releases,
            "; {} bad with {} errors",
            rate(bad.share),
            rate(bad.error_rate)
        );
    }
    page.paragraph("releases", &releases);
    let mut label = "vary";
    for varied in &report.vary {
        page.paragraph(
            label,
            &format!("{} = {}", varied.path, varied.values.join(", ")),
        );
        label = "";
    }
    let mut wanted: Vec<String> = report
        .axes
        .iter()
        .map(|axis| self::label(*axis).to_owned())
        .collect();
    wanted = vec![wanted.join(", ")];
    for (name, limit) in &report.limits {
        let axis = Axis::ALL.into_iter().find(|axis| axis.name() == *name);
        let axis = axis.map_or("", self::label);
        wanted.push(format!("{axis} at most {}", rate(*limit)));
    }
    page.paragraph("compare", &wanted.join("; "));
    page.paragraph("policies", &tally(report));
    let ended = if report.is_interrupted {
        ", ended early"
    } else {
        ""
    };
    let runs = format!(
        "{} in all, {} of each release under each policy that is left{ended}",
        report.runs, report.replicates
    );
    page.paragraph("runs", &runs);
    page.paragraph("seed", &report.seed.to_string());
    page.out.push('\n');
}

/// How many policies became what.
fn tally(report: &Report) -> String {
    let of = |place: &str| {
        report
            .policies
            .iter()
            .filter(|policy| policy.place == place)
            .count()
    };
    let tried = report.policies.len();
    let mut parts = vec![format!("{tried} with the one as written")];
    let possible = usize::try_from(report.possible).unwrap_or(usize::MAX);
    let sampled = tried - 1 + report.same + report.refused;
    if sampled < possible {
        parts[0] = format!("a sample of {sampled} of {possible}, and the one as written");
    }
    for (number, what) in [
        (report.same, "more the same as that"),
        (report.refused, "cannot be run"),
        (of("breaksLimit"), "dropped for a limit"),
        (of("beaten"), "dropped as worse than another one"),
        (of("overLimit"), "over a limit by the estimates"),
        (of("near"), "worse than another one by the estimates"),
        (of("alike"), "the same in every run as another one"),
        (of("frontier"), "on the frontier"),
    ] {
        if 0 < number {
            parts.push(format!("{number} {what}"));
        }
    }
    parts.join("; ")
}

fn policies(page: &mut Page, report: &Report) {
    let chosen = report.choice.as_ref().map_or(0, |choice| choice.policy);
    let is_tied = |policy: &Policy| {
        let choice = report.choice.as_ref();
        choice.is_some_and(|choice| choice.tied.contains(&policy.policy))
    };
    let rank = |policy: &Policy| match policy.place {
        _ if policy.policy == 0 => 0,
        _ if policy.policy == chosen => 1,
        "frontier" => 2,
        _ if is_tied(policy) => 3,
        "near" => 4,
        "overLimit" => 5,
        _ => 6,
    };
    let mut shown_ones: Vec<&Policy> = report
        .policies
        .iter()
        .filter(|policy| rank(policy) < 6)
        .collect();
    shown_ones.sort_by_key(|policy| (rank(policy), policy.policy));
    let more = shown_ones.len().saturating_sub(SHOWN_MAX);
    shown_ones.truncate(SHOWN_MAX);
    // The frontier is read along its first axis.
    let first = report.axes.first().map_or("", |axis| axis.name());
    let mean = |policy: &Policy| policy.estimates.get(first).map_or(0.0, |one| one.mean);
    shown_ones.sort_by(|a, b| {
        let key = |policy: &Policy| match policy.place {
            _ if policy.policy == 0 => 0,
            "frontier" => 1,
            "near" => 2,
            _ => 3,
        };
        let order = key(a).cmp(&key(b)).then(mean(a).total_cmp(&mean(b)));
        order.then(a.policy.cmp(&b.policy))
    });
    // What does not fit on the page loses its intervals: first where nothing is compared, then everywhere.
    let is_compared =
        |axis: Axis| report.axes.contains(&axis) || report.limits.contains_key(axis.name());
    let has_intervals: [&dyn Fn(Axis) -> bool; 3] = [&|_| true, &is_compared, &|_| false];
    let mut rows = Vec::new();
    for has_interval in has_intervals {
        rows = lines(report, &shown_ones, has_interval);
        if width(&rows) <= WIDTH {
            break;
        }
    }
    let mut rows = rows.into_iter();
    let mut table = Table::titled(rows.next().unwrap_or_default());
    for (policy, cells) in shown_ones.iter().zip(rows) {
        let is_choice = report.choice.is_some() && policy.policy == chosen;
        table.push(is_choice.then_some(GOOD), cells);
    }
    page.table(&table);
    if 0 < more {
        let noun = if more == 1 { "policy" } else { "policies" };
        let line = format!("{more} more {noun} in `--output csv`");
        let line = page.paint(DIM, &line);
        page.out.pop();
        let _ = writeln!(page.out, "{line}\n");
    }
}

/// The titles and a line for each policy.
fn lines(
    report: &Report,
    policies: &[&Policy],
    has_interval: &dyn Fn(Axis) -> bool,
) -> Vec<Vec<String>> {
    let has = |axis: &Axis| report.axis_names().contains(&axis.name());
    let axes: Vec<Axis> = Axis::ALL.into_iter().filter(has).collect();
    let mut titles = vec!["policy".to_owned()];
    titles.extend(report.vary.iter().map(|varied| short(report, &varied.path)));
    titles.extend(axes.iter().map(|axis| label(*axis).to_owned()));
    titles.push(String::new());
    let line = |policy: &&Policy| {
        let name = policy.policy.to_string();
        let name = if policy.policy == 0 {
            "written".to_owned()
        } else {
            name
        };
        let mut cells = vec![name];
        for index in 0..report.vary.len() {
            let value = policy.values.as_ref().and_then(|values| values.get(index));
            cells.push(value.map_or("-".to_owned(), |value| shortened(&shown(value), 16)));
        }
        for axis in &axes {
            let estimate = policy
                .estimates
                .get(axis.name())
                .copied()
                .unwrap_or_default();
            cells.push(cell(*axis, &estimate, has_interval(*axis)));
        }
        let choice = report.choice.as_ref();
        let is_choice = choice.is_some_and(|choice| choice.policy == policy.policy);
        let is_tied = choice.is_some_and(|choice| choice.tied.contains(&policy.policy));
        let like_it = |other: &&Policy| other.alike_to == Some(policy.policy);
        let alike = report.policies.iter().filter(like_it).count();
        cells.push(remark(policy, is_choice, is_tied, alike));
        cells
    };
    std::iter::once(titles)
        .chain(policies.iter().map(line))
        .collect()
}

/// The width of a table of these cells.
fn width(rows: &[Vec<String>]) -> usize {
    let columns = rows.first().map_or(0, Vec::len);
    let column = |index: usize| {
        let cells = rows.iter().filter_map(|cells| cells.get(index));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    (0..columns).map(column).sum::<usize>() + 2 * columns.saturating_sub(1)
}

/// What is to be said of a policy at the end of its line; `alike`: how many others are the same in every run.
fn remark(policy: &Policy, is_choice: bool, is_tied: bool, alike: usize) -> String {
    let place = match policy.place {
        "overLimit" | "breaksLimit" => "over a limit".to_owned(),
        "beaten" => policy
            .beaten_by
            .map_or(String::new(), |rival| format!("worse than {rival}")),
        "near" => "near".to_owned(),
        _ => String::new(),
    };
    let standing = match (is_choice, is_tied) {
        (true, _) => "choice".to_owned(),
        (false, true) => "as good".to_owned(),
        _ => place,
    };
    match (standing.is_empty(), alike) {
        (_, 0) => standing,
        (true, _) => format!("{alike} alike"),
        (false, _) => format!("{standing}, {alike} alike"),
    }
}

/// An estimate and, if there is room, the longer side of its interval.
fn cell(axis: Axis, estimate: &Estimate, has_interval: bool) -> String {
    let reach = estimate.reach();
    if !has_interval {
        let percent = Percent::of(estimate.mean - reach, estimate.mean + reach);
        return if axis.is_share() {
            format!("{} %", percent.text(estimate.mean))
        } else {
            amount(estimate.mean, unit(axis))
        };
    }
    if axis.is_share() {
        let percent = Percent::of(estimate.mean - reach, estimate.mean + reach);
        format!("{} ±{} %", percent.text(estimate.mean), percent.text(reach))
    } else if reach == 0.0 {
        amount(estimate.mean, unit(axis))
    } else {
        let digits = |value: f64| match unit(axis) {
            Unit::Seconds => amount(value, Unit::Seconds),
            _ => rounded(value, reach),
        };
        format!("{} ±{}", digits(estimate.mean), digits(reach))
    }
}

/// A number with as many decimals as one digit of its interval has.
fn rounded(value: f64, reach: f64) -> String {
    let decimals = (0..9)
        .find(|decimals| 1.0 <= reach * 10_f64.powi(*decimals))
        .unwrap_or(9);
    format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))
}

/// The name of a column: the last part of a path, or the path if that is not enough.
fn short(report: &Report, path: &str) -> String {
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let own = last(path);
    let is_unique = report
        .vary
        .iter()
        .filter(|varied| last(&varied.path) == own)
        .count()
        == 1;
    shortened(if is_unique { &own } else { path }, 22)
}

fn label(axis: Axis) -> &'static str {
    match axis {
        Axis::FalseAborts => "false aborts",
        Axis::Missed => "missed",
        Axis::Time => "time",
        Axis::Harm => "harm",
        Axis::Capacity => "pod-hours",
    }
}

fn unit(axis: Axis) -> Unit {
    match axis {
        Axis::Time => Unit::Seconds,
        Axis::Capacity => Unit::PodHours,
        _ => Unit::Count,
    }
}

fn remarks(page: &mut Page, report: &Report) {
    let mut remarks = vec![
        "False aborts: healthy releases that are rolled back. Missed: bad releases that are promoted. Time: until the \
         verdict on a healthy release. Pod-hours: beyond spec.replicas, of all releases as they come."
            .to_owned(),
        "Every estimate has its own 95 % interval (the longer side is shown); all policies have the same weather. \"As good\" \
         cannot be told apart from the choice."
            .to_owned(),
    ];
    if report.axis_names().contains(&"harm") {
        remarks[0].push_str(" Harm: extra failed requests, of all releases as they come.");
    } else {
        remarks[0].push_str(" Harm is told where a scenario has `traffic`.");
    }
    let held = report
        .policies
        .iter()
        .filter_map(|policy| policy.held)
        .fold(0.0, f64::max);
    if 0.0 < held {
        remarks.push(format!(
            "Up to {} % of the releases under a policy are neither promoted nor rolled back: they wait, are stuck, or were \
             cut off, and count as neither.",
            number(held * 100.0)
        ));
    }
    if let Some(refusal) = &report.refusal {
        remarks.push(format!(
            "Why the first policy that cannot be run cannot: {refusal}"
        ));
    }
    for remark in &remarks {
        for line in wrap(remark, WIDTH, 0) {
            let line = page.paint(DIM, &line);
            let _ = writeln!(page.out, "{line}");
        }
    }
}
