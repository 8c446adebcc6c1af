//! Metrics that draw, and gates that wait for them.

use coalmine::chain::{Aim, Chain, Exact, Limits};
use coalmine::plan::compile::Compiled;
use coalmine::plan::environment::{Draw, Shows};
use coalmine::plan::scenario::Script;
use coalmine::plan::setting::Response;
use coalmine::sim::Start;
use coalmine::trials::Stage as Whole;

use crate::behaviours::story::{Answer, Story, settled_start, story};

/// A rollout that can be walked.
pub(crate) struct Stage {
    pub(crate) compiled: Compiled,
    pub(crate) script: Script,
    pub(crate) start: Start,
}

/// Long enough for everything.
const HORIZON: i64 = 20_000;

impl Stage {
    /// The update to `v2` of a story, over a settled `v1`.
    pub(crate) fn of(tale: Story) -> Self {
        let tale = tale.tagged("v2");
        let compiled = tale.compile();
        let script = tale.script(&compiled, HORIZON);
        let start = settled_start(&compiled, "v2");
        Self {
            compiled,
            script,
            start,
        }
    }

    /// The chain of everything that can happen.
    pub(crate) fn chain(&self, aim: Aim, limits: Limits) -> Chain<'_> {
        self.try_chain(aim, limits).expect("a chain")
    }

    pub(crate) fn try_chain(
        &self,
        aim: Aim,
        limits: Limits,
    ) -> Result<Chain<'_>, coalmine::chain::Refusal> {
        Chain::new(self.whole(), aim, limits)
    }

    /// What simulations run on.
    pub(crate) fn whole(&self) -> Whole<'_> {
        Whole {
            plan: &self.compiled.plan,
            environment: &self.compiled.environment,
            script: &self.script,
            start: &self.start,
        }
    }

    /// What can become of it.
    pub(crate) fn exact(&self) -> Exact {
        let mut chain = self.chain(Aim::Distribution, Limits::default());
        chain.distribution().expect("few states")
    }
}

/// The share of so many requests that do not fail, drawn at each measurement.
pub(crate) fn draw(requests: u32, failing: f64) -> Response {
    Response::Draw(Draw {
        times: None,
        shows: Shows::SuccessRatio,
        requests,
        failing,
    })
}

/// The same from the start on.
pub(crate) fn drawn(requests: u32, failing: f64) -> Vec<Answer> {
    vec![(0, draw(requests, failing))]
}

/// A gate as the only step: one metric `m` whose measurements fail with probability `failing`.
pub(crate) fn gate(fields: &str, failing: f64) -> Stage {
    let text = format!(
        "replicas: 1
canary:
  steps: [{{analysis: check}}]
---
{{template: check, metrics: [{{name: m, interval: 60s, successCondition: 'result[0] >= 1', {fields}}}]}}"
    );
    Stage::of(story(&text).metric("m", drawn(1, failing)))
}
