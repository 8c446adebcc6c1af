//! What does not fit, in words that help.
//!
//! Knows how unknown fields and wrong values are explained and mended. Refuses to know why a field
//! has its type.

use super::decode::{Fault, Misfit, Unknown};
use super::placement::Placement;
use super::tree::{Content, NodeId, Tree};
use crate::diagnostic::wording::{closest, is_slip, listed, quoted};
use crate::diagnostic::{Diagnostic, Path, Segment};
use crate::duration;

/// What is wrong with a value. `written` is its text in the file, `object` what the document is.
pub(crate) fn of_fault(tree: &Tree, fault: &Fault, written: &str, object: &str) -> Diagnostic {
    let name = fault.path.name();
    let name = name.map_or_else(|| format!("the {object}"), |name| quoted(&name));
    let value = Value {
        content: tree.node(fault.node).content,
        text: tree.as_text(fault.node).unwrap_or(written),
        key: match fault.path.segments().last() {
            Some(Segment::Key(key)) => Some(key),
            _ => None,
        },
    };
    match &fault.misfit {
        Misfit::Type { expected, fields } => {
            let message = match value.content {
                Content::Null => format!("{name} takes {expected}, but nothing is written"),
                content => format!("{name} takes {expected}, not {}", type_name(content)),
            };
            let mut diagnostic = Diagnostic::error("wrong-type", message);
            diagnostic.help = value.advice(expected, fields);
            match value.surprise() {
                Some(surprise) => diagnostic.note(surprise),
                None => diagnostic,
            }
        }
        Misfit::Value { expected } => {
            let message = format!("{name} takes {expected}, not {}", quoted(value.text));
            Diagnostic::error("value-out-of-range", message)
        }
        Misfit::Missing { field } => {
            let message = format!("{name} needs {}", quoted(field));
            Diagnostic::error("missing-field", message)
        }
        Misfit::Variant { variants } => {
            let message = format!("{name} does not know {}", quoted(value.text));
            let help = match closest(value.text, variants.iter().copied()) {
                Some(meant) => format!("did you mean {}?", quoted(meant)),
                None => format!("write one of {}", listed(variants, "or")),
            };
            Diagnostic::error("unknown-value", message).help(help)
        }
        Misfit::Other { message } => Diagnostic::error("bad-value", format!("{name}: {message}")),
    }
}

/// What is wrong with an unknown field; `None` where foreign fields are accepted.
pub(crate) fn of_unknown(
    tree: &Tree,
    unknown: &Unknown,
    placements: &[Placement],
) -> Option<Diagnostic> {
    let field = tree.text(unknown.entry.key);
    let similar = closest(field, unknown.fields.iter().copied());
    if unknown.of == "ObjectMeta" && similar.is_none() {
        // Clusters and tools leave all sorts of things there.
        return None;
    }
    let diagnostic = Diagnostic::error("unknown-field", format!("unknown field {}", quoted(field)));
    let is_slip = similar.is_some_and(|similar| is_slip(field, similar));
    let elsewhere = home(field, &unknown.parent, placements).filter(|_| !is_slip);
    Some(match (elsewhere, similar) {
        (Some(home), Some(similar)) => {
            let field = quoted(field);
            diagnostic.help(format!("did you mean `{similar}`, or {field} in `{home}`?"))
        }
        (Some(home), None) => diagnostic.help(format!("{} belongs to `{home}`", quoted(field))),
        (None, Some(similar)) => diagnostic.help(format!("did you mean `{similar}`?")),
        (None, None) if unknown.fields.len() <= 12 => {
            let known = match unknown.fields {
                [] => "no field is known here".to_owned(),
                fields => format!("known here: {}", listed(fields, "and")),
            };
            diagnostic.help(known)
        }
        (None, None) => diagnostic.help("Argo Rollouts has no such field here; remove it"),
    })
}

/// Where a field of that very name belongs, if that is further out on the same way or one level
/// further in. Fields further away have the same name by chance.
fn home(field: &str, parent: &Path, placements: &[Placement]) -> Option<String> {
    let keys = parent
        .segments()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        });
    let here: Vec<&str> = keys.collect();
    let distance = |placement: &&Placement| {
        let there = &placement.parent;
        let is_outer = here.starts_with(there);
        let is_inner = there.starts_with(&here) && there.len() == here.len() + 1;
        (placement.field == field && there.len() != here.len() && (is_outer || is_inner))
            .then(|| there.len().abs_diff(here.len()))
    };
    let found = placements
        .iter()
        .filter_map(|placement| Some((distance(&placement)?, placement)));
    let (_, nearest) = found.min_by_key(|(distance, _)| *distance)?;
    let home = way(parent, &nearest.parent).to_string();
    (!home.is_empty()).then_some(home)
}

/// The way to a struct further out or in, with the indexes that are known.
fn way(parent: &Path, keys: &[&str]) -> Path {
    let mut way = Path::root();
    let mut left = keys.iter();
    for segment in parent.segments() {
        way = match segment {
            Segment::Index(index) => way.index(*index),
            Segment::Key(key) => match left.next() {
                Some(_) => way.key(key),
                None => return way,
            },
        };
    }
    left.fold(way, |way, key| way.key(*key))
}

fn type_name(content: Content) -> &'static str {
    match content {
        Content::Null | Content::Broken => "nothing",
        Content::Bool(_) => "true or false",
        Content::Int(_) | Content::Large(_) => "a whole number",
        Content::Float(_) => "a number",
        Content::Text(_) => "a text",
        Content::List(_) => "a list",
        Content::Mapping(_) => "a mapping",
    }
}

struct Value<'a> {
    content: Content,
    /// What a text says, or how anything else is written.
    text: &'a str,
    key: Option<&'a String>,
}

impl Value<'_> {
    /// How to write the value so that it has the expected type.
    fn advice(&self, expected: &str, fields: &[&str]) -> Option<String> {
        let is_text = matches!(self.content, Content::Text(_));
        let is_list = matches!(self.content, Content::List(_));
        let is_mapping = matches!(self.content, Content::Mapping(_));
        let is_scalar = !is_list && !is_mapping && self.content != Content::Null;
        match expected {
            "a whole number" | "a number" if is_text => self.advice_on_number(),
            "true or false" if is_text => {
                let meant = super::scalar::resolve(self.text);
                let is_bool = matches!(meant, Some(Content::Bool(_)));
                is_bool.then(|| format!("write it without quotes: {}", self.example(self.text)))
            }
            "a text" if is_scalar => {
                let quoted_text = format!("\"{}\"", self.text);
                Some(format!("put it in quotes: {}", self.example(&quoted_text)))
            }
            "a list" if is_mapping => Some("begin every item with `- `".to_owned()),
            "a list" if is_scalar => {
                let list = format!("[{}]", self.text);
                Some(format!("a list of one is written {}", self.example(&list)))
            }
            "a mapping" if is_list => Some("there is only one: write it without a list".to_owned()),
            "a mapping" if is_scalar => match fields {
                [field] => {
                    let mapping = format!("{{{field}: {}}}", self.text);
                    Some(format!("write {}", self.example(&mapping)))
                }
                [] => None,
                fields if fields.len() <= 8 => {
                    Some(format!("it has the fields {}", listed(fields, "and")))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn advice_on_number(&self) -> Option<String> {
        let text = self.text.trim();
        let is_number = |text: &str| {
            matches!(
                super::scalar::resolve(text),
                Some(Content::Int(_) | Content::Float(_))
            )
        };
        if text.contains("{{") {
            return Some("this field takes no template".to_owned());
        }
        if is_number(text) {
            return Some(format!("write it without quotes: {}", self.example(text)));
        }
        let percentage = text.strip_suffix('%').filter(|number| is_number(number));
        if let Some(number) = percentage {
            return Some(format!("write it without `%`: {}", self.example(number)));
        }
        let nanoseconds = duration::parse(text).ok()?;
        let is_whole = nanoseconds % duration::SECOND == 0;
        let names_seconds = self.key.is_some_and(|key| key.ends_with("Seconds"));
        (is_whole && names_seconds).then(|| {
            let seconds = (nanoseconds / duration::SECOND).to_string();
            format!("write the number of seconds: {}", self.example(&seconds))
        })
    }

    fn example(&self, value: &str) -> String {
        match self.key {
            Some(key) => quoted(&format!("{key}: {value}")),
            None => quoted(value),
        }
    }

    /// A word that looks like a text and is none to Kubernetes.
    fn surprise(&self) -> Option<String> {
        let is_word = |word: &str| word.eq_ignore_ascii_case(self.text);
        match self.content {
            Content::Bool(value) if !is_word("true") && !is_word("false") => {
                let word = quoted(self.text);
                Some(format!("Kubernetes reads {word} without quotes as {value}"))
            }
            _ => None,
        }
    }
}

/// The text of a node in a source.
pub(crate) fn written<'a>(tree: &Tree, node: NodeId, source: &'a str) -> &'a str {
    let span = tree.node(node).span;
    source.get(span.start()..span.end()).unwrap_or_default()
}
