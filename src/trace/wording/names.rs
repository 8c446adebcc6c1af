//! Names of the objects that the controllers create.

use crate::cluster::analysis_run::Site;
use crate::cluster::replica_set::Owner;
use crate::cluster::{ExperimentId, ReplicaSet, RunId, TemplateId};
use crate::plan::experiment::{TemplatePlan, TemplateSource};
use crate::trace::wording::Words;

impl Words<'_> {
    /// `rollouts-pod-template-hash` of a template; empty where there is none.
    #[must_use]
    pub fn hash(&self, template: Option<TemplateId>) -> &str {
        template.map_or("", |template| &self.plan.template(template).hash)
    }

    /// The `ReplicaSet` of a rollout's template (`rollout/sync.go: createDesiredReplicaSet`).
    #[must_use]
    pub fn replica_set_name(&self, template: TemplateId) -> String {
        format!("{}-{}", self.plan.name, self.hash(Some(template)))
    }

    /// The name of any `ReplicaSet`; an experiment's is named after its template
    /// (`experiments/replicaset.go: newReplicaSetFromTemplate`).
    #[must_use]
    pub fn name_of_set(&self, set: &ReplicaSet) -> String {
        match set.owner {
            Owner::Rollout => self.replica_set_name(set.template),
            Owner::Experiment(id, template) => {
                format!(
                    "{}-{}",
                    self.experiment_name(id),
                    self.template_plan(id, template).name
                )
            }
        }
    }

    /// The name of an experiment (`rollout/experiment.go: GetExperimentFromTemplate`).
    #[must_use]
    pub fn experiment_name(&self, id: ExperimentId) -> String {
        let experiment = &self.cluster.experiments[usize::from(id.0)];
        let Some(step) = experiment.step else {
            return self.plan.experiments[usize::from(experiment.spec)]
                .name
                .clone();
        };
        let hash = self.hash(Some(experiment.canary));
        let collision = match experiment.collision {
            0 => String::new(),
            count => format!("-{count}"),
        };
        format!(
            "{}-{hash}-{}-{step}{collision}",
            self.plan.name, experiment.revision
        )
    }

    /// The name of an analysis run (`rollout/analysis.go: newAnalysisRunFromRollout`,
    /// `utils/analysis/helpers.go: CreateWithCollisionCounter`, `experiments/experiment.go: newAnalysisRun`).
    #[must_use]
    pub fn run_name(&self, id: RunId) -> String {
        let run = &self.cluster.runs[id.0 as usize];
        let infix = match run.site {
            Site::Background => String::new(),
            Site::Step(step) => format!("-{step}"),
            Site::PrePromotion => "-pre".to_owned(),
            Site::PostPromotion => "-post".to_owned(),
            Site::Experiment(experiment, analysis) => {
                return format!(
                    "{}-{}",
                    self.experiment_name(experiment),
                    self.analysis_name(experiment, analysis)
                );
            }
        };
        let hash = self.hash(Some(run.template));
        let collision = match run.collision {
            0 => String::new(),
            count => format!(".{count}"),
        };
        format!(
            "{}-{hash}-{}{infix}{collision}",
            self.plan.name, run.revision
        )
    }

    /// `analyses[].name` of an experiment.
    #[must_use]
    pub fn analysis_name(&self, id: ExperimentId, analysis: u16) -> &str {
        let spec = self.cluster.experiments[usize::from(id.0)].spec;
        &self.plan.experiments[usize::from(spec)].analyses[usize::from(analysis)].name
    }

    /// A template of an experiment.
    #[must_use]
    pub fn template_plan(&self, id: ExperimentId, template: u16) -> &TemplatePlan {
        let spec = self.cluster.experiments[usize::from(id.0)].spec;
        &self.plan.experiments[usize::from(spec)].templates[usize::from(template)]
    }

    /// What the pods of an experiment's template run, and the name of its service.
    #[must_use]
    pub fn experiment_service(&self, id: ExperimentId, template: u16) -> (TemplateId, String) {
        let experiment = &self.cluster.experiments[usize::from(id.0)];
        let plan = self.template_plan(id, template);
        let pods = match plan.pods {
            TemplateSource::Stable => experiment.stable,
            TemplateSource::Canary => experiment.canary,
            TemplateSource::Own(own) => own,
        };
        let own_name = || format!("{}-{}", self.experiment_name(id), plan.name);
        (
            pods,
            plan.service_name
                .clone()
                .filter(|name| !name.is_empty())
                .unwrap_or_else(own_name),
        )
    }
}
