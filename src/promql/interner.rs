//! Label sets as numbers, within one scratch.
//!
//! Knows how label sets derive from each other: without names, with some labels only, with one more. Each set exists
//! once, so that equal sets have equal numbers and grouping is a table look-up. Refuses to know why sets are derived.

use std::collections::HashMap;
use std::sync::Arc;

use super::labels::Labels;

/// A string of this scratch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Symbol(pub(super) u32);

/// A label set of this scratch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SetId(u32);

impl Symbol {
    pub(super) const EMPTY: Self = Self(0);
    pub(super) const NAME: Self = Self(1);
    pub(super) const BUCKET: Self = Self(4);
    /// The strings that every interner knows, in the order of their symbols. A name is dropped together with the type
    /// and the unit (`schema/labels.go: IsMetadataLabel`).
    pub(super) const KNOWN: [&'static str; 5] = ["", "__name__", "__type__", "__unit__", "le"];

    const fn belongs_to_the_name(self) -> bool {
        1 <= self.0 && self.0 <= 3
    }
}

impl SetId {
    /// No labels at all.
    pub(super) const EMPTY: Self = Self(0);
    /// No set; for tables.
    const NONE: Self = Self(u32::MAX);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

type Pair = (Symbol, Symbol);

/// All strings and label sets of a scratch.
#[derive(Debug)]
pub(super) struct Interner {
    texts: Vec<Arc<str>>,
    symbols: HashMap<Arc<str>, Symbol>,
    sets: Vec<Box<[Pair]>>,
    ids: HashMap<Box<[Pair]>, SetId>,
    /// For each set the same without its name, once somebody asked.
    nameless: Vec<SetId>,
    /// The set that is being built.
    draft: Vec<Pair>,
}

/// What a node of a plan found out about label sets: for each the set derived from it, once somebody asked.
#[derive(Debug, Default)]
pub(super) struct Memo(Vec<SetId>);

impl Memo {
    /// The set derived from `set`, by `derive` when it is asked for the first time.
    #[inline]
    pub(super) fn get(
        &mut self,
        set: SetId,
        interner: &mut Interner,
        derive: impl FnOnce(&mut Interner, SetId) -> SetId,
    ) -> SetId {
        match self.0.get(set.index()) {
            Some(&known) if known != SetId::NONE => known,
            _ => {
                let derived = derive(interner, set);
                if self.0.len() <= set.index() {
                    self.0.resize(set.index() + 1, SetId::NONE);
                }
                self.0[set.index()] = derived;
                derived
            }
        }
    }
}

impl Interner {
    /// An interner whose first symbols are those of `texts`, which begin with [`Symbol::KNOWN`].
    pub(super) fn new(texts: &[Arc<str>]) -> Self {
        let mut interner = Self {
            texts: Vec::new(),
            symbols: HashMap::new(),
            sets: Vec::new(),
            ids: HashMap::new(),
            nameless: Vec::new(),
            draft: Vec::new(),
        };
        for text in texts {
            interner.push(text.clone());
        }
        interner.finish_draft();
        interner
    }

    /// How many sets there are.
    pub(super) fn set_count(&self) -> usize {
        self.sets.len()
    }

    pub(super) fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol.0 as usize]
    }

    pub(super) fn symbol(&mut self, text: &str) -> Symbol {
        match self.symbols.get(text) {
            Some(&symbol) => symbol,
            None => self.push(text.into()),
        }
    }

    fn push(&mut self, text: Arc<str>) -> Symbol {
        let symbol = Symbol(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(text.clone());
        *self.symbols.entry(text).or_insert(symbol)
    }

    /// The set of a series of a store.
    pub(super) fn labels(&mut self, labels: &Labels) -> SetId {
        self.draft.clear();
        for (name, value) in labels.iter() {
            let pair = (self.symbol(name), self.symbol(value));
            self.draft.push(pair);
        }
        self.finish_draft()
    }

    /// Names and values of a set, sorted by name.
    pub(super) fn pairs(&self, set: SetId) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.sets[set.index()]
            .iter()
            .map(|(name, value)| (self.text(*name), self.text(*value)))
    }

    /// The value of a label; the empty symbol if there is none.
    pub(super) fn value(&self, set: SetId, name: Symbol) -> Symbol {
        self.sets[set.index()]
            .iter()
            .find(|(own, _)| *own == name)
            .map_or(Symbol::EMPTY, |(_, value)| *value)
    }

    /// The set without name, type and unit.
    #[inline]
    pub(super) fn nameless(&mut self, set: SetId) -> SetId {
        match self.nameless[set.index()] {
            SetId::NONE => {
                let derived = self.retain(set, |name| !name.belongs_to_the_name());
                self.nameless[set.index()] = derived;
                derived
            }
            known => known,
        }
    }

    /// The set with the labels for which `keep` says so.
    pub(super) fn retain(&mut self, set: SetId, keep: impl Fn(Symbol) -> bool) -> SetId {
        self.draft.clear();
        let pairs = self.sets[set.index()].iter();
        self.draft.extend(pairs.filter(|(name, _)| keep(*name)));
        self.finish_draft()
    }

    /// The set with `name` set to `value`, or without it if `value` is empty.
    pub(super) fn with(&mut self, set: SetId, name: Symbol, value: Symbol) -> SetId {
        self.draft.clear();
        let pairs = self.sets[set.index()].iter();
        self.draft.extend(pairs.filter(|(own, _)| *own != name));
        if value != Symbol::EMPTY {
            let texts = &self.texts;
            let place = self
                .draft
                .partition_point(|(own, _)| texts[own.0 as usize] < texts[name.0 as usize]);
            self.draft.insert(place, (name, value));
        }
        self.finish_draft()
    }

    fn finish_draft(&mut self) -> SetId {
        if let Some(&known) = self.ids.get(&*self.draft) {
            return known;
        }
        let id = SetId(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        let set: Box<[Pair]> = self.draft.as_slice().into();
        self.sets.push(set.clone());
        self.nameless.push(SetId::NONE);
        self.ids.insert(set, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interner() -> Interner {
        Interner::new(&Symbol::KNOWN.map(Arc::from))
    }

    #[test]
    fn equal_sets_have_equal_numbers() {
        let mut interner = interner();
        let up = interner.labels(&Labels::new([("__name__", "up"), ("job", "a")]));
        let job = interner.symbol("job");
        let name = interner.symbol("up");
        let a = interner.symbol("a");
        assert_eq!(Symbol::NAME, interner.symbol("__name__"));
        let built = interner.with(SetId::EMPTY, job, a);
        assert_eq!(interner.nameless(up), built);
        assert_eq!(interner.with(built, Symbol::NAME, name), up);
        assert_eq!(interner.with(built, job, Symbol::EMPTY), SetId::EMPTY);
        assert_eq!(interner.value(up, job), a);
        assert_eq!(interner.value(built, Symbol::NAME), Symbol::EMPTY);
    }

    #[test]
    fn the_type_and_the_unit_go_with_the_name() {
        let mut interner = interner();
        let set = interner.labels(&Labels::new([("__name__", "up"), ("__unit__", "s")]));
        assert_eq!(interner.nameless(set), SetId::EMPTY);
    }
}
