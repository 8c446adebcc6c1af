//! The life of a container: starting, ready, crashed, started again. A function of its age; nothing is ticked.
//!
//! The kubelet's back-off (`pkg/kubelet/kuberuntime/kuberuntime_manager.go: doBackOff`): the first restart is immediate, the following
//! ones wait 10 s, 20 s, 40 s ... up to 5 min after the end of the container; one that ran for 10 min begins from the beginning.

use crate::plan::environment::Image;
use crate::time::Delta;

const FIRST_BACK_OFF: Delta = Delta::from_secs(10);
const LONGEST_BACK_OFF: Delta = Delta::from_secs(300);
const FORGIVEN_AFTER: Delta = Delta::from_secs(600);

/// What a container does at some age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The age since which it is ready, if it is.
    pub(super) ready_since: Option<Delta>,
    /// The age at which that changes by itself.
    pub(super) changes: Option<Delta>,
}

/// What a container of `image` that takes `startup` to become ready does at `age`.
#[inline]
pub(super) fn at(image: &Image, startup: Delta, age: Delta) -> Moment {
    let Some(length) = image.crash_after else {
        return within_run(image, startup, age, Delta::ZERO, None);
    };
    let (start, end) = run_at(length, age);
    let next_start = end + pause_after(length, start);
    if end <= age {
        return Moment {
            ready_since: None,
            changes: Some(next_start),
        };
    }
    within_run(image, startup, age, start, Some(end))
}

/// The runs of a container of `image` that begin before it is `age` old: when each starts and ends. The last one of those that never
/// end has no end.
pub(super) fn runs(
    image: &Image,
    age: Delta,
) -> impl Iterator<Item = (Delta, Option<Delta>)> + use<> {
    let length = image.crash_after;
    let mut next = Some(Delta::ZERO);
    std::iter::from_fn(move || {
        let start = next.filter(|start| *start < age)?;
        let Some(length) = length else {
            next = None;
            return Some((start, None));
        };
        let end = start + length;
        next = Some(end + pause_after(length, start)).filter(|next| start < *next);
        Some((start, Some(end)))
    })
}

/// The state during a run of the container that lasts from `start` to `end`.
fn within_run(
    image: &Image,
    startup: Delta,
    age: Delta,
    start: Delta,
    end: Option<Delta>,
) -> Moment {
    let ready = start + startup;
    if age < ready {
        let changes = end.map_or(ready, |end| end.min(ready));
        return Moment {
            ready_since: None,
            changes: Some(changes),
        };
    }
    let Some((up, down)) = image.flapping else {
        return Moment {
            ready_since: Some(ready),
            changes: end,
        };
    };
    let period = (up + down).nanos().max(1);
    let round = (age - ready).nanos() / period;
    let begin = ready + Delta::from_nanos(round.saturating_mul(period));
    let flips = if age < begin + up {
        (Some(begin), begin + up)
    } else {
        (None, begin + Delta::from_nanos(period))
    };
    Moment {
        ready_since: flips.0,
        changes: Some(end.map_or(flips.1, |end| end.min(flips.1))),
    }
}

/// Begin and end of the last run that begins at `age` or before.
fn run_at(length: Delta, age: Delta) -> (Delta, Delta) {
    let mut start = Delta::ZERO;
    loop {
        let pause = pause_after(length, start);
        let next = start + length + pause;
        if age < next || next == start {
            return (start, start + length);
        }
        let growing = length < FORGIVEN_AFTER && pause < LONGEST_BACK_OFF;
        if growing {
            start = next;
            continue;
        }
        // From here on all runs are alike.
        let period = (length + pause).nanos().max(1);
        let rounds = (age - start).nanos() / period;
        let start = start + Delta::from_nanos(rounds.saturating_mul(period));
        return (start, start + length);
    }
}

/// The pause after the run that began at `start`.
fn pause_after(length: Delta, start: Delta) -> Delta {
    if FORGIVEN_AFTER <= length || start == Delta::ZERO {
        return Delta::ZERO;
    }
    let (mut begin, mut pause) = (length, FIRST_BACK_OFF);
    while begin < start && pause < LONGEST_BACK_OFF {
        begin = begin + length + pause;
        pause = Delta::from_nanos(pause.nanos() * 2).min(LONGEST_BACK_OFF);
    }
    pause
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: i64) -> Delta {
        Delta::from_secs(seconds)
    }

    /// The seconds at which readiness changes, up to an age.
    fn changes(image: &Image, startup: i64, until: i64) -> Vec<i64> {
        let mut ages = Vec::new();
        let mut age = Delta::ZERO;
        let mut ready = false;
        while age <= secs(until) {
            let moment = at(image, secs(startup), age);
            if moment.ready_since.is_some() != ready {
                ready = !ready;
                ages.push(age.nanos() / 1_000_000_000);
            }
            let Some(next) = moment.changes else { break };
            assert!(age < next, "{age:?} {next:?}");
            age = next;
        }
        ages
    }

    #[test]
    fn a_healthy_container_starts_once() {
        assert_eq!(changes(&Image::default(), 8, 1000), [8]);
    }

    #[test]
    fn the_back_off_of_a_crash_loop_doubles_up_to_five_minutes() {
        let image = Image {
            crash_after: Some(secs(30)),
            ..Image::default()
        };
        // Starts at 0, 30, 70 (10 later), 120 (20), 190 (40), 300 (80), 490 (160), 820 (300), 1150 (300).
        let want = [
            10, 30, 40, 60, 80, 100, 130, 150, 200, 220, 310, 330, 500, 520, 830, 850, 1160, 1180,
        ];
        assert_eq!(changes(&image, 10, 1200), want);
    }

    #[test]
    fn a_container_that_crashes_before_it_is_ready_never_is() {
        let image = Image {
            crash_after: Some(secs(5)),
            ..Image::default()
        };
        assert_eq!(changes(&image, 8, 2000), [0; 0]);
    }

    #[test]
    fn a_container_that_runs_long_enough_is_started_at_once() {
        let image = Image {
            crash_after: Some(secs(700)),
            ..Image::default()
        };
        assert_eq!(changes(&image, 10, 1500), [10, 700, 710, 1400, 1410]);
    }

    #[test]
    fn flapping_goes_on_for_ever() {
        let image = Image {
            flapping: Some((secs(50), secs(10))),
            ..Image::default()
        };
        assert_eq!(changes(&image, 5, 130), [5, 55, 65, 115, 125]);
    }
}
