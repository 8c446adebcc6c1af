//! Lines and columns of plain text: wrapping, alignment, shortening. One character counts as one column.

/// Breaks `text` into lines of at most `width` characters, at spaces where possible; longer words are broken.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut word = word;
        let mut length = word.chars().count();
        if 0 < used && width < used + 1 + length {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        while width < length {
            let cut = word.char_indices().nth(width).map_or(word.len(), |(at, _)| at);
            lines.push(word[..cut].to_owned());
            word = &word[cut..];
            length -= width;
        }
        if 0 < used {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The first `width` characters; what is cut off is marked.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}~")
}

/// `text` at the right end of `width` columns.
pub(super) fn right(text: &str, width: usize) -> String {
    format!("{text:>width$}")
}

/// `text` at the left end of `width` columns.
pub(super) fn left(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_inside_long_words_only() {
        assert_eq!(wrap("one two three", 9), ["one two", "three"]);
        assert_eq!(wrap("abcdefghijkl mn", 8), ["abcdefgh", "ijkl mn"]);
        assert_eq!(wrap("", 8), Vec::<String>::new());
    }

    #[test]
    fn what_is_cut_off_is_marked() {
        assert_eq!(shorten("previous", 8), "previous");
        assert_eq!(shorten("a-long-version", 8), "a-long-~");
    }
}
