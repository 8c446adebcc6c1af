//! `coalmine test`, and scenarios that expect something or extend one another, from outside.

mod expectation {
    pub(crate) mod case;
    mod diagnostics;
    mod extends;
    mod formats;
    mod schema;
    mod truth;
}
