//! Step plugins: each gives its scripted results one after the other.

use crate::cluster::provider::PluginAnswer;
use crate::plan::Environment;
use crate::plan::environment::PluginResult;
use crate::time::SimTime;

/// How far each plugin is in its script.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plugins {
    progress: Vec<Progress>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Progress {
    result: usize,
    /// When this result was given first.
    since: Option<SimTime>,
}

impl Plugins {
    /// What the plugin answers if it is asked at `now`; the last result of a script is given for ever. Only a question
    /// that is [`asked`](Self::asked) brings the plugin forward.
    #[must_use]
    pub fn answer(
        &self,
        environment: &Environment,
        plugin: u16,
        now: SimTime,
    ) -> Option<PluginAnswer> {
        let script = environment.plugins.get(usize::from(plugin))?;
        let index = self.at(script, plugin, now).result;
        let result = script.get(index)?;
        Some(PluginAnswer {
            phase: result.phase,
            result: u16::try_from(index).unwrap_or(u16::MAX),
            requeue_after: result.requeue_after,
        })
    }

    /// The plugin was asked at `now`.
    pub fn asked(&mut self, environment: &Environment, plugin: u16, now: SimTime) {
        let index = usize::from(plugin);
        let Some(script) = environment.plugins.get(index) else {
            return;
        };
        let mut progress = self.at(script, plugin, now);
        progress.since.get_or_insert(now);
        if self.progress.len() <= index {
            self.progress.resize(index + 1, Progress::default());
        }
        self.progress[index] = progress;
    }

    /// How far the plugin is at `now`: behind the results whose time is over.
    fn at(&self, script: &[PluginResult], plugin: u16, now: SimTime) -> Progress {
        let mut progress = self
            .progress
            .get(usize::from(plugin))
            .copied()
            .unwrap_or_default();
        if let (Some(since), Some(result)) = (progress.since, script.get(progress.result)) {
            let over = result.lasts.is_none_or(|lasts| since + lasts <= now);
            if over && progress.result + 1 < script.len() {
                progress = Progress {
                    result: progress.result + 1,
                    since: None,
                };
            }
        }
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::status::PluginPhase;
    use crate::time::Delta;

    fn result(phase: PluginPhase, lasts: Option<i64>) -> PluginResult {
        let lasts = lasts.map(Delta::from_secs);
        PluginResult {
            phase,
            message: String::new(),
            lasts,
            requeue_after: Delta::ZERO,
        }
    }

    #[test]
    fn a_result_is_given_for_one_question_or_for_its_time_and_the_last_one_for_ever() {
        let script = vec![
            result(PluginPhase::Error, None),
            result(PluginPhase::Running, Some(30)),
            result(PluginPhase::Successful, None),
        ];
        let environment = Environment {
            plugins: vec![script],
            ..Environment::default()
        };
        let mut plugins = Plugins::default();
        let mut ask = |second: i64| {
            let now = SimTime::from_secs(second);
            let answer = plugins.answer(&environment, 0, now);
            // To look at the answer changes nothing.
            assert_eq!(plugins.answer(&environment, 0, now), answer);
            plugins.asked(&environment, 0, now);
            answer.map(|answer| answer.result)
        };
        let answers = [0, 10, 39, 40, 99].map(&mut ask);
        assert_eq!(answers, [0, 1, 1, 2, 2].map(Some));
    }
}
