//! Calls of functions.

use std::f64::consts::PI;

use promql_parser::parser::{Call as Written, Expr};

use super::{Compiled, Compiler, QueryError, wrong_type};
use crate::promql::functions::{Count, Function, Signature};
use crate::promql::interner::Symbol;
use crate::promql::matcher::Matcher;
use crate::promql::over_time::OverTime;
use crate::promql::plan::{Call, Fixed, Range, Relabel, Scalar, Selection, Vector};
use crate::regexp::Regexp;

/// The arguments of a call, in order and of the right types.
struct Arguments(std::vec::IntoIter<Compiled>);

impl Arguments {
    fn scalar(&mut self) -> Result<Scalar, QueryError> {
        match self.0.next() {
            Some(Compiled::Scalar(scalar)) => Ok(scalar),
            _ => Err(missing()),
        }
    }

    fn vector(&mut self) -> Result<Box<Vector>, QueryError> {
        match self.0.next() {
            Some(Compiled::Vector(vector)) => Ok(Box::new(vector)),
            _ => Err(missing()),
        }
    }

    fn range(&mut self) -> Result<Range, QueryError> {
        match self.0.next() {
            Some(Compiled::Range(range)) => Ok(range),
            _ => Err(missing()),
        }
    }

    fn text(&mut self) -> Result<String, QueryError> {
        match self.0.next() {
            Some(Compiled::Text(text)) => Ok(text),
            _ => Err(missing()),
        }
    }

    fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }
}

fn missing() -> QueryError {
    QueryError::invalid("an argument is missing")
}

impl Compiler<'_> {
    pub(super) fn call(&mut self, call: &Written) -> Result<Compiled, QueryError> {
        let name = call.func.name;
        let Some(signature) = Signature::find(name) else {
            let message = format!("unknown function with name `{name}`");
            return Err(QueryError::invalid(message));
        };
        let mut arguments = self.arguments(name, signature, &call.args.args)?;
        match signature.function {
            Function::Time => Ok(Compiled::Scalar(Scalar::Time)),
            Function::Pi => Ok(Compiled::Scalar(Scalar::Number(PI))),
            Function::Scalar => Ok(Compiled::Scalar(Scalar::Of(arguments.vector()?))),
            function => self
                .vector_call(function, &mut arguments)
                .map(Compiled::Vector),
        }
    }

    fn arguments(
        &mut self,
        name: &str,
        signature: Signature,
        written: &[Box<Expr>],
    ) -> Result<Arguments, QueryError> {
        let (count, full) = (written.len(), signature.parameters.len());
        let fits = match signature.count {
            Count::Exact => count == full,
            Count::OptionalLast => (full - 1..=full).contains(&count),
            Count::RepeatedLast => full - 1 <= count,
        };
        if !fits {
            let expected = match signature.count {
                Count::Exact => format!("{full}"),
                Count::OptionalLast => format!("{} or {full}", full - 1),
                Count::RepeatedLast => format!("at least {}", full - 1),
            };
            let plural = if signature.count == Count::Exact && full == 1 {
                ""
            } else {
                "s"
            };
            return Err(QueryError::invalid(format!(
                "expected {expected} argument{plural} in call to `{name}`, got {count}"
            )));
        }
        let mut arguments = Vec::with_capacity(count);
        for (index, argument) in written.iter().enumerate() {
            let expected = signature.parameters[index.min(full - 1)];
            let argument = self.expression(argument)?;
            if argument.kind() != expected {
                let context = format!("call to function `{name}`");
                return Err(wrong_type(expected, &context, argument.kind()));
            }
            arguments.push(argument);
        }
        Ok(Arguments(arguments.into_iter()))
    }

    fn vector_call(
        &mut self,
        function: Function,
        arguments: &mut Arguments,
    ) -> Result<Vector, QueryError> {
        Ok(match function {
            Function::Absent => {
                let of = arguments.vector()?;
                let labels = match &*of {
                    Vector::Select(selection) => self.equalities(selection),
                    _ => Fixed::new(),
                };
                Vector::Absent(of, labels)
            }
            Function::AbsentOverTime => {
                let range = arguments.range()?;
                let labels = match &range {
                    Range::Select { selection, .. } => self.equalities(selection),
                    Range::Subquery { .. } => Fixed::new(),
                };
                Vector::AbsentOverTime(range, labels)
            }
            Function::Clamp => Vector::Clamp {
                of: arguments.vector()?,
                least: Some(Box::new(arguments.scalar()?)),
                most: Some(Box::new(arguments.scalar()?)),
            },
            Function::ClampMax => Vector::Clamp {
                of: arguments.vector()?,
                least: None,
                most: Some(Box::new(arguments.scalar()?)),
            },
            Function::ClampMin => Vector::Clamp {
                of: arguments.vector()?,
                least: Some(Box::new(arguments.scalar()?)),
                most: None,
            },
            Function::Date(part) if arguments.is_empty() => Vector::Date(part, None),
            Function::Date(part) => Vector::Date(part, Some(arguments.vector()?)),
            Function::Elementwise(function) => Vector::Elementwise(function, arguments.vector()?),
            Function::HistogramFraction => Vector::HistogramFraction {
                lower: Box::new(arguments.scalar()?),
                upper: Box::new(arguments.scalar()?),
                of: arguments.vector()?,
                memo: self.memo(),
            },
            Function::HistogramQuantile => Vector::HistogramQuantile {
                quantile: Box::new(arguments.scalar()?),
                of: arguments.vector()?,
                memo: self.memo(),
            },
            Function::LabelJoin | Function::LabelReplace => self.relabel(function, arguments)?,
            Function::OverTime(function) => self.over_time(function, arguments)?,
            Function::Round => {
                let of = arguments.vector()?;
                let to = if arguments.is_empty() {
                    Scalar::Number(1.0)
                } else {
                    arguments.scalar()?
                };
                Vector::Round(of, Box::new(to))
            }
            Function::Sort | Function::SortDescending => Vector::Sort {
                of: arguments.vector()?,
                descending: function == Function::SortDescending,
            },
            Function::Timestamp => match *arguments.vector()? {
                Vector::Select(selection) => Vector::SampleTimes(selection),
                other => Vector::Timestamp(Box::new(other)),
            },
            Function::Vector => Vector::Constant(Box::new(arguments.scalar()?)),
            Function::Experimental
            | Function::NativeHistogram
            | Function::Pi
            | Function::Scalar
            | Function::Time => {
                let message = "the function is not simulated";
                return Err(QueryError::not_simulated(message));
            }
        })
    }

    fn over_time(
        &mut self,
        function: OverTime,
        arguments: &mut Arguments,
    ) -> Result<Vector, QueryError> {
        let (range, parameter) = match function {
            OverTime::Quantile => {
                let parameter = arguments.scalar()?;
                (arguments.range()?, Some(parameter))
            }
            OverTime::PredictLinear => (arguments.range()?, Some(arguments.scalar()?)),
            _ => (arguments.range()?, None),
        };
        let owner = self.slots.owners;
        self.slots.owners += 1;
        Ok(Vector::OverTime(Box::new(Call {
            function,
            range,
            parameter,
            owner,
        })))
    }

    fn relabel(
        &mut self,
        function: Function,
        arguments: &mut Arguments,
    ) -> Result<Vector, QueryError> {
        let of = arguments.vector()?;
        let target = arguments.text()?;
        if target.is_empty() {
            let message = "invalid destination label name in label_replace() or label_join()";
            return Err(QueryError::invalid(message));
        }
        let target = self.symbol(&target);
        let relabel = if function == Function::LabelReplace {
            let template = arguments.text()?;
            let source = arguments.text()?;
            let pattern = arguments.text()?;
            let pattern = Regexp::new(&format!("^(?s:{pattern})$")).map_err(|_| {
                let message = "invalid regular expression in label_replace()";
                QueryError::invalid(format!("{message}: `{pattern}`"))
            })?;
            Relabel::Replace {
                target,
                template,
                source: self.symbol(&source),
                pattern,
                memo: self.memo(),
            }
        } else {
            let separator = arguments.text()?;
            let mut sources = Vec::new();
            while !arguments.is_empty() {
                let source = arguments.text()?;
                if source.is_empty() {
                    let message = "invalid source label name in label_join()";
                    return Err(QueryError::invalid(message));
                }
                sources.push(self.symbol(&source));
            }
            Relabel::Join {
                target,
                separator,
                sources,
                memo: self.memo(),
            }
        };
        Ok(Vector::Relabel(of, Box::new(relabel)))
    }

    /// What `absent` says of a series that is not there (`functions.go: createLabelsForAbsentFunction`): the first `=` on
    /// a label sets it, and any later matcher on that label removes it again.
    fn equalities(&mut self, selection: &Selection) -> Fixed {
        let mut labels: Vec<(&str, &str)> = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        let written = selection
            .matchers
            .iter()
            .filter(|matcher| !matcher.is_about_the_name());
        for matcher in written {
            let name = matcher.name();
            labels.retain(|(own, _)| *own != name);
            if Matcher::is_equality(matcher) && !seen.contains(&name) {
                labels.push((name, matcher.value()));
                seen.push(name);
            }
        }
        labels
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (self.symbol(name), self.symbol(value)))
            .collect::<Vec<(Symbol, Symbol)>>()
    }
}
