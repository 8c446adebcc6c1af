//! `coalmine test`: runs scenarios and compares them with what they expect.
//!
//! Knows: where scenarios and their manifests lie, that folders do not concern one another, and where results go.
//! Refuses to know what is expected and how results are shown ([`crate::expectation`], [`crate::suite`]).

#![expect(
    clippy::disallowed_methods,
    reason = "folders are searched, results are written, and tests are timed here"
)]

mod folders;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use super::case::{self, Case};
use super::exit::Exit;
use super::files;
use super::release::Release;
use super::terminal::{Colour, look_of_errors, wants_colour, write};
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{self, Diagnostic, DocumentId, Finding, Located, Path, Place, Severity};
use crate::input::{self, Input};
use crate::report::{Report, text as report_text};
use crate::scenario::Written;
use crate::suite::{self, Problem, Spot, Suite, github, junit, text};
use folders::Folder;

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Folders, which are searched for scenarios with all folders below them; or scenario files
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Runs only scenarios whose name or folder contains this
    #[arg(long, value_name = "SUBSTRING")]
    filter: Option<String>,
    /// Format of the results
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Writes the results to a file too, as XML of `--output junit`
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Tells of failures and of the sum only
    #[arg(short, long)]
    quiet: bool,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A line for each scenario, and what failed
    Text,
    /// XML as build servers read it
    Junit,
    /// As text, and with annotations for GitHub's checks
    Github,
}

pub(super) fn run(args: &TestArgs) -> Exit {
    let begin = Instant::now();
    let (folders, problems) = folders::find(&args.paths);
    let colour = |is_terminal| wants_colour(args.color, is_terminal);
    let looks = Looks {
        diagnostics: look_of_errors(args.color),
        report: report_text::Look {
            colour: args.output != Output::Junit && colour(io::stdout().is_terminal()),
            ..report_text::Look::default()
        },
    };
    let results: Vec<Results> = folders
        .par_iter()
        .map(|folder| of_folder(folder, args.filter.as_deref(), looks))
        .collect();
    let mut all = Results::of_problems(problems, looks);
    for results in results {
        all.cases.extend(results.cases);
        all.problems.extend(results.problems);
        all.told.push_str(&results.told);
    }
    if all.cases.is_empty() && all.is_sound() {
        let problem = nothing_to_test(args.filter.as_deref());
        let none = Results::of_problems(vec![problem], looks);
        all.problems.extend(none.problems);
        all.told.push_str(&none.told);
    }
    // Diagnostics that nobody reads change nothing.
    let _ = io::stderr().lock().write_all(all.told.as_bytes());
    let is_sound = all.is_sound();
    let suite = Suite {
        cases: all.cases,
        problems: all.problems,
        took: begin.elapsed(),
    };
    match tell(&suite, args, looks) {
        Err(_) => Exit::CannotWrite,
        Ok(()) if !is_sound => Exit::Unreadable,
        Ok(()) if 0 < suite.tally().failed => Exit::TestsFailed,
        Ok(()) => Exit::Promoted,
    }
}

fn nothing_to_test(filter: Option<&str>) -> Diagnostic {
    let message = match filter {
        Some(filter) => format!("no scenario has {} in its name or folder", quoted(filter)),
        None => "there is no scenario to run".to_owned(),
    };
    let problem = Diagnostic::error("no-scenario", message);
    match filter {
        Some(_) => problem.help("leave out `--filter` to see what there is"),
        None => problem.help("a scenario with `abstract: true` is there to be extended only"),
    }
}

#[derive(Clone, Copy)]
struct Looks {
    diagnostics: diagnostic::Look,
    report: report_text::Look,
}

fn tell(suite: &Suite, args: &TestArgs, looks: Looks) -> io::Result<()> {
    if let Some(file) = &args.junit {
        fs::write(file, junit::render(suite))?;
    }
    let look = text::Look {
        colour: looks.report.colour,
        quiet: args.quiet,
    };
    let told = match args.output {
        Output::Text => text::render(suite, look),
        Output::Junit => junit::render(suite),
        Output::Github => text::render(suite, look) + &github::render(suite),
    };
    write(&mut io::stdout().lock(), &told)
}

/// What became of the scenarios of a folder.
#[derive(Default)]
struct Results {
    cases: Vec<suite::Case>,
    problems: Vec<Problem>,
    /// The problems as text.
    told: String,
}

impl Results {
    fn of_problems(problems: Vec<Diagnostic>, looks: Looks) -> Self {
        let input = Input::default();
        let mut results = Self::default();
        results.add_problems(&input, input.findings(problems), "", looks);
        results
    }

    fn is_sound(&self) -> bool {
        let problems = self.problems.iter();
        problems
            .map(|problem| problem.finding.diagnostic.severity)
            .all(|severity| severity != Severity::Error)
    }

    fn add_problems(
        &mut self,
        input: &Input,
        mut findings: Vec<Finding>,
        folder: &str,
        looks: Looks,
    ) {
        findings.retain(|finding| finding.diagnostic.severity != Severity::Info);
        self.told += &diagnostic::render(&findings, &input.sources, looks.diagnostics);
        let problem = |finding: Finding| Problem {
            folder: folder.to_owned(),
            spot: finding
                .location
                .as_ref()
                .map(|location| spot_of(input, location))
                .unwrap_or_default(),
            finding,
        };
        self.problems.extend(findings.into_iter().map(problem));
    }
}

/// Runs the scenarios of a folder.
fn of_folder(folder: &Folder, filter: Option<&str>, looks: Looks) -> Results {
    let (files, mut problems) = files::gather(&folder.arguments(), &mut io::empty());
    let input = input::read(files);
    let name = folder.name();
    let chosen: Vec<Chosen> = chosen(&input, folder, filter);
    let mut results = Results::default();
    if chosen.is_empty() && filter.is_some() {
        return results;
    }
    let release = match Release::of(&input, None) {
        Ok((release, remarks)) => {
            problems.extend(remarks);
            Some(release)
        }
        Err(remarks) => {
            problems.extend(remarks);
            None
        }
    };
    let broken = Broken::of(&input, &problems);
    let release = release.as_ref().filter(|_| !broken.all);
    let run: Vec<(suite::Case, Vec<Diagnostic>)> = chosen
        .par_iter()
        .map(|chosen| {
            let release = release.filter(|_| !broken.holds(chosen.written.document));
            one(&input, release, chosen, &name, looks)
        })
        .collect();
    for (case, found) in run {
        results.cases.push(case);
        problems.extend(found);
    }
    results.add_problems(&input, input.findings(problems), &name, looks);
    results
}

/// What cannot be run because of mistakes.
struct Broken {
    /// Nothing can: the mistakes are in the manifests.
    all: bool,
    /// These scenarios cannot; in order.
    documents: Vec<DocumentId>,
}

impl Broken {
    fn of(input: &Input, problems: &[Diagnostic]) -> Self {
        let mut scenarios: Vec<DocumentId> = case::scenarios(input)
            .map(|written| written.document)
            .collect();
        scenarios.sort_unstable();
        let mut broken = Self {
            all: false,
            documents: Vec::new(),
        };
        let found = input.diagnostics.iter().chain(problems);
        for problem in found.filter(|problem| problem.severity == Severity::Error) {
            match problem.place {
                Some(Place::Document { document, .. })
                    if scenarios.binary_search(&document).is_ok() =>
                {
                    broken.documents.push(document);
                }
                _ => broken.all = true,
            }
        }
        broken.documents.sort_unstable();
        broken
    }

    fn holds(&self, document: DocumentId) -> bool {
        self.documents.binary_search(&document).is_ok()
    }
}

/// A scenario that is to be run.
struct Chosen<'a> {
    written: &'a Located<Written>,
    label: String,
    name: String,
}

fn chosen<'a>(input: &'a Input, folder: &Folder, filter: Option<&str>) -> Vec<Chosen<'a>> {
    let mut number = 0;
    let scenarios = case::scenarios(input).filter_map(|written| {
        number += 1;
        let file = case::source_name(input, written);
        if written.value.is_abstract() || !folder.wants(file) {
            return None;
        }
        let name = match written.value.name() {
            "" => format!("scenario {number}"),
            name => name.to_owned(),
        };
        let label = folder.label(file, &name);
        filter
            .is_none_or(|filter| label.contains(filter))
            .then_some(Chosen {
                written,
                label,
                name,
            })
    });
    scenarios.collect()
}

/// Runs one scenario.
fn one(
    input: &Input,
    release: Option<&Release<'_>>,
    chosen: &Chosen<'_>,
    folder: &str,
    looks: Looks,
) -> (suite::Case, Vec<Diagnostic>) {
    let begin = Instant::now();
    let choice = case::Choice::default();
    let prepared = release.map(|release| Case::with(input, release, Some(chosen.written), &choice));
    let (case, problems) = match prepared {
        Some((case, problems)) => {
            let is_error = |problem: &Diagnostic| problem.severity == Severity::Error;
            let is_broken = problems.iter().any(is_error);
            (Some(case).filter(|_| !is_broken), problems)
        }
        None => (None, Vec::new()),
    };
    let result = match case {
        None => suite::Result::Unreadable,
        Some(case) => result(&case, input, chosen, looks),
    };
    let told = suite::Case {
        label: chosen.label.clone(),
        folder: folder.to_owned(),
        name: chosen.name.clone(),
        spot: spot(input, chosen.written, Path::from("metadata.name")),
        result,
        took: begin.elapsed(),
    };
    (told, problems)
}

fn result(case: &Case, input: &Input, chosen: &Chosen<'_>, looks: Looks) -> suite::Result {
    let (report, failures) = case.test();
    let verdict = verdict(&report);
    let Some(claims) = case.claims() else {
        return suite::Result::NotExpected { verdict };
    };
    if failures.is_empty() {
        return suite::Result::Passed { verdict };
    }
    let moments: Vec<_> = failures.iter().map(|failure| failure.moment).collect();
    let failures = failures.into_iter().map(|failure| suite::Located {
        spot: spot(input, chosen.written, claims[failure.claim].path.clone()),
        failure,
    });
    suite::Result::Failed {
        verdict,
        failures: failures.collect(),
        timeline: report_text::excerpt(&report, &moments, looks.report),
    }
}

fn verdict(report: &Report) -> String {
    let outcome = &report.verdict.outcome;
    format!("{} at {}", outcome.verdict.name(), outcome.since)
}

fn spot(input: &Input, written: &Located<Written>, path: Path) -> Spot {
    let location = input.locate(&written.at(path));
    location.map_or_else(Spot::default, |location| spot_of(input, &location))
}

fn spot_of(input: &Input, location: &diagnostic::Location) -> Spot {
    let sources = &input.sources;
    let position = location
        .span
        .map(|span| sources.position(location.source, span.start()));
    Spot {
        // Build servers know files by their plain paths.
        file: sources
            .name(location.source)
            .trim_start_matches("./")
            .to_owned(),
        line: position.map_or(0, |position| position.line),
        column: position.map_or(0, |position| position.column),
    }
}
