//! The results as annotations of GitHub's checks: one line for each failed expectation and each problem of an input, at its place.

use std::fmt::Write as _;

use super::{Located, Result, Spot, Suite};
use crate::diagnostic::Severity;

/// The annotations, in lines that GitHub's runner reads from the output.
#[must_use]
pub fn render(suite: &Suite) -> String {
    let mut out = String::new();
    for problem in &suite.problems {
        let diagnostic = &problem.finding.diagnostic;
        let level = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let help = diagnostic.help.as_ref();
        let help = help.map_or(String::new(), |help| format!("\nhelp: {help}"));
        let message = format!("{}{help}", diagnostic.message);
        annotation(&mut out, level, &problem.spot, diagnostic.id, &message);
    }
    for case in &suite.cases {
        let Result::Failed { failures, .. } = &case.result else {
            continue;
        };
        for Located { failure, spot } in failures {
            let message = format!(
                "{}\nexpected: {}\nhappened: {}",
                failure.subject, failure.expected, failure.happened
            );
            annotation(&mut out, "error", spot, &case.label, &message);
        }
    }
    out
}

fn annotation(out: &mut String, level: &str, spot: &Spot, title: &str, message: &str) {
    let _ = write!(out, "::{level} ");
    if !spot.file.is_empty() {
        let _ = write!(out, "file={},", property(&spot.file));
    }
    if 0 < spot.line {
        let _ = write!(out, "line={},col={},", spot.line, spot.column);
    }
    let _ = writeln!(out, "title={}::{}", property(title), data(message));
}

/// Escapes the text of an annotation.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property of an annotation.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_one_line_each() {
        let mut out = String::new();
        let spot = Spot {
            file: "a,b/c.yaml".to_owned(),
            line: 3,
            column: 5,
        };
        annotation(&mut out, "error", &spot, "a: b", "100 %\nor less");
        let want = "::error file=a%2Cb/c.yaml,line=3,col=5,title=a%3A b::100 %25%0Aor less\n";
        assert_eq!(out, want);
    }
}
