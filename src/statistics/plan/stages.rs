//! Plans in stages: accept, reject or take another sample (double and multiple plans).

use crate::statistics::binomial::Binomial;
use crate::statistics::counts::CountLaw;

/// One stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// How many measurements it adds.
    pub n: u32,
    /// With at most so many failures in all stages so far, accept; `None` never accepts here.
    pub accept: Option<u32>,
    /// With at least so many, reject.
    pub reject: u32,
}

/// What a plan in stages does at one probability of failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// The probability that it accepts.
    pub accepted: f64,
    /// The probability that it rejects.
    pub rejected: f64,
    /// The mean number of measurements; a stage that is begun counts in full.
    pub measurements: f64,
}

/// The most failures between acceptance and rejection that [`course`] keeps apart.
const UNDECIDED_MAX: u32 = 4096;

/// What a plan in stages does if each measurement fails with probability `p`.
///
/// What is undecided after the last stage is neither accepted nor rejected. `None` unless `p` is in 0..=1, and if a
/// stage could leave more than 4096 numbers of failures undecided.
#[must_use]
pub fn course(stages: &[Stage], p: f64) -> Option<Course> {
    let mut course = Course {
        accepted: 0.0,
        rejected: 0.0,
        measurements: 0.0,
    };
    // Number of failures so far and its probability, undecided.
    let mut open = vec![(0_u32, 1.0)];
    for stage in stages {
        let law = Binomial::new(stage.n, p)?;
        // The first undecided number of failures, and the first rejected one.
        let first = stage.accept.map_or(0, |accept| accept.saturating_add(1));
        let reject = stage.reject.max(first);
        if UNDECIDED_MAX < reject - first {
            return None;
        }
        let mut next: Vec<(u32, f64)> = (first..reject).map(|failures| (failures, 0.0)).collect();
        for (before, chance) in open {
            course.measurements += chance * f64::from(stage.n);
            if let Some(most) = first.checked_sub(before).and_then(|gap| gap.checked_sub(1)) {
                course.accepted += chance * law.cdf(most);
            }
            course.rejected += chance
                * match reject.checked_sub(before) {
                    Some(gap) if 0 < gap => law.survival(gap - 1),
                    _ => 1.0,
                };
            for (failures, sum) in &mut next {
                if let Some(more) = failures.checked_sub(before) {
                    *sum += chance * law.pmf(more);
                }
            }
        }
        open = next;
    }
    Some(course)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "it is the same computation")]
mod tests {
    use super::*;
    use crate::statistics::plan::Plan;

    #[test]
    fn one_stage_is_a_single_plan() {
        let stage = Stage {
            n: 80,
            accept: Some(7),
            reject: 8,
        };
        for p in [0.0, 0.05, 0.15, 1.0] {
            let course = course(&[stage], p).expect("valid");
            assert_eq!(course.accepted, Plan { n: 80, c: 7 }.accepted(p));
            assert_eq!(course.rejected, Plan { n: 80, c: 7 }.failed(p));
            assert_eq!(course.measurements, 80.0);
        }
    }

    #[test]
    fn what_no_stage_decides_stays_open() {
        let stage = Stage {
            n: 2,
            accept: None,
            reject: 3,
        };
        let course = course(&[stage], 0.5).expect("valid");
        assert_eq!((course.accepted, course.rejected), (0.0, 0.0));
        assert_eq!(super::course(&[stage], f64::NAN), None);
        let wide = Stage {
            reject: u32::MAX,
            ..stage
        };
        assert_eq!(super::course(&[wide], 0.5), None);
    }
}
