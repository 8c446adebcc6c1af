//! Laws of times, checked.

use statrs::distribution::{Exp, Gamma, LogNormal, Normal, Pareto, Uniform, Weibull};

use super::Checker;
use super::quantity::Range;
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Path};
use crate::law::Law;
use crate::scenario::written;

/// The laws and their parameters.
const LAWS: [(&str, &[&str]); 8] = [
    ("Uniform", &["low", "high"]),
    ("Normal", &["mean", "stdDev"]),
    ("LogNormal", &["median", "mu", "sigma"]),
    ("Exp", &["mean"]),
    ("Gamma", &["shape", "scale"]),
    ("Weibull", &["scale", "shape"]),
    ("Pareto", &["scale", "shape"]),
    ("Mixture", &["parts"]),
];

impl Checker<'_> {
    /// A law of a time.
    pub(super) fn law(&mut self, written: Option<&written::Law>, path: &Path) -> Option<Law> {
        match written? {
            written::Law::Time(time) => self.delta(Some(time), path).map(Law::Constant),
            written::Law::Fields(fields) => self.law_fields(fields, path),
        }
    }

    fn law_fields(&mut self, fields: &written::LawFields, path: &Path) -> Option<Law> {
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
            path,
        };
        let refused = match name {
            "Uniform" => {
                let (low, high) = (law.amount("low")?, law.positive("high")?);
                Uniform::new(low, high).map(Law::Uniform).ok()
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
                let (shape, scale) = (law.positive("shape")?, law.positive("scale")?);
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
            _ => return self.mixture(fields, path),
        };
        if refused.is_none() {
            let message = format!("there is no {name} with these parameters");
            let diagnostic = Diagnostic::error("impossible-law", message);
            let help = if name == "Uniform" {
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
        let written = [
            ("low", fields.low.is_some()),
            ("high", fields.high.is_some()),
            ("mean", fields.mean.is_some()),
            ("stdDev", fields.std_dev.is_some()),
            ("median", fields.median.is_some()),
            ("mu", fields.mu.is_some()),
            ("sigma", fields.sigma.is_some()),
            ("shape", fields.shape.is_some()),
            ("scale", fields.scale.is_some()),
            ("parts", fields.parts.is_some()),
        ];
        let superfluous = written
            .iter()
            .filter(|(field, is_written)| *is_written && !known.contains(field));
        for (field, _) in superfluous {
            let message = format!("the law {name} has no parameter {}", quoted(field));
            let help = format!("its parameters are {}", known.join(", "));
            let diagnostic = Diagnostic::error("unneeded-argument", message).help(help);
            self.report_key(diagnostic, &path.clone().key(*field));
        }
    }

    fn mixture(&mut self, fields: &written::LawFields, path: &Path) -> Option<Law> {
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
                self.missing(&of_path, "say which law: `of: {law: Exp, mean: 80ms}`");
            }
            let law = self.law(part.of.as_ref(), &of_path)?;
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
    path: &'f Path,
}

impl Parameters<'_, '_, '_> {
    fn amount(&mut self, name: &str) -> Option<f64> {
        self.take(name, Range::Amount)
    }

    fn positive(&mut self, name: &str) -> Option<f64> {
        self.take(name, Range::Positive)
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
            _ => None,
        };
        if let Some(number) = number {
            return self.checker.amount(Some(number), range, &path);
        }
        if time.is_none() {
            self.checker.missing(&path, "the law needs it");
        }
        let seconds = self.checker.delta(time, &path)?.seconds();
        self.checker.in_range(seconds, range, &path)
    }
}
