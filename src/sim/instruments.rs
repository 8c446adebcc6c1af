//! What metric providers answer: by script, by the metric's own query, from the accounts of the simulated service, or by chance; and
//! Jobs, whose fate is decided when they start.

use rand_distr::{Binomial, Distribution};

use crate::cluster::provider::{Answer, Asked, JobState, Provider, Reading, ReadingId, Told};
use crate::cluster::{Cluster, TemplateId};
use crate::condition::{Value, ValueRef};
use crate::plan::environment::{Draw, Fate, Gauge, QueryId, Shows};
use crate::plan::{Environment, Plan};
use crate::promql::Answer as Answered;
use crate::series::exposition::millis;
use crate::series::{Exporter, Found, Prometheus};
use crate::sight::{Behind, Versions};
use crate::time::{Delta, SimTime};
use crate::trace::Recorder;
use crate::world::World;
use crate::world::weather::Purpose;

/// The metric providers of a run, as long as a controller asks them.
pub(super) struct Instruments<'a, R> {
    pub(super) plan: &'a Plan,
    pub(super) environment: &'a Environment,
    pub(super) cluster: &'a Cluster,
    pub(super) world: &'a World,
    pub(super) shown: &'a mut Shown,
    pub(super) recorder: &'a mut R,
}

/// What was shown last.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The last answer.
    answer: Vec<f64>,
    /// Whether it is a single number.
    is_scalar: bool,
    prometheus: Prometheus,
    /// How many answers came about so far.
    count: u32,
}

impl Shown {
    /// Forgets everything before a new run.
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.prometheus.clear();
    }

    fn number(&mut self, number: f64) {
        self.answer.clear();
        self.answer.push(number);
        self.is_scalar = false;
    }

    fn value(&self) -> ValueRef<'_> {
        match self.answer[..] {
            [number] if self.is_scalar => ValueRef::Float(number),
            _ => ValueRef::Vector(&self.answer),
        }
    }

    fn value_to_keep(&self) -> Value {
        match self.answer[..] {
            [number] if self.is_scalar => Value::Float(number),
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
                let failure = match gauge {
                    Gauge::Signal(signal) => {
                        let ledger = &self.world.ledger;
                        self.shown
                            .number(ledger.signal(self.environment, *signal, now));
                        None
                    }
                    Gauge::Draw(draw) => {
                        let number = self.draw(draw, source, now);
                        self.shown.number(number);
                        None
                    }
                    Gauge::Query(id) => self.query(*id, now).err(),
                };
                let reading = Some(self.shown.next_id());
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
                            Reading::of(seen.shown.value_to_keep()),
                            seen.behind(*gauge, now),
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
}

impl<R: Recorder> Instruments<'_, R> {
    /// Lets Prometheus answer a query; its client hands over all values, whatever labels they have
    /// (`metricproviders/prometheus/prometheus.go: processResponse`).
    fn query(&mut self, id: QueryId, now: SimTime) -> Result<(), String> {
        let asking = &self.environment.queries[usize::from(id.0)];
        let exporter = Exporter::new(self.plan, self.environment, self.cluster, self.world);
        let Shown {
            answer,
            is_scalar,
            prometheus,
            ..
        } = &mut *self.shown;
        answer.clear();
        *is_scalar = false;
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
    fn behind(&self, gauge: Gauge, now: SimTime) -> Option<Behind> {
        match gauge {
            // The latency of a signal is that of the moment.
            Gauge::Signal(signal) if matches!(signal.shows, Shows::Latency { .. }) => None,
            Gauge::Signal(signal) => {
                let ledger = &self.world.ledger;
                let [requests, canary] = ledger.requests_behind(signal, now);
                Some(Behind {
                    requests,
                    canary: Some(canary),
                    window: Some(signal.over),
                })
            }
            Gauge::Draw(draw) => Some(Behind {
                requests: f64::from(draw.requests),
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
