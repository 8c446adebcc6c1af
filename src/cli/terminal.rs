//! The terminal: colours, and what goes to which stream.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

use super::exit::Exit;
use crate::diagnostic::{self, Finding, Look, Sources};

/// Whether to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}

/// How diagnostics look on the stream of errors.
pub(super) fn look_of_errors(asked: Colour) -> Look {
    if wants_colour(asked, io::stderr().is_terminal()) {
        Look::Coloured
    } else {
        Look::Plain
    }
}

/// Tells findings on the stream of errors. Those that nobody reads change nothing.
pub(super) fn tell(findings: &[Finding], sources: &Sources, look: Look) {
    let text = diagnostic::render(findings, sources, look);
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes an answer to the output; the exit is `done` if it can be written.
pub(super) fn finish(text: &str, done: Exit) -> Exit {
    match write(&mut io::stdout().lock(), text) {
        Ok(()) => done,
        Err(_) => Exit::CannotWrite,
    }
}

/// Writes everything; a reader who has gone away is no failure.
pub(super) fn write(to: &mut dyn Write, text: &str) -> io::Result<()> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

pub(super) fn wants_colour(asked: Colour, is_terminal: bool) -> bool {
    match asked {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => is_terminal && terminal_wants_colour(),
    }
}

/// `NO_COLOR` with any content and dumb terminals switch colours off.
#[expect(
    clippy::disallowed_methods,
    reason = "the terminal is told by the environment"
)]
fn terminal_wants_colour() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}
