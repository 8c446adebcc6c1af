//! Statistical honesty: over 100,000 draws the ratio that a query shows has the mean and the variance that theory gives.
//!
//! Ten weeks of one pod, each in a weather of its own: 1,000 requests in 100 s, scraped every 10 s, so that a window of a minute holds
//! five increments of 100 requests each. Windows do not overlap.

use coalmine::curve::Curve;
use coalmine::plan::environment::Scraping;
use coalmine::promql::{Answer, Query, Scratch};
use coalmine::series::{START_MILLIS, Window, storing};
use coalmine::world::Weather;

use crate::world::case::{at, case, failing, secs, traffic};

const RATIO: &str =
    "sum(increase(http_requests_total{code=\"500\"}[1m])) / sum(increase(http_requests_total[1m]))";
const FAILING: f64 = 0.02;
/// Requests behind a measurement, and in each of its increments.
const REQUESTS: f64 = 500.0;
const INCREMENT: f64 = 100.0;
const WEEK: i64 = 7 * 24 * 3600;

/// Mean and variance of the ratio over ten weeks, and from how many windows.
fn moments(overdispersion: f64) -> (f64, f64, f64) {
    let query = Query::compile(RATIO).expect("a query");
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for replicate in 0..10 {
        let mut case = case("{canary: {}}")
            .replicas(1)
            .image("v1", failing(FAILING))
            .image("v2", failing(FAILING))
            .scraping(Scraping {
                interval: secs(10),
                offset: Some(secs(0)),
                ..Scraping::default()
            })
            .weather(Weather {
                random: true,
                seed: 2026,
                replicate,
            });
        case.setting.traffic = Some(traffic(Curve::constant(10.0)));
        case.setting.overdispersion = overdispersion;
        let window = Window {
            from: at(-1),
            to: at(WEEK),
        };
        let store = case.look(at(WEEK), |exporter, _| {
            storing::store(exporter, &query, window)
        });
        let mut scratch = Scratch::default();
        for minute in 10..WEEK / 60 {
            let now = START_MILLIS + minute * 60_000;
            let answer = query
                .evaluate(&store, now, &mut scratch)
                .expect("an answer");
            let Answer::Vector(elements) = answer else {
                panic!("a ratio is a vector");
            };
            // A window without any failure at all has no element yet only at the very beginning.
            let ratio = elements.values().next().expect("a ratio");
            count += 1.0;
            sum += ratio;
            squares += (ratio - FAILING) * (ratio - FAILING);
        }
    }
    let mean = sum / count;
    let variance = squares / count - (mean - FAILING) * (mean - FAILING);
    (mean, variance, count)
}

#[track_caller]
fn assert_honest(overdispersion: f64) {
    let (mean, variance, count) = moments(overdispersion);
    let theory =
        FAILING * (1.0 - FAILING) / REQUESTS * (INCREMENT - 1.0).mul_add(overdispersion, 1.0);
    // Four standard errors: of a mean, and of a variance whose law is about normal (a little wider where luck is shared).
    let off = (mean - FAILING).abs() / (theory / count).sqrt();
    assert!(off < 4.0, "mean {mean} is {off} standard errors off");
    let off = (variance / theory - 1.0).abs() / (2.0 / count).sqrt();
    assert!(
        off < 4.0 * (1.0 + 20.0 * overdispersion),
        "variance {variance} is {off} standard errors off {theory}"
    );
    assert!(1e5 <= count, "only {count} windows");
}

#[test]
fn ratios_of_queries_are_binomial() {
    assert_honest(0.0);
}

#[test]
fn ratios_of_queries_are_beta_binomial_where_requests_share_their_luck() {
    assert_honest(0.02);
}
