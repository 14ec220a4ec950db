//! What one kind of text says that was not said before: characters joined where a server cut them, and of deltas that
//! repeat the whole text (a setting) only what is new.

use std::borrow::Cow;

use super::halves::Halves;
use super::told::Told;

/// The text of a reply, or what the model thinks aloud.
#[derive(Debug)]
pub(super) struct Channel {
    halves: Halves,
    /// What was said, where each delta says it again.
    told: Option<Box<Told>>,
}

impl Channel {
    pub(super) fn new(is_cumulative: bool) -> Self {
        Self {
            halves: Halves::default(),
            told: is_cumulative.then(Box::default),
        }
    }

    /// What is new in a delta.
    pub(super) fn read<'a>(&mut self, text: Cow<'a, str>) -> Cow<'a, str> {
        if self.told.is_none() && !self.halves.is_waiting() {
            return text;
        }
        let new = self.new_of(text.as_bytes());
        Cow::Owned(self.halves.join(new))
    }

    /// The same of bytes that may have halves of characters.
    pub(super) fn read_bytes(&mut self, bytes: &[u8]) -> String {
        let new = self.new_of(bytes);
        self.halves.join(new)
    }

    /// What stands for half a character at the end.
    pub(super) fn flush(&mut self) -> Option<char> {
        self.halves.flush()
    }

    /// A delta that does not begin with all that was said is new as a whole.
    fn new_of<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(told) = &mut self.told else { return bytes };
        let new = told.missing(bytes).unwrap_or(bytes);
        told.add(new);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(is_cumulative: bool, deltas: &[&str]) -> String {
        let mut channel = Channel::new(is_cumulative);
        let said = deltas
            .iter()
            .map(|delta| channel.read(Cow::Borrowed(delta)).into_owned());
        said.collect()
    }

    #[test]
    fn of_cumulative_deltas_only_what_is_new_is_said() {
        assert_eq!(
            said(
                true,
                &["The", "The sky", "The sky is", "The sky is", "The sky is blue."]
            ),
            "The sky is blue."
        );
        assert_eq!(said(true, &["\u{fc}", "\u{fc}\u{1f600}", ""]), "\u{fc}\u{1f600}");
        assert_eq!(said(true, &["The", " sky", "The sky is"]), "The sky is");
        assert_eq!(said(false, &["The", "The sky"]), "TheThe sky");
    }
}
