//! Words of messages: suggestions, quotations, plurals.
//!
//! Knows how names are compared and texts of users are quoted. Refuses to know what they mean.

/// The candidate that was probably meant, if one is near enough: the same but for upper and lower
/// case, a few typing errors away, or a longer name that holds the word.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes time in proportion to the product of the lengths.
    if word.is_empty() || WORD_MAX < word.len() {
        return None;
    }
    let wanted = word.to_lowercase();
    let allowed = (wanted.chars().count() / 3).min(3);
    let rank = |candidate: &&str| {
        let lower = candidate.to_lowercase();
        let distance = distance(&wanted, &lower);
        if distance <= allowed {
            return Some(distance);
        }
        let holds = 4 <= wanted.len() && (lower.ends_with(&wanted) || lower.starts_with(&wanted));
        holds.then_some(WORD_MAX)
    };
    let ranked = candidates
        .into_iter()
        .filter_map(|candidate| Some((rank(&candidate)?, candidate)));
    // The first of several equally near ones wins, so that the answer follows their order.
    ranked
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, candidate)| candidate)
}

/// Whether two names differ by one typing error at most, or by upper and lower case.
#[must_use]
pub fn is_slip(word: &str, name: &str) -> bool {
    let is_short = word.len() <= WORD_MAX && name.len() <= WORD_MAX;
    is_short && distance(&word.to_lowercase(), &name.to_lowercase()) <= 1
}

/// A text of the user in backticks: control characters escaped, a long one cut.
#[must_use]
pub fn quoted(text: &str) -> String {
    let shown: String = text
        .chars()
        .take(QUOTED_MAX)
        .flat_map(visible_character)
        .collect();
    let more = if text.chars().nth(QUOTED_MAX).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{shown}{more}`")
}

/// A number and a noun, which takes an `s` unless the number is one: `1 step`, `2 steps`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Names in backticks as a list: `` `a`, `b` and `c` ``, joined by `and` or `or`.
#[must_use]
pub fn listed(names: &[&str], conjunction: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} {conjunction} {last}", others.join(", ")),
    }
}

/// The same, cut after a handful: `` `a`, `b`, `c`, `d`, `e` and 495 more ``.
#[must_use]
pub fn listed_briefly(names: &[String], conjunction: &str) -> String {
    let shown: Vec<&str> = names.iter().take(LISTED_MAX).map(String::as_str).collect();
    match names.len() - shown.len() {
        0 => listed(&shown, conjunction),
        more => {
            let shown: Vec<String> = shown.into_iter().map(quoted).collect();
            format!("{} {conjunction} {more} more", shown.join(", "))
        }
    }
}

/// A text in which control characters, which could drive a terminal, are escaped.
pub(crate) fn visible(text: &str) -> String {
    text.chars().flat_map(visible_character).collect()
}

/// Longest word that gets a suggestion \[byte\].
const WORD_MAX: usize = 64;
/// Most names of a list that may be cut.
const LISTED_MAX: usize = 5;
/// Longest quotation \[character\].
const QUOTED_MAX: usize = 60;

fn visible_character(c: char) -> impl Iterator<Item = char> {
    // Marks that turn the direction of writing could make a message read as something else.
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escaped = (c.is_control() || turns).then(|| c.escape_default());
    let plain = escaped.is_none().then_some(c);
    escaped.into_iter().flatten().chain(plain)
}

/// Typing errors between two words: characters inserted, left out, replaced or swapped with their
/// neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(above[j] + 1).min(row[j - 1] + 1);
            let swapped = 1 < i && 1 < j && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_counted() {
        for (a, b, errors) in [
            ("setweight", "setwieght", 1),
            ("rolout", "rollout", 1),
            ("abc", "abc", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), errors, "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_name_is_suggested_or_none() {
        let steps = ["setWeight", "pause", "setCanaryScale"];
        assert_eq!(closest("setWieght", steps), Some("setWeight"));
        assert_eq!(closest("setweight", steps), Some("setWeight"));
        assert_eq!(closest("weight", steps), Some("setWeight"));
        assert_eq!(closest("pasue", steps), Some("pause"));
        assert_eq!(closest("replicas", steps), None);
        assert_eq!(closest("", steps), None);
        assert_eq!(closest("v3", ["v2"]), None, "too short to tell");
        assert!(is_slip("image", "images") && !is_slip("image", "imagery"));
        assert_eq!(closest(&"x".repeat(1_000_000), steps), None);
    }

    #[test]
    fn quotations_are_short_and_harmless() {
        assert_eq!(quoted("a\u{1b}[31m\n"), r"`a\u{1b}[31m\n`");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), 63);
        assert_eq!(listed(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
        assert_eq!(
            (count(1, "step"), count(0, "step")),
            ("1 step".into(), "0 steps".into())
        );
    }
}
