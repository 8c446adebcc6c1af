//! Rollouts as chains: their walks have the summaries of simulations, and their distributions the digits of closed forms.

#[expect(
    dead_code,
    reason = "the chains use a part of the language of the behaviours"
)]
#[path = "behaviours"]
mod behaviours {
    pub(crate) mod manifest;
    pub(crate) mod story;
    pub(crate) mod told;
}

#[expect(dead_code, reason = "the chains use a part of the properties' cases")]
#[path = "properties"]
mod properties {
    pub(crate) mod case;
    pub(crate) mod dice;
}

#[expect(dead_code, reason = "the chains use a part of the tables")]
#[path = "golden/published.rs"]
mod published;

mod chain {
    mod draws;
    mod limits;
    mod refusals;
    mod vectors;
    mod walks;
}
