//! Text to tokens.
//!
//! Knows the spelling of the language: numbers, the three kinds of strings, operators, comments.
//! Refuses to know what a sequence of tokens means; even `result 10` is two tokens here. Follows
//! `parser/lexer` of expr-lang/expr, quirks included: a run such as `=*` is one (meaningless)
//! operator, and an identifier may contain `$`.
//!
//! Simplification: letters outside ASCII are those of [`char::is_alphabetic`], a few marks more
//! than Go's `unicode.IsLetter`.

use std::borrow::Cow;

use super::ast::Span;
use super::escape;
use super::fault::Fault;

/// What a token is, as named in messages (`unexpected token Operator("&")`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Identifier,
    Number,
    String,
    /// A `b"..."` literal; the text holds one character of U+0000..=U+00FF for each byte.
    Bytes,
    Operator,
    Bracket,
    End,
}

/// One token with its place in the text.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: Cow<'a, str>,
    pub(super) span: Span,
}

impl Token<'_> {
    /// Whether this is the operator `text`.
    pub(super) fn is_operator(&self, text: &str) -> bool {
        self.kind == TokenKind::Operator && self.text == text
    }

    /// Whether this is the bracket `text`.
    pub(super) fn is_bracket(&self, text: &str) -> bool {
        self.kind == TokenKind::Bracket && self.text == text
    }
}

/// The tokens before the first mistake, and the mistake. Without a mistake the last token is
/// [`TokenKind::End`]. The parser reports a mistake only when it gets there, so that an earlier
/// mistake of grammar comes first.
pub(super) fn tokenize(text: &str) -> (Vec<Token<'_>>, Option<Fault>) {
    let mut lexer = Lexer {
        text,
        start: 0,
        end: 0,
        tokens: Vec::new(),
    };
    let mistake = loop {
        match lexer.step() {
            Ok(true) => {}
            Ok(false) => break None,
            Err(message) => break Some(Fault::new(message).at(lexer.mistake_span())),
        }
    };
    (lexer.tokens, mistake)
}

/// A character an identifier may contain.
pub(super) fn is_word(c: char) -> bool {
    c == '_' || c == '$' || c.is_ascii_digit() || c.is_alphabetic()
}

/// Whether `text` could be an identifier.
pub(super) fn is_identifier(text: &str) -> bool {
    text.chars().next().is_some_and(|c| !c.is_ascii_digit()) && text.chars().all(is_word)
}

const WORD_OPERATORS: [&str; 10] = [
    "in",
    "or",
    "and",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "let",
    "if",
    "else",
];
const NEGATABLE: [&str; 5] = ["in", "matches", "contains", "startsWith", "endsWith"];

struct Lexer<'a> {
    text: &'a str,
    /// Bytes of the token being read: `start..end`.
    start: usize,
    end: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn peek(&self) -> Option<char> {
        self.text[self.end..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.end += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, allowed: &str) -> bool {
        let found = self.peek().is_some_and(|c| allowed.contains(c));
        if found {
            self.end += 1;
        }
        found
    }

    fn accept_while(&mut self, allowed: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&allowed) {
            self.next();
        }
    }

    fn word(&self) -> &'a str {
        &self.text[self.start..self.end]
    }

    fn skip(&mut self) {
        self.start = self.end;
    }

    fn emit(&mut self, kind: TokenKind) {
        let text = Cow::Borrowed(self.word());
        self.emit_text(kind, text);
    }

    fn emit_text(&mut self, kind: TokenKind, text: Cow<'a, str>) {
        self.tokens.push(Token {
            kind,
            text,
            span: Span::new(self.start, self.end),
        });
        self.skip();
    }

    fn mistake_span(&self) -> Span {
        Span::new(self.start, self.end)
    }

    /// Reads one token, comment or blank. False at the end of the text.
    fn step(&mut self) -> Result<bool, String> {
        let Some(c) = self.next() else {
            self.emit(TokenKind::End);
            return Ok(false);
        };
        match c {
            _ if c.is_whitespace() => self.skip(),
            '\'' | '"' => {
                self.quoted(c)?;
                let text = escape::unescape(self.word())?;
                self.emit_text(TokenKind::String, text);
            }
            '`' => self.raw_string()?,
            'b' | 'B' if matches!(self.peek(), Some('\'' | '"')) => {
                let quote = self.next().unwrap_or_default();
                self.quoted(quote)?;
                let text = escape::unescape_bytes(&self.word()[1..])?;
                self.emit_text(TokenKind::Bytes, Cow::Owned(text));
            }
            '0'..='9' => {
                self.end -= 1;
                self.number()?;
            }
            '?' => self.pair(".?"),
            '/' => self.slash()?,
            '#' => {
                self.pair("#");
                self.accept_while(is_word);
                if !self.word().is_empty() {
                    self.emit(TokenKind::Identifier);
                }
            }
            '|' => self.pair("|"),
            ':' => self.pair(":"),
            '(' | '[' | '{' | ')' | ']' | '}' => self.emit(TokenKind::Bracket),
            ',' | ';' | '%' | '+' | '-' | '^' => self.emit(TokenKind::Operator),
            '&' | '!' | '=' | '*' | '<' | '>' => self.pair("&=*"),
            '.' => {
                if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.number()?;
                } else {
                    self.pair(".");
                }
            }
            _ if is_word(c) => self.identifier(),
            _ => {
                return Err(format!(
                    "unrecognized character: U+{:04X} '{c}'",
                    u32::from(c)
                ));
            }
        }
        Ok(true)
    }

    /// An operator of one character, or of two if the second is one of `second`.
    fn pair(&mut self, second: &str) {
        self.accept(second);
        self.emit(TokenKind::Operator);
    }

    fn number(&mut self) -> Result<(), String> {
        let mut digits: fn(char) -> bool = |c| c.is_ascii_digit() || c == '_';
        if self.accept("0") {
            if self.accept("xX") {
                digits = |c| c.is_ascii_hexdigit() || c == '_';
            } else if self.accept("oO") {
                digits = |c| matches!(c, '0'..='7' | '_');
            } else if self.accept("bB") {
                digits = |c| matches!(c, '0' | '1' | '_');
            }
        }
        self.accept_while(digits);
        let integer_end = self.end;
        if self.accept(".") {
            if self.peek() == Some('.') {
                // `1..2` is a range, not the number `1.` followed by a dot.
                self.end = integer_end;
                self.emit(TokenKind::Number);
                return Ok(());
            }
            self.accept_while(digits);
        }
        if self.accept("eE") {
            self.accept("+-");
            self.accept_while(digits);
        }
        if self.peek().is_some_and(is_word) {
            self.next();
            return Err(format!(
                "bad number syntax: {}",
                super::format::quote(self.word())
            ));
        }
        self.emit(TokenKind::Number);
        Ok(())
    }

    fn identifier(&mut self) {
        self.accept_while(is_word);
        match self.word() {
            "not" => self.not(),
            word if WORD_OPERATORS.contains(&word) => self.emit(TokenKind::Operator),
            _ => self.emit(TokenKind::Identifier),
        }
    }

    /// `not`, and the operator it negates if that is the next word.
    fn not(&mut self) {
        self.emit(TokenKind::Operator);
        self.accept_while(|c| c == ' ');
        self.skip();
        let end = self.end;
        self.accept_while(is_word);
        if NEGATABLE.contains(&self.word()) {
            self.emit(TokenKind::Operator);
        } else {
            self.end = end;
        }
    }

    /// A division, or a comment, which is skipped.
    fn slash(&mut self) -> Result<(), String> {
        let rest = &self.text[self.end..];
        if rest.starts_with('/') {
            self.end += rest.find('\n').map_or(rest.len(), |at| at + 1);
            self.skip();
        } else if let Some(comment) = rest.strip_prefix('*') {
            let length = comment.find("*/").ok_or("unclosed comment")?;
            self.end += 1 + length + 2;
            self.skip();
        } else {
            self.emit(TokenKind::Operator);
        }
        Ok(())
    }

    /// Moves behind the closing quote; the escapes are checked for form here and decoded later.
    fn quoted(&mut self, quote: char) -> Result<(), String> {
        let mut current = self.next();
        while current != Some(quote) {
            match current {
                None | Some('\n') => return Err("literal not terminated".to_owned()),
                Some('\\') => current = self.escape(quote)?,
                Some(_) => current = self.next(),
            }
        }
        Ok(())
    }

    /// Reads an escape sequence; returns the character after it.
    fn escape(&mut self, quote: char) -> Result<Option<char>, String> {
        match self.next() {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\') => Ok(self.next()),
            Some(c) if c == quote => Ok(self.next()),
            Some(c @ '0'..='7') => self.digits(Some(c), 8, 3),
            Some('x') => self.next_digits(2),
            Some('u') if self.peek() == Some('{') => {
                self.next();
                let from = self.end;
                self.accept_while(|c| c.is_ascii_hexdigit());
                if !(1..=6).contains(&(self.end - from)) || !self.accept("}") {
                    return Err(INVALID_ESCAPE.to_owned());
                }
                Ok(self.next())
            }
            Some('u') => self.next_digits(4),
            Some('U') => self.next_digits(8),
            _ => Err(INVALID_ESCAPE.to_owned()),
        }
    }

    fn next_digits(&mut self, count: usize) -> Result<Option<char>, String> {
        let first = self.next();
        self.digits(first, 16, count)
    }

    fn digits(
        &mut self,
        mut current: Option<char>,
        radix: u32,
        count: usize,
    ) -> Result<Option<char>, String> {
        for _ in 0..count {
            if !current.is_some_and(|c| c.is_digit(radix)) {
                return Err(INVALID_ESCAPE.to_owned());
            }
            current = self.next();
        }
        Ok(current)
    }

    /// A string in backticks: no escapes, but two backticks stand for one.
    fn raw_string(&mut self) -> Result<(), String> {
        loop {
            match self.next() {
                None => return Err("literal not terminated".to_owned()),
                Some('`') if self.peek() == Some('`') => self.end += 1,
                Some('`') => break,
                Some(_) => {}
            }
        }
        let inner = &self.text[self.start + 1..self.end - 1];
        let text = if inner.contains('`') {
            Cow::Owned(inner.replace("``", "`"))
        } else {
            Cow::Borrowed(inner)
        };
        self.emit_text(TokenKind::String, text);
        Ok(())
    }
}

const INVALID_ESCAPE: &str = "invalid char escape";

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let (tokens, mistake) = tokenize(text);
        assert!(mistake.is_none(), "{mistake:?}");
        tokens
            .into_iter()
            .map(|token| token.text.into_owned())
            .collect()
    }

    fn mistake(text: &str) -> String {
        tokenize(text).1.expect("a mistake").message
    }

    #[test]
    fn a_range_is_not_a_float() {
        assert_eq!(
            texts("1..3 1.5 .5 1_000"),
            ["1", "..", "3", "1.5", ".5", "1_000", ""]
        );
    }

    #[test]
    fn not_takes_the_operator_it_negates() {
        assert_eq!(texts("a not in b"), ["a", "not", "in", "b", ""]);
        assert_eq!(texts("notin not  inx"), ["notin", "not", "inx", ""]);
    }

    #[test]
    fn comments_are_blanks() {
        assert_eq!(texts("1 /* x */ 2 // y\n3 // z"), ["1", "2", "3", ""]);
        assert_eq!(mistake("1 /* x"), "unclosed comment");
    }

    #[test]
    fn strings_are_decoded() {
        assert_eq!(
            texts(r#""a\n\x41\u00e9\u{1F600}\101" `r``\n`"#),
            ["a\nAé😀A", "r`\\n", ""]
        );
        assert_eq!(mistake(r"'\q'"), "invalid char escape");
        assert_eq!(mistake("'a"), "literal not terminated");
    }

    #[test]
    fn a_number_may_not_touch_a_word() {
        assert_eq!(mistake("12ab"), "bad number syntax: \"12a\"");
        assert_eq!(mistake("1 @"), "unrecognized character: U+0040 '@'");
    }

    #[test]
    fn spans_are_bytes() {
        let (tokens, _) = tokenize("é >= 'ö'");
        let spans: Vec<_> = tokens.iter().map(|t| t.span.range()).collect();
        assert_eq!(spans, [0..2, 3..5, 6..10, 10..10]);
    }
}
