//! `coalmine trials`: many runs of a release, and how likely each outcome is.
//!
//! Knows: arguments, files of runs, the clock and the signals. Refuses to know what the runs come to
//! ([`crate::trials`]).

#![expect(
    clippy::disallowed_methods,
    reason = "the place where the clock and the environment are read"
)]

pub(super) mod amounts;
pub(super) mod keeping;
pub(super) mod progress;
mod rows;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::case::{Case, Choice, scenario_document};
use super::exit::Exit;
use super::many::{ManyArgs, RUNS_MAX, Written, is_stopped, next_portion, notice_stop, refuse};
use super::terminal::{Colour, finish, look_of_errors, tell, wants_colour};
use super::{Prepared, cut, prepared_of};
use crate::chain::{self, Aim, Chain, Limits};
use crate::diagnostic::{self, Diagnostic, Look};
use crate::input;
use crate::report::text as report_text;
use crate::statistics::looks::Looks;
use crate::trials::dossier::{Head, Legend, PART_SCHEMA, Part, fingerprint};
use crate::trials::report::exact::ExactReport;
use crate::trials::report::{self, Circumstances, Precision, Report, text};
use crate::trials::{Campaign, Players, Progress, Roster, Row, Shard};
use crate::vary::{self, Reach};
use amounts::{parse_runs, parse_shard};
use keeping::Keeper;
use progress::Display;
use rows::Rows;

/// How many runs there are where nothing is asked for.
const RUNS_DEFAULT: u64 = 10_000;

#[derive(Debug, Args)]
pub(super) struct TrialsArgs {
    #[command(flatten)]
    many: ManyArgs,
    /// How many runs; with --precision at most so many [default: 10000]
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = parse_runs)]
    runs: Option<u64>,
    /// Changes a field of the manifests or of the scenario, and compares: 'failureLimit=2', 'metrics[success-rate].interval=30s',
    /// 'steps[1].pause.duration=10m', 'scenario.traffic.rps=500', 'scenario.images.v2.errorRate=0.02', 'scenario.faults[0].from=5m'
    #[arg(long, value_name = "PATH=VALUE")]
    what_if: Vec<String>,
    /// Computes the distribution exactly instead of by runs; refused where anything but the draws of measurements is random
    #[arg(long, conflicts_with_all = ["runs", "precision", "what_if", "shard", "shards", "save", "resume", "rows"])]
    exact: bool,
    /// Does a part of the runs, such as 3/16, for `coalmine merge`; needs --save or --resume. Not with --precision: whether it is
    /// reached shows in all runs together, and no shard sees those of the others
    #[arg(long, value_name = "K/N", value_parser = parse_shard, conflicts_with = "precision")]
    shard: Option<Shard>,
    /// Does the part that `JOB_COMPLETION_INDEX` (from 0) names out of so many
    #[arg(long, value_name = "N", conflicts_with_all = ["precision", "shard"],
        value_parser = clap::value_parser!(u32).range(1..=i64::from(Shard::COUNT_MAX)))]
    shards: Option<u32>,
    /// Keeps what is done in a new file, now and then and at the end
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    save: Option<PathBuf>,
    /// As --save, but goes on where the file ends; begins anew if there is none
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Writes one line for each run to a file, as CSV; with --resume, the lines of runs that are not in it yet
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Tables
    Text,
    /// A document, schema coalmine.trials/v1
    Json,
    /// One line for each run; with --exact, for each verdict, cause and quantity
    Csv,
}

/// The releases that are run, and what is to be said of them.
struct Releases {
    written: Case,
    changed: Option<Case>,
}

pub(super) fn run(args: &TrialsArgs) -> Exit {
    let look = look_of_errors(args.many.color);
    let shard = match check(args).and_then(|()| shard(args)) {
        Ok(shard) => shard,
        Err(problem) => return refuse(*problem, look, Exit::Usage),
    };
    let releases = match releases(args, look) {
        Ok(releases) => releases,
        Err(exit) => return exit,
    };
    if args.exact {
        return exact(args, &releases, look);
    }
    let mut job = match Job::of(args, &releases, shard) {
        Ok(job) => job,
        Err(problem) => return refuse(*problem, look, Exit::Unreadable),
    };
    notice_stop();
    if let Err(problem) = job.work(args, &releases) {
        return refuse(*problem, look, Exit::CannotWrite);
    }
    job.told(args)
}

/// Tells the exact distribution.
fn exact(args: &TrialsArgs, releases: &Releases, look: Look) -> Exit {
    let refused = |message: String| {
        let problem = Diagnostic::error("not-exact", message);
        let help = "leave out `--exact`: many runs tell the same with an interval";
        refuse(problem.help(help), look, Exit::Unreadable)
    };
    let chain = Chain::new(
        releases.written.stage(),
        Aim::Distribution,
        Limits::default(),
    );
    let mut chain = match chain {
        Ok(chain) => chain,
        Err(refusal) => return refused(format!("there is no exact answer: {refusal}")),
    };
    let exact = match chain.distribution() {
        Ok(exact) => exact,
        Err(error) => return refused(format!("there is no exact answer: {error}")),
    };
    let report = ExactReport::of(&head(args, releases), &exact);
    let text = match args.output {
        Output::Json => report.json(),
        Output::Csv => report.csv(),
        Output::Text => report.text(wants_colour(args.many.color, io::stdout().is_terminal())),
    };
    finish(&text, Exit::Promoted)
}

/// Refuses what cannot be done together, as far as no rule of the arguments says so.
fn check(args: &TrialsArgs) -> Result<(), Box<Diagnostic>> {
    let kept = args.save.as_ref().or(args.resume.as_ref());
    match (kept, &args.rows) {
        (Some(kept), Some(rows)) if kept == rows => {
            let file = keeping::shown(rows);
            let message = format!("runs and rows cannot both go to {file}");
            let help = "give `--rows` another file";
            Err(Box::new(Diagnostic::error("same-file", message).help(help)))
        }
        _ => Ok(()),
    }
}

/// The part of the runs that is asked for.
fn shard(args: &TrialsArgs) -> Result<Shard, Box<Diagnostic>> {
    let shard = match (args.shard, args.shards) {
        (Some(shard), _) => shard,
        (None, Some(count)) => Shard {
            index: completion_index(count)?,
            count,
        },
        (None, None) => return Ok(Shard::WHOLE),
    };
    if args.save.is_none() && args.resume.is_none() {
        let problem = Diagnostic::error("shard-not-kept", "a shard is of no use if it is not kept");
        return Err(Box::new(problem.help("add `--save FILE`")));
    }
    if args.output != Output::Text {
        let message = "a shard is no result yet, and has no report";
        let help = "leave out `--output`, and give it to `coalmine merge`";
        return Err(Box::new(
            Diagnostic::error("shard-not-reported", message).help(help),
        ));
    }
    Ok(shard)
}

/// The index that Kubernetes gives each pod of an Indexed Job.
fn completion_index(count: u32) -> Result<u32, Box<Diagnostic>> {
    let name = "JOB_COMPLETION_INDEX";
    let written = std::env::var(name).unwrap_or_default();
    let index = written.parse::<u32>().ok().filter(|index| *index < count);
    index.ok_or_else(|| {
        let message = if written.is_empty() {
            format!("`--shards` needs `{name}`, which is not set")
        } else {
            format!(
                "`{name}` is {}, not a number below {count}",
                diagnostic::wording::quoted(&written)
            )
        };
        let help = "Kubernetes sets it in Indexed Jobs; elsewhere give `--shard K/N`";
        Box::new(Diagnostic::error("no-shard-index", message).help(help))
    })
}

/// Reads the input, applies the changes, and tells what is wrong with either.
fn releases(args: &TrialsArgs, look: Look) -> Result<Releases, Exit> {
    let (written, scenario_file) = args.many.written(look)?;
    let Written { input, case, known } = written;
    let written = case;
    if args.what_if.is_empty() {
        return Ok(Releases {
            written,
            changed: None,
        });
    }
    let choice = Choice {
        scenario_file: scenario_file.as_deref(),
        ..args.many.choice()
    };
    let reach = Reach::World(scenario_document(&input, &choice));
    let files = match vary::changed_within(&input, &args.what_if, reach) {
        Ok(files) => files,
        Err(problem) => return Err(refuse(*problem, look, Exit::Usage)),
    };
    let input = input::read(files);
    let Prepared {
        case,
        mut findings,
        sources,
    } = prepared_of(&input, Vec::new(), &choice);
    findings.retain(|finding| !known.contains(&finding.diagnostic.message));
    tell(&cut(findings), &sources, look);
    Ok(Releases {
        written,
        changed: Some(case?),
    })
}

/// All that is wanted, and how far it has come.
struct Job {
    part: Part,
    looks: Option<Looks>,
    /// The half width that is wanted.
    precision: Option<f64>,
    keeper: Keeper,
    /// Nobody is left for whom the runs would be done.
    is_unread: bool,
}

impl Job {
    fn of(args: &TrialsArgs, releases: &Releases, shard: Shard) -> Result<Self, Box<Diagnostic>> {
        let head = head(args, releases);
        let limit = args.many.precision.map_or(RUNS_DEFAULT, |_| RUNS_MAX);
        let runs = args.runs.unwrap_or(limit);
        let looks = args.many.looks(runs);
        let mut part = Part {
            schema: PART_SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            progress: Progress::new(head.changed.is_some()),
            head,
            runs,
            shard,
            rows: None,
        };
        if let Some(path) = &args.save {
            keeping::check_unused(path)?;
        }
        let keeper = Keeper::new(args.save.as_ref().or(args.resume.as_ref()));
        if let Some(path) = &args.resume
            && let Some(kept) = keeping::read(path)?
        {
            keeping::check(path, &kept, &part)?;
            rows::check(path, &kept, args.rows.as_ref())?;
            part.progress = kept.progress;
            part.rows = kept.rows;
        }
        Ok(Self {
            part,
            looks,
            precision: args.many.precision,
            keeper,
            is_unread: false,
        })
    }

    /// Does all runs, or as many as there is time for.
    fn work(&mut self, args: &TrialsArgs, releases: &Releases) -> Result<(), Box<Diagnostic>> {
        let pool = args.many.pool()?;
        let roster = Roster::new(|| Players {
            written: chain::fastest(releases.written.stage()),
            changed: releases
                .changed
                .as_ref()
                .map(|changed| chain::fastest(changed.stage())),
        });
        let mut rows = Rows::new(args.output == Output::Csv, &self.part.head);
        if let Some(path) = &args.rows {
            rows.file(
                path,
                &self.part.head,
                self.part.rows.as_ref(),
                self.keeper.is_in_use(),
            )?;
        }
        // What cannot be written is said before the work.
        self.part.rows = rows.written()?;
        self.keeper.keep(&self.part)?;
        let mut display = Display::new(self.part.progress.runs(), args.many.quiet);
        let mut portion = u64::try_from(pool.current_num_threads()).unwrap_or(1);
        let sizes = self
            .looks
            .as_ref()
            .map_or_else(|| vec![self.part.runs], |looks| looks.sizes().to_vec());
        for size in sizes {
            let campaign = Campaign {
                runs: size,
                ..self.part.campaign()
            };
            display.aim(campaign.own_runs());
            while !self.part.progress.is_done(&campaign) && !self.is_over() {
                let begin = Instant::now();
                let head = &self.part.head;
                let mut line = |row: &Row| rows.line(head, row);
                let line = rows_wanted(args).then_some(&mut line as &mut (dyn FnMut(&Row) + Send));
                let progress = &mut self.part.progress;
                pool.install(|| progress.advance(&campaign, portion, &roster, line));
                portion = next_portion(portion, begin.elapsed());
                display.show(self.part.progress.runs());
                rows.check()?;
                let is_wanted = args.rows.is_some() || self.keeper.is_in_use();
                self.is_unread = rows.is_unread() && !is_wanted;
                if self.keeper.is_due() {
                    self.part.rows = rows.written()?;
                    self.keeper.keep(&self.part)?;
                }
            }
            if self.is_over() || self.is_precise() {
                break;
            }
        }
        display.clear();
        self.part.rows = rows.written()?;
        self.keeper.keep(&self.part)?;
        rows.close()
    }

    /// Whether one stops before all runs are done.
    fn is_over(&self) -> bool {
        is_stopped() || self.is_unread
    }

    /// Whether the precision that was asked for is reached.
    fn is_precise(&self) -> bool {
        let wanted = self.precision.zip(self.looks.as_ref());
        wanted.is_some_and(|(half_width, looks)| {
            let sample = &self.part.progress.sample;
            report::is_precise(sample, half_width, looks.confidence_of_each())
        })
    }

    /// Tells what it came to.
    fn told(&self, args: &TrialsArgs) -> Exit {
        let done = self.part.progress.runs();
        let is_whole = self.part.progress.is_done(&self.part.campaign()) || self.is_precise();
        let exit = if is_whole || self.is_unread {
            Exit::Promoted
        } else {
            Exit::Interrupted
        };
        if self.part.shard != Shard::WHOLE {
            let Shard { index, count } = self.part.shard;
            let own = self.part.campaign().own_runs();
            let text = format!("shard {} of {count}: {done} of {own} runs\n", index + 1);
            return finish(&text, exit);
        }
        if args.output == Output::Csv {
            return exit;
        }
        let precision = self.precision.zip(self.looks.as_ref());
        let precision = precision.map(|(half_width, looks)| Precision {
            half_width,
            looks: looks.sizes().len(),
            confidence_of_each: looks.confidence_of_each(),
            reached: self.is_precise(),
        });
        let wanted = match precision {
            Some(_) if is_whole => done,
            _ => self.part.runs,
        };
        let circumstances = Circumstances { wanted, precision };
        let report = Report::of(&self.part.head, &self.part.progress.sample, circumstances);
        finish(
            &rendered(&report, args.output, args.many.quiet, args.many.color),
            exit,
        )
    }
}

/// The report in the format that is asked for.
pub(super) fn rendered(report: &Report, output: Output, quiet: bool, colour: Colour) -> String {
    match output {
        Output::Json => report.json(),
        _ if quiet => text::brief(report),
        _ => text::render(report, wants_colour(colour, io::stdout().is_terminal())),
    }
}

fn rows_wanted(args: &TrialsArgs) -> bool {
    args.rows.is_some() || args.output == Output::Csv
}

/// What the sample is about.
fn head(args: &TrialsArgs, releases: &Releases) -> Head {
    let calm = releases.written.run();
    let stages = std::iter::once(&releases.written).chain(&releases.changed);
    Head {
        title: report_text::subject(&calm),
        scenario: calm.header.scenario.clone(),
        what_if: args.what_if.clone(),
        seed: releases.written.seed(),
        replay: replay(args, releases.written.seed()),
        has_traffic: calm.impact.is_some_and(|impact| impact.traffic.is_some()),
        written: legend(&releases.written),
        changed: releases.changed.as_ref().map(legend),
        fingerprint: fingerprint(stages.map(Case::stage)),
    }
}

fn legend(case: &Case) -> Legend {
    let stage = case.stage();
    Legend::of(stage.plan, stage.environment)
}

/// The command line that repeats a run.
fn replay(args: &TrialsArgs, seed: u64) -> String {
    let mut words = vec!["coalmine".to_owned(), "run".to_owned()];
    words.extend(
        args.many
            .paths
            .iter()
            .map(|path| path.display().to_string()),
    );
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([name.to_owned(), value]);
        }
    };
    let scenario = args.many.which.scenario.as_ref();
    option(
        "--scenario",
        scenario.map(|path| path.display().to_string()),
    );
    option("--scenario-name", args.many.which.scenario_name.clone());
    option("--rollout", args.many.which.rollout.clone());
    let until = args.many.until.map(|until| format!("{}ns", until.nanos()));
    option("--until", until);
    if args.many.initial {
        words.push("--initial".to_owned());
    }
    words.extend(["--random".to_owned(), "--seed".to_owned(), seed.to_string()]);
    let quoted = words.iter().map(|word| shell_word(word));
    quoted.collect::<Vec<String>>().join(" ")
}

/// A word as a shell takes it.
fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
