//! A metric with all its limits, measured independently: a race between them.
//!
//! Knows: the assessment of a metric, and runs of successes or errors. Refuses to know providers and times.
//! Follows the assessment that [`crate::controller::analysis::assess_metric`] simulates, as probabilities.

use crate::statistics::binomial::Binomial;
use crate::statistics::counts::CountLaw;
use crate::statistics::is_probability;

/// The limits of a metric, as Argo Rollouts resolves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `count`: how many measurements that are not errors there are, at least 1. A metric without count that is ended
    /// from outside has as many as its time allows.
    pub count: u32,
    /// `failureLimit`; `None` where it is negative, which is no limit.
    pub failure: Option<u32>,
    /// `inconclusiveLimit`.
    pub inconclusive: u32,
    /// `consecutiveErrorLimit`.
    pub consecutive_error: u32,
    /// `consecutiveSuccessLimit`; 0 is none.
    pub consecutive_success: u32,
}

impl Limits {
    /// The limits of a metric that only sets `count` and `failureLimit`.
    #[must_use]
    pub fn of(count: u32, failure: u32) -> Self {
        Self {
            count,
            failure: Some(failure),
            inconclusive: 0,
            consecutive_error: 4,
            consecutive_success: 0,
        }
    }
}

/// How a measurement ends, as probabilities; it succeeds with what is left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chances {
    /// Failed.
    pub failed: f64,
    /// Inconclusive.
    pub inconclusive: f64,
    /// Error.
    pub error: f64,
}

/// How the metric ends, as probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ends {
    /// Successful.
    pub successful: f64,
    /// Failed.
    pub failed: f64,
    /// Inconclusive.
    pub inconclusive: f64,
    /// Error.
    pub error: f64,
    /// The mean number of measurements, errors included.
    pub measurements: f64,
}

/// The most steps that [`ends`] takes: some seconds' worth.
const WORK_MAX: u64 = 1_000_000_000;
/// The most states it keeps: some hundred megabytes.
const STATES_MAX: u64 = 10_000_000;

/// How a metric ends if its measurements are independent.
///
/// Exact, by following the probability of each state (failures, inconclusive ones, successes in a row) from measurement
/// to measurement; errors in a row are summed up in between. After a measurement the first row that holds decides
/// (`analysis/analysis.go: assessMetricStatus`):
///
/// | condition | end |
/// |---|---|
/// | more errors in a row than `consecutiveErrorLimit` | Error |
/// | more inconclusive ones than `inconclusiveLimit` | Inconclusive |
/// | more failures than `failureLimit` | Failed |
/// | `consecutiveSuccessLimit` successes in a row | Successful |
/// | count reached, with `failureLimit` and `consecutiveSuccessLimit` | Inconclusive |
/// | count reached, with `consecutiveSuccessLimit` only | Failed |
/// | count reached | Successful |
///
/// `None` unless the chances are probabilities that sum up to 1 at most, and if count x failures x inconclusive x
/// successes that have to be told apart exceed 10^9, or the last three 10^7.
#[must_use]
pub fn ends(limits: &Limits, chances: &Chances) -> Option<Ends> {
    let Chances {
        failed,
        inconclusive,
        error,
    } = *chances;
    let success = 1.0 - (failed + inconclusive + error);
    let all = [failed, inconclusive, error];
    // Shares of a whole may exceed it by rounding.
    if !all.into_iter().all(is_probability) || success < -1e-12 {
        return None;
    }
    let mut race = Race::new(limits, chances)?;
    for taken in 0..limits.count {
        race.measure(success.max(0.0), taken);
    }
    let rest: f64 = race.states.iter().sum();
    let rest_of = match (limits.failure, 0 < limits.consecutive_success) {
        (Some(_), true) => &mut race.ends.inconclusive,
        (None, true) => &mut race.ends.failed,
        _ => &mut race.ends.successful,
    };
    *rest_of += rest;
    Some(race.ends)
}

struct Race {
    chances: Chances,
    /// How many numbers of failures, of inconclusive ones and of successes in a row a state can have.
    sizes: [usize; 3],
    /// Whether failures are counted at all.
    limits_failures: bool,
    limits_successes: bool,
    /// The probability of each state before a measurement, without errors so far.
    states: Vec<f64>,
    next: Vec<f64>,
    /// The mean number of measurements from a state to the next result or the end.
    tries: f64,
    /// That of those of them that come after an error.
    after_errors: f64,
    /// The probability that there are too many errors before the next result.
    too_many: f64,
    ends: Ends,
}

impl Race {
    fn new(limits: &Limits, chances: &Chances) -> Option<Self> {
        let count = u64::from(limits.count);
        // Beyond the count a limit is never exceeded.
        let failures = limits
            .failure
            .map_or(1, |limit| u64::from(limit).min(count) + 1);
        let inconclusive = u64::from(limits.inconclusive).min(count) + 1;
        let in_a_row = u64::from(limits.consecutive_success).min(count + 1).max(1);
        let states = failures.checked_mul(inconclusive)?.checked_mul(in_a_row)?;
        if STATES_MAX < states || WORK_MAX < states.checked_mul(count)? {
            return None;
        }
        let size = |number: u64| usize::try_from(number).ok();
        let states = size(states)?;
        let error = chances.error;
        // The sums of error^1..=error^E and of error^0..=error^E.
        let allowed = f64::from(limits.consecutive_error);
        let too_many = error.powf(allowed + 1.0);
        let tries = if error < 1.0 {
            (1.0 - too_many) / (1.0 - error)
        } else {
            allowed + 1.0
        };
        let mut race = Self {
            chances: *chances,
            sizes: [size(failures)?, size(inconclusive)?, size(in_a_row)?],
            limits_failures: limits.failure.is_some(),
            limits_successes: 0 < limits.consecutive_success,
            states: vec![0.0; states],
            next: vec![0.0; states],
            tries,
            after_errors: tries - 1.0,
            too_many,
            ends: Ends::default(),
        };
        race.states[0] = 1.0;
        Some(race)
    }

    /// Takes the measurements up to the next result, `taken` results after the first.
    fn measure(&mut self, success: f64, taken: u32) {
        let [failures, inconclusive, in_a_row] = self.sizes;
        self.next.fill(0.0);
        let reached = usize::try_from(taken)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        for f in 0..failures.min(reached) {
            for g in 0..inconclusive.min(reached) {
                for s in 0..in_a_row.min(reached) {
                    let here = self.states[(f * inconclusive + g) * in_a_row + s];
                    if 0.0 < here {
                        self.spread(here, [f, g, s], success);
                    }
                }
            }
        }
        std::mem::swap(&mut self.states, &mut self.next);
    }

    /// Sends the probability of one state on to the next ones and to the ends.
    fn spread(&mut self, here: f64, [f, g, s]: [usize; 3], success: f64) {
        let [failures, inconclusive, in_a_row] = self.sizes;
        let at = |f: usize, g: usize, s: usize| (f * inconclusive + g) * in_a_row + s;
        self.ends.measurements += here * self.tries;
        self.ends.error += here * self.too_many;
        let failed = here * self.tries * self.chances.failed;
        if !self.limits_failures {
            self.next[at(f, g, 0)] += failed;
        } else if f + 1 < failures {
            self.next[at(f + 1, g, 0)] += failed;
        } else {
            self.ends.failed += failed;
        }
        let unclear = here * self.tries * self.chances.inconclusive;
        if g + 1 < inconclusive {
            self.next[at(f, g + 1, 0)] += unclear;
        } else {
            self.ends.inconclusive += unclear;
        }
        // An error ends a row of successes.
        for (row, chance) in [(s, here), (0, here * self.after_errors)] {
            let succeeded = chance * success;
            if !self.limits_successes {
                self.next[at(f, g, 0)] += succeeded;
            } else if row + 1 < in_a_row {
                self.next[at(f, g, row + 1)] += succeeded;
            } else {
                self.ends.successful += succeeded;
            }
        }
    }
}

/// The most trials of [`run_of`].
pub const RUN_TRIALS_MAX: u32 = 10_000_000;

/// The probability that `trials` trials contain `length` successes in a row, each with probability `p`.
///
/// The first such run ends at trial n with q p^length (1 - S(n - length - 1)); the sum of these is S. With errors for
/// successes and `consecutiveErrorLimit` + 1 for the length it is the chance that a metric ends as Error. A length of 0
/// is always there. `None` unless `p` is in 0..=1 and `trials` at most [`RUN_TRIALS_MAX`].
#[must_use]
pub fn run_of(length: u32, trials: u32, p: f64) -> Option<f64> {
    if !is_probability(p) || RUN_TRIALS_MAX < trials {
        return None;
    }
    if length == 0 {
        return Some(1.0);
    }
    if trials < length {
        return Some(0.0);
    }
    let whole_run = p.powf(f64::from(length));
    let begins = (1.0 - p) * whole_run;
    let back = usize::try_from(length).ok()?;
    let mut chances = vec![0.0; back];
    chances.push(whole_run);
    for n in back + 1..=usize::try_from(trials).ok()? {
        chances.push(chances[n - 1] + begins * (1.0 - chances[n - back - 1]));
    }
    chances.last().copied()
}

/// The mean number of trials up to the first `length` successes in a row: (1 - p^length) / ((1 - p) p^length).
///
/// Infinite for a `p` of 0, `length` for 1; 0 for a length of 0. `None` unless `p` is in 0..=1.
#[must_use]
pub fn mean_trials_up_to_run(length: u32, p: f64) -> Option<f64> {
    if !is_probability(p) {
        return None;
    }
    if length == 0 {
        return Some(0.0);
    }
    let length = f64::from(length);
    if 1.0 <= p {
        return Some(length);
    }
    // 1 - p^length without cancellation for p near 1.
    let logarithm = length * p.ln();
    Some(-logarithm.exp_m1() / ((1.0 - p) * logarithm.exp()))
}

/// The probability that `passes` successes come before `failures` failures, each trial failing with probability `p`:
/// Flagger's promotion with `threshold: failures`.
///
/// The first `passes` + `failures` - 1 trials decide: P(Bin(passes + failures - 1, p) < failures). With no failures
/// allowed to be reached (`failures` = 0) it is 0. `None` unless `p` is in 0..=1 and `passes` + `failures` <= 2^32.
#[must_use]
pub fn passes_before_failures(passes: u32, failures: u32, p: f64) -> Option<f64> {
    let Some(most) = failures.checked_sub(1) else {
        return is_probability(p).then_some(0.0);
    };
    Some(Binomial::new(passes.checked_add(most)?, p)?.cdf(most))
}
