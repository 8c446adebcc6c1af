//! Documents as trees whose every key and value knows its place in the text.
//!
//! Knows the data model of JSON, plus places. Refuses to know YAML and what the data means. An
//! aliased value is one node with several parents, so that a path through an alias leads to the
//! text behind the anchor.

use crate::diagnostic::{Path, Segment, SourceId, Span};

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(u32);

/// A text kept in a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    start: u32,
    end: u32,
}

/// Consecutive entries or items kept in a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slice {
    start: u32,
    end: u32,
}

/// What a node holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Int(i64),
    /// A whole number above the range of `Int`.
    Large(u64),
    Float(f64),
    Text(Text),
    List(Slice),
    Mapping(Slice),
    /// Something that was reported and has no value.
    Broken,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) content: Content,
}

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Text,
    pub(crate) key_span: Span,
    pub(crate) value: NodeId,
}

/// All nodes of all documents that were read together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    entries: Vec<Entry>,
    items: Vec<NodeId>,
    texts: String,
    /// Of which source the nodes from a number on are.
    sources: Vec<(u32, SourceId)>,
}

impl Tree {
    /// Says of which source all further nodes are.
    pub(crate) fn begin(&mut self, source: SourceId) {
        if self.sources.last().is_none_or(|(_, last)| *last != source) {
            self.sources.push((fit(self.nodes.len()), source));
        }
    }

    /// The source in which a node is written. The merged mappings of a scenario that extends another one are of its own source, their
    /// values are where they were written.
    pub(crate) fn source(&self, id: NodeId) -> Option<SourceId> {
        let next = self.sources.partition_point(|(first, _)| *first <= id.0);
        Some(self.sources.get(next.checked_sub(1)?)?.1)
    }

    pub(crate) fn add(&mut self, span: Span, content: Content) -> NodeId {
        self.nodes.push(Node { span, content });
        NodeId(fit(self.nodes.len() - 1))
    }

    pub(crate) fn add_text(&mut self, text: &str) -> Text {
        let start = fit(self.texts.len());
        self.texts.push_str(text);
        let end = fit(self.texts.len());
        Text { start, end }
    }

    /// Adds a mapping; no two entries have the same key.
    pub(crate) fn add_mapping(&mut self, span: Span, entries: &[Entry]) -> NodeId {
        let start = fit(self.entries.len());
        self.entries.extend_from_slice(entries);
        let end = fit(self.entries.len());
        self.add(span, Content::Mapping(Slice { start, end }))
    }

    pub(crate) fn add_list(&mut self, span: Span, items: &[NodeId]) -> NodeId {
        let start = fit(self.items.len());
        self.items.extend_from_slice(items);
        let end = fit(self.items.len());
        self.add(span, Content::List(Slice { start, end }))
    }

    pub(crate) fn node(&self, id: NodeId) -> Node {
        self.nodes[id.0 as usize]
    }

    pub(crate) fn text(&self, text: Text) -> &str {
        &self.texts[text.start as usize..text.end as usize]
    }

    /// The entries of a mapping, none for anything else.
    pub(crate) fn entries(&self, id: NodeId) -> &[Entry] {
        match self.node(id).content {
            Content::Mapping(Slice { start, end }) => &self.entries[start as usize..end as usize],
            _ => &[],
        }
    }

    /// The items of a list, none for anything else.
    pub(crate) fn items(&self, id: NodeId) -> &[NodeId] {
        match self.node(id).content {
            Content::List(Slice { start, end }) => &self.items[start as usize..end as usize],
            _ => &[],
        }
    }

    /// The entry of a mapping under a key.
    pub(crate) fn entry(&self, id: NodeId, key: &str) -> Option<Entry> {
        let entries = self.entries(id).iter();
        entries.copied().find(|entry| self.text(entry.key) == key)
    }

    /// The value of a mapping under a key.
    pub(crate) fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        self.entry(id, key).map(|entry| entry.value)
    }

    /// The text that a node holds.
    pub(crate) fn as_text(&self, id: NodeId) -> Option<&str> {
        match self.node(id).content {
            Content::Text(text) => Some(self.text(text)),
            _ => None,
        }
    }

    /// Follows a path as far as it exists: the node, the span of its key if it has one, and the
    /// number of steps that were possible. A key is of the same source as its value.
    pub(crate) fn follow(&self, root: NodeId, path: &Path) -> (NodeId, Option<Span>, usize) {
        let (mut node, mut key) = (root, None);
        for (done, segment) in path.segments().iter().enumerate() {
            let next = match segment {
                Segment::Key(name) => {
                    let entry = self.entry(node, name);
                    entry.map(|entry| (entry.value, Some(entry.key_span)))
                }
                Segment::Index(index) => self.items(node).get(*index).map(|item| (*item, None)),
            };
            match next {
                Some(next) => (node, key) = next,
                None => return (node, key, done),
            }
        }
        (node, key, path.segments().len())
    }
}

/// Sources are at most 64 MiB each; the offsets of more than 4 GiB in all saturate, and the slices
/// made from them are empty.
fn fit(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
