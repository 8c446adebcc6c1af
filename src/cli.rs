//! The command line: the only part that touches files, environment and terminal.
//!
//! Knows: arguments, where output goes, exit codes. Refuses to know what a rollout does.

mod case;
mod destination_rule;
pub mod exit;
mod explain;
pub mod files;
mod init;
mod merge;
mod query;
mod release;
mod schema;
mod series;
mod subject;
mod terminal;
mod test;
mod trials;
mod unsimulated;
mod world;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Finding, Severity, Sources};
use crate::report::{Report, csv, json, text};
use crate::time::SimTime;
use crate::{duration, input};

use exit::Exit;
use subject::SubjectArgs;
use terminal::{Colour, finish, look_of_errors, tell, wants_colour};

/// Most warnings, or remarks, of one kind that are shown.
const ALIKE_MAX: usize = 20;

/// Dry-runs Argo Rollouts manifests in virtual time.
#[derive(Debug, Parser)]
#[command(name = "coalmine", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulates one rollout, event for event, and says how it ends
    ///
    /// Without a scenario the world is plain: the version `previous`, with the same pod template, is stable and healthy at
    /// t = 0; the manifest is applied then; pods take 10 s to start; each Prometheus metric shows what its own query finds in the
    /// series of the simulated service; a metric that is not simulated passes, and is said to be assumed.
    #[command(after_help = exit::HELP)]
    Run(RunArgs),
    /// Writes a first scenario for a release, and tells what each of its queries sees
    ///
    /// The release is simulated in a plain world with traffic. For every metric the scenario says which series its query
    /// selects, whose they are, which matchers select nothing, and how long its window is against interval and steps.
    /// What cannot be measured there gets a binding to fill in. The scenario runs as it is.
    #[command(after_help = exit::HELP_OF_INIT)]
    Init(init::InitArgs),
    /// Explains a field of a manifest or a scenario, and what the controllers really do with it
    ///
    /// Without a path the kinds are listed. A path to an object lists its fields. `spec` may be left out; kinds may be in the
    /// plural or short: ro, at, cat, exp, sc.
    Explain(explain::ExplainArgs),
    /// Runs scenarios as tests of a delivery policy: each is compared with what it expects
    ///
    /// A scenario belongs to the manifests in its folder. It states under `spec.expect` what it must come to: verdict, step,
    /// times, failed requests, pods, measurements, weights, endpoints. Without that it is run, and said to expect nothing.
    #[command(after_help = exit::HELP_OF_TEST)]
    Test(test::TestArgs),
    /// Shows what Prometheus would hold at an instant of a run
    ///
    /// The simulated pods, and the gateways in front of them, export metrics as real ones do: names, labels, counters that begin at zero,
    /// scrapes, staleness. Nothing has to be scripted; `spec.telemetry` of a scenario adapts names and labels.
    Series(series::SeriesArgs),
    /// Evaluates a query over the series of a run: what a gate would have seen
    ///
    /// The query is PromQL, as a template has it. Each instant is evaluated as Prometheus would: over the samples of the scrapes until
    /// then.
    Query(query::QueryArgs),
    /// Simulates a release many times, and says how likely each outcome is
    ///
    /// Every run draws what is drawn with `--random`: start-up times, numbers of requests, samples. Runs are numbered; a seed and a number
    /// give the same run everywhere. The result depends on the release, the seed and the number of runs only: not on
    /// threads, shards, or interruptions.
    #[command(after_help = exit::HELP_OF_TRIALS)]
    Trials(trials::TrialsArgs),
    /// Puts the shards of `coalmine trials --shard` together, and reports on them as on one run
    #[command(after_help = exit::HELP_OF_TRIALS)]
    Merge(merge::MergeArgs),
    /// Prints the JSON Schema of scenarios
    ///
    /// Editors complete and check a scenario whose first line is `# yaml-language-server: $schema=FILE`.
    Schema,
}

#[derive(Debug, Args)]
struct RunArgs {
    /// Manifests: files, folders, patterns such as 'manifests/*.yaml', or - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Simulates the first deployment: there is nothing at t = 0
    #[arg(long)]
    initial: bool,
    /// The last instant that is simulated, such as 2h or 90s; at most and by default 7 days
    #[arg(long, value_name = "DURATION", value_parser = parse_until)]
    until: Option<SimTime>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Tells the verdict only, in one line
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Tells every detail, and every event that the controllers emit
    #[arg(short, long)]
    verbose: bool,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A timeline for people
    Text,
    /// A document, schema coalmine.run/v1
    Json,
    /// A table with one line for each entry of the timeline
    Csv,
}

/// Runs the program with the process's own arguments and streams.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; nobody is left to tell if the stream is closed.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    guarded(|| match &cli.command {
        Command::Run(args) => run(args),
        Command::Init(args) => init::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Test(args) => test::run(args),
        Command::Series(args) => series::run(args),
        Command::Query(args) => query::run(args),
        Command::Trials(args) => trials::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Schema => schema::run(),
    })
    .into()
}

/// The exit of `run`. A panic is told by its hook; what it must not be is mistaken for a verdict.
fn guarded(run: impl FnOnce() -> Exit) -> Exit {
    panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or(Exit::Internal)
}

/// What is to be written, and how the program ends.
struct Answer {
    report: Option<Report>,
    findings: Vec<Finding>,
    sources: Sources,
    exit: Exit,
}

fn run(args: &RunArgs) -> Exit {
    let answer = answer(args);
    let told: Vec<Finding> = answer
        .findings
        .into_iter()
        .filter(|finding| !args.quiet || finding.diagnostic.severity != Severity::Info)
        .collect();
    let told = cut(told);
    tell(&told, &answer.sources, look_of_errors(args.color));
    let Some(report) = answer.report else {
        return answer.exit;
    };
    let detail = match (args.quiet, args.verbose) {
        (true, _) => text::Detail::Quiet,
        (_, true) => text::Detail::Verbose,
        _ => text::Detail::Normal,
    };
    let look = text::Look {
        colour: wants_colour(args.color, io::stdout().is_terminal()),
        detail,
    };
    let bytes = match args.output {
        Output::Text => text::render(&report, look),
        Output::Json => json::render(&report),
        Output::Csv => csv::render(&report, detail),
    };
    finish(&bytes, answer.exit)
}

/// The findings without warnings and remarks of which there are very many alike; how many are left out stands at the end.
fn cut(findings: Vec<Finding>) -> Vec<Finding> {
    let mut left_out: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut counts = left_out.clone();
    let mut told: Vec<Finding> = Vec::new();
    for finding in findings {
        let id = finding.diagnostic.id;
        let count = counts.entry(id).or_default();
        *count += 1;
        if finding.diagnostic.severity == Severity::Error || *count <= ALIKE_MAX {
            told.push(finding);
        } else {
            *left_out.entry(id).or_default() += 1;
        }
    }
    let rest = left_out.into_iter().map(|(id, count)| {
        let message = format!("{count} more of the kind {} are not shown", quoted(id));
        Finding {
            diagnostic: Diagnostic::info("more", message),
            location: None,
            notes: Vec::new(),
        }
    });
    told.extend(rest);
    told
}

fn answer(args: &RunArgs) -> Answer {
    let choice = case::Choice {
        initial: args.initial,
        until: args.until,
        ..args.subject.choice()
    };
    let Prepared {
        case,
        findings,
        sources,
    } = prepared(&args.paths, args.subject.which.scenario.as_ref(), &choice);
    let (report, exit) = match case {
        Ok(case) => {
            let report = case.run();
            let exit = Exit::from(report.verdict.outcome.verdict);
            (Some(report), exit)
        }
        Err(exit) => (None, exit),
    };
    Answer {
        report,
        findings,
        sources,
        exit,
    }
}

/// What can be simulated, or how the program ends instead; and what is to be said of the input.
struct Prepared {
    case: Result<case::Case, Exit>,
    findings: Vec<Finding>,
    sources: Sources,
}

/// Reads the input, and the file of the scenario if one is named.
fn prepared(paths: &[PathBuf], scenario: Option<&PathBuf>, choice: &case::Choice<'_>) -> Prepared {
    let gathered = gathered(paths, scenario);
    let choice = case::Choice {
        scenario_file: gathered.scenario_file.as_deref(),
        ..*choice
    };
    prepared_from(gathered.files, gathered.problems, &choice)
}

/// The files of an input, what could not be read, and the name of the scenario's own file if one is named.
struct Gathered {
    files: Vec<input::SourceFile>,
    problems: Vec<Diagnostic>,
    scenario_file: Option<String>,
}

fn gathered(paths: &[PathBuf], scenario: Option<&PathBuf>) -> Gathered {
    let mut stdin = io::stdin().lock();
    let (mut files, mut problems) = files::gather(paths, &mut stdin);
    let mut scenario_file = None;
    if let Some(path) = scenario {
        let (more, unreadable) = files::gather(std::slice::from_ref(path), &mut stdin);
        problems.extend(unreadable);
        scenario_file = more.first().map(|file| file.name.clone());
        files.retain(|file| Some(&file.name) != scenario_file.as_ref());
        files.extend(more);
    }
    Gathered {
        files,
        problems,
        scenario_file,
    }
}

/// What is simulated of a folder, if anything is.
#[cfg(test)]
pub(crate) fn case_of(folder: PathBuf) -> Option<case::Case> {
    prepared(&[folder], None, &case::Choice::default())
        .case
        .ok()
}

/// What can be simulated of files that have been read, where `problems` were found.
fn prepared_from(
    files: Vec<input::SourceFile>,
    problems: Vec<Diagnostic>,
    choice: &case::Choice<'_>,
) -> Prepared {
    prepared_of(&input::read(files), problems, choice)
}

/// The same for an input.
fn prepared_of(
    input: &input::Input,
    mut problems: Vec<Diagnostic>,
    choice: &case::Choice<'_>,
) -> Prepared {
    let (prepared, found) = match case::Case::of(input, choice) {
        Ok((case, found)) => (Some(case), found),
        Err(found) => (None, found),
    };
    // Where something named could not be read, it is no news that it has nothing to run.
    let is_error = |problem: &Diagnostic| problem.severity == Severity::Error;
    let is_news = !problems.iter().any(is_error);
    problems.extend(
        found
            .into_iter()
            .filter(|problem| is_news || problem.id != release::NOTHING_TO_RUN),
    );
    let findings = input.findings(problems);
    let is_broken = findings
        .iter()
        .any(|finding| finding.diagnostic.severity == Severity::Error);
    let usage = findings
        .iter()
        .any(|finding| release::is_usage(&finding.diagnostic));
    let failure = if usage { Exit::Usage } else { Exit::Unreadable };
    Prepared {
        case: prepared.filter(|_| !is_broken).ok_or(failure),
        findings,
        sources: input.sources.clone(),
    }
}

/// A Go duration, or a number of seconds.
fn parse_until(text: &str) -> Result<SimTime, String> {
    let nanos = match text.parse::<i64>() {
        Ok(seconds) => SimTime::from_secs(seconds).nanos(),
        Err(_) => duration::parse(text).map_err(|error| error.to_string())?,
    };
    let longest = crate::sim::LONGEST.nanos();
    if (1..=longest).contains(&nanos) {
        Ok(SimTime::from_nanos(nanos))
    } else {
        Err("must be more than 0 and at most 7 days (168h)".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_and_no_verdict() {
        assert_eq!(guarded(|| Exit::Paused).code(), 12);
        assert_eq!(
            guarded(|| panic!("this panic belongs to a test")).code(),
            70
        );
    }
}
