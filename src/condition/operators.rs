//! Operators on values: arithmetic, comparison, membership, access.
//!
//! Knows what Go does for each pair of dynamic types, and the message for the pairs it does nothing
//! for. Refuses to know trees and static types. Follows `vm/runtime` of expr-lang/expr.

use std::sync::Arc;

use super::ast::Operator;
use super::datum::{Datum, Key, List, Map};
use super::fault::Fault;
use super::functions::{self, Function};
use super::number::{power, truncate, widen};
use super::types::Type;

/// A value seen as a number.
#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Float(f64),
}

impl Number {
    fn of(value: &Datum) -> Option<Self> {
        Some(match value {
            Datum::Int(value) | Datum::Int64(value) => Self::Integer(*value),
            Datum::Uint8(value) => Self::Integer(i64::from(*value)),
            Datum::Float(value) => Self::Float(*value),
            _ => return None,
        })
    }

    fn to_float(self) -> f64 {
        match self {
            Self::Integer(value) => widen(value),
            Self::Float(value) => value,
        }
    }
}

/// `int(value)` where the engine needs an index.
pub(super) fn to_int(value: &Datum) -> Result<i64, Fault> {
    match Number::of(value) {
        Some(Number::Integer(value)) => Ok(value),
        Some(Number::Float(value)) => Ok(truncate(value)),
        None => Err(Fault::new(format!(
            "invalid operation: int({})",
            value.type_name()
        ))),
    }
}

/// `-value`
pub(super) fn negate(value: &Datum) -> Result<Datum, Fault> {
    Ok(match value {
        Datum::Int(value) => Datum::Int(value.wrapping_neg()),
        Datum::Int64(value) => Datum::Int64(value.wrapping_neg()),
        Datum::Uint8(value) => Datum::Uint8(value.wrapping_neg()),
        Datum::Float(value) => Datum::Float(-value),
        _ => {
            return Err(Fault::new(format!(
                "invalid operation: - {}",
                value.type_name()
            )));
        }
    })
}

/// `+`, `-`, `*`, `/`, `%` and `**`.
pub(super) fn arithmetic(
    operator: Operator,
    text: &str,
    left: &Datum,
    right: &Datum,
) -> Result<Datum, Fault> {
    let undefined = || undefined(text, left, right);
    if operator == Operator::Power {
        let float = |value| {
            Number::of(value).map(Number::to_float).ok_or_else(|| {
                Fault::new(format!("invalid operation: float({})", value.type_name()))
            })
        };
        return Ok(Datum::Float(power(float(left)?, float(right)?)));
    }
    match (Number::of(left), Number::of(right)) {
        (Some(Number::Integer(a)), Some(Number::Integer(b))) => Ok(Datum::Int(match operator {
            Operator::Add => a.wrapping_add(b),
            Operator::Subtract => a.wrapping_sub(b),
            Operator::Multiply => a.wrapping_mul(b),
            Operator::Modulo if b == 0 => {
                return Err("runtime error: integer divide by zero".into());
            }
            Operator::Modulo => a.wrapping_rem(b),
            Operator::Divide => return Ok(Datum::Float(widen(a) / widen(b))),
            _ => return Err(undefined()),
        })),
        (Some(a), Some(b)) => {
            let (a, b) = (a.to_float(), b.to_float());
            Ok(Datum::Float(match operator {
                Operator::Add => a + b,
                Operator::Subtract => a - b,
                Operator::Multiply => a * b,
                Operator::Divide => a / b,
                _ => return Err(undefined()),
            }))
        }
        _ => other_arithmetic(operator, left, right).unwrap_or_else(|| Err(undefined())),
    }
}

/// Strings, times and durations.
fn other_arithmetic(
    operator: Operator,
    left: &Datum,
    right: &Datum,
) -> Option<Result<Datum, Fault>> {
    use Operator::{Add, Multiply, Subtract};
    Some(Ok(match (operator, left, right) {
        (Add, Datum::Str(a), Datum::Str(b)) => return Some(Datum::string([&**a, b].concat())),
        (Add, Datum::Time(time), Datum::Duration(nanos))
        | (Add, Datum::Duration(nanos), Datum::Time(time)) => Datum::Time(time.add(*nanos)),
        (Add, Datum::Duration(a), Datum::Duration(b)) => Datum::Duration(a.wrapping_add(*b)),
        (Subtract, Datum::Time(a), Datum::Time(b)) => Datum::Duration(a.since(*b)),
        (Subtract, Datum::Time(time), Datum::Duration(nanos)) => {
            Datum::Time(time.add(nanos.wrapping_neg()))
        }
        (Subtract, Datum::Duration(a), Datum::Duration(b)) => Datum::Duration(a.wrapping_sub(*b)),
        (Multiply, Datum::Duration(a), Datum::Duration(b)) => Datum::Duration(a.wrapping_mul(*b)),
        (Multiply, Datum::Duration(a), other) | (Multiply, other, Datum::Duration(a)) => {
            match Number::of(other)? {
                Number::Integer(b) => Datum::Duration(a.wrapping_mul(b)),
                Number::Float(b) => Datum::Float(widen(*a) * b),
            }
        }
        _ => return None,
    }))
}

/// `<`, `>`, `<=` and `>=`.
pub(super) fn compare(operator: Operator, left: &Datum, right: &Datum) -> Result<bool, Fault> {
    use Operator::{Greater, GreaterEqual, Less};
    let order = match (left, right) {
        (Datum::Str(a), Datum::Str(b)) => Some(a.cmp(b)),
        (Datum::Time(a), Datum::Time(b)) => Some(a.instant().cmp(&b.instant())),
        (Datum::Duration(a), Datum::Duration(b)) => Some(a.cmp(b)),
        _ => match (Number::of(left), Number::of(right)) {
            (Some(Number::Integer(a)), Some(Number::Integer(b))) => Some(a.cmp(&b)),
            // NaN has no order and makes every comparison false.
            (Some(a), Some(b)) => a.to_float().partial_cmp(&b.to_float()),
            _ => {
                let text = match operator {
                    Less => "<",
                    Greater => ">",
                    GreaterEqual => ">=",
                    _ => "<=",
                };
                return Err(undefined(text, left, right));
            }
        },
    };
    Ok(order.is_some_and(|order| match operator {
        Less => order.is_lt(),
        Greater => order.is_gt(),
        GreaterEqual => order.is_ge(),
        _ => order.is_le(),
    }))
}

/// `==`: numbers by value, lists by element, everything else by type and value.
pub(super) fn equal(left: &Datum, right: &Datum) -> bool {
    if let (Some(a), Some(b)) = (Number::of(left), Number::of(right)) {
        return match (a, b) {
            (Number::Integer(a), Number::Integer(b)) => a == b,
            #[expect(clippy::float_cmp, reason = "the comparison Go makes")]
            (a, b) => a.to_float() == b.to_float(),
        };
    }
    match (left, right) {
        (Datum::List(a), Datum::List(b)) if lists_compare_by_element(a, b) => {
            a.items.len() == b.items.len() && a.items.iter().zip(&b.items).all(|(a, b)| equal(a, b))
        }
        _ => left.is_nil() && right.is_nil() || deep_equal(left, right),
    }
}

/// Lists of one type of elements, or of anything with of something.
fn lists_compare_by_element(a: &List, b: &List) -> bool {
    let plain = |ty| !matches!(ty, Type::Pairs | Type::Pair);
    a.ty == b.ty && plain(a.ty)
        || (a.ty == Type::Anys && plain(b.ty))
        || (b.ty == Type::Anys && plain(a.ty))
}

/// `reflect.DeepEqual`: equal types all the way down; what is shared is equal unseen.
fn deep_equal(left: &Datum, right: &Datum) -> bool {
    match (left, right) {
        (Datum::Nil, Datum::Nil) | (Datum::Location, Datum::Location) => true,
        (Datum::Bool(a), Datum::Bool(b)) => a == b,
        (Datum::Int(a), Datum::Int(b))
        | (Datum::Int64(a), Datum::Int64(b))
        | (Datum::Duration(a), Datum::Duration(b)) => a == b,
        (Datum::Uint8(a), Datum::Uint8(b))
        | (Datum::Month(a), Datum::Month(b))
        | (Datum::Weekday(a), Datum::Weekday(b)) => a == b,
        #[expect(clippy::float_cmp, reason = "the comparison Go makes")]
        (Datum::Float(a), Datum::Float(b)) => a == b,
        (Datum::Str(a), Datum::Str(b)) => a == b,
        (Datum::Time(a), Datum::Time(b)) => a.instant() == b.instant(),
        (Datum::List(a), Datum::List(b)) => {
            a.ty == b.ty
                && a.nil == b.nil
                && (Arc::ptr_eq(a, b)
                    || a.items.len() == b.items.len()
                        && a.items.iter().zip(&b.items).all(|(a, b)| deep_equal(a, b)))
        }
        (Datum::Map(a), Datum::Map(b)) => {
            a.ty == b.ty
                && (Arc::ptr_eq(a, b)
                    || a.entries.len() == b.entries.len()
                        && a.entries
                            .iter()
                            .zip(&b.entries)
                            .all(|((a, x), (b, y))| a == b && deep_equal(x, y)))
        }
        _ => false,
    }
}

/// `needle in haystack`
pub(super) fn contains(needle: &Datum, haystack: &Datum) -> Result<bool, Fault> {
    match haystack {
        Datum::List(list) => Ok(list.items.iter().any(|item| equal(item, needle))),
        Datum::Map(map) => Ok(map.entries.contains_key(&map_key(map, needle)?)),
        Datum::Time(_) if !matches!(needle, Datum::Str(_)) => Err(Fault::new(format!(
            "cannot use {} as field name of time.Time",
            needle.type_name()
        ))),
        Datum::Nil | Datum::Time(_) => Ok(false),
        _ => {
            let name = haystack.type_name();
            Err(Fault::new(format!("operator \"in\" not defined on {name}")))
        }
    }
}

/// `base[property]` and `base.property`
pub(super) fn fetch(base: &Datum, property: &Datum) -> Result<Datum, Fault> {
    if let (Datum::Str(name), Some(ty)) = (property, base.ty())
        && let Some(method) = functions::method(ty, name)
    {
        return Ok(Datum::Func(Function::Method(
            Arc::new(base.clone()),
            method,
        )));
    }
    match base {
        Datum::List(list) => {
            let index = element_index(property, list.items.len())?;
            Ok(list.items[index].clone())
        }
        Datum::Str(text) => {
            let index = element_index(property, text.len())?;
            Ok(Datum::Uint8(text.as_bytes()[index]))
        }
        Datum::Map(map) => {
            let key = map_key(map, property)?;
            Ok(map
                .entries
                .get(&key)
                .cloned()
                .unwrap_or_else(|| missing(map)))
        }
        _ => {
            let (property, base) = (super::format::plain(property)?, base.type_name());
            Err(Fault::new(format!("cannot fetch {property} from {base}")))
        }
    }
}

/// What a map gives for a key it does not have.
pub(super) fn missing(map: &Map) -> Datum {
    if map.ty == Type::Groups {
        Datum::nil_list()
    } else {
        Datum::Nil
    }
}

/// Where a slice without an end ends: in bytes, for a string.
pub(super) fn raw_length(value: &Datum) -> Result<Datum, Fault> {
    let length = match value {
        Datum::List(list) => list.items.len(),
        Datum::Map(map) => map.entries.len(),
        Datum::Str(text) => text.len(),
        _ => {
            let name = value.type_name();
            return Err(Fault::new(format!(
                "invalid argument for len (type {name})"
            )));
        }
    };
    Ok(Datum::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// `base[from:to]`; bounds beyond the ends are moved to the ends.
pub(super) fn slice(base: &Datum, from: &Datum, to: &Datum) -> Result<Datum, Fault> {
    let length = match base {
        Datum::List(list) => list.items.len(),
        Datum::Str(text) => text.len(),
        _ => {
            return Err(Fault::new(format!(
                "cannot slice {}",
                super::format::plain(from)?
            )));
        }
    };
    let bound = |value: &Datum| {
        let index = to_int(value)?;
        let own = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        Ok::<_, Fault>(if index < 0 {
            length.saturating_sub(own)
        } else {
            own.min(length)
        })
    };
    let (from, to) = (bound(from)?, bound(to)?);
    let range = from.min(to)..to;
    match base {
        Datum::List(list) if !list.nil => Datum::list(list.ty, list.items[range].to_vec()),
        Datum::Str(text) => Ok(Datum::str(&String::from_utf8_lossy(
            &text.as_bytes()[range],
        ))),
        _ => Ok(base.clone()),
    }
}

/// The position an index means; a negative one counts from the end.
fn element_index(property: &Datum, length: usize) -> Result<usize, Fault> {
    let given = to_int(property)?;
    let index = if given < 0 {
        i64::try_from(length)
            .unwrap_or(i64::MAX)
            .wrapping_add(given)
    } else {
        given
    };
    usize::try_from(index)
        .ok()
        .filter(|index| *index < length)
        .ok_or_else(|| {
            Fault::new(format!(
                "index out of range: {index} (array length is {length})"
            ))
        })
}

/// `property` as a key of `map`. Nil stands for the zero value of the type of keys.
pub(super) fn map_key(map: &Map, property: &Datum) -> Result<Key, Fault> {
    let expected = map.ty.key().unwrap_or(Type::Any);
    match property.ty() {
        None => Ok(match expected {
            Type::Str => Key::Str("".into()),
            Type::Int => Key::Int(0),
            _ => Key::Nil,
        }),
        Some(own) if own == expected || expected == Type::Any => {
            checked_key(property, map.entries.is_empty())
        }
        Some(own) => Err(Fault::new(format!(
            "reflect.Value.MapIndex: value of type {} is not assignable to type {}",
            own.name(),
            expected.name()
        ))),
    }
}

/// A value as a key. Go words the refusal in another way where it looks into an empty map.
pub(super) fn checked_key(value: &Datum, empty: bool) -> Result<Key, Fault> {
    Key::of(value).map_err(|fault| {
        if !empty {
            return fault;
        }
        Fault::new(format!("hash of unhashable type: {}", value.type_name()))
    })
}

fn undefined(text: &str, left: &Datum, right: &Datum) -> Fault {
    let (left, right) = (left.type_name(), right.type_name());
    Fault::new(format!("invalid operation: {left} {text} {right}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anys(items: Vec<Datum>) -> Datum {
        Datum::list(Type::Anys, items).expect("small")
    }

    #[test]
    fn integers_wrap_and_divide_to_floats() {
        let run = |operator, a, b| arithmetic(operator, "", &Datum::Int(a), &Datum::Int(b));
        assert!(matches!(
            run(Operator::Add, i64::MAX, 1),
            Ok(Datum::Int(i64::MIN))
        ));
        assert!(matches!(run(Operator::Divide, 7, 2), Ok(Datum::Float(3.5))));
        assert!(matches!(run(Operator::Modulo, -7, 2), Ok(Datum::Int(-1))));
        assert!(matches!(
            run(Operator::Modulo, i64::MIN, -1),
            Ok(Datum::Int(0))
        ));
        assert!(run(Operator::Modulo, 1, 0).is_err());
    }

    #[test]
    fn nothing_compares_with_nan() {
        let nan = Datum::Float(f64::NAN);
        for operator in [Operator::Less, Operator::LessEqual, Operator::Greater] {
            assert_eq!(compare(operator, &nan, &nan), Ok(false));
        }
        assert!(!equal(&nan, &nan));
    }

    #[test]
    fn lists_compare_by_element_and_maps_by_type() {
        let floats = Datum::floats(&[1.0, 2.0]).expect("small");
        let ints = anys(vec![Datum::Int(1), Datum::Int(2)]);
        assert!(equal(&floats, &ints));
        let map = |value| {
            let entries = [(Key::Str("a".into()), value)].into_iter().collect();
            Datum::map(Type::StrMap, entries).expect("small")
        };
        assert!(!equal(&map(Datum::Int(1)), &map(Datum::Float(1.0))));
        assert!(equal(&map(Datum::Int(1)), &map(Datum::Int(1))));
        let nan = map(Datum::Float(f64::NAN));
        assert!(
            equal(&nan, &nan.clone()),
            "one map is equal to itself unseen"
        );
    }

    #[test]
    fn indexes_count_from_either_end() {
        let list = anys(vec![Datum::Int(1), Datum::Int(2)]);
        assert!(matches!(fetch(&list, &Datum::Int(-1)), Ok(Datum::Int(2))));
        assert!(matches!(
            fetch(&list, &Datum::Float(1.9)),
            Ok(Datum::Int(2))
        ));
        let fault = fetch(&list, &Datum::Int(-3)).expect_err("too far");
        assert_eq!(fault.message, "index out of range: -1 (array length is 2)");
        let fault = fetch(&Datum::Nil, &Datum::Int(0)).expect_err("nil");
        assert_eq!(fault.message, "cannot fetch 0 from <nil>");
    }

    #[test]
    fn slices_stay_inside() {
        let list = anys((0..4).map(Datum::Int).collect());
        let length = |from, to| {
            let part = slice(&list, &Datum::Int(from), &Datum::Int(to)).expect("a list");
            part.items().map(<[_]>::len)
        };
        assert_eq!(length(1, 3), Some(2));
        assert_eq!(length(-2, 99), Some(2));
        assert_eq!(length(3, 1), Some(0));
        assert_eq!(length(i64::MIN, i64::MIN), Some(0));
    }
}
