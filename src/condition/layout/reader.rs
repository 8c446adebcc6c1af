//! Elements of a time layout, read from a text.

use super::super::time::{self, Civil, Time};
use super::{Element, next_element};
use crate::calendar::days_in;

/// Why a text is no time.
pub(super) enum Mistake {
    Form,
    Range(&'static str),
}

/// What has been read so far.
pub(super) struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    afternoon: Option<bool>,
    offset: i32,
}

impl Default for Fields {
    /// What a text does not say: the first moment of year 0.
    fn default() -> Self {
        Self {
            year: 0,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            nanos: 0,
            afternoon: None,
            offset: 0,
        }
    }
}

impl Fields {
    /// The time, or what is out of range.
    pub(super) fn time(&self) -> Result<Time, &'static str> {
        if self.day < 1 || days_in(self.year, self.month) < self.day {
            return Err("day");
        }
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let civil = Civil {
            year: self.year,
            month: self.month,
            day: self.day,
            hour,
            minute: self.minute,
            second: self.second,
        };
        Ok(Time::from_civil(civil, self.nanos, self.offset))
    }
}

/// A text and what follows from its beginning.
pub(super) struct Reader<'a> {
    pub(super) rest: &'a str,
    pub(super) fields: Fields,
}

impl Reader<'_> {
    /// Reads one element; `layout_tail` follows it in the layout.
    pub(super) fn read(&mut self, element: Element, layout_tail: &str) -> Result<(), Mistake> {
        match element {
            Element::Year => self.fields.year = self.digits(4, 4)?,
            Element::YearShort => {
                let year = self.digits(2, 2)?;
                self.fields.year = year + if year < 69 { 2000 } else { 1900 };
            }
            Element::Month => self.fields.month = self.in_range(1, "month", 1, 12)?,
            Element::MonthPadded => self.fields.month = self.in_range(2, "month", 1, 12)?,
            Element::MonthName => self.fields.month = self.name(12, time::month_name, 1, None)?,
            Element::MonthShort => {
                self.fields.month = self.name(12, time::month_name, 1, Some(3))?;
            }
            Element::Day => self.fields.day = self.digits(1, 2)?,
            Element::DaySpaced => {
                self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
                self.fields.day = self.digits(1, 2)?;
            }
            Element::DayPadded => self.fields.day = self.digits(2, 2)?,
            Element::WeekdayName => drop(self.name(7, time::weekday_name, 0, None)?),
            Element::WeekdayShort => drop(self.name(7, time::weekday_name, 0, Some(3))?),
            Element::Hour => self.fields.hour = self.in_range(1, "hour", 0, 23)?,
            Element::Hour12 => self.fields.hour = self.in_range(1, "hour", 0, 12)?,
            Element::Hour12Padded => self.fields.hour = self.in_range(2, "hour", 0, 12)?,
            Element::Minute => self.fields.minute = self.in_range(1, "minute", 0, 59)?,
            Element::MinutePadded => self.fields.minute = self.in_range(2, "minute", 0, 59)?,
            Element::Second | Element::SecondPadded => {
                let padded = if element == Element::SecondPadded {
                    2
                } else {
                    1
                };
                self.fields.second = self.in_range(padded, "second", 0, 59)?;
                // A fraction may follow even if the layout does not say so.
                let expected = matches!(
                    next_element(layout_tail),
                    ("", Some((Element::Fraction(..), _)), _)
                );
                let digits = self.fraction_digits();
                if !expected && 0 < digits {
                    self.fraction(digits);
                }
            }
            Element::Fraction(digits, true) => {
                if self.fraction_digits() != digits {
                    return Err(Mistake::Form);
                }
                self.fraction(digits);
            }
            Element::Fraction(_, false) => {
                let digits = self.fraction_digits();
                if 0 < digits {
                    self.fraction(digits);
                }
            }
            Element::Noon(upper) => {
                let names = if upper { ["AM", "PM"] } else { ["am", "pm"] };
                let afternoon = names
                    .iter()
                    .position(|name| self.rest.starts_with(name))
                    .ok_or(Mistake::Form)?;
                self.rest = &self.rest[2..];
                self.fields.afternoon = Some(afternoon == 1);
            }
            Element::Offset(zulu, colon) => self.offset(zulu, colon)?,
            Element::Zone => {
                let length = self.rest.bytes().take_while(u8::is_ascii_uppercase).count();
                if !(3..=5).contains(&length) {
                    return Err(Mistake::Form);
                }
                self.rest = &self.rest[length..];
            }
        }
        Ok(())
    }

    fn digits(&mut self, min: usize, max: usize) -> Result<i64, Mistake> {
        let count = self
            .rest
            .bytes()
            .take(max)
            .take_while(u8::is_ascii_digit)
            .count();
        if count < min {
            return Err(Mistake::Form);
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.parse().map_err(|_| Mistake::Form)
    }

    fn in_range(
        &mut self,
        min_digits: usize,
        what: &'static str,
        least: i64,
        most: i64,
    ) -> Result<i64, Mistake> {
        let value = self.digits(min_digits, 2)?;
        if (least..=most).contains(&value) {
            Ok(value)
        } else {
            Err(Mistake::Range(what))
        }
    }

    /// The number of a month or weekday, whatever its case.
    fn name(
        &mut self,
        count: u8,
        name_of: fn(u8) -> &'static str,
        first: u8,
        length: Option<usize>,
    ) -> Result<i64, Mistake> {
        for index in first..first + count {
            let name = name_of(index);
            let name = &name[..length.unwrap_or(name.len())];
            if self
                .rest
                .get(..name.len())
                .is_some_and(|text| text.eq_ignore_ascii_case(name))
            {
                self.rest = &self.rest[name.len()..];
                return Ok(i64::from(index));
            }
        }
        Err(Mistake::Form)
    }

    /// How many digits follow a point or comma here.
    fn fraction_digits(&self) -> usize {
        match self.rest.strip_prefix(['.', ',']) {
            Some(tail) => tail.bytes().take_while(u8::is_ascii_digit).count(),
            None => 0,
        }
    }

    fn fraction(&mut self, digits: usize) {
        let text: String = self.rest[1..=digits]
            .chars()
            .chain("000000000".chars())
            .take(9)
            .collect();
        self.fields.nanos = text.parse().unwrap_or_default();
        self.rest = &self.rest[1 + digits..];
    }

    fn offset(&mut self, zulu: bool, colon: bool) -> Result<(), Mistake> {
        if zulu && self.rest.starts_with('Z') {
            self.rest = &self.rest[1..];
            return Ok(());
        }
        let sign = match self.rest.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(Mistake::Form),
        };
        self.rest = &self.rest[1..];
        let hours = self.digits(2, 2)?;
        if colon {
            self.rest = self.rest.strip_prefix(':').ok_or(Mistake::Form)?;
        }
        let minutes = self.digits(2, 2)?;
        if 24 < hours || 60 < minutes {
            return Err(Mistake::Range("time zone offset"));
        }
        self.fields.offset =
            i32::try_from(sign * (hours * 3600 + minutes * 60)).unwrap_or_default();
        Ok(())
    }
}
