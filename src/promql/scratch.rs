//! What evaluations of one query over one store remember, so that the next one is quick and does not allocate.
//!
//! Knows series that were found, label sets that were derived, and buffers. Refuses to know any sample or result: an
//! evaluation answers the same with a used scratch as with a new one.

mod resolved;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::histogram::Bucket;
use super::interner::{Interner, Memo, SetId, Symbol};
use super::plan::Plan;
use super::sum::{Mean, Spread, Sum};

pub(super) use resolved::{Filter, LabelTable, Resolved};

/// Memory for the evaluations of a query. It serves one query at a time: with another one it forgets everything.
#[derive(Debug, Default)]
pub struct Scratch {
    bound: Option<(Arc<Plan>, State)>,
}

impl Scratch {
    /// Memory without content.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state for a plan, fresh if it was for another one or has grown too large.
    pub(super) fn state(&mut self, plan: &Arc<Plan>) -> &mut State {
        let usable = self.bound.as_ref().is_some_and(|(own, state)| {
            Arc::ptr_eq(own, plan) && state.interner.set_count() < SETS_MAX
        });
        if !usable {
            self.bound = None;
        }
        let (_, state) = self
            .bound
            .get_or_insert_with(|| (plan.clone(), State::new(plan)));
        state
    }
}

/// Label sets that are kept from one evaluation to the next; some queries make new ones without end.
const SETS_MAX: usize = 1 << 16;

/// An element of an instant vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) set: SetId,
    pub(super) value: f64,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) interner: Interner,
    pub(super) labels: LabelTable,
    pub(super) selections: Vec<Resolved>,
    pub(super) filters: Vec<Filter>,
    pub(super) memos: Vec<Memo>,
    pub(super) owners: Vec<Owners>,
    pub(super) pairs: Vec<HashMap<(SetId, SetId), SetId>>,
    pub(super) bounds: Bounds,
    pub(super) marks: Marks,
    pub(super) matched: Marks,
    pub(super) results: HashSet<(SetId, SetId)>,
    pub(super) groups: Vec<(SetId, Accumulator)>,
    pub(super) grouped: Vec<(u32, Element)>,
    pub(super) heap: Vec<Element>,
    pub(super) histograms: Histograms,
    pub(super) sorted: Vec<f64>,
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<f64>,
    vectors: Vec<Vec<Element>>,
    lines: Vec<Lines>,
    /// Counts the evaluations.
    pub(super) evaluation: u64,
    /// The last answer.
    pub(super) answer: Vec<Element>,
}

impl State {
    fn new(plan: &Plan) -> Self {
        let slots = plan.slots;
        let mut state = Self {
            interner: Interner::new(&plan.texts),
            labels: LabelTable::default(),
            selections: Vec::new(),
            filters: Vec::new(),
            memos: Vec::new(),
            owners: Vec::new(),
            pairs: Vec::new(),
            bounds: Bounds::default(),
            marks: Marks::default(),
            matched: Marks::default(),
            results: HashSet::new(),
            groups: Vec::new(),
            grouped: Vec::new(),
            heap: Vec::new(),
            histograms: Histograms::default(),
            sorted: Vec::new(),
            times: Vec::new(),
            values: Vec::new(),
            vectors: Vec::new(),
            lines: Vec::new(),
            evaluation: 0,
            answer: Vec::new(),
        };
        state
            .selections
            .resize_with(slots.selections, Resolved::default);
        state.filters.resize_with(slots.selections, Filter::default);
        state.memos.resize_with(slots.memos, Memo::default);
        state.owners.resize_with(slots.owners, Owners::default);
        state.pairs.resize_with(slots.pairs, HashMap::new);
        state
    }

    /// An empty buffer.
    pub(super) fn take(&mut self) -> Vec<Element> {
        self.vectors.pop().unwrap_or_default()
    }

    /// Gives a buffer back.
    pub(super) fn give(&mut self, mut buffer: Vec<Element>) {
        buffer.clear();
        self.vectors.push(buffer);
    }

    pub(super) fn take_lines(&mut self) -> Lines {
        let mut lines = self.lines.pop().unwrap_or_default();
        lines.used = 0;
        lines.places.begin();
        lines
    }

    pub(super) fn give_lines(&mut self, lines: Lines) {
        self.lines.push(lines);
    }
}

/// For each label set a number that is valid until the next [`Marks::begin`].
#[derive(Debug, Default)]
pub(super) struct Marks {
    epoch: u64,
    of: Vec<(u64, u32)>,
}

impl Marks {
    /// Forgets all numbers.
    pub(super) fn begin(&mut self) {
        self.epoch += 1;
    }

    #[inline]
    pub(super) fn get(&self, set: SetId) -> Option<u32> {
        match self.of.get(set.index()) {
            Some(&(epoch, number)) if epoch == self.epoch => Some(number),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn put(&mut self, set: SetId, number: u32) {
        if self.of.len() <= set.index() {
            self.of.resize(set.index() + 1, (0, 0));
        }
        self.of[set.index()] = (self.epoch, number);
    }

    /// Marks a set; `false` if it was marked before.
    #[inline]
    pub(super) fn first(&mut self, set: SetId) -> bool {
        let first = self.get(set).is_none();
        if first {
            self.put(set, 0);
        }
        first
    }
}

/// For each label set that a call has returned: in which evaluation, and from which series.
#[derive(Debug, Default)]
pub(super) struct Owners(Vec<(u64, SetId)>);

impl Owners {
    /// Whether `source` is the only series that becomes `result` in this evaluation.
    #[inline]
    pub(super) fn is_alone(&mut self, result: SetId, source: SetId, evaluation: u64) -> bool {
        if self.0.len() <= result.index() {
            self.0.resize(result.index() + 1, (0, SetId::EMPTY));
        }
        let known = &mut self.0[result.index()];
        if known.0 == evaluation {
            return known.1 == source;
        }
        *known = (evaluation, source);
        true
    }
}

/// The bounds of buckets that label values stand for.
#[derive(Debug, Default)]
pub(super) struct Bounds(Vec<Bound>);

#[derive(Clone, Copy, Debug)]
enum Bound {
    Unknown,
    NoNumber,
    Number(f64),
}

impl Bounds {
    /// The bound that a label value stands for, if it is a number.
    pub(super) fn get(&mut self, value: Symbol, interner: &Interner) -> Option<f64> {
        let index = value.0 as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, Bound::Unknown);
        }
        if let Bound::Unknown = self.0[index] {
            self.0[index] = interner
                .text(value)
                .parse()
                .map_or(Bound::NoNumber, Bound::Number);
        }
        match self.0[index] {
            Bound::Number(bound) => Some(bound),
            Bound::Unknown | Bound::NoNumber => None,
        }
    }
}

/// What a group of an aggregation has seen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Accumulator {
    Sum(Sum),
    Mean(Mean),
    Spread(Spread),
    Number(f64),
}

/// Series that a subquery makes; buffers of earlier ones are used again.
#[derive(Debug, Default)]
pub(super) struct Lines {
    all: Vec<Line>,
    used: usize,
    places: Marks,
}

#[derive(Debug)]
pub(super) struct Line {
    pub(super) set: SetId,
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<f64>,
}

impl Lines {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Line> {
        self.all[..self.used].iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub(super) fn push(&mut self, time: i64, element: Element) {
        let place = match self.places.get(element.set) {
            Some(place) => place as usize,
            None => self.start(element.set),
        };
        self.all[place].times.push(time);
        self.all[place].values.push(element.value);
    }

    fn start(&mut self, set: SetId) -> usize {
        let place = self.used;
        self.used += 1;
        self.places
            .put(set, u32::try_from(place).unwrap_or(u32::MAX));
        match self.all.get_mut(place) {
            Some(line) => {
                line.set = set;
                line.times.clear();
                line.values.clear();
            }
            None => self.all.push(Line {
                set,
                times: Vec::new(),
                values: Vec::new(),
            }),
        }
        place
    }
}

/// Histograms by their labels without `le`; buffers of earlier ones are used again.
#[derive(Debug, Default)]
pub(super) struct Histograms {
    all: Vec<(SetId, Vec<Bucket>)>,
    used: usize,
}

impl Histograms {
    pub(super) fn clear(&mut self) {
        self.used = 0;
    }

    /// A new histogram; its place.
    pub(super) fn start(&mut self, set: SetId) -> usize {
        let place = self.used;
        self.used += 1;
        match self.all.get_mut(place) {
            Some((own, buckets)) => {
                *own = set;
                buckets.clear();
            }
            None => self.all.push((set, Vec::new())),
        }
        place
    }

    pub(super) fn push(&mut self, place: usize, bucket: Bucket) {
        self.all[place].1.push(bucket);
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut (SetId, Vec<Bucket>)> {
        self.all[..self.used].iter_mut()
    }
}
