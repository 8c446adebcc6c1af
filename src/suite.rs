//! What became of many scenarios that were run as tests.
//!
//! Knows: results, their sum, and the formats in which they are told: [`text`], [`junit`] and [`github`], pure functions of a [`Suite`].
//! Refuses to know: files, terminals, how the results came about.

pub mod github;
pub mod junit;
pub mod text;

use std::time::Duration;

use crate::diagnostic::Finding;
use crate::diagnostic::wording::visible;
use crate::expectation::Failure;

/// The results of many scenarios, in the order in which they are told.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// One for each scenario that was chosen.
    pub cases: Vec<Case>,
    /// What is wrong with the inputs, with places by name.
    pub problems: Vec<Problem>,
    /// How long it took, on the clock of this machine.
    pub took: Duration,
}

/// What became of one scenario.
#[derive(Clone, Debug)]
pub struct Case {
    /// By what it is called in lists: its folder, and its name where the folder does not say it.
    pub label: String,
    /// The folder of its manifests.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub spot: Spot,
    /// The result.
    pub result: Result,
    /// How long it took, on the clock of this machine.
    pub took: Duration,
}

/// The result of one scenario.
#[derive(Clone, Debug)]
pub enum Result {
    /// It came to what was expected.
    Passed {
        /// The verdict and its time: `Promoted at 2m20s`.
        verdict: String,
    },
    /// It did not.
    Failed {
        /// The verdict and its time.
        verdict: String,
        /// What was expected in vain.
        failures: Vec<Located>,
        /// The timeline around these moments, in lines.
        timeline: String,
    },
    /// Nothing was expected.
    NotExpected {
        /// The verdict and its time.
        verdict: String,
    },
    /// The scenario or its manifests cannot be read.
    Unreadable,
}

/// What was expected in vain, and where that is written.
#[derive(Clone, Debug)]
pub struct Located {
    pub failure: Failure,
    pub spot: Spot,
}

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The name of the file as the user knows it; empty: nowhere.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// Something wrong with an input, in short.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The folder in which it was found.
    pub folder: String,
    pub finding: Finding,
    pub spot: Spot,
}

/// Numbers of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub not_expected: usize,
    pub unreadable: usize,
}

impl Suite {
    /// How many came to what.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for case in &self.cases {
            *match case.result {
                Result::Passed { .. } => &mut tally.passed,
                Result::Failed { .. } => &mut tally.failed,
                Result::NotExpected { .. } => &mut tally.not_expected,
                Result::Unreadable => &mut tally.unreadable,
            } += 1;
        }
        tally
    }
}

impl Spot {
    /// `file:line:column`, or as much of it as is known.
    #[must_use]
    pub fn shown(&self) -> String {
        let file = visible(&self.file);
        if self.line == 0 {
            file
        } else {
            format!("{file}:{}:{}", self.line, self.column)
        }
    }
}
