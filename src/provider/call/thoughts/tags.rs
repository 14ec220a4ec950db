//! The tags that models think within.

use std::ops::Range;

/// Their names. Source: the chat templates of DeepSeek R1, Qwen 3, QwQ, Magistral, Phi-4 reasoning and others.
const NAMES: [&str; 3] = ["think", "thinking", "reasoning"];

/// One of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(&'static str);

fn all() -> impl Iterator<Item = Tag> {
    NAMES.into_iter().map(Tag)
}

impl Tag {
    fn opening(self) -> impl Iterator<Item = u8> {
        b"<".iter().chain(self.0.as_bytes()).chain(b">").copied()
    }

    fn closing(self) -> impl Iterator<Item = u8> {
        b"</".iter().chain(self.0.as_bytes()).chain(b">").copied()
    }
}

/// How the beginning of a text and a tag agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    /// The whole tag is there; so long is it.
    Whole(usize),
    /// The text ends within the tag.
    Begun,
    No,
}

fn matches(text: &[u8], tag: impl Iterator<Item = u8>) -> Match {
    let mut length = 0;
    for byte in tag {
        match text.get(length) {
            None => return Match::Begun,
            Some(found) if found.eq_ignore_ascii_case(&byte) => length += 1,
            Some(_) => return Match::No,
        }
    }
    Match::Whole(length)
}

/// Whether a text may become an opening tag.
pub(super) fn may_open(text: &str) -> bool {
    all().any(|tag| matches(text.as_bytes(), tag.opening()) == Match::Begun)
}

/// The opening tag that a text begins with, and what follows it.
pub(super) fn opened(text: &str) -> Option<(Tag, &str)> {
    all().find_map(|tag| match matches(text.as_bytes(), tag.opening()) {
        Match::Whole(length) => Some((tag, &text[length..])),
        Match::Begun | Match::No => None,
    })
}

/// How long the closing tag is that a text begins with; zero when it may become one.
pub(super) fn closed(text: &str) -> Option<usize> {
    all().find_map(|tag| match matches(text.as_bytes(), tag.closing()) {
        Match::Whole(length) => Some(length),
        Match::Begun => Some(0),
        Match::No => None,
    })
}

fn closing_at(text: &str, at: usize, tag: Option<Tag>) -> impl Iterator<Item = Match> {
    let tags = all().filter(move |known| tag.is_none_or(|tag| tag == *known));
    tags.map(move |tag| matches(&text.as_bytes()[at..], tag.closing()))
}

/// Where this tag, or any, is closed.
pub(super) fn find_close(text: &str, tag: Option<Tag>) -> Option<Range<usize>> {
    memchr::memchr_iter(b'<', text.as_bytes()).find_map(|at| {
        closing_at(text, at, tag).find_map(|found| match found {
            Match::Whole(length) => Some(at..at + length),
            Match::Begun | Match::No => None,
        })
    })
}

/// Where at the end of a text its closing tag may have begun; else its length.
pub(super) fn close_begins(text: &str, tag: Option<Tag>) -> usize {
    memchr::memchr_iter(b'<', text.as_bytes())
        .find(|at| closing_at(text, *at, tag).any(|found| found == Match::Begun))
        .unwrap_or(text.len())
}

/// Whether a text is an opening or a closing tag so far: `Some(true)` when it is whole.
pub(super) fn either(text: &[u8]) -> Option<bool> {
    let found = all().flat_map(|tag| [matches(text, tag.opening()), matches(text, tag.closing())]);
    found.fold(None, |best, found| match found {
        Match::Whole(_) => Some(true),
        Match::Begun => best.or(Some(false)),
        Match::No => best,
    })
}

/// Whether a text has any of the tags in it.
pub(super) fn are_in(text: &str) -> bool {
    memchr::memchr_iter(b'<', text.as_bytes()).any(|at| {
        let rest = &text.as_bytes()[at..];
        all().any(|tag| {
            matches!(matches(rest, tag.opening()), Match::Whole(_))
                || matches!(matches(rest, tag.closing()), Match::Whole(_))
        })
    })
}
