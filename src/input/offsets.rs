//! From characters to bytes.
//!
//! Knows where the n-th character of a text begins; the YAML parser counts in characters.

/// Byte offsets of the characters of a text.
pub(crate) enum Offsets<'a> {
    /// One byte for each character, of so many.
    Ascii(usize),
    /// The offset of every [`STRIDE`]-th character, and the text.
    Sparse(Vec<usize>, &'a str),
}

/// Characters between two known offsets.
const STRIDE: usize = 64;

impl<'a> Offsets<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        if text.is_ascii() {
            return Offsets::Ascii(text.len());
        }
        let known = text.char_indices().step_by(STRIDE).map(|(at, _)| at);
        Offsets::Sparse(known.collect(), text)
    }

    /// Where a character begins \[byte\]; behind the last one, the end of the text.
    pub(crate) fn byte(&self, character: usize) -> usize {
        match self {
            Offsets::Ascii(length) => character.min(*length),
            Offsets::Sparse(known, text) => {
                let Some(start) = known.get(character / STRIDE) else {
                    return text.len();
                };
                let mut rest = text[*start..].char_indices();
                let found = rest.nth(character % STRIDE);
                found.map_or(text.len(), |(at, _)| start + at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_character_begins_where_it_does() {
        for text in ["", "abc", &"aü€😀".repeat(100), "ü"] {
            let offsets = Offsets::new(text);
            let mut expected: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            expected.extend([text.len(), text.len()]);
            for (character, at) in expected.into_iter().enumerate() {
                assert_eq!(offsets.byte(character), at, "{character} of {text}");
            }
        }
    }
}
