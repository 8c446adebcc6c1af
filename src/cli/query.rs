//! `coalmine query`: what a gate would have seen, over a stretch of a run.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::exit::Exit;
use super::parse_until;
use super::subject::{Sight, SubjectArgs, refuse};
use super::terminal::{Colour, look_of_errors};
use crate::cluster::provider::number_text;
use crate::diagnostic::Diagnostic;
use crate::promql::{Query, RangeSeries, Scratch};
use crate::series::{Exporter, START_MILLIS, Window, storing};
use crate::time::{Delta, SimTime};

#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    /// Manifests and scenario: a folder, a scenario file beside its manifests, or files; the last argument is the query
    #[arg(value_name = "PATH", required = true, num_args = 2..)]
    arguments: Vec<String>,
    #[command(flatten)]
    subject: SubjectArgs,
    /// The first instant, such as 0s
    #[arg(long, value_name = "DURATION", value_parser = parse_from, default_value = "0s")]
    from: SimTime,
    /// The last instant, such as 20m
    #[arg(long, value_name = "DURATION", value_parser = parse_until)]
    to: SimTime,
    /// From one instant to the next, such as 30s
    #[arg(long, value_name = "DURATION", value_parser = parse_until, default_value = "30s")]
    step: SimTime,
    /// Format of the answer
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Whether to use colours for diagnostics; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table and a sparkline for each element
    Text,
    /// A document, schema coalmine.query/v1
    Json,
    /// A table with a line for each instant of each element
    Csv,
}

/// An instant, 0 or later.
fn parse_from(text: &str) -> Result<SimTime, String> {
    match text {
        "0" | "0s" => Ok(SimTime::ZERO),
        _ => parse_until(text),
    }
}

pub(super) fn run(args: &QueryArgs) -> Exit {
    let look = look_of_errors(args.color);
    let (query, paths) = args
        .arguments
        .split_last()
        .map_or(("", &[][..]), |(query, paths)| (query.as_str(), paths));
    let query = match Query::compile(query) {
        Ok(query) => query,
        Err(error) => return refuse(bad_query(&error), look),
    };
    let (paths, scenario) = inputs(paths, args.subject.which.scenario.as_ref());
    let sight = Sight {
        paths: &paths,
        scenario: scenario.as_ref(),
        choice: args.subject.choice(),
        at: args.to,
        look,
    };
    sight.show(|exporter| answer(args, &query, exporter))
}

/// A lone scenario file stands for its folder with this scenario.
fn inputs(paths: &[String], scenario: Option<&PathBuf>) -> (Vec<PathBuf>, Option<PathBuf>) {
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    if let ([only], None) = (&paths[..], scenario) {
        let is_scenario = only
            .file_stem()
            .and_then(|stem| stem.to_str())
            .is_some_and(|stem| stem == "scenario" || stem.ends_with(".scenario"));
        if is_scenario && only.is_file() {
            let folder = only.parent().map(PathBuf::from).unwrap_or_default();
            let folder = if folder.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                folder
            };
            return (vec![folder], Some(only.clone()));
        }
    }
    (paths, scenario.cloned())
}

fn bad_query(error: &impl std::fmt::Display) -> Diagnostic {
    Diagnostic::error("bad-query", error.to_string())
}

fn answer(
    args: &QueryArgs,
    query: &Query,
    exporter: &Exporter<'_>,
) -> Result<String, Box<Diagnostic>> {
    let window = Window {
        from: SimTime::ZERO + Delta::from_secs(-3600),
        to: args.to,
    };
    let store = storing::store(exporter, query, window);
    let steps = storing::steps(args.from, args.to, args.step - SimTime::ZERO);
    let series = query
        .evaluate_range(&store, steps, &mut Scratch::default())
        .map_err(|error| Box::new(bad_query(&error)))?;
    let instants: Vec<i64> = (steps.start..=steps.end)
        .step_by(usize::try_from(steps.step).unwrap_or(usize::MAX))
        .collect();
    Ok(match args.output {
        Output::Text => text(&series, &instants),
        Output::Json => document(query, &series),
        Output::Csv => table(&series),
    })
}

/// Virtual seconds of an instant.
fn seconds(at: i64) -> f64 {
    Delta::from_millis(at - START_MILLIS).seconds()
}

/// The value of a series at an instant, if it has one.
fn value(series: &RangeSeries, at: i64) -> Option<f64> {
    let index = series.times.binary_search(&at).ok()?;
    Some(series.values[index])
}

fn text(series: &[RangeSeries], instants: &[i64]) -> String {
    let mut out = String::new();
    if series.is_empty() {
        out.push_str("the query finds nothing at any of these instants\n");
    }
    for (index, one) in series.iter().enumerate() {
        let _ = writeln!(out, "{}  {{{}}}", index + 1, labels(one));
        let _ = writeln!(out, "   {}", sparkline(one, instants));
    }
    if series.is_empty() {
        return out;
    }
    out.push('\n');
    let _ = write!(out, "{:>10}", "time");
    for index in 1..=series.len() {
        let _ = write!(out, "  {index:>14}");
    }
    out.push('\n');
    for at in instants {
        let time = Delta::from_millis(at - START_MILLIS).to_string();
        let _ = write!(out, "{time:>10}");
        for one in series {
            let shown = value(one, *at).map_or("-".to_owned(), number);
            let _ = write!(out, "  {shown:>14}");
        }
        out.push('\n');
    }
    out
}

/// Eight heights between the least and the greatest value; gaps are blanks.
fn sparkline(series: &RangeSeries, instants: &[i64]) -> String {
    const BARS: [char; 8] = [
        '\u{2581}', '\u{2582}', '\u{2583}', '\u{2584}', '\u{2585}', '\u{2586}', '\u{2587}',
        '\u{2588}',
    ];
    let finite = series
        .values
        .iter()
        .copied()
        .filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let bar = |value: f64| {
        if !value.is_finite() {
            return '?';
        }
        // What differs in the last digits only is flat.
        let share = if high - low > 1e-9 * high.abs() {
            (value - low) / (high - low)
        } else {
            0.5
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of seven"
        )]
        let height = (share * 7.0).round() as usize;
        BARS[height.min(7)]
    };
    let marks: String = instants
        .iter()
        .map(|at| value(series, *at).map_or(' ', bar))
        .collect();
    if low <= high {
        format!("{marks}  {} to {}", number(low), number(high))
    } else {
        marks
    }
}

/// Six digits are enough for people; the other formats have all.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return number_text(value);
    }
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn document(query: &Query, series: &[RangeSeries]) -> String {
    let series: Vec<_> = series
        .iter()
        .map(|one| {
            let labels: serde_json::Map<_, _> = one
                .labels
                .iter()
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect();
            let samples: Vec<_> = one
                .times
                .iter()
                .zip(&one.values)
                .map(|(at, value)| json!([seconds(*at), number_text(*value)]))
                .collect();
            json!({ "labels": labels, "samples": samples })
        })
        .collect();
    let document = json!({
        "schema": "coalmine.query/v1",
        "query": query.text(),
        "series": series,
    });
    format!("{document:#}\n")
}

fn table(series: &[RangeSeries]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = series.iter().flat_map(|one| {
        let samples = one.times.iter().zip(&one.values);
        samples.map(|(at, value)| [seconds(*at).to_string(), labels(one), number_text(*value)])
    });
    let header = ["seconds", "labels", "value"].map(str::to_owned);
    for row in std::iter::once(header).chain(rows) {
        writer
            .write_record(&row)
            .expect("rows of one length in memory");
    }
    let bytes = writer.into_inner().expect("memory does not fail");
    String::from_utf8(bytes).expect("written from texts")
}

/// The labels of a series as PromQL writes them.
fn labels(series: &RangeSeries) -> String {
    let labels = series.labels.iter();
    let labels: Vec<String> = labels
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    labels.join(",")
}
