//! Matchers that stand in the way: which of them let a selector see nothing, and what was probably meant.

use std::collections::BTreeSet;

use crate::diagnostic::wording::closest;
use crate::promql::{Matcher, Operation};
use crate::series::Labels;

/// A matcher that lets its selector select nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blind {
    /// As the query has it.
    pub matcher: String,
    /// The label.
    pub label: String,
    /// What was probably meant.
    pub cure: Cure,
    /// The one value that would please the matcher, where it asks for one.
    pub wanted: Option<String>,
}

/// What was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cure {
    /// The label has such a value.
    Value(String),
    /// The label has these values, none of which is similar; at most five.
    Values(Vec<String>),
    /// No series has the label.
    Label {
        /// A label with a similar name.
        similar: Option<String>,
        /// Labels with values that the matcher accepts; at most five.
        fitting: Vec<String>,
    },
    /// Each value is there, but not together with what the other matchers ask for.
    Together,
}

/// Most values that are listed.
const LISTED_MAX: usize = 5;

/// Which matchers are to blame that none of these series is selected; none if there are no series.
pub(super) fn blind(matchers: &[Matcher], series: &[Labels]) -> Vec<Blind> {
    if series.is_empty() {
        return Vec::new();
    }
    let others = || {
        matchers
            .iter()
            .filter(|matcher| !matcher.is_about_the_name())
    };
    let rejects_all = |matcher: &&Matcher| series.iter().all(|labels| !accepts(matcher, labels));
    let alone: Vec<Blind> = others()
        .filter(rejects_all)
        .map(|matcher| Blind {
            cure: cure(matcher, series),
            ..blamed(matcher)
        })
        .collect();
    if !alone.is_empty() {
        return alone;
    }
    // Each is satisfied by some series; one without which there would be a selection is to blame first.
    let is_decisive = |matcher: &&Matcher| {
        series.iter().any(|labels| {
            let mut rest = others().filter(|other| !std::ptr::eq(*other, *matcher));
            rest.all(|other| accepts(other, labels))
        })
    };
    others().filter(is_decisive).map(blamed).collect()
}

fn blamed(matcher: &Matcher) -> Blind {
    Blind {
        matcher: matcher.to_string(),
        label: matcher.name().to_owned(),
        cure: Cure::Together,
        wanted: wanted(matcher),
    }
}

fn accepts(matcher: &Matcher, labels: &Labels) -> bool {
    matcher.accepts(labels.get(matcher.name()).map_or("", String::as_str))
}

fn cure(matcher: &Matcher, series: &[Labels]) -> Cure {
    let values: BTreeSet<&str> = series
        .iter()
        .filter_map(|labels| labels.get(matcher.name()))
        .map(String::as_str)
        .collect();
    if values.is_empty() {
        let names: BTreeSet<&str> = series
            .iter()
            .flat_map(Labels::keys)
            .map(String::as_str)
            .collect();
        let similar = closest(matcher.name(), names.iter().copied());
        let fits = |name: &&str| {
            let has = |labels: &Labels| {
                labels
                    .get(*name)
                    .is_some_and(|value| matcher.accepts(value))
            };
            *name != "__name__" && has_meaning(matcher) && series.iter().any(has)
        };
        let fitting = names.iter().copied().filter(fits).take(LISTED_MAX);
        return Cure::Label {
            similar: similar.map(str::to_owned),
            fitting: fitting.map(str::to_owned).collect(),
        };
    }
    // Numbers such as statuses are not slips of the pen.
    let word = wanted(matcher).filter(|word| word.chars().any(char::is_alphabetic));
    let similar = word.and_then(|word| closest(&word, values.iter().copied()).map(str::to_owned));
    similar.map_or_else(
        || {
            Cure::Values(
                values
                    .iter()
                    .take(LISTED_MAX)
                    .map(|value| (*value).to_owned())
                    .collect(),
            )
        },
        Cure::Value,
    )
}

/// Whether values that please the matcher say something about it: `!=` and `.+` accept almost everything.
fn has_meaning(matcher: &Matcher) -> bool {
    matches!(matcher.operation(), Operation::Equal | Operation::Matches)
        && !matcher.accepts("a value that nobody has")
}

/// A value that a matcher accepts: the one that it asks for, or one that a pattern of literals and `.*` begins with.
fn wanted(matcher: &Matcher) -> Option<String> {
    let value = matcher.value();
    let words = match matcher.operation() {
        Operation::Equal => vec![value.to_owned()],
        Operation::Matches => {
            let first = value
                .trim_start_matches(['^', '('])
                .split(['|', ')'])
                .next();
            let word = first.unwrap_or_default().trim_matches(['$', '^']);
            let word = ANYTHING
                .iter()
                .fold(word, |word, any| word.trim_start_matches(any));
            let word = ANYTHING
                .iter()
                .fold(word, |word, any| word.trim_end_matches(any));
            vec![
                word.trim_end_matches(['-', '_']).to_owned(),
                format!("{word}1"),
            ]
        }
        Operation::NotEqual | Operation::MatchesNot => Vec::new(),
    };
    let is_plain = |word: &str| {
        word.chars()
            .all(|letter| letter.is_alphanumeric() || "-_./:@ ".contains(letter))
    };
    let fits = |word: &String| {
        let is_text = matcher.operation() == Operation::Equal || is_plain(word);
        !word.is_empty() && is_text && matcher.accepts(word)
    };
    words.into_iter().find(fits)
}

/// Patterns that match anything.
const ANYTHING: [&str; 2] = [".*", ".+"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::Query;

    fn series(list: &[&[(&str, &str)]]) -> Vec<Labels> {
        let labels = |pairs: &&[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        list.iter().map(labels).collect()
    }

    /// What is to blame, and what was meant, in short.
    fn blamed_for(selector: &str) -> Vec<String> {
        let series = series(&[
            &[
                ("job", "web"),
                ("namespace", "default"),
                ("code", "200"),
                ("pod", "a"),
            ],
            &[
                ("job", "web"),
                ("namespace", "default"),
                ("code", "500"),
                ("pod", "b"),
            ],
        ]);
        let query = Query::compile(selector).expect("a query");
        let selectors = query.selectors();
        let blind = blind(selectors[0].matchers, &series);
        let short = |blind: Blind| match blind.cure {
            Cure::Value(value) => format!("{}: {value}?", blind.matcher),
            Cure::Values(values) => format!("{}: {}", blind.matcher, values.join("|")),
            Cure::Label { similar, fitting } => {
                format!("{}: {similar:?} {}", blind.matcher, fitting.join("|"))
            }
            Cure::Together => format!("{}: together", blind.matcher),
        };
        blind.into_iter().map(short).collect()
    }

    #[test]
    fn the_matcher_that_empties_a_selection_is_named_with_the_nearest_value() {
        assert_eq!(
            blamed_for(r#"m{job="webb",code="200"}"#),
            [r#"job="webb": web?"#]
        );
        assert_eq!(blamed_for(r#"m{job=~"wbe|x"}"#), [r#"job=~"wbe|x": web?"#]);
        assert_eq!(blamed_for(r#"m{code="503"}"#), [r#"code="503": 200|500"#]);
    }

    #[test]
    fn a_label_that_nobody_has_comes_with_those_that_may_be_meant() {
        assert_eq!(
            blamed_for(r#"m{namespce="default"}"#),
            [r#"namespce="default": Some("namespace") namespace"#]
        );
        assert_eq!(
            blamed_for(r#"m{http_status=~"5.."}"#),
            [r#"http_status=~"5..": None code"#]
        );
        assert_eq!(blamed_for(r#"m{tier!=""}"#), [r#"tier!="": None "#]);
    }

    #[test]
    fn matchers_that_are_satisfied_one_by_one_are_blamed_together() {
        let both = [r#"code="200": together"#, r#"pod="b": together"#];
        assert_eq!(blamed_for(r#"m{job="web",code="200",pod="b"}"#), both);
    }

    #[test]
    fn a_value_is_found_for_literals_and_simple_patterns() {
        let found = |selector: &str| {
            let query = Query::compile(selector).expect("a query");
            let selectors = query.selectors();
            selectors[0].matchers.last().and_then(wanted)
        };
        for (selector, want) in [
            (r#"m{a="prod"}"#, Some("prod")),
            (r#"m{a=~"prod.*"}"#, Some("prod")),
            (r#"m{a=~"eu-.*"}"#, Some("eu-1")),
            (r#"m{a=~"^(x|y)$"}"#, Some("x")),
            (r#"m{a=~"[0-9]+"}"#, None),
            (r#"m{a!="x"}"#, None),
        ] {
            assert_eq!(found(selector).as_deref(), want, "{selector}");
        }
    }
}
