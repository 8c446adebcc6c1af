//! What a policy catches: what becomes of a release, by the share of its requests that fail.
//!
//! Knows: which truth of a scenario is the error rate of the release under test ([`tested`]), the runs for each rate
//! ([`study`]), the rate from which on a release is caught ([`crossing`]), and the gates whose characteristic is known
//! exactly ([`gates`]). Refuses to know clocks, files, threads and the terminal, as [`crate::trials`] does.
//! Simplifies: the error rate is constant and the only thing that differs; all rates have the same weather.

pub mod crossing;
pub mod gates;
pub mod plot;
pub mod rates;
pub mod report;
pub mod study;
pub mod tested;
pub mod text;

pub use rates::Rates;
pub use report::Report;
pub use study::{Lane, Study, roster};
pub use tested::Tested;
