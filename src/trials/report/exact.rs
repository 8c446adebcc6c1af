//! What can become of a rollout and how likely it is, told exactly: as text, as a table, and as the document
//! `coalmine.exact/v1`.
//!
//! Knows: which parts of [`Exact`] are worth telling. Refuses to know how they were computed.

use std::fmt::Write as _;

use serde::Serialize;

use super::text::{DIM, Page, Table, WIDTH, number, style_of};
use crate::chain::{Distribution, Exact, Share};
use crate::report::json::indented;
use crate::report::layout::wrap;
use crate::trials::dossier::{Head, NamedCause};
use crate::trials::quantity::{Quantity, Unit};

/// The format of the document.
const SCHEMA: &str = "coalmine.exact/v1";

/// The columns of the table.
const COLUMNS: [&str; 13] = [
    "kind",
    "what",
    "verdict",
    "step",
    "probability",
    "unit",
    "mean",
    "min",
    "p5",
    "p50",
    "p95",
    "p99",
    "max",
];

/// What can become of a rollout; also the document `coalmine.exact/v1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExactReport {
    schema: &'static str,
    title: String,
    scenario: Option<String>,
    verdicts: Vec<Likelihood>,
    causes: Vec<LikelyCause>,
    quantities: Vec<Spread>,
    /// States after measurements, the start included.
    states: usize,
    /// Outcomes of measurements that lead from one to another.
    outcomes: usize,
}

/// How likely a verdict is.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Likelihood {
    verdict: &'static str,
    probability: f64,
}

/// How likely it is that something brings the verdict about.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct LikelyCause {
    #[serde(flatten)]
    cause: NamedCause,
    probability: f64,
}

/// The distribution of a quantity, in its unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Spread {
    quantity: Quantity,
    unit: Unit,
    /// Under the condition that this is the verdict; absent: of all.
    verdict: Option<&'static str>,
    mean: f64,
    min: f64,
    p5: f64,
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

impl ExactReport {
    /// What is told of a distribution.
    #[must_use]
    pub fn of(head: &Head, exact: &Exact) -> Self {
        let verdicts = exact.verdicts.iter().map(|(verdict, share)| Likelihood {
            verdict: verdict.name(),
            probability: share.probability,
        });
        let mut verdicts: Vec<Likelihood> = verdicts.collect();
        verdicts.sort_by(|one, other| other.probability.total_cmp(&one.probability));
        let causes = exact.causes.iter().map(|(cause, probability)| LikelyCause {
            cause: head.written.name(*cause),
            probability: *probability,
        });
        let mut causes: Vec<LikelyCause> = causes.collect();
        causes.sort_by(|one, other| other.probability.total_cmp(&one.probability));
        let mut quantities: Vec<Spread> = Quantity::ALL
            .into_iter()
            .filter_map(|quantity| Spread::of(quantity, &exact.all, None))
            .collect();
        let times = exact.verdicts.iter().filter_map(|(verdict, share)| {
            Spread::of(Quantity::TimeToVerdict, share, Some(verdict.name()))
        });
        let several = 1 < exact.verdicts.len();
        quantities.splice(1..1, times.filter(|_| several));
        Self {
            schema: SCHEMA,
            title: head.title.clone(),
            scenario: head.scenario.clone(),
            verdicts,
            causes,
            quantities,
            states: exact.nodes,
            outcomes: exact.edges,
        }
    }

    /// The document.
    #[must_use]
    pub fn json(&self) -> String {
        indented(self)
    }

    /// A table with one line for each verdict, cause and quantity.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut line = |cells: Vec<String>| {
            // Writing into memory does not fail.
            let _ = writer.write_record(cells);
        };
        line(COLUMNS.map(str::to_owned).to_vec());
        for one in &self.verdicts {
            line(record(
                "verdict",
                "",
                one.verdict,
                "",
                Some(one.probability),
            ));
        }
        for LikelyCause { cause, probability } in &self.causes {
            let step = cause.step.map(|step| step.to_string()).unwrap_or_default();
            line(record("cause", &cause.what, "", &step, Some(*probability)));
        }
        for one in &self.quantities {
            let quantity = word(&one.quantity);
            let mut cells = record(
                "quantity",
                &quantity,
                one.verdict.unwrap_or_default(),
                "",
                None,
            );
            let amounts = [
                one.mean, one.min, one.p5, one.p50, one.p95, one.p99, one.max,
            ];
            let amounts = amounts.map(|amount| amount.to_string());
            cells.splice(5.., std::iter::once(word(&one.unit)).chain(amounts));
            line(cells);
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// The report as text.
    #[must_use]
    pub fn text(&self, colour: bool) -> String {
        let mut page = Page::titled(&self.title, colour);
        let world = match &self.scenario {
            Some(name) => format!("scenario {name}"),
            None => "default".to_owned(),
        };
        page.paragraph("world", &world);
        let size = format!(
            "{} states, {} outcomes of measurements",
            self.states, self.outcomes
        );
        page.paragraph("exact", &size);
        page.out.push('\n');
        let mut table = Table::new(["verdict", "probability"]);
        for one in &self.verdicts {
            let cells = [one.verdict.to_owned(), percent(one.probability)];
            table.push(Some(style_of(one.verdict)), cells);
        }
        page.table(&table);
        if !self.causes.is_empty() {
            let mut table = Table::new(["ended by", "probability"]);
            for one in &self.causes {
                let cells = [one.cause.in_words(), percent(one.probability)];
                table.push(None, cells);
            }
            page.table(&table);
        }
        let rows = self.quantities.iter().map(|one| {
            let values = [
                one.mean, one.min, one.p5, one.p50, one.p95, one.p99, one.max,
            ];
            (one.quantity, one.verdict, values)
        });
        page.quantities(rows);
        let remark = "Measurements are independent draws; numbers of requests are taken at their expectation, so that their means are \
                      exact and their spread is that of the outcomes alone.";
        for line in wrap(remark, WIDTH, 0) {
            let line = page.paint(DIM, &line);
            let _ = writeln!(page.out, "{line}");
        }
        page.out
    }
}

impl Spread {
    fn of(quantity: Quantity, share: &Share, verdict: Option<&'static str>) -> Option<Self> {
        let requests = share.requests.as_ref();
        let (distribution, factor): (&Distribution, f64) = match quantity {
            Quantity::TimeToVerdict => (&share.time, 1.0),
            Quantity::Harm => (&requests?.harm, 1.0),
            Quantity::RequestsOnNew => (&requests?.on_new, 1.0),
            Quantity::UsersExposed => (&requests?.users_exposed, 1.0),
            Quantity::ExcessPodHours => (&share.excess_pod_seconds, 1.0 / 3600.0),
            Quantity::ShortOfCapacity => (&share.short_of_capacity, 1.0),
            Quantity::PeakPods => (&share.peak_pods, 1.0),
            Quantity::Measurements => (&share.measurements, 1.0),
        };
        let quantile = |share| distribution.quantile(share).map(|value| value * factor);
        Some(Self {
            quantity,
            unit: quantity.unit(),
            verdict,
            mean: distribution.mean * factor,
            min: quantile(0.0)?,
            p5: quantile(0.05)?,
            p50: quantile(0.5)?,
            p95: quantile(0.95)?,
            p99: quantile(0.99)?,
            max: distribution.atoms.last()?.0 * factor,
        })
    }
}

/// A line of the table, without amounts.
fn record(
    kind: &str,
    what: &str,
    verdict: &str,
    step: &str,
    probability: Option<f64>,
) -> Vec<String> {
    let probability = probability.map(|probability| probability.to_string());
    let probability = probability.unwrap_or_default();
    let mut cells = [kind, what, verdict, step, &probability]
        .map(str::to_owned)
        .to_vec();
    cells.resize(COLUMNS.len(), String::new());
    cells
}

/// The word that the document has for something.
fn word(of: &impl Serialize) -> String {
    let value = serde_json::to_value(of).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// Enough digits to be compared with a table of the literature.
fn percent(probability: f64) -> String {
    let percent = probability * 100.0;
    if (1e-4..99.999_9).contains(&percent) {
        format!("{percent:.4} %")
    } else {
        format!("{} %", number(percent))
    }
}
