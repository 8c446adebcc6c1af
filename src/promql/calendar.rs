//! Parts of dates in UTC.
//!
//! Knows how Go counts seconds without end (`time.Unix`): they wrap. The calendar is [`crate::calendar`].

use super::functions::DatePart;
use crate::calendar::{DAY_SECONDS, Date, days_in, weekday};

/// From the first day of Go's calendar to 1970 \[s\] (`time/time.go: absoluteToInternal`, `unixToInternal`); whole days.
const BEFORE_1970: u64 = 9_223_372_028_715_321_600;

/// A part of the date at `seconds` since 1970. Fractions are cut off; what is no 64-bit number counts as the smallest,
/// as Go converts floats on x86-64.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what does not fit is sorted out before"
)]
pub(super) fn part(part: DatePart, seconds: f64) -> f64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let whole = if (-LIMIT..LIMIT).contains(&seconds) {
        seconds as i64
    } else {
        i64::MIN
    };
    let absolute = whole.cast_unsigned().wrapping_add(BEFORE_1970);
    let of_day = DAY_SECONDS.cast_unsigned();
    let second = absolute % of_day;
    let day = (absolute / of_day).cast_signed() - (BEFORE_1970 / of_day).cast_signed();
    let date = Date::of_day(day);
    float(match part {
        DatePart::Hour => (second / 3600).cast_signed(),
        DatePart::Minute => (second / 60 % 60).cast_signed(),
        DatePart::DayOfWeek => weekday(day),
        DatePart::DayOfMonth => date.day,
        DatePart::Month => date.month,
        DatePart::Year => date.year,
        DatePart::DayOfYear => date.of_year(),
        DatePart::DaysInMonth => days_in(date.year, date.month),
    })
}

#[expect(clippy::cast_precision_loss, reason = "years are far below 2^53")]
fn float(n: i64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(seconds: f64) -> String {
        let of = |which| part(which, seconds);
        format!(
            "{}-{}-{} {}:{} w{} y{} m{}",
            of(DatePart::Year),
            of(DatePart::Month),
            of(DatePart::DayOfMonth),
            of(DatePart::Hour),
            of(DatePart::Minute),
            of(DatePart::DayOfWeek),
            of(DatePart::DayOfYear),
            of(DatePart::DaysInMonth),
        )
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0.0), "1970-1-1 0:0 w4 y1 m31");
        assert_eq!(date(1_709_164_800.0), "2024-2-29 0:0 w4 y60 m29");
        assert_eq!(date(1_735_689_599.9), "2024-12-31 23:59 w2 y366 m31");
        assert_eq!(date(-1.0), "1969-12-31 23:59 w3 y365 m31");
        assert_eq!(date(-2_203_891_200.0), "1900-3-1 0:0 w4 y60 m31");
    }

    #[test]
    fn what_is_no_time_is_the_end_of_the_calendar() {
        for odd in [f64::NAN, f64::INFINITY, -1e300] {
            assert_eq!(date(odd), "292277026596-12-4 15:30 w0 y339 m31");
        }
    }
}
