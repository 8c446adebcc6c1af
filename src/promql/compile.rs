//! From the syntax tree of the crate `promql-parser` to a plan.
//!
//! Knows every check that Prometheus makes before it evaluates (`promql/parser/parse.go: checkAST`), and a few that it
//! makes while it does but that depend on the query alone. Refuses to know stores. The crate checks types, too, but is
//! more lenient; nothing is taken on trust from it.

mod calls;
mod operators;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use promql_parser::parser::{
    AggregateExpr, AtModifier, Expr, LabelModifier, Offset, SubqueryExpr, VectorSelector,
};

use super::error::QueryError;
use super::functions::{Elementwise, Type};
use super::interner::Symbol;
use super::matcher::Matcher;
use super::place;
use super::plan::{
    Aggregation, AggregationKind, At, Grouping, Plan, Range, Root, Scalar, Selection, Slots,
    Vector, When,
};
use super::scanner::{Scanned, scan};

/// What the error of a query says that does not fit the grammar.
pub(super) const UNREADABLE: &str = "the query is not written in PromQL";

/// Compiles a query.
pub(super) fn compile(query: &str) -> Result<Plan, QueryError> {
    let scanned = scan(query)?;
    read(&scanned, &scanned.text).map_err(|error| {
        if error.position().is_some() {
            return error;
        }
        match place::find(query, &scanned, error.message()) {
            Some(position) => error.at(position),
            None => error,
        }
    })
}

/// Compiles a text of tokens, whose strings and matchers are those of `scanned`.
pub(super) fn read(scanned: &Scanned, text: &str) -> Result<Plan, QueryError> {
    if text.contains('+') {
        // The crate forgets a plus before an operand. A minus can stand wherever a plus can, before operands of the same
        // types, so the query with the one is wrong if it is with the other.
        build(scanned, &text.replace('+', "-"))?;
    }
    build(scanned, text)
}

fn build(scanned: &Scanned, text: &str) -> Result<Plan, QueryError> {
    let expression = promql_parser::parser::parse(text).map_err(|message| unreadable(&message))?;
    let mut compiler = Compiler {
        scanned,
        texts: Vec::new(),
        symbols: HashMap::new(),
        slots: Slots::default(),
    };
    for known in Symbol::KNOWN {
        compiler.symbol(known);
    }
    let root = match compiler.expression(&expression)? {
        Compiled::Scalar(scalar) => Root::Scalar(scalar),
        Compiled::Vector(vector) => Root::Vector(vector),
        other => {
            let kind = other.kind().text();
            let message = format!("a query whose result is a {kind} is not simulated");
            return Err(QueryError::not_simulated(message));
        }
    };
    Ok(Plan {
        root,
        texts: compiler.texts,
        slots: compiler.slots,
    })
}

/// What the parser says, without the numbers that stand for strings and matchers.
fn unreadable(message: &str) -> QueryError {
    const TWICE: &str = "metric name must not be set twice";
    QueryError::invalid(if message.starts_with(TWICE) {
        TWICE.to_owned()
    } else if message == "invalid promql query" {
        UNREADABLE.to_owned()
    } else {
        format!("the query cannot be read: {message}")
    })
}

/// A compiled expression.
enum Compiled {
    Scalar(Scalar),
    Vector(Vector),
    Range(Range),
    Text(String),
}

impl Compiled {
    fn kind(&self) -> Type {
        match self {
            Compiled::Scalar(_) => Type::Scalar,
            Compiled::Vector(_) => Type::Vector,
            Compiled::Range(_) => Type::Range,
            Compiled::Text(_) => Type::Text,
        }
    }
}

struct Compiler<'a> {
    scanned: &'a Scanned,
    texts: Vec<Arc<str>>,
    symbols: HashMap<Arc<str>, Symbol>,
    slots: Slots,
}

/// Prometheus' default for the step of a subquery (`global.evaluation_interval`) \[ms\].
const SUBQUERY_STEP: i64 = 60_000;

impl Compiler<'_> {
    fn symbol(&mut self, text: &str) -> Symbol {
        if let Some(&known) = self.symbols.get(text) {
            return known;
        }
        let symbol = Symbol(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        self.symbols.insert(text, symbol);
        symbol
    }

    fn memo(&mut self) -> usize {
        self.slots.memos += 1;
        self.slots.memos - 1
    }

    /// A string by its number, which is what the scanner has put in its place.
    fn string(&self, index: &str) -> Result<&str, QueryError> {
        index
            .parse::<usize>()
            .ok()
            .and_then(|index| self.scanned.strings.get(index))
            .map(String::as_str)
            .ok_or_else(|| QueryError::invalid("a string stands where none is expected"))
    }

    fn expression(&mut self, expression: &Expr) -> Result<Compiled, QueryError> {
        Ok(match expression {
            Expr::NumberLiteral(number) => Compiled::Scalar(Scalar::Number(number.val)),
            Expr::StringLiteral(index) => Compiled::Text(self.string(&index.val)?.to_owned()),
            Expr::Paren(inner) => self.expression(&inner.expr)?,
            Expr::Unary(inner) => match self.expression(&inner.expr)? {
                Compiled::Scalar(inner) => Compiled::Scalar(Scalar::Negated(Box::new(inner))),
                Compiled::Vector(inner) => {
                    Compiled::Vector(Vector::Elementwise(Elementwise::Negate, Box::new(inner)))
                }
                other => {
                    let kind = other.kind().text();
                    let message = format!(
                        "unary expression only allowed on expressions of type scalar or instant vector, got {kind}"
                    );
                    return Err(QueryError::invalid(message));
                }
            },
            Expr::VectorSelector(selector) => {
                Compiled::Vector(Vector::Select(self.selection(selector)?))
            }
            Expr::MatrixSelector(selector) => Compiled::Range(Range::Select {
                selection: self.selection(&selector.vs)?,
                length: positive(selector.range)?,
            }),
            Expr::Subquery(subquery) => Compiled::Range(self.subquery(subquery)?),
            Expr::Call(call) => self.call(call)?,
            Expr::Aggregate(aggregate) => Compiled::Vector(self.aggregate(aggregate)?),
            Expr::Binary(binary) => self.binary(binary)?,
            Expr::Extension(_) => {
                return Err(QueryError::not_simulated("extensions are not simulated"));
            }
        })
    }

    fn scalar(&mut self, expression: &Expr, context: &str) -> Result<Scalar, QueryError> {
        match self.expression(expression)? {
            Compiled::Scalar(scalar) => Ok(scalar),
            other => Err(wrong_type(Type::Scalar, context, other.kind())),
        }
    }

    fn vector(&mut self, expression: &Expr, context: &str) -> Result<Vector, QueryError> {
        match self.expression(expression)? {
            Compiled::Vector(vector) => Ok(vector),
            other => Err(wrong_type(Type::Vector, context, other.kind())),
        }
    }

    fn selection(&mut self, selector: &VectorSelector) -> Result<Selection, QueryError> {
        if !selector.matchers.or_matchers.is_empty() {
            return Err(QueryError::invalid("unexpected `or` in label matching"));
        }
        let mut matchers = Vec::new();
        for placeholder in &selector.matchers.matchers {
            let written = placeholder
                .value
                .parse::<usize>()
                .ok()
                .and_then(|index| self.scanned.matchers.get(index))
                .ok_or_else(|| QueryError::invalid("a matcher cannot be read"))?;
            let matcher = Matcher::new(&placeholder.name, written.operation, &written.value)
                .map_err(|message| QueryError::invalid(message).at(written.position))?;
            matchers.push(matcher);
        }
        if let Some(name) = &selector.name {
            if matchers.iter().any(Matcher::is_about_the_name) {
                let message = format!("metric name must not be set twice: `{name}`");
                return Err(QueryError::invalid(message));
            }
            let equal = super::matcher::Operation::Equal;
            let matcher = Matcher::new(super::labels::METRIC_NAME, equal, name)
                .map_err(QueryError::invalid)?;
            // In front, as it rules out most series.
            matchers.insert(0, matcher);
        }
        if matchers.iter().all(|matcher| matcher.accepts("")) {
            let message = "vector selector must contain at least one non-empty matcher";
            return Err(QueryError::invalid(message));
        }
        let slot = self.slots.selections;
        self.slots.selections += 1;
        Ok(Selection {
            matchers,
            when: when(selector.offset.as_ref(), selector.at.as_ref())?,
            slot,
        })
    }

    fn subquery(&mut self, subquery: &SubqueryExpr) -> Result<Range, QueryError> {
        let of = match self.expression(&subquery.expr)? {
            Compiled::Vector(vector) => Box::new(vector),
            other => {
                let kind = other.kind().text();
                let message =
                    format!("subquery is only allowed on instant vector, got {kind} instead");
                return Err(QueryError::invalid(message));
            }
        };
        Ok(Range::Subquery {
            of,
            length: positive(subquery.range)?,
            step: subquery.step.map_or(Ok(SUBQUERY_STEP), positive)?,
            when: when(subquery.offset.as_ref(), subquery.at.as_ref())?,
        })
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr) -> Result<Vector, QueryError> {
        let name = aggregate.op.to_string().to_ascii_lowercase();
        if matches!(name.as_str(), "limitk" | "limit_ratio") {
            return Err(QueryError::not_simulated(format!(
                "the aggregation `{name}` is experimental and not simulated"
            )));
        }
        let parameter = aggregate.param.as_deref();
        let mut kind = match (name.as_str(), parameter) {
            ("sum", None) => AggregationKind::Sum,
            ("avg", None) => AggregationKind::Average,
            ("count", None) => AggregationKind::Count,
            ("min", None) => AggregationKind::Min,
            ("max", None) => AggregationKind::Max,
            ("group", None) => AggregationKind::Group,
            ("stddev", None) => AggregationKind::StandardDeviation,
            ("stdvar", None) => AggregationKind::Variance,
            ("quantile" | "topk" | "bottomk", Some(parameter)) => {
                let number = self.scalar(parameter, "aggregation parameter")?;
                match name.as_str() {
                    "quantile" => AggregationKind::Quantile(number),
                    "topk" => AggregationKind::Top(number),
                    _ => AggregationKind::Bottom(number),
                }
            }
            ("count_values", Some(parameter)) => {
                AggregationKind::CountValues(self.label_parameter(parameter)?)
            }
            _ => {
                let message = format!("the aggregation `{name}` is not simulated");
                return Err(QueryError::not_simulated(message));
            }
        };
        let mut grouping = self.grouping(aggregate.modifier.as_ref(), Grouping::By)?;
        if let (AggregationKind::CountValues(label), Grouping::By(names)) =
            (&mut kind, &mut grouping)
        {
            names.push(*label);
        }
        let of = self.vector(&aggregate.expr, "aggregation expression")?;
        Ok(Vector::Aggregate(Box::new(Aggregation {
            kind,
            of,
            grouping,
            memo: self.memo(),
        })))
    }

    fn label_parameter(&mut self, parameter: &Expr) -> Result<Symbol, QueryError> {
        match self.expression(parameter)? {
            Compiled::Text(label) if label.is_empty() => {
                Err(QueryError::invalid("invalid label name `\"\"`"))
            }
            Compiled::Text(label) => Ok(self.symbol(&label)),
            other => Err(wrong_type(
                Type::Text,
                "aggregation parameter",
                other.kind(),
            )),
        }
    }

    /// `by`, `without`, `on`, `ignoring`, or what is meant without any.
    fn grouping(
        &mut self,
        modifier: Option<&LabelModifier>,
        otherwise: impl Fn(Vec<Symbol>) -> Grouping,
    ) -> Result<Grouping, QueryError> {
        Ok(match modifier {
            None => otherwise(Vec::new()),
            Some(LabelModifier::Include(labels)) => Grouping::By(self.names(&labels.labels)?),
            Some(LabelModifier::Exclude(labels)) => Grouping::Without(self.names(&labels.labels)?),
        })
    }

    /// Labels by name; what starts with a digit is the number of a string.
    fn names(&mut self, labels: &[String]) -> Result<Vec<Symbol>, QueryError> {
        let mut symbols = Vec::new();
        for label in labels {
            let name = if label.starts_with(|c: char| c.is_ascii_digit()) {
                self.string(label)?.to_owned()
            } else {
                label.clone()
            };
            if name.is_empty() {
                return Err(QueryError::invalid("invalid label name `\"\"` in grouping"));
            }
            symbols.push(self.symbol(&name));
        }
        Ok(symbols)
    }
}

fn wrong_type(expected: Type, context: &str, got: Type) -> QueryError {
    let (expected, got) = (expected.text(), got.text());
    QueryError::invalid(format!("expected type {expected} in {context}, got {got}"))
}

/// A length of time \[ms\], at least 1.
fn positive(length: Duration) -> Result<i64, QueryError> {
    match millis(length)? {
        0 => Err(QueryError::invalid("duration must be greater than 0")),
        length => Ok(length),
    }
}

/// A length of time \[ms\], rounded.
fn millis(length: Duration) -> Result<i64, QueryError> {
    let rounded = length
        .saturating_add(Duration::from_micros(500))
        .as_millis();
    i64::try_from(rounded).map_err(|_| QueryError::invalid("duration out of range"))
}

/// Ten thousand years \[ms\]: sums of a few such times do not overflow.
const FAR: i64 = 10_000 * 366 * 86_400_000;

fn when(offset: Option<&Offset>, at: Option<&AtModifier>) -> Result<When, QueryError> {
    let offset = match offset {
        None => 0,
        Some(Offset::Pos(length)) => millis(*length)?,
        Some(Offset::Neg(length)) => -millis(*length)?,
    };
    let at = match at {
        None => None,
        Some(AtModifier::Start) => Some(At::Start),
        Some(AtModifier::End) => Some(At::End),
        Some(AtModifier::At(time)) => Some(At::Time(
            match time.duration_since(SystemTime::UNIX_EPOCH) {
                Ok(since) => millis(since)?,
                Err(before) => -millis(before.duration())?,
            },
        )),
    };
    if matches!(at, Some(At::Time(time)) if !(-FAR..FAR).contains(&time)) {
        return Err(QueryError::invalid(
            "timestamp out of bounds for @ modifier",
        ));
    }
    Ok(When { offset, at })
}
