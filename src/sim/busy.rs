//! A rollout that keeps itself busy: each of its answers wakes it again, and no time passes.
//!
//! Knows: how many answers at one instant are too many, and how to take them back.
//! Refuses to know: why the controller does so; whoever reads the event may find out.
//! Simplifies: in a cluster such a loop spins as fast as the API server allows, and time goes on. Here what it does in
//! vain is taken back, and it is looked at again when anything else happens, or else after one second, then two, four,
//! eight and at most ten. So whoever acts meanwhile meets it, and neither record nor cluster grow with its turns.

use crate::cluster::{Cluster, Event};
use crate::kernel::Kernel;
use crate::sim::queue::Queue;
use crate::sim::triggers::Watched;
use crate::sim::{Due, Simulation};
use crate::time::SimTime;
use crate::trace::Recorder;
use crate::world::World;

/// More reconciliations than this at one instant, without any that moves pods or the step, are a loop.
const MOST_IN_VAIN: u32 = 1_000;
/// The same once it is known to loop.
const MOST_IN_A_LOOP: u32 = 100;
/// The turns before a loop is suspected; they are recorded, and all later ones are taken back if it is one.
const TURNS_SHOWN: u32 = 10;

/// How the rollout's work at the present instant comes along.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Reconciliations since the last one that moved anything.
    in_vain: u32,
    /// The state before the turns that may have to be taken back.
    kept: Option<Box<Kept>>,
    /// Whether the rollout is let alone until the next instant.
    spent: bool,
    /// Whether it was caught looping and has not come to rest since.
    looping: bool,
    /// How often it was let alone since then.
    delays: u32,
}

/// All that a reconciliation may change, and the length of the record.
#[derive(Debug)]
struct Kept {
    kernel: Kernel<Due>,
    cluster: Cluster,
    world: World,
    pods_due: Option<SimTime>,
    rollout_queue: Queue,
    experiment_queues: Vec<Queue>,
    run_queues: Vec<Queue>,
    changed: bool,
    measured: bool,
    watched: Watched,
    recorded: usize,
}

impl Patience {
    /// A new instant begins.
    pub(super) fn renew(&mut self) {
        self.in_vain = 0;
        self.kept = None;
        self.spent = false;
    }

    /// Something moved: what was done until now was not in vain.
    pub(super) fn progress(&mut self) {
        self.in_vain = 0;
        self.kept = None;
        self.looping = false;
    }

    /// How often it was let alone since it was caught looping, between two instants.
    pub(super) fn delays(&self) -> Option<u32> {
        self.looping.then_some(self.delays)
    }

    /// Goes on where [`Self::delays`] was read.
    pub(super) fn resume(&mut self, delays: Option<u32>) {
        *self = Self {
            looping: delays.is_some(),
            delays: delays.unwrap_or(0),
            ..Self::default()
        };
    }

    /// Whether the rollout is let alone until the next instant.
    pub(super) fn is_spent(&self) -> bool {
        self.spent
    }

    /// Whether the rollout keeps itself busy, as far as is known.
    pub(super) fn is_looping(&self) -> bool {
        self.looping
    }
}

impl<R: Recorder> Simulation<'_, R> {
    /// To be called before each reconciliation of the rollout.
    pub(super) fn begin_turn(&mut self) {
        let shown = if self.patience.looping {
            0
        } else {
            TURNS_SHOWN
        };
        if self.patience.in_vain == shown {
            self.patience.kept = Some(Box::new(Kept {
                kernel: self.kernel.clone(),
                cluster: self.cluster.clone(),
                world: self.world.clone(),
                pods_due: self.pods_due,
                rollout_queue: self.rollout_queue,
                experiment_queues: self.experiment_queues.clone(),
                run_queues: self.run_queues.clone(),
                changed: self.changed,
                measured: self.measured,
                watched: self.watched,
                recorded: self.recorder.recorded(),
            }));
        }
        self.patience.in_vain += 1;
    }

    /// To be called after each reconciliation of the rollout: takes a loop back and lets it alone.
    pub(super) fn end_turn(&mut self, now: SimTime) {
        let most = if self.patience.looping {
            MOST_IN_A_LOOP
        } else {
            MOST_IN_VAIN
        };
        if self.patience.in_vain < most {
            return;
        }
        let Some(kept) = self.patience.kept.take() else {
            return;
        };
        let wanted = self.rollout_queue;
        let kept = *kept;
        self.kernel = kept.kernel;
        self.cluster = kept.cluster;
        self.precedents.doubt();
        self.world = kept.world;
        self.pods_due = kept.pods_due;
        self.rollout_queue = kept.rollout_queue;
        self.experiment_queues = kept.experiment_queues;
        self.run_queues = kept.run_queues;
        (self.changed, self.measured) = (kept.changed, kept.measured);
        self.watched = kept.watched;
        self.recorder.shorten(kept.recorded);
        self.patience.spent = true;
        if !self.patience.looping {
            self.patience.looping = true;
            self.patience.delays = 0;
            self.tell_one(now, Event::KeepsItselfBusy);
        }
        self.rollout_queue.delay(wanted, self.patience.delays, now);
        self.patience.delays += 1;
    }

    /// To be called when everybody is at rest.
    pub(super) fn end_turns(&mut self, now: SimTime) {
        if self.patience.spent {
            // It has not seen what others wrote since.
            if self.rollout_queue.take() {
                self.rollout_queue.delay(self.rollout_queue, 0, now);
            }
        } else if 0 < self.patience.in_vain {
            self.patience.looping = false;
        }
    }
}
