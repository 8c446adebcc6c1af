//! Many runs of one release: Monte Carlo.
//!
//! Knows: what a run comes to ([`summary`]), how many runs are collected ([`collection`]) and compared ([`contrast`]),
//! and who does which ([`campaign`], [`roster`]). Refuses to know files, clocks, threads and the terminal: a result depends on the
//! release, the seed and the number of runs, and on nothing else. Simplifies: runs differ by what is drawn, and in
//! nothing else.

pub mod campaign;
pub mod collection;
pub mod contrast;
pub mod dossier;
pub mod outcomes;
pub mod quantity;
pub mod releases;
pub mod report;
pub mod roster;
pub mod runner;
pub mod summary;

pub use campaign::{BLOCK, Campaign, Progress, Row, Shard};
pub use contrast::Sample;
pub use outcomes::Outcomes;
pub use roster::{Players, Roster};
pub use runner::{Runner, Simulated, Stage};
pub use summary::{Judge, Summary};
