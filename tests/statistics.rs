//! The arithmetic of gates and of many runs, against published and recomputed figures.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the numbers are small"
)]
#![expect(clippy::float_cmp, reason = "ends and certainties are exact")]

#[path = "golden/published.rs"]
mod published;

mod statistics {
    mod accuracy;
    mod coverage;
    mod merging;
    mod plans;
    mod rules;
}
