//! coalmine: a discrete-event simulator of progressive delivery.

pub mod cli;
pub mod diagnostic;
pub mod duration;
pub mod input;
pub mod scenario;
pub mod spec;
pub mod template;
pub mod validation;
pub mod verdict;

pub mod cluster;
pub mod condition;
pub mod controller;
pub mod kernel;
pub mod plan;
pub mod report;
pub mod sim;
pub mod time;
pub mod trace;
pub mod world;
