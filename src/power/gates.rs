//! Gates whose characteristic is known exactly: analyses of independent draws that a release must pass.
//!
//! Knows: which policies are such, how often a measurement fails, and hence how often a release is caught
//! ([`crate::statistics::plan`]). Refuses to know everything that depends on anything but draws: it says then what stands
//! in the way. Simplifies: pods become ready, so that every gate is reached.

use std::ops::RangeInclusive;

use crate::cluster::TemplateId;
use crate::cluster::provider::Answer;
use crate::condition::{self, ValueRef, Verdict};
use crate::diagnostic::wording::quoted;
use crate::plan::analysis::Variant;
use crate::plan::environment::{Draw, Gauge, Shows};
use crate::plan::{MetricPlan, Strategy};
use crate::power::tested::answers;
use crate::statistics::binomial::Binomial;
use crate::statistics::counts::CountLaw;
use crate::statistics::plan::Plan;
use crate::trials::Stage;

/// The most requests of a draw whose outcomes are tried one by one.
const REQUESTS_MAX: u32 = 1 << 20;

/// A metric that a release must pass: a single sampling plan by attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// The name of the metric.
    pub metric: String,
    /// `count` and `failureLimit`.
    pub plan: Plan,
    /// Requests of a measurement.
    pub requests: u32,
    /// How many of them fail where the measurement fails: ascending, apart from each other.
    pub broken_by: Vec<RangeInclusive<u32>>,
}

impl Gate {
    /// The probability that a measurement fails at an error rate.
    #[must_use]
    pub fn broken(&self, rate: f64) -> f64 {
        let Some(law) = Binomial::new(self.requests, rate) else {
            return f64::NAN;
        };
        let share = |range: &RangeInclusive<u32>| match (*range.start(), *range.end()) {
            (0, last) => law.cdf(last),
            (first, last) if last == self.requests => law.survival(first - 1),
            (first, last) => (first..=last).map(|failed| law.pmf(failed)).sum(),
        };
        self.broken_by
            .iter()
            .map(share)
            .sum::<f64>()
            .clamp(0.0, 1.0)
    }

    /// The smallest number of failed requests that fails a measurement, if every larger one does so, too.
    #[must_use]
    pub fn broken_from(&self) -> Option<u32> {
        match &self.broken_by[..] {
            [range] if *range.end() == self.requests => Some(*range.start()),
            _ => None,
        }
    }
}

/// The probability that one of the gates fails at an error rate.
#[must_use]
pub fn caught(gates: &[Gate], rate: f64) -> f64 {
    let passed = |gate: &Gate| (-gate.plan.failed(gate.broken(rate))).ln_1p();
    -gates.iter().map(passed).sum::<f64>().exp_m1()
}

/// The error rate from which on a release is caught with the probability `power`, 0 to 1.
///
/// `None` if no rate up to 1 is, and where more failed requests may be better for a measurement.
#[must_use]
pub fn rate_caught(gates: &[Gate], power: f64) -> Option<f64> {
    let rises = gates
        .iter()
        .all(|gate| gate.broken_by.is_empty() || gate.broken_from().is_some());
    if !rises || gates.is_empty() || caught(gates, 1.0) < power {
        return None;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if caught(gates, middle) < power {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// The gates of a release, each as often as it must be passed.
///
/// # Errors
///
/// Says why its chances have no closed form.
pub fn of(stage: &Stage<'_>) -> Result<Vec<Gate>, String> {
    let Some(rollout) = &stage.start.cluster.rollout else {
        return Err("an experiment ends in more ways than by its measurements".to_owned());
    };
    let Some(stable) = rollout.status.stable else {
        return Err("a first deployment is not analysed".to_owned());
    };
    if !stage.script.actions.is_empty() || stage.script.until.is_some() {
        return Err("people intervene, or the run is cut off".to_owned());
    }
    if !stage.environment.faults.is_empty() {
        return Err("something breaks meanwhile".to_owned());
    }
    let mut gates = Vec::new();
    for site in sites(&stage.plan.strategy)? {
        let site = &stage.plan.sites[usize::from(site)];
        if site.empty {
            continue;
        }
        gates.extend(of_site(stage, site, rollout.template, stable)?);
    }
    if gates.is_empty() {
        return Err("no analysis can fail".to_owned());
    }
    Ok(gates)
}

/// The places of analyses that a release must pass, one after the other.
fn sites(strategy: &Strategy) -> Result<Vec<u16>, String> {
    let canary = match strategy {
        Strategy::BlueGreen(blue_green) => {
            let sites = blue_green.pre_promotion.iter();
            return Ok(sites.chain(&blue_green.post_promotion).copied().collect());
        }
        Strategy::Canary(canary) => canary,
    };
    if canary.background.is_some() {
        return Err("a background analysis measures for as long as the update takes".to_owned());
    }
    let mut sites = Vec::new();
    for step in canary.steps.iter() {
        if step.experiment.is_some() || step.plugin.is_some() {
            return Err("a step is an experiment or a plugin".to_owned());
        }
        if step
            .pause
            .as_ref()
            .is_some_and(|pause| pause.duration.is_none())
        {
            return Err("a pause waits for a person".to_owned());
        }
        sites.extend(step.analysis);
    }
    Ok(sites)
}

fn of_site(
    stage: &Stage<'_>,
    site: &crate::plan::AnalysisSite,
    canary: TemplateId,
    stable: TemplateId,
) -> Result<Vec<Gate>, String> {
    let run = match site.variant(canary, stable, stage.plan.templates.len()) {
        Variant::Run(run) => &stage.plan.analyses[*run as usize],
        Variant::Error(_) => return Err("an analysis run cannot be made".to_owned()),
    };
    if run.invalid.is_some() {
        return Err("an analysis run is refused".to_owned());
    }
    let counting = run.metrics.iter().filter(|metric| !metric.dry_run);
    let gates: Result<Vec<Option<Gate>>, String> =
        counting.map(|metric| of_metric(stage, metric)).collect();
    Ok(gates?.into_iter().flatten().collect())
}

/// The gate of a metric; `None` if it cannot fail.
fn of_metric(stage: &Stage<'_>, metric: &MetricPlan) -> Result<Option<Gate>, String> {
    let name = quoted(&metric.name);
    let source = &stage.environment.sources[metric.source as usize];
    let mut draw: Option<Draw> = None;
    for scripted in answers(source) {
        match scripted.reading.answer {
            Answer::Assumed => return Ok(None),
            Answer::Shown(Gauge::Draw(one))
                if draw.is_none_or(|draw| {
                    (draw.shows, draw.requests) == (one.shows, one.requests)
                }) =>
            {
                draw = Some(one);
            }
            _ => return Err(format!("{name} does not draw the same sample each time")),
        }
    }
    let draw = draw.ok_or_else(|| format!("{name} draws nothing"))?;
    let Some(count) = metric.count.and_then(|count| u32::try_from(count).ok()) else {
        return Err(format!("{name} has no count"));
    };
    if 0 < metric.consecutive_success_limit {
        return Err(format!("{name} counts successes in a row"));
    }
    let Ok(limit) = u32::try_from(metric.failure_limit) else {
        return Ok(None);
    };
    if REQUESTS_MAX < draw.requests {
        return Err(format!("{name} draws more than {REQUESTS_MAX} requests"));
    }
    let broken_by = broken_by(metric, draw)
        .ok_or_else(|| format!("the conditions of {name} do not decide every measurement"))?;
    Ok(Some(Gate {
        metric: metric.name.clone(),
        plan: Plan { n: count, c: limit },
        requests: draw.requests,
        broken_by,
    }))
}

/// Which numbers of failed requests fail a measurement; `None` if a number leads to neither success nor failure.
fn broken_by(metric: &MetricPlan, draw: Draw) -> Option<Vec<RangeInclusive<u32>>> {
    let mut broken: Vec<RangeInclusive<u32>> = Vec::new();
    for failed in 0..=draw.requests {
        match judged(metric, draw, failed)? {
            Verdict::Successful => {}
            Verdict::Inconclusive => return None,
            Verdict::Failed => match broken.last_mut() {
                Some(last) if *last.end() + 1 == failed => *last = *last.start()..=failed,
                _ => broken.push(failed..=failed),
            },
        }
    }
    Some(broken)
}

/// What the conditions make of a measurement in which so many requests failed; `None`: an error.
fn judged(metric: &MetricPlan, draw: Draw, failed: u32) -> Option<Verdict> {
    let (requests, failed) = (f64::from(draw.requests), f64::from(failed));
    let shown = match draw.shows {
        Shows::SuccessRatio => (requests - failed) / requests,
        Shows::ErrorRatio => failed / requests,
        _ => failed,
    };
    let result = ValueRef::Vector(std::slice::from_ref(&shown));
    condition::judge(metric.success.as_ref(), metric.failure.as_ref(), result).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(n: u32, c: u32, requests: u32, from: u32) -> Gate {
        Gate {
            metric: "m".to_owned(),
            plan: Plan { n, c },
            requests,
            broken_by: vec![from..=requests],
        }
    }

    #[test]
    fn a_gate_of_single_requests_is_the_plan_itself() {
        let gate = gate(10, 3, 1, 1);
        for rate in [0.0, 0.01, 0.05, 0.1, 0.5, 1.0] {
            assert!((gate.broken(rate) - rate).abs() < 1e-15);
            let exact = gate.plan.failed(rate);
            assert!((caught(std::slice::from_ref(&gate), rate) - exact).abs() < 1e-15);
        }
        // Statistics, V1.
        let accepted = 1.0 - caught(&[gate], 0.1);
        assert!((accepted - 0.987_204_8).abs() < 5e-8);
    }

    #[test]
    fn a_healthy_service_is_aborted_as_often_as_the_closed_form_says() {
        // Statistics, section 5: 20 requests, 1 % errors, at most 5 %, five measurements, no failure allowed.
        let gate = gate(5, 0, 20, 2);
        assert!((gate.broken(0.01) - 0.016_859).abs() < 5e-7);
        assert!((caught(&[gate], 0.01) - 0.0815).abs() < 5e-5);
    }

    #[test]
    fn the_rate_that_is_caught_is_caught() {
        let gates = [gate(5, 0, 20, 2), gate(10, 1, 50, 3)];
        for power in [0.5, 0.9, 0.99] {
            let rate = rate_caught(&gates, power).expect("a rate");
            assert!((caught(&gates, rate) - power).abs() < 1e-12);
        }
        assert_eq!(rate_caught(&[gate(3, 3, 1, 1)], 0.9), None);
    }

    #[test]
    fn several_ranges_of_failures_add_up() {
        let mut gate = gate(1, 0, 10, 8);
        gate.broken_by.insert(0, 0..=1);
        gate.broken_by.insert(1, 3..=4);
        let law = Binomial::new(10, 0.3).expect("a law");
        let sum: f64 = [0, 1, 3, 4, 8, 9, 10].iter().map(|k| law.pmf(*k)).sum();
        assert!((gate.broken(0.3) - sum).abs() < 1e-14);
        assert_eq!(rate_caught(&[gate], 0.5), None);
    }
}
