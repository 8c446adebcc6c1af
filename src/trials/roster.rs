//! Those who make the runs, and what they have counted so far.
//!
//! Knows: players who wait for their next turn, so that what they found out about a release is of use to the end. Refuses to know which runs
//! there are ([`crate::trials::campaign`]).

use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::trials::campaign::Row;
use crate::trials::contrast::Sample;
use crate::trials::outcomes::Outcomes;
use crate::trials::runner::Runner;
use crate::verdict::Verdict;
use crate::world::Weather;

/// The two who run: the policy as written, and the changed one.
pub struct Players<'a> {
    /// The policy as written.
    pub written: Box<dyn Runner + 'a>,
    /// The changed policy, if there is one.
    pub changed: Option<Box<dyn Runner + 'a>>,
}

/// Makes players where none is waiting. As many are made as play at once.
pub struct Roster<'a> {
    make: Box<dyn Fn() -> Players<'a> + Sync + 'a>,
    waiting: Mutex<Vec<Seat<'a>>>,
}

/// Players, and what their runs came to.
pub(super) struct Seat<'a> {
    players: Players<'a>,
    written: Outcomes,
    changed: Option<Outcomes>,
    /// Counted runs by lasting outcome of the policy as written, and of the changed one.
    counted: [Vec<Counted>; 2],
    /// Runs by lasting outcomes of both.
    pairs: Vec<(u32, u32)>,
    /// What was drawn of the release of a run.
    drawn: Vec<f64>,
}

/// Runs that came to the same.
#[derive(Clone, Copy, Debug)]
struct Counted {
    runs: u64,
    /// The lowest replicate.
    first: u64,
}

/// So many pairs are put into a sample at once.
const PAIRS: usize = 1 << 14;

impl<'a> Roster<'a> {
    /// A roster whose players are made by `make`.
    #[must_use]
    pub fn new(make: impl Fn() -> Players<'a> + Sync + 'a) -> Self {
        Self {
            make: Box::new(make),
            waiting: Mutex::new(Vec::new()),
        }
    }

    /// Players who have nothing counted.
    pub(super) fn take(&self) -> Seat<'a> {
        let waiting = self.waiting.lock();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner).pop();
        waiting.unwrap_or_else(|| Seat::new((self.make)()))
    }

    /// Lets players wait for their next turn.
    pub(super) fn give_back(&self, seat: Seat<'a>) {
        let waiting = self.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner).push(seat);
    }
}

impl fmt::Debug for Roster<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Roster").finish_non_exhaustive()
    }
}

impl<'a> Seat<'a> {
    fn new(players: Players<'a>) -> Self {
        let changed = players.changed.as_ref().map(|_| Outcomes::default());
        Self {
            players,
            written: Outcomes::default(),
            changed,
            counted: [Vec::new(), Vec::new()],
            pairs: Vec::new(),
            drawn: Vec::new(),
        }
    }

    /// Makes the runs of a range, and counts them or adds them to a sample.
    pub(super) fn play(&mut self, seed: u64, replicates: Range<u64>, sample: &mut Sample) {
        let weather = Weather::of(seed);
        let players = &mut self.players;
        players
            .written
            .run_all(weather, replicates.clone(), &mut self.written);
        let [written, changed] = &mut self.counted;
        count(&self.written, written, |replicate, summary| {
            sample.record_written(replicate, summary, 1);
        });
        let drawn = &mut self.drawn;
        collect_releases(
            &*players.written,
            weather,
            &self.written,
            drawn,
            |verdict, values| {
                sample.written.record_release(verdict, values);
            },
        );
        if let (Some(player), Some(outcomes)) = (&mut players.changed, &mut self.changed) {
            player.run_all(weather, replicates, outcomes);
            count(outcomes, changed, |replicate, summary| {
                sample.record_changed(replicate, summary, 1);
            });
            collect_releases(&**player, weather, outcomes, drawn, |verdict, values| {
                if let Some(contrast) = &mut sample.contrast {
                    contrast.changed.record_release(verdict, values);
                }
            });
            self.pair(sample);
        }
    }

    /// The runs of the last range, one by one.
    pub(super) fn rows(&self, seed: u64) -> impl Iterator<Item = Row> {
        let players = &self.players;
        (0..self.written.len()).map(move |run| {
            let replicate = self.written.replicate(run);
            let weather = Weather {
                replicate,
                ..Weather::of(seed)
            };
            let (mut release, mut changed_release) = (Vec::new(), Vec::new());
            players.written.draw_release(weather, &mut release);
            if let Some(changed) = &players.changed {
                changed.draw_release(weather, &mut changed_release);
            }
            Row {
                replicate,
                written: *self.written.summary(run),
                changed: self.changed.as_ref().map(|changed| *changed.summary(run)),
                release,
                changed_release,
            }
        })
    }

    /// Adds to a sample what was counted.
    pub(super) fn finish(&mut self, sample: &mut Sample) {
        let [written, changed] = &mut self.counted;
        take(&self.written, written, |counted, summary| {
            sample.record_written(counted.first, summary, counted.runs);
        });
        if let Some(outcomes) = &self.changed {
            take(outcomes, changed, |counted, summary| {
                sample.record_changed(counted.first, summary, counted.runs);
            });
        }
        self.take_pairs(sample);
    }

    /// Notes for each run of the last range what both policies came to.
    fn pair(&mut self, sample: &mut Sample) {
        let Some(changed) = &self.changed else {
            return;
        };
        for (a, b) in self.written.places().iter().zip(changed.places()) {
            let lasting = [*a, *b].map(Outcomes::lasting_index);
            if lasting.contains(&None) {
                sample.record_pair(self.written.at(*a), changed.at(*b), 1);
            } else {
                self.pairs.push((*a, *b));
            }
        }
        if PAIRS <= self.pairs.len() {
            self.take_pairs(sample);
        }
    }

    fn take_pairs(&mut self, sample: &mut Sample) {
        let Some(changed) = &self.changed else {
            return;
        };
        self.pairs.sort_unstable();
        for same in self.pairs.chunk_by(|a, b| a == b) {
            let runs = u64::try_from(same.len()).unwrap_or(u64::MAX);
            let (a, b) = same[0];
            sample.record_pair(self.written.at(a), changed.at(b), runs);
        }
        self.pairs.clear();
    }
}

/// Tells what was drawn of the release of each run of a range, and what the run came to.
fn collect_releases(
    player: &dyn Runner,
    weather: Weather,
    outcomes: &Outcomes,
    drawn: &mut Vec<f64>,
    mut record: impl FnMut(Verdict, &[f64]),
) {
    for (replicate, summary) in outcomes.replicates().zip(outcomes.summaries()) {
        drawn.clear();
        let weather = Weather {
            replicate,
            ..weather
        };
        player.draw_release(weather, drawn);
        if drawn.is_empty() {
            // Nothing is drawn of any release, or of all of them.
            return;
        }
        record(summary.verdict, drawn);
    }
}

/// Counts the runs of a range that came to something lasting, and tells of all others.
fn count(
    outcomes: &Outcomes,
    counted: &mut Vec<Counted>,
    mut record: impl FnMut(u64, &crate::trials::Summary),
) {
    for (replicate, place) in outcomes.replicates().zip(outcomes.places()) {
        let Some(index) = Outcomes::lasting_index(*place) else {
            record(replicate, outcomes.at(*place));
            continue;
        };
        if counted.len() <= index {
            counted.resize(index + 1, Counted::NONE);
        }
        let counted = &mut counted[index];
        counted.runs += 1;
        counted.first = counted.first.min(replicate);
    }
}

/// Tells what was counted, and forgets it.
fn take(
    outcomes: &Outcomes,
    counted: &mut Vec<Counted>,
    mut record: impl FnMut(&Counted, &crate::trials::Summary),
) {
    for (place, counted) in (0_u32..).zip(&*counted) {
        if 0 < counted.runs {
            record(counted, outcomes.at(place));
        }
    }
    counted.clear();
}

impl Counted {
    const NONE: Self = Self {
        runs: 0,
        first: u64::MAX,
    };
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::trials::collection::tests::run;
    use crate::trials::{Campaign, Progress, Shard, Summary};
    use crate::verdict::Verdict;
    use crate::world::weather::Purpose;

    /// Comes to one of six summaries; remembers some of them, or none.
    struct Die {
        salt: u64,
        remembers: bool,
        known: Vec<Summary>,
    }

    impl Runner for Die {
        fn run(&mut self, weather: Weather) -> Summary {
            let face = weather.number(Purpose::Measurement, self.salt, 0) % 6;
            let seconds = i64::try_from(60 * face).expect("small");
            let verdict = if face < 2 {
                Verdict::RolledBack
            } else {
                Verdict::Promoted
            };
            run(verdict, seconds, 0.5)
        }

        fn run_all(&mut self, weather: Weather, replicates: Range<u64>, outcomes: &mut Outcomes) {
            outcomes.begin(replicates);
            for index in 0..outcomes.len() {
                let replicate = outcomes.replicate(index);
                let summary = self.run(Weather {
                    replicate,
                    ..weather
                });
                let known = self.known.iter().position(|known| *known == summary);
                if let Some(place) = known {
                    outcomes.set_lasting(index, u32::try_from(place).expect("six at most"));
                } else {
                    outcomes.set(index, summary);
                    if self.remembers && self.known.len() < 4 {
                        self.known.push(summary);
                    }
                }
            }
            outcomes.learn(&self.known);
        }
    }

    fn die(salt: u64, remembers: bool) -> Box<dyn Runner> {
        Box::new(Die {
            salt,
            remembers,
            known: Vec::new(),
        })
    }

    fn advance(roster: &Roster<'_>, portions: &[u64], rows: &mut Vec<Row>) -> Progress {
        let campaign = Campaign {
            seed: 5,
            runs: 40_000,
            shard: Shard::WHOLE,
        };
        let mut progress = Progress::new(true);
        for blocks in portions {
            let mut row = |row: &Row| rows.push(row.clone());
            progress.advance(&campaign, *blocks, roster, Some(&mut row));
        }
        progress
    }

    #[test]
    fn who_remembers_outcomes_comes_to_the_same_sample() {
        let roster = |remembers| {
            Roster::new(move || Players {
                written: die(1, remembers),
                changed: Some(die(2, remembers)),
            })
        };
        let (mut rows, mut rows_of_plain) = (Vec::new(), Vec::new());
        let plain = advance(&roster(false), &[200], &mut rows_of_plain);
        assert_eq!(plain.runs(), 40_000);
        assert_eq!(advance(&roster(true), &[3, 90, 200], &mut rows), plain);
        assert_eq!(rows, rows_of_plain);
        let mut sample = Sample::new(true);
        for row in &rows {
            sample.record(row.replicate, &row.written, row.changed.as_ref());
        }
        assert_eq!(sample, plain.sample);
    }

    #[test]
    fn players_are_made_once_for_all_portions() {
        let made = AtomicU32::new(0);
        let roster = Roster::new(|| {
            made.fetch_add(1, Ordering::Relaxed);
            Players {
                written: die(1, true),
                changed: None,
            }
        });
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
        let pool = pool.expect("a pool");
        pool.install(|| advance(&roster, &[1; 50], &mut Vec::new()));
        assert!((1..=2).contains(&made.load(Ordering::Relaxed)));
    }
}
