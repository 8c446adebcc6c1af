//! The hold model of event queues: take the earliest event, and schedule it anew at a random later instant.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use coalmine::kernel::{Kernel, Phased};
use coalmine::time::{Delta, SimTime};

use crate::Effort;

/// An event as large as those of the simulation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event(u64);

impl Phased for Event {
    fn phase(&self) -> u8 {
        (self.0 & 1) as u8
    }
}

/// Delays that repeat: the same for both queues.
struct Delays(u64);

impl Delays {
    fn next(&mut self) -> Delta {
        // Knuth's MMIX generator; its high bits are random enough for delays.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Delta::from_nanos(i64::from((self.0 >> 40) as u32) + 1)
    }
}

/// Holds in the kernel beside holds in a bare heap with the same key and payload.
pub(crate) fn compare(effort: Effort) {
    println!("\none hold (take the earliest event, schedule another)");
    println!(
        "{:>10} {:>14} {:>14} {:>8}",
        "events", "kernel, ns", "raw heap, ns", "ratio"
    );
    let effort = Effort {
        iterations: effort.iterations * 10,
        ..effort
    };
    for events in [1, 100, 1_000, 10_000] {
        let kernel = kernel(events, effort);
        let heap = heap(events, effort);
        println!(
            "{events:>10} {kernel:>14.1} {heap:>14.1} {:>8.2}",
            kernel / heap
        );
    }
}

fn kernel(events: u64, effort: Effort) -> f64 {
    let mut kernel = Kernel::new(SimTime::ZERO);
    let mut delays = Delays(1);
    for event in 0..events {
        kernel.schedule(SimTime::ZERO + delays.next(), Event(event));
    }
    effort.nanos(|| {
        let (now, event) = kernel.pop_until(SimTime::MAX).expect("an event");
        kernel.schedule(now + delays.next(), black_box(event));
    })
}

fn heap(events: u64, effort: Effort) -> f64 {
    let mut heap = BinaryHeap::new();
    let mut delays = Delays(1);
    let mut next = 0;
    let mut push = |heap: &mut BinaryHeap<_>, at, event: Event| {
        next += 1;
        heap.push(Reverse((at, u64::from(event.phase()) << 56 | next, event)));
    };
    for event in 0..events {
        push(&mut heap, SimTime::ZERO + delays.next(), Event(event));
    }
    effort.nanos(|| {
        let Reverse((now, _, event)) = heap.pop().expect("an event");
        push(&mut heap, now + delays.next(), black_box(event));
    })
}
