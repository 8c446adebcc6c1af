//! Requests, routers, room and prices, as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Curve, Number, Time};

/// The requests of the users.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// Requests per second: a number, a curve or a law.
    ///
    /// ```yaml
    /// rps: {daily: {low: 20, high: 200, highAt: 6h}, spikes: [{at: 5m, for: 1m, times: 5}]}
    /// ```
    pub rps: Option<Curve>,
    /// How many requests a user makes in a visit. Needed to count the users who saw the new version.
    pub requests_per_user: Option<Number>,
    /// A user keeps the version of the first request for the length of a visit, which is this long on average. Default: every
    /// request is routed anew. Has an effect where a traffic router splits by weight.
    pub sticky: Option<Time>,
    /// Share of the requests that carry what `setHeaderRoute` matches, 0 to 1. Default: 0.
    pub header: Option<Number>,
    /// Requests per second that testers send to the preview service of a blue-green rollout. Nobody else sees their errors.
    /// Default: 0.
    pub preview: Option<Number>,
    /// A request that takes longer than this counts as slow. Default: slow requests are not counted.
    pub slow: Option<Time>,
}

/// The traffic router and the endpoints behind services.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Router {
    /// How long after it was told a weight the router reports it as verified. Default: it cannot verify.
    pub verify_after: Option<Time>,
    /// How long it takes until a weight or a route that the controller has set is in force. Default: 0s.
    pub delay: Option<Time>,
    /// How long it takes until the endpoints of a service follow its selector and its pods. Until then requests go to pods that
    /// are gone, and fail. Default: 0s.
    pub endpoint_delay: Option<Time>,
}

/// Room for pods.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// How many pods can run at once, those that are terminating included. Further ones stay Pending until there is room.
    pub pods: Option<u32>,
}

/// Prices.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Price of a pod for an hour, in whatever currency.
    pub pod_hour: Option<Number>,
}

/// What `--random` draws.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Randomness {
    /// How much failures cluster, 0 to below 1: the correlation of two requests of the same ten seconds. 0 draws binomial counts,
    /// anything else beta-binomial ones. Default: 0.
    pub overdispersion: Option<Number>,
}
