//! Memory that is kept for later, and holds nothing that anybody could see.

/// A value that is no part of what it belongs to: a copy begins without it, and no comparison looks at it.
#[derive(Debug, Default)]
pub(super) struct Spare<T>(pub(super) T);

impl<T: Default> Clone for Spare<T> {
    fn clone(&self) -> Self {
        Self::default()
    }

    fn clone_from(&mut self, _: &Self) {}
}

impl<T> PartialEq for Spare<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
