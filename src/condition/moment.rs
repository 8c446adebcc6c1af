//! Expressions whose value is a time: the start and the end of a range query.
//!
//! Follows `evaluate.go: EvalTime`. Simplifies: the functions of conditions (`asInt`, `asFloat`, `isNil`, `default`) are known here, too.

use super::ast::Node;
use super::{DEFAULT_NOW_NANOS, Datum, EvalError, Time, checker, evaluator, optimizer, parser};
use super::{Shape, Value, datum_of};

/// An expression such as `now() - duration("5m")`, compiled.
#[derive(Clone, Debug)]
pub struct Moment {
    text: Box<str>,
    tree: Result<Node, EvalError>,
}

impl Moment {
    /// Reads an expression. One that is wrong gives the reference's error when it is evaluated.
    #[must_use]
    pub fn compile(text: &str) -> Self {
        let tree = parser::parse(text)
            .map_err(EvalError::from)
            .and_then(|mut root| {
                checker::check(&mut root, &Shape::Nil.nature())?;
                optimizer::optimize(&mut root)?;
                Ok(root)
            });
        Self {
            text: text.into(),
            tree,
        }
    }

    /// The expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The time that it means at `now`, both since 1970 \[ns\].
    ///
    /// # Errors
    ///
    /// If the expression is wrong, fails, or has a value that is no time.
    pub fn at(&self, now: i64) -> Result<i64, EvalError> {
        let root = self.tree.as_ref().map_err(Clone::clone)?;
        let seconds = now.div_euclid(1_000_000_000);
        let nanos = u32::try_from(now.rem_euclid(1_000_000_000)).unwrap_or_default();
        let value = datum_of(Value::Nil.as_ref())
            .and_then(|nil| evaluator::evaluate(root, &nil, Time::utc(seconds, nanos)))
            .map_err(EvalError::from)?;
        match value {
            Datum::Time(time) => Ok(time
                .seconds
                .saturating_mul(1_000_000_000)
                .saturating_add(i64::from(time.nanos))),
            other => Err(EvalError {
                message: format!("expected time.Time, but got {}", other.type_name()),
                span: None,
            }),
        }
    }

    /// What is wrong with it whenever it is asked, if anything is.
    #[must_use]
    pub fn problem(&self) -> Option<EvalError> {
        self.at(DEFAULT_NOW_NANOS).err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_counted_from_now() {
        let now = DEFAULT_NOW_NANOS;
        let at = |text: &str| {
            Moment::compile(text)
                .at(now)
                .map_err(|error| error.to_string())
        };
        assert_eq!(at("now()"), Ok(now));
        assert_eq!(at("now() - duration(\"5m\")"), Ok(now - 300_000_000_000));
        let date =
            "date(\"2023-08-14 00:00:00\", \"2006-01-02 15:04:05\", \"UTC\") - duration(\"1h\")";
        assert_eq!(at(date), Ok(1_691_967_600_000_000_000));
        assert!(at("hello").is_err() && at("now() -- ?").is_err());
        assert_eq!(at("1"), Err("expected time.Time, but got int".to_owned()));
    }
}
