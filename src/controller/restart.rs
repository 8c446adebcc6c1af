//! `spec.restartAt`: pods older than it are evicted, a few at a time.
//!
//! Follows `rollout/restart.go`. Simplifies: all pods of a set that are older than the restart count as equally old, and no
//! disruption budget refuses an eviction. Whether pods are older is told by the world through [`crate::cluster::Command`].

use crate::cluster::{Command, Event};
use crate::controller::Log;
use crate::controller::replicas;
use crate::controller::rollout::Pass;
use crate::plan::Strategy;
use crate::time::Delta;

/// How soon pods that may not go yet are looked at again (`rollout/restart.go: restartPodCheckTime`).
const CHECK_AGAIN: Delta = Delta::from_secs(30);

impl<L: Log> Pass<'_, L> {
    /// Evicts old pods as far as availability allows; returns how many
    /// (`rollout/restart.go: RolloutPodRestarter.Reconcile`).
    pub(super) fn restart_pods(&mut self) -> i32 {
        let Some(restart_at) = self.rollout.restart_at else {
            return 0;
        };
        if self.now < restart_at {
            self.out.requeue.after(self.now, restart_at - self.now);
            return 0;
        }
        if self.rollout.status.restarted_at == Some(restart_at) {
            return 0;
        }
        let replicas = self.rollout.replicas;
        let unavailable = match &self.plan.strategy {
            Strategy::Canary(canary) => replicas::max_unavailable(canary, replicas),
            Strategy::BlueGreen(blue_green) => {
                blue_green.max_unavailable.of(replicas, false).min(replicas)
            }
        };
        let desired: i32 = self.sets.iter().map(|set| set.desired).sum();
        let least = replicas.max(desired) - unavailable.max(1);
        let mut may_go = self.total.available - least;
        let (mut restarted, mut waiting) = (0, 0);
        let mut order: Vec<usize> = (0..self.sets.len()).collect();
        order.sort_by_key(|index| {
            let rank = if Some(*index) == self.stable {
                0
            } else if *index == self.new {
                1
            } else {
                2
            };
            (rank, self.sets[*index].created)
        });
        for index in order {
            let set = self.sets[index];
            let old = self
                .seen
                .pods_to_restart
                .get(usize::from(set.id.0))
                .copied()
                .unwrap_or(0);
            let count = old.min(may_go.max(0));
            if 0 < count {
                self.out.commands.push(Command::Evict(set.id, count));
                self.out.log.tell(Event::PodsRestarted {
                    replica_set: set.id,
                    count,
                });
            }
            may_go -= count;
            restarted += count;
            waiting += old - count;
        }
        if 0 < waiting {
            self.out.requeue.after(self.now, CHECK_AGAIN);
        } else {
            self.next.restarted_at = Some(restart_at);
        }
        restarted
    }
}
