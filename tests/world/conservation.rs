//! Every request is served by exactly one version or fails, in expectation and by chance.

use coalmine::curve::{Curve, Spike};
use coalmine::plan::environment::{Breaks, Changing, Image, Since};
use coalmine::plan::scenario::Deed;
use coalmine::sim::EndReason;
use coalmine::time::SimTime;
use coalmine::world::Weather;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::case::{Case, case, failing, secs};

const STRATEGIES: [&str; 5] = [
    "{canary: {steps: [setWeight: 30, pause: {duration: 50s}, setWeight: 60, pause: {duration: 50s}]}}",
    "{canary: {canaryService: c, stableService: s, trafficRouting: {nginx: {stableIngress: i}}, \
        steps: [setWeight: 5, pause: {duration: 40s}, setWeight: 50, pause: {duration: 1m}]}}",
    "{canary: {canaryService: c, stableService: s, dynamicStableScale: true, \
        trafficRouting: {istio: {virtualService: {name: v}}}, steps: [setWeight: 25, pause: {duration: 40s}, setWeight: 75, \
        pause: {duration: 1m}]}}",
    "{blueGreen: {activeService: a, previewService: p, autoPromotionSeconds: 45}}",
    "{blueGreen: {activeService: a, autoPromotionEnabled: false}}",
];

/// A random scenario; everything in it comes from the seed.
fn random(seed: u64) -> Case {
    let mut dice = Pcg64Mcg::seed_from_u64(seed);
    let mut case = case(STRATEGIES[dice.random_range(0..STRATEGIES.len())]);
    case = case.replicas(dice.random_range(1..12));
    for tag in ["v1", "v2"] {
        case = case.image(tag, image(&mut dice));
    }
    let spike = Spike {
        from: secs(dice.random_range(0..100)),
        to: secs(dice.random_range(100..200)),
        times: 3.0,
    };
    let rps = Curve::points(&[(secs(0), dice.random_range(1.0..50.0)), (secs(150), 80.0)]);
    let sticky = dice.random_bool(0.3).then(|| secs(30));
    case = case.traffic(|traffic| {
        traffic.rps = rps.with_spikes(vec![spike]);
        traffic.sticky = sticky;
        traffic.preview = 1.0;
    });
    if dice.random_bool(0.4) {
        case.setting.delays.router = secs(3);
        case.setting.delays.endpoints = secs(4);
    }
    if dice.random_bool(0.3) {
        case.setting.room = Some(dice.random_range(8..20));
    }
    if dice.random_bool(0.3) {
        case = case.fault(30, 90, Breaks::Dependency { rate: 0.3 });
    }
    if dice.random_bool(0.3) {
        case = case.fault(20, 60, Breaks::ControllerDown);
    }
    if dice.random_bool(0.3) {
        case = case.deed(dice.random_range(1..150), Deed::Abort);
    }
    case.until(400)
}

fn image(dice: &mut impl Rng) -> Image {
    let mut image = failing(dice.random_range(0.0..0.3));
    image.startup = secs(dice.random_range(0..20)).into();
    if dice.random_bool(0.3) {
        image.health.errors = Changing {
            curve: Curve::steps(&[0.0, 0.2, 0.05], secs(35)),
            since: if dice.random_bool(0.5) {
                Since::Pod
            } else {
                Since::Release
            },
        };
    }
    if dice.random_bool(0.2) {
        image.crash_after = Some(secs(dice.random_range(15..60)));
    }
    if dice.random_bool(0.2) {
        image.flapping = Some((secs(25), secs(5)));
    }
    if dice.random_bool(0.3) {
        image.health.capacity = Some(dice.random_range(5.0..30.0));
        image.termination = secs(20);
    }
    image
}

#[test]
fn requests_are_served_by_one_version_or_fail() {
    for seed in 0..300 {
        for weather in [Weather::CALM, Weather::of(seed)] {
            let case = random(seed).weather(weather);
            let after = case.run();
            let tally = &after.tally;
            let served = tally
                .served
                .iter()
                .map(|served| served.requests - served.failed);
            let sum = served.sum::<f64>() + tally.failed();
            assert!((sum - tally.requests()).abs() < 1e-6, "{seed}: {sum}");
            for served in &tally.served {
                assert!(
                    -1e-9 <= served.failed && served.failed <= served.requests + 1e-9,
                    "{seed}"
                );
                assert!(
                    served.slow <= served.requests - served.failed + 1e-9,
                    "{seed}"
                );
            }
            let traffic = case.setting.traffic.as_ref().expect("traffic");
            let end = match after.ending.reason {
                EndReason::Livelock => (after.ending.at - SimTime::ZERO).seconds(),
                EndReason::Crowded | EndReason::Quiet | EndReason::Until => 400.0,
            };
            let sent = total(&traffic.rps, end);
            let tolerance = if weather.random {
                1.0
            } else {
                1e-6 * sent.max(1.0)
            };
            assert!(
                (sent - tally.requests()).abs() <= tolerance,
                "{seed}: {sent} sent, {} in the accounts",
                tally.requests()
            );
            if weather.random {
                let whole = tally
                    .served
                    .iter()
                    .flat_map(|one| [one.requests, one.failed, one.slow]);
                assert!(
                    whole
                        .chain([tally.unserved])
                        .all(|count| count.fract() == 0.0),
                    "{seed}"
                );
            }
        }
    }
}

/// The integral of a curve of straight pieces, corner by corner.
fn total(curve: &Curve, until: f64) -> f64 {
    let end = coalmine::time::Delta::of_seconds(until);
    let (mut at, mut sum) = (secs(0), 0.0);
    while at < end {
        let next = curve.next_corner(at).map_or(end, |corner| corner.min(end));
        let line = curve.line(at);
        let length = (next - at).seconds();
        sum += length * (line.value + line.slope * length / 2.0);
        at = next;
    }
    sum
}

#[test]
fn draws_scatter_around_the_expectation() {
    let strategy = "{canary: {canaryService: c, stableService: s, trafficRouting: {nginx: {stableIngress: i}}, \
        steps: [setWeight: 20, pause: {}]}}";
    let drawn = |seed, overdispersion| {
        let mut case = case(strategy).image("v2", failing(0.1)).until(100);
        case.setting.overdispersion = overdispersion;
        case.weather(Weather::of(seed)).run().of("v2")
    };
    for (overdispersion, runs) in [(0.0, 400_u32), (0.05, 400)] {
        let (mut requests, mut failed, mut squares) = (0.0, 0.0, 0.0);
        for seed in 0..u64::from(runs) {
            let served = drawn(seed, overdispersion);
            requests += served.requests;
            failed += served.failed;
            squares += (served.failed - 200.0).powi(2);
        }
        let runs = f64::from(runs);
        // Requests: binomial, 10,000 with 0.2. Failures: ten slots of about 200 requests, variance inflated by 1 + (200 - 1) rho.
        let inflated = 1.0 + 199.0 * overdispersion;
        let variance = 2000.0 * 0.1 * 0.9 * inflated + 0.01 * 1600.0;
        assert!((requests / runs - 2000.0).abs() < 4.0 * (1600.0 / runs).sqrt());
        assert!((failed / runs - 200.0).abs() < 4.0 * (variance / runs).sqrt());
        // The relative standard deviation of a variance of n draws is about sqrt(2 / n).
        let ratio = squares / runs / variance;
        assert!(
            (ratio - 1.0).abs() < 4.0 * (2.0 / runs).sqrt() + 0.05,
            "{overdispersion}: {ratio}"
        );
    }
}
