//! The objects of an input: which one is simulated, and everything that it refers to.
//!
//! Knows the choice of the command line among several. Refuses to know scenarios and files.

use crate::cli::case::NO_SUCH_SCENARIO;
use crate::cli::{destination_rule, unsimulated};
use crate::diagnostic::wording::{closest, count, listed_briefly, quoted};
use crate::diagnostic::{Diagnostic, Located};
use crate::input::{Input, Manifest};
use crate::plan::compile::{self, Compiled, QueryRemark, QueryTrouble, tag_of};
use crate::plan::setting::Setting;
use crate::spec::{DestinationRule, Experiment, Rollout};
use crate::validation::references::{Missing, ObjectSet};
use crate::validation::rollout::TemplateOrigin;
use crate::validation::workload::{Workload, resolve_workload};

/// Marks diagnostics about the command line, not about the input.
const SEVERAL_ROLLOUTS: &str = "several-rollouts";
const NO_SUCH_ROLLOUT: &str = "no-such-rollout";
/// The name of the error that there is neither a Rollout nor an Experiment.
pub(super) const NOTHING_TO_RUN: &str = "nothing-to-run";

/// What is simulated, with everything that it refers to: the same for all scenarios.
pub(super) struct Release<'a> {
    resolved: Resolved<'a>,
    /// Why the controller refuses to follow the reference to the pod template.
    refusal: Option<String>,
    /// The tag of the version that the manifest describes.
    pub(super) own_tag: String,
    objects: ObjectSet<'a>,
    destination_rules: Vec<&'a Located<DestinationRule>>,
}

/// What is simulated.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Rollout(&'a Located<Rollout>),
    Experiment(&'a Located<Experiment>),
}

/// Whether a problem is one of the command line.
pub(super) fn is_usage(diagnostic: &Diagnostic) -> bool {
    [SEVERAL_ROLLOUTS, NO_SUCH_ROLLOUT, NO_SUCH_SCENARIO].contains(&diagnostic.id)
}

impl<'a> Release<'a> {
    /// What the input holds, with remarks; or why it cannot be told. `name` chooses among several.
    pub(super) fn of(
        input: &'a Input,
        name: Option<&str>,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut remarks = ignored(input);
        let subject = match subject(input, name) {
            Ok(subject) => subject,
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
        let release = Self {
            own_tag: own_tag(&resolved),
            resolved,
            refusal,
            objects: objects(input),
            destination_rules: destination_rule::all(input),
        };
        Ok((release, remarks))
    }

    /// Whether it is an Experiment on its own.
    pub(super) fn is_experiment(&self) -> bool {
        matches!(self.resolved, Resolved::Experiment(_))
    }

    /// Compiles it for a world, with remarks.
    pub(super) fn compile(&self, setting: &Setting) -> (Compiled, Vec<Diagnostic>) {
        let mut compiled = match &self.resolved {
            Resolved::Rollout(rollout, origin) => compile::compile_rollout(compile::Input {
                rollout,
                origin: *origin,
                objects: &self.objects,
                missing: Missing::Assumed,
                setting,
            }),
            Resolved::Experiment(experiment) => {
                compile::compile_experiment(experiment, &self.objects, setting)
            }
        };
        if let Some(refusal) = &self.refusal {
            compiled.plan.invalid = Some(refusal.clone());
        }
        let rules = &self.destination_rules;
        let (assumed, mut problems) = destination_rule::check(rules, &compiled.plan);
        compiled.assumed.extend(assumed);
        problems.extend(compiled.query_remarks.iter().map(of_query));
        (compiled, problems)
    }
}

/// What is to be said of a metric's own query.
fn of_query(remark: &QueryRemark) -> Diagnostic {
    let metric = quoted(&remark.metric);
    match &remark.trouble {
        QueryTrouble::Refused(message, _) => {
            let message = format!("Prometheus refuses the query of metric {metric}: {message}");
            let help = "every measurement of it is an Error";
            Diagnostic::warning("bad-query", message).help(help)
        }
        QueryTrouble::NotSimulated(message) => {
            let message = format!("the query of metric {metric} is not simulated: {message}");
            let help = "say what it answers under `spec.metrics` of a scenario, in numbers or by a `signal`";
            Diagnostic::error("not-simulated", message).help(help)
        }
        QueryTrouble::Unknown(name) => {
            let message = format!(
                "metric {metric} asks for {}, which nothing exports here: its measurements are assumed to pass",
                quoted(name)
            );
            let help = "say what it answers under `spec.metrics` of a scenario (`coalmine init` writes one), or which metric has \
                        that name under `spec.telemetry.names`";
            Diagnostic::warning("unknown-metric", message).help(help)
        }
        QueryTrouble::Job => {
            let message = format!(
                "metric {metric} is a Job, which shows no numbers: the scenario lets all its measurements pass"
            );
            let help = "say how it ends: `job: {succeedAfter: 30s}` or `job: {failAfter: 30s}`";
            Diagnostic::warning("number-for-job", message).help(help)
        }
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

/// Advice for a name that does not exist.
pub(super) fn known(names: &[String], name: &str) -> String {
    if let Some(closest) = closest(name, names.iter().map(String::as_str)) {
        return format!("did you mean {}?", quoted(closest));
    }
    if names.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has {}", listed_briefly(names, "and"))
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
