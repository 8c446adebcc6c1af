//! Functions of lists and maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::ast::Operator;
use super::super::budget::Budget;
use super::super::datum::{Datum, Key, List};
use super::super::fault::Fault;
use super::super::operators;
use super::super::types::{Kind, Signature, Type};
use super::{Check, is_any, is_list, kind, one, type_name};

/// How arguments are checked, for functions of this module.
pub(super) fn check(name: &str) -> Option<Check> {
    Some(match name {
        "first" | "last" => Check::Types(|name, types| {
            let ty = one(name, types)?;
            let element = ty.filter(|_| is_list(ty)).and_then(Type::element);
            match element {
                Some(element) => Ok(element),
                None if is_any(ty) => Ok(Type::Any),
                None => Err(format!("cannot get {name} element from {}", type_name(ty))),
            }
        }),
        "take" => Check::Types(|_, types| {
            let [list, count] = types else {
                let count = types.len();
                return Err(format!(
                    "invalid number of arguments (expected 2, got {count})"
                ));
            };
            if !is_list(*list) && !is_any(*list) {
                return Err(format!("cannot take from {}", type_name(*list)));
            }
            if !matches!(kind(*count), Kind::Interface | Kind::Int | Kind::Int64) {
                return Err(format!("cannot take {} elements", type_name(*count)));
            }
            Ok(list.unwrap_or(Type::Any))
        }),
        "keys" | "values" => Check::Types(|name, types| {
            let ty = one(name, types)?;
            match kind(ty) {
                Kind::Interface | Kind::Map => Ok(Type::Anys),
                _ => Err(format!("cannot get {name} from {}", type_name(ty))),
            }
        }),
        "toPairs" => Check::Types(|name, types| {
            let ty = one(name, types)?;
            match kind(ty) {
                Kind::Interface | Kind::Map => Ok(Type::Anys),
                _ => Err(format!("cannot transform {} to pairs", type_name(ty))),
            }
        }),
        "fromPairs" => Check::Types(|name, types| {
            let ty = one(name, types)?;
            if is_list(ty) || is_any(ty) {
                return Ok(Type::AnyMap);
            }
            Err(format!("cannot transform {} from pairs", type_name(ty)))
        }),
        "reverse" | "uniq" | "flatten" => Check::Types(|name, types| {
            let ty = one(name, types)?;
            if is_list(ty) || is_any(ty) {
                return Ok(Type::Anys);
            }
            Err(format!("cannot {name} {}", type_name(ty)))
        }),
        "concat" => Check::Types(|_, types| {
            if types.is_empty() {
                let message = "invalid number of arguments (expected at least 1, got 0)";
                return Err(message.to_owned());
            }
            match types.iter().find(|ty| !is_list(**ty) && !is_any(**ty)) {
                Some(ty) => Err(format!("cannot concat {}", type_name(*ty))),
                None => Ok(Type::Anys),
            }
        }),
        "sort" => Check::Overloads(SORT),
        _ => return None,
    })
}

pub(super) fn call(name: &str, arguments: &[Datum], budget: &mut Budget) -> Result<Datum, Fault> {
    let first = arguments.first().unwrap_or(&Datum::Nil);
    match name {
        "len" => length(first),
        "first" => Ok(operators::fetch(first, &Datum::Int(0)).unwrap_or(Datum::Nil)),
        "last" => Ok(operators::fetch(first, &Datum::Int(-1)).unwrap_or(Datum::Nil)),
        "get" => get(first, arguments.get(1).unwrap_or(&Datum::Nil)),
        "take" => take(first, arguments.get(1).unwrap_or(&Datum::Nil)),
        "keys" => entries(first, "cannot get keys from", |key, _| Ok(key.to_datum())),
        "values" => entries(
            first,
            "cannot get values from",
            |_, value| Ok(value.clone()),
        ),
        "toPairs" => {
            let Datum::Map(map) = first else {
                return Err(Fault::new(format!(
                    "cannot transform {} to pairs",
                    kind_name(first)
                )));
            };
            let pair = |(key, value): (&Key, &Datum)| {
                Datum::list(Type::Pair, vec![key.to_datum(), value.clone()])
            };
            Datum::list(
                Type::Pairs,
                map.entries.iter().map(pair).collect::<Result<_, _>>()?,
            )
        }
        "fromPairs" => from_pairs(first),
        "reverse" => {
            let items = list_items(first, "cannot reverse")?;
            budget.grow(items.len() as u64)?;
            Datum::list(Type::Anys, items.iter().rev().cloned().collect())
        }
        "uniq" => {
            let mut kept: Vec<Datum> = Vec::new();
            for item in list_items(first, "cannot uniq")? {
                budget.step(1 + kept.len() as u64 / 4 + item.weight())?;
                if !kept.iter().any(|known| operators::equal(item, known)) {
                    kept.push(item.clone());
                }
            }
            Datum::list(Type::Anys, kept)
        }
        "concat" => {
            let mut all = Vec::new();
            for argument in arguments {
                all.extend_from_slice(list_items(argument, "cannot concat")?);
            }
            budget.grow(all.len() as u64)?;
            if all.is_empty() {
                Ok(Datum::nil_list())
            } else {
                Datum::list(Type::Anys, all)
            }
        }
        "flatten" => {
            let mut flat = Vec::new();
            flatten(list_items(first, "cannot flatten")?, &mut flat);
            budget.grow(flat.len() as u64)?;
            Datum::list(Type::Anys, flat)
        }
        _ => sort(first, arguments.get(1), budget),
    }
}

/// Up to this many elements Go sorts by insertion.
const RUN: usize = 12;

/// The order of `items` after sorting by their `keys`. Equal keys stay in order; Go promises that
/// for up to twelve elements only.
pub(crate) fn sort_by(
    items: Vec<Datum>,
    keys: Vec<Datum>,
    descending: bool,
    budget: &mut Budget,
) -> Result<Vec<Datum>, Fault> {
    let less = |a: &Datum, b: &Datum| {
        let (a, b) = if descending { (b, a) } else { (a, b) };
        operators::compare(Operator::Less, a, b)
    };
    let mut entries: Vec<(Datum, Datum)> = keys.into_iter().zip(items).collect();
    budget.step(16 * entries.len() as u64)?;
    let count = entries.len();
    for run in entries.chunks_mut(RUN) {
        for i in 1..run.len() {
            let mut j = i;
            while 0 < j && less(&run[j].0, &run[j - 1].0)? {
                run.swap(j, j - 1);
                j -= 1;
            }
        }
    }
    // Sorted runs are merged two by two. The standard sort is not used, for it may panic on keys
    // without an order, such as NaN.
    let mut width = RUN;
    while width < count {
        let mut merged = Vec::with_capacity(count);
        for pair in entries.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right) {
                if less(&b.0, &a.0)? {
                    merged.push(b.clone());
                    right = right_rest;
                } else {
                    merged.push(a.clone());
                    left = left_rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        entries = merged;
        width *= 2;
    }
    Ok(entries.into_iter().map(|(_, item)| item).collect())
}

const fn sort_signature(inputs: &'static [Type]) -> Signature {
    Signature {
        text: "sort",
        inputs,
        outputs: &[Type::Anys],
        variadic: false,
    }
}

const SORT: &[Signature] = &[
    sort_signature(&[Type::Anys, Type::Str]),
    sort_signature(&[Type::Ints, Type::Str]),
    sort_signature(&[Type::Floats, Type::Str]),
    sort_signature(&[Type::Strings, Type::Str]),
    sort_signature(&[Type::Anys]),
    sort_signature(&[Type::Floats]),
    sort_signature(&[Type::Strings]),
    sort_signature(&[Type::Ints]),
];

/// The kind of a value, as `reflect.Kind` prints it.
fn kind_name(value: &Datum) -> &'static str {
    match kind(value.ty()) {
        Kind::Invalid => "invalid",
        Kind::Interface => "interface",
        Kind::Bool => "bool",
        Kind::Int => "int",
        Kind::Int64 => "int64",
        Kind::Uint8 => "uint8",
        Kind::Float64 => "float64",
        Kind::String => "string",
        Kind::Slice => "slice",
        Kind::Array => "array",
        Kind::Map => "map",
        Kind::Struct => "struct",
        Kind::Pointer => "ptr",
        Kind::Func => "func",
    }
}

fn list_items<'a>(value: &'a Datum, refusal: &str) -> Result<&'a [Datum], Fault> {
    value
        .items()
        .ok_or_else(|| Fault::new(format!("{refusal} {}", kind_name(value))))
}

fn length(value: &Datum) -> Result<Datum, Fault> {
    let count = match value {
        Datum::List(list) => list.items.len(),
        Datum::Map(map) => map.entries.len(),
        Datum::Str(text) => text.chars().count(),
        _ => {
            let name = value.type_name();
            return Err(Fault::new(format!(
                "invalid argument for len (type {name})"
            )));
        }
    };
    Ok(Datum::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// Like `base[property]`, but nil where there is nothing.
fn get(base: &Datum, property: &Datum) -> Result<Datum, Fault> {
    match base {
        Datum::List(_) | Datum::Str(_) => {
            operators::to_int(property)?;
            Ok(operators::fetch(base, property).unwrap_or(Datum::Nil))
        }
        Datum::Map(map) => {
            let key = operators::map_key(map, property)?;
            Ok(map.entries.get(&key).cloned().unwrap_or(Datum::Nil))
        }
        _ => Ok(operators::fetch(base, property).unwrap_or(Datum::Nil)),
    }
}

fn take(list: &Datum, count: &Datum) -> Result<Datum, Fault> {
    let items = list_items(list, "cannot take from")?;
    let wanted = match count {
        Datum::Int(count) | Datum::Int64(count) | Datum::Duration(count) => *count,
        Datum::Month(count) | Datum::Weekday(count) => i64::from(*count),
        _ => {
            return Err(Fault::new(format!(
                "cannot take {} elements",
                kind_name(count)
            )));
        }
    };
    if wanted < 0 {
        return Err("reflect.Value.Slice: slice index out of bounds".into());
    }
    let end = usize::try_from(wanted)
        .unwrap_or(usize::MAX)
        .min(items.len());
    match list {
        Datum::List(list) if !list.nil => Datum::list(list.ty, items[..end].to_vec()),
        _ => Ok(list.clone()),
    }
}

fn entries(
    value: &Datum,
    refusal: &str,
    entry: fn(&Key, &Datum) -> Result<Datum, Fault>,
) -> Result<Datum, Fault> {
    let Datum::Map(map) = value else {
        return Err(Fault::new(format!("{refusal} {}", kind_name(value))));
    };
    let all = map.entries.iter().map(|(key, value)| entry(key, value));
    Datum::list(Type::Anys, all.collect::<Result<_, _>>()?)
}

fn from_pairs(value: &Datum) -> Result<Datum, Fault> {
    let text = |value: &Datum| super::super::format::plain(value);
    let Some(items) = value.items() else {
        return Err(Fault::new(format!(
            "cannot transform {} from pairs",
            text(value)?
        )));
    };
    let mut pairs = BTreeMap::new();
    for item in items {
        match item.items() {
            Some([key, value]) => drop(pairs.insert(Key::of(key)?, value.clone())),
            Some(_) => return Err(Fault::new(format!("invalid pair length {}", text(item)?))),
            None => return Err(Fault::new(format!("invalid pair {}", text(item)?))),
        }
    }
    Datum::map(Type::AnyMap, pairs)
}

/// Lists are at most as deep as values may be nested, and so is this.
fn flatten(items: &[Datum], flat: &mut Vec<Datum>) {
    for item in items {
        match item {
            Datum::List(list) => flatten(&list.items, flat),
            other => flat.push(other.clone()),
        }
    }
}

fn sort(list: &Datum, order: Option<&Datum>, budget: &mut Budget) -> Result<Datum, Fault> {
    let descending = match order {
        None => false,
        Some(Datum::Str(order)) => match &**order {
            "asc" => false,
            "desc" => true,
            _ => {
                let message = format!("invalid order {order}, expected asc or desc");
                return Err(Fault::new(message));
            }
        },
        Some(other) => {
            let name = other.type_name();
            let message = format!("sort order argument must be a string (got {name})");
            return Err(Fault::new(message));
        }
    };
    let sortable: Option<&Arc<List>> = match list {
        Datum::List(list) if !list.nil && !matches!(list.ty, Type::Bytes | Type::Pairs) => {
            Some(list)
        }
        _ => None,
    };
    let Some(sortable) = sortable else {
        return Ok(Datum::nil_list());
    };
    let items = sortable.items.clone();
    let sorted = sort_by(items.clone(), items, descending, budget)?;
    budget.grow(sorted.len() as u64)?;
    Datum::list(Type::Anys, sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anys(values: &[i64]) -> Datum {
        Datum::list(Type::Anys, values.iter().copied().map(Datum::Int).collect()).expect("small")
    }

    fn run(name: &str, arguments: &[Datum]) -> Datum {
        call(name, arguments, &mut Budget::new()).expect(name)
    }

    #[test]
    fn long_lists_are_sorted_in_order() {
        let keys: Vec<i64> = (0..1000).map(|i| i * 7919 % 1009).collect();
        let sorted = run("sort", &[anys(&keys)]);
        let mut expected = keys;
        expected.sort_unstable();
        assert!(operators::equal(&sorted, &anys(&expected)));
        let descending = run("sort", &[anys(&[1, 3, 2]), Datum::str("desc")]);
        assert!(operators::equal(&descending, &anys(&[3, 2, 1])));
    }

    #[test]
    fn sorting_numbers_without_order_ends() {
        let values: Vec<f64> = (0..100_u32)
            .map(|i| if i % 3 == 0 { f64::NAN } else { f64::from(i) })
            .collect();
        let sorted = run("sort", &[Datum::floats(&values).expect("small")]);
        assert_eq!(sorted.items().map(<[_]>::len), Some(100));
    }

    #[test]
    fn concatenating_nothing_gives_nil() {
        assert!(run("concat", &[anys(&[])]).is_nil());
        assert!(!run("reverse", &[anys(&[])]).is_nil());
    }

    #[test]
    fn get_is_nil_where_an_index_is_an_error() {
        assert!(run("get", &[anys(&[1]), Datum::Int(9)]).is_nil());
        assert!(run("first", &[anys(&[])]).is_nil());
    }

    #[test]
    fn values_compare_equal_across_types_in_uniq() {
        let mixed = Datum::list(Type::Anys, vec![Datum::Int(1), Datum::Float(1.0)]).expect("small");
        assert!(operators::equal(&run("uniq", &[mixed]), &anys(&[1])));
    }
}
