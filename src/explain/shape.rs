//! The shape of the types of [`crate::spec`], as serde reads them: which fields there are, and what they hold.
//!
//! Knows how to have a type read an imaginary document that has everything once, and to write down what it asks for. So
//! the fields and types that are explained are those that are read, by construction. Refuses to know what they mean.
//! Simplifies numbers: all integers are alike. Types must not contain themselves.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// What a type reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Boolean,
    Integer,
    Number,
    Text,
    /// Kubernetes' `IntOrString`.
    IntOrText,
    /// Anything; kept as it is.
    Anything,
    List(Box<Shape>),
    Map(Box<Shape>),
    /// The name of the Rust type and its fields, in order.
    Object(&'static str, Vec<(&'static str, Shape)>),
}

impl Shape {
    /// The type as `kubectl explain` writes it.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Boolean => "boolean".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Text => "string".to_owned(),
            Self::IntOrText => "int-or-string".to_owned(),
            Self::Anything => "any".to_owned(),
            Self::List(item) => format!("[]{}", item.kind()),
            Self::Map(value) => format!("map[string]{}", value.kind()),
            Self::Object(..) => "object".to_owned(),
        }
    }

    /// The object that it is, or that its items are.
    pub(super) fn object(&self) -> Option<(&'static str, &[(&'static str, Shape)])> {
        match self {
            Self::Object(name, fields) => Some((name, fields)),
            Self::List(item) | Self::Map(item) => item.object(),
            _ => None,
        }
    }
}

/// The shape of `T`; [`Shape::Anything`] for a type that cannot be probed (tests prove that ours can).
pub(super) fn of<T: DeserializeOwned>() -> Shape {
    let mut found = Shape::Anything;
    match T::deserialize(Probe { found: &mut found }) {
        Ok(_) => found,
        Err(_) => Shape::Anything,
    }
}

/// A document in which everything is there; notes in `found` what is asked of it.
struct Probe<'a> {
    found: &'a mut Shape,
}

/// What a visitor expects, in its own words.
struct Expected<'v, V>(&'v V);

impl<'de, V: Visitor<'de>> fmt::Display for Expected<'_, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }
}

/// All integers are 0.
macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            *self.found = Shape::Integer;
            visitor.visit_u64(0)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = de::value::Error;

    /// Only types that take several sorts of value ask this; what they expect tells them apart.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let takes_number_or_text = Expected(&visitor)
            .to_string()
            .contains("number or a string");
        *self.found = if takes_number_or_text {
            Shape::IntOrText
        } else {
            Shape::Anything
        };
        visitor.visit_str("")
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        *self.found = Shape::Boolean;
        visitor.visit_bool(false)
    }

    integers! { deserialize_i32 deserialize_i64 deserialize_u16 deserialize_u32 deserialize_u64 }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        *self.found = Shape::Number;
        visitor.visit_f64(0.0)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        *self.found = Shape::Text;
        visitor.visit_str("")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let mut item = Shape::Anything;
        let value = visitor.visit_seq(OneItem(Some(&mut item)))?;
        *self.found = Shape::List(Box::new(item));
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let mut shapes = vec![("", Shape::Anything)];
        let value = visitor.visit_map(Entries::of(&mut shapes))?;
        let (_, entry) = shapes.remove(0);
        *self.found = Shape::Map(Box::new(entry));
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let mut shapes: Vec<_> = fields
            .iter()
            .map(|field| (*field, Shape::Anything))
            .collect();
        let value = visitor.visit_map(Entries::of(&mut shapes))?;
        *self.found = Shape::Object(name, shapes);
        Ok(value)
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier
        ignored_any
    }
}

/// A list with one item.
struct OneItem<'a>(Option<&'a mut Shape>);

impl<'de> de::SeqAccess<'de> for OneItem<'_> {
    type Error = de::value::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        let item = self.0.take();
        item.map(|found| seed.deserialize(Probe { found }))
            .transpose()
    }
}

/// An object with every field once.
struct Entries<'a> {
    rest: std::slice::IterMut<'a, (&'static str, Shape)>,
    value: Option<&'a mut Shape>,
}

impl<'a> Entries<'a> {
    fn of(shapes: &'a mut [(&'static str, Shape)]) -> Self {
        Self {
            rest: shapes.iter_mut(),
            value: None,
        }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = de::value::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        let Some((name, shape)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(shape);
        let key: StrDeserializer<'_, Self::Error> = StrDeserializer::new(name);
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        let found = self.value.take();
        let found =
            found.ok_or_else(|| de::Error::custom("a value without a key was asked for"))?;
        seed.deserialize(Probe { found })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::spec::IntOrString;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Sample {
        is_on: Option<bool>,
        r#type: Option<String>,
        amount: Option<IntOrString>,
        opaque: Option<serde_json::Value>,
        inner: Option<Vec<Inner>>,
        table: Option<BTreeMap<String, Inner>>,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Inner {
        seconds: u32,
        share: f64,
    }

    #[test]
    fn fields_and_types_are_those_that_serde_reads() {
        let inner = Shape::Object(
            "Inner",
            vec![("seconds", Shape::Integer), ("share", Shape::Number)],
        );
        let fields = vec![
            ("isOn", Shape::Boolean),
            ("type", Shape::Text),
            ("amount", Shape::IntOrText),
            ("opaque", Shape::Anything),
            ("inner", Shape::List(Box::new(inner.clone()))),
            ("table", Shape::Map(Box::new(inner))),
        ];
        assert_eq!(of::<Sample>(), Shape::Object("Sample", fields));
        assert_eq!(of::<Vec<Sample>>().kind(), "[]object");
        assert_eq!(
            of::<BTreeMap<String, Vec<String>>>().kind(),
            "map[string][]string"
        );
    }
}
