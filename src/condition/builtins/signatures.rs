//! Go types of built-in functions, for messages about a function named without a call.

use super::super::types::{Signature, Type};

/// The type of the function `name`: that of its first overload.
pub(in super::super) fn of(name: &str) -> &'static Signature {
    let listed = SIGNATURES.iter().find(|(names, _)| names.contains(&name));
    listed.map_or(&GENERAL, |(_, signature)| signature)
}

const fn named(text: &'static str) -> Signature {
    Signature {
        text,
        inputs: &[Type::Anys],
        outputs: &[Type::Any, Type::Any],
        variadic: true,
    }
}

static GENERAL: Signature = named("func(...interface {}) (interface {}, error)");

static SIGNATURES: [(&[&str], Signature); 23] = [
    (
        &["all", "none", "any", "one"],
        named("func([]interface {}, func(interface {}) bool) bool"),
    ),
    (
        &["filter"],
        named("func([]interface {}, func(interface {}) bool) []interface {}"),
    ),
    (
        &["map"],
        named("func([]interface {}, func(interface {}) interface {}) []interface {}"),
    ),
    (
        &["find", "findLast"],
        named("func([]interface {}, func(interface {}) bool) interface {}"),
    ),
    (
        &["findIndex", "findLastIndex", "count", "sum"],
        named("func([]interface {}, func(interface {}) bool) int"),
    ),
    (
        &["groupBy"],
        named(
            "func([]interface {}, func(interface {}) interface {}) map[interface {}][]interface {}",
        ),
    ),
    (
        &["sortBy"],
        named("func([]interface {}, func(interface {}) bool, string) []interface {}"),
    ),
    (
        &["reduce"],
        named(
            "func([]interface {}, func(interface {}, interface {}) interface {}, interface {}) \
             interface {}",
        ),
    ),
    (
        &["type", "string", "toJSON"],
        named("func(interface {}) string"),
    ),
    (
        &["trim", "upper", "lower", "toBase64", "fromBase64"],
        named("func(string) string"),
    ),
    (
        &["trimPrefix", "trimSuffix"],
        named("func(string, string) string"),
    ),
    (
        &["split", "splitAfter"],
        named("func(string, string) []string"),
    ),
    (
        &["replace"],
        named("func(string, string, string, int) string"),
    ),
    (&["repeat"], named("func(string, int) string")),
    (&["join"], named("func([]string, string) string")),
    (
        &["indexOf", "lastIndexOf"],
        named("func(string, string) int"),
    ),
    (
        &["hasPrefix", "hasSuffix"],
        named("func(string, string) bool"),
    ),
    (&["fromJSON"], named("func(string) interface {}")),
    (&["duration"], named("func(string) (time.Duration, error)")),
    (&["timezone"], named("func(string) (*time.Location, error)")),
    (
        &["sort"],
        named("func([]interface {}, string) []interface {}"),
    ),
    (
        &[
            "bitand", "bitor", "bitxor", "bitnand", "bitshl", "bitshr", "bitushr",
        ],
        named("func(int, int) int"),
    ),
    (&["bitnot"], named("func(int) int")),
];
