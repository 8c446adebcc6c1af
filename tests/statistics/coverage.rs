//! Intervals hold what they claim, with fixed seeds.

use coalmine::statistics::binomial::Binomial;
use coalmine::statistics::counts::CountLaw;
use coalmine::statistics::histogram::Histogram;
use coalmine::statistics::interval::{Pairs, clopper_pearson, wilson};
use coalmine::statistics::looks::{Looks, Next};
use coalmine::statistics::moments::Moments;
use coalmine::statistics::table::Table;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

const REPETITIONS: u32 = 1000;

/// In how many of the repetitions `holds` is true.
fn held(seed: u64, mut holds: impl FnMut(&mut Pcg64Mcg) -> bool) -> u32 {
    let mut dice = Pcg64Mcg::seed_from_u64(seed);
    (0..REPETITIONS).map(|_| u32::from(holds(&mut dice))).sum()
}

/// A number between 0 and 1.
fn share(dice: &mut Pcg64Mcg) -> f64 {
    ((dice.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

#[test]
fn the_exact_interval_holds_the_true_share_in_95_of_100_cases() {
    for (seed, p) in [(1, 0.02), (2, 0.1), (3, 0.5)] {
        let table = Table::new(&Binomial::new(1000, p).expect("a law"));
        let held = held(seed, |dice| {
            let successes = u64::from(table.sample(dice.next_u64()));
            let interval = clopper_pearson(successes, 1000, 0.95).expect("valid");
            interval.contains(p)
        });
        assert!(940 <= held, "{p}: {held}");
    }
}

#[test]
fn the_interval_by_score_holds_the_true_share_in_about_95_of_100_cases() {
    for (seed, p) in [(1, 0.02), (2, 0.1), (3, 0.5)] {
        let table = Table::new(&Binomial::new(1000, p).expect("a law"));
        let held = held(seed, |dice| {
            let successes = u64::from(table.sample(dice.next_u64()));
            wilson(successes, 1000, 0.95).expect("valid").contains(p)
        });
        assert!((930..=970).contains(&held), "{p}: {held}");
    }
}

#[test]
fn the_interval_of_paired_shares_holds_the_true_difference() {
    for (seed, total, first, second) in
        [(4, 200, 0.1, 0.02), (5, 50, 0.03, 0.03), (6, 500, 0.3, 0.2)]
    {
        let held = held(seed, |dice| {
            let mut pairs = Pairs {
                total,
                ..Pairs::default()
            };
            for _ in 0..total {
                let draw = share(dice);
                pairs.only_first += u64::from(draw < first);
                pairs.only_second += u64::from(first <= draw && draw < first + second);
            }
            let interval = pairs.difference(0.95).expect("valid");
            interval.contains(first - second)
        });
        assert!(
            (930..=985).contains(&held),
            "{total} {first} {second}: {held}"
        );
    }
}

#[test]
fn the_interval_of_a_mean_holds_the_true_mean() {
    let held = held(7, |dice| {
        let mut moments = Moments::default();
        for _ in 0..100 {
            moments.record((dice.next_u64() >> 40).cast_signed());
        }
        let interval = moments.mean_interval(0.95).expect("valid");
        interval.contains(((1_u64 << 24) - 1) as f64 / 2.0)
    });
    assert!((930..=970).contains(&held), "{held}");
}

#[test]
fn the_interval_of_a_quantile_holds_the_true_quantile() {
    // Exponential times with a mean of a minute.
    let minute = 60e9;
    for (seed, q) in [(8, 0.5), (9, 0.95), (10, 0.99)] {
        let truth = -minute * f64::ln(1.0 - q);
        let held = held(seed, |dice| {
            let mut times = Histogram::default();
            for _ in 0..500 {
                times.record((-minute * share(dice).ln()) as u64);
            }
            let interval = times.quantile_interval(q, 0.95).expect("valid");
            interval.contains(truth)
        });
        assert!(940 <= held, "{q}: {held}");
    }
}

/// The exact probability that the interval at which one stops holds `p`: looks after 25, 50, ..., 1,600 runs, each
/// interval with the confidence `of_each`.
fn held_on_stopping(p: f64, half_width: f64, of_each: f64, sizes: &[u64]) -> f64 {
    let mut held = 0.0;
    let mut before = 0;
    // The probability of each number of successes, where one has not stopped.
    let mut open = vec![1.0];
    for (look, size) in sizes.iter().enumerate() {
        let law = Binomial::new((size - before) as u32, p).expect("a law");
        let added: Vec<f64> = (0..=law.last()).map(|k| law.pmf(k)).collect();
        let mut next = vec![0.0; *size as usize + 1];
        for (successes, chance) in open.iter().enumerate().filter(|(_, chance)| 0.0 < **chance) {
            for (more, share) in added.iter().enumerate() {
                next[successes + more] += chance * share;
            }
        }
        for (successes, chance) in next.iter_mut().enumerate() {
            if *chance < 1e-12 {
                *chance = 0.0;
                continue;
            }
            let interval = clopper_pearson(successes as u64, *size, of_each).expect("valid");
            if interval.half_width() <= half_width || look + 1 == sizes.len() {
                held += if interval.contains(p) { *chance } else { 0.0 };
                *chance = 0.0;
            }
        }
        (open, before) = (next, *size);
    }
    held
}

#[test]
fn stopping_at_a_precision_costs_confidence_unless_the_looks_share_it() {
    let looks = Looks::doubling(25, 1600, 0.95).expect("valid");
    for (p, half_width) in [(0.037, 0.02), (0.267, 0.03), (0.487, 0.05), (0.487, 0.1)] {
        let alone = held_on_stopping(p, half_width, 0.95, looks.sizes());
        assert!(alone < 0.94, "{p}: {alone}");
        let shared = held_on_stopping(p, half_width, looks.confidence_of_each(), looks.sizes());
        assert!(0.95 <= shared, "{p}: {shared}");
    }
}

#[test]
fn looks_stop_as_soon_as_their_own_interval_is_short_enough() {
    let looks = Looks::doubling(25, 3200, 0.95).expect("valid");
    let held = held(11, |dice| {
        let (mut successes, mut runs) = (0, 0);
        for (look, size) in looks.sizes().iter().enumerate() {
            while runs < *size {
                successes += u64::from(share(dice) < 0.1);
                runs += 1;
            }
            let sight = looks.at_share(look, successes, 0.05).expect("valid");
            match sight.next {
                Next::Runs(next) => assert_eq!(Some(&next), looks.sizes().get(look + 1)),
                Next::Enough => assert!(sight.interval.half_width() <= 0.05),
                Next::Exhausted => assert_eq!(*size, 3200),
            }
            if !matches!(sight.next, Next::Runs(_)) {
                return sight.interval.contains(0.1);
            }
        }
        false
    });
    assert!(950 <= held, "{held}");
}
