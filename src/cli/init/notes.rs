//! What is said of a metric: what its query sees, what it answers, and how its window lies.

use super::measured::{Failed, Measured, Use};
use super::{telemetry, trial};
use crate::diagnostic::wording::{count, listed_briefly};
use crate::plan::Plan;
use crate::plan::analysis_template::ProviderKind;
use crate::sight::place::{self, Place, Soak};
use crate::sight::{Answers, Blind, Cure, Export, Selection, Sight, Whose};
use crate::time::{Delta, SimTime};

/// All that is said of a metric. Lines that begin with blanks belong to the one before.
pub(super) fn of_metric(
    measured: &Measured<'_>,
    sights: &[Sight],
    measurements: &[SimTime],
    plan: &Plan,
) -> Vec<String> {
    let mut sights = sights.iter();
    let mut notes = Vec::new();
    for one in &measured.uses {
        let sight = one.readable().and_then(|_| sights.next());
        let places: Vec<String> = one.places.iter().map(ToString::to_string).collect();
        let what = match (sight, &one.query) {
            (Some(sight), _) if trial::is_seeing(sight) => {
                "its query is evaluated, no binding is needed"
            }
            (Some(sight), _) if sight.is_blind() => "its query selects nothing",
            (Some(_), _) => "its query does not answer",
            (None, Some(_)) => "its query cannot be evaluated",
            (None, None) => provider(one),
        };
        notes.push(format!("{} ({}): {what}", measured.name, places.join(", ")));
        if let Some(Err(error)) = &one.query {
            notes.push(format!("  {error}"));
        }
        if let Some(sight) = sight {
            for line in sight
                .selections
                .iter()
                .flat_map(|one| of_selection(one, plan))
            {
                // What is wrong with several selectors is said once.
                if !(line.starts_with("    ") && notes.contains(&line)) {
                    notes.push(line);
                }
            }
            notes.extend(of_answers(sight, measurements).map(|note| format!("  {note}")));
            notes.extend(of_scope(sight, plan).map(|note| format!("  {note}")));
            let windows = of_window(one, sight, plan);
            notes.extend(windows.into_iter().map(|note| format!("  {note}")));
        }
    }
    notes
}

/// What is said of a spec that is refused, and of analyses that measure nothing.
pub(super) fn of_failures(plan: &Plan, failed: &[Failed<'_>]) -> Vec<String> {
    let refused = plan.invalid.iter();
    let refused = refused.map(|message| format!("The controller refuses the spec: {message}"));
    let failed = failed.iter().map(|Failed { place, message }| {
        format!("The analysis ({place}) measures nothing: {message}")
    });
    refused.chain(failed).collect()
}

fn provider(one: &Use<'_>) -> &'static str {
    match &one.metric.kind {
        ProviderKind::Prometheus => "Prometheus is asked for nothing",
        ProviderKind::Job => "a Job",
        ProviderKind::Web => "a web request",
        ProviderKind::Kayenta => "Kayenta is not simulated",
        ProviderKind::Datadog => "Datadog is not simulated",
        ProviderKind::Wavefront => "Wavefront is not simulated",
        ProviderKind::NewRelic => "New Relic is not simulated",
        ProviderKind::CloudWatch => "CloudWatch is not simulated",
        ProviderKind::Graphite => "Graphite is not simulated",
        ProviderKind::Influxdb => "InfluxDB is not simulated",
        ProviderKind::SkyWalking => "SkyWalking is not simulated",
        ProviderKind::Plugin(_) => "metric plugins are not simulated",
    }
}

fn of_selection(selection: &Selection, plan: &Plan) -> Vec<String> {
    let selector = &selection.selector;
    let metric = selection.metric.as_deref().unwrap_or("such a metric");
    if let Some(whose) = selection.whose {
        let is_experiment =
            plan.canary().is_none() && plan.experiments.iter().any(|one| !one.name.is_empty());
        let whose = match (whose, is_experiment) {
            (Whose::Canary, false) => "of the canary only",
            (Whose::Stable, false) => "of the stable version only",
            (Whose::Both, false) => "of canary and stable",
            (Whose::Canary, true) => "of the first template only",
            (Whose::Stable, true) => "of other templates than the first",
            (Whose::Both, true) => "of the first template and others",
            (Whose::Untold, _) => "whose labels do not tell versions apart",
        };
        let number = selection.series;
        return vec![format!("  sees {number} series {whose}: {selector}")];
    }
    let why = match selection.export {
        Export::Seen => String::new(),
        Export::Silent => format!("; {metric} has no series"),
        Export::Elsewhere(profile) => format!("; {metric} needs the profile {}", profile.name()),
        Export::Unknown => {
            format!("; nothing exports {metric} (`series` under `telemetry` may give it)")
        }
    };
    let mut notes = vec![format!("  sees nothing: {selector}{why}")];
    let renamed = selection.metric.as_deref().and_then(telemetry::renamed);
    if let (Export::Unknown, Some((family, name))) = (selection.export, renamed) {
        notes.push(format!("    `names: {{{family}: {name}}}` under `telemetry` would rename {family} for all queries"));
    }
    if selection
        .blind
        .iter()
        .all(|blind| blind.cure == Cure::Together)
        && !selection.blind.is_empty()
    {
        let matchers: Vec<String> = selection
            .blind
            .iter()
            .map(|blind| blind.matcher.clone())
            .collect();
        notes.push(format!(
            "    no series has all of it: {}",
            listed_briefly(&matchers, "and")
        ));
        return notes;
    }
    notes.extend(
        selection
            .blind
            .iter()
            .map(|blind| format!("    {}", of_blind(blind))),
    );
    notes
}

fn of_blind(blind: &Blind) -> String {
    let Blind { matcher, label, .. } = blind;
    match &blind.cure {
        Cure::Value(value) => {
            format!("{matcher} selects nothing; did you mean {label}=\"{value}\"?")
        }
        Cure::Values(values) => {
            format!(
                "{matcher} selects nothing; {label} is {}",
                listed_briefly(values, "or")
            )
        }
        Cure::Label {
            similar: Some(similar),
            ..
        } => {
            format!("{matcher}: no series has a label {label}; did you mean {similar}?")
        }
        Cure::Label { fitting, .. } if !fitting.is_empty() => {
            format!(
                "{matcher}: no series has a label {label}; {} has such a value",
                listed_briefly(fitting, "or")
            )
        }
        Cure::Label { .. } => format!("{matcher}: no series has a label {label}"),
        Cure::Together => format!("{matcher} leaves nothing of what the others select"),
    }
}

fn of_answers(Sight { answers, lasts, .. }: &Sight, measurements: &[SimTime]) -> Option<String> {
    let when = match measurements {
        [] => "it is never measured here; at the end it",
        [_] => "at its only measurement it",
        _ => "it",
    };
    Some(match answers {
        Answers::Nothing if *lasts => {
            "when it is measured, none of this is there yet (AN-05)".to_owned()
        }
        Answers::Unasked | Answers::Nothing => return None,
        Answers::Failed(error) => format!("it fails: {error}"),
        Answers::NoNumbers => format!("{when} answers NaN: no requests, 0/0 (PR-02)"),
        Answers::Numbers {
            instants,
            of,
            least,
            greatest,
        } => {
            let numbers = if number(*least) == number(*greatest) {
                number(*least)
            } else {
                format!("{} to {}", number(*least), number(*greatest))
            };
            let often = match (instants == of, measurements.len()) {
                (true, 0 | 1) => String::new(),
                (true, _) => format!(" at all of {}", count(*of, "measurement")),
                (false, _) => format!(
                    " at {instants} of {}, nothing or NaN at the others",
                    count(*of, "measurement")
                ),
            };
            format!("{when} answers {numbers}{often}")
        }
    })
}

/// Four digits that count.
fn number(value: f64) -> String {
    // What differences of equal numbers leave over is nothing.
    if value.abs() < 1e-12 {
        return "0".to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the exponent of a finite number"
    )]
    let exponent = value.abs().log10().floor() as i32;
    if !(-9..9).contains(&exponent) {
        return format!("{value:.3e}");
    }
    let digits = usize::try_from(3 - exponent).unwrap_or(0);
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// What is wrong with whose series a query sees.
fn of_scope(sight: &Sight, plan: &Plan) -> Option<&'static str> {
    plan.canary()?;
    let seen: Vec<Whose> = sight
        .selections
        .iter()
        .filter_map(|selection| selection.whose)
        .collect();
    let all = |whose: Whose| !seen.is_empty() && seen.iter().all(|one| *one == whose);
    let has_canary = seen.contains(&Whose::Canary);
    if all(Whose::Stable) {
        Some("it judges the stable version, not the new one")
    } else if all(Whose::Untold) {
        Some(
            "it may not tell the canary apart: then errors of the canary count only by its share of the requests (PR-03)",
        )
    } else if !has_canary && !seen.is_empty() && seen.contains(&Whose::Both) {
        Some(
            "it does not tell the canary apart: errors of the canary count only by its share of the requests (PR-03)",
        )
    } else {
        None
    }
}

/// How the window of a query lies against the interval of the metric and the steps of the release.
fn of_window(one: &Use<'_>, sight: &Sight, plan: &Plan) -> Vec<String> {
    let Some(window) = sight.window() else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    match one.metric.interval.map(Delta::from_nanos) {
        Some(interval) if Delta::ZERO < interval && interval < window => notes.push(format!(
            "window {window}, interval {interval}: a measurement shares {} with the one before",
            window - interval
        )),
        Some(interval) if Delta::ZERO < interval => {
            notes.push(format!(
                "window {window}, interval {interval}: no measurement shares anything with another"
            ));
        }
        _ => notes.push(format!("window {window}")),
    }
    let delay = one
        .metric
        .initial_delay
        .map_or(Delta::ZERO, Delta::from_nanos)
        .max(Delta::ZERO);
    let places = one.places.iter();
    notes.extend(
        places.filter_map(|place| of_soak(place, place::soak(plan, place)?, window, delay)),
    );
    notes
}

fn of_soak(place: &Place, soak: Soak, window: Delta, delay: Delta) -> Option<String> {
    match soak {
        Soak::Since(step, length) => {
            let age = length + delay;
            (age < window).then(|| {
                format!(
                    "{place}, first measurement: the weight of step {} is {age} old, {} of the window are older (PR-05)",
                    step + 1,
                    window - age
                )
            })
        }
        Soak::Shortest(step, length) => (length < window).then(|| {
            format!(
                "{place}: the weight of step {} lasts {length}, less than the window (PR-05)",
                step + 1
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        for (value, text) in [
            (0.999, "0.999"),
            (0.001_234_5, "0.001234"),
            (12.0, "12"),
            (12_345.6, "12346"),
            (0.0, "0"),
            (1e300, "1.000e300"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_matcher_that_selects_nothing_comes_with_what_was_meant() {
        let blind = |cure| Blind {
            matcher: "job=\"webb\"".to_owned(),
            label: "job".to_owned(),
            cure,
            wanted: None,
        };
        let told = of_blind(&blind(Cure::Value("web".to_owned())));
        assert_eq!(
            told,
            "job=\"webb\" selects nothing; did you mean job=\"web\"?"
        );
        let told = of_blind(&blind(Cure::Values(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(told, "job=\"webb\" selects nothing; job is `a` or `b`");
    }
}
