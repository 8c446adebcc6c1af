//! Which policy is best: many of them under the same weather, and what can be told apart.
//!
//! Knows: what a policy is judged by ([`score`]), how hopeless ones are found early ([`race`]), which one to choose
//! ([`choice`]), and how that is told ([`report`]). Refuses to know manifests, simulations and threads: whatever plays
//! a release comes from outside ([`race::Play`]). Simplifies: releases are healthy or bad, with error rates that are
//! given; all releases of a replicate have the same weather.

pub mod choice;
pub mod race;
pub mod report;
pub mod score;

pub use choice::{Choice, Outcome, Place};
pub use race::{Aim, Fate, Play, Race};
pub use score::{Axis, Bad, Estimate, Releases, Row};
