//! What has to be done to an object so that it becomes another one: JSON Patch (RFC 6902) and merge patch (RFC 7396).
//!
//! Knows: values of JSON. Refuses to know what they mean. A merge patch replaces lists as a whole, as the API server does
//! with those of custom resources.

use serde_json::{Map, Value, json};

/// Deeper values are replaced as a whole.
const DEPTH_MAX: u32 = 64;

/// The operations of a JSON Patch that make `after` of `before`. Each is guarded by a test of what it replaces or
/// removes, so that it is refused where something else stands.
#[must_use]
pub fn operations(before: &Value, after: &Value) -> Vec<Value> {
    let mut operations = Vec::new();
    collect(before, after, &mut String::new(), 0, &mut operations);
    operations
}

/// The merge patch that makes `after` of `before`; `None` if they are equal. `null` removes a key; hence it cannot
/// write one, and a `null` that is new is left out.
#[must_use]
pub fn merge(before: &Value, after: &Value) -> Option<Value> {
    merged(before, after, 0)
}

fn collect(before: &Value, after: &Value, path: &mut String, depth: u32, out: &mut Vec<Value>) {
    if before == after {
        return;
    }
    let length = path.len();
    match (before, after) {
        (Value::Object(old), Value::Object(new)) if depth < DEPTH_MAX => {
            for (key, value) in old {
                step(path, key);
                if let Some(after) = new.get(key) {
                    collect(value, after, path, depth + 1, out);
                } else {
                    out.push(json!({"op": "test", "path": path, "value": value}));
                    out.push(json!({"op": "remove", "path": path}));
                }
                path.truncate(length);
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                step(path, key);
                out.push(json!({"op": "add", "path": path, "value": value}));
                path.truncate(length);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() && depth < DEPTH_MAX => {
            for (index, (value, after)) in old.iter().zip(new).enumerate() {
                step(path, &index.to_string());
                collect(value, after, path, depth + 1, out);
                path.truncate(length);
            }
        }
        _ => {
            out.push(json!({"op": "test", "path": path, "value": before}));
            out.push(json!({"op": "replace", "path": path, "value": after}));
        }
    }
}

/// Goes on with a key, as RFC 6901 writes it.
fn step(path: &mut String, key: &str) {
    path.push('/');
    path.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

fn merged(before: &Value, after: &Value, depth: u32) -> Option<Value> {
    if before == after {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return Some(after.clone());
    };
    if DEPTH_MAX <= depth {
        return Some(after.clone());
    }
    let mut patch = Map::new();
    for (key, value) in new {
        let change = match old.get(key) {
            Some(before) => merged(before, value, depth + 1),
            None => (!value.is_null()).then(|| value.clone()),
        };
        if let Some(change) = change {
            patch.insert(key.clone(), change);
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before() -> Value {
        json!({"spec": {"a/b": 1, "list": [{"x": 1}, {"x": 2}], "gone": true, "same": [1]}})
    }

    fn after() -> Value {
        json!({"spec": {"a/b": 2, "list": [{"x": 1}, {"x": 3, "y": 4}], "same": [1], "new": "v"}})
    }

    /// Applies the operations that are used here.
    fn applied(mut value: Value, operations: &[Value]) -> Value {
        for operation in operations {
            let path = operation["path"].as_str().expect("a path");
            let (parent, key) = path.rsplit_once('/').expect("a parent");
            let key = key.replace("~1", "/").replace("~0", "~");
            match operation["op"].as_str().expect("an operation") {
                "test" => assert_eq!(value.pointer(path), Some(&operation["value"])),
                "remove" => {
                    let parent = value.pointer_mut(parent).expect("the parent");
                    parent
                        .as_object_mut()
                        .expect("an object")
                        .shift_remove(&key);
                }
                "add" => {
                    let parent = value.pointer_mut(parent).expect("the parent");
                    parent[key.as_str()] = operation["value"].clone();
                }
                _ => *value.pointer_mut(path).expect("the place") = operation["value"].clone(),
            }
        }
        value
    }

    #[test]
    fn operations_lead_from_one_to_the_other() {
        let operations = operations(&before(), &after());
        assert_eq!(applied(before(), &operations), after());
        assert_eq!(
            operations[0],
            json!({"op": "test", "path": "/spec/a~1b", "value": 1})
        );
        assert_eq!(super::operations(&before(), &before()), Vec::<Value>::new());
    }

    #[test]
    fn a_merge_patch_has_whole_lists_and_nothing_that_stays() {
        let wanted = json!({"spec": {
            "a/b": 2, "list": [{"x": 1}, {"x": 3, "y": 4}], "new": "v", "gone": null,
        }});
        assert_eq!(merge(&before(), &after()), Some(wanted));
        assert_eq!(merge(&before(), &before()), None);
    }
}
