//! An error about a field, as Kubernetes words it, and where the user wrote that field.
//!
//! Follows apimachinery's `pkg/util/validation/field/errors.go` as of v0.34.

use std::fmt;

/// An error about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Which rule was broken, a permanent kebab-case name of ours.
    pub rule: &'static str,
    /// The field as Argo names it. Argo leaves `canary` out below `spec.strategy`, among other
    /// slips.
    pub field: String,
    /// The field as the user's document has it, or would have it if it were written.
    pub document_path: String,
    /// What sort of error it is.
    pub kind: Kind,
    /// What is wrong, in Argo's words.
    pub detail: String,
}

/// The sorts of errors that the controllers report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The field must be written.
    Required,
    /// The field's value is wrong.
    Invalid {
        /// The value as Go prints it: a number, a quoted text, JSON.
        value: String,
    },
    /// The field's value is none of those possible.
    NotSupported {
        /// The value as Go prints it.
        value: String,
    },
    /// The field must not be written.
    Forbidden,
    /// What Kubernetes calls an internal error although a user can cause it.
    Internal,
}

impl FieldError {
    pub(crate) fn required(rule: &'static str, at: Place, detail: impl Into<String>) -> Self {
        FieldError::new(rule, at, Kind::Required, detail)
    }

    /// `value` is printed already: see `wire::quote` and `wire::json`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts read best by value"
    )]
    pub(crate) fn invalid(
        rule: &'static str,
        at: Place,
        value: impl ToString,
        detail: impl Into<String>,
    ) -> Self {
        FieldError::new(
            rule,
            at,
            Kind::Invalid {
                value: value.to_string(),
            },
            detail,
        )
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and texts read best by value"
    )]
    pub(crate) fn not_supported(
        rule: &'static str,
        at: Place,
        value: impl ToString,
        detail: impl Into<String>,
    ) -> Self {
        FieldError::new(
            rule,
            at,
            Kind::NotSupported {
                value: value.to_string(),
            },
            detail,
        )
    }

    pub(crate) fn forbidden(rule: &'static str, at: Place, detail: impl Into<String>) -> Self {
        FieldError::new(rule, at, Kind::Forbidden, detail)
    }

    pub(crate) fn internal(rule: &'static str, at: Place, detail: impl Into<String>) -> Self {
        FieldError::new(rule, at, Kind::Internal, detail)
    }

    fn new(rule: &'static str, at: Place, kind: Kind, detail: impl Into<String>) -> Self {
        let Place {
            field,
            document_path,
        } = at;
        FieldError {
            rule,
            field,
            document_path,
            kind,
            detail: detail.into(),
        }
    }
}

/// As Go prints it: field, sort, value, detail.
impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.field)?;
        match &self.kind {
            Kind::Required => formatter.write_str("Required value")?,
            Kind::Invalid { value } => write!(formatter, "Invalid value: {value}")?,
            Kind::NotSupported { value } => write!(formatter, "Unsupported value: {value}")?,
            Kind::Forbidden => formatter.write_str("Forbidden")?,
            Kind::Internal => formatter.write_str("Internal error")?,
        }
        if self.detail.is_empty() {
            return Ok(());
        }
        write!(formatter, ": {}", self.detail)
    }
}

impl std::error::Error for FieldError {}

/// A field on both of its paths.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    field: String,
    document_path: String,
}

impl Place {
    /// A field that Argo and the document name alike.
    pub(crate) fn new(path: &str) -> Self {
        Place::with_document(path, path)
    }

    /// A field that Argo names otherwise than the document.
    pub(crate) fn with_document(field: &str, document_path: &str) -> Self {
        Place {
            field: field.to_owned(),
            document_path: document_path.to_owned(),
        }
    }

    /// A field of this field; `name` may have several parts.
    pub(crate) fn child(&self, name: &str) -> Self {
        self.child_with_document(name, name)
    }

    /// A field of this field that the document has elsewhere below it.
    pub(crate) fn child_with_document(&self, name: &str, in_document: &str) -> Self {
        Place {
            field: format!("{}.{name}", self.field),
            document_path: format!("{}.{in_document}", self.document_path),
        }
    }

    /// The same field for Argo, but this place below it in the document.
    pub(crate) fn deeper_in_document(&self, in_document: &str) -> Self {
        Place {
            field: self.field.clone(),
            document_path: format!("{}.{in_document}", self.document_path),
        }
    }

    /// The same place in the document, but another field for Argo.
    pub(crate) fn with_field(&self, field: &str) -> Self {
        Place {
            field: field.to_owned(),
            document_path: self.document_path.clone(),
        }
    }

    /// The same field for Argo, but this item of it in the document.
    pub(crate) fn item_in_document(&self, index: usize) -> Self {
        Place {
            field: self.field.clone(),
            document_path: format!("{}[{index}]", self.document_path),
        }
    }

    /// The path in the document.
    pub(crate) fn document_path(&self) -> &str {
        &self.document_path
    }

    /// An item of this list.
    pub(crate) fn index(&self, index: usize) -> Self {
        Place {
            field: format!("{}[{index}]", self.field),
            document_path: format!("{}[{index}]", self.document_path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_printed_as_go_prints_them() {
        let at = || Place::new("spec").child("steps").index(2);
        assert_eq!(
            FieldError::invalid("r", at(), 5, "too much").to_string(),
            "spec.steps[2]: Invalid value: 5: too much"
        );
        assert_eq!(
            FieldError::required("r", at(), "").to_string(),
            "spec.steps[2]: Required value"
        );
        assert_eq!(
            FieldError::internal("r", at(), "oops").to_string(),
            "spec.steps[2]: Internal error: oops"
        );
    }

    #[test]
    fn the_document_may_have_a_field_elsewhere() {
        let strategy = Place::with_document("spec.strategy", "spec.strategy.canary");
        let error = FieldError::forbidden("r", strategy.child("steps").index(0), "no");
        assert_eq!(error.field, "spec.strategy.steps[0]");
        assert_eq!(error.document_path, "spec.strategy.canary.steps[0]");
    }
}
