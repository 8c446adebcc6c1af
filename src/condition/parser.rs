//! Tokens to a tree.
//!
//! Knows grammar and precedence; refuses to know types and names, but for those of the built-in
//! functions, which are part of the grammar. Follows `parser/parser.go` of expr-lang/expr: `??`
//! binds tightest and does not mix, `a < b < c` means `a < b && b < c`, `x | f(y)` means `f(x, y)`.
//!
//! Difference: expressions within expressions beyond [`LEVEL_MAX`] levels, and trees higher than
//! [`HEIGHT_MAX`], are refused.

mod primary;

use std::sync::Arc;

use super::ast::{Binary, Expr, HEIGHT_MAX, Node, Operator, Span, Unary};
use super::fault::Fault;
use super::format::quote;
use super::lexer::{self, Token, TokenKind};

/// The tree of `text`, or the first mistake.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    if TEXT_BYTES_MAX < text.len() {
        return Err(Fault::new(format!(
            "a condition has at most {TEXT_BYTES_MAX} bytes"
        )));
    }
    let (tokens, mistake) = lexer::tokenize(text);
    let end = Span::new(text.len(), text.len());
    let mut parser = Parser {
        tokens,
        mistake,
        next: 0,
        end,
        predicate_depth: 0,
        nodes: 0,
        level: 0,
    };
    if parser.tokens.is_empty() {
        return Err(parser.mistake.take().unwrap_or_else(|| END.into()));
    }
    let node = parser.sequence()?;
    if parser.kind() != TokenKind::End {
        return Err(parser.unexpected());
    }
    Ok(node)
}

/// Trees of more nodes are refused by the reference, too.
const NODES_MAX: u32 = 10_000;
/// Half of the 2 MiB a thread has are enough for it without optimization.
const LEVEL_MAX: u16 = 100;
/// What 10,000 nodes can reasonably need.
const TEXT_BYTES_MAX: usize = 1_000_000;
const TOO_MANY_NODES: &str = "compilation failed: expression exceeds maximum allowed nodes";
const END: &str = "unexpected end of expression";

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    /// What stopped the lexer after the last token.
    mistake: Option<Fault>,
    /// Of the current token; there always is one.
    next: usize,
    end: Span,
    /// Predicates around the current token: `#` needs one.
    predicate_depth: u32,
    nodes: u32,
    /// Expressions around the current token.
    level: u16,
}

impl<'a> Parser<'a> {
    fn current(&self) -> &Token<'a> {
        &self.tokens[self.next]
    }

    fn kind(&self) -> TokenKind {
        self.current().kind
    }

    fn is_operator(&self, text: &str) -> bool {
        self.current().is_operator(text)
    }

    fn is_bracket(&self, text: &str) -> bool {
        self.current().is_bracket(text)
    }

    /// Moves to the next token and returns the one left behind.
    fn advance(&mut self) -> Result<Token<'a>, Fault> {
        if self.next + 1 == self.tokens.len() {
            let mistake = self.mistake.clone();
            return Err(mistake.unwrap_or_else(|| Fault::from(END).at(self.end)));
        }
        let token = self.current().clone();
        self.next += 1;
        Ok(token)
    }

    fn unexpected(&self) -> Fault {
        Fault::new(format!("unexpected token {}", describe(self.current()))).at(self.current().span)
    }

    fn expect_operator(&mut self, text: &str) -> Result<(), Fault> {
        if !self.is_operator(text) {
            return Err(self.unexpected());
        }
        self.advance().map(drop)
    }

    fn expect_bracket(&mut self, text: &str) -> Result<(), Fault> {
        if !self.is_bracket(text) {
            return Err(self.unexpected());
        }
        self.advance().map(drop)
    }

    fn expect_identifier(&mut self) -> Result<Token<'a>, Fault> {
        if self.kind() != TokenKind::Identifier {
            return Err(self.unexpected());
        }
        self.advance()
    }

    /// A node, if there may be one more.
    fn node(&mut self, expr: Expr, span: Span) -> Result<Node, Fault> {
        self.nodes += 1;
        if NODES_MAX < self.nodes {
            return Err(Fault::from(TOO_MANY_NODES).at(span));
        }
        let node = Node::new(expr, span);
        if HEIGHT_MAX < node.height {
            Err(self.too_deep(HEIGHT_MAX))
        } else {
            Ok(node)
        }
    }

    fn too_deep(&self, limit: u16) -> Fault {
        let message = format!("a condition is nested at most {limit} levels deep");
        Fault::new(message).at(self.current().span)
    }

    /// `a; b; c`: all are evaluated, the last is the value.
    fn sequence(&mut self) -> Result<Node, Fault> {
        let mut nodes = vec![self.expression(0)?];
        while self.is_operator(";") {
            self.advance()?;
            if self.kind() == TokenKind::End {
                break;
            }
            nodes.push(self.expression(0)?);
        }
        if nodes.len() == 1 {
            return Ok(nodes.remove(0));
        }
        let span = nodes[0].span;
        self.node(Expr::Sequence(nodes), span)
    }

    /// An expression of operators that bind at least as tightly as `precedence`.
    fn expression(&mut self, precedence: u16) -> Result<Node, Fault> {
        self.level += 1;
        if LEVEL_MAX < self.level {
            return Err(self.too_deep(LEVEL_MAX));
        }
        let node = if precedence == 0 && self.is_operator("let") {
            self.declaration()
        } else if precedence == 0 && self.is_operator("if") {
            self.if_else()
        } else {
            self.operators(precedence)
        };
        self.level -= 1;
        node
    }

    fn operators(&mut self, precedence: u16) -> Result<Node, Fault> {
        let mut left = self.primary()?;
        let mut after_coalesce = false;
        while self.kind() == TokenKind::Operator {
            let before = self.next;
            let negated = self.is_operator("not");
            if negated {
                self.advance()?;
                if !is_negatable(&self.current().text) {
                    return Err(self.unexpected());
                }
            }
            let token = self.current().clone();
            if token.text == "|" && precedence == 0 {
                self.advance()?;
                let name = self.expect_identifier()?;
                left = self.call(&name, vec![left])?;
                after_coalesce = false;
                continue;
            }
            let Some((operator, text, own, from_right)) =
                Operator::named(&token.text).filter(|(_, _, own, _)| precedence <= *own)
            else {
                self.next = before;
                break;
            };
            self.advance()?;
            if after_coalesce && operator != Operator::Coalesce {
                return Err(Fault::new(format!(
                    "Operator ({text}) and coalesce expressions (??) cannot be mixed. \
                     Wrap either by parentheses."
                ))
                .at(token.span));
            }
            after_coalesce = operator == Operator::Coalesce;
            if operator.is_comparison() {
                left = self.comparisons(left, operator, text, token.span, own)?;
                continue;
            }
            let right = self.expression(if from_right { own } else { own + 1 })?;
            let binary = Binary::new(operator, text, left, right);
            left = self.node(Expr::Binary(Box::new(binary)), token.span)?;
            if negated {
                left = self.node(Expr::Unary(Unary::Not, "not", Box::new(left)), token.span)?;
            }
        }
        if precedence == 0 {
            self.conditional(left)
        } else {
            Ok(left)
        }
    }

    /// `a < b <= c`, which compares `b` twice.
    fn comparisons(
        &mut self,
        mut left: Node,
        mut operator: Operator,
        mut text: &'static str,
        mut span: Span,
        precedence: u16,
    ) -> Result<Node, Fault> {
        let mut before: Option<Node> = None;
        loop {
            let right = self.expression(precedence + 1)?;
            let next = match self.current() {
                token if token.kind == TokenKind::Operator => {
                    Operator::named(&token.text).filter(|(next, ..)| next.is_comparison())
                }
                _ => None,
            };
            let again = next.map(|_| self.copy(&right)).transpose()?;
            let binary = Binary::new(operator, text, left, right);
            let mut node = self.node(Expr::Binary(Box::new(binary)), span)?;
            if let Some(left) = before {
                let binary = Binary::new(Operator::And, "&&", left, node);
                node = self.node(Expr::Binary(Box::new(binary)), span)?;
            }
            let (Some((next, next_text, ..)), Some(again)) = (next, again) else {
                return Ok(node);
            };
            before = Some(node);
            left = again;
            (operator, text) = (next, next_text);
            span = self.advance()?.span;
        }
    }

    /// An operand needed twice; its nodes count twice.
    fn copy(&mut self, node: &Node) -> Result<Node, Fault> {
        fn count(node: &Node) -> u32 {
            1 + node.expr.children().map(count).sum::<u32>()
        }
        self.nodes += count(node);
        if NODES_MAX < self.nodes {
            return Err(Fault::from(TOO_MANY_NODES).at(node.span));
        }
        Ok(node.clone())
    }

    /// `let name = value; body`
    fn declaration(&mut self) -> Result<Node, Fault> {
        self.expect_operator("let")?;
        let name = self.expect_identifier()?;
        self.expect_operator("=")?;
        let value = self.expression(0)?;
        self.expect_operator(";")?;
        let body = self.sequence()?;
        let expr = Expr::Let(Arc::from(&*name.text), Box::new([value, body]));
        self.node(expr, name.span)
    }

    /// `if c { a } else { b }`, where `b` may be another `if`.
    fn if_else(&mut self) -> Result<Node, Fault> {
        self.level += 1;
        if LEVEL_MAX < self.level {
            return Err(self.too_deep(LEVEL_MAX));
        }
        let span = self.advance()?.span;
        let condition = self.expression(0)?;
        let then = self.block()?;
        self.expect_operator("else")?;
        let otherwise = if self.is_operator("if") {
            self.if_else()?
        } else {
            self.block()?
        };
        self.level -= 1;
        self.node(
            Expr::Conditional(Box::new([condition, then, otherwise])),
            span,
        )
    }

    fn block(&mut self) -> Result<Node, Fault> {
        self.expect_bracket("{")?;
        let node = self.sequence()?;
        self.expect_bracket("}")?;
        Ok(node)
    }

    /// `node ? a : b` and `node ?: b`
    fn conditional(&mut self, mut node: Node) -> Result<Node, Fault> {
        while self.is_operator("?") {
            let span = self.advance()?.span;
            let then = if self.is_operator(":") {
                self.copy(&node)?
            } else {
                self.expression(0)?
            };
            self.expect_operator(":")?;
            let otherwise = self.expression(0)?;
            node = self.node(Expr::Conditional(Box::new([node, then, otherwise])), span)?;
        }
        Ok(node)
    }
}

fn is_negatable(text: &str) -> bool {
    matches!(
        text,
        "contains" | "matches" | "startsWith" | "endsWith" | "in"
    )
}

/// A token in a message.
fn describe(token: &Token<'_>) -> String {
    let kind = match token.kind {
        TokenKind::Identifier => "Identifier",
        TokenKind::Number => "Number",
        TokenKind::String => "String",
        TokenKind::Bytes => "Bytes",
        TokenKind::Operator => "Operator",
        TokenKind::Bracket => "Bracket",
        TokenKind::End => "EOF",
    };
    if token.text.is_empty() {
        return kind.to_owned();
    }
    format!("{kind}({})", quote(&token.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        parse(text).expect_err(text)
    }

    fn message(text: &str) -> String {
        fault(text).message
    }

    /// The tree with every operation in parentheses.
    fn shape(node: &Node) -> String {
        match &node.expr {
            Expr::Int(value) => value.to_string(),
            Expr::Name(name) => name.to_string(),
            Expr::Unary(_, text, operand) => format!("({text} {})", shape(operand)),
            Expr::Binary(binary) => {
                format!(
                    "({} {} {})",
                    shape(&binary.left),
                    binary.text,
                    shape(&binary.right)
                )
            }
            Expr::Builtin(builtin) => {
                let arguments: Vec<_> = builtin.arguments.iter().map(shape).collect();
                format!("{}({})", builtin.name, arguments.join(", "))
            }
            Expr::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                format!(
                    "({} ? {} : {})",
                    shape(condition),
                    shape(then),
                    shape(otherwise)
                )
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn operators_bind_by_their_precedence() {
        for (text, expected) in [
            ("a + b * c", "(a + (b * c))"),
            ("a - b - c", "((a - b) - c)"),
            ("a ** b ** c", "(a ** (b ** c))"),
            ("-a ** b", "(- (a ** b))"),
            ("not a > b", "((not a) > b)"),
            ("a not in b", "(not (a in b))"),
            ("a < b < c", "((a < b) && (b < c))"),
            ("a || b && c", "(a || (b && c))"),
            ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
            ("a ?: b", "(a ? a : b)"),
            ("a | len() > 2", "(len(a) > 2)"),
            ("a ?? b ?? c", "((a ?? b) ?? c)"),
        ] {
            assert_eq!(shape(&parse(text).expect(text)), expected, "{text}");
        }
    }

    #[test]
    fn messages_name_the_token() {
        assert_eq!(message("result >"), "unexpected token EOF");
        assert_eq!(message("result 10"), "unexpected token Number(\"10\")");
        assert_eq!(message("'it''s'"), "unexpected token String(\"s\")");
        assert_eq!(message("#"), "unexpected token Operator(\"#\")");
        assert_eq!(message(""), "unexpected token EOF");
        assert_eq!(fault("a = b").span.map(Span::range), Some(2..3));
    }

    #[test]
    fn coalescing_does_not_mix() {
        let expected = "Operator (==) and coalesce expressions (??) cannot be mixed. \
                        Wrap either by parentheses.";
        assert_eq!(message("a ?? b == c"), expected);
        assert!(parse("(a ?? b) == c").is_ok());
    }

    #[test]
    fn deep_nesting_and_long_conditions_are_refused() {
        let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
        assert!(message(&deep).contains("nested"));
        assert!(message(&"-".repeat(5000)).contains("nested"));
        assert!(message(&"1 + ".repeat(5000)).contains("nested"));
        let wide = format!("[{}]", "1,".repeat(10_001));
        assert!(message(&wide).contains("maximum allowed nodes"));
        let chain = format!("{}true", "a ? b : ".repeat(5000));
        assert!(message(&chain).contains("nested"));
        let doubled = format!("{}a{}", "(".repeat(60), " ?: b)".repeat(60));
        assert!(message(&doubled).contains("maximum allowed nodes"));
        let ifs = format!("{}{{1}}", "if a {1} else ".repeat(5000));
        assert!(message(&ifs).contains("nested"));
    }
}
