//! Expectations, checked: their shape. Whether the release has what they name is checked in [`crate::expectation`].

use regex::Regex;

use super::Checker;
use super::quantity::Range;
use crate::diagnostic::wording::{listed, quoted};
use crate::diagnostic::{Diagnostic, Path};
use crate::scenario::claim::{Bounds, Claim, Claimed, Counted, Measure, Pattern, PodsCounted};
use crate::scenario::written::{self, Expect, Number, Spec, Time};
use crate::time::SimTime;
use crate::verdict::Verdict;

const VERDICTS: [(&str, Verdict); 10] = [
    ("Promoted", Verdict::Promoted),
    ("RolledBack", Verdict::RolledBack),
    ("RollbackFailed", Verdict::RollbackFailed),
    ("Paused", Verdict::Paused),
    ("Stuck", Verdict::Stuck),
    ("Invalid", Verdict::Invalid),
    ("Undecided", Verdict::Undecided),
    ("Successful", Verdict::Successful),
    ("Failed", Verdict::Failed),
    ("Inconclusive", Verdict::Inconclusive),
];

/// The verdicts by name.
pub(in crate::scenario) fn verdicts() -> Vec<&'static str> {
    VERDICTS.iter().map(|(name, _)| *name).collect()
}

impl Checker<'_> {
    /// The claims in the order of the documentation; `None` when nothing is said of expectations.
    pub(super) fn expect(&mut self, spec: &Spec) -> Option<Vec<Claim>> {
        let written = spec.expect.as_ref()?;
        let path = Path::from("spec.expect");
        let problems = self.diagnostics.len();
        let mut claims = Claims {
            checker: self,
            path,
            found: Vec::new(),
        };
        claims.outcome(written);
        claims.measures(written);
        claims.measurements(written);
        claims.weights(written);
        claims.pods(written);
        claims.endpoints(written);
        let found = claims.found;
        if found.is_empty() && self.diagnostics.len() == problems {
            let problem = Diagnostic::warning("nothing-expected", "nothing is expected");
            let help = "say what the run must come to, such as `verdict: Promoted`";
            self.report(problem.help(help), &Path::from("spec.expect"));
        }
        (!found.is_empty()).then_some(found)
    }
}

/// Collects claims.
struct Claims<'c, 'a> {
    checker: &'c mut Checker<'a>,
    /// `spec.expect`.
    path: Path,
    found: Vec<Claim>,
}

impl Claims<'_, '_> {
    fn field(&self, name: &str) -> Path {
        self.path.clone().key(name)
    }

    fn add(&mut self, path: Path, what: Claimed) {
        self.found.push(Claim { path, what });
    }

    fn outcome(&mut self, written: &Expect) {
        if let Some(word) = &written.verdict {
            let path = self.field("verdict");
            let verdict = self.checker.word("verdict", word, &VERDICTS, &path);
            if let Some(verdict) = verdict {
                self.add(path, Claimed::Verdict(verdict));
            }
        }
        let path = self.field("step");
        if let Some(bounds) = self.bounds(written.step.as_ref(), Range::Amount, &path) {
            self.add(path, Claimed::Step(bounds));
        }
        let earliest = self.field("notBefore");
        let latest = self.field("notAfter");
        let not_before = self.checker.moment(written.not_before.as_ref(), &earliest);
        // A limit beyond the end of the simulation is met by every verdict.
        let not_after = self.checker.length(written.not_after.as_ref(), &latest);
        if let (Some(not_before), Some(not_after)) = (not_before, not_after)
            && not_after < not_before
        {
            let problem = Diagnostic::error("out-of-order", "`notAfter` comes before `notBefore`");
            self.checker
                .report(problem.help("exchange the two"), &latest);
            return;
        }
        if let Some(at) = not_before {
            self.add(earliest, Claimed::NotBefore(SimTime::from_nanos(at)));
        }
        if let Some(at) = not_after {
            self.add(latest, Claimed::NotAfter(SimTime::from_nanos(at)));
        }
        if let Some(pattern) = &written.reason {
            self.reason(pattern);
        }
    }

    fn reason(&mut self, pattern: &str) {
        let path = self.field("reason");
        match Regex::new(pattern) {
            Ok(regex) => self.add(path, Claimed::Reason(Pattern(regex))),
            Err(error) => {
                // The last line says why, those before show where.
                let error = error.to_string();
                let why = error.lines().last().unwrap_or_default();
                let why = why.trim_start_matches("error: ");
                let message = format!("{} is no regular expression: {why}", quoted(pattern));
                let help =
                    "write `\\(` for a bracket that is meant as such, likewise `\\.`, `\\[`, `\\*`";
                let problem = Diagnostic::error("bad-regex", message).help(help);
                self.checker.report(problem, &path);
            }
        }
    }

    fn measures(&mut self, written: &Expect) {
        let amounts = [
            (Measure::Requests, &written.requests),
            (Measure::FailedRequests, &written.failed_requests),
            (Measure::UnservedRequests, &written.unserved_requests),
            (Measure::Harm, &written.harm),
            (Measure::UsersExposed, &written.users_exposed),
            (Measure::PeakPods, &written.peak_pods),
            (Measure::PodHours, &written.pod_hours),
            (Measure::ExcessPodHours, &written.excess_pod_hours),
            (Measure::ExcessCost, &written.excess_cost),
        ];
        for (measure, bounds) in amounts {
            let path = self.field(measure.name());
            // A new version may fail less than the old one.
            let range = match measure {
                Measure::Harm => Range::Any,
                _ => Range::Amount,
            };
            if let Some(bounds) = self.bounds(bounds.as_ref(), range, &path) {
                self.add(path, Claimed::Measure(measure, bounds));
            }
        }
        let times = [
            (Measure::Exposure, &written.exposure),
            (Measure::ShortOfCapacity, &written.short_of_capacity),
            (Measure::InstantRollback, &written.instant_rollback),
        ];
        for (measure, bounds) in times {
            let path = self.field(measure.name());
            if let Some(bounds) = self.time_bounds(bounds.as_ref(), &path) {
                self.add(path, Claimed::Measure(measure, bounds));
            }
        }
    }

    fn measurements(&mut self, written: &Expect) {
        for (metric, numbers) in written.measurements.iter().flatten() {
            let path = self.field("measurements").key(metric);
            let fields = [
                ("count", Counted::All, &numbers.count),
                ("successful", Counted::Successful, &numbers.successful),
                ("failed", Counted::Failed, &numbers.failed),
                ("inconclusive", Counted::Inconclusive, &numbers.inconclusive),
                ("error", Counted::Error, &numbers.error),
            ];
            if fields.iter().all(|(_, _, bounds)| bounds.is_none()) {
                self.needs_one_of(&path, &fields.map(|(name, _, _)| name));
            }
            for (name, counted, bounds) in fields {
                let path = path.clone().key(name);
                if let Some(bounds) = self.bounds(bounds.as_ref(), Range::Amount, &path) {
                    let metric = metric.clone();
                    self.add(
                        path,
                        Claimed::Measurements {
                            metric,
                            counted,
                            bounds,
                        },
                    );
                }
            }
        }
    }

    fn weights(&mut self, written: &Expect) {
        for (index, weight) in written.weights.iter().flatten().enumerate() {
            let path = self.field("weights").index(index);
            let at = self.at(weight.at.as_ref(), &path);
            let weight_path = path.key("weight");
            if weight.weight.is_none() {
                self.checker
                    .missing(&weight_path, "say which weight: `weight: 20`");
            }
            let bounds = self.bounds(weight.weight.as_ref(), Range::Amount, &weight_path);
            if let (Some(at), Some(bounds)) = (at, bounds) {
                self.add(weight_path, Claimed::Weight { at, bounds });
            }
        }
    }

    fn pods(&mut self, written: &Expect) {
        for (index, pods) in written.pods.iter().flatten().enumerate() {
            let path = self.field("pods").index(index);
            let at = self.at(pods.at.as_ref(), &path);
            if pods.image.is_none() {
                let help = "say the tag of the version: `image: v2`";
                self.checker.missing(&path.clone().key("image"), help);
            }
            let fields = [
                ("available", PodsCounted::Available, &pods.available),
                ("desired", PodsCounted::Desired, &pods.desired),
            ];
            if fields.iter().all(|(_, _, bounds)| bounds.is_none()) {
                self.needs_one_of(&path, &fields.map(|(name, _, _)| name));
            }
            for (name, counted, bounds) in fields {
                let path = path.clone().key(name);
                let bounds = self.bounds(bounds.as_ref(), Range::Amount, &path);
                if let (Some(at), Some(tag), Some(bounds)) = (at, pods.image.clone(), bounds) {
                    self.add(
                        path,
                        Claimed::Pods {
                            at,
                            tag,
                            counted,
                            bounds,
                        },
                    );
                }
            }
        }
    }

    fn endpoints(&mut self, written: &Expect) {
        let Some(names) = &written.endpoints else {
            return;
        };
        let path = self.field("endpoints");
        match names {
            written::Names::One(name) if name == "always" => {
                self.add(path, Claimed::Endpoints(None));
            }
            written::Names::One(name) => self.add(path, Claimed::Endpoints(Some(name.clone()))),
            written::Names::Many(names) => {
                for (index, name) in names.iter().enumerate() {
                    let path = path.clone().index(index);
                    self.add(path, Claimed::Endpoints(Some(name.clone())));
                }
            }
        }
    }

    /// The time of an item, which has to be written.
    fn at(&mut self, at: Option<&Time>, item: &Path) -> Option<SimTime> {
        let path = item.clone().key("at");
        if at.is_none() {
            self.checker.missing(&path, "say when: `at: 3m`");
        }
        self.checker.moment(at, &path).map(SimTime::from_nanos)
    }

    fn needs_one_of(&mut self, path: &Path, fields: &[&str]) {
        let name = path.name().unwrap_or_default();
        let message = format!("{} needs {}", quoted(&name), listed(fields, "or"));
        let problem = Diagnostic::error("one-of", message).help("add at least one of them");
        self.checker.report(problem, path);
    }

    fn bounds(
        &mut self,
        written: Option<&written::Bounds>,
        range: Range,
        path: &Path,
    ) -> Option<Bounds> {
        let fields = match written? {
            written::Bounds::Exactly(number) => {
                let number = self.checker.amount(Some(number), range, path)?;
                return Some(exactly(number, false));
            }
            written::Bounds::Fields(fields) => fields,
        };
        let mut bound = |name: &str, number: &Option<Number>| match number {
            None => Some(None),
            Some(number) => {
                let path = path.clone().key(name);
                self.checker.amount(Some(number), range, &path).map(Some)
            }
        };
        let least = bound("atLeast", &fields.at_least);
        let most = bound("atMost", &fields.at_most);
        self.between(least?, most?, false, path)
    }

    fn time_bounds(
        &mut self,
        written: Option<&written::TimeBounds>,
        path: &Path,
    ) -> Option<Bounds> {
        let fields = match written? {
            written::TimeBounds::Exactly(time) => {
                let length = self.checker.delta(Some(time), path)?;
                return Some(exactly(length.seconds(), true));
            }
            written::TimeBounds::Fields(fields) => fields,
        };
        let mut bound = |name: &str, time: &Option<Time>| match time {
            None => Some(None),
            Some(time) => {
                let length = self.checker.delta(Some(time), &path.clone().key(name));
                length.map(|length| Some(length.seconds()))
            }
        };
        let least = bound("atLeast", &fields.at_least);
        let most = bound("atMost", &fields.at_most);
        self.between(least?, most?, true, path)
    }

    fn between(
        &mut self,
        least: Option<f64>,
        most: Option<f64>,
        is_time: bool,
        path: &Path,
    ) -> Option<Bounds> {
        if least.is_none() && most.is_none() {
            self.needs_one_of(path, &["atLeast", "atMost"]);
            return None;
        }
        if let (Some(least), Some(most)) = (least, most)
            && most < least
        {
            let message = "`atMost` is below `atLeast`: nothing lies between";
            let problem = Diagnostic::error("out-of-order", message).help("exchange the two");
            self.checker.report(problem, &path.clone().key("atMost"));
            return None;
        }
        Some(Bounds {
            least: least.unwrap_or(f64::NEG_INFINITY),
            most: most.unwrap_or(f64::INFINITY),
            is_time,
        })
    }
}

fn exactly(amount: f64, is_time: bool) -> Bounds {
    Bounds {
        least: amount,
        most: amount,
        is_time,
    }
}
