//! A row of each table by the event simulation itself: pods start in a time that is drawn too, so that the release is no chain to walk
//! through, and every run is simulated, event for event.

use super::gates::{RACE, errors, plan, requested, three_classes};
use super::runs::{Gate, STEP, Table, runs};
use crate::program::{coalmine, fed};

#[test]
fn releases_whose_pods_start_by_chance_are_no_chains() {
    let gate = Gate {
        canary: STEP,
        metrics: &["name: m".to_owned()],
        draws: "m: [{draw: successRatio, requests: 1, errorRate: 0.1}]",
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
    let sample = plan("count: 10, failureLimit: 3", 0.1, true, runs);
    table.share("V1", &sample, "Promoted", 0.987_204_8);
    let sample = plan("count: 20, failureLimit: 0", 0.05, true, runs);
    table.share("V2", &sample, "Promoted", 0.358_485_92);
    let sample = plan("count: 68, failureLimit: 2", 0.089_704, true, runs / 3);
    table.share("V4", &sample, "Promoted", 0.05);
    let sample = three_classes(0.05, 0.3, true, runs);
    table.share("V6", &sample, "Promoted", 0.3838);
    let sample = plan("count: 10, failureLimit: 1", 0.2, true, runs);
    table.share("section 4", &sample, "RolledBack", 0.62419);
    table.measurements("section 4", &sample, 7.58408);
    table.time("section 4", &sample, "RolledBack", 5.12952 * 60.0);
    let sample = requested(50, 0.05, "count: 1", true, runs);
    table.share("section 5", &sample, "RolledBack", 0.459_467);
    let sample = errors(20, 5, 0.5, true, runs);
    table.share("V7", &sample, "RolledBack", 0.249_870);
    let sample = plan(RACE, 0.3, true, runs);
    table.share("race", &sample, "RolledBack", 0.28271);
    table.share("race", &sample, "Promoted", 0.61278);
    table.share("race", &sample, "Paused", 0.10451);
    table.measurements("race", &sample, 6.84367);
    table.holds(13, 0.5e-4);
}
