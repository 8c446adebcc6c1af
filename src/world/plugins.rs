//! Step plugins: each gives its scripted results one after the other.

use crate::cluster::provider::PluginAnswer;
use crate::plan::Environment;
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
    /// What the plugin answers if it is asked at `now`; the last result of a script is given for ever.
    pub fn answer(&mut self, environment: &Environment, plugin: u16, now: SimTime) -> Option<PluginAnswer> {
        let index = usize::from(plugin);
        let script = environment.plugins.get(index)?;
        if self.progress.len() <= index {
            self.progress.resize(index + 1, Progress::default());
        }
        let progress = &mut self.progress[index];
        while let Some(since) = progress.since {
            let lasts = script.get(progress.result)?.lasts;
            let over = lasts.is_none_or(|lasts| since + lasts <= now);
            if !over || script.len() <= progress.result + 1 {
                break;
            }
            *progress = Progress { result: progress.result + 1, since: None };
        }
        progress.since.get_or_insert(now);
        let result = script.get(progress.result)?;
        Some(PluginAnswer {
            phase: result.phase,
            result: u16::try_from(progress.result).unwrap_or(u16::MAX),
            requeue_after: result.requeue_after,
        })
    }
}
