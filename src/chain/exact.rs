//! The distribution over everything that can happen.
//!
//! Knows: how likely each edge is. Probabilities flow along the edges in the order of time, which all edges follow.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::chain::TooLarge;
use crate::chain::distribution::{Atoms, Distribution};
use crate::chain::explorer::{Added, Explorer};
use crate::chain::graph::{Graph, Halt, Target};
use crate::chain::sum::Sum;
use crate::trials::summary::{Cause, Costs};
use crate::verdict::Verdict;

/// What can become of a rollout, and how likely it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Exact {
    /// Everything together; its probability is 1 but for rounding.
    pub all: Share,
    /// What ends in each verdict.
    pub verdicts: BTreeMap<Verdict, Share>,
    /// How likely it is that this brings the verdict about.
    pub causes: BTreeMap<Cause, f64>,
    /// How many states there are after measurements, the start included.
    pub nodes: usize,
    /// How many outcomes of measurements lead from one to another, or to an end.
    pub edges: usize,
}

/// What has something in common: how likely it is, and its distributions under the condition that it happens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Share {
    /// How likely it is.
    pub probability: f64,
    /// From the start of the simulation to the verdict \[s\].
    pub time: Distribution,
    /// Finished measurements.
    pub measurements: Distribution,
    /// Pods beyond `spec.replicas`, over time \[s\].
    pub excess_pod_seconds: Distribution,
    /// Time with fewer available pods than `spec.replicas` \[s\].
    pub short_of_capacity: Distribution,
    /// Most pods at once.
    pub peak_pods: Distribution,
    /// Amounts of requests; `None` without traffic. The requests of one way through the rollout are taken at their expectation, so
    /// that means are exact, and the spread is that of the ways only.
    pub requests: Option<Requests>,
}

/// Amounts of requests and users, to a millionth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requests {
    /// See [`Costs::harm`].
    pub harm: Distribution,
    /// See [`Costs::requests`].
    pub all: Distribution,
    /// See [`Costs::requests_on_new`].
    pub on_new: Distribution,
    /// See [`Costs::failed`].
    pub failed: Distribution,
    /// See [`Costs::users_exposed`].
    pub users_exposed: Distribution,
}

/// What flows along the edges.
#[derive(Clone, Debug, Default)]
struct Mass {
    probability: Sum,
    measurements: Atoms,
    excess: Atoms,
    short: Atoms,
    /// Harm, requests, those on the new version, failed ones, users exposed.
    flows: Option<Box<[Atoms; 5]>>,
}

/// What ended with something in common.
#[derive(Clone, Debug, Default)]
struct Ended {
    mass: Mass,
    time: Atoms,
    peak: Atoms,
}

/// Parts of a request that are told apart.
const PARTS: f64 = 1e6;
/// Parts of a second that are told apart.
const NANOS: f64 = 1e9;

/// Explores everything.
pub(super) fn complete(explorer: &mut Explorer<'_>, graph: &mut Graph) -> Result<(), TooLarge> {
    let open = |explorer: &Explorer<'_>, node: usize| {
        let at = explorer.nodes()[node].at;
        Reverse((at, node))
    };
    let mut seen = explorer.nodes().len();
    let mut queue: BinaryHeap<_> = (0..seen).map(|node| open(explorer, node)).collect();
    let mut stack = Vec::new();
    while let Some(Reverse((_, node))) = queue.pop() {
        let number = u32::try_from(node).unwrap_or(u32::MAX);
        if graph.roots[node] == Target::Unknown {
            explorer.explore(graph, Halt::Root(number))?;
        }
        stack.push(graph.roots[node]);
        while let Some(target) = stack.pop() {
            let Target::Vertex(vertex) = target else {
                continue;
            };
            let draw = graph.vertices[vertex as usize].draw as usize;
            let classes = graph.classes[draw].probabilities.len();
            for class in (0..=u8::MAX).take(classes) {
                let edge = graph.vertices[vertex as usize].edges as usize + usize::from(class);
                if explorer.place(edge) == Target::Unknown {
                    explorer.explore(graph, Halt::Edge(vertex, class))?;
                }
                // Other nodes have their own turn.
                stack.push(explorer.place(edge));
            }
        }
        explorer.close(number);
        queue.extend((seen..explorer.nodes().len()).map(|node| open(explorer, node)));
        seen = explorer.nodes().len();
    }
    Ok(())
}

/// Lets the probabilities flow through a graph that is explored whole.
pub(super) fn distribution(explorer: &Explorer<'_>, graph: &Graph, requests: bool) -> Exact {
    let nodes = explorer.nodes();
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|node| nodes[*node].at);
    let mut masses = vec![Mass::default(); nodes.len()];
    masses[0] = Mass::whole(requests);
    let mut flow = Flow {
        masses,
        verdicts: BTreeMap::new(),
        causes: BTreeMap::new(),
        all: Ended::default(),
        graph,
    };
    let mut stack = Vec::new();
    for node in order {
        let mass = std::mem::take(&mut flow.masses[node]);
        stack.push((graph.roots[node], 1.0, &nodes[node].last));
        while let Some((target, probability, added)) = stack.pop() {
            let Target::Vertex(vertex) = target else {
                flow.arrive(target, &mass, probability, added);
                continue;
            };
            let vertex = &graph.vertices[vertex as usize];
            let classes = &graph.classes[vertex.draw as usize];
            let edges = vertex.edges as usize..;
            for (edge, class) in edges.zip(&classes.probabilities) {
                let target = explorer.place(edge);
                stack.push((target, probability * class, explorer.added(edge)));
            }
        }
    }
    flow.finish(nodes.len())
}

/// Probabilities on their way.
struct Flow<'g> {
    masses: Vec<Mass>,
    verdicts: BTreeMap<Verdict, Ended>,
    causes: BTreeMap<Cause, Sum>,
    all: Ended,
    graph: &'g Graph,
}

impl Flow<'_> {
    fn arrive(&mut self, target: Target, mass: &Mass, probability: f64, added: &Added) {
        match target {
            Target::Node(node) => self.masses[node as usize].add(mass, probability, added),
            Target::End(end) => {
                let summary = &self.graph.ends[end as usize].summary;
                let arrived = mass.probability.value() * probability;
                let own = self.verdicts.entry(summary.verdict).or_default();
                for ended in [own, &mut self.all] {
                    ended.mass.add(mass, probability, added);
                    ended.time.add(summary.since.nanos().into(), arrived);
                    ended.peak.add(summary.costs.peak_pods.into(), arrived);
                }
                if let Some(cause) = summary.cause {
                    self.causes.entry(cause).or_default().add(arrived);
                }
            }
            Target::Vertex(_) | Target::Unknown => {}
        }
    }

    fn finish(self, nodes: usize) -> Exact {
        let edges = self.graph.edges.len();
        let verdicts = self.verdicts.iter();
        Exact {
            all: self.all.finish(),
            verdicts: verdicts
                .map(|(verdict, ended)| (*verdict, ended.finish()))
                .collect(),
            causes: self
                .causes
                .into_iter()
                .map(|(cause, sum)| (cause, sum.value()))
                .collect(),
            nodes,
            edges,
        }
    }
}

impl Mass {
    fn whole(requests: bool) -> Self {
        let one = || Atoms::of(0, 1.0);
        Self {
            probability: 1.0.into(),
            measurements: one(),
            excess: one(),
            short: one(),
            flows: requests.then(|| Box::new(std::array::from_fn(|_| one()))),
        }
    }

    fn add(&mut self, other: &Self, factor: f64, added: &Added) {
        self.probability.add(other.probability.value() * factor);
        let sums = &added.sums;
        self.measurements
            .add_moved(&other.measurements, sums.measurements.into(), factor);
        self.excess.add_moved(&other.excess, sums.excess, factor);
        self.short.add_moved(&other.short, sums.short, factor);
        if let Some(flows) = &other.flows {
            let own = self.flows.get_or_insert_default();
            let steps = flows_of(&added.costs);
            for ((own, flow), step) in own.iter_mut().zip(&**flows).zip(steps) {
                own.add_moved(flow, step, factor);
            }
        }
    }
}

impl Ended {
    fn finish(&self) -> Share {
        let mass = &self.mass;
        let probability = mass.probability.value();
        let of = |atoms: &Atoms, parts: f64| atoms.finish(probability, parts);
        Share {
            probability,
            time: of(&self.time, NANOS),
            measurements: of(&mass.measurements, 1.0),
            excess_pod_seconds: of(&mass.excess, NANOS),
            short_of_capacity: of(&mass.short, NANOS),
            peak_pods: of(&self.peak, 1.0),
            requests: mass.flows.as_ref().map(|flows| {
                let [harm, all, on_new, failed, users_exposed] =
                    flows.each_ref().map(|flow| of(flow, PARTS));
                Requests {
                    harm,
                    all,
                    on_new,
                    failed,
                    users_exposed,
                }
            }),
        }
    }
}

/// Amounts of requests in parts.
fn flows_of(costs: &Costs) -> [i128; 5] {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a conversion to an integer saturates"
    )]
    [
        costs.harm,
        costs.requests,
        costs.requests_on_new,
        costs.failed,
        costs.users_exposed,
    ]
    .map(|amount| (amount * PARTS).round() as i128)
}
