//! Explanations as text for people.
//!
//! Knows the layout: 100 columns, what stands where, what is emphasised. Refuses to know the terminal: whether to use
//! colours is told.
//!
//! # The layout
//!
//! ```text
//! Rollout spec.strategy.canary.maxSurge                    kind and path
//!
//! type      int-or-string                                  "required" behind it if the field is
//! default   25%
//!
//! Description, in paragraphs.
//!
//! What the controller does:                               "What matters:" for other kinds than Argo's
//!   CA-11  ...                                             the id of a known behaviour
//!   -      ...                                             without one
//!
//! In the simulation:
//!   ...
//!
//! Example:
//!   maxSurge: 1
//!
//! Fields:
//!   name  type  First sentence.                            with recursion deeper fields are indented
//! ```

use anstyle::Style;

use super::{Field, Found, Manual, catalogue};
use crate::report::layout::wrap;

/// Columns of a line.
const WIDTH: usize = 100;
/// Widest column of names and of types; longer ones push their line to the right.
const NAME_MAX: usize = 34;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// How an explanation is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub colour: bool,
    /// Lists everything below a field, not only what is directly below it.
    pub recursive: bool,
}

/// The list of kinds.
#[must_use]
pub fn kinds(manual: &Manual, look: Look) -> String {
    let mut page = Page::new(look);
    page.heading("Kinds:");
    let rows: Vec<Row> = manual
        .kinds
        .iter()
        .map(|kind| Row {
            indent: 0,
            name: kind.root.name.clone(),
            kind: kind.aliases.join(", "),
            summary: kind.root.summary().to_owned(),
        })
        .collect();
    page.table(&rows);
    page.gap();
    page.paragraph(
        "`coalmine explain PATH` explains one, or a field of it: `coalmine explain rollout.spec.strategy.canary.maxSurge`. \
         `spec` may be left out.",
        0,
    );
    page.text
}

/// One field.
#[must_use]
pub fn field(found: &Found<'_>, look: Look) -> String {
    let field = found.field;
    let mut page = Page::new(look);
    page.title(&found.kind.root.name, &found.path());
    page.gap();
    page.facts(found);
    for paragraph in field.description.split("\n\n") {
        page.gap();
        page.paragraph(paragraph, 0);
    }
    page.remarks(found);
    if let Some(simulation) = found.simulation() {
        page.gap();
        page.heading("In the simulation:");
        page.paragraph(simulation, 2);
    }
    if let Some(example) = &field.example {
        page.gap();
        page.heading("Example:");
        for line in example.lines() {
            page.line(&format!("  {line}"));
        }
    }
    if !field.children.is_empty() {
        page.gap();
        page.heading("Fields:");
        let mut rows = Vec::new();
        list(field, 0, look.recursive, &mut rows);
        page.table(&rows);
    }
    page.text
}

/// A line of a table.
struct Row {
    indent: usize,
    name: String,
    kind: String,
    summary: String,
}

fn list(field: &Field, indent: usize, recursive: bool, rows: &mut Vec<Row>) {
    for child in &field.children {
        rows.push(Row {
            indent,
            name: child.name.clone(),
            kind: child.kind.clone(),
            summary: child.summary().to_owned(),
        });
        if recursive {
            list(child, indent + 2, recursive, rows);
        }
    }
}

/// A text that is being written.
struct Page {
    text: String,
    look: Look,
}

impl Page {
    fn new(look: Look) -> Self {
        Self {
            text: String::new(),
            look,
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn gap(&mut self) {
        self.text.push('\n');
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.look.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn title(&mut self, kind: &str, path: &str) {
        let title = format!("{kind} {path}");
        let title = self.paint(BOLD, title.trim_end());
        self.line(&title);
    }

    fn heading(&mut self, text: &str) {
        let text = self.paint(BOLD, text);
        self.line(&text);
    }

    fn paragraph(&mut self, text: &str, indent: usize) {
        for line in wrap(text, WIDTH - indent, 0) {
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    /// Type and default, under each other.
    fn facts(&mut self, found: &Found<'_>) {
        let field = found.field;
        let required = if field.required { ", required" } else { "" };
        let mut facts = vec![("type", format!("{}{required}", field.kind))];
        if found.above.is_empty() {
            facts = vec![("apiVersion", found.kind.api_version.clone())];
        }
        facts.extend(field.default.clone().map(|default| ("default", default)));
        for (name, value) in facts {
            let label = self.paint(DIM, &format!("{name:<10}"));
            let mut lines = wrap(&value, WIDTH - 12, 0).into_iter();
            let first = lines.next().unwrap_or_default();
            self.line(&format!("{label}  {first}"));
            for line in lines {
                self.line(&format!("{:12}{line}", ""));
            }
        }
    }

    fn remarks(&mut self, found: &Found<'_>) {
        let field = found.field;
        if field.detail.is_empty() {
            return;
        }
        self.gap();
        // A kind of our own has no controller.
        let is_argo = found.kind.api_version == catalogue::ARGO;
        let heading = if is_argo {
            "What the controller does:"
        } else {
            "What matters:"
        };
        self.heading(heading);
        let id = |remark: &super::Remark| remark.id.clone().unwrap_or_else(|| "-".to_owned());
        let ids: Vec<String> = field.detail.iter().map(id).collect();
        let width = ids.iter().map(|id| id.chars().count()).max().unwrap_or(1);
        for (remark, id) in field.detail.iter().zip(ids) {
            let label = self.paint(BOLD, &format!("{id:<width$}"));
            let indent = width + 4;
            let mut lines = wrap(&remark.text, WIDTH - indent, 0).into_iter();
            let first = lines.next().unwrap_or_default();
            self.line(&format!("  {label}  {first}"));
            for line in lines {
                self.line(&format!("{:indent$}{line}", ""));
            }
        }
    }

    /// Names, types and first sentences; a sentence that is too long goes on below its own start.
    fn table(&mut self, rows: &[Row]) {
        let column = |length: &dyn Fn(&Row) -> usize| {
            let longest = rows.iter().map(length).filter(|length| *length <= NAME_MAX);
            longest.max().unwrap_or(0)
        };
        let name_width = column(&|row| row.indent + row.name.chars().count());
        let kind_width = column(&|row| row.kind.chars().count());
        let indent = 2 + name_width + 2 + kind_width + 2;
        for row in rows {
            let name = format!("{:1$}{2}", "", row.indent, row.name);
            let name = format!("{name:<name_width$}");
            let kind = self.paint(DIM, &format!("{:<kind_width$}", row.kind));
            // What stands too far to the right already leaves less room for the sentence.
            let start = (4 + name.chars().count() + row.kind.chars().count().max(kind_width)) + 2;
            let mut lines = wrap(&row.summary, WIDTH - indent, 0).into_iter();
            let first = if start <= indent {
                lines.next().unwrap_or_default()
            } else {
                String::new()
            };
            self.line(&format!("  {name}  {kind}  {first}"));
            for line in lines {
                self.line(&format!("{:indent$}{line}", ""));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{Kind, Remark};

    fn manual() -> Manual {
        let long = Field {
            name: "preferredDuringSchedulingIgnoredDuringExecution".to_owned(),
            kind: "object".to_owned(),
            description: "One. Two.".to_owned(),
            ..Field::default()
        };
        let root = Field {
            name: "Thing".to_owned(),
            kind: "object".to_owned(),
            description: "word ".repeat(60),
            detail: vec![Remark {
                id: Some("AB-01".to_owned()),
                text: "deed ".repeat(40),
            }],
            example: Some("a: 1\n\nb: 2".to_owned()),
            children: vec![long],
            ..Field::default()
        };
        Manual::default().with(Kind {
            aliases: Vec::new(),
            api_version: "v1".to_owned(),
            root,
        })
    }

    #[test]
    fn no_line_is_wider_than_100_columns_or_ends_in_a_space() {
        let manual = manual();
        let found = manual.find("thing").expect("the kind");
        let text = field(&found, Look::default());
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line, line.trim_end());
        }
        assert!(text.contains("\n    a: 1\n\n    b: 2\n") || text.contains("\n  a: 1\n\n  b: 2\n"));
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let manual = manual();
        let found = manual.find("thing").expect("the kind");
        let look = |colour| Look {
            colour,
            recursive: false,
        };
        let coloured = field(&found, look(true));
        assert!(coloured.contains('\u{1b}'));
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        plain.push_str(rest);
        let trimmed: Vec<&str> = plain.lines().map(str::trim_end).collect();
        assert_eq!(trimmed.join("\n"), field(&found, look(false)).trim_end());
    }
}
