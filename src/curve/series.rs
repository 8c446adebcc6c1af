//! The series notation of Prometheus' rule tests: `0.01x10 0.2+0.1x5 _ 0.3`.
//!
//! Follows `promql/parser/parse.go: ParseSeriesDesc` for numbers, repetitions, steps and gaps. `stale` has no meaning here, and a gap
//! repeats the sample before it: what is described are rates, not scrapes.

use std::ops::Range;

/// Most samples of one series.
pub const SAMPLES_MAX: usize = 100_000;

/// Why a text is no series, and the bytes of it that are wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: Range<usize>,
}

/// The samples of a series.
///
/// # Errors
/// When a word of it is no sample, a gap has nothing before it, or there are more than [`SAMPLES_MAX`] samples.
pub fn parse(text: &str) -> Result<Vec<f64>, SeriesError> {
    let mut samples = Vec::new();
    let mut offset = 0;
    for word in text.split(' ') {
        let at = offset..offset + word.len();
        offset = at.end + 1;
        if word.trim().is_empty() {
            continue;
        }
        let error = |message: String| SeriesError {
            message,
            at: at.clone(),
        };
        let (first, step, more) = sample(word).map_err(error)?;
        let first = match (first, samples.last()) {
            (Some(first), _) => first,
            (None, Some(before)) => *before,
            (None, None) => {
                return Err(error("a gap needs a sample before it".to_owned()));
            }
        };
        if SAMPLES_MAX - samples.len() <= more {
            let message = format!("the series has more than {SAMPLES_MAX} samples");
            return Err(error(message));
        }
        #[expect(clippy::cast_precision_loss, reason = "at most a hundred thousand")]
        samples.extend((0..=more).map(|index| step.mul_add(index as f64, first)));
    }
    if samples.is_empty() {
        let message = "a series needs at least one sample".to_owned();
        return Err(SeriesError {
            message,
            at: 0..text.len(),
        });
    }
    Ok(samples)
}

/// One word: the first sample (`None`: a gap), the step between samples, and how many follow the first.
fn sample(word: &str) -> Result<(Option<f64>, f64, usize), String> {
    let (value, count) = match word.split_once('x') {
        Some((value, count)) => (value, Some(count)),
        None => (word, None),
    };
    let more = match count {
        None => 0,
        Some(count) => count
            .parse::<usize>()
            .map_err(|_| format!("`{count}` is no number of repetitions"))?,
    };
    if value == "_" {
        // `_x3` are three gaps, `_` is one.
        return Ok((None, 0.0, count.map_or(0, |_| more.saturating_sub(1))));
    }
    let number = |text: &str| {
        text.parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .ok_or_else(|| format!("`{text}` is no number"))
    };
    let sign = value
        .char_indices()
        .skip(1)
        .find(|(index, letter)| {
            let before = value[..*index].chars().next_back();
            matches!(letter, '+' | '-') && !matches!(before, Some('e' | 'E'))
        })
        .map(|(index, _)| index);
    match sign {
        Some(_) if count.is_none() => Err(format!(
            "`{word}` needs a number of repetitions: `{word}x5`"
        )),
        Some(index) => Ok((
            Some(number(&value[..index])?),
            number(value[index..].trim_start_matches('+'))?,
            more,
        )),
        None => Ok((Some(number(value)?), 0.0, more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_count_beyond_the_first_sample() {
        assert_eq!(parse("1x2 5").expect("a series"), [1.0, 1.0, 1.0, 5.0]);
    }

    #[test]
    fn steps_go_up_and_down() {
        let samples = parse("0.2+0.1x2 1-0.5x1 1e-2+1e-2x1").expect("a series");
        let want = [0.2, 0.3, 0.4, 1.0, 0.5, 0.01, 0.02];
        for (sample, want) in samples.iter().zip(want) {
            assert!((sample - want).abs() < 1e-12, "{samples:?}");
        }
        assert_eq!(samples.len(), want.len());
    }

    #[test]
    fn a_gap_repeats_the_sample_before() {
        assert_eq!(
            parse("1 _ 2 _x2").expect("a series"),
            [1.0, 1.0, 2.0, 2.0, 2.0]
        );
        assert_eq!(parse("_ 1").expect_err("nothing before").at, 0..1);
    }

    #[test]
    fn what_is_no_sample_is_named_with_its_place() {
        for (text, at, message) in [
            ("0.1 0.2y3", 4..9, "`0.2y3` is no number"),
            ("0.1xz", 0..5, "`z` is no number of repetitions"),
            ("1+2", 0..3, "`1+2` needs a number of repetitions: `1+2x5`"),
            ("", 0..0, "a series needs at least one sample"),
            ("1 stale", 2..7, "`stale` is no number"),
            (
                "1 1x200000",
                2..10,
                "the series has more than 100000 samples",
            ),
        ] {
            let error = parse(text).expect_err("no series");
            assert_eq!((error.at, error.message.as_str()), (at, message), "{text}");
        }
    }
}
