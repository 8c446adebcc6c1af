//! What Go's `time.ParseDuration` makes of texts.

use std::fs;

use coalmine::duration;

use super::corpus::{Corpus, Score};

/// The table `expr/go-duration-golden.tsv`: a quoted text, a tab, nanoseconds or `ERR`.
pub(crate) fn table(corpus: &Corpus) -> Score {
    let mut score = Score::default();
    let table = fs::read_to_string(corpus.root.join("expr/go-duration-golden.tsv"));
    for line in table.unwrap_or_default().lines() {
        let (quoted, want) = line.split_once('\t').expect("two columns");
        let text: String = serde_json::from_str(quoted).expect("a quoted text");
        let got = duration::parse(&text).map_or("ERR".to_owned(), |nanos| nanos.to_string());
        score.add(
            "go",
            (got != want).then(|| format!("{quoted}: recorded {want}, ours {got}")),
        );
    }
    score
}
