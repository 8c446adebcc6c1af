//! Functions that are values: the ones Argo Rollouts puts beside `result`, and methods of times and
//! durations.
//!
//! Knows their signatures and what they answer. Follows `utils/evaluate/evaluate.go` of
//! argoproj/argo-rollouts (`asInt`, `asFloat`, `isNaN`, `isInf`, `isNil`, `default`) and Go's
//! package `time`. Only those methods of `time.Time` that make sense in a condition are here.

use std::sync::Arc;

use super::datum::Datum;
use super::fault::Fault;
use super::types::{Signature, Type};
use super::{format, layout, number, time};

/// A function as a value.
#[derive(Clone, Debug)]
pub(super) enum Function {
    Env(EnvFunction),
    /// A method with the value it belongs to.
    Method(Arc<Datum>, &'static Method),
}

/// What Argo Rollouts offers to a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnvFunction {
    AsInt,
    AsFloat,
    IsNan,
    IsInf,
    /// Looks at the metric result, not at its argument.
    IsNil,
    /// The metric result unless that is nil; its first argument is ignored.
    Default,
}

/// A method of a Go type.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) signature: Signature,
    call: fn(&Datum, &[Datum]) -> Datum,
}

/// Names beside `result` in the environment.
pub(super) const ENV_FUNCTIONS: [(&str, EnvFunction); 6] = [
    ("asInt", EnvFunction::AsInt),
    ("asFloat", EnvFunction::AsFloat),
    ("isNaN", EnvFunction::IsNan),
    ("isInf", EnvFunction::IsInf),
    ("isNil", EnvFunction::IsNil),
    ("default", EnvFunction::Default),
];

impl EnvFunction {
    pub(super) fn named(name: &str) -> Option<Self> {
        ENV_FUNCTIONS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, function)| *function)
    }

    pub(super) fn signature(self) -> &'static Signature {
        const FLOAT_TO_BOOL: Signature =
            signature("func(float64) bool", &[Type::Float], &[Type::Bool]);
        const ANY_TO_BOOL: Signature =
            signature("func(interface {}) bool", &[Type::Any], &[Type::Bool]);
        const ANY_TO_INT64: Signature =
            signature("func(interface {}) int64", &[Type::Any], &[Type::Int64]);
        const ANY_TO_FLOAT: Signature =
            signature("func(interface {}) float64", &[Type::Any], &[Type::Float]);
        const DEFAULT: Signature = signature(
            "func(interface {}, interface {}) interface {}",
            &[Type::Any, Type::Any],
            &[Type::Any],
        );
        match self {
            Self::AsInt => &ANY_TO_INT64,
            Self::AsFloat => &ANY_TO_FLOAT,
            Self::IsNan | Self::IsInf => &FLOAT_TO_BOOL,
            Self::IsNil => &ANY_TO_BOOL,
            Self::Default => &DEFAULT,
        }
    }

    fn call(self, arguments: &[Datum], result: &Datum) -> Result<Datum, Fault> {
        let first = arguments.first().unwrap_or(&Datum::Nil);
        Ok(match self {
            Self::IsNan => Datum::Bool(first.assert_float()?.is_nan()),
            Self::IsInf => Datum::Bool(first.assert_float()?.is_infinite()),
            Self::IsNil => Datum::Bool(result.is_nil()),
            Self::Default if result.is_nil() => arguments.get(1).cloned().unwrap_or(Datum::Nil),
            Self::Default => result.clone(),
            Self::AsInt => Datum::Int64(as_int(first)?),
            Self::AsFloat => Datum::Float(as_float(first)?),
        })
    }
}

impl Function {
    pub(super) fn signature(&self) -> &'static Signature {
        match self {
            Self::Env(function) => function.signature(),
            Self::Method(_, method) => &method.signature,
        }
    }

    /// A call whose number of arguments the checker has seen; their types it may not have known.
    pub(super) fn call(&self, arguments: &[Datum], result: &Datum) -> Result<Datum, Fault> {
        match self {
            Self::Env(function) => function.call(arguments, result),
            Self::Method(receiver, method) => {
                for (argument, input) in arguments.iter().zip(method.signature.inputs) {
                    if argument.ty() != Some(*input) {
                        return Err(argument.conversion(input.name()));
                    }
                }
                Ok((method.call)(receiver, arguments))
            }
        }
    }

    /// A call nothing was known about before; Go makes it by reflection.
    pub(super) fn call_unchecked(
        &self,
        mut arguments: Vec<Datum>,
        result: &Datum,
    ) -> Result<Datum, Fault> {
        let inputs = self.signature().inputs;
        if inputs.len() != arguments.len() {
            return Err(Fault::new(format!(
                "invalid number of arguments: expected {}, got {}",
                inputs.len(),
                arguments.len()
            )));
        }
        for (argument, input) in arguments.iter_mut().zip(inputs) {
            match argument.ty() {
                None => *argument = zero(*input),
                Some(own) if own != *input && *input != Type::Any => {
                    let (own, input) = (own.name(), input.name());
                    return Err(Fault::new(format!(
                        "reflect: Call using {own} as type {input}"
                    )));
                }
                Some(_) => {}
            }
        }
        self.call(&arguments, result)
    }
}

/// The method `name` of values of type `ty`.
pub(super) fn method(ty: Type, name: &str) -> Option<&'static Method> {
    let methods: &'static [Method] = match ty {
        Type::Time => TIME_METHODS,
        Type::Duration => DURATION_METHODS,
        Type::Month => MONTH_METHODS,
        Type::Weekday => WEEKDAY_METHODS,
        _ => return None,
    };
    methods.iter().find(|method| method.name == name)
}

const fn signature(
    text: &'static str,
    inputs: &'static [Type],
    outputs: &'static [Type],
) -> Signature {
    Signature {
        text,
        inputs,
        outputs,
        variadic: false,
    }
}

fn as_int(value: &Datum) -> Result<i64, Fault> {
    match value {
        Datum::Float(value) => Ok(number::truncate(*value)),
        Datum::Int(value) | Datum::Int64(value) => Ok(*value),
        Datum::Uint8(value) => Ok(i64::from(*value)),
        Datum::Str(text) => Ok(number::parse_int(text)?),
        _ => Err(unsupported("asInt", value)),
    }
}

fn as_float(value: &Datum) -> Result<f64, Fault> {
    match value {
        Datum::Float(value) => Ok(*value),
        Datum::Int(value) | Datum::Int64(value) => Ok(number::widen(*value)),
        Datum::Uint8(value) => Ok(f64::from(*value)),
        Datum::Str(text) => Ok(number::parse_float(text)?),
        _ => Err(unsupported("asFloat", value)),
    }
}

fn unsupported(function: &str, value: &Datum) -> Fault {
    match format::plain(value) {
        Ok(text) => {
            let name = value.type_name();
            Fault::new(format!("{function}() not supported on {name} {text}"))
        }
        Err(fault) => fault,
    }
}

fn zero(ty: Type) -> Datum {
    match ty {
        Type::Bool => Datum::Bool(false),
        Type::Int => Datum::Int(0),
        Type::Float => Datum::Float(0.0),
        Type::Str => Datum::str(""),
        Type::Duration => Datum::Duration(0),
        Type::Time => Datum::Time(ZERO_TIME),
        _ => Datum::Nil,
    }
}

/// The first moment of year 1, Go's zero time.
const ZERO_TIME: time::Time = time::Time {
    seconds: -62_135_596_800,
    nanos: 0,
    offset: 0,
};

macro_rules! methods {
    ($($name:literal $text:literal ($($input:ident),*) $($output:ident)+ = $call:expr;)*) => {
        &[$(Method {
            name: $name,
            signature: signature($text, &[$(Type::$input),*], &[$(Type::$output),+]),
            call: $call,
        }),*]
    };
}

fn time_of(value: &Datum) -> time::Time {
    match value {
        Datum::Time(time) => *time,
        _ => ZERO_TIME,
    }
}

fn nanos_of(value: &Datum) -> i64 {
    match value {
        Datum::Duration(nanos) => *nanos,
        _ => 0,
    }
}

fn int_of(value: &Datum) -> i64 {
    match value {
        Datum::Int(value) => *value,
        _ => 0,
    }
}

fn compare(time: &Datum, arguments: &[Datum]) -> std::cmp::Ordering {
    time_of(time)
        .instant()
        .cmp(&time_of(&arguments[0]).instant())
}

const TIME_METHODS: &[Method] = methods! {
    "Year" "func() int" () Int = |t, _| Datum::Int(time_of(t).civil().year);
    "Month" "func() time.Month" () Month
        = |t, _| Datum::Month(u8::try_from(time_of(t).civil().month).unwrap_or_default());
    "Day" "func() int" () Int = |t, _| Datum::Int(time_of(t).civil().day);
    "Hour" "func() int" () Int = |t, _| Datum::Int(time_of(t).civil().hour);
    "Minute" "func() int" () Int = |t, _| Datum::Int(time_of(t).civil().minute);
    "Second" "func() int" () Int = |t, _| Datum::Int(time_of(t).civil().second);
    "Nanosecond" "func() int" () Int = |t, _| Datum::Int(i64::from(time_of(t).nanos));
    "YearDay" "func() int" () Int = |t, _| Datum::Int(time_of(t).year_day());
    "Weekday" "func() time.Weekday" () Weekday = |t, _| Datum::Weekday(time_of(t).weekday());
    "Unix" "func() int64" () Int64 = |t, _| Datum::Int64(time_of(t).seconds);
    "UnixMilli" "func() int64" () Int64 = |t, _| Datum::Int64(unix(t, 1_000));
    "UnixMicro" "func() int64" () Int64 = |t, _| Datum::Int64(unix(t, 1_000_000));
    "UnixNano" "func() int64" () Int64 = |t, _| Datum::Int64(unix(t, 1_000_000_000));
    "IsZero" "func() bool" () Bool
        = |t, _| Datum::Bool(time_of(t).instant() == ZERO_TIME.instant());
    "UTC" "func() time.Time" () Time
        = |t, _| Datum::Time(time::Time { offset: 0, ..time_of(t) });
    "String" "func() string" () Str = |t, _| Datum::str(&time_of(t).to_go_string());
    "Before" "func(time.Time) bool" (Time) Bool = |t, a| Datum::Bool(compare(t, a).is_lt());
    "After" "func(time.Time) bool" (Time) Bool = |t, a| Datum::Bool(compare(t, a).is_gt());
    "Equal" "func(time.Time) bool" (Time) Bool = |t, a| Datum::Bool(compare(t, a).is_eq());
    "Compare" "func(time.Time) int" (Time) Int = |t, a| Datum::Int(compare(t, a) as i64);
    "Sub" "func(time.Time) time.Duration" (Time) Duration
        = |t, a| Datum::Duration(time_of(t).since(time_of(&a[0])));
    "Add" "func(time.Duration) time.Time" (Duration) Time
        = |t, a| Datum::Time(time_of(t).add(nanos_of(&a[0])));
    "AddDate" "func(int, int, int) time.Time" (Int, Int, Int) Time = |t, a| add_date(t, a);
    "Format" "func(string) string" (Str) Str = |t, a| match &a[0] {
        Datum::Str(text) => Datum::str(&layout::format(time_of(t), text)),
        _ => Datum::Nil,
    };
    "Date" "func() (int, time.Month, int)" () Int Month Int = |_, _| Datum::Nil;
    "Clock" "func() (int, int, int)" () Int Int Int = |_, _| Datum::Nil;
};

const DURATION_METHODS: &[Method] = methods! {
    "Hours" "func() float64" () Float = |d, _| in_unit(d, 0);
    "Minutes" "func() float64" () Float = |d, _| in_unit(d, 1);
    "Seconds" "func() float64" () Float = |d, _| in_unit(d, 2);
    "Milliseconds" "func() int64" () Int64 = |d, _| Datum::Int64(nanos_of(d) / 1_000_000);
    "Microseconds" "func() int64" () Int64 = |d, _| Datum::Int64(nanos_of(d) / 1_000);
    "Nanoseconds" "func() int64" () Int64 = |d, _| Datum::Int64(nanos_of(d));
    "Abs" "func() time.Duration" () Duration
        = |d, _| Datum::Duration(nanos_of(d).saturating_abs());
    "String" "func() string" () Str = |d, _| Datum::str(&time::duration_text(nanos_of(d)));
    "Truncate" "func(time.Duration) time.Duration" (Duration) Duration = |d, a| {
        let (nanos, unit) = (nanos_of(d), nanos_of(&a[0]));
        Datum::Duration(if 0 < unit { nanos - nanos % unit } else { nanos })
    };
};

const MONTH_METHODS: &[Method] = methods! {
    "String" "func() string" () Str = |value, _| match value {
        Datum::Month(month) => Datum::str(time::month_name(*month)),
        _ => Datum::Nil,
    };
};

const WEEKDAY_METHODS: &[Method] = methods! {
    "String" "func() string" () Str = |value, _| match value {
        Datum::Weekday(day) => Datum::str(time::weekday_name(*day)),
        _ => Datum::Nil,
    };
};

fn unix(time: &Datum, per_second: i64) -> i64 {
    let time = time_of(time);
    let part = i64::from(time.nanos) / (1_000_000_000 / per_second);
    time.seconds.wrapping_mul(per_second).wrapping_add(part)
}

fn in_unit(duration: &Datum, unit: usize) -> Datum {
    Datum::Float(time::duration_in(nanos_of(duration), time::UNITS[unit].1))
}

fn add_date(time: &Datum, arguments: &[Datum]) -> Datum {
    // A million years are enough, and keep the calendar far from the ends of its integers.
    let part = |i: usize| int_of(&arguments[i]).clamp(-12_000_000, 12_000_000);
    let time = time_of(time);
    let mut civil = time.civil();
    civil.year += part(0);
    civil.month += part(1);
    civil.day += part(2);
    Datum::Time(time::Time::from_civil(civil, time.nanos, time.offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_int_reads_what_argo_reads() {
        let call = |value| EnvFunction::AsInt.call(&[value], &Datum::Nil);
        assert!(matches!(
            call(Datum::Float(f64::INFINITY)),
            Ok(Datum::Int64(i64::MIN))
        ));
        assert!(matches!(call(Datum::str("-3")), Ok(Datum::Int64(-3))));
        let fault = call(Datum::floats(&[0.5, 12.0]).expect("small")).expect_err("a list");
        assert_eq!(fault.message, "asInt() not supported on []float64 [0.5 12]");
        let fault = call(Datum::Nil).expect_err("nil");
        assert_eq!(fault.message, "asInt() not supported on <nil> <nil>");
    }

    #[test]
    fn is_nil_looks_at_the_result() {
        let call = |result| EnvFunction::IsNil.call(&[Datum::Int(1)], &result);
        assert!(matches!(call(Datum::Nil), Ok(Datum::Bool(true))));
        assert!(matches!(call(Datum::Float(0.0)), Ok(Datum::Bool(false))));
    }

    #[test]
    fn a_call_by_reflection_checks_its_arguments() {
        let function = Function::Env(EnvFunction::IsNan);
        let message = |arguments| {
            function
                .call_unchecked(arguments, &Datum::Nil)
                .expect_err("wrong arguments")
                .message
        };
        assert_eq!(
            message(vec![Datum::Int(1)]),
            "reflect: Call using int as type float64"
        );
        assert_eq!(
            message(vec![]),
            "invalid number of arguments: expected 1, got 0"
        );
    }

    #[test]
    fn methods_answer_for_their_receiver() {
        let hours = method(Type::Duration, "Hours").expect("known");
        let function = Function::Method(Arc::new(Datum::Duration(5_400_000_000_000)), hours);
        assert!(matches!(
            function.call(&[], &Datum::Nil),
            Ok(Datum::Float(1.5))
        ));
    }
}
