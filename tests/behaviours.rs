//! Every behaviour that Argo Rollouts is known for and that its users do not expect, by its number,
//! and what no recorded trace covers. Each test is a story: given a rollout and a world, when
//! somebody acts, then this is so at that second.

mod behaviours {
    pub(crate) mod manifest;
    pub(crate) mod story;
    pub(crate) mod told;

    mod analysis;
    mod blue_green;
    mod canary;
    mod experiment;
    mod inputs;
    mod people;
    mod provider;
    mod rollout;
    mod same_instant;
    mod shapes;
    mod start;
    mod step_plugin;
    mod traffic_routing;
}
