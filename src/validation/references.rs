//! The rules for what a Rollout refers to: services, templates, ingresses, the routers' objects.
//!
//! Follows `rollout/controller.go: getRolloutReferencedResources`, which looks everything up, and
//! then `validation_references.go: ValidateRolloutReferencedResources`, which checks what was
//! found. Argo stops at the first error of the lookups; here all are listed, in Argo's order.

pub mod objects;
pub mod residue;

mod analyses;
mod app_mesh;
mod ingresses;
mod istio;
mod services;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::spec::Rollout;
use crate::spec::canary::CanaryStrategy;
use crate::spec::rollout::RolloutStrategy;
use crate::spec::wire;

use super::field_error::{FieldError, Place};

pub use objects::{ObjectSet, Objects};

/// What to make of a service, ingress or router's object that was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It does not exist: Argo's error.
    IsError,
    /// It exists and suits. Analysis templates are never assumed.
    Assumed,
}

/// An object that was not given and is assumed to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where the Rollout refers to it.
    pub document_path: String,
}

/// An error in what a Rollout refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceError {
    /// The Rollout becomes `InvalidSpec`, and the controller looks again every 20 s.
    Invalid(FieldError),
    /// The reconciliation fails, and the controller tries again with growing delay.
    Reconcile {
        /// The error's text.
        message: String,
        /// Where the Rollout refers to what is wrong.
        document_path: String,
    },
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReferenceError::Invalid(error) => error.fmt(formatter),
            ReferenceError::Reconcile { message, .. } => formatter.write_str(message),
        }
    }
}

/// What came of looking up and checking all that a Rollout refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// All errors in Argo's order; the controller reports the first.
    pub errors: Vec<ReferenceError>,
    /// Objects that were not given, in Argo's order.
    pub assumed: Vec<Assumed>,
}

/// The message of the condition `InvalidSpec` (`controller.go: createInvalidRolloutCondition`).
#[must_use]
pub fn invalid_spec_message(rollout: &Rollout, error: &FieldError) -> String {
    let name = rollout
        .metadata
        .as_ref()
        .map_or("", |metadata| metadata.name());
    format!("The Rollout \"{name}\" is invalid: {error}")
}

/// Looks up and checks all that a Rollout refers to. Its pod template is already that of its
/// workload.
#[must_use]
pub fn validate_references(
    rollout: &Rollout,
    objects: &dyn Objects,
    missing: Missing,
) -> References {
    let mut check = Check {
        rollout,
        strategy: rollout
            .spec
            .as_ref()
            .and_then(|spec| spec.strategy.as_ref()),
        namespace: rollout
            .metadata
            .as_ref()
            .map_or("default", |metadata| metadata.namespace()),
        objects,
        missing,
        lookups: Vec::new(),
        findings: Vec::new(),
        assumed: Vec::new(),
    };
    check.services();
    check.analyses();
    check.ingresses();
    check.virtual_services();
    check.ambassador();
    check.app_mesh();
    let mut errors = check.lookups;
    errors.extend(check.findings.into_iter().map(ReferenceError::Invalid));
    References {
        errors,
        assumed: check.assumed,
    }
}

/// One pass over a Rollout. Each kind of object is looked up and checked at once; the errors of
/// lookups come first in the end, as Argo looks everything up before it checks anything.
struct Check<'a> {
    rollout: &'a Rollout,
    strategy: Option<&'a RolloutStrategy>,
    namespace: &'a str,
    objects: &'a dyn Objects,
    missing: Missing,
    lookups: Vec<ReferenceError>,
    findings: Vec<FieldError>,
    assumed: Vec<Assumed>,
}

impl<'a> Check<'a> {
    fn canary(&self) -> Option<&'a CanaryStrategy> {
        self.strategy.and_then(|strategy| strategy.canary.as_ref())
    }

    fn fail(&mut self, error: FieldError) {
        self.lookups.push(ReferenceError::Invalid(error));
    }

    /// Notes an object that was not found. `value` is printed already.
    fn not_found(&mut self, wanted: &Wanted<'_>, at: Place, value: &str) {
        if self.missing == Missing::Assumed {
            self.assumed.push(Assumed {
                kind: wanted.kind,
                namespace: wanted.namespace.to_owned(),
                name: wanted.name.to_owned(),
                document_path: at.document_path().to_owned(),
            });
        } else {
            let detail = format!("{} {} not found", wanted.resource, wire::quote(wanted.name));
            self.fail(FieldError::invalid("reference-missing", at, value, detail));
        }
    }

    /// Ambassador's mappings: there must be some, without a weight (`getAmbassadorMappings`,
    /// `ValidateAmbassadorMapping`).
    fn ambassador(&mut self) {
        let routing = self
            .canary()
            .and_then(|canary| canary.traffic_routing.as_ref());
        let Some(ambassador) = routing.and_then(|routing| routing.ambassador.as_ref()) else {
            return;
        };
        let at = Place::new("spec.strategy.canary.trafficRouting.ambassador.mappings");
        let names = ambassador.mappings.as_deref().unwrap_or_default();
        if names.is_empty() {
            let detail = "must provide at least one mapping";
            self.fail(FieldError::invalid(
                "ambassador-mappings",
                at,
                "null",
                detail,
            ));
            return;
        }
        for (index, name) in names.iter().enumerate() {
            let Some(mapping) = self.objects.opaque("Mapping", self.namespace, name) else {
                let namespace = self.namespace;
                let resource = "mappings.getambassador.io";
                let wanted = Wanted {
                    kind: "Mapping",
                    resource,
                    namespace,
                    name,
                };
                self.not_found(&wanted, at.item_in_document(index), &wire::quote(name));
                continue;
            };
            let weight = mapping.spec.as_ref().and_then(|spec| spec.get("weight"));
            if weight
                .and_then(serde_json::Value::as_i64)
                .unwrap_or_default()
                != 0
            {
                let name = wire::quote(name);
                self.findings.push(FieldError::invalid(
                    "ambassador-weight",
                    at.item_in_document(index).with_field("spec.weight"),
                    &name,
                    format!("Ambassador mapping {name} can not define weight"),
                ));
            }
        }
    }
}

/// An object that is looked up.
struct Wanted<'a> {
    kind: &'static str,
    /// How Kubernetes names the resource in its error.
    resource: &'static str,
    namespace: &'a str,
    name: &'a str,
}
