//! The traffic router: what it was told last, and whether it confirms it yet.

use crate::time::SimTime;

/// What the router was told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Router {
    weight: Option<(i32, SimTime)>,
    header_route: bool,
    /// Percentage of the requests that are copied to the canary.
    mirrored: i32,
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

impl Router {
    /// Sets or takes away the route of requests with a header.
    pub fn set_header_route(&mut self, there: bool) {
        self.header_route = there;
    }

    /// Sets the percentage of the requests that are copied to the canary.
    pub fn set_mirror_route(&mut self, percentage: i32) {
        self.mirrored = percentage;
    }

    /// Takes away the routes that steps have set; says whether there were any.
    pub fn remove_managed_routes(&mut self) -> bool {
        let any = self.header_route || 0 < self.mirrored;
        self.header_route = false;
        self.mirrored = 0;
        any
    }

    /// Whether requests with a header go to the canary.
    #[must_use]
    pub fn has_header_route(&self) -> bool {
        self.header_route
    }

    /// Share of the requests that are copied to the canary.
    #[must_use]
    pub fn mirrored(&self) -> f64 {
        f64::from(self.mirrored) / 100.0
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
