//! Findings as text: with an excerpt and a caret in the style of compilers, or one line each.
//!
//! Knows the two forms. Refuses to know the terminal: whether to use colours is told. Simplifies
//! long lines, of which the part around the caret is shown.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::source::{Location, SourceId, Sources, Span, floor_boundary};
use super::wording::visible;
use super::{Finding, Severity};

/// Whether the text may carry colours for a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Plain,
    Coloured,
}

/// Every finding with its excerpt, each followed by an empty line.
#[must_use]
pub fn render(findings: &[Finding], sources: &Sources, look: Look) -> String {
    let renderer = match look {
        Look::Plain => Renderer::plain(),
        Look::Coloured => Renderer::styled(),
    };
    let mut text = String::new();
    for finding in findings {
        text.push_str(&render_one(finding, sources, &renderer));
        text.push_str("\n\n");
    }
    text
}

/// Every finding on one line: `file:line:column: error[id]: message (path); help: ...`.
#[must_use]
pub fn render_compact(findings: &[Finding], sources: &Sources) -> String {
    let line = |finding| compact(finding, sources) + "\n";
    findings.iter().map(line).collect()
}

fn compact(finding: &Finding, sources: &Sources) -> String {
    let diagnostic = &finding.diagnostic;
    let place = finding.location.as_ref().map(|location| {
        let name = visible(sources.name(location.source));
        match location.span {
            Some(span) => {
                let at = sources.position(location.source, span.start());
                format!("{name}:{}:{}: ", at.line, at.column)
            }
            None => format!("{name}: "),
        }
    });
    let word = diagnostic.severity.word();
    let title = format!(
        "{word}[{}]: {}",
        diagnostic.id,
        visible(&diagnostic.message)
    );
    let path = shown_path(finding).map(|path| format!(" ({path})"));
    let help = diagnostic.help.as_deref();
    let help = help.map(|help| format!("; help: {}", visible(help)));
    [place, Some(title), path, help]
        .into_iter()
        .flatten()
        .collect()
}

/// The part of a line that is shown, and the annotated bytes in it.
struct Excerpt<'a> {
    name: String,
    line: usize,
    /// Column in the whole line, and in the excerpt.
    columns: (usize, usize),
    text: std::borrow::Cow<'a, str>,
    marked: std::ops::Range<usize>,
}

/// Longest line shown in full \[byte\].
const LINE_MAX: usize = 130;
/// What is shown of a longer one before and after the start of the span \[byte\].
const CONTEXT: (usize, usize) = (50, 70);

fn render_one(finding: &Finding, sources: &Sources, renderer: &Renderer) -> String {
    let diagnostic = &finding.diagnostic;
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level
        .primary_title(visible(&diagnostic.message))
        .id(diagnostic.id);
    let mut excerpts = Vec::new();
    let mut group = Group::with_title(title);
    group = show(
        group,
        finding.location.as_ref(),
        sources,
        AnnotationKind::Primary,
        &mut excerpts,
    );
    if let Some(path) = shown_path(finding) {
        group = group.element(Level::NOTE.with_name("path").message(path));
    }
    let mut groups = Vec::new();
    for (note, location) in diagnostic.notes.iter().zip(&finding.notes) {
        let message = visible(&note.message);
        if location.is_none() {
            group = group.element(Level::NOTE.message(message));
            continue;
        }
        let titled = Group::with_title(Level::NOTE.secondary_title(message));
        let kind = AnnotationKind::Context;
        groups.push(show(
            titled,
            location.as_ref(),
            sources,
            kind,
            &mut excerpts,
        ));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    groups.insert(0, group);
    let text = renderer.render(&groups);
    excerpts.iter().fold(text, with_true_column)
}

/// Adds the excerpt at a location, or the name of the source when there is nothing to point at.
fn show<'a>(
    group: Group<'a>,
    location: Option<&Location>,
    sources: &'a Sources,
    kind: AnnotationKind,
    excerpts: &mut Vec<(String, String)>,
) -> Group<'a> {
    let Some(location) = location else {
        return group;
    };
    let Some(span) = location.span else {
        return group.element(Origin::path(visible(sources.name(location.source))));
    };
    let excerpt = excerpt(sources, location.source, span);
    let (column, column_shown) = excerpt.columns;
    if column != column_shown {
        let header = |column| format!("{}:{}:{column}", excerpt.name, excerpt.line);
        excerpts.push((header(column_shown), header(column)));
    }
    let snippet = Snippet::source(excerpt.text)
        .path(excerpt.name)
        .line_start(excerpt.line)
        .annotation(kind.span(excerpt.marked));
    group.element(snippet)
}

/// Cuts the line that holds the start of a span around it.
fn excerpt(sources: &Sources, source: SourceId, span: Span) -> Excerpt<'_> {
    let text = sources.text(source);
    let (line, start, end) = sources.line(source, span.start());
    let from = floor_boundary(text, span.start()).min(end);
    let to = floor_boundary(text, span.end()).clamp(from, end);
    let column = text[start..from].chars().count() + 1;
    let name = visible(sources.name(source));
    if end - start <= LINE_MAX {
        return Excerpt {
            name,
            line,
            columns: (column, column),
            text: text[start..end].into(),
            marked: from - start..to - start,
        };
    }
    let left = floor_boundary(text, from.saturating_sub(CONTEXT.0)).max(start);
    let right = floor_boundary(text, from + CONTEXT.1).min(end);
    let before = if start < left { "…" } else { "" };
    let after = if right < end { "…" } else { "" };
    let marked = from - left + before.len()..to.min(right) - left + before.len();
    let column_shown = text[left..from].chars().count() + before.chars().count() + 1;
    Excerpt {
        name,
        line,
        columns: (column, column_shown),
        text: format!("{before}{}{after}", &text[left..right]).into(),
        marked,
    }
}

/// The renderer counts columns in the excerpt, so that a cut line needs its own column put back.
fn with_true_column(rendered: String, (shown, meant): &(String, String)) -> String {
    // The message stands on the first line, so that it cannot be taken for the header.
    let body = rendered.find('\n').unwrap_or(rendered.len());
    let header = format!("{shown}\n");
    match rendered[body..].find(&header) {
        Some(at) => {
            let (before, after) = rendered.split_at(body + at);
            format!("{before}{meant}{}", &after[shown.len()..])
        }
        None => rendered,
    }
}

fn shown_path(finding: &Finding) -> Option<String> {
    let path = finding.location.as_ref()?.path.as_ref()?.to_string();
    (!path.is_empty()).then(|| visible(&path))
}

#[cfg(test)]
mod tests {
    use super::super::{Diagnostic, Note, Path};
    use super::*;

    fn finding(text: &str, span: Span) -> (Finding, Sources) {
        let mut sources = Sources::default();
        let source = sources.add("rollout.yaml", text.to_owned());
        let diagnostic = Diagnostic::error("unknown-field", "unknown field `setWieght`");
        let location = Some(Location {
            source,
            span: Some(span),
            path: Some(Path::from("steps[0].setWieght")),
        });
        let diagnostic = diagnostic.help("did you mean `setWeight`?");
        let notes = Vec::new();
        let finding = Finding {
            diagnostic,
            location,
            notes,
        };
        (finding, sources)
    }

    #[test]
    fn a_finding_shows_line_caret_path_and_help() {
        let (finding, sources) = finding("steps:\n- setWieght: 20\n", Span::new(9, 18));
        assert_eq!(
            render(&[finding], &sources, Look::Plain),
            "\
error[unknown-field]: unknown field `setWieght`
 --> rollout.yaml:2:3
  |
2 | - setWieght: 20
  |   ^^^^^^^^^
  |
  = path: steps[0].setWieght
  = help: did you mean `setWeight`?

"
        );
    }

    #[test]
    fn a_finding_fits_on_one_line() {
        let (finding, sources) = finding("steps:\n- setWieght: 20\n", Span::new(9, 18));
        assert_eq!(
            render_compact(&[finding], &sources),
            "rollout.yaml:2:3: error[unknown-field]: unknown field `setWieght` \
             (steps[0].setWieght); help: did you mean `setWeight`?\n"
        );
    }

    #[test]
    fn a_huge_line_is_cut_around_the_caret_and_keeps_its_column() {
        let text = format!(
            "{}üsetWieght: 1{}",
            "x ".repeat(500_000),
            " y".repeat(500_000)
        );
        let (finding, sources) = finding(&text, Span::new(1_000_002, 1_000_011));
        for look in [Look::Plain, Look::Coloured] {
            let rendered = render(std::slice::from_ref(&finding), &sources, look);
            assert!(rendered.contains("rollout.yaml:1:1000002"), "{rendered}");
            assert!(rendered.contains("x üsetWieght: 1 y"), "{rendered}");
            assert!(rendered.len() < 1_000, "{}", rendered.len());
        }
    }

    #[test]
    fn a_note_with_a_place_gets_its_own_excerpt() {
        let (mut finding, sources) = finding("a: 1\na: 2\n", Span::new(5, 6));
        let message = "first written here".to_owned();
        finding.diagnostic.notes = vec![Note {
            message,
            place: None,
        }];
        finding.notes = vec![Some(Location {
            source: SourceId(0),
            span: Some(Span::new(0, 1)),
            path: None,
        })];
        let rendered = render(&[finding], &sources, Look::Plain);
        assert!(
            rendered.contains("note: first written here\n --> rollout.yaml:1:1"),
            "{rendered}"
        );
    }

    #[test]
    fn control_characters_of_the_user_do_not_reach_the_terminal() {
        let (mut finding, sources) = finding("a\u{1b}[31m: \u{202e}1\n", Span::new(0, 1));
        finding.diagnostic.message = "bad \u{1b}[31m".to_owned();
        let rendered = render(std::slice::from_ref(&finding), &sources, Look::Plain);
        let rendered = rendered + &render_compact(&[finding], &sources);
        assert!(!rendered.contains(['\u{1b}', '\u{202e}']), "{rendered:?}");
    }
}
