//! `coalmine trials` and `coalmine merge`, run as a user runs them.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

#[path = "golden/readme.rs"]
mod readme;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const NOISE: &str = "scenarios/gate-under-noise";

fn coalmine() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coalmine"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear();
    command
}

fn run(arguments: &[&str]) -> Output {
    let output = coalmine().args(arguments).output();
    output.expect("the program runs")
}

/// What is written to standard output by a run that succeeds and complains of nothing.
fn told(arguments: &[&str]) -> String {
    let output = run(arguments);
    let complaints = String::from_utf8(output.stderr).expect("UTF-8");
    // A slow machine says now and then how far it has come.
    let is_progress = |line: &str| line.ends_with(" left");
    assert!(
        complaints.lines().all(is_progress),
        "{arguments:?}: {complaints}"
    );
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn document(arguments: &[&str]) -> Value {
    serde_json::from_str(&told(arguments)).expect("JSON")
}

/// The complaint of a run that ends in this way.
fn complaint(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("coalmine-trials-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn share<'a>(document: &'a Value, verdict: &str) -> &'a Value {
    let shares = document["verdicts"].as_array().expect("shares");
    let found = shares.iter().find(|share| share["verdict"] == verdict);
    found.expect("a run with the verdict")
}

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
        process.stdout(std::process::Stdio::null());
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
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program runs");
    std::thread::sleep(std::time::Duration::from_secs(2));
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
fn the_runs_that_are_worth_a_look_are_replayed_by_their_commands() {
    let report = document(&[
        "trials",
        "scenarios/canary-background-analysis",
        "-n",
        "300",
        "--seed",
        "4",
        "--output",
        "json",
    ]);
    for replay in report["replays"].as_array().expect("replays") {
        let command = replay["command"].as_str().expect("a command");
        let mut arguments: Vec<&str> = command.split(' ').skip(1).collect();
        arguments.extend(["--output", "json"]);
        let output = run(&arguments);
        let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(run["verdict"]["verdict"], replay["verdict"], "{command}");
        let since = run["verdict"]["since"].as_f64().expect("a time");
        let wanted = replay["since"].as_f64().expect("a time");
        assert!(
            (since - wanted).abs() < 1e-3,
            "{since} instead of {wanted}: {command}"
        );
    }
}

#[test]
fn the_share_of_false_alarms_is_that_of_the_closed_form() {
    // Two or more failures among 20 requests at 1 % break 95 %, with .016859; one such measurement of five is enough.
    let exact = 1.0 - (1.0_f64 - 0.016_859).powi(5);
    let report = document(&["trials", NOISE, "-n", "4000", "--output", "json"]);
    let found = share(&report, "RolledBack");
    let (low, high) = (found["low"].as_f64(), found["high"].as_f64());
    let holds = low < Some(exact) && Some(exact) < high;
    assert!(holds, "{found} does not hold {exact}");
    let cause = &report["causes"][0];
    assert_eq!(
        (&cause["what"], &cause["step"]),
        (&"success-rate Failed".into(), &2.into())
    );
    assert_eq!(cause["runs"], found["runs"]);
}

#[test]
fn overlapping_windows_are_no_independent_measurements() {
    let told = document(&[
        "trials",
        "scenarios/overlapping-windows",
        "-n",
        "4000",
        "--output",
        "json",
    ]);
    let found = share(&told, "RolledBack");
    let [low, high] = ["low", "high"].map(|end| found[end].as_f64().expect("a number"));
    // By 400,000 replicates of the model, and by the binomial law of one measurement.
    assert!(low < 0.1066 && 0.1066 < high, "{low} to {high}");
    assert!(0.0168 < low, "{low} to {high}");
}

#[test]
fn exact_answers_need_no_runs() {
    let told = document(&["trials", NOISE, "--exact", "--output", "json"]);
    let verdicts = told["verdicts"].as_array().expect("verdicts");
    let rolled_back = verdicts.iter().find(|one| one["verdict"] == "RolledBack");
    let probability = rolled_back.and_then(|one| one["probability"].as_f64());
    // Two or more failures among 20 requests at 1 %, in one of five measurements at least.
    let broken = 1.0 - 0.99_f64.powi(20) - 20.0 * 0.01 * 0.99_f64.powi(19);
    let exact = 1.0 - (1.0 - broken).powi(5);
    let probability = probability.expect("a probability");
    assert!((probability - exact).abs() < 1e-12, "{probability} {exact}");
    assert_eq!(told["schema"], "coalmine.exact/v1");
    let page = self::told(&["trials", NOISE, "--exact"]);
    assert!(
        page.contains("RolledBack       8.1") || page.contains("8.15"),
        "{page}"
    );
    assert!(
        page.lines().all(|line| line.chars().count() <= 100),
        "{page}"
    );
}

#[test]
fn runs_and_exact_answers_agree_wherever_both_exist() {
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"));
    let folders = folders.expect("the scenarios").map(|entry| {
        let path = entry.expect("a folder").path();
        (
            path.is_dir(),
            format!(
                "scenarios/{}",
                path.file_name()
                    .and_then(|name| name.to_str())
                    .expect("a name")
            ),
        )
    });
    let mut compared = 0;
    for (_, folder) in folders.filter(|(is_folder, _)| *is_folder) {
        let exact = run(&["trials", &folder, "--exact", "--output", "json"]);
        if exact.status.code() != Some(0) {
            continue;
        }
        let exact: Value = serde_json::from_slice(&exact.stdout).expect("JSON");
        // Where everything is certain, few runs show it.
        let is_certain = exact["verdicts"]
            .as_array()
            .is_some_and(|all| all.len() == 1);
        let count = if is_certain { "10" } else { "2000" };
        let runs = document(&["trials", &folder, "-n", count, "--output", "json"]);
        for one in exact["verdicts"].as_array().expect("verdicts") {
            let (verdict, probability) = (
                &one["verdict"],
                one["probability"].as_f64().expect("a probability"),
            );
            let all = runs["verdicts"].as_array().expect("verdicts");
            let found = all.iter().find(|found| found["verdict"] == *verdict);
            let end = |name: &str| found.and_then(|found| found[name].as_f64());
            let most = runs["othersAtMost"].as_f64();
            let (low, high) = (
                end("low").unwrap_or(0.0),
                end("high").or(most).unwrap_or(1.0),
            );
            // The exact sum of probabilities is 1 but for rounding.
            let holds = low - 1e-12 <= probability && probability <= high + 1e-12;
            assert!(
                holds,
                "{folder}, {verdict}: {probability} is not in {low} to {high}"
            );
            compared += 1;
        }
    }
    assert!(2 <= compared, "{compared} verdicts");
}

#[test]
fn what_has_no_exact_answer_is_refused_with_the_reason() {
    let told = complaint(&["trials", "scenarios/overlapping-windows", "--exact"], 65);
    assert!(told.contains("error[not-exact]"), "{told}");
    assert!(
        told.contains("`error-rate` looks at requests that are drawn"),
        "{told}"
    );
}

#[test]
fn a_precision_is_reached_at_the_first_look_that_has_it() {
    let arguments = |precision| {
        [
            "trials",
            NOISE,
            "--precision",
            precision,
            "--output",
            "json",
        ]
    };
    let report = document(&arguments("2%"));
    assert_eq!(report["runs"], 2048);
    assert_eq!(report["precision"]["reached"], true);
    for share in report["verdicts"].as_array().expect("shares") {
        let (low, high) = (share["low"].as_f64(), share["high"].as_f64());
        let width = high.expect("a limit") - low.expect("a limit");
        assert!(width <= 0.04, "{share}");
        // One look at planned runs would have a shorter interval.
        assert!(0.02 < width, "{share}");
    }
    let cut_off = document(&[
        "trials",
        NOISE,
        "--precision",
        "1%",
        "-n",
        "1500",
        "--output",
        "json",
    ]);
    assert_eq!(
        (&cut_off["runs"], &cut_off["precision"]["reached"]),
        (&1500.into(), &false.into())
    );
}

#[test]
fn the_same_policy_makes_no_difference_and_a_milder_one_does() {
    let with = |change| {
        document(&[
            "trials",
            NOISE,
            "-n",
            "1500",
            "--what-if",
            change,
            "--output",
            "json",
        ])
    };
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
    let alone = document(&["trials", NOISE, "-n", "1500", "--output", "json"]);
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
fn the_answer_of_the_scenario_is_what_its_readme_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(NOISE)
        .join("README.md");
    let readme = fs::read_to_string(path).expect("a README");
    assert!(readme.contains("8.15 %") && readme.contains("0.3 %"));
    let exact = 1.0 - (1.0_f64 - 0.016_859).powi(5);
    assert_eq!(format!("{:.2}", exact * 100.0), "8.15");
}

/// `UPDATE=1 cargo test --test trials` rewrites the file and the README.
#[test]
fn the_readme_shows_a_real_report() {
    let page = told(&["trials", NOISE, "-n", "5000", "--what-if", "failureLimit=1"]);
    readme::shows("tests/trials/gate-under-noise.txt", &page);
}
