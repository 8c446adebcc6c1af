//! Known probabilities of gates, met by runs: manifests and a scenario as text, `coalmine trials` as a user starts it, and whether the
//! counts of its report agree with what is published, or was computed independently, of the plan behind the gate.
//!
//! # How sure
//!
//! Every sample has the seed 1: no seed was chosen by what it shows. The tests compare about three hundred numbers, most of them from
//! the same random numbers, so that they are not independent. Bonferroni's inequality needs no independence: each table has the level
//! [`LEVEL`], shared out evenly among its comparisons. With nine tables a program without fault fails here for fewer than one seed in a
//! thousand; hence a failure is evidence of a fault, not of bad luck.
//!
//! Shares are compared by the interval of Clopper and Pearson, which is exact. Means are compared by Student's law, which is good for many
//! values only: a mean is left out where fewer than [`FEWEST`] runs are expected to differ from the rest.

#[expect(dead_code, reason = "these tests use a part of it")]
#[path = "command/program.rs"]
mod program;
#[expect(dead_code, reason = "these tests use a part of the tables")]
#[path = "golden/published.rs"]
mod published;

mod vectors {
    mod gates;
    mod runs;
    mod simulated;
}
