//! `coalmine series`: what Prometheus would hold at an instant of a run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::case::Choice;
use super::exit::Exit;
use super::parse_until;
use super::subject::{Sight, SubjectArgs};
use super::terminal::{Colour, look_of_errors};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::{closest, quoted};
use crate::series::{Exporter, Metric, Series, Window, exposition};
use crate::time::{Delta, SimTime};

/// How far back Prometheus looks for the last sample of a series (`--query.lookback-delta`).
const LOOK_BACK: Delta = Delta::from_secs(300);

#[derive(Debug, Args)]
pub(super) struct SeriesArgs {
    /// Manifests: files, folders, patterns such as 'manifests/*.yaml', or - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Simulates the first deployment: there is nothing at t = 0
    #[arg(long)]
    initial: bool,
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
    let sight = Sight {
        paths: &args.paths,
        scenario: args.subject.which.scenario.as_ref(),
        choice: Choice {
            initial: args.initial,
            ..args.subject.choice()
        },
        at: args.at,
        look: look_of_errors(args.color),
    };
    sight.show(|exporter| answer(args, exporter))
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
