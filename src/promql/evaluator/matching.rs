//! Operators between vectors (`promql/engine.go: VectorBinop`, `VectorAnd`, `VectorOr`, `VectorUnless`).

use std::fmt::Write as _;

use super::{Element, EvalError, Evaluated, Evaluator};
use crate::promql::interner::{Interner, SetId, Symbol};
use crate::promql::labels::write_labels;
use crate::promql::plan::{Cardinality, Grouping, Matching, SetOperation, SetOperator};
use crate::promql::scratch::State;

impl Evaluator<'_> {
    /// An operator between elements that match. What does not match is checked before it is filtered: a second partner
    /// is an error even if the comparison would have removed it.
    pub(super) fn matching(
        &mut self,
        matching: &Matching,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let (mut left, mut right) = (self.state.take(), self.state.take());
        self.vector(&matching.left, at, &mut left)?;
        self.vector(&matching.right, at, &mut right)?;
        self.spend(left.len() + right.len())?;
        if !left.is_empty() && !right.is_empty() {
            let swapped = matches!(matching.cardinality, Cardinality::OneToMany(_));
            let (many, one) = if swapped {
                (&right, &left)
            } else {
                (&left, &right)
            };
            self.index(matching, one)?;
            self.join(matching, many, one, out)?;
        }
        self.state.give(left);
        self.state.give(right);
        self.check_unique(out)
    }

    /// Marks the elements of the "one" side by what they are matched by.
    fn index(&mut self, matching: &Matching, one: &[Element]) -> Evaluated<()> {
        let State {
            interner,
            memos,
            marks,
            ..
        } = &mut *self.state;
        let memo = &mut memos[matching.signature];
        marks.begin();
        for (place, element) in one.iter().enumerate() {
            let signature = memo.get(element.set, interner, |interner, set| {
                interner.retain(set, |name| matching.on.keeps(name))
            });
            if let Some(earlier) = marks.get(signature) {
                let earlier = one[earlier as usize].set;
                return Err(duplicate(
                    matching,
                    [earlier, element.set],
                    signature,
                    interner,
                ));
            }
            marks.put(signature, u32::try_from(place).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    fn join(
        &mut self,
        matching: &Matching,
        many: &[Element],
        one: &[Element],
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let State {
            interner,
            memos,
            pairs,
            marks,
            matched,
            results,
            ..
        } = &mut *self.state;
        matched.begin();
        results.clear();
        for element in many {
            let signature =
                memos[matching.signature].get(element.set, interner, |interner, set| {
                    interner.retain(set, |name| matching.on.keeps(name))
                });
            let Some(partner) = marks.get(signature) else {
                continue;
            };
            let partner = one[partner as usize];
            let set = match &matching.cardinality {
                Cardinality::ManyToOne(included) | Cardinality::OneToMany(included)
                    if !included.is_empty() =>
                {
                    *pairs[matching.pair]
                        .entry((element.set, partner.set))
                        .or_insert_with(|| {
                            include(interner, matching, [element.set, partner.set], included)
                        })
                }
                _ => memos[matching.result].get(element.set, interner, |interner, set| {
                    result(interner, matching, set)
                }),
            };
            let first = if matching.cardinality == Cardinality::OneToOne {
                matched.first(signature)
            } else {
                results.insert((signature, set))
            };
            if !first {
                return Err(second_match(matching));
            }
            let (left, right) = match matching.cardinality {
                Cardinality::OneToMany(_) => (partner.value, element.value),
                _ => (element.value, partner.value),
            };
            let applied = matching.operator.apply(left, right);
            if !matching.operator.is_comparison() || matching.returns_bool {
                out.push(Element {
                    set,
                    value: applied,
                });
            } else if applied != 0.0 {
                out.push(Element { set, value: left });
            }
        }
        Ok(())
    }

    pub(super) fn set(
        &mut self,
        operation: &SetOperation,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let mut right = self.state.take();
        self.vector(&operation.left, at, out)?;
        self.vector(&operation.right, at, &mut right)?;
        self.spend(out.len() + right.len())?;
        let State {
            interner,
            memos,
            marks,
            ..
        } = &mut *self.state;
        let memo = &mut memos[operation.signature];
        let mut signature = |set| {
            memo.get(set, interner, |interner, set| {
                interner.retain(set, |name| operation.on.keeps(name))
            })
        };
        marks.begin();
        if operation.operator == SetOperator::Or {
            for element in &*out {
                marks.put(signature(element.set), 0);
            }
            right.retain(|element| marks.get(signature(element.set)).is_none());
            out.extend_from_slice(&right);
        } else {
            for element in &right {
                marks.put(signature(element.set), 0);
            }
            let wanted = operation.operator == SetOperator::And;
            out.retain(|element| marks.get(signature(element.set)).is_some() == wanted);
        }
        self.state.give(right);
        self.check_unique(out)
    }
}

/// What a result is called that depends on the "many" side alone (`engine.go: resultMetric`).
fn result(interner: &mut Interner, matching: &Matching, set: SetId) -> SetId {
    let drops_name = matching.returns_bool || !matching.operator.is_comparison();
    let set = if drops_name {
        interner.nameless(set)
    } else {
        set
    };
    if matching.cardinality != Cardinality::OneToOne {
        return set;
    }
    match &matching.on {
        Grouping::By(names) => interner.retain(set, |name| names.contains(&name)),
        Grouping::Without(names) => interner.retain(set, |name| !names.contains(&name)),
    }
}

/// The same with labels of the "one" side.
fn include(
    interner: &mut Interner,
    matching: &Matching,
    [many, one]: [SetId; 2],
    included: &[Symbol],
) -> SetId {
    let mut set = result(interner, matching, many);
    for &name in included {
        let value = interner.value(one, name);
        set = interner.with(set, name, value);
    }
    set
}

fn second_match(matching: &Matching) -> EvalError {
    EvalError::failed(if matching.cardinality == Cardinality::OneToOne {
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    } else {
        "multiple matches for labels: grouping labels must ensure unique matches"
    })
}

fn duplicate(
    matching: &Matching,
    both: [SetId; 2],
    signature: SetId,
    interner: &Interner,
) -> EvalError {
    let side = match matching.cardinality {
        Cardinality::OneToMany(_) => "left",
        _ => "right",
    };
    let printed = |set| {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = write_labels(&mut text, interner.pairs(set));
        text
    };
    let mut both = both.map(printed);
    both.sort();
    let [first, second] = both;
    let group = printed(signature);
    let mut message = String::new();
    let _ = write!(
        message,
        "found duplicate series for the match group {group} on the {side} hand-side of the operation: \
         [{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
    );
    EvalError::Failed(message)
}
