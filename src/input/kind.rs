//! What sort of object a document is.
//!
//! Knows the kinds that a release concerns, their API groups and versions, and how near misses are
//! told from objects that are none of our business. Refuses to know their fields.

use crate::diagnostic::wording::closest;

/// A sort of object that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rollout,
    AnalysisTemplate,
    ClusterAnalysisTemplate,
    AnalysisRun,
    Experiment,
    Service,
    Ingress,
    VirtualService,
    DestinationRule,
    Deployment,
    ReplicaSet,
    PodTemplate,
    /// An object of another router.
    Opaque,
    Scenario,
}

/// What the first two fields of an object say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Known(Kind),
    /// Meant is this kind in this API version.
    Nearly(Kind, &'static str, String),
    /// None of our business.
    Foreign,
}

/// A kind in an API group, and the versions in which we know it; none means any.
struct Row {
    word: &'static str,
    kind: Kind,
    group: &'static str,
    versions: &'static [&'static str],
}

const ARGO: &str = "argoproj.io";
const ISTIO: &str = "networking.istio.io";
const GATEWAY: &str = "gateway.networking.k8s.io";
const APP_MESH: &str = "appmesh.k8s.aws";

const fn row(
    word: &'static str,
    kind: Kind,
    group: &'static str,
    versions: &'static [&'static str],
) -> Row {
    Row {
        word,
        kind,
        group,
        versions,
    }
}

/// The first row of a kind is the one to recommend.
const ROWS: [Row; 29] = [
    row("Rollout", Kind::Rollout, ARGO, &["v1alpha1"]),
    row(
        "AnalysisTemplate",
        Kind::AnalysisTemplate,
        ARGO,
        &["v1alpha1"],
    ),
    row(
        "ClusterAnalysisTemplate",
        Kind::ClusterAnalysisTemplate,
        ARGO,
        &["v1alpha1"],
    ),
    row("AnalysisRun", Kind::AnalysisRun, ARGO, &["v1alpha1"]),
    row("Experiment", Kind::Experiment, ARGO, &["v1alpha1"]),
    row("Service", Kind::Service, "", &["v1"]),
    row(
        "Ingress",
        Kind::Ingress,
        "networking.k8s.io",
        &["v1", "v1beta1"],
    ),
    row("Ingress", Kind::Ingress, "extensions", &["v1beta1"]),
    row(
        "VirtualService",
        Kind::VirtualService,
        ISTIO,
        &["v1", "v1beta1", "v1alpha3"],
    ),
    row(
        "DestinationRule",
        Kind::DestinationRule,
        ISTIO,
        &["v1", "v1beta1", "v1alpha3"],
    ),
    row("Deployment", Kind::Deployment, "apps", &["v1"]),
    row("ReplicaSet", Kind::ReplicaSet, "apps", &["v1"]),
    row("PodTemplate", Kind::PodTemplate, "", &["v1"]),
    row("Scenario", Kind::Scenario, "coalmine", &["v1alpha1"]),
    row("TraefikService", Kind::Opaque, "traefik.io", &[]),
    row("TraefikService", Kind::Opaque, "traefik.containo.us", &[]),
    row("ApisixRoute", Kind::Opaque, "apisix.apache.org", &[]),
    row("Mapping", Kind::Opaque, "getambassador.io", &[]),
    row("Mapping", Kind::Opaque, "x.getambassador.io", &[]),
    row("TrafficSplit", Kind::Opaque, "split.smi-spec.io", &[]),
    row("TargetGroupBinding", Kind::Opaque, "elbv2.k8s.aws", &[]),
    row("VirtualService", Kind::Opaque, APP_MESH, &[]),
    row("VirtualRouter", Kind::Opaque, APP_MESH, &[]),
    row("VirtualNode", Kind::Opaque, APP_MESH, &[]),
    row("HTTPRoute", Kind::Opaque, GATEWAY, &[]),
    row("GRPCRoute", Kind::Opaque, GATEWAY, &[]),
    row("TCPRoute", Kind::Opaque, GATEWAY, &[]),
    row("TLSRoute", Kind::Opaque, GATEWAY, &[]),
    row("UDPRoute", Kind::Opaque, GATEWAY, &[]),
];

/// Groups that belong to Kubernetes itself, in which an object of the wrong group is a mistake.
const OWN_GROUPS: [&str; 6] = [
    "",
    "apps",
    "batch",
    "extensions",
    "core",
    "networking.k8s.io",
];

/// What an object with these two fields is; the API version may be missing.
pub(crate) fn identify(api_version: Option<&str>, word: &str) -> Identity {
    let (group, version) = api_version.map_or(("", ""), group_and_version);
    let rows: Vec<&Row> = ROWS.iter().filter(|row| row.word == word).collect();
    let Some(first) = rows.first() else {
        return misspelt(api_version, word);
    };
    if api_version.is_none() {
        return Identity::Nearly(first.kind, first.word, first.api_version());
    }
    if let Some(row) = rows.iter().find(|row| row.group == group) {
        let fits = row.versions.is_empty() || row.versions.contains(&version);
        return if fits {
            Identity::Known(row.kind)
        } else {
            Identity::Nearly(row.kind, row.word, row.api_version())
        };
    }
    // Nobody else has kinds of these names, while a `Service` may be Knative's.
    let is_argos_only = first.group == ARGO && first.kind != Kind::Experiment;
    let is_near = |row: &&&Row| closest(group, [row.group]).is_some();
    let meant = rows.iter().find(is_near);
    match meant.or((is_argos_only || OWN_GROUPS.contains(&group)).then_some(first)) {
        Some(row) => Identity::Nearly(row.kind, row.word, row.api_version()),
        None => Identity::Foreign,
    }
}

/// The kind of the items of a list such as `RolloutList`, if it is one of ours.
pub(crate) fn item_kind(list: &str) -> Option<&str> {
    let word = list.strip_suffix("List")?;
    ROWS.iter().any(|row| row.word == word).then_some(word)
}

impl Row {
    fn api_version(&self) -> String {
        let version = self.versions.first().unwrap_or(&"v1");
        match self.group {
            "" => (*version).to_owned(),
            group => format!("{group}/{version}"),
        }
    }
}

/// A kind of no row: a misspelt one of the same group, or none of ours.
fn misspelt(api_version: Option<&str>, word: &str) -> Identity {
    let group = api_version.map(|api_version| group_and_version(api_version).0);
    let is_candidate = |row: &&Row| {
        let same_group = group.is_none_or(|group| row.group == group);
        // Words of much different length are other kinds, such as `TCPMapping`.
        same_group && row.kind != Kind::Opaque && word.len().abs_diff(row.word.len()) <= 2
    };
    let candidates: Vec<&Row> = ROWS.iter().filter(is_candidate).collect();
    let words = candidates.iter().map(|row| row.word);
    let meant =
        closest(word, words).and_then(|meant| candidates.iter().find(|row| row.word == meant));
    match meant {
        Some(row) => Identity::Nearly(row.kind, row.word, row.api_version()),
        None => Identity::Foreign,
    }
}

fn group_and_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_ours_nearly_ours_or_foreign() {
        let nearly =
            |kind, word, api_version: &str| Identity::Nearly(kind, word, api_version.to_owned());
        let rollout = || nearly(Kind::Rollout, "Rollout", "argoproj.io/v1alpha1");
        for (api_version, word, identity) in [
            (
                "argoproj.io/v1alpha1",
                "Rollout",
                Identity::Known(Kind::Rollout),
            ),
            ("argoproj.io/v1", "Rollout", rollout()),
            ("apps/v1", "Rollout", rollout()),
            ("argoproj.io/v1alpha1", "Rolout", rollout()),
            ("argoproj.io/v1alpha1", "rollout", rollout()),
            ("argoproj.io/v1alpha1", "Workflow", Identity::Foreign),
            (
                "argoproj.io/v1alpha1",
                "WorkflowTemplate",
                Identity::Foreign,
            ),
            ("argoproj.io/v1alpha1", "Application", Identity::Foreign),
            ("kubeflow.org/v1beta1", "Experiment", Identity::Foreign),
            ("v1", "Service", Identity::Known(Kind::Service)),
            ("apps/v1", "Service", nearly(Kind::Service, "Service", "v1")),
            ("serving.knative.dev/v1", "Service", Identity::Foreign),
            (
                "app/v1",
                "Deployment",
                nearly(Kind::Deployment, "Deployment", "apps/v1"),
            ),
            (
                "extensions/v1beta1",
                "Ingress",
                Identity::Known(Kind::Ingress),
            ),
            (
                "networking.istio.io/v1alpha3",
                "VirtualService",
                Identity::Known(Kind::VirtualService),
            ),
            (
                "appmesh.k8s.aws/v1beta2",
                "VirtualService",
                Identity::Known(Kind::Opaque),
            ),
            ("v1", "Secret", Identity::Foreign),
            ("v1", "ServiceAccount", Identity::Foreign),
            ("apps/v1", "StatefulSet", Identity::Foreign),
            ("apps/v1", "DaemonSet", Identity::Foreign),
            ("networking.k8s.io/v1", "IngressClass", Identity::Foreign),
            ("getambassador.io/v3alpha1", "TCPMapping", Identity::Foreign),
        ] {
            assert_eq!(
                identify(Some(api_version), word),
                identity,
                "{api_version} {word}"
            );
        }
        assert_eq!(identify(None, "Rollout"), rollout());
        assert_eq!(identify(None, "Frobnicator"), Identity::Foreign);
        assert_eq!(item_kind("RolloutList"), Some("Rollout"));
        assert_eq!(item_kind("PodList"), None);
    }
}
