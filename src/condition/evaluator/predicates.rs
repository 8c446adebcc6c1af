//! Built-in functions that run a predicate for the elements of a list.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ast::{Builtin, Expr, Node, Operator};
use super::super::builtins;
use super::super::datum::{Datum, Key, List, Map};
use super::super::fault::Fault;
use super::super::operators;
use super::super::types::Type;
use super::Evaluator;

/// What `#`, `#index` and `#acc` stand for.
pub(super) struct Scope {
    collection: Collection,
    index: usize,
    accumulator: Datum,
}

/// What was unknown to the checker need not be a list.
enum Collection {
    List(Arc<List>),
    /// Its bytes.
    Text(Arc<str>),
    /// It can be counted, but has no elements.
    Map(Arc<Map>),
}

impl Collection {
    fn of(value: Datum) -> Result<Self, Fault> {
        match value {
            Datum::List(list) => Ok(Self::List(list)),
            Datum::Str(text) => Ok(Self::Text(text)),
            Datum::Map(map) => Ok(Self::Map(map)),
            other => {
                let name = other.ty().map_or_else(
                    || "zero".to_owned(),
                    |ty| match ty {
                        Type::Time => "struct".to_owned(),
                        Type::Location => "ptr".to_owned(),
                        Type::Func(_) => "func".to_owned(),
                        Type::Duration => "int64".to_owned(),
                        Type::Month | Type::Weekday => "int".to_owned(),
                        ty => ty.name().to_owned(),
                    },
                );
                Err(Fault::new(format!(
                    "reflect: call of reflect.Value.Len on {name} Value"
                )))
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::List(list) => list.items.len(),
            Self::Text(text) => text.len(),
            Self::Map(map) => map.entries.len(),
        }
    }

    fn item(&self, index: usize) -> Result<Datum, Fault> {
        let beyond = || Fault::from("reflect: slice index out of range");
        match self {
            Self::List(list) => list.items.get(index).cloned().ok_or_else(beyond),
            Self::Text(text) => text
                .as_bytes()
                .get(index)
                .map(|byte| Datum::Uint8(*byte))
                .ok_or_else(beyond),
            Self::Map(_) => Err("reflect: call of reflect.Value.Index on map Value".into()),
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn pointer(&mut self, name: &str) -> Result<(), Fault> {
        let scope = self
            .scopes
            .last()
            .ok_or("cannot use pointer accessor outside predicate")?;
        let value = match name {
            "index" => index_datum(scope.index),
            "acc" => scope.accumulator.clone(),
            _ => scope.collection.item(scope.index)?,
        };
        self.put(value)
    }

    pub(super) fn predicate_call(&mut self, builtin: &Builtin) -> Result<(), Fault> {
        let [list, rest @ ..] = builtin.arguments.as_slice() else {
            return Err(Fault::new(format!(
                "not enough arguments to call {}",
                builtin.name
            )));
        };
        if builtin.extra.folded
            && let Expr::Array(nodes) = &list.expr
        {
            return self.folded_sum(nodes);
        }
        let collection = Collection::of(self.value(list)?)?;
        self.scopes.push(Scope {
            collection,
            index: 0,
            accumulator: Datum::Nil,
        });
        let (predicate, extra) = (rest.first(), rest.get(1));
        match builtin.name {
            "all" => self
                .search(predicate, false)
                .map(|at| Datum::Bool(at.is_none())),
            "none" => self
                .search(predicate, true)
                .map(|at| Datum::Bool(at.is_none())),
            "any" => self
                .search(predicate, true)
                .map(|at| Datum::Bool(at.is_some())),
            "one" => self
                .count(predicate, None)
                .map(|count| Datum::Bool(count == 1)),
            "count" => self
                .count(predicate, builtin.extra.threshold)
                .map(Datum::Int),
            "findIndex" => self.search(predicate, true).map(position),
            "findLastIndex" => self.search_backwards(predicate).map(position),
            "find" => {
                let found = self.search(predicate, true)?;
                self.found(found, builtin)
            }
            "findLast" => {
                let found = self.search_backwards(predicate)?;
                self.found(found, builtin)
            }
            "filter" => self.filter(builtin, predicate),
            "map" => self.map_all(predicate),
            "sum" => self.sum(predicate),
            "groupBy" => self.group_by(predicate),
            "sortBy" => self.sort_by(predicate, extra),
            _ => self.reduce(predicate, extra),
        }
        .map(|value| self.push(value))?;
        self.scopes.pop();
        Ok(())
    }

    fn len(&self) -> usize {
        self.scopes.last().map_or(0, |scope| scope.collection.len())
    }

    fn go_to(&mut self, index: usize) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.index = index;
        }
    }

    fn accumulate(&mut self, value: Datum) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.accumulator = value;
        }
    }

    fn accumulated(&self) -> Datum {
        self.scopes
            .last()
            .map_or(Datum::Nil, |scope| scope.accumulator.clone())
    }

    /// Pushes the predicate for the current element; without one, the element itself.
    fn eval_or_item(&mut self, predicate: Option<&Node>) -> Result<(), Fault> {
        if let Some(predicate) = predicate {
            return self.eval(predicate);
        }
        self.budget.step(1)?;
        self.pointer("")
    }

    fn value_or_item(&mut self, predicate: Option<&Node>) -> Result<Datum, Fault> {
        self.eval_or_item(predicate)?;
        self.pop()
    }

    fn test(&mut self, predicate: Option<&Node>) -> Result<bool, Fault> {
        self.value_or_item(predicate)?.assert_bool()
    }

    /// The first element for which the predicate is `wanted`; it stays the current one.
    fn search(&mut self, predicate: Option<&Node>, wanted: bool) -> Result<Option<usize>, Fault> {
        for index in 0..self.len() {
            self.go_to(index);
            if self.test(predicate)? == wanted {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// The last element for which the predicate holds. The answers to "is there one more?" stay on
    /// the stack: the reference forgets to take them off.
    fn search_backwards(&mut self, predicate: Option<&Node>) -> Result<Option<usize>, Fault> {
        for index in (0..self.len()).rev() {
            self.put(Datum::Bool(true))?;
            self.go_to(index);
            if self.test(predicate)? {
                return Ok(Some(index));
            }
        }
        self.put(Datum::Bool(false))?;
        Ok(None)
    }

    /// What a search found, the current element, as the optimizer wants it.
    fn found(&mut self, found: Option<usize>, builtin: &Builtin) -> Result<Datum, Fault> {
        if found.is_some() {
            return self.value_or_item(builtin.extra.map.as_ref());
        }
        if builtin.extra.throws {
            return Err("reflect: slice index out of range".into());
        }
        Ok(Datum::Nil)
    }

    fn count(&mut self, predicate: Option<&Node>, threshold: Option<i64>) -> Result<i64, Fault> {
        let mut count = 0;
        for index in 0..self.len() {
            self.go_to(index);
            count += i64::from(self.test(predicate)?);
            if threshold.is_some_and(|threshold| threshold <= count) {
                break;
            }
        }
        Ok(count)
    }

    fn filter(&mut self, builtin: &Builtin, predicate: Option<&Node>) -> Result<Datum, Fault> {
        let mut count = 0;
        for index in 0..self.len() {
            self.go_to(index);
            if self.test(predicate)? {
                count += 1;
                self.eval_or_item(builtin.extra.map.as_ref())?;
            }
        }
        self.collect(count)?;
        self.pop()
    }

    fn map_all(&mut self, predicate: Option<&Node>) -> Result<Datum, Fault> {
        let count = self.len();
        for index in 0..count {
            self.go_to(index);
            self.eval_or_item(predicate)?;
        }
        self.collect(count)?;
        self.pop()
    }

    fn sum(&mut self, predicate: Option<&Node>) -> Result<Datum, Fault> {
        let mut total = Datum::Int(0);
        for index in 0..self.len() {
            self.go_to(index);
            let value = self.value_or_item(predicate)?;
            total = self.add(&value, &total)?;
        }
        Ok(total)
    }

    fn add(&mut self, left: &Datum, right: &Datum) -> Result<Datum, Fault> {
        self.budget.step((left.weight() + right.weight()) / 4)?;
        let total = operators::arithmetic(Operator::Add, "+", left, right)?;
        self.budget.made(&total)?;
        Ok(total)
    }

    /// The elements of a literal list, added from the last to the first.
    fn folded_sum(&mut self, nodes: &[Node]) -> Result<(), Fault> {
        self.all(nodes)?;
        for _ in 1..nodes.len() {
            let (right, left) = (self.pop()?, self.pop()?);
            let total = self.add(&left, &right)?;
            self.push(total);
        }
        Ok(())
    }

    fn group_by(&mut self, predicate: Option<&Node>) -> Result<Datum, Fault> {
        let mut groups: BTreeMap<Key, Vec<Datum>> = BTreeMap::new();
        for index in 0..self.len() {
            self.go_to(index);
            let value = self.value_or_item(predicate)?;
            let key = match operators::checked_key(&value, groups.is_empty())? {
                // Every NaN has a group of its own.
                Key::NotANumber(_) => Key::NotANumber(u32::try_from(index).unwrap_or_default()),
                key => key,
            };
            let item = self.value_or_item(None)?;
            groups.entry(key).or_default().push(item);
        }
        let lists = groups
            .into_iter()
            .map(|(key, items)| Ok((key, Datum::list(Type::Anys, items)?)));
        Datum::map(Type::Groups, lists.collect::<Result<_, Fault>>()?)
    }

    fn sort_by(&mut self, predicate: Option<&Node>, order: Option<&Node>) -> Result<Datum, Fault> {
        let descending = match order.map(|order| self.value(order)).transpose()? {
            None => false,
            Some(Datum::Str(order)) => match &*order {
                "asc" => false,
                "desc" => true,
                _ => return Err("unknown order, use asc or desc".into()),
            },
            Some(_) => return Err("sortBy order argument must be a string".into()),
        };
        let (mut items, mut keys) = (Vec::new(), Vec::new());
        for index in 0..self.len() {
            self.go_to(index);
            keys.push(self.value_or_item(predicate)?);
            items.push(self.value_or_item(None)?);
        }
        let sorted = builtins::sort_by(items, keys, descending, &mut self.budget)?;
        self.budget.grow(sorted.len() as u64)?;
        Datum::list(Type::Anys, sorted)
    }

    fn reduce(&mut self, predicate: Option<&Node>, start: Option<&Node>) -> Result<Datum, Fault> {
        let first = match start {
            Some(start) => {
                let value = self.value(start)?;
                self.accumulate(value);
                0
            }
            None if self.len() == 0 => {
                return Err("reduce of empty array with no initial value".into());
            }
            None => {
                let value = self.value_or_item(None)?;
                self.accumulate(value);
                1
            }
        };
        for index in first..self.len() {
            self.go_to(index);
            let value = self.value_or_item(predicate)?;
            self.accumulate(value);
        }
        Ok(self.accumulated())
    }
}

fn index_datum(index: usize) -> Datum {
    Datum::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

fn position(found: Option<usize>) -> Datum {
    found.map_or(Datum::Nil, index_datum)
}
