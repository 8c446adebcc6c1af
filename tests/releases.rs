//! Releases that nobody knows: beliefs as laws in scenarios, run as a user runs them.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const ROLLOUT: &str = include_str!("../scenarios/gate-under-noise/rollout.yaml");
const ANALYSIS: &str = include_str!("../scenarios/gate-under-noise/analysis.yaml");

/// A folder with a release, which goes away with the test.
struct Folder(PathBuf);

impl Folder {
    /// The release of `gate-under-noise` (five measurements, each of which must show 95 %) in another world.
    fn new(name: &str, world: &str) -> Self {
        let name = format!("coalmine-releases-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        let scenario = format!(
            "apiVersion: coalmine/v1alpha1\nkind: Scenario\nmetadata: {{name: doubt}}\nspec:\n  stable: v1\n{world}\n"
        );
        let files = [
            ("rollout.yaml", ROLLOUT),
            ("analysis.yaml", ANALYSIS),
            ("scenario.yaml", &scenario),
        ];
        for (name, text) in files {
            fs::write(path.join(name), text).expect("a writable folder");
        }
        Self(path)
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Output {
        let mut coalmine = Command::new(env!("CARGO_BIN_EXE_coalmine"));
        coalmine.env_clear().current_dir(&self.0);
        let output = coalmine.args([command, "."]).args(arguments).output();
        output.expect("the program runs")
    }

    fn told(&self, command: &str, arguments: &[&str]) -> String {
        let output = self.run(command, arguments);
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {complaints}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn document(&self, command: &str, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(["--output", "json"])
            .collect();
        serde_json::from_str(&self.told(command, &arguments)).expect("JSON")
    }

    fn file(&self, name: &str) -> String {
        Path::new(&self.0).join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const MIXTURE: &str = "  metrics:
    success-rate:
    - draw: successRatio
      requests: 100
      errorRate: {law: Mixture, parts: [{weight: 5, of: 0.001}, {weight: 3, of: 0.03}, {weight: 2, of: 0.08}]}";

/// P(X <= k) of a binomial law, term by term.
fn at_most(k: u32, n: u32, p: f64) -> f64 {
    let mut term = (1.0 - p).powi(i32::try_from(n).expect("small"));
    let mut sum = term;
    for count in 1..=k {
        term *= f64::from(n - count + 1) / f64::from(count) * p / (1.0 - p);
        sum += term;
    }
    sum
}

#[test]
fn trials_find_the_mixture_of_what_each_release_comes_to() {
    let folder = Folder::new("mixture", MIXTURE);
    // A measurement passes with five failures or fewer of a hundred; none of five may fail.
    let passed = |p: f64| at_most(5, 100, p).powi(5);
    let parts = [(0.5, 0.001), (0.3, 0.03), (0.2, 0.08)];
    let promoted: f64 = parts.iter().map(|(weight, p)| weight * passed(*p)).sum();
    let report = folder.document("trials", &["-n", "8000", "--seed", "1"]);
    let verdicts = report["verdicts"].as_array().expect("verdicts");
    let found = verdicts.iter().find(|one| one["verdict"] == "Promoted");
    let found = found
        .and_then(|one| one["share"].as_f64())
        .expect("some are promoted");
    // 3.29 standard deviations: one in a thousand falls outside.
    let width = 3.29 * (promoted * (1.0 - promoted) / 8e3).sqrt();
    assert!((found - promoted).abs() < width, "{found}, not {promoted}");
    // What is known of those that were promoted, by the theorem of Bayes.
    let mean: f64 = parts
        .iter()
        .map(|(weight, p)| weight * p * passed(*p))
        .sum::<f64>()
        / promoted;
    let releases = report["releases"].as_array().expect("what was drawn");
    let of = |verdict: &str| {
        let mut all = releases.iter();
        all.find(|one| one["verdict"] == verdict)
            .expect("a verdict")
    };
    let known = of("Promoted")["mean"].as_f64().expect("a mean");
    // The deviation of a rate between 0.001 and 0.08 is at most half of that.
    assert!(
        (known - mean).abs() < 3.29 * 0.04 / (8e3 * promoted).sqrt(),
        "{known}, not {mean}"
    );
    assert_eq!(of("RolledBack")["unit"], "share");
    assert!(mean < 0.02 && 0.05 < of("RolledBack")["mean"].as_f64().expect("a mean"));
}

#[test]
fn without_random_the_mean_counts_and_the_report_says_so() {
    let folder = Folder::new("calm", MIXTURE);
    let text = folder.told("run", &[]);
    // 0.5 of 0.1 %, 0.3 of 3 %, 0.2 of 8 %.
    let want = "metrics.success-rate[0].errorRate is not known: here its mean, 2.55 %";
    assert!(text.contains(want), "{text}");
    assert!(text.contains("success-rate = [0.9745]"), "{text}");
}

#[test]
fn a_trial_is_replayed_with_its_release() {
    let world =
        "  images: {v2: {crashAfter: {law: LogUniform, low: 1m, high: 1h}}}\n".to_owned() + MIXTURE;
    let folder = Folder::new("replay", &world);
    let rows = folder.told("trials", &["-n", "40", "--seed", "3", "--output", "csv"]);
    let mut rows = csv::Reader::from_reader(rows.as_bytes());
    let headers = rows.headers().expect("names").clone();
    let place = |name: &str| headers.iter().position(|known| known == name).expect(name);
    let (verdict, drawn) = (place("verdict"), place("metrics.success-rate[0].errorRate"));
    let leak = place("images.v2.crashAfter");
    for row in rows.records().skip(30) {
        let row = row.expect("a row");
        let arguments = ["--random", "--seed", "3", "--replicate", &row[0]];
        let output = folder.run("run", &arguments);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let share: f64 = row[drawn].parse().expect("a number");
        let percent = (share * 1e5).round() / 1e3;
        let want = format!("errorRate {percent} %");
        assert!(
            text.contains(&want) && text.contains("drawn for this run"),
            "{want}: {text}"
        );
        let seconds: f64 = row[leak].parse().expect("a number");
        let after = coalmine::time::Delta::of_seconds(seconds);
        assert!(
            text.contains(&format!("crash {after} after each start")),
            "{after}: {text}"
        );
        let heading = format!("{} at ", &row[verdict]);
        assert!(text.contains(&heading), "{heading}: {text}");
    }
}

#[test]
fn a_changed_policy_meets_the_same_releases() {
    let folder = Folder::new("pairs", MIXTURE);
    let arguments = [
        "-n",
        "300",
        "--what-if",
        "failureLimit=2",
        "--output",
        "csv",
    ];
    let rows = folder.told("trials", &arguments);
    let mut rows = csv::Reader::from_reader(rows.as_bytes());
    let records: Vec<csv::StringRecord> = rows.records().map(|row| row.expect("a row")).collect();
    let last = |row: &csv::StringRecord| row.get(row.len() - 1).map(str::to_owned);
    let mut different = 0;
    for pair in records.chunks(2) {
        assert_eq!(last(&pair[0]), last(&pair[1]));
        different += i32::from(pair[0][2] != pair[1][2]);
    }
    assert!(0 < different, "the change changes nothing");
    let report = folder.document("trials", &["-n", "300", "--what-if", "failureLimit=2"]);
    let changed = &report["whatIf"]["releases"];
    assert_eq!(changed[0]["mean"], report["releases"][0]["mean"]);
}

#[test]
fn threads_and_shards_change_nothing() {
    let folder = Folder::new("shards", MIXTURE);
    let whole = folder.told(
        "trials",
        &["-n", "2000", "--output", "json", "--threads", "1"],
    );
    let threads = folder.told(
        "trials",
        &["-n", "2000", "--output", "json", "--threads", "3"],
    );
    assert_eq!(whole, threads);
    let parts = ["1/2", "2/2"].map(|shard| {
        let file = folder.file(&shard.replace('/', "-"));
        folder.told("trials", &["-n", "2000", "--shard", shard, "--save", &file]);
        file
    });
    let merged = Command::new(env!("CARGO_BIN_EXE_coalmine"))
        .env_clear()
        .current_dir(&folder.0)
        .args(["merge", &parts[0], &parts[1], "--output", "json"])
        .output()
        .expect("the program runs");
    let releases = |text: &str| -> Value {
        let document: Value = serde_json::from_str(text).expect("JSON");
        document["releases"].clone()
    };
    let merged = String::from_utf8(merged.stdout).expect("UTF-8");
    assert_eq!(releases(&merged), releases(&whole));
}

#[test]
fn what_is_drawn_for_each_run_has_no_exact_answer() {
    let folder = Folder::new("exact", MIXTURE);
    let output = folder.run("trials", &["--exact"]);
    let complaint = String::from_utf8(output.stderr).expect("UTF-8");
    let want = "`metrics.success-rate[0].errorRate` is drawn for each run";
    assert!(
        !output.status.success() && complaint.contains(want),
        "{complaint}"
    );
}

#[test]
fn power_studies_rates_of_its_own_instead_of_the_belief() {
    let world = |rate: &str, drawn: &str| {
        format!(
            "  traffic: {{rps: 50}}\n  images: {{v1: {{errorRate: 0.001}}, v2: {{errorRate: {rate}}}}}\n  \
             metrics: {{success-rate: [{{draw: successRatio, requests: 100, errorRate: {drawn}}}]}}"
        )
    };
    let law = "{law: Beta, mean: 0.02, strength: 100}";
    let believed = Folder::new("power-believed", &world(law, law));
    let plain = Folder::new("power-plain", &world("0.02", "0.02"));
    let arguments = ["--error-rate", "2%,5%", "-n", "200", "--healthy", "0.1%"];
    let [believed, plain] = [&believed, &plain].map(|folder| folder.document("power", &arguments));
    assert_eq!(believed["points"], plain["points"]);
    assert!(
        believed["points"]
            .as_array()
            .is_some_and(|points| points.len() == 3)
    );
}

#[test]
fn tune_wants_to_know_what_a_healthy_release_is() {
    let folder = Folder::new("tune", MIXTURE);
    let arguments = [
        "--vary",
        "failureLimit=0..1",
        "--bad-release",
        "10%@8%",
        "-n",
        "40",
    ];
    let output = folder.run("tune", &arguments);
    let complaint = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        complaint.contains("error[healthy-not-known]"),
        "{complaint}"
    );
    let known: Vec<&str> = arguments.into_iter().chain(["--healthy", "0.1%"]).collect();
    let believed = folder.told("tune", &known);
    let world =
        "  metrics: {success-rate: [{draw: successRatio, requests: 100, errorRate: 0.001}]}";
    assert_eq!(
        believed,
        Folder::new("tune-plain", world).told("tune", &known)
    );
}
