//! Other policies, and other worlds, than those that are written: single fields changed in the text of manifests and scenario.
//!
//! Knows how a change is written (`metrics[success-rate].failureLimit=2`) and where in the manifests it belongs. The
//! changed text is read again as if a person had written it, so that everything that is said of manifests is said of it
//! too. Refuses to know what fields mean. Simplifies: of manifests, rollouts, experiments and analysis templates are
//! changed; a field of theirs in something that is not written at all is not added.

mod expression;
pub mod grid;
pub mod patch;
pub mod product;
mod world;

use crate::diagnostic::wording::{closest, listed_briefly, quoted};
use crate::diagnostic::{Diagnostic, DocumentId};
use crate::input::edit::{Found, Place};
use crate::input::{self, Input, SourceFile};

pub use expression::{Change, Choice, Step};

/// Most places of one field that may be changed at once.
const PLACES_MAX: usize = 10_000;

/// What changes reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The manifests of the policy.
    Policy,
    /// Those, and the scenario in this document, if there is one.
    World(Option<DocumentId>),
}

/// The files of an input after some changes of the policy, one after the other.
///
/// # Errors
///
/// Refuses what is no change, names no field, has no place in the input, or may mean several fields.
pub fn changed(input: &Input, changes: &[String]) -> Result<Vec<SourceFile>, Box<Diagnostic>> {
    changed_within(input, changes, Reach::Policy)
}

/// The same where the scenario may be changed too: `scenario.traffic.rps=500`.
///
/// # Errors
///
/// As [`changed`], and refuses paths that are none of a scenario, and the seed.
pub fn changed_within(
    input: &Input,
    changes: &[String],
    reach: Reach,
) -> Result<Vec<SourceFile>, Box<Diagnostic>> {
    let mut files = input.files();
    for (index, text) in changes.iter().enumerate() {
        let change = Change::parse(text).map_err(|why| {
            let message = format!("{} is no change: {why}", quoted(text));
            let help = "write a path and a value, such as `metrics[success-rate].failureLimit=2`";
            Box::new(Diagnostic::error("bad-change", message).help(help))
        })?;
        let again;
        let current = if index == 0 {
            input
        } else {
            again = input::read(files);
            &again
        };
        files = apply(current, &change, reach)?;
    }
    Ok(files)
}

fn apply(input: &Input, change: &Change, reach: Reach) -> Result<Vec<SourceFile>, Box<Diagnostic>> {
    let is_of_world = world::is_meant(change);
    let places = if is_of_world {
        limited(world::places(input, change, reach)?, change)?
    } else {
        let found = input.find(&change.steps);
        if found.fields.is_empty() {
            return Err(Box::new(unknown(change, &found)));
        }
        meant(change, &found)?
    };
    let files = input.edited(&places, &change.value.to_string());
    // Notations that cannot be edited in this way show in what is read back.
    let again = input::read(files.clone());
    let is_set = |place: &Place| again.value_at(place).as_ref() == Some(&change.value);
    let is_done = if is_of_world {
        places.iter().all(is_set)
    } else {
        let places = again.find(&change.steps).places;
        let is_meant = |place: &&Place| places_agree(&places, place, change);
        places.iter().filter(is_meant).all(is_set)
    };
    if is_done {
        return Ok(files);
    }
    let message = format!(
        "{} cannot be set in the way the {} is written",
        quoted(&change.path),
        if is_of_world { "scenario" } else { "manifest" }
    );
    let help = "write the field out there, without aliases or merge keys";
    Err(Box::new(
        Diagnostic::error("unchangeable", message).help(help),
    ))
}

/// Whether a place is of the field that was chosen.
fn places_agree(places: &[Place], place: &Place, change: &Change) -> bool {
    let exact = |place: &Place| place.field == change.keys().join(".");
    !places.iter().any(exact) || exact(place)
}

/// The places of the one field that is meant.
fn meant(change: &Change, found: &Found) -> Result<Vec<Place>, Box<Diagnostic>> {
    let exact = change.keys().join(".");
    let is_exact = |place: &&Place| place.field == exact;
    let all: Vec<Place> = if found.places.iter().any(|place| place.field == exact) {
        found.places.iter().filter(is_exact).cloned().collect()
    } else {
        found.places.clone()
    };
    let mut fields: Vec<String> = all.iter().map(|place| place.field.clone()).collect();
    fields.sort();
    fields.dedup();
    match fields.len() {
        0 => {
            let message = format!("the input has no place for {}", quoted(&change.path));
            let help = format!("it would belong to {}", listed_briefly(&found.fields, "or"));
            Err(Box::new(
                Diagnostic::error("no-such-place", message).help(help),
            ))
        }
        1 => limited(all, change),
        _ => {
            let message = format!("{} may mean several fields", quoted(&change.path));
            let help = format!("write more of the path: {}", listed_briefly(&fields, "or"));
            Err(Box::new(
                Diagnostic::error("several-fields", message).help(help),
            ))
        }
    }
}

fn limited(places: Vec<Place>, change: &Change) -> Result<Vec<Place>, Box<Diagnostic>> {
    if places.len() <= PLACES_MAX {
        return Ok(places);
    }
    let message = format!("{} has more than {PLACES_MAX} places", quoted(&change.path));
    Err(Box::new(Diagnostic::error("too-many-places", message)))
}

fn unknown(change: &Change, found: &Found) -> Diagnostic {
    let message = format!(
        "no Rollout, Experiment or AnalysisTemplate has a field {}",
        quoted(&change.path)
    );
    let problem = Diagnostic::error("no-such-field", message);
    if world::would_be_meant(change) {
        let whole = format!("scenario.{}", change.path);
        return problem.help(format!("the scenario has one: write {}", quoted(&whole)));
    }
    let keys = change.keys();
    let unknown = keys.iter().find(|key| !found.names.contains(**key));
    let word = unknown.or(keys.last()).copied().unwrap_or_default();
    match closest(word, found.names.iter().copied()) {
        Some(name) if name != word => problem.help(format!("did you mean {}?", quoted(name))),
        _ => problem.help("`coalmine explain rollout --recursive` lists the fields"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::read;

    const MANIFESTS: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: check}
spec:
  metrics:
  - name: success-rate
    interval: 1m   # a comment
    failureLimit: 3
    provider: {prometheus: {query: up}}
  - {name: latency, count: 2, provider: {prometheus: {query: up}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 3
  strategy:
    canary:
      steps:
      - setWeight: 10
      - pause: {duration: 1m}
      - setWeight: 50
      - pause: {}
";

    fn source(text: &str) -> Vec<SourceFile> {
        vec![SourceFile {
            name: "a.yaml".to_owned(),
            bytes: text.as_bytes().to_vec(),
        }]
    }

    fn after(change: &str) -> Result<String, String> {
        let input = read(source(MANIFESTS));
        let files = changed(&input, &[change.to_owned()]).map_err(|problem| {
            format!(
                "{} ({})",
                problem.message,
                problem.help.clone().unwrap_or_default()
            )
        })?;
        let text = String::from_utf8(files[0].bytes.clone()).expect("UTF-8");
        let again = read(source(&text));
        assert!(
            again.diagnostics.is_empty(),
            "{text}\n{:?}",
            again.diagnostics
        );
        Ok(text)
    }

    #[test]
    fn a_field_is_changed_in_all_places_also_where_it_is_not_written() {
        let text = after("failureLimit=2").expect("a change");
        assert!(text.contains("    failureLimit: 2\n"), "{text}");
        assert!(
            text.contains("- {\"failureLimit\": 2, name: latency,"),
            "{text}"
        );
    }

    #[test]
    fn a_name_or_an_index_chooses_one_place() {
        let text = after("metrics[latency].count=5").expect("a change");
        assert!(text.contains("count: 5,"), "{text}");
        let text = after("metrics[success-rate].count=5").expect("a change");
        assert!(
            text.contains("  - \"count\": 5\n    name: success-rate\n"),
            "{text}"
        );
        let text = after("spec.strategy.canary.steps[2].setWeight=33").expect("a change");
        assert_eq!(text, MANIFESTS.replace("setWeight: 50", "setWeight: 33"));
    }

    #[test]
    fn a_star_chooses_all_that_have_what_contains_the_field() {
        let text = after("steps[*].pause.duration=5m").expect("a change");
        let wanted = MANIFESTS
            .replace("{duration: 1m}", "{duration: \"5m\"}")
            .replace("pause: {}", "pause: {\"duration\": \"5m\"}");
        assert_eq!(text, wanted);
    }

    #[test]
    fn comments_and_everything_else_stay() {
        let text = after("interval=30s").expect("a change");
        assert!(text.contains("interval: \"30s\"   # a comment\n"), "{text}");
    }

    #[test]
    fn values_may_be_whole_mappings_and_lists() {
        let text = after("steps[1]={pause: {duration: 9m}}").expect("a change");
        assert!(
            text.contains("- {\"pause\":{\"duration\":\"9m\"}}"),
            "{text}"
        );
        let text = after("spec.strategy.canary.steps=[{setWeight: 1}]").expect("a change");
        assert!(
            text.ends_with("      steps: [{\"setWeight\":1}]\n"),
            "{text}"
        );
    }

    #[test]
    fn what_cannot_be_changed_is_said() {
        let complaints = [
            (
                "failurLimit=2",
                "no Rollout, Experiment or AnalysisTemplate has a field `failurLimit` (did you mean `failureLimit`?)",
            ),
            (
                "metrics[nothing].count=1",
                "the input has no place for `metrics[nothing].count` (it would belong to `spec.metrics.count`)",
            ),
            ("failureLimit", "`failureLimit` is no change: it has no `=`"),
            ("=2", "`=2` is no change: it names no field"),
        ];
        for (change, wanted) in complaints {
            let told = after(change).expect_err(change);
            assert!(told.starts_with(wanted), "{told}");
        }
    }
}
