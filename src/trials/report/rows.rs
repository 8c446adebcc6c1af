//! One line for each run, as CSV.

use crate::trials::campaign::Row;
use crate::trials::dossier::{Head, Legend};
use crate::trials::summary::Summary;

/// Names of the columns that there always are.
const COLUMNS: [&str; 16] = [
    "replicate",
    "policy",
    "verdict",
    "since_s",
    "cause",
    "step",
    "measurements",
    "harm",
    "requests",
    "failed",
    "requests_on_new",
    "users_exposed",
    "excess_pod_seconds",
    "short_of_capacity_s",
    "peak_pods",
    "end_s",
];

/// Names of the columns: what a run came to, and what was drawn of its release.
#[must_use]
pub fn columns(head: &Head) -> Vec<String> {
    let always = COLUMNS.map(str::to_owned).into_iter();
    always.chain(drawn(head).map(str::to_owned)).collect()
}

/// The names of what is drawn, by either policy.
fn drawn(head: &Head) -> impl Iterator<Item = &str> {
    let written = head.written.releases();
    let changed = head.changed.iter().flat_map(Legend::releases);
    let further = changed.filter(|parameter| !written.contains(parameter));
    let all = written.iter().chain(further);
    all.map(|parameter| parameter.name.as_str())
}

/// The records of a run: one for the policy as written, and one for the changed policy if there is one.
#[must_use]
pub fn records(head: &Head, row: &Row) -> Vec<Vec<String>> {
    let changed = row.changed.as_ref().map(|changed| {
        let legend = head.changed.as_ref().unwrap_or(&head.written);
        let fixed = record(row.replicate, "changed", legend, changed);
        with_release(fixed, head, legend, &row.changed_release)
    });
    let written = record(row.replicate, "written", &head.written, &row.written);
    let written = with_release(written, head, &head.written, &row.release);
    std::iter::once(written).chain(changed).collect()
}

/// A record with what was drawn; empty where a policy does not look at it.
fn with_release(
    mut record: Vec<String>,
    head: &Head,
    legend: &Legend,
    values: &[f64],
) -> Vec<String> {
    for name in drawn(head) {
        let mut own = legend.releases().iter().zip(values);
        let own = own.find(|(parameter, _)| parameter.name == name);
        record.push(own.map_or(String::new(), |(_, value)| value.to_string()));
    }
    record
}

fn record(replicate: u64, policy: &str, legend: &Legend, summary: &Summary) -> Vec<String> {
    let cause = summary.cause.map(|cause| legend.name(cause));
    let step = cause.as_ref().and_then(|cause| cause.step);
    let costs = &summary.costs;
    vec![
        replicate.to_string(),
        policy.to_owned(),
        summary.verdict.name().to_owned(),
        seconds(summary.since),
        cause.map(|cause| cause.what).unwrap_or_default(),
        step.map(|step| step.to_string()).unwrap_or_default(),
        summary.measurements.to_string(),
        costs.harm.to_string(),
        costs.requests.to_string(),
        costs.failed.to_string(),
        costs.requests_on_new.to_string(),
        costs.users_exposed.to_string(),
        costs.excess_pod_seconds.to_string(),
        costs.short_of_capacity.to_string(),
        costs.peak_pods.to_string(),
        seconds(costs.end),
    ]
}

fn seconds(at: crate::time::SimTime) -> String {
    (at - crate::time::SimTime::ZERO).seconds().to_string()
}
