//! What a rollout takes from other objects and no recorded trace has: the pod template of a
//! workload, arguments from secrets.

use super::story::{Story, always, set_image, story};

const STEPS: &str = "canary: {steps: [setWeight: 20, pause: {duration: 60s}]}";

/// `rollout/templateref.go: Resolve`: the pod template is the workload's, and so is the selector.
#[test]
fn a_workload_reference_behaves_like_a_template_of_its_own() {
    let referring = story(&format!(
        "{{replicas: 5, workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}, {STEPS}}}
---
{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{replicas: 9,
  selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}},
  spec: {{containers:
    [{{name: web, image: example.com/web:v1, ports: [containerPort: 8080]}}]}}}}}}}}"
    ));
    let owning = story(&format!("{{replicas: 5, {STEPS}}}"));
    let [referring, owning] =
        [referring, owning].map(|tale| tale.at(100, set_image("v2")).until(600));
    assert_eq!(referring.refusal(), "");
    referring
        .at(100)
        .expect_step(1)
        .expect_pods("v1", [4; 3])
        .expect_pods("v2", [1; 3]);
    assert_eq!(referring.trace.events, owning.trace.events);
}

/// A template beside a reference is refused (`validation.go: ValidateRolloutSpec`).
#[test]
fn a_workload_reference_beside_a_template_is_refused() {
    use coalmine::spec::Rollout;
    use coalmine::validation::workload::{Workload, resolve_workload};
    let rollout: Rollout = serde_yaml::from_str(
        "{metadata: {name: web}, spec: {
          workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web},
          template: {metadata: {labels: {app: web}}}}}",
    )
    .expect("a Rollout");
    let error = resolve_workload(&rollout, |_, _, _, _| Some(Workload::default()));
    let detail = error.expect_err("both were given").detail;
    assert_eq!(
        detail,
        "template must be empty for workload reference rollout"
    );
}

/// A step whose threshold stands in a secret.
fn with_secret() -> Story {
    story(
        r#"{replicas: 5, canary: {steps: [setWeight: 20, analysis: check]}}
---
{template: check, args: [{name: limit, valueFrom: {secretKeyRef: {name: limits, key: success}}}],
  metrics: [{name: m, count: 1, successCondition: "result[0] > {{args.limit}}"}]}"#,
    )
    .metric("m", always(0.8))
    .at(100, set_image("v2"))
}

/// `analysis/analysis.go: resolveArgs`: the content of the secret stands in for the argument, in
/// conditions too.
#[test]
fn a_secret_is_read_when_the_run_measures() {
    let passes = with_secret().secret("limits", "success", "0.7").until(300);
    passes
        .at(100)
        .expect_run("rev2/Step-1", "Successful")
        .expect_stable("v2");
    let fails = with_secret().secret("limits", "success", "0.9").until(300);
    fails
        .at(100)
        .expect_aborted_because("step analysis: m Failed: failed (1) > failureLimit (0)");
}

/// Without the secret, or without its key, the run is an Error before it measures, and the rollout
/// is aborted.
#[test]
fn a_missing_secret_or_key_ends_the_run_and_aborts() {
    let no_secret = with_secret().until(300);
    no_secret
        .at(100)
        .expect_run("rev2/Step-1", "Error")
        .expect_aborted_because(
            r#"step analysis: Unable to resolve metric arguments: secrets "limits" not found"#,
        );
    let no_key = with_secret().secret("limits", "other", "0.7").until(300);
    no_key.at(100).expect_aborted_because(
        "step analysis: Unable to resolve metric arguments: \
         key 'success' does not exist in secret 'limits'",
    );
}
