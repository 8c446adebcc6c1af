//! Intervals hold what they claim, with fixed seeds.

use coalmine::statistics::binomial::Binomial;
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

/// In how many repetitions the interval at which one stops holds `p`, if each look has the confidence of one (`true`) or its
/// share of it.
fn held_on_stopping(seed: u64, p: f64, half_width: f64, alone: bool) -> u32 {
    let looks = Looks::doubling(25, 3200, 0.95).expect("valid");
    held(seed, |dice| {
        let (mut successes, mut runs) = (0, 0);
        for (look, size) in looks.sizes().iter().enumerate() {
            while runs < *size {
                successes += u64::from(share(dice) < p);
                runs += 1;
            }
            let sight = looks.at_share(look, successes, half_width).expect("valid");
            let own = clopper_pearson(successes, runs, 0.95).expect("valid");
            if alone && own.half_width() <= half_width {
                return own.contains(p);
            }
            if !alone && sight.next == Next::Enough || *size == 3200 {
                return sight.interval.contains(p);
            }
        }
        false
    })
}

#[test]
fn stopping_at_a_precision_keeps_the_confidence_of_looks_that_share_it() {
    for (seed, p, half_width) in [(11, 0.03, 0.03), (12, 0.1, 0.05), (13, 0.5, 0.1)] {
        let held = held_on_stopping(seed, p, half_width, false);
        assert!(940 <= held, "{p}: {held}");
    }
}

#[test]
fn stopping_at_a_precision_loses_confidence_if_each_look_has_it_alone() {
    // With four failures in a hundred, samples that happen to have few stop early, and rule the truth out.
    let held = held_on_stopping(14, 0.075, 0.04, true);
    assert!(held < 940, "{held}");
}
