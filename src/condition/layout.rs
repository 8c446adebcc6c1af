//! Go's time layouts: a text is written the way one particular time would be
//! (`Mon Jan 2 15:04:05 MST 2006`).
//!
//! Follows `time.Format` and `time.Parse`. Simplification: a zone abbreviation is read and ignored
//! unless it is UTC.

use super::time::{self, Civil, Time, quote};

/// The layouts `date(text)` tries.
pub(super) const COMMON: [&str; 7] = [
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
];

/// `Time.Format`.
pub(super) fn format(time: Time, layout: &str) -> String {
    let civil = time.civil();
    let mut out = String::new();
    let mut rest = layout;
    while !rest.is_empty() {
        let (literal, element, tail) = next_element(rest);
        out.push_str(literal);
        if let Some((element, text)) = element {
            write(&mut out, time, civil, element, text);
        }
        rest = tail;
    }
    out
}

/// `time.Parse`.
pub(super) fn parse(layout: &str, text: &str) -> Result<Time, String> {
    let place = || format!("parsing time {} as {}: ", quote(text), quote(layout));
    let mut reader = Reader { rest: text, fields: Fields::default() };
    let mut rest = layout;
    while !rest.is_empty() {
        let (literal, element, tail) = next_element(rest);
        let before = reader.rest;
        let cannot = |what: &str, element: &str| {
            format!("{}cannot parse {} as {}", place(), quote(what), quote(element))
        };
        reader.rest =
            reader.rest.strip_prefix(literal).ok_or_else(|| cannot(before, literal))?;
        let Some((element, name)) = element else { break };
        let before = reader.rest;
        match reader.read(element, tail) {
            Ok(()) => {}
            Err(Mistake::Form) => return Err(cannot(before, name)),
            Err(Mistake::Range(what)) => {
                return Err(format!("parsing time {}: {what} out of range", quote(text)));
            }
        }
        rest = tail;
    }
    if !reader.rest.is_empty() {
        return Err(format!("{}extra text: {}", place(), quote(reader.rest)));
    }
    reader.fields.time().map_err(|what| format!("parsing time {}: {what} out of range", quote(text)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Year,
    YearShort,
    Month,
    MonthPadded,
    MonthName,
    MonthShort,
    Day,
    DayPadded,
    DaySpaced,
    WeekdayName,
    WeekdayShort,
    Hour,
    Hour12,
    Hour12Padded,
    Minute,
    MinutePadded,
    Second,
    SecondPadded,
    /// Digits after the point; false: without zeros at the end.
    Fraction(usize, bool),
    Noon(bool),
    /// `Z` for UTC, colon.
    Offset(bool, bool),
    Zone,
}

/// Longest first where one is the beginning of another.
const ELEMENTS: [(&str, Element); 27] = [
    ("January", Element::MonthName),
    ("Jan", Element::MonthShort),
    ("Monday", Element::WeekdayName),
    ("Mon", Element::WeekdayShort),
    ("MST", Element::Zone),
    ("2006", Element::Year),
    ("01", Element::MonthPadded),
    ("02", Element::DayPadded),
    ("03", Element::Hour12Padded),
    ("04", Element::MinutePadded),
    ("05", Element::SecondPadded),
    ("06", Element::YearShort),
    ("15", Element::Hour),
    ("1", Element::Month),
    ("2", Element::Day),
    ("_2", Element::DaySpaced),
    ("3", Element::Hour12),
    ("4", Element::Minute),
    ("5", Element::Second),
    ("PM", Element::Noon(true)),
    ("pm", Element::Noon(false)),
    ("-07:00", Element::Offset(false, true)),
    ("-0700", Element::Offset(false, false)),
    ("Z07:00", Element::Offset(true, true)),
    ("Z0700", Element::Offset(true, false)),
    (".0", Element::Fraction(1, true)),
    (".9", Element::Fraction(1, false)),
];

/// The literal text before the first element, the element with its text, and what follows.
fn next_element(layout: &str) -> (&str, Option<(Element, &str)>, &str) {
    for (at, _) in layout.char_indices() {
        let rest = &layout[at..];
        let Some((name, element)) = ELEMENTS.iter().find(|(name, _)| rest.starts_with(name)) else {
            continue;
        };
        let (length, element) = match element {
            Element::Fraction(_, padded) => {
                let digit = if *padded { '0' } else { '9' };
                let digits = rest[1..].chars().take_while(|c| *c == digit).count();
                if rest[1 + digits..].starts_with(|c: char| c.is_ascii_digit()) {
                    continue;
                }
                (1 + digits, Element::Fraction(digits, *padded))
            }
            element => (name.len(), *element),
        };
        return (&layout[..at], Some((element, &rest[..length])), &rest[length..]);
    }
    (layout, None, "")
}

fn write(out: &mut String, time: Time, civil: Civil, element: Element, name: &str) {
    let hour12 = (civil.hour + 11) % 12 + 1;
    let month = u8::try_from(civil.month).unwrap_or_default();
    let text = match element {
        Element::Year => format!("{:04}", civil.year),
        Element::YearShort => format!("{:02}", civil.year.rem_euclid(100)),
        Element::Month => civil.month.to_string(),
        Element::MonthPadded => format!("{:02}", civil.month),
        Element::MonthName => time::month_name(month).to_owned(),
        Element::MonthShort => time::month_name(month)[..3].to_owned(),
        Element::Day => civil.day.to_string(),
        Element::DayPadded => format!("{:02}", civil.day),
        Element::DaySpaced => format!("{:2}", civil.day),
        Element::WeekdayName => time::weekday_name(time.weekday()).to_owned(),
        Element::WeekdayShort => time::weekday_name(time.weekday())[..3].to_owned(),
        Element::Hour => format!("{:02}", civil.hour),
        Element::Hour12 => hour12.to_string(),
        Element::Hour12Padded => format!("{hour12:02}"),
        Element::Minute => civil.minute.to_string(),
        Element::MinutePadded => format!("{:02}", civil.minute),
        Element::Second => civil.second.to_string(),
        Element::SecondPadded => format!("{:02}", civil.second),
        Element::Fraction(digits, padded) => fraction(time.nanos, digits, padded),
        Element::Noon(upper) => match (civil.hour < 12, upper) {
            (true, true) => "AM",
            (true, false) => "am",
            (false, true) => "PM",
            (false, false) => "pm",
        }
        .to_owned(),
        Element::Offset(zulu, colon) => offset(time.offset, zulu, colon),
        Element::Zone if time.offset == 0 => "UTC".to_owned(),
        Element::Zone => offset(time.offset, false, false),
    };
    debug_assert!(!name.is_empty(), "an element has a text");
    out.push_str(&text);
}

fn fraction(nanos: u32, digits: usize, padded: bool) -> String {
    let all = format!("{nanos:09}");
    let kept = &all[..digits.min(9)];
    let kept = if padded { kept } else { kept.trim_end_matches('0') };
    if kept.is_empty() { String::new() } else { format!(".{kept}") }
}

fn offset(seconds: i32, zulu: bool, colon: bool) -> String {
    if zulu && seconds == 0 {
        return "Z".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    let colon = if colon { ":" } else { "" };
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

enum Mistake {
    Form,
    Range(&'static str),
}

struct Fields {
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
    fn time(&self) -> Result<Time, &'static str> {
        if self.day < 1 || time::days_in(self.year, self.month) < self.day {
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

struct Reader<'a> {
    rest: &'a str,
    fields: Fields,
}

impl Reader<'_> {
    fn read(&mut self, element: Element, layout_tail: &str) -> Result<(), Mistake> {
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
                let padded = if element == Element::SecondPadded { 2 } else { 1 };
                self.fields.second = self.in_range(padded, "second", 0, 59)?;
                // A fraction may follow even if the layout does not say so.
                let expected = matches!(next_element(layout_tail),
                    ("", Some((Element::Fraction(..), _)), _));
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
                let afternoon =
                    names.iter().position(|name| self.rest.starts_with(name)).ok_or(Mistake::Form)?;
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
        let count = self.rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
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
        if (least..=most).contains(&value) { Ok(value) } else { Err(Mistake::Range(what)) }
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
            if self.rest.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name)) {
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
        let text: String = self.rest[1..=digits].chars().chain("000000000".chars()).take(9).collect();
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
        self.fields.offset = i32::try_from(sign * (hours * 3600 + minutes * 60)).unwrap_or_default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_layouts_are_read() {
        for (layout, text, printed) in [
            (COMMON[0], "2024-02-29", "2024-02-29 00:00:00 +0000 UTC"),
            (COMMON[2], "2024-02-29 01:02:03.25", "2024-02-29 01:02:03.25 +0000 UTC"),
            (COMMON[3], "2024-02-29T01:02:03+02:00", "2024-02-29 01:02:03 +0200 +0200"),
            (COMMON[4], "02 Jan 06 15:04 MST", "2006-01-02 15:04:00 +0000 UTC"),
            (COMMON[6], "Mon, 02 Jan 2006 15:04:05 UTC", "2006-01-02 15:04:05 +0000 UTC"),
            ("3:04 PM", "3:04 PM", "0000-01-01 15:04:00 +0000 UTC"),
        ] {
            let time = parse(layout, text).expect(text);
            assert_eq!(time.to_go_string(), printed);
        }
    }

    #[test]
    fn mistakes_are_told_as_in_go() {
        let message = "parsing time \"x\" as \"2006-01-02\": cannot parse \"x\" as \"2006\"";
        assert_eq!(parse(COMMON[0], "x"), Err(message.to_owned()));
        let message = "parsing time \"2023-02-29\": day out of range";
        assert_eq!(parse(COMMON[0], "2023-02-29"), Err(message.to_owned()));
        let message = "parsing time \"2023-02-28 1\" as \"2006-01-02\": extra text: \" 1\"";
        assert_eq!(parse(COMMON[0], "2023-02-28 1"), Err(message.to_owned()));
    }

    #[test]
    fn times_are_printed_by_layout() {
        let time = parse(COMMON[3], "2024-02-29T15:02:03.04Z").expect("valid");
        assert_eq!(format(time, "Monday, Jan _2 3:04PM .000 Z07:00"), "Thursday, Feb 29 3:02PM .040 Z");
    }
}
