//! Given and when: a rollout, the world that it runs in, and what people do to it.
//!
//! ```text
//! story("strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}")
//!     .image("v2", startup(8))
//!     .at(120, set_image("v2"))
//!     .until(600)
//!     .at(155)
//!     .expect_step(1)
//! ```
//!
//! At t = 0 the manifests are applied to an empty cluster with image `v1`. Pods start at once
//! unless the story says otherwise, and a metric that no story mentions finds nothing.

use coalmine::cluster::status::PluginPhase;
use coalmine::plan::compile::{self, Compiled, Input};
use coalmine::plan::environment::{Fate, Image, PluginResult};
use coalmine::plan::scenario::{Action, Deed, Script, Trigger, When};
use coalmine::plan::setting::{Response, Setting, Unscripted};
use coalmine::sim::{Simulation, Start};
use coalmine::time::{Delta, SimTime};
use coalmine::trace::Trace;
use coalmine::validation::references::Missing;
use coalmine::validation::rollout::TemplateOrigin;

use super::manifest::Manifests;
use super::told::Told;

/// A story under construction.
pub(crate) struct Story {
    manifests: Manifests,
    setting: Setting,
    acts: Vec<(When, Act)>,
}

/// What somebody does.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    SetImage(&'static str),
    Do(Deed),
}

/// What a metric's back end answers from a second on.
pub(crate) type Answer = (i64, Response);

/// Begins a story with its manifests; see [`super::manifest`].
pub(crate) fn story(yaml: &str) -> Story {
    let setting = Setting {
        unscripted: Unscripted::AnswersNothing,
        ..Setting::default()
    };
    Story {
        manifests: Manifests::read(yaml),
        setting,
        acts: Vec::new(),
    }
}

impl Story {
    /// How the pods of an image behave.
    pub(crate) fn image(mut self, tag: &str, pods: Image) -> Self {
        self.setting.images.insert(tag.to_owned(), pods);
        self
    }

    /// What the back end of a metric answers.
    pub(crate) fn metric(mut self, name: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = answers
            .into_iter()
            .map(|(from, answer)| (second(from), answer));
        self.setting
            .metrics
            .insert(name.to_owned(), answers.collect());
        self
    }

    /// What a step plugin answers.
    pub(crate) fn plugin(
        mut self,
        name: &str,
        results: impl IntoIterator<Item = PluginResult>,
    ) -> Self {
        self.setting
            .plugins
            .insert(name.to_owned(), results.into_iter().collect());
        self
    }

    /// A secret of one key.
    pub(crate) fn secret(mut self, name: &str, key: &str, value: &str) -> Self {
        let keys = self.setting.secrets.entry(name.to_owned()).or_default();
        keys.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The router confirms a weight so many seconds after it was set.
    pub(crate) fn router_verifies_after(mut self, seconds: i64) -> Self {
        self.setting.verify_after = Some(Delta::from_secs(seconds));
        self
    }

    /// Somebody acts at a second.
    pub(crate) fn at(self, at: i64, act: Act) -> Self {
        self.when(When::At(second(at)), act)
    }

    /// Somebody acts so many seconds after something happened for the first time.
    pub(crate) fn upon(self, trigger: Trigger, seconds: i64, act: Act) -> Self {
        let after = Delta::from_secs(seconds);
        self.when(
            When::Upon {
                trigger,
                after,
                every: false,
            },
            act,
        )
    }

    fn when(mut self, when: When, act: Act) -> Self {
        if let Act::SetImage(tag) = act {
            self.setting.tags.push(tag.to_owned());
        }
        self.acts.push((when, act));
        self
    }

    /// Simulates up to and including a second.
    pub(crate) fn until(self, horizon: i64) -> Told {
        let compiled = self.compile();
        let start = self.first_start(&compiled);
        self.tell(compiled, &start, horizon)
    }

    /// Makes a tag known that is applied from outside.
    pub(crate) fn tagged(mut self, tag: &str) -> Self {
        self.setting.tags.push(tag.to_owned());
        self
    }

    /// Simulates the same from a settled stable version `v1`, to which `update` is applied at t =
    /// 0.
    pub(crate) fn settled_until(self, update: &str, horizon: i64) -> Told {
        let tale = self.tagged(update);
        let compiled = tale.compile();
        let start = settled_start(&compiled, update);
        tale.tell(compiled, &start, horizon)
    }

    /// An empty cluster to which the manifests are applied.
    pub(crate) fn first_start(&self, compiled: &Compiled) -> Start {
        match &self.manifests.rollout {
            Some(_) => Start::empty(&compiled.plan, compiled.template("v1").expect("image v1")),
            None => Start::experiment(&compiled.plan),
        }
    }

    /// The plan and the world of the story.
    pub(crate) fn compile(&self) -> Compiled {
        let objects = self.manifests.objects();
        match (&self.manifests.rollout, &self.manifests.experiment) {
            (Some(rollout), _) => compile::compile_rollout(Input {
                rollout,
                origin: if self.manifests.from_workload {
                    TemplateOrigin::Workload
                } else {
                    TemplateOrigin::Written
                },
                objects: &objects,
                missing: Missing::Assumed,
                setting: &self.setting,
            }),
            (None, Some(experiment)) => {
                compile::compile_experiment(experiment, &objects, &self.setting)
            }
            (None, None) => panic!("a story needs a Rollout or an Experiment"),
        }
    }

    fn tell(self, compiled: Compiled, start: &Start, horizon: i64) -> Told {
        let script = self.script(&compiled, horizon);
        let (plan, environment) = (&compiled.plan, &compiled.environment);
        let mut simulation = Simulation::new(plan, environment, &script, Trace::default());
        let ending = simulation.run(start);
        let trace = simulation.into_recorder();
        Told {
            compiled,
            trace,
            ending,
        }
    }

    /// What people do, up to and including a second.
    pub(crate) fn script(&self, compiled: &Compiled, horizon: i64) -> Script {
        let actions = self.acts.iter().map(|(when, act)| {
            let deed = match act {
                Act::SetImage(tag) => Deed::SetImage(compiled.template(tag).expect("its image")),
                Act::Do(deed) => *deed,
            };
            Action { when: *when, deed }
        });
        // Everything of the last second is told.
        let until = second(horizon) + Delta::from_millis(999);
        compile::script(actions.collect(), Some(until))
    }
}

/// A cluster in which `v1` has long been healthy and to which `update` is applied.
pub(crate) fn settled_start(compiled: &Compiled, update: &str) -> Start {
    let template = |tag| compiled.template(tag).expect("a known image");
    let (stable, update) = (template("v1"), template(update));
    Start::settled(&compiled.plan, &compiled.environment, stable, update)
}

fn second(seconds: i64) -> SimTime {
    SimTime::from_secs(seconds)
}

/// Pods that are ready so many seconds after their creation.
pub(crate) fn startup(seconds: i64) -> Image {
    Image {
        startup: Delta::from_secs(seconds).into(),
        ..Image::default()
    }
}

/// Pods that never become ready.
pub(crate) fn crash_looping() -> Image {
    at_most_ready(0)
}

/// Pods of which only so many ever become ready.
pub(crate) fn at_most_ready(pods: i32) -> Image {
    Image {
        max_ready: Some(pods),
        ..Image::default()
    }
}

/// Pods that are not ready in windows of time.
pub(crate) fn unready(windows: &[(i64, i64)]) -> Image {
    let windows = windows
        .iter()
        .map(|(from, to)| (second(*from), second(*to)));
    Image {
        unready: windows.collect(),
        ..Image::default()
    }
}

/// `set image`.
pub(crate) fn set_image(tag: &'static str) -> Act {
    Act::SetImage(tag)
}

/// Any other deed.
pub(crate) fn deed(deed: Deed) -> Act {
    Act::Do(deed)
}

/// `promote`.
pub(crate) fn promote() -> Act {
    Act::Do(Deed::Promote)
}

/// `abort`.
pub(crate) fn abort() -> Act {
    Act::Do(Deed::Abort)
}

/// A vector of one sample, always.
pub(crate) fn always(value: f64) -> Vec<Answer> {
    vec![from(0, value)]
}

/// A vector of one sample, from a second on.
pub(crate) fn from(second: i64, value: f64) -> Answer {
    (second, Response::Vector(vec![value]))
}

/// A failing query, from a second on.
pub(crate) fn down(second: i64) -> Answer {
    (second, Response::Error("connection refused".to_owned()))
}

/// A vector without samples, from a second on.
pub(crate) fn nothing(second: i64) -> Answer {
    (second, Response::Vector(Vec::new()))
}

/// A Job with this fate, if it is created at a second or later.
pub(crate) fn job(second: i64, fate: Fate) -> Answer {
    (second, Response::Job(fate))
}

/// One answer of a step plugin, given once, with the pause that it asks for.
pub(crate) fn says(phase: PluginPhase, requeue_after: i64) -> PluginResult {
    PluginResult {
        phase,
        message: String::new(),
        lasts: None,
        requeue_after: Delta::from_secs(requeue_after),
    }
}
