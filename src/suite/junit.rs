//! The results as XML in the form of `JUnit`, as build servers read it.
//!
//! | element | stands for |
//! |---|---|
//! | `testsuite` | a folder; `name` is its path |
//! | `testcase` | a scenario; `name` is its name, `classname` the folder, `file` and `line` where it is written, `time` the seconds that it took |
//! | `failure` | everything that it expected in vain; `message` is the first of these in one line, the text has all, and the timeline |
//! | `error` | the scenario or its manifests cannot be read; the text says why |
//! | `skipped` | nothing was expected: it was run, but nothing was tested |
//! | `system-out` | the verdict |

use std::fmt::Write as _;
use std::time::Duration;

use super::{Case, Located, Problem, Result, Suite};

/// The results as XML.
#[must_use]
pub fn render(suite: &Suite) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all: Vec<&Case> = suite.cases.iter().collect();
    let sums = sums(&all);
    let seconds = seconds(suite.took);
    let _ = writeln!(
        out,
        "<testsuites name=\"coalmine\" {sums} time=\"{seconds}\">"
    );
    for folder in all.chunk_by(|a, b| a.folder == b.folder) {
        let name = attribute(&folder[0].folder);
        let time = folder.iter().map(|case| case.took).sum();
        let (sums, seconds) = (self::sums(folder), self::seconds(time));
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" {sums} time=\"{seconds}\">"
        );
        for case in folder {
            test_case(&mut out, case, &suite.problems);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// The numbers of cases in attributes.
fn sums(cases: &[&Case]) -> String {
    let number = |fits: fn(&Result) -> bool| cases.iter().filter(|case| fits(&case.result)).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        cases.len(),
        number(|result| matches!(result, Result::Failed { .. })),
        number(|result| matches!(result, Result::Unreadable)),
        number(|result| matches!(result, Result::NotExpected { .. })),
    )
}

fn test_case(out: &mut String, case: &Case, problems: &[Problem]) {
    let _ = writeln!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\" time=\"{}\">",
        attribute(&case.name),
        attribute(&case.folder),
        attribute(&case.spot.file),
        case.spot.line,
        seconds(case.took),
    );
    let verdict = match &case.result {
        Result::Passed { verdict } => Some(verdict),
        Result::Failed {
            verdict,
            failures,
            timeline,
        } => {
            failure(out, failures, timeline);
            Some(verdict)
        }
        Result::NotExpected { verdict } => {
            out.push_str("      <skipped message=\"no expectation\"/>\n");
            Some(verdict)
        }
        Result::Unreadable => {
            let lines: Vec<String> = problems
                .iter()
                .filter(|problem| problem.concerns(case))
                .map(Problem::line)
                .collect();
            let text = text(&lines.join("\n"));
            let _ = writeln!(
                out,
                "      <error message=\"cannot be read\">{text}</error>"
            );
            None
        }
    };
    if let Some(verdict) = verdict {
        let _ = writeln!(out, "      <system-out>{}</system-out>", text(verdict));
    }
    out.push_str("    </testcase>\n");
}

fn failure(out: &mut String, failures: &[Located], timeline: &str) {
    let message = failures.first().map(|first| {
        let failure = &first.failure;
        format!(
            "{}: expected {}, but it was {}",
            failure.subject, failure.expected, failure.happened
        )
    });
    let mut body = String::new();
    for Located { failure, spot } in failures {
        let _ = writeln!(
            body,
            "{} at {}\n  - expected  {}\n  + happened  {}",
            failure.subject,
            spot.shown(),
            failure.expected,
            failure.happened
        );
    }
    let _ = write!(body, "\n{timeline}");
    let _ = writeln!(
        out,
        "      <failure type=\"expectation\" message=\"{}\">{}</failure>",
        attribute(&message.unwrap_or_default()),
        text(&body)
    );
}

impl Problem {
    /// Whether it is a reason why a case cannot be read: it lies in the same folder.
    fn concerns(&self, case: &Case) -> bool {
        self.folder == case.folder
    }

    fn line(&self) -> String {
        let diagnostic = &self.finding.diagnostic;
        format!(
            "{}: {}: {}",
            self.spot.shown(),
            diagnostic.severity.word(),
            diagnostic.message
        )
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.6}", time.as_secs_f64())
}

/// A text between quotes.
fn attribute(value: &str) -> String {
    escaped(value, true)
}

/// A text between tags.
fn text(value: &str) -> String {
    escaped(value, false)
}

/// Escapes what has a meaning in XML; characters that XML cannot hold become U+FFFD.
fn escaped(value: &str, in_attribute: bool) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if in_attribute => out.push_str("&quot;"),
            '\n' if in_attribute => out.push_str("&#10;"),
            '\t' if in_attribute => out.push_str("&#9;"),
            '\n' | '\t' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped_or_replaced() {
        assert_eq!(
            text("a<b> & \"c\"\u{1b}\n"),
            "a&lt;b&gt; &amp; \"c\"\u{fffd}\n"
        );
        assert_eq!(attribute("\"<\n\""), "&quot;&lt;&#10;&quot;");
    }
}
