//! Where the fields of a type belong.
//!
//! Knows the fields of a type and of everything in it, asked from the type itself through serde.
//! Refuses to know what they mean. Simplifies: what comes after a part that refuses samples (an
//! empty text, zero) stays unknown, and a type inside itself is asked once.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

/// A field and the keys on the way to the struct that has it; lists do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) parent: Vec<&'static str>,
    pub(crate) field: &'static str,
}

/// All fields of a type, parents first.
pub(crate) fn placements<T: DeserializeOwned>() -> Vec<Placement> {
    let mut survey = Survey::default();
    // A refused sample ends the survey; what is known by then is good enough for advice.
    let _ = T::deserialize(Sample(&mut survey));
    survey.found
}

#[derive(Default)]
struct Survey {
    found: Vec<Placement>,
    path: Vec<&'static str>,
    /// Structs that are being asked.
    open: Vec<&'static str>,
}

/// A value that becomes whatever a type asks for.
struct Sample<'a>(&'a mut Survey);

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the sample was refused")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Refused
    }
}

impl<'de> Deserializer<'de> for Sample<'_> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_i64(0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_bool(false)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_str("")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_str("")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_seq(One(Some(self.0)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_map(Fields {
            survey: self.0,
            left: ["*"].iter(),
            field: None,
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let survey = self.0;
        let is_inside_itself = survey.open.contains(&name);
        let parent = &survey.path;
        let found = fields.iter().map(|field| Placement {
            parent: parent.clone(),
            field,
        });
        survey.found.extend(found);
        survey.open.push(name);
        let fields = if is_inside_itself { &[] } else { fields };
        let result = visitor.visit_map(Fields {
            survey,
            left: fields.iter(),
            field: None,
        });
        survey.open.pop();
        result
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct enum identifier ignored_any
    }
}

struct One<'a>(Option<&'a mut Survey>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refused> {
        let survey = self.0.take();
        survey
            .map(|survey| seed.deserialize(Sample(survey)))
            .transpose()
    }
}

struct Fields<'a> {
    survey: &'a mut Survey,
    left: std::slice::Iter<'a, &'static str>,
    field: Option<&'static str>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refused> {
        self.field = self.left.next().copied();
        let key = self
            .field
            .map(|field| seed.deserialize(field.into_deserializer()));
        key.transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        self.survey.path.extend(self.field);
        let result = seed.deserialize(Sample(self.survey));
        self.survey.path.pop();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{AnalysisTemplate, Experiment, Rollout};

    fn paths<T: DeserializeOwned>() -> Vec<String> {
        let path =
            |placement: Placement| [placement.parent, vec![placement.field]].concat().join(".");
        placements::<T>().into_iter().map(path).collect()
    }

    #[test]
    fn the_fields_of_argos_objects_are_known_to_the_last() {
        let rollout = paths::<Rollout>();
        for path in [
            "spec.strategy.canary.replicaProgressThreshold",
            "spec.strategy.canary.steps.setHeaderRoute.match.headerValue.regex",
            "spec.strategy.blueGreen.prePromotionAnalysis.args.valueFrom",
            "spec.analysis.unsuccessfulRunHistoryLimit",
            "status",
        ] {
            assert!(rollout.iter().any(|known| known == path), "{path}");
        }
        assert!(paths::<AnalysisTemplate>().contains(&"spec.templates.clusterScope".to_owned()));
        assert!(paths::<Experiment>().contains(&"spec.templates.template.spec".to_owned()));
    }
}
