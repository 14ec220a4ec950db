//! Halves of a surrogate pair that come in two deltas: some servers cut their JSON escapes between them.
//!
//! serde_json gives a lone half as the three bytes that it would have in UTF-8 (WTF-8), if it is asked for bytes.

/// What was cut off at the end of the last delta.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Halves {
    high: Option<u16>,
}

impl Halves {
    /// Whether the first half of a character waits for its second.
    pub(super) fn is_waiting(self) -> bool {
        self.high.is_some()
    }

    /// The text of a delta, with what was cut off before; a half that is left over becomes U+FFFD.
    pub(super) fn join(&mut self, mut bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len() + 4);
        while let Some((before, half, after)) = split(bytes) {
            self.add(before, &mut text);
            match (self.high.take(), half) {
                (Some(high), 0xDC00..) => text.extend(character(high, half)),
                (None, 0xDC00..) => text.push(char::REPLACEMENT_CHARACTER),
                (alone, _) => {
                    text.extend(alone.map(|_| char::REPLACEMENT_CHARACTER));
                    self.high = Some(half);
                }
            }
            bytes = after;
        }
        self.add(bytes, &mut text);
        text
    }

    /// Whole characters.
    fn add(&mut self, bytes: &[u8], text: &mut String) {
        if bytes.is_empty() {
            return;
        }
        text.extend(self.flush());
        text.push_str(&String::from_utf8_lossy(bytes));
    }

    /// What stands for a half whose other one has not come.
    pub(super) fn flush(&mut self) -> Option<char> {
        self.high.take().map(|_| char::REPLACEMENT_CHARACTER)
    }
}

/// The bytes before the first half, the half, and the bytes after it.
fn split(bytes: &[u8]) -> Option<(&[u8], u16, &[u8])> {
    let at =
        memchr::memchr_iter(0xED, bytes).find(|at| bytes.get(at + 1).is_some_and(|next| *next >= 0xA0))?;
    let [_, second, third] = *bytes.get(at..at + 3)? else {
        return None;
    };
    let half = 0xD000 | u16::from(second & 0x3F) << 6 | u16::from(third & 0x3F);
    Some((&bytes[..at], half, &bytes[at + 3..]))
}

fn character(high: u16, low: u16) -> Option<char> {
    char::decode_utf16([high, low]).next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::call::Loose;

    /// What deltas with these escapes say together.
    fn said(deltas: &[&str]) -> String {
        let mut halves = Halves::default();
        let mut text = String::new();
        for delta in deltas {
            let json = format!("\"{delta}\"");
            text += &halves.join(&Loose::parse(&json).unwrap().string().unwrap());
        }
        text.extend(halves.flush());
        text
    }

    #[test]
    fn halves_are_joined_across_deltas_and_only_when_they_fit() {
        let cases: [(&[&str], &str); 9] = [
            (&["\\ud83d", "\\ude00"], "\u{1f600}"),
            (&["a\\ud83d", "\\ude00b"], "a\u{1f600}b"),
            (&["\\ud83d\\ude00"], "\u{1f600}"),
            (&["\\ud83d", "", "\\ude00"], "\u{1f600}"),
            (&["\\ud83d", "x"], "\u{fffd}x"),
            (&["\\ude00x"], "\u{fffd}x"),
            (&["\\ud83d", "\\ud83d", "\\ude00"], "\u{fffd}\u{1f600}"),
            (&["x\\ud83d"], "x\u{fffd}"),
            (
                &["\u{d7a3}\\ud83d", "\\ude00\u{d7a3}"],
                "\u{d7a3}\u{1f600}\u{d7a3}",
            ),
        ];
        for (deltas, text) in cases {
            assert_eq!(said(deltas), text, "{deltas:?}");
        }
    }
}
