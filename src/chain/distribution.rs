//! Distributions as atoms: each value that occurs, and how likely it is.

use crate::chain::sum::Sum;

/// More atoms than this are put together.
const MOST_ATOMS: usize = 4096;

/// How often each value occurs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    /// Values, rising, and their probabilities, which sum up to 1.
    pub atoms: Vec<(f64, f64)>,
    /// Values are rounded down to multiples of this; what is exact is finer than any use of it.
    pub resolution: f64,
    /// The mean; exact, also where values are rounded.
    pub mean: f64,
}

impl Distribution {
    /// The smallest value that is not exceeded with a probability of at least `share`; `None` if nothing is known.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let mut sum = Sum::default();
        for (value, probability) in &self.atoms {
            sum.add(*probability);
            if share <= sum.value() {
                return Some(*value);
            }
        }
        self.atoms.last().map(|(value, _)| *value)
    }

    /// The probability of values up to `value`.
    #[must_use]
    pub fn up_to(&self, value: f64) -> f64 {
        let mut sum = Sum::default();
        let atoms = self.atoms.iter().take_while(|(atom, _)| *atom <= value);
        atoms.for_each(|(_, probability)| sum.add(*probability));
        sum.value()
    }
}

/// A distribution over whole numbers that is being added up; its mass need not be 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Atoms {
    /// Rising.
    list: Vec<(i128, Sum)>,
    /// Values are rounded down to multiples of this.
    unit: i128,
    /// Sum of value times probability.
    moment: Sum,
}

impl Default for Atoms {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            unit: 1,
            moment: Sum::default(),
        }
    }
}

impl Atoms {
    /// One value with all of a mass.
    pub(super) fn of(value: i128, mass: f64) -> Self {
        let mut atoms = Self::default();
        atoms.add(value, mass);
        atoms
    }

    /// Adds a mass at a value.
    pub(super) fn add(&mut self, value: i128, mass: f64) {
        self.moment.add(real(value) * mass);
        self.put(value, mass);
        self.coarsen();
    }

    /// Adds another distribution, moved by `shift` and taken `factor` times.
    pub(super) fn add_moved(&mut self, other: &Self, shift: i128, factor: f64) {
        let mut mass = Sum::default();
        other
            .list
            .iter()
            .for_each(|(_, atom)| mass.add(atom.value()));
        let moved = other.moment.value() + real(shift) * mass.value();
        self.moment.add(moved * factor);
        if self.unit < other.unit {
            self.unit = other.unit;
            self.round();
        }
        if other.list.len() < 8 {
            for (value, atom) in &other.list {
                self.put(value + shift, atom.value() * factor);
            }
        } else {
            self.merge(other, shift, factor);
        }
        self.coarsen();
    }

    fn put(&mut self, value: i128, mass: f64) {
        let value = value.div_euclid(self.unit) * self.unit;
        match self.list.binary_search_by_key(&value, |(known, _)| *known) {
            Ok(place) => self.list[place].1.add(mass),
            Err(place) => self.list.insert(place, (value, mass.into())),
        }
    }

    fn merge(&mut self, other: &Self, shift: i128, factor: f64) {
        let mine = std::mem::take(&mut self.list);
        let mut mine = mine.into_iter().peekable();
        for (value, atom) in &other.list {
            let value = (value + shift).div_euclid(self.unit) * self.unit;
            while let Some(lower) = mine.next_if(|(known, _)| *known <= value) {
                self.list.push(lower);
            }
            let mass = atom.value() * factor;
            match self.list.last_mut().filter(|(last, _)| *last == value) {
                Some((_, last)) => last.add(mass),
                None => self.list.push((value, mass.into())),
            }
        }
        self.list.extend(mine);
    }

    fn coarsen(&mut self) {
        while MOST_ATOMS < self.list.len() {
            self.unit *= 2;
            self.round();
        }
    }

    /// Puts together what is equal under the present unit.
    fn round(&mut self) {
        for (value, _) in &mut self.list {
            *value = value.div_euclid(self.unit) * self.unit;
        }
        self.list.dedup_by(|next, first| {
            let same = next.0 == first.0;
            if same {
                first.1.add(next.1.value());
            }
            same
        });
    }

    /// The distribution under the condition that has this mass; `grains` of the values make a unit.
    pub(super) fn finish(&self, mass: f64, grains: f64) -> Distribution {
        let atoms = self.list.iter();
        let atoms = atoms.map(|(value, atom)| (real(*value) / grains, atom.value() / mass));
        Distribution {
            atoms: atoms.collect(),
            resolution: real(self.unit) / grains,
            mean: self.moment.value() / mass / grains,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest number is wanted")]
fn real(value: i128) -> f64 {
    i64::try_from(value).map_or(value as f64, |value| value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_distributions_meet_at_the_same_value() {
        let mut atoms = Atoms::of(3, 0.25);
        atoms.add_moved(&Atoms::of(1, 0.5), 2, 0.5);
        let distribution = atoms.finish(0.5, 1.0);
        assert_eq!(distribution.atoms, [(3.0, 1.0)]);
        assert!((distribution.mean - 3.0).abs() < 1e-15);
    }

    #[test]
    fn long_and_short_lists_merge_to_the_same() {
        let mut long = Atoms::default();
        (0..20).for_each(|value| long.add(value * 2, 0.05));
        let mut merged = Atoms::default();
        (0..20).for_each(|value| merged.add(value * 3, 0.05));
        let mut one_by_one = merged.clone();
        merged.add_moved(&long, 5, 0.5);
        (0..20).for_each(|value| one_by_one.add(value * 2 + 5, 0.025));
        assert_eq!(merged.list, one_by_one.list);
    }

    #[test]
    fn too_many_atoms_are_rounded_and_keep_mass_and_mean() {
        let mut atoms = Atoms::default();
        (0..10_000).for_each(|value| atoms.add(value, 1e-4));
        let distribution = atoms.finish(1.0, 1.0);
        assert!(distribution.atoms.len() <= MOST_ATOMS);
        assert!((distribution.resolution - 4.0).abs() < 1e-12);
        assert!((distribution.up_to(1e9) - 1.0).abs() < 1e-12);
        assert!((distribution.mean - 4999.5).abs() < 1e-6);
    }

    #[test]
    fn a_quantile_is_the_first_value_that_reaches_its_share() {
        let mut atoms = Atoms::default();
        for (value, mass) in [(1, 0.2), (5, 0.5), (9, 0.3)] {
            atoms.add(value, mass);
        }
        let distribution = atoms.finish(1.0, 1.0);
        let quantiles = [0.1, 0.2, 0.21, 0.7, 1.0].map(|share| distribution.quantile(share));
        assert_eq!(quantiles, [1.0, 1.0, 5.0, 5.0, 9.0].map(Some));
        assert_eq!(Distribution::default().quantile(0.5), None);
    }
}
