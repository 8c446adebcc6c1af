//! Parts of dates in UTC.
//!
//! Knows the Gregorian calendar in both directions, and how Go counts seconds without end (`time.Unix`): they wrap.

use super::functions::DatePart;

const SECONDS_PER_DAY: u64 = 86_400;
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
    let second = absolute % SECONDS_PER_DAY;
    let day =
        (absolute / SECONDS_PER_DAY).cast_signed() - (BEFORE_1970 / SECONDS_PER_DAY).cast_signed();
    let date = Date::of_day(day);
    float(match part {
        DatePart::Hour => (second / 3600).cast_signed(),
        DatePart::Minute => (second / 60 % 60).cast_signed(),
        DatePart::DayOfWeek => (day + 4).rem_euclid(7),
        DatePart::DayOfMonth => date.day,
        DatePart::Month => date.month,
        DatePart::Year => date.year,
        DatePart::DayOfYear => 1 + day - day_of(date.year, 1, 1),
        DatePart::DaysInMonth => {
            let (year, month) = if date.month == 12 {
                (date.year + 1, 1)
            } else {
                (date.year, date.month + 1)
            };
            day_of(year, month, 1) - day_of(date.year, date.month, 1)
        }
    })
}

struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// The date `day` days after 1970-01-01.
    fn of_day(day: i64) -> Self {
        // Eras of 400 years from the first of March of year 0, so that the odd day is the last of its year.
        let day = day + 719_468;
        let era = day.div_euclid(146_097);
        let of_era = day.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: of_year - (153 * march_month + 2) / 5 + 1,
        }
    }
}

/// Days from 1970-01-01 to a date.
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = (month + 9) % 12;
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    let of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
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
