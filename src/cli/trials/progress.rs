//! How far one has come: a bar on a terminal, a line now and then elsewhere.

#![expect(
    clippy::disallowed_methods,
    reason = "the clock tells how fast it goes"
)]

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// Shows how far one has come, on the stream of errors.
pub(super) struct Display {
    bar: Option<ProgressBar>,
    is_silent: bool,
    begin: Instant,
    last: Instant,
    /// Runs that were done before.
    before: u64,
    aim: u64,
}

impl Display {
    pub(super) fn new(before: u64, quiet: bool) -> Self {
        let now = Instant::now();
        let is_shown = !quiet && io::stderr().is_terminal();
        Self {
            bar: is_shown.then(|| bar(before)),
            is_silent: quiet,
            begin: now,
            last: now,
            before,
            aim: 0,
        }
    }

    /// So many runs are wanted.
    pub(super) fn aim(&mut self, runs: u64) {
        self.aim = runs;
        if let Some(bar) = &self.bar {
            bar.set_length(runs);
        }
    }

    /// So many runs are done.
    pub(super) fn show(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if !self.is_silent && EVERY <= self.last.elapsed() {
            self.last = Instant::now();
            self.line(done);
        }
    }

    /// Leaves nothing on the terminal.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
    fn line(&self, done: u64) {
        let seconds = self.begin.elapsed().as_secs_f64();
        let rate = done.saturating_sub(self.before) as f64 / seconds.max(1e-3);
        let rest = self.aim.saturating_sub(done) as f64 / rate.max(1e-3);
        let rest = HumanDuration(Duration::try_from_secs_f64(rest).unwrap_or(Duration::MAX));
        let (done, aim) = (HumanCount(done), HumanCount(self.aim));
        // Progress that nobody reads changes nothing.
        let _ = writeln!(
            io::stderr().lock(),
            "{done} of {aim} runs, {rate:.0} per second, {rest} left"
        );
    }
}

fn bar(before: u64) -> ProgressBar {
    let bar = ProgressBar::new(before).with_position(before);
    let template = "{wide_bar} {human_pos} of {human_len} runs, {per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.reset_eta();
    bar
}
