//! The sums of an account.

use crate::cluster::{ServiceId, TemplateId};
use crate::time::{Delta, SimTime};

/// What became of the requests and pods of a run so far. Without `--random` numbers of requests are expectations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// What each version served, by [`TemplateId`].
    pub served: Vec<Served>,
    /// Requests that were sent to where nobody is: no version failed them.
    pub unserved: f64,
    /// Requests that the version that was stable at the start would have failed with all pods and all requests for itself.
    pub would_have_failed: f64,
    /// The version that was stable at the start.
    pub control: Option<TemplateId>,
    /// Users who sent at least one request to another version than that.
    pub users_exposed: f64,
    /// Time that is accounted for \[s\].
    pub seconds: f64,
    /// Integral of the number of pods \[s\].
    pub pod_seconds: f64,
    /// The same of the pods beyond `spec.replicas` \[s\].
    pub excess_pod_seconds: f64,
    /// Most pods at once, those that are being deleted included.
    pub peak_pods: i32,
    /// Time with fewer available pods than `spec.replicas` \[s\].
    pub short_of_capacity: f64,
    /// Time in which no requests went to the old version and all its pods still stood by \[s\].
    pub standing_by: f64,
    /// Times in which a service had no endpoint, in the order in which they began.
    pub gaps: Vec<Gap>,
    /// The times above, exactly: sums do not depend on how a time was cut into stretches.
    lengths: Lengths,
    /// Expected requests, for whole numbers that agree with them.
    pub(super) expected: f64,
}

/// Lengths of time \[ns\], and those that count once for each pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    whole: i128,
    pods: i128,
    /// Pods beyond `spec.replicas`.
    pub(crate) excess: i128,
    /// With fewer available pods than `spec.replicas`.
    pub(crate) short: i128,
    standing_by: i128,
}

/// What a version served.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Served {
    /// Requests of users that were sent to its pods.
    pub requests: f64,
    /// Those that failed.
    pub failed: f64,
    /// Those that succeeded, but took too long.
    pub slow: f64,
    /// Copies of requests; nobody sees their answers.
    pub mirrored: f64,
    /// Requests of testers to the preview service.
    pub preview: f64,
    /// Failures of copies and of testers' requests: no user sees them, but metrics do. Always an expectation.
    pub failed_unseen: f64,
}

impl Served {
    /// All requests and all failures that the pods themselves count: they cannot tell copies and testers from users.
    #[must_use]
    pub fn counted(&self) -> (f64, f64) {
        (
            self.requests + self.mirrored + self.preview,
            self.failed + self.failed_unseen,
        )
    }
}

/// A time in which a service had no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Which service.
    pub service: ServiceId,
    /// When it began.
    pub from: SimTime,
    /// When it was over; `None`: not yet.
    pub to: Option<SimTime>,
}

impl Tally {
    /// Requests of users.
    #[must_use]
    pub fn requests(&self) -> f64 {
        let served = self.served.iter().map(|served| served.requests);
        served.sum::<f64>() + self.unserved
    }

    /// Requests of users that failed.
    #[must_use]
    pub fn failed(&self) -> f64 {
        let failed = self.served.iter().map(|served| served.failed);
        failed.sum::<f64>() + self.unserved
    }

    /// Failed requests beyond what the stable version alone would have failed.
    #[must_use]
    pub fn harm(&self) -> f64 {
        self.failed() - self.would_have_failed
    }

    /// Requests of users that were sent to other versions than the one that was stable at the start.
    #[must_use]
    pub fn requests_on_new(&self) -> f64 {
        let served = (0..).map(TemplateId).zip(&self.served);
        served
            .filter(|(version, _)| Some(*version) != self.control)
            .map(|(_, served)| served.requests)
            .sum()
    }

    pub(super) fn open(&mut self, versions: usize, control: Option<TemplateId>) {
        let mut served = std::mem::take(&mut self.served);
        let mut gaps = std::mem::take(&mut self.gaps);
        served.clear();
        served.resize(versions, Served::default());
        gaps.clear();
        *self = Self {
            served,
            control,
            gaps,
            ..Self::default()
        };
    }

    /// Takes over everything from `other`, reusing the memory at hand.
    pub(super) fn copy_from(&mut self, other: &Self) {
        let mut served = std::mem::take(&mut self.served);
        let mut gaps = std::mem::take(&mut self.gaps);
        served.clone_from(&other.served);
        gaps.clone_from(&other.gaps);
        *self = Self {
            served,
            gaps,
            ..*other
        };
    }

    /// Forgets all sums; the most pods at once stay.
    pub(super) fn forget(&mut self) {
        let (versions, expected) = (self.served.len(), self.expected);
        let peak_pods = self.peak_pods;
        self.open(versions, self.control);
        (self.peak_pods, self.expected) = (peak_pods, expected);
    }

    /// The lengths of time that are accounted for.
    pub(crate) fn lengths(&self) -> Lengths {
        self.lengths
    }

    pub(super) fn pods(&mut self, pods: i32, asked: i32, time: Delta) {
        let nanos = i128::from(time.nanos());
        let lengths = &mut self.lengths;
        lengths.whole += nanos;
        lengths.pods += i128::from(pods) * nanos;
        lengths.excess += i128::from(pods.saturating_sub(asked).max(0)) * nanos;
        self.seconds = seconds(lengths.whole);
        self.pod_seconds = seconds(lengths.pods);
        self.excess_pod_seconds = seconds(lengths.excess);
    }

    pub(super) fn short_of_capacity(&mut self, time: Delta) {
        self.lengths.short += i128::from(time.nanos());
        self.short_of_capacity = seconds(self.lengths.short);
    }

    pub(super) fn standing_by(&mut self, time: Delta) {
        self.lengths.standing_by += i128::from(time.nanos());
        self.standing_by = seconds(self.lengths.standing_by);
    }

    pub(super) fn note_gap(&mut self, service: ServiceId, empty: bool, now: SimTime) {
        let open = self
            .gaps
            .iter()
            .position(|gap| gap.service == service && gap.to.is_none());
        match (open, empty) {
            (None, true) => self.gaps.push(Gap {
                service,
                from: now,
                to: None,
            }),
            (Some(index), false) => self.gaps[index].to = Some(now),
            _ => {}
        }
    }

    pub(super) fn version(&mut self, version: TemplateId) -> &mut Served {
        &mut self.served[usize::from(version.0)]
    }
}

/// A length in seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "rounded once, to the nearest number"
)]
pub(crate) fn seconds(nanos: i128) -> f64 {
    i64::try_from(nanos).map_or(nanos as f64, |nanos| nanos as f64) / 1e9
}
