//! The accounts in the JSON document.

use serde::Serialize;

use crate::report;
use crate::time::SimTime;

/// What the release cost. Numbers of requests are expectations unless the run was random. Times are seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Impact {
    /// What became of the users' requests; null without traffic in the scenario.
    pub traffic: Option<Traffic>,
    /// Most pods at once, those that are being deleted included.
    pub peak_pods: i32,
    /// Pod-hours.
    pub pod_hours: f64,
    /// Pod-hours beyond `spec.replicas`.
    pub excess_pod_hours: f64,
    /// Their price; null where none is given.
    pub excess_cost: Option<f64>,
    /// Time with fewer available pods than `spec.replicas`.
    pub short_of_capacity_seconds: f64,
    /// Time in which no requests went to the old version and all its pods still stood by.
    pub instant_rollback_seconds: f64,
    /// Times in which a service had no endpoint.
    pub gaps: Vec<Gap>,
}

/// What became of the users' requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// All requests: the sum over the versions, and those that found no endpoint.
    pub requests: f64,
    /// Those that failed, those without an endpoint included.
    pub failed: f64,
    /// Those that found no endpoint.
    pub unserved: f64,
    /// Failed requests beyond what the version that was stable at the start would have failed alone; null without one.
    pub harm: Option<f64>,
    /// Users who saw a new version; null unless the scenario says how many requests a user makes.
    pub users_exposed: Option<f64>,
    /// Time that users spent on new versions, weighted by their requests.
    pub exposure_seconds: f64,
    /// By version.
    pub versions: Vec<Version>,
}

/// What a version served.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its tag.
    pub version: String,
    /// Requests of users.
    pub requests: f64,
    /// Those that failed.
    pub failed: f64,
    /// Those that succeeded, but took too long.
    pub slow: f64,
    /// Copies of requests.
    pub mirrored: f64,
    /// Requests of testers.
    pub preview: f64,
}

/// A time in which a service had no endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The name of the service.
    pub service: String,
    /// When it began.
    pub from: f64,
    /// When it was over; null: it was not.
    pub to: Option<f64>,
}

impl From<&report::Impact> for Impact {
    fn from(impact: &report::Impact) -> Self {
        let seconds = |at: SimTime| (at - SimTime::ZERO).seconds();
        Self {
            traffic: impact.traffic.as_ref().map(Traffic::from),
            peak_pods: impact.peak_pods,
            pod_hours: impact.pod_hours,
            excess_pod_hours: impact.excess_pod_hours,
            excess_cost: impact.excess_cost,
            short_of_capacity_seconds: impact.short_of_capacity,
            instant_rollback_seconds: impact.instant_rollback,
            gaps: impact
                .gaps
                .iter()
                .map(|gap| Gap {
                    service: gap.service.clone(),
                    from: seconds(gap.from),
                    to: gap.to.map(seconds),
                })
                .collect(),
        }
    }
}

impl From<&report::TrafficImpact> for Traffic {
    fn from(traffic: &report::TrafficImpact) -> Self {
        let version = |version: &report::VersionImpact| Version {
            version: version.version.clone(),
            requests: version.served.requests,
            failed: version.served.failed,
            slow: version.served.slow,
            mirrored: version.served.mirrored,
            preview: version.served.preview,
        };
        Self {
            requests: traffic.requests,
            failed: traffic.failed,
            unserved: traffic.unserved,
            harm: traffic.harm,
            users_exposed: traffic.users_exposed,
            exposure_seconds: traffic.exposure,
            versions: traffic.versions.iter().map(version).collect(),
        }
    }
}
