//! One document: which object it is, the objects inside a list, and reading it.
//!
//! Knows `apiVersion`, `kind`, `metadata.name` and lists. Refuses to know other fields.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::decode::{FAULTS_MAX, decode};
use super::inherit::{self, Pending};
use super::kind::{Identity, Kind, identify, item_kind};
use super::manifest::{self, Decode, Manifest};
use super::placement::{Placement, placements};
use super::problem;
use super::tree::{Content, NodeId};
use super::{Document, Ignored, Input};
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, DocumentId, Located, Part, Path, Place, SourceId, Span};

/// Reads documents one after the other into an input.
pub(crate) struct Objects<'a> {
    pub(crate) input: &'a mut Input,
    /// Fields of the types that had unknown ones.
    placements: BTreeMap<&'static str, Vec<Placement>>,
    /// Objects by kind, namespace and name: where each is in the manifests.
    names: BTreeMap<(String, String, String), usize>,
    /// Scenarios, which are read when all are known.
    scenarios: Vec<Pending>,
}

/// What a document or an item of a list is.
struct Object {
    source: SourceId,
    root: NodeId,
    prefix: Path,
    /// Kind and API version that the list around it gives.
    from_list: Option<(String, Option<String>)>,
}

impl<'a> Objects<'a> {
    pub(crate) fn new(input: &'a mut Input) -> Self {
        Objects {
            input,
            placements: BTreeMap::new(),
            names: BTreeMap::new(),
            scenarios: Vec::new(),
        }
    }

    /// Reads the scenarios, which may extend one another.
    pub(crate) fn finish(mut self) {
        let scenarios = std::mem::take(&mut self.scenarios);
        inherit::resolve(self.input, &scenarios);
        for Pending {
            document,
            slot,
            word,
        } in scenarios
        {
            let mut decoder = Decoder {
                objects: &mut self,
                document,
                word: &word,
            };
            let manifest = manifest::read(Kind::Scenario, &mut decoder);
            self.input.manifests[slot] = manifest;
        }
    }

    /// Reads a document with everything in it; returns whether any of it is of a kind that we know.
    pub(crate) fn read(&mut self, source: SourceId, root: NodeId) -> bool {
        let mut is_ours = false;
        let mut waiting = vec![Object {
            source,
            root,
            prefix: Path::root(),
            from_list: None,
        }];
        while let Some(object) = waiting.pop() {
            match self.items(&object) {
                // The first item is to be read first.
                Some(items) => waiting.extend(items.into_iter().rev()),
                None => is_ours |= self.object(object),
            }
        }
        is_ours
    }

    /// The items of a list (`kind: List`, `kind: RolloutList`), `None` for any other object.
    fn items(&self, object: &Object) -> Option<Vec<Object>> {
        let tree = &self.input.tree;
        let word = tree
            .get(object.root, "kind")
            .and_then(|kind| tree.as_text(kind))?;
        let from_list = match item_kind(word) {
            Some(item) => {
                let api_version = tree.get(object.root, "apiVersion");
                let api_version = api_version.and_then(|node| tree.as_text(node));
                Some((item.to_owned(), api_version.map(str::to_owned)))
            }
            None if word == "List" => None,
            None => return None,
        };
        let list = tree.get(object.root, "items")?;
        if !matches!(tree.node(list).content, Content::List(_) | Content::Null) {
            return None;
        }
        let item = |(index, root): (usize, &NodeId)| Object {
            source: object.source,
            root: *root,
            prefix: object.prefix.clone().key("items").index(index),
            from_list: from_list.clone(),
        };
        Some(tree.items(list).iter().enumerate().map(item).collect())
    }

    fn object(&mut self, object: Object) -> bool {
        let document = DocumentId(self.input.documents.len());
        let Object {
            source,
            root,
            prefix,
            from_list,
        } = object;
        self.input.documents.push(Document {
            source,
            root,
            prefix,
            omitted: Vec::new(),
        });
        let place = |path: &str, part| Place::Document {
            document,
            path: Path::from(path),
            part,
        };
        match self.input.tree.node(root).content {
            Content::Mapping(_) => {}
            Content::Null | Content::Broken => return false,
            _ => {
                let message = "the document is no object of Kubernetes";
                let help = "an object is a mapping with `apiVersion`, `kind` and `metadata`";
                let diagnostic = Diagnostic::error("not-an-object", message).help(help);
                self.report(diagnostic.at(place("", Part::Value)));
                return false;
            }
        }
        let (list_kind, list_version) = from_list.unzip();
        let word = self.text_of(root, "kind").or(list_kind);
        let api_version = self.text_of(root, "apiVersion").or(list_version.flatten());
        let Some(word) = word else {
            let message = "the document does not say its `kind`";
            let help = "add `apiVersion` and `kind`, such as `kind: Rollout`; \
                        leave out files that are no manifests";
            let diagnostic = Diagnostic::error("missing-kind", message).help(help);
            self.report(diagnostic.at(place("kind", Part::Value)));
            return false;
        };
        let kind = match identify(api_version.as_deref(), &word) {
            Identity::Known(kind) => kind,
            Identity::Foreign => {
                self.ignore(document, root, word, api_version);
                return false;
            }
            Identity::Nearly(kind, meant, meant_version) => {
                let diagnostic = nearly(&word, api_version.as_deref(), meant, &meant_version);
                let is_kind = word != meant || api_version.is_none();
                let field = if is_kind { "kind" } else { "apiVersion" };
                self.report(diagnostic.at(place(field, Part::Value)));
                kind
            }
        };
        self.known(document, kind, &word);
        true
    }

    fn text_of(&self, root: NodeId, key: &str) -> Option<String> {
        let tree = &self.input.tree;
        let text = tree.as_text(tree.get(root, key)?)?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn ignore(
        &mut self,
        document: DocumentId,
        root: NodeId,
        kind: String,
        api_version: Option<String>,
    ) {
        let tree = &self.input.tree;
        let metadata = tree.get(root, "metadata");
        let name = metadata.and_then(|metadata| self.text_of(metadata, "name"));
        self.input.ignored.push(Ignored {
            kind,
            api_version: api_version.unwrap_or_default(),
            name: name.unwrap_or_default(),
            place: Place::Document {
                document,
                path: Path::from("kind"),
                part: Part::Value,
            },
        });
    }

    /// Ignores a document that cannot be read when its first lines say that it is none of our
    /// business.
    pub(crate) fn ignore_unreadable(&mut self, source: SourceId, part: &str, base: usize) -> bool {
        let field = |name: &str| {
            let mut offset = 0;
            part.split_inclusive('\n').find_map(|line| {
                let start = offset;
                offset += line.len();
                let value = line.strip_prefix(name)?.strip_prefix(':')?.trim();
                Some((start, value.trim_matches(['"', '\'']).to_owned()))
            })
        };
        let (Some((at, kind)), Some((_, api_version))) = (field("kind"), field("apiVersion"))
        else {
            return false;
        };
        if identify(Some(&api_version), &kind) != Identity::Foreign || kind == "List" {
            return false;
        }
        self.input.ignored.push(Ignored {
            place: Place::Text {
                source,
                span: Span::new(base + at, base + at + "kind".len()),
                path: Some(Path::from("kind")),
            },
            kind,
            api_version,
            name: String::new(),
        });
        true
    }

    fn known(&mut self, document: DocumentId, kind: Kind, word: &str) {
        if kind == Kind::Scenario {
            self.scenarios.push(Pending {
                document,
                slot: self.input.manifests.len(),
                word: word.to_owned(),
            });
            self.input.manifests.push(None);
            return;
        }
        let mut decoder = Decoder {
            objects: self,
            document,
            word,
        };
        let Some(manifest) = manifest::read(kind, &mut decoder) else {
            return;
        };
        let metadata = manifest.metadata().cloned().unwrap_or_default();
        if metadata.name().is_empty() {
            if metadata.generate_name.is_none() && !self.omits(document, "metadata.name") {
                let message = format!("the {word} has no name");
                let help = "add `metadata: {name: ...}`";
                let diagnostic = Diagnostic::error("missing-name", message).help(help);
                let path = Path::from("metadata.name");
                let part = Part::Value;
                let place = Place::Document {
                    document,
                    path,
                    part,
                };
                self.report(diagnostic.at(place));
            }
            self.input.manifests.push(Some(manifest));
            return;
        }
        self.replace_earlier(document, &manifest, metadata.namespace(), metadata.name());
        self.input.manifests.push(Some(manifest));
    }

    /// Drops an earlier object of the same kind and name: applied one after the other, the last
    /// remains.
    fn replace_earlier(
        &mut self,
        document: DocumentId,
        manifest: &Manifest,
        namespace: &str,
        name: &str,
    ) {
        let kind = match manifest.api_version().split_once('/') {
            Some((group, _)) => format!("{group}/{}", manifest.kind()),
            None => manifest.kind().to_owned(),
        };
        let key = (kind, namespace.to_owned(), name.to_owned());
        let here = self.input.manifests.len();
        let Some(earlier) = self.names.insert(key, here) else {
            return;
        };
        let Some(earlier) = self.input.manifests[earlier].take() else {
            return;
        };
        let at = |document| Place::Document {
            document,
            path: Path::from("metadata.name"),
            part: Part::Value,
        };
        let kind = manifest.kind();
        let message = format!(
            "{kind} {} is written twice; the last one counts",
            quoted(name)
        );
        let diagnostic = Diagnostic::warning("duplicate-object", message)
            .at(at(document))
            .note_at("this one is replaced", at(earlier.document()))
            .note("in a cluster the object that is applied last remains")
            .help("remove one of the two, or give one another name");
        self.report(diagnostic);
    }

    fn omits(&self, document: DocumentId, path: &str) -> bool {
        let omitted = &self.input.documents[document.0].omitted;
        let path = Path::from(path);
        omitted.iter().any(|omitted| omitted.contains(&path))
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.input.diagnostics.push(diagnostic);
    }
}

/// What is wrong with a kind or API version that is nearly one of ours.
fn nearly(word: &str, api_version: Option<&str>, meant: &str, meant_version: &str) -> Diagnostic {
    if word != meant {
        let diagnostic =
            Diagnostic::error("unknown-kind", format!("unknown kind {}", quoted(word)));
        return diagnostic.help(format!("did you mean `{meant}`?"));
    }
    let message = match api_version {
        Some(written) => format!("there is no {meant} in {}", quoted(written)),
        None => format!("the {meant} does not say its `apiVersion`"),
    };
    let diagnostic = Diagnostic::error("wrong-api-version", message);
    diagnostic.help(format!("write `apiVersion: {meant_version}`"))
}

/// Decodes one document.
struct Decoder<'o, 'a, 'w> {
    objects: &'o mut Objects<'a>,
    document: DocumentId,
    /// The kind as it is written.
    word: &'w str,
}

impl Decode for Decoder<'_, '_, '_> {
    fn decode<T: DeserializeOwned>(&mut self) -> Option<Located<T>> {
        let input = &mut *self.objects.input;
        let document = self.document;
        let Document { source, root, .. } = input.documents[document.0];
        let decoded = decode::<T>(&input.tree, root);
        let tree = &input.tree;
        for fault in &decoded.faults {
            // What a scenario takes over from another one is written there.
            let text = input
                .sources
                .text(tree.source(fault.node).unwrap_or(source));
            let written = problem::written(tree, fault.node, text);
            let diagnostic = problem::of_fault(tree, fault, written, self.word);
            let place = Place::Document {
                document,
                path: fault.path.clone(),
                part: Part::Value,
            };
            input.diagnostics.push(diagnostic.at(place));
        }
        let faults = decoded.faults.iter().map(|fault| fault.path.clone());
        input.documents[document.0].omitted = faults.chain(decoded.broken).collect();
        if FAULTS_MAX <= decoded.faults.len() {
            let message = format!("the {} has more wrong values than are listed", self.word);
            input
                .diagnostics
                .push(
                    Diagnostic::info("more-problems", message).at(Place::Document {
                        document,
                        path: Path::root(),
                        part: Part::Value,
                    }),
                );
        }
        if !decoded.unknown.is_empty() {
            let type_name = std::any::type_name::<T>();
            let known = self.objects.placements.entry(type_name);
            let known = known.or_insert_with(placements::<T>);
            for unknown in &decoded.unknown {
                let key = tree.text(unknown.entry.key);
                let place = Place::Document {
                    document,
                    path: unknown.parent.clone().key(key),
                    part: Part::Key,
                };
                let diagnostic = problem::of_unknown(tree, unknown, known);
                input
                    .diagnostics
                    .extend(diagnostic.map(|diagnostic| diagnostic.at(place)));
            }
        }
        let value = decoded.value?;
        Some(Located { value, document })
    }
}
