//! Whether the users of an aborted rollout are back on the stable version.
//!
//! Knows what routes and services say. Refuses to know what became of requests that were under way.

use crate::cluster::{Cluster, Rollout, ServiceId, TemplateId};
use crate::plan::{Plan, Strategy};

/// Why the users of an aborted rollout are not all on available stable pods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Misrouting {
    /// There is no stable version.
    NoStable,
    /// They go elsewhere, or nowhere.
    Routes {
        /// Where else they go.
        fault: Option<Elsewhere>,
        /// The stable version, if none of its pods is available.
        empty: Option<TemplateId>,
    },
}

/// Where else than to the stable version users go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Elsewhere {
    /// A service selects a version that is not the stable one; with its available pods.
    Service(ServiceId, TemplateId, i32),
    /// A share of the traffic \[%\] goes to this version.
    Share(f64, TemplateId),
    /// So many pods of this version serve.
    Pods(i32, TemplateId),
}

impl Misrouting {
    /// In words.
    pub(super) fn told(self, plan: &Plan) -> String {
        let tag = |template: TemplateId| &plan.template(template).tag;
        let Self::Routes { fault, empty } = self else {
            return "there is no stable version".to_owned();
        };
        let fault = fault.map(|fault| match fault {
            Elsewhere::Service(id, selector, available) => format!(
                "service `{}` still points to {}, which has {}",
                plan.services[usize::from(id.0)],
                tag(selector),
                pods(available)
            ),
            Elsewhere::Share(share, template) => {
                format!("{share} % of the traffic still go to {}", tag(template))
            }
            Elsewhere::Pods(available, template) => {
                format!("{} of {} still serve", pods(available), tag(template))
            }
        });
        let empty = empty.map(|stable| format!("stable {} has no available pods", tag(stable)));
        match (fault, empty) {
            (Some(fault), Some(empty)) => format!("{fault}, and {empty}"),
            (fault, empty) => fault.or(empty).unwrap_or_default(),
        }
    }
}

/// Why the users of an aborted rollout are not all on available stable pods; `None` if they are.
pub(super) fn misrouted(plan: &Plan, cluster: &Cluster, rollout: &Rollout) -> Option<Misrouting> {
    if rollout.replicas == 0 {
        return None;
    }
    let status = &rollout.status;
    let Some(stable) = status.stable else {
        return Some(Misrouting::NoStable);
    };
    let sets = || cluster.replica_sets.iter().filter(|set| set.is_rollouts());
    let available = |template: TemplateId| -> i32 {
        sets()
            .filter(|set| set.template == template)
            .map(|set| set.available)
            .sum()
    };
    let elsewhere = |service: Option<ServiceId>| {
        let id = service?;
        let selector = cluster.services[usize::from(id.0)].selector?;
        (selector != stable).then(|| Elsewhere::Service(id, selector, available(selector)))
    };
    let fault = match &plan.strategy {
        Strategy::BlueGreen(blue_green) => elsewhere(Some(blue_green.active_service)),
        Strategy::Canary(canary) if canary.routing.is_some() => {
            let weights = status.canary.weights.as_ref();
            let weight = weights.map_or(0, |weights| weights.canary.weight);
            if 0 < weight {
                let share = f64::from(weight) * 100.0 / f64::from(canary.max_weight().max(1));
                Some(Elsewhere::Share(share, rollout.template))
            } else if canary.ping_pong.is_none() {
                elsewhere(canary.stable_service)
            } else {
                None
            }
        }
        Strategy::Canary(_) => sets()
            .find(|set| set.template != stable && 0 < set.available)
            .map(|set| Elsewhere::Pods(set.available, set.template)),
    };
    let empty = (available(stable) == 0).then_some(stable);
    (fault.is_some() || empty.is_some()).then_some(Misrouting::Routes { fault, empty })
}

fn pods(count: i32) -> String {
    match count {
        0 => "no available pods".to_owned(),
        1 => "1 available pod".to_owned(),
        _ => format!("{count} available pods"),
    }
}
