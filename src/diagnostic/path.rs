//! The way to a value inside a document: `spec.strategy.canary.steps[2].setWeight`.
//!
//! Knows how paths are written and read. Refuses to know documents.

use std::fmt;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A key of a mapping.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

/// The way from a document's root to a value; empty for the root itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Segment>);

impl Path {
    /// The document's root.
    #[must_use]
    pub fn root() -> Self {
        Path::default()
    }

    /// The path to a key of the mapping that this path leads to.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.0.push(Segment::Key(key.into()));
        self
    }

    /// The path to an item of the list that this path leads to.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// This path continued by another one.
    #[must_use]
    pub fn join(mut self, rest: &Path) -> Self {
        self.0.extend(rest.0.iter().cloned());
        self
    }

    /// The steps from the root.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The path without its last step; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Path> {
        let (_, parent) = self.0.split_last()?;
        Some(Path(parent.to_vec()))
    }

    /// Whether the other path is this one or lies below it.
    #[must_use]
    pub fn contains(&self, other: &Path) -> bool {
        other.0.starts_with(&self.0)
    }

    /// How a message calls what the path leads to: the last key with the indexes behind it
    /// (`setWeight`, `steps[2]`), `None` for the root.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let is_key = |segment: &Segment| matches!(segment, Segment::Key(_));
        let start = self.0.iter().rposition(is_key).unwrap_or(0);
        let name = Path(self.0[start..].to_vec()).to_string();
        (!name.is_empty()).then_some(name)
    }
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Path(segments.into_iter().collect())
    }
}

/// Reads a path as it is printed here and in Kubernetes' messages. Brackets hold an index, a key in
/// double quotes, or a bare key (`labels[app.kubernetes.io/name]`); whatever does not fit is taken
/// as part of a key, so that every text is a path.
impl From<&str> for Path {
    fn from(text: &str) -> Self {
        let mut path = Path::root();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (segment, after) = bracketed(inside);
                path.0.push(segment);
                rest = after;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                path.0.push(Segment::Key(rest[..end].to_owned()));
                rest = &rest[end..];
            }
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
        path
    }
}

impl From<String> for Path {
    fn from(text: String) -> Self {
        Path::from(text.as_str())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(formatter, "[{index}]")?,
                Segment::Key(key) if !is_plain(key) => write!(formatter, "[{key:?}]")?,
                Segment::Key(key) if position == 0 => formatter.write_str(key)?,
                Segment::Key(key) => write!(formatter, ".{key}")?,
            }
        }
        Ok(())
    }
}

/// Whether a key is printed without brackets.
fn is_plain(key: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '/');
    !key.is_empty() && key.chars().all(fits)
}

/// Reads up to the closing bracket; returns what was inside and the text behind the bracket.
fn bracketed(inside: &str) -> (Segment, &str) {
    if let Some(quoted) = inside.strip_prefix('"') {
        let mut key = String::new();
        let mut characters = quoted.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    let after = &quoted[at + 1..];
                    let after = after.strip_prefix(']').unwrap_or(after);
                    return (Segment::Key(key), after);
                }
                '\\' => key.extend(characters.next().map(|(_, escaped)| escaped)),
                _ => key.push(c),
            }
        }
        return (Segment::Key(key), "");
    }
    let (content, after) = inside.split_once(']').unwrap_or((inside, ""));
    match content.parse() {
        Ok(index) => (Segment::Index(index), after),
        Err(_) => (Segment::Key(content.to_owned()), after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_printed_as_it_is_read() {
        for text in [
            "",
            "spec.strategy.canary.steps[2].setWeight",
            "items[0][1].a",
            r#"metadata.annotations["a.b/c"].x"#,
            r#"[""]"#,
        ] {
            assert_eq!(Path::from(text).to_string(), text);
        }
    }

    #[test]
    fn kubernetes_own_form_of_a_key_is_read() {
        let path = Path::from("labels[app.io/name]");
        assert_eq!(path.to_string(), r#"labels["app.io/name"]"#);
    }

    #[test]
    fn every_text_is_a_path() {
        for text in ["a..b", "[", "a[", "a[\"", "[\"\\", ".", "a]", "[x"] {
            let path = Path::from(text);
            assert_eq!(Path::from(path.to_string()), path, "{text}");
        }
    }

    #[test]
    fn a_name_is_the_last_key_with_its_indexes() {
        let name = |text: &str| Path::from(text).name();
        assert_eq!(
            name("spec.steps[2].setWeight").as_deref(),
            Some("setWeight")
        );
        assert_eq!(name("spec.steps[2]").as_deref(), Some("steps[2]"));
        assert_eq!(name(""), None);
    }
}
