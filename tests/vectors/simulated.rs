//! A row of each table by the event simulation itself: pods start in a time that is drawn too, so that the release is no chain to walk
//! through, and every run is simulated, event for event.

use super::gates::{errors, five_of_three_classes, race, requested, single};
use super::runs::{Gate, STEP, Table, runs};
use crate::program::{coalmine, fed};
use crate::published::{
    DECREE_RECOMPUTED, FORUM, RACE, RUNS, STRICT, Single, VIGNETTE, curtailed, figures, requests,
    three_classes,
};

#[test]
fn releases_whose_pods_start_by_chance_are_no_chains() {
    let gate = Gate {
        canary: STEP.to_owned(),
        metrics: vec!["name: m".to_owned()],
        draws: "m: [{draw: successRatio, requests: 1, errorRate: 0.1}]".to_owned(),
        is_simulated: true,
    };
    let mut command = coalmine();
    command.args(["trials", "-", "--exact"]);
    let output = fed(command, &gate.text());
    assert_eq!(output.status.code(), Some(65));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("error[not-exact]"), "{complaint}");
}

#[test]
fn the_event_simulation_agrees_with_a_row_of_each_table() {
    let mut table = Table::default();
    let runs = runs(1_500);
    for (what, (n, c, p), runs) in [
        ("V1", (10, 3, 0.10), runs),
        ("V2", (20, 0, 0.05), runs),
        ("V4", (68, 2, 0.089_704), runs / 3),
    ] {
        let plans = [VIGNETTE, STRICT, FORUM].into_iter();
        let accepted = figures(plans.flat_map(Single::rows), (n, c, p));
        let sample = single(n, c, p).simulated().sample(runs);
        table.share(what, &sample, "Promoted", accepted);
    }

    let accepted = figures(three_classes(DECREE_RECOMPUTED), (0.05, 0.3));
    let sample = five_of_three_classes(0.05, 0.3).simulated().sample(runs);
    table.share("V6", &sample, "Promoted", accepted);

    let [failed, mean, mean_failed] = figures(curtailed(), (10, 1, 0.2));
    let sample = single(10, 1, 0.2).simulated().sample(runs);
    table.share("stopped early", &sample, "RolledBack", failed);
    table.measurements("stopped early", &sample, mean);
    let seconds = (mean_failed - 1.0) * 60.0;
    table.time("stopped early", &sample, "RolledBack", seconds);

    let failing = figures(requests(), (50, 0.05));
    let sample = requested(50, 0.05, "count: 1").simulated().sample(runs);
    table.share("requests", &sample, "RolledBack", failing);

    let (ended, _) = figures(RUNS, (20, 5, 0.5));
    let sample = errors(20, 5, 0.5).simulated().sample(runs);
    table.share("V7", &sample, "RolledBack", ended);

    let [failed, successful, inconclusive, mean] = figures(RACE, 0.3);
    let sample = race(0.3).simulated().sample(runs);
    table.share("race", &sample, "RolledBack", failed);
    table.share("race", &sample, "Promoted", successful);
    table.share("race", &sample, "Paused", inconclusive);
    table.measurements("race", &sample, mean);
    table.holds(13, 0.5e-4);
}
