//! Values that something takes one after the other: `1..5`, `30s..10m`, `0.5%..10%/0.5%`, `1,2,5`.
//!
//! Knows: integers, durations, percentages and other numbers, and how a range of them becomes a few values. Refuses to
//! know what the values are of. Simplifies: values between the ends of a geometric range are rounded so that a person
//! would write them.

use std::fmt;

use crate::duration::{self, HOUR, MILLISECOND, MINUTE, Printed, SECOND};
use crate::time::Delta;

/// The most values of a grid.
pub const VALUES_MAX: usize = 1_000;

/// A value of a grid; the values of one grid are of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// A whole number.
    Integer(i64),
    /// A duration \[ns\], as Go reads it.
    Duration(i64),
    /// A percentage: the number before the sign, finite.
    Percent(f64),
    /// Any other number, finite.
    Number(f64),
}

/// Values without repetition: ranges rise, lists are in the order in which they are written. There is at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    values: Vec<Amount>,
}

impl Amount {
    /// Reads one value: `5`, `90s`, `0.5%`, `0.005`.
    ///
    /// # Errors
    ///
    /// Says in a few words what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let number = |digits: &str| {
            let number = digits.parse::<f64>().ok();
            number.filter(|number| number.is_finite())
        };
        if let Some(digits) = text.strip_suffix('%') {
            let percent = number(digits.trim_end()).map(Self::Percent);
            return percent.ok_or_else(|| format!("`{text}` is no percentage"));
        }
        if let Ok(integer) = text.parse() {
            return Ok(Self::Integer(integer));
        }
        if let Some(number) = number(text) {
            return Ok(Self::Number(number));
        }
        let duration = duration::parse(text).map(Self::Duration);
        duration.map_err(|_| {
            if text.is_empty() {
                "a value is missing".to_owned()
            } else {
                format!("`{text}` is no number, no percentage and no duration such as 90s")
            }
        })
    }

    /// The value as manifests write it: whole and other numbers as numbers, durations and percentages as text.
    #[must_use]
    pub fn to_json(self) -> serde_json::Value {
        match self {
            Self::Integer(integer) => integer.into(),
            Self::Number(number) => number.into(),
            Self::Duration(_) | Self::Percent(_) => self.to_string().into(),
        }
    }

    /// The value as a number: nanoseconds of a duration, hundredths of a percentage.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "who needs all digits of a whole number takes it as one"
    )]
    pub fn size(self) -> f64 {
        match self {
            Self::Integer(whole) | Self::Duration(whole) => whole as f64,
            Self::Percent(percent) => percent / 100.0,
            Self::Number(number) => number,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Integer(_) => Kind::Integer,
            Self::Duration(_) => Kind::Duration,
            Self::Percent(_) => Kind::Percent,
            Self::Number(_) => Kind::Number,
        }
    }

    /// The number that is written, of a duration its nanoseconds.
    fn written(self) -> f64 {
        match self {
            Self::Percent(percent) => percent,
            _ => self.size(),
        }
    }

    /// A value of a kind next to a number. What does not fit into a whole number becomes the nearest one that does.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the conversion saturates, as documented"
    )]
    fn of(kind: Kind, number: f64) -> Self {
        match kind {
            Kind::Integer => Self::Integer(number.round() as i64),
            Kind::Duration => Self::Duration(number.round() as i64),
            Kind::Percent => Self::Percent(number),
            Kind::Number => Self::Number(number),
        }
    }

    /// The value that a person would write instead, not far from it.
    fn handy(self) -> Self {
        match self {
            Self::Integer(_) => self,
            Self::Duration(nanos) => Self::Duration(handy_duration(nanos)),
            Self::Percent(percent) => Self::Percent(rounded(percent, 3)),
            Self::Number(number) => Self::Number(rounded(number, 3)),
        }
    }
}

/// As one writes it: `5`, `1m30s`, `0.5%`, `0.005`.
impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => write!(formatter, "{integer}"),
            Self::Duration(nanos) if nanos % MILLISECOND == 0 => {
                Delta::from_nanos(*nanos).fmt(formatter)
            }
            Self::Duration(nanos) => Printed(*nanos).fmt(formatter),
            Self::Percent(percent) => write!(formatter, "{percent}%"),
            Self::Number(number) => write!(formatter, "{number}"),
        }
    }
}

impl Grid {
    /// Reads a list of values and ranges: `1,2,5`, `1..5`, `30s..10m`, `0.5%..10%`.
    ///
    /// A range of integers takes them one by one, another one `points` values (2 at least) that grow by the same
    /// factor. A step behind it sets that: `10..50/10` and `0%..10%/0.5%` add it, `30s..10m/x2` multiplies by it. Both
    /// ends of a range belong to it; the last one only if the steps lead there. Integers among other numbers are
    /// numbers.
    ///
    /// # Errors
    ///
    /// Says in a few words what is wrong: what is no value, ranges that fall, steps that lead nowhere, several kinds in
    /// one list, more than [`VALUES_MAX`] values.
    pub fn parse(text: &str, points: usize) -> Result<Self, String> {
        let parts: Vec<Part> = text.split(',').map(Part::parse).collect::<Result<_, _>>()?;
        let amounts = parts.iter().flat_map(Part::amounts);
        let mut kind: Option<Kind> = None;
        for amount in amounts {
            kind = Some(match kind {
                None => amount.kind(),
                Some(kind) => kind.with(amount.kind())?,
            });
        }
        let kind = kind.ok_or("a value is missing")?;
        let mut values: Vec<Amount> = Vec::new();
        for part in &parts {
            for value in part.values(kind, points)? {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            if VALUES_MAX < values.len() {
                return Err(too_many());
            }
        }
        Ok(Self { values })
    }

    /// The values, 1 to [`VALUES_MAX`].
    #[must_use]
    pub fn values(&self) -> &[Amount] {
        &self.values
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Duration,
    Percent,
    Number,
}

impl Kind {
    fn with(self, other: Self) -> Result<Self, String> {
        match (self, other) {
            _ if self == other => Ok(self),
            (Self::Integer | Self::Number, Self::Integer | Self::Number) => Ok(Self::Number),
            _ => {
                let (this, that) = (self.name(), other.name());
                Err(format!("{this} and {that} do not go together"))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Integer | Self::Number => "numbers",
            Self::Duration => "durations",
            Self::Percent => "percentages",
        }
    }
}

/// What is between two commas.
enum Part {
    Value(Amount),
    Range {
        from: Amount,
        to: Amount,
        step: Option<Step>,
    },
}

enum Step {
    Plus(Amount),
    Times(f64),
}

impl Part {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((from, rest)) = text.split_once("..") else {
            return Amount::parse(text).map(Self::Value);
        };
        let (to, step) = match rest.split_once('/') {
            Some((to, step)) => (to, Some(Step::parse(step.trim())?)),
            None => (rest, None),
        };
        let (from, to) = (Amount::parse(from)?, Amount::parse(to)?);
        Ok(Self::Range { from, to, step })
    }

    fn amounts(&self) -> Vec<Amount> {
        match self {
            Self::Value(value) => vec![*value],
            Self::Range { from, to, step } => match step {
                Some(Step::Plus(step)) => vec![*from, *to, *step],
                _ => vec![*from, *to],
            },
        }
    }

    fn values(&self, kind: Kind, points: usize) -> Result<Vec<Amount>, String> {
        let (from, to, step) = match self {
            Self::Value(value) => return Ok(vec![value.of_kind(kind)]),
            Self::Range { from, to, step } => (from.of_kind(kind), to.of_kind(kind), step),
        };
        if to.written() < from.written() {
            return Err(format!("{from}..{to} falls"));
        }
        if from == to {
            return Ok(vec![from]);
        }
        match step {
            Some(Step::Plus(step)) => sums(from, to, step.of_kind(kind)),
            Some(Step::Times(factor)) => products(from, to, *factor),
            None if kind == Kind::Integer => sums(from, to, Amount::Integer(1)),
            None => geometric(from, to, points.clamp(2, VALUES_MAX)),
        }
    }
}

impl Step {
    fn parse(text: &str) -> Result<Self, String> {
        match text.strip_prefix(['x', '×']) {
            Some(factor) => {
                let factor = factor.trim_start().parse::<f64>().ok();
                let factor = factor.filter(|factor| 1.0 < *factor && factor.is_finite());
                let why = || format!("the step `{text}` is no factor above 1, such as x1.5");
                factor.map(Self::Times).ok_or_else(why)
            }
            None => Amount::parse(text).map(Self::Plus),
        }
    }
}

impl Amount {
    /// The same value as one of the kind of its list.
    fn of_kind(self, kind: Kind) -> Self {
        match (self, kind) {
            (Self::Integer(_), Kind::Number) => Self::Number(self.size()),
            _ => self,
        }
    }
}

/// From one end on, by the same step each time.
fn sums(from: Amount, to: Amount, step: Amount) -> Result<Vec<Amount>, String> {
    if step.written() <= 0.0 {
        return Err(format!("the step {step} leads nowhere"));
    }
    if let (Amount::Integer(first), Amount::Integer(last), Amount::Integer(step)) = (from, to, step)
    {
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        let values: Vec<Amount> = (first..=last)
            .step_by(step)
            .map(Amount::Integer)
            .take(VALUES_MAX + 1)
            .collect();
        return limited(values);
    }
    let (kind, start, step) = (from.kind(), from.written(), step.written());
    let end = to.written() + step * 1e-9;
    let mut values = Vec::new();
    for index in 0..=u32::try_from(VALUES_MAX).unwrap_or(u32::MAX) {
        let value = start + f64::from(index) * step;
        if end < value {
            break;
        }
        // Sums of decimal fractions are as long as what is added, but for the last binary digits.
        values.push(Amount::of(kind, rounded(value, 12)));
    }
    limited(values)
}

/// From one end on, by the same factor each time.
fn products(from: Amount, to: Amount, factor: f64) -> Result<Vec<Amount>, String> {
    let kind = from.kind();
    let (start, end) = (positive(from, to)?, to.written() * (1.0 + 1e-9));
    let mut values = vec![from];
    let mut value = start * factor;
    while value <= end && values.len() <= VALUES_MAX {
        let handy = Amount::of(kind, value).handy();
        let before = values.last().map_or(start, |value| value.written());
        if before < handy.written() && handy.written() <= end {
            values.push(handy);
        }
        value *= factor;
    }
    limited(values)
}

/// So many values from one end to the other, or fewer where there are not so many between them.
fn geometric(from: Amount, to: Amount, points: usize) -> Result<Vec<Amount>, String> {
    let (kind, start) = (from.kind(), positive(from, to)?);
    let last = u32::try_from(points - 1).unwrap_or(u32::MAX);
    let ratio = to.written() / start;
    let mut values = vec![from];
    for index in 1..last {
        let exact = start * ratio.powf(f64::from(index) / f64::from(last));
        let handy = Amount::of(kind, exact).handy();
        let before = values.last().map_or(start, |value| value.written());
        if before < handy.written() && handy.written() < to.written() {
            values.push(handy);
        }
    }
    values.push(to);
    Ok(values)
}

/// The start of a range that grows by a factor.
fn positive(from: Amount, to: Amount) -> Result<f64, String> {
    let start = from.written();
    let ratio = to.written() / start;
    if 0.0 < start && ratio.is_finite() {
        Ok(start)
    } else {
        Err(format!(
            "{from}..{to} cannot grow by a factor: begin above 0, or add a step, as in 0%..10%/1%"
        ))
    }
}

fn limited(values: Vec<Amount>) -> Result<Vec<Amount>, String> {
    if VALUES_MAX < values.len() {
        return Err(too_many());
    }
    Ok(values)
}

fn too_many() -> String {
    format!("there are more than {VALUES_MAX} values: give a larger step, as in 10..5000/10")
}

/// A number with so many significant digits.
fn rounded(number: f64, digits: usize) -> f64 {
    let text = format!("{number:.*e}", digits.saturating_sub(1));
    text.parse().unwrap_or(number)
}

/// The nearest multiple of a round time that is not above a twentieth of the duration, and 1 ns at least.
fn handy_duration(nanos: i64) -> i64 {
    const ROUND: [i64; 15] = [
        24 * HOUR,
        6 * HOUR,
        HOUR,
        30 * MINUTE,
        15 * MINUTE,
        5 * MINUTE,
        MINUTE,
        30 * SECOND,
        15 * SECOND,
        5 * SECOND,
        SECOND,
        100 * MILLISECOND,
        10 * MILLISECOND,
        MILLISECOND,
        MILLISECOND / 1_000,
    ];
    let fine = |unit: &&i64| **unit <= nanos / 20;
    let unit = ROUND.iter().find(fine).copied().unwrap_or(1);
    let up = nanos.saturating_add(unit / 2);
    up - up % unit
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        let grid = Grid::parse(text, 6)?;
        let values: Vec<String> = grid.values().iter().map(Amount::to_string).collect();
        Ok(values.join(" "))
    }

    #[test]
    fn ranges_and_lists_are_read() {
        for (text, values) in [
            ("5", "5"),
            ("1..5", "1 2 3 4 5"),
            ("-1..1", "-1 0 1"),
            ("10..50/20", "10 30 50"),
            ("10..55/20", "10 30 50"),
            ("1..20/x2", "1 2 4 8 16"),
            ("1,2, 5,2", "1 2 5"),
            ("1..3,10", "1 2 3 10"),
            ("1,0.5", "1 0.5"),
            ("30s..10m", "30s 55s 1m39s 3m 5m30s 10m"),
            ("1m..2m/30s", "1m 1m30s 2m"),
            ("30s..5m/x2", "30s 1m 2m 4m"),
            ("0.5%..10%", "0.5% 0.91% 1.66% 3.02% 5.49% 10%"),
            ("0%..0.5%/0.1%", "0% 0.1% 0.2% 0.3% 0.4% 0.5%"),
            ("0.01..0.1", "0.01 0.0158 0.0251 0.0398 0.0631 0.1"),
            ("5%..5%", "5%"),
            ("1ns..3ns", "1ns 2ns 3ns"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(values), "{text}");
        }
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        for (text, why) in [
            ("", "a value is missing"),
            ("1..", "a value is missing"),
            ("..", "a value is missing"),
            ("1,,2", "a value is missing"),
            ("5..1", "5..1 falls"),
            ("1s,5%", "durations and percentages do not go together"),
            ("1s..5", "durations and numbers do not go together"),
            ("1..5/0", "the step 0 leads nowhere"),
            (
                "1..5/x1",
                "the step `x1` is no factor above 1, such as x1.5",
            ),
            ("x%", "`x%` is no percentage"),
            (
                "soon",
                "`soon` is no number, no percentage and no duration such as 90s",
            ),
            (
                "inf",
                "`inf` is no number, no percentage and no duration such as 90s",
            ),
            (
                "0%..5%",
                "0%..5% cannot grow by a factor: begin above 0, or add a step, as in 0%..10%/1%",
            ),
            (
                "1..2000",
                "there are more than 1000 values: give a larger step, as in 10..5000/10",
            ),
            (
                "-9223372036854775808..9223372036854775807",
                "there are more than 1000 values: give a larger step, as in 10..5000/10",
            ),
        ] {
            assert_eq!(shown(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn values_are_written_as_manifests_take_them() {
        let json = |text| Amount::parse(text).map(Amount::to_json);
        assert_eq!(json("5"), Ok(serde_json::json!(5)));
        assert_eq!(json("0.5"), Ok(serde_json::json!(0.5)));
        assert_eq!(json("90s"), Ok(serde_json::json!("1m30s")));
        assert_eq!(json("5 %"), Ok(serde_json::json!("5%")));
    }

    /// Ends of ranges of every kind, by chance.
    fn range(random: &mut Pcg64Mcg) -> (Amount, Amount) {
        let sizes = [
            random.random_range(-6.0..6.0),
            random.random_range(-6.0..6.0),
        ];
        let kind = [Kind::Integer, Kind::Duration, Kind::Percent, Kind::Number];
        let kind = kind[random.random_range(0..4)];
        let unit = if kind == Kind::Duration { 1e9 } else { 1.0 };
        let end = |size: f64| Amount::of(kind, rounded(10_f64.powf(size) * unit, 4));
        let (a, b) = (end(sizes[0]), end(sizes[1]));
        if a.written() <= b.written() {
            (a, b)
        } else {
            (b, a)
        }
    }

    #[test]
    fn ranges_rise_within_their_ends_and_are_read_again() {
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let mut done = 0;
        for _ in 0..3_000 {
            let (from, to) = range(&mut random);
            let points = random.random_range(0..40);
            let step = match random.random_range(0..3) {
                0 => String::new(),
                1 => format!("/x{}", random.random_range(1.001..5.0)),
                _ => format!("/{from}"),
            };
            let text = format!("{from}..{to}{step}");
            let Ok(grid) = Grid::parse(&text, points) else {
                continue;
            };
            done += 1;
            let values = grid.values();
            assert!((1..=VALUES_MAX).contains(&values.len()), "{text}");
            assert!(values[0].written() <= from.written(), "{text}");
            assert!(from.written() <= values[0].written(), "{text}");
            for pair in values.windows(2) {
                assert!(pair[0].written() < pair[1].written(), "{text}: {pair:?}");
            }
            let last = values[values.len() - 1];
            let end = to.written() * (1.0 + 1e-8);
            assert!(last.written() <= end, "{text}: {last}");
            if step.is_empty() {
                assert!(to.written() <= last.written(), "{text}");
            }
            let texts: Vec<String> = values.iter().map(Amount::to_string).collect();
            let again = Grid::parse(&texts.join(","), points).expect(&text);
            assert_eq!(texts.len(), again.values().len(), "{text}");
            for (value, read) in values.iter().zip(again.values()) {
                assert!((value.size() - read.size()).abs() <= value.size().abs() * 1e-15);
            }
        }
        assert!(1_000 < done, "{done}");
    }

    #[test]
    fn no_text_makes_it_panic_or_hang() {
        let mut random = Pcg64Mcg::seed_from_u64(2);
        let pieces = [
            "1", "0", "9", "..", ".", "/", "x", "%", "s", "m", "-", ",", "e9", "e308", " ", "×",
        ];
        for _ in 0..20_000 {
            let text: String = (0..random.random_range(0..9))
                .map(|_| pieces[random.random_range(0..pieces.len())])
                .collect();
            if let Ok(grid) = Grid::parse(&text, 5) {
                assert!((1..=VALUES_MAX).contains(&grid.values().len()), "{text}");
                assert!(grid.values().iter().all(|value| value.size().is_finite()));
            }
        }
    }
}
