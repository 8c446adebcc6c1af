//! Scenarios that extend others.
//!
//! Knows `metadata.name` and `spec.extends`, and merges trees: what a scenario does not say is as in those it extends. Places stay
//! those of the text in which a value is written. Refuses to know what fields mean.
//!
//! Fields of `spec` are merged one by one; so are their fields, images by tag and then by field, measurements by metric. Everything
//! deeper (laws, curves), lists and single values are replaced as a whole. `null` takes back what a base says.

use std::collections::{BTreeMap, BTreeSet};

use super::Input;
use super::tree::{Content, Entry, NodeId, Tree};
use crate::diagnostic::wording::{closest, listed, quoted};
use crate::diagnostic::{Diagnostic, DocumentId, Part, Path, Place, SourceId};

/// A scenario that waits until all others are known.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) document: DocumentId,
    /// Its place among the objects.
    pub(super) slot: usize,
    /// The kind as it is written.
    pub(super) word: String,
}

/// Mappings whose fields are merged, as paths below the root; `*` is any key.
const MERGED: [&[&str]; 5] = [
    &["spec"],
    &["spec", "*"],
    &["spec", "images", "*"],
    &["spec", "secrets", "*"],
    &["spec", "expect", "measurements"],
];

/// Replaces the trees of scenarios that extend others by merged ones.
pub(super) fn resolve(input: &mut Input, scenarios: &[Pending]) {
    if scenarios.is_empty() {
        return;
    }
    let family = Family::of(input, scenarios);
    family.report_namesakes(input);
    let bases: Vec<Vec<usize>> = (0..scenarios.len())
        .map(|child| family.bases(input, child))
        .collect();
    let mut open: Vec<usize> = bases.iter().map(Vec::len).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); scenarios.len()];
    for (child, bases) in bases.iter().enumerate() {
        for base in bases {
            children[*base].push(child);
        }
    }
    let mut ready: Vec<usize> = (0..open.len()).filter(|index| open[*index] == 0).collect();
    let mut done = vec![false; open.len()];
    while let Some(index) = ready.pop() {
        done[index] = true;
        merge_into(input, scenarios, index, &bases[index]);
        for child in &children[index] {
            open[*child] -= 1;
            if open[*child] == 0 {
                ready.push(*child);
            }
        }
    }
    family.report_cycles(input, &bases, &done);
}

/// Scenarios by name.
struct Family<'a> {
    scenarios: &'a [Pending],
    names: BTreeMap<String, Vec<usize>>,
}

impl<'a> Family<'a> {
    fn of(input: &Input, scenarios: &'a [Pending]) -> Self {
        let mut names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, scenario) in scenarios.iter().enumerate() {
            let tree = &input.tree;
            let root = input.documents[scenario.document.0].root;
            let metadata = tree.get(root, "metadata");
            let name = metadata.and_then(|metadata| tree.get(metadata, "name"));
            if let Some(name) = name.and_then(|name| tree.as_text(name)) {
                names.entry(name.to_owned()).or_default().push(index);
            }
        }
        Self { scenarios, names }
    }

    fn source(&self, input: &Input, index: usize) -> SourceId {
        input.documents[self.scenarios[index].document.0].source
    }

    fn place(&self, index: usize, path: Path) -> Place {
        Place::Document {
            document: self.scenarios[index].document,
            path,
            part: Part::Value,
        }
    }

    /// Two scenarios of one file cannot be told apart by a common name.
    fn report_namesakes(&self, input: &mut Input) {
        for (name, all) in &self.names {
            let mut first: BTreeMap<SourceId, usize> = BTreeMap::new();
            for index in all {
                let source = self.source(input, *index);
                let Some(earlier) = first.insert(source, *index) else {
                    continue;
                };
                let path = || Path::from("metadata.name");
                let message = format!("two scenarios are called {}", quoted(name));
                let problem = Diagnostic::error("duplicate-scenario", message)
                    .at(self.place(*index, path()))
                    .note_at("the other one", self.place(earlier, path()))
                    .help("give each its own name");
                input.diagnostics.push(problem);
            }
        }
    }

    /// The scenarios that one extends, in order.
    fn bases(&self, input: &mut Input, child: usize) -> Vec<usize> {
        let path = Path::from("spec.extends");
        let tree = &input.tree;
        let root = input.documents[self.scenarios[child].document.0].root;
        let extends = tree
            .get(root, "spec")
            .and_then(|spec| tree.get(spec, "extends"));
        let Some(extends) = extends else {
            return Vec::new();
        };
        let mut wanted: Vec<(String, Path)> = Vec::new();
        // What is no text is reported when the scenario is read.
        match tree.node(extends).content {
            Content::List(_) => {
                for (index, item) in tree.items(extends).iter().enumerate() {
                    let name = tree.as_text(*item).map(str::to_owned);
                    wanted.extend(name.map(|name| (name, path.clone().index(index))));
                }
            }
            _ => wanted.extend(tree.as_text(extends).map(|name| (name.to_owned(), path))),
        }
        let mut bases = Vec::new();
        for (name, path) in wanted {
            if let Some(base) = self.base(input, child, &name) {
                bases.push(base);
            } else {
                let problem = self.no_base(child, &name).at(self.place(child, path));
                input.diagnostics.push(problem);
            }
        }
        bases
    }

    /// The scenario of a name: of the same file, or else the only one of any file.
    fn base(&self, input: &Input, child: usize, name: &str) -> Option<usize> {
        let own = self.source(input, child);
        let others = || {
            let all = self.names.get(name).into_iter().flatten().copied();
            all.filter(|base| *base != child)
        };
        let near = others().find(|base| self.source(input, *base) == own);
        near.or_else(|| others().next().filter(|_| others().nth(1).is_none()))
    }

    /// Why a scenario cannot extend a name.
    fn no_base(&self, child: usize, name: &str) -> Diagnostic {
        let namesakes = self.names.get(name).map_or(&[][..], Vec::as_slice);
        if namesakes == [child] {
            let message = format!("the scenario {} extends itself", quoted(name));
            return Diagnostic::error("circular-extends", message)
                .help("name another scenario, or remove `extends`");
        }
        if !namesakes.is_empty() {
            let message = format!("several files have a scenario {}", quoted(name));
            return Diagnostic::error("ambiguous-scenario", message).help("give each its own name");
        }
        let message = format!("there is no scenario {}", quoted(name));
        let problem = Diagnostic::error("unknown-scenario", message);
        match closest(name, self.names.keys().map(String::as_str)) {
            Some(meant) => problem.help(format!("did you mean {}?", quoted(meant))),
            None => problem.help("a scenario can extend those in its file and in its folder"),
        }
    }

    /// Reports each circle once, at the first scenario in it.
    fn report_cycles(&self, input: &mut Input, bases: &[Vec<usize>], done: &[bool]) {
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        for start in (0..done.len()).filter(|index| !done[*index]) {
            let mut way: Vec<usize> = Vec::new();
            let mut at = start;
            while seen.insert(at) {
                way.push(at);
                // Whatever is not done waits for something that is not done either.
                let Some(next) = bases[at].iter().find(|base| !done[**base]) else {
                    break;
                };
                at = *next;
            }
            let Some(from) = way.iter().position(|index| *index == at) else {
                continue;
            };
            let circle = &way[from..];
            let names: Vec<&str> = circle.iter().map(|index| self.name(*index)).collect();
            let message = format!("{} extend one another in a circle", listed(&names, "and"));
            let place = self.place(circle[0], Path::from("spec.extends"));
            let problem = Diagnostic::error("circular-extends", message)
                .at(place)
                .help("let one of them stand on its own");
            input.diagnostics.push(problem);
        }
    }

    fn name(&self, index: usize) -> &str {
        let named = self.names.iter().find(|(_, all)| all.contains(&index));
        named.map_or("", |(name, _)| name)
    }
}

fn merge_into(input: &mut Input, scenarios: &[Pending], index: usize, bases: &[usize]) {
    let Some((first, others)) = bases.split_first() else {
        return;
    };
    let root = |input: &Input, index: usize| {
        let document: DocumentId = scenarios[index].document;
        input.documents[document.0].root
    };
    let own = scenarios[index].document.0;
    let source = input.documents[own].source;
    let mut spec = input.tree.get(root(input, *first), "spec");
    let mut path = vec!["spec".to_owned()];
    for base in others {
        let over = input.tree.get(root(input, *base), "spec");
        spec = merge(&mut input.tree, source, spec, over, &mut path);
    }
    let own_root = root(input, index);
    let over = input.tree.entry(own_root, "spec");
    let value = over.map(|entry| entry.value);
    let merged = merge(&mut input.tree, source, spec, value, &mut path);
    let (Some(over), Some(merged)) = (over, merged) else {
        return;
    };
    let tree = &mut input.tree;
    let mut entries = tree.entries(own_root).to_vec();
    for entry in &mut entries {
        if entry.key == over.key {
            entry.value = merged;
        }
    }
    let span = tree.node(own_root).span;
    tree.begin(source);
    input.documents[own].root = tree.add_mapping(span, &entries);
}

/// What `over` says, and what `base` says beyond that. The depth is that of [`MERGED`].
fn merge(
    tree: &mut Tree,
    source: SourceId,
    base: Option<NodeId>,
    over: Option<NodeId>,
    path: &mut Vec<String>,
) -> Option<NodeId> {
    let (Some(base), Some(over)) = (base, over) else {
        return over.or(base);
    };
    let is_mapping = |node| matches!(tree.node(node).content, Content::Mapping(_));
    if !is_mapping(base) || !is_mapping(over) || !is_merged(path) {
        return Some(over);
    }
    let mut entries: Vec<Entry> = tree.entries(base).to_vec();
    let places: BTreeMap<String, usize> = (0..)
        .zip(&entries)
        .map(|(at, entry)| (tree.text(entry.key).to_owned(), at))
        .collect();
    for entry in tree.entries(over).to_vec() {
        let key = tree.text(entry.key).to_owned();
        let Some(at) = places.get(&key).copied() else {
            entries.push(entry);
            continue;
        };
        path.push(key);
        let value = merge(
            tree,
            source,
            Some(entries[at].value),
            Some(entry.value),
            path,
        );
        path.pop();
        entries[at] = Entry {
            value: value.unwrap_or(entry.value),
            ..entry
        };
    }
    let span = tree.node(over).span;
    tree.begin(source);
    Some(tree.add_mapping(span, &entries))
}

fn is_merged(path: &[String]) -> bool {
    let fits = |pattern: &[&str]| {
        pattern.len() == path.len()
            && pattern
                .iter()
                .zip(path)
                .all(|(want, key)| *want == "*" || want == key)
    };
    MERGED.iter().any(|pattern| fits(pattern))
}
