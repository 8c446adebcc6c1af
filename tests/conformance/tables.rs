//! Tables of single functions: replica counts.

use coalmine::controller::replicas::{
    ActualWeights, CanarySize, Pods, Sizes, Split, basic_canary, routed_canary,
};
use coalmine::plan::Canary;
use coalmine::plan::strategy::{Amount, Routing, Steps};
use serde_json::Value;

use super::corpus::{Corpus, Score, lines};

/// Both tables of replica counts.
pub(crate) fn replica_counts(corpus: &Corpus) -> Score {
    let mut score = Score::default();
    for (name, path) in corpus.archives("argo/tables") {
        let evaluate = match name.as_str() {
            "replica-counts-basic" => basic,
            "replica-counts-routed" => routed,
            _ => continue,
        };
        for row in lines(&path) {
            let got = evaluate(&row);
            let want = Split {
                canary: int(&row["want"][0]),
                stable: int(&row["want"][1]),
            };
            score.add(&name, (got != want).then(|| format!("{row}: got {got:?}")));
        }
    }
    score
}

fn int(value: &Value) -> i32 {
    value
        .as_i64()
        .and_then(|number| i32::try_from(number).ok())
        .unwrap_or_default()
}

fn is_aborted(row: &Value) -> bool {
    row["abort"].as_bool().unwrap_or(false)
}

fn amount(value: &Value) -> Amount {
    match value {
        Value::Null => Amount::Percent(25),
        Value::String(text) => {
            Amount::Percent(text.trim_end_matches('%').parse().expect("a percentage"))
        }
        number => Amount::Pods(int(number)),
    }
}

fn pods(value: &Value) -> Option<Pods> {
    value.is_array().then(|| Pods {
        desired: int(&value[0]),
        available: int(&value[1]),
    })
}

fn canary(row: &Value) -> Canary {
    Canary {
        steps: Steps::default(),
        canary_service: None,
        stable_service: None,
        ping_pong: None,
        routing: None,
        max_surge: amount(&row["maxSurge"]),
        max_unavailable: amount(&row["maxUnavailable"]),
        background: None,
        scale_down_delay: coalmine::time::Delta::default(),
        scale_down_delay_revision_limit: i32::MAX,
        abort_scale_down_delay: None,
        abort_scale_down_delay_written: false,
        dynamic_stable_scale: row["dynamicStableScale"].as_bool().unwrap_or(false),
        min_pods_per_replica_set: row.get("minPodsPerReplicaSet").map(int),
        progress_threshold: None,
    }
}

fn basic(row: &Value) -> Split {
    let sizes = Sizes {
        new: pods(&row["new"]),
        stable: pods(&row["stable"]),
        stable_is_other: row["stable"].is_array(),
        older_desired: pods(&row["older"]).map_or(0, |older| older.desired),
    };
    // An aborted canary has no weight (`utils/replicaset/canary.go: GetCurrentSetWeight`).
    let weight = if is_aborted(row) {
        0
    } else {
        int(&row["weight"])
    };
    basic_canary(&canary(row), int(&row["replicas"]), weight, sizes)
}

fn routed(row: &Value) -> Split {
    let max_weight = row.get("maxTrafficWeight").map_or(100, int);
    let canary = Canary {
        routing: Some(Routing {
            routers: Vec::new(),
            max_weight,
        }),
        ..canary(row)
    };
    let scale = [&row["setCanaryScaleAfter"], &row["setCanaryScaleBefore"]]
        .into_iter()
        .find(|scale| scale.is_object());
    let matches = scale.is_some_and(|scale| scale["matchTrafficWeight"].as_bool() == Some(true));
    let size = match scale.filter(|_| !matches) {
        Some(scale) if scale.get("replicas").is_some() => {
            CanarySize::Replicas(int(&scale["replicas"]))
        }
        Some(scale) if scale.get("weight").is_some() => CanarySize::Weight(int(&scale["weight"])),
        _ => CanarySize::Weight(int(&row["setWeight"])),
    };
    // Nor does it use a set scale (`utils/replicaset/canary.go: UseSetCanaryScale`).
    let aborted = is_aborted(row);
    let size = if aborted { CanarySize::Weight(0) } else { size };
    let weights = row["actualWeights"].as_array().map(|pair| ActualWeights {
        canary: int(&pair[0]),
        stable: int(&pair[1]),
    });
    routed_canary(&canary, int(&row["replicas"]), size, aborted, weights)
}
