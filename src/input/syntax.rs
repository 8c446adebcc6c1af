//! Errors of YAML's grammar in words that help.
//!
//! Knows the parser's errors and the mistakes that lie behind them. Refuses to know documents.
//! Simplifies: guesses from the line in question; where nothing is known to help, the parser's own
//! words are passed on.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::quoted;

/// A syntax error and the bytes it is about.
pub(crate) struct Problem {
    pub(crate) diagnostic: Diagnostic,
    pub(crate) span: Range<usize>,
    /// Where the parser stopped, if that is elsewhere.
    pub(crate) stopped: Option<usize>,
}

/// Explains an error of the parser at a byte of a text. `open` is where the innermost bracket
/// opened that is not closed.
pub(crate) fn explain(parser_says: &str, text: &str, at: usize, open: Option<usize>) -> Problem {
    let stopped = crate::diagnostic::source::floor_boundary(text, at);
    let at = last_content(text, at);
    let line = Line::around(text, at);
    let mut id = "yaml-syntax";
    let (message, help, span) = if parser_says.contains("recursion limit") {
        id = "too-deep";
        by_words(parser_says, text, at)
    } else if let Some(explanation) = template(&line) {
        id = UNQUOTED;
        explanation
    } else {
        tab(parser_says, &line, &text[line.start..])
            .or_else(|| quotation(parser_says, text, at))
            .or_else(|| open.and_then(|open| unclosed(text, open)))
            .or_else(|| colon(parser_says, &line, at))
            .unwrap_or_else(|| by_words(parser_says, text, at))
    };
    let stopped = (open == Some(span.start) && stopped < text.len()).then_some(stopped);
    let mut diagnostic = Diagnostic::error(id, message);
    diagnostic.help = help;
    Problem {
        diagnostic,
        span,
        stopped,
    }
}

/// The rule that a template without quotes breaks.
pub(crate) const UNQUOTED: &str = "unquoted-template";

type Explanation = (String, Option<String>, Range<usize>);

/// A line and its place in the text.
struct Line<'a> {
    start: usize,
    content: &'a str,
}

impl<'a> Line<'a> {
    fn around(text: &'a str, at: usize) -> Self {
        let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
        let end = text[at..].find('\n').map_or(text.len(), |after| at + after);
        let content = text[start..end].trim_end_matches('\r');
        Line { start, content }
    }

    fn span(&self) -> Range<usize> {
        let indent = self.content.len() - self.content.trim_start().len();
        self.start + indent..self.start + self.content.len()
    }
}

/// The parser notices many errors at the next thing it reads; behind the end of the text that is
/// nothing, and the last line with content is shown.
fn last_content(text: &str, at: usize) -> usize {
    let at = crate::diagnostic::source::floor_boundary(text, at);
    if text[at..].trim().is_empty() {
        let before = text[..at].trim_end();
        return before
            .char_indices()
            .next_back()
            .map_or(0, |(last, _)| last);
    }
    at
}

fn tab(parser_says: &str, line: &Line<'_>, rest: &str) -> Option<Explanation> {
    let indent = line.content.len() - line.content.trim_start().len();
    let in_indent = line.content[..indent].find('\t');
    let at = match in_indent {
        Some(found) => line.start + found,
        // The parser may stop at the end of the line before.
        None if parser_says.contains("tab") => line.start + rest.find('\t')?,
        None => return None,
    };
    let message = "YAML cannot be indented with tabs".to_owned();
    let help = "replace the tab by spaces".to_owned();
    Some((message, Some(help), at..at + 1))
}

/// A value that begins with a template and goes on behind it: `{{args.x}}/path`.
fn template(line: &Line<'_>) -> Option<Explanation> {
    let start = line.content.find("{{")?;
    let before = line.content[..start].trim_end();
    let begins_value = before.is_empty() || before.ends_with([':', '-']);
    if !begins_value || before.contains('#') {
        return None;
    }
    let value = line.content[start..].trim_end();
    let message = format!("without quotes YAML takes {} for a mapping", quoted(value));
    let help = format!("put it in quotes: `\"{}\"`", value.replace('"', "\\\""));
    let at = line.start + start;
    Some((message, Some(help), at..at + value.len()))
}

fn quotation(parser_says: &str, text: &str, at: usize) -> Option<Explanation> {
    let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
    if parser_says.contains("quoted scalar, found unexpected") {
        let message = "the quotation that begins here does not end".to_owned();
        let help = "close it, or look for a quotation mark inside that needs an escape".to_owned();
        return Some((message, Some(help), at..end));
    }
    if parser_says.contains("indentation in quoted scalar") {
        let message = "the lines of the quotation that begins here are not indented".to_owned();
        let help = "indent them deeper than the key, or close the quotation".to_owned();
        return Some((message, Some(help), at..end));
    }
    None
}

fn unclosed(text: &str, open: usize) -> Option<Explanation> {
    let (open_bracket, close, name) = match text[open..].chars().next()? {
        '{' => ('{', '}', "mapping"),
        '[' => ('[', ']', "list"),
        _ => return None,
    };
    let message = format!("a comma or `{close}` is missing behind this `{open_bracket}`");
    let help = format!("separate entries by commas and close the {name} with `{close}`");
    Some((message, Some(help), open..open + 1))
}

/// Something with a colon where YAML sees no key.
fn colon(parser_says: &str, line: &Line<'_>, at: usize) -> Option<Explanation> {
    if !parser_says.contains("mapping values are not allowed") {
        return None;
    }
    let before = line.content.get(..at.saturating_sub(line.start))?;
    if let Some((_, value)) = before.split_once(": ") {
        let value = line.content[before.len() - value.len()..].trim();
        let message = "a second colon on the line makes no sense to YAML".to_owned();
        let help = format!("if the value is {}, put it in quotes", quoted(value));
        return Some((message, Some(help), at..at + 1));
    }
    let message = "the line is not indented like its neighbours".to_owned();
    let help = "a key lines up with the other keys of its mapping; \
                only a key without a value has deeper lines below it";
    Some((message, Some(help.to_owned()), line.span()))
}

/// Words of the parser, what is wrong, and what to do. The first that fits counts.
const KNOWN: [(&str, &str, &str); 10] = [
    (
        "did not find expected key",
        "YAML expects a key here",
        "check the indentation, and the quotes and brackets on the line",
    ),
    (
        "simple key expect",
        "a key without a colon",
        "write `key: value`; a text of several lines needs `|` or quotes",
    ),
    (
        "did not find expected '-' indicator",
        "YAML expects another item of the list here",
        "begin it with `- `, or indent the line like what it belongs to",
    ),
    (
        "block sequence entries are not allowed",
        "a list cannot begin here",
        "begin it on a line of its own below the key",
    ),
    (
        "<document start>",
        "the line belongs to nothing above it",
        "indent it like its neighbours, or begin a new document with `---`",
    ),
    (
        "unknown anchor",
        "the alias refers to an anchor that does not exist above it",
        "define it with `&name` first; anchors of other documents do not count",
    ),
    (
        "unknown escape character",
        "the backslash begins an escape that does not exist",
        "double the backslash, or use single quotes, where it means nothing",
    ),
    (
        "recursion limit",
        "the document is nested too deeply",
        "no object of Kubernetes is; look for brackets that are not closed",
    ),
    (
        "indent",
        "the indentation fits to no line above",
        "indent the line like its neighbours",
    ),
    ("unexpected character", "", "put the value in quotes"),
];

/// By the parser's words alone.
fn by_words(parser_says: &str, text: &str, at: usize) -> Explanation {
    let line = Line::around(text, at);
    if parser_says.contains("did not find expected key")
        && line.content.trim_start().starts_with("- ")
    {
        let message = "a list item cannot stand here".to_owned();
        let help = "line up its dash with the other items, or begin a list below a key".to_owned();
        return (message, Some(help), line.span());
    }
    let found = KNOWN.iter().find(|(words, ..)| parser_says.contains(words));
    let next = text[at..].chars().next().map_or(0, char::len_utf8);
    match found {
        Some(("unexpected character", _, help)) => {
            let message = format!("a value cannot begin with {}", quoted(&text[at..at + next]));
            (message, Some((*help).to_owned()), at..at + next)
        }
        Some(("unknown escape character", message, help)) => (
            (*message).to_owned(),
            Some((*help).to_owned()),
            at..at + next,
        ),
        Some((_, message, help)) => ((*message).to_owned(), Some((*help).to_owned()), line.span()),
        None => {
            let help = "check the indentation, and the quotes and brackets on the line";
            let message = format!("no valid YAML: {parser_says}");
            (message, Some(help.to_owned()), at..at + next)
        }
    }
}
