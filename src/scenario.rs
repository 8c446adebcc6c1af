//! Our own file: what happens around a rollout.
//!
//! Knows how pods start and fail, what metrics answer and what people do.

pub mod written;

pub use written::Written;
