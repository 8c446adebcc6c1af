//! One line for each run, on standard output or in a file.
//!
//! Knows: a file that nobody goes on with takes its place when it is whole. One that belongs to kept runs is written where it is, and what
//! is kept says how much of it belongs to the runs that are done: whoever goes on cuts off the rest, so that every run has its line once.

#![expect(
    clippy::disallowed_methods,
    reason = "the place where rows are written"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::keeping::{beside, shown, unwritable};
use crate::diagnostic::Diagnostic;
use crate::trials::Row;
use crate::trials::dossier::{Digest, Head, Part, Written};
use crate::trials::report::rows::{columns, records};

/// Where the lines go.
pub(super) struct Rows {
    output: Option<csv::Writer<io::Stdout>>,
    file: Option<Kept>,
    failed: Option<Failure>,
    /// Whether nobody reads standard output any more.
    is_unread: bool,
}

/// A file, and where it goes when it is whole.
struct Kept {
    writer: csv::Writer<Counted>,
    path: PathBuf,
    has_to_move: bool,
}

/// Counts what is written.
struct Counted {
    file: BufWriter<File>,
    bytes: u64,
    digest: Digest,
}

/// What could not be written, and where to.
struct Failure {
    path: PathBuf,
    error: io::Error,
}

impl Rows {
    pub(super) fn new(to_output: bool, head: &Head) -> Self {
        let mut rows = Self {
            output: to_output.then(|| csv::Writer::from_writer(io::stdout())),
            file: None,
            failed: None,
            is_unread: false,
        };
        if let Some(writer) = &mut rows.output {
            let begun = writer.write_record(columns(head));
            rows.note(&output(), begun);
        }
        rows
    }

    /// Writes to a file too: behind what is known to be in it ([`check`] says that it is), or from its beginning.
    pub(super) fn file(
        &mut self,
        path: &Path,
        head: &Head,
        known: Option<&Written>,
        is_kept: bool,
    ) -> Result<(), Box<Diagnostic>> {
        let place = if is_kept {
            path.to_owned()
        } else {
            beside(path)
        };
        let file = match known {
            Some(known) => resumed(path, known),
            None => File::create(&place),
        };
        let file = file.map_err(|error| unwritable(path, &error))?;
        let digest = known.and_then(|known| Digest::of_hex(&known.digest));
        let counted = Counted {
            file: BufWriter::new(file),
            bytes: known.map_or(0, |known| known.bytes),
            digest: digest.unwrap_or_default(),
        };
        let mut writer = csv::Writer::from_writer(counted);
        if known.is_none() {
            let begun = writer.write_record(columns(head));
            self.note(path, begun);
        }
        self.file = Some(Kept {
            writer,
            path: path.to_owned(),
            has_to_move: !is_kept,
        });
        Ok(())
    }

    /// Writes the line of a run, and that of the changed policy.
    pub(super) fn line(&mut self, head: &Head, row: &Row) {
        for record in records(head, row) {
            if let Some(writer) = &mut self.output {
                let written = writer.write_record(&record);
                self.note(&output(), written);
            }
            if let Some(Kept { writer, path, .. }) = &mut self.file {
                let (written, path) = (writer.write_record(&record), path.clone());
                self.note(&path, written);
            }
        }
    }

    /// Whether nobody reads on.
    pub(super) fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// Whether everything could be written so far. A reader who has gone away is no failure of the runs.
    pub(super) fn check(&mut self) -> Result<(), Box<Diagnostic>> {
        match self.failed.take() {
            Some(Failure { error, .. }) if error.kind() == io::ErrorKind::BrokenPipe => {
                (self.is_unread, self.output) = (true, None);
                Ok(())
            }
            Some(Failure { path, error }) => Err(unwritable(&path, &error)),
            None => Ok(()),
        }
    }

    /// Writes everything out, and tells what the file holds now.
    pub(super) fn written(&mut self) -> Result<Option<Written>, Box<Diagnostic>> {
        let Some(Kept { writer, path, .. }) = &mut self.file else {
            return Ok(None);
        };
        let flushed = writer.flush();
        let flushed = flushed.and_then(|()| writer.get_ref().file.get_ref().sync_data());
        flushed.map_err(|error| unwritable(path, &error))?;
        let Counted { bytes, digest, .. } = writer.get_ref();
        Ok(Some(Written {
            bytes: *bytes,
            digest: digest.to_string(),
        }))
    }

    /// Writes the rest, and puts the file in its place.
    pub(super) fn close(mut self) -> Result<(), Box<Diagnostic>> {
        if let Some(writer) = &mut self.output {
            let flushed = writer.flush().map_err(csv::Error::from);
            self.note(&output(), flushed);
        }
        self.written()?;
        self.check()?;
        match &self.file {
            Some(Kept {
                path,
                has_to_move: true,
                ..
            }) => fs::rename(beside(path), path).map_err(|error| unwritable(path, &error)),
            _ => Ok(()),
        }
    }

    fn note(&mut self, path: &Path, written: csv::Result<()>) {
        let Err(error) = written else {
            return;
        };
        let error = match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        };
        self.failed.get_or_insert(Failure {
            path: path.to_owned(),
            error,
        });
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.add(&bytes[..written]);
        self.bytes += u64::try_from(written).unwrap_or_default();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Refuses to go on with kept runs where their rows would have gaps.
pub(super) fn check(
    kept_in: &Path,
    kept: &Part,
    rows: Option<&PathBuf>,
) -> Result<(), Box<Diagnostic>> {
    let (message, help) = match (&kept.rows, rows) {
        (Some(known), Some(path)) => return check_file(path, known),
        (None, Some(_)) if 0 < kept.progress.runs() => (
            format!("the runs in {} were done without `--rows`", shown(kept_in)),
            "leave out `--rows`, or begin anew with another file: no row may be missing",
        ),
        (Some(_), None) => (
            format!("the runs in {} were done with `--rows`", shown(kept_in)),
            "give the same `--rows FILE`, or begin anew with another file: no row may be missing",
        ),
        (None, _) => return Ok(()),
    };
    Err(Box::new(
        Diagnostic::error("rows-missing", message).help(help),
    ))
}

/// Refuses a file that does not begin with the rows that are known.
fn check_file(path: &Path, known: &Written) -> Result<(), Box<Diagnostic>> {
    let why = match File::open(path).and_then(|file| digested(&file, known.bytes)) {
        Ok((bytes, _)) if bytes < known.bytes => "it is shorter".to_owned(),
        Ok((_, digest)) if digest.to_string() != known.digest => {
            "it was changed, or is another file".to_owned()
        }
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => "it is not there".to_owned(),
        Err(error) => format!("it cannot be read: {error}"),
    };
    let message = format!(
        "{} does not hold the rows of the runs so far: {why}",
        shown(path)
    );
    let help = "give the file that `--rows` named before, or begin anew with another file of runs";
    Err(Box::new(
        Diagnostic::error("other-rows", message).help(help),
    ))
}

/// Opens a file of rows, and cuts off what is not known of it.
fn resumed(path: &Path, known: &Written) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.set_len(known.bytes)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

/// The digest of the first bytes of a file, and how many there are.
fn digested(file: &File, most: u64) -> io::Result<(u64, Digest)> {
    let (mut bytes, mut digest) = (0, Digest::default());
    let mut reader = BufReader::new(file).take(most);
    let mut portion = vec![0; 1 << 16];
    loop {
        let read = reader.read(&mut portion)?;
        if read == 0 {
            return Ok((bytes, digest));
        }
        digest.add(&portion[..read]);
        bytes += u64::try_from(read).unwrap_or_default();
    }
}

/// How standard output is called.
fn output() -> PathBuf {
    "standard output".into()
}
