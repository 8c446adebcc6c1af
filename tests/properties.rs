//! What holds for every rollout: seeded random rollouts, worlds and deeds, and the laws that no run
//! may break.
//!
//! A failing case prints its seed and its story; `Case::new(seed)` makes it again.

#[expect(
    dead_code,
    reason = "the properties use a part of the language of the behaviours"
)]
#[path = "behaviours"]
mod behaviours {
    pub(crate) mod manifest;
    pub(crate) mod story;
    pub(crate) mod told;
}

mod properties {
    pub(crate) mod case;
    pub(crate) mod dice;

    mod laws;
    mod repetition;
}
