//! Which run a command is about, and a look at what it exports.

use std::path::PathBuf;

use clap::Args;

use super::case::Choice;
use super::exit::Exit;
use super::terminal::{finish, tell};
use super::trials::amounts::parse_seed;
use super::{cut, prepared};
use crate::diagnostic::{self, Diagnostic, Look, Sources};
use crate::series::Exporter;
use crate::time::SimTime;

/// Which of several, in which world.
#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// What happens around the rollout; a folder's own scenario.yaml is found without this
    #[arg(short, long, value_name = "FILE")]
    pub(super) scenario: Option<PathBuf>,
    /// Which scenario, if there are several
    #[arg(long, value_name = "NAME")]
    pub(super) scenario_name: Option<String>,
    /// Which Rollout (or Experiment) to simulate, if the input has several
    #[arg(long, value_name = "NAME")]
    pub(super) rollout: Option<String>,
}

/// Which run of which release.
#[derive(Debug, Args)]
pub(super) struct SubjectArgs {
    #[command(flatten)]
    pub(super) which: WhichArgs,
    /// Draws start-up times and numbers of requests instead of taking expectations
    #[arg(long)]
    random: bool,
    /// Seed of what is drawn
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = parse_seed)]
    seed: Option<u64>,
    /// Which of the many runs under the seed, as `coalmine trials` names them
    #[arg(long, value_name = "NUMBER", requires = "random")]
    replicate: Option<u64>,
}

impl WhichArgs {
    /// The choice that they make.
    pub(super) fn choice(&self) -> Choice<'_> {
        Choice {
            scenario_name: self.scenario_name.as_deref(),
            name: self.rollout.as_deref(),
            ..Choice::default()
        }
    }
}

impl SubjectArgs {
    /// The choice that they make.
    pub(super) fn choice(&self) -> Choice<'_> {
        Choice {
            random: self.random,
            seed: self.seed,
            replicate: self.replicate.unwrap_or(0),
            ..self.which.choice()
        }
    }
}

/// A run and the instant at which its exporters are looked at.
pub(super) struct Sight<'a> {
    pub(super) paths: &'a [PathBuf],
    pub(super) scenario: Option<&'a PathBuf>,
    pub(super) choice: Choice<'a>,
    pub(super) at: SimTime,
    pub(super) look: Look,
}

impl Sight<'_> {
    /// Simulates up to the instant, and writes what `answer` makes of the exporters.
    pub(super) fn show(
        self,
        answer: impl FnOnce(&Exporter<'_>) -> Result<String, Box<Diagnostic>>,
    ) -> Exit {
        let prepared = prepared(self.paths, self.scenario, &self.choice);
        tell(&cut(prepared.findings), &prepared.sources, self.look);
        let case = match prepared.case {
            Ok(case) => case,
            Err(exit) => return exit,
        };
        match case.look_at(self.at, answer) {
            Ok(text) => finish(&text, Exit::Promoted),
            Err(problem) => refuse(*problem, self.look),
        }
    }
}

/// Tells what is wrong with the command line.
pub(super) fn refuse(problem: Diagnostic, look: Look) -> Exit {
    let findings = diagnostic::findings([problem], |_| None);
    tell(&findings, &Sources::default(), look);
    Exit::Usage
}
