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
    /// What was drawn last, by parameter.
    values: Vec<f64>,
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
                values: Vec::with_capacity(parameters.len()),
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

    /// What was drawn last, in the order of [`beliefs`]; empty where nothing is.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        match &self.drawn {
            Some(drawn) if drawn.is_in_force => &drawn.values,
            _ => &[],
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
        self.values.clear();
        for parameter in &self.parameters {
            let value = parameter.value(weather);
            self.values.push(value);
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
