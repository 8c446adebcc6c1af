//! Where the objects come from that a Rollout refers to.

use crate::spec::metadata::ObjectMeta;
use crate::spec::{
    AnalysisTemplate, ClusterAnalysisTemplate, Ingress, Opaque, Service, VirtualService,
};
use crate::template::lookup::TemplateSource;

/// Finds objects by namespace and name.
pub trait Objects: TemplateSource {
    /// The Service of that name.
    fn service(&self, namespace: &str, name: &str) -> Option<&Service>;
    /// The Ingress of that name.
    fn ingress(&self, namespace: &str, name: &str) -> Option<&Ingress>;
    /// Istio's `VirtualService` of that name.
    fn virtual_service(&self, namespace: &str, name: &str) -> Option<&VirtualService>;
    /// The object of another kind of that name: Ambassador's `Mapping`, App Mesh's `VirtualService`
    /// and `VirtualRouter`.
    fn opaque(&self, kind: &str, namespace: &str, name: &str) -> Option<&Opaque>;
    /// This, as a source of templates only.
    fn templates(&self) -> &dyn TemplateSource;
}

/// Objects in lists.
///
/// An object without a written namespace is found in every namespace: manifests are often applied
/// with `kubectl apply --namespace`. Of several with the same name the last counts, as if applied
/// in this order.
#[derive(Clone, Debug, Default)]
pub struct ObjectSet<'a> {
    /// Analysis templates.
    pub analysis_templates: Vec<&'a AnalysisTemplate>,
    /// Cluster analysis templates.
    pub cluster_analysis_templates: Vec<&'a ClusterAnalysisTemplate>,
    /// Services.
    pub services: Vec<&'a Service>,
    /// Ingresses.
    pub ingresses: Vec<&'a Ingress>,
    /// Istio's virtual services.
    pub virtual_services: Vec<&'a VirtualService>,
    /// Objects of other kinds.
    pub others: Vec<&'a Opaque>,
}

impl TemplateSource for ObjectSet<'_> {
    fn analysis_template(&self, namespace: &str, name: &str) -> Option<&AnalysisTemplate> {
        last(&self.analysis_templates, |object| {
            is(object.metadata.as_ref(), namespace, name)
        })
    }

    fn cluster_analysis_template(&self, name: &str) -> Option<&ClusterAnalysisTemplate> {
        let has_name = |metadata: &ObjectMeta| metadata.name() == name;
        last(&self.cluster_analysis_templates, |object| {
            object.metadata.as_ref().is_some_and(has_name)
        })
    }
}

impl Objects for ObjectSet<'_> {
    fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        last(&self.services, |object| {
            is(object.metadata.as_ref(), namespace, name)
        })
    }

    fn ingress(&self, namespace: &str, name: &str) -> Option<&Ingress> {
        last(&self.ingresses, |object| {
            is(object.metadata.as_ref(), namespace, name)
        })
    }

    fn virtual_service(&self, namespace: &str, name: &str) -> Option<&VirtualService> {
        last(&self.virtual_services, |object| {
            is(object.metadata.as_ref(), namespace, name)
        })
    }

    fn opaque(&self, kind: &str, namespace: &str, name: &str) -> Option<&Opaque> {
        last(&self.others, |object| {
            object.kind.as_deref() == Some(kind) && is(object.metadata.as_ref(), namespace, name)
        })
    }

    fn templates(&self) -> &dyn TemplateSource {
        self
    }
}

fn last<'a, T>(objects: &[&'a T], fits: impl Fn(&T) -> bool) -> Option<&'a T> {
    objects.iter().rev().find(|object| fits(object)).copied()
}

fn is(metadata: Option<&ObjectMeta>, namespace: &str, name: &str) -> bool {
    metadata.is_some_and(|metadata| {
        let written = metadata
            .namespace
            .as_deref()
            .filter(|written| !written.is_empty());
        metadata.name() == name && written.is_none_or(|written| written == namespace)
    })
}
