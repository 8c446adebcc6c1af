//! How a change is written: `path=value`.
//!
//! A path is any end of a field's path: `failureLimit`, `metrics.failureLimit` and `spec.metrics.failureLimit` mean the
//! same. Behind a list stands which items: `[2]` by number from 0, `[success-rate]` by name, `[*]` or nothing for all.
//! A value is YAML.

/// A change of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The path as written.
    pub path: String,
    /// The way to the field, or its last part.
    pub steps: Vec<Step>,
    /// What it becomes.
    pub value: serde_json::Value,
}

/// A key, and which items of the list behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The key.
    pub key: String,
    /// Which items; absent behind what is no list, and for all.
    pub choice: Option<Choice>,
}

/// Which items of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// All of them.
    All,
    /// The one with this number, from 0.
    Index(usize),
    /// Those with this `name`.
    Name(String),
}

impl Change {
    /// Reads a change.
    ///
    /// # Errors
    ///
    /// Says in a few words what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, value) = text.split_once('=').ok_or("it has no `=`")?;
        let path = path.trim();
        let steps = steps(path)?;
        if value.trim().is_empty() {
            return Err("it has no value".to_owned());
        }
        let value = serde_yaml::from_str::<serde_json::Value>(value)
            .map_err(|error| format!("its value is no YAML: {error}"))?;
        Ok(Self {
            path: path.to_owned(),
            steps,
            value,
        })
    }

    /// The keys of the path.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        self.steps.iter().map(|step| step.key.as_str()).collect()
    }
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let key = rest[..end].trim();
        if key.is_empty() {
            return Err("its path has an empty part".to_owned());
        }
        rest = &rest[end..];
        let mut choice = None;
        if let Some(inside) = rest.strip_prefix('[') {
            let (content, after) = inside.split_once(']').ok_or("a bracket is not closed")?;
            choice = Some(chosen(content.trim()));
            rest = after;
        }
        steps.push(Step {
            key: key.to_owned(),
            choice,
        });
        rest = match rest.strip_prefix('.') {
            Some("") => return Err("its path ends with a dot".to_owned()),
            Some(after) => after,
            None if rest.is_empty() => rest,
            None => return Err("a dot is missing behind a bracket".to_owned()),
        };
    }
    if steps.is_empty() {
        return Err("it names no field".to_owned());
    }
    Ok(steps)
}

fn chosen(content: &str) -> Choice {
    if content == "*" || content.is_empty() {
        return Choice::All;
    }
    let name = content.trim_matches('"').to_owned();
    content.parse().map_or(Choice::Name(name), Choice::Index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_path_and_a_value() {
        let change = Change::parse("metrics[success-rate].failureLimit=2").expect("a change");
        assert_eq!(change.keys(), ["metrics", "failureLimit"]);
        assert_eq!(
            change.steps[0].choice,
            Some(Choice::Name("success-rate".to_owned()))
        );
        assert_eq!(change.value, 2);
        let condition = Change::parse("successCondition=result[0] >= 0.9").expect("a change");
        assert_eq!(condition.value, "result[0] >= 0.9");
    }

    #[test]
    fn what_is_no_change_is_refused() {
        for text in [
            "", "a", "a=", "=1", "a.=1", ".a=1", "a[=1", "a[1]b=1", "a={",
        ] {
            assert!(Change::parse(text).is_err(), "{text}");
        }
    }
}
