//! A law of a count as a table of thresholds, for draws without arithmetic.

use super::counts::CountLaw;
use super::whole;

/// 2^64.
const DRAWS: f64 = 18_446_744_073_709_551_616.0;

/// Terms are left out once all that follow together would not fill a sixty-fourth of a draw's 2^-64.
const FORGOTTEN: f64 = 1.0 / (DRAWS * 64.0);

/// The inverse of the distribution function of a law, over the 2^64 draws of a 64-bit number.
///
/// Draw u stands for the share u / 2^64. The threshold of k is P(X <= k) 2^64, rounded; [`Table::sample`] is the
/// smallest k whose threshold is above u, exactly, and rises with u. Both tails keep their accuracy down to 2^-64; what
/// is rarer is never drawn. A table takes 8 bytes for each number with a share above 2^-64, and about as much again for
/// its guide: 18 standard deviations of them for a binomial law, up to all n + 1 for a strongly correlated one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The number below the first threshold.
    first: u32,
    /// Rising. The last number has none.
    thresholds: Vec<u64>,
    /// For each value of a draw's top bits, how many thresholds are not above the first draw with these bits; and one
    /// entry beyond, the number of thresholds.
    guide: Vec<u32>,
    /// How far a draw is shifted down to its top bits.
    shift: u32,
}

/// Memory that tables are filled with.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    below: Vec<f64>,
    above: Vec<f64>,
    upper: Vec<u64>,
}

impl Table {
    /// The table of a law.
    #[must_use]
    pub fn new(law: &impl CountLaw) -> Self {
        let mut table = Self::default();
        table.fill(law, &mut Scratch::default());
        table
    }

    /// Makes it the table of another law; takes no new memory where there is enough of it.
    pub fn fill(&mut self, law: &impl CountLaw, scratch: &mut Scratch) {
        let Self {
            first,
            thresholds,
            guide,
            shift,
        } = self;
        *first = fill_thresholds(law, thresholds, scratch);
        // Two to four entries for each threshold: most draws compare with one or none.
        let bits = (usize::BITS - thresholds.len().leading_zeros() + 1).clamp(1, 24);
        *shift = u64::BITS - bits;
        guide.clear();
        guide.reserve((1 << bits) + 1);
        let mut below = 0;
        for bucket in 0..1_u64 << bits {
            let start = bucket << *shift;
            while thresholds.get(below).is_some_and(|end| *end <= start) {
                below += 1;
            }
            guide.push(u32::try_from(below).unwrap_or(u32::MAX));
        }
        guide.push(u32::try_from(thresholds.len()).unwrap_or(u32::MAX));
    }

    /// The number that draw `u` of 2^64 stands for.
    #[must_use]
    pub fn sample(&self, u: u64) -> u32 {
        let bucket = usize::try_from(u >> self.shift).unwrap_or(usize::MAX);
        let Some(&[from, to]) = self.guide.get(bucket..bucket + 2) else {
            return self.first;
        };
        let mut below = from;
        let near = &self.thresholds[from as usize..to as usize];
        if near.len() <= 8 {
            for end in near {
                below += u32::from(*end <= u);
            }
        } else {
            // Far out in a tail, where draws are rare and thresholds dense.
            below += u32::try_from(near.partition_point(|end| *end <= u)).unwrap_or(u32::MAX);
        }
        self.first + below
    }

    /// The number at a share of 0..1: [`Table::sample`] of the draw floor(`share` 2^64). Shares below and NaN count as
    /// 0, shares above as the last draw.
    #[must_use]
    pub fn sample_share(&self, share: f64) -> u32 {
        self.sample(whole(share * DRAWS))
    }

    /// The smallest and the largest number that can be drawn.
    #[must_use]
    pub fn range(&self) -> (u32, u32) {
        let steps = u32::try_from(self.thresholds.len()).unwrap_or(u32::MAX);
        (self.first, self.first.saturating_add(steps))
    }
}

/// The draws at which the numbers of a table end, and the first of these numbers.
fn fill_thresholds(law: &impl CountLaw, lower: &mut Vec<u64>, scratch: &mut Scratch) -> u32 {
    let anchor = law.anchor();
    fill_terms(law, anchor, scratch);
    let Scratch {
        below,
        above,
        upper,
    } = scratch;
    // Both tails are summed from their ends, smallest terms first.
    lower.clear();
    let mut sum = 0.0;
    for term in below.iter().rev() {
        sum += term;
        let end = whole((sum * DRAWS).round());
        if end != 0 {
            lower.push(end);
        }
    }
    upper.clear();
    let mut sum = 0.0;
    for term in above.iter().rev() {
        sum += term;
        let rest = whole((sum * DRAWS).round());
        if rest != 0 {
            upper.push(rest.wrapping_neg());
        }
    }
    let first = anchor - u32::try_from(lower.len()).unwrap_or(anchor);
    lower.extend(upper.iter().rev());
    // Where the two sums meet, rounding may have made a step down of a few draws.
    let mut highest = 0;
    for end in lower {
        highest = highest.max(*end);
        *end = highest;
    }
    first
}

/// The terms below the anchor, downwards, and above it, upwards.
fn fill_terms(law: &impl CountLaw, anchor: u32, scratch: &mut Scratch) {
    let Scratch { below, above, .. } = scratch;
    let may_stop = law.is_log_concave();
    let start = law.pmf(anchor);
    below.clear();
    let mut term = start;
    for k in (0..anchor).rev() {
        term /= law.ratio(k);
        if term <= 0.0 || may_stop && term * (f64::from(k) + 1.0) < FORGOTTEN {
            break;
        }
        below.push(term);
    }
    above.clear();
    let mut term = start;
    for k in anchor..law.last() {
        term *= law.ratio(k);
        if term <= 0.0 || may_stop && term * f64::from(law.last() - k) < FORGOTTEN {
            break;
        }
        above.push(term);
    }
}
