//! Values that are written as a number, as a text or as a mapping.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

/// What stands there.
pub(super) enum Either<F> {
    Number(f64),
    Text(String),
    Fields(F),
}

/// How a value is asked for.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// The name of its type, one of [`super::UNIONS`].
    pub(super) name: &'static str,
    /// The names of the fields of the mapping.
    pub(super) fields: &'static [&'static str],
    /// What is expected, in words.
    pub(super) expecting: &'static str,
}

/// Reads whatever of the three is there.
pub(super) fn read<'de, D: Deserializer<'de>, F: Deserialize<'de>>(
    deserializer: D,
    form: Form,
) -> Result<Either<F>, D::Error> {
    let visitor = EitherVisitor {
        expecting: form.expecting,
        fields: PhantomData,
    };
    deserializer.deserialize_struct(form.name, form.fields, visitor)
}

struct EitherVisitor<F> {
    expecting: &'static str,
    fields: PhantomData<F>,
}

impl<'de, F: Deserialize<'de>> Visitor<'de> for EitherVisitor<F> {
    type Value = Either<F>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expecting)
    }

    #[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53")]
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Either<F>, E> {
        Ok(Either::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53")]
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Either<F>, E> {
        Ok(Either::Number(number as f64))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Either<F>, E> {
        Ok(Either::Number(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Either<F>, E> {
        Ok(Either::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Either<F>, A::Error> {
        F::deserialize(MapAccessDeserializer::new(map)).map(Either::Fields)
    }
}
