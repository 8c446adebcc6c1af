//! Indentation that Kubernetes' reader accepts and our parser does not.
//!
//! Knows that lines inside quotations and brackets may stand anywhere, because white space at their
//! beginning means nothing: it is inserted until the parser is content. Refuses to touch anything
//! else. Places stay those of the original text.

/// Most values that are repaired in one part of a text. Each takes another pass of the parser.
const REPAIRS_MAX: usize = 16;

/// A text and the spaces inserted into it.
#[derive(Clone)]
pub(crate) struct Repaired {
    pub(crate) text: String,
    /// Where spaces were inserted in the repaired text, in order.
    inserted: Vec<Insertion>,
    repairs: usize,
}

#[derive(Clone, Copy)]
struct Insertion {
    at: usize,
    length: usize,
    /// What was inserted before this.
    before: usize,
}

impl Repaired {
    pub(crate) fn new(text: &str) -> Self {
        Repaired {
            text: text.to_owned(),
            inserted: Vec::new(),
            repairs: 0,
        }
    }

    /// The offset in the original text \[byte\]; inserted spaces stand at what follows them.
    pub(crate) fn original(&self, offset: usize) -> usize {
        let count = self
            .inserted
            .partition_point(|insertion| insertion.at < offset);
        match self.inserted[..count].last() {
            Some(last) => offset - last.before - last.length.min(offset - last.at),
            None => offset,
        }
    }

    /// Indents the lines of the value that an error is about and that starts at a byte of the
    /// repaired text, or of the bracket before it; returns whether that may help.
    pub(crate) fn repair(&mut self, parser_says: &str, at: usize) -> bool {
        if REPAIRS_MAX <= self.repairs || !parser_says.contains("invalid indentation") {
            return false;
        }
        self.repairs += 1;
        let starts_value = |rest: &str| rest.starts_with(['"', '\'', '{', '[']);
        let start = match self.text.get(at..) {
            Some(rest) if starts_value(rest) => at,
            // The parser stopped before it reported the bracket.
            Some(_) => self.text[..at].rfind(['{', '[']).unwrap_or(at),
            None => return false,
        };
        let rest = &self.text[start..];
        let length = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => quotation(rest, quote),
            Some('{' | '[') => brackets(rest),
            _ => None,
        };
        let Some(length) = length else {
            return false;
        };
        let value = &self.text[start..start + length];
        let breaks: Vec<usize> = value
            .match_indices('\n')
            .map(|(at, _)| start + at + 1)
            .collect();
        if breaks.is_empty() {
            return false;
        }
        let line = self.text[..start]
            .rfind('\n')
            .map_or(0, |before| before + 1);
        let indent = self.text[line..start].chars().count() + 1;
        self.indent(&breaks, indent);
        true
    }

    fn indent(&mut self, lines: &[usize], indent: usize) {
        let spaces = " ".repeat(indent);
        let mut text = String::with_capacity(self.text.len() + lines.len() * indent);
        let mut done = 0;
        for line in lines {
            text.push_str(&self.text[done..*line]);
            text.push_str(&spaces);
            done = *line;
        }
        text.push_str(&self.text[done..]);
        // Earlier insertions behind a new one move along.
        for insertion in &mut self.inserted {
            insertion.at += lines.partition_point(|line| *line <= insertion.at) * indent;
        }
        let new = lines.iter().enumerate().map(|(count, line)| Insertion {
            at: line + count * indent,
            length: indent,
            before: 0,
        });
        self.inserted.extend(new);
        self.inserted.sort_unstable_by_key(|insertion| insertion.at);
        let mut before = 0;
        for insertion in &mut self.inserted {
            insertion.before = before;
            before += insertion.length;
        }
        self.text = text;
    }
}

/// The length of a quotation with its marks \[byte\], if it ends.
fn quotation(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if quote == '"' => {
                characters.next();
            }
            '\'' if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
            }
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The length of what brackets hold, with the brackets \[byte\], if they are closed.
fn brackets(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            // A mark inside a word, as in `it's`, begins no quotation.
            '"' | '\'' if text[..at].ends_with([' ', '\n', '{', '[', ',', ':']) => {
                at += quotation(&text[at..], c)? - 1;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_quotation_are_indented_and_places_stay() {
        let text = "a:\n  b: 'x\n it''s\n\ny'\n  c: 1";
        let mut repaired = Repaired::new(text);
        assert!(repaired.repair("invalid indentation in quoted scalar", 8));
        assert_eq!(
            repaired.text,
            "a:\n  b: 'x\n       it''s\n      \n      y'\n  c: 1"
        );
        for word in ["x", "it", "y", "c: 1"] {
            let (there, here) = (repaired.text.find(word), text.find(word));
            assert_eq!(there.map(|at| repaired.original(at)), here, "{word}");
        }
    }

    #[test]
    fn repairs_add_up_and_end() {
        let text = "a:\n  b: [\n1]\n  c: {\n'}'}\n  d: \"x\ny\"";
        let mut repaired = Repaired::new(text);
        for open in ["\"x", "{\n", "[\n"] {
            let at = repaired.text.find(open).expect("a value");
            assert!(repaired.repair("invalid indentation", at));
        }
        for word in ["1]", "c:", "'}'", "d:", "y\""] {
            let (there, here) = (repaired.text.find(word), text.find(word));
            assert_eq!(there.map(|at| repaired.original(at)), here, "{word}");
        }
        assert!(
            !repaired.repair("invalid indentation", 0),
            "no quotation there"
        );
        let mut endless = Repaired::new("'\n'");
        let count = (0..100).filter(|_| endless.repair("invalid indentation", 0));
        assert_eq!(count.count(), REPAIRS_MAX);
    }
}
