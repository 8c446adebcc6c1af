//! The matchers of a selector, `{a="b", c=~"d"}`.

use super::{QueryError, Scanner, WrittenMatcher};
use crate::promql::labels::METRIC_NAME;
use crate::promql::matcher::Operation;

impl Scanner<'_> {
    /// Reads from `{` to `}`.
    pub(super) fn braces(&mut self) -> Result<(), QueryError> {
        self.at += 1;
        let mut text = String::from("{");
        loop {
            self.skip_blanks();
            match self.peek() {
                Some('}') => break,
                None => return self.unexpected(" inside braces"),
                Some(',') if text == "{" => {
                    return self.unexpected(" in label matching, expected a label or `}`");
                }
                Some(_) => {}
            }
            if text != "{" {
                text.push(',');
            }
            self.matcher(&mut text)?;
            self.skip_blanks();
            match self.peek() {
                Some(',') => self.at += 1,
                Some('}') => {}
                _ => return self.unexpected(" in label matching, expected `,` or `}`"),
            }
        }
        self.at += 1;
        text.push('}');
        self.emit(&text);
        Ok(())
    }

    fn matcher(&mut self, text: &mut String) -> Result<(), QueryError> {
        let position = self.at;
        let quoted = matches!(self.peek(), Some('"' | '\'' | '`'));
        let name = if quoted {
            self.string()?
        } else {
            self.label_name()?
        };
        self.skip_blanks();
        let is_name = quoted && matches!(self.peek(), Some(',' | '}'));
        let (name, operation, value) = if is_name {
            (METRIC_NAME.to_owned(), Operation::Equal, name)
        } else {
            let operation = self.matcher_operation()?;
            self.skip_blanks();
            if !matches!(self.peek(), Some('"' | '\'' | '`')) {
                return self.unexpected(" in label matching, expected a string");
            }
            (name, operation, self.string()?)
        };
        if name.is_empty() {
            return Err(QueryError::invalid("a label has an empty name").at(position));
        }
        let index = self.scanned.matchers.len();
        text.push('"');
        for c in name.chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        let placeholder = format!("\"=\"{index}\"");
        text.push_str(&placeholder);
        self.scanned.matchers.push(WrittenMatcher {
            operation,
            value,
            position,
        });
        Ok(())
    }

    fn label_name(&mut self) -> Result<String, QueryError> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let name = &rest[..end];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return self.unexpected(" in label matching, expected a label");
        }
        self.at += end;
        Ok(name.to_owned())
    }

    fn matcher_operation(&mut self) -> Result<Operation, QueryError> {
        let rest = self.rest();
        let (operation, length) = if rest.starts_with("=~") {
            (Operation::Matches, 2)
        } else if rest.starts_with("!~") {
            (Operation::MatchesNot, 2)
        } else if rest.starts_with("!=") {
            (Operation::NotEqual, 2)
        } else if rest.starts_with('=') {
            (Operation::Equal, 1)
        } else {
            return self.unexpected(" in label matching, expected a matching operator");
        };
        self.at += length;
        Ok(operation)
    }
}
