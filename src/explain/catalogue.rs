//! The texts on the kinds of Argo Rollouts, joined with the types that are read.
//!
//! Knows the format of the texts and which kinds there are. Fields and types come from [`crate::spec`] itself; only
//! words come from the texts, so a text can be missing or superfluous (tests refuse both), but it cannot invent a
//! field.
//!
//! # The format
//!
//! Markdown. `# CanaryStrategy` starts a type, under the name of its Rust type; what follows is said of every field of
//! that type. `## maxSurge` starts a field. Of the text below:
//!
//! - comments (`<!-- ... -->`) cite sources for those who maintain it, and are not shown;
//! - a sentence `Default: ...` is the default; a paragraph `Required.` says that the field must be there, and one
//!   `Simulation: ...` what the simulation does instead of the controllers;
//! - items of lists (`- **CA-11** ...`) say what the controllers really do, under the id of the behaviour if it has one;
//! - a fenced block is the example;
//! - everything else is the description. Its first sentence stands alone in lists.
//!
//! Behind a list only its further items, indented lines and blocks of the other sorts may follow.

use std::collections::BTreeMap;

use super::shape::{self, Shape};
use super::{Field, Kind, Remark};
use crate::spec::{AnalysisTemplate, ClusterAnalysisTemplate, Experiment, Rollout};

/// The texts, in the order in which they are read by people.
const TEXTS: [&str; 9] = [
    include_str!("catalogue/rollout.md"),
    include_str!("catalogue/canary.md"),
    include_str!("catalogue/steps.md"),
    include_str!("catalogue/traffic-routing.md"),
    include_str!("catalogue/blue-green.md"),
    include_str!("catalogue/analysis.md"),
    include_str!("catalogue/providers.md"),
    include_str!("catalogue/experiment.md"),
    include_str!("catalogue/kubernetes.md"),
];

/// `apiVersion` of the kinds of Argo Rollouts.
pub(super) const ARGO: &str = "argoproj.io/v1alpha1";

/// The kinds of Argo Rollouts that a user writes.
#[must_use]
pub fn kinds() -> Vec<Kind> {
    let catalogue = Catalogue::read(&TEXTS);
    let kind = |name: &str, aliases: &[&str], shape: &Shape| Kind {
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        api_version: ARGO.to_owned(),
        root: catalogue.field(name, shape, Entry::default()),
    };
    vec![
        kind("Rollout", &["ro"], &shape::of::<Rollout>()),
        kind(
            "AnalysisTemplate",
            &["at"],
            &shape::of::<AnalysisTemplate>(),
        ),
        kind(
            "ClusterAnalysisTemplate",
            &["cat"],
            &shape::of::<ClusterAnalysisTemplate>(),
        ),
        kind("Experiment", &["exp"], &shape::of::<Experiment>()),
    ]
}

/// What the texts say of one field or type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) description: Vec<String>,
    pub(super) required: bool,
    pub(super) default: Option<String>,
    pub(super) simulation: Option<String>,
    pub(super) detail: Vec<Remark>,
    pub(super) example: Option<String>,
}

/// The texts by type, and by type and field (the type's own text under an empty name).
struct Catalogue<'t> {
    entries: BTreeMap<(&'t str, &'t str), Entry>,
}

impl<'t> Catalogue<'t> {
    fn read(texts: &[&'t str]) -> Self {
        let mut entries = BTreeMap::new();
        for (key, body) in texts.iter().flat_map(|text| sections(text)) {
            entries.insert(key, Entry::read(&body));
        }
        Self { entries }
    }

    /// The field with this shape, of which `entry` is said; what is said of its type is added.
    fn field(&self, name: &str, shape: &Shape, entry: Entry) -> Field {
        let Some((type_name, fields)) = shape.object() else {
            return entry.field(name, shape.kind());
        };
        let of_type = self.entry(type_name, "");
        let mut field = entry.and(of_type).field(name, shape.kind());
        field.children = fields
            .iter()
            .map(|(name, shape)| self.field(name, shape, self.entry(type_name, name)))
            .collect();
        field
    }

    fn entry(&self, type_name: &str, field: &str) -> Entry {
        let entry = self.entries.get(&(type_name, field));
        entry.cloned().unwrap_or_default()
    }
}

/// The sections of a text: type and field (empty for the type itself), and the lines below their heading.
fn sections(text: &str) -> Vec<((&str, &str), Vec<&str>)> {
    let mut found: Vec<((&str, &str), Vec<&str>)> = Vec::new();
    let mut of_type = "";
    let mut is_example = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_example = !is_example;
        }
        // A `#` inside of an example is a comment of YAML.
        let heading = |mark| line.strip_prefix(mark).filter(|_| !is_example);
        if let Some(name) = heading("# ") {
            of_type = name.trim();
            found.push(((of_type, ""), Vec::new()));
        } else if let Some(name) = heading("## ") {
            found.push(((of_type, name.trim()), Vec::new()));
        } else if let Some((_, lines)) = found.last_mut() {
            lines.push(line);
        }
    }
    found
}

/// What the next line of a text may continue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Paragraph,
    Item,
    Example,
    Comment,
}

impl Entry {
    /// Reads the lines below a heading, or a doc comment in the same format.
    pub(super) fn read(lines: &[&str]) -> Self {
        let mut entry = Self::default();
        let mut example: Vec<&str> = Vec::new();
        let mut block = Block::None;
        for line in lines {
            let trimmed = line.trim();
            block = match block {
                Block::Example if trimmed == "```" => Block::None,
                Block::Example => {
                    example.push(line);
                    Block::Example
                }
                Block::Comment if trimmed.ends_with("-->") => Block::None,
                Block::Comment => Block::Comment,
                _ if trimmed.starts_with("<!--") && trimmed.ends_with("-->") => Block::None,
                _ if trimmed.starts_with("<!--") => Block::Comment,
                _ if trimmed.starts_with("```") => Block::Example,
                _ if trimmed.is_empty() => Block::None,
                _ if trimmed.starts_with("- ") || trimmed.starts_with("* ") => {
                    entry.detail.push(remark(&trimmed[2..]));
                    Block::Item
                }
                Block::Item => {
                    if let Some(last) = entry.detail.last_mut() {
                        append(&mut last.text, trimmed);
                    }
                    Block::Item
                }
                Block::Paragraph => {
                    if let Some(last) = entry.description.last_mut() {
                        append(last, trimmed);
                    }
                    Block::Paragraph
                }
                Block::None => {
                    entry.description.push(trimmed.to_owned());
                    Block::Paragraph
                }
            };
        }
        if !example.is_empty() {
            entry.example = Some(example.join("\n"));
        }
        entry.sort_out_paragraphs();
        entry
    }

    /// Takes the paragraphs that say something else than what the field is to where they belong.
    fn sort_out_paragraphs(&mut self) {
        let mut kept = Vec::new();
        for paragraph in std::mem::take(&mut self.description) {
            let paragraph = self.take_default(paragraph);
            if paragraph == "Required." {
                self.required = true;
            } else if let Some(simulation) = paragraph.strip_prefix("Simulation: ") {
                self.simulation = Some(simulation.to_owned());
            } else if !paragraph.is_empty() {
                kept.push(paragraph);
            }
        }
        self.description = kept;
    }

    /// Takes a sentence `Default: ...` out of a paragraph.
    fn take_default(&mut self, paragraph: String) -> String {
        const MARK: &str = "Default: ";
        let Some((before, after)) = paragraph.split_once(MARK) else {
            return paragraph;
        };
        let (default, rest) = after.split_once(". ").unwrap_or((after, ""));
        self.default = Some(default.trim_end_matches('.').to_owned());
        format!("{before}{rest}").trim_end().to_owned()
    }

    /// Adds what is said of the type.
    pub(super) fn and(mut self, of_type: Self) -> Self {
        self.description.extend(of_type.description);
        self.detail.extend(of_type.detail);
        self.required |= of_type.required;
        self.default = self.default.or(of_type.default);
        self.simulation = self.simulation.or(of_type.simulation);
        self.example = self.example.or(of_type.example);
        self
    }

    /// The field of which it is said, without its children.
    pub(super) fn field(self, name: &str, kind: String) -> Field {
        Field {
            name: name.to_owned(),
            kind,
            required: self.required,
            default: self.default,
            description: self.description.join("\n\n"),
            detail: self.detail,
            simulation: self.simulation,
            example: self.example,
            children: Vec::new(),
        }
    }
}

fn append(text: &mut String, more: &str) {
    text.push(' ');
    text.push_str(more);
}

/// An item of a list, `**ID** text` or just text.
fn remark(item: &str) -> Remark {
    let marked = item
        .strip_prefix("**")
        .and_then(|rest| rest.split_once("** "));
    match marked {
        Some((id, text)) => Remark {
            id: Some(id.to_owned()),
            text: text.to_owned(),
        },
        None => Remark {
            id: None,
            text: item.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_entry_is_read_block_by_block() {
        let text = "
<!-- some.go: Function,
     another.go -->
The first sentence. The
second.

Required.

Default: 25 %, rounded up.

Simulation: not obeyed.

- **AB-01** An item
  of two lines.
- Another.

```yaml
# a comment
a: 1
```

More.
";
        let entry = Entry::read(&text.lines().collect::<Vec<_>>());
        let expected = Entry {
            description: vec![
                "The first sentence. The second.".to_owned(),
                "More.".to_owned(),
            ],
            required: true,
            default: Some("25 %, rounded up".to_owned()),
            simulation: Some("not obeyed.".to_owned()),
            detail: vec![
                Remark {
                    id: Some("AB-01".to_owned()),
                    text: "An item of two lines.".to_owned(),
                },
                Remark {
                    id: None,
                    text: "Another.".to_owned(),
                },
            ],
            example: Some("# a comment\na: 1".to_owned()),
        };
        assert_eq!(entry, expected);
    }

    #[test]
    fn a_default_may_stand_inside_of_a_paragraph() {
        for (text, default, description) in [
            ("Speed. Default: 0.95. Of all.", "0.95", "Speed. Of all."),
            ("Speed. Default: none.", "none", "Speed."),
            ("Default: 1m", "1m", ""),
        ] {
            let entry = Entry::read(&[text]);
            assert_eq!(entry.default.as_deref(), Some(default));
            assert_eq!(entry.description.join(" "), description);
        }
    }

    #[test]
    fn every_field_has_an_entry_and_every_entry_a_field() {
        let mut fields = BTreeSet::new();
        for shape in [
            shape::of::<Rollout>(),
            shape::of::<AnalysisTemplate>(),
            shape::of::<ClusterAnalysisTemplate>(),
            shape::of::<Experiment>(),
        ] {
            assert!(shape.object().is_some(), "a type could not be probed");
            list_fields(&shape, &mut fields);
        }
        let catalogue = Catalogue::read(&TEXTS);
        let nameless = |key: &&(&str, &str)| !key.1.is_empty();
        let missing: Vec<_> = fields
            .iter()
            .filter(|key| !catalogue.entries.contains_key(*key))
            .collect();
        let superfluous: Vec<_> = catalogue
            .entries
            .keys()
            .filter(nameless)
            .filter(|key| !fields.contains(*key))
            .collect();
        assert!(missing.is_empty(), "fields without an entry: {missing:?}");
        assert!(
            superfluous.is_empty(),
            "entries without a field: {superfluous:?}"
        );
        let types: Vec<_> = catalogue
            .entries
            .keys()
            .filter(|(type_name, _)| !fields.iter().any(|(known, _)| known == type_name))
            .collect();
        // Types without fields are the exception.
        assert_eq!(types, [&("RequiredDuringScheduling", "")]);
    }

    fn list_fields(shape: &Shape, found: &mut BTreeSet<(&'static str, &'static str)>) {
        let Some((type_name, fields)) = shape.object() else {
            return;
        };
        for (name, shape) in fields {
            found.insert((type_name, *name));
            list_fields(shape, found);
        }
    }

    #[test]
    fn no_section_is_written_twice() {
        let keys: Vec<_> = TEXTS.iter().flat_map(|text| sections(text)).collect();
        let mut seen = BTreeSet::new();
        for (key, _) in keys {
            assert!(seen.insert(key), "{key:?} is written twice");
        }
    }
}
