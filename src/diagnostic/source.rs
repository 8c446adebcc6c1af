//! The texts that were read, and places in them.
//!
//! Knows names, texts, lines and columns. Refuses to know where texts come from.

use super::path::Path;

/// A text among all texts that were read together, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub usize);

/// A range of bytes in a text; the end is exclusive. Both ends lie between characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// The range `start..end` \[byte\]; what does not fit into 32 bits is cut to the largest
    /// number.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let fit = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Span {
            start: fit(start),
            end: fit(end),
        }
    }

    /// First byte.
    #[must_use]
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// Byte behind the last one.
    #[must_use]
    pub fn end(self) -> usize {
        self.end as usize
    }
}

/// A resolved place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub source: SourceId,
    /// `None`: the source as a whole.
    pub span: Option<Span>,
    /// The path inside the document, as the user would write it.
    pub path: Option<Path>,
}

/// A place for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// Counted in characters, from 1. A tab is one character.
    pub column: usize,
}

/// All texts that were read together.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

#[derive(Clone, Debug)]
struct Source {
    name: String,
    text: String,
    /// Where each line starts \[byte\].
    lines: Vec<usize>,
}

impl Sources {
    /// Adds a text under the name that the user knows it by.
    pub fn add(&mut self, name: impl Into<String>, text: String) -> SourceId {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1));
        let lines = lines.collect();
        let name = name.into();
        self.0.push(Source { name, text, lines });
        SourceId(self.0.len() - 1)
    }

    /// The name of a text; empty for an unknown one.
    #[must_use]
    pub fn name(&self, id: SourceId) -> &str {
        self.0.get(id.0).map_or("", |source| &source.name)
    }

    /// A text; empty for an unknown one.
    #[must_use]
    pub fn text(&self, id: SourceId) -> &str {
        self.0.get(id.0).map_or("", |source| &source.text)
    }

    /// Ids of all texts, in order.
    pub fn ids(&self) -> impl Iterator<Item = SourceId> {
        (0..self.0.len()).map(SourceId)
    }

    /// Line and column of a byte; one behind the end counts as the end.
    #[must_use]
    pub fn position(&self, id: SourceId, offset: usize) -> Position {
        let (number, start, _) = self.line(id, offset);
        let text = self.text(id);
        let offset = floor_boundary(text, offset);
        let column = text[start..offset].chars().count() + 1;
        Position {
            line: number,
            column,
        }
    }

    /// The line that holds a byte: its number from 1, its start, and its end without the line
    /// break.
    #[must_use]
    pub fn line(&self, id: SourceId, offset: usize) -> (usize, usize, usize) {
        let Some(source) = self.0.get(id.0) else {
            return (1, 0, 0);
        };
        let offset = floor_boundary(&source.text, offset);
        let number = source
            .lines
            .partition_point(|start| *start <= offset)
            .max(1);
        let start = source.lines[number - 1];
        let end = source
            .lines
            .get(number)
            .map_or(source.text.len(), |next| next - 1);
        let end = start + source.text[start..end].trim_end_matches('\r').len();
        (number, start, end)
    }
}

/// The nearest place between two characters at or before an offset.
pub(crate) fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_end_before_their_break() {
        let mut sources = Sources::default();
        let id = sources.add("x", "ä: 1\r\n\tb: ü\n".to_owned());
        let at = |offset| {
            let position = sources.position(id, offset);
            (position.line, position.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (1, 2));
        assert_eq!(at(1), (1, 1), "inside a character");
        assert_eq!(at(8), (2, 2));
        assert_eq!(at(100), (3, 1));
        assert_eq!(sources.line(id, 0), (1, 0, 5));
        assert_eq!(sources.line(SourceId(7), 3), (1, 0, 0));
    }
}
