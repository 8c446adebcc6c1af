//! Aggregations (`promql/engine.go: aggregation`, `aggregationK`, `aggregationCountValues`).

use super::{Element, EvalError, Evaluated, Evaluator, sort};
use crate::promql::interner::{Interner, Memo, SetId, Symbol};
use crate::promql::over_time::quantile;
use crate::promql::plan::{Aggregation, AggregationKind, Grouping, Scalar};
use crate::promql::scratch::{Accumulator, Marks, State};
use crate::promql::sum::{Mean, Spread, Sum};

impl Evaluator<'_> {
    pub(super) fn aggregate(
        &mut self,
        aggregation: &Aggregation,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        match &aggregation.kind {
            AggregationKind::Quantile(q) => self.quantile(aggregation, q, at, out),
            AggregationKind::Top(k) => self.extremes(aggregation, k, true, at, out),
            AggregationKind::Bottom(k) => self.extremes(aggregation, k, false, at, out),
            AggregationKind::CountValues(label) => self.count_values(aggregation, *label, at, out),
            _ => self.accumulate(aggregation, at, out),
        }
    }

    fn accumulate(
        &mut self,
        aggregation: &Aggregation,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let mut buffer = self.state.take();
        self.vector(&aggregation.of, at, &mut buffer)?;
        self.spend(buffer.len())?;
        if aggregation.grouping.is_everything() {
            if let Some((first, others)) = buffer.split_first() {
                let mut all = Accumulator::of(first.value, &aggregation.kind);
                all.add_all(others, &aggregation.kind);
                let set = SetId::EMPTY;
                let value = all.value(&aggregation.kind);
                out.push(Element { set, value });
            }
            self.state.give(buffer);
            return Ok(());
        }
        let State {
            interner,
            memos,
            marks,
            groups,
            ..
        } = &mut *self.state;
        groups.clear();
        marks.begin();
        let memo = &mut memos[aggregation.memo];
        for element in &buffer {
            let group = group_of(element.set, &aggregation.grouping, memo, interner);
            if let Some(place) = marks.get(group) {
                let (_, accumulator) = &mut groups[place as usize];
                accumulator.add(element.value, &aggregation.kind);
            } else {
                marks.put(group, u32::try_from(groups.len()).unwrap_or(u32::MAX));
                let first = Accumulator::of(element.value, &aggregation.kind);
                groups.push((group, first));
            }
        }
        out.extend(groups.iter().map(|(set, accumulator)| Element {
            set: *set,
            value: accumulator.value(&aggregation.kind),
        }));
        self.state.give(buffer);
        Ok(())
    }

    /// Evaluates what is aggregated and sorts it by group into `state.grouped`, groups in the order of their first
    /// elements. The label sets of the groups are in `state.groups`.
    fn group(&mut self, aggregation: &Aggregation, at: i64) -> Evaluated<()> {
        let mut buffer = self.state.take();
        self.vector(&aggregation.of, at, &mut buffer)?;
        self.spend(buffer.len())?;
        let State {
            interner,
            memos,
            marks,
            groups,
            grouped,
            ..
        } = &mut *self.state;
        groups.clear();
        grouped.clear();
        marks.begin();
        let memo = &mut memos[aggregation.memo];
        for element in &buffer {
            let set = group_of(element.set, &aggregation.grouping, memo, interner);
            let place = place_of(set, marks, groups);
            grouped.push((place, *element));
        }
        // Stable: within a group the order of the elements stays.
        grouped.sort_by_key(|(place, _)| *place);
        self.state.give(buffer);
        Ok(())
    }

    fn quantile(
        &mut self,
        aggregation: &Aggregation,
        q: &Scalar,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let q = self.scalar(q, at)?;
        self.group(aggregation, at)?;
        let State {
            groups,
            grouped,
            sorted,
            ..
        } = &mut *self.state;
        for group in grouped.chunk_by(|a, b| a.0 == b.0) {
            sorted.clear();
            sorted.extend(group.iter().map(|(_, element)| element.value));
            let set = groups[group[0].0 as usize].0;
            let value = quantile(q, sorted);
            out.push(Element { set, value });
        }
        Ok(())
    }

    /// `topk` and `bottomk`.
    fn extremes(
        &mut self,
        aggregation: &Aggregation,
        k: &Scalar,
        top: bool,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let k = self.scalar(k, at)?;
        self.group(aggregation, at)?;
        if k < 1.0 {
            return Ok(());
        }
        let k = whole(k)?.min(self.state.grouped.len());
        let State { grouped, heap, .. } = &mut *self.state;
        for group in grouped.chunk_by(|a, b| a.0 == b.0) {
            heap.clear();
            for (_, element) in group {
                offer(heap, *element, k, top);
            }
            sort(heap, top);
            out.extend_from_slice(heap);
        }
        Ok(())
    }

    fn count_values(
        &mut self,
        aggregation: &Aggregation,
        label: Symbol,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let mut buffer = self.state.take();
        self.vector(&aggregation.of, at, &mut buffer)?;
        self.spend(buffer.len())?;
        let State {
            interner,
            memos,
            marks,
            ..
        } = &mut *self.state;
        marks.begin();
        let memo = &mut memos[aggregation.memo];
        for element in &buffer {
            let value = interner.symbol(&printed(element.value));
            let counted = interner.with(element.set, label, value);
            let set = group_of(counted, &aggregation.grouping, memo, interner);
            if let Some(place) = marks.get(set) {
                out[place as usize].value += 1.0;
            } else {
                marks.put(set, u32::try_from(out.len()).unwrap_or(u32::MAX));
                out.push(Element { set, value: 1.0 });
            }
        }
        self.state.give(buffer);
        self.check_unique(out)
    }
}

#[inline]
fn group_of(set: SetId, grouping: &Grouping, memo: &mut Memo, interner: &mut Interner) -> SetId {
    if grouping.is_everything() {
        return SetId::EMPTY;
    }
    memo.get(set, interner, |interner, set| {
        interner.retain(set, |name| grouping.keeps(name))
    })
}

fn place_of(set: SetId, marks: &mut Marks, groups: &mut Vec<(SetId, Accumulator)>) -> u32 {
    marks.get(set).unwrap_or_else(|| {
        let place = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        marks.put(set, place);
        groups.push((set, Accumulator::Number(0.0)));
        place
    })
}

impl Accumulator {
    fn of(first: f64, kind: &AggregationKind) -> Self {
        match kind {
            AggregationKind::Sum => Accumulator::Sum(Sum::of(first)),
            AggregationKind::Average => Accumulator::Mean(Mean::of(first)),
            AggregationKind::StandardDeviation | AggregationKind::Variance => {
                Accumulator::Spread(Spread::of(first))
            }
            AggregationKind::Min | AggregationKind::Max => Accumulator::Number(first),
            _ => Accumulator::Number(1.0),
        }
    }

    #[inline]
    fn add(&mut self, x: f64, kind: &AggregationKind) {
        match self {
            Accumulator::Sum(sum) => sum.add(x),
            Accumulator::Mean(mean) => mean.add(x),
            Accumulator::Spread(spread) => spread.add(x),
            Accumulator::Number(number) => match kind {
                AggregationKind::Min if x < *number || number.is_nan() => *number = x,
                AggregationKind::Max if *number < x || number.is_nan() => *number = x,
                AggregationKind::Count => *number += 1.0,
                _ => {}
            },
        }
    }

    /// As [`Accumulator::add`] for each; the most frequent kind without asking again and again what it is.
    fn add_all(&mut self, elements: &[Element], kind: &AggregationKind) {
        if let Accumulator::Sum(sum) = self {
            for element in elements {
                sum.add(element.value);
            }
            return;
        }
        for element in elements {
            self.add(element.value, kind);
        }
    }

    fn value(&self, kind: &AggregationKind) -> f64 {
        match self {
            Accumulator::Sum(sum) => sum.total(),
            Accumulator::Mean(mean) => mean.mean(),
            Accumulator::Spread(spread) => match kind {
                AggregationKind::StandardDeviation => spread.variance().sqrt(),
                _ => spread.variance(),
            },
            Accumulator::Number(number) => *number,
        }
    }
}

/// The `k` of `topk`, at least 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked before"
)]
fn whole(k: f64) -> Result<usize, EvalError> {
    if k.is_nan() {
        return Err(EvalError::failed("Parameter value is NaN"));
    }
    if 9_223_372_036_854_775_807.0 <= k {
        return Err(EvalError::failed(format!(
            "Scalar value {k} overflows int64"
        )));
    }
    Ok(k as usize)
}

/// Offers an element to a heap of the best `k`, whose worst is the first. As the reference uses a heap, among equal
/// elements the same ones are lost.
fn offer(heap: &mut Vec<Element>, element: Element, k: usize, top: bool) {
    let worse = |a: f64, b: f64| a.is_nan() || if top { a < b } else { b < a };
    if heap.len() < k {
        heap.push(element);
        let mut at = heap.len() - 1;
        while 0 < at {
            let parent = (at - 1) / 2;
            if !worse(heap[at].value, heap[parent].value) {
                break;
            }
            heap.swap(at, parent);
            at = parent;
        }
        return;
    }
    let least = heap[0].value;
    let better = worse(least, element.value) && !(least.is_nan() && element.value.is_nan());
    if !better {
        return;
    }
    heap[0] = element;
    let mut at = 0;
    loop {
        let left = 2 * at + 1;
        if heap.len() <= left {
            break;
        }
        let right = left + 1;
        let child = if right < heap.len() && worse(heap[right].value, heap[left].value) {
            right
        } else {
            left
        };
        if !worse(heap[child].value, heap[at].value) {
            break;
        }
        heap.swap(at, child);
        at = child;
    }
}

/// A number without exponent, as Go's `strconv.FormatFloat(x, 'f', -1, 64)`.
fn printed(x: f64) -> String {
    if x.is_infinite() {
        return if 0.0 < x { "+Inf" } else { "-Inf" }.to_owned();
    }
    format!("{x}")
}
