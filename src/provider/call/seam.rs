//! Where a partial reply goes on, so that no character is said twice and none is lost.
//!
//! Three things stand in the way. Some servers (llama.cpp) begin with the whole partial reply again, and some models
//! begin anew although they are asked to go on: what comes again is dropped as it comes, in whatever pieces. Some of
//! those go another way after a while: a few same characters are chance, and many are a reply that begins anew, which
//! then stands instead of the partial one. And some APIs (Anthropic's) refuse a partial reply that ends with white space:
//! it is sent without, and the model then often writes the same white space, which the learner has seen already.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

/// So many same characters at the begin are no chance.
const NO_CHANCE: usize = 24;
/// Nothing is held back for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the learner has seen, as far as it may come again.
#[derive(Debug, Default)]
pub(super) struct Seam {
    /// The partial reply without the white space at its end; empty as soon as it cannot come again.
    said: String,
    /// So many bytes of it have come again.
    matched: usize,
    /// White space that came before those.
    lead: String,
    /// When something was first held back.
    since: Option<Instant>,
    /// The white space at the end of the partial reply.
    space: String,
    /// The model was not shown that white space.
    is_trimmed: bool,
    /// What was given last begins the reply anew.
    is_anew: bool,
}

impl Seam {
    pub(super) fn after(kept: &str, is_trimmed: bool) -> Self {
        let (said, space) = kept.split_at(kept.trim_end().len());
        Self {
            said: said.to_owned(),
            space: space.to_owned(),
            is_trimmed,
            ..Self::default()
        }
    }

    /// What is new in the next piece of text.
    pub(super) fn join<'a>(&mut self, text: Cow<'a, str>) -> Cow<'a, str> {
        if text.is_empty() {
            return text;
        }
        if self.said.is_empty() {
            return self.without_seen_space(text);
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let begin = self.take_lead(&text);
        let same = common_prefix(&text[begin..], &self.said[self.matched..]);
        self.matched += same;
        let rest = &text[begin + same..];
        if self.matched == self.said.len() {
            self.forget();
            let rest = Cow::Owned(rest.to_owned());
            return self.without_seen_space(rest);
        }
        if rest.is_empty() && since.elapsed() < PATIENCE {
            return Cow::Borrowed("");
        }
        let text = self.part(rest);
        self.without_seen_space(text.into())
    }

    /// Whether the text that was given last stands instead of the partial reply. Told once.
    pub(super) fn begins_anew(&mut self) -> bool {
        std::mem::take(&mut self.is_anew)
    }

    /// What is still held back at the end of the reply: a few words that are a continuation. A reply that has only
    /// said again what was there adds nothing.
    pub(super) fn finish(&mut self) -> String {
        if self.is_no_chance() {
            self.forget();
            return String::new();
        }
        let text = self.part("");
        self.without_seen_space(text.into()).into_owned()
    }

    /// Holds back white space before the first same character. Answers how many bytes that is.
    fn take_lead(&mut self, text: &str) -> usize {
        if self.matched > 0 {
            return 0;
        }
        let first = self.said.chars().next();
        let lead = text
            .chars()
            .take_while(|character| character.is_whitespace() && Some(*character) != first);
        let length = lead.map(char::len_utf8).sum();
        self.lead.push_str(&text[..length]);
        length
    }

    /// Here the reply goes another way than the partial one: what was held back, and `rest`.
    fn part(&mut self, rest: &str) -> String {
        let again = &self.said[..self.matched];
        let text = if self.is_no_chance() {
            self.is_anew = true;
            format!("{again}{rest}")
        } else {
            format!("{}{again}{rest}", self.lead)
        };
        if self.is_anew || !self.is_trimmed {
            self.space.clear();
        }
        self.forget();
        text
    }

    fn is_no_chance(&self) -> bool {
        self.said[..self.matched].chars().count() >= NO_CHANCE
    }

    /// Nothing comes again from here on.
    fn forget(&mut self) {
        self.said = String::new();
        self.lead = String::new();
        self.matched = 0;
    }

    fn without_seen_space<'a>(&mut self, text: Cow<'a, str>) -> Cow<'a, str> {
        if self.space.is_empty() {
            return text;
        }
        let seen = self.seen_space(&text);
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

/// How many bytes both begin with, in whole characters.
fn common_prefix(one: &str, other: &str) -> usize {
    let same = one
        .chars()
        .zip(other.chars())
        .take_while(|(one, other)| one == other);
    same.map(|(character, _)| character.len_utf8()).sum()
}

#[cfg(test)]
mod tests;
