//! Answers that are made up: values with which the conditions of a metric hold, found by trying.

use serde_json::{Map, Value as Json, json};

use super::{Conditions, Guess, flow, number};
use crate::condition::ValueRef;
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
    let keys = keys(inner.strip_prefix('$').unwrap_or(inner))?;
    let found = any_document(metric)?;
    Some(Guess {
        answers: vec![flow("json", &nested(&keys, &found))],
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
    let places = places(metric);
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

/// A step of a path into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Field(String),
    Index(usize),
}

/// The places of `result` that the conditions name, such as `result.data.ok` and `result[0].value`.
fn places(metric: &ResolvedMetric) -> Vec<Vec<Key>> {
    let mut places = Vec::new();
    for condition in [&metric.success_condition, &metric.failure_condition] {
        for rest in condition.split("result").skip(1) {
            let is_part = |letter: &char| letter.is_alphanumeric() || "._-[]'\"".contains(*letter);
            let path: String = rest.chars().take_while(is_part).collect();
            let path = path.trim_end_matches(['.', '-']);
            let place = keys(path).filter(|place| !place.is_empty());
            places.extend(place.filter(|place| !places.contains(place)));
        }
    }
    places
}

/// The steps of a path `.a['b'][0]`; a `*` is the first. `None` for anything else.
fn keys(path: &str) -> Option<Vec<Key>> {
    /// A list that is filled up to a higher index would be long.
    const INDEX_MAX: usize = 100;
    let mut keys = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(field) = rest.strip_prefix('.') {
            let end = field.find(['.', '[']).unwrap_or(field.len());
            let (name, after) = field.split_at(end);
            if name.is_empty() {
                return None;
            }
            keys.push(if name == "*" {
                Key::Index(0)
            } else {
                Key::Field(name.to_owned())
            });
            rest = after;
        } else {
            let (inner, after) = rest.strip_prefix('[')?.split_once(']')?;
            let name = inner.trim_matches(['\'', '"']);
            keys.push(match inner.parse() {
                Ok(index) if index <= INDEX_MAX => Key::Index(index),
                _ if inner == "*" => Key::Index(0),
                _ if name.len() + 2 == inner.len() => Key::Field(name.to_owned()),
                _ => return None,
            });
            rest = after;
        }
    }
    Some(keys)
}

/// A document that holds `value` at a path, and nothing else.
fn nested(keys: &[Key], value: &Json) -> Json {
    let mut document = Json::Null;
    fill(&mut document, keys, value);
    document
}

/// Writes a value at a path; what is in the way goes.
fn fill(mut document: &mut Json, keys: &[Key], value: &Json) {
    for key in keys {
        document = match key {
            Key::Field(name) => {
                if !document.is_object() {
                    *document = Json::Object(Map::new());
                }
                &mut document[name.as_str()]
            }
            Key::Index(index) => {
                if !document.is_array() {
                    *document = json!([]);
                }
                let items = document.as_array_mut().expect("made a list above");
                while items.len() <= *index {
                    items.push(Json::Null);
                }
                &mut items[*index]
            }
        };
    }
    *document = value.clone();
}
