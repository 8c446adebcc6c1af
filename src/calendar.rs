//! The Gregorian calendar, backwards and forwards without end: days since 1970 and dates.
//!
//! Knows the lengths of months and leap years. Refuses to know times of day and zones. The year before year 1 is year 0. Follows the
//! arithmetic that Go's package `time` documents; numbers of days stay far from the ends of 64 bits, which callers see to.

/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// A day by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    /// 1..=12
    pub(crate) month: i64,
    /// 1..=31
    pub(crate) day: i64,
}

impl Date {
    /// The date so many days after 1970-01-01.
    pub(crate) fn of_day(days: i64) -> Self {
        // Eras of 400 years from the first of March of year 0, so that the odd day is the last of its year.
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
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

    /// Which day of its year it is, 1..=366.
    pub(crate) fn of_year(self) -> i64 {
        1 + first_of(self.year, self.month) + self.day - 1 - first_of(self.year, 1)
    }
}

/// Days from 1970-01-01 to the first of a month, 1..=12.
pub(crate) fn first_of(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

/// Days of a month, 28..=31.
pub(crate) fn days_in(year: i64, month: i64) -> i64 {
    let next = if month == 12 {
        first_of(year + 1, 1)
    } else {
        first_of(year, month + 1)
    };
    next - first_of(year, month)
}

/// The day of the week so many days after 1970-01-01, 0..=6 from Sunday.
pub(crate) fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_lead_to_each_other() {
        for days in (-1_000_000..1_000_000).step_by(97) {
            let date = Date::of_day(days);
            assert_eq!(first_of(date.year, date.month) + date.day - 1, days);
            assert!((1..=days_in(date.year, date.month)).contains(&date.day));
        }
        let leap = Date {
            year: 2000,
            month: 2,
            day: 29,
        };
        assert_eq!(Date::of_day(11_016), leap);
        assert_eq!((leap.of_year(), weekday(11_016)), (60, 2));
        assert_eq!(
            [1900, 2000, 2023, 2024].map(|year| days_in(year, 2)),
            [28, 29, 28, 29]
        );
    }
}
