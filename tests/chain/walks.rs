//! Walks against simulations of the same weather, bit for bit.

use std::fmt::Write as _;

use coalmine::chain::{Aim, Limits};
use coalmine::plan::scenario::{Deed, Trigger};
use coalmine::trials::{Outcomes, Runner, Simulated, Summary};
use coalmine::verdict::Verdict;
use coalmine::world::Weather;

use super::draws::{Stage, draw, drawn};
use crate::behaviours::story::{deed, settled_start, story};
use crate::properties::case::{Case, HORIZON};
use crate::properties::dice::Dice;

const REPLICATES: u64 = 50;

/// Walks twice through everything: once while it is explored, once through what was explored; then through a graph that was explored
/// whole, if it is small.
fn compare(stage: &Stage, seed: u64, shown: impl Fn() -> String) -> usize {
    let mut chain = stage.chain(Aim::Walks, Limits::default());
    let mut simulated = Simulated::new(stage.whole());
    let weathers = (0..REPLICATES).map(|replicate| Weather {
        random: true,
        seed,
        replicate,
    });
    let weathers: Vec<Weather> = weathers.collect();
    let summaries: Vec<Summary> = weathers
        .iter()
        .map(|weather| simulated.run(*weather))
        .collect();
    for (weather, summary) in weathers.iter().zip(&summaries) {
        assert_eq!(chain.walk(*weather), *summary, "{weather:?}\n{}", shown());
    }
    for (weather, summary) in weathers.iter().zip(&summaries).rev() {
        assert_eq!(chain.graph().walk(*weather), Some(*summary), "{}", shown());
    }
    let small = Limits {
        nodes: 400,
        ..Limits::default()
    };
    let mut whole = stage.chain(Aim::Walks, small);
    if whole.complete().is_ok() {
        for (weather, summary) in weathers.iter().zip(&summaries) {
            assert_eq!(whole.graph().walk(*weather), Some(*summary), "{}", shown());
        }
    }
    compare_ranges(stage, &weathers, &summaries, &shown);
    chain.graph().vertices()
}

/// Walks of ranges: while they are explored, then through what was explored, and with other ranges.
fn compare_ranges(
    stage: &Stage,
    weathers: &[Weather],
    summaries: &[Summary],
    shown: &impl Fn() -> String,
) {
    let index = |replicate: u64| usize::try_from(replicate).expect("small");
    let whole = 0..REPLICATES;
    for ranges in [
        vec![0..7, 7..REPLICATES, whole.clone(), 20..21, 5..5],
        vec![whole, 3..40],
    ] {
        let mut chain = stage.chain(Aim::Walks, Limits::default());
        let mut outcomes = Outcomes::default();
        for range in ranges {
            chain.walk_all(weathers[0], range.clone(), &mut outcomes);
            let wanted = &summaries[index(range.start)..index(range.end)];
            assert!(outcomes.summaries().eq(wanted), "{}", shown());
        }
    }
}

#[test]
fn walks_of_random_rollouts_are_their_simulations() {
    let mut vertices = 0;
    for seed in 0..100 {
        let case = Case::new(seed);
        let dice = &mut Dice::new(seed ^ 0xd1ce);
        let (requests, failing) = (dice.pick(&[1, 4, 10]), dice.pick(&[0.05, 0.3, 0.5]));
        let mut answers = drawn(requests, failing);
        if dice.chance(30) {
            answers.push((400, draw(2, 0.5)));
        }
        let tale = case.story().metric("m", answers);
        let compiled = tale.compile();
        let script = tale.script(&compiled, HORIZON);
        let start = if dice.chance(50) {
            tale.first_start(&compiled)
        } else {
            settled_start(&compiled, "v2")
        };
        let stage = Stage {
            compiled,
            script,
            start,
        };
        vertices += compare(&stage, seed, || case.shown());
    }
    assert!(500 < vertices, "only {vertices} measurements");
}

#[test]
fn walks_of_several_analyses_are_their_simulations() {
    let mut vertices = 0;
    for seed in 0..60 {
        let dice = &mut Dice::new(seed);
        let text = several(dice);
        let tale = ["a", "b", "c"]
            .into_iter()
            .fold(story(&text), |tale, name| {
                let requests = dice.pick(&[1, 2, 20]);
                let failing = dice.pick(&[0.001, 0.02, 0.1]);
                tale.metric(name, drawn(requests, failing))
            });
        vertices += compare(&Stage::of(tale), seed, || text.clone());
    }
    assert!(400 < vertices, "only {vertices} measurements");
}

/// A canary with a background analysis, two steps with analyses, and three metrics.
fn several(dice: &mut Dice) -> String {
    let mut text = "replicas: 4
canary:
  analysis: first
  steps: [{setWeight: 25}, {analysis: second}, {setWeight: 50}, {pause: {duration: 95s}}, {analysis: first}]
".to_owned();
    for (template, names) in [("first", ["a", "b"]), ("second", ["b", "c"])] {
        let _ = writeln!(text, "---\ntemplate: {template}\nmetrics:");
        for name in names {
            let _ = writeln!(text, "- {}", metric(dice, name));
        }
    }
    text
}

fn metric(dice: &mut Dice, name: &str) -> String {
    let interval = dice.pick(&["15s", "20s", "30s"]);
    let mut text = format!("{{name: {name}, interval: {interval}");
    let mut add = |field: &str| {
        let _ = write!(text, ", {field}");
    };
    if dice.chance(70) {
        add(&format!("count: {}", dice.between(1, 6)));
    }
    if dice.chance(30) {
        add(&format!("inconclusiveLimit: {}", dice.between(0, 2)));
    }
    if dice.chance(30) {
        add(&format!("consecutiveErrorLimit: {}", dice.between(0, 3)));
    }
    let wants_success_in_a_row = dice.chance(20);
    if wants_success_in_a_row {
        add(&format!("consecutiveSuccessLimit: {}", dice.between(1, 3)));
    }
    // Without a limit of failures there has to be another one.
    let lowest = if wants_success_in_a_row { -1 } else { 0 };
    add(&format!("failureLimit: {}", dice.between(lowest, 3)));
    if dice.chance(20) {
        add("initialDelay: 7s");
    }
    add(dice.pick(&[
        "successCondition: 'result[0] >= 0.9'",
        "failureCondition: 'result[0] < 0.7'",
        "successCondition: 'result[0] >= 0.9', failureCondition: 'result[0] < 0.6'",
        "successCondition: 'result[0] > 0.9 || result[1] > 0'",
    ]));
    text.push('}');
    text
}

#[test]
fn measurements_of_one_source_at_one_instant_are_one_draw() {
    // Whoever retries in the same instant measures the same requests again.
    let text = "replicas: 1
canary:
  steps: [{analysis: check}]
---
{template: check, metrics: [{name: m, count: 1, successCondition: 'result[0] >= 1'}]}";
    for (seconds, failed) in [(0, 0.5), (1, 0.25)] {
        let tale = story(text).metric("m", drawn(1, 0.5)).upon(
            Trigger::Aborted,
            seconds,
            deed(Deed::Retry),
        );
        let stage = Stage::of(tale);
        let exact = stage.exact();
        let share = &exact.verdicts[&Verdict::RolledBack];
        assert!(
            (share.probability - failed).abs() < 1e-12,
            "{seconds}: {exact:?}"
        );
        compare(&stage, 1, || text.to_owned());
    }
}

#[test]
fn two_analyses_by_one_template_draw_on_their_own() {
    let text = "replicas: 1
canary:
  analysis: check
  steps: [{analysis: check}, {pause: {duration: 1h}}]
---
{template: check, metrics: [{name: m, count: 1, successCondition: 'result[0] >= 1'}]}";
    let stage = Stage::of(story(text).metric("m", drawn(1, 0.5)));
    let share = &stage.exact().verdicts[&Verdict::RolledBack];
    assert!((share.probability - 0.75).abs() < 1e-12);
    compare(&stage, 1, || text.to_owned());
}
