//! Where the recorded answers are, and how results are counted and printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

/// A folder of recorded answers.
pub(crate) struct Corpus {
    pub(crate) root: PathBuf,
}

/// How many cases of each group passed.
#[derive(Default)]
pub(crate) struct Score {
    groups: BTreeMap<String, Group>,
}

#[derive(Default)]
struct Group {
    passed: usize,
    total: usize,
    failures: Vec<String>,
}

/// The shares of a suite's cases that must pass. Only ever raised.
struct Threshold {
    suite: &'static str,
    /// In our own copy of the corpus.
    ours: f64,
    /// In a corpus that we have not seen.
    unseen: f64,
}

const THRESHOLDS: [Threshold; 7] = [
    Threshold {
        suite: "argo/named",
        ours: 1.0,
        unseen: 1.0,
    },
    Threshold {
        suite: "argo/cases",
        ours: 1.0,
        unseen: 0.995,
    },
    Threshold {
        suite: "argo/tables",
        ours: 1.0,
        unseen: 1.0,
    },
    Threshold {
        suite: "argo/validation",
        ours: 1.0,
        unseen: 1.0,
    },
    Threshold {
        suite: "expr",
        ours: 1.0,
        unseen: 1.0,
    },
    Threshold {
        suite: "promql",
        ours: 1.0,
        unseen: 0.99,
    },
    Threshold {
        suite: "durations",
        ours: 1.0,
        unseen: 1.0,
    },
];

/// Names a corpus to use instead of our own.
const ELSEWHERE: &str = "COALMINE_CORPUS";

impl Corpus {
    /// The corpus that `COALMINE_CORPUS` names, or our own.
    pub(crate) fn find() -> Self {
        let root = std::env::var_os(ELSEWHERE).map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"),
            PathBuf::from,
        );
        assert!(root.is_dir(), "no corpus at {}", root.display());
        Self { root }
    }

    /// The compressed files below `folder`, sorted, with their names without endings.
    pub(crate) fn archives(&self, folder: &str) -> Vec<(String, PathBuf)> {
        let mut found: Vec<_> = std::fs::read_dir(self.root.join(folder))
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("a readable folder").path())
            .filter_map(|path| {
                let name = path
                    .file_name()?
                    .to_str()?
                    .strip_suffix(".jsonl.gz")?
                    .to_owned();
                Some((name, path))
            })
            .collect();
        found.sort();
        found
    }
}

/// The lines of a compressed file, as JSON.
pub(crate) fn lines(path: &Path) -> impl Iterator<Item = serde_json::Value> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    BufReader::new(GzDecoder::new(file))
        .lines()
        .map(|line| serde_json::from_str(&line.expect("compressed text")).expect("a line of JSON"))
}

impl Score {
    /// Counts a case; `failure` tells what differs.
    pub(crate) fn add(&mut self, group: &str, failure: Option<String>) {
        let group = self.groups.entry(group.to_owned()).or_default();
        group.total += 1;
        match failure {
            None => group.passed += 1,
            Some(failure) => group.failures.push(failure),
        }
    }

    /// Counts a whole group.
    pub(crate) fn add_all(
        &mut self,
        group: &str,
        passed: usize,
        total: usize,
        failures: Vec<String>,
    ) {
        let group = self.groups.entry(group.to_owned()).or_default();
        group.passed += passed;
        group.total += total;
        group.failures.extend(failures);
    }

    /// Prints the score and compares it with the threshold of the suite. A suite that the corpus does not hold passes.
    pub(crate) fn check(&self, suite: &str) {
        let mut report = String::new();
        for (name, group) in &self.groups {
            let _ = writeln!(report, "{suite} {name} {}/{}", group.passed, group.total);
        }
        for group in self.groups.values() {
            for failure in group.failures.iter().take(3) {
                let _ = writeln!(report, "\n{failure}");
            }
        }
        println!("{report}");
        let (passed, total) = self.groups.values().fold((0, 0), |(passed, total), group| {
            (passed + group.passed, total + group.total)
        });
        let threshold = THRESHOLDS
            .iter()
            .find(|threshold| threshold.suite == suite)
            .expect("a threshold for every suite");
        let unseen = std::env::var_os(ELSEWHERE).is_some();
        let threshold = if unseen {
            threshold.unseen
        } else {
            threshold.ours
        };
        let needed = (f64::from(u32::try_from(total).expect("few cases")) * threshold).ceil();
        assert!(
            needed <= f64::from(u32::try_from(passed).expect("few cases")),
            "{suite}: {passed} of {total} pass, {needed} are needed\n{report}"
        );
    }
}
