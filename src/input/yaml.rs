//! One part of a text as trees.
//!
//! Knows YAML's collections, anchors, aliases, merge keys and repeated keys, and how Kubernetes'
//! reader treats them. Refuses to know what the documents mean. Simplifies: a document with a
//! syntax error is lost from there on, because nothing behind the error can be trusted.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::offsets::Offsets;
use super::repair::Repaired;
use super::scalar;
use super::syntax;
use super::template;
use super::tree::{Content, Entry, NodeId, Tree};
use crate::diagnostic::wording::{count, quoted};
use crate::diagnostic::{Diagnostic, Path, Place, Segment, SourceId, Span};

mod keys;

use keys::{Key, Mapping};

/// Deepest nesting of a document, aliases included.
pub const DEPTH_MAX: u32 = 100;
/// Nodes that aliases may stand for in one document, unless so many are written anyway.
pub const ALIASED_NODES_MAX: u64 = 400_000;

/// What marks our own file, whose keys are no business of Kubernetes' reader: `on` is an event
/// there, and `1.10` a tag.
const OWN_API_VERSION: &str = "coalmine/v";

/// The roots of the documents in a part of a source, and what is wrong with them. `None` stands for
/// a document that cannot be read.
pub(crate) fn read(
    tree: &mut Tree,
    source: SourceId,
    part: &str,
    base: usize,
) -> (Vec<Option<NodeId>>, Vec<Diagnostic>) {
    tree.begin(source);
    let mut repaired = Repaired::new(part);
    loop {
        let mut builder = Builder {
            tree,
            source,
            part,
            base,
            repaired: &repaired,
            offsets: Offsets::new(&repaired.text),
            keys_as_written: part.contains(OWN_API_VERSION),
            frames: Vec::new(),
            anchors: HashMap::new(),
            written: 0,
            aliased: 0,
            root: None,
            diagnostics: Vec::new(),
        };
        let mut roots = Vec::new();
        let Some(error) = builder.parse(&repaired.text, &mut roots) else {
            return (roots, builder.diagnostics);
        };
        let at = error.marker().index();
        let open = builder.frames.iter().find(|frame| frame.flow);
        let broken = open.map_or(at, |frame| frame.start_character);
        let mut better = repaired.clone();
        if !better.repair(error.info(), builder.offsets.byte(broken)) {
            builder.syntax_error(error.info(), builder.byte(at));
            roots.push(None);
            return (roots, builder.diagnostics);
        }
        repaired = better;
    }
}

/// The document cannot be read on; a diagnostic says why.
struct Fatal;

/// What is known about a finished value.
#[derive(Clone, Copy)]
struct Value {
    node: NodeId,
    /// Nodes in it, aliased ones as often as they are aliased.
    size: u64,
    /// Nesting in it.
    height: u32,
    end: u32,
}

/// A collection that is still open.
struct Frame {
    collection: Collection,
    anchor: usize,
    start: u32,
    /// Where it starts in what is parsed \[character\].
    start_character: usize,
    flow: bool,
    /// Sum and maximum over what is inside.
    size: u64,
    height: u32,
    end: u32,
}

enum Collection {
    List(Vec<NodeId>),
    Mapping(Mapping),
}

struct Builder<'a> {
    tree: &'a mut Tree,
    source: SourceId,
    part: &'a str,
    base: usize,
    /// What is parsed: the part, perhaps with more indentation.
    repaired: &'a Repaired,
    offsets: Offsets<'a>,
    /// Whether `on` is a key like any other, and not `true`.
    keys_as_written: bool,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Value>,
    written: u64,
    aliased: u64,
    root: Option<NodeId>,
    diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    /// Takes all events; returns the error that ended them too early.
    fn parse(&mut self, text: &str, roots: &mut Vec<Option<NodeId>>) -> Option<ScanError> {
        let mut parser = Parser::new_from_str(text);
        while let Some(next) = parser.next_event() {
            let (event, span) = match next {
                Ok(next) => next,
                Err(error) => return Some(error),
            };
            let span = (span.start.index(), span.end.index());
            match self.event(event, span) {
                Ok(None) => {}
                Ok(root) => roots.push(root),
                Err(Fatal) => {
                    roots.push(None);
                    break;
                }
            }
        }
        None
    }

    /// Where a character of what is parsed stands in the part \[byte\].
    fn byte(&self, character: usize) -> usize {
        self.repaired.original(self.offsets.byte(character))
    }

    /// Takes an event; returns the root when a document ends.
    fn event(
        &mut self,
        event: Event<'_>,
        (from, to): (usize, usize),
    ) -> Result<Option<NodeId>, Fatal> {
        let span = self.offset_span(self.byte(from)..self.byte(to));
        self.written += 1;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), span);
            }
            Event::SequenceStart(anchor, _) => {
                self.open(Collection::List(Vec::new()), anchor, span, (from, to))?;
            }
            Event::MappingStart(anchor, _) => {
                let mapping = Collection::Mapping(Mapping::default());
                self.open(mapping, anchor, span, (from, to))?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::DocumentStart(_) => {
                self.anchors.clear();
                (self.written, self.aliased) = (0, 0);
            }
            Event::DocumentEnd => return Ok(self.root.take()),
            Event::StreamStart | Event::StreamEnd | Event::Nothing => {}
        }
        Ok(None)
    }

    fn syntax_error(&mut self, parser_says: &str, at: usize) {
        let flow = self.frames.iter().rev().find(|frame| frame.flow);
        let open = flow.map(|frame| frame.start as usize - self.base);
        let problem = syntax::explain(parser_says, self.part, at, open);
        if problem.diagnostic.id == syntax::UNQUOTED {
            // The part of the template that was read before the error was reported as well.
            self.diagnostics.pop_if(|last| last.id == syntax::UNQUOTED);
        }
        let mut diagnostic = problem.diagnostic;
        if let Some(stopped) = problem.stopped {
            let place = self.place(self.offset_span(stopped..stopped));
            diagnostic = diagnostic.note_at("this fits no more", place);
        }
        let path = self.path();
        // An item that may not be one has no number.
        let path = match path.segments() {
            [list @ .., Segment::Index(_)] => list.iter().cloned().collect(),
            _ => path,
        };
        self.diagnostics.push(diagnostic.at(Place::Text {
            source: self.source,
            span: self.offset_span(problem.span),
            path: Some(path),
        }));
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) {
        let span = if text.is_empty() && style == ScalarStyle::Plain {
            Span {
                end: span.start,
                ..span
            }
        } else {
            self.trimmed(span)
        };
        let tag = match tag {
            Some(tag) if tag.is_yaml_core_schema() => Some(tag.suffix.as_str()),
            // An exclamation mark alone makes a text.
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => Some("str"),
            _ => None,
        };
        let is_plain = style == ScalarStyle::Plain && tag != Some("str");
        if self.wants_key() && anchor == 0 {
            return self.key(text, is_plain, span);
        }
        let resolves = is_plain || matches!(tag, Some("int" | "float" | "bool" | "null"));
        let content = match scalar::resolve(text) {
            Some(Content::Float(number)) if resolves && !number.is_finite() => {
                self.not_a_json_number(text, span);
                Content::Broken
            }
            _ if tag == Some("binary") => {
                let message = "binary data (`!!binary`) is not supported";
                let help = "write the text itself";
                self.report(
                    Diagnostic::error("unsupported-tag", message).help(help),
                    span,
                );
                Content::Broken
            }
            Some(content) if resolves => content,
            _ => Content::Text(self.tree.add_text(text)),
        };
        let value = Value {
            node: self.tree.add(span, content),
            size: 1,
            height: 0,
            end: span.end,
        };
        self.finish(value, anchor);
    }

    fn not_a_json_number(&mut self, text: &str, span: Span) {
        let message = format!("{} is a number that Kubernetes cannot read", quoted(text));
        let diagnostic = Diagnostic::error("number-not-finite", message).help(format!(
            "put it in quotes where a text is meant: `\"{text}\"`"
        ));
        self.report(diagnostic, span);
    }

    fn wants_key(&self) -> bool {
        match self.frames.last().map(|frame| &frame.collection) {
            Some(Collection::Mapping(mapping)) => matches!(mapping.key, Key::Wanted),
            _ => false,
        }
    }

    fn key(&mut self, text: &str, is_plain: bool, span: Span) {
        let key = if is_plain && text == "<<" {
            Key::Merge(span)
        } else if !is_plain || (self.keys_as_written && !text.is_empty()) {
            Key::Text(self.tree.add_text(text), span)
        } else if let Some(text) = scalar::key_text(text) {
            Key::Text(self.tree.add_text(&text), span)
        } else {
            let message = "a key is missing in front of the colon";
            let help = "write a name, or `\"\"` for an empty one";
            self.report(Diagnostic::error("bad-key", message).help(help), span);
            Key::Broken
        };
        self.set_key(key);
    }

    fn set_key(&mut self, key: Key) {
        if let Some(Frame {
            collection: Collection::Mapping(mapping),
            ..
        }) = self.frames.last_mut()
        {
            mapping.key = key;
        }
    }

    fn open(
        &mut self,
        collection: Collection,
        anchor: usize,
        span: Span,
        (from, to): (usize, usize),
    ) -> Result<(), Fatal> {
        if DEPTH_MAX as usize <= self.frames.len() {
            return Err(self.too_deep(span));
        }
        self.frames.push(Frame {
            collection,
            anchor,
            start: span.start,
            start_character: from,
            // Only a bracket takes up room.
            flow: from < to,
            size: 1,
            height: 1,
            end: span.end,
        });
        Ok(())
    }

    fn too_deep(&mut self, span: Span) -> Fatal {
        let message = format!("the document is nested more than {DEPTH_MAX} levels deep");
        let help = "no object of Kubernetes is; look for brackets that are not closed";
        self.report(Diagnostic::error("too-deep", message).help(help), span);
        Fatal
    }

    fn close(&mut self, span: Span) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let end = if frame.flow { span.end } else { frame.end };
        let span = Span {
            start: frame.start,
            end: end.max(frame.start),
        };
        let node = match &frame.collection {
            Collection::List(items) => self.tree.add_list(span, items),
            Collection::Mapping(Mapping {
                key_broken: Some(key),
                ..
            }) => self.broken_mapping(span, *key),
            Collection::Mapping(mapping) => self.tree.add_mapping(span, &mapping.entries),
        };
        let value = Value {
            node,
            size: frame.size,
            height: frame.height,
            end: span.end,
        };
        self.finish(value, frame.anchor);
    }

    /// A mapping with a mapping or list as key, which is mostly a template without quotes.
    fn broken_mapping(&mut self, span: Span, key: Span) -> NodeId {
        // Where this mapping is itself a key, the outer one has the same text and reports it.
        if !self.wants_key() {
            let written = self.slice(span);
            if written.starts_with("{{") {
                let diagnostic = template::unquoted(written);
                self.report(diagnostic, span);
            } else {
                let message = "a key must be a text, not a list or a mapping";
                let help = "write one plain word in front of the colon";
                self.report(Diagnostic::error("bad-key", message).help(help), key);
            }
        }
        self.tree.add(span, Content::Broken)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fatal> {
        let Some(value) = self.anchors.get(&anchor).copied() else {
            let message = "the alias stands inside the value that it refers to";
            self.report(Diagnostic::error("alias-cycle", message), span);
            return Err(Fatal);
        };
        if DEPTH_MAX < value.height + fit(self.frames.len()) {
            return Err(self.too_deep(span));
        }
        self.aliased = self.aliased.saturating_add(value.size);
        if ALIASED_NODES_MAX.max(10 * self.written) < self.aliased {
            let message = format!(
                "aliases blow the document up to more than {}",
                count(usize::try_from(self.aliased).unwrap_or(usize::MAX), "value")
            );
            let help = "write the values out, or alias less";
            self.report(Diagnostic::error("alias-bomb", message).help(help), span);
            return Err(Fatal);
        }
        if self.wants_key() {
            let key = match self.tree.node(value.node).content {
                Content::Text(text) => Key::Text(text, span),
                _ => self.broken_key(span),
            };
            self.set_key(key);
            return Ok(());
        }
        let end = span.end;
        self.finish(Value { end, ..value }, 0);
        Ok(())
    }

    fn broken_key(&mut self, span: Span) -> Key {
        if let Some(Frame {
            collection: Collection::Mapping(mapping),
            ..
        }) = self.frames.last_mut()
        {
            mapping.key_broken.get_or_insert(span);
        }
        Key::Broken
    }

    /// Puts a finished value where it belongs.
    fn finish(&mut self, value: Value, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, value);
        }
        if self.wants_key() {
            let node = self.tree.node(value.node);
            let key = match node.content {
                Content::Text(text) => Key::Text(text, node.span),
                _ => self.broken_key(node.span),
            };
            self.set_key(key);
            return;
        }
        let Some(mut frame) = self.frames.pop() else {
            self.root = Some(value.node);
            return;
        };
        frame.size = frame.size.saturating_add(value.size);
        frame.height = frame.height.max(value.height + 1);
        frame.end = frame.end.max(value.end);
        match &mut frame.collection {
            Collection::List(items) => items.push(value.node),
            Collection::Mapping(mapping) => match std::mem::take(&mut mapping.key) {
                Key::Text(key, key_span) => {
                    let entry = Entry {
                        key,
                        key_span,
                        value: value.node,
                    };
                    frame.end = frame.end.max(key_span.end);
                    self.insert(mapping, entry);
                }
                Key::Merge(span) => self.merge(mapping, span, value.node),
                Key::Broken | Key::Wanted => {}
            },
        }
        self.frames.push(frame);
    }

    fn report(&mut self, diagnostic: Diagnostic, span: Span) {
        let place = self.place(span);
        self.diagnostics.push(diagnostic.at(place));
    }

    fn place(&self, span: Span) -> Place {
        Place::Text {
            source: self.source,
            span,
            path: Some(self.path()),
        }
    }

    /// The way to the value that is being read.
    fn path(&self) -> Path {
        let segment = |frame: &Frame| match &frame.collection {
            Collection::List(items) => Some(Segment::Index(items.len())),
            Collection::Mapping(mapping) => match mapping.key {
                Key::Text(key, _) => Some(Segment::Key(self.tree.text(key).to_owned())),
                Key::Merge(_) => Some(Segment::Key("<<".to_owned())),
                Key::Wanted | Key::Broken => None,
            },
        };
        self.frames.iter().filter_map(segment).collect()
    }

    fn offset_span(&self, bytes: std::ops::Range<usize>) -> Span {
        Span::new(self.base + bytes.start, self.base + bytes.end)
    }

    fn slice(&self, span: Span) -> &str {
        let bytes = span.start() - self.base..span.end() - self.base;
        self.part.get(bytes).unwrap_or_default()
    }

    /// The span without white space at its end.
    fn trimmed(&self, span: Span) -> Span {
        let length = self.slice(span).trim_end().len();
        Span::new(span.start(), span.start() + length)
    }
}

fn fit(depth: usize) -> u32 {
    u32::try_from(depth).unwrap_or(u32::MAX)
}
