//! `coalmine schema`: the JSON Schema of scenarios.

use super::exit::Exit;
use super::terminal::finish;
use crate::scenario::schema;

pub(super) fn run() -> Exit {
    finish(&schema::text(), Exit::Promoted)
}
