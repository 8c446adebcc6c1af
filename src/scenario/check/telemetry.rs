//! What Prometheus scrapes, checked.

use super::{Checker, Range};
use crate::diagnostic::wording::{closest, listed, quoted};
use crate::diagnostic::{Diagnostic, Path};
use crate::plan::environment::{Given, GivenValue, Profile, Scraping, Since};
use crate::scenario::written::{GivenSeries, Number, Spec, Telemetry};
use crate::series;
use crate::time::Delta;

/// Prometheus itself can scrape faster; nobody does.
const SHORTEST_INTERVAL: Delta = Delta::from_secs(1);

/// The profiles by name.
pub(in crate::scenario) fn profiles() -> Vec<&'static str> {
    Profile::ALL.iter().map(|(name, _)| *name).collect()
}

impl Checker<'_> {
    /// What Prometheus scrapes; what is wrong is as if it were not written.
    pub(super) fn scraping(&mut self, spec: &Spec) -> Scraping {
        let mut scraping = Scraping::default();
        let Some(written) = &spec.telemetry else {
            return scraping;
        };
        let field = |name: &str| Path::from("spec.telemetry").key(name);
        let interval = self.delta(written.scrape_interval.as_ref(), &field("scrapeInterval"));
        if let Some(interval) = interval {
            if interval < SHORTEST_INTERVAL {
                let problem = Diagnostic::error("out-of-range", "targets are scraped too often");
                let problem = problem.help("write 1s or more");
                self.report(problem, &field("scrapeInterval"));
            } else {
                scraping.interval = interval;
            }
        }
        scraping.offset = self.delta(written.offset.as_ref(), &field("offset"));
        let jitter = self.delta(written.jitter.as_ref(), &field("jitter"));
        if jitter.is_some_and(|jitter| scraping.interval <= jitter) {
            let message = "scrapes that are so late overtake each other";
            let help = "write less than the scrape interval";
            let problem = Diagnostic::error("out-of-range", message).help(help);
            self.report(problem, &field("jitter"));
        } else {
            scraping.jitter = jitter.unwrap_or_default();
        }
        scraping.profiles = self.profiles(written, &field("profiles"));
        for (name, value) in written.labels.iter().flatten() {
            if self.is_name(name, &field("labels")) {
                scraping.labels.insert(name.clone(), value.clone());
            }
        }
        self.names(written, &mut scraping, &field("names"));
        if let Some(buckets) = &written.buckets {
            self.buckets(buckets, &mut scraping, &field("buckets"));
        }
        let few = self.amount(
            written.few_requests.as_ref(),
            Range::Amount,
            &field("fewRequests"),
        );
        scraping.few = few.unwrap_or(scraping.few);
        for (index, given) in written.series.iter().flatten().enumerate() {
            let given = self.given_series(given, &field("series").index(index));
            scraping.given.extend(given);
        }
        scraping
    }

    fn profiles(&mut self, written: &Telemetry, path: &Path) -> Option<Vec<Profile>> {
        let names = written.profiles.as_ref()?;
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let known = Profile::ALL.iter().find(|(known, _)| known == name);
            match known {
                Some((_, profile)) => found.push(*profile),
                None => self.unknown(name, &profiles(), "profile", &path.clone().index(index)),
            }
        }
        Some(found)
    }

    fn names(&mut self, written: &Telemetry, scraping: &mut Scraping, path: &Path) {
        let known: Vec<&str> = series::families().collect();
        for (name, new) in written.names.iter().flatten() {
            let path = path.clone().key(name.clone());
            if !known.contains(&name.as_str()) {
                self.unknown(name, &known, "metric", &path);
            } else if self.is_name(new, &path) {
                scraping.names.insert(name.clone(), new.clone());
            }
        }
    }

    fn buckets(&mut self, written: &[Number], scraping: &mut Scraping, path: &Path) {
        let numbers = written.iter().enumerate();
        let limits: Vec<f64> = numbers
            .filter_map(|(index, number)| self.number(number, &path.clone().index(index)))
            .filter(|limit| limit.is_finite())
            .collect();
        let is_sound = limits.first().is_some_and(|first| 0.0 < *first)
            && limits.is_sorted_by(|one, next| one < next);
        if is_sound {
            scraping.buckets = limits;
        } else {
            let message = "the limits of buckets have to be positive and rising";
            let help = "write them such as `[0.05, 0.1, 0.5]`; `+Inf` is always there";
            self.report(Diagnostic::error("out-of-range", message).help(help), path);
        }
    }

    fn given_series(&mut self, written: &GivenSeries, path: &Path) -> Option<Given> {
        let name_path = path.clone().key("name");
        let Some(name) = &written.name else {
            self.missing(
                &name_path,
                "say what its metric is called, such as `name: queue_depth`",
            );
            return None;
        };
        let mut is_sound = self.is_name(name, &name_path);
        for label in written.labels.iter().flatten().map(|(label, _)| label) {
            is_sound &= self.is_name(label, &path.clone().key("labels"));
        }
        let ways = [
            ("value", written.value.is_some()),
            ("rate", written.rate.is_some()),
        ];
        if !self.exactly_one(path, &ways) {
            return None;
        }
        let since = Since::Start;
        let (value, rate) = (path.clone().key("value"), path.clone().key("rate"));
        let value = self.curve(written.value.as_ref(), Range::Any, since, &value);
        let rate = self.curve(written.rate.as_ref(), Range::Amount, since, &rate);
        let shows = value.map(|value| GivenValue::Value(value.curve));
        let shows = shows.or(rate.map(|rate| GivenValue::Rate(rate.curve)))?;
        is_sound.then(|| Given {
            name: name.clone(),
            labels: written.labels.clone().unwrap_or_default(),
            shows,
        })
    }

    /// Whether a text can be the name of a label or a metric; reports it if not.
    fn is_name(&mut self, name: &str, path: &Path) -> bool {
        let first = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
        let fits = name.starts_with(first)
            && name
                .chars()
                .all(|letter| first(letter) || letter.is_ascii_digit());
        let is_own = name.starts_with("__");
        if !fits || is_own {
            let message = format!("{} is no name for a label or a metric", quoted(name));
            let help = "take letters, digits and underscores, two of which do not come first";
            self.report(Diagnostic::error("bad-name", message).help(help), path);
        }
        fits && !is_own
    }

    fn unknown(&mut self, name: &str, known: &[&str], what: &str, path: &Path) {
        let message = format!("there is no {what} {}", quoted(name));
        let help = match closest(name, known.iter().copied()) {
            Some(closest) => format!("did you mean {}?", quoted(closest)),
            None => format!("choose {}", listed(known, "or")),
        };
        self.report(Diagnostic::error("unknown-word", message).help(help), path);
    }
}
