//! Drafts are tried beside the manifests: what a run comes to, what queries see in it, and which guesses hold.
//!
//! Knows: how often that is done. Refuses to know: what is written of it.

use super::draft::{Draft, Entry};
use super::guess::{self, Guess};
use super::measured::{self, Measured};
use crate::cli::case::{Case, Choice};
use crate::cli::exit::Exit;
use crate::cli::{Prepared, prepared_from};
use crate::cluster::TemplateId;
use crate::diagnostic::Diagnostic;
use crate::input::SourceFile;
use crate::plan::Plan;
use crate::plan::analysis_template::ResolvedMetric;
use crate::promql::Query;
use crate::report::Report;
use crate::sight::{Answers, Export, Selection, Sight, Versions};
use crate::time::SimTime;

/// The name of drafts in messages.
pub(super) const DRAFT: &str = "<draft>";
/// No look goes farther \[s\].
const HORIZON_MAX: i64 = 24 * 3600;
/// At so many of its measurements a query is evaluated.
const INSTANTS_MAX: usize = 60;
/// So often bindings are tried before the last one is kept.
const ROUNDS: usize = 8;

/// The manifests, beside which drafts are tried.
pub(super) struct Bench<'a> {
    pub(super) files: Vec<SourceFile>,
    pub(super) rollout: Option<&'a str>,
}

/// What a run of a draft came to.
pub(super) struct Tried {
    pub(super) report: Report,
    case: Case,
}

impl Bench<'_> {
    /// A draft beside the manifests.
    pub(super) fn prepare(&self, draft: &Draft, problems: Vec<Diagnostic>) -> Prepared {
        let mut files = self.files.clone();
        files.push(SourceFile {
            name: DRAFT.to_owned(),
            bytes: draft.yaml().into_bytes(),
        });
        let choice = Choice {
            scenario_file: Some(DRAFT),
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

    pub(super) fn run(&self, draft: &Draft) -> Result<Tried, Exit> {
        let case = self.case(draft)?;
        let report = case.run();
        Ok(Tried { report, case })
    }

    /// The metrics, with answers for those that cannot be measured. What does not pass gives way to the next guess.
    pub(super) fn bound(
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

impl Tried {
    /// What each use of each metric sees; nothing for those without a query that can be read.
    pub(super) fn sights(&self, measured: &[Measured<'_>]) -> Vec<Vec<Sight>> {
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
pub(super) fn guesses(
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
pub(super) fn instants(report: &Report, metric: &str) -> Vec<SimTime> {
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

/// The metric that needs a binding; `None` if all of that name can be measured in the simulated world.
fn needy<'a>(measured: &Measured<'a>, sights: &[Sight]) -> Option<&'a ResolvedMetric> {
    let unreadable = measured.uses.iter().find(|one| one.readable().is_none());
    let readable = measured.uses.iter().filter(|one| one.readable().is_some());
    let unseeing = readable.zip(sights).find(|(_, sight)| !is_seeing(sight));
    unreadable
        .or(unseeing.map(|(one, _)| one))
        .map(|one| one.metric)
}

/// Whether a query is evaluated in a run: it sees series and answers something, be it late.
pub(super) fn is_seeing(sight: &Sight) -> bool {
    let answers = match sight.answers {
        Answers::Failed(_) => false,
        Answers::Nothing => sight.lasts,
        _ => true,
    };
    // A query that names a metric which nobody exports is not evaluated.
    let is_known = |selection: &Selection| selection.export != Export::Unknown;
    !sight.is_blind() && answers && sight.selections.iter().all(is_known)
}
