//! The shipped scenarios, watched by a judge instead of recorded.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::path::PathBuf;

use super::*;
use crate::cluster::Event;
use crate::trials::Judge;
use crate::verdict::{Outcome, Verdict};

/// Every scenario that is shipped, with its name.
fn shipped() -> Vec<(String, Case)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(root).expect("the folder of scenarios");
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    let cases = folders.iter().map(|folder| {
        let name = folder.display().to_string();
        let (files, _) =
            crate::cli::files::gather(std::slice::from_ref(folder), &mut std::io::empty());
        let input = crate::input::read(files);
        let case = Case::of(&input, &Choice::default());
        (name, case.expect("a case").0)
    });
    cases.collect()
}

#[test]
fn a_judge_comes_to_the_same_as_the_whole_record() {
    let mut caused = 0;
    for (name, case) in shipped() {
        let (plan, environment) = (&case.compiled.plan, &case.compiled.environment);
        let mut judged = Simulation::new(plan, environment, &case.script, Judge::new(plan))
            .accounting(Weather::CALM);
        let mut recorded = Simulation::new(plan, environment, &case.script, Trace::default())
            .accounting(Weather::CALM);
        let random = (0..20).map(|replicate| Weather {
            replicate,
            ..Weather::of(7)
        });
        for weather in std::iter::once(Weather::CALM).chain(random) {
            recorded.set_weather(weather);
            judged.set_weather(weather);
            let ending = recorded.run(&case.start);
            assert_eq!(judged.run(&case.start), ending, "{name} {weather:?}");
            let tally = judged.world().ledger.tally();
            let summary = judged.recorder().summary(judged.cluster(), ending, tally);
            let trace = recorded.recorder();
            let outcome = Outcome::of(plan, environment, trace, ending);
            assert_eq!(
                (summary.verdict, summary.since),
                (outcome.verdict, outcome.since),
                "{name} {weather:?}"
            );
            let measured = |event: &Event| matches!(event, Event::Measured { .. });
            let measurements = trace.events.iter().filter(|(_, event)| measured(event));
            assert_eq!(
                usize::try_from(summary.measurements),
                Ok(measurements.count()),
                "{name} {weather:?}"
            );
            let aborted = matches!(
                outcome.verdict,
                Verdict::RolledBack | Verdict::RollbackFailed
            );
            assert!(summary.cause.is_some() || !aborted, "{name} {weather:?}");
            caused += u32::from(summary.cause.is_some());
        }
    }
    assert!(100 < caused, "only {caused} runs have a cause");
}
