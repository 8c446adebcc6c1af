//! Every recorded case can be told, in every format, and its verdict has a cause in the timeline.

use std::collections::BTreeMap;

use coalmine::report::text::{Detail, Look};
use coalmine::report::{Kind, Report, Run, csv, json, text};
use coalmine::verdict::Verdict;

use super::corpus::Corpus;
use super::script;
use super::wording::each_case;

/// The widest line of a report, in columns.
const WIDTH: usize = 100;

/// Tells every case, prints how many ended how, and fails at the first that cannot be told.
#[expect(clippy::print_stdout, reason = "the tally is for those who read along")]
pub(crate) fn check(corpus: &Corpus) {
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    each_case(corpus, |case| {
        let Ok(simulated) = script::simulate(&case.manifests, &case.script) else {
            return;
        };
        let report = Report::of(&Run {
            compiled: &simulated.compiled,
            setting: &simulated.setting,
            scenario: None,
            trace: &simulated.trace,
            ending: simulated.ending,
            seed: 0,
            random: false,
            replicate: 0,
            tally: None,
        });
        let verdict = report.verdict.outcome.verdict;
        *tally.entry(verdict.name()).or_default() += 1;
        let (verbose, normal) = (Detail::Verbose, Detail::Normal);
        let shown = text::render(
            &report,
            Look {
                colour: false,
                detail: verbose,
            },
        );
        if report.versions.len() <= 3 {
            let wide = shown.lines().find(|line| WIDTH < line.chars().count());
            assert_eq!(wide, None, "{}", case.id);
        }
        let rows = csv::render(&report, normal).lines().count();
        assert!(report.entries.iter().filter(|entry| !entry.detail).count() < rows);
        assert!(json::render(&report).starts_with("{\n  \"schema\": \"coalmine.run/v1\",\n"));
        let told = |kinds: &[Kind]| {
            report
                .entries
                .iter()
                .any(|entry| kinds.contains(&entry.kind))
        };
        let has_cause = match verdict {
            Verdict::Promoted => told(&[Kind::Promoted]),
            Verdict::RolledBack | Verdict::RollbackFailed => told(&[Kind::Aborted]),
            Verdict::Paused => told(&[Kind::Pause, Kind::Deed]),
            Verdict::Stuck => told(&[Kind::Degraded, Kind::Failed, Kind::Experiment, Kind::Scaled]),
            Verdict::Invalid => told(&[Kind::Degraded]) || report.versions.is_empty(),
            Verdict::Successful | Verdict::Failed | Verdict::Inconclusive => {
                told(&[Kind::Experiment])
            }
            Verdict::Undecided => true,
        };
        assert!(
            has_cause,
            "{}: {} without a cause\n{shown}",
            case.id,
            verdict.name()
        );
    });
    for (verdict, count) in tally {
        println!("reports {verdict} {count}");
    }
}
