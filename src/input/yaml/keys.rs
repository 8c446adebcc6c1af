//! Keys of a mapping that is being read.
//!
//! Knows repeated keys and merge keys, and what Kubernetes' reader makes of them. Refuses to know
//! events.

use std::collections::HashMap;

use super::Builder;
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Place, Span};
use crate::input::tree::{Content, Entry, NodeId, Text, Tree};

#[derive(Default)]
pub(super) struct Mapping {
    pub(super) entries: Vec<Entry>,
    /// For each entry whether it is written here; else it was merged.
    pub(super) is_written: Vec<bool>,
    /// Positions of the entries by key, once there are many.
    index: Option<HashMap<String, usize>>,
    pub(super) key: Key,
    /// The first key that is no text.
    pub(super) key_broken: Option<Span>,
}

#[derive(Clone, Copy, Default)]
pub(super) enum Key {
    #[default]
    Wanted,
    Text(Text, Span),
    Merge(Span),
    Broken,
}

impl Builder<'_> {
    /// Adds an entry that is written in the mapping. Of a repeated key the last value counts, with
    /// a warning and not an error: `kubectl apply` turns YAML into JSON with that very result and
    /// says nothing, so that the cluster runs the last value, and so do we.
    pub(super) fn insert(&mut self, mapping: &mut Mapping, entry: Entry) {
        let Some(position) = mapping.position(self.tree, entry.key) else {
            mapping.push(self.tree, entry, true);
            return;
        };
        let before = mapping.entries[position];
        mapping.entries[position] = entry;
        if !std::mem::replace(&mut mapping.is_written[position], true) {
            return;
        }
        let key = self.tree.text(entry.key).to_owned();
        let path = self.path().key(key.clone());
        let place = |span| Place::Text {
            source: self.source,
            span,
            path: Some(path.clone()),
        };
        let message = format!("{} is written twice; the last one counts", quoted(&key));
        let diagnostic = Diagnostic::warning("duplicate-key", message)
            .at(place(entry.key_span))
            .note_at("this one is ignored", place(before.key_span))
            .help("remove one of the two");
        self.diagnostics.push(diagnostic);
    }

    /// Merges one mapping or a list of them, the first of which wins. What is merged overrides the
    /// keys in front of `<<`, unlike YAML's own rule (go-yaml v2, `decode.go: merge`).
    pub(super) fn merge(&mut self, mapping: &mut Mapping, span: Span, value: NodeId) {
        let content = self.tree.node(value).content;
        let merged: Vec<NodeId> = match content {
            Content::List(_) => self.tree.items(value).iter().rev().copied().collect(),
            _ => vec![value],
        };
        for node in merged {
            if !matches!(self.tree.node(node).content, Content::Mapping(_)) {
                let message = "`<<` merges mappings only";
                let help = "let it refer to a mapping: `<<: *name`";
                self.report(Diagnostic::error("bad-merge", message).help(help), span);
                return;
            }
            for entry in self.tree.entries(node).to_vec() {
                let Some(position) = mapping.position(self.tree, entry.key) else {
                    mapping.push(self.tree, entry, false);
                    continue;
                };
                if mapping.is_written[position] {
                    let key = quoted(self.tree.text(entry.key));
                    let message = format!("`<<` overrides {key}, which stands in front of it");
                    let diagnostic = Diagnostic::warning("merge-overrides", message)
                        .note("Kubernetes' reader goes in order, unlike other readers of YAML")
                        .help("write `<<` first");
                    self.report(diagnostic, span);
                }
                mapping.entries[position] = entry;
                mapping.is_written[position] = false;
            }
        }
    }
}

impl Mapping {
    fn position(&self, tree: &Tree, key: Text) -> Option<usize> {
        let text = tree.text(key);
        match &self.index {
            Some(index) => index.get(text).copied(),
            None => self
                .entries
                .iter()
                .position(|entry| tree.text(entry.key) == text),
        }
    }

    fn push(&mut self, tree: &Tree, entry: Entry, is_written: bool) {
        let text = |entry: &Entry| tree.text(entry.key).to_owned();
        if let Some(index) = &mut self.index {
            index.insert(text(&entry), self.entries.len());
        }
        self.entries.push(entry);
        self.is_written.push(is_written);
        // Few keys are faster compared one by one.
        if self.index.is_none() && 24 < self.entries.len() {
            let keys = self.entries.iter().map(text);
            self.index = Some(keys.enumerate().map(|(at, key)| (key, at)).collect());
        }
    }
}
