//! Changes of the scenario: `scenario.traffic.rps=500`, `scenario.images.v2.errorRate=0.02`, `scenario.faults[0].from=5m`.
//!
//! Knows the fields that a scenario may have, from its schema, and what a wrong path may have meant. Refuses to know what they mean.
//! A path is whole: it begins below `spec`. Behind a list stands a number or a star; behind a mapping with free keys (images, metrics) a
//! key may stand in brackets too, as one with dots has to. Unlike in manifests, mappings on the way that are not written are added.

use serde_json::{Map, Value};

use super::expression::{Change, Choice, Step};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::{closest, count, listed_briefly, quoted};
use crate::input::Input;
use crate::input::edit::{Obstacle, Place, Stop, Stride};
use crate::scenario;

use super::Reach;

/// The first key of the path of such a change.
const WORD: &str = "scenario";
/// Longer paths lead nowhere.
const STRIDES_MAX: usize = 64;

/// Whether a change is one of the scenario.
pub(super) fn is_meant(change: &Change) -> bool {
    change.steps.first().is_some_and(|step| step.key == WORD)
}

/// Whether the path of a change is one of a scenario, but for its first word.
pub(super) fn would_be_meant(change: &Change) -> bool {
    way(&scenario::schema::schema(), &change.steps).is_ok()
}

/// The places of a field of the scenario, written or not.
///
/// # Errors
///
/// Says what is wrong with the path, or why nothing can be changed there.
pub(super) fn places(
    input: &Input,
    change: &Change,
    reach: Reach,
) -> Result<Vec<Place>, Box<Diagnostic>> {
    let path = quoted(&change.path);
    let document = match reach {
        Reach::Policy => {
            let message = format!("{path} is a field of the world, not of the policy");
            let help = "all policies that are compared meet the same world; `coalmine trials --what-if` compares two worlds";
            return Err(wrong("world-not-varied", message, help));
        }
        Reach::World(None) => {
            let message = format!("there is no scenario to set {path} in");
            let help = "`coalmine init` writes one; it goes to the manifests, or is given by `--scenario FILE`";
            return Err(wrong("no-scenario", message, help));
        }
        Reach::World(Some(document)) => document,
    };
    let steps = change.steps.get(1..).unwrap_or_default();
    let strides = way(&scenario::schema::schema(), steps)?;
    if strides
        .first()
        .is_some_and(|stride| *stride == Stride::Key("seed".to_owned()))
    {
        let message = "both sides of a comparison have the same seed, so that chance is the same";
        return Err(wrong(
            "same-seed",
            message.to_owned(),
            "give `--seed NUMBER`",
        ));
    }
    let whole: Vec<Stride> = std::iter::once(Stride::Key("spec".to_owned()))
        .chain(strides)
        .collect();
    input.reach(document, &whole).map_err(|Stop { done, why }| {
        let why = match why {
            Obstacle::Items(items) => format!("has {}", count(items, "item")),
            Obstacle::Nothing => "is not written".to_owned(),
            Obstacle::Single => "is written in another form".to_owned(),
        };
        let at = quoted(&shown(whole.get(1..done).unwrap_or_default()));
        let message = format!("the scenario has no place for {path}: {at} {why}");
        let help = format!("items count from 0; or set {at} as a whole");
        wrong("no-such-place", message, &help)
    })
}

/// The way that steps take through the schema.
fn way(schema: &Value, steps: &[Step]) -> Result<Vec<Stride>, Box<Diagnostic>> {
    let root = schema.pointer("/$defs/Spec").unwrap_or(&Value::Null);
    let mut types = alternatives(schema, root);
    let steps = match steps {
        [first, rest @ ..] if first.key == "spec" && first.choice.is_none() => rest,
        _ => steps,
    };
    if steps.is_empty() || STRIDES_MAX < steps.len() {
        let help = "write the path of a field, such as `scenario.traffic.rps=500`";
        return Err(wrong(
            "no-such-field",
            "no field of the scenario is named".to_owned(),
            help,
        ));
    }
    let mut way = Vec::new();
    for step in steps {
        types =
            after_key(schema, &types, &step.key).ok_or_else(|| unknown(&way, &types, &step.key))?;
        way.push(Stride::Key(step.key.clone()));
        if let Some(choice) = &step.choice {
            let (stride, next) = after_choice(schema, &types, choice)
                .ok_or_else(|| unchoosable(&way, &types, choice))?;
            way.push(stride);
            types = next;
        }
    }
    Ok(way)
}

/// What a type may be: itself, or one of several.
fn alternatives<'a>(schema: &'a Value, of: &'a Value) -> Vec<&'a Map<String, Value>> {
    let (mut found, mut open) = (Vec::new(), vec![of]);
    // References in circles, which there are none of, would end here too.
    for _ in 0..STRIDES_MAX {
        let Some(Value::Object(one)) = open.pop() else {
            break;
        };
        let name = one.get("$ref").and_then(Value::as_str);
        open.extend(name.and_then(|name| schema.pointer(name.strip_prefix('#')?)));
        let ways = one.get("anyOf").and_then(Value::as_array);
        open.extend(ways.into_iter().flatten());
        found.push(one);
    }
    found
}

/// The types of what a key holds: of a field, or of any key.
fn after_key<'a>(
    schema: &'a Value,
    types: &[&'a Map<String, Value>],
    key: &str,
) -> Option<Vec<&'a Map<String, Value>>> {
    let field = |one: &&'a Map<String, Value>| one.get("properties")?.get(key);
    let found = types.iter().find_map(field).or_else(|| entry(types));
    found.map(|found| alternatives(schema, found))
}

/// The type of all values of a mapping with free keys.
fn entry<'a>(types: &[&'a Map<String, Value>]) -> Option<&'a Value> {
    let mut entries = types
        .iter()
        .filter_map(|one| one.get("additionalProperties"));
    entries.find(|one| one.is_object())
}

fn after_choice<'a>(
    schema: &'a Value,
    types: &[&'a Map<String, Value>],
    choice: &Choice,
) -> Option<(Stride, Vec<&'a Map<String, Value>>)> {
    let item = types.iter().find_map(|one| one.get("items"));
    let (stride, found) = match (choice, item, entry(types)) {
        (Choice::All, Some(found), _) | (Choice::All, _, Some(found)) => (Stride::All, found),
        (Choice::Index(index), Some(found), _) => (Stride::Index(*index), found),
        (Choice::Index(index), None, Some(found)) => (Stride::Key(index.to_string()), found),
        (Choice::Name(name), None, Some(found)) => (Stride::Key(name.clone()), found),
        _ => return None,
    };
    Some((stride, alternatives(schema, found)))
}

fn unknown(way: &[Stride], types: &[&Map<String, Value>], key: &str) -> Box<Diagnostic> {
    let at = quoted(&shown(way));
    let fields = types.iter().filter_map(|one| one.get("properties"));
    let fields = fields.filter_map(Value::as_object).flat_map(Map::keys);
    let fields: Vec<String> = fields.cloned().collect();
    if fields.is_empty() {
        let is_list = types.iter().any(|one| one.contains_key("items"));
        let (message, help) = if is_list {
            (
                format!("{at} is a list"),
                format!("write which item, such as `{}[0].{key}`", shown(way)),
            )
        } else {
            (
                format!("{at} is a single value and has no field {}", quoted(key)),
                format!("set {at} itself"),
            )
        };
        return wrong("no-such-field", message, &help);
    }
    let message = format!("{at} has no field {}", quoted(key));
    let help = match closest(key, fields.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{}.{name}`?", shown(way)),
        None => format!("known there: {}", listed_briefly(&fields, "and")),
    };
    wrong("no-such-field", message, &help)
}

fn unchoosable(way: &[Stride], types: &[&Map<String, Value>], choice: &Choice) -> Box<Diagnostic> {
    let at = shown(way);
    let is_list = types.iter().any(|one| one.contains_key("items"));
    match choice {
        Choice::Name(name) if is_list => {
            let message = format!(
                "the items of {} have no names such as {}",
                quoted(&at),
                quoted(name)
            );
            let help = format!("choose by number, such as `{at}[0]`, or all with `{at}[*]`");
            wrong("no-such-field", message, &help)
        }
        _ => {
            let message = format!("{} is no list", quoted(&at));
            wrong("no-such-field", message, "leave out the brackets")
        }
    }
}

/// The way as it is written in a change.
fn shown(way: &[Stride]) -> String {
    let parts = way.iter().map(|stride| match stride {
        Stride::Key(key) if key.contains(['.', '[']) => format!("[{key}]"),
        Stride::Key(key) => format!(".{key}"),
        Stride::Index(index) => format!("[{index}]"),
        Stride::All => "[*]".to_owned(),
    });
    std::iter::once(WORD.to_owned()).chain(parts).collect()
}

fn wrong(id: &'static str, message: String, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(id, message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{SourceFile, read};
    use crate::vary::changed_within;

    const SCENARIO: &str = "\
apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {name: base}
spec:
  traffic:
    rps: 100   # a comment
  images: {default: {startup: 10s}, v1.2: {errorRate: 0.1}}
  faults:
  - {fault: metricsDown, from: 3m, to: 8m}
  - {fault: metricsDown, from: 20m, to: 21m}
";
    const CHILD: &str = "\
apiVersion: coalmine/v1alpha1
kind: Scenario
metadata: {name: child}
spec:
  extends: base
  traffic: {slow: 1s}
";

    /// The texts of base and child after a change of the first or the second.
    fn after(change: &str, number: usize) -> Result<[String; 2], String> {
        let file = |name: &str, text: &str| SourceFile {
            name: name.to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        let input = read(vec![file("base", SCENARIO), file("child", CHILD)]);
        let document = input
            .manifests()
            .nth(number)
            .map(crate::input::Manifest::document);
        let changed = changed_within(&input, &[change.to_owned()], Reach::World(document));
        let files = changed.map_err(|problem| {
            let help = problem.help.clone().unwrap_or_default();
            format!("{} ({help})", problem.message)
        })?;
        let again = read(files.clone());
        assert!(again.diagnostics.is_empty(), "{:?}", again.diagnostics);
        let text = |index: usize| String::from_utf8(files[index].bytes.clone()).expect("UTF-8");
        Ok([text(0), text(1)])
    }

    #[test]
    fn a_field_is_changed_where_it_is_written() {
        let [text, _] = after("scenario.traffic.rps=500", 0).expect("a change");
        assert_eq!(text, SCENARIO.replace("rps: 100", "rps: 500"));
        let [text, _] = after("scenario.faults[1].from=5m", 0).expect("a change");
        assert_eq!(text, SCENARIO.replace("from: 20m", "from: \"5m\""));
        let [text, _] = after("scenario.images[v1.2].errorRate=0.2", 0).expect("a change");
        assert_eq!(text, SCENARIO.replace("errorRate: 0.1", "errorRate: 0.2"));
        let [text, _] = after("scenario.spec.faults[*].to=30m", 0).expect("a change");
        let both = SCENARIO.replace("to: 8m", "to: \"30m\"");
        assert_eq!(text, both.replace("to: 21m", "to: \"30m\""));
    }

    #[test]
    fn what_is_not_written_is_added_with_all_that_leads_to_it() {
        let [text, _] = after("scenario.images.v2.errorRate=0.02", 0).expect("a change");
        let wanted = "images: {\"v2\": {\"errorRate\": 0.02}, default:";
        assert!(text.contains(wanted), "{text}");
        let [text, _] = after("scenario.capacity.pods=7", 0).expect("a change");
        assert!(
            text.contains("  \"capacity\": {\"pods\": 7}\n  traffic:"),
            "{text}"
        );
    }

    #[test]
    fn a_field_is_added_where_nothing_stands_behind_a_key() {
        let head = "apiVersion: coalmine/v1alpha1\nkind: Scenario\n";
        for (spec, wanted) in [
            ("spec:\n", "spec: {\"traffic\": {\"rps\": 5}}\n"),
            (
                "spec: # nothing yet\n",
                "spec: {\"traffic\": {\"rps\": 5}} # nothing yet\n",
            ),
            ("spec: {}\n", "spec: {\"traffic\": {\"rps\": 5}}\n"),
            (
                "spec:\n  traffic:\n  seed: 1\n",
                "spec:\n  traffic: {\"rps\": 5}\n  seed: 1\n",
            ),
        ] {
            let file = SourceFile {
                name: "s".to_owned(),
                bytes: format!("{head}{spec}").into_bytes(),
            };
            let input = read(vec![file]);
            let document = input
                .manifests()
                .next()
                .map(crate::input::Manifest::document);
            let change = ["scenario.traffic.rps=5".to_owned()];
            let files = changed_within(&input, &change, Reach::World(document)).expect(spec);
            let text = String::from_utf8(files[0].bytes.clone()).expect("UTF-8");
            assert_eq!(text, format!("{head}{wanted}"));
        }
    }

    #[test]
    fn a_scenario_that_extends_another_is_changed_in_either_text() {
        let [base, child] = after("scenario.traffic.rps=500", 1).expect("a change");
        assert_eq!(
            (base, child.as_str()),
            (SCENARIO.replace("rps: 100", "rps: 500"), CHILD)
        );
        let [base, child] = after("scenario.traffic.slow=2s", 1).expect("a change");
        assert_eq!(
            (base.as_str(), child),
            (SCENARIO, CHILD.replace("slow: 1s", "slow: \"2s\""))
        );
        let [base, child] = after("scenario.traffic.requestsPerUser=3", 1).expect("a change");
        let wanted = CHILD.replace("slow:", "\"requestsPerUser\": 3, slow:");
        assert_eq!((base.as_str(), child), (SCENARIO, wanted));
    }

    #[test]
    fn wrong_paths_are_told_with_the_nearest_and_a_way_out() {
        for (change, wanted) in [
            (
                "scenario.trafic.rps=5",
                "`scenario` has no field `trafic` (did you mean `scenario.traffic`?)",
            ),
            (
                "scenario.images.v2.erorRate=5",
                "`scenario.images.v2` has no field `erorRate` (did you mean `scenario.images.v2.errorRate`?)",
            ),
            (
                "scenario.faults.from=5m",
                "`scenario.faults` is a list (write which item, such as `scenario.faults[0].from`)",
            ),
            (
                "scenario.faults[first].from=5m",
                "the items of `scenario.faults` have no names such as `first` (choose by number, such as `scenario.faults[0]`, or all with `scenario.faults[*]`)",
            ),
            (
                "scenario.faults[2].from=5m",
                "the scenario has no place for `scenario.faults[2].from`: `scenario.faults` has 2 items (items count from 0; or set `scenario.faults` as a whole)",
            ),
            (
                "scenario.traffic[0]=5",
                "`scenario.traffic` is no list (leave out the brackets)",
            ),
            (
                "scenario.until.x=5",
                "`scenario.until` is a single value and has no field `x` (set `scenario.until` itself)",
            ),
            (
                "scenario=5",
                "no field of the scenario is named (write the path of a field, such as `scenario.traffic.rps=500`)",
            ),
            (
                "scenario.seed=5",
                "both sides of a comparison have the same seed, so that chance is the same (give `--seed NUMBER`)",
            ),
            (
                "traffic.rps=5",
                "no Rollout, Experiment or AnalysisTemplate has a field `traffic.rps` (the scenario has one: write `scenario.traffic.rps`)",
            ),
        ] {
            assert_eq!(after(change, 0).expect_err(change), wanted);
        }
        let long = format!("scenario{}=1", ".traffic".repeat(10_000));
        assert!(after(&long, 0).is_err());
    }

    #[test]
    fn the_world_is_not_varied_with_policies_and_needs_a_scenario() {
        let change = ["scenario.traffic.rps=5".to_owned()];
        let refused = |reach| {
            let problem = changed_within(&read(Vec::new()), &change, reach);
            problem.expect_err("a refusal").id
        };
        assert_eq!(refused(Reach::Policy), "world-not-varied");
        assert_eq!(refused(Reach::World(None)), "no-scenario");
    }
}
