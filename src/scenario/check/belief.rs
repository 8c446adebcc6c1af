//! What is believed about a release, checked: a number or a law of it.

use super::Checker;
use super::quantity::Range;
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Path};
use crate::law::Law;
use crate::plan::environment::{BEYOND_MAX, Belief, Unit};
use crate::scenario::written;
use crate::time::Delta;

/// A number that is known or expected, and what is believed about it where it is not known.
pub(in crate::scenario) type Believed<T> = (T, Option<Belief>);

/// Nothing is drawn beyond this.
const AMOUNT_MAX: f64 = 1e9;
/// The least that is drawn of what has to be more than 0: a thousandth of a request, or a millisecond.
const LEAST: f64 = 1e-3;
/// The longest time that is drawn \[s\].
const LONGEST: f64 = 1e9;

impl Checker<'_> {
    /// An amount in a range, or a law of it.
    pub(in crate::scenario) fn believed_amount(
        &mut self,
        written: Option<&written::Amount>,
        range: Range,
        path: &Path,
    ) -> Option<Believed<f64>> {
        match written? {
            written::Amount::Number(number) => {
                let number = self.amount(Some(number), range, path)?;
                Some((number, None))
            }
            written::Amount::Fields(fields) => {
                let law = self.law_of_amounts(fields, path)?;
                let belief = self.belief(law, range, 1.0, path)?;
                Some((belief.expected(), Some(belief)))
            }
        }
    }

    /// A length of time above 0, or a law of it.
    pub(super) fn believed_length(
        &mut self,
        written: Option<&written::Law>,
        path: &Path,
    ) -> Option<Believed<Delta>> {
        match written? {
            written::Law::Time(time) => Some((self.positive(Some(time), path)?, None)),
            law @ written::Law::Fields(_) => self.believed_time(law, LEAST, path),
        }
    }

    /// A law of a time.
    pub(super) fn believed_time(
        &mut self,
        written: &written::Law,
        least: f64,
        path: &Path,
    ) -> Option<Believed<Delta>> {
        let law = self.law(Some(written), path)?;
        let belief = self.within(law, Unit::Seconds, (least, LONGEST), path)?;
        Some((Delta::of_seconds(belief.expected()), Some(belief)))
    }

    /// A belief in a law of what is multiplied by at most `times` to lie in a range.
    pub(super) fn belief(
        &mut self,
        law: Law,
        range: Range,
        times: f64,
        path: &Path,
    ) -> Option<Belief> {
        let most = |most: f64| {
            if times <= 0.0 {
                AMOUNT_MAX
            } else {
                most / times
            }
        };
        let (unit, range) = match range {
            Range::Share => (Unit::Share, (0.0, most(1.0))),
            Range::Positive => (Unit::Number, (LEAST, AMOUNT_MAX)),
            Range::Amount | Range::Any => (Unit::Number, (0.0, most(AMOUNT_MAX))),
        };
        self.within(law, unit, range, path)
    }

    fn within(&mut self, law: Law, unit: Unit, range: (f64, f64), path: &Path) -> Option<Belief> {
        let full = path.to_string();
        let name = full.strip_prefix("spec.").unwrap_or(&full);
        let beyond = match Belief::new(name.to_owned(), unit, law, range) {
            Ok(belief) => return Some(belief),
            Err(beyond) => beyond,
        };
        let field = path.name().unwrap_or_default();
        let runs = format!("{:.1} % of the runs", beyond.share * 100.0);
        let (beyond, help) = if beyond.is_above {
            let most = if unit == Unit::Seconds {
                Delta::of_seconds(range.1).to_string()
            } else {
                range.1.to_string()
            };
            let help = match unit {
                Unit::Share => {
                    "choose one that stays within 0 to 1, such as `{law: Beta, mean: 0.01, strength: 200}`"
                }
                _ => "choose one with smaller values",
            };
            (format!("more than {most} in {runs}"), help)
        } else {
            let help = "choose one that stays above 0, such as `LogNormal`";
            (format!("less than {} in {runs}", range.0), help)
        };
        let message = format!("this law makes {} {beyond}", quoted(&field));
        let limit = format!(
            "a law may leave what is possible in {} % of the runs, and is cut off there",
            BEYOND_MAX * 100.0
        );
        let diagnostic = Diagnostic::error("law-out-of-range", message);
        self.report(diagnostic.note(limit).help(help), path);
        None
    }
}
