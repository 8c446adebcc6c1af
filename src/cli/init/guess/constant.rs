//! Answers that are made up: values with which the conditions of a metric hold, found by trying.

use serde_json::{Value as Json, json};

use super::{Conditions, Guess, flow, number};
use crate::condition::ValueRef;
use crate::document::{fill, nested, steps};
use crate::plan::analysis_template::{ProviderKind, ResolvedMetric};

/// Numbers that pass for most metrics: shares, percentages, none, many.
const NUMBERS: [f64; 8] = [0.999, 99.9, 0.001, 0.1, 1.0, 0.0, 100.0, 1e3];
/// Places of a document that are filled by trying; more are filled alike.
const PLACES_MAX: usize = 3;

/// A Job that succeeds.
pub(super) fn job() -> Guess {
    Guess {
        answers: vec!["{job: {succeedAfter: 30s}}".to_owned()],
        why: "the Job succeeds after half a minute: choose its time, or `failAfter`",
    }
}

/// A score that Kayenta passes; it does not ask for conditions.
pub(super) fn score(metric: &ResolvedMetric) -> Guess {
    let threshold = metric
        .provider
        .kayenta
        .as_ref()
        .and_then(|kayenta| kayenta.threshold.clone());
    let pass = threshold.and_then(|threshold| threshold.pass).unwrap_or(95);
    Guess {
        answers: vec![flow("scalar", &json!(pass))],
        why: "the score of the judgement is made up so that it passes",
    }
}

/// An answer with a value that passes, if one is found.
pub(super) fn value(metric: &ResolvedMetric) -> Option<String> {
    let numbers = numbers(metric);
    let conditions = Conditions::of(metric);
    let scalar = |x: &f64| {
        conditions
            .pass(ValueRef::Float(*x))
            .then(|| flow("scalar", &number(*x)))
    };
    let vector = |x: &f64| {
        let passes = conditions.pass(ValueRef::Vector(&[*x]));
        passes.then(|| flow("vector", &json!([x])))
    };
    let list_first = !matches!(
        metric.kind,
        ProviderKind::Datadog
            | ProviderKind::Wavefront
            | ProviderKind::Web
            | ProviderKind::SkyWalking
    ) || metric.success_condition.contains("result[0]")
        || metric.failure_condition.contains("result[0]");
    let found = if list_first {
        numbers.iter().find_map(|x| vector(x).or_else(|| scalar(x)))
    } else {
        numbers.iter().find_map(|x| scalar(x).or_else(|| vector(x)))
    };
    found.or_else(|| any_document(metric).map(|document| flow("value", &document)))
}

/// The document of a web request with which the metric passes.
pub(super) fn document(metric: &ResolvedMetric) -> Option<Guess> {
    let web = metric.provider.web.as_ref()?;
    let path = web
        .json_path
        .as_deref()
        .filter(|path| !path.is_empty())
        .unwrap_or("{$}");
    let inner = path
        .trim()
        .trim_start_matches('{')
        .trim_end_matches('}')
        .trim();
    let place = steps(inner.strip_prefix('$').unwrap_or(inner))?;
    let found = any_document(metric)?;
    Some(Guess {
        answers: vec![flow("json", &nested(&place, &found))],
        why: "the document is made up so that the metric passes",
    })
}

/// A value of JSON with which the metric passes.
fn any_document(metric: &ResolvedMetric) -> Option<Json> {
    let conditions = Conditions::of(metric);
    let holds = |value: &Json| conditions.pass(ValueRef::Json(value));
    let leaves = leaves(metric);
    if let Some(leaf) = leaves.iter().find(|leaf| holds(leaf)) {
        return Some(leaf.clone());
    }
    let places = metric.places();
    let mut digits = vec![0_usize; places.len().min(PLACES_MAX)];
    if places.is_empty() {
        return None;
    }
    loop {
        let mut document = Json::Null;
        for (index, place) in places.iter().enumerate() {
            let digit = digits.get(index).or(digits.last()).copied().unwrap_or(0);
            fill(&mut document, place, &leaves[digit]);
        }
        if holds(&document) {
            return Some(document);
        }
        // The next number of as many digits, each for a place.
        let next = digits.iter().position(|digit| digit + 1 < leaves.len())?;
        digits[..next].fill(0);
        digits[next] += 1;
    }
}

/// Values to try: truths, numbers, lists of a number, and the texts of the conditions.
fn leaves(metric: &ResolvedMetric) -> Vec<Json> {
    let mut leaves = vec![json!(true), json!(false)];
    for condition in [&metric.success_condition, &metric.failure_condition] {
        for quote in ['"', '\''] {
            let texts = condition.split(quote).skip(1).step_by(2);
            leaves.extend(texts.take(4).map(|text| json!(text)));
        }
    }
    leaves.extend(numbers(metric).into_iter().map(number));
    leaves.extend(NUMBERS.map(|x| json!([x])));
    leaves.truncate(LEAVES_MAX);
    leaves
}

/// Most values that are tried at a place.
const LEAVES_MAX: usize = 32;

/// Numbers to try: usual ones, and those around the numbers of the conditions.
fn numbers(metric: &ResolvedMetric) -> Vec<f64> {
    let mut numbers = NUMBERS.to_vec();
    for condition in [&metric.success_condition, &metric.failure_condition] {
        let words = condition.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
        for limit in words
            .filter_map(|word| word.parse::<f64>().ok())
            .filter(|limit| limit.is_finite())
            .take(4)
        {
            numbers.extend([limit, limit * 1.1, limit * 0.9]);
        }
    }
    numbers
}
