//! Scrapes of a run that are taken over bit by bit are the same as in the plain way. Every look compares ([`Prometheus`]); here are the
//! runs for it.

use std::path::{Path, PathBuf};

use super::{RESYNC_PERIOD, Simulation, Start};
use crate::cli;
use crate::cluster::TemplateId;
use crate::curve::Curve;
use crate::law::{Law, LogUniform};
use crate::plan::Environment;
use crate::plan::compile::Compiled;
use crate::plan::environment::{
    Asking, Aspect, Belief, Breaks, Fault, Health, Profile, Scraping, Subject, Traffic, Unit,
};
use crate::plan::scenario::Script;
use crate::promql::Query;
use crate::series::{Exporter, Prometheus};
use crate::time::{Delta, SimTime};
use crate::trace::Off;
use crate::world::Weather;

/// Looks at a run, at instants spread over it, before the controllers work and after.
fn look(
    simulation: &mut Simulation<'_, Off>,
    start: &Start,
    prometheus: &mut Prometheus,
    stride: usize,
) {
    let mut scrape = |simulation: &mut Simulation<'_, Off>, now| {
        simulation
            .world
            .ledger
            .advance(&simulation.environment, now);
        let exporter = Exporter::new(
            simulation.plan,
            &simulation.environment,
            &simulation.cluster,
            &simulation.world,
        );
        prometheus.scrape(&exporter, now);
    };
    simulation.set_up(start);
    let mut now = start.at;
    for instant in 0..stride * 8 {
        let looks = instant % stride == stride / 2;
        if looks && instant % 2 == 0 {
            scrape(simulation, now);
        }
        assert!(simulation.settle(now));
        if looks && instant % 2 == 1 {
            scrape(simulation, now);
        }
        if std::mem::take(&mut simulation.scene_changed) {
            simulation.observe(now);
        }
        let Some(due) = simulation.next_due() else {
            break;
        };
        now = due.min(simulation.resync_due);
        simulation.take_due(now);
        if now == simulation.resync_due {
            simulation.resync_due = now + RESYNC_PERIOD;
            simulation.resync();
        }
    }
    scrape(simulation, now + Delta::from_secs(1));
}

/// Runs a case in several weathers, one after another, with the same memory.
fn runs((compiled, script, start): &(Compiled, Script, Start), weathers: &[Weather]) -> usize {
    let mut prometheus = Prometheus::default();
    let (plan, environment) = (&compiled.plan, &compiled.environment);
    let mut simulation = Simulation::new(plan, environment, script, Off);
    for (weather, stride) in weathers.iter().zip([5, 9, 3]) {
        simulation.set_weather(*weather);
        prometheus.clear();
        look(&mut simulation, start, &mut prometheus, stride);
    }
    prometheus.compared()
}

fn asking(query: &str) -> Asking {
    Asking {
        query: Query::compile(query).expect("a query"),
        range: None,
    }
}

/// A scenario in which everybody looks at everything that `profiles` have.
fn case(folder: &Path, profiles: Vec<Profile>, queries: &[&str]) -> (Compiled, Script, Start) {
    let case = cli::case_of(folder.to_path_buf()).expect("a case");
    let (mut compiled, script, start) = case.into_parts();
    let environment = &mut compiled.environment;
    environment.traffic.get_or_insert_with(Traffic::assumed);
    for image in &mut environment.images {
        if image.health == Health::default() {
            image.health = Health::assumed();
        }
    }
    environment.scraping.profiles = Some(profiles);
    let queries = queries.iter().map(|query| asking(query));
    environment.queries.extend(queries);
    (compiled, script, start)
}

#[expect(clippy::disallowed_methods, reason = "reads the scenarios")]
fn scenarios() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(root).expect("the scenarios");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn scenario(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("scenarios").join(name)
}

#[test]
fn what_is_taken_over_bit_by_bit_is_what_all_scenarios_export() {
    let mut compared = 0;
    for (index, folder) in scenarios().iter().enumerate() {
        let all = Profile::ALL.map(|(_, profile)| profile);
        let profiles = [0, 4, 7].map(|step| all[(index + step) % all.len()]);
        let mut case = case(folder, profiles.to_vec(), &["{__name__=~\".+\"}"]);
        let scraping = &mut case.0.environment.scraping;
        if index % 2 == 0 {
            scraping.jitter = Delta::from_secs(6);
        }
        if index % 3 == 0 {
            // Scrapes happen together with everything else.
            (scraping.offset, scraping.interval) = (Some(Delta::ZERO), Delta::from_secs(5));
        }
        if index % 4 == 0 {
            // Pods look alike.
            for name in ["pod", "instance", "id", "uid"] {
                scraping.labels.insert(name.to_owned(), String::new());
            }
        }
        let weather = if index % 2 == 0 {
            Weather::CALM
        } else {
            Weather::of(7)
        };
        compared += runs(&case, &[weather]);
    }
    assert!(50_000 < compared, "{compared}");
}

#[test]
fn all_profiles_are_taken_over_with_all_that_was_before() {
    let all = Profile::ALL.map(|(_, profile)| profile).to_vec();
    let queries = ["count_over_time({__name__=~\".+\"}[2h])"];
    for name in ["canary-crash-looping", "second-push"] {
        let case = case(&scenario(name), all.clone(), &queries);
        assert!(10_000 < runs(&case, &[Weather::of(3)]), "{name}");
    }
}

#[test]
fn what_queries_do_not_select_is_left_out() {
    let all = Profile::ALL.map(|(_, profile)| profile).to_vec();
    let queries = [
        "sum(rate(http_requests_total{code!~\"5..\"}[5m])) / sum(rate(http_requests_total[5m]))",
        "histogram_quantile(0.9, sum by (le) (rate(istio_request_duration_milliseconds_bucket[1m])))",
        "nginx_ingress_controller_request_duration_seconds_bucket{le=\"0.5\"}",
        "nginx_ingress_controller_request_duration_seconds_sum offset 1m",
    ];
    for name in ["flapping-canary", "latency-seen", "node-loss"] {
        let case = case(&scenario(name), all.clone(), &queries);
        let compared = runs(&case, &[Weather::CALM, Weather::CALM, Weather::of(1)]);
        assert!(1_000 < compared, "{name}");
    }
}

/// Nothing of the second version is known, nor how many requests come.
fn doubt(environment: &mut Environment) {
    let law = |low, high| Law::LogUniform(LogUniform::new(low, high).expect("a law"));
    let belief = |unit, low, high| {
        Belief::new("x".to_owned(), unit, law(low, high), (0.0, 1e9)).expect("a belief")
    };
    let one = Curve::constant(1.0);
    for (index, image) in environment.images.iter_mut().enumerate() {
        image.beliefs = vec![
            (
                Aspect::ErrorRate,
                belief(Unit::Share, 0.01, 0.5).of_curve(one.clone()),
            ),
            (
                Aspect::LatencyFactor,
                belief(Unit::Number, 0.5, 4.0).of_curve(one.clone()),
            ),
            (Aspect::Capacity, belief(Unit::Number, 5.0, 500.0)),
            (Aspect::CrashAfter, belief(Unit::Seconds, 40.0, 900.0)),
        ];
        *image = image.named(&format!("v{index}"));
    }
    let rps = belief(Unit::Number, 0.5, 2.0).of_curve(Curve::constant(50.0));
    environment.beliefs = vec![(Subject::Rps, rps)];
}

#[test]
fn releases_that_are_drawn_anew_make_no_difference() {
    let all = Profile::ALL.map(|(_, profile)| profile).to_vec();
    for (index, name) in ["latency-seen", "uncertain-release"]
        .into_iter()
        .enumerate()
    {
        let profiles = [0, 3, 7].map(|step| all[(index + step) % all.len()]);
        let queries = ["{__name__=~\".+\"}"];
        let mut case = case(&scenario(name), profiles.to_vec(), &queries);
        doubt(&mut case.0.environment);
        let weathers = [0, 1, 2].map(|replicate| Weather {
            replicate,
            ..Weather::of(9)
        });
        assert!(3_000 < runs(&case, &weathers), "{name}");
    }
}

#[test]
fn lost_nodes_and_other_names_make_no_difference() {
    let all = Profile::ALL.map(|(_, profile)| profile).to_vec();
    for name in ["blue-green", "experiment", "header-route-lost"] {
        let mut case = case(&scenario(name), all.clone(), &["{__name__=~\".+\"}"]);
        let environment = &mut case.0.environment;
        environment.faults.push(Fault {
            from: SimTime::from_secs(40),
            to: SimTime::from_secs(150),
            breaks: Breaks::NodeLoss {
                image: None::<TemplateId>,
                share: 0.5,
                replaced_after: Delta::from_secs(300),
            },
        });
        environment.scraping = Scraping {
            names: [
                ("http_requests_total", "up"),
                ("up", "http_request_duration_seconds"),
            ]
            .map(|(one, other)| (one.to_owned(), other.to_owned()))
            .into(),
            profiles: Some(all.clone()),
            ..Scraping::default()
        };
        assert!(10_000 < runs(&case, &[Weather::CALM]), "{name}");
    }
}
