//! What a server has said so far, as far as it is needed to know it again: its length and a fingerprint.

use std::hash::{DefaultHasher, Hasher};

/// A text that only grows.
#[derive(Clone, Debug, Default)]
pub(in crate::provider) struct Told {
    bytes: usize,
    fingerprint: DefaultHasher,
}

impl Told {
    pub(in crate::provider) fn add(&mut self, text: &[u8]) {
        self.bytes += text.len();
        self.fingerprint.write(text);
    }

    pub(in crate::provider) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// How many bytes.
    pub(in crate::provider) fn len(&self) -> usize {
        self.bytes
    }

    /// Whether a text begins with what was said.
    pub(in crate::provider) fn begins(&self, text: &[u8]) -> bool {
        text.get(..self.bytes).is_some_and(|begin| {
            let mut same = DefaultHasher::new();
            same.write(begin);
            same.finish() == self.fingerprint.finish()
        })
    }

    /// What of a whole text was not said; `None` when it begins otherwise.
    pub(in crate::provider) fn missing<'a>(&self, whole: &'a [u8]) -> Option<&'a [u8]> {
        self.begins(whole).then(|| &whole[self.bytes..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_in_pieces_is_known_again_in_one() {
        let mut told = Told::default();
        assert!(told.is_empty() && told.begins(b"") && told.begins(b"x"));
        for piece in ["The ", "", "s", "ky is bl\u{fc}"] {
            told.add(piece.as_bytes());
        }
        assert_eq!(told.missing("The sky is bl\u{fc}e.".as_bytes()), Some(&b"e."[..]));
        assert_eq!(told.missing("The sky is bl\u{fc}".as_bytes()), Some(&b""[..]));
        assert_eq!(told.missing(b"The sky"), None);
        assert_eq!(told.missing(b"The sea is deep and blue"), None);
    }
}
