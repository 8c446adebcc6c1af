//! Numbers and curves, checked.

use super::Checker;
use super::belief::Believed;
use crate::curve::{Curve, Spike, series};
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Path};
use crate::plan::environment::{Belief, Changing, Since};
use crate::scenario::written::{self, Number, Time};
use crate::time::Delta;

/// Which numbers make sense for a quantity.
#[derive(Clone, Copy)]
pub(in crate::scenario) enum Range {
    /// 0 to 1.
    Share,
    /// 0 or more.
    Amount,
    /// More than 0.
    Positive,
    /// Any number.
    Any,
}

impl Range {
    fn holds(self, number: f64) -> bool {
        match self {
            Self::Share => (0.0..=1.0).contains(&number),
            Self::Amount => 0.0 <= number && number.is_finite(),
            Self::Positive => 0.0 < number && number.is_finite(),
            Self::Any => number.is_finite(),
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Share => "write a share from 0 to 1: 3 % are `0.03`",
            Self::Amount => "write a number that is 0 or more",
            Self::Positive => "write a number above 0",
            Self::Any => "write a number",
        }
    }
}

/// One minute: the interval of a series that does not say its own.
const SERIES_INTERVAL: Delta = Delta::from_secs(60);

impl Checker<'_> {
    /// A number in a range; `None` when it is not written or wrong.
    pub(in crate::scenario) fn amount(
        &mut self,
        number: Option<&Number>,
        range: Range,
        path: &Path,
    ) -> Option<f64> {
        let number = self.number(number?, path)?;
        self.in_range(number, range, path)
    }

    pub(super) fn in_range(&mut self, number: f64, range: Range, path: &Path) -> Option<f64> {
        if range.holds(number) {
            return Some(number);
        }
        let name = path.name().unwrap_or_default();
        let message = format!("{} cannot be {number}", quoted(&name));
        let diagnostic = Diagnostic::error("out-of-range", message).help(range.help());
        self.report(diagnostic, path);
        None
    }

    /// A length of time above 0.
    pub(in crate::scenario) fn positive(
        &mut self,
        time: Option<&Time>,
        path: &Path,
    ) -> Option<Delta> {
        let length = self.delta(time, path)?;
        if length == Delta::ZERO {
            let name = path.name().unwrap_or_default();
            let message = format!("{} cannot be 0", quoted(&name));
            let diagnostic = Diagnostic::error("out-of-range", message);
            self.report(
                diagnostic.help("write a time above 0, or leave it out"),
                path,
            );
            return None;
        }
        Some(length)
    }

    /// A length of time, 0 or more.
    pub(super) fn delta(&mut self, time: Option<&Time>, path: &Path) -> Option<Delta> {
        self.length(time, path).map(Delta::from_nanos)
    }

    /// A curve that is known, whose values lie in a range, and from where its time counts.
    pub(super) fn curve(
        &mut self,
        written: Option<&written::Curve>,
        range: Range,
        since: Since,
        path: &Path,
    ) -> Option<Changing> {
        let (curve, belief) = self.believed_curve(written, range, since, path)?;
        if belief.is_some() {
            let name = path.name().unwrap_or_default();
            let message = format!("{} cannot follow a law", quoted(&name));
            let diagnostic = Diagnostic::error("law-not-here", message);
            self.report(diagnostic.help("write a number or a curve"), path);
            return None;
        }
        Some(curve)
    }

    /// A curve whose values lie in a range, and from where its time counts; of a law, what is expected.
    pub(super) fn believed_curve(
        &mut self,
        written: Option<&written::Curve>,
        range: Range,
        since: Since,
        path: &Path,
    ) -> Option<Believed<Changing>> {
        let mut factor = None;
        let (curve, since) = match written? {
            written::Curve::Number(number) => {
                (Curve::constant(self.in_range(*number, range, path)?), since)
            }
            written::Curve::Text(text) => {
                let samples = self.series(text, path)?;
                (Curve::steps(&samples, SERIES_INTERVAL), since)
            }
            written::Curve::Fields(fields) => {
                let since = self.since(fields, since, path)?;
                let curve = self.curve_fields(fields, path)?;
                let spikes = self.spikes(fields, path);
                factor = Some(fields);
                (curve.with_spikes(spikes), since)
            }
        };
        let (curve, belief) = match factor {
            Some(fields) => self.multiplied(fields, curve, range, path)?,
            None => (curve, None),
        };
        // A law says itself how far it reaches.
        let (low, high) = if belief.is_some() {
            (0.0, 0.0)
        } else {
            curve.range()
        };
        let outside = [low, high].into_iter().find(|value| !range.holds(*value));
        if let Some(value) = outside {
            let name = path.name().unwrap_or_default();
            let message = format!("{} becomes {value}", quoted(&name));
            self.report(
                Diagnostic::error("out-of-range", message).help(range.help()),
                path,
            );
            return None;
        }
        Some((Changing { curve, since }, belief))
    }

    /// A curve times what is written, or times what is expected of what is drawn.
    fn multiplied(
        &mut self,
        fields: &written::CurveFields,
        curve: Curve,
        range: Range,
        path: &Path,
    ) -> Option<(Curve, Option<Belief>)> {
        let times_path = path.clone().key("times");
        let (law, law_path) = match (&fields.law, &fields.times) {
            (Some(_), times) => {
                self.belongs("times", times.is_some(), "points", false, path);
                (fields.law_fields(), path)
            }
            (None, None) => return Some((curve, None)),
            (None, Some(written::Amount::Number(times))) => {
                let times = self.amount(Some(times), Range::Amount, &times_path)?;
                return Some((curve.multiple(times), None));
            }
            (None, Some(written::Amount::Fields(law))) => ((**law).clone(), &times_path),
        };
        let (low, high) = curve.range();
        if low < 0.0 {
            self.in_range(low, Range::Amount, path)?;
        }
        let law = self.law_of_amounts(&law, law_path)?;
        let belief = self.belief(law, range, high, law_path)?;
        let expected = curve.multiple(belief.expected());
        Some((expected, Some(belief.of_curve(curve))))
    }

    fn since(
        &mut self,
        fields: &written::CurveFields,
        default: Since,
        path: &Path,
    ) -> Option<Since> {
        const WORDS: [(&str, Since); 3] = [
            ("start", Since::Start),
            ("release", Since::Release),
            ("pod", Since::Pod),
        ];
        let Some(word) = &fields.since else {
            return Some(default);
        };
        let path = path.clone().key("since");
        let since = self.word("origin of time", word, &WORDS, &path)?;
        if default == Since::Start && since != Since::Start {
            let message = "the traffic belongs to no version".to_owned();
            let diagnostic = Diagnostic::error("unneeded-argument", message);
            self.report_key(diagnostic.help("remove `since`"), &path);
        }
        Some(since)
    }

    fn curve_fields(&mut self, fields: &written::CurveFields, path: &Path) -> Option<Curve> {
        let ways = [
            ("value", fields.value.is_some()),
            ("series", fields.series.is_some()),
            ("points", fields.points.is_some()),
            ("daily", fields.daily.is_some()),
            ("csv", fields.csv.is_some()),
            ("law", fields.law.is_some()),
        ];
        if !self.exactly_one(path, &ways) || !self.has_no_stray_parameters(fields, path) {
            return None;
        }
        self.belongs(
            "interval",
            fields.interval.is_some(),
            "series",
            fields.series.is_some(),
            path,
        );
        self.belongs(
            "column",
            fields.column.is_some(),
            "csv",
            fields.csv.is_some(),
            path,
        );
        if let Some(number) = &fields.value {
            let value = self.number(number, &path.clone().key("value"))?;
            return Some(Curve::constant(value));
        }
        if let Some(text) = &fields.series {
            let interval = self.positive(fields.interval.as_ref(), &path.clone().key("interval"));
            let samples = self.series(text, &path.clone().key("series"))?;
            return Some(Curve::steps(&samples, interval.unwrap_or(SERIES_INTERVAL)));
        }
        if let Some(points) = &fields.points {
            return self.points(points, &path.clone().key("points"));
        }
        if let Some(daily) = &fields.daily {
            return self.daily(daily, &path.clone().key("daily"));
        }
        if fields.law.is_some() {
            return Some(Curve::constant(1.0));
        }
        let name = fields.csv.as_deref()?;
        let column = fields.column.as_deref().unwrap_or("value");
        self.table(name, column, path)
    }

    /// Reports parameters of a law without a law.
    fn has_no_stray_parameters(&mut self, fields: &written::CurveFields, path: &Path) -> bool {
        if fields.law.is_some() {
            return true;
        }
        let strays = fields.law_fields().parameters();
        for field in &strays {
            self.belongs(field, true, "law", false, path);
        }
        strays.is_empty()
    }

    /// Reports a field that makes sense beside another one only.
    fn belongs(&mut self, field: &str, written: bool, to: &str, there: bool, path: &Path) {
        if written && !there {
            let message = format!("{} makes sense with {} only", quoted(field), quoted(to));
            let diagnostic = Diagnostic::error("unneeded-argument", message).help("remove it");
            self.report_key(diagnostic, &path.clone().key(field));
        }
    }

    fn series(&mut self, text: &str, path: &Path) -> Option<Vec<f64>> {
        let error = match series::parse(text) {
            Ok(samples) => return Some(samples),
            Err(error) => error,
        };
        let help =
            "write samples such as `0.01x10 0.2+0.1x5`: 0.01 eleven times, then 0.2, 0.3 ... 0.7";
        let diagnostic = Diagnostic::error("bad-series", error.message).help(help);
        self.report_within(diagnostic, path, error.at);
        None
    }

    fn points(&mut self, points: &[written::Point], path: &Path) -> Option<Curve> {
        let mut read: Vec<(Delta, f64)> = Vec::new();
        for (index, point) in points.iter().enumerate() {
            let path = path.clone().index(index);
            let (at_path, value_path) = (path.clone().key("at"), path.clone().key("value"));
            if point.at.is_none() {
                self.missing(&at_path, "say when: `at: 5m`");
            }
            if point.value.is_none() {
                self.missing(&value_path, "say how much: `value: 100`");
            }
            let at = self.delta(point.at.as_ref(), &at_path)?;
            let value = self.amount(point.value.as_ref(), Range::Any, &value_path)?;
            if read.last().is_some_and(|(before, _)| at <= *before) {
                let message = "the points are not in order".to_owned();
                let help = "sort them by `at`; each time must be later than the one before";
                self.report(
                    Diagnostic::error("out-of-order", message).help(help),
                    &at_path,
                );
                return None;
            }
            read.push((at, value));
        }
        if read.is_empty() {
            let diagnostic = Diagnostic::error("empty-list", "a curve needs at least one point");
            self.report(diagnostic.help("add a point: `{at: 0s, value: 100}`"), path);
            return None;
        }
        Some(Curve::points(&read))
    }

    fn daily(&mut self, daily: &written::Daily, path: &Path) -> Option<Curve> {
        for (name, value) in [("low", &daily.low), ("high", &daily.high)] {
            if value.is_none() {
                self.missing(&path.clone().key(name), "a wave needs `low` and `high`");
            }
        }
        let low = self.amount(daily.low.as_ref(), Range::Any, &path.clone().key("low"))?;
        let high = self.amount(daily.high.as_ref(), Range::Any, &path.clone().key("high"))?;
        let high_at = self.delta(daily.high_at.as_ref(), &path.clone().key("highAt"));
        if high < low {
            let diagnostic = Diagnostic::error("out-of-range", "`high` is below `low`");
            self.report(diagnostic.help("exchange them"), &path.clone().key("high"));
            return None;
        }
        Some(Curve::daily(low, high, high_at.unwrap_or_default()))
    }

    fn spikes(&mut self, fields: &written::CurveFields, path: &Path) -> Vec<Spike> {
        let path = path.clone().key("spikes");
        let spikes = fields.spikes.iter().flatten().enumerate();
        spikes
            .filter_map(|(index, spike)| self.spike(spike, &path.clone().index(index)))
            .collect()
    }

    fn spike(&mut self, spike: &written::Spike, path: &Path) -> Option<Spike> {
        let (at_path, for_path, times_path) = (
            path.clone().key("at"),
            path.clone().key("for"),
            path.clone().key("times"),
        );
        if spike.at.is_none() {
            self.missing(&at_path, "say when it begins: `at: 5m`");
        }
        if spike.r#for.is_none() {
            self.missing(&for_path, "say how long it lasts: `for: 2m`");
        }
        if spike.times.is_none() {
            self.missing(&times_path, "say how many times the value: `times: 5`");
        }
        let from = self.delta(spike.at.as_ref(), &at_path)?;
        let length = self.positive(spike.r#for.as_ref(), &for_path)?;
        let times = self.amount(spike.times.as_ref(), Range::Amount, &times_path)?;
        let to = from + length;
        Some(Spike { from, to, times })
    }

    /// A curve from a file with the columns `time` and `column`.
    fn table(&mut self, name: &str, column: &str, path: &Path) -> Option<Curve> {
        let csv_path = path.clone().key("csv");
        let problem = |message: String| Diagnostic::error("bad-csv", message);
        let text = match self.files.text(name) {
            Ok(text) => text,
            Err(reason) => {
                let message = format!("cannot read {}: {reason}", quoted(name));
                let help = "the name is relative to the file of the scenario";
                self.report(
                    Diagnostic::error("missing-file", message).help(help),
                    &csv_path,
                );
                return None;
            }
        };
        match super::table::read(&text, column) {
            Ok(points) => Some(Curve::points(&points)),
            Err(error) => {
                let message = format!("{}, {}", quoted(name), error.message);
                self.report(problem(message).help(error.help), &csv_path);
                None
            }
        }
    }
}
