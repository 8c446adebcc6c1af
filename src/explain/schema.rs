//! A kind from a JSON Schema: the second source of explained fields.
//!
//! Knows the part of JSON Schema that `schemars` writes: `properties`, `required`, `items`, `additionalProperties`,
//! `$ref` into `$defs`, `anyOf`, `oneOf`, `allOf`, `enum`, `const`, `description`, `default`, `examples`. Descriptions
//! may use the format of [`super::catalogue`]. Refuses to know what a schema validates beyond that; unknown words are
//! ignored. Simplifies alternatives: the fields of all of them are listed together. Types that contain themselves end
//! where they repeat.

use serde_json::{Map, Value};

use super::catalogue::Entry;
use super::{Field, Kind};

/// Deepest nesting that is followed.
const DEPTH_MAX: usize = 24;

/// The kind that `schema` describes.
///
/// `aliases` are other names for it, in lower case. A schema that makes no sense gives a kind without fields.
#[must_use]
pub fn kind(name: &str, aliases: &[&str], api_version: &str, schema: &Value) -> Kind {
    let mut walk = Walk {
        root: schema,
        open: Vec::new(),
    };
    Kind {
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        api_version: api_version.to_owned(),
        root: walk.field(name, schema, false),
    }
}

/// What one schema says, without its references, alternatives and combinations.
#[derive(Default)]
struct Meaning {
    /// The type, unless nothing is said of it.
    kind: Option<String>,
    entry: Entry,
    /// All that can be written, if that is little.
    choices: Vec<String>,
    children: Vec<Field>,
}

struct Walk<'s> {
    root: &'s Value,
    /// The references that are being followed.
    open: Vec<&'s str>,
}

impl<'s> Walk<'s> {
    fn field(&mut self, name: &str, schema: &'s Value, required: bool) -> Field {
        let meaning = self.meaning(schema, 0);
        let mut entry = meaning.entry;
        // A list of words says something only where nothing else may stand.
        let several = meaning
            .kind
            .as_ref()
            .is_some_and(|kind| kind.contains("-or-"));
        if !meaning.choices.is_empty() && !several {
            let choices = format!("One of: {}.", meaning.choices.join(", "));
            entry.description.push(choices);
        }
        entry.required |= required;
        if let Some(value) = schema.get("default").filter(|value| !value.is_null()) {
            entry.default = entry.default.or_else(|| Some(compact(value)));
        }
        let examples = schema.get("examples").and_then(Value::as_array);
        if let Some(value) = examples.and_then(|examples| examples.first()) {
            entry.example = entry.example.or_else(|| yaml(name, value));
        }
        let kind = meaning.kind.unwrap_or_else(|| "any".to_owned());
        let mut field = entry.field(name, kind);
        field.children = meaning.children;
        field
    }

    fn meaning(&mut self, schema: &'s Value, depth: usize) -> Meaning {
        let mut meaning = Meaning::default();
        let Some(schema) = schema.as_object() else {
            return meaning;
        };
        if DEPTH_MAX < depth + self.open.len() {
            return meaning;
        }
        if let Some(text) = schema.get("description").and_then(Value::as_str) {
            let text = text.replace("\\[", "[").replace("\\]", "]");
            meaning.entry = Entry::read(&text.lines().collect::<Vec<_>>());
        }
        meaning.kind = self.kind(schema, &mut meaning.children, depth);
        let constant = schema.get("const").map(std::slice::from_ref);
        let listed = schema.get("enum").and_then(Value::as_array);
        let choices = constant.or(listed.map(Vec::as_slice)).unwrap_or_default();
        meaning
            .choices
            .extend(choices.iter().filter(|value| !value.is_null()).map(compact));
        if let (None, Some(choice)) = (&meaning.kind, choices.first()) {
            meaning.kind = Some(type_of(choice).to_owned());
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let referred = self.follow(reference, depth);
            meaning = meaning.over(referred, Keep::Own);
        }
        for (word, keep) in [
            ("allOf", Keep::Both),
            ("anyOf", Keep::Own),
            ("oneOf", Keep::Own),
        ] {
            let parts = schema.get(word).and_then(Value::as_array);
            for part in parts.into_iter().flatten() {
                let part = self.meaning(part, depth + 1);
                meaning = meaning.over(part, keep);
            }
        }
        meaning
    }

    /// The type that is written down, and the fields of objects.
    fn kind(
        &mut self,
        schema: &'s Map<String, Value>,
        children: &mut Vec<Field>,
        depth: usize,
    ) -> Option<String> {
        let names: Vec<&str> = match schema.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if let Some(fields) = schema.get("properties").and_then(Value::as_object) {
            let required = schema.get("required").and_then(Value::as_array);
            let is_required = |name: &str| {
                let mut names = required.into_iter().flatten();
                names.any(|required| required.as_str() == Some(name))
            };
            for (name, field) in fields {
                // A field of a field is one level deeper, however the schema is written.
                self.open.push("");
                children.push(self.field(name, field, is_required(name)));
                self.open.pop();
            }
            return Some("object".to_owned());
        }
        let holds = |prefix: &str, inner: Meaning, children: &mut Vec<Field>| {
            children.extend(inner.children);
            format!("{prefix}{}", inner.kind.as_deref().unwrap_or("any"))
        };
        if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
            let inner = self.meaning(items, depth + 1);
            return Some(holds("[]", inner, children));
        }
        if let Some(values) = schema.get("additionalProperties").filter(|v| v.is_object()) {
            let inner = self.meaning(values, depth + 1);
            return Some(holds("map[string]", inner, children));
        }
        let mut names = names.into_iter().filter(|name| *name != "null");
        let first = names.next()?;
        Some(names.fold(first.to_owned(), |kind, name| format!("{kind}-or-{name}")))
    }

    /// What `#/$defs/Name` says; nothing if it does not exist or is being read already.
    fn follow(&mut self, reference: &'s str, depth: usize) -> Meaning {
        let Some(pointer) = reference.strip_prefix('#') else {
            return Meaning::default();
        };
        let Some(schema) = self.root.pointer(pointer) else {
            return Meaning::default();
        };
        if self.open.contains(&reference) {
            let kind = schema.get("type").and_then(Value::as_str);
            return Meaning {
                kind: kind.map(str::to_owned),
                ..Meaning::default()
            };
        }
        self.open.push(reference);
        let meaning = self.meaning(schema, depth + 1);
        self.open.pop();
        meaning
    }
}

/// Whose words count.
#[derive(Clone, Copy)]
enum Keep {
    /// Those of the outer schema; those of the inner one only if it has none.
    Own,
    /// Those of both.
    Both,
}

impl Meaning {
    /// This schema over an inner one.
    fn over(mut self, inner: Self, keep: Keep) -> Self {
        self.kind = match (self.kind, inner.kind) {
            (Some(own), Some(other)) if own != other && other != "null" => {
                let known = own.split("-or-").any(|name| name == other);
                Some(if known {
                    own
                } else {
                    format!("{own}-or-{other}")
                })
            }
            (None, Some(other)) if other != "null" => Some(other),
            (own, _) => own,
        };
        let has_words = !self.entry.description.is_empty();
        self.entry = match keep {
            Keep::Own if has_words => self.entry,
            _ => self.entry.and(inner.entry),
        };
        self.choices.extend(inner.choices);
        for child in inner.children {
            if self.children.iter().all(|known| known.name != child.name) {
                self.children.push(child);
            }
        }
        self
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "[]any",
        Value::Object(_) => "object",
    }
}

/// A value on one line; texts without quotes.
fn compact(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `name: value` as YAML; an example that is a text is YAML already.
fn yaml(name: &str, value: &Value) -> Option<String> {
    if let Value::String(text) = value
        && (text.contains('\n') || text.contains(": "))
    {
        return Some(text.trim_end().to_owned());
    }
    let map = Map::from_iter([(name.to_owned(), value.clone())]);
    let text = serde_yaml::to_string(&Value::Object(map)).ok()?;
    Some(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::explain::Manual;

    fn sample() -> Value {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Scenario",
            "description": "What happens around a release.",
            "type": "object",
            "required": ["spec"],
            "properties": {
                "spec": {"$ref": "#/$defs/Spec"},
                "note": {"anyOf": [{"$ref": "#/$defs/Time"}, {"type": "null"}]}
            },
            "$defs": {
                "Spec": {
                    "type": "object",
                    "properties": {
                        "traffic": {
                            "description": "Requests that arrive. All of them \\[1/s\\].\n\n- **TR-10** They go on.",
                            "anyOf": [{"$ref": "#/$defs/Traffic"}, {"type": "null"}]
                        },
                        "stable": {"type": ["string", "null"], "default": "previous"},
                        "steps": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Step"}},
                        "secrets": {
                            "type": "object",
                            "additionalProperties": {
                                "type": "object", "additionalProperties": {"type": "string"}
                            }
                        }
                    }
                },
                "Traffic": {
                    "description": "Not shown: the field says more.",
                    "type": "object",
                    "properties": {"rate": {"type": "number", "default": 10, "examples": [2.5]}}
                },
                "Time": {"description": "A time.", "type": ["string", "number"]},
                "Step": {
                    "oneOf": [
                        {"type": "object", "properties": {"pause": {"$ref": "#/$defs/Time"}}},
                        {"type": "object", "properties": {"steps": {
                            "type": "array", "items": {"$ref": "#/$defs/Step"}
                        }}},
                        {"type": "object", "properties": {"do": {
                            "oneOf": [{"const": "promote"}, {"enum": ["abort", "retry"]}]
                        }}}
                    ]
                }
            }
        })
    }

    fn told(path: &str) -> (String, String, Option<String>) {
        let manual = Manual::default().with(kind("Scenario", &["sc"], "v1", &sample()));
        let found = manual.find(path).expect(path);
        let field = found.field.clone();
        (field.kind, field.description, field.default)
    }

    #[test]
    fn types_and_words_come_through_references_and_alternatives() {
        let text = str::to_owned;
        assert_eq!(
            told("scenario"),
            (text("object"), text("What happens around a release."), None)
        );
        assert_eq!(
            told("sc.traffic"),
            (
                text("object"),
                text("Requests that arrive. All of them [1/s]."),
                None
            )
        );
        assert_eq!(
            told("scenario.spec.traffic.rate"),
            (text("number"), String::new(), Some(text("10")))
        );
        assert_eq!(
            told("scenario.stable"),
            (text("string"), String::new(), Some(text("previous")))
        );
        assert_eq!(told("scenario.steps[0].pause").0, "string-or-number");
        assert_eq!(told("scenario.note").1, "A time.");
        assert_eq!(told("scenario.secrets").0, "map[string]map[string]string");
    }

    #[test]
    fn alternatives_are_listed_together_and_recursion_ends() {
        let kind = kind("Scenario", &[], "v1", &sample());
        let manual = Manual::default().with(kind);
        let steps = manual.find("scenario.steps").expect("a list").field;
        assert_eq!(steps.kind, "[]object");
        let names: Vec<&str> = steps
            .children
            .iter()
            .map(|child| child.name.as_str())
            .collect();
        assert_eq!(names, ["pause", "steps", "do"]);
        assert_eq!(steps.children[1].children, []);
        assert_eq!(
            steps.children[2].description,
            "One of: promote, abort, retry."
        );
        assert_eq!(steps.children[2].kind, "string");
        let rate = manual
            .find("scenario.traffic.rate")
            .expect("a number")
            .field;
        assert_eq!(rate.example.as_deref(), Some("rate: 2.5"));
        let spec = manual.find("scenario.spec").expect("an object").field;
        assert!(spec.required);
        assert_eq!(spec.children[0].detail[0].id.as_deref(), Some("TR-10"));
    }

    #[test]
    fn a_senseless_schema_gives_a_kind_without_fields() {
        for schema in [
            json!(null),
            json!({"$ref": "#"}),
            json!({"$ref": "#/$defs/None"}),
        ] {
            let kind = kind("X", &[], "v1", &schema);
            assert_eq!(
                (kind.root.kind.as_str(), kind.root.children.len()),
                ("any", 0)
            );
        }
    }
}
