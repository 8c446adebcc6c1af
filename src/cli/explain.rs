//! `coalmine explain`: what a field of a manifest means and what the controllers do with it.

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::subject::refuse;
use super::terminal::{Colour, finish, look_of_errors, wants_colour};
use crate::diagnostic::Diagnostic;
use crate::explain::{self, Manual, json, text};
use crate::scenario;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A kind, or a field of it, such as rollout.spec.strategy.canary.steps.setWeight; without it the kinds are listed
    #[arg(value_name = "PATH")]
    path: Option<String>,
    /// Lists the whole tree below the field
    #[arg(short, long)]
    recursive: bool,
    /// Format of the explanation
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A page for people
    Text,
    /// A document, schema coalmine.explain/v1
    Json,
}

pub(super) fn run(args: &ExplainArgs) -> Exit {
    let manual = Manual::argo().with(explain::schema::kind(
        "Scenario",
        &["sc"],
        "coalmine/v1alpha1",
        &scenario::schema::schema(),
    ));
    match explanation(&manual, args) {
        Ok(text) => finish(&text, Exit::Promoted),
        Err(problem) => refuse(*problem, look_of_errors(args.color)),
    }
}

fn explanation(manual: &Manual, args: &ExplainArgs) -> Result<String, Box<Diagnostic>> {
    let look = text::Look {
        colour: wants_colour(args.color, io::stdout().is_terminal()),
        recursive: args.recursive,
    };
    let Some(path) = &args.path else {
        return Ok(match args.output {
            Output::Text => text::kinds(manual, look),
            Output::Json => json::kinds(manual),
        });
    };
    let found = manual.find(path)?;
    Ok(match args.output {
        Output::Text => text::field(&found, look),
        Output::Json => json::field(&found, args.recursive),
    })
}
