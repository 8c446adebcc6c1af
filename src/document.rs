//! Documents of JSON that hold a value at some places and nothing else.
//!
//! Knows paths such as `.data['ok'][0]`, and which places of `result` a condition names. Refuses to know providers. Simplifies: a
//! condition is looked through as text, not as a tree.

use serde_json::{Map, Value as Json};

/// A step of a path into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A field of an object.
    Field(String),
    /// An item of a list, at most [`INDEX_MAX`].
    Index(usize),
}

/// A list that is filled up to a higher index would be long.
pub const INDEX_MAX: usize = 100;

/// The steps of a path `.a['b'][0]`; a `*` is the first. `None` for anything else.
#[must_use]
pub fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(".*").or(rest.strip_prefix("[*]")) {
            steps.push(Step::Index(0));
            rest = after;
        } else if let Some(field) = rest.strip_prefix('.').filter(|rest| !rest.starts_with('[')) {
            let end = field.find(['.', '[']).unwrap_or(field.len());
            let (name, after) = field.split_at(end);
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Field(name.to_owned()));
            rest = after;
        } else {
            let (step, after) = bracketed(rest)?;
            steps.push(step);
            rest = after;
        }
    }
    Some(steps)
}

/// The places of `result` that a condition names, such as `result.data.ok` and `result[0].value`, each once. Of a list that goes into a
/// predicate, as in `all(result.values, {.value > 1})`, the place is what the predicate asks of an item.
#[must_use]
pub fn places_named(condition: &str) -> Vec<Vec<Step>> {
    const ROOT: &str = "result";
    let mut places = Vec::new();
    for (at, _) in condition.match_indices(ROOT) {
        let before = condition[..at].chars().next_back();
        let after = &condition[at + ROOT.len()..];
        let is_name = |letter: char| {
            letter.is_alphanumeric()
                || letter == '_'
                || letter == '.'
                || letter == '\''
                || letter == '"'
        };
        if before.is_some_and(is_name)
            || after.starts_with(|next: char| next.is_alphanumeric() || next == '_')
        {
            continue;
        }
        let (mut place, rest) = place_at(after);
        place.extend(asked_of_items(rest));
        if !place.is_empty() && !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// A document that holds `value` at a place, and nothing else.
#[must_use]
pub fn nested(place: &[Step], value: &Json) -> Json {
    let mut document = Json::Null;
    fill(&mut document, place, value);
    document
}

/// Writes a value at a place; what is in the way goes.
pub fn fill(mut document: &mut Json, place: &[Step], value: &Json) {
    for step in place {
        document = match step {
            Step::Field(name) => {
                if !document.is_object() {
                    *document = Json::Object(Map::new());
                }
                &mut document[name.as_str()]
            }
            Step::Index(index) => {
                let mut items = match document.take() {
                    Json::Array(items) => items,
                    _ => Vec::new(),
                };
                items.resize(items.len().max(index + 1), Json::Null);
                *document = Json::Array(items);
                &mut document[*index]
            }
        };
    }
    *document = value.clone();
}

/// The path with which a text begins, and what comes after it.
fn place_at(text: &str) -> (Vec<Step>, &str) {
    let mut place = Vec::new();
    let mut rest = text;
    loop {
        let dotted = rest.strip_prefix("?.").or(rest.strip_prefix('.'));
        if let Some((name, after)) = dotted.and_then(identifier) {
            place.push(Step::Field(name.to_owned()));
            rest = after;
        } else if let Some((step, after)) = bracketed(dotted.unwrap_or(rest)) {
            place.push(step);
            rest = after;
        } else {
            return (place, rest);
        }
    }
}

/// What the predicate behind `, ` asks of an item: `{.value > 1}`, `{#.value > 1}`, `# > 1`.
fn asked_of_items(text: &str) -> Vec<Step> {
    let Some(predicate) = text.trim_start().strip_prefix(',') else {
        return Vec::new();
    };
    let predicate = predicate
        .split_once('}')
        .map_or(predicate, |(inner, _)| inner);
    let asks = |(at, _): (usize, &str)| {
        let before = predicate[..at].chars().next_back();
        let follows =
            before.is_some_and(|letter| letter.is_alphanumeric() || ")]_".contains(letter));
        let (place, _) = place_at(&predicate[at..]);
        (!follows && !place.is_empty()).then_some(place)
    };
    let field = predicate.match_indices('.').find_map(asks);
    if field.is_none() && !predicate.contains(['#', '{']) {
        return Vec::new();
    }
    [Step::Index(0)]
        .into_iter()
        .chain(field.unwrap_or_default())
        .collect()
}

fn identifier(text: &str) -> Option<(&str, &str)> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let end = text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    let starts = text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    starts.then(|| text.split_at(end))
}

/// `['name']`, `["name"]` or `[0]`, and what comes after it.
fn bracketed(text: &str) -> Option<(Step, &str)> {
    let (inner, after) = text.strip_prefix('[')?.split_once(']')?;
    let inner = inner.trim();
    let step = match inner.parse() {
        Ok(index) if index <= INDEX_MAX => Step::Index(index),
        _ => {
            let name = inner.trim_matches(['\'', '"']);
            (name.len() + 2 == inner.len()).then(|| Step::Field(name.to_owned()))?
        }
    };
    Some((step, after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The documents in which a condition finds a 1.
    fn documents(condition: &str) -> Vec<String> {
        let places = places_named(condition);
        let documents = places
            .iter()
            .map(|place| nested(place, &json!(1)).to_string());
        documents.collect()
    }

    #[test]
    fn places_are_read_off_conditions() {
        let rows = [
            ("result >= 0.95", &[][..]),
            ("result[0] >= 0.95", &["[1]"]),
            ("result.rate >= 0.95 && result.rate < 2", &[r#"{"rate":1}"#]),
            (
                "result.ok and result['average.duration'] < 15",
                &[r#"{"ok":1}"#, r#"{"average.duration":1}"#],
            ),
            ("result?.data?.[1].x == 1", &[r#"{"data":[null,{"x":1}]}"#]),
            ("my_result.a > 1 || results > 2", &[]),
            ("len(result.items) > 0", &[r#"{"items":1}"#]),
        ];
        for (condition, expected) in rows {
            assert_eq!(documents(condition), expected, "{condition}");
        }
    }

    #[test]
    fn predicates_ask_for_lists() {
        let rows = [
            ("all(result, # > 1)", "[1]"),
            ("all(result[0].Values, {# <= 0.01})", r#"[{"Values":[1]}]"#),
            (
                "all(result.service_apdex.values.values, {asFloat(.value) >= 9900})",
                r#"{"service_apdex":{"values":{"values":[{"value":1}]}}}"#,
            ),
            ("any(result.x, {#.y > 0.5})", r#"{"x":[{"y":1}]}"#),
        ];
        for (condition, expected) in rows {
            assert_eq!(documents(condition), [expected], "{condition}");
        }
    }

    #[test]
    fn other_paths_are_refused() {
        for path in ["a", "..a", "[", "[101]", "['a]", ".a[?(@.b)]"] {
            assert_eq!(steps(path), None, "{path}");
        }
    }
}
