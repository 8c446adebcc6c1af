//! Where a query goes wrong, for errors that come without a place.
//!
//! Knows no grammar: it asks the compiler which beginnings of the query some ending would save. The token after the
//! longest of them is the first that could not have stood there. Refuses to search long queries, and finds a place
//! slightly early where no ending of its list fits.

use super::compile::read;
use super::scanner::Scanned;

/// More tokens are not searched.
const TOKENS_MAX: usize = 500;

/// What can follow a beginning, so that it becomes a query: how many parentheses it closes, and its text. Open
/// parentheses are closed behind it. The most frequent come first.
const ENDINGS: [(usize, &str); 23] = [
    (0, "x"),
    (0, ""),
    (0, "1.0"),
    (0, "x [5.0]"),
    (0, "(x)"),
    (0, "(x [5.0])"),
    (0, "\"0\""),
    (0, ", x"),
    (0, "()"),
    (0, "(a) x"),
    (0, "(a)"),
    (0, "(a) (x)"),
    (0, "(1.0, x)"),
    (0, "(\"0\", x)"),
    (0, "\"0\", x"),
    (0, "(1.0) x"),
    (1, ") x"),
    (1, ") (x)"),
    (1, "a )"),
    (1, "a ) x"),
    (1, "a ) (x)"),
    (1, "1.0 ) x"),
    (1, ")"),
];

/// Where `query` goes wrong with `message` \[bytes\].
pub(super) fn find(query: &str, scanned: &Scanned, message: &str) -> Option<usize> {
    let tokens = &scanned.tokens;
    if TOKENS_MAX < tokens.len() {
        return None;
    }
    let (mut low, mut high) = (0, tokens.len() + 1);
    while low + 1 < high {
        let middle = usize::midpoint(low, high);
        if can_be_saved(scanned, middle, message) {
            low = middle;
        } else {
            high = middle;
        }
    }
    match tokens.get(low) {
        // What is complete and wrong is what the parenthesis ends; what cannot be read is the parenthesis.
        Some(_) if can_be_read(scanned, low + 1) => Some(tokens[start(scanned, low)].position),
        Some(token) => Some(token.position),
        None => Some(query.trim_end().len()),
    }
}

/// Whether the first `count` tokens can be the beginning of a query that is not wrong in this way.
fn can_be_saved(scanned: &Scanned, count: usize, message: &str) -> bool {
    endings(scanned, count).any(|text| match read(scanned, &text) {
        Ok(_) => true,
        Err(error) => error.message() != message && error.message() != super::compile::UNREADABLE,
    })
}

/// Whether they can be the beginning of anything that the grammar knows.
fn can_be_read(scanned: &Scanned, count: usize) -> bool {
    endings(scanned, count).any(|text| match read(scanned, &text) {
        Ok(_) => true,
        Err(error) => error.message() != super::compile::UNREADABLE,
    })
}

/// The first `count` tokens with each of the endings.
fn endings(scanned: &Scanned, count: usize) -> impl Iterator<Item = String> {
    let end = scanned.tokens.get(count);
    let begun = &scanned.text[..end.map_or(scanned.text.len(), |token| token.offset)];
    let words = || (0..count).map(|index| word(scanned, index));
    let opened = words().filter(|word| *word == "(").count();
    let closed = words().filter(|word| *word == ")").count();
    let open = opened.saturating_sub(closed);
    ENDINGS
        .iter()
        .filter(move |(closes, _)| *closes <= open)
        .map(move |(closes, ending)| format!("{begun}{ending}{}", ")".repeat(open - closes)))
}

/// The token with which something begins that the token at `last` ends: for a parenthesis the word before the other one.
fn start(scanned: &Scanned, last: usize) -> usize {
    if word(scanned, last) != ")" {
        return last;
    }
    let mut depth = 0_usize;
    for index in (0..=last).rev() {
        match word(scanned, index) {
            ")" => depth += 1,
            "(" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let before = index.saturating_sub(1);
            let named = word(scanned, before).starts_with(|c: char| c.is_ascii_alphabetic());
            return if named { before } else { index };
        }
    }
    last
}

/// A token as the parser reads it.
fn word(scanned: &Scanned, index: usize) -> &str {
    let end = scanned.tokens.get(index + 1);
    let end = end.map_or(scanned.text.len(), |token| token.offset);
    scanned.text[scanned.tokens[index].offset..end].trim_end()
}

#[cfg(test)]
mod tests {
    use crate::promql::Query;

    #[test]
    fn what_cannot_be_read_has_a_place() {
        for (query, position) in [
            ("sum(x) + * y", 9),
            ("sum(x) by (a) x", 14),
            ("sum by (a, 5m) (x)", 11),
            ("x y", 2),
            ("x +", 3),
            ("x + # nothing", 13),
            ("rate(x[5m]) / on(", 17),
            ("topk(2 x)", 7),
            ("(x + y) z > 2", 8),
            ("x > bool bool 2", 9),
            ("x offset 5m offset 5m x", 22),
            ("label_replace(x, 'a' 'b')", 21),
            ("", 0),
        ] {
            let Err(error) = Query::compile(query) else {
                panic!("{query} is a query");
            };
            assert_eq!(error.position(), Some(position), "{query}: {error}");
        }
    }

    #[test]
    fn what_has_the_wrong_type_has_a_place() {
        for (query, position) in [
            ("y / rate(x)", 4),
            ("y / sum(3) + 2", 4),
            ("x + (1 > 2)", 9),
            ("y + round()", 4),
            ("1 + x{a='b', __name__='c'}", 5),
            ("abs(x[1m])", 0),
            ("+x[5m]", 2),
            ("y and 1", 6),
        ] {
            let error = Query::compile(query).expect_err(query);
            assert_eq!(error.position(), Some(position), "{query}: {error}");
        }
    }
}
