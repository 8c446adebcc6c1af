//! `coalmine series`: what Prometheus would hold at an instant of a run.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::case::Choice;
use super::exit::Exit;
use super::{Colour, cut, parse_until, prepared, wants_colour, write};
use crate::diagnostic::wording::{closest, quoted};
use crate::diagnostic::{self, Diagnostic, Look, Sources};
use crate::series::{Exporter, Metric, Series, Window, exposition};
use crate::time::{Delta, SimTime};

/// How far back Prometheus looks for the last sample of a series (`--query.lookback-delta`).
const LOOK_BACK: Delta = Delta::from_secs(300);

#[derive(Debug, Args)]
pub(super) struct SeriesArgs {
    /// Manifests: files, folders, patterns such as 'manifests/*.yaml', or - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// What happens around the rollout; a folder's own scenario.yaml is found without this
    #[arg(short, long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Which scenario, if there are several
    #[arg(long, value_name = "NAME")]
    scenario_name: Option<String>,
    /// Which Rollout (or Experiment) to simulate, if the input has several
    #[arg(long, value_name = "NAME")]
    rollout: Option<String>,
    /// Simulates the first deployment: there is nothing at t = 0
    #[arg(long)]
    initial: bool,
    /// Draws start-up times and numbers of requests instead of taking expectations
    #[arg(long)]
    random: bool,
    /// Seed of what is drawn
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// The metric, such as `http_requests_total`; without it the metrics are listed (text) or all of them are written
    #[arg(short, long, value_name = "NAME")]
    metric: Option<String>,
    /// When Prometheus is looked at, such as 10m or 90s
    #[arg(long, value_name = "DURATION", value_parser = parse_until)]
    at: SimTime,
    /// Shows all samples of the time before that; text shows the last values without it, the other formats take 5m
    #[arg(long, value_name = "DURATION", value_parser = parse_until)]
    over: Option<SimTime>,
    /// Format of the series
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Whether to use colours for diagnostics; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Series as queries name them, with values
    Text,
    /// What `promtool tsdb create-blocks-from openmetrics` reads
    Openmetrics,
    /// A document, schema coalmine.series/v1
    Json,
}

pub(super) fn run(args: &SeriesArgs) -> Exit {
    let choice = Choice {
        scenario_name: args.scenario_name.as_deref(),
        name: args.rollout.as_deref(),
        initial: args.initial,
        random: args.random,
        seed: args.seed,
        ..Choice::default()
    };
    let prepared = prepared(&args.paths, args.scenario.as_ref(), &choice);
    let look = if wants_colour(args.color, io::stderr().is_terminal()) {
        Look::Coloured
    } else {
        Look::Plain
    };
    let told = diagnostic::render(&cut(prepared.findings), &prepared.sources, look);
    tell(&told);
    let case = match prepared.case {
        Ok(case) => case,
        Err(exit) => return exit,
    };
    match case.look_at(args.at, |exporter| answer(args, exporter)) {
        Ok(text) => match write(&mut io::stdout().lock(), &text) {
            Ok(()) => Exit::Promoted,
            Err(_) => Exit::CannotWrite,
        },
        Err(problem) => {
            let findings = diagnostic::findings([*problem], |_| None);
            tell(&diagnostic::render(&findings, &Sources::default(), look));
            Exit::Usage
        }
    }
}

/// Diagnostics that nobody reads change nothing.
fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn answer(args: &SeriesArgs, exporter: &Exporter<'_>) -> Result<String, Box<Diagnostic>> {
    let over = args.over.map_or(LOOK_BACK, |over| over - SimTime::ZERO);
    let window = Window {
        from: args.at + Delta::from_nanos(-over.nanos()),
        to: args.at,
    };
    let known = exporter.metrics();
    let chosen: Vec<&Metric> = match &args.metric {
        None => known.iter().collect(),
        Some(name) => known
            .iter()
            .filter(|metric| metric.name == *name || metric.family == *name)
            .collect(),
    };
    if let Some(name) = args.metric.as_ref().filter(|_| chosen.is_empty()) {
        return Err(Box::new(unknown(name, &known)));
    }
    let found: Vec<(Metric, Vec<Series>)> = chosen
        .into_iter()
        .map(|metric| (metric.clone(), exporter.series(&metric.name, window)))
        .collect();
    let series = || found.iter().map(|(_, series)| series.as_slice());
    Ok(match (args.output, &args.metric) {
        (Output::Openmetrics, _) => exposition::openmetrics(&found),
        (Output::Json, _) => exposition::document(args.at, &found),
        (Output::Text, None) => list(&found),
        (Output::Text, Some(_)) if args.over.is_none() => {
            series().map(exposition::last_values).collect()
        }
        (Output::Text, Some(_)) => series().map(exposition::all_samples).collect(),
    })
}

/// The metrics with their kinds and numbers of series.
fn list(found: &[(Metric, Vec<Series>)]) -> String {
    let names = found.iter().map(|(metric, _)| metric.name.len());
    let width = names.max().unwrap_or(0);
    let line = |(metric, series): &(Metric, Vec<Series>)| {
        let (name, kind) = (&metric.name, metric.kind.name());
        format!("{name:<width$}  {kind:<9}  {:>5} series\n", series.len())
    };
    found.iter().map(line).collect()
}

fn unknown(name: &str, known: &[Metric]) -> Diagnostic {
    let message = format!("nothing exports a metric {}", quoted(name));
    let help = match closest(name, known.iter().map(|metric| metric.name.as_str())) {
        Some(closest) => format!("did you mean {}?", quoted(closest)),
        None => "without `--metric` the metrics are listed".to_owned(),
    };
    Diagnostic::error("no-such-metric", message).help(help)
}
