//! The experiment controller: templates, analyses, and when the whole is over.
//!
//! Follows `experiments/experiment.go`, `experiments/replicaset.go`, `experiments/controller.go` and
//! `utils/experiment/experiment.go`.

use crate::cluster::analysis_run::{AnalysisPhase, Site};
use crate::cluster::experiment::{
    AnalysisMessage, AnalysisStatus, ExperimentMessage, TemplateCode, TemplateStatus,
};
use crate::cluster::replica_set::Owner;
use crate::cluster::{
    Cluster, Command, Event, Experiment, ExperimentId, ReplicaSet, ReplicaSetId, RunId,
};
use crate::controller::{Decision, Log};
use crate::plan::analysis::Variant;
use crate::plan::experiment::{TemplatePlan, TemplateSource};
use crate::plan::{ExperimentPlan, Plan};
use crate::time::{Delta, SimTime};

/// One reconciliation: `experiment`, `templates` and `analyses` are copies of what is stored.
pub struct Pass<'a, L> {
    /// The policy.
    pub plan: &'a Plan,
    /// The objects as stored.
    pub cluster: &'a Cluster,
    /// Which experiment.
    pub id: ExperimentId,
    /// Its copy.
    pub experiment: &'a mut Experiment,
    /// The copies of its template statuses.
    pub templates: &'a mut [TemplateStatus],
    /// The copies of its analysis statuses.
    pub analyses: &'a mut [AnalysisStatus],
    /// The time.
    pub now: SimTime,
    /// What is asked for.
    pub out: &'a mut Decision<L>,
}

impl<L: Log> Pass<'_, L> {
    /// `experiments/experiment.go: reconcile`: templates, then analyses, then the status. Whether the experiment is
    /// being ended is decided once, at the start.
    pub fn reconcile(mut self) {
        let spec = &self.plan.experiments[usize::from(self.experiment.spec)];
        if spec.invalid.is_some() {
            self.experiment.invalid = true;
            return;
        }
        let before = self.experiment.phase;
        let terminating = self.is_terminating(spec);
        let stored_available_at = self.experiment.available_at;
        let mut created_sets = 0;
        for index in 0..spec.templates.len() {
            self.reconcile_template(spec, index, terminating, &mut created_sets);
        }
        let mut created_runs = 0;
        for index in 0..spec.analyses.len() {
            self.reconcile_analysis(
                spec,
                index,
                terminating,
                stored_available_at,
                &mut created_runs,
            );
        }
        self.update_status(spec);
        self.requeue(spec);
        let after = self.experiment.phase;
        if before != after {
            let event = Event::ExperimentChanged {
                experiment: self.id,
                from: before,
                to: after,
            };
            self.out.log.tell(event);
        }
    }

    /// `utils/experiment/experiment.go: IsTerminating`.
    fn is_terminating(&self, spec: &ExperimentPlan) -> bool {
        self.experiment.terminate
            || self.experiment.phase.is_completed()
            || self.templates.iter().any(|template| {
                matches!(template.status, TemplateCode::Failed | TemplateCode::Error)
            })
            || self.analyses.iter().any(|analysis| {
                analysis.phase.is_completed() && analysis.phase != AnalysisPhase::Successful
            })
            || self.required_successful(spec)
    }

    /// Whether there are required analyses and all of them are Successful.
    fn required_successful(&self, spec: &ExperimentPlan) -> bool {
        let mut required = spec
            .analyses
            .iter()
            .zip(&*self.analyses)
            .filter(|(analysis, _)| analysis.required);
        has_required(spec) && required.all(|(_, status)| status.phase == AnalysisPhase::Successful)
    }

    /// Whether the duration has passed since all templates ran (`utils/experiment/experiment.go: PassedDurations`).
    fn end_of_duration(&self, spec: &ExperimentPlan) -> Option<SimTime> {
        Some(self.experiment.available_at? + spec.duration?)
    }

    /// `utils/experiment/experiment.go: CalculateTemplateReplicasCount`.
    fn desired_count(&self, spec: &ExperimentPlan, index: usize, terminating: bool) -> i32 {
        if terminating || self.templates[index].status.is_completed() {
            0
        } else {
            spec.templates[index].replicas
        }
    }

    fn set(&self, id: ReplicaSetId) -> &ReplicaSet {
        self.cluster.replica_set(id)
    }

    /// `experiments/experiment.go: reconcileTemplate`.
    fn reconcile_template(
        &mut self,
        spec: &ExperimentPlan,
        index: usize,
        terminating: bool,
        created_sets: &mut usize,
    ) {
        let before = self.templates[index];
        let desired = self.desired_count(spec, index, terminating);
        let now = self.now.stored();
        let mut status = before;
        match before.replica_set {
            None => {
                status.replica_set = Some(self.create_set(spec, index, *created_sets));
                *created_sets += 1;
                status.transitioned = Some(now);
            }
            Some(id) => {
                let set = *self.set(id);
                reconcile_service(&spec.templates[index], desired, &set, &mut status);
                self.scale_template(spec, index, desired, &set, &mut status);
                status.replicas = set.replicas;
                status.ready = set.ready;
                status.available = set.available;
            }
        }
        let counts = |status: &TemplateStatus| (status.replicas, status.ready, status.available);
        if counts(&status) != counts(&before) {
            status.transitioned = Some(now);
        }
        if !status.status.is_completed() {
            self.assess_template(spec, desired, terminating, &mut status);
        }
        if before.status != status.status {
            self.out.log.tell(Event::TemplateChanged {
                experiment: self.id,
                template: u16::try_from(index).unwrap_or(u16::MAX),
                from: before.status,
                to: status.status,
            });
        }
        self.templates[index] = status;
    }

    fn assess_template(
        &self,
        spec: &ExperimentPlan,
        desired: i32,
        terminating: bool,
        status: &mut TemplateStatus,
    ) {
        let since = status.transitioned.unwrap_or(self.now);
        status.status = if desired == status.available {
            let passed = self
                .end_of_duration(spec)
                .is_some_and(|end| end <= self.now);
            if passed || terminating {
                TemplateCode::Successful
            } else {
                TemplateCode::Running
            }
        } else if since + spec.progress_deadline <= self.now {
            status.timed_out = true;
            TemplateCode::Failed
        } else if terminating {
            TemplateCode::Successful
        } else {
            TemplateCode::Progressing
        };
    }

    fn create_set(&mut self, spec: &ExperimentPlan, index: usize, created: usize) -> ReplicaSetId {
        let template = match spec.templates[index].pods {
            TemplateSource::Canary => self.experiment.canary,
            TemplateSource::Stable => self.experiment.stable,
            TemplateSource::Own(template) => template,
        };
        self.out.commands.push(Command::CreateReplicaSet {
            owner: Owner::Experiment(self.id, u16::try_from(index).unwrap_or(u16::MAX)),
            template,
            revision: 0,
            rollout_size: 0,
        });
        let next = self.cluster.replica_sets.len() + created;
        ReplicaSetId(u16::try_from(next).unwrap_or(u16::MAX))
    }

    /// Scales a template's set; down only after its delay (`experiments/experiment.go: scaleTemplateRS,
    /// addScaleDownDelayToTemplateRS`).
    fn scale_template(
        &mut self,
        spec: &ExperimentPlan,
        index: usize,
        desired: i32,
        set: &ReplicaSet,
        status: &mut TemplateStatus,
    ) {
        let mut deadline = set.deadline;
        if desired == 0 {
            let wanted = (spec.scale_down_delay != Delta::ZERO)
                .then(|| deadline.unwrap_or((self.now + spec.scale_down_delay).stored()));
            if wanted != deadline {
                self.out.commands.push(Command::SetDeadline(set.id, wanted));
                deadline = wanted;
            }
        }
        if set.desired == desired {
            return;
        }
        let mut target = desired;
        if desired == 0
            && let Some(deadline) = deadline.filter(|deadline| self.now < *deadline)
        {
            self.out.requeue.after(self.now, deadline - self.now);
            target = spec.templates[index].replicas;
        }
        if set.desired != target {
            self.out.commands.push(Command::Scale {
                id: set.id,
                desired: target,
                rollout_size: set.rollout_size,
                drop_deadline: false,
            });
            self.out.log.tell(Event::ExperimentScaled {
                replica_set: set.id,
                from: set.desired,
                to: target,
            });
        }
        status.transitioned = Some(self.now.stored());
    }

    /// `experiments/experiment.go: reconcileAnalysisRun`.
    fn reconcile_analysis(
        &mut self,
        spec: &ExperimentPlan,
        index: usize,
        terminating: bool,
        available_at: Option<SimTime>,
        created_runs: &mut u32,
    ) {
        let before = self.analyses[index];
        let status =
            self.next_analysis_status(spec, index, terminating, available_at, created_runs);
        if before.phase != status.phase && status.phase != AnalysisPhase::Unset {
            self.out.log.tell(Event::ExperimentAnalysisChanged {
                experiment: self.id,
                analysis: u16::try_from(index).unwrap_or(u16::MAX),
                from: before.phase,
                to: status.phase,
            });
        }
        self.analyses[index] = status;
    }

    fn next_analysis_status(
        &mut self,
        spec: &ExperimentPlan,
        index: usize,
        terminating: bool,
        available_at: Option<SimTime>,
        created_runs: &mut u32,
    ) -> AnalysisStatus {
        let before = self.analyses[index];
        let place = (
            self.experiment.spec,
            u16::try_from(index).unwrap_or(u16::MAX),
        );
        let error = |message| AnalysisStatus {
            phase: AnalysisPhase::Error,
            message,
            ..before
        };
        if available_at.is_none() {
            let missing = spec.analyses[index].not_found.is_some();
            let message = AnalysisMessage::NotFound {
                spec: place.0,
                analysis: place.1,
            };
            return if missing { error(message) } else { before };
        }
        let Some(run) = before.run else {
            if terminating {
                return before;
            }
            return match self.create_run(spec, index, created_runs) {
                Some(run) => AnalysisStatus {
                    phase: AnalysisPhase::Pending,
                    run: Some(run),
                    ..before
                },
                None => error(AnalysisMessage::NotCreated {
                    spec: place.0,
                    analysis: place.1,
                }),
            };
        };
        if before.phase.is_completed() {
            return before;
        }
        let Some(stored) = self.cluster.runs.get(run.0 as usize) else {
            return before;
        };
        if terminating {
            // The status of the run is never copied again (EX-02).
            if !stored.phase.is_completed() && !stored.terminate {
                self.out.commands.push(Command::TerminateRun(run));
                self.out.log.tell(Event::ExperimentAnalysisTerminating {
                    experiment: self.id,
                    analysis: place.1,
                });
            }
            return before;
        }
        AnalysisStatus {
            phase: stored.phase,
            message: AnalysisMessage::Run(stored.message),
            ..before
        }
    }

    fn create_run(
        &mut self,
        spec: &ExperimentPlan,
        index: usize,
        created_runs: &mut u32,
    ) -> Option<RunId> {
        let (canary, stable) = (self.experiment.canary, self.experiment.stable);
        let site = &self.plan.sites[usize::from(spec.analyses[index].site)];
        let Variant::Run(analysis) = site.variant(canary, stable, self.plan.templates.len()) else {
            return None;
        };
        self.out.commands.push(Command::CreateRun {
            site: Site::Experiment(self.id, u16::try_from(index).unwrap_or(u16::MAX)),
            analysis: *analysis,
            template: canary,
            revision: self.experiment.revision,
            collision: 0,
        });
        let next = u32::try_from(self.cluster.runs.len()).unwrap_or(u32::MAX) + *created_runs;
        *created_runs += 1;
        Some(RunId(next))
    }

    /// `experiments/experiment.go: calculateStatus`:
    ///
    /// | templates | analyses | phase |
    /// |---|---|---|
    /// | Successful | all done, or some are required | that of the analyses |
    /// | done | | that of the templates |
    /// | not done | done, but not Successful | that of the analyses |
    /// | not done | all required ones Successful | that of the analyses |
    /// | not done | | that of the templates |
    fn update_status(&mut self, spec: &ExperimentPlan) {
        match self.experiment.phase {
            AnalysisPhase::Unset => self.experiment.phase = AnalysisPhase::Pending,
            AnalysisPhase::Pending | AnalysisPhase::Running => {
                let templates = self.assess_templates();
                let analyses = self.assess_analyses(spec);
                if templates.0 == AnalysisPhase::Running && self.experiment.available_at.is_none() {
                    self.experiment.available_at = Some(self.now.stored());
                }
                let analyses_decide = if templates.0.is_completed() {
                    templates.0 == AnalysisPhase::Successful
                        && (analyses.0.is_completed() || has_required(spec))
                } else {
                    let bad = analyses.0.is_completed() && analyses.0 != AnalysisPhase::Successful;
                    bad || self.required_successful(spec)
                };
                (self.experiment.phase, self.experiment.message) =
                    if analyses_decide { analyses } else { templates };
            }
            _ => {}
        }
    }

    /// The worst of the templates (`experiments/experiment.go: assessTemplates`).
    fn assess_templates(&self) -> (AnalysisPhase, ExperimentMessage) {
        let (mut worst, mut message) = (TemplateCode::Successful, ExperimentMessage::None);
        for (index, template) in self.templates.iter().enumerate() {
            if worst.severity() < template.status.severity() {
                worst = template.status;
                message = if template.timed_out {
                    ExperimentMessage::TemplateTimedOut {
                        spec: self.experiment.spec,
                        template: u16::try_from(index).unwrap_or(u16::MAX),
                    }
                } else {
                    ExperimentMessage::None
                };
            }
        }
        let phase = match worst {
            TemplateCode::Progressing => AnalysisPhase::Pending,
            TemplateCode::Failed => AnalysisPhase::Failed,
            TemplateCode::Error => AnalysisPhase::Error,
            TemplateCode::Successful => AnalysisPhase::Successful,
            TemplateCode::Running | TemplateCode::Unset => AnalysisPhase::Running,
        };
        (phase, message)
    }

    /// The worst of the analyses (`experiments/experiment.go: assessAnalysisRuns`).
    fn assess_analyses(&self, spec: &ExperimentPlan) -> (AnalysisPhase, ExperimentMessage) {
        let (mut worst, mut message) = (AnalysisPhase::Successful, ExperimentMessage::None);
        for analysis in &*self.analyses {
            if worst.is_worsened_by(analysis.phase) {
                worst = analysis.phase;
                message = match analysis.message {
                    AnalysisMessage::None => ExperimentMessage::None,
                    said => ExperimentMessage::Analysis(said),
                };
            }
        }
        if self.required_successful(spec) && worst.is_worsened_by(AnalysisPhase::Running) {
            return (
                AnalysisPhase::Successful,
                ExperimentMessage::RequiredCompleted,
            );
        }
        if worst == AnalysisPhase::Pending {
            worst = AnalysisPhase::Running;
        }
        (worst, message)
    }

    /// `experiments/experiment.go: calculateEnqueueDuration`, on the new status.
    fn requeue(&mut self, spec: &ExperimentPlan) {
        let terminating = self.is_terminating(spec);
        if terminating {
            return;
        }
        if let Some(end) = self.end_of_duration(spec).filter(|end| self.now < *end) {
            self.out.requeue.after(self.now, end - self.now);
        }
        for index in 0..spec.templates.len() {
            let status = self.templates[index];
            let watched = matches!(
                status.status,
                TemplateCode::Progressing | TemplateCode::Running
            );
            if watched
                && status.available != self.desired_count(spec, index, terminating)
                && let Some(since) = status.transitioned
            {
                let due = since + spec.progress_deadline;
                self.out.requeue.after(self.now, due - self.now);
            }
        }
    }
}

fn has_required(spec: &ExperimentPlan) -> bool {
    spec.analyses.iter().any(|analysis| analysis.required)
}

/// The template's own service lives while pods are wanted (`experiments/experiment.go: createTemplateService,
/// deleteTemplateService`).
fn reconcile_service(
    template: &TemplatePlan,
    desired: i32,
    set: &ReplicaSet,
    status: &mut TemplateStatus,
) {
    if !template.service {
        return;
    }
    if desired != 0 {
        status.has_service = template.has_ports;
    } else if set.available == 0 {
        status.has_service = false;
    }
}
