//! coalmine: a discrete-event simulator of progressive delivery.

pub mod condition;
