//! Random small rollouts with a world and people around them.

use std::fmt::Write as _;

use coalmine::plan::environment::Image;
use coalmine::plan::scenario::Deed;
use coalmine::time::{Delta, SimTime};

use super::dice::Dice;
use crate::behaviours::story::{
    Answer, Story, deed, down, from, nothing, set_image, startup, story,
};

/// The last second of every case.
pub(crate) const HORIZON: i64 = 3000;

/// A rollout, its world and its people.
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) manifests: String,
    images: Vec<(&'static str, Image)>,
    answers: Vec<Answer>,
    deeds: Vec<(i64, Done)>,
    /// Whether all pods start and stay ready.
    pub(crate) sound: bool,
    pub(crate) strategy: Strategy,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Strategy {
    BasicCanary,
    RoutedCanary,
    BlueGreen,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Done {
    Image(&'static str),
    Deed(Deed),
}

impl Case {
    /// The case that a seed stands for.
    pub(crate) fn new(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        let strategy = dice.pick(&[
            Strategy::BasicCanary,
            Strategy::RoutedCanary,
            Strategy::BlueGreen,
        ]);
        let sound = dice.chance(50);
        Self {
            seed,
            manifests: manifests(dice, strategy),
            images: ["v1", "v2", "v3"]
                .map(|tag| (tag, image(dice, sound || tag == "v1")))
                .to_vec(),
            answers: answers(dice),
            deeds: deeds(dice),
            sound,
            strategy,
        }
    }

    /// The same case as a story.
    pub(crate) fn story(&self) -> Story {
        let mut tale = story(&self.manifests).metric("m", self.answers.clone());
        for (tag, image) in &self.images {
            tale = tale.image(tag, image.clone());
        }
        self.deeds.iter().fold(tale, |tale, (at, done)| match done {
            Done::Image(tag) => tale.at(*at, set_image(tag)),
            Done::Deed(what) => tale.at(*at, deed(*what)),
        })
    }

    /// Whether a person changes the number of pods or has them replaced.
    pub(crate) fn is_scaled_by_hand(&self) -> bool {
        let scales = |done: &Done| matches!(done, Done::Deed(Deed::Scale(_) | Deed::Restart));
        self.deeds.iter().any(|(_, done)| scales(done))
    }

    /// The case in full, for a failing test.
    pub(crate) fn shown(&self) -> String {
        format!(
            "seed {}\n{}\n{:?}\n{:?}\n{:?}",
            self.seed, self.manifests, self.images, self.answers, self.deeds
        )
    }
}

fn manifests(dice: &mut Dice, strategy: Strategy) -> String {
    let mut text = format!("replicas: {}\n", dice.pick(&[0, 1, 1, 2, 3, 4, 5, 7, 10]));
    if dice.chance(20) {
        let _ = writeln!(text, "minReadySeconds: {}", dice.between(1, 15));
    }
    if dice.chance(40) {
        let _ = writeln!(text, "progressDeadlineSeconds: {}", dice.between(20, 200));
        let _ = writeln!(text, "progressDeadlineAbort: {}", dice.chance(50));
    }
    if dice.chance(20) {
        let _ = writeln!(
            text,
            "rollbackWindow: {{revisions: {}}}",
            dice.between(1, 3)
        );
    }
    if dice.chance(10) {
        let _ = writeln!(text, "revisionHistoryLimit: {}", dice.between(0, 2));
    }
    match strategy {
        Strategy::BlueGreen => blue_green(dice, &mut text),
        _ => canary(dice, &mut text, strategy == Strategy::RoutedCanary),
    }
    let (count, interval) = (dice.between(1, 4), dice.pick(&["10s", "15s", "40s"]));
    let conditions = dice.pick(&[
        r#", successCondition: "result[0] >= 0.5""#,
        r#", failureCondition: "result[0] < 0.5""#,
        r#", successCondition: "result[0] >= 0.8", failureCondition: "result[0] < 0.3""#,
        "",
    ]);
    let limit = dice.between(0, 3);
    let _ = write!(
        text,
        "---\n{{template: check, metrics: [{{name: m, count: {count}, interval: {interval},
  failureLimit: {limit}{conditions}}}]}}"
    );
    text
}

fn canary(dice: &mut Dice, text: &mut String, routed: bool) {
    text.push_str("canary:\n");
    let mut max_weight = 100;
    if routed {
        max_weight = dice.pick(&[100, 100, 100, 1000]);
        let routing = format!("{{nginx: {{stableIngress: web}}, maxTrafficWeight: {max_weight}}}");
        let _ = writeln!(
            text,
            "  canaryService: web-canary\n  stableService: web-stable\n  trafficRouting: {routing}"
        );
        if dice.chance(30) {
            text.push_str("  dynamicStableScale: true\n");
        }
        if dice.chance(20) {
            let _ = writeln!(
                text,
                "  abortScaleDownDelaySeconds: {}",
                dice.pick(&[0, 5, 100])
            );
        }
        if dice.chance(20) {
            let _ = writeln!(text, "  scaleDownDelaySeconds: {}", dice.pick(&[0, 5, 100]));
        }
        if dice.chance(20) {
            let _ = writeln!(text, "  minPodsPerReplicaSet: {}", dice.between(1, 3));
        }
    } else {
        let surge = dice.pick(&["0", "1", "3", "25%", "100%"]);
        let unavailable = dice.pick(&["1", "2", "25%", "60%"]);
        let _ = writeln!(text, "  maxSurge: {surge}\n  maxUnavailable: {unavailable}");
    }
    if dice.chance(30) {
        text.push_str("  analysis: check\n");
    }
    let count = dice.between(0, 6);
    if count == 0 {
        return;
    }
    text.push_str("  steps:\n");
    for _ in 0..count {
        let _ = writeln!(text, "  - {}", step(dice, routed, max_weight));
    }
}

fn step(dice: &mut Dice, routed: bool, max_weight: i64) -> String {
    match dice.between(0, if routed { 9 } else { 7 }) {
        0..=3 => format!("setWeight: {}", dice.between(0, 20) * max_weight / 20),
        4 => format!("pause: {{duration: {}}}", dice.between(0, 90)),
        5 => "pause: {}".to_owned(),
        6 => "analysis: check".to_owned(),
        7 => {
            let weight = if routed && dice.chance(50) {
                ", weight: 5"
            } else {
                ""
            };
            let reference = dice.pick(&["canary", "stable"]);
            let duration = dice.between(10, 60);
            format!(
                "experiment: {{duration: {duration}s,
                   templates: [{{name: t, specRef: {reference}{weight}}}],
                   analyses: [{{name: a, templateName: check}}]}}"
            )
        }
        8 => format!("setCanaryScale: {{replicas: {}}}", dice.between(0, 5)),
        _ => dice
            .pick(&[
                "setCanaryScale: {matchTrafficWeight: true}",
                "setCanaryScale: {weight: 30}",
            ])
            .to_owned(),
    }
}

fn blue_green(dice: &mut Dice, text: &mut String) {
    text.push_str("blueGreen:\n  activeService: active\n");
    let lines = [
        (50, "previewService: preview".to_owned()),
        (30, "autoPromotionEnabled: false".to_owned()),
        (30, format!("autoPromotionSeconds: {}", dice.between(1, 90))),
        (30, "prePromotionAnalysis: check".to_owned()),
        (30, "postPromotionAnalysis: check".to_owned()),
        (20, "previewReplicaCount: 1".to_owned()),
        (
            20,
            format!("scaleDownDelaySeconds: {}", dice.pick(&[0, 5, 200])),
        ),
        (
            20,
            format!("scaleDownDelayRevisionLimit: {}", dice.between(0, 2)),
        ),
        (
            20,
            format!("abortScaleDownDelaySeconds: {}", dice.pick(&[0, 5, 200])),
        ),
    ];
    for (percent, line) in lines {
        if dice.chance(percent) {
            let _ = writeln!(text, "  {line}");
        }
    }
}

fn image(dice: &mut Dice, sound: bool) -> Image {
    // Pods that start at once would let an inconclusive experiment be made again and again in one
    // instant.
    let image = startup(dice.between(1, 30));
    if sound {
        return image;
    }
    let max_ready = dice
        .chance(40)
        .then(|| i32::try_from(dice.between(0, 4)).expect("few pods"));
    let windows = (0..dice.between(0, 3)).map(|_| {
        let begin = dice.between(50, 900);
        let at = |second| SimTime::ZERO + Delta::from_secs(second);
        (at(begin), at(begin + dice.between(1, 60)))
    });
    let mut unready: Vec<_> = windows.collect();
    unready.sort_unstable();
    Image {
        max_ready,
        unready,
        ..image
    }
}

fn answers(dice: &mut Dice) -> Vec<Answer> {
    let mut second = 0;
    let mut answers = Vec::new();
    for _ in 0..dice.between(0, 6) {
        answers.push(match dice.between(0, 9) {
            0 => down(second),
            1 => nothing(second),
            2 => from(second, f64::NAN),
            3 => from(second, 0.6),
            4 => from(second, 0.1),
            _ => from(second, 1.0),
        });
        second += dice.between(1, 200);
    }
    answers
}

fn deeds(dice: &mut Dice) -> Vec<(i64, Done)> {
    let mut deeds = vec![(dice.between(30, 120), Done::Image("v2"))];
    for _ in 0..dice.between(0, 7) {
        let replicas = i32::try_from(dice.between(0, 8)).expect("few replicas");
        let done = dice.pick(&[
            Done::Image("v1"),
            Done::Image("v2"),
            Done::Image("v3"),
            Done::Image("v3"),
            Done::Deed(Deed::Promote),
            Done::Deed(Deed::Promote),
            Done::Deed(Deed::PromoteFull),
            Done::Deed(Deed::SkipCurrentStep),
            Done::Deed(Deed::SkipAllSteps),
            Done::Deed(Deed::Abort),
            Done::Deed(Deed::Retry),
            Done::Deed(Deed::Undo(None)),
            Done::Deed(Deed::Undo(Some(1))),
            Done::Deed(Deed::Pause),
            Done::Deed(Deed::Resume),
            Done::Deed(Deed::Restart),
            Done::Deed(Deed::Scale(replicas)),
        ]);
        deeds.push((dice.between(100, 1500), done));
    }
    deeds
}
