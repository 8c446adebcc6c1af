//! What metric providers answer: by script, from the accounts of the simulated service, or by chance; and Jobs, whose fate is decided
//! when they start.

use rand_distr::{Binomial, Distribution};

use crate::cluster::provider::{Answer, Asked, JobState, Provider, Reading, ReadingId, Told};
use crate::condition::{Value, ValueRef};
use crate::plan::Environment;
use crate::plan::environment::{Draw, Fate, Gauge, Shows};
use crate::time::{Delta, SimTime};
use crate::trace::Recorder;
use crate::world::World;
use crate::world::weather::Purpose;

/// The metric providers of a run, as long as a controller asks them.
pub(super) struct Instruments<'a, R> {
    pub(super) environment: &'a Environment,
    pub(super) world: &'a World,
    pub(super) shown: &'a mut Shown,
    pub(super) recorder: &'a mut R,
}

/// What was shown last.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The numbers of the last answer.
    vector: Vec<f64>,
    /// How many answers came about so far.
    count: u32,
}

impl Shown {
    /// Forgets everything before a new run.
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    fn number(&mut self) -> ReadingId {
        self.count += 1;
        ReadingId(self.count - 1)
    }
}

impl<R: Recorder> Provider for Instruments<'_, R> {
    fn ask(&mut self, source: u32, now: SimTime) -> Asked<'_> {
        let script = &self.environment.sources[source as usize];
        let point = script.point_at(now);
        let told = |told| Asked {
            point,
            reading: None,
            told,
        };
        match &script.scripted(point).reading.answer {
            Answer::Value(value) => told(Told::Value(value.as_ref())),
            Answer::Assumed => told(Told::Assumed),
            Answer::Error(_) => told(Told::Error),
            Answer::Job => told(Told::Job),
            Answer::Shown(gauge) => {
                let number = match gauge {
                    Gauge::Signal(signal) => {
                        self.world.ledger.signal(self.environment, *signal, now)
                    }
                    Gauge::Draw(draw) => self.draw(draw, source, now),
                };
                self.shown.vector.clear();
                self.shown.vector.push(number);
                let vector = &self.shown.vector;
                self.recorder
                    .read(|| Reading::of(Value::Vector(vector.clone())));
                let reading = Some(self.shown.number());
                Asked {
                    point,
                    reading,
                    told: Told::Value(ValueRef::Vector(&self.shown.vector)),
                }
            }
        }
    }

    fn job(&self, source: u32, point: Option<u32>, age: Delta) -> JobState {
        match self.environment.sources[source as usize]
            .scripted(point)
            .job
        {
            Fate::Succeeds(after) if after <= age => JobState::Complete,
            Fate::Fails(after) if after <= age => JobState::Failed,
            _ => JobState::Running,
        }
    }
}

impl<R> Instruments<'_, R> {
    /// What a sample of its own shows at an instant.
    fn draw(&self, draw: &Draw, source: u32, now: SimTime) -> f64 {
        let requests = f64::from(draw.requests);
        let failed = if self.world.weather.random {
            let index = u64::from_ne_bytes(now.nanos().to_ne_bytes());
            let mut generator =
                self.world
                    .weather
                    .generator(Purpose::Measurement, u64::from(source), index);
            let law = Binomial::new(u64::from(draw.requests), draw.failing);
            #[expect(clippy::cast_precision_loss, reason = "at most 2^32 requests")]
            law.map_or(0.0, |law| law.sample(&mut generator) as f64)
        } else {
            requests * draw.failing
        };
        match draw.shows {
            Shows::SuccessRatio => (requests - failed) / requests,
            Shows::ErrorRatio => failed / requests,
            _ => failed,
        }
    }
}
