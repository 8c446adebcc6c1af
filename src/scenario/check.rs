//! From a scenario as written to one that can be simulated.
//!
//! Knows the rules of the file and its defaults. Refuses to know the rollout beyond the tags of its
//! images. Everything that is wrong is collected; what is wrong counts as not written.

use std::collections::{BTreeMap, BTreeSet};

mod belief;
mod expect;
mod fault;
mod law;
mod quantity;
mod service;
mod table;
mod telemetry;

use super::action;
use super::answer;
use super::written::{self, Number, Spec, Time, Written};
use super::{Files, PluginPhase, PluginResult, STABLE_DEFAULT, Scenario, Start, UNTIL_DEFAULT};
use crate::diagnostic::wording::{closest, listed, quoted};
use crate::diagnostic::{Diagnostic, Located, Path};
use crate::duration::{self, Printed};
use crate::plan::environment::{Belief, Health, Image, Subject};
use crate::time::SimTime;

pub(super) use expect::verdicts;
pub(super) use quantity::Range;
pub(super) use telemetry::profiles;

/// The scenario and everything that is wrong with it.
///
/// `omitted` are the values that could not be read ([`crate::input::Input::omitted`]); nothing more
/// is said about them. `manifest_tags` are the tags of the manifests' own images; without any, an
/// image that seems unused may be the manifests' own, and is not reported unless `update` is given. `files` are those that the
/// scenario names.
#[must_use]
pub fn check(
    written: &Located<Written>,
    omitted: &[Path],
    manifest_tags: &[String],
    files: &dyn Files,
) -> (Scenario, Vec<Diagnostic>) {
    let empty = Spec::default();
    let spec = written.value.spec.as_ref().unwrap_or(&empty);
    let mut checker = Checker {
        written,
        omitted,
        files,
        until: UNTIL_DEFAULT,
        beliefs: Vec::new(),
        diagnostics: Vec::new(),
    };
    checker.set_until(spec);
    let metadata = written.value.metadata.as_ref();
    let (image_default, images) = checker.images(spec);
    let metrics = checker.lists(spec.metrics.as_ref(), "metrics", answer::answers);
    let plugins = checker.lists(spec.plugins.as_ref(), "plugins", Checker::plugin_results);
    let actions = spec.actions.iter().flatten().enumerate();
    let actions = actions
        .filter_map(|(index, action)| action::action(&mut checker, index, action))
        .collect();
    let router = spec.router.as_ref();
    let scenario = Scenario {
        name: metadata
            .and_then(|metadata| metadata.name.clone())
            .unwrap_or_default(),
        description: spec.description.clone().unwrap_or_default(),
        seed: spec.seed.unwrap_or_default(),
        until: checker.until,
        start: checker.start(spec),
        update: spec.update.clone(),
        image_default,
        images,
        metrics,
        actions,
        secrets: spec.secrets.clone().unwrap_or_default(),
        plugins,
        verify_after: router.and_then(|router| {
            let path = Path::from("spec.router.verifyAfter");
            checker.length(router.verify_after.as_ref(), &path)
        }),
        traffic: checker.traffic(spec),
        delays: checker.delays(spec),
        room: spec
            .capacity
            .as_ref()
            .and_then(|capacity| capacity.pods)
            .map(|pods| i32::try_from(pods).unwrap_or(i32::MAX)),
        pod_hour: checker.pod_hour(spec),
        overdispersion: checker.overdispersion(spec),
        faults: checker.faults(spec.faults.as_deref().unwrap_or_default()),
        scraping: checker.scraping(spec),
        expect: checker.expect(spec),
        beliefs: std::mem::take(&mut checker.beliefs),
    };
    checker.unused_images(spec, &scenario, manifest_tags);
    (scenario, checker.diagnostics)
}

/// What step plugins answer.
const PHASES: [(&str, PluginPhase); 4] = [
    ("Running", PluginPhase::Running),
    ("Successful", PluginPhase::Successful),
    ("Failed", PluginPhase::Failed),
    ("Error", PluginPhase::Error),
];

/// The phases of step plugins by name.
pub(super) fn plugin_phases() -> Vec<&'static str> {
    PHASES.iter().map(|(name, _)| *name).collect()
}

/// Collects what is wrong.
pub(super) struct Checker<'a> {
    written: &'a Located<Written>,
    omitted: &'a [Path],
    files: &'a dyn Files,
    /// End of the simulation \[ns\].
    until: i64,
    /// What is not known of traffic and faults.
    beliefs: Vec<(Subject, Belief)>,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// Reports a problem with a value or the lack of it, unless it could not be read anyway.
    pub(super) fn report(&mut self, diagnostic: Diagnostic, path: &Path) {
        let is_known = |omitted: &Path| omitted.contains(path) || path.contains(omitted);
        if !self.omitted.iter().any(is_known) {
            self.diagnostics
                .push(diagnostic.at(self.written.at(path.clone())));
        }
    }

    /// Reports a problem with some bytes of a text, unless it could not be read anyway.
    pub(super) fn report_within(
        &mut self,
        diagnostic: Diagnostic,
        path: &Path,
        bytes: std::ops::Range<usize>,
    ) {
        self.diagnostics
            .push(diagnostic.at(self.written.within(path.clone(), bytes)));
    }

    /// Reports a problem with a field that should not be there.
    pub(super) fn report_key(&mut self, diagnostic: Diagnostic, path: &Path) {
        self.diagnostics
            .push(diagnostic.at(self.written.at_key(path.clone())));
    }

    /// Reports that a field is not written.
    pub(super) fn missing(&mut self, path: &Path, help: &str) {
        let field = path.name().unwrap_or_default();
        let parent = path.parent().and_then(|parent| parent.name());
        let message = match parent {
            Some(parent) => format!("{} needs {}", quoted(&parent), quoted(&field)),
            None => format!("{} is missing", quoted(&field)),
        };
        self.report(Diagnostic::error("missing-field", message).help(help), path);
    }

    /// A length of time \[ns\], 0 or more; `None` when it is not written or wrong.
    pub(super) fn length(&mut self, time: Option<&Time>, path: &Path) -> Option<i64> {
        let error = match nanoseconds(time?) {
            Ok(length) if 0 <= length => return Some(length),
            Ok(_) => {
                let message = "a time cannot be negative";
                Diagnostic::error("negative-time", message).help("count from the start")
            }
            Err(reason) => Diagnostic::error("bad-duration", reason)
                .help("write a duration such as `90s`, `1h30m` or `1.5s`, or a number of seconds"),
        };
        self.report(error, path);
        None
    }

    /// A time after the start \[ns\]. One that the simulation never reaches gets a warning.
    pub(super) fn moment(&mut self, time: Option<&Time>, path: &Path) -> Option<i64> {
        let moment = self.length(time, path)?;
        if self.until <= moment {
            let until = Printed(self.until);
            let message = format!("this never happens: the simulation ends at {until}");
            let help = "choose an earlier time, or a later `spec.until`";
            self.report(
                Diagnostic::warning("beyond-horizon", message).help(help),
                path,
            );
        }
        Some(moment)
    }

    /// A number, also one that is written as a text.
    pub(super) fn number(&mut self, number: &Number, path: &Path) -> Option<f64> {
        let text = match number {
            Number::Number(number) => return Some(*number),
            Number::Text(text) => text,
        };
        match text.as_str() {
            "NaN" => return Some(f64::NAN),
            "+Inf" | "Inf" => return Some(f64::INFINITY),
            "-Inf" => return Some(f64::NEG_INFINITY),
            _ => {}
        }
        let diagnostic = Diagnostic::error("bad-number", format!("{} is no number", quoted(text)));
        let diagnostic = match text.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                diagnostic.help(format!("write it without quotes: `{number}`"))
            }
            _ => diagnostic.help("write a number, `\"NaN\"`, `\"+Inf\"` or `\"-Inf\"`"),
        };
        self.report(diagnostic, path);
        None
    }

    /// Whether exactly one of some fields is written; if not, this is reported.
    pub(super) fn exactly_one(&mut self, path: &Path, fields: &[(&str, bool)]) -> bool {
        let written = fields.iter().filter(|(_, is_written)| *is_written);
        let written: Vec<&str> = written.map(|(name, _)| *name).collect();
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let diagnostic = match written.as_slice() {
            [_] => return true,
            [] => {
                let name = path.name().unwrap_or_default();
                let message = format!("{} needs {}", quoted(&name), listed(&names, "or"));
                Diagnostic::error("one-of", message).help("add one of them")
            }
            several => {
                let message = format!("{} exclude one another", listed(several, "and"));
                Diagnostic::error("one-of", message).help("keep one of them")
            }
        };
        self.report(diagnostic, path);
        false
    }

    fn set_until(&mut self, spec: &Spec) {
        let path = Path::from("spec.until");
        match self.length(spec.until.as_ref(), &path) {
            Some(0) => {
                let message = "the simulation would end before it starts";
                let help = "choose a time above 0";
                self.report(Diagnostic::error("bad-horizon", message).help(help), &path);
            }
            Some(until) if UNTIL_DEFAULT < until => {
                let message = "no simulation goes on for longer than 7 days";
                let help = "write at most `168h`; without `until`, a run ends by itself when nothing happens any more";
                self.report(Diagnostic::error("bad-horizon", message).help(help), &path);
            }
            Some(until) => self.until = until,
            None => {}
        }
    }

    fn start(&mut self, spec: &Spec) -> Start {
        match (spec.initial, &spec.stable) {
            (Some(true), stable) => {
                if stable.is_some() {
                    let message = "`stable` has no meaning with `initial: true`";
                    let diagnostic = Diagnostic::error("stable-with-initial", message)
                        .note("an empty cluster has no stable version")
                        .help("remove one of the two");
                    self.report_key(diagnostic, &Path::from("spec.stable"));
                }
                Start::Empty
            }
            (_, Some(tag)) => Start::Stable(tag.clone()),
            (_, None) => Start::Stable(STABLE_DEFAULT.to_owned()),
        }
    }

    /// The images; what one does not say is as for `default`.
    fn images(&mut self, spec: &Spec) -> (Image, BTreeMap<String, Image>) {
        let written = spec.images.iter().flatten();
        let default = spec
            .images
            .as_ref()
            .and_then(|images| images.get("default"));
        let mut unsaid = Scenario::default().image_default;
        if spec.traffic.is_some() {
            unsaid.health = Health::default();
        }
        let default = match default {
            Some(image) => self.image("default", image, &unsaid),
            None => unsaid,
        };
        let mut images = BTreeMap::new();
        for (tag, image) in written.filter(|(tag, _)| *tag != "default") {
            let image = self.image(tag, image, &default);
            images.insert(tag.clone(), image);
        }
        (default, images)
    }

    /// A time from (inclusive) and to (exclusive); without an end it lasts for ever.
    fn stretch(
        &mut self,
        from: Option<&Time>,
        to: Option<&Time>,
        path: &Path,
    ) -> Option<(SimTime, SimTime)> {
        let start = match from {
            None => 0,
            from => self.moment(from, &path.clone().key("from"))?,
        };
        let to_path = path.clone().key("to");
        // What lasts beyond the end of the simulation is nothing to warn of.
        let end = self.length(to, &to_path);
        if end.is_some_and(|end| end <= start) {
            let message = "the time ends before it begins";
            let help = "choose a `to` after `from`, or leave it out for ever";
            self.report(
                Diagnostic::error("out-of-order", message).help(help),
                &to_path,
            );
            return None;
        }
        let end = end.map_or(SimTime::MAX, SimTime::from_nanos);
        Some((SimTime::from_nanos(start), end))
    }

    /// Checks lists by name.
    fn lists<W, T>(
        &mut self,
        lists: Option<&BTreeMap<String, Vec<W>>>,
        field: &str,
        check: fn(&mut Self, &Path, &[W]) -> Vec<T>,
    ) -> BTreeMap<String, Vec<T>> {
        let mut checked = BTreeMap::new();
        for (name, list) in lists.into_iter().flatten() {
            let path = Path::from("spec").key(field).key(name);
            if list.is_empty() {
                let message = format!("{} is empty", quoted(name));
                let help = "add an item, or remove it";
                self.report(Diagnostic::error("empty-list", message).help(help), &path);
            }
            checked.insert(name.clone(), check(self, &path, list));
        }
        checked
    }

    fn plugin_results(
        &mut self,
        path: &Path,
        results: &[written::PluginResult],
    ) -> Vec<PluginResult> {
        let results = results.iter().enumerate();
        results
            .filter_map(|(index, result)| self.plugin_result(&path.clone().index(index), result))
            .collect()
    }

    fn plugin_result(
        &mut self,
        path: &Path,
        result: &written::PluginResult,
    ) -> Option<PluginResult> {
        let lasts = self.length(result.r#for.as_ref(), &path.clone().key("for"));
        let requeue_path = path.clone().key("requeueAfter");
        let requeue_after = self.length(result.requeue_after.as_ref(), &requeue_path);
        let phase_path = path.clone().key("phase");
        let Some(written) = result.phase.as_deref() else {
            self.missing(&phase_path, "write `phase: Successful`, for example");
            return None;
        };
        let phase = self.word("phase", written, &PHASES, &phase_path)?;
        Some(PluginResult {
            phase,
            lasts,
            requeue_after,
            message: result.message.clone().unwrap_or_default(),
        })
    }

    /// What a word stands for; an unknown one is reported under `unknown-` and the noun.
    pub(super) fn word<T: Copy>(
        &mut self,
        noun: &str,
        word: &str,
        known: &[(&str, T)],
        path: &Path,
    ) -> Option<T> {
        if let Some((_, meaning)) = known.iter().find(|(name, _)| *name == word) {
            return Some(*meaning);
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let help = match closest(word, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known are {}", listed(&names, "and")),
        };
        let message = format!("there is no {noun} {}", quoted(word));
        self.report(Diagnostic::error("unknown-word", message).help(help), path);
        None
    }

    fn unused_images(&mut self, spec: &Spec, scenario: &Scenario, manifest_tags: &[String]) {
        // Images that are taken over from another scenario may serve others.
        if spec.update.is_none() && manifest_tags.is_empty() || spec.extends.is_some() {
            return;
        }
        let mut used: BTreeSet<&str> = manifest_tags.iter().map(String::as_str).collect();
        used.extend(scenario.update.as_deref());
        if let Start::Stable(tag) = &scenario.start {
            used.insert(tag);
        }
        let actions = spec.actions.iter().flatten();
        used.extend(actions.filter_map(|action| action.image.as_deref()));
        for tag in scenario
            .images
            .keys()
            .filter(|tag| !used.contains(tag.as_str()))
        {
            let message = format!("no pod ever runs the tag {}", quoted(tag));
            let diagnostic = Diagnostic::warning("unused-image", message);
            let help = match closest(tag, used.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "use it in `stable`, `update` or `setImage`, or remove it".to_owned(),
            };
            self.report_key(diagnostic.help(help), &Path::from("spec.images").key(tag));
        }
    }
}

/// A time as written in nanoseconds, or why it is none.
fn nanoseconds(time: &Time) -> Result<i64, String> {
    match time {
        Time::Text(text) => duration::parse(text).map_err(|error| error.to_string()),
        Time::Seconds(seconds) => {
            let nanoseconds = (seconds * 1e9).round();
            // Beyond 2^63 the conversion would saturate.
            let fits = nanoseconds.abs() < 9.2e18;
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            let whole = nanoseconds as i64;
            let too_much = || format!("`{seconds}` seconds are more than 292 years");
            fits.then_some(whole).ok_or_else(too_much)
        }
    }
}
