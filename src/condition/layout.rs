//! Go's time layouts: a text is written the way one particular time would be
//! (`Mon Jan 2 15:04:05 MST 2006`).
//!
//! Follows `time.Format` and `time.Parse`. Simplification: a zone abbreviation is read and ignored
//! unless it is UTC.

mod reader;

use super::time::{self, Civil, Time, quote};
use reader::{Fields, Mistake, Reader};

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
    let mut reader = Reader {
        rest: text,
        fields: Fields::default(),
    };
    let mut rest = layout;
    while !rest.is_empty() {
        let (literal, element, tail) = next_element(rest);
        let before = reader.rest;
        let cannot = |what: &str, element: &str| {
            format!(
                "{}cannot parse {} as {}",
                place(),
                quote(what),
                quote(element)
            )
        };
        reader.rest = reader
            .rest
            .strip_prefix(literal)
            .ok_or_else(|| cannot(before, literal))?;
        let Some((element, name)) = element else {
            break;
        };
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
    reader
        .fields
        .time()
        .map_err(|what| format!("parsing time {}: {what} out of range", quote(text)))
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
        return (
            &layout[..at],
            Some((element, &rest[..length])),
            &rest[length..],
        );
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
    let kept = if padded {
        kept
    } else {
        kept.trim_end_matches('0')
    };
    if kept.is_empty() {
        String::new()
    } else {
        format!(".{kept}")
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_layouts_are_read() {
        for (layout, text, printed) in [
            (COMMON[0], "2024-02-29", "2024-02-29 00:00:00 +0000 UTC"),
            (
                COMMON[2],
                "2024-02-29 01:02:03.25",
                "2024-02-29 01:02:03.25 +0000 UTC",
            ),
            (
                COMMON[3],
                "2024-02-29T01:02:03+02:00",
                "2024-02-29 01:02:03 +0200 +0200",
            ),
            (
                COMMON[4],
                "02 Jan 06 15:04 MST",
                "2006-01-02 15:04:00 +0000 UTC",
            ),
            (
                COMMON[6],
                "Mon, 02 Jan 2006 15:04:05 UTC",
                "2006-01-02 15:04:05 +0000 UTC",
            ),
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
        assert_eq!(
            format(time, "Monday, Jan _2 3:04PM .000 Z07:00"),
            "Thursday, Feb 29 3:02PM .040 Z"
        );
    }
}
