//! Whose series: those of the version that is tried, of the stable one, or of both.

use crate::cluster::{ServiceId, TemplateId};
use crate::plan::Plan;
use crate::series::Labels;

/// Whose series a selector selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of the version that is tried, and no others.
    Canary,
    /// Those of other versions only.
    Stable,
    /// Both.
    Both,
    /// Their labels do not tell versions apart.
    Untold,
}

/// What tells the versions of a release apart.
#[derive(Clone, Copy, Debug)]
pub struct Versions<'a> {
    plan: &'a Plan,
    canary: TemplateId,
}

impl<'a> Versions<'a> {
    /// The versions of a plan, of which `canary` is tried.
    #[must_use]
    pub fn of(plan: &'a Plan, canary: TemplateId) -> Self {
        Self { plan, canary }
    }

    /// Whose these series are; `None` if there are none.
    pub(super) fn whose(&self, series: &[&Labels]) -> Option<Whose> {
        let mut found = series.iter().map(|labels| self.of_one(labels));
        let first = found.next()?;
        Some(found.fold(first, |so_far, next| {
            if so_far == next {
                so_far
            } else {
                either(so_far, next)
            }
        }))
    }

    fn of_one(&self, labels: &Labels) -> Whose {
        if let Some(template) = self.by_hash(labels) {
            return self.of_template(template);
        }
        self.by_service(labels)
            .unwrap_or_else(|| self.by_version(labels))
    }

    /// By the service that took the requests. Some labels name the stable one whatever happens: the canary's name
    /// decides.
    fn by_service(&self, labels: &Labels) -> Option<Whose> {
        const TELLING: [&str; 8] = [
            "service",
            "canary",
            "cluster",
            "authority",
            "node",
            "job",
            "backend",
            "upstream",
        ];
        let (canary, stable) = self.services();
        let is_telling = |name: &str| {
            TELLING.iter().any(|word| name.contains(word)) && !name.contains("canonical")
        };
        let labels = labels.iter().filter(|(name, _)| is_telling(name));
        let named = |(_, value): (&String, &String)| {
            let length = |id: Option<ServiceId>| id.and_then(|id| self.mention(value, id));
            // Names of services may begin alike: the longer one is meant.
            match (length(canary), length(stable)) {
                (None, None) => None,
                (canary, stable) if stable < canary => Some(Whose::Canary),
                _ => Some(Whose::Stable),
            }
        };
        let found: Vec<Whose> = labels.filter_map(named).collect();
        found
            .iter()
            .find(|whose| **whose == Whose::Canary)
            .or(found.first())
            .copied()
    }

    /// The template whose hash a label is, or holds: names of experiments hold that of the canary, whatever their pods
    /// run.
    fn by_hash(&self, labels: &Labels) -> Option<usize> {
        let hashes = || {
            self.plan
                .templates
                .iter()
                .map(|template| template.hash.as_str())
        };
        let is = |hash: &str| labels.values().any(|value| value == hash);
        let holds = |hash: &str| labels.values().any(|value| value.contains(hash));
        hashes().position(is).or_else(|| hashes().position(holds))
    }

    fn by_version(&self, labels: &Labels) -> Whose {
        let versions = labels
            .iter()
            .filter(|(name, _)| name.ends_with("version") || name.ends_with("canonical_revision"));
        let values: Vec<&String> = versions.map(|(_, value)| value).collect();
        let templates = self.plan.templates.iter();
        let known = templates
            .enumerate()
            .find(|(_, template)| values.contains(&&template.tag));
        known.map_or(Whose::Untold, |(index, _)| self.of_template(index))
    }

    fn of_template(&self, index: usize) -> Whose {
        if index == usize::from(self.canary.0) {
            Whose::Canary
        } else {
            Whose::Stable
        }
    }

    /// The services of the version that is tried and of the stable one.
    fn services(&self) -> (Option<ServiceId>, Option<ServiceId>) {
        let (canary, stable) = match (self.plan.canary(), self.plan.blue_green()) {
            (Some(canary), _) => (canary.canary_service, canary.stable_service),
            (None, Some(blue_green)) => {
                (blue_green.preview_service, Some(blue_green.active_service))
            }
            (None, None) => (None, None),
        };
        if canary == stable {
            (None, None)
        } else {
            (canary, stable)
        }
    }

    /// The length of a service's name, if a text holds it as a name of its own.
    fn mention(&self, text: &str, service: ServiceId) -> Option<usize> {
        let name = self.plan.services.get(usize::from(service.0))?;
        let ends = |next: Option<char>| next.is_none_or(|next| !next.is_alphanumeric());
        let mut places = text.match_indices(name.as_str());
        let is_whole = |(at, _): (usize, &str)| {
            ends(text[..at].chars().next_back()) && ends(text[at + name.len()..].chars().next())
        };
        places.any(is_whole).then_some(name.len())
    }
}

/// Series of two kinds together. What cannot be told apart may be anybody's.
fn either(one: Whose, other: Whose) -> Whose {
    if one == Whose::Untold || other == Whose::Untold {
        Whose::Untold
    } else {
        Whose::Both
    }
}
