//! Following a path such as `rollout.spec.strategy.canary.steps[2].setWeight` to a field.
//!
//! Knows what may be left out (`spec`), what is ignored (indices, keys of maps) and what to suggest for a path that
//! leads nowhere. Refuses to know how fields are shown.

use super::{Field, Kind, Manual};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::{closest, listed, quoted};

/// Most suggestions for a field that exists elsewhere.
const SUGGESTIONS_MAX: usize = 3;

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'m> {
    /// The kind of object.
    pub kind: &'m Kind,
    /// The field.
    pub field: &'m Field,
    /// The fields above it, from the object on; empty for the object itself.
    pub above: Vec<&'m Field>,
}

impl Found<'_> {
    /// The path in a manifest, `spec.strategy`; empty for the object itself.
    #[must_use]
    pub fn path(&self) -> String {
        let fields = self.above.iter().skip(1).copied().chain([self.field]);
        let names = fields.map(|field| field.name.as_str());
        let names: Vec<&str> = if self.above.is_empty() {
            Vec::new()
        } else {
            names.collect()
        };
        names.join(".")
    }

    /// What the simulation does instead, said of the field or of the nearest one above it.
    #[must_use]
    pub fn simulation(&self) -> Option<&str> {
        let mut nearest_first = [self.field]
            .into_iter()
            .chain(self.above.iter().rev().copied());
        nearest_first.find_map(|field| field.simulation.as_deref())
    }
}

impl Manual {
    /// The field to which a path leads. The first segment is a kind, in upper or lower case, singular or plural, or one
    /// of its short names; `spec` may be left out behind it; indices in brackets or as segments, and the keys of maps,
    /// are ignored.
    ///
    /// # Errors
    ///
    /// A diagnostic with the id `unknown-kind` or `unknown-field`, which suggests what may have been meant.
    pub fn find(&self, path: &str) -> Result<Found<'_>, Box<Diagnostic>> {
        let mut segments = path.split('.').map(|segment| {
            let name = segment.split('[').next().unwrap_or_default();
            name.trim()
        });
        let kind = self.kind(segments.next().unwrap_or_default())?;
        let mut found = Found {
            kind,
            field: &kind.root,
            above: Vec::new(),
        };
        let mut may_be_key = false;
        for segment in segments.filter(|segment| !segment.is_empty()) {
            let is_index = segment.bytes().all(|byte| byte.is_ascii_digit());
            if is_index && found.field.kind.starts_with("[]") {
                continue;
            }
            if let Some(child) = child(found.field, segment) {
                found.above.push(found.field);
                found.field = child;
                may_be_key = child.kind.starts_with("map[");
            } else if let Some((spec, child)) = in_spec(&found, segment) {
                found.above.extend([found.field, spec]);
                found.field = child;
                may_be_key = child.kind.starts_with("map[");
            } else if may_be_key {
                may_be_key = false;
            } else {
                return Err(Box::new(unknown_field(&found, segment)));
            }
        }
        Ok(found)
    }

    fn kind(&self, word: &str) -> Result<&Kind, Box<Diagnostic>> {
        let wanted = word.to_lowercase();
        let is_meant = |kind: &&Kind| {
            let name = kind.root.name.to_lowercase();
            let singular = wanted.strip_suffix('s').unwrap_or(&wanted);
            name == wanted || name == singular || kind.aliases.contains(&wanted)
        };
        if let Some(kind) = self.kinds.iter().find(is_meant) {
            return Ok(kind);
        }
        let names: Vec<&str> = self
            .kinds
            .iter()
            .map(|kind| kind.root.name.as_str())
            .collect();
        let message = if word.is_empty() {
            "a path starts with a kind".to_owned()
        } else {
            format!("{} is no kind that can be explained", quoted(word))
        };
        let help = match closest(&wanted, names.iter().copied()) {
            Some(name) => format!("did you mean {}?", quoted(&name.to_lowercase())),
            None => format!("the kinds are {}", listed(&names, "and")),
        };
        Err(Box::new(
            Diagnostic::error("unknown-kind", message).help(help),
        ))
    }
}

fn child<'m>(field: &'m Field, name: &str) -> Option<&'m Field> {
    field.children.iter().find(|child| child.name == name)
}

/// A field of `spec`, at the place where `spec` may be left out.
fn in_spec<'m>(found: &Found<'m>, name: &str) -> Option<(&'m Field, &'m Field)> {
    let spec = found
        .above
        .is_empty()
        .then(|| child(found.field, "spec"))??;
    Some((spec, child(spec, name)?))
}

fn unknown_field(found: &Found<'_>, name: &str) -> Diagnostic {
    let field = found.field;
    let kind = found.kind.root.name.to_lowercase();
    let owner = match found.path() {
        path if path.is_empty() => format!("a {}", found.kind.root.name),
        path => quoted(&path),
    };
    if field.kind.ends_with("any") {
        let message = format!("the fields of {owner} are not known: it is passed on as it is");
        return Diagnostic::error("unknown-field", message)
            .help("`kubectl explain` knows the fields of Kubernetes' own objects");
    }
    if field.children.is_empty() {
        let message = format!("{owner} has the type {} and no fields", field.kind);
        return Diagnostic::error("unknown-field", message);
    }
    let spec = child(field, "spec").filter(|_| found.above.is_empty());
    let known = field
        .children
        .iter()
        .chain(spec.iter().flat_map(|spec| &spec.children));
    let help = if let Some(near) = closest(name, known.map(|child| child.name.as_str())) {
        format!("did you mean {}?", quoted(near))
    } else {
        let mut elsewhere = Vec::new();
        paths_to(&found.kind.root, name, &kind, &mut elsewhere);
        let paths: Vec<&str> = elsewhere.iter().map(String::as_str).collect();
        if paths.is_empty() {
            let path = [kind.as_str(), &found.path()].join(".");
            let path = path.trim_end_matches('.');
            format!("its fields are listed by `coalmine explain {path}`")
        } else {
            format!("did you mean {}?", alternatives(&paths))
        }
    };
    let message = format!("{owner} has no field {}", quoted(name));
    Diagnostic::error("unknown-field", message).help(help)
}

/// Paths in backticks; unlike texts of users they are ours and shown in full.
fn alternatives(paths: &[&str]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    paths.join(" or ")
}

/// The first few paths to fields of that name, upper and lower case being the same.
fn paths_to(field: &Field, name: &str, path: &str, found: &mut Vec<String>) {
    for child in &field.children {
        if found.len() == SUGGESTIONS_MAX {
            return;
        }
        let path = format!("{path}.{}", child.name);
        if child.name.eq_ignore_ascii_case(name) {
            found.push(path.clone());
        }
        paths_to(child, name, &path, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, kind: &str, children: Vec<Field>) -> Field {
        Field {
            name: name.to_owned(),
            kind: kind.to_owned(),
            children,
            ..Field::default()
        }
    }

    fn manual() -> Manual {
        let leaf = |name| field(name, "integer", Vec::new());
        let mut list = field("steps", "[]object", vec![leaf("setWeight")]);
        list.simulation = Some("not done".to_owned());
        let table = field("headers", "map[string]object", vec![leaf("exact")]);
        let opaque = field("template", "any", Vec::new());
        let spec = field("spec", "object", vec![list, table, opaque]);
        let kind = Kind {
            aliases: vec!["ro".to_owned()],
            api_version: "v1".to_owned(),
            root: field("Rollout", "object", vec![spec]),
        };
        Manual::default().with(kind)
    }

    #[test]
    fn indices_keys_and_spec_may_be_there_or_not() {
        let manual = manual();
        for (path, meant) in [
            ("rollout", ""),
            ("ROLLOUTS", ""),
            ("ro.spec.", "spec"),
            ("rollout.spec.steps[2].setWeight", "spec.steps.setWeight"),
            ("rollout.steps[].setWeight", "spec.steps.setWeight"),
            ("rollout.steps.2.setWeight", "spec.steps.setWeight"),
            ("rollout.headers.exact", "spec.headers.exact"),
            ("rollout.headers.x-canary.exact", "spec.headers.exact"),
            ("rollout.headers.x-canary", "spec.headers"),
        ] {
            let found = manual.find(path).expect(path);
            assert_eq!(found.path(), meant, "{path}");
        }
        let inherited = manual.find("ro.steps.setWeight").expect("a field");
        assert_eq!(inherited.simulation(), Some("not done"));
    }

    #[test]
    fn what_leads_nowhere_is_told_with_a_suggestion() {
        let manual = manual();
        for (path, message, help) in [
            (
                "rolout",
                "`rolout` is no kind that can be explained",
                "did you mean `rollout`?",
            ),
            (
                "pod",
                "`pod` is no kind that can be explained",
                "the kinds are `Rollout`",
            ),
            ("", "a path starts with a kind", "the kinds are `Rollout`"),
            (
                "rollout.stpes",
                "a Rollout has no field `stpes`",
                "did you mean `steps`?",
            ),
            (
                "rollout.setWeight",
                "a Rollout has no field `setWeight`",
                "did you mean `rollout.spec.steps.setWeight`?",
            ),
            (
                "rollout.spec.steps.nothing",
                "`spec.steps` has no field `nothing`",
                "its fields are listed by `coalmine explain rollout.spec.steps`",
            ),
            (
                "rollout.template.x",
                "the fields of `spec.template` are not known: it is passed on as it is",
                "`kubectl explain` knows the fields of Kubernetes' own objects",
            ),
            (
                "rollout.headers.a.b.c",
                "`spec.headers` has no field `b`",
                "its fields are listed by `coalmine explain rollout.spec.headers`",
            ),
        ] {
            let error = manual.find(path).expect_err(path);
            assert_eq!(error.message, message);
            assert_eq!(error.help.as_deref(), Some(help));
        }
        let error = manual.find("ro.steps.setWeight.x").expect_err("a leaf");
        assert_eq!(
            error.message,
            "`spec.steps.setWeight` has the type integer and no fields"
        );
    }
}
