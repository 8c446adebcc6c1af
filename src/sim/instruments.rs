//! What metric providers answer: by script, by the metric's own query, from the accounts of the simulated service, or by chance; and
//! Jobs, whose fate is decided when they start.

use crate::cluster::provider::{Answer, Asked, JobState, Provider, Reading, ReadingId, Told};
use crate::cluster::{Cluster, TemplateId};
use crate::condition::{Value, ValueRef};
use crate::plan::environment::{Fate, Gauge, QueryId, Sample, Shape, Shows};
use crate::plan::{Environment, Plan};
use crate::promql::Answer as Answered;
use crate::series::exposition::millis;
use crate::series::{Exporter, Found, Prometheus};
use crate::sight::{Behind, Versions};
use crate::sim::oracle::Oracle;
use crate::time::{Delta, SimTime};
use crate::trace::Recorder;
use crate::world::weather::Purpose;
use crate::world::{Weather, World};

/// The metric providers of a run, as long as a controller asks them.
pub(super) struct Instruments<'a, R> {
    pub(super) plan: &'a Plan,
    pub(super) environment: &'a Environment,
    pub(super) cluster: &'a Cluster,
    pub(super) world: &'a World,
    pub(super) shown: &'a mut Shown,
    pub(super) recorder: &'a mut R,
    /// Decides what draws show, instead of chance.
    pub(super) oracle: Option<&'a mut Oracle>,
}

/// What was shown last.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The last answer.
    answer: Vec<f64>,
    /// Whether it is a single number.
    is_scalar: bool,
    /// The last answer, where it is neither a number nor a vector.
    other: Option<Value>,
    /// Scores of canary analyses, by the reading that started them, ascending.
    scores: Vec<(ReadingId, f64)>,
    prometheus: Prometheus,
    /// How many answers came about so far.
    count: u32,
}

impl Shown {
    /// Forgets everything before a new run.
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.scores.clear();
        self.prometheus.clear();
    }

    /// Shows a number in the shape of its provider, or says why that is a failure.
    fn number(&mut self, number: f64, shape: &Shape) -> Result<(), String> {
        self.answer.clear();
        self.is_scalar = false;
        self.other = None;
        if *shape == Shape::Vector {
            self.answer.push(number);
        } else {
            self.other = Some(shape.hold(number)?);
        }
        Ok(())
    }

    fn value(&self) -> ValueRef<'_> {
        match (&self.other, &self.answer[..]) {
            (Some(other), _) => other.as_ref(),
            (None, [number]) if self.is_scalar => ValueRef::Float(*number),
            _ => ValueRef::Vector(&self.answer),
        }
    }

    fn value_to_keep(&self) -> Value {
        match (&self.other, &self.answer[..]) {
            (Some(other), _) => other.clone(),
            (None, [number]) if self.is_scalar => Value::Float(*number),
            _ => Value::Vector(self.answer.clone()),
        }
    }

    fn next_id(&mut self) -> ReadingId {
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
                let shape = &script.shape;
                let failure = self.show(gauge, shape, source, point, now).err();
                let id = self.shown.next_id();
                if let (Shape::Score, Some(Value::Float(score))) = (shape, &self.shown.other) {
                    self.shown.scores.push((id, *score));
                }
                let reading = Some(id);
                let told = if let Some(message) = failure {
                    self.recorder.read(|| (Reading::failure(message), None));
                    Told::Error
                } else {
                    let seen = Seen {
                        plan: self.plan,
                        environment: self.environment,
                        cluster: self.cluster,
                        world: self.world,
                        shown: self.shown,
                    };
                    self.recorder.read(|| {
                        (
                            Reading::of(shape, Ok(seen.shown.value_to_keep())),
                            seen.behind(gauge, now),
                        )
                    });
                    Told::Value(self.shown.value())
                };
                Asked {
                    point,
                    reading,
                    told,
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

    fn score(&self, source: u32, point: Option<u32>, reading: Option<ReadingId>) -> Option<f64> {
        if let Some(id) = reading {
            let scores = &self.shown.scores;
            let at = scores.binary_search_by_key(&id.0, |(id, _)| id.0).ok()?;
            return Some(scores[at].1);
        }
        let script = &self.environment.sources[source as usize];
        match &script.scripted(point).reading.answer {
            Answer::Value(Value::Float(score)) => Some(*score),
            Answer::Value(Value::Json(json)) => json.as_f64(),
            _ => None,
        }
    }
}

impl<R: Recorder> Instruments<'_, R> {
    /// Shows what a gauge says, or why the provider fails.
    fn show(
        &mut self,
        gauge: &Gauge,
        shape: &Shape,
        source: u32,
        point: Option<u32>,
        now: SimTime,
    ) -> Result<(), String> {
        let (number, shows, times) = match gauge {
            Gauge::Signal(signal) => {
                let number = self.world.ledger.signal(self.environment, *signal, now);
                (number, signal.shows, signal.times)
            }
            Gauge::Draw(sample) => {
                let failed = match &mut self.oracle {
                    Some(oracle) => f64::from(oracle.answer(source, point, now)),
                    None => failures(sample, self.world.weather, source, now),
                };
                let draw = sample.draw();
                (draw.told(failed), draw.shows, draw.times)
            }
            Gauge::Query(id) => return self.query(*id, now),
        };
        self.shown.number(shape.scaled(number, shows, times), shape)
    }

    /// Lets Prometheus answer a query; its client hands over all values, whatever labels they have
    /// (`metricproviders/prometheus/prometheus.go: processResponse`).
    fn query(&mut self, id: QueryId, now: SimTime) -> Result<(), String> {
        let asking = &self.environment.queries[usize::from(id.0)];
        let exporter = Exporter::new(self.plan, self.environment, self.cluster, self.world);
        let Shown {
            answer,
            is_scalar,
            other,
            prometheus,
            ..
        } = &mut *self.shown;
        answer.clear();
        *is_scalar = false;
        *other = None;
        match prometheus.answer(&exporter, asking, now)? {
            Found::Instant(Answered::Scalar(number)) => {
                *is_scalar = true;
                answer.push(number);
            }
            Found::Instant(Answered::Vector(elements)) => answer.extend(elements.values()),
            Found::Range(series) => answer.extend(series.iter().flat_map(|one| &one.values)),
        }
        Ok(())
    }
}

/// How many requests of a sample fail that is taken at an instant.
fn failures(sample: &Sample, weather: Weather, source: u32, now: SimTime) -> f64 {
    if weather.random {
        let stream = weather.stream(Purpose::Measurement, u64::from(source));
        f64::from(sample.failed(stream.at(now)))
    } else {
        sample.draw().expected()
    }
}

/// All that is known when an answer is shown.
struct Seen<'a> {
    plan: &'a Plan,
    environment: &'a Environment,
    cluster: &'a Cluster,
    world: &'a World,
    shown: &'a Shown,
}

impl Seen<'_> {
    /// What was behind the answer that was shown last.
    fn behind(&self, gauge: &Gauge, now: SimTime) -> Option<Behind> {
        match gauge {
            // Latency and saturation are those of the moment.
            Gauge::Signal(signal)
                if matches!(signal.shows, Shows::Latency { .. } | Shows::Saturation) =>
            {
                None
            }
            Gauge::Signal(signal) => {
                let ledger = &self.world.ledger;
                let [requests, canary] = ledger.requests_behind(*signal, now);
                Some(Behind {
                    requests,
                    canary: Some(canary),
                    window: Some(signal.over),
                })
            }
            Gauge::Draw(sample) => Some(Behind {
                requests: f64::from(sample.draw().requests),
                canary: None,
                window: None,
            }),
            Gauge::Query(id) => {
                let asking = &self.environment.queries[usize::from(id.0)];
                let canary = self
                    .cluster
                    .rollout
                    .as_ref()
                    .map(|rollout| rollout.template);
                let versions = Versions::of(self.plan, canary.unwrap_or(TemplateId(0)));
                let store = self.shown.prometheus.store();
                let scraping = &self.environment.scraping;
                Behind::query(&asking.query, store, &versions, scraping, millis(now))
                    .filter(|_| asking.range.is_none())
            }
        }
    }
}
