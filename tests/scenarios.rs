//! Every shipped scenario, run as a user runs it. `UPDATE=1 cargo test --test scenarios` rewrites the expectations.

#![expect(clippy::disallowed_methods, reason = "tests read and write files")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The widest line of a report, in columns.
const WIDTH: usize = 100;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenarios() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("scenarios")).expect("the folder of scenarios");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn slug(folder: &Path) -> &str {
    folder
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a name")
}

/// The report of a scenario; nothing may be said beside it.
fn run(folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_coalmine"))
        .current_dir(root())
        .env_clear()
        .args(["run", &format!("scenarios/{}", slug(folder))])
        .output()
        .expect("the program runs");
    let complaints = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(complaints, "", "{}", slug(folder));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_scenario_runs_as_expected() {
    let folders = scenarios();
    assert!(50 <= folders.len(), "only {} scenarios", folders.len());
    let mut differing = Vec::new();
    for folder in &folders {
        let (path, got) = (folder.join("expected.txt"), run(folder));
        let want = fs::read_to_string(&path).unwrap_or_default();
        if want == got {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &got).expect("a writable folder");
        } else {
            differing.push(format!("--- {}\n{got}", slug(folder)));
        }
    }
    assert!(
        differing.is_empty(),
        "not as expected; UPDATE=1 rewrites\n{}",
        differing.join("\n")
    );
}

#[test]
fn every_scenario_meets_its_expectations() {
    let output = Command::new(env!("CARGO_BIN_EXE_coalmine"))
        .current_dir(root())
        .env_clear()
        .args(["test", "scenarios"])
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (told, complaints) = (text(output.stdout), text(output.stderr));
    assert_eq!(complaints, "");
    let count = scenarios().len();
    let sum = format!("\n{count} scenarios: {count} passed (");
    assert!(told.contains(&sum), "{told}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn no_line_of_a_report_is_too_wide() {
    for folder in scenarios() {
        for line in run(&folder).lines() {
            assert!(line.chars().count() <= WIDTH, "{}: {line}", slug(&folder));
        }
    }
}

#[test]
fn every_scenario_is_named_as_its_folder_and_expects_a_verdict() {
    for folder in scenarios() {
        let text = fs::read_to_string(folder.join("scenario.yaml")).expect("a scenario");
        let opening = "# yaml-language-server: $schema=../scenario.schema.json\n";
        assert!(text.starts_with(opening), "{}", slug(&folder));
        for part in [
            &*format!("\n  name: {}\n", slug(&folder)),
            "\n  expect:\n    verdict: ",
        ] {
            assert!(text.contains(part), "{}: {part}", slug(&folder));
        }
    }
}

#[test]
fn every_readme_has_a_lesson_a_question_and_an_answer() {
    for folder in scenarios() {
        let text = fs::read_to_string(folder.join("README.md")).expect("a README");
        let mut parts = text.trim_end().split("\n\n");
        let title = format!("# {}", slug(&folder));
        assert_eq!(parts.next(), Some(&*title), "{}", slug(&folder));
        for label in ["Lesson", "Question", "Answer"] {
            let part = parts.next().unwrap_or_default();
            let body = part.strip_prefix(&format!("**{label}.** "));
            let words = body.unwrap_or_default().split_whitespace().count();
            assert!(5 <= words, "{}: {label}", slug(&folder));
        }
        assert_eq!(parts.next(), None, "{}", slug(&folder));
    }
}

#[test]
fn the_list_of_scenarios_has_each_of_them_with_its_lesson() {
    let list = fs::read_to_string(root().join("scenarios/README.md")).expect("the list");
    let rows = list.lines().filter(|line| line.starts_with("| ["));
    assert_eq!(rows.count(), scenarios().len());
    for folder in scenarios() {
        let slug = slug(&folder);
        let text = fs::read_to_string(folder.join("README.md")).expect("a README");
        let lesson = text.split("\n\n").nth(1).unwrap_or_default();
        let lesson = lesson.trim_start_matches("**Lesson.** ").replace('\n', " ");
        let row = format!("| [{slug}]({slug}/README.md) | {lesson} |");
        assert!(list.lines().any(|line| line == row), "{row}");
    }
}

#[test]
fn the_readme_shows_a_real_timeline() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let shown = root().join("scenarios/blue-green-post-promotion-crash/expected.txt");
    let shown = fs::read_to_string(shown).expect("an expectation");
    let place = "<!-- scenarios/blue-green-post-promotion-crash/expected.txt -->\n```text\n";
    let (_, block) = readme.split_once(place).expect("the place of the timeline");
    let (block, _) = block.split_once("```").expect("the end of the block");
    assert_eq!(block, shown);
}
