//! One line for each run, on standard output or in a file that takes its place when it is whole.

#![expect(
    clippy::disallowed_methods,
    reason = "the place where rows are written"
)]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use super::keeping::{beside, unwritable};
use crate::diagnostic::Diagnostic;
use crate::trials::Row;
use crate::trials::dossier::Head;
use crate::trials::report::rows::{columns, records};

/// Where the lines go.
pub(super) struct Rows {
    writers: Vec<csv::Writer<Box<dyn Write + Send>>>,
    path: Option<PathBuf>,
    failed: Option<io::Error>,
}

impl Rows {
    pub(super) fn new(
        path: Option<&PathBuf>,
        to_output: bool,
        head: &Head,
    ) -> Result<Self, Box<Diagnostic>> {
        let mut rows = Self {
            writers: Vec::new(),
            path: path.cloned(),
            failed: None,
        };
        if to_output {
            rows.add(Box::new(BufWriter::new(io::stdout())));
        }
        if let Some(path) = path {
            let file = File::create(beside(path)).map_err(|error| unwritable(path, &error))?;
            rows.add(Box::new(BufWriter::new(file)));
        }
        let columns = columns(head);
        rows.note(|writer| writer.write_record(&columns));
        Ok(rows)
    }

    /// Writes the line of a run, and that of the changed policy.
    pub(super) fn line(&mut self, head: &Head, row: &Row) {
        for record in records(head, row) {
            self.note(|writer| writer.write_record(&record));
        }
    }

    /// Whether everything could be written so far. A reader who has gone away is no failure of the runs.
    pub(super) fn check(&mut self) -> Result<(), Box<Diagnostic>> {
        match self.failed.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let path = self
                    .path
                    .clone()
                    .unwrap_or_else(|| "standard output".into());
                Err(unwritable(&path, &error))
            }
            _ => Ok(()),
        }
    }

    /// Writes the rest, and puts the file in its place.
    pub(super) fn close(mut self) -> Result<(), Box<Diagnostic>> {
        self.note(|writer| writer.flush().map_err(csv::Error::from));
        self.check()?;
        self.path.as_ref().map_or(Ok(()), |path| {
            fs::rename(beside(path), path).map_err(|error| unwritable(path, &error))
        })
    }

    fn add(&mut self, writer: Box<dyn Write + Send>) {
        self.writers.push(csv::Writer::from_writer(writer));
    }

    fn note(
        &mut self,
        mut write: impl FnMut(&mut csv::Writer<Box<dyn Write + Send>>) -> csv::Result<()>,
    ) {
        for writer in &mut self.writers {
            if let Err(error) = write(writer) {
                let error = match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    other => io::Error::other(format!("{other:?}")),
                };
                self.failed.get_or_insert(error);
            }
        }
    }
}
