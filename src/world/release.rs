//! The release of a run: what is only believed about the truth, drawn for one run.
//!
//! Knows: which numbers of the truth are drawn, and where they stand. Everything else reads them there, as if they had been written.
//! Refuses to know what comes of them. Without chance the truth is as given, with what is expected in place of what is believed.

use std::ops::Deref;
use std::sync::Arc;

use crate::cluster::provider::Answer;
use crate::curve::Curve;
use crate::plan::Environment;
use crate::plan::environment::{
    Aspect, Belief, Breaks, Gauge, Sample, Scripted, Source, Subject, Unit,
};
use crate::statistics::table::Scratch;
use crate::time::{Delta, SimTime};
use crate::world::Weather;
use crate::world::weather::Purpose;

/// No simulation goes on for so long.
const NEVER: Delta = Delta::from_secs(7 * 24 * 3600);

/// The truth of a run; read as an [`Environment`]. It keeps its memory from run to run, and is the given truth itself where nothing is
/// drawn.
#[derive(Debug)]
pub struct Release<'a> {
    given: &'a Environment,
    drawn: Option<Box<Drawn>>,
}

/// Something that was drawn, or that is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The name of the belief.
    pub name: String,
    /// In what it is told.
    pub unit: Unit,
    /// What it is in this run.
    pub value: f64,
}

/// A truth whose numbers are written anew for each run.
#[derive(Debug)]
struct Drawn {
    environment: Environment,
    parameters: Vec<Parameter>,
    /// Whether that counts: not without chance.
    is_in_force: bool,
    scratch: Scratch,
}

/// A number that is drawn, and all places where it stands.
#[derive(Debug)]
struct Parameter {
    belief: Belief,
    /// Its address for draws.
    entity: u64,
    places: Vec<Place>,
}

/// Where a number stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In an image.
    Image(usize, Aspect),
    /// In what a source says: before its first point, or from a point on.
    Sample(usize, Option<usize>),
    /// Elsewhere.
    Other(Subject),
}

impl Deref for Release<'_> {
    type Target = Environment;

    #[inline]
    fn deref(&self) -> &Environment {
        match &self.drawn {
            Some(drawn) if drawn.is_in_force => &drawn.environment,
            _ => self.given,
        }
    }
}

impl<'a> Release<'a> {
    /// The release of a truth, as expected.
    #[must_use]
    pub fn new(given: &'a Environment) -> Self {
        let parameters = parameters(given);
        let drawn = (!parameters.is_empty()).then(|| {
            Box::new(Drawn {
                environment: given.clone(),
                parameters,
                is_in_force: false,
                scratch: Scratch::default(),
            })
        });
        Self { given, drawn }
    }

    /// Draws the release of a run.
    pub fn draw(&mut self, weather: Weather) {
        if let Some(drawn) = &mut self.drawn {
            drawn.is_in_force = weather.random;
            if weather.random {
                drawn.draw(self.given, weather);
            }
        }
    }

    /// Whether anything was drawn: never without chance.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.drawn.as_ref().is_some_and(|drawn| drawn.is_in_force)
    }

    /// Puts behind `values` what is drawn in a weather, in the order of [`beliefs`]; nothing without chance.
    pub fn values_in(&self, weather: Weather, values: &mut Vec<f64>) {
        if let Some(drawn) = self.drawn.as_ref().filter(|_| weather.random) {
            values.extend(
                drawn
                    .parameters
                    .iter()
                    .map(|parameter| parameter.value(weather)),
            );
        }
    }
}

/// What is believed about a truth and not known: each name once, in the order in which it is told.
#[must_use]
pub fn beliefs(environment: &Environment) -> Vec<Belief> {
    let parameters = parameters(environment).into_iter();
    parameters.map(|parameter| parameter.belief).collect()
}

/// What is known of the release of a run: what is drawn in this weather, or what is expected.
#[must_use]
pub fn known(environment: &Environment, weather: Weather) -> Vec<Known> {
    let parameters = parameters(environment).into_iter();
    let known = parameters.map(|parameter| Known {
        value: if weather.random {
            parameter.value(weather)
        } else {
            parameter.belief.expected()
        },
        name: parameter.belief.name,
        unit: parameter.belief.unit,
    });
    known.collect()
}

impl Parameter {
    fn value(&self, weather: Weather) -> f64 {
        self.belief
            .drawn(weather.unit(Purpose::Release, self.entity, 0))
    }
}

impl Drawn {
    fn draw(&mut self, given: &Environment, weather: Weather) {
        for parameter in &self.parameters {
            let value = parameter.value(weather);
            for place in &parameter.places {
                let (environment, belief) = (&mut self.environment, &parameter.belief);
                write(environment, given, *place, belief, value, &mut self.scratch);
            }
        }
    }
}

/// Writes what was drawn where it stands.
fn write(
    environment: &mut Environment,
    given: &Environment,
    place: Place,
    belief: &Belief,
    value: f64,
    scratch: &mut Scratch,
) {
    match place {
        Place::Image(index, aspect) => {
            let image = &mut environment.images[index];
            let health = &mut image.health;
            match aspect {
                Aspect::ErrorRate => bend(&mut health.errors.curve, belief, value),
                Aspect::LatencyFactor => bend(&mut health.latency_factor.curve, belief, value),
                Aspect::Capacity => health.capacity = Some(value),
                Aspect::CrashAfter => image.crash_after = Some(Delta::of_seconds(value)),
            }
        }
        Place::Sample(source, point) => {
            if let Some(sample) = sample_mut(&mut environment.sources[source], point) {
                sample.fail(value, scratch);
            }
        }
        Place::Other(Subject::Rps) => {
            if let Some(traffic) = &mut environment.traffic {
                bend(&mut traffic.rps, belief, value);
            }
        }
        Place::Other(Subject::FaultFrom(index)) => {
            let from = SimTime::ZERO + Delta::of_seconds(value);
            let fault = &mut environment.faults[index];
            fault.to = given.faults[index].to;
            // What would begin at its end or later never does, nor what no simulation lives to see.
            let happens = from < fault.to && value < NEVER.seconds();
            fault.from = if happens { from } else { fault.to };
        }
        Place::Other(Subject::FaultRate(index)) => match &mut environment.faults[index].breaks {
            Breaks::Errors { rate, .. } | Breaks::Dependency { rate } => *rate = value,
            _ => {}
        },
        Place::Other(Subject::FaultFactor(index)) => {
            if let Breaks::Latency { factor, .. } = &mut environment.faults[index].breaks {
                *factor = value;
            }
        }
    }
}

fn bend(curve: &mut Curve, belief: &Belief, times: f64) {
    if let Some(base) = belief.base() {
        curve.become_multiple(base, times);
    }
}

fn sample_mut(source: &mut Source, point: Option<usize>) -> Option<&mut Sample> {
    let scripted = match point {
        Some(point) => &mut source.points[point].1,
        None => &mut source.before,
    };
    match &mut scripted.reading.answer {
        Answer::Shown(Gauge::Draw(sample)) => Some(Arc::make_mut(sample)),
        _ => None,
    }
}

/// All that is drawn, with its places.
fn parameters(environment: &Environment) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut meet = |belief: &Belief, place: Place| {
        let known = parameters
            .iter_mut()
            .find(|known| known.belief.name == belief.name);
        match known {
            Some(known) => known.places.push(place),
            None => parameters.push(Parameter {
                entity: address(&belief.name),
                belief: belief.clone(),
                places: vec![place],
            }),
        }
    };
    for (subject, belief) in &environment.beliefs {
        meet(belief, Place::Other(*subject));
    }
    for (index, image) in environment.images.iter().enumerate() {
        for (aspect, belief) in &image.beliefs {
            meet(belief, Place::Image(index, *aspect));
        }
    }
    for (index, source) in environment.sources.iter().enumerate() {
        let points = source.points.iter().enumerate();
        let points = points.map(|(point, (_, scripted))| (Some(point), scripted));
        for (point, scripted) in std::iter::once((None, &source.before)).chain(points) {
            if let Some(belief) = believed(scripted) {
                meet(belief, Place::Sample(index, point));
            }
        }
    }
    parameters
}

fn believed(scripted: &Scripted) -> Option<&Belief> {
    match &scripted.reading.answer {
        Answer::Shown(Gauge::Draw(sample)) => sample.belief(),
        _ => None,
    }
}

/// The address of a name: the hash of Fowler, Noll and Vo.
fn address(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Beta, Exp, LogNormal};

    use super::*;
    use crate::cluster::provider::Reading;
    use crate::law::Law;
    use crate::plan::environment::{Draw, Fault, Image, Shows, Traffic};

    fn belief(name: &str, unit: Unit, law: Law) -> Belief {
        Belief::new(name.to_owned(), unit, law, (0.0, 1e9)).expect("a belief")
    }

    fn beta() -> Belief {
        let law = Law::Beta(Beta::new(2.0, 98.0).expect("a law"));
        belief("images.v2.errorRate", Unit::Share, law).of_curve(Curve::constant(1.0))
    }

    fn leak() -> Belief {
        let law = Law::Exp(Exp::new(1.0 / 2400.0).expect("a law"));
        belief("images.v2.crashAfter", Unit::Seconds, law)
    }

    fn draw(failing: f64) -> Draw {
        Draw {
            shows: Shows::SuccessRatio,
            requests: 500,
            failing,
            times: None,
        }
    }

    fn drawing(failing: f64, belief: Option<Belief>) -> Source {
        let sample = Sample::new(draw(failing));
        let sample = match belief {
            Some(belief) => sample.believed(belief),
            None => sample,
        };
        let reading = Reading {
            answer: Answer::Shown(Gauge::Draw(Arc::new(sample))),
            text: String::new(),
        };
        let scripted = Scripted {
            reading,
            ..Scripted::default()
        };
        Source {
            points: vec![(SimTime::ZERO, scripted)],
            ..Source::default()
        }
    }

    /// Two versions, the second of which nobody knows; two metrics that draw of the same release; traffic and a fault.
    fn world() -> Environment {
        let median = LogNormal::new(0.0, 0.3).expect("a law");
        let rps = belief("traffic.rps", Unit::Number, Law::LogNormal(median));
        let begins = Law::Uniform(statrs::distribution::Uniform::new(0.0, 200.0).expect("a law"));
        let failing = belief(
            "metrics.a[0].errorRate",
            Unit::Share,
            Law::Beta(Beta::new(3.0, 60.0).expect("a law")),
        );
        Environment {
            images: vec![
                Image::default(),
                Image {
                    beliefs: vec![(Aspect::ErrorRate, beta()), (Aspect::CrashAfter, leak())],
                    ..Image::default()
                },
            ],
            sources: vec![
                drawing(0.05, Some(failing.clone())),
                drawing(0.05, Some(failing)),
            ],
            traffic: Some(Traffic::assumed()),
            faults: vec![Fault {
                from: SimTime::from_secs(100),
                to: SimTime::from_secs(150),
                breaks: Breaks::Dependency { rate: 0.5 },
            }],
            beliefs: vec![
                (Subject::Rps, rps.of_curve(Curve::constant(100.0))),
                (
                    Subject::FaultFrom(0),
                    belief("faults[0].from", Unit::Seconds, begins),
                ),
            ],
            ..Environment::default()
        }
    }

    fn weather(replicate: u64) -> Weather {
        Weather {
            replicate,
            ..Weather::of(7)
        }
    }

    fn values(release: &Release<'_>, replicate: u64) -> Vec<f64> {
        let mut values = Vec::new();
        release.values_in(weather(replicate), &mut values);
        values
    }

    #[test]
    fn draws_of_many_runs_follow_their_laws() {
        let world = world();
        let beliefs = beliefs(&world);
        let names: Vec<&str> = beliefs.iter().map(|belief| belief.name.as_str()).collect();
        let want = [
            "traffic.rps",
            "faults[0].from",
            "images.v2.errorRate",
            "images.v2.crashAfter",
            "metrics.a[0].errorRate",
        ];
        assert_eq!(names, want);
        let mut release = Release::new(&world);
        let runs = 20_000;
        let mut drawn = vec![Vec::new(); names.len()];
        for replicate in 0..runs {
            release.draw(weather(replicate));
            for (all, value) in drawn.iter_mut().zip(values(&release, replicate)) {
                all.push(value);
            }
        }
        for (belief, all) in beliefs.iter().zip(&mut drawn) {
            all.sort_by(f64::total_cmp);
            for share in [0.05, 0.5, 0.95] {
                let quantile = belief.drawn(share);
                let below = all.partition_point(|value| *value <= quantile);
                #[expect(clippy::cast_precision_loss, reason = "a small number")]
                let got = below as f64 / runs as f64;
                // Four standard deviations of a share of so many runs.
                let width = 4.0 * (share * (1.0 - share) / 2e4_f64).sqrt();
                assert!((got - share).abs() < width, "{}: {got}", belief.name);
            }
        }
    }

    #[test]
    fn what_is_drawn_stands_where_it_is_read_and_nothing_else_changes() {
        let world = world();
        let mut release = Release::new(&world);
        for replicate in 0..50 {
            release.draw(weather(replicate));
            let values = values(&release, replicate);
            let mut written = world.clone();
            if let Some(traffic) = &mut written.traffic {
                traffic.rps = Curve::constant(100.0 * values[0]);
            }
            let from = SimTime::ZERO + Delta::of_seconds(values[1]);
            written.faults[0].from = from.min(written.faults[0].to);
            let image = &mut written.images[1];
            image.health.errors.curve = Curve::constant(values[2]);
            image.crash_after = Some(Delta::of_seconds(values[3]));
            for source in &mut written.sources {
                let belief = believed(&source.points[0].1).cloned();
                *source = drawing(values[4], belief);
            }
            assert_eq!(format!("{:?}", *release), format!("{written:?}"));
        }
    }

    #[test]
    fn a_draw_depends_on_the_name_and_the_run_only() {
        let world = world();
        let mut alone = Environment {
            images: vec![Image::default(); 3],
            ..Environment::default()
        };
        alone.images[2].beliefs = vec![(Aspect::ErrorRate, beta())];
        let value = |environment: &Environment, name: &str| {
            let known = known(environment, weather(3));
            known.into_iter().find(|known| known.name == name)
        };
        let name = "images.v2.errorRate";
        assert_eq!(value(&world, name), value(&alone, name));
        let mut other = alone.clone();
        other.images[2] = other.images[2].named("v3");
        let other = value(&other, "images.v3.errorRate").expect("another name");
        assert_ne!(
            Some(other.value),
            value(&alone, name).map(|known| known.value)
        );
    }

    #[test]
    fn without_chance_the_given_truth_counts() {
        let world = world();
        let mut release = Release::new(&world);
        release.draw(weather(1));
        assert!(!std::ptr::eq(&raw const *release, &raw const world));
        release.draw(Weather::CALM);
        assert!(!release.is_drawn() && std::ptr::eq(&raw const *release, &raw const world));
        let known = known(&world, Weather::CALM);
        assert!((known[2].value - 0.02).abs() < 1e-12);
        assert!((known[3].value - 2400.0).abs() < 1e-9);
    }

    #[test]
    fn a_fault_that_would_begin_at_its_end_or_later_never_does() {
        let world = world();
        let mut release = Release::new(&world);
        let mut never = 0;
        for replicate in 0..100 {
            release.draw(weather(replicate));
            let fault = &release.faults[0];
            assert!(fault.from <= fault.to && fault.to == SimTime::from_secs(150));
            never += i32::from(fault.from == fault.to);
        }
        assert!((10..40).contains(&never), "a quarter: {never}");
    }
}
