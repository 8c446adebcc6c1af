//! The tree of a condition.
//!
//! Knows shapes and places only. The checker adds what it finds out to `nature`; the optimizer
//! rewrites; the evaluator reads. The height of every node is known, so that nothing that walks
//! a tree can run out of stack: the parser refuses trees higher than [`HEIGHT_MAX`].

use std::ops::Range;
use std::sync::Arc;

use super::datum::Datum;
use super::types::{Nature, Type};
use crate::regexp::Regexp;

/// Levels of a tree. The rewriting of the optimizer adds a few at most.
pub(super) const HEIGHT_MAX: u16 = 200;

/// A place in the text of a condition \[bytes\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        let narrow = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// An expression with its place: that of its operator, name or literal.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) expr: Expr,
    pub(super) span: Span,
    pub(super) nature: Nature,
    pub(super) height: u16,
}

#[derive(Clone, Debug)]
pub(super) enum Expr {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    /// A value known before the condition runs: `b"..."`, or made by the optimizer.
    Constant(Datum),
    Name(Arc<str>),
    /// `#`, `#index`, `#acc`
    Pointer(Arc<str>),
    Unary(Unary, &'static str, Box<Node>),
    Binary(Box<Binary>),
    /// The end of an optional chain: `a?.b.c`.
    Chain(Box<Node>),
    Member(Box<Member>),
    Slice(Box<Slice>),
    Call(Box<Node>, Vec<Node>),
    Builtin(Box<Builtin>),
    Predicate(Box<Node>),
    /// Condition, value if true, value if false.
    Conditional(Box<[Node; 3]>),
    Let(Arc<str>, Box<[Node; 2]>),
    Sequence(Vec<Node>),
    Array(Vec<Node>),
    Map(Vec<[Node; 2]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Plus,
    Minus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    Greater,
    GreaterEqual,
    LessEqual,
    In,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Coalesce,
}

#[derive(Clone, Debug)]
pub(super) struct Binary {
    pub(super) operator: Operator,
    /// As written: `and` and `&&` are the same operator.
    pub(super) text: &'static str,
    pub(super) left: Node,
    pub(super) right: Node,
    /// Of `matches` with a constant pattern.
    pub(super) pattern: Option<Regexp>,
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) base: Node,
    pub(super) property: Node,
    /// `?.`
    pub(super) optional: bool,
    /// The callee of a call.
    pub(super) method: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub(super) base: Node,
    pub(super) from: Option<Node>,
    pub(super) to: Option<Node>,
}

/// A call of a function of the language itself.
#[derive(Clone, Debug)]
pub(super) struct Builtin {
    pub(super) name: &'static str,
    pub(super) arguments: Vec<Node>,
    /// What the optimizer asks for beyond the call.
    pub(super) extra: Extra,
}

/// Variants of built-in functions that only the optimizer makes.
#[derive(Clone, Debug, Default)]
pub(super) struct Extra {
    /// `find`: nothing found is an error.
    pub(super) throws: bool,
    /// `filter`, `find`: what to do with an element found.
    pub(super) map: Option<Node>,
    /// `count`: enough.
    pub(super) threshold: Option<i64>,
    /// `sum`: the elements of a literal array are added from the last to the first.
    pub(super) folded: bool,
}

impl Node {
    pub(super) fn new(expr: Expr, span: Span) -> Self {
        let height = 1 + expr
            .children()
            .map(|child| child.height)
            .max()
            .unwrap_or_default();
        Self {
            expr,
            span,
            nature: Nature::unknown(),
            height,
        }
    }

    /// The static type; what is unknown, or nil, may be anything.
    pub(super) fn ty(&self) -> Type {
        self.nature.ty.unwrap_or(Type::Any)
    }

    /// The text of a string literal.
    pub(super) fn as_str(&self) -> Option<&Arc<str>> {
        match &self.expr {
            Expr::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The value of an integer literal.
    pub(super) fn as_int(&self) -> Option<i64> {
        match self.expr {
            Expr::Int(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        matches!(&self.expr, Expr::Name(own) if **own == *name)
    }

    /// The built-in call this is.
    pub(super) fn as_builtin(&self, name: &str) -> Option<&Builtin> {
        match &self.expr {
            Expr::Builtin(builtin) if builtin.name == name => Some(builtin),
            _ => None,
        }
    }
}

impl Binary {
    pub(super) fn new(operator: Operator, text: &'static str, left: Node, right: Node) -> Self {
        Self {
            operator,
            text,
            left,
            right,
            pattern: None,
        }
    }
}

impl Expr {
    /// The nodes directly below, in the order they are read.
    pub(super) fn children(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match self {
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Str(_)
            | Self::Constant(_)
            | Self::Name(_)
            | Self::Pointer(_) => Box::new(std::iter::empty()),
            Self::Unary(_, _, node) | Self::Chain(node) | Self::Predicate(node) => {
                Box::new(std::iter::once(&**node))
            }
            Self::Binary(binary) => Box::new([&binary.left, &binary.right].into_iter()),
            Self::Member(member) => Box::new([&member.base, &member.property].into_iter()),
            Self::Slice(slice) => Box::new(
                std::iter::once(&slice.base)
                    .chain(slice.from.iter())
                    .chain(slice.to.iter()),
            ),
            Self::Call(callee, arguments) => {
                Box::new(std::iter::once(&**callee).chain(arguments.iter()))
            }
            Self::Builtin(builtin) => Box::new(builtin.arguments.iter()),
            Self::Conditional(parts) => Box::new(parts.iter()),
            Self::Let(_, parts) => Box::new(parts.iter()),
            Self::Sequence(nodes) | Self::Array(nodes) => Box::new(nodes.iter()),
            Self::Map(pairs) => Box::new(pairs.iter().flatten()),
        }
    }

    /// The same, to be changed.
    pub(super) fn children_mut(&mut self) -> Box<dyn Iterator<Item = &mut Node> + '_> {
        match self {
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Str(_)
            | Self::Constant(_)
            | Self::Name(_)
            | Self::Pointer(_) => Box::new(std::iter::empty()),
            Self::Unary(_, _, node) | Self::Chain(node) | Self::Predicate(node) => {
                Box::new(std::iter::once(&mut **node))
            }
            Self::Binary(binary) => Box::new([&mut binary.left, &mut binary.right].into_iter()),
            Self::Member(member) => Box::new([&mut member.base, &mut member.property].into_iter()),
            Self::Slice(slice) => Box::new(
                std::iter::once(&mut slice.base)
                    .chain(slice.from.iter_mut())
                    .chain(slice.to.iter_mut()),
            ),
            Self::Call(callee, arguments) => {
                Box::new(std::iter::once(&mut **callee).chain(arguments.iter_mut()))
            }
            Self::Builtin(builtin) => Box::new(builtin.arguments.iter_mut()),
            Self::Conditional(parts) => Box::new(parts.iter_mut()),
            Self::Let(_, parts) => Box::new(parts.iter_mut()),
            Self::Sequence(nodes) | Self::Array(nodes) => Box::new(nodes.iter_mut()),
            Self::Map(pairs) => Box::new(pairs.iter_mut().flatten()),
        }
    }
}

impl Operator {
    /// The operator written `text`, its text for good, its precedence, and whether it groups from
    /// the right.
    pub(super) fn named(text: &str) -> Option<(Self, &'static str, u16, bool)> {
        const TABLE: [(&str, Operator, u16); 24] = [
            ("or", Operator::Or, 10),
            ("||", Operator::Or, 10),
            ("and", Operator::And, 15),
            ("&&", Operator::And, 15),
            ("==", Operator::Equal, 20),
            ("!=", Operator::NotEqual, 20),
            ("<", Operator::Less, 20),
            (">", Operator::Greater, 20),
            (">=", Operator::GreaterEqual, 20),
            ("<=", Operator::LessEqual, 20),
            ("in", Operator::In, 20),
            ("matches", Operator::Matches, 20),
            ("contains", Operator::Contains, 20),
            ("startsWith", Operator::StartsWith, 20),
            ("endsWith", Operator::EndsWith, 20),
            ("..", Operator::Range, 25),
            ("+", Operator::Add, 30),
            ("-", Operator::Subtract, 30),
            ("*", Operator::Multiply, 60),
            ("/", Operator::Divide, 60),
            ("%", Operator::Modulo, 60),
            ("**", Operator::Power, 100),
            ("^", Operator::Power, 100),
            ("??", Operator::Coalesce, 500),
        ];
        let (text, operator, precedence) = TABLE.into_iter().find(|(known, ..)| *known == text)?;
        Some((operator, text, precedence, operator == Self::Power))
    }

    pub(super) fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Less | Self::Greater | Self::GreaterEqual | Self::LessEqual
        )
    }
}

impl Unary {
    /// The operator written `text`, its text for good, and its precedence.
    pub(super) fn named(text: &str) -> Option<(Self, &'static str, u16)> {
        Some(match text {
            "not" => (Self::Not, "not", 50),
            "!" => (Self::Not, "!", 50),
            "-" => (Self::Minus, "-", 90),
            "+" => (Self::Plus, "+", 90),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_height_is_that_of_the_highest_child() {
        let leaf = || Node::new(Expr::Int(1), Span::default());
        let low = Node::new(Expr::Array(vec![leaf()]), Span::default());
        let high = Node::new(Expr::Array(vec![leaf(), low]), Span::default());
        assert_eq!(high.height, 3);
    }
}
