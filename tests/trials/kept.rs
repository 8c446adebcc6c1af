//! Runs in parts: threads, shards, interruptions, and rows that are written meanwhile.

#![expect(clippy::disallowed_methods, reason = "tests write files")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::NOISE;
use crate::program::{Folder, coalmine, complaint, told};

#[test]
fn the_number_of_threads_changes_nothing() {
    let with = |threads| {
        told(&[
            "trials",
            NOISE,
            "-n",
            "1500",
            "--threads",
            threads,
            "--output",
            "json",
        ])
    };
    let alone = with("1");
    for threads in ["2", "3", "8"] {
        assert_eq!(with(threads), alone, "{threads} threads");
    }
}

#[test]
fn sixteen_shards_done_by_processes_merge_to_the_same_report() {
    let folder = Folder::new("shards");
    let changes = ["--what-if", "failureLimit=1"];
    let mut files: Vec<String> = Vec::new();
    let mut processes = Vec::new();
    for number in 1..=16 {
        let (shard, file) = (
            format!("{number}/16"),
            folder.file(&format!("{number}.json")),
        );
        let mut process = coalmine();
        process.args(["trials", NOISE, "-n", "5000", "--threads", "1"]);
        process
            .args(["--shard", &shard, "--save", &file])
            .args(changes);
        process.stdout(Stdio::null());
        processes.push(process.spawn().expect("the program runs"));
        files.push(file);
    }
    for mut process in processes {
        assert!(process.wait().expect("it ends").success());
    }
    // In any order.
    files.rotate_left(5);
    for output in ["text", "json"] {
        let mut merged = vec!["merge", "--output", output];
        merged.extend(files.iter().map(String::as_str));
        let mut whole = vec!["trials", NOISE, "-n", "5000", "--output", output];
        whole.extend(changes);
        assert_eq!(told(&merged), told(&whole), "{output}");
    }
}

#[test]
fn incomplete_and_foreign_shards_are_refused() {
    let folder = Folder::new("incomplete");
    let shard = |number: u32, seed: &str| {
        let (shard, file) = (
            format!("{number}/3"),
            folder.file(&format!("{number}-{seed}")),
        );
        told(&[
            "trials", NOISE, "-n", "600", "--seed", seed, "--shard", &shard, "--save", &file,
        ]);
        file
    };
    let (first, second, other) = (shard(1, "1"), shard(2, "1"), shard(3, "2"));
    let missing = complaint(&["merge", &first, &second], 65);
    assert!(missing.contains("1 shard of 3 is missing: 3"), "{missing}");
    let doubled = complaint(&["merge", &first, &second, &first], 65);
    assert!(doubled.contains("shard 1 of 3 is given twice"), "{doubled}");
    let foreign = complaint(&["merge", &first, &second, &other], 65);
    assert!(
        foreign.contains("are no shards of the same runs"),
        "{foreign}"
    );
    let none = complaint(&["merge", &folder.file("nothing")], 65);
    assert!(none.contains("there is no file"), "{none}");
    fs::write(&first, "{}").expect("a file");
    let broken = complaint(&["merge", &first], 65);
    assert!(broken.contains("is no file of runs"), "{broken}");
}

#[test]
fn the_shard_of_an_indexed_job_comes_from_its_environment() {
    let folder = Folder::new("indexed");
    let file = folder.file("part.json");
    let arguments = [
        "trials", NOISE, "-n", "600", "--shards", "3", "--resume", &file,
    ];
    let mut command = coalmine();
    command.args(arguments).env("JOB_COMPLETION_INDEX", "2");
    let output = command.output().expect("the program runs");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "shard 3 of 3: 88 of 88 runs\n"
    );
    let unset = complaint(&arguments, 2);
    assert!(unset.contains("needs `JOB_COMPLETION_INDEX`"), "{unset}");
    let unkept = complaint(&["trials", NOISE, "--shard", "1/3"], 2);
    assert!(unkept.contains("add `--save FILE`"), "{unkept}");
}

#[test]
fn a_resumed_run_is_the_same_as_an_uninterrupted_one() {
    let folder = Folder::new("resume");
    let file = folder.file("runs.json");
    let arguments = |runs| ["trials", NOISE, "-n", runs, "--output", "json"];
    for runs in ["300", "1000", "2000"] {
        let mut resumed = arguments(runs).to_vec();
        resumed.extend(["--resume", &file]);
        assert_eq!(told(&resumed), told(&arguments(runs)), "{runs}");
    }
    assert_eq!(folder.names(), ["runs.json"], "nothing is left beside it");
    let other = complaint(
        &["trials", "scenarios/blip-forgiven", "--resume", &file],
        65,
    );
    assert!(other.contains("are of another release"), "{other}");
    let seed = complaint(&["trials", NOISE, "--seed", "9", "--resume", &file], 65);
    assert!(seed.contains("have the seed 0"), "{seed}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_tells_of_what_was_done_and_goes_on_later() {
    let folder = Folder::new("interrupt");
    let file = folder.file("runs.json");
    let mut process = coalmine();
    process.args([
        "trials", NOISE, "-n", "1e9", "--save", &file, "--output", "json",
    ]);
    let process = process
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    std::thread::sleep(Duration::from_secs(2));
    let id = process.id().to_string();
    let kill = Command::new("kill").args(["-INT", &id]).status();
    assert!(kill.expect("kill runs").success());
    let output = process.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let runs = report["runs"].as_u64().expect("a number");
    assert_eq!(report["wanted"], 1_000_000_000_u64);
    assert!(0 < runs && runs.is_multiple_of(256), "{runs}");
    let more = (runs + 300).to_string();
    let fresh = ["trials", NOISE, "-n", &more, "--output", "json"];
    let mut resumed = fresh.to_vec();
    resumed.extend(["--resume", &file]);
    assert_eq!(told(&resumed), told(&fresh));
}

#[test]
fn there_is_one_row_for_each_run_in_their_order() {
    let folder = Folder::new("rows");
    let file = folder.file("rows.csv");
    told(&[
        "trials",
        NOISE,
        "-n",
        "700",
        "--rows",
        &file,
        "--threads",
        "3",
    ]);
    let rows = fs::read_to_string(&file).expect("rows");
    assert_eq!(folder.names(), ["rows.csv"]);
    let mut lines = rows.lines();
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("replicate,policy,verdict,"))
    );
    let numbers: Vec<u64> = lines
        .map(|line| {
            line.split(',')
                .next()
                .and_then(|cell| cell.parse().ok())
                .expect("a number")
        })
        .collect();
    assert_eq!(numbers, (0..700).collect::<Vec<u64>>());
    let output = told(&["trials", NOISE, "-n", "700", "--output", "csv"]);
    assert_eq!(output, rows);
}

#[test]
fn rows_are_there_once_however_often_runs_are_resumed() {
    let folder = Folder::new("rows-resumed");
    let (kept, rows) = (folder.file("runs.json"), folder.file("rows.csv"));
    let resume = |runs| {
        [
            "trials", NOISE, "-n", runs, "--resume", &kept, "--rows", &rows,
        ]
    };
    for runs in ["300", "1000"] {
        told(&resume(runs));
        // What a run that was killed wrote behind what it kept.
        let text = folder.read("rows.csv");
        folder.write("rows.csv", &format!("{text}1000,written,Promo"));
    }
    told(&resume("2000"));
    let fresh = told(&["trials", NOISE, "-n", "2000", "--output", "csv"]);
    assert!(folder.read("rows.csv") == fresh, "rows differ");
    assert_eq!(folder.names(), ["rows.csv", "runs.json"]);

    let without = ["trials", NOISE, "-n", "3000", "--resume", &kept];
    let refused = complaint(&without, 65);
    assert!(refused.contains("were done with `--rows`"), "{refused}");
    let changed = fresh.replacen("Promoted", "Demoted!", 1);
    for (text, wanted) in [
        (changed.as_str(), "it was changed, or is another file"),
        ("replicate", "it is shorter"),
    ] {
        folder.write("rows.csv", text);
        let refused = complaint(&resume("3000"), 65);
        assert!(refused.contains(wanted), "{refused}");
        assert_eq!(folder.read("rows.csv"), text, "it stays as it is");
    }
    fs::remove_file(&rows).expect("a file");
    let refused = complaint(&resume("3000"), 65);
    assert!(refused.contains("it is not there"), "{refused}");
    let again = ["trials", NOISE, "-n", "300", "--save", &kept];
    let before = folder.read("runs.json");
    let refused = complaint(&again, 65);
    assert!(refused.contains("has 2000 runs already"), "{refused}");
    assert_eq!(folder.read("runs.json"), before, "nothing is lost");
    fs::remove_file(&kept).expect("a file");
    told(&again);
    let refused = complaint(&resume("3000"), 65);
    assert!(refused.contains("were done without `--rows`"), "{refused}");
    let same = complaint(&["trials", NOISE, "--save", &kept, "--rows", &kept], 2);
    assert!(same.contains("cannot both go to"), "{same}");
}

#[test]
fn runs_end_when_nobody_reads_their_rows() {
    let mut process = coalmine();
    process.args(["trials", NOISE, "-n", "1e12", "--output", "csv"]);
    let process = process.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = process.spawn().expect("the program runs");
    drop(process.stdout.take());
    let output = process.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn what_cannot_be_written_is_said_before_the_work() {
    for option in ["--save", "--resume", "--rows"] {
        let arguments = ["trials", NOISE, "-n", "1e12", option, "nowhere/file"];
        let told = complaint(&arguments, 74);
        assert!(told.contains("there is no folder `nowhere`"), "{told}");
    }
    let told = complaint(&["trials", NOISE, "--seed", "-1"], 2);
    assert!(told.contains("must be a whole number from 0 to"), "{told}");
}
