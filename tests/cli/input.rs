//! What is found in files and folders, and what is said of it.

use super::{ANALYSED, BAD, CHECK, GATE, STEPS, rollout};
use crate::program::Folder;

#[test]
fn several_rollouts_are_listed_and_one_is_chosen_by_name() {
    let text = format!("{}---\n{}", rollout("web", GATE), rollout("api", STEPS));
    let folder = Folder::new("several").with("all.yaml", &text);
    folder.run(&["run", "all.yaml"]).expect(
        2,
        "",
        "\
error[several-rollouts]: the input has 2 Rollouts
 |
 = help: choose one with `--rollout`: `web` or `api`

",
    );
    let told = folder.run(&["run", "-q", "--rollout", "api", "all.yaml"]);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    folder.run(&["run", "--rollout", "wbe", "all.yaml"]).expect(
        2,
        "",
        "\
error[no-such-rollout]: the input has no Rollout `wbe`
 |
 = help: did you mean `web`?

",
    );
}

#[test]
fn of_many_rollouts_a_handful_is_listed() {
    let texts: Vec<String> = (0..500)
        .map(|number| rollout(&format!("web-{number}"), GATE))
        .collect();
    let folder = Folder::new("many").with("all.yaml", &texts.join("---\n"));
    folder.run(&["run", "all.yaml"]).expect(
        2,
        "",
        "\
error[several-rollouts]: the input has 500 Rollouts
 |
 = help: choose one with `--rollout`: `web-0`, `web-1`, `web-2`, `web-3`, `web-4` or 495 more

",
    );
}

#[test]
fn of_many_warnings_alike_the_first_are_shown() {
    let all = rollout("web", ANALYSED) + &CHECK.repeat(51);
    let folder = Folder::new("alike").with("all.yaml", &all);
    let told = folder.run(&["run", "-q", "all.yaml"]);
    assert_eq!(told.code, Some(0));
    assert_eq!(told.stderr.matches("warning[duplicate-object]").count(), 20);
    let end = "info[more]: 30 more of the kind `duplicate-object` are not shown\n\n";
    assert!(told.stderr.ends_with(end), "{}", told.stderr);
}

#[test]
fn a_file_that_does_not_exist_is_the_only_complaint() {
    Folder::new("nowhere").run(&["run", "nope.yaml"]).expect(
        65,
        "",
        "error[no-such-file]: there is no file or folder `nope.yaml`\n\n",
    );
}

#[test]
fn problems_go_to_stderr_with_their_place_and_nothing_is_simulated() {
    let text = rollout("web", STEPS).replace("setWeight: 50", "setWieght: 50");
    Folder::new("misspelt")
        .with("web.yaml", &text)
        .run(&["run", "web.yaml"])
        .expect(
            65,
            "",
            "\
error[unknown-field]: unknown field `setWieght`
  --> web.yaml:12:23
   |
12 |     canary: {steps: [{setWieght: 50}, {pause: {duration: 30s}}]}
   |                       ^^^^^^^^^
   |
   = path: spec.strategy.canary.steps[0].setWieght
   = help: did you mean `setWeight`?

",
        );
}

#[test]
fn a_metric_that_nothing_measures_is_a_warning() {
    let folder = Folder::new("unmeasured")
        .with("web.yaml", &(rollout("web", ANALYSED) + CHECK))
        .with("s.yaml", &BAD.replace("rate:", "rates:"));
    let told = folder.run(&["run", "-q", "web.yaml", "-s", "s.yaml"]);
    assert_eq!(told.code, Some(0));
    assert!(
        told.stderr
            .starts_with("warning[metric-not-measured]: nothing measures a metric `rates`\n")
    );
    assert!(
        told.stderr.contains("help: did you mean `rate`?"),
        "{}",
        told.stderr
    );
}

#[test]
fn manifests_come_from_standard_input_and_foreign_kinds_are_listed() {
    let text = rollout("web", STEPS) + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
    let folder = Folder::new("stdin");
    let told = folder.run_with_input(&["run", "-"], &text);
    assert_eq!(told.code, Some(0));
    assert!(told.stdout.starts_with("Rollout web, "));
    assert_eq!(
        told.stderr,
        "info[ignored]: 1 object of other kinds is ignored: `Secret s`\n\n"
    );
    let told = folder.run_with_input(&["run", "-", "--quiet"], &text);
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_scenario_in_the_folder_counts_unless_another_is_named() {
    let folder = Folder::new("two-scenarios")
        .with("web.yaml", &(rollout("web", ANALYSED) + CHECK))
        .with("scenario.yaml", BAD);
    assert_eq!(folder.run(&["run", "-q", "."]).code, Some(10));
    let folder = folder.with(
        "good.txt",
        &BAD.replace("0.5", "0.95").replace("bad", "good"),
    );
    assert_eq!(
        folder.run(&["run", "-q", ".", "-s", "good.txt"]).code,
        Some(0)
    );
    let told = folder.run(&["run", "-q", ".", "-s", "web.yaml"]);
    assert_eq!(told.code, Some(65));
    assert!(
        told.stderr
            .starts_with("error[no-scenario]: `web.yaml` has no Scenario\n"),
        "{}",
        told.stderr
    );
}
