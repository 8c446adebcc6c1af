//! What a run must come to, one claim at a time.
//!
//! Knows what can be claimed, and bounds. Refuses to know runs: whether a claim is true is found out in [`crate::expectation`].

use std::fmt;

use regex::Regex;

use crate::diagnostic::Path;
use crate::duration::Printed;
use crate::time::SimTime;
use crate::verdict::Verdict;

/// Something that must be true of a run, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The way to it in the scenario.
    pub path: Path,
    /// What must be true.
    pub what: Claimed,
}

/// What must be true of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Claimed {
    /// The verdict on the last revision.
    Verdict(Verdict),
    /// The farthest step that the last revision reaches, from 0.
    Step(Bounds),
    /// The verdict holds then at the earliest.
    NotBefore(SimTime),
    /// The verdict holds then at the latest.
    NotAfter(SimTime),
    /// The controller's words for the verdict.
    Reason(Pattern),
    /// What the release costs.
    Measure(Measure, Bounds),
    /// Measurements of a metric.
    Measurements {
        metric: String,
        counted: Counted,
        bounds: Bounds,
    },
    /// The canary's weight right after an instant.
    Weight { at: SimTime, bounds: Bounds },
    /// Pods of a version right after an instant.
    Pods {
        at: SimTime,
        tag: String,
        counted: PodsCounted,
        bounds: Bounds,
    },
    /// A service that always has an endpoint; `None`: every service.
    Endpoints(Option<String>),
}

/// What a release costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Requests,
    FailedRequests,
    UnservedRequests,
    Harm,
    UsersExposed,
    /// \[s\]
    Exposure,
    PeakPods,
    PodHours,
    ExcessPodHours,
    ExcessCost,
    /// \[s\]
    ShortOfCapacity,
    /// \[s\]
    InstantRollback,
}

/// Which measurements are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// All but errors.
    All,
    Successful,
    Failed,
    Inconclusive,
    Error,
}

/// Which pods are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodsCounted {
    Available,
    Desired,
}

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern(pub Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// An amount between two others, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Minus infinity: without limit.
    pub least: f64,
    /// Infinity: without limit.
    pub most: f64,
    /// Whether the amounts are times \[s\].
    pub is_time: bool,
}

/// Amounts that differ less, in proportion, are equal: sums of expected requests are rounded on their way.
const SLACK: f64 = 1e-9;

impl Bounds {
    /// Whether an amount lies within.
    #[must_use]
    pub fn hold(&self, amount: f64) -> bool {
        let slack = |bound: f64| SLACK * bound.abs().max(1.0);
        // Without limit the slack is infinite too, and their difference no number.
        let above = self.least.is_infinite() || self.least - slack(self.least) <= amount;
        let below = self.most.is_infinite() || amount <= self.most + slack(self.most);
        above && below
    }

    /// An amount in the unit of the bounds.
    #[must_use]
    pub fn show(&self, amount: f64) -> String {
        if self.is_time {
            return Printed(crate::time::Delta::of_seconds(amount).nanos()).to_string();
        }
        // More digits than these would only show how numbers are rounded.
        let text = format!("{amount:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (self.show(self.least), self.show(self.most));
        match (self.least.is_finite(), self.most.is_finite()) {
            (true, true) if least == most => formatter.write_str(&least),
            (true, true) => write!(formatter, "{least} to {most}"),
            (true, false) => write!(formatter, "at least {least}"),
            (false, true) => write!(formatter, "at most {most}"),
            (false, false) => formatter.write_str("any"),
        }
    }
}

impl Measure {
    /// Whether it is known only where requests are counted.
    #[must_use]
    pub fn is_of_traffic(self) -> bool {
        matches!(
            self,
            Self::Requests
                | Self::FailedRequests
                | Self::UnservedRequests
                | Self::Harm
                | Self::UsersExposed
                | Self::Exposure
        )
    }

    /// The name of its field.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::FailedRequests => "failedRequests",
            Self::UnservedRequests => "unservedRequests",
            Self::Harm => "harm",
            Self::UsersExposed => "usersExposed",
            Self::Exposure => "exposure",
            Self::PeakPods => "peakPods",
            Self::PodHours => "podHours",
            Self::ExcessPodHours => "excessPodHours",
            Self::ExcessCost => "excessCost",
            Self::ShortOfCapacity => "shortOfCapacity",
            Self::InstantRollback => "instantRollback",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive_and_forgive_rounding() {
        let bounds = |least, most| Bounds {
            least,
            most,
            is_time: false,
        };
        let at_most = bounds(f64::NEG_INFINITY, 100.0);
        assert!(at_most.hold(100.0) && at_most.hold(-5.0) && at_most.hold(100.0 + 1e-8));
        assert!(!at_most.hold(100.001));
        let exactly = bounds(3.0, 3.0);
        assert!(exactly.hold(3.0) && !exactly.hold(2.999) && !exactly.hold(3.001));
        assert_eq!(exactly.to_string(), "3");
        assert_eq!(at_most.to_string(), "at most 100");
        assert_eq!(bounds(0.5, f64::INFINITY).to_string(), "at least 0.5");
        assert_eq!(bounds(1.0, 2.0).to_string(), "1 to 2");
    }
}
