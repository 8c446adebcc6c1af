//! Bytes of a file as text.
//!
//! Knows UTF-8, UTF-16 with a byte order mark (as PowerShell writes it), and what is no text at
//! all. Refuses to know what the text says.

use crate::diagnostic::Span;
use crate::diagnostic::wording::count;

/// Largest source that is read: 64 MiB.
pub const SOURCE_SIZE_MAX: usize = 64 << 20;

/// Why bytes are no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) id: &'static str,
    pub(crate) message: String,
    pub(crate) help: &'static str,
    /// The place in [`Unreadable::shown`].
    pub(crate) span: Option<Span>,
    /// As much of the text as can be shown.
    pub(crate) shown: String,
}

/// The answer to a source that takes all of them together above the limit.
pub(crate) fn too_much() -> Unreadable {
    Unreadable {
        id: "too-large",
        message: "all sources together have more than the limit of 1 GiB".to_owned(),
        help: "leave out what belongs to no release",
        span: None,
        shown: String::new(),
    }
}

/// The text without its byte order mark.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, Unreadable> {
    if SOURCE_SIZE_MAX < bytes.len() {
        let mebibytes = bytes.len().div_ceil(1 << 20);
        return Err(Unreadable {
            id: "too-large",
            message: format!("the source has {mebibytes} MiB, more than the limit of 64 MiB"),
            help: "split it, or leave out what belongs to no release",
            span: None,
            shown: String::new(),
        });
    }
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => return decode_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return decode_utf16(rest, u16::from_be_bytes),
        _ => {}
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(binary(&bytes, at));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[at];
        let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let length = lossy.len();
        let shown = without_mark(lossy);
        let start = at.saturating_sub(length - shown.len());
        Unreadable {
            id: "not-utf8",
            message: format!("the source is not UTF-8: byte 0x{byte:02x} begins no character here"),
            help: "save the file in the encoding UTF-8",
            span: Some(Span::new(start, start + '\u{fffd}'.len_utf8())),
            shown,
        }
    })?;
    Ok(without_mark(text))
}

fn without_mark(text: String) -> String {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Unreadable> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let mut text = String::with_capacity(bytes.len() / 2);
    for decoded in char::decode_utf16(units) {
        match decoded {
            Ok('\0') => return Err(binary(text.as_bytes(), text.len())),
            Ok(c) => text.push(c),
            Err(_) => return Err(broken_utf16(text)),
        }
    }
    if rest.is_empty() {
        Ok(text)
    } else {
        Err(broken_utf16(text))
    }
}

fn broken_utf16(mut shown: String) -> Unreadable {
    let at = shown.len();
    shown.push('\u{fffd}');
    Unreadable {
        id: "not-utf16",
        message: "the source begins as UTF-16 but does not go on as such".to_owned(),
        help: "save the file in the encoding UTF-8",
        span: Some(Span::new(at, shown.len())),
        shown,
    }
}

/// The answer to a NUL byte, which no text has.
fn binary(bytes: &[u8], at: usize) -> Unreadable {
    // Latin letters in UTF-16 without a mark have a NUL in every second byte.
    let every_second = |offset: usize| {
        let bytes = bytes.iter().skip(offset).step_by(2).take(20);
        bytes.len() == 20 && bytes.clone().all(|byte| *byte == 0)
    };
    let help = if every_second(0) || every_second(1) {
        "this looks like UTF-16 without a byte order mark: save the file in the encoding UTF-8"
    } else {
        "give YAML or JSON, not an archive or a program"
    };
    let before = String::from_utf8_lossy(&bytes[..at]);
    let line = before.matches('\n').count() + 1;
    let skipped = count(at, "byte");
    Unreadable {
        id: "binary-file",
        message: format!("the source is binary: a NUL byte on line {line}, after {skipped}"),
        help,
        span: None,
        shown: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(decode("\u{feff}a: ü".into()), Ok("a: ü".to_owned()));
        assert_eq!(
            decode(utf16("\u{feff}a: ü", u16::to_le_bytes)),
            Ok("a: ü".to_owned())
        );
        assert_eq!(
            decode(utf16("\u{feff}a: 😀", u16::to_be_bytes)),
            Ok("a: 😀".to_owned())
        );
    }

    #[test]
    fn what_is_no_text_is_named_with_its_place() {
        let error = |bytes: &[u8]| decode(bytes.to_vec()).expect_err("no text");
        let latin1 = error(b"a: 1\nb: \xfc\n");
        assert_eq!(
            (latin1.id, latin1.span),
            ("not-utf8", Some(Span::new(8, 11)))
        );
        assert!(latin1.message.contains("0xfc"));
        let marked = error(b"\xef\xbb\xbfb: \xfc\n");
        assert_eq!(marked.span, Some(Span::new(3, 6)));
        assert_eq!(error(b"\x7fELF\0\0").id, "binary-file");
        assert_eq!(
            error(&utf16(
                "a: 1\nb: 2, and so on and on and on",
                u16::to_le_bytes
            ))
            .help
            .split(' ')
            .nth(3),
            Some("UTF-16")
        );
        assert_eq!(error(b"\xff\xfea").id, "not-utf16");
        assert_eq!(error(b"\xff\xfe\x00\xd8a\0").id, "not-utf16");
    }
}
