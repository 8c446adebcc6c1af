//! coalmine: a discrete-event simulator of progressive delivery.

pub mod duration;
pub mod plan;
pub mod spec;
pub mod template;
pub mod validation;
