//! Curves from CSV files: a column of times and a column of values.

use crate::duration;
use crate::time::Delta;

/// Why a file holds no curve.
pub(super) struct TableError {
    /// With the line.
    pub(super) message: String,
    /// The way out.
    pub(super) help: String,
}

/// The points of a file, in ascending order of time.
pub(super) fn read(text: &str, column: &str) -> Result<Vec<(Delta, f64)>, TableError> {
    let error = |message: String, help: &str| TableError {
        message,
        help: help.to_owned(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|wrong| error(wrong.to_string(), "save it as UTF-8 with commas"))?
        .clone();
    let position = |name: &str| {
        headers
            .iter()
            .position(|header| header == name)
            .ok_or_else(|| {
                let found: Vec<&str> = headers.iter().collect();
                let message = format!("line 1: there is no column `{name}`");
                error(message, &format!("its columns are {}", found.join(", ")))
            })
    };
    let (time_column, value_column) = (position("time")?, position(column)?);
    let mut points: Vec<(Delta, f64)> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|wrong| {
            error(
                wrong.to_string(),
                "give every line as many cells as the header has",
            )
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |index: usize| record.get(index).unwrap_or_default();
        let time = cell(time_column);
        let at = moment(time).ok_or_else(|| {
            let message = format!("line {line}: `{time}` is no time");
            error(
                message,
                "write a duration such as `90s`, or a number of seconds, 0 or more",
            )
        })?;
        let value = cell(value_column);
        let number = value
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .ok_or_else(|| {
                let message = format!("line {line}: `{value}` is no number");
                error(
                    message,
                    "fill the gap, or remove the line: points are joined by straight lines",
                )
            })?;
        if points.last().is_some_and(|(before, _)| at <= *before) {
            let message = format!("line {line}: the time {time} is not later than the one before");
            return Err(error(message, "sort the lines by time"));
        }
        points.push((at, number));
    }
    if points.is_empty() {
        return Err(error(
            "the file has no lines behind its header".to_owned(),
            "add one",
        ));
    }
    Ok(points)
}

fn moment(text: &str) -> Option<Delta> {
    let nanos = match text.parse::<f64>() {
        Ok(seconds) => Delta::of_seconds(seconds).nanos(),
        Err(_) => duration::parse(text).ok()?,
    };
    (0..i64::MAX)
        .contains(&nanos)
        .then(|| Delta::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_durations_or_seconds() {
        let points = read("time,value\n0,1\n 90s , 2.5\n2m,3\n", "value");
        let want =
            [(0, 1.0), (90, 2.5), (120, 3.0)].map(|(at, value)| (Delta::from_secs(at), value));
        assert_eq!(points.map_err(|error| error.message), Ok(want.to_vec()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, message) in [
            ("time,value\n0,1\n60,\n", "line 3: `` is no number"),
            (
                "time,value\n0,1\n0,2\n",
                "line 3: the time 0 is not later than the one before",
            ),
            ("time,value\n-5,1\n", "line 2: `-5` is no time"),
            ("time,rps\n0,1\n", "line 1: there is no column `value`"),
            ("time,value\n", "the file has no lines behind its header"),
        ] {
            let error = read(text, "value").expect_err("no curve");
            assert_eq!(error.message, message);
        }
    }
}
