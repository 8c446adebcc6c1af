//! Where a run starts: an empty cluster, or a stable version that has long been healthy.

use crate::cluster::{Cluster, Rollout, Service, TemplateId};
use crate::plan::environment::Image;
use crate::plan::scenario::Script;
use crate::plan::{Environment, Plan};
use crate::sim::apply::{add_experiment, new_experiment};
use crate::sim::{LONGEST, Simulation};
use crate::time::SimTime;
use crate::trace::Off;
use crate::world::World;

/// The state in which runs start; made once, copied for each run.
#[derive(Clone, Debug)]
pub struct Start {
    /// The first instant.
    pub at: SimTime,
    /// The objects.
    pub cluster: Cluster,
    /// The world.
    pub world: World,
}

impl Start {
    /// An empty cluster to which a rollout with `template` is applied.
    #[must_use]
    pub fn empty(plan: &Plan, template: TemplateId) -> Self {
        let rollout = Rollout::new(template, plan.replicas, plan.paused);
        Self {
            at: SimTime::ZERO,
            cluster: cluster_of(plan, Some(rollout)),
            world: World::default(),
        }
    }

    /// An empty cluster to which the first experiment of the plan is applied, without a rollout.
    #[must_use]
    pub fn experiment(plan: &Plan) -> Self {
        let mut cluster = cluster_of(plan, None);
        let template = TemplateId(0);
        let experiment = new_experiment(0, None, 0, template, template, 0, SimTime::ZERO);
        add_experiment(&mut cluster, plan, experiment);
        Self {
            at: SimTime::ZERO,
            cluster,
            world: World::default(),
        }
    }

    /// A cluster in which `stable` was deployed long ago and has come to rest, and to which `update` is applied now.
    ///
    /// The past is simulated, with pods that start at once, and ends before t = 0: whatever a rest looks like, it is the
    /// controllers' rest.
    #[must_use]
    pub fn settled(
        plan: &Plan,
        environment: &Environment,
        stable: TemplateId,
        update: TemplateId,
    ) -> Self {
        let mut past = environment.clone();
        for image in &mut past.images {
            *image = Image::default();
        }
        past.room = None;
        past.faults.clear();
        past.traffic = None;
        let mut start = Self::empty(plan, stable);
        start.at = SimTime::ZERO + crate::time::Delta::from_nanos(-LONGEST.nanos());
        if let Some(rollout) = &mut start.cluster.rollout {
            rollout.paused = false;
        }
        let script = Script {
            until: Some(SimTime::from_nanos(-1)),
            ..Script::default()
        };
        let mut simulation = Simulation::new(plan, &past, &script, Off);
        simulation.run(&start);
        let mut cluster = simulation.cluster().clone();
        if let Some(rollout) = &mut cluster.rollout {
            rollout.template = update;
            rollout.paused = plan.paused;
            rollout.generation += 1;
        }
        Self {
            at: SimTime::ZERO,
            cluster,
            world: simulation.world().clone(),
        }
    }
}

fn cluster_of(plan: &Plan, rollout: Option<Rollout>) -> Cluster {
    Cluster {
        rollout,
        services: vec![Service::default(); plan.services.len()],
        ..Cluster::default()
    }
}
