//! Faults, checked.

use super::Checker;
use super::belief::Believed;
use super::quantity::Range;
use crate::diagnostic::wording::listed;
use crate::diagnostic::{Diagnostic, Path};
use crate::plan::environment::{Belief, Breaks, Fault, Subject};
use crate::scenario::written;
use crate::time::{Delta, SimTime};

/// What `fault` may say, the fields that it takes, and whether each of them is needed.
type Row = (&'static str, &'static [(&'static str, bool)]);

const FAULTS: [Row; 10] = [
    (
        "errors",
        &[("image", true), ("rate", false), ("share", false)],
    ),
    ("latency", &[("image", false), ("factor", true)]),
    ("dependency", &[("rate", false)]),
    ("schema", &[("understoodBy", true)]),
    (
        "nodeLoss",
        &[("image", false), ("share", true), ("replacedAfter", false)],
    ),
    ("metricsDown", &[("metric", false), ("error", false)]),
    ("metricsEmpty", &[("metric", false)]),
    ("metricsSlow", &[("delay", true)]),
    ("controllerDown", &[]),
    ("watchDelay", &[("delay", true)]),
];

/// From the loss of a node until its pods are replaced: 40 s until it is noticed (node-monitor-grace-period), 5 min of toleration.
const REPLACED_AFTER: Delta = Delta::from_secs(340);
/// The error of a back end that cannot be reached.
const UNREACHABLE: &str = "dial tcp: connect: connection refused";

/// What is not known of a fault, as soon as it is known which one it is.
type Doubt = (fn(usize) -> Subject, Belief);

impl Checker<'_> {
    /// The faults that make sense.
    pub(super) fn faults(&mut self, written: &[written::Fault]) -> Vec<Fault<String>> {
        let mut faults = Vec::new();
        for (index, fault) in written.iter().enumerate() {
            let path = Path::from("spec.faults").index(index);
            let mut beliefs = Vec::new();
            let Some(fault) = self.fault(fault, &path, &mut beliefs) else {
                continue;
            };
            let place = faults.len();
            let beliefs = beliefs.into_iter();
            self.beliefs
                .extend(beliefs.map(|(subject, belief)| (subject(place), belief)));
            faults.push(fault);
        }
        faults
    }

    fn fault(
        &mut self,
        written: &written::Fault,
        path: &Path,
        beliefs: &mut Vec<Doubt>,
    ) -> Option<Fault<String>> {
        let field = |name: &str| path.clone().key(name);
        let Some(word) = written.fault.as_deref() else {
            self.missing(
                &field("fault"),
                "say what breaks, such as `fault: metricsDown`",
            );
            return None;
        };
        let fields = self.word("fault", word, &FAULTS, &field("fault"))?;
        let complete = self.fields(written, word, fields, path);
        let stretch = self.believed_stretch(written, word, path);
        let rate = self.believed_amount(written.rate.as_ref(), Range::Share, &field("rate"));
        let share = self.amount(written.share.as_ref(), Range::Share, &field("share"));
        let factor = self.believed_amount(written.factor.as_ref(), Range::Amount, &field("factor"));
        let delay = self.positive(written.delay.as_ref(), &field("delay"));
        let replaced = self.delta(written.replaced_after.as_ref(), &field("replacedAfter"));
        if !complete {
            return None;
        }
        let ((from, to), begins) = stretch?;
        let mut known = |believed: Option<(f64, Option<Belief>)>, subject: fn(usize) -> Subject| {
            let (value, belief) = believed?;
            beliefs.extend(belief.map(|belief| (subject, belief)));
            Some(value)
        };
        known(Some((0.0, begins)), Subject::FaultFrom);
        let rate = known(rate, Subject::FaultRate);
        let factor = known(factor, Subject::FaultFactor);
        let image = written.image.clone();
        let breaks = match word {
            "errors" => Breaks::Errors {
                image: image?,
                rate: rate.unwrap_or(1.0),
                share: share.unwrap_or(1.0),
            },
            "latency" => Breaks::Latency {
                image,
                factor: factor?,
            },
            "dependency" => Breaks::Dependency {
                rate: rate.unwrap_or(1.0),
            },
            "schema" => Breaks::Schema {
                understood_by: written.understood_by.clone()?,
            },
            "nodeLoss" => Breaks::NodeLoss {
                image,
                share: share?,
                replaced_after: replaced.unwrap_or(REPLACED_AFTER),
            },
            "metricsDown" => Breaks::MetricsDown {
                metric: written.metric.clone(),
                error: written
                    .error
                    .clone()
                    .unwrap_or_else(|| UNREACHABLE.to_owned()),
            },
            "metricsEmpty" => Breaks::MetricsEmpty {
                metric: written.metric.clone(),
            },
            "metricsSlow" => Breaks::MetricsSlow { delay: delay? },
            "controllerDown" => Breaks::ControllerDown,
            _ => Breaks::WatchDelay { delay: delay? },
        };
        Some(Fault { from, to, breaks })
    }

    /// When a fault begins and ends; of a law, what is expected. What would begin at its end or later never happens.
    fn believed_stretch(
        &mut self,
        written: &written::Fault,
        word: &str,
        path: &Path,
    ) -> Option<Believed<(SimTime, SimTime)>> {
        let law = match &written.from {
            None => return Some((self.stretch(None, written.to.as_ref(), path)?, None)),
            Some(written::Law::Time(time)) => {
                let stretch = self.stretch(Some(time), written.to.as_ref(), path)?;
                return Some((stretch, None));
            }
            Some(law) => law,
        };
        let from_path = path.clone().key("from");
        if word == "metricsDown" || word == "metricsEmpty" {
            let message = format!("when the fault `{word}` begins cannot follow a law");
            let diagnostic = Diagnostic::error("law-not-here", message);
            self.report(diagnostic.help("write a time"), &from_path);
            return None;
        }
        let (_, to) = self.stretch(None, written.to.as_ref(), path)?;
        let (from, belief) = self.believed_time(law, 0.0, &from_path)?;
        let from = (SimTime::ZERO + from).min(to);
        Some(((from, to), belief))
    }

    /// Reports fields that a fault does not take or lacks; says whether all that it needs are there.
    fn fields(
        &mut self,
        written: &written::Fault,
        word: &str,
        known: &[(&str, bool)],
        path: &Path,
    ) -> bool {
        let there = [
            ("image", written.image.is_some()),
            ("rate", written.rate.is_some()),
            ("share", written.share.is_some()),
            ("factor", written.factor.is_some()),
            ("delay", written.delay.is_some()),
            ("error", written.error.is_some()),
            ("metric", written.metric.is_some()),
            ("understoodBy", written.understood_by.is_some()),
            ("replacedAfter", written.replaced_after.is_some()),
        ];
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let mut complete = true;
        for (field, is_written) in there {
            let path = path.clone().key(field);
            match known.iter().find(|(name, _)| *name == field) {
                None if is_written => {
                    let message = format!("the fault `{word}` takes no `{field}`");
                    let help = if names.is_empty() {
                        "remove it".to_owned()
                    } else {
                        format!("beside `from` and `to` it takes {}", listed(&names, "and"))
                    };
                    let diagnostic = Diagnostic::error("unneeded-argument", message).help(help);
                    self.report_key(diagnostic, &path);
                }
                Some((_, true)) if !is_written => {
                    self.missing(&path, &format!("the fault `{word}` needs it"));
                    complete = false;
                }
                _ => {}
            }
        }
        complete
    }
}
