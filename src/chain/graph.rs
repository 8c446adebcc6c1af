//! The graph of a rollout: where measurements are taken, what follows from each outcome, and how runs end.
//!
//! Knows: nothing of simulations; a walk through it needs no more than random numbers. Refuses to know states.

use crate::chain::classes::Classes;
use crate::trials::Summary;
use crate::world::Weather;
use crate::world::ledger::seconds;
use crate::world::weather::{Address, Purpose, Stream};

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
    /// Who is asked.
    pub(super) sources: Sources,
}

/// Whom the draws of a graph ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sources {
    /// There are no draws.
    #[default]
    None,
    /// All ask this one.
    One(u32),
    /// Several.
    Many,
}

/// A draw whose outcome decides. Half a line of the cache: walks do little else than to load them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex {
    /// The instant.
    pub(super) address: Address,
    /// Where two outcomes are told apart by one threshold: that one.
    pub(super) threshold: u64,
    pub(super) source: u32,
    /// Index of its classes.
    pub(super) draw: u32,
    /// Its first edge; there is one for each class.
    pub(super) edges: u32,
    /// Whether two outcomes are told apart by one threshold.
    pub(super) is_simple: bool,
}

/// What follows from an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) place: Place,
    /// Index of the detour.
    pub(super) detour: u32,
}

/// A [`Target`] in 32 bits: its kind in the highest two, its index in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

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

impl Place {
    /// The largest index.
    pub(super) const INDEX_MAX: u32 = (1 << 30) - 1;

    const END: u32 = 1 << 30;
    const NODE: u32 = 2 << 30;
    const UNKNOWN: u32 = 3 << 30;

    /// Where this is.
    #[inline]
    pub(super) fn target(self) -> Target {
        let index = self.0 & Self::INDEX_MAX;
        match self.0 & Self::UNKNOWN {
            0 => Target::Vertex(index),
            Self::END => Target::End(index),
            Self::NODE => Target::Node(index),
            _ => Target::Unknown,
        }
    }

    /// Whether this is a draw.
    #[inline]
    pub(super) fn is_vertex(self) -> bool {
        self.0 <= Self::INDEX_MAX
    }

    /// The index, whatever it is one of.
    #[inline]
    pub(super) fn index(self) -> usize {
        (self.0 & Self::INDEX_MAX) as usize
    }
}

impl From<Target> for Place {
    fn from(target: Target) -> Self {
        Self(match target {
            Target::Vertex(index) => index,
            Target::End(index) => Self::END | index,
            Target::Node(index) => Self::NODE | index,
            Target::Unknown => Self::UNKNOWN,
        })
    }
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
    /// The last edge on the way that leads to a node whose first draw is known.
    long: Option<usize>,
}

/// A run that is through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Arrival {
    /// Index of the end.
    pub(super) end: u32,
    pub(super) detours: Sums,
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
        let arrival = Walk::new(weather).go_on(self).ok()?;
        Some(self.summary(arrival))
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
        self.edges.iter().all(|edge| known(edge.place.target()))
            && self.roots.iter().all(|root| known(*root))
    }

    /// Lets all edges lead to draws and ends, where these are known.
    pub(super) fn shorten(&mut self) {
        for edge in &mut self.edges {
            if let Target::Node(node) = edge.place.target()
                && self.roots[node as usize] != Target::Unknown
            {
                edge.place = self.roots[node as usize].into();
            }
        }
    }

    /// The same for one edge.
    pub(super) fn shorten_one(&mut self, edge: usize) {
        if let Target::Node(node) = self.edges[edge].place.target() {
            self.edges[edge].place = self.roots[node as usize].into();
        }
    }

    /// What a run comes to that arrived here.
    pub(super) fn summary(&self, arrival: Arrival) -> Summary {
        let end = &self.ends[arrival.end as usize];
        if arrival.detours == Sums::default() {
            end.summary
        } else {
            end.after(arrival.detours)
        }
    }

    /// Whether the run is so long that a simulation would cut it off.
    pub(super) fn is_too_long(&self, arrival: Arrival) -> bool {
        let instants = self.ends[arrival.end as usize].sums.instants + arrival.detours.instants;
        i64::from(crate::sim::MOST_INSTANTS) < instants
    }

    /// Adds a draw that asks this source.
    pub(super) fn push(&mut self, vertex: Vertex) {
        self.sources = match self.sources {
            Sources::None => Sources::One(vertex.source),
            Sources::One(source) if source == vertex.source => self.sources,
            _ => Sources::Many,
        };
        self.vertices.push(vertex);
    }

    /// The class of the outcome that a random number makes of a draw.
    #[inline]
    pub(super) fn class(&self, vertex: &Vertex, number: u64) -> u8 {
        if vertex.is_simple {
            u8::from(vertex.threshold <= number)
        } else {
            self.classes[vertex.draw as usize].of(number)
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
            long: None,
        }
    }

    /// The last edge on the way that could lead straight to a draw, and does not.
    pub(super) fn long(&self) -> Option<usize> {
        self.long
    }

    /// Goes on to the end of the run, or to where it is not known yet what follows.
    #[inline]
    pub(super) fn go_on(&mut self, graph: &Graph) -> Result<Arrival, Halt> {
        let mut by = None;
        loop {
            match self.place {
                Target::Vertex(index) => {
                    let vertex = &graph.vertices[index as usize];
                    let number = self.stream(vertex.source).at_address(vertex.address);
                    let class = graph.class(vertex, number);
                    let edge_index = vertex.edges as usize + usize::from(class);
                    let edge = graph.edges[edge_index];
                    let target = edge.place.target();
                    if target == Target::Unknown {
                        return Err(Halt::Edge(index, class));
                    }
                    if edge.detour != 0 {
                        let detour = graph.detours[edge.detour as usize];
                        self.detours = self.detours.plus(detour);
                    }
                    self.place = target;
                    by = Some(edge_index);
                }
                Target::End(end) => {
                    let detours = self.detours;
                    let arrival = Arrival { end, detours };
                    return if graph.is_too_long(arrival) {
                        Err(Halt::TooLong)
                    } else {
                        Ok(arrival)
                    };
                }
                Target::Node(node) => match graph.roots.get(node as usize) {
                    None | Some(Target::Unknown) => return Err(Halt::Root(node)),
                    Some(root) => {
                        self.place = *root;
                        self.long = by.or(self.long);
                    }
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
