//! `coalmine power`: what a policy catches, by the error rate of the release.
//!
//! Knows: arguments, the file of the picture, the clock and the signals. Refuses to know what the runs come to
//! ([`crate::power`]).

#![expect(
    clippy::disallowed_methods,
    reason = "the place where the clock is read and the picture is written"
)]

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::many::{ManyArgs, RUNS_MAX, is_stopped, next_portion, notice_stop, refuse};
use super::terminal::{finish, look_of_errors, wants_colour};
use super::trials::amounts::parse_runs;
use super::trials::progress::Display;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::quoted;
use crate::power::report::Circumstances;
use crate::power::{self, Rates, Report, Study, Tested, plot, text};
use crate::report::text as report_text;
use crate::statistics::interval::clopper_pearson;
use crate::trials::report::Precision;
use crate::trials::{Campaign, Roster, Shard};

/// How many runs there are for each rate where nothing is asked for.
const RUNS_DEFAULT: u64 = 2_000;

#[derive(Debug, Args)]
pub(super) struct PowerArgs {
    #[command(flatten)]
    many: ManyArgs,
    /// The shares of the requests to the release that fail: a range such as 0.5%..10% or 0%..5%/0.5%, or a list
    #[arg(long, value_name = "RATES", value_parser = Rates::parse, default_value = "0.1%..50%")]
    error_rate: Rates,
    /// The rate of a healthy release; by default that of the stable version, or what metrics draw as written
    #[arg(long, value_name = "RATE", value_parser = Rates::parse_one)]
    healthy: Option<f64>,
    /// How many runs for each rate; with --precision at most so many [default: 2000]
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = parse_runs)]
    runs: Option<u64>,
    /// Draws the curve into a file, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table
    Text,
    /// A document, schema coalmine.power/v1
    Json,
    /// One line for each rate
    Csv,
}

pub(super) fn run(args: &PowerArgs) -> Exit {
    let look = look_of_errors(args.many.color);
    let case = match args.many.written(look) {
        Ok((written, _)) => written.case,
        Err(exit) => return exit,
    };
    let tested = match Tested::of(&case.stage()) {
        Ok(tested) => tested,
        Err(problem) => return refuse(*problem, look, Exit::Unreadable),
    };
    if args.plot.is_some() && !plot::is_drawable(args.error_rate.values()) {
        let problem = Diagnostic::error("no-picture", "a picture needs two error rates above 0%");
        return refuse(problem, look, Exit::Usage);
    }
    let healthy = args.healthy.or(tested.healthy);
    let study = Study::new(case.stage(), &tested, args.error_rate.values(), healthy);
    let limit = args.many.precision.map_or(RUNS_DEFAULT, |_| RUNS_MAX);
    let mut work = Work {
        study,
        seed: case.seed(),
        runs: args.runs.unwrap_or(limit),
        quiet: args.many.quiet,
    };
    notice_stop();
    let precision = match work.done(&args.many) {
        Ok(precision) => precision,
        Err(problem) => return refuse(*problem, look, Exit::CannotWrite),
    };
    let calm = case.run();
    let circumstances = Circumstances {
        title: report_text::subject(&calm),
        scenario: calm.header.scenario.clone(),
        seed: work.seed,
        wanted: work.runs,
        precision,
    };
    let report = Report::of(&work.study, &tested, circumstances);
    let mut exit = if is_stopped() && report.wanted.is_some() {
        Exit::Interrupted
    } else {
        Exit::Promoted
    };
    if let Some(path) = &args.plot
        && let Err(problem) = draw(&report, path)
    {
        // The numbers are told all the same.
        exit = refuse(*problem, look, Exit::CannotWrite);
    }
    finish(&rendered(&report, args), exit)
}

/// The runs that are wanted.
struct Work<'a> {
    study: Study<'a>,
    seed: u64,
    /// How many for each rate, at most.
    runs: u64,
    quiet: bool,
}

impl Work<'_> {
    /// Does all runs, or as many as there is time for: portions of every rate in turn, so that an early end finds about
    /// as many runs of each.
    fn done(&mut self, many: &ManyArgs) -> Result<Option<Precision>, Box<Diagnostic>> {
        let pool = many.pool()?;
        let looks = many.looks(self.runs);
        let mut display = Display::new(0, self.quiet);
        let sizes = looks
            .as_ref()
            .map_or_else(|| vec![self.runs], |looks| looks.sizes().to_vec());
        let mut portion = 1;
        let worlds = self.study.worlds();
        let stage = self.study.stage;
        let rosters = worlds.iter().map(|world| power::roster(stage, world));
        let rosters: Vec<Roster<'_>> = rosters.collect();
        for size in &sizes {
            let campaign = Campaign {
                seed: self.seed,
                runs: *size,
                shard: Shard::WHOLE,
            };
            self.aim(&mut display, *size);
            while !self.is_done(&campaign) && !is_stopped() {
                for (index, roster) in rosters.iter().enumerate() {
                    let lane = &mut self.study.lanes[index];
                    if lane.is_precise || lane.progress.is_done(&campaign) || is_stopped() {
                        continue;
                    }
                    let begin = Instant::now();
                    pool.install(|| lane.advance(roster, &campaign, portion));
                    portion = next_portion(portion, begin.elapsed());
                    display.show(self.study.runs());
                }
            }
            // What an interruption left is no look.
            if is_stopped() {
                break;
            }
            if let Some((half_width, looks)) = many.precision.zip(looks.as_ref()) {
                self.look(half_width, looks.confidence_of_each());
            }
        }
        display.clear();
        let precision = many.precision.zip(looks);
        Ok(precision.map(|(half_width, looks)| Precision {
            half_width,
            looks: looks.sizes().len(),
            confidence_of_each: looks.confidence_of_each(),
            reached: self.study.lanes.iter().all(|lane| lane.is_precise),
        }))
    }

    fn is_done(&self, campaign: &Campaign) -> bool {
        let mut lanes = self.study.lanes.iter();
        lanes.all(|lane| lane.is_precise || lane.progress.is_done(campaign))
    }

    /// Tells the display how many runs are wanted, if there are so many for each rate.
    fn aim(&self, display: &mut Display, size: u64) {
        let of_lane = |lane: &crate::power::Lane| {
            let done = lane.progress.runs();
            if lane.is_precise { done } else { size }
        };
        display.aim(self.study.lanes.iter().map(of_lane).sum());
    }

    /// Notes which rates are known well enough.
    fn look(&mut self, half_width: f64, confidence: f64) {
        for lane in &mut self.study.lanes {
            let interval = clopper_pearson(lane.caught(), lane.progress.runs(), confidence);
            let is_short = |half: f64| half <= half_width;
            lane.is_precise |= interval.is_some_and(|interval| is_short(interval.half_width()));
        }
    }
}

fn draw(report: &Report, path: &Path) -> Result<(), Box<Diagnostic>> {
    let picture = plot::svg(report).map_err(|why| {
        let message = format!("the curve cannot be drawn: {why}");
        Box::new(Diagnostic::error("no-picture", message))
    })?;
    fs::write(path, picture).map_err(|error| {
        let path = quoted(&path.display().to_string());
        let message = format!("cannot write {path}: {error}");
        Box::new(Diagnostic::error("unwritable-file", message))
    })
}

fn rendered(report: &Report, args: &PowerArgs) -> String {
    match args.output {
        Output::Json => report.json(),
        Output::Csv => report.csv(),
        Output::Text if args.many.quiet => text::brief(report),
        Output::Text => {
            let colour = wants_colour(args.many.color, io::stdout().is_terminal());
            text::render(report, colour)
        }
    }
}
