//! From an input to what is simulated: which object, over which stable version, in which world.
//!
//! Knows the defaults of the command line. Refuses to know files. What prevents a simulation comes back as diagnostics.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::cli::files::Beside;
use crate::cli::release::{self, Release};
use crate::cli::world;
use crate::diagnostic::wording::{closest, count, listed_briefly, quoted};
use crate::diagnostic::{Diagnostic, DocumentId, Located, Path, Severity};
use crate::expectation::{self, Failure};
use crate::input::{Input, Manifest};
use crate::plan::compile::{self, Compiled};
use crate::plan::scenario::Script;
use crate::plan::setting::Setting;
use crate::report::{Report, Run};
use crate::scenario::written::Time;
use crate::scenario::{self, Claim, Scenario, Written};
use crate::series::Exporter;
use crate::sim::{LONGEST, Simulation, Start};
use crate::time::SimTime;
use crate::trace::{Off, Trace};
use crate::trials::Stage;
use crate::world::Weather;

/// Marks a diagnostic about the command line, not about the input.
pub(super) const NO_SUCH_SCENARIO: &str = "no-such-scenario";

/// A scenario may last as long as a simulation.
const _: () = assert!(scenario::UNTIL_DEFAULT == LONGEST.nanos());

/// What the command line chooses.
#[derive(Default)]
pub(super) struct Choice<'a> {
    /// The file that `--scenario` names.
    pub(super) scenario_file: Option<&'a str>,
    /// The scenario that `--scenario-name` names.
    pub(super) scenario_name: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) initial: bool,
    pub(super) until: Option<SimTime>,
    pub(super) seed: Option<u64>,
    pub(super) random: bool,
    pub(super) replicate: u64,
}

/// Everything that a simulation needs.
#[derive(Debug)]
pub(crate) struct Case {
    compiled: Compiled,
    setting: Setting,
    scenario: Option<String>,
    script: Script,
    start: Start,
    seed: u64,
    random: bool,
    replicate: u64,
    expect: Option<Vec<Claim>>,
}

impl Case {
    /// What the input and the command line ask for, with remarks; or why it cannot be told.
    pub(super) fn of(
        input: &Input,
        choice: &Choice<'_>,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (release, mut remarks) = Release::of(input, choice.name)?;
        let written = match chosen_scenario(input, choice) {
            Ok(written) => written,
            Err(problem) => {
                remarks.push(*problem);
                return Err(remarks);
            }
        };
        let (case, problems) = Self::with(input, &release, written, choice);
        remarks.extend(problems);
        Ok((case, remarks))
    }

    /// A release in the world of a scenario, with remarks on the scenario.
    pub(super) fn with(
        input: &Input,
        release: &Release<'_>,
        written: Option<&Located<Written>>,
        choice: &Choice<'_>,
    ) -> (Self, Vec<Diagnostic>) {
        let own = &release.own_tag;
        let written = written.map(|written| with_end(written, choice.until));
        let written = written.as_deref();
        let (mut scenario, mut remarks) = match written {
            Some(written) => checked(input, written, own),
            None => (Scenario::default(), Vec::new()),
        };
        let initial = choice.initial || scenario.start == scenario::Start::Empty;
        let stable = stable_tag(&scenario, own);
        let mut tags = vec![stable.clone()];
        tags.extend(world::tags(&scenario));
        let setting = world::setting(&scenario, tags);
        let (compiled, problems) = release.compile(&setting);
        remarks.extend(problems);
        let template = |tag: &str| {
            compiled
                .template(tag)
                .unwrap_or(crate::cluster::TemplateId(0))
        };
        let update = template(scenario.update.as_deref().unwrap_or(own));
        let start = if release.is_experiment() {
            Start::experiment(&compiled.plan)
        } else if initial || compiled.plan.invalid.is_some() {
            // Nothing of a refused spec runs, so its past cannot be simulated either.
            Start::empty(&compiled.plan, update)
        } else {
            let stable = template(&stable);
            Start::settled(&compiled.plan, &compiled.environment, stable, update)
        };
        let expect = scenario.expect.take();
        // Of what the controllers refuse nothing runs and nothing is measured; the verdict tells why.
        if let Some(written) = written.filter(|_| !is_refused(&compiled)) {
            remarks.extend(unmeasured(written, &compiled));
            // What is wrong already may be why a claim cannot be met.
            let is_error = |problem: &Diagnostic| problem.severity == Severity::Error;
            let is_sound = !remarks.iter().any(is_error);
            let claims = expect.as_deref().filter(|_| is_sound).unwrap_or_default();
            remarks.extend(expectation::unmeetable(claims, written, &compiled, &start));
        }
        let has_until = written
            .and_then(|written| written.value.spec.as_ref())
            .is_some_and(|spec| spec.until.is_some());
        let until = has_until.then(|| SimTime::from_nanos(scenario.until));
        let until = choice.until.or(until);
        let script = compile::script(world::actions(&scenario, &compiled), until);
        let case = Self {
            scenario: written.map(|_| scenario_name(&scenario)),
            seed: choice.seed.unwrap_or(scenario.seed),
            random: choice.random,
            replicate: choice.replicate,
            compiled,
            setting,
            script,
            start,
            expect,
        };
        (case, remarks)
    }

    /// What is expected of it; `None`: nothing.
    pub(super) fn claims(&self) -> Option<&[Claim]> {
        self.expect.as_deref()
    }

    /// What is simulated, what people do, and how it begins.
    #[cfg(test)]
    pub(crate) fn into_parts(self) -> (Compiled, Script, Start) {
        (self.compiled, self.script, self.start)
    }

    /// What is simulated.
    pub(super) fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// Simulates it and tells what happened.
    pub(super) fn run(&self) -> Report {
        self.test().0
    }

    /// Simulates it up to an instant, and looks at what is exported then.
    pub(super) fn look_at<T>(&self, at: SimTime, look: impl FnOnce(&Exporter<'_>) -> T) -> T {
        let Compiled {
            plan, environment, ..
        } = &self.compiled;
        let script = Script {
            until: Some(at),
            ..self.script.clone()
        };
        let mut simulation = Simulation::new(plan, environment, &script, Off)
            .accounting(self.weather())
            .metering();
        simulation.run(&self.start);
        let (cluster, world) = (simulation.cluster(), simulation.world());
        look(&Exporter::new(
            plan,
            simulation.environment(),
            cluster,
            world,
        ))
    }

    /// The seed of what is drawn.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// What many runs of it need.
    pub(super) fn stage(&self) -> Stage<'_> {
        Stage {
            plan: &self.compiled.plan,
            environment: &self.compiled.environment,
            script: &self.script,
            start: &self.start,
        }
    }

    fn weather(&self) -> Weather {
        if self.random {
            Weather {
                replicate: self.replicate,
                ..Weather::of(self.seed)
            }
        } else {
            Weather::CALM
        }
    }

    /// Simulates it, and tells what happened and what was expected in vain.
    pub(super) fn test(&self) -> (Report, Vec<Failure>) {
        let Compiled {
            plan, environment, ..
        } = &self.compiled;
        let mut simulation = Simulation::new(plan, environment, &self.script, Trace::default())
            .accounting(self.weather());
        let ending = simulation.run(&self.start);
        // What was drawn is told as if it had been written.
        let drawn = simulation.is_drawn().then(|| Compiled {
            environment: simulation.environment().clone(),
            ..self.compiled.clone()
        });
        let run = Run {
            compiled: drawn.as_ref().unwrap_or(&self.compiled),
            setting: &self.setting,
            scenario: self.scenario.as_deref(),
            trace: simulation.recorder(),
            ending,
            seed: self.seed,
            random: self.random,
            replicate: self.replicate,
            tally: Some(simulation.world().ledger.tally()),
        };
        let report = Report::of(&run);
        let claims = self.expect.as_deref().unwrap_or_default();
        let failures = expectation::failures(claims, &run, &report);
        (report, failures)
    }
}

/// A scenario without anything left to look up, and what is wrong with it.
fn checked(input: &Input, written: &Located<Written>, own: &String) -> (Scenario, Vec<Diagnostic>) {
    let omitted = input.omitted(written.document);
    let files = Beside::file(source_name(input, written));
    scenario::check(written, omitted, std::slice::from_ref(own), &files)
}

/// The name of the file in which a scenario stands.
pub(super) fn source_name<'a>(input: &'a Input, written: &Located<Written>) -> &'a str {
    let location = input.locate(&written.at(Path::root()));
    location.map_or("", |location| input.sources.name(location.source))
}

/// The scenario with the end that the command line asks for, so that what is said of the end is true.
fn with_end(written: &Located<Written>, until: Option<SimTime>) -> Cow<'_, Located<Written>> {
    let Some(until) = until else {
        return Cow::Borrowed(written);
    };
    let mut written = written.clone();
    let spec = written.value.spec.get_or_insert_default();
    spec.until = Some(Time::Text(format!("{}ns", until.nanos())));
    Cow::Owned(written)
}

fn scenario_name(scenario: &Scenario) -> String {
    if scenario.name.is_empty() {
        "without a name".to_owned()
    } else {
        scenario.name.clone()
    }
}

/// The tag of the stable version; another one if the manifest's own version has that name already.
fn stable_tag(scenario: &Scenario, own: &str) -> String {
    match &scenario.start {
        scenario::Start::Stable(tag) if tag == own && tag == scenario::STABLE_DEFAULT => {
            "before".to_owned()
        }
        scenario::Start::Stable(tag) => tag.clone(),
        scenario::Start::Empty => scenario::STABLE_DEFAULT.to_owned(),
    }
}

/// The scenarios of an input, in order.
pub(super) fn scenarios(input: &Input) -> impl Iterator<Item = &Located<Written>> {
    input.manifests().filter_map(|manifest| match manifest {
        Manifest::Scenario(written) => Some(written),
        _ => None,
    })
}

/// Where the scenario that counts is written, if there is one.
pub(super) fn scenario_document(input: &Input, choice: &Choice<'_>) -> Option<DocumentId> {
    let chosen = chosen_scenario(input, choice).ok().flatten();
    chosen.map(|written| written.document)
}

/// The scenario of the input: that of `--scenario` and `--scenario-name`, or the only one that is there to be run.
fn chosen_scenario<'a>(
    input: &'a Input,
    choice: &Choice<'_>,
) -> Result<Option<&'a Located<Written>>, Box<Diagnostic>> {
    let mut all: Vec<&Located<Written>> = scenarios(input).collect();
    if let Some(file) = choice.scenario_file {
        all.retain(|written| source_name(input, written) == file);
        if all.is_empty() {
            let message = format!("{} has no Scenario", quoted(file));
            let help = "a scenario begins with `apiVersion: coalmine/v1alpha1`, `kind: Scenario`";
            return Err(Box::new(
                Diagnostic::error("no-scenario", message).help(help),
            ));
        }
    }
    if let Some(name) = choice.scenario_name {
        let named = all.iter().find(|written| written.value.name() == name);
        return named.map(|written| Some(*written)).ok_or_else(|| {
            let message = format!("the input has no Scenario {}", quoted(name));
            let known = all.iter().map(|one| one.value.name().to_owned());
            let known: Vec<String> = known.collect();
            let problem = Diagnostic::error(NO_SUCH_SCENARIO, message);
            Box::new(problem.help(release::known(&known, name)))
        });
    }
    if 1 < all.len() {
        all.retain(|written| !written.value.is_abstract());
    }
    match &all[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [_, second, ..] => {
            let message = format!("the input has {}", count(all.len(), "Scenario"));
            let problem = Diagnostic::error("several-scenarios", message);
            let names = all.iter().map(|one| one.value.name().to_owned());
            let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
            let help = if names.is_empty() {
                "choose a file with `--scenario FILE`".to_owned()
            } else {
                let names = listed_briefly(&names, "or");
                format!("choose one with `--scenario-name` ({names}), or a file with `--scenario`")
            };
            Err(Box::new(problem.help(help).at(second.at(Path::root()))))
        }
    }
}

/// Whether the controllers refuse the rollout or any of its analyses.
fn is_refused(compiled: &Compiled) -> bool {
    let plan = &compiled.plan;
    let mut analyses = plan.analyses.iter();
    plan.invalid.is_some() || analyses.any(|analysis| analysis.invalid.is_some())
}

/// Metrics that a scenario scripts and nothing measures: most often a slip of the pen. Those that are taken over from another scenario
/// may serve others.
fn unmeasured(written: &Located<Written>, compiled: &Compiled) -> Vec<Diagnostic> {
    let spec = written.value.spec.as_ref();
    if spec.is_some_and(|spec| spec.extends.is_some()) {
        return Vec::new();
    }
    let measured: BTreeSet<&str> = compiled
        .plan
        .analyses
        .iter()
        .flat_map(|analysis| analysis.metrics.iter().map(|metric| metric.name.as_str()))
        .collect();
    let scripted = written
        .value
        .spec
        .as_ref()
        .and_then(|spec| spec.metrics.as_ref());
    let names = scripted.into_iter().flat_map(|metrics| metrics.keys());
    names
        .filter(|name| !measured.contains(name.as_str()))
        .map(|name| {
            let path = Path::from("spec.metrics").key(name.clone());
            let message = format!("nothing measures a metric {}", quoted(name));
            let problem =
                Diagnostic::warning("metric-not-measured", message).at(written.at_key(path));
            match closest(name, measured.iter().copied()) {
                Some(closest) => problem.help(format!("did you mean {}?", quoted(closest))),
                None => problem,
            }
        })
        .collect()
}
