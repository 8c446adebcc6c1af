//! The graph of a rollout: where measurements are taken, what follows from each outcome, and how runs end.
//!
//! Knows: nothing of simulations; a walk through it needs no more than random numbers. Refuses to know states.

use crate::chain::classes::Classes;
use crate::time::SimTime;
use crate::trials::Summary;
use crate::world::Weather;
use crate::world::ledger::seconds;
use crate::world::weather::{Purpose, Stream};

/// What runs can come to, and by which outcomes of measurements. Read-only: threads share it.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub(super) classes: Vec<Classes>,
    pub(super) vertices: Vec<Vertex>,
    pub(super) edges: Vec<Edge>,
    /// Differences between ways that lead to the same place; the first is none.
    pub(super) detours: Vec<Sums>,
    pub(super) ends: Vec<End>,
    /// Where the first draw of each node is.
    pub(super) roots: Vec<Target>,
}

/// A draw whose outcome decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex {
    pub(super) at: SimTime,
    /// Where two outcomes are told apart by one threshold: that one.
    pub(super) threshold: Option<u64>,
    pub(super) source: u32,
    /// Index of its classes.
    pub(super) draw: u32,
    /// Its first edge; there is one for each class.
    pub(super) edges: u32,
}

/// What follows from an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) target: Target,
    /// Index of the detour.
    pub(super) detour: u32,
}

/// Where an edge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Nobody went there yet.
    Unknown,
    /// To the first draw of this node.
    Node(u32),
    /// To a draw.
    Vertex(u32),
    /// The run ends.
    End(u32),
}

/// How a run ends that got here without detours.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) summary: Summary,
    pub(super) sums: Sums,
}

/// What adds up along a way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Sums {
    /// Pods beyond `spec.replicas`, over time \[ns\].
    pub(super) excess: i128,
    /// Time with fewer available pods than `spec.replicas` \[ns\].
    pub(super) short: i128,
    /// Finished measurements.
    pub(super) measurements: i64,
    /// Instants at which something happened.
    pub(super) instants: i64,
}

/// A place at which a walk cannot go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The first draw of a node is not known yet.
    Root(u32),
    /// What follows from this class at this vertex is not known yet.
    Edge(u32, u8),
    /// The run is so long that a simulation would cut it off.
    TooLong,
}

/// A run on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    weather: Weather,
    streams: [Stream; STREAMS],
    known: u8,
    place: Target,
    detours: Sums,
}

/// The streams of so many sources are remembered during a walk.
const STREAMS: usize = 8;

impl Sums {
    /// The sums together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            excess: self.excess + other.excess,
            short: self.short + other.short,
            measurements: self.measurements + other.measurements,
            instants: self.instants + other.instants,
        }
    }

    /// What is missing from `other` to these.
    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            excess: self.excess - other.excess,
            short: self.short - other.short,
            measurements: self.measurements - other.measurements,
            instants: self.instants - other.instants,
        }
    }
}

impl End {
    /// The summary of a run that got here by detours.
    pub(super) fn after(&self, detours: Sums) -> Summary {
        let sums = self.sums.plus(detours);
        let mut summary = self.summary;
        summary.measurements = u32::try_from(sums.measurements).unwrap_or(u32::MAX);
        summary.costs.excess_pod_seconds = seconds(sums.excess);
        summary.costs.short_of_capacity = seconds(sums.short);
        summary
    }
}

impl Graph {
    /// What the run comes to that has this weather; `None` where nobody looked yet what follows.
    #[must_use]
    pub fn walk(&self, weather: Weather) -> Option<Summary> {
        Walk::new(weather).go_on(self).ok()
    }

    /// How many measurements it tells apart, by what went before them.
    #[must_use]
    pub fn vertices(&self) -> usize {
        self.vertices.len()
    }

    /// How many ways lead on from them.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.edges.len()
    }

    /// Whether it is known of every outcome what follows.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let known = |target: Target| target != Target::Unknown;
        self.edges.iter().all(|edge| known(edge.target))
            && self.roots.iter().all(|root| known(*root))
    }

    /// Lets all edges lead to draws and ends, where these are known.
    pub(super) fn shorten(&mut self) {
        for edge in &mut self.edges {
            if let Target::Node(node) = edge.target
                && self.roots[node as usize] != Target::Unknown
            {
                edge.target = self.roots[node as usize];
            }
        }
    }
}

impl Walk {
    /// A run at its beginning.
    pub(super) fn new(weather: Weather) -> Self {
        Self {
            weather,
            streams: [Stream::default(); STREAMS],
            known: 0,
            place: Target::Node(0),
            detours: Sums::default(),
        }
    }

    /// Goes on to the end of the run, or to where it is not known yet what follows.
    #[inline]
    pub(super) fn go_on(&mut self, graph: &Graph) -> Result<Summary, Halt> {
        loop {
            match self.place {
                Target::Vertex(index) => {
                    let vertex = &graph.vertices[index as usize];
                    let number = self.stream(vertex.source).at(vertex.at);
                    let class = match vertex.threshold {
                        Some(threshold) => u8::from(threshold <= number),
                        None => graph.classes[vertex.draw as usize].of(number),
                    };
                    let edge = graph.edges[vertex.edges as usize + usize::from(class)];
                    if edge.target == Target::Unknown {
                        return Err(Halt::Edge(index, class));
                    }
                    if edge.detour != 0 {
                        let detour = graph.detours[edge.detour as usize];
                        self.detours = self.detours.plus(detour);
                    }
                    self.place = edge.target;
                }
                Target::End(index) => {
                    let end = &graph.ends[index as usize];
                    let instants = end.sums.instants + self.detours.instants;
                    if i64::from(crate::sim::MOST_INSTANTS) < instants {
                        return Err(Halt::TooLong);
                    }
                    return Ok(if self.detours == Sums::default() {
                        end.summary
                    } else {
                        end.after(self.detours)
                    });
                }
                Target::Node(node) => match graph.roots.get(node as usize) {
                    None | Some(Target::Unknown) => return Err(Halt::Root(node)),
                    Some(root) => self.place = *root,
                },
                Target::Unknown => return Err(Halt::Root(0)),
            }
        }
    }

    /// The random numbers of a source.
    #[inline]
    fn stream(&mut self, source: u32) -> Stream {
        let fresh = || self.weather.stream(Purpose::Measurement, u64::from(source));
        let index = source as usize;
        if STREAMS <= index {
            return fresh();
        }
        if self.known & 1 << index == 0 {
            self.streams[index] = fresh();
            self.known |= 1 << index;
        }
        self.streams[index]
    }
}
