//! `coalmine tune`: which policy to take.
//!
//! Knows: arguments, threads, the clock and the signals. Refuses to know how policies are compared ([`crate::tune`]).

mod asked;
mod patch;
mod policies;

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::many::{ManyArgs, is_stopped, notice_stop, refuse};
use super::terminal::{finish, look_of_errors, wants_colour};
use super::trials::amounts::parse_runs;
use super::trials::progress::Display;
use crate::diagnostic::{Diagnostic, Look};
use crate::report::text as report_text;
use crate::tune::report::{Head, Report, Varied, text};
use crate::tune::{Aim, Axis, Bad, Outcome, Race, Releases};
use crate::vary::product::{Dimension, Product};
use asked::{Kind, parse_bad, parse_dimension, parse_rate};
use policies::Policies;

/// Differences that do not matter where nothing else is asked for.
const PRECISION: f64 = 0.01;

#[derive(Debug, Args)]
pub(super) struct TuneArgs {
    #[command(flatten)]
    many: ManyArgs,
    /// Varies a field of the manifests: 'failureLimit=0..5', 'interval=30s,1m,2m', 'steps[*].pause.duration=2m..20m'. Whole
    /// numbers are taken one by one, durations and rates on six geometric steps; '/STEP' behind a range sets the step
    #[arg(long, value_name = "PATH=VALUES", required = true, value_parser = parse_dimension)]
    vary: Vec<Dimension>,
    /// Bad releases: of all releases the share P fails requests with rate R, such as 5%@10%; several rates
    /// (5%@5%,10%,20% or 5%@5%..20%) are equally likely
    #[arg(long, value_name = "P@R", required = true, value_parser = parse_bad)]
    bad_release: Vec<Kind>,
    /// The error rate of healthy releases, if not that of the scenario
    #[arg(long, value_name = "R", value_parser = parse_rate)]
    healthy: Option<f64>,
    /// The share of healthy releases that may be rolled back
    #[arg(long, value_name = "SHARE", value_parser = parse_rate)]
    max_false_abort: Option<f64>,
    /// The share of bad releases that may be promoted
    #[arg(long, value_name = "SHARE", value_parser = parse_rate)]
    max_missed: Option<f64>,
    /// What is to be least, the most important first; without it, policies are compared in every respect
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    minimise: Vec<What>,
    /// Compares a sample of so many policies instead of all that the grids make
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=i64::from(policies::MAX)))]
    candidates: Option<u32>,
    /// How many runs of each release under each policy that is left, at most
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = parse_runs, default_value = "4096")]
    runs: u64,
    /// Begins no further round that would take more runs than this in all
    #[arg(long, value_name = "RUNS", value_parser = parse_runs)]
    budget: Option<u64>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Writes what turns the manifests into the choice, instead of the report unless --patch-file is given
    #[arg(long, value_enum, value_name = "FORMAT")]
    patch: Option<patch::Format>,
    /// Where the patch goes
    #[arg(long, value_name = "FILE", requires = "patch")]
    patch_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table
    Text,
    /// A document, schema coalmine.tune/v1
    Json,
    /// One line for each policy
    Csv,
}

/// What can be least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Healthy releases that are rolled back
    FalseAborts,
    /// Bad releases that are promoted
    Missed,
    /// Time until the verdict on a healthy release
    Time,
    /// Extra failed requests; needs traffic
    Harm,
    /// Pod-hours beyond spec.replicas
    Capacity,
}

impl What {
    fn axis(self) -> Axis {
        match self {
            Self::FalseAborts => Axis::FalseAborts,
            Self::Missed => Axis::Missed,
            Self::Time => Axis::Time,
            Self::Harm => Axis::Harm,
            Self::Capacity => Axis::Capacity,
        }
    }
}

pub(super) fn run(args: &TuneArgs) -> Exit {
    let look = look_of_errors(args.many.color);
    let releases = match releases(args) {
        Ok(releases) => releases,
        Err(problem) => return refuse(*problem, look, Exit::Usage),
    };
    let pool = match args.many.pool() {
        Ok(pool) => pool,
        Err(problem) => return refuse(*problem, look, Exit::CannotWrite),
    };
    let product = Product::new(args.vary.clone());
    let policies = match pool.install(|| Policies::of(args, &product, &releases, look)) {
        Ok(policies) => policies,
        Err(exit) => return exit,
    };
    notice_stop();
    let aim = aim(args, policies.has_traffic());
    let mut race = Race::new(policies.count(), &releases, &aim);
    compete(args, &pool, &policies, &mut race);
    if race.replicates() == 0 {
        return Exit::Interrupted;
    }
    let minimise: Vec<Axis> = args.minimise.iter().map(|what| what.axis()).collect();
    let outcome = Outcome::of(&race, &minimise);
    let report = Report::of(&head(args, &product, &policies, minimise), &race, &outcome);
    told(args, &policies, &report, look)
}

/// Plays round after round, until enough is known or somebody wants an end.
fn compete(args: &TuneArgs, pool: &rayon::ThreadPool, policies: &Policies, race: &mut Race<'_>) {
    let mut display = Display::new(0, args.many.quiet);
    while let Some(runs) = race.next_round() {
        display.aim(race.runs() + runs);
        let mut goes_on = |runs| {
            display.show(runs);
            !is_stopped()
        };
        if !pool.install(|| race.advance(policies, &mut goes_on)) {
            break;
        }
    }
    display.clear();
}

/// Writes report and patch.
fn told(args: &TuneArgs, policies: &Policies, report: &Report, look: Look) -> Exit {
    let exit = if report.is_interrupted {
        Exit::Interrupted
    } else {
        Exit::Promoted
    };
    if let Some(format) = args.patch {
        let text = match patch::written(format, policies, report) {
            Ok(text) => text,
            Err(problem) => return refuse(*problem, look, Exit::Usage),
        };
        match &args.patch_file {
            None => return finish(&text, exit),
            Some(file) => {
                if let Err(problem) = patch::keep(file, &text) {
                    return refuse(*problem, look, Exit::CannotWrite);
                }
            }
        }
    }
    let page = match args.output {
        Output::Text if args.many.quiet => text::brief(report),
        Output::Text => text::render(
            report,
            wants_colour(args.many.color, io::stdout().is_terminal()),
        ),
        Output::Json => report.json(),
        Output::Csv => report.csv(),
    };
    finish(&page, exit)
}

/// The releases that come.
fn releases(args: &TuneArgs) -> Result<Releases, Box<Diagnostic>> {
    let kinds = args.bad_release.iter();
    let bad: Vec<Bad> = kinds.flat_map(Kind::releases).collect();
    Releases::new(bad).ok_or_else(|| {
        let most = crate::tune::score::BAD_MAX;
        let message = format!(
            "the bad releases are more than 100 % of all releases, or of more than {most} kinds"
        );
        let help =
            "`--bad-release 5%@10%`: of all releases 5 % are bad, and fail 10 % of their requests";
        Box::new(Diagnostic::error("bad-releases", message).help(help))
    })
}

fn aim(args: &TuneArgs, has_traffic: bool) -> Aim {
    let mut axes: Vec<Axis> = args.minimise.iter().map(|what| what.axis()).collect();
    if axes.is_empty() {
        axes = Axis::ALL.to_vec();
        axes.retain(|axis| *axis != Axis::Harm || has_traffic);
    }
    let limits = [
        (Axis::FalseAborts, args.max_false_abort),
        (Axis::Missed, args.max_missed),
    ];
    let limits = limits
        .into_iter()
        .filter_map(|(axis, limit)| limit.map(|limit| (axis, limit)));
    Aim {
        axes,
        limits: limits.collect(),
        precision: args.many.precision.unwrap_or(PRECISION),
        runs: args.runs,
        budget: args.budget,
    }
}

fn head(args: &TuneArgs, product: &Product, policies: &Policies, minimise: Vec<Axis>) -> Head {
    let calm = policies.written().run();
    let varied = |dimension: &Dimension| Varied {
        path: dimension.path.clone(),
        values: dimension
            .grid
            .values()
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    Head {
        title: report_text::subject(&calm),
        scenario: calm.header.scenario.clone(),
        seed: policies.written().seed(),
        healthy: args.healthy,
        vary: product.dimensions().iter().map(varied).collect(),
        possible: product.size(),
        refused: policies.refused(),
        same: policies.same(),
        minimise,
        has_traffic: policies.has_traffic(),
        values: policies.values(product),
        is_interrupted: is_stopped(),
    }
}
