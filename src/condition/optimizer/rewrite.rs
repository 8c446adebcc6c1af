//! Calls and operators put differently.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ast::{Binary, Builtin, Expr, Extra, Node, Operator};
use super::super::datum::{Datum, Key};
use super::super::types::{Kind, Type};
use super::{replace, replace_typed, walk};

/// `x in [1, 2]` looks into a set.
pub(super) fn in_array(node: &mut Node) {
    let Expr::Binary(binary) = &mut node.expr else {
        return;
    };
    let Expr::Array(nodes) = &binary.right.expr else {
        return;
    };
    if binary.operator != Operator::In || nodes.is_empty() {
        return;
    }
    let set = |key: &dyn Fn(&Node) -> Option<Key>| {
        let entries = nodes.iter().map(|node| Some((key(node)?, Datum::Nil)));
        entries.collect::<Option<BTreeMap<_, _>>>()
    };
    let integers = (binary.left.ty().kind() == Kind::Int)
        .then(|| set(&|node| node.as_int().map(Key::Int)))
        .flatten();
    let texts = || set(&|node| node.as_str().map(|text| Key::Str(Arc::clone(text))));
    let (ty, entries) = match integers {
        Some(entries) => (Type::IntSet, Some(entries)),
        None => (Type::StrSet, texts()),
    };
    if let Some(constant) = entries.and_then(|entries| Datum::map(ty, entries).ok()) {
        replace_typed(&mut binary.right, Expr::Constant(constant), ty);
    }
}

/// `x in 1..3` compares with the ends.
pub(super) fn in_range(node: &mut Node) {
    let Expr::Binary(binary) = &mut node.expr else {
        return;
    };
    if binary.operator != Operator::In || binary.left.ty().kind() != Kind::Int {
        return;
    }
    let Expr::Binary(range) = &binary.right.expr else {
        return;
    };
    let ends = (range.left.as_int(), range.right.as_int());
    let (Operator::Range, (Some(_), Some(_))) = (range.operator, ends) else {
        return;
    };
    let span = node.span;
    let compare = |operator, text, end: &Node| {
        let comparison = Binary::new(operator, text, binary.left.clone(), end.clone());
        Node::new(Expr::Binary(Box::new(comparison)), span)
    };
    let low = compare(Operator::GreaterEqual, ">=", &range.left);
    let high = compare(Operator::LessEqual, "<=", &range.right);
    let both = Binary::new(Operator::And, "and", low, high);
    replace(node, Expr::Binary(Box::new(both)));
}

/// `map(filter(..), ..)` maps while it filters.
pub(super) fn filter_map(node: &mut Node) {
    let Some(outer) = node.as_builtin("map") else {
        return;
    };
    let [base, predicate] = outer.arguments.as_slice() else {
        return;
    };
    let Expr::Predicate(body) = &predicate.expr else {
        return;
    };
    let Some(filter) = base
        .as_builtin("filter")
        .filter(|filter| filter.extra.map.is_none())
    else {
        return;
    };
    let mut body = (**body).clone();
    let mut uses_index = false;
    walk(&mut body, &mut |node| {
        uses_index |= matches!(&node.expr, Expr::Pointer(name) if **name == *"index");
    });
    if !uses_index {
        let extra = Extra {
            map: Some(body),
            ..Extra::default()
        };
        let arguments = filter.arguments.clone();
        put_builtin(
            node,
            Builtin {
                name: "filter",
                arguments,
                extra,
            },
        );
    }
}

/// `len(filter(..))` counts.
pub(super) fn filter_len(node: &mut Node) {
    let Some(filter) = only_argument(node, "len").and_then(|node| node.as_builtin("filter")) else {
        return;
    };
    let arguments = filter.arguments.clone();
    put_builtin(
        node,
        Builtin {
            name: "count",
            arguments,
            extra: Extra::default(),
        },
    );
}

/// `filter(..)[-1]` and `last(filter(..))` search from the end.
pub(super) fn filter_last(node: &mut Node) {
    filter_end(node, -1, "last", "findLast");
}

/// `filter(..)[0]` and `first(filter(..))` search.
pub(super) fn filter_first(node: &mut Node) {
    filter_end(node, 0, "first", "find");
}

fn filter_end(node: &mut Node, index: i64, function: &str, search: &'static str) {
    let (base, throws) = match &node.expr {
        Expr::Member(member) if !member.optional && member.property.as_int() == Some(index) => {
            (Some(&member.base), true)
        }
        _ => (only_argument(node, function), false),
    };
    let Some(filter) = base.and_then(|base| base.as_builtin("filter")) else {
        return;
    };
    let extra = Extra {
        throws,
        map: filter.extra.map.clone(),
        ..Extra::default()
    };
    let arguments = filter.arguments.clone();
    put_builtin(
        node,
        Builtin {
            name: search,
            arguments,
            extra,
        },
    );
}

/// `all(x, p) && all(x, q)` is `all(x, p && q)`, which stops elsewhere.
pub(super) fn combine_predicates(node: &mut Node) {
    let Expr::Binary(binary) = &node.expr else {
        return;
    };
    let (Expr::Builtin(left), Expr::Builtin(right)) = (&binary.left.expr, &binary.right.expr)
    else {
        return;
    };
    let (operator, text) = match (left.name, binary.text) {
        ("all", text @ ("and" | "&&")) => (Operator::And, text),
        ("any", text @ ("or" | "||")) => (Operator::Or, text),
        ("none", "and") => (Operator::Or, "or"),
        ("none", "&&") => (Operator::Or, "||"),
        _ => return,
    };
    let ([list, own], [other_list, other]) =
        (left.arguments.as_slice(), right.arguments.as_slice())
    else {
        return;
    };
    let (Expr::Predicate(own), Expr::Predicate(other)) = (&own.expr, &other.expr) else {
        return;
    };
    let same_list = list.ty() == other_list.ty() && reads_the_same(list, other_list);
    if left.name != right.name || !same_list {
        return;
    }
    let both = Binary::new(operator, text, (**own).clone(), (**other).clone());
    let mut both = Node::new(Expr::Binary(Box::new(both)), node.span);
    combine_predicates(&mut both);
    let predicate = Node::new(Expr::Predicate(Box::new(both)), node.span);
    let (name, arguments) = (left.name, vec![list.clone(), predicate]);
    put_builtin(
        node,
        Builtin {
            name,
            arguments,
            extra: Extra::default(),
        },
    );
}

/// The sum of a range of constants.
pub(super) fn sum_range(node: &mut Node) {
    let Expr::Builtin(builtin) = &node.expr else {
        return;
    };
    let [list, rest @ ..] = builtin.arguments.as_slice() else {
        return;
    };
    let Expr::Binary(range) = &list.expr else {
        return;
    };
    if range.operator != Operator::Range {
        return;
    }
    let (Some(from), Some(to)) = (range.left.as_int(), range.right.as_int()) else {
        return;
    };
    if to < from {
        return;
    }
    let count = to.wrapping_sub(from).wrapping_add(1);
    let sum = count.wrapping_mul(from.wrapping_add(to)) / 2;
    let folded = match (builtin.name, rest) {
        ("sum", []) => Some(sum),
        ("sum", [predicate]) => linear_sum(predicate, sum, count),
        ("reduce", [predicate]) if is_plain_sum(predicate) => Some(sum),
        ("reduce", [predicate, start]) if is_plain_sum(predicate) => {
            start.as_int().map(|start| start.wrapping_add(sum))
        }
        _ => None,
    };
    if let Some(value) = folded {
        replace_typed(node, Expr::Int(value), Type::Int);
    }
}

/// `sum([a, b, c])` is `a + (b + c)`.
pub(super) fn sum_array(node: &mut Node) {
    let Expr::Builtin(builtin) = &mut node.expr else {
        return;
    };
    if let ("sum", [list]) = (builtin.name, builtin.arguments.as_slice())
        && matches!(&list.expr, Expr::Array(nodes) if 2 <= nodes.len())
    {
        builtin.extra.folded = true;
    }
}

/// `sum(map(x, p))` is `sum(x, p)`.
pub(super) fn sum_map(node: &mut Node) {
    let Some(map) = only_argument(node, "sum").and_then(|node| node.as_builtin("map")) else {
        return;
    };
    let arguments = map.arguments.clone();
    put_builtin(
        node,
        Builtin {
            name: "sum",
            arguments,
            extra: Extra::default(),
        },
    );
}

/// `count(x, p) > 0` is `any(x, p)`.
pub(super) fn count_any(node: &mut Node) {
    let Expr::Binary(binary) = &node.expr else {
        return;
    };
    let Some(count) = binary.left.as_builtin("count") else {
        return;
    };
    let any = matches!(
        (binary.operator, binary.right.as_int()),
        (Operator::Greater, Some(0)) | (Operator::GreaterEqual, Some(1))
    );
    if any && count.arguments.len() == 2 {
        let arguments = count.arguments.clone();
        put_builtin(
            node,
            Builtin {
                name: "any",
                arguments,
                extra: Extra::default(),
            },
        );
    }
}

/// `count(x, p) < 5` stops counting at 5.
pub(super) fn count_threshold(node: &mut Node) {
    let Expr::Binary(binary) = &mut node.expr else {
        return;
    };
    let Some(limit) = binary.right.as_int().filter(|limit| 0 <= *limit) else {
        return;
    };
    let threshold = match binary.operator {
        Operator::Greater | Operator::LessEqual => limit.wrapping_add(1),
        Operator::GreaterEqual | Operator::Less => limit,
        _ => return,
    };
    if let Expr::Builtin(count) = &mut binary.left.expr
        && count.name == "count"
        && count.arguments.len() == 2
        && 1 < threshold
    {
        count.extra.threshold = Some(threshold);
    }
}

fn put_builtin(node: &mut Node, builtin: Builtin) {
    replace(node, Expr::Builtin(Box::new(builtin)));
}

/// The argument of a call of `name` with one.
fn only_argument<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    match node.as_builtin(name)?.arguments.as_slice() {
        [argument] => Some(argument),
        _ => None,
    }
}

fn pointer_name(node: &Node) -> Option<&str> {
    match &node.expr {
        Expr::Pointer(name) => Some(name),
        _ => None,
    }
}

/// `# + #acc` in either order.
fn is_plain_sum(predicate: &Node) -> bool {
    let Expr::Predicate(body) = &predicate.expr else {
        return false;
    };
    let Expr::Binary(binary) = &body.expr else {
        return false;
    };
    let names = (pointer_name(&binary.left), pointer_name(&binary.right));
    binary.operator == Operator::Add
        && matches!(names, (Some(""), Some("acc")) | (Some("acc"), Some("")))
}

/// The sum over a range of `#`, `# + k`, `# - k`, `k - #` or `# * k`.
fn linear_sum(predicate: &Node, sum: i64, count: i64) -> Option<i64> {
    let Expr::Predicate(body) = &predicate.expr else {
        return None;
    };
    if pointer_name(body) == Some("") {
        return Some(sum);
    }
    let Expr::Binary(binary) = &body.expr else {
        return None;
    };
    let (left, right) = (&binary.left, &binary.right);
    let (constant, pointer_first) = match (pointer_name(left), pointer_name(right)) {
        (Some(""), _) => (right.as_int()?, true),
        (_, Some("")) => (left.as_int()?, false),
        _ => return None,
    };
    let constants = count.wrapping_mul(constant);
    Some(match binary.operator {
        Operator::Multiply => constant.wrapping_mul(sum),
        Operator::Add => sum.wrapping_add(constants),
        Operator::Subtract if pointer_first => sum.wrapping_sub(constants),
        Operator::Subtract => constants.wrapping_sub(sum),
        _ => return None,
    })
}

/// Whether two expressions would be printed alike.
fn reads_the_same(a: &Node, b: &Node) -> bool {
    let own = match (&a.expr, &b.expr) {
        (Expr::Nil, Expr::Nil)
        | (Expr::Chain(_), Expr::Chain(_))
        | (Expr::Call(..), Expr::Call(..))
        | (Expr::Predicate(_), Expr::Predicate(_))
        | (Expr::Conditional(_), Expr::Conditional(_))
        | (Expr::Sequence(_), Expr::Sequence(_))
        | (Expr::Array(_), Expr::Array(_))
        | (Expr::Map(_), Expr::Map(_)) => true,
        (Expr::Bool(a), Expr::Bool(b)) => a == b,
        (Expr::Int(a), Expr::Int(b)) => a == b,
        (Expr::Float(a), Expr::Float(b)) => a.to_bits() == b.to_bits(),
        (Expr::Str(a), Expr::Str(b))
        | (Expr::Name(a), Expr::Name(b))
        | (Expr::Pointer(a), Expr::Pointer(b))
        | (Expr::Let(a, _), Expr::Let(b, _)) => a == b,
        (Expr::Constant(a), Expr::Constant(b)) => super::super::operators::equal(a, b),
        (Expr::Unary(_, a, _), Expr::Unary(_, b, _)) => a == b,
        (Expr::Binary(a), Expr::Binary(b)) => a.text == b.text,
        (Expr::Member(a), Expr::Member(b)) => a.optional == b.optional,
        (Expr::Slice(a), Expr::Slice(b)) => {
            a.from.is_some() == b.from.is_some() && a.to.is_some() == b.to.is_some()
        }
        (Expr::Builtin(a), Expr::Builtin(b)) => a.name == b.name,
        _ => false,
    };
    let (mut left, mut right) = (a.expr.children(), b.expr.children());
    own && loop {
        match (left.next(), right.next()) {
            (None, None) => break true,
            (Some(a), Some(b)) if reads_the_same(a, b) => {}
            _ => break false,
        }
    }
}
