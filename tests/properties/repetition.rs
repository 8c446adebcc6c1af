//! A run is a function of its input: neither the recorder nor an earlier run changes it.

use coalmine::cluster::Cluster;
use coalmine::sim::{Ending, Simulation};
use coalmine::trace::{Off, Trace};

use super::case::{Case, HORIZON};
use crate::behaviours::story::settled_start;

const CASES: u64 = 100;

/// What a run leaves behind, in a form that can be compared.
type Record = (Ending, String, Vec<(i64, Cluster)>);

fn record(ending: Ending, trace: &Trace) -> Record {
    let frames = trace
        .frames
        .iter()
        .map(|frame| (frame.at.nanos(), frame.cluster.clone()));
    (ending, format!("{:?}", trace.events), frames.collect())
}

#[test]
fn the_same_input_gives_the_same_run() {
    for seed in 0..CASES {
        let case = Case::new(seed);
        let [first, second] = [(); 2].map(|()| case.story().until(HORIZON));
        let [first, second] = [first, second].map(|told| record(told.ending, &told.trace));
        assert!(first == second, "{}", case.shown());
    }
}

#[test]
fn a_used_simulation_gives_the_same_run_as_a_fresh_one() {
    for seed in 0..CASES {
        let case = Case::new(seed);
        let tale = case.story();
        let compiled = tale.compile();
        let script = tale.script(&compiled, HORIZON);
        let starts = [tale.first_start(&compiled), settled_start(&compiled, "v2")];
        let new = || {
            Simulation::new(
                &compiled.plan,
                &compiled.environment,
                &script,
                Trace::default(),
            )
        };
        let mut used = new();
        for start in starts.iter().chain(starts.iter().rev()) {
            let ending = used.run(start);
            let again = record(ending, used.recorder());
            let mut fresh = new();
            let ending = fresh.run(start);
            assert!(
                again == record(ending, fresh.recorder()),
                "{}",
                case.shown()
            );
        }
    }
}

#[test]
fn a_run_that_nobody_records_ends_in_the_same_state() {
    for seed in 0..CASES {
        let case = Case::new(seed);
        let tale = case.story();
        let compiled = tale.compile();
        let script = tale.script(&compiled, HORIZON);
        let start = tale.first_start(&compiled);
        let (plan, environment) = (&compiled.plan, &compiled.environment);
        let mut unrecorded = Simulation::new(plan, environment, &script, Off);
        let mut recorded = Simulation::new(plan, environment, &script, Trace::default());
        let ending = recorded.run(&start);
        // The second run remembers what was decided in the first.
        for _ in 0..2 {
            let shown = case.shown();
            assert_eq!(unrecorded.run(&start), ending, "{shown}");
            assert!(unrecorded.cluster() == recorded.cluster(), "{shown}");
            assert!(unrecorded.world() == recorded.world(), "{shown}");
        }
    }
}
