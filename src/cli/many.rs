//! What the commands that simulate a release many times have in common: their arguments, threads, and signals.
//!
//! Refuses to know what the runs come to.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;

use super::case::{Case, Choice};
use super::exit::Exit;
use super::subject::WhichArgs;
use super::terminal::{Colour, tell};
use super::trials::amounts::{parse_precision, parse_seed};
use super::{Prepared, cut, gathered, parse_until, prepared_of};
use crate::diagnostic::{self, Diagnostic, Finding, Look, Severity, Sources};
use crate::input::{self, Input};
use crate::statistics::looks::Looks;
use crate::time::SimTime;
use crate::trials::BLOCK;
use crate::trials::report::CONFIDENCE;

/// The most runs where only a precision is asked for.
pub(super) const RUNS_MAX: u64 = 1 << 24;
/// The first look at the precision.
const FIRST_LOOK: u64 = 4 * BLOCK;
/// How long one portion of blocks should take: as long as it takes to notice an interruption.
const PORTION: Duration = Duration::from_millis(250);

/// Which release, how many runs, and how they are told.
#[derive(Debug, Args)]
pub(super) struct ManyArgs {
    /// Manifests and scenario: files, folders, patterns such as 'manifests/*.yaml', or - for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) which: WhichArgs,
    /// Simulates the first deployment: there is nothing at t = 0
    #[arg(long)]
    pub(super) initial: bool,
    /// The last instant that is simulated, such as 2h or 90s
    #[arg(long, value_name = "DURATION", value_parser = parse_until)]
    pub(super) until: Option<SimTime>,
    /// Seed of all runs
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = parse_seed)]
    pub(super) seed: Option<u64>,
    /// Runs until the shares are known to so much, such as 0.5%
    #[arg(long, value_name = "SHARE", value_parser = parse_precision)]
    pub(super) precision: Option<f64>,
    /// How many threads; by default one for each core. The result does not depend on it
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
    /// Tells the shares only, in one line
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(super) color: Colour,
}

/// A release as written, and what was said of it.
pub(super) struct Written {
    pub(super) input: Input,
    pub(super) case: Case,
    /// The messages that have been told.
    pub(super) known: Vec<String>,
}

impl ManyArgs {
    /// The choice that they make, but for the file of the scenario.
    pub(super) fn choice(&self) -> Choice<'_> {
        Choice {
            initial: self.initial,
            until: self.until,
            seed: self.seed,
            random: true,
            ..self.which.choice()
        }
    }

    /// Reads the release, and tells what is wrong with it; also the name of the scenario's own file if one is named.
    pub(super) fn written(&self, look: Look) -> Result<(Written, Option<String>), Exit> {
        let gathered = gathered(&self.paths, self.which.scenario.as_ref());
        let choice = Choice {
            scenario_file: gathered.scenario_file.as_deref(),
            ..self.choice()
        };
        let input = input::read(gathered.files);
        let Prepared {
            case,
            findings,
            sources,
        } = prepared_of(&input, gathered.problems, &choice);
        let known = findings
            .iter()
            .map(|finding| finding.diagnostic.message.clone())
            .collect();
        let is_told =
            |finding: &Finding| !self.quiet || finding.diagnostic.severity != Severity::Info;
        tell(
            &cut(findings.into_iter().filter(is_told).collect()),
            &sources,
            look,
        );
        let case = case?;
        Ok((Written { input, case, known }, gathered.scenario_file))
    }

    /// When one looks at the precision; `None`: none is asked for.
    pub(super) fn looks(&self, runs_max: u64) -> Option<Looks> {
        self.precision?;
        Looks::doubling(FIRST_LOOK.min(runs_max), runs_max, CONFIDENCE)
    }

    /// The threads.
    pub(super) fn pool(&self) -> Result<rayon::ThreadPool, Box<Diagnostic>> {
        let threads = self.threads.map_or(0, usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|error| {
            let message = format!("the threads cannot be made: {error}");
            Box::new(Diagnostic::error("no-threads", message))
        })
    }
}

/// Set when a person or the system wants an end.
static STOP: AtomicBool = AtomicBool::new(false);

/// Notices from now on that an end is wanted. The second time the program ends at once.
pub(super) fn notice_stop() {
    // The handler can be set once; whoever calls twice keeps the first one.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
    });
}

/// Whether an end is wanted.
pub(super) fn is_stopped() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// So many blocks that the next portion takes about [`PORTION`]; at most eight times as many as before.
pub(super) fn next_portion(blocks: u64, took: Duration) -> u64 {
    let factor = PORTION.as_secs_f64() / took.as_secs_f64().max(1e-6);
    let times = |factor: u64| blocks.saturating_mul(factor).min(1 << 16);
    if 8.0 <= factor {
        times(8)
    } else if 2.0 <= factor {
        times(2)
    } else if factor < 0.5 {
        (blocks / 2).max(1)
    } else {
        blocks
    }
}

/// Tells why nothing was done.
pub(super) fn refuse(problem: Diagnostic, look: Look, exit: Exit) -> Exit {
    let findings = diagnostic::findings([problem], |_| None);
    tell(&findings, &Sources::default(), look);
    exit
}
