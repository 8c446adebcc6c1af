//! `coalmine schema`: the JSON Schema of scenarios.

use std::io;

use super::exit::Exit;
use super::write;
use crate::scenario::schema;

pub(super) fn run() -> Exit {
    match write(&mut io::stdout().lock(), &schema::text()) {
        Ok(()) => Exit::Promoted,
        Err(_) => Exit::CannotWrite,
    }
}
