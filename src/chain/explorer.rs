//! Finds out what follows from outcomes, by simulating each stretch between two measurements once.
//!
//! Knows: the states between the stretches. Two that are equal have the same future and are one node.

use std::collections::HashMap;

use crate::chain::graph::{Edge, End, Graph, Halt, Place, Sums, Target, Vertex};
use crate::chain::{Limits, TooLarge};
use crate::sim::oracle::Question;
use crate::sim::state::{Reached, State};
use crate::sim::{Clock, Simulation, Start};
use crate::time::SimTime;
use crate::trials::summary::{Costs, Course, measurements};
use crate::trials::{Judge, Summary};
use crate::world::weather::Address;

/// The simulation and the states at which it can go on.
#[derive(Debug)]
pub(super) struct Explorer<'a> {
    simulation: Simulation<'a, Judge<'a>>,
    start: &'a Start,
    limits: Limits,
    nodes: Vec<Node>,
    /// Where each vertex belongs.
    origins: Vec<Origin>,
    /// What is added on the way of each edge.
    added: Vec<Added>,
    /// Where each edge leads: to a draw of the same node, to another node, or to an end.
    places: Vec<Target>,
    /// By digest of the state; nodes with the same one are linked.
    known: HashMap<u64, u32>,
    /// The detours of the graph.
    detours: HashMap<Sums, u32>,
    /// What the states take \[bytes\].
    size: usize,
    /// States that are no longer needed, for their memory.
    #[expect(clippy::vec_box, reason = "they come out of boxes and go into boxes")]
    spare: Vec<Box<State>>,
    scratch: Box<State>,
    path: Vec<u8>,
    asked: Vec<Question>,
}

/// A state right after measurements, or the start.
#[derive(Debug)]
pub(super) struct Node {
    /// The instant of the measurements.
    pub(super) at: SimTime,
    /// `None` for the start, and for what is explored.
    state: Option<Box<State>>,
    course: Course,
    /// What the counters say that the state keeps.
    counted: i64,
    /// The sums of the way by which it was found.
    sums: Sums,
    /// Another node with the same digest.
    twin: Option<u32>,
    /// What is added up to the end, where the run ends without any further draw.
    pub(super) last: Added,
}

/// What is added up along an edge. Amounts of requests are expectations.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Added {
    pub(super) sums: Sums,
    pub(super) costs: Costs,
}

#[derive(Clone, Copy, Debug)]
struct Origin {
    node: u32,
    /// The vertex before it at the same instant, and the class there.
    before: Option<(u32, u8)>,
}

impl<'a> Explorer<'a> {
    /// An explorer that knows the start only.
    pub(super) fn new(
        simulation: Simulation<'a, Judge<'a>>,
        start: &'a Start,
        limits: Limits,
        graph: &mut Graph,
    ) -> Self {
        graph.detours.push(Sums::default());
        graph.roots.push(Target::Unknown);
        // Places have less than 32 bits, and a stretch adds several edges.
        let most = Place::INDEX_MAX as usize / 4;
        let limits = Limits {
            nodes: limits.nodes.min(most),
            edges: limits.edges.min(most),
            ..limits
        };
        Self {
            simulation,
            start,
            limits,
            nodes: vec![Node {
                at: start.at,
                state: None,
                course: Course::default(),
                counted: counted(&start.cluster),
                sums: Sums::default(),
                twin: None,
                last: Added::default(),
            }],
            origins: Vec::new(),
            added: Vec::new(),
            places: Vec::new(),
            known: HashMap::new(),
            detours: HashMap::new(),
            size: 0,
            spare: Vec::new(),
            scratch: Box::default(),
            path: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What is added on the way of an edge.
    pub(super) fn added(&self, edge: usize) -> &Added {
        &self.added[edge]
    }

    /// Where an edge leads, whatever the graph made of it.
    pub(super) fn place(&self, edge: usize) -> Target {
        self.places[edge]
    }

    /// Finds out what follows at a place where a walk had to stop.
    pub(super) fn explore(&mut self, graph: &mut Graph, halt: Halt) -> Result<(), TooLarge> {
        let (node, before) = match halt {
            Halt::Root(node) => (node, None),
            Halt::Edge(vertex, class) => {
                (self.origins[vertex as usize].node, Some((vertex, class)))
            }
            Halt::TooLong => return Err(TooLarge),
        };
        if self.limits.nodes <= self.nodes.len()
            || self.limits.edges <= graph.edges.len()
            || self.limits.bytes <= self.size
        {
            return Err(TooLarge);
        }
        self.find_path(before);
        let (clock, reached) = self.simulate(node)?;
        let (target, added, detour) = self.arrive(graph, node, clock, reached);
        self.link(graph, node, before, target, added, detour);
        Ok(())
    }

    /// Forgets the state of a node from which all ways are known; no later way may lead there.
    pub(super) fn close(&mut self, node: u32) {
        if let Some(state) = self.nodes[node as usize].state.take() {
            self.size -= state.size();
            self.spare.push(state);
        }
    }

    /// The classes on the way from the node to an edge.
    fn find_path(&mut self, before: Option<(u32, u8)>) {
        self.path.clear();
        let mut next = before;
        while let Some((vertex, class)) = next {
            self.path.push(class);
            next = self.origins[vertex as usize].before;
        }
        self.path.reverse();
    }

    fn simulate(&mut self, node: u32) -> Result<(Clock, Reached), TooLarge> {
        if let Some(oracle) = self.simulation.oracle() {
            oracle.follow(&self.path);
        }
        let node_index = node as usize;
        let (clock, reached) = if node == 0 {
            self.simulation.begin(self.start)
        } else {
            let course = self.nodes[node_index].course;
            self.simulation.recorder_mut().resume(course);
            // Only what is explored has no state, and nobody asks for that again.
            let state = self.nodes[node_index].state.as_ref().ok_or(TooLarge)?;
            self.simulation.resume(state, self.start)
        };
        self.asked.clear();
        if let Some(oracle) = self.simulation.oracle() {
            self.asked.extend_from_slice(oracle.asked());
        }
        Ok((clock, reached))
    }

    /// Where a stretch ended, what was added on the way, and its detour.
    fn arrive(
        &mut self,
        graph: &mut Graph,
        node: u32,
        clock: Clock,
        reached: Reached,
    ) -> (Target, Added, Sums) {
        let before = &self.nodes[node as usize];
        if let Reached::Draws(_) = reached {
            self.simulation.account(clock.now);
        }
        let tally = self.simulation.world().ledger.tally();
        let lengths = tally.lengths();
        let now_counted = counted(self.simulation.cluster());
        let sums = Sums {
            excess: lengths.excess,
            short: lengths.short,
            measurements: now_counted - before.counted,
            instants: i64::from(clock.instants),
        };
        let total = before.sums.plus(sums);
        match reached {
            Reached::End(ending) => {
                let cluster = self.simulation.cluster();
                let own: Summary = self.simulation.recorder().summary(cluster, ending, tally);
                let added = Added {
                    sums,
                    costs: own.costs,
                };
                let end = End {
                    summary: own,
                    sums: total,
                };
                let summary = end.after(Sums::default());
                graph.ends.push(End { summary, ..end });
                let target = Target::End(index(graph.ends.len() - 1));
                (target, added, Sums::default())
            }
            Reached::Draws(next) => {
                let ending = crate::sim::Ending {
                    at: clock.now,
                    reason: crate::sim::EndReason::Until,
                };
                let costs = Costs::of(tally, ending);
                let found = self.node(graph, clock, next, total);
                let detour = total.minus(self.nodes[found as usize].sums);
                (Target::Node(found), Added { sums, costs }, detour)
            }
        }
    }

    /// The node of the present state.
    fn node(&mut self, graph: &mut Graph, clock: Clock, next: SimTime, sums: Sums) -> u32 {
        self.simulation.save(&clock, next, &mut self.scratch);
        let course = self.simulation.recorder().course();
        let digest = self.scratch.digest();
        let first = self.known.get(&digest).copied();
        let mut twin = first;
        while let Some(index) = twin {
            let node = &self.nodes[index as usize];
            let same = node
                .state
                .as_ref()
                .is_some_and(|state| *state == self.scratch);
            if same && node.course == course {
                self.check_merge(clock, next, index);
                return index;
            }
            twin = node.twin;
        }
        let mut state = self.spare.pop().unwrap_or_default();
        std::mem::swap(&mut state, &mut self.scratch);
        self.size += state.size();
        let found = index(self.nodes.len());
        self.nodes.push(Node {
            at: clock.now,
            counted: counted(&state.cluster),
            state: Some(state),
            course,
            sums,
            twin: first,
            last: Added::default(),
        });
        graph.roots.push(Target::Unknown);
        self.known.insert(digest, found);
        found
    }

    /// Checks, in debug builds, that two histories that were found to be the same go on alike, up to the next draws.
    fn check_merge(&mut self, clock: Clock, next: SimTime, found: u32) {
        let Some(state) = self.nodes[found as usize]
            .state
            .as_ref()
            .filter(|_| cfg!(debug_assertions))
        else {
            return;
        };
        let ask_again = |simulation: &mut Simulation<'a, Judge<'a>>| {
            if let Some(oracle) = simulation.oracle() {
                oracle.follow(&[]);
            }
        };
        let what_follows = |simulation: &mut Simulation<'a, Judge<'a>>, reached: Reached| {
            let oracle = simulation.oracle();
            let asked = oracle.map(|oracle| oracle.asked().to_vec());
            let summary = match reached {
                Reached::Draws(_) => None,
                Reached::End(ending) => {
                    let (judge, cluster) = (simulation.recorder(), simulation.cluster());
                    let tally = simulation.world().ledger.tally();
                    let summary = judge.summary(cluster, ending, tally);
                    Some((summary.verdict, summary.since, summary.cause, ending))
                }
            };
            let course = simulation.recorder().course();
            (asked, summary, course)
        };
        // The simulation still has everything that its state forgot.
        let simulation = &mut self.simulation;
        ask_again(simulation);
        let (_, reached) = simulation.proceed(clock, next, self.start);
        let unforgotten = what_follows(simulation, reached);
        ask_again(simulation);
        simulation
            .recorder_mut()
            .resume(self.nodes[found as usize].course);
        let (_, reached) = simulation.resume(state, self.start);
        let known = what_follows(simulation, reached);
        assert_eq!(
            unforgotten, known,
            "histories with different futures were merged"
        );
    }

    /// Puts what was found into the graph: the draws beyond the path, each by its first class, and where they lead.
    fn link(
        &mut self,
        graph: &mut Graph,
        node: u32,
        before: Option<(u32, u8)>,
        target: Target,
        added: Added,
        detour: Sums,
    ) {
        let mut open = before;
        for number in self.path.len()..self.asked.len() {
            let question = self.asked[number];
            let vertex = index(graph.vertices.len());
            let classes = &graph.classes[question.draw as usize];
            let (threshold, outcomes) = (classes.threshold(), classes.probabilities.len());
            graph.push(Vertex {
                address: Address::of(question.at),
                threshold: threshold.unwrap_or(0),
                source: question.source,
                draw: question.draw,
                edges: index(graph.edges.len()),
                is_simple: threshold.is_some(),
            });
            let blank = Edge {
                place: Target::Unknown.into(),
                detour: 0,
            };
            let edges = graph.edges.len() + outcomes;
            graph.edges.resize(edges, blank);
            self.added.resize(edges, Added::default());
            self.places.resize(edges, Target::Unknown);
            self.origins.push(Origin { node, before: open });
            self.lead(graph, node, open, Target::Vertex(vertex), 0);
            open = Some((vertex, question.class));
        }
        let detour = if detour == Sums::default() {
            0
        } else {
            *self.detours.entry(detour).or_insert_with(|| {
                graph.detours.push(detour);
                index(graph.detours.len() - 1)
            })
        };
        self.lead(graph, node, open, target, detour);
        match open {
            Some((vertex, class)) => {
                let edge = graph.vertices[vertex as usize].edges as usize + usize::from(class);
                self.added[edge] = added;
            }
            None => self.nodes[node as usize].last = added,
        }
    }

    /// Lets the root of a node, or an edge, lead somewhere.
    fn lead(
        &mut self,
        graph: &mut Graph,
        node: u32,
        open: Option<(u32, u8)>,
        target: Target,
        detour: u32,
    ) {
        match open {
            None => graph.roots[node as usize] = target,
            Some((vertex, class)) => {
                let edge = graph.vertices[vertex as usize].edges as usize + usize::from(class);
                graph.edges[edge] = Edge {
                    place: target.into(),
                    detour,
                };
                self.places[edge] = target;
            }
        }
    }
}

fn counted(cluster: &crate::cluster::Cluster) -> i64 {
    i64::from(measurements(cluster))
}

/// Limits keep all lists below 2^32 elements.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
