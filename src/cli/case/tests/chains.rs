//! The shipped scenarios as chains: as they are, and with measurements that are drawn instead of scripted.

use std::sync::Arc;

use super::*;
use crate::chain::{Aim, Chain, Limits};
use crate::cluster::provider::{Answer, Reading};
use crate::law::Law;
use crate::plan::Environment;
use crate::plan::environment::{Draw, Gauge, Sample, Scripted, Shows, Source};
use crate::time::Delta;
use crate::trials::{Runner, Simulated, Stage};

/// Compares walks with simulations; how many ways there are at measurements, if the chain applies.
fn compare(name: &str, stage: Stage<'_>, replicates: u64) -> Option<usize> {
    let mut chain = Chain::new(stage, Aim::Walks, Limits::default()).ok()?;
    let mut simulated = Simulated::new(stage);
    for replicate in 0..replicates {
        let weather = Weather {
            replicate,
            ..Weather::of(5)
        };
        let (walk, run) = (chain.walk(weather), simulated.run(weather));
        assert_eq!(walk, run, "{name}, replicate {replicate}");
    }
    Some(chain.graph().edges())
}

/// The same world without requests, whose metrics are draws that fail now and then.
fn with_draws(environment: &Environment) -> Environment {
    let mut drawn = Environment {
        traffic: None,
        queries: Vec::new(),
        beliefs: Vec::new(),
        ..environment.clone()
    };
    for image in &mut drawn.images {
        image.beliefs.clear();
        if image.startup.as_constant().is_none() {
            image.startup = Law::from(Delta::from_secs(7));
        }
    }
    for source in &mut drawn.sources {
        let draw = Draw {
            times: None,
            shows: Shows::SuccessRatio,
            requests: 20,
            failing: 0.03,
        };
        let answer = Answer::Shown(Gauge::Draw(Arc::new(Sample::new(draw))));
        let reading = Reading {
            answer,
            text: String::new(),
        };
        *source = Source {
            before: Scripted {
                reading,
                ..Scripted::default()
            },
            ..Source::default()
        };
    }
    drawn
}

#[test]
fn walks_of_the_shipped_scenarios_are_their_simulations() {
    let (mut as_they_are, mut ways) = (0, 0);
    for (name, case) in shipped() {
        let stage = Stage {
            plan: &case.compiled.plan,
            environment: &case.compiled.environment,
            script: &case.script,
            start: &case.start,
        };
        as_they_are += u32::from(compare(&name, stage, 50).is_some());
        let environment = with_draws(stage.environment);
        let drawn = Stage {
            environment: &environment,
            ..stage
        };
        ways += compare(&name, drawn, 20).unwrap_or_else(|| panic!("{name} is refused"));
    }
    assert!(0 < as_they_are, "no scenario is a chain");
    assert!(300 <= ways, "only {ways} ways");
}
