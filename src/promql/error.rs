//! What goes wrong with a query: before it runs, and while it runs.

use std::fmt;

/// Why a query cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    message: String,
    position: Option<usize>,
    kind: QueryErrorKind,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryErrorKind {
    /// Prometheus refuses the query, too.
    Invalid,
    /// Prometheus (perhaps with other settings) answers it, and we do not.
    NotSimulated,
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvalError {
    /// The reference fails, too; its message.
    Failed(String),
    /// The query needs more steps than anybody would wait for.
    TooMuchWork,
}

impl QueryError {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            position: None,
            kind: QueryErrorKind::Invalid,
        }
    }

    pub(super) fn not_simulated(message: impl Into<String>) -> Self {
        Self {
            kind: QueryErrorKind::NotSimulated,
            ..Self::invalid(message)
        }
    }

    /// The same with a place in the text \[bytes\].
    #[must_use]
    pub(super) fn at(mut self, position: usize) -> Self {
        self.position.get_or_insert(position);
        self
    }

    /// What is wrong, in one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it is wrong \[bytes from the start of the text\], as far as that is known.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        self.position
    }

    /// Whether the query is wrong, or only not simulated.
    #[must_use]
    pub fn kind(&self) -> QueryErrorKind {
        self.kind
    }
}

impl EvalError {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for QueryError {}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvalError::Failed(message) => f.write_str(message),
            EvalError::TooMuchWork => f.write_str("the query needs too many steps"),
        }
    }
}

impl std::error::Error for EvalError {}
