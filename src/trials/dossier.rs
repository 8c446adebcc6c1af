//! What a sample is about: everything that its report and its continuation need beside the numbers.
//!
//! Knows: names, and the identity of what was simulated. Refuses to know where it is kept.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use crate::plan::{Environment, Plan};
use crate::trace::wording;
use crate::trials::campaign::{Progress, Shard};
use crate::trials::contrast::Sample;
use crate::trials::releases::Parameter;
use crate::trials::runner::Stage;
use crate::trials::summary::{Blame, Cause, Ended};
use crate::world::beliefs;

/// The format of stored parts.
pub const PART_SCHEMA: &str = "coalmine.trials-part/v1";

/// What a sample is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The release: `Rollout web, canary, 3 replicas: v1 -> v2`.
    pub title: String,
    /// The name of the scenario, if there is one.
    pub scenario: Option<String>,
    /// The changes of the changed policy, as they were asked for.
    pub what_if: Vec<String>,
    /// The seed of all runs.
    pub seed: u64,
    /// The command line that repeats a run, without the number of the run.
    pub replay: String,
    /// Whether anything is served, so that requests and users have a meaning.
    pub has_traffic: bool,
    /// The policy as written.
    pub written: Legend,
    /// The changed policy.
    pub changed: Option<Legend>,
    /// The identity of what is simulated; see [`fingerprint`].
    pub fingerprint: String,
}

/// The names behind the numbers of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legend {
    /// The metrics of each analysis.
    analyses: Vec<Vec<String>>,
    /// The steps of the canary.
    steps: Vec<String>,
    /// What is drawn of the release of each run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    releases: Vec<Parameter>,
}

/// A cause, with names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NamedCause {
    /// What it was: `success-rate Failed`, `progress deadline`.
    pub what: String,
    /// The step of the canary, counted from 1.
    pub step: Option<u32>,
    /// What the step is: `setWeight: 20`.
    pub step_text: Option<String>,
}

impl NamedCause {
    /// `success-rate Failed at step 2 (analysis)`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let what = &self.what;
        match (self.step, &self.step_text) {
            (Some(step), Some(text)) => format!("{what} at step {step} ({text})"),
            (Some(step), None) => format!("{what} at step {step}"),
            (None, _) => what.clone(),
        }
    }
}

/// A part of a campaign, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// [`PART_SCHEMA`].
    pub schema: String,
    /// The version of the program.
    pub version: String,
    /// What it is about.
    pub head: Head,
    /// How many runs are wanted, over all shards.
    pub runs: u64,
    /// Which shard of them.
    pub shard: Shard,
    /// How far one has come.
    pub progress: Progress,
    /// The rows of the runs that are done, where they are written to a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Written>,
}

/// What was written to a file, so that one can tell whether it is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// How many bytes.
    pub bytes: u64,
    /// Their [`Digest`].
    pub digest: String,
}

impl Legend {
    /// The names of a plan, and of what is not known of its world.
    #[must_use]
    pub fn of(plan: &Plan, environment: &Environment) -> Self {
        let names = |analysis: &crate::plan::AnalysisPlan| {
            let metrics = analysis.metrics.iter();
            metrics.map(|metric| metric.name.clone()).collect()
        };
        let canary = plan.canary();
        let steps = canary.map(|canary| canary.steps.iter().map(wording::step).collect());
        Self {
            analyses: plan.analyses.iter().map(names).collect(),
            steps: steps.unwrap_or_default(),
            releases: beliefs(environment)
                .into_iter()
                .map(|belief| Parameter {
                    name: belief.name,
                    unit: belief.unit,
                })
                .collect(),
        }
    }

    /// What is drawn of the release of each run.
    #[must_use]
    pub fn releases(&self) -> &[Parameter] {
        &self.releases
    }

    /// A cause in words.
    #[must_use]
    pub fn name(&self, cause: Cause) -> NamedCause {
        let what = match cause.blame {
            Blame::Metric {
                analysis,
                metric,
                ended,
            } => {
                let metrics = self.analyses.get(analysis as usize);
                let name = metrics.and_then(|metrics| metrics.get(usize::from(metric)));
                let name = name.map_or("a metric", String::as_str);
                format!("{name} {}", ended.name())
            }
            Blame::Analysis { ended, .. } => format!("analysis {}", ended.name()),
            Blame::Experiment { ended, .. } => format!("experiment {}", ended.name()),
            Blame::Deadline => "progress deadline".to_owned(),
            Blame::StepPlugin => "step plugin Failed".to_owned(),
            Blame::Person => "a person".to_owned(),
            Blame::Pause => "a pause without an end".to_owned(),
        };
        let step_text = cause
            .step
            .and_then(|step| self.steps.get(usize::from(step)));
        NamedCause {
            what,
            step: cause.step.map(|step| u32::from(step) + 1),
            step_text: step_text.cloned(),
        }
    }
}

impl Ended {
    fn name(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Error => "Error",
            Self::Inconclusive => "Inconclusive",
        }
    }
}

/// The identity of everything that decides what the runs of a seed come to: plans, worlds, scripts and starts as
/// compiled. Equal for equal input to the same version of the program, whatever the files are called and wherever they
/// lie.
#[must_use]
pub fn fingerprint<'a>(stages: impl IntoIterator<Item = Stage<'a>>) -> String {
    let mut digest = Digest::default();
    for stage in stages {
        // A digest takes whatever is written to it.
        let _ = write!(
            digest,
            "{:?}\n{:?}\n{:?}\n{:?}\n",
            stage.plan, stage.environment, stage.script, stage.start
        );
    }
    digest.to_string()
}

/// The hash of Fowler, Noll and Vo (FNV-1a) with 128 bits: the same in every version of the compiler. It tells accidents apart, not forgeries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u128);

impl Default for Digest {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Digest {
    /// The digest that is written so; `None` for anything else.
    #[must_use]
    pub fn of_hex(text: &str) -> Option<Self> {
        let digest = Self(u128::from_str_radix(text, 16).ok()?);
        (digest.to_string() == text).then_some(digest)
    }

    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte))
                .wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

/// Why parts cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// There are none.
    Nothing,
    /// They are of different versions of the program.
    Version(usize),
    /// They are about different releases, scenarios, seeds or numbers of runs; the place of the first that differs.
    Subject(usize),
    /// This shard, counted from 1, is missing.
    Missing(Vec<u32>),
    /// This shard, counted from 1, is there twice.
    Doubled(u32),
    /// This shard, counted from 1, has so many of so many runs.
    Unfinished(u32, u64, u64),
}

/// Puts the shards of a campaign together: the sample of one run over all of them.
///
/// # Errors
///
/// Refuses parts that do not belong together, and sets that are not complete.
pub fn merge(parts: &[Part]) -> Result<Sample, Mismatch> {
    let Some(first) = parts.first() else {
        return Err(Mismatch::Nothing);
    };
    let count = first.shard.count;
    let mut seen = BTreeSet::new();
    let mut sample = Sample::new(first.head.changed.is_some());
    for (place, part) in parts.iter().enumerate() {
        if part.version != first.version {
            return Err(Mismatch::Version(place));
        }
        let is_same = part.head.fingerprint == first.head.fingerprint
            && part.head.seed == first.head.seed
            && part.head.what_if == first.head.what_if
            && (part.runs, part.shard.count) == (first.runs, count);
        if !is_same || !part.shard.is_valid() {
            return Err(Mismatch::Subject(place));
        }
        if !seen.insert(part.shard.index) {
            return Err(Mismatch::Doubled(part.shard.index + 1));
        }
        let own = part.campaign().own_runs();
        if part.progress.runs() < own {
            let done = part.progress.runs();
            return Err(Mismatch::Unfinished(part.shard.index + 1, done, own));
        }
        sample.merge(&part.progress.sample);
    }
    let missing = (0..count).filter(|index| !seen.contains(index));
    let missing: Vec<u32> = missing.map(|index| index + 1).collect();
    if missing.is_empty() {
        Ok(sample)
    } else {
        Err(Mismatch::Missing(missing))
    }
}

impl Part {
    /// The runs that it is a part of.
    #[must_use]
    pub fn campaign(&self) -> crate::trials::Campaign {
        crate::trials::Campaign {
            seed: self.head.seed,
            runs: self.runs,
            shard: self.shard,
        }
    }
}
