//! Numbers for labels that are clones of each other.
//!
//! Knows that clones share their memory: to look at the address is enough, and takes a few nanoseconds. The labels are
//! held, so that no address is used for others. Refuses to know equal labels that are no clones. Addresses have no
//! influence on any result: they only find what was found out before.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::labels::Labels;

/// A number for each labels value that was inserted, found by any of its clones.
#[derive(Debug, Default)]
pub(super) struct ByIdentity {
    numbers: HashMap<usize, (Labels, usize), BuildHasherDefault<AddressHasher>>,
}

impl ByIdentity {
    /// The number that was inserted with a clone of `labels`.
    #[inline]
    pub(super) fn get(&self, labels: &Labels) -> Option<usize> {
        let (_, number) = self.numbers.get(&labels.address())?;
        Some(*number)
    }

    pub(super) fn insert(&mut self, labels: Labels, number: usize) {
        self.numbers.insert(labels.address(), (labels, number));
    }

    /// How many labels are known.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn clear(&mut self) {
        self.numbers.clear();
    }
}

/// Spreads an address over all bits: the table uses the highest and the lowest.
#[derive(Debug, Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    #[inline]
    fn write_usize(&mut self, address: usize) {
        let mixed = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_are_found_and_equals_are_not() {
        let labels = Labels::new([("a", "b")]);
        let mut numbers = ByIdentity::default();
        numbers.insert(labels.clone(), 7);
        assert_eq!(numbers.get(&labels), Some(7));
        assert_eq!(numbers.get(&labels.clone()), Some(7));
        assert_eq!(numbers.get(&Labels::new([("a", "b")])), None);
        assert_eq!(numbers.len(), 1);
    }
}
