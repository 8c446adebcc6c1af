//! What is believed about a release and drawn for each run: the same as if it had been written.

use coalmine::curve::Curve;
use coalmine::law::{Law, LogUniform};
use coalmine::plan::environment::{Aspect, Belief, Breaks, Image, Subject, Unit};
use coalmine::time::Delta;
use coalmine::world::{Release, Weather, known};

use super::case::{Case, case, failing};

const CANARY: &str = "{canary: {steps: [{setWeight: 20}, {pause: {duration: 5m}}, {setWeight: 60}, \
                      {pause: {duration: 5m}}]}}";

fn between(name: &str, unit: Unit, low: f64, high: f64) -> Belief {
    let law = Law::LogUniform(LogUniform::new(low, high).expect("a law"));
    Belief::new(name.to_owned(), unit, law, (0.0, 1e9)).expect("a belief")
}

/// A case in which nobody knows anything.
fn uncertain() -> Case {
    let share = between("", Unit::Share, 0.01, 0.3).of_curve(Curve::constant(1.0));
    let image = Image {
        beliefs: vec![
            (Aspect::ErrorRate, share),
            (Aspect::Capacity, between("", Unit::Number, 4.0, 40.0)),
            (Aspect::CrashAfter, between("", Unit::Seconds, 60.0, 600.0)),
        ],
        ..failing(0.1)
    };
    let mut case =
        case(CANARY)
            .image("v2", image)
            .fault(100, 400, Breaks::Dependency { rate: 0.5 });
    let rps = between("traffic.rps", Unit::Number, 0.5, 2.0).of_curve(Curve::constant(100.0));
    case.setting.beliefs = vec![
        (Subject::Rps, rps),
        (
            Subject::FaultFrom(0),
            between("faults[0].from", Unit::Seconds, 50.0, 500.0),
        ),
        (
            Subject::FaultRate(0),
            between("faults[0].rate", Unit::Share, 0.1, 0.9),
        ),
    ];
    case
}

/// The same with the values of a run written down.
fn written(values: &[f64]) -> Case {
    let [rps, from, rate, errors, capacity, crash] = values else {
        panic!("six values, not {values:?}");
    };
    let mut image = failing(*errors);
    image.health.capacity = Some(*capacity);
    image.crash_after = Some(Delta::of_seconds(*crash));
    let mut case =
        case(CANARY)
            .image("v2", image)
            .fault(100, 400, Breaks::Dependency { rate: *rate });
    let fault = &mut case.setting.faults[0];
    fault.from = (coalmine::time::SimTime::ZERO + Delta::of_seconds(*from)).min(fault.to);
    case.traffic(|traffic| traffic.rps = Curve::constant(100.0 * rps))
}

#[test]
fn a_run_is_the_same_as_if_its_release_had_been_written() {
    for replicate in 0..8 {
        let weather = Weather {
            replicate,
            ..Weather::of(5)
        };
        let run = uncertain().until(3000).weather(weather).run();
        let known = known(&run.compiled.environment, weather);
        let names: Vec<&str> = known.iter().map(|known| known.name.as_str()).collect();
        let want = [
            "traffic.rps",
            "faults[0].from",
            "faults[0].rate",
            "images.v2.errorRate",
            "images.v2.capacity",
            "images.v2.crashAfter",
        ];
        assert_eq!(names, want);
        let values: Vec<f64> = known.iter().map(|known| known.value).collect();
        let plain = written(&values).until(3000).weather(weather).run();
        assert_eq!(run.ending, plain.ending, "{values:?}");
        assert_eq!(run.tally, plain.tally, "{values:?}");
        assert_eq!(run.cluster, plain.cluster, "{values:?}");
    }
}

#[test]
fn releases_are_drawn_without_new_memory() {
    let compiled = uncertain().compiled();
    let mut release = Release::new(&compiled.environment);
    let mut draw = |replicate| {
        let weather = Weather {
            replicate,
            ..Weather::of(1)
        };
        let counted = allocation_counter::measure(|| release.draw(weather));
        (counted.count_total, format!("{:?}", release.images))
    };
    let (_, before) = draw(0);
    let (_, other) = draw(1);
    assert_ne!(before, other);
    assert_eq!(draw(0), (0, before));
}
