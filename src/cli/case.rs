//! From an input to what is simulated: which object, over which stable version, in which world.
//!
//! Knows the defaults of the command line. Refuses to know files. What prevents a simulation comes back as diagnostics.

use std::collections::BTreeSet;

use crate::cli::files::Beside;
use crate::cli::{destination_rule, unsimulated, world};
use crate::diagnostic::wording::{closest, count, listed_briefly, quoted};
use crate::diagnostic::{Diagnostic, Located, Path};
use crate::input::{Input, Manifest};
use crate::plan::compile::{self, Compiled, tag_of};
use crate::plan::scenario::Script;
use crate::plan::setting::Setting;
use crate::report::{Report, Run};
use crate::scenario::written::Time;
use crate::scenario::{self, Scenario, Written};
use crate::sim::{LONGEST, Simulation, Start};
use crate::spec::{Experiment, Rollout};
use crate::time::SimTime;
use crate::trace::Trace;
use crate::validation::references::{Missing, ObjectSet};
use crate::validation::rollout::TemplateOrigin;
use crate::validation::workload::{Workload, resolve_workload};
use crate::world::Weather;

/// The name of the error that there is neither a Rollout nor an Experiment.
pub(super) const NOTHING_TO_RUN: &str = "nothing-to-run";

/// A scenario may last as long as a simulation.
const _: () = assert!(scenario::UNTIL_DEFAULT == LONGEST.nanos());

/// Marks diagnostics about the command line, not about the input.
const SEVERAL_ROLLOUTS: &str = "several-rollouts";
const NO_SUCH_ROLLOUT: &str = "no-such-rollout";

/// What the command line chooses.
pub(super) struct Choice<'a> {
    /// The file that `--scenario` names.
    pub(super) scenario_file: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) initial: bool,
    pub(super) until: Option<SimTime>,
    pub(super) seed: Option<u64>,
    pub(super) random: bool,
}

/// Everything that a simulation needs.
#[derive(Debug)]
pub(super) struct Case {
    compiled: Compiled,
    setting: Setting,
    scenario: Option<String>,
    script: Script,
    start: Start,
    seed: u64,
    random: bool,
}

/// What is simulated.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Rollout(&'a Located<Rollout>),
    Experiment(&'a Located<Experiment>),
}

/// Whether a problem is one of the command line.
pub(super) fn is_usage(diagnostic: &Diagnostic) -> bool {
    [SEVERAL_ROLLOUTS, NO_SUCH_ROLLOUT].contains(&diagnostic.id)
}

impl Case {
    /// What the input and the command line ask for, with remarks; or why it cannot be told.
    pub(super) fn of(
        input: &Input,
        choice: &Choice<'_>,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut remarks = ignored(input);
        let subject = match subject(input, choice.name) {
            Ok(subject) => subject,
            Err(problem) => {
                remarks.push(*problem);
                return Err(remarks);
            }
        };
        let written = match chosen_scenario(input, choice.scenario_file) {
            Ok(written) => written,
            Err(problem) => {
                remarks.push(*problem);
                return Err(remarks);
            }
        };
        let has_rollout = matches!(subject, Subject::Rollout(_));
        remarks.extend(match subject {
            Subject::Rollout(rollout) => unsimulated::of_rollout(rollout),
            Subject::Experiment(experiment) => unsimulated::of_experiment(experiment),
        });
        remarks.extend(unsimulated::objects(input, has_rollout));
        let (resolved, refusal) = resolve(input, subject);
        let own = own_tag(&resolved);
        let mut scenario = Scenario::default();
        let written = written.map(|written| with_end(written, choice.until));
        let written = written.as_ref();
        if let Some(written) = written {
            let omitted = input.omitted(written.document);
            let own = std::slice::from_ref(&own);
            let source = input.locate(&written.at(Path::root()));
            let source = source.map_or("", |location| input.sources.name(location.source));
            let files = Beside::file(source);
            let (checked, problems) = scenario::check(written, omitted, own, &files);
            scenario = checked;
            remarks.extend(problems);
        }
        let initial = choice.initial || scenario.start == scenario::Start::Empty;
        let stable = stable_tag(&scenario, &own);
        let mut tags = vec![stable.clone()];
        tags.extend(world::tags(&scenario));
        let setting = world::setting(&scenario, tags);
        let objects = objects(input);
        let mut compiled = match &resolved {
            Resolved::Rollout(rollout, origin) => compile::compile_rollout(compile::Input {
                rollout,
                origin: *origin,
                objects: &objects,
                missing: Missing::Assumed,
                setting: &setting,
            }),
            Resolved::Experiment(experiment) => {
                compile::compile_experiment(experiment, &objects, &setting)
            }
        };
        if refusal.is_some() {
            compiled.plan.invalid = refusal;
        }
        let (assumed, problems) = destination_rule::check(input, &compiled.plan);
        compiled.assumed.extend(assumed);
        remarks.extend(problems);
        remarks.extend(
            written
                .map(|written| unmeasured(written, &compiled))
                .unwrap_or_default(),
        );
        let template = |tag: &str| {
            compiled
                .template(tag)
                .unwrap_or(crate::cluster::TemplateId(0))
        };
        let update = template(scenario.update.as_deref().unwrap_or(&own));
        let start = match subject {
            Subject::Experiment(_) => Start::experiment(&compiled.plan),
            // Nothing of a refused spec runs, so its past cannot be simulated either.
            Subject::Rollout(_) if initial || compiled.plan.invalid.is_some() => {
                Start::empty(&compiled.plan, update)
            }
            Subject::Rollout(_) => {
                let stable = template(&stable);
                Start::settled(&compiled.plan, &compiled.environment, stable, update)
            }
        };
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
            compiled,
            setting,
            script,
            start,
        };
        Ok((case, remarks))
    }

    /// Simulates it and tells what happened.
    pub(super) fn run(&self) -> Report {
        let Compiled {
            plan, environment, ..
        } = &self.compiled;
        let weather = if self.random {
            Weather::of(self.seed)
        } else {
            Weather::CALM
        };
        let mut simulation =
            Simulation::new(plan, environment, &self.script, Trace::default()).accounting(weather);
        let ending = simulation.run(&self.start);
        Report::of(&Run {
            compiled: &self.compiled,
            setting: &self.setting,
            scenario: self.scenario.as_deref(),
            trace: simulation.recorder(),
            ending,
            seed: self.seed,
            random: self.random,
            tally: Some(simulation.world().ledger.tally()),
        })
    }
}

/// The scenario with the end that the command line asks for, so that what is said of the end is true.
fn with_end(written: &Located<Written>, until: Option<SimTime>) -> Located<Written> {
    let mut written = written.clone();
    if let Some(until) = until {
        let spec = written.value.spec.get_or_insert_default();
        spec.until = Some(Time::Text(format!("{}ns", until.nanos())));
    }
    written
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

/// One line about objects that no rollout is concerned with.
fn ignored(input: &Input) -> Vec<Diagnostic> {
    let names: Vec<String> = input
        .ignored
        .iter()
        .map(|object| format!("{} {}", object.kind, object.name).trim().to_owned())
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "{} of other kinds {} ignored: {}",
        count(names.len(), "object"),
        if names.len() == 1 { "is" } else { "are" },
        listed_briefly(&names, "and")
    );
    vec![Diagnostic::info("ignored", message)]
}

/// The object to simulate: a Rollout, or an Experiment if there is no Rollout.
fn subject<'a>(input: &'a Input, name: Option<&str>) -> Result<Subject<'a>, Box<Diagnostic>> {
    let rollouts: Vec<&Located<Rollout>> = input
        .manifests()
        .filter_map(|manifest| match manifest {
            Manifest::Rollout(rollout) => Some(rollout),
            _ => None,
        })
        .collect();
    let experiments: Vec<&Located<Experiment>> = input
        .manifests()
        .filter_map(|manifest| match manifest {
            Manifest::Experiment(experiment) => Some(experiment),
            _ => None,
        })
        .collect();
    let rollout_name = |rollout: &Located<Rollout>| name_of(rollout.value.metadata.as_ref());
    let experiment_name =
        |experiment: &Located<Experiment>| name_of(experiment.value.metadata.as_ref());
    let names: Vec<String> = if rollouts.is_empty() {
        experiments
            .iter()
            .map(|experiment| experiment_name(experiment))
            .collect()
    } else {
        rollouts
            .iter()
            .map(|rollout| rollout_name(rollout))
            .collect()
    };
    if let Some(name) = name {
        let rollout = rollouts
            .iter()
            .find(|rollout| rollout_name(rollout) == name);
        let experiment = experiments
            .iter()
            .find(|experiment| experiment_name(experiment) == name);
        let found = rollout
            .map(|rollout| Subject::Rollout(rollout))
            .or(experiment.map(|experiment| Subject::Experiment(experiment)));
        return found.ok_or_else(|| {
            let message = format!("the input has no Rollout {}", quoted(name));
            let problem = Diagnostic::error(NO_SUCH_ROLLOUT, message);
            Box::new(problem.help(known(&names, name)))
        });
    }
    match (&rollouts[..], &experiments[..]) {
        ([rollout], _) => Ok(Subject::Rollout(rollout)),
        ([], [experiment]) => Ok(Subject::Experiment(experiment)),
        ([], []) => {
            let message = "the input has neither a Rollout nor an Experiment";
            let help = "name the files or folders with the manifests of a release";
            Err(Box::new(
                Diagnostic::error(NOTHING_TO_RUN, message).help(help),
            ))
        }
        _ => {
            let kind = if rollouts.is_empty() {
                "Experiment"
            } else {
                "Rollout"
            };
            let message = format!("the input has {}", count(names.len(), kind));
            let names = listed_briefly(&names, "or");
            let help = format!("choose one with `--rollout`: {names}");
            Err(Box::new(
                Diagnostic::error(SEVERAL_ROLLOUTS, message).help(help),
            ))
        }
    }
}

fn name_of(metadata: Option<&crate::spec::metadata::ObjectMeta>) -> String {
    metadata
        .map_or("", crate::spec::metadata::ObjectMeta::name)
        .to_owned()
}

fn known(names: &[String], name: &str) -> String {
    if let Some(closest) = closest(name, names.iter().map(String::as_str)) {
        return format!("did you mean {}?", quoted(closest));
    }
    if names.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has {}", listed_briefly(names, "and"))
    }
}

/// The scenario of the input: that of `--scenario`, or the only one.
fn chosen_scenario<'a>(
    input: &'a Input,
    file: Option<&str>,
) -> Result<Option<&'a Located<Written>>, Box<Diagnostic>> {
    let all: Vec<&Located<Written>> = input
        .manifests()
        .filter_map(|manifest| match manifest {
            Manifest::Scenario(written) => Some(written),
            _ => None,
        })
        .collect();
    let source_name = |written: &Located<Written>| {
        let location = input.locate(&written.at(Path::root()));
        location.map(|location| input.sources.name(location.source).to_owned())
    };
    if let Some(file) = file {
        let of_file = all
            .iter()
            .rev()
            .find(|written| source_name(written).as_deref() == Some(file));
        return of_file.map(|written| Some(*written)).ok_or_else(|| {
            let message = format!("{} has no Scenario", quoted(file));
            let help = "a scenario begins with `apiVersion: coalmine/v1alpha1`, `kind: Scenario`";
            Box::new(Diagnostic::error("no-scenario", message).help(help))
        });
    }
    match &all[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [_, second, ..] => {
            let message = format!("the input has {}", count(all.len(), "Scenario"));
            let problem = Diagnostic::error("several-scenarios", message);
            let problem = problem.help("choose one with `--scenario FILE`");
            Err(Box::new(problem.at(second.at(Path::root()))))
        }
    }
}

/// The subject with its pod template at hand.
enum Resolved<'a> {
    Rollout(Box<Rollout>, TemplateOrigin),
    Experiment(&'a Experiment),
}

/// The rollout with the pod template of its workload; and the controller's refusal to follow the reference.
fn resolve<'a>(input: &Input, subject: Subject<'a>) -> (Resolved<'a>, Option<String>) {
    let rollout = match subject {
        Subject::Rollout(rollout) => &rollout.value,
        Subject::Experiment(experiment) => return (Resolved::Experiment(&experiment.value), None),
    };
    let is_reference = rollout
        .spec
        .as_ref()
        .is_some_and(|spec| spec.workload_ref.is_some());
    let origin = if is_reference {
        TemplateOrigin::Workload
    } else {
        TemplateOrigin::Written
    };
    let resolved = resolve_workload(rollout, |_, kind, namespace, name| {
        workload(input, kind, namespace, name)
    });
    match resolved {
        Ok(resolved) => (Resolved::Rollout(Box::new(resolved), origin), None),
        Err(error) => {
            let name = name_of(rollout.metadata.as_ref());
            let refusal = format!("The Rollout \"{name}\" is invalid: {}", error.detail);
            (
                Resolved::Rollout(Box::new(rollout.clone()), origin),
                Some(refusal),
            )
        }
    }
}

fn workload(input: &Input, kind: &str, namespace: &str, name: &str) -> Option<Workload> {
    let fits = |manifest: &&Manifest| {
        manifest.kind() == kind
            && manifest.metadata().is_some_and(|metadata| {
                let written = metadata
                    .namespace
                    .as_deref()
                    .filter(|written| !written.is_empty());
                metadata.name() == name && written.is_none_or(|written| written == namespace)
            })
    };
    let found = input.manifests().filter(fits).last()?;
    Some(match found {
        Manifest::Deployment(object) => {
            let spec = object.value.spec.as_ref();
            Workload {
                template: spec.and_then(|spec| spec.template.clone()),
                selector: spec.and_then(|spec| spec.selector.clone()),
            }
        }
        Manifest::ReplicaSet(object) => {
            let spec = object.value.spec.as_ref();
            Workload {
                template: spec.and_then(|spec| spec.template.clone()),
                selector: spec.and_then(|spec| spec.selector.clone()),
            }
        }
        Manifest::PodTemplate(object) => Workload {
            template: object.value.template.clone(),
            selector: None,
        },
        _ => return None,
    })
}

/// The tag of the version that the manifest describes.
fn own_tag(resolved: &Resolved<'_>) -> String {
    tag_of(match resolved {
        Resolved::Rollout(rollout, _) => rollout
            .spec
            .as_ref()
            .and_then(|spec| spec.template.as_ref()),
        Resolved::Experiment(experiment) => experiment
            .spec
            .as_ref()
            .and_then(|spec| spec.templates.as_ref()?.first()?.template.as_ref()),
    })
}

/// Everything that a Rollout may refer to.
fn objects(input: &Input) -> ObjectSet<'_> {
    let mut objects = ObjectSet::default();
    for manifest in input.manifests() {
        match manifest {
            Manifest::AnalysisTemplate(object) => objects.analysis_templates.push(&object.value),
            Manifest::ClusterAnalysisTemplate(object) => {
                objects.cluster_analysis_templates.push(&object.value);
            }
            Manifest::Service(object) => objects.services.push(&object.value),
            Manifest::Ingress(object) => objects.ingresses.push(&object.value),
            Manifest::VirtualService(object) => objects.virtual_services.push(&object.value),
            Manifest::Opaque(object) => objects.others.push(&object.value),
            _ => {}
        }
    }
    objects
}

/// Metrics that a scenario scripts and nothing measures: most often a slip of the pen.
fn unmeasured(written: &Located<Written>, compiled: &Compiled) -> Vec<Diagnostic> {
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
