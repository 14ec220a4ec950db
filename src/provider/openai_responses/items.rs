//! The output items of a response: which one is being said, what of it was, and what a later event may add.
//!
//! An item is told by its deltas, by `output_text.done`, by `output_item.done`, and once more in the terminal event.
//! Servers leave any of these out. Only what is missing at the end of what was said is taken.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::provider::call::{Kind, Loose, Told, pieces};

/// What stands between two items.
const BREAK: &str = "\n\n";

/// Which item a record is of, if it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    index: Option<u64>,
    /// A fingerprint of its identifier.
    id: Option<u64>,
    /// Which part of it.
    part: Option<u64>,
}

impl Key {
    pub(super) fn new(index: Option<u64>, id: Option<&str>) -> Self {
        let fingerprint = |id: &str| {
            let mut hasher = DefaultHasher::new();
            id.hash(&mut hasher);
            hasher.finish()
        };
        Self {
            index,
            id: id.filter(|id| !id.is_empty()).map(fingerprint),
            part: None,
        }
    }

    pub(super) fn part(self, part: Option<u64>) -> Self {
        Self { part, ..self }
    }

    /// The same of a record in which both may be anything.
    pub(super) fn of(record: Loose<'_>) -> Self {
        let number = |field| u64::try_from(record.get(field)?.number()?).ok();
        let id = record.get("item_id").and_then(Loose::word);
        Self::new(number("output_index"), id.as_deref()).part(number("content_index"))
    }

    /// Whether both are of one item, as far as they say.
    fn is_same(self, other: Self) -> bool {
        match (self.index, other.index) {
            (Some(index), Some(other)) => index == other,
            _ => self.id.is_none() || other.id.is_none() || self.id == other.id,
        }
    }
}

/// Whether a number is larger than another, if both are known.
fn is_later(new: Option<u64>, said: Option<u64>) -> bool {
    matches!((new, said), (Some(new), Some(said)) if new > said)
}

/// The items as far as they were said.
#[derive(Debug, Default)]
pub(super) struct Items {
    key: Key,
    /// The part that is being said, and the item that it is of.
    part: Told,
    item: Told,
    /// All items, without what stands between them.
    all: Told,
    /// A new item was announced.
    is_announced: bool,
    ends_with_break: bool,
}

impl Items {
    /// An item of text begins.
    pub(super) fn announce(&mut self) {
        self.is_announced = !self.item.is_empty();
    }

    fn is_new(&self, key: Key) -> bool {
        self.is_announced || !self.key.is_same(key)
    }

    /// Text of this item comes. Answers what stands before it.
    pub(super) fn add(&mut self, key: Key, text: &[u8]) -> &'static str {
        if text.is_empty() {
            return "";
        }
        let is_new = self.is_new(key);
        let is_apart = is_new && !self.item.is_empty() && !self.ends_with_break;
        if is_new {
            self.item = Told::default();
        }
        if is_new || is_later(key.part, self.key.part) {
            self.part = Told::default();
        }
        self.key = Key {
            index: key.index.or(self.key.index.filter(|_| !is_new)),
            id: key.id.or(self.key.id.filter(|_| !is_new)),
            part: key.part.or(self.key.part.filter(|_| !is_new)),
        };
        self.is_announced = false;
        for told in [&mut self.part, &mut self.item, &mut self.all] {
            told.add(text);
        }
        self.ends_with_break = text.ends_with(BREAK.as_bytes());
        if is_apart { BREAK } else { "" }
    }

    /// What of the whole text of an item was not said.
    pub(super) fn missing<'a>(&self, key: Key, whole: &'a [u8]) -> &'a [u8] {
        let is_other = is_later(key.index, self.key.index) || (self.is_announced && key.index.is_none());
        // An item may be numbered otherwise than its deltas were.
        let missing = self.item.missing(whole);
        missing.unwrap_or(if is_other { whole } else { &[] })
    }

    /// The same of a part of an item.
    pub(super) fn missing_of_part<'a>(&self, key: Key, whole: &'a [u8]) -> &'a [u8] {
        let is_same = self.key.is_same(key) && !self.is_announced;
        if is_same && is_later(key.part, self.key.part) {
            return whole;
        }
        match self.part.missing(whole) {
            Some(missing) => missing,
            None => self.missing(key, whole),
        }
    }

    /// What of all items was not said.
    pub(super) fn missing_of_all(&self, texts: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let whole = texts.concat();
        if self.all.begins(&whole) {
            let mut skip = self.all.len();
            let rest = texts.iter().map(|text| {
                let skipped = skip.min(text.len());
                skip -= skipped;
                text[skipped..].to_vec()
            });
            return rest.collect();
        }
        // Some servers list only the last one.
        let last = texts.last().and_then(|text| self.item.missing(text));
        last.map(<[u8]>::to_vec).into_iter().collect()
    }
}

/// The text of an item that is a message; `None` of any other.
pub(super) fn text_of(item: Loose<'_>) -> Option<Vec<u8>> {
    let kind = item.get("type").and_then(Loose::word);
    if kind.is_some_and(|kind| kind != "message") {
        return None;
    }
    let pieces = pieces(item.get("content")?, Kind::Text)?;
    let text = pieces.into_iter().filter(|piece| piece.kind == Kind::Text);
    Some(text.flat_map(|piece| piece.bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: u64) -> Key {
        Key::new(Some(index), None)
    }

    #[test]
    fn items_are_apart_and_pieces_of_one_are_not() {
        let mut items = Items::default();
        assert_eq!(items.add(key(0), b"a"), "");
        assert_eq!(items.add(key(0), b"b"), "");
        assert_eq!(items.add(key(1), b"c"), BREAK);
        assert_eq!(items.add(Key::default(), b"d\n\n"), "");
        assert_eq!(items.add(key(2), b"e"), "");
        items.announce();
        assert_eq!(items.add(Key::default(), b"f"), BREAK);
        let mut named = Items::default();
        assert_eq!(named.add(Key::new(None, Some("x")), b"a"), "");
        assert_eq!(named.add(Key::new(None, Some("x")), b"b"), "");
        assert_eq!(named.add(Key::new(None, Some("y")), b"c"), BREAK);
    }

    #[test]
    fn only_what_is_missing_at_the_end_is_added() {
        let mut items = Items::default();
        assert_eq!(items.missing(key(3), b"all"), b"all");
        items.add(key(1), b"The sky ");
        assert_eq!(items.missing(key(1), b"The sky is blue."), b"is blue.");
        assert_eq!(items.missing(Key::default(), b"The sky is blue."), b"is blue.");
        assert_eq!(items.missing(key(1), b"The sea."), b"");
        assert_eq!(items.missing(key(0), b"The sea."), b"");
        assert_eq!(items.missing(key(2), b"The sea."), b"The sea.");
        items.announce();
        assert_eq!(items.missing(Key::default(), b"The sea."), b"The sea.");
    }

    #[test]
    fn parts_of_an_item_are_not_apart_and_each_is_completed() {
        let part = |part| key(0).part(Some(part));
        let mut items = Items::default();
        items.add(part(0), b"The ");
        assert_eq!(items.missing_of_part(part(0), b"The sky "), b"sky ");
        items.add(part(0), b"sky ");
        assert_eq!(items.add(part(1), b"is"), "");
        assert_eq!(items.missing_of_part(part(1), b"is blue."), b" blue.");
        assert_eq!(items.missing_of_part(part(0), b"The sky "), b"");
        assert_eq!(items.missing_of_part(part(2), b" Really."), b" Really.");
        assert_eq!(items.missing(key(0), b"The sky is blue."), b" blue.");
    }

    #[test]
    fn the_terminal_event_adds_what_no_other_event_has_said() {
        let texts = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.as_bytes().to_vec())
                .collect::<Vec<_>>()
        };
        let mut items = Items::default();
        assert_eq!(items.missing_of_all(&texts(&["a", "b"])), texts(&["a", "b"]));
        items.add(key(0), b"Look.");
        items.add(key(1), b"Blue");
        assert_eq!(
            items.missing_of_all(&texts(&["Look.", "Blue."])),
            texts(&["", "."])
        );
        assert_eq!(items.missing_of_all(&texts(&["Blue."])), texts(&["."]));
        assert_eq!(items.missing_of_all(&texts(&["Green."])), texts(&[]));
        assert_eq!(
            items.missing_of_all(&texts(&["Look.", "Blue", "And?"])),
            texts(&["", "", "And?"])
        );
    }
}
