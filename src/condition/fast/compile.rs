//! A checked and optimized tree to a fast program, if it is one of those.

use super::super::ast::{Binary, Builtin, Expr, Node, Operator, Unary};
use super::super::number::{power, widen};
use super::super::types::Type;
use super::{Comparison, Float, Integer, Part, Source, Test};

/// The program for `root`, for a `result` that is a list of floats or one float.
pub(in super::super) fn compile(root: &Node, vector: bool) -> Option<Test> {
    Compiler {
        vector,
        in_predicate: false,
    }
    .test(root)
}

/// An expression with its dynamic type.
enum Typed {
    Test(Test),
    Float(Float),
    Integer(Integer),
}

impl Typed {
    fn into_float(self) -> Option<Float> {
        match self {
            Self::Test(_) => None,
            Self::Float(value) => Some(value),
            Self::Integer(Integer::Constant(value)) => Some(Float::Constant(widen(value))),
            Self::Integer(value) => Some(Float::Integer(Box::new(value))),
        }
    }
}

#[derive(Clone, Copy)]
struct Compiler {
    /// The result is a list.
    vector: bool,
    /// `#` is an element of it.
    in_predicate: bool,
}

impl Compiler {
    fn test(self, node: &Node) -> Option<Test> {
        match self.typed(node)? {
            Typed::Test(test) => Some(test),
            _ => None,
        }
    }

    fn float(self, node: &Node) -> Option<Float> {
        match self.typed(node)? {
            Typed::Float(value) => Some(value),
            _ => None,
        }
    }

    fn integer(self, node: &Node) -> Option<Integer> {
        match self.typed(node)? {
            Typed::Integer(value) => Some(value),
            _ => None,
        }
    }

    fn typed(self, node: &Node) -> Option<Typed> {
        let float = |source| Some(Typed::Float(Float::Source(source)));
        match &node.expr {
            Expr::Bool(value) => Some(Typed::Test(Test::Constant(*value))),
            Expr::Int(value) => Some(Typed::Integer(Integer::Constant(*value))),
            Expr::Float(value) => Some(Typed::Float(Float::Constant(*value))),
            Expr::Name(_) if self.is_scalar_result(node) => float(Source::Result),
            Expr::Pointer(name) if name.is_empty() && self.in_predicate => float(Source::Item),
            Expr::Predicate(body) => self.typed(body),
            Expr::Unary(operator, _, operand) => self.unary(*operator, operand),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Member(member) if self.part(&member.base)?.is_whole() => {
                match self.integer(&member.property)? {
                    Integer::Constant(index) => float(Source::Element(index.try_into().ok()?)),
                    index => Some(Typed::Float(Float::Element(Box::new(index)))),
                }
            }
            // The link of an optional chain is never missing here.
            Expr::Chain(inner) => self.typed(inner),
            Expr::Conditional(parts) => self.conditional(parts),
            Expr::Call(callee, arguments) => self.call(callee, arguments),
            Expr::Builtin(builtin) => self.builtin(builtin),
            _ => None,
        }
    }

    fn is_scalar_result(self, node: &Node) -> bool {
        !self.vector && node.is_name("result")
    }

    /// The list of the result, or a slice of it by constants.
    fn part(self, node: &Node) -> Option<Part> {
        let whole = Part {
            from: None,
            to: None,
        };
        match &node.expr {
            Expr::Name(_) if self.vector && node.is_name("result") => Some(whole),
            Expr::Call(callee, arguments) if is_harmless_default(callee, arguments) => {
                self.vector.then_some(whole)
            }
            Expr::Slice(slice) if self.part(&slice.base)?.is_whole() => {
                let bound = |node: &Option<Node>| match node {
                    None => Some(None),
                    Some(node) => node.as_int().map(Some),
                };
                Some(Part {
                    from: bound(&slice.from)?,
                    to: bound(&slice.to)?,
                })
            }
            _ => None,
        }
    }

    fn unary(self, operator: Unary, operand: &Node) -> Option<Typed> {
        Some(match (operator, self.typed(operand)?) {
            (Unary::Not, Typed::Test(test)) => Typed::Test(Test::Not(Box::new(test))),
            (Unary::Plus, value) => value,
            (Unary::Minus, Typed::Float(value)) => Typed::Float(Float::Negate(Box::new(value))),
            (Unary::Minus, Typed::Integer(value)) => {
                Typed::Integer(Integer::Negate(Box::new(value)))
            }
            _ => return None,
        })
    }

    fn binary(self, binary: &Binary) -> Option<Typed> {
        let (left, right) = (&binary.left, &binary.right);
        if let Some(comparison) = comparison(binary.operator) {
            return self.comparison(comparison, left, right).map(Typed::Test);
        }
        match binary.operator {
            Operator::And | Operator::Or => {
                let both = Box::new((self.test(left)?, self.test(right)?));
                let and = binary.operator == Operator::And;
                Some(Typed::Test(if and {
                    Test::And(both)
                } else {
                    Test::Or(both)
                }))
            }
            // Nothing here is nil.
            Operator::Coalesce => self.typed(left),
            operator => self.arithmetic(operator, left, right),
        }
    }

    fn comparison(self, comparison: Comparison, left: &Node, right: &Node) -> Option<Test> {
        if let Some(test) = self
            .nil_comparison(comparison, left, right)
            .or_else(|| self.nil_comparison(comparison, right, left))
        {
            return Some(test);
        }
        let known_integers = left.ty() == Type::Int && right.ty() == Type::Int;
        Some(match (self.typed(left)?, self.typed(right)?) {
            (Typed::Integer(left), Typed::Integer(right)) => {
                Test::Integers(comparison, Box::new((left, right)))
            }
            (Typed::Test(left), Typed::Test(right)) => {
                if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
                    return None;
                }
                Test::Tests(comparison, Box::new((left, right)))
            }
            // Where the checker expects integers, anything else is an error.
            _ if known_integers => return None,
            (left, right) => match (left.into_float()?, right.into_float()?) {
                (Float::Source(source), Float::Constant(limit)) => {
                    Test::Limit(source, comparison, limit)
                }
                both => Test::Floats(comparison, Box::new(both)),
            },
        })
    }

    /// `value == nil` and `value != nil`, where `value` never is nil.
    fn nil_comparison(self, comparison: Comparison, value: &Node, nil: &Node) -> Option<Test> {
        let answer = match comparison {
            Comparison::Equal => false,
            Comparison::NotEqual => true,
            _ => return None,
        };
        if !matches!(nil.expr, Expr::Nil) {
            return None;
        }
        if self.part(value).is_some() {
            return Some(Test::Constant(answer));
        }
        self.typed(value)?
            .into_float()
            .map(|value| Test::After(Box::new(value), answer))
    }

    fn arithmetic(self, operator: Operator, left: &Node, right: &Node) -> Option<Typed> {
        let (left, right) = match (self.typed(left)?, self.typed(right)?) {
            (Typed::Integer(left), Typed::Integer(right)) => {
                let both = Box::new((left, right));
                let operation = match operator {
                    Operator::Add => i64::wrapping_add,
                    Operator::Subtract => i64::wrapping_sub,
                    Operator::Multiply => i64::wrapping_mul,
                    Operator::Modulo => return Some(Typed::Integer(Integer::Remainder(both))),
                    _ => {
                        let (left, right) = *both;
                        let left = Typed::Integer(left).into_float()?;
                        let right = Typed::Integer(right).into_float()?;
                        return float_operation(operator, left, right);
                    }
                };
                return Some(Typed::Integer(Integer::Combine(operation, both)));
            }
            (left, right) => (left.into_float()?, right.into_float()?),
        };
        float_operation(operator, left, right)
    }

    fn conditional(self, parts: &[Node; 3]) -> Option<Typed> {
        let [condition, then, otherwise] = parts;
        let condition = self.test(condition)?;
        Some(match (self.typed(then)?, self.typed(otherwise)?) {
            (Typed::Test(a), Typed::Test(b)) => Typed::Test(Test::If(Box::new((condition, a, b)))),
            (Typed::Float(a), Typed::Float(b)) => {
                Typed::Float(Float::If(Box::new((condition, a, b))))
            }
            (Typed::Integer(a), Typed::Integer(b)) => {
                Typed::Integer(Integer::If(Box::new((condition, a, b))))
            }
            _ => return None,
        })
    }

    /// A call of a function Argo Rollouts supplies.
    fn call(self, callee: &Node, arguments: &[Node]) -> Option<Typed> {
        let Expr::Name(name) = &callee.expr else {
            return None;
        };
        if is_harmless_default(callee, arguments) && !self.vector {
            return Some(Typed::Float(Float::Source(Source::Result)));
        }
        let [argument] = arguments else { return None };
        match &**name {
            "isNaN" => Some(Typed::Test(Test::IsNan(Box::new(self.float(argument)?)))),
            "isInf" => Some(Typed::Test(Test::IsInf(Box::new(self.float(argument)?)))),
            "isNil" if is_harmless(argument) => Some(Typed::Test(Test::Constant(false))),
            "asFloat" => self.typed(argument)?.into_float().map(Typed::Float),
            "asInt" => self.truncated(argument),
            _ => None,
        }
    }

    fn truncated(self, argument: &Node) -> Option<Typed> {
        Some(Typed::Integer(match self.typed(argument)? {
            Typed::Float(value) => Integer::Truncate(Box::new(value)),
            Typed::Integer(value) => value,
            Typed::Test(_) => return None,
        }))
    }

    fn builtin(self, builtin: &Builtin) -> Option<Typed> {
        let [argument, predicate @ ..] = builtin.arguments.as_slice() else {
            return None;
        };
        if let [predicate] = predicate {
            let part = self.part(argument)?;
            let inner = Self {
                in_predicate: true,
                ..self
            };
            let test = || inner.test(predicate).map(Box::new);
            return Some(match builtin.name {
                "all" => Typed::Test(Test::All(part, test()?)),
                "any" => Typed::Test(Test::Any(part, test()?)),
                "none" => Typed::Test(Test::Not(Box::new(Test::Any(part, test()?)))),
                "one" => Typed::Test(Test::One(part, test()?)),
                "count" => Typed::Integer(Integer::Count(part, test()?)),
                "sum" => Typed::Float(Float::Sum(part, Some(Box::new(inner.float(predicate)?)))),
                _ => return None,
            });
        }
        if !predicate.is_empty() {
            return None;
        }
        let part = || self.part(argument);
        let apply = |function| {
            Some(Typed::Float(Float::Apply(
                function,
                Box::new(self.typed(argument)?.into_float()?),
            )))
        };
        match builtin.name {
            "len" => Some(Typed::Integer(Integer::Length(part()?))),
            "max" => Some(Typed::Float(Float::Max(part()?))),
            "min" => Some(Typed::Float(Float::Min(part()?))),
            "mean" => Some(Typed::Float(Float::Mean(part()?))),
            "sum" => Some(Typed::Float(Float::Sum(part()?, None))),
            "first" | "last" if part()?.is_whole() => {
                let index = if builtin.name == "first" { 0 } else { -1 };
                Some(Typed::Float(Float::Source(Source::Element(index))))
            }
            "ceil" => apply(f64::ceil),
            "floor" => apply(f64::floor),
            "round" => apply(f64::round),
            "abs" => match self.typed(argument)? {
                Typed::Integer(value) => Some(Typed::Integer(Integer::Abs(Box::new(value)))),
                // Negative zero is not below zero and stays.
                _ => apply(|value| if value < 0.0 { -value } else { value }),
            },
            "float" => self.typed(argument)?.into_float().map(Typed::Float),
            "int" => self.truncated(argument),
            _ => None,
        }
    }
}

impl Part {
    fn is_whole(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

/// `default(result, 0)`: the result, for it is not nil, if evaluating the arguments cannot fail.
fn is_harmless_default(callee: &Node, arguments: &[Node]) -> bool {
    callee.is_name("default") && arguments.len() == 2 && arguments.iter().all(is_harmless)
}

fn is_harmless(node: &Node) -> bool {
    match &node.expr {
        Expr::Nil
        | Expr::Bool(_)
        | Expr::Int(_)
        | Expr::Float(_)
        | Expr::Str(_)
        | Expr::Constant(_) => true,
        Expr::Array(nodes) => nodes.is_empty(),
        _ => node.is_name("result"),
    }
}

fn comparison(operator: Operator) -> Option<Comparison> {
    Some(match operator {
        Operator::Equal => Comparison::Equal,
        Operator::NotEqual => Comparison::NotEqual,
        Operator::Less => Comparison::Less,
        Operator::Greater => Comparison::Greater,
        Operator::LessEqual => Comparison::LessEqual,
        Operator::GreaterEqual => Comparison::GreaterEqual,
        _ => return None,
    })
}

fn float_operation(operator: Operator, left: Float, right: Float) -> Option<Typed> {
    let operation: fn(f64, f64) -> f64 = match operator {
        Operator::Add => |a, b| a + b,
        Operator::Subtract => |a, b| a - b,
        Operator::Multiply => |a, b| a * b,
        Operator::Divide => |a, b| a / b,
        Operator::Power => power,
        _ => return None,
    };
    Some(Typed::Float(Float::Combine(
        operation,
        Box::new((left, right)),
    )))
}
