//! Cuts a text into the parts that are read on their own, so that a broken document does not take
//! the others with it.
//!
//! Knows the separator line `---` (as apimachinery's `yaml/decoder.go: splitYAMLDocument`, which
//! cuts before parsing) and JSON values one after the other. Refuses to know what is inside.

use std::ops::Range;

/// The parts of a text \[byte\], in order. Parts without content (blank, comments, directives) are
/// left out.
pub(crate) fn parts(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if is_separator(line) {
            push(text, start..offset, &mut parts);
            // What stands behind the dashes belongs to the document.
            start = offset + 3;
        }
        offset += line.len();
    }
    push(text, start..text.len(), &mut parts);
    parts
}

fn is_separator(line: &str) -> bool {
    let rest = line.strip_prefix("---");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

fn push(text: &str, part: Range<usize>, parts: &mut Vec<Range<usize>>) {
    let content = &text[part.clone()];
    let is_blank = |line: &str| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with('#') || line.starts_with('%') || line == "...\n"
    };
    if content.split_inclusive('\n').all(is_blank) {
        return;
    }
    let start = content.trim_start();
    // Two braces begin a template of Helm, which is no JSON.
    if start.starts_with('{') && !start.starts_with("{{") {
        push_values(content, part.start, parts);
    } else {
        parts.push(part);
    }
}

/// Cuts between JSON values that follow one another: `{...} {...}`.
fn push_values(content: &str, base: usize, parts: &mut Vec<Range<usize>>) {
    let (mut depth, mut start, mut in_text, mut escaped) = (0_usize, 0, false, false);
    let mut ends = Vec::new();
    for (at, byte) in content.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    ends.push(at + 1);
                }
            }
            _ => {}
        }
    }
    for end in ends {
        if content[end..].trim_start().starts_with('{') {
            parts.push(base + start..base + end);
            start = end;
        }
    }
    parts.push(base + start..base + content.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        parts(text).into_iter().map(|part| &text[part]).collect()
    }

    #[test]
    fn documents_end_at_separator_lines_only() {
        assert_eq!(
            cut("a: 1\n---\nb: |\n  ---\n--- # c\nc: ---\n----: d\n"),
            ["a: 1\n", "\nb: |\n  ---\n", " # c\nc: ---\n----: d\n"]
        );
        assert_eq!(
            cut("--- {a: 1}\r\n---\r\nb: 1"),
            [" {a: 1}\r\n", "\r\nb: 1"]
        );
    }

    #[test]
    fn parts_without_content_are_left_out() {
        assert!(cut("").is_empty());
        assert!(cut("---\n# a\n\n---\n...\n---").is_empty());
        assert_eq!(cut("%YAML 1.1\n---\na: 1"), ["\na: 1"]);
    }

    #[test]
    fn json_values_may_follow_one_another() {
        assert_eq!(
            cut("{\"a\": \"}{\\\"\"}\n{\"b\": [{}]}{}\n"),
            ["{\"a\": \"}{\\\"\"}", "\n{\"b\": [{}]}", "{}\n"]
        );
        assert_eq!(cut("{\"a\": {"), ["{\"a\": {"]);
        assert_eq!(cut("{{ .a }}\n{{ .b }}"), ["{{ .a }}\n{{ .b }}"]);
    }
}
