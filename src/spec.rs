//! Argo Rollouts' objects and those they refer to, as a user writes them.
//!
//! Knows the shape: each type mirrors one of Argo's or Kubernetes', field for field, under Argo's
//! names. Refuses to know defaults, references and rules: `None` means that the user did not write
//! the field. Simplifies what a release does not depend on (status, pod and Job specifications),
//! kept as JSON.
//!
//! Writing a value gives the JSON that Go would give, where `fieldRef` looks fields up; see
//! [`wire`].

pub mod analysis;
pub mod blue_green;
pub mod canary;
pub mod experiment;
pub mod int_or_string;
pub mod metadata;
pub mod metric;
pub mod network;
pub mod provider;
pub mod rollout;
pub mod traffic;
pub mod wire;
pub mod workload;

pub use analysis::{AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate};
pub use experiment::Experiment;
pub use int_or_string::IntOrString;
pub use metric::Metric;
pub use network::{DestinationRule, Ingress, Opaque, Service, VirtualService};
pub use rollout::Rollout;
pub use workload::{Deployment, PodTemplate, ReplicaSet};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rollout(yaml: &str) -> Rollout {
        serde_yaml::from_str(yaml).expect("a Rollout")
    }

    #[test]
    fn what_is_not_written_is_absent() {
        let read = rollout("spec:\n  strategy:\n    canary:\n      steps:\n      maxSurge: null\n");
        let canary = read
            .spec
            .and_then(|spec| spec.strategy?.canary)
            .expect("a canary");
        assert_eq!(canary, canary::CanaryStrategy::default());
    }

    #[test]
    fn go_writes_required_fields_as_zero_and_leaves_optional_ones_out() {
        let step = canary::SetHeaderRoute {
            name: Some(String::new()),
            r#match: Some(vec![canary::HeaderRoutingMatch::default()]),
        };
        let written = serde_json::to_value(&step).expect("plain data");
        assert_eq!(
            written,
            json!({"match": [{"headerName": "", "headerValue": null}]})
        );
    }

    #[test]
    fn a_step_of_every_kind_is_read() {
        let read = rollout(
            "
spec:
  strategy:
    canary:
      steps:
      - setWeight: 20
      - pause: {duration: 5m}
      - setCanaryScale: {replicas: 3}
      - setHeaderRoute: {name: r, match: [{headerName: h, headerValue: {exact: x}}]}
      - setMirrorRoute: {name: m, percentage: 50, match: [{headers: {h: {prefix: p}}}]}
      - plugin: {name: org/step, config: {any: [1]}}
      - analysis: {templates: [{templateName: t, clusterScope: true}], dryRun: [{metricName: .*}]}
      - experiment:
          templates: [{name: a, specRef: canary}]
          analyses: [{name: x, templateName: t}]
",
        );
        let canary = read
            .spec
            .and_then(|spec| spec.strategy?.canary)
            .expect("a canary");
        let kinds: Vec<String> = canary.steps.iter().flatten().map(kind_of).collect();
        let all = "setWeight pause setCanaryScale setHeaderRoute setMirrorRoute plugin analysis \
            experiment";
        assert_eq!(kinds.join(" "), all);
    }

    fn kind_of(step: &canary::CanaryStep) -> String {
        let json = serde_json::to_value(step).expect("plain data");
        json.as_object()
            .and_then(|object| object.keys().next())
            .cloned()
            .unwrap_or_default()
    }

    #[test]
    fn an_image_is_set_by_container_name() {
        let mut template: metadata::PodTemplateSpec =
            serde_yaml::from_str("spec: {containers: [{name: a, image: x:1}, {name: b}]}")
                .expect("a pod template");
        assert!(template.set_image("b", "y:2"));
        assert!(!template.set_image("c", "z:3"));
        assert_eq!(
            template.images().collect::<Vec<_>>(),
            [("a", "x:1"), ("b", "y:2")]
        );
        assert!(template.set_image("*", "w:4"));
        assert_eq!(
            template.images().collect::<Vec<_>>(),
            [("a", "w:4"), ("b", "w:4")]
        );
    }
}
