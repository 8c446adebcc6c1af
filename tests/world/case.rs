//! A rollout in a world, from a few lines.

use std::collections::BTreeMap;

use coalmine::cluster::Cluster;
use coalmine::curve::Curve;
use coalmine::plan::compile::{self, Compiled, Input};
use coalmine::plan::environment::{Breaks, Changing, Fault, Health, Image, Scraping, Traffic};
use coalmine::plan::scenario::{Action, Deed, Script, When};
use coalmine::plan::setting::Setting;
use coalmine::series::Exporter;
use coalmine::sim::{Ending, Simulation, Start};
use coalmine::spec::Rollout;
use coalmine::time::{Delta, SimTime};
use coalmine::trace::Off;
use coalmine::validation::references::{Missing, ObjectSet};
use coalmine::validation::rollout::TemplateOrigin;
use coalmine::world::Weather;
use coalmine::world::ledger::{Served, Tally};

/// A rollout of v2 over v1, and the world around it.
pub(crate) struct Case {
    strategy: String,
    replicas: i32,
    pub(crate) setting: Setting,
    script: Script,
    weather: Weather,
}

/// What a run left behind.
pub(crate) struct After {
    pub(crate) tally: Tally,
    pub(crate) cluster: Cluster,
    pub(crate) ending: Ending,
    pub(crate) compiled: Compiled,
}

/// A case with ten replicas, a hundred requests per second, and pods that start at once.
pub(crate) fn case(strategy: &str) -> Case {
    let setting = Setting {
        tags: vec!["v1".to_owned(), "v2".to_owned()],
        traffic: Some(traffic(Curve::constant(100.0))),
        ..Setting::default()
    };
    Case {
        strategy: strategy.to_owned(),
        replicas: 10,
        setting,
        script: Script::default(),
        weather: Weather::CALM,
    }
}

pub(crate) fn traffic(rps: Curve) -> Traffic {
    Traffic {
        rps,
        requests_per_user: None,
        sticky: None,
        header: 0.0,
        preview: 0.0,
        slow: None,
    }
}

/// Pods that fail a share of their requests.
pub(crate) fn failing(share: f64) -> Image {
    Image {
        health: Health {
            errors: Changing::constant(share),
            ..Health::default()
        },
        ..Image::default()
    }
}

pub(crate) fn at(seconds: i64) -> SimTime {
    SimTime::from_secs(seconds)
}

pub(crate) fn secs(seconds: i64) -> Delta {
    Delta::from_secs(seconds)
}

impl Case {
    pub(crate) fn replicas(mut self, replicas: i32) -> Self {
        self.replicas = replicas;
        self
    }

    pub(crate) fn image(mut self, tag: &str, image: Image) -> Self {
        self.setting.images.insert(tag.to_owned(), image);
        self
    }

    pub(crate) fn traffic(mut self, change: impl FnOnce(&mut Traffic)) -> Self {
        change(self.setting.traffic.as_mut().expect("traffic"));
        self
    }

    pub(crate) fn fault(mut self, from: i64, to: i64, breaks: Breaks<String>) -> Self {
        self.setting.faults.push(Fault {
            from: at(from),
            to: at(to),
            breaks,
        });
        self
    }

    pub(crate) fn deed(mut self, seconds: i64, deed: Deed) -> Self {
        let when = When::At(at(seconds));
        self.script.actions.push(Action { when, deed });
        self
    }

    pub(crate) fn until(mut self, seconds: i64) -> Self {
        self.script.until = Some(at(seconds));
        self
    }

    pub(crate) fn weather(mut self, weather: Weather) -> Self {
        self.weather = weather;
        self
    }

    pub(crate) fn scraping(mut self, scraping: Scraping) -> Self {
        self.setting.scraping = scraping;
        self
    }

    /// Looks at what is exported at an instant, and at the accounts up to then.
    pub(crate) fn look<T>(&self, now: SimTime, look: impl FnOnce(&Exporter<'_>, &Tally) -> T) -> T {
        let compiled = self.compiled();
        let script = Script {
            until: Some(now),
            ..self.script.clone()
        };
        let (plan, environment) = (&compiled.plan, &compiled.environment);
        let mut simulation = Simulation::new(plan, environment, &script, Off)
            .accounting(self.weather)
            .metering();
        simulation.run(&start(&compiled));
        let (cluster, world) = (simulation.cluster(), simulation.world());
        let exporter = Exporter::new(plan, environment, cluster, world);
        look(&exporter, world.ledger.tally())
    }

    pub(crate) fn compiled(&self) -> Compiled {
        let text = format!(
            "metadata: {{name: web}}
spec:
  replicas: {}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: 'example.com/web:v2'}}]}}
  strategy: {}
",
            self.replicas, self.strategy
        );
        let rollout: Rollout = serde_yaml::from_str(&text).expect("a rollout");
        let compiled = compile::compile_rollout(Input {
            rollout: &rollout,
            origin: TemplateOrigin::Written,
            objects: &ObjectSet::default(),
            missing: Missing::Assumed,
            setting: &self.setting,
        });
        assert_eq!(compiled.plan.invalid, None);
        compiled
    }

    pub(crate) fn run(&self) -> After {
        let compiled = self.compiled();
        let start = start(&compiled);
        let mut simulation =
            Simulation::new(&compiled.plan, &compiled.environment, &self.script, Off)
                .accounting(self.weather);
        let ending = simulation.run(&start);
        let tally = simulation.world().ledger.tally().clone();
        let cluster = simulation.cluster().clone();
        After {
            tally,
            cluster,
            ending,
            compiled,
        }
    }
}

impl After {
    /// What a version served.
    pub(crate) fn of(&self, tag: &str) -> Served {
        let version = self.compiled.template(tag).expect("a version");
        self.tally.served[usize::from(version.0)]
    }
}

/// Each measure by name, as it is and as it should be, to nine digits.
pub(crate) fn expect(measures: &[(&str, f64, f64)]) {
    let wrong: BTreeMap<&str, (f64, f64)> = measures
        .iter()
        .filter(|(_, got, want)| 1e-9 * want.abs().max(1.0) < (got - want).abs())
        .map(|(name, got, want)| (*name, (*got, *want)))
        .collect();
    assert!(wrong.is_empty(), "got and want: {wrong:?}");
}

pub(crate) fn start(compiled: &Compiled) -> Start {
    let [stable, update] = ["v1", "v2"].map(|tag| compiled.template(tag).expect("a version"));
    Start::settled(&compiled.plan, &compiled.environment, stable, update)
}
