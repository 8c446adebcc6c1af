//! Arguments of functions, and the predicates of built-in ones.

use super::super::ast::{Expr, Node};
use super::super::builtins::{self, Check};
use super::super::fault::Fault;
use super::super::types::{Family, Kind, Nature, Signature, Type};
use super::{Checker, Scope, integers_to_floats};

impl Checker<'_> {
    pub(super) fn call(&mut self, node: &mut Node) -> Nature {
        let Expr::Call(callee, arguments) = &mut node.expr else {
            return Nature::unknown();
        };
        if callee.is_name("$env") {
            return self.error(node, "map[string]interface {} is not callable");
        }
        let nature = self.visit(callee);
        if nature.is_unknown() {
            return Nature::unknown();
        }
        let name = match &callee.expr {
            Expr::Name(name) => name.to_string(),
            Expr::Member(member) => member
                .property
                .as_str()
                .map_or_else(String::new, ToString::to_string),
            _ => "function".to_owned(),
        };
        if let Some(builtin) = nature.builtin {
            let mut arguments = std::mem::take(arguments);
            let result = self.function(builtin, node, &mut arguments);
            if let Expr::Call(_, own) = &mut node.expr {
                *own = arguments;
            }
            return result;
        }
        let Some(ty) = nature.ty else {
            return self.error(node, format!("{name} is nil; cannot call nil as function"));
        };
        let Type::Func(signature) = ty else {
            return self.error(node, format!("{} is not callable", ty.name()));
        };
        let mut arguments = std::mem::take(arguments);
        let mut seen = vec![None; arguments.len()];
        let result = self.arguments(&name, signature, node, &mut arguments, &mut seen);
        if let Expr::Call(_, own) = &mut node.expr {
            *own = arguments;
        }
        result.unwrap_or_else(|fault| {
            self.fault.get_or_insert(fault);
            Nature::unknown()
        })
    }

    pub(super) fn builtin(&mut self, node: &mut Node) -> Nature {
        let Expr::Builtin(builtin) = &mut node.expr else {
            return Nature::unknown();
        };
        let name = builtin.name;
        let mut arguments = std::mem::take(&mut builtin.arguments);
        let result = if builtins::has_predicate(name) {
            self.predicate_call(name, node, &mut arguments)
        } else if name == "get" {
            self.get(node, &mut arguments)
        } else {
            self.function(name, node, &mut arguments)
        };
        if let Expr::Builtin(builtin) = &mut node.expr {
            builtin.arguments = arguments;
        }
        result
    }

    /// A built-in function that runs a predicate for the elements of a list.
    fn predicate_call(
        &mut self,
        name: &'static str,
        node: &Node,
        arguments: &mut [Node],
    ) -> Nature {
        let [list, rest @ ..] = arguments else {
            return Nature::unknown();
        };
        let collection = self.visit(list);
        if !collection.is(Family::Array) && !collection.is_unknown() {
            let own = collection.name();
            return self.error(list, format!("builtin {name} takes only array (got {own})"));
        }
        let [predicate, rest @ ..] = rest else {
            return match name {
                "sum" if collection.is_unknown() => Nature::unknown(),
                "sum" => collection.element(),
                _ => Type::Int.into(),
            };
        };
        self.predicates.push(Scope {
            collection: collection.clone(),
            index: matches!(name, "map" | "reduce"),
            accumulator: name == "reduce",
        });
        let body = self.visit(predicate);
        self.predicates.pop();
        if let [extra, ..] = rest {
            let extra_nature = self.visit(extra);
            let fits = extra_nature.is(Family::String) || extra_nature.is_unknown();
            if name == "sortBy" && !fits {
                let own = extra_nature.name();
                let message = format!("sortBy order argument must be a string (got {own})");
                return self.error(extra, message);
            }
        }
        if body.nil {
            return self.no_output(name, node, predicate);
        }
        let out = Nature::from(body.ty.unwrap_or(Type::Any));
        let is_test = !matches!(name, "map" | "sum" | "groupBy" | "sortBy" | "reduce");
        if is_test && !out.is(Family::Bool) && !out.is_unknown() {
            let own = out.name();
            return self.error(
                predicate,
                format!("predicate should return boolean (got {own})"),
            );
        }
        predicate_result(name, &collection, body, out)
    }

    /// A predicate whose value is always nil.
    fn no_output(&mut self, name: &str, node: &Node, predicate: &Node) -> Nature {
        match name {
            "sum" => self.error(
                node,
                "cannot use func(interface {}) as argument (type func(interface {}) bool) to \
                 call sum ",
            ),
            "reduce" => self.error(
                predicate,
                "predicate should has two input and one output param",
            ),
            _ => self.error(
                predicate,
                "predicate should has one input and one output param",
            ),
        }
    }

    fn get(&mut self, node: &Node, arguments: &mut [Node]) -> Nature {
        let count = arguments.len();
        let [base_node, property_node] = arguments else {
            let message = format!("invalid number of arguments (expected 2, got {count})");
            return self.error(node, message);
        };
        let base = self.visit(base_node);
        let property = self.visit(property_node);
        if base_node.is_name("$env") {
            let known = property_node
                .as_str()
                .and_then(|name| self.environment(name));
            return known.unwrap_or_default();
        }
        if base.is_unknown() {
            return Nature::unknown();
        }
        match base.ty {
            Some(ty) if ty.is_array() => {
                if !property.is(Family::Integer) && !property.is_unknown() {
                    let own = property.name();
                    return self.error(property_node, format!("non-integer slice index {own}"));
                }
                base.element()
            }
            Some(ty) if ty.is_map() => {
                let key = ty.key().map(Nature::from).unwrap_or_default();
                if !property.is_assignable_to(&key) && !property.is_unknown() {
                    let (own, name) = (property.name(), ty.name());
                    let message = format!("cannot use {own} to get an element from {name}");
                    return self.error(property_node, message);
                }
                base.element()
            }
            _ => {
                let message = format!("type {} does not support indexing", base.name());
                self.error(base_node, message)
            }
        }
    }

    /// A call of a built-in function without predicate.
    fn function(&mut self, name: &'static str, node: &Node, arguments: &mut [Node]) -> Nature {
        let overloads = match builtins::check(name) {
            Check::Overloads(overloads) => overloads,
            Check::Types(validate) => {
                let types: Vec<Option<Type>> = arguments
                    .iter_mut()
                    .map(|argument| {
                        let nature = self.visit(argument);
                        if nature.is_unknown() {
                            Some(Type::Any)
                        } else {
                            nature.ty
                        }
                    })
                    .collect();
                return match validate(name, &types) {
                    Ok(ty) => ty.into(),
                    Err(message) => self.error(node, message),
                };
            }
        };
        let mut seen = vec![None; arguments.len()];
        let mut last = None;
        for signature in overloads {
            match self.arguments(name, signature, node, arguments, &mut seen) {
                Ok(nature) => return nature,
                Err(fault) => last = Some(fault),
            }
        }
        let fault = last.unwrap_or_else(|| format!("no matching overload for {name}").into());
        self.fault.get_or_insert(fault.at(node.span));
        Nature::unknown()
    }

    /// Whether `arguments` fit `signature`. What is already `seen` is not visited again, lest
    /// nested calls with overloads take exponential time.
    fn arguments(
        &mut self,
        name: &str,
        signature: &Signature,
        node: &Node,
        arguments: &mut [Node],
        seen: &mut [Option<Nature>],
    ) -> Result<Nature, Fault> {
        let fault = |node: &Node, message: String| Err(Fault::new(message).at(node.span));
        if 2 < signature.outputs.len() {
            return fault(node, format!("func {name} returns more then two values"));
        }
        let inputs = signature.inputs;
        let count = match () {
            () if inputs.len() < arguments.len() => Some("too many"),
            () if arguments.len() < inputs.len() => Some("not enough"),
            () => None,
        };
        if let Some(count) = count {
            for (argument, seen) in arguments.iter_mut().zip(seen) {
                if seen.is_none() {
                    *seen = Some(self.visit(argument));
                }
            }
            return fault(node, format!("{count} arguments to call {name}"));
        }
        for ((argument, seen), input) in arguments.iter_mut().zip(seen).zip(inputs) {
            let nature = if let Some(nature) = seen {
                nature.clone()
            } else {
                let nature = self.visit(argument);
                seen.insert(nature).clone()
            };
            let input = *input;
            if input == Type::Float && nature.is(Family::Integer) {
                integers_to_floats(argument);
                continue;
            }
            if input.is_integer() && nature.is(Family::Integer) {
                continue;
            }
            if nature.nil {
                if matches!(input.kind(), Kind::Pointer | Kind::Interface) {
                    continue;
                }
                let ty = input.name();
                let message = format!("cannot use nil as argument (type {ty}) to call {name}");
                return fault(argument, message);
            }
            if !nature.is_assignable_to(&input.into()) && !nature.is_unknown() {
                let (own, ty) = (nature.name(), input.name());
                let message = format!("cannot use {own} as argument (type {ty}) to call {name} ");
                return fault(argument, message);
            }
        }
        Ok(signature
            .outputs
            .first()
            .map(|ty| Nature::from(*ty))
            .unwrap_or_default())
    }
}

/// What a call with a predicate gives, if the predicate fits. `out` is the type of its `body`
/// alone.
fn predicate_result(name: &str, collection: &Nature, body: Nature, out: Nature) -> Nature {
    match name {
        "all" | "none" | "any" | "one" => Type::Bool.into(),
        "count" | "findIndex" | "findLastIndex" => Type::Int.into(),
        "filter" if collection.is_unknown() => Type::Anys.into(),
        "filter" => Nature::array_of(collection.element()),
        "map" => Nature::array_of(body),
        "sum" => out,
        "find" | "findLast" if collection.is_unknown() => Nature::unknown(),
        "find" | "findLast" => collection.element(),
        "groupBy" => Type::Groups.into(),
        "sortBy" => collection.clone(),
        // `reduce`
        _ => body,
    }
}
