//! Conditions over numbers, without allocation.
//!
//! Knows conditions whose `result` is one float or a list of them, and which need only numbers,
//! truth values and predicates over that list. Refuses everything else, and gives up (`None`)
//! wherever something would go wrong: the general evaluator then finds the same and says it in
//! words. So the one promise made here is: an answer is the right answer.

mod compile;

use super::number::{truncate, widen};

pub(super) use compile::compile;

/// A metric result of numbers.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    /// The result, or 0 if it is a list.
    pub(super) scalar: f64,
    /// The result, or empty if it is a number.
    pub(super) vector: &'a [f64],
}

/// A truth value.
#[derive(Debug)]
pub(super) enum Test {
    Constant(bool),
    /// The bulk of all conditions: `result >= 0.95`, `result[0] < 1`, `# > 0`.
    Limit(Source, Comparison, f64),
    Floats(Comparison, Box<(Float, Float)>),
    Integers(Comparison, Box<(Integer, Integer)>),
    Tests(Comparison, Box<(Test, Test)>),
    Not(Box<Test>),
    And(Box<(Test, Test)>),
    Or(Box<(Test, Test)>),
    If(Box<(Test, Test, Test)>),
    IsNan(Box<Float>),
    IsInf(Box<Float>),
    /// Some answer once the number is there: `result[0] != nil`.
    After(Box<Float>, bool),
    All(Part, Box<Test>),
    Any(Part, Box<Test>),
    One(Part, Box<Test>),
}

/// A `float64`.
#[derive(Debug)]
pub(super) enum Float {
    Constant(f64),
    Source(Source),
    Element(Box<Integer>),
    Integer(Box<Integer>),
    Negate(Box<Float>),
    Apply(fn(f64) -> f64, Box<Float>),
    Combine(fn(f64, f64) -> f64, Box<(Float, Float)>),
    If(Box<(Test, Float, Float)>),
    Max(Part),
    Min(Part),
    Mean(Part),
    Sum(Part, Option<Box<Float>>),
}

/// An `int` or an `int64`, which nothing here tells apart.
#[derive(Debug)]
pub(super) enum Integer {
    Constant(i64),
    Length(Part),
    Count(Part, Box<Test>),
    Truncate(Box<Float>),
    Negate(Box<Integer>),
    Abs(Box<Integer>),
    Combine(fn(i64, i64) -> i64, Box<(Integer, Integer)>),
    Remainder(Box<(Integer, Integer)>),
    If(Box<(Test, Integer, Integer)>),
}

/// A number that is simply there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Result,
    /// `#`
    Item,
    /// From the start if not negative, from the end otherwise.
    Element(isize),
}

/// The list or a slice of it, with bounds as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
}

impl Comparison {
    #[inline]
    fn holds<T: PartialOrd + Copy>(self, a: T, b: T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Less => a < b,
            Self::Greater => a > b,
            Self::LessEqual => a <= b,
            Self::GreaterEqual => a >= b,
        }
    }
}

impl Source {
    #[inline]
    fn value(self, input: &Input<'_>, item: f64) -> Option<f64> {
        match self {
            Self::Result => Some(input.scalar),
            Self::Item => Some(item),
            Self::Element(index) => element(input.vector, index),
        }
    }
}

#[inline]
fn element(vector: &[f64], index: isize) -> Option<f64> {
    match usize::try_from(index) {
        Ok(index) => vector.get(index).copied(),
        Err(_) => vector
            .len()
            .checked_sub(index.unsigned_abs())
            .map(|index| vector[index]),
    }
}

impl Part {
    /// Bounds beyond the ends are moved to the ends.
    #[inline]
    fn of(self, vector: &[f64]) -> &[f64] {
        if let (None, None) = (self.from, self.to) {
            return vector;
        }
        let length = vector.len();
        let bound = |index: i64| {
            let own = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            if index < 0 {
                length.saturating_sub(own)
            } else {
                own.min(length)
            }
        };
        let to = self.to.map_or(length, bound);
        &vector[self.from.map_or(0, bound).min(to)..to]
    }
}

impl Test {
    /// The truth for `input`, inside a predicate for `item`.
    #[inline]
    pub(super) fn value(&self, input: &Input<'_>, item: f64) -> Option<bool> {
        match self {
            Self::Limit(source, comparison, limit) => {
                Some(comparison.holds(source.value(input, item)?, *limit))
            }
            Self::And(both) => Some(both.0.value(input, item)? && both.1.rest(input, item)?),
            Self::Or(both) => Some(both.0.value(input, item)? || both.1.rest(input, item)?),
            _ => self.rest(input, item),
        }
    }

    /// The same, kept out of line.
    #[inline(never)]
    fn rest(&self, input: &Input<'_>, item: f64) -> Option<bool> {
        Some(match self {
            Self::Constant(value) => *value,
            Self::Limit(source, comparison, limit) => {
                comparison.holds(source.value(input, item)?, *limit)
            }
            Self::Floats(comparison, both) => {
                comparison.holds(both.0.value(input, item)?, both.1.value(input, item)?)
            }
            Self::Integers(comparison, both) => {
                comparison.holds(both.0.value(input, item)?, both.1.value(input, item)?)
            }
            Self::Tests(comparison, both) => {
                comparison.holds(both.0.rest(input, item)?, both.1.rest(input, item)?)
            }
            Self::Not(test) => !test.rest(input, item)?,
            Self::And(both) => both.0.rest(input, item)? && both.1.rest(input, item)?,
            Self::Or(both) => both.0.rest(input, item)? || both.1.rest(input, item)?,
            Self::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                let chosen = if condition.rest(input, item)? {
                    then
                } else {
                    otherwise
                };
                chosen.rest(input, item)?
            }
            Self::IsNan(value) => value.value(input, item)?.is_nan(),
            Self::IsInf(value) => value.value(input, item)?.is_infinite(),
            Self::After(value, answer) => {
                value.value(input, item)?;
                *answer
            }
            Self::All(part, test) => {
                for item in part.of(input.vector) {
                    if !test.value(input, *item)? {
                        return Some(false);
                    }
                }
                true
            }
            Self::Any(part, test) => {
                for item in part.of(input.vector) {
                    if test.value(input, *item)? {
                        return Some(true);
                    }
                }
                false
            }
            Self::One(part, test) => count(*part, test, input)? == 1,
        })
    }
}

fn count(part: Part, test: &Test, input: &Input<'_>) -> Option<i64> {
    let mut count = 0;
    for item in part.of(input.vector) {
        count += i64::from(test.value(input, *item)?);
    }
    Some(count)
}

impl Float {
    fn value(&self, input: &Input<'_>, item: f64) -> Option<f64> {
        Some(match self {
            Self::Constant(value) => *value,
            Self::Source(source) => source.value(input, item)?,
            Self::Element(index) => {
                let index = isize::try_from(index.value(input, item)?).ok()?;
                element(input.vector, index)?
            }
            Self::Integer(value) => widen(value.value(input, item)?),
            Self::Negate(value) => -value.value(input, item)?,
            Self::Apply(function, value) => function(value.value(input, item)?),
            Self::Combine(operation, both) => {
                operation(both.0.value(input, item)?, both.1.value(input, item)?)
            }
            Self::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                let chosen = if condition.value(input, item)? {
                    then
                } else {
                    otherwise
                };
                chosen.value(input, item)?
            }
            // Of an empty list these are nil, and a sum is an integer: not for us.
            Self::Max(part) => fold(part.of(input.vector), |best, x| best < x)?,
            Self::Min(part) => fold(part.of(input.vector), |best, x| best > x)?,
            Self::Sum(part, value) => {
                let part = part.of(input.vector);
                let mut total = 0.0;
                for item in part {
                    total += match value {
                        Some(value) => value.value(input, *item)?,
                        None => *item,
                    };
                }
                (!part.is_empty()).then_some(total)?
            }
            Self::Mean(part) => {
                let part = part.of(input.vector);
                let total: f64 = part.iter().fold(0.0, |total, x| total + x);
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "lists are far shorter than 2^52"
                )]
                let count = part.len() as f64;
                if part.is_empty() { 0.0 } else { total / count }
            }
        })
    }
}

/// The element that `replaces` every one before it.
fn fold(values: &[f64], replaces: fn(f64, f64) -> bool) -> Option<f64> {
    values
        .iter()
        .copied()
        .reduce(|best, x| if replaces(best, x) { x } else { best })
}

impl Integer {
    fn value(&self, input: &Input<'_>, item: f64) -> Option<i64> {
        Some(match self {
            Self::Constant(value) => *value,
            Self::Length(part) => i64::try_from(part.of(input.vector).len()).ok()?,
            Self::Count(part, test) => count(*part, test, input)?,
            Self::Truncate(value) => truncate(value.value(input, item)?),
            Self::Negate(value) => value.value(input, item)?.wrapping_neg(),
            Self::Abs(value) => value.value(input, item)?.wrapping_abs(),
            Self::Combine(operation, both) => {
                operation(both.0.value(input, item)?, both.1.value(input, item)?)
            }
            Self::Remainder(both) => {
                let (a, b) = (both.0.value(input, item)?, both.1.value(input, item)?);
                (b != 0).then(|| a.wrapping_rem(b))?
            }
            Self::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                let chosen = if condition.value(input, item)? {
                    then
                } else {
                    otherwise
                };
                chosen.value(input, item)?
            }
        })
    }
}
