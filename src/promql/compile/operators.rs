//! Binary operators.

use promql_parser::parser::{BinModifier, BinaryExpr, VectorMatchCardinality};

use super::{Compiled, Compiler, QueryError};
use crate::promql::interner::Symbol;
use crate::promql::plan::{
    Cardinality, Grouping, Matching, Operator, Scalar, SetOperation, SetOperator, Vector,
    WithScalar,
};

enum Binary {
    Number(Operator),
    Set(SetOperator),
}

impl Compiler<'_> {
    pub(super) fn binary(&mut self, binary: &BinaryExpr) -> Result<Compiled, QueryError> {
        let name = binary.op.to_string().to_ascii_lowercase();
        let Some(operator) = operator(&name) else {
            let message = format!("the operator `{name}` is not simulated");
            return Err(QueryError::not_simulated(message));
        };
        let left = self.expression(&binary.lhs)?;
        let right = self.expression(&binary.rhs)?;
        let plain = BinModifier::default();
        let modifier = binary.modifier.as_ref().unwrap_or(&plain);
        let fill = &modifier.fill_values;
        if fill.lhs.is_some() || fill.rhs.is_some() {
            let message = "the modifier `fill` is experimental and not simulated";
            return Err(QueryError::not_simulated(message));
        }
        let operator = match operator {
            Binary::Set(operator) => return self.set(operator, left, right, modifier),
            Binary::Number(operator) => operator,
        };
        if modifier.return_bool && !operator.is_comparison() {
            let message = "bool modifier can only be used on comparison operators";
            return Err(QueryError::invalid(message));
        }
        let between_vectors = matches!((&left, &right), (Compiled::Vector(_), Compiled::Vector(_)));
        let matched = modifier.matching.as_ref();
        if !between_vectors && matched.is_some_and(|on| !on.labels().is_empty()) {
            let message = "vector matching only allowed between instant vectors";
            return Err(QueryError::invalid(message));
        }
        let with_scalar = |vector, scalar, scalar_first| {
            Compiled::Vector(Vector::WithScalar(Box::new(WithScalar {
                operator,
                vector,
                scalar,
                scalar_first,
                returns_bool: modifier.return_bool,
            })))
        };
        Ok(match (left, right) {
            (Compiled::Scalar(left), Compiled::Scalar(right)) => {
                if operator.is_comparison() && !modifier.return_bool {
                    let message = "comparisons between scalars must use BOOL modifier";
                    return Err(QueryError::invalid(message));
                }
                let (left, right) = (Box::new(left), Box::new(right));
                Compiled::Scalar(Scalar::Binary(operator, left, right))
            }
            (Compiled::Vector(vector), Compiled::Scalar(scalar)) => {
                with_scalar(vector, scalar, false)
            }
            (Compiled::Scalar(scalar), Compiled::Vector(vector)) => {
                with_scalar(vector, scalar, true)
            }
            (Compiled::Vector(left), Compiled::Vector(right)) => {
                Compiled::Vector(self.matching(operator, left, right, modifier)?)
            }
            _ => {
                let message = "binary expression must contain only scalar and instant vector types";
                return Err(QueryError::invalid(message));
            }
        })
    }

    fn matching(
        &mut self,
        operator: Operator,
        left: Vector,
        right: Vector,
        modifier: &BinModifier,
    ) -> Result<Vector, QueryError> {
        let on = self.grouping(modifier.matching.as_ref(), Grouping::Without)?;
        let cardinality = match &modifier.card {
            VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {
                Cardinality::OneToOne
            }
            VectorMatchCardinality::ManyToOne(labels) => {
                Cardinality::ManyToOne(self.included(&labels.labels, &on)?)
            }
            VectorMatchCardinality::OneToMany(labels) => {
                Cardinality::OneToMany(self.included(&labels.labels, &on)?)
            }
        };
        let pair = self.slots.pairs;
        self.slots.pairs += 1;
        Ok(Vector::Match(Box::new(Matching {
            operator,
            left,
            right,
            on,
            cardinality,
            returns_bool: modifier.return_bool,
            signature: self.memo(),
            result: self.memo(),
            pair,
        })))
    }

    /// The labels of `group_left` or `group_right`.
    fn included(&mut self, labels: &[String], on: &Grouping) -> Result<Vec<Symbol>, QueryError> {
        let included = self.names(labels)?;
        if let Grouping::By(matched) = on
            && let Some(both) = included.iter().find(|label| matched.contains(label))
        {
            let label = &self.texts[both.0 as usize];
            let message = format!("label `{label}` must not occur in ON and GROUP clause at once");
            return Err(QueryError::invalid(message));
        }
        Ok(included)
    }

    fn set(
        &mut self,
        operator: SetOperator,
        left: Compiled,
        right: Compiled,
        modifier: &BinModifier,
    ) -> Result<Compiled, QueryError> {
        if modifier.return_bool {
            let message = "bool modifier can only be used on comparison operators";
            return Err(QueryError::invalid(message));
        }
        let grouped = matches!(
            modifier.card,
            VectorMatchCardinality::ManyToOne(_) | VectorMatchCardinality::OneToMany(_)
        );
        if grouped {
            let message = "no grouping allowed for set operations";
            return Err(QueryError::invalid(message));
        }
        let (Compiled::Vector(left), Compiled::Vector(right)) = (left, right) else {
            let message = "set operators are only allowed between instant vectors";
            return Err(QueryError::invalid(message));
        };
        let on = self.grouping(modifier.matching.as_ref(), Grouping::Without)?;
        Ok(Compiled::Vector(Vector::Set(Box::new(SetOperation {
            operator,
            left,
            right,
            on,
            signature: self.memo(),
        }))))
    }
}

fn operator(name: &str) -> Option<Binary> {
    Some(match name {
        "+" => Binary::Number(Operator::Add),
        "-" => Binary::Number(Operator::Subtract),
        "*" => Binary::Number(Operator::Multiply),
        "/" => Binary::Number(Operator::Divide),
        "%" => Binary::Number(Operator::Modulo),
        "^" => Binary::Number(Operator::Power),
        "atan2" => Binary::Number(Operator::Atan2),
        "==" => Binary::Number(Operator::Equal),
        "!=" => Binary::Number(Operator::NotEqual),
        ">" => Binary::Number(Operator::Greater),
        "<" => Binary::Number(Operator::Less),
        ">=" => Binary::Number(Operator::GreaterOrEqual),
        "<=" => Binary::Number(Operator::LessOrEqual),
        "and" => Binary::Set(SetOperator::And),
        "or" => Binary::Set(SetOperator::Or),
        "unless" => Binary::Set(SetOperator::Unless),
        _ => return None,
    })
}
