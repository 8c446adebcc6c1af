//! What a field of a manifest means: its type, its default, an example, and what the controllers really do with it.
//!
//! Knows a tree of documented fields for each kind, and how a path such as `rollout.spec.strategy.canary.maxSurge` is
//! followed in it. The trees come from two places: the kinds of Argo Rollouts from the types of [`crate::spec`] joined with
//! the texts in `src/explain/catalogue/` ([`Manual::argo`]); any other kind from a JSON Schema ([`schema::kind`]).
//! Refuses to know: terminals, files, and what a rollout does with its fields beyond what the texts say.

pub mod catalogue;
pub mod json;
mod lookup;
pub mod schema;
mod shape;
pub mod text;

pub use lookup::Found;

/// A field, or a kind as a whole, and everything that is said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The key in a manifest; of the topmost field the name of the kind.
    pub name: String,
    /// The type, as `kubectl explain` writes types: `integer`, `[]object`, `map[string]string`.
    pub kind: String,
    /// Whether objects without it are refused.
    pub required: bool,
    /// What the controllers take if it is not written.
    pub default: Option<String>,
    /// What it is, in paragraphs. The first sentence stands alone in lists.
    pub description: String,
    /// What the controllers really do with it.
    pub detail: Vec<Remark>,
    /// What the simulation does instead; `None` if it does as the controllers do.
    pub simulation: Option<String>,
    /// A piece of YAML.
    pub example: Option<String>,
    /// The fields of the object, or of the items of a list or map of objects.
    pub children: Vec<Field>,
}

/// One thing that the controllers do, perhaps under the id of a known behaviour, such as `CA-11`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub id: Option<String>,
    pub text: String,
}

/// A kind of object that can be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Other names under which it is found, in lower case.
    pub aliases: Vec<String>,
    /// `apiVersion` of its objects.
    pub api_version: String,
    /// The object itself.
    pub root: Field,
}

/// Everything that can be explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manual {
    pub kinds: Vec<Kind>,
}

impl Manual {
    /// The kinds of Argo Rollouts.
    #[must_use]
    pub fn argo() -> Self {
        Self {
            kinds: catalogue::kinds(),
        }
    }

    /// The same with one more kind.
    #[must_use]
    pub fn with(mut self, kind: Kind) -> Self {
        self.kinds.push(kind);
        self
    }
}

impl Field {
    /// The first sentence of the description.
    #[must_use]
    pub fn summary(&self) -> &str {
        let paragraph = self.description.split("\n\n").next().unwrap_or_default();
        let end = paragraph
            .match_indices(". ")
            .map(|(at, _)| at + 1)
            .find(|end| !is_abbreviation(&paragraph[..*end]));
        &paragraph[..end.unwrap_or(paragraph.len())]
    }
}

/// Whether the text ends in a full stop that ends no sentence.
fn is_abbreviation(text: &str) -> bool {
    ["e.g.", "i.e.", "etc.", "vs."]
        .iter()
        .any(|short| text.ends_with(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(description: &str) -> String {
        let field = Field {
            description: description.to_owned(),
            ..Field::default()
        };
        field.summary().to_owned()
    }

    #[test]
    fn the_summary_is_the_first_sentence() {
        assert_eq!(summary("One. Two."), "One.");
        assert_eq!(summary("Only one.\n\nTwo."), "Only one.");
        assert_eq!(summary("A size, e.g. 1.5. More."), "A size, e.g. 1.5.");
        assert_eq!(summary("No stop"), "No stop");
        assert_eq!(summary(""), "");
    }
}
