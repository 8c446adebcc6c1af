//! A controller's work queue, for one object: is it waiting to be worked on, and when will it be again?
//!
//! Follows client-go's `workqueue` as the recorded traces show it: an object waits at most once, of several delayed
//! additions the earliest counts, and a failure is repeated after a back-off that doubles from 1 ms to 10 s. What wakes an
//! object wakes it at once, also while it is backing off.

use crate::controller::Requeue;
use crate::time::{Delta, SimTime};

/// The first back-off after a failure.
const FIRST_BACK_OFF: Delta = Delta::from_millis(1);
/// The longest back-off.
const LONGEST_BACK_OFF: Delta = Delta::from_secs(10);

/// The place of one object in its controller's queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Something that concerns it was written.
    waiting: bool,
    /// Its own time has come.
    due: bool,
    timer: Option<SimTime>,
    scheduled: Option<SimTime>,
    failures: u32,
    polling: bool,
}

impl Queue {
    /// A queue in which the object waits to be worked on.
    #[must_use]
    pub fn woken() -> Self {
        Self {
            waiting: true,
            ..Self::default()
        }
    }

    /// Adds the object: something that concerns it was written. Timers stay.
    #[inline]
    pub fn add(&mut self) {
        self.waiting = true;
    }

    fn back_off(&mut self, now: SimTime) {
        let delay = doubled(FIRST_BACK_OFF, self.failures);
        self.failures = self.failures.saturating_add(1);
        self.add_at(now + delay);
    }

    /// Adds the object at an instant; the earliest of several counts.
    #[inline]
    pub fn add_at(&mut self, at: SimTime) {
        self.timer = Some(self.timer.map_or(at, |earlier| earlier.min(at)));
    }

    /// Puts off what has been written by `delay`, unless the object's own time has come anyway; the instant for which an event has
    /// to be scheduled, if there is none yet.
    pub fn postpone(&mut self, delay: Delta, now: SimTime) -> Option<SimTime> {
        if self.waiting && !self.due {
            self.waiting = false;
            self.add_at(now + delay);
        }
        self.to_schedule()
    }

    /// Takes the object out to be worked on, if it waits.
    #[inline]
    pub fn take(&mut self) -> bool {
        let woken = std::mem::take(&mut self.waiting);
        std::mem::take(&mut self.due) || woken
    }

    /// The event that was scheduled for `now` has come; an outdated one changes nothing.
    #[inline]
    pub fn fire(&mut self, now: SimTime) {
        if self.scheduled == Some(now) {
            self.scheduled = None;
        }
        if self.timer == Some(now) {
            self.timer = None;
            self.due = true;
        }
    }

    /// Takes note of how the work ended. A controller that asks for itself at once although it changed nothing is asked
    /// again in the next second.
    #[inline]
    pub fn finish(&mut self, requeue: Requeue, changed: bool, now: SimTime) {
        if let Some(at) = requeue.at {
            self.add_at(at);
        }
        self.polling = false;
        if requeue.failed {
            self.back_off(now);
            return;
        }
        self.failures = 0;
        if requeue.at_once && changed {
            self.due = true;
        } else if requeue.at_once {
            self.polling = self.timer.is_none();
            self.add_at(now.stored() + Delta::from_secs(1));
        }
    }

    /// Leaves an object alone that keeps itself busy: for a second after its first `delays`, then for twice as long each
    /// time, up to the longest back-off. `wanted` is its queue as its last reconciliation left it; what woke it is
    /// forgotten, and of its timer only what comes earlier.
    pub fn delay(&mut self, wanted: Self, delays: u32, now: SimTime) {
        self.waiting = false;
        self.timer = wanted.timer.filter(|timer| now < *timer);
        self.polling = self.timer.is_none();
        self.add_at(now.stored() + doubled(Delta::from_secs(1), delays));
    }

    /// The instant for which an event has to be scheduled so that the timer is noticed, if there is none yet.
    #[inline]
    pub fn to_schedule(&mut self) -> Option<SimTime> {
        let timer = self.timer.filter(|timer| self.scheduled != Some(*timer))?;
        self.scheduled = Some(timer);
        Some(timer)
    }

    /// Whether the object waits for nothing but itself: it asked to be asked again, and nothing came of it.
    #[must_use]
    #[inline]
    pub fn is_polling(&self) -> bool {
        self.polling
    }
}

/// A pause that was doubled `times`, up to the longest one.
fn doubled(pause: Delta, times: u32) -> Delta {
    let factor = 1 << times.min(30);
    Delta::from_nanos(pause.nanos().saturating_mul(factor)).min(LONGEST_BACK_OFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> SimTime {
        SimTime::ZERO + Delta::from_millis(millis)
    }

    const FAILED: Requeue = Requeue {
        at: None,
        at_once: false,
        failed: true,
    };

    #[test]
    fn the_earliest_of_several_timers_counts() {
        let mut queue = Queue::default();
        for seconds in [30, 10, 20] {
            let requeue = Requeue {
                at: Some(SimTime::from_secs(seconds)),
                ..Requeue::default()
            };
            queue.finish(requeue, false, SimTime::ZERO);
        }
        assert_eq!(queue.to_schedule(), Some(SimTime::from_secs(10)));
        assert_eq!(queue.to_schedule(), None);
    }

    #[test]
    fn a_wake_up_leaves_the_timer_alone() {
        let mut queue = Queue::default();
        let requeue = Requeue {
            at: Some(SimTime::from_secs(30)),
            ..Requeue::default()
        };
        queue.finish(requeue, false, SimTime::ZERO);
        queue.add();
        assert!(queue.take());
        assert_eq!(queue.to_schedule(), Some(SimTime::from_secs(30)));
    }

    #[test]
    fn the_back_off_doubles_and_a_success_ends_it() {
        let mut queue = Queue::default();
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..100 {
            queue.finish(FAILED, false, now);
            let next = queue.to_schedule().expect("a retry");
            pauses.push((next - now).nanos() / 1_000_000);
            queue.fire(next);
            now = next;
        }
        assert_eq!(pauses[..4], [1, 2, 4, 8]);
        assert_eq!(pauses[12..15], [4096, 8192, 10_000]);
        assert!(pauses[15..].iter().all(|pause| *pause == 10_000));
        queue.finish(Requeue::default(), true, now);
        queue.finish(FAILED, false, now);
        assert_eq!(queue.to_schedule(), Some(now + FIRST_BACK_OFF));
    }

    #[test]
    fn a_request_for_itself_without_a_change_waits_for_the_next_second() {
        let mut queue = Queue::default();
        let requeue = Requeue {
            at_once: true,
            ..Requeue::default()
        };
        queue.finish(requeue, false, at(1500));
        assert!(!queue.take() && queue.is_polling());
        assert_eq!(queue.to_schedule(), Some(at(2000)));
        queue.finish(requeue, true, at(1500));
        assert!(queue.take() && !queue.is_polling());
    }
}
