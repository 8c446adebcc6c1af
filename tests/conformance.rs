//! Runs every suite of recorded answers that the corpus holds: `COALMINE_CORPUS` (default: `tests/corpus`).
//!
//! Prints one line `<suite> <group> <passed>/<total>` for each group and, for each group with failures, the first differing
//! row of the first three failing cases. Fails below the thresholds, which are only ever raised.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]
#![allow(clippy::print_stdout, reason = "the score is printed")]

mod conformance {
    pub(crate) mod cases;
    pub(crate) mod corpus;
    pub(crate) mod durations;
    pub(crate) mod expr;
    pub(crate) mod promql;
    pub(crate) mod reports;
    pub(crate) mod rows;
    pub(crate) mod script;
    pub(crate) mod tables;
    pub(crate) mod validation;
    pub(crate) mod wording;
}

use conformance::corpus::{Corpus, Score};
use conformance::{cases, durations, expr, promql, tables, validation};

#[test]
fn named_cases_follow_the_recorded_traces() {
    cases::named(&Corpus::find()).check("argo/named");
}

#[test]
fn generated_cases_follow_the_recorded_traces() {
    cases::generated(&Corpus::find()).check("argo/cases");
}

#[test]
fn replica_counts_match_the_recorded_tables() {
    tables::replica_counts(&Corpus::find()).check("argo/tables");
}

#[test]
fn validation_says_what_the_controllers_say() {
    validation::tables(&Corpus::find()).check("argo/validation");
}

#[test]
fn conditions_answer_like_the_reference() {
    let corpus = Corpus::find();
    let mut score = Score::default();
    for group in expr::run(&corpus.root) {
        score.add_all(&group.name, group.passed, group.total, group.failures);
    }
    score.check("expr");
}

#[test]
fn queries_answer_like_the_reference() {
    promql::run(&Corpus::find()).check("promql");
}

#[test]
fn durations_are_read_as_go_reads_them() {
    durations::table(&Corpus::find()).check("durations");
}

#[test]
fn aborts_are_explained_in_the_controllers_words() {
    conformance::wording::compare(&Corpus::find()).check();
}

#[test]
fn every_recorded_case_can_be_told_with_a_cause_for_its_verdict() {
    conformance::reports::check(&Corpus::find());
}
