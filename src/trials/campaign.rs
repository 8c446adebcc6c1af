//! Which runs there are, in which order they are done, and who does which.
//!
//! Knows: blocks of runs, shards of blocks, and how far one has come. Refuses to know clocks, files and how many
//! threads there are: nothing of them changes the result. Runs are dealt out in blocks of [`BLOCK`], block k to shard k
//! modulo the number of shards.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::trials::contrast::Sample;
use crate::trials::runner::Runner;
use crate::trials::summary::Summary;
use crate::world::Weather;

/// Runs in a block.
pub const BLOCK: u64 = 256;

/// Which runs are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// The seed of all of them.
    pub seed: u64,
    /// How many in all, over all shards.
    pub runs: u64,
    /// Which part of them.
    pub shard: Shard,
}

/// A part of all blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which, from 0.
    pub index: u32,
    /// Of how many; at least 1.
    pub count: u32,
}

/// How far one has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Whole blocks of this shard that are done.
    blocks: u64,
    /// Runs of the next block that are done: the last block of a campaign may be a short one.
    partial: u64,
    /// What they came to.
    pub sample: Sample,
}

/// The two who run: the policy as written, and the changed one.
pub struct Players<'a> {
    /// The policy as written.
    pub written: Box<dyn Runner + 'a>,
    /// The changed policy, if there is one.
    pub changed: Option<Box<dyn Runner + 'a>>,
}

/// What a single run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number under the seed.
    pub replicate: u64,
    /// What the policy as written came to.
    pub written: Summary,
    /// What the changed policy came to.
    pub changed: Option<Summary>,
    /// What was drawn of the release of the policy as written.
    pub release: Vec<f64>,
    /// The same of the changed policy.
    pub changed_release: Vec<f64>,
}

impl Shard {
    /// All blocks.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Most shards of a campaign.
    pub const COUNT_MAX: u32 = 100_000;

    /// Whether it is one of its number, and not of too many.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.index < self.count && self.count <= Self::COUNT_MAX
    }
}

impl Campaign {
    /// Runs of this shard.
    #[must_use]
    pub fn own_runs(&self) -> u64 {
        let blocks = self.own_blocks();
        let last = blocks.checked_sub(1).map(|last| self.block(last));
        last.map_or(0, |last| (blocks - 1) * BLOCK + (last.end - last.start))
    }

    /// Blocks of this shard.
    fn own_blocks(&self) -> u64 {
        let all = self.runs.div_ceil(BLOCK);
        let (index, count) = (u64::from(self.shard.index), u64::from(self.shard.count));
        all.saturating_sub(index).div_ceil(count.max(1))
    }

    /// The replicates of one of this shard's blocks.
    fn block(&self, own: u64) -> Range<u64> {
        let number = own * u64::from(self.shard.count) + u64::from(self.shard.index);
        let start = (number * BLOCK).min(self.runs);
        start..(start + BLOCK).min(self.runs)
    }
}

impl Progress {
    /// Nothing is done.
    #[must_use]
    pub fn new(has_contrast: bool) -> Self {
        Self {
            blocks: 0,
            partial: 0,
            sample: Sample::new(has_contrast),
        }
    }

    /// How many runs are done.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.blocks * BLOCK + self.partial
    }

    /// Whether all runs of a campaign are done, or more.
    #[must_use]
    pub fn is_done(&self, campaign: &Campaign) -> bool {
        campaign.own_runs() <= self.runs()
    }

    /// Does the next `blocks` blocks of a campaign, on all threads of the present pool, each of which makes its own
    /// players. `row` is told of each run in the order of their numbers.
    pub fn advance<'a>(
        &mut self,
        campaign: &Campaign,
        blocks: u64,
        players: &(dyn Fn() -> Players<'a> + Sync),
        mut row: Option<&mut (dyn FnMut(&Row) + Send)>,
    ) {
        let end = (self.blocks + blocks).min(campaign.own_blocks());
        let has_contrast = self.sample.contrast.is_some();
        let wants_rows = row.is_some();
        let (first, partial) = (self.blocks, self.partial);
        let done: Vec<(Sample, Vec<Row>)> = (first..end)
            .into_par_iter()
            .map_init(players, |players, own| {
                let mut range = campaign.block(own);
                if own == first {
                    range.start = (range.start + partial).min(range.end);
                }
                let mut sample = Sample::new(has_contrast);
                let mut rows = Vec::new();
                for replicate in range {
                    let mut run = players.run(campaign.seed, replicate);
                    sample.record(replicate, &run.written, run.changed.as_ref());
                    players.record_releases(&mut sample, &run);
                    if wants_rows {
                        players.tell_releases(&mut run);
                        rows.push(run);
                    }
                }
                (sample, rows)
            })
            .collect();
        for (sample, rows) in &done {
            self.sample.merge(sample);
            if let Some(row) = &mut row {
                for run in rows {
                    row(run);
                }
            }
        }
        self.count(campaign, end);
    }

    /// Notes that everything before this block is done.
    fn count(&mut self, campaign: &Campaign, end: u64) {
        let Some(last) = end.checked_sub(1) else {
            return;
        };
        let last_block = campaign.block(last);
        let len = last_block.end - last_block.start;
        (self.blocks, self.partial) = if len < BLOCK { (last, len) } else { (end, 0) };
    }
}

impl Players<'_> {
    fn run(&mut self, seed: u64, replicate: u64) -> Row {
        let weather = Weather {
            random: true,
            seed,
            replicate,
        };
        Row {
            replicate,
            written: self.written.run(weather),
            changed: self.changed.as_mut().map(|changed| changed.run(weather)),
            release: Vec::new(),
            changed_release: Vec::new(),
        }
    }

    /// Collects what was drawn of the release of the last run.
    fn record_releases(&self, sample: &mut Sample, run: &Row) {
        sample
            .written
            .record_release(run.written.verdict, self.written.drawn());
        if let (Some(contrast), Some(runner), Some(changed)) =
            (&mut sample.contrast, &self.changed, &run.changed)
        {
            contrast
                .changed
                .record_release(changed.verdict, runner.drawn());
        }
    }

    /// Notes what was drawn of the release of the last run.
    fn tell_releases(&self, run: &mut Row) {
        run.release.extend_from_slice(self.written.drawn());
        let changed = self.changed.iter();
        run.changed_release
            .extend(changed.flat_map(|changed| changed.drawn()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trials::collection::tests::run;
    use crate::verdict::Verdict;
    use crate::world::weather::Purpose;

    /// Ends by chance, and at a time by chance.
    struct Coin;

    impl Runner for Coin {
        fn run(&mut self, weather: Weather) -> Summary {
            let draw = weather.unit(Purpose::Measurement, 0, 0);
            let verdict = if draw < 0.3 {
                Verdict::RolledBack
            } else {
                Verdict::Promoted
            };
            run(verdict, if draw < 0.5 { 60 } else { 90 }, draw)
        }
    }

    fn players() -> Players<'static> {
        Players {
            written: Box::new(Coin),
            changed: None,
        }
    }

    fn campaign(runs: u64, index: u32, count: u32) -> Campaign {
        Campaign {
            seed: 5,
            runs,
            shard: Shard { index, count },
        }
    }

    /// Does a campaign in portions of so many blocks, on so many threads.
    fn done(campaign: &Campaign, portion: u64, threads: usize) -> Progress {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("a pool");
        let mut progress = Progress::new(false);
        while !progress.is_done(campaign) {
            pool.install(|| progress.advance(campaign, portion, &players, None));
        }
        progress
    }

    #[test]
    fn threads_and_portions_change_nothing() {
        let campaign = campaign(5_000, 0, 1);
        let alone = done(&campaign, 1, 1);
        assert_eq!(alone.sample.written.runs(), 5_000);
        for (portion, threads) in [(1, 8), (3, 2), (7, 3), (100, 8)] {
            assert_eq!(done(&campaign, portion, threads), alone);
        }
    }

    #[test]
    fn shards_merge_to_the_whole() {
        for (runs, count) in [(5_000, 16), (100, 3), (256, 2), (5_120, 7)] {
            let whole = done(&campaign(runs, 0, 1), 4, 2);
            let mut merged = Sample::new(false);
            let mut sum = 0;
            for index in 0..count {
                let campaign = campaign(runs, index, count);
                let part = done(&campaign, 2, 2);
                assert_eq!(part.runs(), campaign.own_runs());
                sum += part.runs();
                merged.merge(&part.sample);
            }
            assert_eq!((merged, sum), (whole.sample, runs));
        }
    }

    #[test]
    fn more_runs_continue_where_fewer_ended() {
        let mut grown = done(&campaign(1_000, 0, 1), 2, 2);
        let more = campaign(3_333, 0, 1);
        assert!(!grown.is_done(&more));
        while !grown.is_done(&more) {
            grown.advance(&more, 2, &players, None);
        }
        assert_eq!(grown, done(&more, 5, 2));
    }

    #[test]
    fn rows_come_in_the_order_of_their_numbers() {
        let mut numbers = Vec::new();
        let mut progress = Progress::new(false);
        let mut row = |row: &Row| numbers.push(row.replicate);
        progress.advance(&campaign(1_000, 1, 2), 9, &players, Some(&mut row));
        let wanted: Vec<u64> = (256..512).chain(768..1_000).collect();
        assert_eq!(numbers, wanted);
    }
}
