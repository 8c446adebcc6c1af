//! coalmine: a discrete-event simulator of progressive delivery.
//!
//! It reads the manifests of a release as Kubernetes would, runs the controllers of Argo Rollouts over them in virtual
//! time, against synthetic pods, routed traffic and scripted metrics, and tells whether, when and why the release is
//! promoted or rolled back.
//!
//! # The way of a release through the code
//!
//! 1. **What was written.** [`input`] turns text into [`spec`] (manifests) and [`scenario`] (what happens in the
//!    simulated world); [`validation`] says what the controllers would say of it; [`diagnostic`] shows what is wrong, and
//!    where.
//! 2. **What is meant.** [`plan`] compiles that once: defaults are applied, references and [`condition`]s resolved.
//! 3. **What is happening.** [`sim`] joins the four parts that know nothing of each other: the [`kernel`] (clock and
//!    queue of events), the [`world`] (pods, router, providers), the [`cluster`] (the stored objects) and the
//!    [`controller`]s, which read the cluster and decide. What nobody knows of a release is drawn before ([`world::Release`]), and read
//!    as if it had been written.
//! 4. **What is told.** [`trace`] records a run, [`verdict`] judges it, [`report`] writes it down, [`expectation`] compares it with
//!    what was wanted, [`suite`] tells of many, and [`cli`] is the only module that touches files and the terminal.
//!
//! [`trials`] does all of this many times, and tells how likely what is; [`power`] does that for releases of every quality, and tells what a
//! policy catches; [`vary`] changes single fields of what was written; [`tune`] compares many policies that were made so.
//! [`series`] tells what Prometheus would hold at an instant of a run, [`promql`] evaluates queries over that, and [`sight`] tells what of it
//! a query sees. [`explain`] stands beside this way, too: it tells what the fields of [`spec`] mean, in words. [`statistics`] knows what is
//! exact about many runs and about gates: intervals, distributions that merge, sampling plans. [`chain`] follows everything that can happen to a
//! rollout, where only its measurements are left to chance: exact answers, and runs for the price of their random numbers. [`time`] and [`duration`] serve
//! them all: virtual time is an integer number of nanoseconds. [`curve`] and [`law`] are the values that change with it or by
//! chance; [`document`] is JSON with a value at some places. What queries and conditions know of dates is one calendar.

mod calendar;
pub mod chain;
pub mod cli;
pub mod cluster;
pub mod condition;
pub mod controller;
pub mod curve;
pub mod diagnostic;
pub mod document;
pub mod duration;
pub mod expectation;
pub mod explain;
pub mod input;
pub mod kernel;
pub mod law;
pub mod plan;
pub mod power;
pub mod promql;
mod regexp;
pub mod report;
pub mod scenario;
pub mod series;
pub mod sight;
pub mod sim;
pub mod spec;
pub mod statistics;
pub mod suite;
pub mod template;
pub mod time;
pub mod trace;
pub mod trials;
pub mod tune;
pub mod validation;
pub mod vary;
pub mod verdict;
pub mod world;
