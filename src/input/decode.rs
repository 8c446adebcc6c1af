//! From trees to types, through serde.
//!
//! Knows which fields and values a type asks for, and collects everything in a document that does
//! not fit: unknown fields in passing; after a value of the wrong type it starts again without
//! that value. Refuses to convert: `"20"` is no number and `20` is no text, as in Kubernetes.
//! Simplifies: at most [`FAULTS_MAX`] wrong values of one document are reported.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::blank::Blank;
use super::tree::{Content, Entry, NodeId, Text, Tree};
use crate::diagnostic::{Path, Segment};
use crate::scenario::written::UNIONS;

/// Most wrong values reported of one document.
pub const FAULTS_MAX: usize = 20;

/// What came out of a document.
pub(crate) struct Decoded<T> {
    /// The value without what did not fit; `None` when nothing sensible is left.
    pub(crate) value: Option<T>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) unknown: Vec<Unknown>,
    /// Values that were reported before, when the tree was built.
    pub(crate) broken: Vec<Path>,
}

/// A value that does not fit.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) node: NodeId,
    pub(crate) path: Path,
    pub(crate) misfit: Misfit,
}

/// Why a value does not fit.
#[derive(Clone, Debug)]
pub(crate) enum Misfit {
    /// Another type is expected; for a mapping with these fields.
    Type {
        expected: String,
        fields: &'static [&'static str],
    },
    /// The type is right, the value is not.
    Value {
        expected: String,
    },
    Missing {
        field: &'static str,
    },
    Variant {
        variants: &'static [&'static str],
    },
    Other {
        message: String,
    },
}

/// A field that its struct does not know.
#[derive(Clone, Debug)]
pub(crate) struct Unknown {
    /// The way to the struct.
    pub(crate) parent: Path,
    pub(crate) entry: Entry,
    /// The type's name.
    pub(crate) of: &'static str,
    pub(crate) fields: &'static [&'static str],
}

/// Reads a type from a tree.
pub(crate) fn decode<T: DeserializeOwned>(tree: &Tree, root: NodeId) -> Decoded<T> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut state = State {
        tree,
        path: Vec::new(),
        left_out: Vec::new(),
        unknown: Vec::new(),
        broken: Vec::new(),
    };
    loop {
        state.path.clear();
        state.unknown.clear();
        state.broken.clear();
        let result = T::deserialize(Reader {
            state: &mut state,
            node: root,
        });
        let value = match result {
            Ok(value) => Some(value),
            Err(error) => {
                let fault = error.fault(root);
                let node = fault.node;
                let goes_on = node != root && !state.left_out.contains(&node);
                faults.push(fault);
                if goes_on && faults.len() < FAULTS_MAX {
                    state.left_out.push(node);
                    continue;
                }
                None
            }
        };
        return Decoded {
            value,
            faults,
            unknown: state.unknown,
            broken: state.broken,
        };
    }
}

struct State<'t> {
    tree: &'t Tree,
    path: Vec<Step>,
    /// Values that did not fit.
    left_out: Vec<NodeId>,
    unknown: Vec<Unknown>,
    broken: Vec<Path>,
}

#[derive(Clone, Copy)]
enum Step {
    Key(Text),
    Index(usize),
}

impl State<'_> {
    fn path(&self) -> Path {
        let segment = |step: &Step| match step {
            Step::Key(key) => Segment::Key(self.tree.text(*key).to_owned()),
            Step::Index(index) => Segment::Index(*index),
        };
        self.path.iter().map(segment).collect()
    }

    /// Whether a value on the way to be read has to be left out.
    fn skips(&mut self, step: Step, node: NodeId) -> bool {
        let is_broken = self.tree.node(node).content == Content::Broken;
        if is_broken {
            self.path.push(step);
            self.broken.push(self.path());
            self.path.pop();
        }
        is_broken || self.left_out.contains(&node)
    }
}

/// An error on its way up; the first reader that it passes gives it its place.
#[derive(Debug)]
pub(crate) struct Error(Box<(Misfit, Option<(NodeId, Path)>)>);

impl Error {
    fn new(misfit: Misfit) -> Self {
        Error(Box::new((misfit, None)))
    }

    fn of_type(expected: impl Into<String>, fields: &'static [&'static str]) -> Self {
        let expected = expected.into();
        Error::new(Misfit::Type { expected, fields })
    }

    fn at(mut self, state: &State<'_>, node: NodeId) -> Self {
        self.0.1.get_or_insert_with(|| (node, state.path()));
        self
    }

    fn fault(self, root: NodeId) -> Fault {
        let (misfit, place) = *self.0;
        let (node, path) = place.unwrap_or((root, Path::root()));
        Fault { node, path, misfit }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.0.0)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<M: fmt::Display>(message: M) -> Self {
        let message = message.to_string();
        Error::new(Misfit::Other { message })
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Error::of_type(expected.to_string(), &[])
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        Error::new(Misfit::Value { expected })
    }

    fn unknown_variant(_: &str, variants: &'static [&'static str]) -> Self {
        Error::new(Misfit::Variant { variants })
    }

    fn missing_field(field: &'static str) -> Self {
        Error::new(Misfit::Missing { field })
    }
}

/// Hands one node to serde.
struct Reader<'a, 't> {
    state: &'a mut State<'t>,
    node: NodeId,
}

impl Reader<'_, '_> {
    fn content(&self) -> Content {
        self.state.tree.node(self.node).content
    }

    fn whole<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        range: std::ops::RangeInclusive<i128>,
    ) -> Result<V::Value, Error> {
        let number = match self.content() {
            Content::Int(number) => i128::from(number),
            Content::Large(number) => i128::from(number),
            _ => return Err(Error::of_type("a whole number", &[]).at(self.state, self.node)),
        };
        if !range.contains(&number) {
            let (least, most) = range.into_inner();
            let expected = format!("a whole number from {least} to {most}");
            return Err(Error::new(Misfit::Value { expected }).at(self.state, self.node));
        }
        let result = match (i64::try_from(number), u64::try_from(number)) {
            (Ok(number), _) => visitor.visit_i64(number),
            (_, Ok(number)) => visitor.visit_u64(number),
            // The content was one of the two.
            _ => Err(Error::of_type("a whole number", &[])),
        };
        result.map_err(|error: Error| error.at(self.state, self.node))
    }

    /// Visits the content as what it is.
    fn visit<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        of: &'static str,
        fields: Option<&'static [&'static str]>,
    ) -> Result<V::Value, Error> {
        let Reader { state, node } = self;
        let tree = state.tree;
        let result = match tree.node(node).content {
            Content::Null | Content::Broken => visitor.visit_unit(),
            Content::Bool(value) => visitor.visit_bool(value),
            Content::Int(number) => visitor.visit_i64(number),
            Content::Large(number) => visitor.visit_u64(number),
            Content::Float(number) => visitor.visit_f64(number),
            Content::Text(text) => visitor.visit_str(tree.text(text)),
            Content::List(_) => visitor.visit_seq(Items {
                state: &mut *state,
                nodes: tree.items(node),
                next: 0,
            }),
            Content::Mapping(_) => visitor.visit_map(Entries {
                state: &mut *state,
                left: tree.entries(node),
                value: None,
                of,
                fields,
            }),
        };
        result.map_err(|error: Error| error.at(state, node))
    }

    /// Visits the content if it is of the kind that is expected.
    fn visit_if<'de, V: Visitor<'de>>(
        self,
        fits: bool,
        expected: &str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if fits {
            self.visit(visitor, "", None)
        } else {
            Err(Error::of_type(expected, &[]).at(self.state, self.node))
        }
    }
}

macro_rules! whole_numbers {
    ($($method:ident $type:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.whole(visitor, i128::from(<$type>::MIN)..=i128::from(<$type>::MAX))
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_, '_> {
    type Error = Error;

    whole_numbers! {
        deserialize_i8 i8, deserialize_i16 i16, deserialize_i32 i32, deserialize_i64 i64,
        deserialize_u8 u8, deserialize_u16 u16, deserialize_u32 u32, deserialize_u64 u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit(visitor, "", None)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let fits = matches!(self.content(), Content::Bool(_));
        self.visit_if(fits, "true or false", visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let content = self.content();
        let fits = matches!(
            content,
            Content::Int(_) | Content::Large(_) | Content::Float(_)
        );
        self.visit_if(fits, "a number", visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let fits = matches!(self.content(), Content::Text(_));
        self.visit_if(fits, "a text", visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.content() {
            Content::Null | Content::Broken => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let fits = matches!(self.content(), Content::List(_));
        self.visit_if(fits, "a list", visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let fits = matches!(self.content(), Content::Mapping(_));
        self.visit_if(fits, "a mapping", visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.content() {
            Content::Mapping(_) => self.visit(visitor, name, Some(fields)),
            _ if UNIONS.contains(&name) => self.visit(visitor, name, Some(fields)),
            _ => Err(Error::of_type("a mapping", fields).at(self.state, self.node)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Reader { state, node } = self;
        let tree = state.tree;
        let result = match tree.as_text(node) {
            Some(text) => {
                let text: StrDeserializer<'_, Error> = text.into_deserializer();
                visitor.visit_enum(text)
            }
            None => Err(Error::of_type(
                format!("one of {}", variants.join(", ")),
                &[],
            )),
        };
        result.map_err(|error: Error| error.at(state, node))
    }

    forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'a, 't> {
    state: &'a mut State<'t>,
    nodes: &'t [NodeId],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some(node) = self.nodes.get(self.next).copied() else {
            return Ok(None);
        };
        let step = Step::Index(self.next);
        self.next += 1;
        if self.state.skips(step, node) {
            return seed.deserialize(Blank).map(Some);
        }
        self.state.child(step, node, seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.nodes.len() - self.next)
    }
}

struct Entries<'a, 't> {
    state: &'a mut State<'t>,
    left: &'t [Entry],
    value: Option<Entry>,
    of: &'static str,
    /// The fields of a struct; `None` for a mapping with any keys.
    fields: Option<&'static [&'static str]>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        while let Some((entry, rest)) = self.left.split_first() {
            self.left = rest;
            let tree = self.state.tree;
            let key = tree.text(entry.key);
            if let Some(fields) = self.fields
                && !fields.contains(&key)
            {
                let unknown = Unknown {
                    parent: self.state.path(),
                    entry: *entry,
                    of: self.of,
                    fields,
                };
                self.state.unknown.push(unknown);
                continue;
            }
            if self.state.skips(Step::Key(entry.key), entry.value) {
                continue;
            }
            self.value = Some(*entry);
            let key: StrDeserializer<'_, Error> = key.into_deserializer();
            return seed.deserialize(key).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let entry = self
            .value
            .take()
            .expect("serde asks for a value after its key only");
        self.state.child(Step::Key(entry.key), entry.value, seed)
    }
}

impl State<'_> {
    fn child<'de, S: DeserializeSeed<'de>>(
        &mut self,
        step: Step,
        node: NodeId,
        seed: S,
    ) -> Result<S::Value, Error> {
        self.path.push(step);
        let result = seed.deserialize(Reader { state: self, node });
        self.path.pop();
        result
    }
}
