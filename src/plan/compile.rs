//! From manifests and a setting to a plan: defaults applied, references followed, conditions compiled.
//!
//! Knows: what Argo's controller makes of a spec, including its refusals, which are content of the plan and not an end of
//! it. Refuses to know: YAML, files, what happens in a run.

pub mod analysis;
pub mod answers;
pub mod experiment;
mod queries;
pub(crate) mod shapes;
pub mod strategy;

use crate::cluster::{ServiceId, TemplateId};
use crate::plan::environment::{Environment, Profile, Subject, Traffic};
use crate::plan::scenario::Script;
use crate::plan::setting::{Setting, Unscripted};
use crate::plan::strategy::{BlueGreen, Router, Strategy};
use crate::plan::{Plan, PodTemplate};
use crate::spec::metadata::PodTemplateSpec;
use crate::spec::rollout::{Rollout, RolloutSpec};
use crate::spec::{Experiment, wire};
use crate::time::{Delta, SimTime};
use crate::validation::references::{
    Assumed, Missing, Objects, ReferenceError, invalid_spec_message, validate_references,
};
use crate::validation::rollout::{TemplateOrigin, validate_rollout_with};

use analysis::{Collector, Measured};
pub use queries::{QueryRemark, QueryTrouble};

/// A plan with the world that it runs in.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The policy.
    pub plan: Plan,
    /// The truth.
    pub environment: Environment,
    /// What each site measures when the manifest's own version is tried against the first other one, by [`Plan::sites`].
    pub measured: Vec<Measured>,
    /// Objects that were not given and are assumed to exist and to suit.
    pub assumed: Vec<Assumed>,
    /// Metrics without a script, whose measurements are assumed to pass.
    pub assumed_metrics: Vec<String>,
    /// What is to be said of the metrics' own queries.
    pub query_remarks: Vec<QueryRemark>,
}

impl Compiled {
    /// The template with this image tag.
    #[must_use]
    pub fn template(&self, tag: &str) -> Option<TemplateId> {
        let index = self
            .plan
            .templates
            .iter()
            .position(|template| template.tag == tag)?;
        u16::try_from(index).ok().map(TemplateId)
    }
}

/// A rollout whose pod template is at hand, and the other objects of its namespace.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The rollout.
    pub rollout: &'a Rollout,
    /// Where its pod template comes from.
    pub origin: TemplateOrigin,
    /// Everything it refers to.
    pub objects: &'a dyn Objects,
    /// What to make of objects that were not given.
    pub missing: Missing,
    /// The world.
    pub setting: &'a Setting,
}

/// Compiles a rollout.
#[must_use]
pub fn compile_rollout(input: Input<'_>) -> Compiled {
    let rollout = input.rollout;
    let blank = RolloutSpec::default();
    let spec = rollout.spec.as_ref().unwrap_or(&blank);
    let metadata = rollout.metadata.clone().unwrap_or_default();
    let templates = templates_of(spec.template.as_ref(), &input.setting.tags);
    let (invalid, assumed) = refusal(input);
    let mut services = Services::default();
    let mut collector = Collector::new(input.objects, rollout, input.setting, &templates);
    // A refused spec is compiled too, for those who show it; nothing of it will run.
    let strategy = strategy::compile(spec, &mut services, &mut collector);
    let limits = spec.analysis.clone().unwrap_or_default();
    let plan = Plan {
        name: metadata.name().to_owned(),
        namespace: metadata.namespace().to_owned(),
        services: services.names,
        replicas: spec.replicas.unwrap_or(1),
        paused: spec.paused.unwrap_or(false),
        min_ready: seconds(spec.min_ready_seconds.unwrap_or(0)),
        progress_deadline: seconds(spec.progress_deadline_seconds.unwrap_or(600)),
        progress_deadline_abort: spec.progress_deadline_abort.unwrap_or(false),
        rollback_window: spec
            .rollback_window
            .as_ref()
            .and_then(|window| window.revisions)
            .filter(|revisions| 0 < *revisions),
        revision_history_limit: spec.revision_history_limit.unwrap_or(10),
        successful_run_history_limit: limits.successful_run_history_limit.unwrap_or(5),
        unsuccessful_run_history_limit: limits.unsuccessful_run_history_limit.unwrap_or(5),
        strategy,
        analyses: std::mem::take(&mut collector.analyses),
        sites: std::mem::take(&mut collector.sites),
        experiments: std::mem::take(&mut collector.experiments),
        invalid,
        templates: templates.clone(),
    };
    in_world(plan, input.setting, collector, assumed)
}

/// Compiles an experiment that stands on its own.
#[must_use]
pub fn compile_experiment(
    experiment: &Experiment,
    objects: &dyn Objects,
    setting: &Setting,
) -> Compiled {
    let rollout = Rollout {
        metadata: experiment.metadata.clone(),
        ..Rollout::default()
    };
    let mut templates = Vec::new();
    for template in experiment
        .spec
        .iter()
        .flat_map(|spec| spec.templates.iter().flatten())
    {
        let tag = tag_of(template.template.as_ref());
        if templates.iter().all(|known: &PodTemplate| known.tag != tag) {
            templates.push(named(template.template.as_ref(), &tag));
        }
    }
    if templates.is_empty() {
        templates.push(named(None, "none"));
    }
    // Nobody sends requests to an experiment that stands on its own: its queries would find nothing, whatever the release is like.
    let setting = &Setting {
        unscripted: match setting.unscripted {
            Unscripted::Simulated => Unscripted::Passes,
            other => other,
        },
        ..setting.clone()
    };
    let mut collector = Collector::new(objects, &rollout, setting, &templates);
    collector.add_experiment(experiment);
    let plan = Plan {
        name: experiment
            .metadata
            .as_ref()
            .map_or("", |metadata| metadata.name())
            .to_owned(),
        namespace: experiment
            .metadata
            .as_ref()
            .map_or("default", |metadata| metadata.namespace())
            .to_owned(),
        services: Vec::new(),
        replicas: 0,
        paused: false,
        min_ready: Delta::ZERO,
        progress_deadline: seconds(600),
        progress_deadline_abort: false,
        rollback_window: None,
        revision_history_limit: 10,
        successful_run_history_limit: 5,
        unsuccessful_run_history_limit: 5,
        strategy: Strategy::BlueGreen(BlueGreen::placeholder()),
        analyses: std::mem::take(&mut collector.analyses),
        sites: std::mem::take(&mut collector.sites),
        experiments: std::mem::take(&mut collector.experiments),
        invalid: None,
        templates: templates.clone(),
    };
    in_world(plan, setting, collector, Vec::new())
}

/// A plan in its world, with what was collected while it was compiled.
fn in_world(
    plan: Plan,
    setting: &Setting,
    collector: Collector<'_>,
    assumed: Vec<Assumed>,
) -> Compiled {
    let (queries, query_remarks, named) = collector.queries.finish();
    let environment = Environment {
        sources: collector.sources,
        queries,
        ..environment_of(&plan, setting, &collector.plugins)
    };
    Compiled {
        environment: with_queries(environment, &plan, named),
        plan,
        measured: collector.measured,
        assumed,
        assumed_metrics: collector.assumed_metrics,
        query_remarks,
    }
}

/// Why the controller refuses the spec, and what is assumed about objects that were not given
/// (`rollout/controller.go: getRolloutValidationErrors`: the first error counts).
fn refusal(input: Input<'_>) -> (Option<String>, Vec<Assumed>) {
    let own = validate_rollout_with(input.rollout, input.origin);
    let message = |error| invalid_spec_message(input.rollout, error);
    if let Some(error) = own.first() {
        return (Some(message(error)), Vec::new());
    }
    let references = validate_references(input.rollout, input.objects, input.missing);
    let invalid = references.errors.first().map(|error| match error {
        ReferenceError::Invalid(error) => message(error),
        ReferenceError::Reconcile { message, .. } => message.clone(),
    });
    (invalid, references.assumed)
}

/// The pod templates of a rollout: its own, and one for each further image tag of the script.
fn templates_of(template: Option<&PodTemplateSpec>, tags: &[String]) -> Vec<PodTemplate> {
    let own = tag_of(template);
    let mut templates = vec![named(template, &own)];
    for tag in tags {
        if templates.iter().all(|known| known.tag != *tag) {
            templates.push(named(template, tag));
        }
    }
    templates
}

/// The tag of the first container's image, or the whole image if it has none.
#[must_use]
pub fn tag_of(template: Option<&PodTemplateSpec>) -> String {
    let image = template
        .and_then(|template| template.images().next())
        .map_or("", |(_, image)| image);
    let name_start = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[name_start..].rsplit_once(':') {
        Some((_, tag)) => tag.to_owned(),
        None if image.is_empty() => "none".to_owned(),
        None => image.to_owned(),
    }
}

/// A template with a name for its hash. The value is ours: a cluster computes another one, from the same things.
fn named(template: Option<&PodTemplateSpec>, tag: &str) -> PodTemplate {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let text = template.map(wire::json).unwrap_or_default();
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes().chain([0]).chain(tag.bytes()) {
        sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut hash = String::new();
    for _ in 0..10 {
        let letter = usize::try_from(sum % 27).unwrap_or(0);
        hash.push(char::from(LETTERS[letter]));
        sum /= 27;
    }
    let labels = template
        .and_then(|template| template.metadata.as_ref()?.labels.clone())
        .unwrap_or_default();
    let container = template.and_then(|template| template.images().next());
    PodTemplate {
        tag: tag.to_owned(),
        hash,
        labels,
        container: container.map_or("", |(name, _)| name).to_owned(),
    }
}

/// The world of a setting, but for what metrics answer.
fn environment_of(plan: &Plan, setting: &Setting, plugins: &[String]) -> Environment {
    let image = |template: &PodTemplate| {
        setting
            .images
            .get(&template.tag)
            .unwrap_or(&setting.default_image)
            .named(&template.tag)
    };
    let plugin = |name: &String| setting.plugins.get(name).cloned().unwrap_or_default();
    let known = |tag: &String| {
        let index = plan.templates.iter().position(|known| known.tag == *tag)?;
        u16::try_from(index).ok().map(TemplateId)
    };
    let renamed: Vec<_> = setting
        .faults
        .iter()
        .map(|fault| fault.rename(known))
        .collect();
    // Faults that concern nobody are left out.
    let place = |index: usize| {
        Some(renamed[..index].iter().flatten().count()).filter(|_| renamed[index].is_some())
    };
    let beliefs = setting.beliefs.iter().filter_map(|(subject, belief)| {
        let subject = match subject {
            Subject::Rps => Subject::Rps,
            Subject::FaultFrom(index) => Subject::FaultFrom(place(*index)?),
            Subject::FaultRate(index) => Subject::FaultRate(place(*index)?),
            Subject::FaultFactor(index) => Subject::FaultFactor(place(*index)?),
        };
        Some((subject, belief.clone()))
    });
    Environment {
        images: plan.templates.iter().map(image).collect(),
        verify_after: setting.verify_after,
        plugins: plugins.iter().map(plugin).collect(),
        traffic: setting.traffic.clone(),
        delays: setting.delays,
        room: setting.room,
        pod_hour: setting.pod_hour,
        overdispersion: setting.overdispersion,
        beliefs: beliefs.collect(),
        faults: renamed.iter().flatten().cloned().collect(),
        scraping: setting.scraping.clone(),
        ..Environment::default()
    }
}

/// The world with all that queries look at: somebody exports it, and there are requests to be counted.
fn with_queries(environment: Environment, plan: &Plan, named: Vec<Profile>) -> Environment {
    let mut environment = environment;
    let profiles = environment.scraping.profiles.take();
    let profiles = profiles.unwrap_or_else(|| {
        let routing = plan.canary().and_then(|canary| canary.routing.as_ref());
        let routers = routing.into_iter().flat_map(|routing| &routing.routers);
        let always = [Profile::Http, Profile::KubeState, Profile::Cadvisor];
        let all = routers.filter_map(profile_of).chain(always);
        let mut profiles: Vec<Profile> = Vec::new();
        for profile in all.chain(named) {
            if !profiles.contains(&profile) {
                profiles.push(profile);
            }
        }
        profiles
    });
    environment.scraping.profiles = Some(profiles);
    if !environment.queries.is_empty() {
        environment.traffic.get_or_insert_with(Traffic::assumed);
    }
    environment
}

/// Whose metrics a router suggests.
fn profile_of(router: &Router) -> Option<Profile> {
    match router {
        Router::Istio { .. } => Some(Profile::Istio),
        Router::Nginx { .. } => Some(Profile::Nginx),
        Router::Traefik => Some(Profile::Traefik),
        Router::Apisix => Some(Profile::Apisix),
        Router::Smi => Some(Profile::Linkerd),
        Router::Ambassador | Router::AppMesh | Router::Plugin(_) => Some(Profile::Envoy),
        Router::Alb => None,
    }
}

/// The script with its deeds in the order of their times.
#[must_use]
pub fn script(mut actions: Vec<crate::plan::scenario::Action>, until: Option<SimTime>) -> Script {
    actions.sort_by_key(|action| match action.when {
        crate::plan::scenario::When::At(at) => at,
        crate::plan::scenario::When::Upon { .. } => SimTime::MAX,
    });
    Script { actions, until }
}

/// The services that a strategy names, numbered as they come.
#[derive(Debug, Default)]
pub(crate) struct Services {
    names: Vec<String>,
}

impl Services {
    /// The number of a service; an empty name is none.
    pub(crate) fn id(&mut self, name: Option<&String>) -> Option<ServiceId> {
        let name = name.filter(|name| !name.is_empty())?;
        let index = self
            .names
            .iter()
            .position(|known| known == name)
            .unwrap_or_else(|| {
                self.names.push(name.clone());
                self.names.len() - 1
            });
        u8::try_from(index).ok().map(ServiceId)
    }
}

pub(crate) fn seconds(count: i32) -> Delta {
    Delta::from_secs(i64::from(count))
}
