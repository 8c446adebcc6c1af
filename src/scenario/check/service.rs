//! Traffic, routers, room and pods, checked.

use super::Checker;
use super::belief::Believed;
use super::quantity::Range;
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Path};
use crate::plan::environment::{Aspect, Belief, Delays, Image, Since, Subject, Traffic};
use crate::scenario::written::{self, Spec};
use crate::time::{Delta, SimTime};

/// Most requests per second: beyond it numbers are no longer exact.
const RPS_MAX: f64 = 1e9;

impl Checker<'_> {
    /// The requests of the users; `None` when nothing is written or the rate is wrong.
    pub(super) fn traffic(&mut self, spec: &Spec) -> Option<Traffic> {
        let written = spec.traffic.as_ref()?;
        let path = Path::from("spec.traffic");
        let field = |name: &str| path.clone().key(name);
        if written.rps.is_none() {
            self.missing(
                &field("rps"),
                "say how many requests per second: `rps: 100`",
            );
        }
        let rps = self.believed_curve(
            written.rps.as_ref(),
            Range::Amount,
            Since::Start,
            &field("rps"),
        );
        let requests_per_user = written.requests_per_user.as_ref();
        let requests_per_user = self.amount(
            requests_per_user,
            Range::Positive,
            &field("requestsPerUser"),
        );
        let sticky = self.positive(written.sticky.as_ref(), &field("sticky"));
        let header = self.amount(written.header.as_ref(), Range::Share, &field("header"));
        let preview = self.amount(written.preview.as_ref(), Range::Amount, &field("preview"));
        let slow = self.positive(written.slow.as_ref(), &field("slow"));
        let (rps, belief) = rps?;
        self.beliefs
            .extend(belief.map(|belief| (Subject::Rps, belief)));
        if RPS_MAX < rps.curve.range().1 {
            let message = format!("more than {RPS_MAX} requests per second cannot be simulated");
            let diagnostic = Diagnostic::error("out-of-range", message);
            self.report(diagnostic.help("choose a smaller number"), &field("rps"));
            return None;
        }
        Some(Traffic {
            rps: rps.curve,
            requests_per_user,
            sticky,
            header: header.unwrap_or(0.0),
            preview: preview.unwrap_or(0.0),
            slow,
        })
    }

    /// How fast routers and endpoints follow.
    pub(super) fn delays(&mut self, spec: &Spec) -> Delays {
        let Some(router) = &spec.router else {
            return Delays::default();
        };
        let path = |name: &str| Path::from("spec.router").key(name);
        let delay = self.delta(router.delay.as_ref(), &path("delay"));
        let endpoints = self.delta(router.endpoint_delay.as_ref(), &path("endpointDelay"));
        Delays {
            router: delay.unwrap_or_default(),
            endpoints: endpoints.unwrap_or_default(),
        }
    }

    /// Price of a pod for an hour.
    pub(super) fn pod_hour(&mut self, spec: &Spec) -> Option<f64> {
        let price = spec.cost.as_ref()?.pod_hour.as_ref();
        self.amount(price, Range::Amount, &Path::from("spec.cost.podHour"))
    }

    /// How much failures cluster.
    pub(super) fn overdispersion(&mut self, spec: &Spec) -> f64 {
        let path = Path::from("spec.random.overdispersion");
        let written = spec.random.as_ref();
        let written = written.and_then(|random| random.overdispersion.as_ref());
        let correlation = self.amount(written, Range::Share, &path);
        correlation.unwrap_or(0.0).min(0.999_999)
    }

    /// How the pods of an image behave; what it does not say is as for `default`.
    pub(super) fn image(&mut self, tag: &str, image: &written::Image, default: &Image) -> Image {
        let path = Path::from("spec.images").key(tag);
        let field = |name: &str| path.clone().key(name);
        let startup = self.law(image.startup.as_ref(), &field("startup"));
        let unready = image.unready.as_ref().map(|windows| {
            let windows = windows.iter().enumerate();
            windows
                .filter_map(|(index, window)| self.window(window, &field("unready").index(index)))
                .collect()
        });
        let mut beliefs = default.beliefs.clone();
        let crash_after = self.believed_length(image.crash_after.as_ref(), &field("crashAfter"));
        let crash_after = known(crash_after, Aspect::CrashAfter, &mut beliefs);
        let flapping = self.flapping(image.flapping.as_ref(), &field("flapping"));
        let termination = self.delta(image.termination.as_ref(), &field("termination"));
        let mut health = default.health.clone();
        let errors = self.believed_curve(
            image.error_rate.as_ref(),
            Range::Share,
            Since::Release,
            &field("errorRate"),
        );
        let factor = self.believed_curve(
            image.latency_factor.as_ref(),
            Range::Amount,
            Since::Release,
            &field("latencyFactor"),
        );
        let errors = known(errors, Aspect::ErrorRate, &mut beliefs);
        let factor = known(factor, Aspect::LatencyFactor, &mut beliefs);
        health.errors = errors.unwrap_or(health.errors);
        health.latency_factor = factor.unwrap_or(health.latency_factor);
        let latency = self.law(image.latency.as_ref(), &field("latency"));
        health.latency = latency.or(health.latency);
        let capacity =
            self.believed_amount(image.capacity.as_ref(), Range::Positive, &field("capacity"));
        let capacity = known(capacity, Aspect::Capacity, &mut beliefs);
        health.capacity = capacity.or(health.capacity);
        let most = |most: u32| i32::try_from(most).unwrap_or(i32::MAX);
        Image {
            startup: startup.unwrap_or_else(|| default.startup.clone()),
            max_ready: image.max_ready.map(most).or(default.max_ready),
            unready: unready.unwrap_or_else(|| default.unready.clone()),
            crash_after: crash_after.or(default.crash_after),
            flapping: flapping.or(default.flapping),
            termination: termination.unwrap_or(default.termination),
            health,
            beliefs,
        }
    }

    fn flapping(
        &mut self,
        written: Option<&written::Flapping>,
        path: &Path,
    ) -> Option<(Delta, Delta)> {
        let written = written?;
        for (name, time) in [("ready", &written.ready), ("unready", &written.unready)] {
            if time.is_none() {
                let help = "say for how long, such as `{ready: 50s, unready: 10s}`";
                self.missing(&path.clone().key(name), help);
            }
        }
        let ready = self.probed(written.ready.as_ref(), &path.clone().key("ready"));
        let unready = self.probed(written.unready.as_ref(), &path.clone().key("unready"));
        Some((ready?, unready?))
    }

    /// A length of time that a readiness probe can see: they run once a second at most.
    fn probed(&mut self, time: Option<&written::Time>, path: &Path) -> Option<Delta> {
        let length = self.positive(time, path)?;
        if length < Delta::from_secs(1) {
            let name = path.name().unwrap_or_default();
            let message = format!("{} is shorter than a second", quoted(&name));
            let diagnostic = Diagnostic::error("out-of-range", message);
            self.report(diagnostic.help("a probe runs once a second at most"), path);
            return None;
        }
        Some(length)
    }

    /// A time from and to.
    pub(super) fn window(
        &mut self,
        window: &written::Window,
        path: &Path,
    ) -> Option<(SimTime, SimTime)> {
        let from_path = path.clone().key("from");
        if window.from.is_none() {
            self.missing(&from_path, "say when it begins, such as `from: 150s`");
        }
        self.stretch(window.from.as_ref(), window.to.as_ref(), path)
    }
}

/// What is written of an aspect, with the belief in it in place of any other.
fn known<T>(
    written: Option<Believed<T>>,
    aspect: Aspect,
    beliefs: &mut Vec<(Aspect, Belief)>,
) -> Option<T> {
    let (value, belief) = written?;
    beliefs.retain(|(known, _)| *known != aspect);
    beliefs.extend(belief.map(|belief| (aspect, belief)));
    Some(value)
}
