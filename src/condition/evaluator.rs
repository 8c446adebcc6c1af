//! The general evaluator: any condition, any result, at the price of allocations.
//!
//! Walks the optimized tree. Knows the order of evaluation and what static types still decide when
//! the condition runs. Follows `compiler/compiler.go` and `vm/vm.go` of expr-lang/expr.

mod predicates;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Binary, Expr, Member, Node, Operator, Unary};
use super::budget::Budget;
use super::builtins;
use super::datum::{Datum, Key};
use super::fault::Fault;
use super::functions::{ENV_FUNCTIONS, EnvFunction, Function};
use super::operators;
use super::regexp::Regexp;
use super::time::Time;
use super::types::Type;
use predicates::Scope;

/// The value of `root` for a `result`.
pub(super) fn evaluate(root: &Node, result: &Datum, now: Time) -> Result<Datum, Fault> {
    let budget = Budget::new();
    let mut evaluator =
        Evaluator { result, now, budget, scopes: Vec::new(), variables: Vec::new() };
    evaluator.eval(root)
}

struct Evaluator<'a> {
    result: &'a Datum,
    now: Time,
    budget: Budget,
    /// Of the predicates being run, innermost last.
    scopes: Vec<Scope>,
    variables: Vec<(Arc<str>, Datum)>,
}

/// Steps a pattern costs that must be compiled while the condition runs.
const PATTERN_STEPS: u64 = 20_000;

impl Evaluator<'_> {
    fn eval(&mut self, node: &Node) -> Result<Datum, Fault> {
        self.budget.step(1)?;
        let value = match &node.expr {
            Expr::Nil => return Ok(Datum::Nil),
            Expr::Bool(value) => return Ok(Datum::Bool(*value)),
            Expr::Int(value) => return Ok(Datum::Int(*value)),
            Expr::Float(value) => return Ok(Datum::Float(*value)),
            Expr::Str(text) => return Ok(Datum::Str(Arc::clone(text))),
            Expr::Constant(value) => return Ok(value.clone()),
            Expr::Name(name) => self.name(name),
            Expr::Pointer(name) => self.pointer(name),
            Expr::Unary(operator, _, operand) => self.unary(*operator, operand),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Chain(inner) => {
                // A nil of some type becomes plain nil at the end of a chain.
                self.link(inner).map(|value| value.filter(|v| !v.is_nil()).unwrap_or(Datum::Nil))
            }
            Expr::Member(_) | Expr::Call(..) => {
                self.link(node).map(|value| value.unwrap_or(Datum::Nil))
            }
            Expr::Slice(slice) => self.slice(&slice.base, slice.from.as_ref(), slice.to.as_ref()),
            Expr::Builtin(builtin) if builtins::has_predicate(builtin.name) => {
                self.predicate_call(builtin)
            }
            Expr::Builtin(builtin) => self.builtin(builtin.name, &builtin.arguments),
            Expr::Predicate(body) => self.eval(body),
            Expr::Conditional(parts) => self.conditional(parts),
            Expr::Let(name, parts) => self.declaration(name, parts),
            Expr::Sequence(nodes) => self.sequence(nodes),
            Expr::Array(nodes) => self.array(nodes),
            Expr::Map(pairs) => self.map(pairs),
        };
        value.map_err(|fault| fault.at(node.span))
    }

    fn all(&mut self, nodes: &[Node]) -> Result<Vec<Datum>, Fault> {
        nodes.iter().map(|node| self.eval(node)).collect()
    }

    fn name(&mut self, name: &Arc<str>) -> Result<Datum, Fault> {
        if let Some((_, value)) = self.variables.iter().rev().find(|(own, _)| own == name) {
            return Ok(value.clone());
        }
        if **name == *"$env" {
            return self.environment();
        }
        Ok(self.environment_value(name))
    }

    /// What the environment holds under `name`: nil for built-in functions, which are not in it.
    fn environment_value(&self, name: &str) -> Datum {
        if name == "result" {
            return self.result.clone();
        }
        EnvFunction::named(name)
            .map_or(Datum::Nil, |function| Datum::Func(Function::Env(function)))
    }

    fn environment(&self) -> Result<Datum, Fault> {
        let names = ENV_FUNCTIONS.iter().map(|(name, _)| *name).chain(["result"]);
        let entries = names.map(|name| (Key::Str(name.into()), self.environment_value(name)));
        Datum::map(Type::StrMap, entries.collect())
    }

    fn unary(&mut self, operator: Unary, operand: &Node) -> Result<Datum, Fault> {
        let value = self.eval(operand)?;
        match operator {
            Unary::Not => Ok(Datum::Bool(!value.assert_bool()?)),
            Unary::Plus => Ok(value),
            Unary::Minus => operators::negate(&value),
        }
    }

    fn binary(&mut self, binary: &Binary) -> Result<Datum, Fault> {
        let left = self.eval(&binary.left)?;
        // The right side is the value then, whatever it is.
        match binary.operator {
            Operator::And if !left.assert_bool()? => return Ok(left),
            Operator::Or if left.assert_bool()? => return Ok(left),
            Operator::Coalesce if !left.is_nil() => return Ok(left),
            Operator::And | Operator::Or | Operator::Coalesce => return self.eval(&binary.right),
            Operator::Matches => {
                if let Some(pattern) = &binary.pattern {
                    return self.matches(&left, pattern);
                }
            }
            _ => {}
        }
        let right = self.eval(&binary.right)?;
        self.budget.step((left.weight() + right.weight()) / 4)?;
        match binary.operator {
            Operator::Equal => equal(binary, &left, &right).map(Datum::Bool),
            Operator::NotEqual => equal(binary, &left, &right).map(|equal| Datum::Bool(!equal)),
            Operator::Less | Operator::Greater | Operator::LessEqual | Operator::GreaterEqual => {
                operators::compare(binary.operator, &left, &right).map(Datum::Bool)
            }
            Operator::In => operators::contains(&left, &right).map(Datum::Bool),
            Operator::Matches => self.matches_any(&left, &right),
            Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
                texts(binary.operator, &left, &right).map(Datum::Bool)
            }
            Operator::Range => self.range(&left, &right),
            _ => operators::arithmetic(binary.operator, binary.text, &left, &right),
        }
    }

    fn matches(&mut self, text: &Datum, pattern: &Regexp) -> Result<Datum, Fault> {
        self.budget.step(text.weight())?;
        Ok(Datum::Bool(match text {
            Datum::Str(text) => pattern.is_match(text.as_bytes()),
            _ if text.is_nil() => false,
            _ => match text.bytes() {
                Some(bytes) => pattern.is_match(&bytes),
                None => return Err(text.conversion("[]uint8")),
            },
        }))
    }

    fn matches_any(&mut self, text: &Datum, pattern: &Datum) -> Result<Datum, Fault> {
        if text.is_nil() || pattern.is_nil() {
            return Ok(Datum::Bool(false));
        }
        let pattern = pattern.assert_str()?;
        self.budget.step(PATTERN_STEPS + pattern.len() as u64 * 10)?;
        self.matches(text, &Regexp::new(pattern)?)
    }

    fn range(&mut self, from: &Datum, to: &Datum) -> Result<Datum, Fault> {
        let (from, to) = (operators::to_int(from)?, operators::to_int(to)?);
        let size = u64::try_from(to.wrapping_sub(from).wrapping_add(1)).unwrap_or_default();
        self.budget.grow(size)?;
        self.budget.step(size)?;
        let numbers = (0..size).map(|i| Datum::Int(from.wrapping_add_unsigned(i)));
        Datum::list(Type::Ints, numbers.collect())
    }

    /// A member or a call, which may be a link of an optional chain. `None` if the chain ended early.
    fn link(&mut self, node: &Node) -> Result<Option<Datum>, Fault> {
        let value = match &node.expr {
            Expr::Member(member) => self.member(member),
            Expr::Call(callee, arguments) => self.call(callee, arguments),
            _ => self.eval(node).map(Some),
        };
        value.map_err(|fault| fault.at(node.span))
    }

    fn member(&mut self, member: &Member) -> Result<Option<Datum>, Fault> {
        self.budget.step(1)?;
        let Some(base) = self.link(&member.base)? else { return Ok(None) };
        if member.optional && base.is_nil() {
            return Ok(None);
        }
        let property = self.eval(&member.property)?;
        operators::fetch(&base, &property).map(Some)
    }

    /// Arguments come first, then what is called.
    fn call(&mut self, callee: &Node, arguments: &[Node]) -> Result<Option<Datum>, Fault> {
        let arguments = self.all(arguments)?;
        let Some(function) = self.link(callee)? else { return Ok(None) };
        let function = match &function {
            Datum::Func(function) => function,
            Datum::Nil => return Err("invalid operation: cannot call nil".into()),
            _ => {
                let name = function.type_name();
                return Err(Fault::new(format!(
                    "invalid operation: cannot call non-function of type {name}"
                )));
            }
        };
        if matches!(callee.nature.ty, Some(Type::Func(_))) {
            function.call(&arguments, self.result).map(Some)
        } else {
            function.call_unchecked(arguments, self.result).map(Some)
        }
    }

    fn slice(
        &mut self,
        base: &Node,
        from: Option<&Node>,
        to: Option<&Node>,
    ) -> Result<Datum, Fault> {
        let base = self.eval(base)?;
        let to = match to {
            Some(to) => self.eval(to)?,
            None => {
                let length = match &base {
                    Datum::List(list) => list.items.len(),
                    Datum::Map(map) => map.entries.len(),
                    Datum::Str(text) => text.len(),
                    _ => {
                        let name = base.type_name();
                        let message = format!("invalid argument for len (type {name})");
                        return Err(Fault::new(message));
                    }
                };
                Datum::Int(i64::try_from(length).unwrap_or(i64::MAX))
            }
        };
        let from = match from {
            Some(from) => self.eval(from)?,
            None => Datum::Int(0),
        };
        self.budget.step(base.weight() / 4)?;
        operators::slice(&base, &from, &to)
    }

    fn builtin(&mut self, name: &str, arguments: &[Node]) -> Result<Datum, Fault> {
        let arguments = self.all(arguments)?;
        let mut context = builtins::Context { budget: &mut self.budget, now: self.now };
        builtins::call(name, &arguments, &mut context)
    }

    fn conditional(&mut self, parts: &[Node; 3]) -> Result<Datum, Fault> {
        let [condition, then, otherwise] = parts;
        let chosen = if self.eval(condition)?.assert_bool()? { then } else { otherwise };
        self.eval(chosen)
    }

    fn declaration(&mut self, name: &Arc<str>, parts: &[Node; 2]) -> Result<Datum, Fault> {
        let [value, body] = parts;
        let value = self.eval(value)?;
        self.variables.push((Arc::clone(name), value));
        let value = self.eval(body);
        self.variables.pop();
        value
    }

    fn sequence(&mut self, nodes: &[Node]) -> Result<Datum, Fault> {
        nodes.iter().try_fold(Datum::Nil, |_, node| self.eval(node))
    }

    fn array(&mut self, nodes: &[Node]) -> Result<Datum, Fault> {
        let items = self.all(nodes)?;
        self.budget.grow(items.len() as u64)?;
        Datum::list(Type::Anys, items)
    }

    /// Of keys that repeat the first counts.
    fn map(&mut self, pairs: &[[Node; 2]]) -> Result<Datum, Fault> {
        let mut values = Vec::with_capacity(pairs.len());
        for [key, value] in pairs {
            values.push((self.eval(key)?, self.eval(value)?));
        }
        self.budget.grow(values.len() as u64)?;
        let mut entries = BTreeMap::new();
        for (key, value) in values.into_iter().rev() {
            entries.insert(Key::Str(Arc::clone(key.assert_str()?)), value);
        }
        Datum::map(Type::StrMap, entries)
    }
}

/// `==`. Where both sides are known to be of one simple type, nothing else will do.
fn equal(binary: &Binary, left: &Datum, right: &Datum) -> Result<bool, Fault> {
    match (binary.left.ty(), binary.right.ty()) {
        (Type::Int, Type::Int) => Ok(left.assert_int()? == right.assert_int()?),
        (Type::Str, Type::Str) => Ok(left.assert_str()? == right.assert_str()?),
        _ => Ok(operators::equal(left, right)),
    }
}

fn texts(operator: Operator, left: &Datum, right: &Datum) -> Result<bool, Fault> {
    if left.is_nil() || right.is_nil() {
        return Ok(false);
    }
    let (left, right) = (left.assert_str()?, right.assert_str()?);
    Ok(match operator {
        Operator::Contains => left.contains(&**right),
        Operator::StartsWith => left.starts_with(&**right),
        _ => left.ends_with(&**right),
    })
}
