//! What is wrong with an input, where, why, and what to do about it.
//!
//! Knows how a problem is described, placed, ordered and shown as text. Refuses to know which
//! problems exist and how documents are read: rules speak in paths, and whoever read the documents
//! turns a path into a span ([`findings`]). Simplifies spans of several lines: the first is shown.

use std::collections::BTreeSet;
use std::ops::Range;

pub mod path;
pub mod render;
pub mod source;
pub mod wording;

pub use path::{Path, Segment};
pub use render::{Look, render, render_compact};
pub use source::{Location, Position, SourceId, Sources, Span};

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is simulated until this is mended.
    Error,
    /// To be checked before trusting the results.
    Warning,
    /// Worth knowing; nothing to do.
    Info,
}

impl Severity {
    /// The word in front of a message.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// A document among all documents that were read together: one object of Kubernetes, or a scenario.
/// The items of a list are documents of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(pub usize);

/// Which part of what a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The value; when it is not written, the nearest parent that is.
    Value,
    /// The key in front of the value; for an item of a list the item itself.
    Key,
    /// Some bytes of the text that the value stands for: an operator inside a condition.
    Within(Range<usize>),
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a document, by path. Resolved to a span at the end.
    Document {
        document: DocumentId,
        path: Path,
        part: Part,
    },
    /// In a text, by span: what has no path or whose path leads elsewhere.
    Text {
        source: SourceId,
        span: Span,
        path: Option<Path>,
    },
    /// A source as a whole.
    Source(SourceId),
}

/// A further remark on a problem, perhaps with a place of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub message: String,
    pub place: Option<Place>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Names the rule, in kebab-case. Permanent.
    pub id: &'static str,
    pub severity: Severity,
    /// What is wrong: one sentence, lowercase, names in backticks.
    pub message: String,
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
    /// Why it is wrong, and what else matters.
    pub notes: Vec<Note>,
}

impl Diagnostic {
    /// A problem without place, help and notes.
    #[must_use]
    pub fn new(id: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Diagnostic {
            id,
            severity,
            message: message.into(),
            place: None,
            help: None,
            notes: Vec::new(),
        }
    }

    /// A problem that prevents the simulation.
    #[must_use]
    pub fn error(id: &'static str, message: impl Into<String>) -> Self {
        Diagnostic::new(id, Severity::Error, message)
    }

    /// Something to be checked before trusting the results.
    #[must_use]
    pub fn warning(id: &'static str, message: impl Into<String>) -> Self {
        Diagnostic::new(id, Severity::Warning, message)
    }

    /// Something worth knowing.
    #[must_use]
    pub fn info(id: &'static str, message: impl Into<String>) -> Self {
        Diagnostic::new(id, Severity::Info, message)
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same problem with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem with a reason or remark.
    #[must_use]
    pub fn note(mut self, message: impl Into<String>) -> Self {
        let message = message.into();
        self.notes.push(Note {
            message,
            place: None,
        });
        self
    }

    /// The same problem with a remark on another place.
    #[must_use]
    pub fn note_at(mut self, message: impl Into<String>, place: Place) -> Self {
        let (message, place) = (message.into(), Some(place));
        self.notes.push(Note { message, place });
        self
    }
}

/// A value and the document in which it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    pub value: T,
    pub document: DocumentId,
}

impl<T> Located<T> {
    /// The place of a value in the document, such as `spec.strategy.canary.steps[2].setWeight`.
    #[must_use]
    pub fn at(&self, path: impl Into<Path>) -> Place {
        self.part(path, Part::Value)
    }

    /// The place of a key in the document.
    #[must_use]
    pub fn at_key(&self, path: impl Into<Path>) -> Place {
        self.part(path, Part::Key)
    }

    /// The place of some bytes of a text in the document.
    #[must_use]
    pub fn within(&self, path: impl Into<Path>, bytes: Range<usize>) -> Place {
        self.part(path, Part::Within(bytes))
    }

    fn part(&self, path: impl Into<Path>, part: Part) -> Place {
        let (document, path) = (self.document, path.into());
        Place::Document {
            document,
            path,
            part,
        }
    }
}

/// A problem whose places are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub diagnostic: Diagnostic,
    /// Where it is, if it has a place.
    pub location: Option<Location>,
    /// Where each of its notes is, one for one.
    pub notes: Vec<Option<Location>>,
}

/// Resolves all places and sorts: by source, then by place in it; what has no place comes first.
/// At one place errors come before warnings, then the order is the given one. Repetitions are dropped, also
/// those that were found in another document: a scenario that extends another one repeats its mistakes.
pub fn findings(
    diagnostics: impl IntoIterator<Item = Diagnostic>,
    locate: impl Fn(&Place) -> Option<Location>,
) -> Vec<Finding> {
    let resolve = |diagnostic: Diagnostic| {
        let at = |place: &Option<Place>| place.as_ref().and_then(&locate);
        let location = at(&diagnostic.place);
        let notes = diagnostic.notes.iter().map(|note| at(&note.place));
        let notes = notes.collect();
        Finding {
            diagnostic,
            location,
            notes,
        }
    };
    let mut findings: Vec<Finding> = diagnostics.into_iter().map(resolve).collect();
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| {
            let place = finding.location.as_ref();
            let place = place.map(|location| (location.source, location.span));
            (place, finding.diagnostic.severity)
        };
        key(a).cmp(&key(b))
    });
    let mut told = BTreeSet::new();
    findings.retain(|finding| {
        let place = finding.location.as_ref();
        let place = place.map(|location| (location.source, location.span, location.path.clone()));
        let what = (finding.diagnostic.id, finding.diagnostic.message.clone());
        told.insert((place, what))
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: usize) -> Place {
        let (source, span) = (SourceId(0), Span::new(start, start + 1));
        Place::Text {
            source,
            span,
            path: None,
        }
    }

    fn locate(place: &Place) -> Option<Location> {
        match place {
            Place::Text { source, span, .. } => Some(Location {
                source: *source,
                span: Some(*span),
                path: None,
            }),
            _ => None,
        }
    }

    #[test]
    fn findings_come_in_the_order_of_the_text_and_errors_first() {
        let given = [
            Diagnostic::warning("c", "").at(at(5)),
            Diagnostic::error("d", "").at(at(5)),
            Diagnostic::error("b", "").at(at(1)),
            Diagnostic::info("a", ""),
            Diagnostic::error("d", "").at(at(5)),
        ];
        let sorted = findings(given, locate);
        let ids: Vec<&str> = sorted.iter().map(|finding| finding.diagnostic.id).collect();
        assert_eq!(ids, ["a", "b", "d", "c"]);
    }
}
