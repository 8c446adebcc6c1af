//! Files of runs: what is done so far, for going on later and for merging.
//!
//! Knows: files are written beside their place and then renamed, so that whoever reads one finds a whole one. Refuses
//! to know what is in them.

#![expect(
    clippy::disallowed_methods,
    reason = "the place where files of runs are read and written"
)]

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::quoted;
use crate::trials::dossier::{PART_SCHEMA, Part};

/// How often a file is written while runs are done.
const EVERY: Duration = Duration::from_secs(5);

/// Keeps what is done in a file, if one is named.
pub(super) struct Keeper {
    path: Option<PathBuf>,
    last: Instant,
}

impl Keeper {
    pub(super) fn new(path: Option<&PathBuf>) -> Self {
        Self {
            path: path.cloned(),
            last: Instant::now(),
        }
    }

    /// Whether there is a file.
    pub(super) fn is_in_use(&self) -> bool {
        self.path.is_some()
    }

    /// Whether the file was written long ago.
    pub(super) fn is_due(&self) -> bool {
        self.path.is_some() && EVERY <= self.last.elapsed()
    }

    /// Writes the file.
    pub(super) fn keep(&mut self, part: &Part) -> Result<(), Box<Diagnostic>> {
        self.last = Instant::now();
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut text = serde_json::to_string(part).map_err(|error| {
            let message = format!("the runs cannot be written down: {error}");
            Box::new(Diagnostic::error("unwritable-runs", message))
        })?;
        text.push('\n');
        write(path, text.as_bytes()).map_err(|error| unwritable(path, &error))
    }
}

/// Reads a file of runs; `None` if there is none.
pub(in crate::cli) fn read(path: &Path) -> Result<Option<Part>, Box<Diagnostic>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let message = format!("cannot read {}: {error}", shown(path));
            return Err(Box::new(Diagnostic::error("unreadable-file", message)));
        }
    };
    let foreign = |why: String| {
        let message = format!("{} is no file of runs: {why}", shown(path));
        let help = "such files are written by `coalmine trials --save`";
        Box::new(Diagnostic::error("no-runs", message).help(help))
    };
    let part: Part = serde_json::from_str(&text).map_err(|error| foreign(error.to_string()))?;
    if part.schema != PART_SCHEMA || !part.shard.is_valid() {
        return Err(foreign(format!("its schema is {}", quoted(&part.schema))));
    }
    if part.progress.runs() != part.progress.sample.written.runs() {
        return Err(foreign("its runs do not add up".to_owned()));
    }
    Ok(Some(part))
}

/// Refuses to write over runs that were kept before, and over what is no file of runs.
pub(super) fn check_unused(path: &Path) -> Result<(), Box<Diagnostic>> {
    let kept = read(path)?.map_or(0, |kept| kept.progress.runs());
    if kept == 0 {
        return Ok(());
    }
    let runs = if kept == 1 { "run" } else { "runs" };
    let message = format!("{} has {kept} {runs} already", shown(path));
    let help = "`--resume FILE` goes on with them; to begin anew, remove it or name another file";
    Err(Box::new(
        Diagnostic::error("runs-exist", message).help(help),
    ))
}

/// Refuses to go on with runs of something else.
pub(super) fn check(path: &Path, kept: &Part, wanted: &Part) -> Result<(), Box<Diagnostic>> {
    let differs = if kept.version != wanted.version {
        Some(format!("were done by version {} of coalmine", kept.version))
    } else if kept.head.seed != wanted.head.seed {
        Some(format!("have the seed {}", kept.head.seed))
    } else if kept.shard != wanted.shard {
        let (index, count) = (kept.shard.index + 1, kept.shard.count);
        Some(format!("are shard {index} of {count}"))
    } else if kept.head.fingerprint != wanted.head.fingerprint {
        Some("are of another release, scenario or change".to_owned())
    } else {
        None
    };
    differs.map_or(Ok(()), |how| {
        let message = format!("the runs in {} {how}", shown(path));
        let help = "give another file, or remove this one";
        Err(Box::new(
            Diagnostic::error("other-runs", message).help(help),
        ))
    })
}

/// Writes a file so that nobody ever finds half of it.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let mut file = File::create(&beside)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is left of it is of no use.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// The name under which a file is written before it takes its place.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> Box<Diagnostic> {
    let folder = path.parent().filter(|folder| !folder.is_dir());
    if let (io::ErrorKind::NotFound, Some(folder)) = (error.kind(), folder) {
        let message = format!("cannot write {}", shown(path));
        let help = format!("there is no folder {}", shown(folder));
        return Box::new(Diagnostic::error("unwritable-file", message).help(help));
    }
    let message = format!("cannot write {}: {error}", shown(path));
    Box::new(Diagnostic::error("unwritable-file", message))
}

pub(super) fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}
