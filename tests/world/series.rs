//! What Prometheus would hold, against the accounts.

use std::collections::BTreeMap;

use coalmine::curve::Curve;
use coalmine::law::Law;
use coalmine::plan::environment::{
    Breaks, Changing, Given, GivenValue, Health, Image, Profile, Scraping,
};
use coalmine::plan::scenario::Deed;
use coalmine::series::{Exporter, Series, Window, is_stale};
use coalmine::time::SimTime;
use coalmine::world::Weather;

use crate::world::case::{Case, at, case, failing, secs};

const STEPS: &str = "{canary: {canaryService: canary, stableService: stable,
    trafficRouting: {istio: {virtualService: {name: web}}},
    steps: [{setWeight: 20}, {pause: {duration: 10m}}, {setWeight: 60}, {pause: {duration: 10m}}]}}";

/// Everything is scraped at full quarters of a minute.
fn in_step(case: Case) -> Case {
    case.scraping(Scraping {
        offset: Some(secs(0)),
        ..Scraping::default()
    })
}

fn window(from: i64, to: i64) -> Window {
    Window {
        from: at(from),
        to: at(to),
    }
}

fn label<'a>(series: &'a Series, name: &str) -> &'a str {
    series.labels.get(name).map_or("", String::as_str)
}

/// The value of a series at an instant at which it was scraped.
fn value(series: &Series, now: SimTime) -> f64 {
    let sample = series.samples.iter().find(|sample| sample.at == now);
    sample.map_or(0.0, |sample| sample.value)
}

/// How much all series together that a filter lets through grew from one scrape to another.
fn increase(series: &[Series], (from, to): (i64, i64), fits: impl Fn(&Series) -> bool) -> f64 {
    let grown = |series: &Series| value(series, at(to)) - value(series, at(from));
    series.iter().filter(|one| fits(one)).map(grown).sum()
}

fn assert_close(one: f64, other: f64, what: &str) {
    let scale = one.abs().max(other.abs()).max(1.0);
    assert!(
        (one - other).abs() <= 1e-9 * scale,
        "{what}: {one} and {other}"
    );
}

fn is_failure(series: &Series) -> bool {
    label(series, "code").starts_with('5') || label(series, "response_code").starts_with('5')
}

#[test]
fn counters_of_pods_and_gateways_grow_by_what_the_accounts_say() {
    let ramp = Curve::constant(100.0);
    for (weather, rps) in [
        (Weather::CALM, ramp.clone()),
        (Weather::of(3), ramp),
        (
            Weather::CALM,
            Curve::points(&[(secs(0), 50.0), (secs(900), 500.0)]),
        ),
    ] {
        let case = in_step(case(STEPS))
            .image("v2", failing(0.05))
            .image("v1", failing(0.01))
            .traffic(|traffic| traffic.rps = rps.clone())
            .weather(weather);
        let span = (300, 900);
        let tally = |seconds: i64| case.look(at(seconds), |_, tally| tally.clone());
        let (then, now) = (tally(span.0), tally(span.1));
        case.look(at(span.1), |exporter, _| {
            for (name, by) in [
                ("http_requests_total", ""),
                ("istio_requests_total", "source"),
                ("istio_requests_total", "destination"),
            ] {
                let mut series = exporter.series(name, window(span.0 - 1, span.1));
                series.retain(|series| label(series, "reporter") == by);
                let requests = increase(&series, span, |_| true);
                assert_close(requests, now.requests() - then.requests(), name);
                let failed = increase(&series, span, is_failure);
                assert_close(failed, now.failed() - then.failed(), name);
            }
        });
    }
}

#[test]
fn requests_before_the_start_came_as_those_at_the_start() {
    let case = in_step(case(STEPS)).image("v1", failing(0.01));
    case.look(at(60), |exporter, _| {
        // Both services select the pods until the release begins: each is scraped twice.
        let mut series = exporter.series("http_requests_total", window(-301, 0));
        assert_eq!(series.len(), 40);
        series.retain(|series| label(series, "service") == "stable");
        assert_close(increase(&series, (-300, 0), |_| true), 30_000.0, "requests");
        assert_close(increase(&series, (-300, 0), is_failure), 300.0, "failures");
    });
}

#[test]
fn a_crash_sets_counters_back_and_is_counted_outside() {
    let crashing = Image {
        crash_after: Some(secs(100)),
        startup: secs(10).into(),
        ..Image::default()
    };
    let case = in_step(case(STEPS)).image("v2", crashing);
    case.look(at(290), |exporter, _| {
        let series = exporter.series("http_requests_total", window(0, 290));
        let canary = series
            .iter()
            .find(|series| label(series, "version") == "v2")
            .expect("a canary");
        let values = |from: i64, to: i64| {
            let samples = canary.samples.iter();
            let within = samples.filter(move |one| at(from) <= one.at && one.at <= at(to));
            within.map(|sample| sample.value).collect::<Vec<f64>>()
        };
        // Runs: 0 to 100, 100 to 200, 210 to 310; ready ten seconds into each.
        assert!(values(15, 99).is_sorted() && values(15, 99).len() == 6);
        assert!(value(canary, at(120)) < value(canary, at(90)));
        assert_close(value(canary, at(120)) * 8.0, value(canary, at(90)), "rates");
        assert!(values(205, 219).iter().all(|value| is_stale(*value)));
        let restarts = exporter.series("kube_pod_container_status_restarts_total", window(0, 290));
        let canary = restarts
            .iter()
            .find(|series| label(series, "pod") == label(canary, "pod"))
            .expect("a canary");
        let told = [90, 105, 195, 225].map(|seconds| value(canary, at(seconds)).to_string());
        assert_eq!(told, ["0", "1", "1", "2"]);
    });
}

#[test]
fn the_series_of_a_deleted_pod_ends_with_a_marker() {
    let case = in_step(case(STEPS)).deed(100, Deed::Abort);
    case.look(at(400), |exporter, _| {
        for name in [
            "http_requests_total",
            "up",
            "kube_pod_container_status_ready",
        ] {
            let series = exporter.series(name, window(0, 400));
            let pod = series
                .iter()
                .find(|series| {
                    let last = series.samples.last();
                    last.is_some_and(|last| is_stale(last.value))
                })
                .expect("a pod that is gone");
            let stale = pod.samples.iter().filter(|sample| is_stale(sample.value));
            assert_eq!(stale.count(), 1, "{name}");
        }
    });
}

#[test]
fn buckets_are_cumulative_and_the_last_is_the_count() {
    let slow = |median: f64| {
        let law = statrs::distribution::LogNormal::new(f64::ln(median), 0.6).expect("a law");
        Image {
            health: Health {
                latency: Some(Law::LogNormal(law)),
                errors: Changing::constant(0.02),
                ..Health::default()
            },
            ..Image::default()
        }
    };
    let case = in_step(case(STEPS))
        .image("v1", slow(0.08))
        .image("v2", slow(0.4));
    case.look(at(300), |exporter, _| {
        let base = "http_request_duration_seconds";
        let all = exporter.series(base, window(285, 300));
        let pods: std::collections::BTreeSet<&str> =
            all.iter().map(|series| label(series, "pod")).collect();
        assert!(10 < pods.len());
        for pod in pods {
            for code in ["200", "500"] {
                let own = |suffix: &str| {
                    let name = format!("{base}{suffix}");
                    let mut values: Vec<(f64, f64)> = all
                        .iter()
                        .filter(|one| {
                            label(one, "pod") == pod
                                && label(one, "code") == code
                                && label(one, "__name__") == name
                        })
                        .map(|one| {
                            let limit = label(one, "le").parse().unwrap_or(f64::INFINITY);
                            (limit, value(one, at(300)))
                        })
                        .collect();
                    values.sort_by(|one, other| one.0.total_cmp(&other.0));
                    values
                };
                let buckets = own("_bucket");
                assert_eq!(buckets.len(), 12);
                assert!(buckets.is_sorted_by(|one, next| one.1 <= next.1));
                assert_close(buckets[11].1, own("_count")[0].1, pod);
                // Half of the requests take up to the median.
                let share = buckets[5].1 / buckets[11].1;
                assert!(share < 1.0 && 0.0 < own("_sum")[0].1);
            }
        }
    });
}

#[test]
fn counters_never_fall_while_nothing_crashes() {
    let law = statrs::distribution::Exp::new(10.0).expect("a law");
    let image = |errors: Curve| Image {
        health: Health {
            errors: Changing {
                curve: errors,
                ..Changing::constant(0.0)
            },
            latency: Some(Law::Exp(law)),
            ..Health::default()
        },
        ..Image::default()
    };
    let rise = Curve::points(&[(secs(0), 0.0), (secs(700), 1.0)]);
    for weather in [Weather::CALM, Weather::of(5)] {
        let case = case(STEPS)
            .image("v1", image(Curve::constant(0.01)))
            .image("v2", image(rise.clone()))
            .traffic(|traffic| traffic.rps = Curve::daily(10.0, 90.0, secs(600)))
            .weather(weather)
            .scraping(Scraping {
                jitter: secs(5),
                interval: secs(7),
                ..Scraping::default()
            });
        case.look(at(1_500), |exporter, _| {
            for name in [
                "http_requests_total",
                "istio_requests_total",
                "istio_request_duration_milliseconds",
                "container_cpu_usage_seconds_total",
            ] {
                for series in exporter.series(name, window(-300, 1_500)) {
                    let values = series.samples.iter().map(|sample| sample.value);
                    let values: Vec<f64> = values.filter(|value| !is_stale(*value)).collect();
                    assert!(values.is_sorted(), "{:?}", series.labels);
                }
            }
        });
    }
}

#[test]
fn nothing_fails_and_no_series_tells_of_failures() {
    case(STEPS).look(at(300), |exporter, _| {
        let series = exporter.series("http_requests_total", window(0, 300));
        assert!(!series.is_empty() && !series.iter().any(is_failure));
    });
}

#[test]
fn requests_to_lost_nodes_are_failures_of_the_gateway_and_unknown_to_pods() {
    let loss = Breaks::NodeLoss {
        image: None,
        share: 0.5,
        replaced_after: secs(300),
    };
    let case = in_step(case(STEPS)).fault(120, 100_000, loss);
    let tally = |seconds: i64| case.look(at(seconds), |_, tally| tally.clone());
    let failed = tally(150).failed() - tally(120).failed();
    assert!(0.0 < failed);
    case.look(at(150), |exporter, _| {
        let series = exporter.series("istio_requests_total", window(119, 150));
        let by = |reporter: &'static str| {
            let fits =
                move |series: &Series| is_failure(series) && label(series, "reporter") == reporter;
            increase(&series, (120, 150), fits)
        };
        assert_close(by("source"), failed, "gateway");
        assert_close(by("destination"), 0.0, "pods");
        let up = exporter.series("up", window(134, 135));
        let silent = up.iter().filter(|series| value(series, at(135)) == 0.0);
        assert_eq!(silent.count() * 2, up.len());
    });
}

#[test]
fn names_labels_and_profiles_follow_the_scenario() {
    let names = [("http_requests_total".to_owned(), "app_requests".to_owned())];
    let labels = [("cluster".to_owned(), "eu".to_owned())];
    let case = case(STEPS).scraping(Scraping {
        names: names.into(),
        labels: labels.into(),
        profiles: Some(vec![Profile::Http, Profile::Linkerd]),
        ..Scraping::default()
    });
    case.look(at(60), |exporter, _| {
        let series = exporter.series("app_requests", window(0, 60));
        assert!(!series.is_empty());
        assert!(series.iter().all(|one| label(one, "cluster") == "eu"));
        assert!(
            exporter
                .series("istio_requests_total", window(0, 60))
                .is_empty()
        );
        assert!(!exporter.series("response_total", window(0, 60)).is_empty());
    });
}

#[test]
fn meters_change_nothing_of_the_run() {
    let case = case(STEPS).image("v2", failing(0.05)).until(2_000);
    let plain = case.run();
    case.look(at(2_000), |_, tally| assert_eq!(*tally, plain.tally));
}

#[test]
fn every_metric_of_every_profile_can_be_told() {
    let profiles = Profile::ALL.map(|(_, profile)| profile).to_vec();
    let law = statrs::distribution::Exp::new(10.0).expect("a law");
    let case = case(STEPS)
        .image(
            "v1",
            Image {
                health: Health {
                    latency: Some(Law::Exp(law)),
                    ..Health::default()
                },
                ..Image::default()
            },
        )
        .scraping(Scraping {
            profiles: Some(profiles),
            ..Scraping::default()
        });
    case.look(at(60), |exporter: &Exporter<'_>, _| {
        for metric in exporter.metrics() {
            let series = exporter.series(&metric.name, window(0, 60));
            assert!(!series.is_empty(), "{}", metric.name);
            assert!(series.is_sorted_by(|one, next| one.labels < next.labels));
        }
    });
}

#[test]
fn given_series_are_scraped_like_all_others() {
    let queue = Given {
        name: "queue_depth".to_owned(),
        labels: [("queue".to_owned(), "orders".to_owned())].into(),
        shows: GivenValue::Value(Curve::steps(&[10.0, 30.0], secs(60))),
    };
    let payments = Given {
        name: "payments_failed_total".to_owned(),
        labels: BTreeMap::new(),
        shows: GivenValue::Rate(Curve::points(&[(secs(0), 0.0), (secs(100), 1.0)])),
    };
    let case = case(STEPS).scraping(Scraping {
        offset: Some(secs(0)),
        given: vec![queue, payments],
        ..Scraping::default()
    });
    case.look(at(120), |exporter, _| {
        let queue = exporter.series("queue_depth", window(30, 75));
        let values: Vec<f64> = queue[0].samples.iter().map(|one| one.value).collect();
        assert_eq!(values, [10.0, 30.0, 30.0]);
        assert_eq!(label(&queue[0], "queue"), "orders");
        let payments = exporter.series("payments_failed_total", window(-1, 120));
        // The area of a triangle of 60 s, and of one of 100 s with 20 s at its height.
        assert_close(increase(&payments, (0, 60), |_| true), 18.0, "rising");
        assert_close(increase(&payments, (0, 120), |_| true), 70.0, "risen");
    });
}
