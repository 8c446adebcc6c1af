//! Many walks side by side.
//!
//! A walk waits at every step: for the number, for the edge that it chooses, for the draw to which that leads. Several walks, of which
//! each takes one step in turn, wait at the same time. No branch depends on what is drawn: whoever arrives is overwritten.
//!
//! Knows: the graph. Refuses to explore it: who comes to something unknown stops there.

use std::ops::Range;

use crate::chain::graph::{Arrival, Graph, Place, Sources, Sums, Target, Vertex};
use crate::world::Weather;
use crate::world::weather::{Purpose, Stream, Streams};

/// So many walks are on their way at once.
const LANES: usize = 24;

/// Where the walks of a range got to.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    /// By walk.
    places: Vec<Place>,
    /// Which walk took which detour; sorted by walk.
    turns: Vec<(u32, u32)>,
}

/// A walk on its way. Its numbers come from `K`.
#[derive(Clone, Copy, Debug)]
struct Lane<K> {
    numbers: K,
    place: Place,
    walk: u32,
}

impl Lanes {
    /// Takes all walks of a range as far as the graph is known. The range has at most 2^32 - 1 replicates.
    pub(super) fn walk(&mut self, graph: &Graph, weather: Weather, replicates: Range<u64>) {
        let root = graph.roots.first().copied().unwrap_or(Target::Unknown);
        let root = Place::from(root);
        let count = usize::try_from(replicates.end.saturating_sub(replicates.start)).unwrap_or(0);
        self.turns.clear();
        self.places.clear();
        self.places.resize(count, root);
        if !root.is_vertex() {
            return;
        }
        let streams = |walk: u32| {
            let replicate = replicates.start + u64::from(walk);
            let weather = Weather {
                replicate,
                ..weather
            };
            weather.streams(Purpose::Measurement)
        };
        if let Sources::One(source) = graph.sources {
            let stream = |walk| streams(walk).of(u64::from(source));
            let number = |stream: Stream, vertex: &Vertex| stream.at_address(vertex.address);
            self.advance(graph, root, stream, number);
        } else {
            let number = |streams: Streams, vertex: &Vertex| {
                let stream = streams.of(u64::from(vertex.source));
                stream.at_address(vertex.address)
            };
            self.advance(graph, root, streams, number);
        }
        self.turns.sort_by_key(|(walk, _)| *walk);
    }

    /// Where each walk arrived, in order; `None`: it did not arrive.
    pub(super) fn arrivals(&self, graph: &Graph) -> impl Iterator<Item = Option<Arrival>> {
        let mut turns = self.turns.iter().peekable();
        (0_u32..).zip(&self.places).map(move |(walk, place)| {
            let mut detours = Sums::default();
            while let Some((_, detour)) = turns.next_if(|(turned, _)| *turned == walk) {
                detours = detours.plus(graph.detours[*detour as usize]);
            }
            match place.target() {
                Target::End(end) => Some(Arrival { end, detours }),
                _ => None,
            }
        })
    }

    #[inline]
    fn advance<K: Copy>(
        &mut self,
        graph: &Graph,
        root: Place,
        numbers: impl Fn(u32) -> K,
        number: impl Fn(K, &Vertex) -> u64,
    ) {
        let start = |walk| Lane {
            numbers: numbers(walk),
            place: root,
            walk,
        };
        let count = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let (mut lanes, mut busy, mut next) = ([start(0); LANES], 0, 0);
        loop {
            while busy < LANES && next < count {
                lanes[busy] = start(next);
                busy += 1;
                next += 1;
            }
            if busy == 0 {
                return;
            }
            let mut kept = 0;
            for index in 0..busy {
                let lane = lanes[index];
                let vertex = &graph.vertices[lane.place.index()];
                let class = graph.class(vertex, number(lane.numbers, vertex));
                let edge = graph.edges[vertex.edges as usize + usize::from(class)];
                if edge.detour != 0 {
                    self.turns.push((lane.walk, edge.detour));
                }
                self.places[lane.walk as usize] = edge.place;
                lanes[kept] = Lane {
                    place: edge.place,
                    ..lane
                };
                kept += usize::from(edge.place.is_vertex());
            }
            busy = kept;
        }
    }
}
