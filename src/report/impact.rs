//! What a release cost: requests, users, pods.
//!
//! Numbers of requests are expectations unless the run was random; then they are what was drawn.

use std::fmt::Write;

use crate::cluster::TemplateId;
use crate::report::Run;
use crate::report::world::percent;
use crate::time::{Delta, SimTime};
use crate::world::ledger::{Served, Tally};

/// What a release cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Impact {
    /// What became of the users' requests; `None` without traffic in the scenario.
    pub traffic: Option<TrafficImpact>,
    /// Most pods at once.
    pub peak_pods: i32,
    /// Pod-hours.
    pub pod_hours: f64,
    /// Pod-hours beyond `spec.replicas`.
    pub excess_pod_hours: f64,
    /// Their price, where one is given.
    pub excess_cost: Option<f64>,
    /// Time with fewer available pods than `spec.replicas` \[s\].
    pub short_of_capacity: f64,
    /// Time in which no requests went to the old version and all its pods still stood by \[s\].
    pub instant_rollback: f64,
    /// Times in which a service had no endpoint.
    pub gaps: Vec<ServiceGap>,
}

/// What became of the users' requests.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficImpact {
    /// All requests.
    pub requests: f64,
    /// Those that failed.
    pub failed: f64,
    /// Those of them that were sent to where nobody is.
    pub unserved: f64,
    /// Failed requests beyond what the version that was stable at the start would have failed alone; `None` without such a version.
    pub harm: Option<f64>,
    /// Users who saw a new version; `None` unless the scenario says how many requests a user makes.
    pub users_exposed: Option<f64>,
    /// Time that users spent on new versions, weighted by their requests \[s\].
    pub exposure: f64,
    /// By version, those that served nothing left out.
    pub versions: Vec<VersionImpact>,
}

/// What a version served.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionImpact {
    /// Its tag.
    pub version: String,
    /// What it served.
    pub served: Served,
}

/// A time in which a service had no endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceGap {
    /// Its name.
    pub service: String,
    /// When it began.
    pub from: SimTime,
    /// When it was over; `None`: it was not.
    pub to: Option<SimTime>,
}

const HOUR: f64 = 3600.0;
/// Requests below this are dust of adding up.
const LEAST: f64 = 0.0005;

impl Impact {
    /// The accounts of a finished run.
    #[must_use]
    pub fn of(run: &Run<'_>) -> Option<Self> {
        let tally = run.tally?;
        let plan = &run.compiled.plan;
        let environment = &run.compiled.environment;
        let last = run.trace.frames.last()?;
        last.cluster.rollout.as_ref()?;
        let excess_pod_hours = tally.excess_pod_seconds / HOUR;
        let service = |index: usize| plan.services.get(index).cloned().unwrap_or_default();
        Some(Self {
            traffic: environment.traffic.as_ref().map(|traffic| TrafficImpact {
                users_exposed: traffic.requests_per_user.map(|_| tally.users_exposed),
                ..of_traffic(run, tally)
            }),
            peak_pods: tally.peak_pods,
            pod_hours: tally.pod_seconds / HOUR,
            excess_pod_hours,
            excess_cost: environment.pod_hour.map(|price| price * excess_pod_hours),
            short_of_capacity: tally.short_of_capacity,
            instant_rollback: tally.standing_by,
            gaps: tally
                .gaps
                .iter()
                .map(|gap| ServiceGap {
                    service: service(usize::from(gap.service.0)),
                    from: gap.from,
                    to: gap.to,
                })
                .collect(),
        })
    }

    /// Every number by its name, in the order in which they are told; times in seconds.
    #[must_use]
    pub fn measures(&self) -> Vec<(&'static str, f64)> {
        let mut all = Vec::new();
        if let Some(traffic) = &self.traffic {
            all.extend([
                ("requests", traffic.requests),
                ("failedRequests", traffic.failed),
                ("unservedRequests", traffic.unserved),
                ("exposureSeconds", traffic.exposure),
            ]);
            all.extend(traffic.harm.map(|harm| ("harm", harm)));
            all.extend(traffic.users_exposed.map(|users| ("usersExposed", users)));
        }
        all.extend([
            ("peakPods", f64::from(self.peak_pods)),
            ("podHours", self.pod_hours),
            ("excessPodHours", self.excess_pod_hours),
            ("shortOfCapacitySeconds", self.short_of_capacity),
            ("instantRollbackSeconds", self.instant_rollback),
        ]);
        all.extend(self.excess_cost.map(|cost| ("excessCost", cost)));
        all
    }

    /// The accounts in a few sentences.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(traffic) = &self.traffic {
            lines.extend(traffic.lines());
        }
        lines.push(self.pods());
        if 0.0 < self.short_of_capacity {
            let time = seconds(self.short_of_capacity);
            lines.push(format!(
                "fewer pods than spec.replicas available for {time}"
            ));
        }
        if 0.0 < self.instant_rollback {
            let time = seconds(self.instant_rollback);
            lines.push(format!(
                "instant rollback: all old pods stood by for {time}"
            ));
        }
        lines.extend(self.gaps.iter().map(|gap| {
            let until = gap.to.map_or("on".to_owned(), |to| format!("to {to}"));
            format!(
                "service {} has no endpoint from {} {until}",
                gap.service, gap.from
            )
        }));
        lines
    }

    fn pods(&self) -> String {
        let most = self.peak_pods;
        let mut text = format!("{most} pods at most");
        if 0.0 < self.excess_pod_hours {
            let hours = number(self.excess_pod_hours);
            let _ = write!(text, ", {hours} pod-hours beyond spec.replicas");
        }
        if let Some(cost) = self.excess_cost {
            let _ = write!(text, ", which cost {}", number(cost));
        }
        text
    }
}

fn of_traffic(run: &Run<'_>, tally: &Tally) -> TrafficImpact {
    let plan = &run.compiled.plan;
    let requests = tally.requests();
    let on_new = tally.requests_on_new();
    let versions = (0..).map(TemplateId).zip(&tally.served);
    TrafficImpact {
        requests,
        failed: tally.failed(),
        unserved: tally.unserved,
        harm: tally.control.map(|_| tally.harm()),
        users_exposed: None,
        exposure: if requests > 0.0 {
            on_new / requests * tally.seconds
        } else {
            0.0
        },
        versions: versions
            .filter(|(_, served)| **served != Served::default())
            .map(|(version, served)| VersionImpact {
                version: plan.template(version).tag.clone(),
                served: *served,
            })
            .collect(),
    }
}

impl TrafficImpact {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let shares: Vec<String> = self
            .versions
            .iter()
            .filter(|version| 0.0 < version.served.requests)
            .map(|version| format!("{} to {}", number(version.served.requests), version.version))
            .collect();
        let mut requests = format!("{} requests", number(self.requests));
        if !shares.is_empty() {
            let _ = write!(requests, ": {}", shares.join(", "));
        }
        lines.push(requests);
        let share = if self.requests > 0.0 {
            self.failed / self.requests
        } else {
            0.0
        };
        let mut failures = format!("{} failed ({})", number(self.failed), percent(share));
        if 0.0 < self.unserved {
            let _ = write!(
                failures,
                ", {} of them for lack of endpoints",
                number(self.unserved)
            );
        }
        if let Some(harm) = self.harm {
            let (times, word) = (
                number(harm.abs()),
                if harm <= -LEAST { "fewer" } else { "more" },
            );
            let _ = write!(failures, "; harm: {times} {word} than without the release");
        }
        lines.push(failures);
        for version in self
            .versions
            .iter()
            .filter(|version| 0.0 < version.served.slow)
        {
            lines.push(format!(
                "{} of {} were slow",
                number(version.served.slow),
                version.version
            ));
        }
        for version in &self.versions {
            let (copies, tests) = (version.served.mirrored, version.served.preview);
            if 0.0 < copies {
                lines.push(format!(
                    "{} copies went to {}",
                    number(copies),
                    version.version
                ));
            }
            if 0.0 < tests {
                let tests = number(tests);
                lines.push(format!(
                    "{tests} requests of testers went to {}",
                    version.version
                ));
            }
        }
        let mut exposure = format!("exposure: {} on the new version", seconds(self.exposure));
        if let Some(users) = self.users_exposed {
            let _ = write!(exposure, ", {} users saw it", number(users));
        }
        lines.push(exposure);
        lines
    }
}

/// A number as people read it: whole, or with three digits.
fn number(number: f64) -> String {
    let places = match number.abs() {
        size if size == 0.0 || 100.0 <= size => 0,
        size if 10.0 <= size => 1,
        size if 1.0 <= size => 2,
        _ => 3,
    };
    let text = format!("{number:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn seconds(seconds: f64) -> String {
    // Whole seconds are enough for people; the other formats have all digits.
    Delta::of_seconds(if seconds < 10.0 {
        seconds
    } else {
        seconds.round()
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_or_are_whole() {
        let texts = [0.0, 0.0123, 0.5, 1.0, 2.345, 12.34, 123.4, 57600.0].map(number);
        let want = ["0", "0.012", "0.5", "1", "2.35", "12.3", "123", "57600"];
        assert_eq!(texts, want);
    }
}
