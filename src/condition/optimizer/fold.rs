//! Operations on constants.

use std::sync::Arc;

use super::super::ast::{Binary, Builtin, Expr, Extra, Node, Operator, Unary};
use super::super::datum::Datum;
use super::super::fault::Fault;
use super::super::number::{power, widen};
use super::super::types::Type;
use super::{replace, replace_typed};

/// One pass over a tree.
#[derive(Default)]
pub(super) struct Folding {
    /// Something changed, and another pass may find more.
    pub(super) applied: bool,
    /// The last mistake.
    pub(super) fault: Option<Fault>,
}

impl Folding {
    pub(super) fn visit(&mut self, node: &mut Node) {
        match &mut node.expr {
            Expr::Unary(operator, _, operand) => {
                let folded = unary(*operator, &operand.expr);
                self.put(node, folded);
            }
            Expr::Binary(binary) => match binary.operator {
                Operator::And | Operator::Or => self.logic(node),
                Operator::Modulo => {
                    if let (Expr::Int(a), Expr::Int(b)) = (&binary.left.expr, &binary.right.expr) {
                        if *b == 0 {
                            self.fault = Some(Fault::from("integer divide by zero").at(node.span));
                            return;
                        }
                        let folded = Expr::Int(a.wrapping_rem(*b));
                        self.put(node, Some(folded));
                    }
                }
                _ => {
                    let folded = operation(binary);
                    self.put(node, folded);
                }
            },
            Expr::Array(nodes) => {
                let folded = array(nodes);
                self.put(node, folded);
            }
            Expr::Builtin(_) => self.filters(node),
            _ => {}
        }
    }

    fn put(&mut self, node: &mut Node, folded: Option<Expr>) {
        let Some(expr) = folded else { return };
        let ty = match &expr {
            Expr::Int(_) => Type::Int,
            Expr::Float(_) => Type::Float,
            Expr::Bool(_) => Type::Bool,
            Expr::Str(_) => Type::Str,
            _ => Type::Anys,
        };
        replace_typed(node, expr, ty);
        self.applied = true;
    }

    /// `true && x` is `x`; `x && false` is false, whatever `x` does.
    fn logic(&mut self, node: &mut Node) {
        let Expr::Binary(binary) = &mut node.expr else {
            return;
        };
        let bool_of = |node: &Node| match node.expr {
            Expr::Bool(value) => Some(value),
            _ => None,
        };
        let neutral = binary.operator == Operator::And;
        let (left, right) = (bool_of(&binary.left), bool_of(&binary.right));
        let kept = if left == Some(neutral) {
            std::mem::replace(&mut binary.right.expr, Expr::Nil)
        } else if right == Some(neutral) {
            std::mem::replace(&mut binary.left.expr, Expr::Nil)
        } else if left.or(right).is_some() {
            return self.put(node, Some(Expr::Bool(!neutral)));
        } else {
            return;
        };
        replace(node, kept);
        self.applied = true;
    }

    /// A filter of a filter is one filter.
    fn filters(&mut self, node: &mut Node) {
        let Some(outer) = node.as_builtin("filter") else {
            return;
        };
        let [base, outer_predicate] = outer.arguments.as_slice() else {
            return;
        };
        let Some(inner) = base.as_builtin("filter") else {
            return;
        };
        let [list, inner_predicate] = inner.arguments.as_slice() else {
            return;
        };
        let (Expr::Predicate(left), Expr::Predicate(right)) =
            (&inner_predicate.expr, &outer_predicate.expr)
        else {
            return;
        };
        let both = Binary::new(Operator::And, "&&", (**left).clone(), (**right).clone());
        let both = Node::new(Expr::Binary(Box::new(both)), outer_predicate.span);
        let predicate = Node::new(Expr::Predicate(Box::new(both)), outer_predicate.span);
        let arguments = vec![list.clone(), predicate];
        let builtin = Builtin {
            name: "filter",
            arguments,
            extra: Extra::default(),
        };
        replace(node, Expr::Builtin(Box::new(builtin)));
        self.applied = true;
    }
}

fn unary(operator: Unary, operand: &Expr) -> Option<Expr> {
    Some(match (operator, operand) {
        (Unary::Minus, Expr::Int(value)) => Expr::Int(value.wrapping_neg()),
        (Unary::Minus, Expr::Float(value)) => Expr::Float(-value),
        (Unary::Plus, Expr::Int(value)) => Expr::Int(*value),
        (Unary::Plus, Expr::Float(value)) => Expr::Float(*value),
        (Unary::Not, Expr::Bool(value)) => Expr::Bool(!value),
        _ => return None,
    })
}

fn operation(binary: &Binary) -> Option<Expr> {
    let (left, right) = (&binary.left.expr, &binary.right.expr);
    let float = |expr: &Expr| match expr {
        Expr::Int(value) => Some(widen(*value)),
        Expr::Float(value) => Some(*value),
        _ => None,
    };
    Some(match (binary.operator, left, right) {
        (Operator::Add, Expr::Int(a), Expr::Int(b)) => Expr::Int(a.wrapping_add(*b)),
        (Operator::Subtract, Expr::Int(a), Expr::Int(b)) => Expr::Int(a.wrapping_sub(*b)),
        (Operator::Multiply, Expr::Int(a), Expr::Int(b)) => Expr::Int(a.wrapping_mul(*b)),
        (Operator::Add, Expr::Str(a), Expr::Str(b)) => Expr::Str(Arc::from([&**a, b].concat())),
        (Operator::Equal, Expr::Int(a), Expr::Int(b)) => Expr::Bool(a == b),
        (Operator::Equal, Expr::Str(a), Expr::Str(b)) => Expr::Bool(a == b),
        (Operator::Equal, Expr::Bool(a), Expr::Bool(b)) => Expr::Bool(a == b),
        (operator, a, b) => {
            let (a, b) = (float(a)?, float(b)?);
            Expr::Float(match operator {
                Operator::Add => a + b,
                Operator::Subtract => a - b,
                Operator::Multiply => a * b,
                Operator::Divide => a / b,
                Operator::Power => power(a, b),
                _ => return None,
            })
        }
    })
}

fn array(nodes: &[Node]) -> Option<Expr> {
    let constant = |node: &Node| {
        Some(match &node.expr {
            Expr::Int(value) => Datum::Int(*value),
            Expr::Float(value) => Datum::Float(*value),
            Expr::Str(text) => Datum::Str(Arc::clone(text)),
            Expr::Bool(value) => Datum::Bool(*value),
            _ => return None,
        })
    };
    if nodes.is_empty() {
        return None;
    }
    let items = nodes.iter().map(constant).collect::<Option<Vec<_>>>()?;
    Datum::list(Type::Anys, items).ok().map(Expr::Constant)
}
