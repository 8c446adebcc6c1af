//! What is known exactly about many runs: laws of counts, intervals, distributions that merge, and the arithmetic of
//! gates.
//!
//! Knows: numbers. A gate with independent measurements is an acceptance-sampling plan ([`plan`]); the share of runs
//! that end in some way is a binomial proportion ([`interval`]); what a run costs is a value in a [`histogram`].
//! Refuses to know: runs, rollouts, clocks, files and generators. A law is drawn through a [`table`], so that one
//! number is one draw.
//! Simplifies: nothing in silence. Every function says its domain; outside of it, it answers `None` (or, where a number
//! must come back, what its documentation says), and none of them panics or loops without end.
//!
//! # Accuracy
//!
//! Probabilities and their tails are accurate to about 1e-11 relatively for up to 10^7 trials, wherever they are above
//! 1e-300. `statrs` computes them from differences of log-gammas of size n ln n, which costs up to eight digits at such
//! n; hence the laws here are built on [`Binomial::pmf`](binomial::Binomial)'s saddle point form and on sums of
//! positive terms. Quantiles of the normal law and of Student's law do come from `statrs`.
//!
//! # Merging
//!
//! What is collected over many runs ([`moments`], [`histogram`]) is kept in integers, so that parts merge to the same
//! bits whatever the partition and the order were. Only the final division is done in floating point.

pub mod beta_binomial;
pub mod binomial;
pub mod counts;
pub mod histogram;
pub mod interval;
pub mod looks;
pub mod moments;
pub mod plan;
mod stirling;
pub mod table;

/// A count as a number; beyond 2^53 the nearest one that there is.
#[expect(
    clippy::cast_precision_loss,
    reason = "rounding to the nearest is what is wanted"
)]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// The whole number below a number; NaN and negative ones count as 0, large ones as the largest.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates, as documented"
)]
pub(crate) fn whole(number: f64) -> u64 {
    number as u64
}

/// Whether `number` is a probability.
pub(crate) fn is_probability(number: f64) -> bool {
    (0.0..=1.0).contains(&number)
}
