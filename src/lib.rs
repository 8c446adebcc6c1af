//! coalmine: a discrete-event simulator of progressive delivery.

pub mod cli;
pub mod diagnostic;
pub mod duration;
pub mod input;
pub mod plan;
pub mod scenario;
pub mod spec;
pub mod template;
pub mod validation;
