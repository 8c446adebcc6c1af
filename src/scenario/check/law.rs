//! Laws of times and amounts, checked.

use statrs::distribution::{Beta, Exp, Gamma, LogNormal, Normal, Pareto, Uniform, Weibull};

use super::Checker;
use super::quantity::Range;
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Path};
use crate::law::{Law, LogUniform};
use crate::scenario::written;
use crate::scenario::written::{Number, Time};

/// The laws and their parameters.
const LAWS: [(&str, &[&str]); 10] = [
    ("Uniform", &["low", "high"]),
    ("LogUniform", &["low", "high"]),
    ("Normal", &["mean", "stdDev"]),
    ("LogNormal", &["median", "mu", "sigma"]),
    ("Exp", &["mean"]),
    ("Gamma", &["shape", "scale"]),
    ("Weibull", &["scale", "shape"]),
    ("Pareto", &["scale", "shape"]),
    ("Beta", &["alpha", "beta", "mean", "strength"]),
    ("Mixture", &["parts"]),
];

/// The largest shape or strength: beyond it distribution functions are not computed well.
const SIZE_MAX: f64 = 1e6;

/// What a law is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Durations, or seconds.
    Times,
    /// Numbers.
    Amounts,
}

impl Checker<'_> {
    /// A law of a time.
    pub(super) fn law(&mut self, written: Option<&written::Law>, path: &Path) -> Option<Law> {
        self.law_of(written?, Of::Times, path)
    }

    /// A law of an amount.
    pub(super) fn law_of_amounts(
        &mut self,
        fields: &written::LawFields,
        path: &Path,
    ) -> Option<Law> {
        self.law_fields(fields, Of::Amounts, path)
    }

    fn law_of(&mut self, written: &written::Law, of: Of, path: &Path) -> Option<Law> {
        match (written, of) {
            (written::Law::Time(time), Of::Times) => {
                self.delta(Some(time), path).map(Law::Constant)
            }
            (written::Law::Time(number), Of::Amounts) => {
                self.amount_of(number, Range::Amount, path).map(Law::Amount)
            }
            (written::Law::Fields(fields), of) => self.law_fields(fields, of, path),
        }
    }

    /// A number where a time could be written as well.
    fn amount_of(&mut self, written: &Time, range: Range, path: &Path) -> Option<f64> {
        let number = match written {
            Time::Seconds(number) => Number::Number(*number),
            Time::Text(text) => Number::Text(text.clone()),
        };
        self.amount(Some(&number), range, path)
    }

    fn law_fields(&mut self, fields: &written::LawFields, of: Of, path: &Path) -> Option<Law> {
        let law_path = path.clone().key("law");
        let Some(name) = fields.law.as_deref() else {
            self.missing(&law_path, "say which one, such as `law: LogNormal`");
            return None;
        };
        let parameters = self.word("law", name, &LAWS, &law_path)?;
        self.parameters(fields, name, parameters, path);
        let mut law = Parameters {
            checker: self,
            fields,
            of,
            path,
        };
        let refused = match name {
            "Uniform" => {
                let (low, high) = (law.amount("low")?, law.positive("high")?);
                Uniform::new(low, high).map(Law::Uniform).ok()
            }
            "LogUniform" => {
                let (low, high) = (law.positive("low")?, law.positive("high")?);
                LogUniform::new(low, high).map(Law::LogUniform)
            }
            "Normal" => {
                let (mean, std_dev) = (law.amount("mean")?, law.positive("stdDev")?);
                Normal::new(mean, std_dev).map(Law::Normal).ok()
            }
            "LogNormal" => {
                let mu = law.mu()?;
                let sigma = law.positive("sigma")?;
                LogNormal::new(mu, sigma).map(Law::LogNormal).ok()
            }
            "Exp" => Exp::new(law.positive("mean")?.recip()).map(Law::Exp).ok(),
            "Gamma" => {
                let (shape, scale) = (law.size("shape")?, law.positive("scale")?);
                Gamma::new(shape, scale.recip()).map(Law::Gamma).ok()
            }
            "Weibull" => {
                let (shape, scale) = (law.positive("shape")?, law.positive("scale")?);
                Weibull::new(shape, scale).map(Law::Weibull).ok()
            }
            "Pareto" => {
                let (scale, shape) = (law.positive("scale")?, law.positive("shape")?);
                Pareto::new(scale, shape).map(Law::Pareto).ok()
            }
            "Beta" => {
                let (alpha, beta) = law.beta()?;
                Beta::new(alpha, beta).map(Law::Beta).ok()
            }
            _ => return self.mixture(fields, of, path),
        };
        if refused.is_none() {
            let message = format!("there is no {name} with these parameters");
            let diagnostic = Diagnostic::error("impossible-law", message);
            let help = if name.ends_with("Uniform") {
                "`low` must be below `high`"
            } else {
                "look at the order and the units of its parameters"
            };
            self.report(diagnostic.help(help), path);
        }
        refused
    }

    /// Reports parameters that a law does not have.
    fn parameters(&mut self, fields: &written::LawFields, name: &str, known: &[&str], path: &Path) {
        let written = fields.parameters();
        for field in written.iter().filter(|field| !known.contains(field)) {
            let message = format!("the law {name} has no parameter {}", quoted(field));
            let help = format!("its parameters are {}", known.join(", "));
            let diagnostic = Diagnostic::error("unneeded-argument", message).help(help);
            self.report_key(diagnostic, &path.clone().key(*field));
        }
    }

    fn mixture(&mut self, fields: &written::LawFields, of: Of, path: &Path) -> Option<Law> {
        let path = path.clone().key("parts");
        let mut parts = Vec::new();
        for (index, part) in fields.parts.iter().flatten().enumerate() {
            let path = path.clone().index(index);
            let weight_path = path.clone().key("weight");
            let weight = match &part.weight {
                None => 1.0,
                weight => self.amount(weight.as_ref(), Range::Positive, &weight_path)?,
            };
            let of_path = path.key("of");
            if part.of.is_none() {
                let help = match of {
                    Of::Times => "say which law: `of: {law: Exp, mean: 80ms}`",
                    Of::Amounts => "say which amount or law: `of: 0.001`",
                };
                self.missing(&of_path, help);
            }
            let law = self.law_of(part.of.as_ref()?, of, &of_path)?;
            if matches!(law, Law::Mixture(_)) {
                let diagnostic = Diagnostic::error("impossible-law", "a mixture inside a mixture");
                self.report(
                    diagnostic.help("write its parts beside the others"),
                    &of_path,
                );
                return None;
            }
            parts.push((weight, law));
        }
        if parts.is_empty() {
            self.missing(&path, "a mixture needs laws to mix");
            return None;
        }
        let most = parts
            .iter()
            .fold(0.0_f64, |most, (weight, _)| most.max(*weight));
        for (weight, _) in &mut parts {
            *weight /= most;
        }
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        for (weight, _) in &mut parts {
            *weight /= total;
        }
        Some(Law::Mixture(parts))
    }
}

/// Takes the parameters of a law one by one; times in seconds.
struct Parameters<'c, 'a, 'f> {
    checker: &'c mut Checker<'a>,
    fields: &'f written::LawFields,
    of: Of,
    path: &'f Path,
}

impl Parameters<'_, '_, '_> {
    fn amount(&mut self, name: &str) -> Option<f64> {
        self.take(name, Range::Amount)
    }

    fn positive(&mut self, name: &str) -> Option<f64> {
        self.take(name, Range::Positive)
    }

    /// A parameter that makes a law the narrower the larger it is; so narrow ones are numbers.
    fn size(&mut self, name: &str) -> Option<f64> {
        let size = self.positive(name)?;
        if size <= SIZE_MAX {
            return Some(size);
        }
        let message = format!("{} cannot be more than {SIZE_MAX}", quoted(name));
        let diagnostic = Diagnostic::error("out-of-range", message);
        let help = "so narrow a law is hardly different from its mean: write that instead";
        let path = self.path.clone().key(name);
        self.checker.report(diagnostic.help(help), &path);
        None
    }

    /// The mean of the logarithm, or the median from which it follows.
    fn mu(&mut self) -> Option<f64> {
        let ways = [
            ("median", self.fields.median.is_some()),
            ("mu", self.fields.mu.is_some()),
        ];
        if !self.checker.exactly_one(self.path, &ways) {
            return None;
        }
        if self.fields.mu.is_some() {
            self.take("mu", Range::Any)
        } else {
            self.positive("median").map(f64::ln)
        }
    }

    /// The two parameters of a beta law.
    fn beta(&mut self) -> Option<(f64, f64)> {
        let ways = [
            ("alpha", self.fields.alpha.is_some()),
            ("mean", self.fields.mean.is_some()),
        ];
        if !self.checker.exactly_one(self.path, &ways) {
            return None;
        }
        let superfluous = [
            (
                "strength",
                "mean",
                self.fields.alpha.is_some(),
                self.fields.strength.is_some(),
            ),
            (
                "beta",
                "alpha",
                self.fields.mean.is_some(),
                self.fields.beta.is_some(),
            ),
        ];
        for (field, other, is_without, is_written) in superfluous {
            if is_without && is_written {
                let message = format!("{} makes sense with {} only", quoted(field), quoted(other));
                let diagnostic = Diagnostic::error("unneeded-argument", message);
                let path = self.path.clone().key(field);
                self.checker.report_key(diagnostic.help("remove it"), &path);
                return None;
            }
        }
        if self.fields.alpha.is_some() {
            return Some((self.size("alpha")?, self.size("beta")?));
        }
        let (mean, strength) = (self.take("mean", Range::Share)?, self.size("strength")?);
        Some((mean * strength, (1.0 - mean) * strength))
    }

    fn take(&mut self, name: &str, range: Range) -> Option<f64> {
        let path = self.path.clone().key(name);
        let fields = self.fields;
        let time = match name {
            "low" => fields.low.as_ref(),
            "high" => fields.high.as_ref(),
            "mean" => fields.mean.as_ref(),
            "stdDev" => fields.std_dev.as_ref(),
            "median" => fields.median.as_ref(),
            "scale" => fields.scale.as_ref(),
            _ => None,
        };
        let number = match name {
            "mu" => fields.mu.as_ref(),
            "sigma" => fields.sigma.as_ref(),
            "shape" => fields.shape.as_ref(),
            "alpha" => fields.alpha.as_ref(),
            "beta" => fields.beta.as_ref(),
            "strength" => fields.strength.as_ref(),
            _ => None,
        };
        if let Some(number) = number {
            return self.checker.amount(Some(number), range, &path);
        }
        if time.is_none() {
            self.checker.missing(&path, "the law needs it");
        }
        if self.of == Of::Amounts {
            return self.checker.amount_of(time?, range, &path);
        }
        let seconds = self.checker.delta(time, &path)?.seconds();
        self.checker.in_range(seconds, range, &path)
    }
}
