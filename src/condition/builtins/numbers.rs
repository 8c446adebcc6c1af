//! Functions of numbers: rounding, conversion, aggregates, bits.

use super::super::ast::Operator;
use super::super::datum::Datum;
use super::super::fault::Fault;
use super::super::number::{parse_float, parse_int_named, truncate, widen};
use super::super::operators;
use super::super::types::Type;

pub(super) fn call(name: &str, arguments: &[Datum]) -> Result<Datum, Fault> {
    let first = arguments.first().unwrap_or(&Datum::Nil);
    match name {
        "abs" => abs(first),
        "ceil" => rounded(name, first, f64::ceil),
        "floor" => rounded(name, first, f64::floor),
        "round" => rounded(name, first, f64::round),
        "int" => int(first),
        "float" => float(first),
        "max" => extreme(name, Operator::Less, arguments),
        "min" => extreme(name, Operator::Greater, arguments),
        "mean" => {
            let values = numbers(name, arguments)?;
            let sum = sum(arguments);
            #[expect(
                clippy::cast_precision_loss,
                reason = "lists are far shorter than 2^52"
            )]
            let count = values.len() as f64;
            Ok(Datum::Float(if values.is_empty() {
                0.0
            } else {
                sum / count
            }))
        }
        "median" => Ok(Datum::Float(median(numbers(name, arguments)?))),
        _ => bits(name, arguments),
    }
}

fn unusable(name: &str, value: &Datum) -> Fault {
    Fault::new(format!(
        "invalid argument for {name} (type {})",
        value.type_name()
    ))
}

fn abs(value: &Datum) -> Result<Datum, Fault> {
    Ok(match value {
        Datum::Int(value) => Datum::Int(value.wrapping_abs()),
        Datum::Int64(value) => Datum::Int64(value.wrapping_abs()),
        Datum::Uint8(value) => Datum::Uint8(*value),
        // Negative zero is not below zero and stays.
        Datum::Float(value) => Datum::Float(if *value < 0.0 { -value } else { *value }),
        _ => return Err(unusable("abs", value)),
    })
}

fn rounded(name: &str, value: &Datum, round: fn(f64) -> f64) -> Result<Datum, Fault> {
    Ok(Datum::Float(match value {
        Datum::Float(value) => round(*value),
        Datum::Int(value) | Datum::Int64(value) => widen(*value),
        Datum::Uint8(value) => f64::from(*value),
        _ => return Err(unusable(name, value)),
    }))
}

fn int(value: &Datum) -> Result<Datum, Fault> {
    Ok(Datum::Int(match value {
        Datum::Float(value) => truncate(*value),
        Datum::Int(value) | Datum::Int64(value) | Datum::Duration(value) => *value,
        Datum::Uint8(value) | Datum::Month(value) | Datum::Weekday(value) => i64::from(*value),
        Datum::Str(text) => parse_int_named("Atoi", text)
            .map_err(|_| Fault::new(format!("invalid operation: int({text})")))?,
        Datum::Nil => return Err("reflect: call of reflect.Value.Type on zero Value".into()),
        _ => {
            return Err(Fault::new(format!(
                "invalid operation: int({})",
                value.type_name()
            )));
        }
    }))
}

fn float(value: &Datum) -> Result<Datum, Fault> {
    Ok(Datum::Float(match value {
        Datum::Float(value) => *value,
        Datum::Int(value) | Datum::Int64(value) => widen(*value),
        Datum::Uint8(value) => f64::from(*value),
        Datum::Str(text) => parse_float(text)
            .map_err(|_| Fault::new(format!("invalid operation: float({text})")))?,
        _ => {
            return Err(Fault::new(format!(
                "invalid operation: float({})",
                value.type_name()
            )));
        }
    }))
}

fn is_number(value: &Datum) -> bool {
    value.ty().is_some_and(Type::is_number)
}

/// `max` and `min`: what `replaces` everything else, in lists within lists, too. Nil of nothing.
fn extreme(name: &str, replaces: Operator, arguments: &[Datum]) -> Result<Datum, Fault> {
    let mut best: Option<Datum> = None;
    let mut offer = |value: &Datum| -> Result<(), Fault> {
        let better = match &best {
            None => true,
            Some(best) => operators::compare(replaces, best, value)?,
        };
        if better {
            best = Some(value.clone());
        }
        Ok(())
    };
    for argument in arguments {
        match argument {
            Datum::List(list) => {
                for item in &list.items {
                    match item {
                        Datum::List(_) => {
                            let inner = extreme(name, replaces, std::slice::from_ref(item))?;
                            if !inner.is_nil() {
                                offer(&inner)?;
                            }
                        }
                        _ if is_number(item) => offer(item)?,
                        _ => return Err(unusable(name, item)),
                    }
                }
            }
            _ if is_number(argument) || is_named_number(argument) => offer(argument)?,
            // A single argument that was unknown to the checker comes back as it is.
            _ if arguments.len() == 1 => return Ok(argument.clone()),
            _ => return Err(unusable(name, argument)),
        }
    }
    Ok(best.unwrap_or(Datum::Nil))
}

fn is_named_number(value: &Datum) -> bool {
    matches!(
        value,
        Datum::Duration(_) | Datum::Month(_) | Datum::Weekday(_)
    )
}

/// The numbers in the arguments and in lists among them.
fn numbers(name: &str, arguments: &[Datum]) -> Result<Vec<f64>, Fault> {
    let mut values = Vec::new();
    for argument in arguments {
        match argument {
            Datum::List(list) => values.extend(numbers(name, &list.items)?),
            Datum::Float(value) => values.push(*value),
            Datum::Int(value) | Datum::Int64(value) | Datum::Duration(value) => {
                values.push(widen(*value));
            }
            Datum::Uint8(value) | Datum::Month(value) | Datum::Weekday(value) => {
                values.push(f64::from(*value));
            }
            _ => return Err(unusable(name, argument)),
        }
    }
    Ok(values)
}

/// The sum as `mean` takes it. The order of additions decides the last digit: elements of a list
/// are added one by one, lists inside a list as a whole.
fn sum(arguments: &[Datum]) -> f64 {
    let mut total = 0.0;
    for argument in arguments {
        match argument {
            Datum::List(list) => {
                for item in &list.items {
                    total += sum(std::slice::from_ref(item));
                }
            }
            other => {
                total += numbers("", std::slice::from_ref(other))
                    .ok()
                    .and_then(|values| values.first().copied())
                    .unwrap_or_default();
            }
        }
    }
    total
}

#[expect(clippy::manual_midpoint, reason = "it overflows in Go, too")]
fn median(mut values: Vec<f64>) -> f64 {
    // NaN comes first in Go's order.
    values.sort_unstable_by(|a, b| (!a.is_nan()).cmp(&!b.is_nan()).then(a.total_cmp(b)));
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[half],
        _ => (values[half - 1] + values[half]) / 2.0,
    }
}

fn bits(name: &str, arguments: &[Datum]) -> Result<Datum, Fault> {
    let int = |value: &Datum| match value {
        Datum::Int(value) | Datum::Int64(value) => Ok(*value),
        Datum::Uint8(value) => Ok(i64::from(*value)),
        _ => {
            let own = value.type_name();
            Err(Fault::new(format!(
                "cannot use {own} as argument (type int) to call {name}"
            )))
        }
    };
    let operands = arguments.iter().map(int).collect::<Result<Vec<_>, _>>()?;
    let shift = |count: i64| u32::try_from(count).ok().filter(|count| *count < 64);
    Ok(Datum::Int(match (name, operands.as_slice()) {
        ("bitnot", [x]) => !x,
        ("bitand", [x, y]) => x & y,
        ("bitor", [x, y]) => x | y,
        ("bitxor", [x, y]) => x ^ y,
        ("bitnand", [x, y]) => x & !y,
        (_, [_, y]) if *y < 0 => {
            return Err(Fault::new(format!(
                "invalid operation: negative shift count {y} (type int)"
            )));
        }
        ("bitshl", [x, y]) => shift(*y).map_or(0, |count| x << count),
        ("bitshr", [x, y]) => x >> shift(*y).unwrap_or(63),
        ("bitushr", [x, y]) => {
            shift(*y).map_or(0, |count| (x.cast_unsigned() >> count).cast_signed())
        }
        _ => {
            let count = operands.len();
            return Err(Fault::new(format!(
                "invalid number of arguments for {name} (expected 2, got {count})"
            )));
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(values: &[f64]) -> Datum {
        Datum::floats(values).expect("small")
    }

    #[test]
    fn extremes_look_into_lists() {
        let nested = Datum::list(Type::Anys, vec![floats(&[3.0]), Datum::Int(7)]).expect("small");
        assert!(matches!(
            call("max", &[Datum::Int(5), nested]),
            Ok(Datum::Int(7))
        ));
        assert!(matches!(call("min", &[floats(&[])]), Ok(Datum::Nil)));
        assert!(call("max", &[Datum::str("a"), Datum::Int(1)]).is_err());
        assert!(matches!(call("max", &[Datum::str("a")]), Ok(Datum::Str(_))));
    }

    #[test]
    fn nan_sorts_below_everything() {
        assert!((median(vec![1.0, f64::NAN, 3.0]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn shifts_beyond_the_width_leave_nothing() {
        let run = |name, x, y| call(name, &[Datum::Int(x), Datum::Int(y)]);
        assert!(matches!(run("bitshl", 1, 64), Ok(Datum::Int(0))));
        assert!(matches!(run("bitshr", -1, 99), Ok(Datum::Int(-1))));
        assert!(matches!(run("bitushr", -1, 63), Ok(Datum::Int(1))));
        assert!(run("bitshl", 1, -1).is_err());
    }

    #[test]
    fn text_is_read_strictly() {
        assert!(matches!(
            call("int", &[Datum::str("-12")]),
            Ok(Datum::Int(-12))
        ));
        let fault = call("int", &[Datum::str("1.1")]).expect_err("no integer");
        assert_eq!(fault.message, "invalid operation: int(1.1)");
    }
}
