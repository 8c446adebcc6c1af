//! The policies that are compared, compiled.
//!
//! Knows: the input, and which points of the product can be run. Refuses to know how policies are compared.

use std::ops::Range;

use rayon::prelude::*;
use serde_json::Value;

use super::TuneArgs;
use crate::chain;
use crate::cli::case::{Case, Choice};
use crate::cli::exit::Exit;
use crate::cli::many::{Written, refuse};
use crate::cli::prepared_of;
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Look, Severity};
use crate::input::{self, Input};
use crate::power::Tested;
use crate::trials::{Outcomes, Stage, Summary};
use crate::tune::{Play, Releases};
use crate::vary::grid::Amount;
use crate::vary::{self, product::Product};
use crate::world::Weather;

/// The most policies that are compared.
pub(super) const MAX: u32 = 100_000;

/// Policies and releases.
pub(super) struct Policies {
    input: Input,
    /// The policy as written, then points of the product.
    cases: Vec<Case>,
    /// The point of each policy but the first.
    points: Vec<Vec<usize>>,
    changes: Vec<Vec<String>>,
    /// Points that cannot be run, and why the first one cannot.
    refused: Option<(usize, String)>,
    /// Points that are the policy as written.
    same: usize,
    has_traffic: bool,
    /// The error rates of the releases; `None`: as the scenario has it.
    rates: Vec<Option<f64>>,
    seed: u64,
}

/// What became of a point.
enum Point {
    Runs(Box<Case>),
    Same,
    Refused(String),
    /// The command line is wrong.
    Wrong(Box<Diagnostic>),
}

impl Policies {
    /// Reads the input, compiles all policies, and tells what is wrong.
    pub(super) fn of(
        args: &TuneArgs,
        product: &Product,
        releases: &Releases,
        look: Look,
    ) -> Result<Self, Exit> {
        let points =
            points(args, product).map_err(|problem| refuse(*problem, look, Exit::Usage))?;
        let (written, scenario_file) = args.many.written(look)?;
        let Written { input, case, .. } = written;
        let choice = Choice {
            scenario_file: scenario_file.as_deref(),
            ..args.many.choice()
        };
        let has_traffic = has_traffic(&case);
        check(args, &case, has_traffic).map_err(|(problem, exit)| refuse(*problem, look, exit))?;
        let written = case;
        let identity = identity(&written);
        let compiled: Vec<Point> = points
            .par_iter()
            .map(|point| compiled(&input, &product.changes(point), &choice, &identity))
            .collect();
        let bad = releases.bad().iter().map(|bad| Some(bad.error_rate));
        let mut policies = Self {
            seed: written.seed(),
            cases: vec![written],
            points: Vec::new(),
            changes: Vec::new(),
            refused: None,
            same: 0,
            has_traffic,
            rates: std::iter::once(args.healthy).chain(bad).collect(),
            input,
        };
        for (point, compiled) in points.into_iter().zip(compiled) {
            match compiled {
                Point::Runs(case) => {
                    policies.cases.push(*case);
                    policies.changes.push(product.changes(&point));
                    policies.points.push(point);
                }
                Point::Same => policies.same += 1,
                Point::Refused(why) => {
                    policies.refused.get_or_insert((0, why)).0 += 1;
                }
                Point::Wrong(problem) => return Err(refuse(*problem, look, Exit::Usage)),
            }
        }
        if let (0, 0, Some((_, why))) = (policies.points.len(), policies.same, &policies.refused) {
            let message = format!("no policy can be run: {why}");
            return Err(refuse(
                Diagnostic::error("nothing-to-tune", message),
                look,
                Exit::Unreadable,
            ));
        }
        Ok(policies)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.cases.len()
    }

    /// The policy as written.
    pub(super) fn written(&self) -> &Case {
        &self.cases[0]
    }

    /// The input.
    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    /// The changes that lead to a policy.
    pub(super) fn changes(&self, policy: usize) -> &[String] {
        let changes = policy
            .checked_sub(1)
            .and_then(|index| self.changes.get(index));
        changes.map_or(&[], Vec::as_slice)
    }

    /// The values of each policy; `None`: as written.
    pub(super) fn values(&self, product: &Product) -> Vec<Option<Vec<Value>>> {
        let of = |point: &Vec<usize>| Some(product.values(point).map(Amount::to_json).collect());
        std::iter::once(None)
            .chain(self.points.iter().map(of))
            .collect()
    }

    /// Points that cannot be run, and why the first one cannot.
    pub(super) fn refused(&self) -> Option<(usize, String)> {
        self.refused.clone()
    }

    /// Points that are the policy as written.
    pub(super) fn same(&self) -> usize {
        self.same
    }

    /// Whether anything is served.
    pub(super) fn has_traffic(&self) -> bool {
        self.has_traffic
    }
}

impl Play for Policies {
    fn play(&self, policy: usize, release: usize, replicates: Range<u64>) -> Vec<Summary> {
        let case = &self.cases[policy];
        let stage = case.stage();
        let rate = self.rates.get(release).copied().flatten();
        let tested = rate.and_then(|rate| Some((Tested::of(&stage).ok()?, rate)));
        let changed = tested.map(|(tested, rate)| tested.at(stage.environment, rate));
        let environment = changed.as_ref().unwrap_or(stage.environment);
        let mut runner = chain::fastest(Stage {
            environment,
            ..stage
        });
        let mut outcomes = Outcomes::default();
        runner.run_all(Weather::of(self.seed), replicates, &mut outcomes);
        outcomes.summaries().copied().collect()
    }
}

/// The points that are compared.
fn points(args: &TuneArgs, product: &Product) -> Result<Vec<Vec<usize>>, Box<Diagnostic>> {
    let size = product.size();
    match args.candidates {
        Some(count) if u64::from(count) < size => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            Ok(product.sample(count, args.many.seed.unwrap_or(0)))
        }
        _ if size <= u64::from(MAX) => Ok(product.all()),
        _ => {
            let message = format!("the grids make {size} policies, more than {MAX}");
            let help = "vary less, take larger steps (`1..100/5`), or try a sample with `--candidates 1000`";
            Err(Box::new(
                Diagnostic::error("too-many-policies", message).help(help),
            ))
        }
    }
}

fn has_traffic(case: &Case) -> bool {
    case.run()
        .impact
        .is_some_and(|impact| impact.traffic.is_some())
}

/// Whether what is asked for can be told.
fn check(
    args: &TuneArgs,
    written: &Case,
    has_traffic: bool,
) -> Result<(), (Box<Diagnostic>, Exit)> {
    if let Some(why) = &written.compiled().plan.invalid {
        let message = format!("the controller refuses the policy as written: {why}");
        let problem = Diagnostic::error("invalid-policy", message);
        return Err((Box::new(problem), Exit::Unreadable));
    }
    let tested = Tested::of(&written.stage()).map_err(|problem| (problem, Exit::Usage))?;
    if args.healthy.is_none() && tested.is_believed(&written.compiled().environment) {
        let message = "nobody knows how healthy a healthy release is: the scenario has a law of its error rate";
        let help = "say it, such as `--healthy 0.1%`";
        let problem = Diagnostic::error("healthy-not-known", message).help(help);
        return Err((Box::new(problem), Exit::Usage));
    }
    if args.minimise.contains(&super::What::Harm) && !has_traffic {
        let message = "harm cannot be told: nobody sends requests";
        let help = "give the scenario `traffic`, such as `traffic: {rps: 100}`";
        let problem = Diagnostic::error("no-traffic", message).help(help);
        return Err((Box::new(problem), Exit::Usage));
    }
    Ok(())
}

fn compiled(input: &Input, changes: &[String], choice: &Choice<'_>, written: &str) -> Point {
    let files = match vary::changed(input, changes) {
        Ok(files) => files,
        Err(problem) => return Point::Wrong(problem),
    };
    let input = input::read(files);
    let prepared = prepared_of(&input, Vec::new(), choice);
    let shown = changes.join(" ");
    let Ok(case) = prepared.case else {
        let mut findings = prepared.findings.iter();
        let error = findings.find(|finding| finding.diagnostic.severity == Severity::Error);
        let why = error.map_or("", |finding| finding.diagnostic.message.as_str());
        return Point::Refused(format!("with {}: {why}", quoted(&shown)));
    };
    match &case.compiled().plan.invalid {
        Some(why) => Point::Refused(format!("with {}: {why}", quoted(&shown))),
        None if identity(&case) == written => Point::Same,
        None => Point::Runs(Box::new(case)),
    }
}

/// What makes a policy what it is.
fn identity(case: &Case) -> String {
    let compiled = case.compiled();
    format!("{:?}\n{:?}", compiled.plan, compiled.environment.queries)
}
