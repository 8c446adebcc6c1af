//! `coalmine init`: a first scenario for a release, and what each of its queries sees.
//!
//! Knows: the way from manifests over a plain world to the text. It runs what it writes, so that what it says is what happens. Refuses to
//! know: how queries are read (`sight`), how guesses are made (`guess`), what YAML looks like (`draft`).

mod draft;
mod guess;
mod measured;
mod notes;
mod telemetry;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use clap::Args;

use self::draft::{Draft, Entry};
use self::guess::Guess;
use self::measured::{Failed, Measured};
use super::case::{Case, Choice};
use super::exit::Exit;
use super::subject::refuse;
use super::terminal::{Colour, finish, look_of_errors, tell};
use super::{Prepared, cut, files, prepared_from};
use crate::cluster::TemplateId;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::quoted;
use crate::input::{Manifest, SourceFile};
use crate::plan::Plan;
use crate::promql::Query;
use crate::report::Report;
use crate::sight::{Answers, Sight, Versions};
use crate::time::SimTime;

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Manifests: files, folders, patterns such as 'manifests/*.yaml', or - for standard input; scenarios among them do not count
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Which Rollout (or Experiment) it is for, if the input has several
    #[arg(long, value_name = "NAME")]
    rollout: Option<String>,
    /// Writes the scenario to a file; without it, to the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrites the file
    #[arg(long, requires = "output")]
    force: bool,
    /// Whether to use colours for diagnostics; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
}

/// The name of the scenario's file in messages, and where none is named.
const FILE: &str = "first.scenario.yaml";
/// No look goes farther \[s\].
const HORIZON_MAX: i64 = 24 * 3600;
/// At so many of its measurements a query is evaluated.
const INSTANTS_MAX: usize = 60;
/// So often bindings are tried before the last one is kept.
const ROUNDS: usize = 8;

pub(super) fn run(args: &InitArgs) -> Exit {
    let look = look_of_errors(args.color);
    let existing = args
        .output
        .as_ref()
        .filter(|path| !args.force && path.exists());
    if let Some(path) = existing {
        return refuse(exists(path), look);
    }
    let (files, problems) = files::gather(&args.paths, &mut io::stdin().lock());
    let bench = Bench {
        files,
        rollout: args.rollout.as_deref(),
    };
    // Arguments may come from secrets: without those nobody knows what is measured.
    let first = Draft {
        secrets: bench.secrets(),
        ..Draft::default()
    };
    let Prepared {
        case,
        findings,
        sources,
    } = bench.prepare(&first, problems);
    tell(&cut(findings), &sources, look);
    let written = case.and_then(|case| bench.write(args, &first, &case));
    let text = match written {
        Ok(text) => text,
        Err(exit) => return exit,
    };
    let Some(path) = &args.output else {
        return finish(&text, Exit::Promoted);
    };
    match files::write(path, &text, args.force) {
        Ok(()) => Exit::Promoted,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refuse(exists(path), look),
        Err(error) => {
            let path = quoted(&path.display().to_string());
            refuse(
                Diagnostic::error("unwritable-file", format!("cannot write {path}: {error}")),
                look,
            );
            Exit::CannotWrite
        }
    }
}

fn exists(path: &std::path::Path) -> Diagnostic {
    let message = format!("{} exists", quoted(&path.display().to_string()));
    Diagnostic::error("file-exists", message)
        .help("choose another file, or overwrite it with `--force`")
}

/// The manifests, beside which drafts are tried.
struct Bench<'a> {
    files: Vec<SourceFile>,
    rollout: Option<&'a str>,
}

/// What a run of a draft came to.
struct Tried {
    report: Report,
    case: Case,
}

impl Bench<'_> {
    /// A draft beside the manifests.
    fn prepare(&self, draft: &Draft, problems: Vec<Diagnostic>) -> Prepared {
        let mut files = self.files.clone();
        let name = format!("<{FILE}>");
        files.push(SourceFile {
            name: name.clone(),
            bytes: draft.yaml().into_bytes(),
        });
        let choice = Choice {
            scenario_file: Some(&name),
            name: self.rollout,
            ..Choice::default()
        };
        prepared_from(files, problems, &choice)
    }

    fn case(&self, draft: &Draft) -> Result<Case, Exit> {
        let prepared = self.prepare(draft, Vec::new());
        // The manifests are in order; what is wrong now is the draft, which is ours.
        prepared.case.map_err(|_| Exit::Internal)
    }

    fn run(&self, draft: &Draft) -> Result<Tried, Exit> {
        let case = self.case(draft)?;
        let report = case.run();
        Ok(Tried { report, case })
    }

    /// The scenario.
    fn write(&self, args: &InitArgs, first: &Draft, case: &Case) -> Result<String, Exit> {
        let compiled = case.compiled();
        let (measured, failed) = measured::all(compiled);
        let mut draft = Draft {
            head: head(args),
            secrets: first.secrets.clone(),
            ..outline(&compiled.plan, &failed)
        };
        // As long as nobody knows what queries see, all metrics pass.
        draft.metrics = measured.iter().map(passing).collect();
        let queries: Vec<&Query> = queries(&measured);
        let profiles = case.look_at(SimTime::from_secs(1), |exporter| exporter.profiles());
        draft.telemetry = telemetry::of_queries(&queries, &profiles);
        let mut tried = self.run(&draft)?;
        let mut sights = tried.sights(&measured);
        let labels = telemetry::labels(&sights.concat(), &queries, &compiled.plan);
        if !labels.is_empty() {
            let mut labelled = draft.clone();
            labelled.telemetry.labels = labels;
            let again = self.run(&labelled)?;
            let seen = again.sights(&measured);
            // What is added for one query must take nothing from another.
            let loses = |(before, after): (&Sight, &Sight)| is_seeing(before) && !is_seeing(after);
            if !sights
                .iter()
                .flatten()
                .zip(seen.iter().flatten())
                .any(loses)
            {
                (draft, tried, sights) = (labelled, again, seen);
            }
        }
        let guesses = guesses(&measured, &sights, &tried.report, &compiled.plan);
        draft.metrics = self.bound(&draft, &measured, &guesses)?;
        for ((entry, one), seen) in draft.metrics.iter_mut().zip(&measured).zip(&sights) {
            let measurements = instants(&tried.report, one.name);
            let told = notes::of_metric(one, seen, &measurements, &compiled.plan);
            entry.notes = told
                .into_iter()
                .chain(std::mem::take(&mut entry.notes))
                .collect();
        }
        // The last word: it is read and run as the user will do it.
        self.run(&draft)?;
        Ok(draft.yaml())
    }

    /// The keys of all secrets from which arguments come.
    fn secrets(&self) -> BTreeMap<String, Vec<String>> {
        let input = crate::input::read(self.files.clone());
        let mut secrets: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for manifest in input.manifests() {
            let spec = match manifest {
                Manifest::AnalysisTemplate(template) => &template.value.spec,
                Manifest::ClusterAnalysisTemplate(template) => &template.value.spec,
                _ => continue,
            };
            let arguments = spec.iter().flat_map(|spec| spec.args.iter().flatten());
            let references = arguments
                .filter_map(|argument| argument.value_from.as_ref()?.secret_key_ref.as_ref());
            for reference in references {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let keys = secrets.entry(text(&reference.name)).or_default();
                let key = text(&reference.key);
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        secrets
    }

    /// The metrics, with answers for those that cannot be measured. What does not pass gives way to the next guess.
    fn bound(
        &self,
        draft: &Draft,
        measured: &[Measured<'_>],
        guesses: &[Vec<Guess>],
    ) -> Result<Vec<Entry>, Exit> {
        let mut chosen = vec![0_usize; measured.len()];
        let mut trial = draft.clone();
        for _ in 0..ROUNDS {
            trial.metrics = entries(measured, guesses, &chosen);
            let report = self.run(&trial)?.report;
            let mut is_content = true;
            for ((one, guesses), index) in measured.iter().zip(guesses).zip(&mut chosen) {
                if *index + 1 < guesses.len() && fails(&report, one.name) {
                    *index += 1;
                    is_content = false;
                }
            }
            if is_content {
                return Ok(trial.metrics);
            }
        }
        // There are too many of them: the last guess of each is the safest.
        let last: Vec<usize> = guesses
            .iter()
            .map(|guesses| guesses.len().saturating_sub(1))
            .collect();
        Ok(entries(measured, guesses, &last))
    }
}

/// The metrics with one of the guesses for each.
fn entries(measured: &[Measured<'_>], guesses: &[Vec<Guess>], chosen: &[usize]) -> Vec<Entry> {
    let guesses = guesses
        .iter()
        .zip(chosen)
        .map(|(guesses, index)| guesses.get(*index));
    let entry = |(one, guess): (&Measured<'_>, Option<&Guess>)| Entry {
        name: one.name.to_owned(),
        notes: guess
            .iter()
            .map(|guess| format!("  {}", guess.why))
            .collect(),
        binding: guess.map(|guess| guess.answers.clone()),
    };
    measured.iter().zip(guesses).map(entry).collect()
}

/// Everything but metrics and telemetry.
fn outline(plan: &Plan, failed: &[Failed<'_>]) -> Draft {
    let tag = |index: usize| {
        plan.templates
            .get(index)
            .map(|template| template.tag.clone())
    };
    let own = tag(0).unwrap_or_default();
    let is_experiment = plan
        .experiments
        .iter()
        .any(|experiment| !experiment.name.is_empty());
    let stable = if own == "previous" {
        "before"
    } else {
        "previous"
    };
    let steps = plan.canary().map_or(&[][..], |canary| &canary.steps[..]);
    let mut gates: Vec<Option<usize>> = Vec::new();
    let mut plugins: Vec<String> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let is_gate = step
            .pause
            .as_ref()
            .is_some_and(|pause| pause.duration.is_none());
        gates.extend(is_gate.then_some(Some(index)));
        let plugin = step.plugin.as_ref().map(|plugin| plugin.name.clone());
        plugins.extend(plugin.filter(|name| !plugins.contains(name)));
    }
    let blue_green = plan.blue_green().filter(|_| !is_experiment);
    let waits = blue_green.is_some_and(|blue_green| !blue_green.auto_promotion);
    gates.extend(waits.then_some(None));
    Draft {
        name: format!("{}-first", plan.name),
        versions: (!is_experiment).then(|| (stable.to_owned(), own)),
        preview: blue_green.is_some_and(|blue_green| blue_green.preview_service.is_some()),
        header: steps.iter().any(|step| step.set_header_route.is_some()),
        plugins,
        gates,
        failures: notes::of_failures(plan, failed),
        ..Draft::default()
    }
}

impl Tried {
    /// What each use of each metric sees; nothing for those without a query that can be read.
    fn sights(&self, measured: &[Measured<'_>]) -> Vec<Vec<Sight>> {
        let plan = &self.case.compiled().plan;
        let versions = Versions::of(plan, TemplateId(0));
        let times: Vec<Vec<SimTime>> = measured
            .iter()
            .map(|one| instants(&self.report, one.name))
            .collect();
        let last = times.iter().flatten().max().copied();
        let decided = self.report.verdict.outcome.since;
        let end = last.unwrap_or(decided).max(decided);
        let end = end.clamp(SimTime::from_secs(300), SimTime::from_secs(HORIZON_MAX));
        self.case.look_at(end, |exporter| {
            let sight = |query: &Query, times: &[SimTime]| {
                // A query that nobody asks is looked at all the same.
                let times = if times.is_empty() { &[end][..] } else { times };
                Sight::of(query, exporter, &versions, times, end)
            };
            let metrics = measured.iter().zip(&times);
            metrics
                .map(|(one, times)| {
                    let queries = one.uses.iter().filter_map(measured::Use::readable);
                    queries.map(|query| sight(query, times)).collect()
                })
                .collect()
        })
    }
}

/// What may answer for each metric; nothing where none is needed.
fn guesses(
    measured: &[Measured<'_>],
    sights: &[Vec<Sight>],
    report: &Report,
    plan: &Plan,
) -> Vec<Vec<Guess>> {
    let hash = |index: usize| {
        plan.templates
            .get(index)
            .map_or("", |template| &*template.hash)
    };
    let guess = |(one, seen): (&Measured<'_>, &Vec<Sight>)| {
        let first = instants(report, one.name)
            .first()
            .copied()
            .unwrap_or(SimTime::ZERO);
        needy(one, seen).map_or_else(Vec::new, |metric| {
            guess::candidates(metric, (hash(0), hash(1)), first)
        })
    };
    measured.iter().zip(sights).map(guess).collect()
}

/// When a metric is measured: all of the times, or as many as suffice.
fn instants(report: &Report, metric: &str) -> Vec<SimTime> {
    let entries = report.entries.iter();
    let measured = entries.filter(|entry| {
        entry
            .measurement
            .as_ref()
            .is_some_and(|one| one.metric == metric)
    });
    let mut times: Vec<SimTime> = measured.map(|entry| entry.at).collect();
    times.retain(|at| *at <= SimTime::from_secs(HORIZON_MAX));
    times.dedup();
    let every = times.len().div_ceil(INSTANTS_MAX).max(1);
    times.into_iter().step_by(every).collect()
}

/// Whether a measurement of a metric did anything but succeed.
fn fails(report: &Report, metric: &str) -> bool {
    let measurements = report
        .entries
        .iter()
        .filter_map(|entry| entry.measurement.as_ref());
    let own = measurements.filter(|one| one.metric == metric);
    own.into_iter()
        .any(|one| !["Successful", "Running", "Pending"].contains(&one.phase))
}

/// A metric with an answer that passes, if one is found.
fn passing(measured: &Measured<'_>) -> Entry {
    let metric = measured.uses.first().map(|one| one.metric);
    Entry {
        name: measured.name.to_owned(),
        notes: Vec::new(),
        binding: metric.and_then(guess::passing),
    }
}

fn queries<'a>(measured: &'a [Measured<'_>]) -> Vec<&'a Query> {
    let uses = measured.iter().flat_map(|one| &one.uses);
    uses.filter_map(measured::Use::readable).collect()
}

/// The metric that needs a binding; `None` if all of that name can be measured in the simulated world.
fn needy<'a>(
    measured: &Measured<'a>,
    sights: &[Sight],
) -> Option<&'a crate::plan::analysis_template::ResolvedMetric> {
    let unreadable = measured.uses.iter().find(|one| one.readable().is_none());
    let readable = measured.uses.iter().filter(|one| one.readable().is_some());
    let unseeing = readable.zip(sights).find(|(_, sight)| !is_seeing(sight));
    unreadable
        .or(unseeing.map(|(one, _)| one))
        .map(|one| one.metric)
}

/// Whether a query sees series and answers something, be it late.
fn is_seeing(sight: &Sight) -> bool {
    let answers = match sight.answers {
        Answers::Failed(_) => false,
        Answers::Nothing => sight.lasts,
        _ => true,
    };
    !sight.is_blind() && answers
}

/// What is said at the head of the file.
fn head(args: &InitArgs) -> Vec<String> {
    let paths: Vec<String> = args
        .paths
        .iter()
        .map(|path| shell_word(&path.display().to_string()))
        .collect();
    let paths = paths.join(" ");
    let rollout = args.rollout.as_ref().map_or(String::new(), |name| {
        format!(" --rollout {}", shell_word(name))
    });
    let file = args
        .output
        .as_ref()
        .map_or(FILE.to_owned(), |path| path.display().to_string());
    vec![
        format!("Written by `coalmine init {paths}{rollout}`; run it with"),
        format!("`coalmine run {paths}{rollout} -s {}`.", shell_word(&file)),
    ]
}

/// An argument, in quotes where a shell needs them.
fn shell_word(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
