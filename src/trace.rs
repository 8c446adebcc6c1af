//! What happened in a run: events as they happen, and the state whenever it has come to rest.
//!
//! Knows: the shape of a record. Reports are folds over it.
//! Refuses to know: how a record is shown, and why anything happened.
//!
//! Recording is a generic parameter of the simulation: with [`Off`] it costs nothing.

pub mod wording;

use crate::cluster::provider::Reading;
use crate::cluster::{Cluster, Event};
use crate::controller::{Log, Silent};
use crate::sight::Behind;
use crate::time::SimTime;

/// Receives what happens in a run.
pub trait Recorder {
    /// Where controllers tell their events.
    type Log: Log + Default + std::fmt::Debug;

    /// The run starts.
    fn started(&mut self, at: SimTime, cluster: &Cluster);
    /// Takes the events out of `log`; `cluster` is the state right after them.
    fn note(&mut self, at: SimTime, log: &mut Self::Log, cluster: &Cluster);
    /// The controllers have come to rest after a change.
    fn settled(&mut self, at: SimTime, cluster: &Cluster);
    /// The same where nothing changed but results of measurements: all objects but the metrics of runs are as they were.
    fn measured(&mut self, at: SimTime, cluster: &Cluster) {
        self.settled(at, cluster);
    }
    /// A provider was asked and gave an answer that came about only now: the next one by number.
    fn read(&mut self, reading: impl FnOnce() -> (Reading, Option<Behind>));
    /// Number of recorded events.
    fn recorded(&self) -> usize;
    /// Takes all events back but the first `len`: what they tell was undone.
    fn shorten(&mut self, len: usize);
}

/// Records nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Off;

impl Recorder for Off {
    type Log = Silent;

    #[inline]
    fn started(&mut self, _: SimTime, _: &Cluster) {}
    #[inline]
    fn note(&mut self, _: SimTime, _: &mut Silent, _: &Cluster) {}
    #[inline]
    fn settled(&mut self, _: SimTime, _: &Cluster) {}
    #[inline]
    fn read(&mut self, _: impl FnOnce() -> (Reading, Option<Behind>)) {}
    #[inline]
    fn recorded(&self) -> usize {
        0
    }
    #[inline]
    fn shorten(&mut self, _: usize) {}
}

/// The whole record of a run.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Events in the order in which they happened.
    pub events: Vec<(SimTime, Event)>,
    /// The state at the start and after each instant at which it changed.
    pub frames: Vec<Frame>,
    /// Answers of providers that came about during the run, by [`crate::cluster::provider::ReadingId`].
    pub readings: Vec<Reading>,
    /// What was behind each of them, as far as that is known.
    pub behind: Vec<Option<Behind>>,
}

/// The state after an instant.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The instant.
    pub at: SimTime,
    /// Number of events up to and including this instant.
    pub events: usize,
    /// The objects.
    pub cluster: Cluster,
}

impl Recorder for Trace {
    type Log = Vec<Event>;

    fn started(&mut self, at: SimTime, cluster: &Cluster) {
        self.events.clear();
        self.frames.clear();
        self.readings.clear();
        self.behind.clear();
        self.frames.push(Frame {
            at,
            events: 0,
            cluster: cluster.clone(),
        });
    }

    fn note(&mut self, at: SimTime, log: &mut Vec<Event>, _: &Cluster) {
        self.events.extend(log.drain(..).map(|event| (at, event)));
    }

    fn settled(&mut self, at: SimTime, cluster: &Cluster) {
        self.frames.push(Frame {
            at,
            events: self.events.len(),
            cluster: cluster.clone(),
        });
    }

    fn read(&mut self, reading: impl FnOnce() -> (Reading, Option<Behind>)) {
        let (reading, behind) = reading();
        self.readings.push(reading);
        self.behind.push(behind);
    }

    fn recorded(&self) -> usize {
        self.events.len()
    }

    fn shorten(&mut self, len: usize) {
        self.events.truncate(len);
    }
}
