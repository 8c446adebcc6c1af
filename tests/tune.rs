//! `coalmine tune`, by its parts against what is known exactly, and as a user runs it.

mod tune {
    mod command;
    mod exact;
}
