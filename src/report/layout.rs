//! Lines and columns of plain text: wrapping, alignment, shortening. One character counts as one column.

/// Breaks `text` into lines of at most `width` characters, at spaces where possible; longer words are broken. All lines but
/// the first are indented.
pub(crate) fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let first_width = width.max(indent + 8);
    let mut width = first_width;
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut word = word;
        let mut length = word.chars().count();
        if 0 < used && width < used + 1 + length {
            lines.push(std::mem::take(&mut line));
            used = 0;
            width = first_width - indent;
        }
        while width < length {
            let cut = word
                .char_indices()
                .nth(width)
                .map_or(word.len(), |(at, _)| at);
            lines.push(word[..cut].to_owned());
            word = &word[cut..];
            length -= width;
            width = first_width - indent;
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
    for line in lines.iter_mut().skip(1) {
        line.insert_str(0, &" ".repeat(indent));
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
        assert_eq!(wrap("one two three", 9, 0), ["one two", "three"]);
        assert_eq!(
            wrap("one two three four", 10, 2),
            ["one two", "  three", "  four"]
        );
        assert_eq!(wrap("abcdefghijkl mn", 8, 0), ["abcdefgh", "ijkl mn"]);
        assert_eq!(wrap("", 8, 0), Vec::<String>::new());
    }

    #[test]
    fn what_is_cut_off_is_marked() {
        assert_eq!(shorten("previous", 8), "previous");
        assert_eq!(shorten("a-long-version", 8), "a-long-~");
    }
}
