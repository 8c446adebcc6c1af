//! Changing single values in the text that was read.
//!
//! Knows where values stand, and how a value is replaced or a key is added so that the rest of the text stays as it is.
//! Refuses to know what is changed and why ([`crate::vary`]). Simplifies: what is new is written as JSON, which is YAML
//! too.

use std::collections::BTreeSet;

use super::placement::{Placement, placements};
use super::tree::{Content, NodeId};
use super::{Document, Input, Manifest, SourceFile};
use crate::diagnostic::{DocumentId, Path, Segment, SourceId, Span};
use crate::spec::{AnalysisTemplate, ClusterAnalysisTemplate, Experiment, Rollout};
use crate::vary::{Choice, Step};

/// A place of a field in an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    document: DocumentId,
    /// The way to the value.
    pub path: Path,
    /// The field, without the items of lists: `spec.metrics.failureLimit`.
    pub field: String,
}

/// Where a field may be.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The fields that end as the path does.
    pub fields: Vec<String>,
    /// The places in the input that they have, written or not.
    pub places: Vec<Place>,
    /// The names of all fields.
    pub names: BTreeSet<&'static str>,
}

/// A part of the way to a value, known beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stride {
    /// To what a key holds.
    Key(String),
    /// To an item of a list, from 0.
    Index(usize),
    /// To all items of a list, or to what all keys of a mapping hold.
    All,
}

/// Why a way does not lead to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The strides that could be made.
    pub done: usize,
    /// What is there.
    pub why: Obstacle,
}

/// What is there in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A list with so many items, and not the one that is meant.
    Items(usize),
    /// Nothing, where a list would have to be.
    Nothing,
    /// A value without what the way needs.
    Single,
}

/// What is done to a text.
struct Edit {
    source: SourceId,
    /// The bytes that are replaced.
    start: usize,
    end: usize,
    text: String,
}

impl Input {
    /// The text of all sources, as files.
    pub(crate) fn files(&self) -> Vec<SourceFile> {
        let sources = &self.sources;
        let file = |id| SourceFile {
            name: sources.name(id).to_owned(),
            bytes: sources.text(id).as_bytes().to_vec(),
        };
        sources.ids().map(file).collect()
    }

    /// The places of the fields of policies whose path ends in this way.
    pub(crate) fn find(&self, steps: &[Step]) -> Found {
        let mut found = Found::default();
        let kinds: [fn() -> Vec<Placement>; 4] = [
            placements::<Rollout>,
            placements::<Experiment>,
            placements::<AnalysisTemplate>,
            placements::<ClusterAnalysisTemplate>,
        ];
        for (kind, placements) in kinds.into_iter().enumerate() {
            for placement in placements() {
                found.names.insert(placement.field);
                let mut keys = placement.parent.clone();
                keys.push(placement.field);
                let Some(skipped) = keys.len().checked_sub(steps.len()) else {
                    continue;
                };
                let ends_so = keys[skipped..]
                    .iter()
                    .zip(steps)
                    .all(|(key, step)| *key == step.key);
                if !ends_so {
                    continue;
                }
                let field = keys.join(".");
                for document in self.documents_of(kind) {
                    let walk = Walk {
                        input: self,
                        document,
                        field: &field,
                        keys: &keys,
                        steps,
                        skipped,
                    };
                    walk.follow(
                        self.documents[document.0].root,
                        0,
                        &Path::root(),
                        &mut found.places,
                    );
                }
                if !found.fields.contains(&field) {
                    found.fields.push(field);
                }
            }
        }
        found
    }

    /// The places in a document that a way leads to. Keys at its end need not be written.
    pub(crate) fn reach(&self, document: DocumentId, way: &[Stride]) -> Result<Vec<Place>, Stop> {
        let root = self.documents.get(document.0).map(|document| document.root);
        let mut reached = vec![(root, Path::root())];
        for (done, stride) in way.iter().enumerate() {
            let mut next = Vec::new();
            for (node, path) in reached {
                let stop = self.stride(node, path, stride, &mut next);
                stop.map_err(|why| Stop { done, why })?;
            }
            reached = next;
        }
        let keys = way.iter().filter_map(|stride| match stride {
            Stride::Key(key) => Some(key.as_str()),
            _ => None,
        });
        let field = keys.collect::<Vec<&str>>().join(".");
        let place = |(_, path)| Place {
            document,
            path,
            field: field.clone(),
        };
        Ok(reached.into_iter().map(place).collect())
    }

    /// Goes on from a node, or from a place where none is written.
    fn stride(
        &self,
        node: Option<NodeId>,
        path: Path,
        stride: &Stride,
        reached: &mut Vec<(Option<NodeId>, Path)>,
    ) -> Result<(), Obstacle> {
        let tree = &self.tree;
        let content = node.map_or(Content::Null, |node| tree.node(node).content);
        match (stride, content, node) {
            (Stride::Key(key), Content::Mapping(_), Some(node)) => {
                reached.push((tree.get(node, key), path.key(key)));
            }
            (Stride::Key(key), Content::Null, _) => reached.push((None, path.key(key))),
            (Stride::All, Content::Mapping(_), Some(node)) => {
                for entry in tree.entries(node) {
                    reached.push((Some(entry.value), path.clone().key(tree.text(entry.key))));
                }
            }
            (Stride::All, Content::List(_), Some(node)) => {
                for (index, item) in tree.items(node).iter().enumerate() {
                    reached.push((Some(*item), path.clone().index(index)));
                }
            }
            (Stride::Index(index), Content::List(_), Some(node)) => {
                let items = tree.items(node);
                let item = items.get(*index).ok_or(Obstacle::Items(items.len()))?;
                reached.push((Some(*item), path.index(*index)));
            }
            (Stride::Index(_) | Stride::All, Content::Null, _) => {
                return Err(Obstacle::Nothing);
            }
            _ => return Err(Obstacle::Single),
        }
        Ok(())
    }

    /// The files after these places have got this value.
    pub(crate) fn edited(&self, places: &[Place], value: &str) -> Vec<SourceFile> {
        let mut edits: Vec<Edit> = places
            .iter()
            .filter_map(|place| self.edit(place, value))
            .collect();
        // From the end to the beginning, so that places stay where they are; aliased text is edited once.
        edits.sort_by_key(|edit| (edit.source, std::cmp::Reverse((edit.start, edit.end))));
        edits.dedup_by_key(|edit| (edit.source, edit.start, edit.end));
        let ids: Vec<SourceId> = self.sources.ids().collect();
        let mut files = self.files();
        for edit in edits {
            let file = ids.iter().position(|id| *id == edit.source);
            let Some(file) = file.and_then(|index| files.get_mut(index)) else {
                continue;
            };
            if edit.start <= edit.end && edit.end <= file.bytes.len() {
                file.bytes
                    .splice(edit.start..edit.end, edit.text.into_bytes());
            }
        }
        files
    }

    /// The value at a place; `None` if nothing is written there.
    pub(crate) fn value_at(&self, place: &Place) -> Option<serde_json::Value> {
        let document = self.documents.get(place.document.0)?;
        let (node, _, done) = self.tree.follow(document.root, &place.path);
        (done == place.path.segments().len()).then(|| self.value(node, 0))
    }

    /// The policies of the input as they are written, in their order.
    pub(crate) fn policies(&self) -> Vec<serde_json::Value> {
        let is_policy = |manifest: &&Manifest| {
            matches!(
                manifest,
                Manifest::Rollout(_)
                    | Manifest::Experiment(_)
                    | Manifest::AnalysisTemplate(_)
                    | Manifest::ClusterAnalysisTemplate(_)
            )
        };
        let policies = self.manifests().filter(is_policy);
        let documents = policies.filter_map(|policy| self.documents.get(policy.document().0));
        documents
            .map(|document| self.value(document.root, 0))
            .collect()
    }

    /// The documents of a kind: 0 Rollouts, 1 Experiments, 2 and 3 templates.
    fn documents_of(&self, kind: usize) -> impl Iterator<Item = DocumentId> {
        let manifests = self.manifests();
        manifests.filter_map(move |manifest| {
            let found = match manifest {
                Manifest::Rollout(_) => 0,
                Manifest::Experiment(_) => 1,
                Manifest::AnalysisTemplate(_) => 2,
                Manifest::ClusterAnalysisTemplate(_) => 3,
                _ => return None,
            };
            (found == kind).then(|| manifest.document())
        })
    }

    fn edit(&self, place: &Place, value: &str) -> Option<Edit> {
        let Document { source, root, .. } = self.documents.get(place.document.0)?;
        let (node, _, done) = self.tree.follow(*root, &place.path);
        let source = self.tree.source(node).unwrap_or(*source);
        let text = self.sources.text(source);
        let span = self.tree.node(node).span;
        let missing = &place.path.segments()[done..];
        let (start, end, text) = match missing {
            [] => {
                let is_list = matches!(self.tree.node(node).content, Content::List(_));
                replacement(text, span, is_list, value)?
            }
            [Segment::Key(key), below @ ..] => {
                let mut value = value.to_owned();
                for segment in below.iter().rev() {
                    let Segment::Key(key) = segment else {
                        return None;
                    };
                    value = format!("{{{}: {value}}}", serde_json::Value::from(key.as_str()));
                }
                self.addition(text, node, key, &value)?
            }
            [Segment::Index(_), ..] => return None,
        };
        Some(Edit {
            source,
            start,
            end,
            text,
        })
    }

    /// A new key in front of the first one of a mapping.
    fn addition(
        &self,
        text: &str,
        mapping: NodeId,
        key: &str,
        value: &str,
    ) -> Option<(usize, usize, String)> {
        let span = self.tree.node(mapping).span;
        let entry = format!("{}: {value}", serde_json::Value::from(key));
        let within = |at: &Span| span.start() <= at.start() && at.end() <= span.end();
        // What a scenario takes from another one stands elsewhere, maybe in another file.
        let source = self.tree.source(mapping);
        let own = |entry: &&super::tree::Entry| self.tree.source(entry.value) == source;
        let entries = self.tree.entries(mapping).iter().filter(own);
        let keys = entries.map(|entry| entry.key_span);
        let Some(first) = keys.filter(within).min_by_key(|key| key.start()) else {
            return replacement(text, span, false, &format!("{{{entry}}}"));
        };
        let at = first.start();
        if text.get(span.start()..)?.starts_with('{') {
            return Some((at, at, format!("{entry}, ")));
        }
        let line = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
        let indent = " ".repeat(text[line..at].chars().count());
        Some((at, at, format!("{entry}\n{indent}")))
    }

    fn value(&self, node: NodeId, depth: u32) -> serde_json::Value {
        let tree = &self.tree;
        match tree.node(node).content {
            _ if super::DEPTH_MAX < depth => serde_json::Value::Null,
            Content::Null | Content::Broken => serde_json::Value::Null,
            Content::Bool(value) => value.into(),
            Content::Int(value) => value.into(),
            Content::Large(value) => value.into(),
            Content::Float(value) => value.into(),
            Content::Text(text) => tree.text(text).into(),
            Content::List(_) => {
                let items = tree.items(node).iter();
                items.map(|item| self.value(*item, depth + 1)).collect()
            }
            Content::Mapping(_) => {
                let entries = tree.entries(node).iter();
                let entry = |entry: &super::tree::Entry| {
                    let key = tree.text(entry.key).to_owned();
                    (key, self.value(entry.value, depth + 1))
                };
                serde_json::Value::Object(entries.map(entry).collect())
            }
        }
    }
}

/// A value in the place of another one, or behind a key that nothing stands behind; space behind the old one stays. What stood on lines of its own goes behind its key.
/// A list may begin at its first dash or behind it.
fn replacement(
    text: &str,
    span: Span,
    is_list: bool,
    value: &str,
) -> Option<(usize, usize, String)> {
    let old = text.get(span.start()..span.end())?;
    let rest = text.get(span.end()..)?;
    if old.is_empty() && rest.trim_start_matches([' ', '\t']).starts_with(':') {
        let behind = span.end() + rest.find(':')? + 1;
        return Some((behind, behind, format!(" {value}")));
    }
    let end = span.start() + old.trim_end().len();
    let before = text.get(..span.start())?;
    let is_gap = |c: char| c.is_whitespace() || is_list && c == '-';
    let key = before.trim_end_matches(is_gap);
    if key.ends_with(':') && before[key.len()..].contains('\n') {
        return Some((key.len(), end, format!(" {value}")));
    }
    let gap = if before.ends_with([':', '-']) {
        " "
    } else {
        ""
    };
    Some((span.start(), end, format!("{gap}{value}")))
}

/// On the way to the places of a field in a document.
struct Walk<'a> {
    input: &'a Input,
    document: DocumentId,
    field: &'a str,
    keys: &'a [&'static str],
    steps: &'a [Step],
    /// Keys in front of those that are named.
    skipped: usize,
}

impl Walk<'_> {
    /// Goes on from a mapping with the key number `next`. As deep as the field's path is long.
    fn follow(&self, node: NodeId, next: usize, path: &Path, places: &mut Vec<Place>) {
        let tree = &self.input.tree;
        let is_mapping = matches!(tree.node(node).content, Content::Mapping(_));
        let Some(key) = self.keys.get(next).filter(|_| is_mapping) else {
            return;
        };
        let path = path.clone().key(*key);
        let step = next.checked_sub(self.skipped);
        let step = step.and_then(|step| self.steps.get(step));
        let choice = step.and_then(|step| step.choice.as_ref());
        let is_last = next + 1 == self.keys.len();
        let Some(value) = tree.get(node, key) else {
            if is_last && choice.is_none() {
                self.note(path, places);
            }
            return;
        };
        if is_last && choice.is_none() {
            return self.note(path, places);
        }
        if !matches!(tree.node(value).content, Content::List(_)) {
            if choice.is_none() {
                self.follow(value, next + 1, &path, places);
            }
            return;
        }
        for (index, item) in tree.items(value).iter().enumerate() {
            let is_chosen = match choice {
                None | Some(Choice::All) => true,
                Some(Choice::Index(chosen)) => *chosen == index,
                Some(Choice::Name(name)) => {
                    let written = tree.get(*item, "name");
                    written.and_then(|written| tree.as_text(written)) == Some(name)
                }
            };
            if is_chosen {
                let path = path.clone().index(index);
                if is_last {
                    self.note(path, places);
                } else {
                    self.follow(*item, next + 1, &path, places);
                }
            }
        }
    }

    fn note(&self, path: Path, places: &mut Vec<Place>) {
        places.push(Place {
            document: self.document,
            path,
            field: self.field.to_owned(),
        });
    }
}
