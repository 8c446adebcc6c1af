//! The formats of `coalmine run`.

use super::{ANALYSED, BAD, CHECK, GATE, SERVED, rollout};
use crate::program::Folder;

#[test]
fn colours_appear_on_demand_only() {
    let folder = Folder::new("colour").with("web.yaml", &rollout("web", GATE));
    let plain = folder.run(&["run", "-q", "web.yaml"]);
    assert_eq!(
        plain.stdout,
        "Paused since 10s, step 2/2 (pause): CanaryPauseStep\n"
    );
    let coloured = folder.run(&["run", "-q", "--color", "always", "web.yaml"]);
    let says = "\u{1b}[1m\u{1b}[33mPaused since 10s, step 2/2 (pause): CanaryPauseStep\u{1b}[0m\n";
    assert_eq!(coloured.stdout, says);
}

#[test]
fn the_csv_table_has_one_line_for_each_entry_the_verdict_and_each_measure() {
    let folder = Folder::new("csv").with(
        "web.yaml",
        &(rollout("web", ANALYSED) + CHECK + "---\n" + BAD),
    );
    folder.run(&["run", "--output", "csv", "web.yaml"]).expect(
        10,
        "\
seconds,who,kind,step,weight,active,pods,metric,value,phase,what,why
0,person,applied,,,,previous=2/2,,,,applies v2 over previous,
0,rollout,revision,,,,previous=2/2,,,,begins revision 2 (v2),
0,rollout,analysis-started,,,,previous=2/2,,,,starts analysis of step 1 (web-rxqgsk58pg-2-0),
0,analysis,measurement,,,,previous=2/2,rate,[0.5],Failed,rate = [0.5] is Failed,not result[0] > 0.9; failed 1 > failureLimit 0
0,analysis,analysis-ended,,,,previous=2/2,,,,analysis of step 1 is Failed,\"Metric \"\"rate\"\" assessed Failed due to failed (1) > failureLimit (0)\"
0,rollout,aborted,,,,previous=2/2,,,,ABORTS revision 2,\"Step-based analysis phase error/failed: Metric \"\"rate\"\" assessed Failed due to failed (1) > failureLimit (0)\"
0,,verdict,,,,,,,,RolledBack,\"RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: Metric \"\"rate\"\" assessed Failed due to failed (1) > failureLimit (0)\"
0,,measure,,,,,peakPods,2,,,
0,,measure,,,,,podHours,0,,,
0,,measure,,,,,excessPodHours,0,,,
0,,measure,,,,,shortOfCapacitySeconds,0,,,
0,,measure,,,,,instantRollbackSeconds,0,,,
",
        "",
    );
}

#[test]
fn the_json_document_is_versioned_and_complete() {
    let folder = Folder::new("json").with(
        "web.yaml",
        &(rollout("web", ANALYSED) + CHECK + "---\n" + BAD),
    );
    let told = folder.run(&["run", "--output", "json", "--seed", "7", "web.yaml"]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(10), ""));
    let document: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(document["schema"], "coalmine.run/v1");
    assert_eq!(document["verdict"]["verdict"], "RolledBack");
    assert_eq!(document["world"]["seed"], 7);
    let measurement = document["timeline"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["kind"] == "measurement")
        .expect("a measurement");
    assert_eq!(
        measurement["measurement"],
        serde_json::json!({
            "run": "web-rxqgsk58pg-2-0",
            "metric": "rate",
            "value": "[0.5]",
            "phase": "Failed",
            "successCondition": "result[0] > 0.9",
            "failureCondition": "",
            "assumed": false,
        })
    );
    let fields: Vec<&String> = document.as_object().expect("an object").keys().collect();
    assert_eq!(
        fields,
        [
            "schema",
            "subject",
            "world",
            "verdict",
            "earlier",
            "impact",
            "end",
            "versions",
            "timeline",
            "controllerEvents",
        ]
    );
}

#[test]
fn the_verbose_report_has_the_controllers_own_events() {
    let folder = Folder::new("verbose").with("web.yaml", &rollout("web", GATE));
    let told = folder.run(&["run", "--verbose", "web.yaml"]);
    let line = "| Rollout RolloutPaused: Rollout is paused (CanaryPauseStep)\n";
    assert!(told.stdout.contains(line), "{}", told.stdout);
    assert!(
        told.stdout
            .contains("rollout  is Paused: CanaryPauseStep\n"),
        "{}",
        told.stdout
    );
}

#[test]
fn what_a_release_costs_is_told_in_every_format() {
    let folder = Folder::new("impact").with("web.yaml", &(rollout("web", GATE) + "---\n" + SERVED));
    let text = folder.run(&["run", "web.yaml"]).stdout;
    assert!(text.contains("  impact    10000 requests: "), "{text}");
    assert!(text.contains("1000 failed (10 %); harm: 0 more"), "{text}");
    let json = folder.run(&["run", "--output", "json", "web.yaml"]).stdout;
    let document: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(document["impact"]["traffic"]["requests"], 10_000.0);
    assert_eq!(document["world"]["random"], false);
    let csv = folder.run(&["run", "--output", "csv", "web.yaml"]).stdout;
    assert!(
        csv.contains("\n100,,measure,,,,,requests,10000,,,\n"),
        "{csv}"
    );
}
