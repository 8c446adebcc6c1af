//! What counters of pods show: the growth of a meter while a run of a container served.
//!
//! Knows the same as [`crate::series::pod::counted`], place by place. Refuses to know labels.

use super::pods::Scrape;
use super::sink::Moment;
use crate::cluster::TemplateId;
use crate::series::Exporter;
use crate::series::family::Family;
use crate::series::quantity::{Part, Weight};
use crate::time::SimTime;
use crate::world::ledger::{Meter, Outcome, Place, Sums};

/// The requests of a meter, by outcome.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    sums: [Sums; 3],
}

/// What is counted of a meter for a member: by quantity and outcome.
#[derive(Debug, Default)]
pub(super) struct Column {
    sums: Vec<Sums>,
    /// The usual time, which takes long to find for some laws.
    usual: Option<f64>,
}

/// Places in a meter for the scrapes of a target.
#[derive(Debug, Default)]
pub(super) struct Spots {
    pub(super) list: Vec<Spot>,
    /// Beginning and end of each stretch.
    places: Vec<(Place, Place)>,
    /// A beginning that was looked for: most pods of a `ReplicaSet` share it.
    begun: Option<(SimTime, Place)>,
}

/// A scrape, and what can have been counted by then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    at: SimTime,
    /// `None`: nobody answers.
    places: Option<(usize, usize)>,
}

impl Moment for Spot {
    fn at(self) -> SimTime {
        self.at
    }
}

impl Sheet {
    /// Takes over what the meter has got.
    pub(super) fn follow(&mut self, meter: &Meter) {
        for (outcome, sums) in Outcome::ALL.into_iter().zip(&mut self.sums) {
            sums.follow(meter, outcome, |_| 1.0);
        }
    }

    pub(super) fn of(&self, outcome: Outcome) -> &Sums {
        &self.sums[outcome as usize]
    }

    pub(super) fn clear(&mut self) {
        self.sums.iter_mut().for_each(Sums::clear);
    }
}

impl Column {
    /// The sums of a quantity and an outcome, up to what the meter has got; `None`: those of all requests.
    pub(super) fn follow(
        &mut self,
        exporter: &Exporter<'_>,
        (family, part): (&'static Family, Part),
        template: Option<TemplateId>,
        (quantity, outcome): (usize, Outcome),
        meter: &Meter,
    ) -> Option<&Sums> {
        let found = || exporter.quantity(family, part, template, quantity);
        let weight = match (part, self.usual) {
            (Part::Sum, Some(usual)) => Weight::Time(usual),
            _ => found().map_or(Weight::One, |quantity| quantity.weight),
        };
        match weight {
            Weight::One => return None,
            Weight::Time(usual) => self.usual = Some(usual),
            Weight::UpTo(..) => {}
        }
        let index = quantity * Outcome::ALL.len() + outcome as usize;
        if self.sums.len() <= index {
            self.sums.resize(index + 1, Sums::default());
        }
        let sums = &mut self.sums[index];
        sums.follow(meter, outcome, |times| weight.of(times));
        Some(sums)
    }

    /// The same without following the meter.
    pub(super) fn get(&self, quantity: usize, outcome: Outcome) -> Option<&Sums> {
        let index = quantity * Outcome::ALL.len() + outcome as usize;
        self.sums.get(index).filter(|sums| sums.is_begun())
    }

    pub(super) fn clear(&mut self) {
        self.sums.iter_mut().for_each(Sums::clear);
        self.usual = None;
    }
}

impl Spots {
    /// Turns to another meter, or to one that has run on.
    pub(super) fn turn(&mut self) {
        self.begun = None;
    }

    /// Finds the places of scrapes, given what the runs of the container served in.
    pub(super) fn find<'a>(
        &mut self,
        meter: &Meter,
        scrapes: &[Scrape],
        serving: impl Fn(usize) -> &'a [(SimTime, SimTime)],
    ) {
        self.list.clear();
        self.places.clear();
        for (index, scrape) in scrapes.iter().enumerate() {
            // Before the window only whether anything was counted is of interest, and only if nothing was by the next scrape. Then nothing
            // was before, either, if the same run answers.
            let is_idle = index == 0 && scrapes.get(1).is_some_and(|next| next.run == scrape.run);
            let first = self.places.len();
            let places = scrape.run.filter(|_| !is_idle).map(|run| {
                let stretches = serving(run).iter();
                for (from, to) in stretches.take_while(|(from, _)| *from < scrape.at) {
                    let begun = self.begin(meter, *from);
                    self.places.push((begun, meter.place((*to).min(scrape.at))));
                }
                (first, self.places.len())
            });
            self.list.push(Spot {
                at: scrape.at,
                places,
            });
        }
    }

    fn begin(&mut self, meter: &Meter, from: SimTime) -> Place {
        match self.begun {
            Some((known, place)) if known == from => place,
            _ => {
                let place = meter.place(from);
                self.begun = Some((from, place));
                place
            }
        }
    }

    /// What a counter shows: with the requests behind it it appears.
    pub(super) fn value(&self, spot: Spot, requests: &Sums, sums: Option<&Sums>) -> Option<f64> {
        let counted = self.counted(spot, requests)?;
        Some(match sums {
            None => counted,
            Some(sums) => self.counted(spot, sums).unwrap_or(0.0),
        })
    }

    /// What was counted; `None`: nothing, or nobody answers.
    pub(super) fn counted(&self, spot: Spot, sums: &Sums) -> Option<f64> {
        let (first, end) = spot.places?;
        let grown = self.places[first..end]
            .iter()
            .map(|(from, to)| sums.at(*to) - sums.at(*from));
        Some(grown.sum::<f64>()).filter(|sum| 0.0 < *sum)
    }
}
