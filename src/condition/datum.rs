//! Values while a condition runs: what Go would hold in an `interface {}`.
//!
//! Knows how values are built, measured and named. Refuses to know operators. Every list and map
//! carries its depth and its weight, so that no operation needs to fear a value: one that is nested
//! too deeply or unfolds to too many elements (`reduce(1..60, [#acc, #acc], [])`) cannot be built.
//!
//! Simplification: Go strings are bytes, ours are UTF-8; a slice through the middle of a character
//! gives U+FFFD.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::budget::MEMORY_EXCEEDED;
use super::fault::Fault;
use super::functions::Function;
use super::time::Time;
use super::types::Type;

/// Levels of lists and maps inside each other; what JSON decoders commonly allow.
pub(super) const DEPTH_MAX: u32 = 128;
/// Elements of a value, counting shared parts as often as they appear.
pub(super) const WEIGHT_MAX: u64 = 4_000_000;
/// Bytes of a string.
pub(super) const STRING_BYTES_MAX: usize = 16_000_000;

/// A value with its Go type.
#[derive(Clone, Debug)]
pub(super) enum Datum {
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Uint8(u8),
    Float(f64),
    Str(Arc<str>),
    List(Arc<List>),
    Map(Arc<Map>),
    Time(Time),
    /// \[ns\]
    Duration(i64),
    /// 1..=12
    Month(u8),
    /// 0..=6 from Sunday
    Weekday(u8),
    Location,
    Func(Function),
}

/// A slice or an array.
#[derive(Debug)]
pub(super) struct List {
    /// The type of the whole, such as [`Type::Floats`].
    pub(super) ty: Type,
    pub(super) items: Vec<Datum>,
    /// A slice that was never made: equal to nil, otherwise empty.
    pub(super) nil: bool,
    depth: u32,
    weight: u64,
}

/// A map; its order is that of the keys (Go's is random).
#[derive(Debug)]
pub(super) struct Map {
    pub(super) ty: Type,
    pub(super) entries: BTreeMap<Key, Datum>,
    depth: u32,
    weight: u64,
}

/// A value as the key of a map: equal type and equal value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Uint8(u8),
    /// Bits of the number, with one zero.
    Float(u64),
    /// Not equal to itself: a number of its own for each.
    NotANumber(u32),
    Str(Arc<str>),
    Time(i64, u32),
    Duration(i64),
    Month(u8),
    Weekday(u8),
}

impl Datum {
    pub(super) fn str(text: &str) -> Self {
        Self::Str(text.into())
    }

    /// A string made while the condition runs.
    pub(super) fn string(text: String) -> Result<Self, Fault> {
        if STRING_BYTES_MAX < text.len() {
            return Err(MEMORY_EXCEEDED.into());
        }
        Ok(Self::Str(text.into()))
    }

    /// A list of type `ty`.
    pub(super) fn list(ty: Type, items: Vec<Self>) -> Result<Self, Fault> {
        let (depth, weight) = measure(items.iter())?;
        Ok(Self::List(Arc::new(List {
            ty,
            items,
            nil: false,
            depth,
            weight,
        })))
    }

    /// A slice nobody made.
    pub(super) fn nil_list() -> Self {
        let items = Vec::new();
        Self::List(Arc::new(List {
            ty: Type::Anys,
            items,
            nil: true,
            depth: 1,
            weight: 1,
        }))
    }

    pub(super) fn floats(values: &[f64]) -> Result<Self, Fault> {
        Self::list(
            Type::Floats,
            values.iter().copied().map(Self::Float).collect(),
        )
    }

    pub(super) fn map(ty: Type, entries: BTreeMap<Key, Self>) -> Result<Self, Fault> {
        let (depth, weight) = measure(entries.values())?;
        Ok(Self::Map(Arc::new(Map {
            ty,
            entries,
            depth,
            weight,
        })))
    }

    /// What Go decodes `json` into: numbers are `float64`.
    pub(super) fn from_json(json: &serde_json::Value) -> Result<Self, Fault> {
        use serde_json::Value;
        Ok(match json {
            Value::Null => Self::Nil,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Self::str(text),
            Value::Array(items) => Self::list(
                Type::Anys,
                items
                    .iter()
                    .map(Self::from_json)
                    .collect::<Result<_, _>>()?,
            )?,
            Value::Object(members) => {
                let entry = |(key, value): (&String, _)| {
                    Ok::<_, Fault>((Key::Str(key.as_str().into()), Self::from_json(value)?))
                };
                Self::map(
                    Type::StrMap,
                    members.iter().map(entry).collect::<Result<_, _>>()?,
                )?
            }
        })
    }

    /// The dynamic type; `None` for nil.
    pub(super) fn ty(&self) -> Option<Type> {
        Some(match self {
            Self::Nil => return None,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Int64(_) => Type::Int64,
            Self::Uint8(_) => Type::Uint8,
            Self::Float(_) => Type::Float,
            Self::Str(_) => Type::Str,
            Self::List(list) => list.ty,
            Self::Map(map) => map.ty,
            Self::Time(_) => Type::Time,
            Self::Duration(_) => Type::Duration,
            Self::Month(_) => Type::Month,
            Self::Weekday(_) => Type::Weekday,
            Self::Location => Type::Location,
            Self::Func(function) => Type::Func(function.signature()),
        })
    }

    /// The dynamic type as `%T` prints it.
    pub(super) fn type_name(&self) -> &'static str {
        self.ty().map_or("<nil>", Type::name)
    }

    /// Nil itself, or a slice nobody made.
    pub(super) fn is_nil(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::List(list) => list.nil,
            _ => false,
        }
    }

    /// The elements of a list.
    pub(super) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(&list.items),
            _ => None,
        }
    }

    /// The bytes of a `[]uint8`.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let Self::List(list) = self else { return None };
        let byte = |item: &Self| match item {
            Self::Uint8(byte) => Some(*byte),
            _ => None,
        };
        (list.ty == Type::Bytes).then(|| list.items.iter().filter_map(byte).collect())
    }

    /// This value as a Go type assertion `x.(T)` sees it.
    pub(super) fn assert_bool(&self) -> Result<bool, Fault> {
        match self {
            Self::Bool(value) => Ok(*value),
            _ => Err(self.conversion("bool")),
        }
    }

    pub(super) fn assert_int(&self) -> Result<i64, Fault> {
        match self {
            Self::Int(value) => Ok(*value),
            _ => Err(self.conversion("int")),
        }
    }

    pub(super) fn assert_float(&self) -> Result<f64, Fault> {
        match self {
            Self::Float(value) => Ok(*value),
            _ => Err(self.conversion("float64")),
        }
    }

    pub(super) fn assert_str(&self) -> Result<&Arc<str>, Fault> {
        match self {
            Self::Str(text) => Ok(text),
            _ => Err(self.conversion("string")),
        }
    }

    /// The error of a type assertion that failed.
    pub(super) fn conversion(&self, target: &str) -> Fault {
        let own = self.ty().map_or("nil", Type::name);
        Fault::new(format!(
            "interface conversion: interface {{}} is {own}, not {target}"
        ))
    }

    /// How many elements the value unfolds to: what work on it may cost.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::List(list) => list.weight,
            Self::Map(map) => map.weight,
            Self::Str(text) => 1 + text.len() as u64 / 16,
            _ => 1,
        }
    }

    fn depth(&self) -> u32 {
        match self {
            Self::List(list) => list.depth,
            Self::Map(map) => map.depth,
            _ => 0,
        }
    }
}

impl Key {
    /// The value as a key, for types Go can hash.
    pub(super) fn of(value: &Datum) -> Result<Self, Fault> {
        Ok(match value {
            Datum::Nil => Self::Nil,
            Datum::Bool(value) => Self::Bool(*value),
            Datum::Int(value) => Self::Int(*value),
            Datum::Int64(value) => Self::Int64(*value),
            Datum::Uint8(value) => Self::Uint8(*value),
            Datum::Float(value) if value.is_nan() => Self::NotANumber(u32::MAX),
            Datum::Float(value) => Self::Float((*value + 0.0).to_bits()),
            Datum::Str(text) => Self::Str(Arc::clone(text)),
            Datum::Time(time) => Self::Time(time.seconds, time.nanos),
            Datum::Duration(value) => Self::Duration(*value),
            Datum::Month(value) => Self::Month(*value),
            Datum::Weekday(value) => Self::Weekday(*value),
            Datum::List(_) | Datum::Map(_) | Datum::Location | Datum::Func(_) => {
                let name = value.type_name();
                return Err(Fault::new(format!(
                    "runtime error: hash of unhashable type {name}"
                )));
            }
        })
    }

    /// The key as a value.
    pub(super) fn to_datum(&self) -> Datum {
        match self {
            Self::Nil => Datum::Nil,
            Self::Bool(value) => Datum::Bool(*value),
            Self::Int(value) => Datum::Int(*value),
            Self::Int64(value) => Datum::Int64(*value),
            Self::Uint8(value) => Datum::Uint8(*value),
            Self::Float(bits) => Datum::Float(f64::from_bits(*bits)),
            Self::NotANumber(_) => Datum::Float(f64::NAN),
            Self::Str(text) => Datum::Str(Arc::clone(text)),
            Self::Time(seconds, nanos) => Datum::Time(Time::utc(*seconds, *nanos)),
            Self::Duration(value) => Datum::Duration(*value),
            Self::Month(value) => Datum::Month(*value),
            Self::Weekday(value) => Datum::Weekday(*value),
        }
    }
}

fn measure<'a>(parts: impl Iterator<Item = &'a Datum>) -> Result<(u32, u64), Fault> {
    let (mut depth, mut weight) = (0, 1_u64);
    for part in parts {
        depth = depth.max(part.depth());
        weight += part.weight();
        if WEIGHT_MAX < weight {
            return Err(MEMORY_EXCEEDED.into());
        }
    }
    if DEPTH_MAX <= depth {
        return Err(Fault::new(format!(
            "a value is nested more than {DEPTH_MAX} levels deep"
        )));
    }
    Ok((depth + 1, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_be_nested_without_end() {
        let mut value = Datum::Nil;
        for _ in 0..DEPTH_MAX {
            value = Datum::list(Type::Anys, vec![value]).expect("shallow enough");
        }
        assert!(Datum::list(Type::Anys, vec![value]).is_err());
    }

    #[test]
    fn a_shared_part_weighs_as_often_as_it_appears() {
        let mut value = Datum::Int(1);
        let mut doublings = 0;
        while let Ok(next) = Datum::list(Type::Anys, vec![value.clone(), value.clone()]) {
            value = next;
            doublings += 1;
        }
        assert_eq!(
            doublings, 20,
            "2^21 elements and their lists are below the limit, 2^22 are not"
        );
    }

    #[test]
    fn lists_are_no_keys() {
        let list = Datum::list(Type::Floats, Vec::new()).expect("empty");
        let fault = Key::of(&list).expect_err("unhashable");
        assert_eq!(
            fault.message,
            "runtime error: hash of unhashable type []float64"
        );
    }
}
