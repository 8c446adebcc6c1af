//! The objects that a release concerns.
//!
//! Knows which type each kind has. Refuses to know what is wrong with them.

use super::kind::Kind;
use crate::diagnostic::{DocumentId, Located};
use crate::scenario::Written;
use crate::spec::metadata::ObjectMeta;
use crate::spec::{
    AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate, Deployment, DestinationRule,
    Experiment, Ingress, Opaque, PodTemplate, ReplicaSet, Rollout, Service, VirtualService,
};

/// An object, read as written.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "an input has few objects, and most of them are Rollouts"
)]
pub enum Manifest {
    Rollout(Located<Rollout>),
    AnalysisTemplate(Located<AnalysisTemplate>),
    ClusterAnalysisTemplate(Located<ClusterAnalysisTemplate>),
    AnalysisRun(Located<AnalysisRun>),
    Experiment(Located<Experiment>),
    Service(Located<Service>),
    Ingress(Located<Ingress>),
    VirtualService(Located<VirtualService>),
    DestinationRule(Located<DestinationRule>),
    Deployment(Located<Deployment>),
    ReplicaSet(Located<ReplicaSet>),
    PodTemplate(Located<PodTemplate>),
    /// An object of another router.
    Opaque(Located<Opaque>),
    /// Our own file.
    Scenario(Located<Written>),
}

/// Does the same with every kind of object of Kubernetes, and something else with a scenario.
macro_rules! each {
    ($manifest:expr, $object:ident => $then:expr, $scenario:ident => $otherwise:expr) => {
        match $manifest {
            Manifest::Rollout($object) => $then,
            Manifest::AnalysisTemplate($object) => $then,
            Manifest::ClusterAnalysisTemplate($object) => $then,
            Manifest::AnalysisRun($object) => $then,
            Manifest::Experiment($object) => $then,
            Manifest::Service($object) => $then,
            Manifest::Ingress($object) => $then,
            Manifest::VirtualService($object) => $then,
            Manifest::DestinationRule($object) => $then,
            Manifest::Deployment($object) => $then,
            Manifest::ReplicaSet($object) => $then,
            Manifest::PodTemplate($object) => $then,
            Manifest::Opaque($object) => $then,
            Manifest::Scenario($scenario) => $otherwise,
        }
    };
}

impl Manifest {
    /// The document in which the object was read.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        each!(self, object => object.document, scenario => scenario.document)
    }

    /// The kind as it is written, empty when it is not.
    #[must_use]
    pub fn kind(&self) -> &str {
        let kind = each!(self, object => &object.value.kind, scenario => &scenario.value.kind);
        kind.as_deref().unwrap_or_default()
    }

    /// The API version as it is written, empty when it is not.
    #[must_use]
    pub fn api_version(&self) -> &str {
        let version = each!(
            self, object => &object.value.api_version, scenario => &scenario.value.api_version
        );
        version.as_deref().unwrap_or_default()
    }

    /// Metadata of an object of Kubernetes, if any is written.
    #[must_use]
    pub fn metadata(&self) -> Option<&ObjectMeta> {
        each!(self, object => object.value.metadata.as_ref(), _scenario => None)
    }
}

/// Reads types from documents.
pub(crate) trait Decode {
    /// The document as a type, and a diagnostic for everything that does not fit.
    fn decode<T: serde::de::DeserializeOwned>(&mut self) -> Option<Located<T>>;
}

/// Reads a document as its kind; `None` when nothing sensible is left of it.
pub(crate) fn read(kind: Kind, from: &mut impl Decode) -> Option<Manifest> {
    Some(match kind {
        Kind::Rollout => Manifest::Rollout(from.decode()?),
        Kind::AnalysisTemplate => Manifest::AnalysisTemplate(from.decode()?),
        Kind::ClusterAnalysisTemplate => Manifest::ClusterAnalysisTemplate(from.decode()?),
        Kind::AnalysisRun => Manifest::AnalysisRun(from.decode()?),
        Kind::Experiment => Manifest::Experiment(from.decode()?),
        Kind::Service => Manifest::Service(from.decode()?),
        Kind::Ingress => Manifest::Ingress(from.decode()?),
        Kind::VirtualService => Manifest::VirtualService(from.decode()?),
        Kind::DestinationRule => Manifest::DestinationRule(from.decode()?),
        Kind::Deployment => Manifest::Deployment(from.decode()?),
        Kind::ReplicaSet => Manifest::ReplicaSet(from.decode()?),
        Kind::PodTemplate => Manifest::PodTemplate(from.decode()?),
        Kind::Opaque => Manifest::Opaque(from.decode()?),
        Kind::Scenario => Manifest::Scenario(from.decode()?),
    })
}
