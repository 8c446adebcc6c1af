//! The functions of the language itself: their names, what the checker wants of their arguments,
//! and who runs them.
//!
//! Follows `builtin/builtin.go` of expr-lang/expr. Functions with a predicate (`all`, `map`, ...)
//! are run by the evaluator, for they need it; here they have a name only.

mod lists;
mod numbers;
pub(super) mod signatures;
mod texts;

use super::budget::Budget;
use super::datum::Datum;
use super::fault::Fault;
use super::time::Time;
use super::types::{Kind, Signature, Type};

pub(super) use lists::sort_by;

/// How the checker treats a function.
pub(super) enum Check {
    /// The arguments must fit one of these.
    Overloads(&'static [Signature]),
    /// The types of the arguments (`None` is nil) give the type of the result or a message.
    Types(fn(&str, &[Option<Type>]) -> Result<Type, String>),
}

/// What a function may use beside its arguments.
pub(super) struct Context<'a> {
    pub(super) budget: &'a mut Budget,
    pub(super) now: Time,
}

const WITH_PREDICATE: [&str; 15] = [
    "all",
    "none",
    "any",
    "one",
    "filter",
    "map",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "count",
    "sum",
    "groupBy",
    "sortBy",
    "reduce",
];

/// Whether the function runs a predicate for the elements of a list.
pub(super) fn has_predicate(name: &str) -> bool {
    WITH_PREDICATE.contains(&name)
}

/// The function of that name, with its name for good.
pub(super) fn named(name: &str) -> Option<&'static str> {
    const OTHERS: [&str; 53] = [
        "len",
        "type",
        "abs",
        "ceil",
        "floor",
        "round",
        "int",
        "float",
        "string",
        "trim",
        "trimPrefix",
        "trimSuffix",
        "upper",
        "lower",
        "split",
        "splitAfter",
        "replace",
        "repeat",
        "join",
        "indexOf",
        "lastIndexOf",
        "hasPrefix",
        "hasSuffix",
        "max",
        "min",
        "mean",
        "median",
        "toJSON",
        "fromJSON",
        "toBase64",
        "fromBase64",
        "now",
        "duration",
        "date",
        "timezone",
        "first",
        "last",
        "get",
        "take",
        "keys",
        "values",
        "toPairs",
        "fromPairs",
        "reverse",
        "uniq",
        "concat",
        "flatten",
        "sort",
        "bitand",
        "bitor",
        "bitxor",
        "bitnand",
        "bitshl",
    ];
    const SHIFTS: [&str; 3] = ["bitshr", "bitushr", "bitnot"];
    let all = WITH_PREDICATE.iter().chain(&OTHERS).chain(&SHIFTS);
    all.copied().find(|known| *known == name)
}

/// How arguments of `name` are checked.
pub(super) fn check(name: &str) -> Check {
    match name {
        "len" => Check::Types(|name, types| {
            let ty = one(name, types)?;
            let countable = matches!(
                kind(ty),
                Kind::Array | Kind::Map | Kind::Slice | Kind::String | Kind::Interface
            );
            if countable {
                Ok(Type::Int)
            } else {
                Err(invalid_argument(name, ty))
            }
        }),
        "abs" => Check::Types(|name, types| {
            let ty = one(name, types)?;
            let known = ty.filter(|_| is_numeric(ty) || is_any(ty));
            known.ok_or_else(|| invalid_argument(name, ty))
        }),
        "ceil" | "floor" | "round" => Check::Types(|name, types| {
            let ty = one(name, types)?;
            let fine = is_numeric(ty) || is_any(ty);
            if fine {
                Ok(Type::Float)
            } else {
                Err(invalid_argument(name, ty))
            }
        }),
        "int" | "float" => Check::Types(|name, types| {
            let ty = one(name, types)?;
            let fine = is_numeric(ty) || is_any(ty) || ty == Some(Type::Str);
            let target = if name == "int" {
                Type::Int
            } else {
                Type::Float
            };
            if fine {
                Ok(target)
            } else {
                Err(invalid_argument(name, ty))
            }
        }),
        "max" | "min" | "mean" | "median" => Check::Types(aggregate),
        "now" => Check::Types(|_, types| match types {
            [] | [Some(Type::Location)] => Ok(Type::Time),
            _ => Err(format!(
                "invalid number of arguments (expected 0, got {})",
                types.len()
            )),
        }),
        "date" => Check::Types(|_, types| {
            let count = |types: &[_]| types.len();
            let rest = match types {
                [] => {
                    let message = "invalid number of arguments (expected at least 1, got 0)";
                    return Err(message.to_owned());
                }
                [Some(Type::Location), rest @ ..] => rest,
                _ => types,
            };
            if 3 < count(rest) {
                let count = count(rest);
                return Err(format!(
                    "invalid number of arguments (expected at most 3, got {count})"
                ));
            }
            Ok(Type::Time)
        }),
        _ => lists::check(name)
            .or_else(|| texts::check(name))
            .unwrap_or(Check::Overloads(&[])),
    }
}

/// Runs a function that has no predicate. The checker has seen the number of arguments, unless a
/// function is called in a way it does not check.
pub(super) fn call(
    name: &str,
    arguments: &[Datum],
    context: &mut Context<'_>,
) -> Result<Datum, Fault> {
    let weight = arguments.iter().map(Datum::weight).sum::<u64>();
    context.budget.step(1 + weight / 4)?;
    match name {
        "len" | "first" | "last" | "get" | "take" | "keys" | "values" | "toPairs" | "fromPairs"
        | "reverse" | "uniq" | "concat" | "flatten" | "sort" => {
            lists::call(name, arguments, context.budget)
        }
        "abs" | "ceil" | "floor" | "round" | "int" | "float" | "max" | "min" | "mean"
        | "median" | "bitand" | "bitor" | "bitxor" | "bitnand" | "bitshl" | "bitshr"
        | "bitushr" | "bitnot" => numbers::call(name, arguments),
        _ => texts::call(name, arguments, context),
    }
}

/// The only argument.
fn one(_: &str, types: &[Option<Type>]) -> Result<Option<Type>, String> {
    match types {
        [ty] => Ok(*ty),
        _ => Err(format!(
            "invalid number of arguments (expected 1, got {})",
            types.len()
        )),
    }
}

fn kind(ty: Option<Type>) -> Kind {
    ty.map_or(Kind::Invalid, Type::kind)
}

fn is_any(ty: Option<Type>) -> bool {
    kind(ty) == Kind::Interface
}

fn is_list(ty: Option<Type>) -> bool {
    matches!(kind(ty), Kind::Slice | Kind::Array)
}

/// A number by its kind, which a duration is.
fn is_numeric(ty: Option<Type>) -> bool {
    matches!(
        kind(ty),
        Kind::Int | Kind::Int64 | Kind::Uint8 | Kind::Float64
    )
}

/// A type in a message; Go's formatting of nil shows through.
fn type_name(ty: Option<Type>) -> &'static str {
    ty.map_or("%!s(<nil>)", Type::name)
}

fn invalid_argument(name: &str, ty: Option<Type>) -> String {
    format!("invalid argument for {name} (type {})", type_name(ty))
}

/// Numbers and lists of them; the first list makes the result anything.
fn aggregate(name: &str, types: &[Option<Type>]) -> Result<Type, String> {
    let Some(first) = types.first() else {
        return Err(format!("not enough arguments to call {name}"));
    };
    for ty in types {
        if is_any(*ty) || is_list(*ty) {
            return Ok(Type::Any);
        }
        if !is_numeric(*ty) {
            return Err(invalid_argument(name, *ty));
        }
    }
    Ok(first.unwrap_or(Type::Any))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_among_numbers_makes_the_aggregate_unknown() {
        let run = |types: &[Option<Type>]| aggregate("max", types);
        assert_eq!(run(&[Some(Type::Int), Some(Type::Float)]), Ok(Type::Int));
        assert_eq!(run(&[Some(Type::Floats), Some(Type::Str)]), Ok(Type::Any));
        let message = "invalid argument for max (type %!s(<nil>))";
        assert_eq!(run(&[None]), Err(message.to_owned()));
    }

    #[test]
    fn every_function_without_predicate_can_be_checked() {
        for name in [
            "len", "bitnot", "trim", "sort", "toJSON", "concat", "timezone", "type",
        ] {
            assert_eq!(named(name), Some(name));
            if let Check::Overloads(overloads) = check(name) {
                assert!(!overloads.is_empty(), "{name}");
            }
        }
    }
}
