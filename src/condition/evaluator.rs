//! The general evaluator: any condition, any result, at the price of allocations.
//!
//! Walks the optimized tree. Knows the order of evaluation and what static types still decide when
//! the condition runs. Follows `compiler/compiler.go` and `vm/vm.go` of expr-lang/expr.
//!
//! Operands live on one stack, as in the reference, because it shows: `findLast` leaves a truth
//! value behind for every element it looks at, so that `5 < findLast(..)` compares the last of
//! these instead of 5.

mod predicates;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Binary, Expr, Member, Node, Operator, Unary};
use super::budget::{Budget, MEMORY_EXCEEDED};
use super::builtins;
use super::datum::{Datum, Key};
use super::fault::Fault;
use super::functions::{ENV_FUNCTIONS, EnvFunction, Function};
use super::operators;
use super::time::Time;
use super::types::Type;
use crate::regexp::Regexp;
use predicates::Scope;

/// The value of `root` for a `result`.
pub(super) fn evaluate(root: &Node, result: &Datum, now: Time) -> Result<Datum, Fault> {
    let mut evaluator = Evaluator {
        result,
        now,
        budget: Budget::new(),
        stack: Vec::new(),
        scopes: Vec::new(),
        variables: Vec::new(),
    };
    evaluator.value(root)
}

struct Evaluator<'a> {
    result: &'a Datum,
    now: Time,
    budget: Budget,
    /// Operands, the current one last.
    stack: Vec<Datum>,
    /// Of the predicates being run, innermost last.
    scopes: Vec<Scope>,
    variables: Vec<(Arc<str>, Datum)>,
}

/// Operands at a time; a list of a million elements needs as many.
const STACK_MAX: usize = 3_000_000;
/// Steps a pattern costs that must be compiled while the condition runs.
const PATTERN_STEPS: u64 = 20_000;

impl Evaluator<'_> {
    fn push(&mut self, value: Datum) {
        self.stack.push(value);
    }

    fn pop(&mut self) -> Result<Datum, Fault> {
        self.stack
            .pop()
            .ok_or_else(|| Fault::from("stack underflow"))
    }

    /// The upper `count` operands, the first pushed first.
    fn pop_many(&mut self, count: usize) -> Result<Vec<Datum>, Fault> {
        let from = self
            .stack
            .len()
            .checked_sub(count)
            .ok_or("stack underflow")?;
        Ok(self.stack.split_off(from))
    }

    fn current(&self) -> &Datum {
        self.stack.last().unwrap_or(&Datum::Nil)
    }

    /// The value of `node`, taken off the stack again.
    fn value(&mut self, node: &Node) -> Result<Datum, Fault> {
        self.eval(node)?;
        self.pop()
    }

    /// Pushes the value of `node`.
    fn eval(&mut self, node: &Node) -> Result<(), Fault> {
        self.budget.step(1)?;
        let done = match &node.expr {
            Expr::Nil => return self.put(Datum::Nil),
            Expr::Bool(value) => return self.put(Datum::Bool(*value)),
            Expr::Int(value) => return self.put(Datum::Int(*value)),
            Expr::Float(value) => return self.put(Datum::Float(*value)),
            Expr::Str(text) => return self.put(Datum::Str(Arc::clone(text))),
            Expr::Constant(value) => return self.put(value.clone()),
            Expr::Name(name) => self.name(name),
            Expr::Pointer(name) => self.pointer(name),
            Expr::Unary(operator, _, operand) => self.unary(*operator, operand),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Chain(inner) => self.chain(inner),
            Expr::Member(_) | Expr::Call(..) => self.link(node).map(drop),
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
        done.map_err(|fault| fault.at(node.span))
    }

    /// Pushes a value, unless there are too many.
    fn put(&mut self, value: Datum) -> Result<(), Fault> {
        if STACK_MAX <= self.stack.len() {
            return Err(MEMORY_EXCEEDED.into());
        }
        self.push(value);
        Ok(())
    }

    /// Pushes a value that has just been made.
    fn put_made(&mut self, value: Datum) -> Result<(), Fault> {
        self.budget.made(&value)?;
        self.put(value)
    }

    fn all(&mut self, nodes: &[Node]) -> Result<(), Fault> {
        nodes.iter().try_for_each(|node| self.eval(node))
    }

    fn name(&mut self, name: &Arc<str>) -> Result<(), Fault> {
        let variable = self.variables.iter().rev().find(|(own, _)| own == name);
        let value = match variable {
            Some((_, value)) => value.clone(),
            None if **name == *"$env" => self.environment()?,
            None => self.environment_value(name),
        };
        self.put(value)
    }

    /// What the environment holds under `name`: nil for built-in functions, which are not in it.
    fn environment_value(&self, name: &str) -> Datum {
        if name == "result" {
            return self.result.clone();
        }
        EnvFunction::named(name).map_or(Datum::Nil, |function| Datum::Func(Function::Env(function)))
    }

    fn environment(&self) -> Result<Datum, Fault> {
        let names = ENV_FUNCTIONS
            .iter()
            .map(|(name, _)| *name)
            .chain(["result"]);
        let entries = names.map(|name| (Key::Str(name.into()), self.environment_value(name)));
        Datum::map(Type::StrMap, entries.collect())
    }

    fn unary(&mut self, operator: Unary, operand: &Node) -> Result<(), Fault> {
        let value = self.value(operand)?;
        let value = match operator {
            Unary::Not => Datum::Bool(!value.assert_bool()?),
            Unary::Plus => value,
            Unary::Minus => operators::negate(&value)?,
        };
        self.put(value)
    }

    fn binary(&mut self, binary: &Binary) -> Result<(), Fault> {
        self.eval(&binary.left)?;
        let left_decides = match binary.operator {
            Operator::And => Some(!self.current().assert_bool()?),
            Operator::Or => Some(self.current().assert_bool()?),
            Operator::Coalesce => Some(!self.current().is_nil()),
            _ => None,
        };
        match left_decides {
            Some(true) => return Ok(()),
            Some(false) => {
                self.pop()?;
                // The right side is the value then, whatever it is.
                return self.eval(&binary.right);
            }
            None => {}
        }
        if let Some(pattern) = &binary.pattern {
            let text = self.pop()?;
            return self.matches(&text, pattern);
        }
        self.eval(&binary.right)?;
        let (right, left) = (self.pop()?, self.pop()?);
        self.budget.step((left.weight() + right.weight()) / 4)?;
        let value = match binary.operator {
            Operator::Equal => Datum::Bool(equal(binary, &left, &right)?),
            Operator::NotEqual => Datum::Bool(!equal(binary, &left, &right)?),
            Operator::Less | Operator::Greater | Operator::LessEqual | Operator::GreaterEqual => {
                Datum::Bool(operators::compare(binary.operator, &left, &right)?)
            }
            Operator::In => Datum::Bool(operators::contains(&left, &right)?),
            Operator::Matches => return self.matches_any(&left, &right),
            Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
                Datum::Bool(texts(binary.operator, &left, &right)?)
            }
            Operator::Range => self.range(&left, &right)?,
            _ => operators::arithmetic(binary.operator, binary.text, &left, &right)?,
        };
        self.put_made(value)
    }

    fn matches(&mut self, text: &Datum, pattern: &Regexp) -> Result<(), Fault> {
        self.budget.step(text.weight())?;
        let is_match = match text {
            Datum::Str(text) => pattern.is_match(text.as_bytes()),
            _ if text.is_nil() => false,
            _ => match text.bytes() {
                Some(bytes) => pattern.is_match(&bytes),
                None => return Err(text.conversion("[]uint8")),
            },
        };
        self.put(Datum::Bool(is_match))
    }

    fn matches_any(&mut self, text: &Datum, pattern: &Datum) -> Result<(), Fault> {
        if text.is_nil() || pattern.is_nil() {
            return self.put(Datum::Bool(false));
        }
        let pattern = pattern.assert_str()?;
        self.budget
            .step(PATTERN_STEPS + pattern.len() as u64 * 10)?;
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

    /// A nil of some type becomes plain nil at the end of a chain.
    fn chain(&mut self, inner: &Node) -> Result<(), Fault> {
        self.link(inner)?;
        if self.current().is_nil() {
            self.pop()?;
            self.push(Datum::Nil);
        }
        Ok(())
    }

    /// A member or a call, which may be a link of an optional chain. False if the chain ended
    /// early, at a nil that is its value.
    fn link(&mut self, node: &Node) -> Result<bool, Fault> {
        let done = match &node.expr {
            Expr::Member(member) => self.member(member),
            Expr::Call(callee, arguments) => self.call(callee, arguments),
            _ => self.eval(node).map(|()| true),
        };
        done.map_err(|fault| fault.at(node.span))
    }

    fn member(&mut self, member: &Member) -> Result<bool, Fault> {
        self.budget.step(1)?;
        if !self.link(&member.base)? || (member.optional && self.current().is_nil()) {
            return Ok(false);
        }
        self.eval(&member.property)?;
        let (property, base) = (self.pop()?, self.pop()?);
        self.push(operators::fetch(&base, &property)?);
        Ok(true)
    }

    /// Arguments come first, then what is called.
    fn call(&mut self, callee: &Node, arguments: &[Node]) -> Result<bool, Fault> {
        self.all(arguments)?;
        if !self.link(callee)? {
            return Ok(false);
        }
        let function = self.pop()?;
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
        let arguments = self.pop_many(arguments.len())?;
        let value = if matches!(callee.nature.ty, Some(Type::Func(_))) {
            function.call(&arguments, self.result)?
        } else {
            function.call_unchecked(arguments, self.result)?
        };
        self.push(value);
        Ok(true)
    }

    fn slice(&mut self, base: &Node, from: Option<&Node>, to: Option<&Node>) -> Result<(), Fault> {
        self.eval(base)?;
        if let Some(to) = to {
            self.eval(to)?;
        } else {
            let length = operators::raw_length(self.current())?;
            self.push(length);
        }
        match from {
            Some(from) => self.eval(from)?,
            None => self.push(Datum::Int(0)),
        }
        let (from, to, base) = (self.pop()?, self.pop()?, self.pop()?);
        self.budget.step(base.weight() / 4)?;
        self.put_made(operators::slice(&base, &from, &to)?)
    }

    fn builtin(&mut self, name: &str, nodes: &[Node]) -> Result<(), Fault> {
        self.all(nodes)?;
        let arguments = self.pop_many(nodes.len())?;
        let mut context = builtins::Context {
            budget: &mut self.budget,
            now: self.now,
        };
        let value = builtins::call(name, &arguments, &mut context)?;
        self.put_made(value)
    }

    fn conditional(&mut self, parts: &[Node; 3]) -> Result<(), Fault> {
        let [condition, then, otherwise] = parts;
        let chosen = if self.value(condition)?.assert_bool()? {
            then
        } else {
            otherwise
        };
        self.eval(chosen)
    }

    fn declaration(&mut self, name: &Arc<str>, parts: &[Node; 2]) -> Result<(), Fault> {
        let [value, body] = parts;
        let value = self.value(value)?;
        self.variables.push((Arc::clone(name), value));
        self.eval(body)?;
        self.variables.pop();
        Ok(())
    }

    fn sequence(&mut self, nodes: &[Node]) -> Result<(), Fault> {
        for (i, node) in nodes.iter().enumerate() {
            if i != 0 {
                self.pop()?;
            }
            self.eval(node)?;
        }
        Ok(())
    }

    fn array(&mut self, nodes: &[Node]) -> Result<(), Fault> {
        self.all(nodes)?;
        self.collect(nodes.len())
    }

    /// Makes a list of the upper `count` operands.
    fn collect(&mut self, count: usize) -> Result<(), Fault> {
        self.budget.grow(count as u64)?;
        let items = self.pop_many(count)?;
        self.put_made(Datum::list(Type::Anys, items)?)
    }

    /// Of keys that repeat the first counts.
    fn map(&mut self, pairs: &[[Node; 2]]) -> Result<(), Fault> {
        for part in pairs.iter().flatten() {
            self.eval(part)?;
        }
        self.budget.grow(pairs.len() as u64)?;
        let mut entries = BTreeMap::new();
        for _ in pairs {
            let (value, key) = (self.pop()?, self.pop()?);
            entries.insert(Key::Str(Arc::clone(key.assert_str()?)), value);
        }
        self.put_made(Datum::map(Type::StrMap, entries)?)
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
