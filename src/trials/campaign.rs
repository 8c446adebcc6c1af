//! Which runs there are, in which order they are done, and who does which.
//!
//! Knows: blocks of runs, shards of blocks, and how far one has come. Refuses to know clocks, files and how many
//! threads there are: nothing of them changes the result. Runs are dealt out in blocks of [`BLOCK`], block k to shard k
//! modulo the number of shards.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::trials::contrast::Sample;
use crate::trials::roster::Roster;
use crate::trials::summary::Summary;

/// Runs in a block.
pub const BLOCK: u64 = 256;

/// So many blocks are kept run by run for those who want to be told of each.
const BLOCKS_OF_ROWS: u64 = 64;

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

    /// Does the next `blocks` blocks of a campaign, on all threads of the present pool, by players of the roster. `row` is told
    /// of each run in the order of their numbers.
    pub fn advance(
        &mut self,
        campaign: &Campaign,
        blocks: u64,
        roster: &Roster<'_>,
        mut row: Option<&mut (dyn FnMut(&Row) + Send)>,
    ) {
        let end = self
            .blocks
            .saturating_add(blocks)
            .min(campaign.own_blocks());
        let stretch = if row.is_some() {
            BLOCKS_OF_ROWS
        } else {
            u64::MAX
        };
        let mut begin = self.blocks;
        while begin < end {
            let next = begin.saturating_add(stretch).min(end);
            let stretch = Stretch {
                campaign,
                roster,
                next: AtomicU64::new(begin),
                end: next,
                done: (self.blocks, self.partial),
                wants_rows: row.is_some(),
            };
            let mut rows = stretch.run(&mut self.sample);
            if let Some(row) = &mut row {
                rows.sort_unstable_by_key(|(block, _)| *block);
                rows.iter().flat_map(|(_, rows)| rows).for_each(&mut **row);
            }
            begin = next;
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

/// Blocks that all threads do together: who is free takes the next one.
struct Stretch<'s, 'a> {
    campaign: &'s Campaign,
    roster: &'s Roster<'a>,
    next: AtomicU64,
    end: u64,
    /// How many blocks were done before, and how many runs of the next one.
    done: (u64, u64),
    wants_rows: bool,
}

/// The runs of blocks, by the numbers of the blocks.
type Rows = Vec<(u64, Vec<Row>)>;

impl Stretch<'_, '_> {
    /// Does all blocks, and adds them to a sample.
    fn run(&self, sample: &mut Sample) -> Rows {
        let has_contrast = sample.contrast.is_some();
        let threads = rayon::current_num_threads();
        let parts: Vec<(Sample, Rows)> = (0..threads)
            .into_par_iter()
            .with_max_len(1)
            .map(|_| self.part(has_contrast))
            .collect();
        let mut all = Vec::new();
        for (part, rows) in parts {
            sample.merge(&part);
            all.extend(rows);
        }
        all
    }

    /// Does blocks as long as there are any.
    fn part(&self, has_contrast: bool) -> (Sample, Rows) {
        let (mut sample, mut rows) = (Sample::new(has_contrast), Vec::new());
        let Some(mut block) = self.next_block() else {
            return (sample, rows);
        };
        let mut seat = self.roster.take();
        loop {
            let mut range = self.campaign.block(block);
            let (done, partial) = self.done;
            if block == done {
                range.start = (range.start + partial).min(range.end);
            }
            seat.play(self.campaign.seed, range, &mut sample);
            if self.wants_rows {
                rows.push((block, seat.rows(self.campaign.seed).collect()));
            }
            let Some(next) = self.next_block() else {
                break;
            };
            block = next;
        }
        seat.finish(&mut sample);
        self.roster.give_back(seat);
        (sample, rows)
    }

    fn next_block(&self) -> Option<u64> {
        let block = self.next.fetch_add(1, Ordering::Relaxed);
        (block < self.end).then_some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trials::collection::tests::run;
    use crate::trials::roster::Players;
    use crate::trials::runner::Runner;
    use crate::verdict::Verdict;
    use crate::world::Weather;
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

    fn roster() -> Roster<'static> {
        Roster::new(|| Players {
            written: Box::new(Coin),
            changed: None,
        })
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
        let (mut progress, roster) = (Progress::new(false), roster());
        while !progress.is_done(campaign) {
            pool.install(|| progress.advance(campaign, portion, &roster, None));
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
            grown.advance(&more, 2, &roster(), None);
        }
        assert_eq!(grown, done(&more, 5, 2));
    }

    #[test]
    fn rows_come_in_the_order_of_their_numbers() {
        let mut numbers = Vec::new();
        let mut progress = Progress::new(false);
        let mut row = |row: &Row| numbers.push(row.replicate);
        progress.advance(&campaign(1_000, 1, 2), 9, &roster(), Some(&mut row));
        let wanted: Vec<u64> = (256..512).chain(768..1_000).collect();
        assert_eq!(numbers, wanted);
    }
}
