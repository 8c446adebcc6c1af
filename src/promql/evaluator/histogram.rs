//! Classic histograms: elements with the label `le`.

use super::{Element, Evaluated, Evaluator};
use crate::promql::histogram::{Bucket, fraction, quantile};
use crate::promql::interner::Symbol;
use crate::promql::plan::{Scalar, Vector};
use crate::promql::scratch::State;

impl Evaluator<'_> {
    pub(super) fn histogram_quantile(
        &mut self,
        of: &Vector,
        q: &Scalar,
        memo: usize,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let q = self.scalar(q, at)?;
        self.histograms(of, memo, at, out, |buckets| quantile(q, buckets))
    }

    pub(super) fn histogram_fraction(
        &mut self,
        of: &Vector,
        [lower, upper]: [&Scalar; 2],
        memo: usize,
        at: i64,
        out: &mut Vec<Element>,
    ) -> Evaluated<()> {
        let (lower, upper) = (self.scalar(lower, at)?, self.scalar(upper, at)?);
        self.histograms(of, memo, at, out, |buckets| fraction(lower, upper, buckets))
    }

    /// A function of each histogram (`engine.go: resetHistograms`). Elements whose `le` is no number do not count.
    fn histograms(
        &mut self,
        of: &Vector,
        memo: usize,
        at: i64,
        out: &mut Vec<Element>,
        function: impl Fn(&mut Vec<Bucket>) -> f64,
    ) -> Evaluated<()> {
        let mut buffer = self.state.take();
        self.vector(of, at, &mut buffer)?;
        self.spend(buffer.len())?;
        let State {
            interner,
            memos,
            bounds,
            marks,
            histograms,
            ..
        } = &mut *self.state;
        histograms.clear();
        marks.begin();
        for element in &buffer {
            let written = interner.value(element.set, Symbol::BUCKET);
            let Some(bound) = bounds.get(written, interner) else {
                continue;
            };
            let set = memos[memo].get(element.set, interner, |interner, set| {
                interner.retain(set, |name| name != Symbol::BUCKET)
            });
            let place = if let Some(place) = marks.get(set) {
                place as usize
            } else {
                let place = histograms.start(set);
                marks.put(set, u32::try_from(place).unwrap_or(u32::MAX));
                place
            };
            let count = element.value;
            histograms.push(place, Bucket { bound, count });
        }
        for (set, buckets) in histograms.iter_mut() {
            let value = function(buckets);
            out.push(Element { set: *set, value });
        }
        self.state.give(buffer);
        self.drop_names(out)
    }
}
