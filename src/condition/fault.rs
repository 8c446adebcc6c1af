//! What goes wrong with a condition: a message in the engine's words and a place.

use super::ast::Span;

/// A mistake on its way up, before the public error is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: String,
    /// The innermost place known, once somebody knows one.
    pub(super) span: Option<Span>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span: None,
        }
    }

    /// The same with a place, unless it has one already: the innermost wins.
    #[must_use]
    pub(super) fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}
