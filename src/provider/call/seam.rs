//! Where a partial reply goes on, so that no character is said twice and none is lost.
//!
//! Two things stand in the way. Some servers (llama.cpp) begin with the whole partial reply again, in one delta with
//! the first new token. And some APIs (Anthropic's) refuse a partial reply that ends with white space: it is sent
//! without, and the model then often writes the same white space, which the learner has seen already.

use std::borrow::Cow;

/// What the learner has seen, as far as it may come again.
#[derive(Debug, Default)]
pub(super) struct Seam {
    /// The partial reply without the white space at its end; empty as soon as it cannot come again.
    said: String,
    /// The white space at its end.
    space: String,
    /// The model was not shown that white space.
    is_trimmed: bool,
}

impl Seam {
    pub(super) fn after(kept: &str, is_trimmed: bool) -> Self {
        let (said, space) = kept.split_at(kept.trim_end().len());
        Self {
            said: said.to_owned(),
            space: space.to_owned(),
            is_trimmed,
        }
    }

    /// What is new in the next piece of text.
    pub(super) fn join<'a>(&mut self, text: Cow<'a, str>) -> Cow<'a, str> {
        if text.is_empty() {
            return text;
        }
        let said = std::mem::take(&mut self.said);
        let mut seen = 0;
        if !said.is_empty() {
            let repeats = text.starts_with(&said);
            seen = if repeats { said.len() } else { 0 };
            if !repeats && !self.is_trimmed {
                self.space.clear();
            }
        }
        seen += self.seen_space(&text[seen..]);
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[seen..]),
            Cow::Owned(mut text) => Cow::Owned(text.split_off(seen)),
        }
    }

    /// How many bytes at the begin of `text` are the white space that was seen.
    fn seen_space(&mut self, text: &str) -> usize {
        let same = text
            .chars()
            .zip(self.space.chars())
            .take_while(|(new, seen)| new == seen)
            .map(|(new, _)| new.len_utf8())
            .sum();
        if same == text.len() {
            self.space.drain(..same);
        } else {
            // Other text: what is left of the white space will not come again.
            self.space.clear();
        }
        same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole text that a learner sees.
    fn seen(kept: &str, is_trimmed: bool, deltas: &[&str]) -> String {
        let mut seam = Seam::after(kept, is_trimmed);
        let new = deltas
            .iter()
            .map(|delta| seam.join(Cow::Borrowed(delta)).into_owned());
        new.fold(kept.to_owned(), |text, delta| text + &delta)
    }

    #[test]
    fn a_model_that_goes_on_is_taken_at_its_word() {
        for is_trimmed in [false, true] {
            assert_eq!(seen("The rainb", is_trimmed, &["ow", " is"]), "The rainbow is");
            assert_eq!(seen("The ", false, &["The ", "end"]), "The end");
            assert_eq!(seen("", is_trimmed, &["", " a", " b"]), " a b");
            assert_eq!(seen("one two", is_trimmed, &["one", " two"]), "one twoone two");
        }
        assert_eq!(seen("a \n", false, &["\nb"]), "a \n\nb");
    }

    #[test]
    fn a_server_that_begins_again_is_heard_only_from_where_it_broke_off() {
        for is_trimmed in [false, true] {
            assert_eq!(
                seen("The rainb", is_trimmed, &["The rainbow", " is"]),
                "The rainbow is"
            );
            assert_eq!(
                seen("The rainb", is_trimmed, &["", "The rainb", "ow"]),
                "The rainbow"
            );
            assert_eq!(seen("a\n\n", is_trimmed, &["a\n\nb", "a"]), "a\n\nba");
            assert_eq!(seen("a\n\n", is_trimmed, &["a", "\n\nb"]), "a\n\nb");
            assert_eq!(
                seen("\u{e9}t\u{e9} ", is_trimmed, &["\u{e9}t\u{e9} \u{1f600}"]),
                "\u{e9}t\u{e9} \u{1f600}"
            );
        }
    }

    #[test]
    fn white_space_that_the_model_was_not_shown_does_not_come_twice() {
        let whole = "a\n\n    b";
        for end in 1..whole.len() {
            for deltas in [vec![&whole[1..]], whole[1..].split("").collect()] {
                let kept = &whole[..end];
                let after = kept.trim_end().len();
                let skipped: Vec<&str> = deltas.iter().map(|delta| &**delta).collect();
                assert_eq!(after, 1);
                assert_eq!(seen(kept, true, &skipped), whole, "{kept:?}");
            }
        }
        assert_eq!(seen("a \n", true, &["b"]), "a \nb");
        assert_eq!(seen("a ", true, &["\nb"]), "a \nb");
    }
}
