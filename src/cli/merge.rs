//! `coalmine merge`: the shards of many runs, put together.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::terminal::{Colour, finish, look_of_errors};
use super::trials::keeping::read;
use super::trials::{Output, refuse, rendered};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::{count, quoted};
use crate::trials::dossier::{Mismatch, merge};
use crate::trials::report::{Circumstances, Report};

/// Most missing shards that are named.
const MISSING_MAX: usize = 20;

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Files that `coalmine trials --save` wrote, one for each shard
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// Tells the shares only, in one line
    #[arg(short, long)]
    quiet: bool,
    /// Whether to use colours; auto: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
}

/// Single runs are not kept, so that there are no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Tables
    Text,
    /// A document, schema coalmine.trials/v1
    Json,
}

pub(super) fn run(args: &MergeArgs) -> Exit {
    let look = look_of_errors(args.color);
    let mut parts = Vec::new();
    for file in &args.files {
        let part = read(file).and_then(|part| {
            let missing = || {
                let message = format!("there is no file {}", shown(file));
                Box::new(Diagnostic::error("no-such-file", message))
            };
            part.ok_or_else(missing)
        });
        match part {
            Ok(part) => parts.push(part),
            Err(problem) => return refuse(*problem, look, Exit::Unreadable),
        }
    }
    let (sample, first) = match (merge(&parts), parts.first()) {
        (Ok(sample), Some(first)) => (sample, first),
        (Err(mismatch), _) => {
            let problem = told(
                &mismatch,
                &args.files,
                parts.first().map(|part| part.shard.count),
            );
            return refuse(problem, look, Exit::Unreadable);
        }
        (Ok(_), None) => return Exit::Usage,
    };
    let circumstances = Circumstances {
        wanted: first.runs,
        precision: None,
    };
    let report = Report::of(&first.head, &sample, circumstances);
    let output = match args.output {
        Format::Text => Output::Text,
        Format::Json => Output::Json,
    };
    finish(
        &rendered(&report, output, args.quiet, args.color),
        Exit::Promoted,
    )
}

fn told(mismatch: &Mismatch, files: &[PathBuf], shards: Option<u32>) -> Diagnostic {
    let shards = shards.unwrap_or(1);
    let file = |place: &usize| {
        files
            .get(*place)
            .map(|path| shown(path))
            .unwrap_or_default()
    };
    let first = file(&0);
    match mismatch {
        Mismatch::Nothing => Diagnostic::error("no-shards", "there is nothing to merge"),
        Mismatch::Version(place) => {
            let message = format!(
                "{first} and {} were written by different versions of coalmine",
                file(place)
            );
            Diagnostic::error("other-version", message).help("do all shards with the same version")
        }
        Mismatch::Subject(place) => {
            let message = format!("{first} and {} are no shards of the same runs", file(place));
            let help = "shards have the same manifests, scenario, changes, seed, number of runs and number of shards";
            Diagnostic::error("other-runs", message).help(help)
        }
        Mismatch::Missing(missing) => {
            let named = missing.iter().take(MISSING_MAX).map(u32::to_string);
            let named: Vec<String> = named.collect();
            let more = missing.len().saturating_sub(MISSING_MAX);
            let more = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            let message = format!(
                "{} of {shards} {} missing: {}{more}",
                count(missing.len(), "shard"),
                if missing.len() == 1 { "is" } else { "are" },
                named.join(", ")
            );
            Diagnostic::error("missing-shards", message)
        }
        Mismatch::Doubled(number) => {
            let message = format!("shard {number} of {shards} is given twice");
            Diagnostic::error("doubled-shard", message)
        }
        Mismatch::Unfinished(number, done, own) => {
            let message = format!("shard {number} of {shards} has {done} of {own} runs");
            Diagnostic::error("unfinished-shard", message)
                .help("go on with `coalmine trials --resume FILE`")
        }
    }
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}
