//! Types of expressions: what is refused before the condition runs.
//!
//! Knows the type of `result` and gives every node its nature. An error in a branch never taken is
//! an error. Refuses to know values. Follows `checker/checker.go` of expr-lang/expr; the first
//! error in order of visits is the one reported.

mod calls;
mod operators;

use std::sync::Arc;

use super::ast::{Expr, Member, Node, Slice};
use super::builtins;
use super::fault::Fault;
use super::functions::{self, EnvFunction};
use super::types::{Family, Kind, Nature, Type};

/// Checks `root` for a `result` of the given nature and writes a nature to every node.
pub(super) fn check(root: &mut Node, result: &Nature) -> Result<(), Fault> {
    let mut checker = Checker {
        result,
        predicates: Vec::new(),
        variables: Vec::new(),
        fault: None,
    };
    checker.visit(root);
    checker.fault.map_or(Ok(()), Err)
}

struct Checker<'a> {
    result: &'a Nature,
    /// Around the current node, innermost last.
    predicates: Vec<Scope>,
    variables: Vec<(Arc<str>, Nature)>,
    /// The first error.
    fault: Option<Fault>,
}

/// What `#` means inside a predicate.
struct Scope {
    collection: Nature,
    /// `#index` is known here.
    index: bool,
    /// `#acc` is known here.
    accumulator: bool,
}

impl Checker<'_> {
    fn visit(&mut self, node: &mut Node) -> Nature {
        let nature = self.nature(node);
        node.nature = nature.clone();
        nature
    }

    /// Records the first error; the nature of a wrong expression is unknown.
    fn error(&mut self, node: &Node, message: impl Into<String>) -> Nature {
        let fault = Fault::new(message).at(node.span);
        self.fault.get_or_insert(fault);
        Nature::unknown()
    }

    fn nature(&mut self, node: &mut Node) -> Nature {
        match &mut node.expr {
            Expr::Nil => Nature::nil(),
            Expr::Bool(_) => Type::Bool.into(),
            Expr::Int(_) => Type::Int.into(),
            Expr::Float(_) => Type::Float.into(),
            Expr::Str(_) => Type::Str.into(),
            Expr::Constant(value) => value.ty().map_or_else(Nature::nil, Nature::from),
            Expr::Name(name) => {
                let name = Arc::clone(name);
                self.name(node, &name)
            }
            Expr::Pointer(name) => {
                let name = Arc::clone(name);
                self.pointer(node, &name)
            }
            Expr::Unary(..) => self.unary(node),
            Expr::Binary(_) => self.binary(node),
            Expr::Chain(inner) => self.visit(inner),
            Expr::Member(_) => self.member(node),
            Expr::Slice(_) => self.slice(node),
            Expr::Call(..) => self.call(node),
            Expr::Builtin(_) => self.builtin(node),
            // Predicates are visited by the call they belong to.
            Expr::Predicate(body) => self.visit(body),
            Expr::Conditional(_) => self.conditional(node),
            Expr::Let(..) => self.declaration(node),
            Expr::Sequence(nodes) => nodes
                .iter_mut()
                .map(|node| self.visit(node))
                .last()
                .unwrap_or_default(),
            Expr::Array(nodes) => {
                let natures: Vec<_> = nodes.iter_mut().map(|node| self.visit(node)).collect();
                array_nature(&natures)
            }
            Expr::Map(pairs) => {
                for part in pairs.iter_mut().flatten() {
                    self.visit(part);
                }
                Type::StrMap.into()
            }
        }
    }

    fn name(&mut self, node: &Node, name: &str) -> Nature {
        if let Some((_, nature)) = self.variables.iter().rev().find(|(own, _)| **own == *name) {
            return nature.clone();
        }
        if name == "$env" {
            return Nature::unknown();
        }
        if let Some(nature) = self.environment(name) {
            return nature;
        }
        if let Some(builtin) = builtins::named(name) {
            // When the condition runs, it is nil.
            return Nature::of_builtin(builtins::signatures::of(builtin), builtin);
        }
        self.error(node, format!("unknown name {name}"))
    }

    /// What Argo Rollouts puts into the environment under `name`.
    fn environment(&self, name: &str) -> Option<Nature> {
        if name == "result" {
            return Some(self.result.clone());
        }
        EnvFunction::named(name).map(|function| Type::Func(function.signature()).into())
    }

    fn pointer(&mut self, node: &Node, name: &str) -> Nature {
        let Some(scope) = self.predicates.last() else {
            return self.error(node, "cannot use pointer accessor outside predicate");
        };
        match name {
            "" if scope.collection.is_unknown() => Nature::unknown(),
            "" => scope.collection.element(),
            "index" if scope.index => Type::Int.into(),
            "acc" if scope.accumulator => Nature::unknown(),
            _ => self.error(node, format!("unknown pointer #{name}")),
        }
    }

    fn member(&mut self, node: &mut Node) -> Nature {
        let span = node.span;
        let Expr::Member(member) = &mut node.expr else {
            return Nature::unknown();
        };
        if member.base.is_name("$env") {
            let Some(name) = member.property.as_str() else {
                return Nature::unknown();
            };
            return match self.environment(name) {
                Some(nature) => nature,
                None if member.optional => Nature::unknown(),
                None => {
                    let message = format!("unknown name {name}");
                    self.error(node, message)
                }
            };
        }
        let base = self.visit(&mut member.base);
        let property = self.visit(&mut member.property);
        if base.is_unknown() {
            return Nature::unknown();
        }
        match member_nature(member, &base, &property) {
            Ok(nature) => nature,
            Err((at_property, message)) => {
                let span = if at_property {
                    member.property.span
                } else {
                    span
                };
                self.fault.get_or_insert(Fault::new(message).at(span));
                Nature::unknown()
            }
        }
    }

    fn slice(&mut self, node: &mut Node) -> Nature {
        let Expr::Slice(slice) = &mut node.expr else {
            return Nature::unknown();
        };
        let Slice { base, from, to } = &mut **slice;
        let nature = self.visit(base);
        if nature.is_unknown() {
            return Nature::unknown();
        }
        if !matches!(nature.kind(), Kind::String | Kind::Array | Kind::Slice) {
            return self.error(node, format!("cannot slice {}", nature.name()));
        }
        for bound in from.iter_mut().chain(to) {
            let index = self.visit(bound);
            if !index.is(Family::Integer) && !index.is_unknown() {
                return self.error(bound, format!("non-integer slice index {}", index.name()));
            }
        }
        nature
    }

    fn conditional(&mut self, node: &mut Node) -> Nature {
        let Expr::Conditional(parts) = &mut node.expr else {
            return Nature::unknown();
        };
        let [condition, then, otherwise] = &mut **parts;
        let nature = self.visit(condition);
        if !nature.is(Family::Bool) && !nature.is_unknown() {
            let name = nature.name();
            let message = format!("non-bool expression (type {name}) used as condition");
            return self.error(condition, message);
        }
        let (then, otherwise) = (self.visit(then), self.visit(otherwise));
        match (then.nil, otherwise.nil) {
            (true, true) => Nature::nil(),
            (true, false) => otherwise,
            (false, true) => then,
            (false, false) if !then.is_assignable_to(&otherwise) => Nature::unknown(),
            (false, false) => {
                let (own, other) = (then.element(), otherwise.element());
                let lists = then.is(Family::Array) && otherwise.is(Family::Array);
                if lists && !(own.is_assignable_to(&other) && other.is_assignable_to(&own)) {
                    return Type::Anys.into();
                }
                then
            }
        }
    }

    fn declaration(&mut self, node: &mut Node) -> Nature {
        let Expr::Let(name, parts) = &mut node.expr else {
            return Nature::unknown();
        };
        let name = Arc::clone(name);
        let taken = if self.environment(&name).is_some() {
            Some("")
        } else if builtins::named(&name).is_some() {
            Some("builtin ")
        } else if self.variables.iter().any(|(own, _)| *own == name) {
            Some("variable ")
        } else {
            None
        };
        if let Some(what) = taken {
            return self.error(node, format!("cannot redeclare {what}{name}"));
        }
        let [value, body] = &mut **parts;
        let nature = self.visit(value);
        self.variables.push((name, nature));
        let nature = self.visit(body);
        self.variables.pop();
        nature
    }
}

/// A literal list knows the nature of its last element if all are of one kind.
fn array_nature(natures: &[Nature]) -> Nature {
    let same_kind = natures
        .windows(2)
        .all(|pair| pair[0].kind() == pair[1].kind());
    match natures.last() {
        _ if !same_kind => Type::Anys.into(),
        Some(last) => Nature::array_of(last.clone()),
        None => Nature::array_of(Nature::unknown()),
    }
}

/// What a member of a known base is, or a message and whether it is about the property.
fn member_nature(
    member: &Member,
    base: &Nature,
    property: &Nature,
) -> Result<Nature, (bool, String)> {
    let name = member.property.as_str();
    let Some(ty) = base.ty else {
        return Err((
            false,
            match name {
                Some(name) => format!("type nil has no field {name}"),
                None => format!("type unknown[{}] is undefined", property.name()),
            },
        ));
    };
    if let Some(method) = name.and_then(|name| functions::method(ty, name)) {
        return Ok(Type::Func(&method.signature).into());
    }
    if let Some(key) = ty.key() {
        if !property.is_assignable_to(&key.into()) && !property.is_unknown() {
            let (own, base) = (property.name(), ty.name());
            return Err((
                true,
                format!("cannot use {own} to get an element from {base}"),
            ));
        }
        return Ok(base.element());
    }
    if ty.is_array() {
        if !property.is(Family::Integer) && !property.is_unknown() {
            let own = property.name();
            return Err((
                true,
                format!("array elements can only be selected using an integer (got {own})"),
            ));
        }
        return Ok(base.element());
    }
    Err((
        false,
        match name {
            Some(name) if member.method => format!("type {} has no method {name}", ty.name()),
            Some(name) => format!("type {} has no field {name}", ty.name()),
            None => format!("type {}[{}] is undefined", ty.name(), property.name()),
        },
    ))
}

/// Literals among the arguments of a function that takes floats become floats.
fn integers_to_floats(node: &mut Node) {
    match &mut node.expr {
        Expr::Int(value) => {
            node.expr = Expr::Float(super::number::widen(*value));
            node.nature = Type::Float.into();
        }
        Expr::Unary(_, _, operand) => integers_to_floats(operand),
        Expr::Binary(binary) if matches!(binary.text, "+" | "-" | "*") => {
            integers_to_floats(&mut binary.left);
            integers_to_floats(&mut binary.right);
        }
        _ => {}
    }
}
