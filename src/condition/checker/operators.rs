//! Which operands an operator takes, and what comes out.

use super::super::ast::{Expr, Node, Operator, Unary};
use super::super::types::{Family, Nature, Type};
use super::Checker;
use crate::regexp::Regexp;

impl Checker<'_> {
    pub(super) fn unary(&mut self, node: &mut Node) -> Nature {
        let Expr::Unary(operator, text, operand) = &mut node.expr else {
            return Nature::unknown();
        };
        let (operator, text) = (*operator, *text);
        let nature = self.visit(operand);
        match operator {
            Unary::Not if nature.is(Family::Bool) || nature.is_unknown() => Type::Bool.into(),
            Unary::Plus | Unary::Minus if nature.is(Family::Number) => nature,
            Unary::Plus | Unary::Minus if nature.is_unknown() => Nature::unknown(),
            _ => {
                let name = nature.name();
                self.error(
                    node,
                    format!("invalid operation: {text} (mismatched type {name})"),
                )
            }
        }
    }

    pub(super) fn binary(&mut self, node: &mut Node) -> Nature {
        let Expr::Binary(binary) = &mut node.expr else {
            return Nature::unknown();
        };
        let left = self.visit(&mut binary.left);
        let right = self.visit(&mut binary.right);
        let (operator, text) = (binary.operator, binary.text);
        if operator == Operator::Matches
            && let Some(pattern) = binary.right.as_str()
            && let Err(message) = Regexp::new(pattern)
        {
            return self.error(node, message);
        }
        let nature = match operator {
            Operator::In => match in_nature(&left, &right) {
                Ok(nature) => nature,
                Err(message) => return self.error(node, message),
            },
            Operator::Coalesce => Some(coalesced(left.clone(), right.clone())),
            Operator::Add | Operator::Subtract | Operator::Multiply => {
                arithmetic(operator, &left, &right)
            }
            _ => fixed_nature(operator, &left, &right),
        };
        nature.unwrap_or_else(|| {
            let (left, right) = (left.name(), right.name());
            let message =
                format!("invalid operation: {text} (mismatched types {left} and {right})");
            self.error(node, message)
        })
    }
}

/// Operators with one type of result; `None` if the operands do not fit.
fn fixed_nature(operator: Operator, left: &Nature, right: &Nature) -> Option<Nature> {
    use Family::{Bool, Duration, Integer, Number, String, Time};
    let both = |family| left.is(family) && right.is(family);
    let any_of = |families: &[Family]| {
        families.iter().any(|family| both(*family)) || left.may_match(right, families)
    };
    let (fits, result) = match operator {
        Operator::Equal | Operator::NotEqual => {
            (left.is_comparable_to(right), Nature::from(Type::Bool))
        }
        Operator::Or | Operator::And => (any_of(&[Bool]), Type::Bool.into()),
        Operator::Less | Operator::Greater | Operator::LessEqual | Operator::GreaterEqual => {
            (any_of(&[Number, String, Time, Duration]), Type::Bool.into())
        }
        Operator::Divide | Operator::Power => (any_of(&[Number]), Type::Float.into()),
        Operator::Modulo => (any_of(&[Integer]), Type::Int.into()),
        Operator::Matches => {
            let bytes = left.ty == Some(Type::Bytes) && right.is(String);
            (bytes || any_of(&[String]), Type::Bool.into())
        }
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            (any_of(&[String]), Type::Bool.into())
        }
        Operator::Range => (any_of(&[Integer]), Nature::array_of(Type::Int.into())),
        _ => return None,
    };
    fits.then_some(result)
}

/// `+`, `-` and `*`, whose result depends on the operands.
fn arithmetic(operator: Operator, left: &Nature, right: &Nature) -> Option<Nature> {
    use Family::{Duration, Number, String, Time};
    if left.is(Number) && right.is(Number) {
        let float = [left, right]
            .iter()
            .any(|nature| nature.ty == Some(Type::Float));
        return Some(if float { Type::Float } else { Type::Int }.into());
    }
    let pair = |own, other| left.is(own) && right.is(other);
    let (known, families): (_, &[Family]) = match operator {
        Operator::Add => {
            let known = if pair(String, String) {
                Some(Type::Str)
            } else if pair(Time, Duration) || pair(Duration, Time) {
                Some(Type::Time)
            } else {
                pair(Duration, Duration).then_some(Type::Duration)
            };
            (known, &[Number, String, Time, Duration])
        }
        Operator::Subtract => {
            let known = if pair(Time, Duration) {
                Some(Type::Time)
            } else {
                (pair(Time, Time) || pair(Duration, Duration)).then_some(Type::Duration)
            };
            (known, &[Number, Time, Duration])
        }
        _ => {
            let known =
                pair(Number, Duration) || pair(Duration, Number) || pair(Duration, Duration);
            (known.then_some(Type::Duration), &[Number, Duration])
        }
    };
    match known {
        Some(ty) => Some(ty.into()),
        None => left.may_match(right, families).then(Nature::unknown),
    }
}

/// `None` if the operands do not fit; a message of its own if they nearly do.
fn in_nature(left: &Nature, right: &Nature) -> Result<Option<Nature>, String> {
    let fits = if (left.is(Family::String) || left.is_unknown()) && right.is(Family::Time) {
        true
    } else if let Some(key) = right.ty.and_then(Type::key) {
        if !left.is_unknown() && !left.is_assignable_to(&key.into()) {
            return Err(format!(
                "cannot use {} as type {} in map key",
                left.name(),
                key.name()
            ));
        }
        true
    } else if right.is(Family::Array) {
        let element = right.element();
        if !left.is_comparable_to(&element) {
            let (own, element) = (left.name(), element.name());
            return Err(format!("cannot use {own} as type {element} in array"));
        }
        true
    } else {
        (left.is_unknown() && right.is(Family::String)) || right.is_unknown()
    };
    Ok(fits.then(|| Type::Bool.into()))
}

fn coalesced(left: Nature, right: Nature) -> Nature {
    match (left.nil, right.nil) {
        (true, true) => Nature::nil(),
        (true, false) => right,
        (false, true) => left,
        (false, false) if right.is_assignable_to(&left) => left,
        (false, false) => Nature::unknown(),
    }
}
