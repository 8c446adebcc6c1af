//! What is told of the releases that were drawn: of all, and of those that came to each verdict.

use serde::Serialize;

use super::text::{DIM, Page, Table, number, shortened, time};
use crate::plan::environment::Unit;
use crate::trials::collection::Collection;
use crate::trials::dossier::Legend;
use crate::trials::quantity::Spread;
use crate::trials::releases::{GRAIN, Parameter, overall};

/// The distribution of something that was drawn once for each run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drawn {
    parameter: String,
    unit: Unit,
    /// Over the runs of this verdict; absent: over all.
    verdict: Option<&'static str>,
    runs: u64,
    mean: f64,
    min: f64,
    p5: f64,
    p50: f64,
    p95: f64,
    max: f64,
}

/// What was drawn, over all runs and over those of each verdict.
pub(super) fn drawn(legend: &Legend, collection: &Collection) -> Vec<Drawn> {
    let groups = collection.releases().groups();
    let mut told = Vec::new();
    for (parameter, groups) in legend.releases().iter().zip(groups) {
        told.extend(Drawn::of(parameter, None, &overall(groups)));
        if 1 < groups.len() {
            let groups = groups.iter();
            told.extend(groups.filter_map(|(verdict, spread)| {
                Drawn::of(parameter, Some(verdict.name()), spread)
            }));
        }
    }
    told
}

impl Drawn {
    fn of(parameter: &Parameter, verdict: Option<&'static str>, spread: &Spread) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "quantiles are rounded anyway")]
        let quantile = |share: f64| spread.quantile(share).map(|value| value as f64 * GRAIN);
        Some(Self {
            parameter: parameter.name.clone(),
            unit: parameter.unit,
            verdict,
            runs: spread.count(),
            mean: spread.mean()? * GRAIN,
            min: quantile(0.0)?,
            p5: quantile(0.05)?,
            p50: quantile(0.5)?,
            p95: quantile(0.95)?,
            max: quantile(1.0)?,
        })
    }

    fn cells(&self) -> [String; 7] {
        let name = match self.verdict {
            Some(verdict) => format!("  of {verdict}"),
            None => shortened(&self.parameter, 36),
        };
        let [mean, min, p5, p50, p95, max] =
            [self.mean, self.min, self.p5, self.p50, self.p95, self.max].map(|value| {
                match self.unit {
                    Unit::Share => format!("{} %", number(value * 100.0)),
                    Unit::Number => number(value),
                    Unit::Seconds => time(value),
                }
            });
        [name, mean, min, p5, p50, p95, max]
    }
}

impl Page {
    /// A table of what was drawn.
    pub(super) fn releases(&mut self, title: &str, drawn: &[Drawn]) {
        if drawn.is_empty() {
            return;
        }
        let mut table = Table::new([title, "mean", "least", "5 %", "50 %", "95 %", "most"]);
        for one in drawn {
            table.push(one.verdict.map(|_| DIM), one.cells());
        }
        self.table(&table);
    }
}
