//! A query, compiled: a tree in which every type is known and every label is a symbol.
//!
//! Knows what can be evaluated, and nothing else can be written down here. Refuses to know stores and times. Nodes that
//! remember something between evaluations have a slot in the scratch.

use std::sync::Arc;

use super::functions::{DatePart, Elementwise};
use super::interner::Symbol;
use super::matcher::Matcher;
use super::over_time::OverTime;
use crate::regexp::Regexp;

/// A compiled query.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) root: Root,
    /// The strings whose symbols the tree uses, in the order of the symbols.
    pub(super) texts: Vec<Arc<str>>,
    pub(super) slots: Slots,
}

#[derive(Debug)]
pub(super) enum Root {
    Scalar(Scalar),
    Vector(Vector),
}

/// How many slots of each kind a plan has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slots {
    pub(super) selections: usize,
    pub(super) memos: usize,
    pub(super) owners: usize,
    pub(super) pairs: usize,
}

/// An expression that is a number.
#[derive(Debug)]
pub(super) enum Scalar {
    Number(f64),
    Time,
    Of(Box<Vector>),
    Negated(Box<Scalar>),
    Binary(Operator, Box<Scalar>, Box<Scalar>),
}

/// An expression that is an instant vector.
#[derive(Debug)]
pub(super) enum Vector {
    Select(Selection),
    /// `timestamp` of a selector: when its samples were taken.
    SampleTimes(Selection),
    /// `timestamp` of anything else: when it is evaluated.
    Timestamp(Box<Vector>),
    Constant(Box<Scalar>),
    Elementwise(Elementwise, Box<Vector>),
    Clamp {
        of: Box<Vector>,
        least: Option<Box<Scalar>>,
        most: Option<Box<Scalar>>,
    },
    Round(Box<Vector>, Box<Scalar>),
    Date(DatePart, Option<Box<Vector>>),
    Absent(Box<Vector>, Fixed),
    AbsentOverTime(Range, Fixed),
    Sort {
        of: Box<Vector>,
        descending: bool,
    },
    Relabel(Box<Vector>, Box<Relabel>),
    HistogramQuantile {
        of: Box<Vector>,
        quantile: Box<Scalar>,
        memo: usize,
    },
    HistogramFraction {
        of: Box<Vector>,
        lower: Box<Scalar>,
        upper: Box<Scalar>,
        memo: usize,
    },
    OverTime(Box<Call>),
    Aggregate(Box<Aggregation>),
    WithScalar(Box<WithScalar>),
    Match(Box<Matching>),
    Set(Box<SetOperation>),
}

/// A label set that is known before the query runs.
pub(super) type Fixed = Vec<(Symbol, Symbol)>;

/// A function of the samples in a range.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: OverTime,
    pub(super) range: Range,
    pub(super) parameter: Option<Scalar>,
    pub(super) owner: usize,
}

/// Samples of a stretch of time.
#[derive(Debug)]
pub(super) enum Range {
    Select {
        selection: Selection,
        /// \[ms\]
        length: i64,
    },
    Subquery {
        of: Box<Vector>,
        /// \[ms\]
        length: i64,
        /// \[ms\], at least 1
        step: i64,
        when: When,
    },
}

/// Which series, and when.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) matchers: Vec<Matcher>,
    pub(super) when: When,
    pub(super) slot: usize,
}

/// `offset` and `@`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct When {
    /// \[ms\], back in time
    pub(super) offset: i64,
    pub(super) at: Option<At>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Start,
    End,
    /// \[ms since 1970\]
    Time(i64),
}

/// Which labels count.
#[derive(Clone, Debug)]
pub(super) enum Grouping {
    /// These only.
    By(Vec<Symbol>),
    /// All but these, and never the name.
    Without(Vec<Symbol>),
}

impl Grouping {
    pub(super) fn keeps(&self, name: Symbol) -> bool {
        match self {
            Grouping::By(names) => names.contains(&name),
            Grouping::Without(names) => name != Symbol::NAME && !names.contains(&name),
        }
    }

    /// Whether everything falls into one group without labels.
    pub(super) fn is_everything(&self) -> bool {
        matches!(self, Grouping::By(names) if names.is_empty())
    }
}

/// `label_replace` and `label_join`.
#[derive(Debug)]
pub(super) enum Relabel {
    Replace {
        target: Symbol,
        template: String,
        source: Symbol,
        pattern: Regexp,
        memo: usize,
    },
    Join {
        target: Symbol,
        separator: String,
        sources: Vec<Symbol>,
        memo: usize,
    },
}

#[derive(Debug)]
pub(super) struct Aggregation {
    pub(super) kind: AggregationKind,
    pub(super) of: Vector,
    pub(super) grouping: Grouping,
    pub(super) memo: usize,
}

#[derive(Debug)]
pub(super) enum AggregationKind {
    Sum,
    Average,
    Count,
    Min,
    Max,
    Group,
    StandardDeviation,
    Variance,
    Quantile(Scalar),
    Top(Scalar),
    Bottom(Scalar),
    CountValues(Symbol),
}

/// An operator of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

/// An operator between a vector and a number.
#[derive(Debug)]
pub(super) struct WithScalar {
    pub(super) operator: Operator,
    pub(super) vector: Vector,
    pub(super) scalar: Scalar,
    /// Whether the number is on the left.
    pub(super) scalar_first: bool,
    pub(super) returns_bool: bool,
}

/// An operator between the elements of two vectors that match.
#[derive(Debug)]
pub(super) struct Matching {
    pub(super) operator: Operator,
    pub(super) left: Vector,
    pub(super) right: Vector,
    pub(super) on: Grouping,
    pub(super) cardinality: Cardinality,
    pub(super) returns_bool: bool,
    /// For what an element is matched by.
    pub(super) signature: usize,
    /// For what a result is called, if that depends on the element alone, and if it depends on the match.
    pub(super) result: usize,
    pub(super) pair: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cardinality {
    OneToOne,
    /// `group_left`, with the labels that come from the right.
    ManyToOne(Vec<Symbol>),
    /// `group_right`, with the labels that come from the left.
    OneToMany(Vec<Symbol>),
}

#[derive(Debug)]
pub(super) struct SetOperation {
    pub(super) operator: SetOperator,
    pub(super) left: Vector,
    pub(super) right: Vector,
    pub(super) on: Grouping,
    pub(super) signature: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetOperator {
    And,
    Or,
    Unless,
}

impl Operator {
    pub(super) fn is_comparison(self) -> bool {
        matches!(
            self,
            Operator::Equal
                | Operator::NotEqual
                | Operator::Greater
                | Operator::Less
                | Operator::GreaterOrEqual
                | Operator::LessOrEqual
        )
    }

    /// The result of arithmetic, or 1 or 0 of a comparison (`engine.go: scalarBinop`).
    #[expect(clippy::float_cmp, reason = "PromQL compares exactly")]
    pub(super) fn apply(self, left: f64, right: f64) -> f64 {
        match self {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            Operator::Modulo => left % right,
            Operator::Power => left.powf(right),
            Operator::Atan2 => left.atan2(right),
            Operator::Equal => f64::from(u8::from(left == right)),
            Operator::NotEqual => f64::from(u8::from(left != right)),
            Operator::Greater => f64::from(u8::from(left > right)),
            Operator::Less => f64::from(u8::from(left < right)),
            Operator::GreaterOrEqual => f64::from(u8::from(left >= right)),
            Operator::LessOrEqual => f64::from(u8::from(left <= right)),
        }
    }
}
