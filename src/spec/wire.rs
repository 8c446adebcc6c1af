//! How Go writes our types as JSON: which absent fields it leaves out and which it writes as zero.
//!
//! Field references (`fieldRef`) and error messages of the controllers look at an object as Go's
//! `encoding/json` writes it. A Go field marked `omitempty` disappears when it is zero; without
//! that mark it is written as zero even if the user never wrote it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// A value that Go's `omitempty` may leave out.
pub trait Zero {
    /// Whether `omitempty` leaves the value out.
    fn is_zero(&self) -> bool;
}

impl Zero for bool {
    fn is_zero(&self) -> bool {
        !*self
    }
}

impl Zero for i32 {
    fn is_zero(&self) -> bool {
        *self == 0
    }
}

impl Zero for i64 {
    fn is_zero(&self) -> bool {
        *self == 0
    }
}

impl Zero for String {
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

impl<T> Zero for Vec<T> {
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> Zero for BTreeMap<K, V> {
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// Whether a field is absent or as good as absent.
#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
pub(crate) fn is_zero<T: Zero>(field: &Option<T>) -> bool {
    field.as_ref().is_none_or(Zero::is_zero)
}

/// Writes an absent field as Go's zero value.
#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
pub(crate) fn or_zero<T, S>(field: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Default + Serialize,
    S: Serializer,
{
    match field {
        Some(value) => value.serialize(serializer),
        None => T::default().serialize(serializer),
    }
}
