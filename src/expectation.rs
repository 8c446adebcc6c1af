//! What a run must come to, compared with what it came to.
//!
//! Knows: how a claim of a scenario is checked against a finished run, and which claims no run could meet.
//! Refuses to know: files, formats, other runs.

mod names;

use crate::cluster::{Cluster, ServiceId};
use crate::plan::{Plan, Strategy};
use crate::report::{Impact, Report, Run};
use crate::scenario::Claim;
use crate::scenario::claim::{Bounds, Claimed, Counted, Measure, PodsCounted};
use crate::sim::EndReason;
use crate::time::SimTime;
use crate::trace::wording;

pub use names::unmeetable;

/// A claim that is not true of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Index of the claim.
    pub claim: usize,
    /// The claim in short: `verdict`, `weight at 3m`.
    pub subject: String,
    /// What was expected.
    pub expected: String,
    /// What happened.
    pub happened: String,
    /// The moment in the run to look at.
    pub moment: SimTime,
}

/// The claims that are not true of a run, in their order. `report` is that of the same run.
#[must_use]
pub fn failures(claims: &[Claim], run: &Run<'_>, report: &Report) -> Vec<Failure> {
    let judge = Judge { run, report };
    let claims = claims.iter().enumerate();
    claims
        .filter_map(|(index, claim)| {
            let subject = subject(&claim.what);
            let Mismatch {
                expected,
                happened,
                moment,
            } = judge.mismatch(&claim.what)?;
            Some(Failure {
                claim: index,
                subject,
                expected,
                happened,
                moment,
            })
        })
        .collect()
}

/// The claim in short.
fn subject(claimed: &Claimed) -> String {
    match claimed {
        Claimed::Verdict(_) => "verdict".to_owned(),
        Claimed::Step(_) => "step".to_owned(),
        Claimed::NotBefore(_) => "notBefore".to_owned(),
        Claimed::NotAfter(_) => "notAfter".to_owned(),
        Claimed::Reason(_) => "reason".to_owned(),
        Claimed::Measure(measure, _) => measure.name().to_owned(),
        Claimed::Measurements {
            metric, counted, ..
        } => match counted {
            Counted::All => format!("measurements of {metric}"),
            Counted::Successful => format!("successful measurements of {metric}"),
            Counted::Failed => format!("failed measurements of {metric}"),
            Counted::Inconclusive => format!("inconclusive measurements of {metric}"),
            Counted::Error => format!("errors of {metric}"),
        },
        Claimed::Weight { at, .. } => format!("weight at {at}"),
        Claimed::Pods {
            at, tag, counted, ..
        } => match counted {
            PodsCounted::Available => format!("available pods of {tag} at {at}"),
            PodsCounted::Desired => format!("desired pods of {tag} at {at}"),
        },
        Claimed::Endpoints(None) => "endpoints".to_owned(),
        Claimed::Endpoints(Some(name)) => format!("endpoints of {name}"),
    }
}

struct Mismatch {
    expected: String,
    happened: String,
    moment: SimTime,
}

struct Judge<'a> {
    run: &'a Run<'a>,
    report: &'a Report,
}

impl Judge<'_> {
    fn plan(&self) -> &Plan {
        &self.run.compiled.plan
    }

    /// How a claim differs from the run; `None`: not at all.
    fn mismatch(&self, claimed: &Claimed) -> Option<Mismatch> {
        let outcome = &self.report.verdict.outcome;
        let since = outcome.since;
        let verdict = || format!("{} at {since}", outcome.verdict.name());
        let differs = |expected: String, happened: String| Mismatch {
            expected,
            happened,
            moment: since,
        };
        match claimed {
            Claimed::Verdict(expected) => (outcome.verdict != *expected)
                .then(|| differs(expected.name().to_owned(), verdict())),
            Claimed::NotBefore(earliest) => {
                (since < *earliest).then(|| differs(format!("not before {earliest}"), verdict()))
            }
            Claimed::NotAfter(latest) => {
                (*latest < since).then(|| differs(format!("not after {latest}"), verdict()))
            }
            Claimed::Reason(pattern) => (!pattern.0.is_match(&outcome.reason)).then(|| {
                let happened = if outcome.reason.is_empty() {
                    "the controller gives no reason".to_owned()
                } else {
                    outcome.reason.clone()
                };
                differs(format!("matches {}", pattern.0), happened)
            }),
            Claimed::Step(bounds) => self.step(bounds),
            Claimed::Measure(measure, bounds) => {
                let amount = measured(*measure, self.report.impact.as_ref());
                amounts(bounds, amount, since)
            }
            Claimed::Measurements {
                metric,
                counted,
                bounds,
            } => self.measurements(metric, *counted, bounds),
            Claimed::Weight { at, bounds } => self.at(*at, bounds, |cluster| {
                let rollout = cluster.rollout.as_ref()?;
                let weights = rollout.status.canary.weights.as_ref();
                Some(weights.map_or(0, |weights| weights.canary.weight))
            }),
            Claimed::Pods {
                at,
                tag,
                counted,
                bounds,
            } => self.at(*at, bounds, |cluster| self.pods(cluster, tag, *counted)),
            Claimed::Endpoints(name) => self.endpoints(name.as_deref()),
        }
    }

    fn step(&self, bounds: &Bounds) -> Option<Mismatch> {
        let frames = &self.run.trace.frames;
        let last = frames.last()?.cluster.rollout.as_ref()?.template;
        let steps = frames.iter().filter_map(|frame| {
            let rollout = frame.cluster.rollout.as_ref()?;
            // Until the controller has seen a new template the step is that of the one before.
            let is_seen = rollout.template == last && rollout.status.current == Some(last);
            let step = rollout.status.step.filter(|_| is_seen)?;
            Some((step, frame.at))
        });
        // The first time of the highest step.
        let (step, at) = steps.fold((0, SimTime::ZERO), |best, step| {
            if best.0 < step.0 { step } else { best }
        });
        if bounds.hold(f64::from(step)) {
            return None;
        }
        let steps = self.plan().canary().map_or(0, |canary| canary.steps.len());
        let canary = self.plan().canary();
        let name = canary
            .and_then(|canary| canary.step(step))
            .map_or_else(|| format!("all {steps} steps are done"), wording::step);
        Some(Mismatch {
            expected: bounds.to_string(),
            happened: format!("{step} ({name}), reached at {at}"),
            moment: at,
        })
    }

    fn measurements(&self, metric: &str, counted: Counted, bounds: &Bounds) -> Option<Mismatch> {
        let cluster = &self.run.trace.frames.last()?.cluster;
        let mut total = 0;
        let mut last = None;
        for run in &cluster.runs {
            let plans = &self.plan().analyses[run.analysis as usize].metrics;
            for (plan, status) in plans.iter().zip(cluster.metrics_of(run)) {
                if plan.name != metric {
                    continue;
                }
                total += match counted {
                    Counted::All => status.count,
                    Counted::Successful => status.successful,
                    Counted::Failed => status.failed,
                    Counted::Inconclusive => status.inconclusive,
                    Counted::Error => status.error,
                };
                last = last.max(status.last.and_then(|last| last.finished));
            }
        }
        let moment = last.unwrap_or(self.report.verdict.outcome.since);
        amounts(bounds, Some(f64::from(total)), moment)
    }

    /// A number right after an instant.
    fn at(
        &self,
        at: SimTime,
        bounds: &Bounds,
        number: impl Fn(&Cluster) -> Option<i32>,
    ) -> Option<Mismatch> {
        let ending = self.run.ending;
        if ending.reason != EndReason::Quiet && ending.at < at {
            return Some(Mismatch {
                expected: bounds.to_string(),
                happened: format!("the run was cut off at {}", ending.at),
                moment: ending.at,
            });
        }
        let frames = &self.run.trace.frames;
        let next = frames.partition_point(|frame| frame.at <= at);
        let frame = next.checked_sub(1).and_then(|last| frames.get(last));
        let number = frame.and_then(|frame| number(&frame.cluster));
        amounts(bounds, Some(f64::from(number.unwrap_or(0))), at)
    }

    fn pods(&self, cluster: &Cluster, tag: &str, counted: PodsCounted) -> Option<i32> {
        let template = self.run.compiled.template(tag)?;
        let sets = cluster.replica_sets.iter().filter(|set| {
            !set.deleted
                && set.template == template
                && (set.is_rollouts() || cluster.rollout.is_none())
        });
        let count = |set: &crate::cluster::ReplicaSet| match counted {
            PodsCounted::Available => set.available,
            PodsCounted::Desired => set.desired,
        };
        Some(sets.map(count).sum())
    }

    fn endpoints(&self, name: Option<&str>) -> Option<Mismatch> {
        let tally = self.run.tally?;
        let plan = self.plan();
        let wanted = match name {
            None => None,
            Some(name) => Some(service(plan, name)?),
        };
        let mut gaps = tally.gaps.iter();
        // A gap that is over in the same instant was never there for anybody.
        let gap = gaps.find(|gap| {
            wanted.is_none_or(|service| service == gap.service) && gap.to != Some(gap.from)
        })?;
        let service = &plan.services[usize::from(gap.service.0)];
        let from = gap.from;
        let until = match gap.to {
            Some(to) => format!("for {} from {from} to {to}", to - from),
            None => format!("from {from} on"),
        };
        Some(Mismatch {
            expected: "at all times".to_owned(),
            happened: format!("service {service} has none {until}"),
            moment: from,
        })
    }
}

fn amounts(bounds: &Bounds, amount: Option<f64>, moment: SimTime) -> Option<Mismatch> {
    if amount.is_some_and(|amount| bounds.hold(amount)) {
        return None;
    }
    Some(Mismatch {
        expected: bounds.to_string(),
        happened: amount.map_or("unknown".to_owned(), |amount| bounds.show(amount)),
        moment,
    })
}

/// What the accounts say; `None` where they say nothing.
fn measured(measure: Measure, impact: Option<&Impact>) -> Option<f64> {
    let impact = impact?;
    let traffic = impact.traffic.as_ref();
    match measure {
        Measure::Requests => traffic.map(|traffic| traffic.requests),
        Measure::FailedRequests => traffic.map(|traffic| traffic.failed),
        Measure::UnservedRequests => traffic.map(|traffic| traffic.unserved),
        Measure::Harm => traffic?.harm,
        Measure::UsersExposed => traffic?.users_exposed,
        Measure::Exposure => traffic.map(|traffic| traffic.exposure),
        Measure::PeakPods => Some(f64::from(impact.peak_pods)),
        Measure::PodHours => Some(impact.pod_hours),
        Measure::ExcessPodHours => Some(impact.excess_pod_hours),
        Measure::ExcessCost => impact.excess_cost,
        Measure::ShortOfCapacity => Some(impact.short_of_capacity),
        Measure::InstantRollback => Some(impact.instant_rollback),
    }
}

/// The service of a role or a name.
fn service(plan: &Plan, name: &str) -> Option<ServiceId> {
    let role = roles(plan).into_iter().find(|(role, _)| *role == name);
    let named = || {
        let index = plan.services.iter().position(|service| service == name)?;
        u8::try_from(index).ok().map(ServiceId)
    };
    role.map(|(_, service)| service).or_else(named)
}

/// The roles that services have in a rollout.
fn roles(plan: &Plan) -> Vec<(&'static str, ServiceId)> {
    let mut roles = Vec::new();
    match &plan.strategy {
        Strategy::BlueGreen(blue_green) => {
            roles.push(("active", blue_green.active_service));
            roles.extend(blue_green.preview_service.map(|id| ("preview", id)));
        }
        Strategy::Canary(canary) => {
            roles.extend(canary.stable_service.map(|id| ("stable", id)));
            roles.extend(canary.canary_service.map(|id| ("canary", id)));
        }
    }
    // An Experiment on its own has a strategy that stands for none.
    roles.retain(|(_, id)| usize::from(id.0) < plan.services.len());
    roles
}
