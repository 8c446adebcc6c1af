//! The rollout's side of analysis: which runs exist, and what their results mean for the rollout.
//!
//! Follows `rollout/analysis.go`, `utils/analysis/filter.go` and `utils/analysis/helpers.go: CreateWithCollisionCounter`.

use crate::cluster::analysis_run::{AnalysisPhase, Site};
use crate::cluster::event::ReconcileError;
use crate::cluster::status::{AbortCause, PauseReason, RunSummary};
use crate::cluster::{AnalysisRun, Command, Event, RunId, TemplateId};
use crate::controller::Log;
use crate::controller::replica_sets::is_saturated;
use crate::controller::rollout::{CurrentRuns, Failed, Pass};
use crate::plan::analysis::Variant;
use crate::plan::{BlueGreen, Canary, Plan, Strategy};

/// How many finished runs, or experiments, are kept beside the current ones.
pub(super) struct History {
    successful: i32,
    unsuccessful: i32,
}

impl History {
    /// The limits of `spec.analysis`.
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            successful: plan.successful_run_history_limit,
            unsuccessful: plan.unsuccessful_run_history_limit,
        }
    }

    /// Whether the next one, from newest to oldest, is kept; what is not finished always is.
    pub(super) fn keeps(&mut self, phase: AnalysisPhase) -> bool {
        let left = match phase {
            AnalysisPhase::Successful => &mut self.successful,
            AnalysisPhase::Failed | AnalysisPhase::Error | AnalysisPhase::Inconclusive => {
                &mut self.unsuccessful
            }
            _ => return true,
        };
        *left = left.saturating_sub(1);
        0 <= *left
    }
}

impl<L: Log> Pass<'_, L> {
    fn stored_run(&self, id: RunId) -> Option<&AnalysisRun> {
        self.cluster.runs.get(id.0 as usize)
    }

    /// The phase of a run; a run that this reconciliation made has none yet.
    fn summary(&self, id: RunId) -> RunSummary {
        RunSummary {
            run: id,
            phase: self
                .stored_run(id)
                .map_or(AnalysisPhase::Unset, |run| run.phase),
        }
    }

    pub(super) fn is_successful(&self, run: Option<RunId>) -> bool {
        run.is_some_and(|run| self.summary(run).phase == AnalysisPhase::Successful)
    }

    /// `rollout/analysis.go: reconcileAnalysisRuns`.
    pub(super) fn reconcile_runs(&mut self) -> Result<(), Failed> {
        let status = &self.rollout.status;
        let cancel = self.is_fully_promoted
            || self.is_aborted()
            || status.promote_full
            || self.is_fast_rollback()
            || status.stable.is_none();
        let before = self.runs;
        let mut current = CurrentRuns::default();
        if cancel {
            before.iter().for_each(|run| self.cancel_run(run));
            (current.pre, current.post) = (before.pre, before.post);
        } else {
            match &self.plan.strategy {
                Strategy::Canary(canary) => {
                    current.step = self.reconcile_step_run()?;
                    current.background = self.reconcile_background_run(canary)?;
                }
                Strategy::BlueGreen(blue_green) => {
                    current.pre = self.reconcile_pre_promotion(blue_green)?;
                    self.pause_or_abort(current.pre, AbortCause::PrePromotion);
                    current.post = self.reconcile_post_promotion(blue_green)?;
                    self.pause_or_abort(current.post, AbortCause::PostPromotion);
                }
            }
        }
        self.set_current_runs(current);
        self.dispose_of_other_runs(before, current);
        self.tell_of_runs(current);
        Ok(())
    }

    /// `rollout/context.go: SetCurrentAnalysisRuns`.
    fn set_current_runs(&mut self, current: CurrentRuns) {
        self.runs = current;
        let summary = |run: Option<RunId>| run.map(|run| self.summary(run));
        match self.plan.strategy {
            Strategy::Canary(_) => {
                let (step, background) = (summary(current.step), summary(current.background));
                self.next.canary.step_run = step;
                self.next.canary.background_run = background;
            }
            Strategy::BlueGreen(_) => {
                let (pre, post) = (summary(current.pre), summary(current.post));
                self.next.blue_green.pre_run = pre;
                self.next.blue_green.post_run = post;
            }
        }
    }

    /// Ends the runs that are not current, and deletes some of them.
    fn dispose_of_other_runs(&mut self, before: CurrentRuns, current: CurrentRuns) {
        let is_other = |id: RunId, run: &AnalysisRun| {
            let is_rollouts = !run.deleted && !matches!(run.site, Site::Experiment(..));
            is_rollouts && !before.has(id) && !current.has(id)
        };
        let runs = &self.cluster.runs;
        let mut all_known = true;
        for (index, run) in runs.iter().enumerate() {
            let id = RunId(u32::try_from(index).unwrap_or(u32::MAX));
            if is_other(id, run) {
                all_known = false;
                self.cancel_run(id);
            }
        }
        if !all_known {
            self.trim_runs(is_other);
        }
    }

    /// Deletes those of the runs that are not current which go beyond the history limits.
    #[cold]
    fn trim_runs(&mut self, is_other: impl Fn(RunId, &AnalysisRun) -> bool) {
        let runs = &self.cluster.runs;
        // Newest first; the ids follow the order of creation.
        let mut history = History::new(self.plan);
        let ids = (0..u32::try_from(runs.len()).unwrap_or(u32::MAX)).map(RunId);
        for (id, run) in ids.zip(runs).rev().filter(|(id, run)| is_other(*id, run)) {
            if !history.keeps(run.phase) || self.set_of(Some(run.template)).is_none() {
                self.out.commands.push(Command::DeleteRun(id));
            }
        }
    }

    /// `rollout/analysis.go: reconcileAnalysisRunStatusChanges`.
    fn tell_of_runs(&mut self, current: CurrentRuns) {
        let (canary, blue_green) = (&self.rollout.status.canary, self.rollout.status.blue_green);
        let pairs = [
            (blue_green.post_run, current.post),
            (blue_green.pre_run, current.pre),
            (canary.step_run, current.step),
            (canary.background_run, current.background),
        ];
        for (before, run) in pairs {
            let Some(now) = run.map(|run| self.summary(run)) else {
                continue;
            };
            let changed = before.is_none_or(|old| old.run == now.run && old.phase != now.phase);
            if changed && now.phase != AnalysisPhase::Unset {
                let previous = before.map(|old| old.phase);
                self.out.log.tell(Event::RunStatus {
                    run: now.run,
                    phase: now.phase,
                    previous,
                });
            }
        }
    }

    /// `rollout/analysis.go: cancelAnalysisRuns`.
    fn cancel_run(&mut self, id: RunId) {
        if self
            .stored_run(id)
            .is_some_and(|run| !run.terminate && !run.phase.is_completed())
        {
            self.out.commands.push(Command::TerminateRun(id));
        }
    }

    fn cancel(&mut self, run: Option<RunId>) {
        if let Some(run) = run {
            self.cancel_run(run);
        }
    }

    /// Whether a fresh run is wanted: there is none, the last one was inconclusive and a person has resumed, or the
    /// rollout was aborted and is retried (`rollout/analysis.go: needsNewAnalysisRun`).
    fn needs_new_run(&self, current: Option<RunId>) -> bool {
        let Some(current) = current else { return true };
        let status = &self.rollout.status;
        if status.controller_pause
            && !status.pauses.has(PauseReason::CanaryPauseStep)
            && !status.pauses.has(PauseReason::BlueGreenPause)
        {
            return self.summary(current).phase == AnalysisPhase::Inconclusive;
        }
        status.aborted_at.is_some()
    }

    /// Makes a run, or finds the one that an earlier reconciliation made
    /// (`rollout/analysis.go: createAnalysisRun`, `utils/analysis/helpers.go: CreateWithCollisionCounter`).
    fn create_run(&mut self, site_index: u16, site: Site) -> Result<Option<RunId>, Failed> {
        let template = self.new_set().template;
        let stable = self.stable_set().map_or(template, |set| set.template);
        let plan = &self.plan.sites[usize::from(site_index)];
        let analysis = match plan.variant(template, stable, self.plan.templates.len()) {
            Variant::Run(analysis) => *analysis,
            Variant::Error(_) => return Err(ReconcileError::AnalysisRun { site: site_index }),
        };
        let mut collision = 0;
        while let Some((id, existing)) = self.run_named(site, template, collision) {
            if !existing.phase.is_completed() && existing.analysis == analysis {
                return Ok(Some(id));
            }
            collision += 1;
        }
        let revision = self.revision;
        self.out.commands.push(Command::CreateRun {
            site,
            analysis,
            template,
            revision,
            collision,
        });
        let id =
            RunId(u32::try_from(self.cluster.runs.len()).unwrap_or(u32::MAX) + self.created_runs);
        self.created_runs += 1;
        Ok(Some(id))
    }

    fn run_named(
        &self,
        site: Site,
        template: TemplateId,
        collision: u16,
    ) -> Option<(RunId, &AnalysisRun)> {
        (0..).map(RunId).zip(&self.cluster.runs).find(|(_, run)| {
            !run.deleted
                && run.site == site
                && run.template == template
                && run.revision == self.revision
                && run.collision == collision
        })
    }

    /// What the end of a run means for the rollout.
    fn pause_or_abort(&mut self, run: Option<RunId>, cause: impl Fn(RunId) -> AbortCause) {
        let Some(run) = run.map(|run| self.summary(run)) else {
            return;
        };
        match run.phase {
            AnalysisPhase::Inconclusive => self.add_pause(PauseReason::InconclusiveAnalysis),
            AnalysisPhase::Failed | AnalysisPhase::Error => self.abort(cause(run.run)),
            _ => {}
        }
    }

    /// `rollout/analysis.go: reconcileStepBasedAnalysisRun`.
    fn reconcile_step_run(&mut self) -> Result<Option<RunId>, Failed> {
        let current = self.runs.step;
        let status = &self.rollout.status;
        if !status.pauses.is_empty() || status.abort {
            return Ok(current);
        }
        let index = u16::try_from(self.step_index).unwrap_or(u16::MAX);
        let site = self
            .step
            .and_then(|step| step.analysis)
            .filter(|site| !self.plan.sites[usize::from(*site)].empty);
        let from_other_step = current
            .and_then(|run| self.stored_run(run))
            .is_some_and(|run| run.site != Site::Step(index));
        let Some(site) = site.filter(|_| !from_other_step) else {
            self.cancel(current);
            return Ok(None);
        };
        if self.needs_new_run(current) {
            return self.create_run(site, Site::Step(index));
        }
        self.pause_or_abort(current, AbortCause::Step);
        Ok(current)
    }

    /// `rollout/analysis.go: reconcileBackgroundAnalysisRun`.
    fn reconcile_background_run(&mut self, canary: &Canary) -> Result<Option<RunId>, Failed> {
        let current = self.runs.background;
        let background = canary
            .background
            .as_ref()
            .filter(|background| !self.plan.sites[usize::from(background.site)].empty);
        let Some(background) = background else {
            self.cancel(current);
            return Ok(None);
        };
        let status = &self.rollout.status;
        let before_start = !canary.steps.is_empty()
            && background
                .starting_step
                .is_some_and(|start| self.step_index < start);
        if self.is_fully_promoted
            || status.stable.is_none()
            || status.current.is_none()
            || before_start
        {
            return Ok(None);
        }
        if status.pauses.has(PauseReason::InconclusiveAnalysis) {
            return Ok(current);
        }
        if self.needs_new_run(current) {
            return self.create_run(background.site, Site::Background);
        }
        self.pause_or_abort(current, AbortCause::Background);
        Ok(current)
    }

    /// `rollout/analysis.go: reconcilePrePromotionAnalysisRun`.
    fn reconcile_pre_promotion(&mut self, blue_green: &BlueGreen) -> Result<Option<RunId>, Failed> {
        let skip = self.skips_pre_promotion(blue_green);
        self.reconcile_promotion(
            blue_green.pre_promotion,
            Site::PrePromotion,
            self.runs.pre,
            skip,
        )
    }

    /// `rollout/analysis.go: reconcilePostPromotionAnalysisRun`.
    fn reconcile_post_promotion(
        &mut self,
        blue_green: &BlueGreen,
    ) -> Result<Option<RunId>, Failed> {
        let skip = self.skips_post_promotion();
        self.reconcile_promotion(
            blue_green.post_promotion,
            Site::PostPromotion,
            self.runs.post,
            skip,
        )
    }

    fn reconcile_promotion(
        &mut self,
        site_index: Option<u16>,
        site: Site,
        current: Option<RunId>,
        skip: bool,
    ) -> Result<Option<RunId>, Failed> {
        let site_index = site_index.filter(|site| !self.plan.sites[usize::from(*site)].empty);
        let Some(site_index) = site_index else {
            self.cancel(current);
            return Ok(None);
        };
        if skip {
            self.cancel(current);
            return Ok(current);
        }
        let inconclusive = self
            .rollout
            .status
            .pauses
            .has(PauseReason::InconclusiveAnalysis);
        if !inconclusive && self.needs_new_run(current) {
            return self.create_run(site_index, site);
        }
        Ok(current)
    }

    /// `rollout/analysis.go: skipPrePromotionAnalysisRun`.
    fn skips_pre_promotion(&self, blue_green: &BlueGreen) -> bool {
        let status = &self.rollout.status;
        let new = self.new_set();
        let active = status.blue_green.active;
        if status.stable == Some(new.template) || active.is_none() || active == Some(new.template) {
            return true;
        }
        if self.runs.pre.is_some() {
            return false;
        }
        match blue_green.preview_replicas {
            Some(preview) => new.desired != preview || new.available != preview,
            None => !is_saturated(new, self.rollout.replicas),
        }
    }

    /// `rollout/analysis.go: skipPostPromotionAnalysisRun`.
    pub(super) fn skips_post_promotion(&self) -> bool {
        let status = &self.rollout.status;
        let new = self.new_set();
        if status.stable == Some(new.template) || status.blue_green.active != Some(new.template) {
            return true;
        }
        self.runs.post.is_none() && !is_saturated(new, self.rollout.replicas)
    }

    /// `rollout/pause.go: completedPrePromotionAnalysis`.
    pub(super) fn completed_pre_promotion(&self, blue_green: &BlueGreen) -> bool {
        blue_green.pre_promotion.is_none() || self.is_successful(self.runs.pre)
    }

    /// Deletes the runs of a template whose `ReplicaSet` goes, except the current ones.
    pub(super) fn delete_runs_of(&mut self, template: TemplateId) {
        let current = CurrentRuns::of(&self.rollout.status);
        for (id, run) in (0..).map(RunId).zip(&self.cluster.runs) {
            let owned = !run.deleted && !matches!(run.site, Site::Experiment(..));
            if owned && run.template == template && !current.has(id) {
                self.out.commands.push(Command::DeleteRun(id));
            }
        }
    }
}
