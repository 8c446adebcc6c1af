//! `coalmine tune`, by its parts against what is known exactly, and as a user runs it.

#[expect(dead_code, reason = "these tests use a part of it")]
#[path = "command/program.rs"]
mod program;
#[path = "golden/readme.rs"]
mod readme;

mod tune {
    mod command;
    mod exact;
}
