//! Conditions of metrics: `successCondition` and `failureCondition`.
//!
//! Knows the expression language expr-lang/expr v1.17.8 as Argo Rollouts uses it:
//! `utils/evaluate/evaluate.go` (`EvalCondition`, `EvaluateResult`, `formatEvalError`). The
//! concrete Go type of the metric result decides how a condition is type-checked, so a condition is
//! compiled once for each type it meets.
//!
//! Refuses to know where results come from and what time it is. Refuses to be stuck: nesting, work
//! and memory are limited, and so a condition that would keep the reference busy for minutes is an
//! error here.
//!
//! Simplifications: no time zone database; methods of times and durations are the usual ones;
//! `sortBy` keeps equal elements in order beyond twelve elements, too; maps are in order of keys
//! where Go's order is random.

mod ast;
mod base64;
mod budget;
mod builtins;
mod checker;
mod datum;
mod escape;
mod evaluator;
mod fast;
mod fault;
mod format;
mod functions;
mod json;
mod layout;
mod lexer;
mod moment;
mod number;
mod operators;
mod optimizer;
mod parser;
#[cfg(test)]
mod tests;
mod time;
mod types;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use ast::Node;
use datum::Datum;
use fault::Fault;
pub(crate) use format::{float as printed_float, json_float};
pub use moment::Moment;
use time::Time;
use types::{Nature, Type};

/// A compiled condition: cheap to clone, shared between threads.
#[derive(Clone)]
pub struct Condition {
    inner: Arc<Inner>,
}

/// What a metric provider handed over.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `nil`, or a nil `*float64`: the engine cannot tell them apart.
    Nil,
    /// `float64`, or a `*float64` that is not nil.
    Float(f64),
    /// `int`
    Int(i64),
    /// `bool`
    Bool(bool),
    /// `string`
    String(String),
    /// `[]float64`, what Prometheus gives for an instant vector.
    Vector(Vec<f64>),
    /// `[]interface {}` of floats.
    List(Vec<f64>),
    /// Whatever Go decodes from JSON: `map[string]interface {}`, `[]interface {}`, `float64`, ...
    Json(serde_json::Value),
}

/// A borrowed [`Value`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// See [`Value::Nil`].
    Nil,
    /// See [`Value::Float`].
    Float(f64),
    /// See [`Value::Int`].
    Int(i64),
    /// See [`Value::Bool`].
    Bool(bool),
    /// See [`Value::String`].
    String(&'a str),
    /// See [`Value::Vector`].
    Vector(&'a [f64]),
    /// See [`Value::List`].
    List(&'a [f64]),
    /// See [`Value::Json`].
    Json(&'a serde_json::Value),
}

/// The Go type of a metric result, which decides how a condition is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// `nil`
    Nil,
    /// `float64`
    Float,
    /// `int`
    Int,
    /// `bool`
    Bool,
    /// `string`
    String,
    /// `[]float64`
    Vector,
    /// `[]interface {}`
    List,
    /// `map[string]interface {}`
    Object,
}

/// Why a condition has no answer, in the words of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError {
    message: String,
    span: Option<Range<usize>>,
}

/// The outcome of a measurement, by the conditions of its metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Successful, and not failed.
    Successful,
    /// The failure condition holds, or the only success condition does not.
    Failed,
    /// Neither of two conditions holds.
    Inconclusive,
}

/// Which of the two conditions of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// `successCondition`
    Success,
    /// `failureCondition`
    Failure,
}

/// Why a measurement is an Error. Displays as the message of the measurement
/// (`evaluate.go: formatEvalError`).
#[derive(Clone, Debug)]
pub struct JudgeError {
    role: Role,
    condition: Condition,
    /// The result was nil or an empty list.
    no_data: bool,
    cause: EvalError,
}

/// The default of "now" for conditions that call `now()`: 2025-01-01T00:00:00Z, since 1970 \[ns\].
pub const DEFAULT_NOW_NANOS: i64 = 1_735_689_600_000_000_000;

struct Inner {
    text: Box<str>,
    tree: Result<Node, EvalError>,
    /// For each shape, once it is met.
    programs: [OnceLock<Result<Program, EvalError>>; Shape::ALL.len()],
}

struct Program {
    root: Node,
    /// If the result is of floats and nothing else is needed.
    fast: Option<fast::Test>,
}

impl Condition {
    /// Reads a condition. One that is wrong, for every type of result or for some, gives the
    /// reference's error when it is evaluated or checked.
    #[must_use]
    pub fn compile(text: &str) -> Self {
        let tree = parser::parse(text).map_err(EvalError::from);
        let programs = std::array::from_fn(|_| OnceLock::new());
        Self {
            inner: Arc::new(Inner {
                text: text.into(),
                tree,
                programs,
            }),
        }
    }

    /// The condition as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Whether the condition holds for `result` (`evaluate.go: EvalCondition`).
    ///
    /// # Errors
    ///
    /// If the condition is wrong, does not fit the type of the result, fails on its way (an index
    /// out of range), or has a value that is not a bool.
    #[inline]
    pub fn evaluate(&self, result: ValueRef<'_>) -> Result<bool, EvalError> {
        self.evaluate_at(result, DEFAULT_NOW_NANOS)
    }

    /// The same at a time of the caller's choice, since 1970 \[ns\], for conditions that call
    /// `now()`.
    ///
    /// # Errors
    ///
    /// As for [`Condition::evaluate`].
    #[inline]
    pub fn evaluate_at(&self, result: ValueRef<'_>, now_nanos: i64) -> Result<bool, EvalError> {
        let input = match result {
            ValueRef::Float(scalar) => Some(fast::Input {
                scalar,
                vector: &[],
            }),
            ValueRef::Vector(vector) => Some(fast::Input {
                scalar: 0.0,
                vector,
            }),
            _ => None,
        };
        let slot = &self.inner.programs[Shape::of(result) as usize];
        if let Some(input) = input
            && let Some(Ok(Program {
                fast: Some(test), ..
            })) = slot.get()
            && let Some(answer) = test.value(&input, 0.0)
        {
            return Ok(answer);
        }
        self.evaluate_in_general(result, now_nanos)
    }

    /// Whether the condition can be evaluated at all for results of `shape`, as far as types tell.
    /// (A condition that passes may still fail for some values.)
    ///
    /// # Errors
    ///
    /// The error that every evaluation for such results gives.
    pub fn check_for(&self, shape: Shape) -> Result<(), EvalError> {
        self.program(shape).map(drop)
    }

    #[inline(never)]
    fn evaluate_in_general(&self, result: ValueRef<'_>, now_nanos: i64) -> Result<bool, EvalError> {
        let program = self.program(Shape::of(result))?;
        let seconds = now_nanos.div_euclid(1_000_000_000);
        let nanos = u32::try_from(now_nanos.rem_euclid(1_000_000_000)).unwrap_or_default();
        let value = datum_of(result)
            .and_then(|result| {
                evaluator::evaluate(&program.root, &result, Time::utc(seconds, nanos))
            })
            .map_err(EvalError::from)?;
        match value {
            Datum::Bool(answer) => Ok(answer),
            other => {
                let message = format!("expected bool, but got {}", other.type_name());
                Err(EvalError {
                    message,
                    span: Some(program.root.span.range()),
                })
            }
        }
    }

    fn program(&self, shape: Shape) -> Result<&Program, EvalError> {
        let program = self.inner.programs[shape as usize].get_or_init(|| {
            let mut root = self.inner.tree.clone()?;
            checker::check(&mut root, &shape.nature())?;
            optimizer::optimize(&mut root)?;
            let fast = match shape {
                Shape::Float => fast::compile(&root, false),
                Shape::Vector => fast::compile(&root, true),
                _ => None,
            };
            Ok(Program { root, fast })
        });
        program.as_ref().map_err(Clone::clone)
    }
}

/// What the conditions of a metric make of a measured result (`evaluate.go: EvaluateResult`). A
/// condition that is absent or empty does not count; without any, every result is a success.
///
/// # Errors
///
/// If a condition has no answer; a failing success condition is reported first.
#[inline]
pub fn judge(
    success: Option<&Condition>,
    failure: Option<&Condition>,
    result: ValueRef<'_>,
) -> Result<Verdict, JudgeError> {
    judge_at(success, failure, result, DEFAULT_NOW_NANOS)
}

/// [`judge`] at a time of the caller's choice, since 1970 \[ns\].
///
/// # Errors
///
/// As for [`judge`].
#[inline]
pub fn judge_at(
    success: Option<&Condition>,
    failure: Option<&Condition>,
    result: ValueRef<'_>,
    now_nanos: i64,
) -> Result<Verdict, JudgeError> {
    let holds = |condition: Option<&Condition>, role| match condition {
        Some(condition) if !condition.text().is_empty() => condition
            .evaluate_at(result, now_nanos)
            .map(Some)
            .map_err(|cause| JudgeError::new(role, condition, result, cause)),
        _ => Ok(None),
    };
    let success = holds(success, Role::Success)?;
    let failure = holds(failure, Role::Failure)?;
    Ok(match (success, failure) {
        (_, Some(true)) | (Some(false), None) => Verdict::Failed,
        (Some(false), Some(false)) => Verdict::Inconclusive,
        (Some(true) | None, _) => Verdict::Successful,
    })
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.text()).finish()
    }
}

impl Value {
    /// The value, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::Nil => ValueRef::Nil,
            Self::Float(value) => ValueRef::Float(*value),
            Self::Int(value) => ValueRef::Int(*value),
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::String(text) => ValueRef::String(text),
            Self::Vector(values) => ValueRef::Vector(values),
            Self::List(values) => ValueRef::List(values),
            Self::Json(json) => ValueRef::Json(json),
        }
    }
}

impl ValueRef<'_> {
    /// Nil or an empty list (`evaluate.go: isNilOrEmpty`).
    #[must_use]
    pub fn is_no_data(self) -> bool {
        match self {
            Self::Nil => true,
            Self::Vector(values) | Self::List(values) => values.is_empty(),
            Self::Json(json) => json.is_null() || json.as_array().is_some_and(Vec::is_empty),
            Self::Float(_) | Self::Int(_) | Self::Bool(_) | Self::String(_) => false,
        }
    }
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 8] = [
        Self::Nil,
        Self::Float,
        Self::Int,
        Self::Bool,
        Self::String,
        Self::Vector,
        Self::List,
        Self::Object,
    ];

    /// The shape of a result.
    #[must_use]
    #[inline]
    pub fn of(result: ValueRef<'_>) -> Self {
        use serde_json::Value as Json;
        match result {
            ValueRef::Nil | ValueRef::Json(Json::Null) => Self::Nil,
            ValueRef::Float(_) | ValueRef::Json(Json::Number(_)) => Self::Float,
            ValueRef::Int(_) => Self::Int,
            ValueRef::Bool(_) | ValueRef::Json(Json::Bool(_)) => Self::Bool,
            ValueRef::String(_) | ValueRef::Json(Json::String(_)) => Self::String,
            ValueRef::Vector(_) => Self::Vector,
            ValueRef::List(_) | ValueRef::Json(Json::Array(_)) => Self::List,
            ValueRef::Json(Json::Object(_)) => Self::Object,
        }
    }

    fn nature(self) -> Nature {
        Nature::from(match self {
            Self::Nil => return Nature::nil(),
            Self::Float => Type::Float,
            Self::Int => Type::Int,
            Self::Bool => Type::Bool,
            Self::String => Type::Str,
            Self::Vector => Type::Floats,
            Self::List => Type::Anys,
            Self::Object => Type::StrMap,
        })
    }
}

impl EvalError {
    /// What is wrong, in the words of the engine.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where in the condition \[bytes\], if somewhere in particular: the operator, name or literal.
    #[must_use]
    pub fn span(&self) -> Option<Range<usize>> {
        self.span.clone()
    }
}

impl From<Fault> for EvalError {
    fn from(fault: Fault) -> Self {
        Self {
            message: fault.message,
            span: fault.span.map(ast::Span::range),
        }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EvalError {}

impl JudgeError {
    #[cold]
    fn new(role: Role, condition: &Condition, result: ValueRef<'_>, cause: EvalError) -> Self {
        Self {
            role,
            condition: condition.clone(),
            no_data: result.is_no_data(),
            cause,
        }
    }

    /// Which condition has no answer.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// What the engine said; the message of a measurement hides it if there was no data.
    #[must_use]
    pub fn cause(&self) -> &EvalError {
        &self.cause
    }
}

impl fmt::Display for JudgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.role {
            Role::Success => "successCondition",
            Role::Failure => "failureCondition",
        };
        write!(
            f,
            "could not evaluate {name} \"{}\": ",
            self.condition.text()
        )?;
        if self.no_data {
            f.write_str("metric result is nil or empty: no data returned from the metric provider")
        } else {
            f.write_str(&self.cause.message)
        }
    }
}

impl std::error::Error for JudgeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

fn datum_of(result: ValueRef<'_>) -> Result<Datum, Fault> {
    match result {
        ValueRef::Nil => Ok(Datum::Nil),
        ValueRef::Float(value) => Ok(Datum::Float(value)),
        ValueRef::Int(value) => Ok(Datum::Int(value)),
        ValueRef::Bool(value) => Ok(Datum::Bool(value)),
        ValueRef::String(text) => Ok(Datum::str(text)),
        ValueRef::Vector(values) => Datum::floats(values),
        ValueRef::List(values) => Datum::list(
            Type::Anys,
            values.iter().copied().map(Datum::Float).collect(),
        ),
        ValueRef::Json(json) => Datum::from_json(json),
    }
}
