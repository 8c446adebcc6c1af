//! The functions of PromQL: what they are called and what they take.
//!
//! Knows `promql/parser/functions.go`. Refuses to know how they are evaluated. Experimental functions are known by name
//! only, so that they can be refused for what they are, as are those of native histograms.

use super::over_time::OverTime;

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Scalar,
    Vector,
    Range,
    Text,
}

impl Type {
    /// As messages say it (`parser/value.go: DocumentedType`).
    pub(super) fn text(self) -> &'static str {
        match self {
            Type::Scalar => "scalar",
            Type::Vector => "instant vector",
            Type::Range => "range vector",
            Type::Text => "string",
        }
    }
}

/// A function of a number; names are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elementwise {
    Abs,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Ceil,
    Cos,
    Cosh,
    Deg,
    Exp,
    Floor,
    Ln,
    Log10,
    Log2,
    Negate,
    Rad,
    Sgn,
    Sin,
    Sinh,
    Sqrt,
    Tan,
    Tanh,
}

/// A part of a date in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DatePart {
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    DaysInMonth,
    Hour,
    Minute,
    Month,
    Year,
}

/// What a call computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Absent,
    AbsentOverTime,
    Clamp,
    ClampMax,
    ClampMin,
    Date(DatePart),
    Elementwise(Elementwise),
    HistogramFraction,
    HistogramQuantile,
    LabelJoin,
    LabelReplace,
    OverTime(OverTime),
    Pi,
    Round,
    Scalar,
    Sort,
    SortDescending,
    Time,
    Timestamp,
    Vector,
    /// Known to the reference, but off unless an experiment is switched on.
    Experimental,
    /// Of native histograms, which are not simulated.
    NativeHistogram,
}

/// How a function is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature {
    pub(super) function: Function,
    pub(super) parameters: &'static [Type],
    pub(super) count: Count,
}

/// How many arguments a function takes, beside one for each parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// Exactly one for each.
    Exact,
    /// The last one may be left out.
    OptionalLast,
    /// The last one may be left out or repeated.
    RepeatedLast,
}

impl Signature {
    /// The function called `name`.
    pub(super) fn find(name: &str) -> Option<Self> {
        const V: &[Type] = &[Type::Vector];
        const R: &[Type] = &[Type::Range];
        const SV: &[Type] = &[Type::Scalar, Type::Vector];
        let (function, parameters, count) = if let Some(function) = elementwise(name) {
            (Function::Elementwise(function), V, Count::Exact)
        } else if let Some(part) = date_part(name) {
            (Function::Date(part), V, Count::OptionalLast)
        } else if let Some((function, parameters)) = over_time(name) {
            (Function::OverTime(function), parameters, Count::Exact)
        } else {
            use Type::{Scalar, Text, Vector};
            match name {
                "absent" => (Function::Absent, V, Count::Exact),
                "absent_over_time" => (Function::AbsentOverTime, R, Count::Exact),
                "clamp" => (Function::Clamp, &[Vector, Scalar, Scalar][..], Count::Exact),
                "clamp_max" => (Function::ClampMax, &[Vector, Scalar][..], Count::Exact),
                "clamp_min" => (Function::ClampMin, &[Vector, Scalar][..], Count::Exact),
                "histogram_fraction" => (
                    Function::HistogramFraction,
                    &[Scalar, Scalar, Vector][..],
                    Count::Exact,
                ),
                "histogram_quantile" => (Function::HistogramQuantile, SV, Count::Exact),
                "label_join" => (
                    Function::LabelJoin,
                    &[Vector, Text, Text, Text][..],
                    Count::RepeatedLast,
                ),
                "label_replace" => (
                    Function::LabelReplace,
                    &[Vector, Text, Text, Text, Text][..],
                    Count::Exact,
                ),
                "pi" => (Function::Pi, &[][..], Count::Exact),
                "round" => (Function::Round, &[Vector, Scalar][..], Count::OptionalLast),
                "scalar" => (Function::Scalar, V, Count::Exact),
                "sort" => (Function::Sort, V, Count::Exact),
                "sort_desc" => (Function::SortDescending, V, Count::Exact),
                "time" => (Function::Time, &[][..], Count::Exact),
                "timestamp" => (Function::Timestamp, V, Count::Exact),
                "vector" => (Function::Vector, &[Scalar][..], Count::Exact),
                _ if EXPERIMENTAL.contains(&name) => {
                    (Function::Experimental, &[][..], Count::Exact)
                }
                _ if NATIVE_HISTOGRAM.contains(&name) => {
                    (Function::NativeHistogram, &[][..], Count::Exact)
                }
                _ => return None,
            }
        };
        Some(Self {
            function,
            parameters,
            count,
        })
    }
}

const EXPERIMENTAL: [&str; 18] = [
    "double_exponential_smoothing",
    "end",
    "histogram_quantiles",
    "info",
    "mad_over_time",
    "max_of",
    "min_of",
    "range",
    "sort_by_label",
    "sort_by_label_desc",
    "start",
    "start_timestamp",
    "step",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
    "holt_winters",
];

const NATIVE_HISTOGRAM: [&str; 5] = [
    "histogram_avg",
    "histogram_count",
    "histogram_stddev",
    "histogram_stdvar",
    "histogram_sum",
];

fn elementwise(name: &str) -> Option<Elementwise> {
    Some(match name {
        "abs" => Elementwise::Abs,
        "acos" => Elementwise::Acos,
        "acosh" => Elementwise::Acosh,
        "asin" => Elementwise::Asin,
        "asinh" => Elementwise::Asinh,
        "atan" => Elementwise::Atan,
        "atanh" => Elementwise::Atanh,
        "ceil" => Elementwise::Ceil,
        "cos" => Elementwise::Cos,
        "cosh" => Elementwise::Cosh,
        "deg" => Elementwise::Deg,
        "exp" => Elementwise::Exp,
        "floor" => Elementwise::Floor,
        "ln" => Elementwise::Ln,
        "log10" => Elementwise::Log10,
        "log2" => Elementwise::Log2,
        "rad" => Elementwise::Rad,
        "sgn" => Elementwise::Sgn,
        "sin" => Elementwise::Sin,
        "sinh" => Elementwise::Sinh,
        "sqrt" => Elementwise::Sqrt,
        "tan" => Elementwise::Tan,
        "tanh" => Elementwise::Tanh,
        _ => return None,
    })
}

fn date_part(name: &str) -> Option<DatePart> {
    Some(match name {
        "day_of_month" => DatePart::DayOfMonth,
        "day_of_week" => DatePart::DayOfWeek,
        "day_of_year" => DatePart::DayOfYear,
        "days_in_month" => DatePart::DaysInMonth,
        "hour" => DatePart::Hour,
        "minute" => DatePart::Minute,
        "month" => DatePart::Month,
        "year" => DatePart::Year,
        _ => return None,
    })
}

fn over_time(name: &str) -> Option<(OverTime, &'static [Type])> {
    const R: &[Type] = &[Type::Range];
    Some(match name {
        "avg_over_time" => (OverTime::Average, R),
        "changes" => (OverTime::Changes, R),
        "count_over_time" => (OverTime::Count, R),
        "delta" => (OverTime::Delta, R),
        "deriv" => (OverTime::Derivative, R),
        "first_over_time" => (OverTime::First, R),
        "idelta" => (OverTime::InstantDelta, R),
        "increase" => (OverTime::Increase, R),
        "irate" => (OverTime::InstantRate, R),
        "last_over_time" => (OverTime::Last, R),
        "max_over_time" => (OverTime::Max, R),
        "min_over_time" => (OverTime::Min, R),
        "predict_linear" => (OverTime::PredictLinear, &[Type::Range, Type::Scalar]),
        "present_over_time" => (OverTime::Present, R),
        "quantile_over_time" => (OverTime::Quantile, &[Type::Scalar, Type::Range]),
        "rate" => (OverTime::Rate, R),
        "resets" => (OverTime::Resets, R),
        "stddev_over_time" => (OverTime::StandardDeviation, R),
        "stdvar_over_time" => (OverTime::Variance, R),
        "sum_over_time" => (OverTime::Sum, R),
        _ => return None,
    })
}

impl Elementwise {
    /// The function of one number (`functions.go: simpleFloatFunc` and its callers).
    pub(super) fn apply(self, x: f64) -> f64 {
        match self {
            Elementwise::Abs => x.abs(),
            Elementwise::Acos => x.acos(),
            Elementwise::Acosh => x.acosh(),
            Elementwise::Asin => x.asin(),
            Elementwise::Asinh => x.asinh(),
            Elementwise::Atan => x.atan(),
            Elementwise::Atanh => x.atanh(),
            Elementwise::Ceil => x.ceil(),
            Elementwise::Cos => x.cos(),
            Elementwise::Cosh => x.cosh(),
            Elementwise::Deg => x * 180.0 / std::f64::consts::PI,
            Elementwise::Exp => x.exp(),
            Elementwise::Floor => x.floor(),
            Elementwise::Ln => ln(x),
            // As Go does it: not exact for powers of ten.
            Elementwise::Log10 => ln(x) * std::f64::consts::LN_10.recip(),
            Elementwise::Log2 => x.log2(),
            Elementwise::Negate => -x,
            Elementwise::Rad => x * std::f64::consts::PI / 180.0,
            Elementwise::Sgn if x < 0.0 => -1.0,
            Elementwise::Sgn if 0.0 < x => 1.0,
            Elementwise::Sgn => x,
            Elementwise::Sin => x.sin(),
            Elementwise::Sinh => x.sinh(),
            Elementwise::Sqrt => x.sqrt(),
            Elementwise::Tan => x.tan(),
            Elementwise::Tanh => x.tanh(),
        }
    }
}

/// The natural logarithm as Go computes it on x86-64 (`math/log_amd64.s`), where subnormal numbers count as if they had
/// the leading one that they lack.
fn ln(x: f64) -> f64 {
    if !(0.0 < x && x < f64::MIN_POSITIVE) {
        return x.ln();
    }
    let fraction = f64::from_bits(x.to_bits() | 0.5_f64.to_bits());
    fraction.ln() - 1022.0 * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_subnormal_numbers_are_those_of_the_reference() {
        assert!((Elementwise::Ln.apply(2e-310) + 709.080_617_402_959_6).abs() < 1e-9);
    }

    #[test]
    fn names_are_case_sensitive() {
        assert!(Signature::find("rate").is_some());
        assert!(Signature::find("Rate").is_none());
    }

    #[test]
    fn the_sign_of_nothing_is_itself() {
        assert!(Elementwise::Sgn.apply(f64::NAN).is_nan());
        assert!(Elementwise::Sgn.apply(-0.0).is_sign_negative());
    }
}
