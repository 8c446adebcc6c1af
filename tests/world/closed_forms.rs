//! With constant rates and without chance, the accounts are what paper and pencil give.

use coalmine::curve::Curve;
use coalmine::plan::environment::{Changing, Delays, Image, Since};
use coalmine::plan::scenario::Deed;
use coalmine::time::Delta;

use super::case::{Case, case, expect, failing, secs};

const ROUTED: &str = "{canary: {canaryService: c, stableService: s, \
    trafficRouting: {nginx: {stableIngress: i}}, steps: [setWeight: 20, pause: {duration: 100s}]}}";
const GATED: &str = "{canary: {canaryService: c, stableService: s, \
    trafficRouting: {istio: {virtualService: {name: v}}}, steps: [setWeight: 20, pause: {}]}}";
const BLUE_GREEN: &str = "{blueGreen: {activeService: a, previewService: p, autoPromotionSeconds: 60, \
    scaleDownDelaySeconds: 30}}";

fn routed() -> Case {
    case(ROUTED)
        .image("v1", failing(0.01))
        .image("v2", failing(0.03))
}

/// 100 s at 20 %, then everything, for the 30 s in which the old pods stand by.
#[test]
fn weight_times_rate_times_time() {
    let after = routed().run();
    expect(&[
        ("v1", after.of("v1").requests, 0.8 * 100.0 * 100.0),
        (
            "v2",
            after.of("v2").requests,
            0.2 * 100.0 * 100.0 + 100.0 * 30.0,
        ),
        ("v1 failed", after.of("v1").failed, 0.01 * 8000.0),
        ("v2 failed", after.of("v2").failed, 0.03 * 5000.0),
        ("harm", after.tally.harm(), (0.03 - 0.01) * 5000.0),
        ("standing by", after.tally.standing_by, 30.0),
    ]);
}

#[test]
fn a_blue_green_switch_moves_everybody_at_once() {
    let after = case(BLUE_GREEN).image("v2", failing(0.5)).run();
    expect(&[
        ("v1", after.of("v1").requests, 100.0 * 60.0),
        ("v2", after.of("v2").requests, 100.0 * 30.0),
        ("harm", after.tally.harm(), 0.5 * 3000.0),
        ("peak", f64::from(after.tally.peak_pods), 20.0),
        ("excess", after.tally.excess_pod_seconds, 10.0 * 90.0),
        ("standing by", after.tally.standing_by, 30.0),
    ]);
}

#[test]
fn without_a_router_the_ready_pods_share_the_requests() {
    let strategy = "{canary: {maxSurge: 0, maxUnavailable: 3, steps: [setWeight: 30, pause: {}]}}";
    let after = case(strategy).until(200).run();
    expect(&[
        ("v1", after.of("v1").requests, 0.7 * 100.0 * 200.0),
        ("v2", after.of("v2").requests, 0.3 * 100.0 * 200.0),
    ]);
}

#[test]
fn a_header_route_takes_its_share_before_the_weights() {
    let strategy = "{canary: {canaryService: c, stableService: s, trafficRouting: {managedRoutes: [{name: h}], \
        istio: {virtualService: {name: v}}}, steps: [setCanaryScale: {replicas: 2}, \
        setHeaderRoute: {name: h, match: [{headerName: x, headerValue: {exact: y}}]}, pause: {}]}}";
    let case = case(strategy).traffic(|traffic| traffic.header = 0.02);
    let after = case.until(100).run();
    expect(&[
        ("v2", after.of("v2").requests, 0.02 * 100.0 * 100.0),
        ("v1", after.of("v1").requests, 0.98 * 100.0 * 100.0),
    ]);
}

#[test]
fn copies_are_nobodys_requests() {
    let strategy = "{canary: {canaryService: c, stableService: s, trafficRouting: {managedRoutes: [{name: m}], \
        istio: {virtualService: {name: v}}}, steps: [setCanaryScale: {replicas: 2}, \
        setMirrorRoute: {name: m, percentage: 35, match: [{path: {prefix: /}}]}, pause: {}]}}";
    let after = case(strategy).image("v2", failing(1.0)).until(100).run();
    expect(&[
        ("copies", after.of("v2").mirrored, 0.35 * 100.0 * 100.0),
        ("unseen", after.of("v2").failed_unseen, 0.35 * 100.0 * 100.0),
        ("v2", after.of("v2").requests, 0.0),
        ("failed", after.tally.failed(), 0.0),
    ]);
}

/// Visits last S on average, so the share on the canary is w (1 - exp(-t / S)).
#[test]
fn users_who_keep_their_version_drift_to_the_canary() {
    let after = case(GATED)
        .traffic(|traffic| traffic.sticky = Some(secs(60)))
        .until(300)
        .run();
    let (weight, stay, end) = (0.2_f64, 60.0_f64, 300.0_f64);
    let want = 100.0 * weight * (end - stay * (1.0 - (-end / stay).exp()));
    expect(&[("v2", after.of("v2").requests, want)]);
}

/// The integral of (50 + t/2) (0.01 + 0.001 t) over 100 s, a fifth of it.
#[test]
fn straight_lines_are_multiplied_exactly() {
    let points = |a: f64, b: f64| Curve::points(&[(secs(0), a), (secs(100), b)]);
    let mut image = failing(0.0);
    image.health.errors = Changing {
        curve: points(0.01, 0.11),
        since: Since::Start,
    };
    let after = case(GATED)
        .image("v2", image)
        .traffic(|traffic| traffic.rps = points(50.0, 100.0))
        .until(100)
        .run();
    let integral =
        50.0 + (0.05 + 0.005) * 100.0_f64.powi(2) / 2.0 + 0.0005 * 100.0_f64.powi(3) / 3.0;
    expect(&[
        ("requests", after.tally.requests(), 7500.0),
        ("failed", after.of("v2").failed, 0.2 * integral),
    ]);
}

/// Two canary pods that can serve 8 requests a second each get 20.
#[test]
fn what_pods_cannot_serve_fails() {
    let mut image = failing(0.1);
    image.health.capacity = Some(8.0);
    let after = case(GATED).image("v2", image).until(100).run();
    let served = 16.0 * 0.9 * 100.0;
    expect(&[("failed", after.of("v2").failed, 2000.0 - served)]);
}

#[test]
fn the_age_of_pods_counts_for_each() {
    let mut image = failing(0.0);
    image.health.errors = Changing {
        curve: Curve::steps(&[0.0, 0.5], secs(60)),
        since: Since::Pod,
    };
    // Two pods from the start, three more from 100 s on.
    let strategy = "{canary: {canaryService: c, stableService: s, trafficRouting: {istio: {virtualService: {name: v}}}, \
        steps: [setWeight: 20, pause: {duration: 100s}, setWeight: 50, pause: {}]}}";
    let after = case(strategy).image("v2", image).until(200).run();
    let old = 20.0 * 0.5 * 40.0 + 50.0 * 0.5 * 2.0 / 5.0 * 100.0;
    let young = 50.0 * 0.5 * 3.0 / 5.0 * 40.0;
    expect(&[("failed", after.of("v2").failed, old + young)]);
}

/// 20 % arrive 7 s late; the pods of an aborted canary are gone 5 s before the endpoints say so.
#[test]
fn routers_and_endpoints_follow_late() {
    let mut late = case(GATED).until(100);
    late.setting.delays = Delays {
        router: secs(7),
        endpoints: Delta::ZERO,
    };
    let after = late.run();
    expect(&[("v2", after.of("v2").requests, 0.2 * 100.0 * 93.0)]);

    let mut gone = case(BLUE_GREEN).image(
        "v1",
        Image {
            unready: vec![(super::case::at(20), super::case::at(40))],
            ..Image::default()
        },
    );
    gone.setting.delays.endpoints = secs(5);
    let after = gone.until(50).run();
    // For 5 s requests go to pods that are gone, then for 15 s to nobody, then for 5 s to nobody although they are back.
    expect(&[
        ("v1 failed", after.of("v1").failed, 500.0),
        ("unserved", after.tally.unserved, 2000.0),
    ]);
}

/// The switch at 60 s is felt 5 s later; at 90 s the old pods go.
#[test]
fn an_instant_rollback_is_possible_once_the_switch_is_felt() {
    let mut late = case(BLUE_GREEN);
    late.setting.delays.endpoints = secs(5);
    let after = late.run();
    expect(&[("standing by", after.tally.standing_by, 25.0)]);
}

/// What lasts until the horizon is accounted for, though nothing happens any more.
#[test]
fn the_accounts_are_as_long_as_the_horizon() {
    let after = case(GATED).until(1000).run();
    expect(&[("seconds", after.tally.seconds, 1000.0)]);
}

/// A visit of ten requests at 20 %: 1 - 0.8^10 see the canary; those who keep their version, 20 %.
#[test]
fn users_who_saw_the_new_version_are_counted() {
    let visits = 100.0 / 10.0 * 100.0;
    let gated = || {
        case(GATED)
            .traffic(|traffic| traffic.requests_per_user = Some(10.0))
            .until(100)
    };
    let after = gated().run();
    let seen = visits * (1.0 - 0.8_f64.powi(10));
    expect(&[("users", after.tally.users_exposed, seen)]);
}

#[test]
fn a_replica_that_is_asked_for_but_not_there_is_missing_capacity() {
    let after = case(GATED)
        .image(
            "v1",
            Image {
                startup: secs(15).into(),
                ..Image::default()
            },
        )
        .deed(20, Deed::Scale(20))
        .until(100)
        .run();
    expect(&[("short", after.tally.short_of_capacity, 15.0)]);
}
