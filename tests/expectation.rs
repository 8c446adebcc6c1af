//! `coalmine test`, and scenarios that expect something or extend one another, from outside.

#![expect(
    clippy::disallowed_methods,
    reason = "tests write what the program reads"
)]

mod expectation {
    pub(crate) mod case;
    mod diagnostics;
    mod extends;
    mod formats;
    mod schema;
    mod truth;
}
