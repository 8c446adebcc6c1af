//! Many runs of one release: Monte Carlo.
//!
//! Knows: what a run comes to ([`Summary`]). Refuses to know files, clocks and the terminal.

pub mod summary;

pub use summary::{Judge, Summary};
