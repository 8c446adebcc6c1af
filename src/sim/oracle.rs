//! Who wants to know all that can happen decides what draws show, instead of chance.
//!
//! Knows: which draws there are, and for each the answers that make a difference. Refuses to know how likely they are.

use std::sync::Arc;

use crate::time::SimTime;

/// The draws of an environment and their answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draws {
    /// By source: the draw before its first point, and that of each point; `None` where nothing is drawn.
    pub(crate) by_source: Vec<Vec<Option<u32>>>,
    /// By draw: a number of failures for each class of answers.
    pub(crate) answers: Vec<Vec<u32>>,
}

/// A draw that was asked for, and what was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Who was asked: draws of one source at one instant are one.
    pub(crate) source: u32,
    /// Which draw.
    pub(crate) draw: u32,
    /// When.
    pub(crate) at: SimTime,
    /// The class of the answer.
    pub(crate) class: u8,
}

/// Decides what draws show: by a list of classes, and by the first class of each draw beyond its end.
#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    draws: Arc<Draws>,
    path: Vec<u8>,
    asked: Vec<Question>,
}

impl Oracle {
    /// An oracle for some draws.
    pub(crate) fn new(draws: Arc<Draws>) -> Self {
        Self {
            draws,
            path: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Prepares the next answers.
    pub(crate) fn follow(&mut self, path: &[u8]) {
        self.path.clear();
        self.path.extend_from_slice(path);
        self.asked.clear();
    }

    /// What was asked since then, where there was a choice.
    pub(crate) fn asked(&self) -> &[Question] {
        &self.asked
    }

    /// How many requests of a draw fail.
    pub(super) fn answer(&mut self, source: u32, point: Option<u32>, at: SimTime) -> u32 {
        let place = point.map_or(0, |point| point as usize + 1);
        let draws = self.draws.by_source.get(source as usize);
        let Some(draw) = draws.and_then(|draws| draws.get(place).copied()).flatten() else {
            return 0;
        };
        let answers = &self.draws.answers[draw as usize];
        if answers.len() < 2 {
            return answers.first().copied().unwrap_or(0);
        }
        let mut asked = self.asked.iter();
        let same = asked.find(|asked| (asked.source, asked.at) == (source, at));
        let class = if let Some(same) = same {
            same.class
        } else {
            let class = self.path.get(self.asked.len()).copied().unwrap_or(0);
            self.asked.push(Question {
                source,
                draw,
                at,
                class,
            });
            class
        };
        answers[usize::from(class)]
    }
}
