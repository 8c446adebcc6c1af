//! coalmine: a discrete-event simulator of progressive delivery.

pub mod diagnostic;
pub mod duration;
pub mod spec;
