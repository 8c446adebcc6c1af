//! `coalmine tune`, by its parts against what is known exactly, and as a user runs it.

#[path = "golden/readme.rs"]
mod readme;

mod tune {
    mod command;
    mod exact;
}
