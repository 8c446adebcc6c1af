//! From the text of a query to tokens that the crate `promql-parser` reads as Prometheus reads the query.
//!
//! Knows the lexer of Prometheus (`promql/parser/lex.go`) and where the crate differs: it reads strings, numbers,
//! durations and what is inside braces and brackets by itself, and hands over a text without any of that. Strings and
//! matchers are replaced by their numbers in a table, lengths of time by seconds.
//! Refuses to know the grammar of expressions. Refuses what is nested too deeply, so that nobody after it runs out of
//! stack.

mod braces;

use super::error::QueryError;
use super::functions::{Function, Signature};
use super::literal;
use super::matcher::Operation;

/// A query in the words of the crate `promql-parser`.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// The text to be parsed.
    pub(super) text: String,
    /// Its tokens.
    pub(super) tokens: Vec<Token>,
    /// The strings, in the order of their numbers.
    pub(super) strings: Vec<String>,
    /// The matchers, in the order of their numbers.
    pub(super) matchers: Vec<WrittenMatcher>,
}

/// Where a token starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// In the text to be parsed \[bytes\].
    pub(super) offset: usize,
    /// In the query \[bytes\].
    pub(super) position: usize,
}

/// A matcher as written, without its label.
#[derive(Debug)]
pub(super) struct WrittenMatcher {
    pub(super) operation: Operation,
    pub(super) value: String,
    /// Where it starts in the query \[bytes\].
    pub(super) position: usize,
}

/// How deep an expression may be nested; more than a thousand tokens of a chain, fewer than the stack bears.
const DEPTH_MAX: usize = 200;
/// The longest query \[bytes\].
const LENGTH_MAX: usize = 1 << 16;
/// The longest duration \[s\]: Go's end at 2^63 ns.
const SECONDS_MAX: f64 = 9_223_372_036.0;

/// Reads the tokens of `query`.
pub(super) fn scan(query: &str) -> Result<Scanned, QueryError> {
    if LENGTH_MAX < query.len() {
        let message = format!("the query is longer than {LENGTH_MAX} bytes");
        return Err(QueryError::not_simulated(message));
    }
    let mut scanner = Scanner {
        text: query,
        at: 0,
        start: 0,
        scanned: Scanned::default(),
        levels: vec![0],
        depth: 0,
        last: Last::Operator,
    };
    while scanner.token()? {}
    if 1 < scanner.levels.len() {
        return Err(QueryError::invalid("unclosed left parenthesis").at(query.len()));
    }
    Ok(scanner.scanned)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Where the present token starts.
    start: usize,
    scanned: Scanned,
    /// For each open parenthesis how much deeper the operators since then can have made the tree.
    levels: Vec<usize>,
    /// The sum of `levels`.
    depth: usize,
    last: Last,
}

/// What the last token was, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Operator,
    Operand,
    /// `offset`, perhaps with a sign.
    Offset,
    /// `@`
    At,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            if !self.rest().starts_with('#') {
                break;
            }
            self.at += self.rest().find(['\n', '\r']).unwrap_or(self.rest().len());
        }
    }

    fn emit(&mut self, token: &str) {
        self.scanned.tokens.push(Token {
            offset: self.scanned.text.len(),
            position: self.start,
        });
        self.scanned.text.push_str(token);
        self.scanned.text.push(' ');
    }

    fn invalid<T>(&self, message: impl Into<String>) -> Result<T, QueryError> {
        Err(QueryError::invalid(message).at(self.at))
    }

    fn unexpected<T>(&self, place: &str) -> Result<T, QueryError> {
        match self.peek() {
            None => self.invalid(format!("unexpected end of input{place}")),
            Some(c) => self.invalid(format!("unexpected character {c:?}{place}")),
        }
    }

    /// The tree may have become deeper by one.
    fn deepen(&mut self) -> Result<(), QueryError> {
        self.depth += 1;
        if let Some(level) = self.levels.last_mut() {
            *level += 1;
        }
        if DEPTH_MAX < self.depth {
            let message = format!("the query is nested more than {DEPTH_MAX} levels deep");
            return Err(QueryError::not_simulated(message).at(self.at));
        }
        Ok(())
    }

    /// Reads a token; `false` at the end.
    fn token(&mut self) -> Result<bool, QueryError> {
        self.skip_blanks();
        self.start = self.at;
        let Some(c) = self.peek() else {
            return Ok(false);
        };
        match c {
            '(' => {
                self.levels.push(0);
                self.deepen()?;
                self.symbol("(", Last::Operator);
            }
            ')' => {
                if self.levels.len() == 1 {
                    return self.invalid("unexpected right parenthesis `)`");
                }
                self.depth -= self.levels.pop().unwrap_or_default();
                self.symbol(")", Last::Operand);
            }
            ',' => self.symbol(",", Last::Operator),
            '@' => {
                self.deepen()?;
                self.symbol("@", Last::At);
            }
            '{' => {
                self.braces()?;
                self.last = Last::Operand;
            }
            '[' => {
                self.deepen()?;
                self.brackets()?;
                self.last = Last::Operand;
            }
            '"' | '\'' | '`' => {
                let string = self.string()?;
                let index = self.scanned.strings.len();
                self.scanned.strings.push(string);
                self.emit(&format!("\"{index}\""));
                self.last = Last::Operand;
            }
            '0'..='9' | '.' => {
                let seconds = self.number()?;
                if self.last == Last::Offset {
                    self.check_length(seconds)?;
                }
                self.emit(&format!("{seconds:?}"));
                self.last = Last::Operand;
            }
            'a'..='z' | 'A'..='Z' | '_' | ':' => self.word()?,
            _ => self.operator()?,
        }
        Ok(true)
    }

    fn symbol(&mut self, symbol: &str, last: Last) {
        self.emit(symbol);
        self.at += symbol.len();
        self.last = last;
    }

    fn operator(&mut self) -> Result<(), QueryError> {
        let rest = self.rest();
        if rest.starts_with("</") || rest.starts_with(">/") {
            let message = "operators that trim native histograms are not simulated";
            return Err(QueryError::not_simulated(message).at(self.at));
        }
        let operator = [
            "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "^",
        ]
        .into_iter()
        .find(|operator| rest.starts_with(operator));
        let Some(operator) = operator else {
            return self.unexpected("");
        };
        self.deepen()?;
        let signed = matches!(operator, "+" | "-");
        let last = match self.last {
            Last::Offset if signed => Last::Offset,
            Last::At if signed => Last::At,
            _ => Last::Operator,
        };
        self.symbol(operator, last);
        Ok(())
    }

    fn word(&mut self) -> Result<(), QueryError> {
        let start = self.at;
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
            .unwrap_or(rest.len());
        let word = &rest[..end];
        let lower = word.to_ascii_lowercase();
        self.at += end;
        let is_number = matches!(lower.as_str(), "inf" | "nan");
        if is_number && self.last == Last::Offset {
            return Err(QueryError::invalid("duration out of range").at(start));
        }
        let called = self.rest().trim_start().starts_with('(');
        if called && !is_keyword(&lower) && !(self.last == Last::At) {
            check_function(word, start)?;
        }
        if matches!(lower.as_str(), "and" | "or" | "unless" | "atan2") {
            self.deepen()?;
        }
        self.last = match lower.as_str() {
            "offset" => {
                self.deepen()?;
                Last::Offset
            }
            _ if is_keyword(&lower) => Last::Operator,
            _ => Last::Operand,
        };
        self.emit(word);
        Ok(())
    }

    /// A number, or a duration \[s\].
    fn number(&mut self) -> Result<f64, QueryError> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let hexadecimal = rest.starts_with("0x") || rest.starts_with("0X");
        let mut end = 0;
        while let Some(&b) = bytes.get(end) {
            let sign = matches!(b, b'+' | b'-')
                && !hexadecimal
                && matches!(bytes.get(end.wrapping_sub(1)), Some(b'e' | b'E'));
            if !(b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || sign) {
                break;
            }
            end += 1;
        }
        let text = &rest[..end];
        let Some(value) = literal::number(text).or_else(|| literal::duration(text)) else {
            return self.invalid(format!("bad number or duration syntax: {text:?}"));
        };
        self.at += end;
        Ok(value)
    }

    fn check_length(&self, seconds: f64) -> Result<(), QueryError> {
        if SECONDS_MAX < seconds {
            return self.invalid("duration out of range");
        }
        Ok(())
    }

    /// A quoted string.
    fn string(&mut self) -> Result<String, QueryError> {
        let start = self.at;
        let rest = self.rest();
        let quote = rest.chars().next().unwrap_or_default();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find_map(|(at, c)| match c {
            _ if escaped => {
                escaped = false;
                None
            }
            '\\' if quote != '`' => {
                escaped = true;
                None
            }
            '\n' if quote != '`' => Some(None),
            c if c == quote => Some(Some(at + 1)),
            _ => None,
        });
        let Some(Some(end)) = end else {
            return self.invalid("unterminated quoted string");
        };
        self.at += end;
        literal::unquoted(&rest[..end])
            .map_err(|(message, at)| QueryError::invalid(message).at(start + at))
    }

    /// `[5m]`, `[5m:]` or `[5m:1m]`.
    fn brackets(&mut self) -> Result<(), QueryError> {
        self.at += 1;
        let range = self.length()?;
        let mut text = format!("[{range:?}");
        if self.peek() == Some(':') {
            self.at += 1;
            text.push(':');
            self.skip_blanks();
            if self.peek() != Some(']') {
                let step = self.length()?;
                let step = format!("{step:?}");
                text.push_str(&step);
            }
        }
        if self.peek() != Some(']') {
            return self.unexpected(" in subquery or range, expected `:` or `]`");
        }
        self.at += 1;
        text.push(']');
        self.emit(&text);
        Ok(())
    }

    /// A positive length of time \[s\], with the blanks around it.
    fn length(&mut self) -> Result<f64, QueryError> {
        self.skip_blanks();
        self.refuse_expression(&['+', '-', '('])?;
        if !matches!(self.peek(), Some('0'..='9' | '.')) {
            return self.unexpected(" in subquery or range, expected a duration");
        }
        let start = self.at;
        let seconds = self.number()?;
        self.check_length(seconds)?;
        // A millisecond is the smallest step of time.
        if seconds < 0.001 {
            let error = QueryError::invalid("duration must be greater than 0");
            return Err(error.at(start));
        }
        self.skip_blanks();
        self.refuse_expression(&['+', '-', '*', '/', '%', '^'])?;
        Ok(seconds)
    }

    /// Refuses arithmetic with durations, of which any of `signs` is one.
    fn refuse_expression(&self, signs: &[char]) -> Result<(), QueryError> {
        if self.peek().is_some_and(|c| signs.contains(&c)) {
            let message = "expressions for durations are experimental and not simulated";
            return Err(QueryError::not_simulated(message).at(self.at));
        }
        Ok(())
    }
}

/// Refuses a call of what is no function of ours.
fn check_function(name: &str, position: usize) -> Result<(), QueryError> {
    let error = match Signature::find(name).map(|signature| signature.function) {
        None => QueryError::invalid(format!("unknown function with name `{name}`")),
        Some(Function::Experimental) => QueryError::not_simulated(format!(
            "the function `{name}` is experimental and not simulated"
        )),
        Some(Function::NativeHistogram) => QueryError::not_simulated(format!(
            "the function `{name}` is for native histograms, which are not simulated"
        )),
        Some(_) => return Ok(()),
    };
    Err(error.at(position))
}

/// Words that may stand before a parenthesis without being a function.
fn is_keyword(lower: &str) -> bool {
    matches!(
        lower,
        "and"
            | "or"
            | "unless"
            | "atan2"
            | "by"
            | "without"
            | "on"
            | "ignoring"
            | "group_left"
            | "group_right"
            | "bool"
            | "offset"
            | "fill"
            | "fill_left"
            | "fill_right"
            | "avg"
            | "bottomk"
            | "count"
            | "count_values"
            | "group"
            | "max"
            | "min"
            | "quantile"
            | "stddev"
            | "stdvar"
            | "sum"
            | "topk"
            | "limitk"
            | "limit_ratio"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_matchers_become_numbers() {
        let scanned = scan(r#"a{b=~`\d`,"c d"!="x",} + on("e") count_values('f', {"g.h"})"#)
            .expect("a query");
        assert_eq!(
            scanned.text,
            r#"a {"b"="0","c d"="1"} + on ( "0" ) count_values ( "1" , {"__name__"="2"} ) "#
        );
        assert_eq!(scanned.strings, ["e", "f"]);
        assert_eq!(scanned.matchers[0].value, r"\d");
        assert_eq!(scanned.matchers[2].value, "g.h");
    }

    #[test]
    fn lengths_become_seconds() {
        let scanned = scan("a[1m30s : 15s] offset -1_0 # so\n + 0x10").expect("a query");
        assert_eq!(scanned.text, "a [90.0:15.0] offset - 10.0 + 16.0 ");
    }

    #[test]
    fn errors_have_places() {
        for (query, position) in [
            ("a + foo(b)", 4),
            ("a{b=c}", 4),
            ("a[5x]", 2),
            ("a[5m", 4),
            ("a é", 2),
            ("(a", 2),
            ("a)", 1),
            ("'a", 0),
            (r#"a{b="\q"}"#, 5),
            ("{{args.service}}", 1),
            ("a offset 1e10", 13),
            ("a{b='c' or d='e'}", 8),
        ] {
            let error = scan(query).expect_err(query);
            assert_eq!(error.position(), Some(position), "{query}: {error}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_long_lists_are_not() {
        for deep in [
            "(".repeat(300),
            "-".repeat(300),
            "a[1m:]".repeat(300),
            "1+".repeat(300),
        ] {
            assert!(scan(&deep).is_err());
        }
        assert!(scan(&format!("a{{b=~'{}'}}", "x|".repeat(2000))).is_ok());
        assert!(scan(&"(1)+".repeat(190)).is_ok());
    }
}
