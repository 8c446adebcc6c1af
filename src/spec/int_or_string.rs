//! Kubernetes' `IntOrString`: a field that takes a number or a text.
//!
//! Knows how Kubernetes reads, writes and interprets it. Refuses to know what the field means.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A number or a text, as written (apimachinery, `util/intstr/intstr.go: IntOrString`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntOrString {
    /// A number without quotes.
    Int(i32),
    /// A text, which may look like a number or a percentage.
    String(String),
}

impl IntOrString {
    /// The number it stands for (`intstr.go: IntValue`): a text is read as Go's `strconv.Atoi`
    /// reads it, a text that is no number counts as 0, and one too large as the nearest 64-bit
    /// number.
    #[must_use]
    pub fn int_value(&self) -> i64 {
        match self {
            IntOrString::Int(number) => i64::from(*number),
            IntOrString::String(text) => atoi(text),
        }
    }

    /// The percentage \[%\] when it is written as one, such as `25%` (apimachinery,
    /// `util/validation/validation.go: IsValidPercent`).
    #[must_use]
    pub fn percent(&self) -> Option<i64> {
        let IntOrString::String(text) = self else {
            return None;
        };
        let digits = text.strip_suffix('%')?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| atoi(digits))
    }
}

impl Default for IntOrString {
    fn default() -> Self {
        IntOrString::Int(0)
    }
}

/// As Go prints it (`intstr.go: String`).
impl fmt::Display for IntOrString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrString::Int(number) => number.fmt(formatter),
            IntOrString::String(text) => formatter.write_str(text),
        }
    }
}

impl Serialize for IntOrString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            IntOrString::Int(number) => serializer.serialize_i32(*number),
            IntOrString::String(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for IntOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntOrStringVisitor)
    }
}

struct IntOrStringVisitor;

impl Visitor<'_> for IntOrStringVisitor {
    type Value = IntOrString;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a 32-bit number or a string")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<IntOrString, E> {
        i32::try_from(number)
            .map(IntOrString::Int)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<IntOrString, E> {
        i32::try_from(number)
            .map(IntOrString::Int)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    /// `2.0` in YAML reaches Kubernetes as the JSON number 2.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "guarded by the range and `fract`"
    )]
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<IntOrString, E> {
        let in_range = f64::from(i32::MIN) <= number && number <= f64::from(i32::MAX);
        if in_range && number.fract() == 0.0 {
            Ok(IntOrString::Int(number as i32))
        } else {
            Err(E::invalid_value(de::Unexpected::Float(number), &self))
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<IntOrString, E> {
        Ok(IntOrString::String(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<IntOrString, E> {
        Ok(IntOrString::String(text))
    }
}

/// Go's `strconv.Atoi` with its error ignored.
fn atoi(text: &str) -> i64 {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    text.parse().unwrap_or(if text.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> IntOrString {
        IntOrString::String(text.to_owned())
    }

    #[test]
    fn a_text_is_read_as_atoi_reads_it() {
        assert_eq!(text("+5").int_value(), 5);
        assert_eq!(text("-5").int_value(), -5);
        for no_number in ["", "x", "1_0", "5%", " 5", "+", "--5", "1.5"] {
            assert_eq!(text(no_number).int_value(), 0, "{no_number}");
        }
        assert_eq!(text("99999999999999999999").int_value(), i64::MAX);
        assert_eq!(text("-99999999999999999999").int_value(), i64::MIN);
    }

    #[test]
    fn a_percentage_has_digits_and_a_sign_at_the_end() {
        assert_eq!(text("25%").percent(), Some(25));
        for no_percentage in ["25", "%", "-5%", "2.5%", "5 %"] {
            assert_eq!(text(no_percentage).percent(), None, "{no_percentage}");
        }
        assert_eq!(IntOrString::Int(25).percent(), None);
    }

    #[test]
    fn yaml_keeps_numbers_and_texts_apart() {
        let read = |yaml: &str| serde_yaml::from_str::<IntOrString>(yaml);
        assert_eq!(read("5").expect("a number"), IntOrString::Int(5));
        assert_eq!(read("2.0").expect("a number"), IntOrString::Int(2));
        assert_eq!(read("'5'").expect("a text"), text("5"));
        assert_eq!(read("25%").expect("a text"), text("25%"));
        for refused in ["2.5", "3000000000", "true", "[1]", "{a: 1}"] {
            let error = read(refused).expect_err(refused).to_string();
            assert!(
                error.contains("expected a 32-bit number or a string"),
                "{error}"
            );
        }
    }
}
