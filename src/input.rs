//! Reading manifests: text in, objects and everything that is wrong with them out.
//!
//! Knows YAML as Kubernetes' reader understands it, the kinds that a release concerns, and where
//! in the text each value stands. Refuses to know files (they come as bytes), defaults and rules
//! of the objects. A document that cannot be read does not take the others with it. Simplifies:
//! what it does not know it lists and leaves alone.

use std::ops::Range;

use crate::diagnostic::{
    self, Diagnostic, DocumentId, Finding, Location, Part, Path, Place, SourceId, Sources, Span,
};

mod align;
mod blank;
mod decode;
pub mod edit;
mod encoding;
mod inherit;
mod kind;
mod manifest;
mod object;
mod offsets;
pub(crate) mod placement;
mod problem;
mod repair;
mod scalar;
mod stream;
mod syntax;
mod template;
mod tree;
mod yaml;

pub use decode::FAULTS_MAX;
pub use encoding::SOURCE_SIZE_MAX;
pub use manifest::Manifest;
pub use yaml::{ALIASED_NODES_MAX, DEPTH_MAX};

use object::Objects;
use tree::{Content, NodeId, Tree};

/// Most bytes of all sources together: 1 GiB.
pub const INPUT_SIZE_MAX: usize = 1 << 30;

/// A file, or whatever else has a name and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The name under which the user knows it.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// An object that is none of our business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    pub kind: String,
    /// Empty when it is not written.
    pub api_version: String,
    /// Empty when it is not written.
    pub name: String,
    pub place: Place,
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The objects, in order; `None` for one that a later object of the same name replaces.
    manifests: Vec<Option<Manifest>>,
    pub ignored: Vec<Ignored>,
    pub diagnostics: Vec<Diagnostic>,
    pub sources: Sources,
    tree: Tree,
    documents: Vec<Document>,
}

#[derive(Clone, Debug)]
struct Document {
    source: SourceId,
    root: NodeId,
    /// The way from the document in the file to this one, when it is an item of a list.
    prefix: Path,
    /// Values that did not fit and were left out.
    omitted: Vec<Path>,
}

/// Reads all objects of all sources, in order. Never fails: what cannot be read is described in
/// [`Input::diagnostics`].
#[must_use]
pub fn read(files: Vec<SourceFile>) -> Input {
    let mut input = Input::default();
    let mut objects = Objects::new(&mut input);
    let mut size = 0_usize;
    for SourceFile { name, bytes } in files {
        size = size.saturating_add(bytes.len());
        let text = if INPUT_SIZE_MAX < size {
            Err(encoding::too_much())
        } else {
            encoding::decode(bytes)
        };
        match text {
            Ok(text) => {
                let source = objects.input.sources.add(name, text);
                read_source(&mut objects, source);
            }
            Err(unreadable) => {
                let sources = &mut objects.input.sources;
                let source = sources.add(name, unreadable.shown);
                let place = match unreadable.span {
                    Some(span) => Place::Text {
                        source,
                        span,
                        path: None,
                    },
                    None => Place::Source(source),
                };
                let diagnostic = Diagnostic::error(unreadable.id, unreadable.message);
                let diagnostic = diagnostic.at(place).help(unreadable.help);
                objects.input.diagnostics.push(diagnostic);
            }
        }
    }
    objects.finish();
    input
}

impl Input {
    /// The objects that count, in the order in which they are written.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.iter().flatten()
    }

    /// The span of a place; `None` when it belongs to another input. What is not written is placed
    /// at the nearest parent that is.
    #[must_use]
    pub fn locate(&self, place: &Place) -> Option<Location> {
        match place {
            Place::Source(source) => Some(Location {
                source: *source,
                span: None,
                path: None,
            }),
            Place::Text { source, span, path } => Some(Location {
                source: *source,
                span: Some(*span),
                path: path.clone(),
            }),
            Place::Document {
                document,
                path,
                part,
            } => {
                let document = self.documents.get(document.0)?;
                let (source, span) = self.span(document, path, part);
                Some(Location {
                    source,
                    span: Some(span),
                    path: Some(document.prefix.clone().join(path)),
                })
            }
        }
    }

    /// Everything found while reading, and what was found later, with places and in order.
    #[must_use]
    pub fn findings(&self, later: impl IntoIterator<Item = Diagnostic>) -> Vec<Finding> {
        let all = self.diagnostics.iter().cloned().chain(later);
        diagnostic::findings(all, |place| self.locate(place))
    }

    /// Values of a document that did not fit and were left out; rules about them would only repeat
    /// what was said.
    #[must_use]
    pub fn omitted(&self, document: DocumentId) -> &[Path] {
        let document = self.documents.get(document.0);
        document.map_or(&[], |document| &document.omitted)
    }

    fn span(&self, document: &Document, path: &Path, part: &Part) -> (SourceId, Span) {
        let tree = &self.tree;
        let (node, key, done) = tree.follow(document.root, path);
        let span = tree.node(node).span;
        let source = tree.source(node).unwrap_or(document.source);
        let text = self.sources.text(source);
        let written = problem::written(tree, node, text);
        let is_whole = done == path.segments().len();
        let is_block = match tree.node(node).content {
            Content::List(_) | Content::Mapping(_) => written.contains('\n'),
            _ => written.is_empty(),
        };
        let span = match part {
            Part::Within(bytes) if is_whole => {
                let value = tree.as_text(node);
                let found = value.and_then(|value| align::written_bytes(written, value, bytes));
                found.map_or(span, |Range { start, end }| {
                    Span::new(span.start() + start, span.start() + end)
                })
            }
            // A key says better than the first of many lines what is meant.
            Part::Value if is_whole && !is_block => span,
            _ => key.unwrap_or_else(|| match tree.get(node, "kind") {
                // What an object lacks is shown at its kind.
                Some(kind) if !is_whole && done == 0 => tree.node(kind).span,
                _ => span,
            }),
        };
        (source, span)
    }
}

fn read_source(objects: &mut Objects<'_>, source: SourceId) {
    let text = objects.input.sources.text(source).to_owned();
    let parts = stream::parts(&text);
    if parts.is_empty() {
        let message = "the source holds no object";
        let help = "give manifests of Kubernetes in YAML or JSON";
        let diagnostic = Diagnostic::warning("empty-source", message).help(help);
        objects
            .input
            .diagnostics
            .push(diagnostic.at(Place::Source(source)));
    }
    for part in parts {
        read_part(objects, source, &text[part.clone()], part.start);
    }
}

/// Reads what stands between two separators.
fn read_part(objects: &mut Objects<'_>, source: SourceId, part: &str, base: usize) {
    let (roots, mut diagnostics) = yaml::read(&mut objects.input.tree, source, part, base);
    let directive = template::helm_directive(part);
    if let Some(directive) = &directive
        && diagnostics
            .iter()
            .any(|diagnostic| TEMPLATE_SIGNS.contains(&diagnostic.id))
    {
        // Whatever else is wrong comes from the template.
        return report_template(objects, source, part, base, directive);
    }
    if roots.contains(&None) && objects.ignore_unreadable(source, part, base) {
        diagnostics.clear();
    }
    objects.input.diagnostics.append(&mut diagnostics);
    let mut is_ours = false;
    for root in roots.into_iter().flatten() {
        is_ours |= objects.read(source, root);
    }
    if let Some(directive) = directive.filter(|_| is_ours) {
        report_template(objects, source, part, base, &directive);
    }
}

/// Rules that a template of Helm breaks when it is read as YAML.
const TEMPLATE_SIGNS: [&str; 4] = ["yaml-syntax", syntax::UNQUOTED, template::HELM, "bad-key"];

fn report_template(
    objects: &mut Objects<'_>,
    source: SourceId,
    part: &str,
    base: usize,
    directive: &Range<usize>,
) {
    let span = Span::new(base + directive.start, base + directive.end);
    let place = Place::Text {
        source,
        span,
        path: None,
    };
    let diagnostic = template::helm(&part[directive.clone()]);
    objects.input.diagnostics.push(diagnostic.at(place));
}
