//! Two policies, or two worlds, under the same weather.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::fs;
use std::path::Path;

use super::{NOISE, share};
use crate::program::{Folder, complaint, document};

#[test]
fn the_same_policy_makes_no_difference_and_a_milder_one_does() {
    let with = |change| document(&["trials", NOISE, "-n", "1500", "--what-if", change]);
    let same = with("metrics[success-rate].failureLimit=0");
    for one in same["whatIf"]["verdicts"].as_array().expect("verdicts") {
        assert_eq!(one["difference"].as_f64(), Some(0.0), "{one}");
        assert!(
            one["low"].as_f64() < Some(0.0) && Some(0.0) < one["high"].as_f64(),
            "{one}"
        );
    }
    for one in same["whatIf"]["quantities"].as_array().expect("quantities") {
        assert_eq!(one["difference"].as_f64(), Some(0.0), "{one}");
    }
    let milder = with("failureLimit=1");
    let verdicts = milder["whatIf"]["verdicts"].as_array().expect("verdicts");
    let promoted = verdicts.iter().find(|one| one["verdict"] == "Promoted");
    let promoted = promoted.expect("runs that are promoted");
    assert!(Some(0.0) < promoted["low"].as_f64(), "{promoted}");
    assert_eq!(promoted["onlyWritten"], 0, "{promoted}");
    // The runs of the policy as written are those without a comparison.
    let alone = document(&["trials", NOISE, "-n", "1500"]);
    assert_eq!(milder["verdicts"], alone["verdicts"]);
}

#[test]
fn a_change_that_names_no_field_is_refused_with_the_nearest() {
    let told = complaint(&["trials", NOISE, "--what-if", "failurLimit=1"], 2);
    assert!(told.contains("did you mean `failureLimit`?"), "{told}");
    let told = complaint(&["trials", NOISE, "--what-if", "failureLimit={a: 1}"], 65);
    assert!(told.contains("not a mapping"), "{told}");
}

#[test]
fn worlds_are_compared_as_policies_are() {
    let folder = Folder::new("worlds");
    for file in ["rollout.yaml", "analysis.yaml", "scenario.yaml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(NOISE).join(file);
        let text = fs::read_to_string(path).expect("a file");
        let text = text.replace("errorRate: 0.01}", "errorRate: 0.03}");
        folder.write(file, &text);
    }
    let alone = document(&["trials", folder.path(), "-n", "1500"]);
    let with = |changes: &[&str]| {
        let mut arguments = vec!["trials", NOISE, "-n", "1500"];
        arguments.extend(changes.iter().flat_map(|change| ["--what-if", *change]));
        let report = document(&arguments);
        let verdicts = report["whatIf"]["verdicts"].as_array().expect("verdicts");
        let one = verdicts.iter().find(|one| one["verdict"] == "RolledBack");
        one.expect("runs that are rolled back").clone()
    };
    // The change makes of the world what is written in the other folder, under the same weather.
    let worse = "scenario.metrics.success-rate[0].errorRate=0.03";
    let found = with(&[worse]);
    assert_eq!(found["changed"], share(&alone, "RolledBack")["share"]);
    assert_eq!(found["onlyWritten"], 0, "{found}");
    // A change of the policy on top of it.
    let milder = with(&[worse, "failureLimit=1"]);
    assert!(
        milder["changed"].as_f64() < found["changed"].as_f64(),
        "{milder}"
    );
}

#[test]
fn changes_of_a_world_that_mean_nothing_are_refused_with_a_way_out() {
    for (change, wanted) in [
        ("scenario.trafic.rps=5", "did you mean `scenario.traffic`?"),
        ("traffic.rps=5", "write `scenario.traffic.rps`"),
        (
            "scenario.faults[0].from=5m",
            "`scenario.faults` is not written",
        ),
        ("scenario.seed=5", "give `--seed NUMBER`"),
    ] {
        let told = complaint(&["trials", NOISE, "--what-if", change], 2);
        assert!(told.contains(wanted), "{told}");
    }
    let rate = "scenario.images.v2.errorRate=2";
    let told = complaint(&["trials", NOISE, "--what-if", rate], 65);
    assert!(told.contains("error[out-of-range]"), "{told}");
    let rollout = format!("{NOISE}/rollout.yaml");
    let analysis = format!("{NOISE}/analysis.yaml");
    let without = ["trials", &rollout, &analysis, "--what-if", rate];
    let told = complaint(&without, 2);
    assert!(told.contains("there is no scenario to set"), "{told}");
}
