//! What stands between the operators: literals, names, calls, brackets, and what follows them.

use std::sync::Arc;

use super::super::ast::{Builtin, Expr, Extra, Member, Node, Slice, Unary};
use super::super::builtins;
use super::super::datum::Datum;
use super::super::fault::Fault;
use super::super::lexer::{self, Token, TokenKind};
use super::super::number;
use super::super::types::Type;
use super::{Parser, describe};

/// What a built-in function with a predicate expects behind its list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    List,
    Predicate,
    OptionalPredicate,
    OptionalExpression,
}

fn predicate_parts(name: &str) -> Option<&'static [Part]> {
    Some(match name {
        "all" | "none" | "any" | "one" | "filter" | "map" | "find" | "findIndex" | "findLast"
        | "findLastIndex" | "groupBy" => &[Part::List, Part::Predicate],
        "count" | "sum" => &[Part::List, Part::OptionalPredicate],
        "sortBy" | "reduce" => &[Part::List, Part::Predicate, Part::OptionalExpression],
        _ => return None,
    })
}

impl<'a> Parser<'a> {
    pub(super) fn primary(&mut self) -> Result<Node, Fault> {
        let token = self.current().clone();
        if token.kind == TokenKind::Operator {
            if let Some((unary, text, precedence)) = Unary::named(&token.text) {
                self.advance()?;
                let operand = self.expression(precedence)?;
                let node = self.node(Expr::Unary(unary, text, Box::new(operand)), token.span)?;
                return self.postfix(node);
            }
            if 0 < self.predicate_depth && matches!(&*token.text, "#" | ".") {
                let mut name = Arc::from("");
                if token.text == "#" {
                    self.advance()?;
                    if self.kind() == TokenKind::Identifier {
                        name = Arc::from(&*self.advance()?.text);
                    }
                }
                let node = self.node(Expr::Pointer(name), token.span)?;
                return self.postfix(node);
            }
            if token.text == "::" {
                self.advance()?;
                let name = self.expect_identifier()?;
                let node = self.call(&name, Vec::new())?;
                return self.postfix(node);
            }
        }
        if token.is_bracket("(") {
            self.advance()?;
            let node = self.sequence()?;
            self.expect_bracket(")")?;
            return self.postfix(node);
        }
        self.secondary(&token)
    }

    fn secondary(&mut self, token: &Token<'a>) -> Result<Node, Fault> {
        let node = match token.kind {
            TokenKind::Identifier => {
                self.advance()?;
                let literal = match &*token.text {
                    "true" => Some(Expr::Bool(true)),
                    "false" => Some(Expr::Bool(false)),
                    "nil" => Some(Expr::Nil),
                    _ => None,
                };
                if let Some(literal) = literal {
                    return self.node(literal, token.span);
                }
                if self.is_bracket("(") {
                    self.call(token, Vec::new())?
                } else {
                    self.node(Expr::Name(Arc::from(&*token.text)), token.span)?
                }
            }
            TokenKind::Number => {
                self.advance()?;
                let expr =
                    literal_number(&token.text).map_err(|text| Fault::new(text).at(token.span))?;
                return self.node(expr, token.span);
            }
            TokenKind::String => {
                self.advance()?;
                self.node(Expr::Str(Arc::from(&*token.text)), token.span)?
            }
            TokenKind::Bytes => {
                self.advance()?;
                // The lexer encodes one byte as one character.
                let byte = |c| Datum::Uint8(u8::try_from(u32::from(c)).unwrap_or_default());
                let bytes = Datum::list(Type::Bytes, token.text.chars().map(byte).collect())?;
                self.node(Expr::Constant(bytes), token.span)?
            }
            TokenKind::Bracket if token.text == "[" => self.array()?,
            TokenKind::Bracket if token.text == "{" => self.map()?,
            _ => return Err(self.unexpected()),
        };
        self.postfix(node)
    }

    /// A call of `name` at its opening bracket, after the arguments a pipe supplies.
    pub(super) fn call(&mut self, name: &Token<'a>, piped: Vec<Node>) -> Result<Node, Fault> {
        if let Some(builtin) = builtins::named(&name.text) {
            let arguments = match predicate_parts(builtin) {
                Some(parts) => self.predicate_arguments(&parts[piped.len()..], piped)?,
                None => self.arguments(piped)?,
            };
            let builtin = Builtin {
                name: builtin,
                arguments,
                extra: Extra::default(),
            };
            return self.node(Expr::Builtin(Box::new(builtin)), name.span);
        }
        let callee = self.node(Expr::Name(Arc::from(&*name.text)), name.span)?;
        let arguments = self.arguments(piped)?;
        self.node(Expr::Call(Box::new(callee), arguments), name.span)
    }

    fn predicate_arguments(
        &mut self,
        parts: &[Part],
        mut arguments: Vec<Node>,
    ) -> Result<Vec<Node>, Fault> {
        self.expect_bracket("(")?;
        for (i, part) in parts.iter().enumerate() {
            if self.is_bracket(")") {
                if matches!(part, Part::OptionalPredicate | Part::OptionalExpression) {
                    break;
                }
                let message = format!("expected at least {} arguments", parts.len());
                return Err(Fault::new(message).at(self.current().span));
            }
            if i != 0 {
                self.expect_operator(",")?;
            }
            arguments.push(match part {
                Part::List | Part::OptionalExpression => self.expression(0)?,
                Part::Predicate | Part::OptionalPredicate => self.predicate()?,
            });
        }
        if self.is_operator(",") {
            self.advance()?;
        }
        self.expect_bracket(")")?;
        Ok(arguments)
    }

    /// `# > 1` or `{# > 1; # < 5}`
    fn predicate(&mut self) -> Result<Node, Fault> {
        let span = self.current().span;
        let in_braces = self.is_bracket("{");
        if in_braces {
            self.advance()?;
        }
        self.predicate_depth += 1;
        let body = if in_braces {
            self.sequence()?
        } else {
            self.expression(0)?
        };
        self.predicate_depth -= 1;
        if in_braces {
            self.expect_bracket("}")?;
        } else if self.is_operator(";") {
            let fault = Fault::from("wrap predicate with brackets { and }");
            return Err(fault.at(self.current().span));
        }
        self.node(Expr::Predicate(Box::new(body)), span)
    }

    fn arguments(&mut self, mut arguments: Vec<Node>) -> Result<Vec<Node>, Fault> {
        let piped = arguments.len();
        self.expect_bracket("(")?;
        while !self.is_bracket(")") {
            if piped < arguments.len() {
                self.expect_operator(",")?;
            }
            if self.is_bracket(")") {
                break;
            }
            arguments.push(self.expression(0)?);
        }
        self.expect_bracket(")")?;
        Ok(arguments)
    }

    fn array(&mut self) -> Result<Node, Fault> {
        let span = self.current().span;
        self.expect_bracket("[")?;
        let mut nodes = Vec::new();
        while !self.is_bracket("]") {
            if !nodes.is_empty() {
                self.expect_operator(",")?;
                if self.is_bracket("]") {
                    break;
                }
            }
            nodes.push(self.expression(0)?);
        }
        self.expect_bracket("]")?;
        self.node(Expr::Array(nodes), span)
    }

    fn map(&mut self) -> Result<Node, Fault> {
        let span = self.current().span;
        self.expect_bracket("{")?;
        let mut pairs = Vec::new();
        while !self.is_bracket("}") {
            if !pairs.is_empty() {
                self.expect_operator(",")?;
                if self.is_bracket("}") {
                    break;
                }
                if self.is_operator(",") {
                    return Err(self.unexpected());
                }
            }
            let key = match self.kind() {
                TokenKind::Number | TokenKind::String | TokenKind::Identifier => {
                    let token = self.advance()?;
                    self.node(Expr::Str(Arc::from(&*token.text)), token.span)?
                }
                TokenKind::Bracket if self.is_bracket("(") => self.expression(0)?,
                _ => {
                    let message = format!(
                        "a map key must be a quoted string, a number, a identifier, or an \
                         expression enclosed in parentheses (unexpected token {})",
                        describe(self.current())
                    );
                    return Err(Fault::new(message).at(self.current().span));
                }
            };
            self.expect_operator(":")?;
            let value = self.expression(0)?;
            // The pair counts as a node, although it is none here.
            self.nodes += 1;
            pairs.push([key, value]);
        }
        self.expect_bracket("}")?;
        self.node(Expr::Map(pairs), span)
    }

    /// Whatever follows a value: `.name`, `?.name`, `.name(..)`, `[index]`, `[from:to]`.
    pub(super) fn postfix(&mut self, mut node: Node) -> Result<Node, Fault> {
        loop {
            let optional = self.is_operator("?.");
            if optional || self.is_operator(".") {
                self.advance()?;
                if optional && self.is_bracket("[") {
                    node = self.index(node, true)?;
                } else {
                    node = self.property(node, optional)?;
                }
            } else if self.is_bracket("[") {
                node = self.index(node, false)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn property(&mut self, node: Node, optional: bool) -> Result<Node, Fault> {
        let name = self.current().clone();
        // Like any other token this one is passed before it is looked at.
        self.advance()?;
        let named = match name.kind {
            TokenKind::Identifier => true,
            TokenKind::Operator => lexer::is_identifier(&name.text),
            _ => false,
        };
        if !named {
            return Err(Fault::from("expected name").at(self.current().span));
        }
        let property = self.node(Expr::Str(Arc::from(&*name.text)), name.span)?;
        // One link for the whole chain, at its end.
        let (base, chained) = match node.expr {
            Expr::Chain(inner) => (*inner, true),
            _ => (node, false),
        };
        let method = self.is_bracket("(");
        let member = Member {
            base,
            property,
            optional,
            method,
        };
        let mut node = self.node(Expr::Member(Box::new(member)), name.span)?;
        if method {
            let arguments = self.arguments(Vec::new())?;
            node = self.node(Expr::Call(Box::new(node), arguments), name.span)?;
        }
        if chained || optional {
            node = self.node(Expr::Chain(Box::new(node)), name.span)?;
        }
        Ok(node)
    }

    /// `[..]` behind `node`.
    fn index(&mut self, node: Node, optional: bool) -> Result<Node, Fault> {
        let span = self.current().span;
        self.expect_bracket("[")?;
        let from = if self.is_operator(":") {
            None
        } else {
            Some(self.expression(0)?)
        };
        if !self.is_operator(":") {
            let Some(property) = from else {
                return Err(self.unexpected());
            };
            let member = Member {
                base: node,
                property,
                optional,
                method: false,
            };
            let mut node = self.node(Expr::Member(Box::new(member)), span)?;
            if optional {
                node = self.node(Expr::Chain(Box::new(node)), span)?;
            }
            self.expect_bracket("]")?;
            return Ok(node);
        }
        self.advance()?;
        let to = if self.is_bracket("]") {
            None
        } else {
            Some(self.expression(0)?)
        };
        let node = self.node(
            Expr::Slice(Box::new(Slice {
                base: node,
                from,
                to,
            })),
            span,
        )?;
        self.expect_bracket("]")?;
        Ok(node)
    }
}

/// The number a token stands for.
fn literal_number(text: &str) -> Result<Expr, String> {
    let digits = text.replace('_', "");
    let lower = digits.to_ascii_lowercase();
    let (value, kind) = if lower.starts_with("0x") {
        (number::parse_prefixed(&digits), "hex")
    } else if lower.contains(['.', 'e']) {
        return match number::parse_float(&digits) {
            Ok(value) => Ok(Expr::Float(value)),
            Err(message) => Err(format!("invalid float literal: {message}")),
        };
    } else if lower.starts_with("0b") {
        (number::parse_prefixed(&digits), "binary")
    } else if lower.starts_with("0o") {
        (number::parse_prefixed(&digits), "octal")
    } else {
        (number::parse_int(&digits), "integer")
    };
    value
        .map(Expr::Int)
        .map_err(|message| format!("invalid {kind} literal: {message}"))
}
