//! The discrete-event kernel: a virtual clock and a queue of future events.
//!
//! Knows: time, the order of events, and that time never goes back.
//! Refuses to know: pods, rollouts, controllers; `E` is opaque.
//!
//! The key of the queue is a total order: first the instant, then the phase within the instant, then the order of insertion.
//! The caller's phases say which kind of event goes first when several fall on one instant; equal events keep the order in
//! which they were scheduled. Events cannot be taken back: an event that became obsolete is recognised by its receiver.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::time::SimTime;

/// A queue of events of type `E` and the clock that follows it.
#[derive(Clone, Debug)]
pub struct Kernel<E> {
    now: SimTime,
    next_epoch: u64,
    /// The earliest event of all, or none: then it is on top of the heap. An event that is scheduled and taken before all
    /// others never enters the heap.
    first: Option<Scheduled<E>>,
    heap: BinaryHeap<Scheduled<E>>,
}

/// Where an event of type `E` stands among the events of one instant: lower goes first.
pub trait Phased {
    /// The phase of this event within its instant.
    fn phase(&self) -> u8;
}

#[derive(Clone, Copy, Debug)]
struct Scheduled<E> {
    at: SimTime,
    /// Phase in the upper eight bits, order of insertion below: one comparison decides both.
    rank: u64,
    event: E,
}

impl<E> Scheduled<E> {
    fn key(&self) -> (SimTime, u64) {
        (self.at, self.rank)
    }
}

impl<E> PartialEq for Scheduled<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<E> Eq for Scheduled<E> {}

impl<E> PartialOrd for Scheduled<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Reversed, because `BinaryHeap` yields its greatest element first.
impl<E> Ord for Scheduled<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl<E: Phased> Kernel<E> {
    /// An empty queue whose clock stands at `start`.
    #[must_use]
    pub fn new(start: SimTime) -> Self {
        Self {
            now: start,
            next_epoch: 0,
            first: None,
            heap: BinaryHeap::new(),
        }
    }

    /// Empties the queue and sets the clock to `start`; keeps the memory.
    pub fn reset(&mut self, start: SimTime) {
        self.now = start;
        self.next_epoch = 0;
        self.first = None;
        self.heap.clear();
    }

    /// The instant of the event that was taken last.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Number of events that wait. O(1).
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len() + usize::from(self.first.is_some())
    }

    /// Whether no event waits. O(1).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none() && self.heap.is_empty()
    }

    /// The instant of the next event. O(1).
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<SimTime> {
        let first = self.first.as_ref().or_else(|| self.heap.peek());
        first.map(|first| first.at)
    }

    /// Schedules `event` for `at`. O(log n).
    ///
    /// # Panics
    /// When `at` lies in the past: time never goes back, and only a bug in the caller asks for it.
    #[inline]
    pub fn schedule(&mut self, at: SimTime, event: E) {
        assert!(
            self.now <= at,
            "an event was scheduled for {at}, before the clock's {}",
            self.now
        );
        let rank = u64::from(event.phase()) << 56 | self.next_epoch;
        self.next_epoch += 1;
        let new = Scheduled { at, rank, event };
        let is_first = self
            .first
            .as_ref()
            .or_else(|| self.heap.peek())
            .is_none_or(|first| new.key() < first.key());
        if !is_first {
            self.heap.push(new);
            return;
        }
        if let Some(second) = self.first.take() {
            self.heap.push(second);
        }
        self.first = Some(new);
    }

    /// Writes down what waits, in order. Whoever schedules it in this order on an empty queue has the same queue again. O(n log n).
    pub fn waiting(&self, list: &mut Vec<(SimTime, E)>)
    where
        E: Copy,
    {
        list.clear();
        let mut all: Vec<&Scheduled<E>> = self.first.iter().chain(&self.heap).collect();
        all.sort_unstable_by_key(|scheduled| scheduled.key());
        list.extend(all.iter().map(|scheduled| (scheduled.at, scheduled.event)));
    }

    /// Takes the next event if it is due at `limit` or before, and moves the clock to it. O(log n).
    #[inline]
    pub fn pop_until(&mut self, limit: SimTime) -> Option<(SimTime, E)> {
        if limit < self.peek()? {
            return None;
        }
        let next = match self.first.take() {
            Some(first) => first,
            None => self.heap.pop()?,
        };
        debug_assert!(self.now <= next.at, "time went back");
        self.now = next.at;
        Some((next.at, next.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Labelled(u8, &'static str);

    impl Phased for Labelled {
        fn phase(&self) -> u8 {
            self.0
        }
    }

    fn drain(kernel: &mut Kernel<Labelled>) -> Vec<&'static str> {
        std::iter::from_fn(|| kernel.pop_until(SimTime::MAX))
            .map(|(_, event)| event.1)
            .collect()
    }

    #[test]
    fn earlier_events_come_first_whatever_their_phase() {
        let mut kernel = Kernel::new(SimTime::ZERO);
        kernel.schedule(SimTime::from_secs(2), Labelled(0, "late"));
        kernel.schedule(SimTime::from_secs(1), Labelled(9, "early"));
        assert_eq!(drain(&mut kernel), ["early", "late"]);
    }

    #[test]
    fn within_an_instant_the_phase_decides_and_then_the_order_of_insertion() {
        let mut kernel = Kernel::new(SimTime::ZERO);
        for event in [
            Labelled(1, "c"),
            Labelled(0, "a"),
            Labelled(1, "d"),
            Labelled(0, "b"),
        ] {
            kernel.schedule(SimTime::from_secs(1), event);
        }
        assert_eq!(drain(&mut kernel), ["a", "b", "c", "d"]);
    }

    #[test]
    fn an_event_that_goes_before_all_others_displaces_the_first() {
        let mut kernel = Kernel::new(SimTime::ZERO);
        for (second, label) in [(5, "e"), (3, "c"), (4, "d"), (1, "a"), (2, "b")] {
            kernel.schedule(SimTime::from_secs(second), Labelled(0, label));
        }
        assert_eq!(
            (kernel.len(), kernel.peek()),
            (5, Some(SimTime::from_secs(1)))
        );
        let (now, _) = kernel.pop_until(SimTime::MAX).expect("an event");
        kernel.schedule(now, Labelled(0, "now"));
        kernel.schedule(SimTime::from_secs(6), Labelled(0, "f"));
        assert_eq!(drain(&mut kernel), ["now", "b", "c", "d", "e", "f"]);
        assert!(kernel.is_empty());
    }

    #[test]
    #[should_panic(expected = "before the clock")]
    fn the_past_cannot_be_scheduled() {
        let mut kernel = Kernel::new(SimTime::from_secs(1));
        kernel.schedule(SimTime::ZERO, Labelled(0, "never"));
    }

    #[test]
    fn an_event_beyond_the_limit_stays_and_the_clock_with_it() {
        let mut kernel = Kernel::new(SimTime::ZERO);
        kernel.schedule(SimTime::from_secs(3), Labelled(0, "later"));
        assert_eq!(kernel.pop_until(SimTime::from_secs(2)), None);
        assert_eq!((kernel.now(), kernel.len()), (SimTime::ZERO, 1));
    }
}
