//! `coalmine init`: a first scenario for a release, and what each of its queries sees.
//!
//! Knows: the way from manifests over a plain world to the text. It runs what it writes, so that what it says is what
//! happens. Refuses to know: how queries are read (`sight`), how guesses are made (`guess`), what YAML looks like
//! (`draft`).

mod draft;
mod guess;
mod measured;
mod notes;
mod telemetry;
mod trial;

use std::io;
use std::path::PathBuf;

use clap::Args;

use self::draft::{Draft, Entry};
use self::measured::{Failed, Measured};
use self::trial::Bench;
use super::case::Case;
use super::exit::Exit;
use super::subject::refuse;
use super::terminal::{Colour, finish, look_of_errors, tell};
use super::{Prepared, cut, files};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::quoted;
use crate::input::{self, Manifest};
use crate::plan::Plan;
use crate::promql::Query;
use crate::sight::Sight;
use crate::time::SimTime;

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Manifests: files, folders, patterns such as 'manifests/*.yaml', or - for standard input; scenarios among them do
    /// not count
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
    let first = first(&bench);
    let Prepared {
        case,
        mut findings,
        sources,
    } = bench.prepare(&first, problems);
    // What is said of a draft concerns nobody.
    findings.retain(|finding| {
        let location = finding.location.as_ref();
        location.is_none_or(|location| sources.name(location.source) != trial::DRAFT)
    });
    tell(&cut(findings), &sources, look);
    let written = case.and_then(|case| scenario(&bench, args, &first, &case));
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

/// The scenario.
fn scenario(
    bench: &Bench<'_>,
    args: &InitArgs,
    first: &Draft,
    case: &Case,
) -> Result<String, Exit> {
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
    draft.telemetry = case.look_at(SimTime::from_secs(1), |exporter| {
        telemetry::of_queries(&queries, exporter.profiles())
    });
    let mut tried = bench.run(&draft)?;
    let mut sights = tried.sights(&measured);
    let labels = telemetry::labels(&sights.concat(), &queries, &compiled.plan);
    if !labels.is_empty() {
        let mut labelled = draft.clone();
        labelled.telemetry.labels = labels;
        let again = bench.run(&labelled)?;
        let seen = again.sights(&measured);
        // What is added for one query must take nothing from another.
        let loses = |(before, after): (&Sight, &Sight)| {
            trial::is_seeing(before) && !trial::is_seeing(after)
        };
        if !sights
            .iter()
            .flatten()
            .zip(seen.iter().flatten())
            .any(loses)
        {
            (draft, tried, sights) = (labelled, again, seen);
        }
    }
    let guesses = trial::guesses(&measured, &sights, &tried.report, &compiled.plan);
    draft.metrics = bench.bound(&draft, &measured, &guesses)?;
    for ((entry, one), seen) in draft.metrics.iter_mut().zip(&measured).zip(&sights) {
        let measurements = trial::instants(&tried.report, one.name);
        let told = notes::of_metric(one, seen, &measurements, &compiled.plan);
        entry.notes = told
            .into_iter()
            .chain(std::mem::take(&mut entry.notes))
            .collect();
    }
    // The last word: it is read and run as the user will do it.
    bench.run(&draft)?;
    Ok(draft.yaml())
}

/// What has to be known before anything can be compiled: the secrets from which arguments come, and answers for all
/// metrics, so that no query is evaluated.
fn first(bench: &Bench<'_>) -> Draft {
    let input = input::read(bench.files.clone());
    let mut draft = Draft::default();
    for manifest in input.manifests() {
        let spec = match manifest {
            Manifest::AnalysisTemplate(template) => &template.value.spec,
            Manifest::ClusterAnalysisTemplate(template) => &template.value.spec,
            _ => continue,
        };
        let Some(spec) = spec else { continue };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let arguments = spec.args.iter().flatten();
        let references =
            arguments.filter_map(|argument| argument.value_from.as_ref()?.secret_key_ref.as_ref());
        for reference in references {
            let keys = draft.secrets.entry(text(&reference.name)).or_default();
            let key = text(&reference.key);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        for metric in spec.metrics.iter().flatten() {
            let name = text(&metric.name);
            if draft.metrics.iter().all(|known| known.name != name) {
                draft.metrics.push(Entry {
                    name,
                    notes: Vec::new(),
                    binding: Some(vec!["{vector: [1]}".to_owned()]),
                });
            }
        }
    }
    draft
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
        is_experiment,
        preview: blue_green.is_some_and(|blue_green| blue_green.preview_service.is_some()),
        header: steps.iter().any(|step| step.set_header_route.is_some()),
        plugins,
        gates,
        failures: notes::of_failures(plan, failed),
        ..Draft::default()
    }
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
