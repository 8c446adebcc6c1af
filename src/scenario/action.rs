//! What people do, checked.

use super::check::Checker;
use super::written;
use super::{Action, Event, Promotion, Trigger, Verb};
use crate::diagnostic::wording::{listed, quoted};
use crate::diagnostic::{Diagnostic, Path};

/// What `do` may say: an action and the argument that it takes.
#[derive(Clone, Copy)]
enum Word {
    SetImage,
    Promote(Promotion),
    Abort,
    Retry,
    Undo,
    Pause,
    Resume,
    Scale,
    Restart,
    TerminateExperiment,
}

const WORDS: [(&str, Word); 14] = [
    ("setImage", Word::SetImage),
    ("promote", Word::Promote(Promotion::Plain)),
    ("promote --full", Word::Promote(Promotion::Full)),
    (
        "promote --skip-current-step",
        Word::Promote(Promotion::SkipCurrentStep),
    ),
    (
        "promote --skip-all-steps",
        Word::Promote(Promotion::SkipAllSteps),
    ),
    ("skip", Word::Promote(Promotion::SkipCurrentStep)),
    ("abort", Word::Abort),
    ("retry", Word::Retry),
    ("undo", Word::Undo),
    ("pause", Word::Pause),
    ("resume", Word::Resume),
    ("scale", Word::Scale),
    ("restart", Word::Restart),
    ("terminateExperiment", Word::TerminateExperiment),
];

/// Events; those of a step get theirs from the field `step`.
const EVENTS: [(&str, Event); 9] = [
    ("paused", Event::Paused { step: None }),
    ("step", Event::Step { step: 0 }),
    ("degraded", Event::Degraded),
    ("aborted", Event::Aborted),
    ("healthy", Event::Healthy),
    ("promoted", Event::Promoted),
    ("analysisFailed", Event::AnalysisFailed),
    ("analysisInconclusive", Event::AnalysisInconclusive),
    ("revision", Event::Revision),
];

/// What `do` may say.
pub(super) fn words() -> Vec<&'static str> {
    WORDS.iter().map(|(name, _)| *name).collect()
}

/// What `on` may say.
pub(super) fn events() -> Vec<&'static str> {
    EVENTS.iter().map(|(name, _)| *name).collect()
}

/// The action under an index, if it makes sense.
pub(super) fn action(
    checker: &mut Checker<'_>,
    index: usize,
    written: &written::Action,
) -> Option<Action> {
    let path = Path::from("spec.actions").index(index);
    let trigger = trigger(checker, &path, written);
    let verb = verb(checker, &path, written);
    Some(Action {
        trigger: trigger?,
        verb: verb?,
    })
}

fn trigger(checker: &mut Checker<'_>, path: &Path, written: &written::Action) -> Option<Trigger> {
    let whens = [("at", written.at.is_some()), ("on", written.on.is_some())];
    if !checker.exactly_one(path, &whens) {
        return None;
    }
    let Some(word) = &written.on else {
        unneeded(
            checker,
            path,
            "an action `at` a time",
            &[
                ("step", written.step.is_some()),
                ("after", written.after.is_some()),
                ("every", written.every.is_some()),
            ],
        );
        let at = checker.moment(written.at.as_ref(), &path.clone().key("at"))?;
        return Some(Trigger::At(at));
    };
    let after = match &written.after {
        None => Some(0),
        after => checker.length(after.as_ref(), &path.clone().key("after")),
    };
    let event = match checker.word("event", word, &EVENTS, &path.clone().key("on"))? {
        Event::Paused { .. } => Event::Paused { step: written.step },
        Event::Step { .. } => {
            if written.step.is_none() {
                let help = "say which one, counted from 0: `step: 2`";
                checker.missing(&path.clone().key("step"), help);
            }
            Event::Step {
                step: written.step?,
            }
        }
        event => {
            let of = format!("the event `{word}`");
            unneeded(checker, path, &of, &[("step", written.step.is_some())]);
            event
        }
    };
    Some(Trigger::On {
        event,
        after: after?,
        every: written.every.unwrap_or_default(),
    })
}

fn verb(checker: &mut Checker<'_>, path: &Path, written: &written::Action) -> Option<Verb> {
    let do_path = path.clone().key("do");
    let Some(word) = &written.r#do else {
        checker.missing(&do_path, "say what is done, such as `do: promote`");
        return None;
    };
    let meaning = checker.word("action", word, &WORDS, &do_path)?;
    let arguments = [
        (
            "image",
            written.image.is_some(),
            matches!(meaning, Word::SetImage),
        ),
        (
            "replicas",
            written.replicas.is_some(),
            matches!(meaning, Word::Scale),
        ),
        (
            "toRevision",
            written.to_revision.is_some(),
            matches!(meaning, Word::Undo),
        ),
    ];
    let superfluous = arguments.map(|(name, is_written, is_taken)| (name, is_written && !is_taken));
    unneeded(checker, path, &format!("the action `{word}`"), &superfluous);
    Some(match meaning {
        Word::SetImage => {
            if written.image.is_none() {
                let help = "say the tag: `image: v2`";
                checker.missing(&path.clone().key("image"), help);
            }
            Verb::SetImage(written.image.clone()?)
        }
        Word::Scale => {
            let replicas_path = path.clone().key("replicas");
            if written.replicas.is_none() {
                checker.missing(&replicas_path, "say how many: `replicas: 5`");
            }
            let replicas = written.replicas?;
            if replicas < 0 {
                let message = format!("{} pods cannot be", quoted(&replicas.to_string()));
                let diagnostic = Diagnostic::error("negative-replicas", message);
                checker.report(diagnostic.help("write 0 or more"), &replicas_path);
                return None;
            }
            Verb::Scale { replicas }
        }
        Word::Undo => Verb::Undo {
            to_revision: written.to_revision,
        },
        Word::Promote(promotion) => Verb::Promote(promotion),
        Word::Abort => Verb::Abort,
        Word::Retry => Verb::Retry,
        Word::Pause => Verb::Pause,
        Word::Resume => Verb::Resume,
        Word::Restart => Verb::Restart,
        Word::TerminateExperiment => Verb::TerminateExperiment,
    })
}

/// Reports fields that are written but have no meaning there.
pub(super) fn unneeded(checker: &mut Checker<'_>, path: &Path, of: &str, fields: &[(&str, bool)]) {
    for (name, _) in fields.iter().filter(|(_, is_written)| *is_written) {
        let message = format!("{of} takes no {}", listed(&[name], "and"));
        let diagnostic = Diagnostic::error("unneeded-argument", message).help("remove it");
        checker.report_key(diagnostic, &path.clone().key(*name));
    }
}
