//! What `coalmine test` finds, and the formats of its results.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::expectation::case::{Folder, ROLLOUT, WORLD, scenario, without_times};

/// What happened around the promotion of `night`.
const AROUND: &str = "\
\x20time  step  weight   v1   v2  who       what happened
...
   2m   2/2      20  5/5  1/1  analysis  rate = [1] is Successful: result[0] > 0.9
2m10s  done      20  5/5  1/5  rollout   completes step 2/2 (pause: 2m): it waited 2m, since 10s
                               rollout   scales v2 from 1 to 5 (all steps are done)
2m20s  done       0  5/5  5/5  pods      v2: 5 of 5 available
                               rollout   sets weight 20 -> 100 (all steps are done)
                               rollout   PROMOTES revision 2 (v2): Completed all 2 canary steps
                               rollout   points service web-stable at v2, no longer at v1
                               rollout   sets weight 100 -> 0 (v2 is stable)
                               analysis  background analysis is Successful: Run Terminated
                               rollout   is healthy
2m50s  done       0    -  5/5  rollout   scales v1 from 5 to 0
";

fn mixed(name: &str) -> Folder {
    let expecting = |expect: &str| format!("{WORLD}  expect: {{{expect}}}\n");
    Folder::new(name)
        .with("a/web/rollout.yaml", ROLLOUT)
        .with(
            "a/web/scenario.yaml",
            &scenario("web", &expecting("verdict: Promoted")),
        )
        .with("b/rollout.yaml", ROLLOUT)
        .with(
            "b/scenario.yaml",
            &[
                scenario(
                    "night",
                    &expecting("verdict: RolledBack, failedRequests: {atMost: 5}"),
                ),
                scenario("quiet", WORLD),
            ]
            .join("---\n"),
        )
}

#[test]
fn a_failure_shows_what_was_expected_what_happened_and_when() {
    let told = mixed("text").run(&["test", "."]);
    assert_eq!(told.code, Some(1));
    assert_eq!(told.stderr, "");
    let indented = format!("  {}\n", AROUND.trim_end().replace('\n', "\n  "));
    let want = format!(
        "\
ok     a/web     Promoted at 2m20s
FAIL   b: night  Promoted at 2m20s
-      b: quiet  Promoted at 2m20s, no expectation

FAIL b: night
  verdict  at b/scenario.yaml:9:21
    - expected  RolledBack
    + happened  Promoted at 2m20s
  failedRequests  at b/scenario.yaml:9:49
    - expected  at most 5
    + happened  28.2

{indented}
3 scenarios: 1 passed, 1 failed, 1 without expectation
"
    );
    assert_eq!(told.stdout, want);
}

#[test]
fn build_servers_get_a_document() {
    let told = mixed("junit").run(&["test", ".", "--output", "junit"]);
    assert_eq!(told.code, Some(1));
    let around = AROUND.replace('>', "&gt;");
    let want = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="coalmine" tests="3" failures="1" errors="0" skipped="1">
  <testsuite name="a/web" tests="1" failures="0" errors="0" skipped="0">
    <testcase name="web" classname="a/web" file="a/web/scenario.yaml" line="3">
      <system-out>Promoted at 2m20s</system-out>
    </testcase>
  </testsuite>
  <testsuite name="b" tests="2" failures="1" errors="0" skipped="1">
    <testcase name="night" classname="b" file="b/scenario.yaml" line="3">
      <failure type="expectation" message="verdict: expected RolledBack, but it was Promoted at 2m20s">verdict at b/scenario.yaml:9:21
  - expected  RolledBack
  + happened  Promoted at 2m20s
failedRequests at b/scenario.yaml:9:49
  - expected  at most 5
  + happened  28.2

{around}</failure>
      <system-out>Promoted at 2m20s</system-out>
    </testcase>
    <testcase name="quiet" classname="b" file="b/scenario.yaml" line="13">
      <skipped message="no expectation"/>
      <system-out>Promoted at 2m20s</system-out>
    </testcase>
  </testsuite>
</testsuites>
"#
    );
    assert_eq!(told.stdout, want);
}

#[test]
fn the_document_is_written_to_a_file_beside_the_text() {
    let folder = mixed("junit-file");
    let told = folder.run(&["test", "a", "b", "--junit", "results.xml", "-q"]);
    assert!(
        told.stdout
            .ends_with("\n3 scenarios: 1 passed, 1 failed, 1 without expectation\n")
    );
    let document = without_times(&folder.read("results.xml"));
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"coalmine\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\">
  <testsuite name=\"a/web\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">
";
    assert!(document.starts_with(head), "{document}");
    let told = folder.run(&["test", "a", "--junit", "no/such/folder.xml"]);
    assert_eq!(told.code, Some(74));
}

#[test]
fn checks_on_github_get_annotations_at_the_expectations() {
    let told = mixed("github").run(&["test", "b", "--output", "github", "-q"]);
    assert_eq!(told.code, Some(1));
    let annotations: Vec<&str> = told
        .stdout
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect();
    assert_eq!(
        annotations,
        [
            "::error file=b/scenario.yaml,line=9,col=21,title=b%3A night::verdict%0Aexpected: RolledBack%0A\
             happened: Promoted at 2m20s",
            "::error file=b/scenario.yaml,line=9,col=49,title=b%3A night::failedRequests%0Aexpected: at most 5%0A\
             happened: 28.2",
        ]
    );
}

#[test]
fn a_filter_chooses_by_folder_and_name() {
    let folder = mixed("filter");
    let sum = |args: &[&str]| {
        let told = folder.run(args);
        (
            told.stdout.lines().last().unwrap_or_default().to_owned(),
            told.code,
        )
    };
    let one = |text: &str| (format!("1 scenario: {text}"), Some(0));
    assert_eq!(sum(&["test", ".", "--filter", "a/"]), one("1 passed"));
    assert_eq!(
        sum(&["test", ".", "--filter", "quiet"]),
        one("0 passed, 1 without expectation")
    );
    let told = folder.run(&["test", ".", "--filter", "day"]);
    assert_eq!(told.code, Some(65));
    assert!(
        told.stderr
            .contains("no scenario has `day` in its name or folder")
    );
}

#[test]
fn a_single_file_is_run_with_the_manifests_beside_it() {
    let folder = mixed("file").with("b/day.yaml", &scenario("day", WORLD));
    let told = folder.run(&["test", "b/day.yaml"]);
    let want = "-      b/day.yaml: day  Promoted at 2m20s, no expectation\n\n1 scenario: 0 passed, 1 without expectation\n";
    assert_eq!((told.stdout.as_str(), told.code), (want, Some(0)));
}

#[test]
fn folders_without_scenarios_and_missing_files_are_errors() {
    let folder = Folder::new("nothing").with("x/rollout.yaml", ROLLOUT);
    let told = folder.run(&["test", "x", "y"]);
    assert_eq!(told.code, Some(65));
    assert!(
        told.stderr
            .contains("error[no-scenario]: there is no scenario in `x` or below")
    );
    assert!(
        told.stderr
            .contains("error[no-such-file]: there is no file or folder `y`")
    );
}

#[test]
fn a_file_without_a_scenario_to_run_is_an_error() {
    let base = scenario("base", WORLD).replace("name: base", "name: base, abstract: true");
    for text in ["", base.as_str()] {
        let folder = Folder::new("no-case").with("rollout.yaml", ROLLOUT);
        let told = folder.with("scenario.yaml", text).run(&["test", "."]);
        assert_eq!(told.code, Some(65), "{}", told.stderr);
        let error = "error[no-scenario]: there is no scenario to run";
        assert!(told.stderr.contains(error), "{}", told.stderr);
    }
}

#[test]
fn a_broken_manifest_takes_all_scenarios_of_its_folder_with_it() {
    let folder = mixed("broken-manifest");
    let folder = folder.with(
        "b/rollout.yaml",
        &ROLLOUT.replace("replicas: 5", "replicas: five"),
    );
    let told = folder.run(&["test", ".", "--output", "junit"]);
    assert_eq!(told.code, Some(65));
    assert_eq!(told.stderr.matches("error[").count(), 1, "{}", told.stderr);
    let sums = "tests=\"3\" failures=\"0\" errors=\"2\" skipped=\"0\"";
    assert!(told.stdout.contains(sums), "{}", told.stdout);
    let error = "<error message=\"cannot be read\">b/rollout.yaml:5:13: error: `replicas` takes";
    assert_eq!(told.stdout.matches(error).count(), 2, "{}", told.stdout);
}

#[test]
fn a_broken_scenario_does_not_take_the_others_with_it() {
    let bad = scenario("bad", "  stabel: v1\n");
    let good = scenario("good", &format!("{WORLD}  expect: {{verdict: Promoted}}\n"));
    let told = Folder::release("one-broken", &[bad, good]).run(&["test", "."]);
    assert_eq!(told.code, Some(65));
    let want = "ERROR  bad   cannot be read\nok     good  Promoted at 2m20s\n\n2 scenarios: 1 passed, 1 unreadable\n";
    assert_eq!(told.stdout, want);
}

#[test]
fn results_are_told_in_the_same_order_every_time() {
    let spec = format!("{WORLD}  expect: {{verdict: Promoted}}\n");
    let scenarios: Vec<String> = (0..50)
        .map(|index| scenario(&format!("s{index}"), &spec))
        .collect();
    let folder = Folder::release("order", &scenarios);
    let first = folder.run(&["test", "."]).stdout;
    let names: Vec<&str> = first
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    let want: Vec<String> = (0..50).map(|index| format!("s{index}")).collect();
    assert_eq!(names[..50], want);
    assert_eq!(folder.run(&["test", "."]).stdout, first);
}

/// `UPDATE=1` rewrites the result; the README is changed by hand.
#[test]
fn the_readme_shows_a_real_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).expect("a file");
    let folder = "tests/expectation/policy";
    let mut command = Command::new(env!("CARGO_BIN_EXE_coalmine"));
    command.current_dir(root).env_clear().args(["test", folder]);
    let output = command.output().expect("the program runs");
    let told = without_times(&String::from_utf8(output.stdout).expect("UTF-8"));
    let file = format!("{folder}/told.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root.join(&file), &told).expect("a writable folder");
    }
    assert_eq!(told, read(&file));
    let readme = read("README.md");
    for (name, language) in [("scenario.yaml", "yaml"), ("told.txt", "text")] {
        let place = format!("<!-- {folder}/{name} -->\n```{language}\n");
        let (_, block) = readme.split_once(&place).expect("the place in the README");
        let (block, _) = block.split_once("```").expect("the end of the block");
        assert_eq!(block, read(&format!("{folder}/{name}")));
    }
}
