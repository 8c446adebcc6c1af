//! What one evaluation may cost.
//!
//! The reference counts elements it makes and stops at a million; so do we, with its message. It
//! does not count time, nor the bytes of strings and slices; we do, so that a condition can neither
//! hang nor eat the memory.

use super::datum::{Datum, Key};
use super::fault::Fault;

/// Elements made so far and steps left.
#[derive(Debug)]
pub(super) struct Budget {
    memory: u64,
    steps: u64,
    bytes: u64,
}

/// What the reference says about its own budget; ours are told alike.
pub(super) const MEMORY_EXCEEDED: &str = "memory budget exceeded";
/// `conf.DefaultMemoryBudget` of expr-lang/expr \[elements\].
const MEMORY: u64 = 1_000_000;
/// Half a second.
const STEPS: u64 = 10_000_000;
/// Of everything made, whether or not it is still needed.
const BYTES: u64 = 1 << 29;

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            memory: 0,
            steps: STEPS,
            bytes: BYTES,
        }
    }

    /// Accounts for a list or map of `size` elements before it is made.
    pub(super) fn grow(&mut self, size: u64) -> Result<(), Fault> {
        self.memory = self.memory.saturating_add(size);
        if MEMORY <= self.memory {
            Err(MEMORY_EXCEEDED.into())
        } else {
            Ok(())
        }
    }

    /// Accounts for a value that has been made.
    pub(super) fn made(&mut self, value: &Datum) -> Result<(), Fault> {
        let bytes = match value {
            Datum::List(list) => list.items.len() * size_of::<Datum>(),
            Datum::Map(map) => map.entries.len() * (size_of::<Key>() + size_of::<Datum>()),
            Datum::Str(text) => text.len(),
            _ => return Ok(()),
        };
        self.bytes = self
            .bytes
            .checked_sub(bytes as u64)
            .ok_or(MEMORY_EXCEEDED)?;
        Ok(())
    }

    /// Accounts for `count` steps of work.
    pub(super) fn step(&mut self, count: u64) -> Result<(), Fault> {
        match self.steps.checked_sub(count) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Fault::new(format!(
                "a condition may take at most {STEPS} steps"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_element_is_one_too_many() {
        let mut budget = Budget::new();
        assert!(budget.grow(MEMORY - 1).is_ok());
        assert!(budget.grow(1).is_err());
    }

    #[test]
    fn steps_run_out() {
        let mut budget = Budget::new();
        assert!(budget.step(STEPS).is_ok());
        assert!(budget.step(1).is_err());
    }
}
