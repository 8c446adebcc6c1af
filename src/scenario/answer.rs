//! What metrics answer, checked.

use super::action::unneeded;
use super::check::{Checker, Range};
use super::written;
use super::{Answer, JobEnd, Reply};
use crate::diagnostic::wording::quoted;
use crate::diagnostic::{Diagnostic, Path};
use crate::duration::Printed;
use crate::plan::environment::{Draw, Shows, Signal, Whose};
use crate::time::Delta;

/// The answers of one metric that make sense, in the order of time.
pub(super) fn answers(
    checker: &mut Checker<'_>,
    path: &Path,
    written: &[written::Answer],
) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut before = None;
    for (index, item) in written.iter().enumerate() {
        let path = path.clone().index(index);
        let from_path = path.clone().key("from");
        let reply = reply(checker, &path, item);
        let from = match item.from.as_ref() {
            None if index == 0 => Some(0),
            None => {
                let help = "say from when it answers so, such as `from: 150s`";
                checker.missing(&from_path, help);
                None
            }
            from => checker.moment(from, &from_path),
        };
        let Some(from) = from else {
            continue;
        };
        if let Some(before) = before.filter(|before| from <= *before) {
            let before = Printed(before);
            let message = format!("the list is not in order: the answer before is from {before}");
            let help = "sort the list by `from`; each time must be later than the one before";
            let diagnostic = Diagnostic::error("out-of-order", message).help(help);
            checker.report(diagnostic, &from_path);
        }
        before = Some(from);
        let last = answers.last().map(|answer| answer.from);
        let is_later = last.is_none_or(|last| last < from);
        answers.extend(
            reply
                .filter(|_| is_later)
                .map(|reply| Answer { from, reply }),
        );
    }
    answers
}

fn reply(checker: &mut Checker<'_>, path: &Path, written: &written::Answer) -> Option<Reply> {
    let fields = [
        ("vector", written.vector.is_some()),
        ("scalar", written.scalar.is_some()),
        ("error", written.error.is_some()),
        ("json", written.json.is_some()),
        ("status", written.status.is_some()),
        ("job", written.job.is_some()),
        ("signal", written.signal.is_some()),
        ("draw", written.draw.is_some()),
        ("value", written.value.is_some()),
    ];
    if !checker.exactly_one(path, &fields) {
        return None;
    }
    if written.draw.is_none() {
        let of_draws = [
            ("requests", written.requests.is_some()),
            ("errorRate", written.error_rate.is_some()),
        ];
        unneeded(checker, path, "an answer without `draw`", &of_draws);
    }
    if written.signal.is_none() {
        let of_signals = [
            ("of", written.of.is_some()),
            ("over", written.over.is_some()),
            ("quantile", written.quantile.is_some()),
        ];
        unneeded(checker, path, "an answer without `signal`", &of_signals);
    }
    if written.signal.is_none() && written.draw.is_none() {
        let of_both = [("times", written.times.is_some())];
        unneeded(
            checker,
            path,
            "an answer without `signal` or `draw`",
            &of_both,
        );
    }
    if let Some(samples) = &written.vector {
        let path = path.clone().key("vector");
        let samples = samples.iter().enumerate();
        let samples: Vec<Option<f64>> = samples
            .map(|(index, sample)| checker.number(sample, &path.clone().index(index)))
            .collect();
        return samples
            .into_iter()
            .collect::<Option<_>>()
            .map(Reply::Vector);
    }
    if let Some(number) = &written.scalar {
        let number = checker.number(number, &path.clone().key("scalar"))?;
        return Some(Reply::Scalar(number));
    }
    if let Some(status) = written.status {
        if !(100..=599).contains(&status) {
            let message = format!("{} is no status of HTTP", quoted(&status.to_string()));
            let help = "write a number from 100 to 599";
            let diagnostic = Diagnostic::error("bad-status", message).help(help);
            checker.report(diagnostic, &path.clone().key("status"));
            return None;
        }
        return Some(Reply::Status(status));
    }
    if let Some(job) = &written.job {
        return job_end(checker, &path.clone().key("job"), job).map(Reply::Job);
    }
    if let Some(word) = &written.signal {
        return signal(checker, path, written, word).map(Reply::Signal);
    }
    if let Some(word) = &written.draw {
        return draw(checker, path, written, word);
    }
    let error = written.error.clone().map(Reply::Error);
    let json = written.json.clone().map(Reply::Json);
    error
        .or(json)
        .or_else(|| written.value.clone().map(Reply::Value))
}

/// What the simulated service shows.
fn signal(
    checker: &mut Checker<'_>,
    path: &Path,
    written: &written::Answer,
    word: &str,
) -> Option<Signal> {
    const WORDS: [(&str, Shows); 7] = [
        ("successRatio", Shows::SuccessRatio),
        ("errorRatio", Shows::ErrorRatio),
        ("errors", Shows::Errors),
        ("errorCount", Shows::ErrorCount),
        ("requests", Shows::Requests),
        ("latency", Shows::Latency { quantile: 0.95 }),
        ("saturation", Shows::Saturation),
    ];
    const WHOSE: [(&str, Whose); 3] = [
        ("canary", Whose::Canary),
        ("stable", Whose::Stable),
        ("all", Whose::All),
    ];
    let mut shows = checker.word("signal", word, &WORDS, &path.clone().key("signal"))?;
    let quantile_path = path.clone().key("quantile");
    match (&mut shows, written.quantile) {
        (Shows::Latency { quantile }, Some(number)) => {
            let number = written::Number::Number(number);
            *quantile = checker.amount(Some(&number), Range::Share, &quantile_path)?;
        }
        (_, Some(_)) => {
            let of = format!("the signal `{word}`");
            unneeded(checker, path, &of, &[("quantile", true)]);
        }
        _ => {}
    }
    let of = match &written.of {
        None => Whose::Canary,
        Some(of) => checker.word("group of requests", of, &WHOSE, &path.clone().key("of"))?,
    };
    let over = match &written.over {
        None => Delta::from_secs(60),
        over => checker.positive(over.as_ref(), &path.clone().key("over"))?,
    };
    let times = times(checker, path, written);
    Some(Signal {
        shows,
        of,
        over,
        times,
    })
}

/// With what a signal or a draw is multiplied, if the scenario says so.
fn times(checker: &mut Checker<'_>, path: &Path, written: &written::Answer) -> Option<f64> {
    let times = written.times.as_ref()?;
    checker.amount(Some(times), Range::Positive, &path.clone().key("times"))
}

/// A sample of requests of its own.
fn draw(
    checker: &mut Checker<'_>,
    path: &Path,
    written: &written::Answer,
    word: &str,
) -> Option<Reply> {
    const WORDS: [(&str, Shows); 3] = [
        ("successRatio", Shows::SuccessRatio),
        ("errorRatio", Shows::ErrorRatio),
        ("errors", Shows::ErrorCount),
    ];
    let shows = checker.word("draw", word, &WORDS, &path.clone().key("draw"));
    let count_path = path.clone().key("requests");
    let requests = match written.requests {
        None => {
            checker.missing(
                &count_path,
                "say how many requests a measurement sees, such as `requests: 1000`",
            );
            None
        }
        Some(0) => {
            let problem = Diagnostic::error("out-of-range", "a ratio of no requests is nothing");
            let problem =
                problem.help("write 1 or more; `vector: [NaN]` is what Prometheus says of none");
            checker.report(problem, &count_path);
            None
        }
        requests => requests,
    };
    let rate_path = path.clone().key("errorRate");
    if written.error_rate.is_none() {
        checker.missing(
            &rate_path,
            "say which share of them fails, such as `errorRate: 0.01`",
        );
    }
    let rate = written.error_rate.as_ref();
    let failing = checker.believed_amount(rate, Range::Share, &rate_path);
    let times = times(checker, path, written);
    let (failing, belief) = failing?;
    let draw = Draw {
        shows: shows?,
        requests: requests?,
        failing,
        times,
    };
    Some(match belief {
        Some(belief) => Reply::BelievedDraw(draw, Box::new(belief)),
        None => Reply::Draw(draw),
    })
}

fn job_end(checker: &mut Checker<'_>, path: &Path, job: &written::Job) -> Option<JobEnd> {
    let fields = [
        ("succeedAfter", job.succeed_after.is_some()),
        ("failAfter", job.fail_after.is_some()),
    ];
    let is_written = |(_, is_written): &(&str, bool)| *is_written;
    if !fields.iter().any(is_written) {
        return Some(JobEnd::Never);
    }
    if !checker.exactly_one(path, &fields) {
        return None;
    }
    let succeeds = checker.length(
        job.succeed_after.as_ref(),
        &path.clone().key("succeedAfter"),
    );
    let fails = checker.length(job.fail_after.as_ref(), &path.clone().key("failAfter"));
    succeeds
        .map(JobEnd::SucceedsAfter)
        .or(fails.map(JobEnd::FailsAfter))
}
