//! What routers and services make of the objects in the cluster: the world's view of them.

use crate::cluster::replica_set::Owner;
use crate::cluster::status::PingPong;
use crate::cluster::{Cluster, ReplicaSet, ReplicaSetId, Rollout, ServiceId, TemplateId};
use crate::plan::{Canary, Plan, Strategy};
use crate::world::Router;
use crate::world::traffic::{Backend, Endpoints, Routing, Target};

/// Where users' requests are sent, as routers were told and services select.
pub(super) fn routes(plan: &Plan, cluster: &Cluster, router: &Router, routing: &mut Routing) {
    routing.weights.clear();
    (routing.by_router, routing.header, routing.mirror) = (false, None, None);
    routing.preview = None;
    let Some(rollout) = &cluster.rollout else {
        return;
    };
    match &plan.strategy {
        Strategy::BlueGreen(blue_green) => {
            let active = Target::Service(blue_green.active_service);
            routing.weights.push((active, 1.0));
            routing.preview = blue_green.preview_service.map(Target::Service);
        }
        Strategy::Canary(canary) if canary.routing.is_none() => {
            routing.weights.push((Target::Everyone, 1.0));
        }
        Strategy::Canary(canary) => {
            weights(plan, canary, cluster, rollout, router, routing);
        }
    }
}

/// The weights of a traffic router: canary, stable, and the templates of a running experiment.
fn weights(
    plan: &Plan,
    canary: &Canary,
    cluster: &Cluster,
    rollout: &Rollout,
    router: &Router,
    routing: &mut Routing,
) {
    let most = f64::from(canary.max_weight().max(1));
    let told = router.told().map_or(0, |(weight, _)| weight);
    let (canary_target, stable_target) = targets(canary, cluster, rollout);
    let canary_share = (f64::from(told) / most).clamp(0.0, 1.0);
    routing.by_router = true;
    routing.weights.push((canary_target, canary_share));
    routing.weights.push((stable_target, 0.0));
    let mut left = 1.0 - canary_share;
    for extra in &rollout.status.canary.additional_weights {
        let owner = Owner::Experiment(extra.experiment, extra.template);
        let set = live(cluster).find(|set| set.owner == owner);
        let target = set.map_or(Target::Nobody, |set| Target::Set(set.id));
        let share = (f64::from(extra.weight) / most).clamp(0.0, left);
        left -= share;
        routing.weights.push((target, share));
    }
    routing.weights[1].1 = left;
    if router.has_header_route() {
        routing.header = Some(canary_target);
    }
    if 0.0 < router.mirrored() {
        routing.mirror = Some((canary_target, router.mirrored()));
    }
    debug_assert!(plan.canary().is_some(), "weights belong to canaries");
}

/// Where the canary's and the stable share go.
fn targets(canary: &Canary, cluster: &Cluster, rollout: &Rollout) -> (Target, Target) {
    if let Some((ping, pong)) = canary.ping_pong {
        let stable_is_ping = rollout.status.canary.stable_ping_pong == Some(PingPong::Ping);
        let (stable, canary) = if stable_is_ping {
            (ping, pong)
        } else {
            (pong, ping)
        };
        return (Target::Service(canary), Target::Service(stable));
    }
    let target = |service: Option<ServiceId>, subset: Option<TemplateId>| match service {
        Some(service) => Target::Service(service),
        None => subset.map_or(Target::Everyone, |subset| of_template(cluster, subset)),
    };
    let rule = cluster.destination_rule;
    (
        target(canary.canary_service, rule.canary),
        target(canary.stable_service, rule.stable),
    )
}

/// Who is there to serve requests.
pub(super) fn endpoints(
    plan: &Plan,
    cluster: &Cluster,
    dead: impl Fn(ReplicaSetId) -> i32,
    endpoints: &mut Endpoints,
) {
    endpoints.services.clear();
    endpoints.sets.clear();
    let services = cluster.services.iter().take(plan.services.len());
    endpoints
        .services
        .extend(services.map(|service| match service.selector {
            None => Target::Everyone,
            Some(template) => of_template(cluster, template),
        }));
    endpoints.sets.extend(live(cluster).map(|set| Backend {
        id: set.id,
        template: set.template,
        ready: set.ready,
        alive: set.ready - dead(set.id),
    }));
}

fn live(cluster: &Cluster) -> impl Iterator<Item = &ReplicaSet> {
    cluster.replica_sets.iter().filter(|set| !set.deleted)
}

/// The rollout's pods of a version.
fn of_template(cluster: &Cluster, template: TemplateId) -> Target {
    live(cluster)
        .find(|set| set.owner == Owner::Rollout && set.template == template)
        .map_or(Target::Nobody, |set| Target::Set(set.id))
}
