//! Rewriting of a checked tree, as far as it shows.
//!
//! The reference rewrites for speed, but what it rewrites may answer differently: `x && false` no
//! longer evaluates `x`, `sum(["a", "b"])` becomes a concatenation, `filter(..)[0]` changes its
//! message. So all of it is here, in the same order. Follows `optimizer` of expr-lang/expr.

mod fold;
mod rewrite;

use super::ast::{Expr, Node, Operator};
use super::fault::Fault;
use super::types::{Nature, Type};
use crate::regexp::Regexp;

/// Rewrites `root`; the error is one of arithmetic on constants, or a pattern put together of them.
pub(super) fn optimize(root: &mut Node) -> Result<(), Fault> {
    /// More often constants do not fold into each other.
    const FOLDINGS_MAX: u32 = 1000;
    walk(root, &mut rewrite::in_array);
    for _ in 0..=FOLDINGS_MAX {
        let mut folding = fold::Folding::default();
        walk(root, &mut |node| folding.visit(node));
        if let Some(fault) = folding.fault {
            return Err(fault);
        }
        if !folding.applied {
            break;
        }
    }
    let passes: [fn(&mut Node); 11] = [
        rewrite::in_range,
        rewrite::filter_map,
        rewrite::filter_len,
        rewrite::filter_last,
        rewrite::filter_first,
        rewrite::combine_predicates,
        rewrite::sum_range,
        rewrite::sum_array,
        rewrite::sum_map,
        rewrite::count_any,
        rewrite::count_threshold,
    ];
    for mut pass in passes {
        walk(root, &mut pass);
    }
    let mut fault = None;
    walk(root, &mut |node| {
        if let Err(message) = compile_pattern(node) {
            fault.get_or_insert(Fault::new(message).at(node.span));
        }
    });
    fault.map_or(Ok(()), Err)
}

/// Children before parents.
fn walk(node: &mut Node, visit: &mut dyn FnMut(&mut Node)) {
    for child in node.expr.children_mut() {
        walk(child, visit);
    }
    visit(node);
}

/// Puts `expr` in place of a node that keeps its place and its type, but nothing finer.
fn replace(node: &mut Node, expr: Expr) {
    node.nature = Nature::from(node.ty());
    node.expr = expr;
}

/// Puts a constant in place of a node.
fn replace_typed(node: &mut Node, expr: Expr, ty: Type) {
    node.nature = ty.into();
    node.expr = expr;
}

/// Compiles the pattern of `matches` if it is known by now.
fn compile_pattern(node: &mut Node) -> Result<(), String> {
    if let Expr::Binary(binary) = &mut node.expr
        && binary.operator == Operator::Matches
        && let Some(pattern) = binary.right.as_str()
    {
        binary.pattern = Some(Regexp::new(pattern)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{checker, parser};
    use super::*;

    fn optimized(text: &str) -> Node {
        let mut node = parser::parse(text).expect(text);
        checker::check(&mut node, &Type::Floats.into()).expect(text);
        optimize(&mut node).expect(text);
        node
    }

    #[test]
    fn constants_are_folded() {
        assert!(matches!(optimized("1 + 2 * 3").expr, Expr::Int(7)));
        assert!(matches!(
            optimized("'a' + 'b' == 'ab'").expr,
            Expr::Bool(true)
        ));
        assert!(matches!(
            optimized("result[9] > 1 && false").expr,
            Expr::Bool(false)
        ));
        assert!(matches!(optimized("sum(1..100)").expr, Expr::Int(5050)));
        assert!(matches!(
            optimized("reduce(1..4, # + #acc, 10)").expr,
            Expr::Int(20)
        ));
    }

    #[test]
    fn a_division_by_zero_is_found_early() {
        let mut node = parser::parse("true || 1 % 0 == 0").expect("valid");
        checker::check(&mut node, &Type::Floats.into()).expect("valid");
        let fault = optimize(&mut node).expect_err("division by zero");
        assert_eq!(fault.message, "integer divide by zero");
    }

    #[test]
    fn searches_stop_early() {
        assert!(
            optimized("filter(result, # > 1)[0]")
                .as_builtin("find")
                .is_some()
        );
        assert!(
            optimized("last(filter(result, # > 1))")
                .as_builtin("findLast")
                .is_some()
        );
        assert!(
            optimized("count(result, # > 1) > 0")
                .as_builtin("any")
                .is_some()
        );
        assert!(
            optimized("len(filter(result, # > 1))")
                .as_builtin("count")
                .is_some()
        );
    }

    #[test]
    fn predicates_over_one_list_are_combined() {
        let one = optimized("all(result, # > 1) && all(result, # < 5)");
        assert!(one.as_builtin("all").is_some());
        let two = optimized("all(result, # > 1) && all(result[1:], # < 5)");
        assert!(two.as_builtin("all").is_none());
    }
}
