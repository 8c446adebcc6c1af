//! Worlds that are no chains, and the words for that.

use coalmine::chain::{Aim, Limits};
use coalmine::cluster::provider::Answer;
use coalmine::plan::environment::{Gauge, Image, QueryId, Shows, Signal, Traffic, Whose};
use coalmine::plan::setting::Response;
use coalmine::time::Delta;

use super::draws::{Stage, drawn};
use crate::behaviours::story::{self, story};

const TEXT: &str = "replicas: 1
canary:
  steps: [{analysis: check}]
---
{template: check, metrics: [{name: m, count: 3, interval: 60s, successCondition: 'result[0] >= 1'}]}";

fn stage(answers: Vec<story::Answer>, image: Image, traffic: Option<Traffic>) -> Stage {
    let tale = story(TEXT).metric("m", answers).image("v2", image);
    let mut stage = Stage::of(tale);
    stage.compiled.environment.traffic = traffic;
    stage
}

fn refusal(stage: &Stage, aim: Aim) -> Option<String> {
    let refusal = stage.try_chain(aim, Limits::default()).err();
    refusal.map(|refusal| refusal.to_string())
}

fn signal() -> Vec<story::Answer> {
    let signal = Signal {
        times: None,
        shows: Shows::SuccessRatio,
        of: Whose::Canary,
        over: Delta::from_secs(60),
    };
    vec![(0, Response::Signal(signal))]
}

#[test]
fn pods_that_start_at_random_are_refused() {
    let law = coalmine::law::Law::Exp(statrs_exp());
    let image = Image {
        startup: law,
        ..Image::default()
    };
    let stage = stage(drawn(1, 0.5), image, None);
    for aim in [Aim::Walks, Aim::Distribution] {
        assert_eq!(
            refusal(&stage, aim).as_deref(),
            Some("the pods of `v2` take random times to start")
        );
    }
}

fn statrs_exp() -> statrs::distribution::Exp {
    statrs::distribution::Exp::new(0.1).expect("a law")
}

#[test]
fn requests_have_no_walks_and_their_expectations_a_distribution() {
    let stage = stage(drawn(1, 0.5), Image::default(), Some(Traffic::assumed()));
    assert_eq!(
        refusal(&stage, Aim::Walks).as_deref(),
        Some("requests are drawn, and what a run costs follows from them")
    );
    assert_eq!(refusal(&stage, Aim::Distribution), None);
    let exact = stage.exact();
    let requests = exact.all.requests.expect("traffic");
    assert!(0.0 < requests.all.mean);
    assert!(requests.on_new.mean < requests.all.mean);
}

#[test]
fn metrics_that_look_at_requests_are_refused() {
    let looking = stage(signal(), Image::default(), Some(Traffic::assumed()));
    assert_eq!(
        refusal(&looking, Aim::Distribution).as_deref(),
        Some("metric `m` looks at requests that are drawn")
    );
    let both = refusal(&looking, Aim::Walks).expect("a refusal");
    assert!(both.contains("; metric `m` looks"), "{both}");
    // Without requests there is nothing to be seen.
    let blind = stage(signal(), Image::default(), None);
    assert_eq!(refusal(&blind, Aim::Walks), None);
}

#[test]
fn draws_too_large_to_be_looked_at_are_refused() {
    let large = stage(drawn(u32::MAX, 0.5), Image::default(), None);
    assert_eq!(
        refusal(&large, Aim::Walks).as_deref(),
        Some(
            "metric `m` draws too many requests, or its conditions tell too many kinds of answers apart"
        )
    );
    let smaller = stage(drawn(10_000_000, 0.5), Image::default(), None);
    assert_eq!(refusal(&smaller, Aim::Walks), None);
}

#[test]
fn metrics_that_ask_their_own_queries_are_refused() {
    let mut asking = stage(drawn(1, 0.5), Image::default(), None);
    let answer = Answer::Shown(Gauge::Query(QueryId(0)));
    for source in &mut asking.compiled.environment.sources {
        source.before.reading.answer = answer.clone();
    }
    assert_eq!(
        refusal(&asking, Aim::Distribution).as_deref(),
        Some("the query of metric `m` looks at requests that are drawn")
    );
}
