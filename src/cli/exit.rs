//! How the program ends.

use std::process::ExitCode;

use crate::verdict::Verdict;

/// Exit codes. They are part of the interface and do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The last revision is promoted (an Experiment on its own: Successful).
    Promoted,
    /// `coalmine test`: an expectation was not met.
    TestsFailed,
    /// The command line cannot be understood, or does not say which rollout is meant.
    Usage,
    /// Aborted, and all traffic is back on the stable version.
    RolledBack,
    /// Aborted, but traffic does not reach available stable pods.
    RollbackFailed,
    /// Waits for a person.
    Paused,
    /// Nothing will happen any more, and nobody is asked.
    Stuck,
    /// The controller refuses the spec.
    Invalid,
    /// The run was cut off.
    Undecided,
    /// An Experiment on its own ended as Failed or Error.
    ExperimentFailed,
    /// An Experiment on its own ended as Inconclusive.
    ExperimentInconclusive,
    /// An input cannot be read, or has nothing in it that can be simulated (`EX_DATAERR`).
    Unreadable,
    /// A bug of this program (`EX_SOFTWARE`).
    Internal,
    /// The report cannot be written (`EX_IOERR`).
    CannotWrite,
    /// A person or the system ended it early (128 + `SIGINT`).
    Interrupted,
}

/// What the help says of them.
pub const HELP: &str = "\
Exit codes:
   0  Promoted (an Experiment on its own: Successful)
   2  the command line is not understood
  10  RolledBack        11  RollbackFailed
  12  Paused            13  Stuck
  14  Invalid           15  Undecided
  16  an Experiment on its own is Failed or Error
  17  an Experiment on its own is Inconclusive
  65  the input cannot be read
  70  a bug
  74  the report cannot be written";

/// What the help of `coalmine test` says of them.
pub const HELP_OF_TEST: &str = "\
Exit codes:
   0  every scenario came to what it expects, or expects nothing
   1  an expectation was not met
   2  the command line is not understood
  65  a scenario or a manifest cannot be read, or there is no scenario
  70  a bug
  74  the results cannot be written";

/// What the help of `coalmine trials` and `coalmine merge` says of them.
pub const HELP_OF_TRIALS: &str = "\
Exit codes:
   0  done, whatever the runs came to
   2  the command line is not understood
  65  the input, or a file of runs, cannot be read, or does not fit
  70  a bug
  74  the report, or a file of runs, cannot be written
 130  interrupted: the report tells of the runs that were done";

/// What the help of `coalmine init` says of them.
pub const HELP_OF_INIT: &str = "\
Exit codes:
   0  the scenario is written
   2  the command line is not understood, or the file exists
  65  the input cannot be read
  70  a bug
  74  the scenario cannot be written";

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Promoted => 0,
            Self::TestsFailed => 1,
            Self::Usage => 2,
            Self::RolledBack => 10,
            Self::RollbackFailed => 11,
            Self::Paused => 12,
            Self::Stuck => 13,
            Self::Invalid => 14,
            Self::Undecided => 15,
            Self::ExperimentFailed => 16,
            Self::ExperimentInconclusive => 17,
            Self::Unreadable => 65,
            Self::Internal => 70,
            Self::CannotWrite => 74,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Promoted | Verdict::Successful => Self::Promoted,
            Verdict::RolledBack => Self::RolledBack,
            Verdict::RollbackFailed => Self::RollbackFailed,
            Verdict::Paused => Self::Paused,
            Verdict::Stuck => Self::Stuck,
            Verdict::Invalid => Self::Invalid,
            Verdict::Undecided => Self::Undecided,
            Verdict::Failed => Self::ExperimentFailed,
            Verdict::Inconclusive => Self::ExperimentInconclusive,
        }
    }
}
