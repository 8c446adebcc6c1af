//! The Go types a condition can meet, and what the checker knows about an expression.
//!
//! Knows names (they appear in messages), kinds, assignability. Refuses to know values. Follows
//! `checker/nature/nature.go` of expr-lang/expr, for the types reachable from a metric result only:
//! no structs but `time.Time`, no pointers but `*time.Location`.

use std::sync::Arc;

/// A Go type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// `interface {}`: known only when the condition runs.
    Any,
    Bool,
    Int,
    Int64,
    Uint8,
    Float,
    Str,
    /// `[]uint8`
    Bytes,
    /// `[]interface {}`
    Anys,
    Floats,
    Ints,
    Strings,
    /// `[][2]interface {}`, what `toPairs` makes.
    Pairs,
    /// `[2]interface {}`, one of them.
    Pair,
    /// `map[string]interface {}`
    StrMap,
    /// `map[interface {}]interface {}`, what `fromPairs` makes.
    AnyMap,
    /// `map[interface {}][]interface {}`, what `groupBy` makes.
    Groups,
    /// `map[int]struct {}`, a constant list of integers behind `in`.
    IntSet,
    /// `map[string]struct {}`, a constant list of strings behind `in`.
    StrSet,
    Time,
    Duration,
    Month,
    Weekday,
    /// `*time.Location`
    Location,
    Func(&'static Signature),
}

/// The type of a function.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) text: &'static str,
    pub(super) inputs: &'static [Type],
    pub(super) outputs: &'static [Type],
    pub(super) variadic: bool,
}

/// The coarse class of a type, as in Go's `reflect.Kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invalid,
    Interface,
    Bool,
    Int,
    Int64,
    Uint8,
    Float64,
    String,
    Slice,
    Array,
    Map,
    Struct,
    Pointer,
    Func,
}

impl Type {
    /// The name as Go prints it with `%T`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Float => "float64",
            Self::Str => "string",
            Self::Bytes => "[]uint8",
            Self::Anys => "[]interface {}",
            Self::Floats => "[]float64",
            Self::Ints => "[]int",
            Self::Strings => "[]string",
            Self::Pairs => "[][2]interface {}",
            Self::Pair => "[2]interface {}",
            Self::StrMap => "map[string]interface {}",
            Self::AnyMap => "map[interface {}]interface {}",
            Self::Groups => "map[interface {}][]interface {}",
            Self::IntSet => "map[int]struct {}",
            Self::StrSet => "map[string]struct {}",
            Self::Time => "time.Time",
            Self::Duration => "time.Duration",
            Self::Month => "time.Month",
            Self::Weekday => "time.Weekday",
            Self::Location => "*time.Location",
            Self::Func(signature) => signature.text,
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Any => Kind::Interface,
            Self::Bool => Kind::Bool,
            Self::Int | Self::Month | Self::Weekday => Kind::Int,
            Self::Int64 | Self::Duration => Kind::Int64,
            Self::Uint8 => Kind::Uint8,
            Self::Float => Kind::Float64,
            Self::Str => Kind::String,
            Self::Bytes | Self::Anys | Self::Floats | Self::Ints | Self::Strings | Self::Pairs => {
                Kind::Slice
            }
            Self::Pair => Kind::Array,
            Self::StrMap | Self::AnyMap | Self::Groups | Self::IntSet | Self::StrSet => Kind::Map,
            Self::Time => Kind::Struct,
            Self::Location => Kind::Pointer,
            Self::Func(_) => Kind::Func,
        }
    }

    /// The type of the elements of a list or of the values of a map.
    pub(super) fn element(self) -> Option<Self> {
        match self {
            Self::Anys | Self::Pair | Self::StrMap | Self::AnyMap => Some(Self::Any),
            Self::Floats => Some(Self::Float),
            Self::Ints => Some(Self::Int),
            Self::Strings => Some(Self::Str),
            Self::Bytes => Some(Self::Uint8),
            Self::Pairs => Some(Self::Pair),
            Self::Groups => Some(Self::Anys),
            _ => None,
        }
    }

    /// The type of the keys of a map.
    pub(super) fn key(self) -> Option<Self> {
        match self {
            Self::StrMap | Self::StrSet => Some(Self::Str),
            Self::AnyMap | Self::Groups => Some(Self::Any),
            Self::IntSet => Some(Self::Int),
            _ => None,
        }
    }

    /// One of Go's own integer types; `time.Duration` is not.
    pub(super) fn is_integer(self) -> bool {
        matches!(self, Self::Int | Self::Int64 | Self::Uint8)
    }

    pub(super) fn is_number(self) -> bool {
        self.is_integer() || self == Self::Float
    }

    pub(super) fn is_array(self) -> bool {
        matches!(self.kind(), Kind::Slice | Kind::Array)
    }

    pub(super) fn is_map(self) -> bool {
        self.kind() == Kind::Map
    }
}

/// What the checker knows about the value of an expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Nature {
    /// `None` for the value nil and for values nothing is known about.
    pub(super) ty: Option<Type>,
    /// The value is nil.
    pub(super) nil: bool,
    /// The elements of a list, where more is known about them than `ty` says.
    element: Option<Arc<Nature>>,
    /// The built-in function this is, for a name such as `len` standing alone.
    pub(super) builtin: Option<&'static str>,
}

/// A family of types an operator accepts beside an unknown operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Bool,
    String,
    Integer,
    Number,
    Array,
    Time,
    Duration,
}

impl From<Type> for Nature {
    fn from(ty: Type) -> Self {
        Self {
            ty: Some(ty),
            ..Self::default()
        }
    }
}

impl Nature {
    pub(super) fn unknown() -> Self {
        Self::default()
    }

    pub(super) fn nil() -> Self {
        Self {
            nil: true,
            ..Self::default()
        }
    }

    /// A `[]interface {}` of such elements.
    pub(super) fn array_of(element: Self) -> Self {
        Self {
            ty: Some(Type::Anys),
            element: Some(Arc::new(element)),
            ..Self::default()
        }
    }

    /// A built-in function named without a call.
    pub(super) fn of_builtin(signature: &'static Signature, name: &'static str) -> Self {
        Self {
            ty: Some(Type::Func(signature)),
            builtin: Some(name),
            ..Self::default()
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        match self.ty {
            None => !self.nil,
            Some(ty) => ty == Type::Any,
        }
    }

    /// The name in messages.
    pub(super) fn name(&self) -> &'static str {
        self.ty.map_or("unknown", Type::name)
    }

    pub(super) fn kind(&self) -> Kind {
        self.ty.map_or(Kind::Invalid, Type::kind)
    }

    pub(super) fn is(&self, family: Family) -> bool {
        let Some(ty) = self.ty else { return false };
        match family {
            Family::Bool => ty == Type::Bool,
            Family::String => ty == Type::Str,
            Family::Integer => ty.is_integer(),
            Family::Number => ty.is_number(),
            Family::Array => ty.is_array(),
            Family::Time => ty == Type::Time,
            Family::Duration => ty == Type::Duration,
        }
    }

    /// What an element of this list, or a value of this map, is.
    pub(super) fn element(&self) -> Self {
        match &self.element {
            Some(element) if self.is(Family::Array) => Self::clone(element),
            _ => self
                .ty
                .and_then(Type::element)
                .map_or_else(Self::unknown, Self::from),
        }
    }

    pub(super) fn is_assignable_to(&self, target: &Self) -> bool {
        let kind = target.kind();
        if self.nil
            && matches!(
                kind,
                Kind::Interface | Kind::Func | Kind::Map | Kind::Slice | Kind::Pointer
            )
        {
            return true;
        }
        match (self.ty, target.ty) {
            (Some(own), Some(target)) => own == target || target == Type::Any,
            _ => false,
        }
    }

    /// Whether `==` makes sense between the two.
    pub(super) fn is_comparable_to(&self, other: &Self) -> bool {
        let both = |family| self.is(family) && other.is(family);
        self.is_unknown()
            || other.is_unknown()
            || self.nil
            || other.nil
            || both(Family::Number)
            || both(Family::Array)
            || self.is_assignable_to(other)
    }

    /// Whether both are of one of the families, or could be as far as one knows.
    pub(super) fn may_match(&self, other: &Self, families: &[Family]) -> bool {
        let accepts = |nature: &Self| families.iter().any(|family| nature.is(*family));
        match (self.is_unknown(), other.is_unknown()) {
            (true, true) => true,
            (true, false) => accepts(other),
            (false, true) => accepts(self),
            (false, false) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nil_is_not_unknown_but_is_named_so() {
        assert!(!Nature::nil().is_unknown());
        assert_eq!(Nature::nil().name(), "unknown");
        assert!(Nature::from(Type::Any).is_unknown());
    }

    #[test]
    fn a_duration_is_an_int64_but_no_number() {
        let duration = Nature::from(Type::Duration);
        assert_eq!(duration.kind(), Kind::Int64);
        assert!(!duration.is(Family::Number));
        assert!(!duration.is_comparable_to(&Type::Int64.into()));
    }

    #[test]
    fn a_list_may_know_its_elements_better_than_its_type() {
        let list = Nature::array_of(Type::Int.into());
        assert_eq!(list.name(), "[]interface {}");
        assert_eq!(list.element(), Type::Int.into());
        assert!(Nature::from(Type::Anys).element().is_unknown());
    }
}
