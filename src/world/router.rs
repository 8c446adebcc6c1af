//! The traffic router: what it was told last, and whether it confirms it yet.

use crate::time::SimTime;

/// What the router was told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Router {
    weight: Option<(i32, SimTime)>,
}

impl Router {
    /// Sets the canary's weight; says whether that is news.
    pub fn set_weight(&mut self, weight: i32, now: SimTime) -> bool {
        let news = self.weight.is_none_or(|(known, _)| known != weight);
        if news {
            self.weight = Some((weight, now));
        }
        news
    }

    /// The weight that it was told last, and when it was told it first.
    #[must_use]
    pub fn told(&self) -> Option<(i32, SimTime)> {
        self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_counts_from_when_it_was_first_set() {
        let mut router = Router::default();
        assert!(router.set_weight(20, SimTime::from_secs(10)));
        assert!(!router.set_weight(20, SimTime::from_secs(15)));
        assert_eq!(router.told(), Some((20, SimTime::from_secs(10))));
    }
}
