//! The canonical canary.

use std::time::Instant;

use coalmine::cluster::Cluster;
use coalmine::cluster::status::RolloutPhase;
use coalmine::plan::compile::{self, Input};
use coalmine::plan::environment::Image;
use coalmine::plan::scenario::Script;
use coalmine::plan::setting::{Response, Setting};
use coalmine::plan::{Environment, Plan};
use coalmine::sim::{EndReason, Ending, Start};
use coalmine::spec::{AnalysisTemplate, Ingress, Rollout, Service};
use coalmine::time::{Delta, SimTime};
use coalmine::validation::references::{Missing, ObjectSet};
use coalmine::validation::rollout::TemplateOrigin;

const ROLLOUT: &str = "
metadata: {name: web}
spec:
  replicas: 10
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'example.com/web:v2'}]}
  strategy:
    canary:
      canaryService: web-canary
      stableService: web-stable
      trafficRouting: {nginx: {stableIngress: web}}
      analysis: {templates: [{templateName: success-rate}]}
      steps:
      - setWeight: 5
      - pause: {duration: 2m}
      - setWeight: 20
      - pause: {duration: 2m}
      - setWeight: 50
      - pause: {duration: 2m}
      - setWeight: 80
      - pause: {duration: 2m}
";

const ANALYSIS: &str = "
metadata: {name: success-rate}
spec:
  metrics:
  - name: success-rate
    interval: 30s
    failureLimit: 2
    successCondition: result[0] >= 0.95
    provider: {prometheus: {address: 'http://prometheus.example.com', query: up}}
";

const INGRESS: &str = "
metadata: {name: web}
spec:
  rules:
  - http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web-stable, port: {number: 80}}}}
";

/// A compiled canary and the cluster in which its update begins.
pub(crate) struct Canary {
    pub(crate) plan: Plan,
    pub(crate) environment: Environment,
    pub(crate) script: Script,
    pub(crate) start: Start,
}

impl Canary {
    /// The canary in a world of traffic and health, or in a quiet one; its metric is scripted.
    pub(crate) fn new(replicas: i32, mut world: Setting) -> Self {
        let healthy = vec![(SimTime::ZERO, Response::Vector(vec![0.97]))];
        let answers = world.metrics.entry("success-rate".to_owned());
        answers.or_insert(healthy);
        Self::asking(replicas, world, "up")
    }

    /// The canary whose metric asks this query.
    pub(crate) fn asking(replicas: i32, world: Setting, query: &str) -> Self {
        let mut rollout: Rollout = serde_yaml::from_str(ROLLOUT).expect("a rollout");
        rollout.spec.as_mut().expect("a spec").replicas = Some(replicas);
        let mut analysis: AnalysisTemplate = serde_yaml::from_str(ANALYSIS).expect("a template");
        let metrics = analysis
            .spec
            .as_mut()
            .and_then(|spec| spec.metrics.as_mut());
        let provider = metrics.and_then(|metrics| metrics[0].provider.as_mut());
        let prometheus = provider.and_then(|provider| provider.prometheus.as_mut());
        prometheus.expect("a query").query = Some(query.to_owned());
        let ingress: Ingress = serde_yaml::from_str(INGRESS).expect("an ingress");
        let services: Vec<Service> = ["web-canary", "web-stable"]
            .map(|name| serde_yaml::from_str(&format!("metadata: {{name: {name}}}")))
            .into_iter()
            .collect::<Result<_, _>>()
            .expect("services");
        let objects = ObjectSet {
            analysis_templates: vec![&analysis],
            ingresses: vec![&ingress],
            services: services.iter().collect(),
            ..ObjectSet::default()
        };
        let setting = Setting {
            default_image: Image {
                startup: Delta::from_secs(10).into(),
                ..world.default_image
            },
            tags: vec!["v1".to_owned(), "v2".to_owned()],
            ..world
        };
        let compiled = compile::compile_rollout(Input {
            rollout: &rollout,
            origin: TemplateOrigin::Written,
            objects: &objects,
            missing: Missing::IsError,
            setting: &setting,
        });
        let [stable, update] = ["v1", "v2"].map(|tag| compiled.template(tag).expect("a template"));
        let start = Start::settled(&compiled.plan, &compiled.environment, stable, update);
        Self {
            plan: compiled.plan,
            environment: compiled.environment,
            script: Script::default(),
            start,
        }
    }
}

/// Sees that the canary did what it is there for: promoted after four pauses and with measurements every 30 s.
pub(crate) fn check(cluster: &Cluster, ending: Ending) {
    let rollout = cluster.rollout.as_ref().expect("a rollout");
    assert_eq!(
        rollout.status.phase,
        RolloutPhase::Healthy,
        "{:?}",
        rollout.status
    );
    assert_eq!(ending.reason, EndReason::Quiet);
    assert!(SimTime::from_secs(480) < ending.at, "{ending:?}");
    let measured: i32 = cluster.metrics.iter().map(|metric| metric.count).sum();
    assert!((16..=20).contains(&measured), "{measured} measurements");
}

/// Nanoseconds per call of `work`.
pub(crate) fn nanos(iterations: u32, mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..iterations {
        work();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(iterations)
}
