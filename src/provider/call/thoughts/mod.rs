//! Tells what a model thinks aloud from its reply, where a server leaves both in one text.
//!
//! A reply that begins with `<think>`, `<thinking>` or `<reasoning>` is thought until that tag is closed. Some templates
//! open the tag in the prompt: then only its end is seen. If that stands alone on its line, outside code, and is the
//! first of its kind, what came before it was thought, although it was shown. Nothing else is touched: a tutor may have
//! to write about these tags.

mod lone;
mod tags;
#[cfg(test)]
mod tests;

use self::lone::{Lone, Verdict};
use self::tags::Tag;
use crate::config::Thoughts as Setting;

/// Whether a text has to do with these tags.
pub(super) fn are_named_in(text: &str) -> bool {
    tags::are_in(text)
}

/// Whether a text ends within a fence of code.
pub(super) fn ends_in_fence(text: &str) -> bool {
    let mut lone = Lone::of_code();
    lone.read(text);
    lone.is_in_fence()
}

/// What a piece of text is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Of the reply.
    Reply(String),
    /// What the model thinks aloud.
    Thought(String),
    /// All of the reply that came before was thought.
    Void,
}

/// Where in a reply the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing but white space has come, and perhaps the beginning of a tag.
    Start,
    /// Within thoughts that this tag closes; any, when the template has opened them.
    Thoughts(Option<Tag>),
    Reply,
}

/// The reader of one reply.
#[derive(Debug)]
pub(super) struct Thoughts {
    place: Place,
    /// What cannot be told yet.
    held: String,
    /// White space that comes next belongs to a tag.
    drops_space: bool,
    /// The template has opened a tag.
    is_unopened: bool,
    /// Looks for the end of a tag that was opened unseen; `None` when it would say nothing.
    lone: Option<Lone>,
}

impl Thoughts {
    /// `may_void`: what came before may be taken back.
    pub(super) fn new(setting: Setting, may_void: bool) -> Self {
        let lone = (setting == Setting::Tagged && may_void).then(Lone::default);
        Self {
            place: if setting == Setting::Shown {
                Place::Reply
            } else {
                Place::Start
            },
            held: String::new(),
            drops_space: false,
            is_unopened: setting == Setting::Unopened,
            lone,
        }
    }

    /// Whether a piece of text is the reply's as a whole, which is the rule. Otherwise it has to be [split](Self::split).
    pub(super) fn passes(&mut self, text: &str) -> bool {
        let is_plain = self.place == Place::Reply && self.held.is_empty() && !self.drops_space;
        is_plain && self.lone.as_mut().is_none_or(|lone| lone.passes(text))
    }

    /// The parts of a piece of text that did not [pass](Self::passes).
    pub(super) fn split(&mut self, text: &str) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut text = std::mem::take(&mut self.held) + text;
        while !text.is_empty() {
            text = match self.place {
                Place::Start => self.start(text),
                Place::Thoughts(tag) => self.think(text, tag, &mut parts),
                Place::Reply => self.reply(text, &mut parts),
            };
        }
        parts
    }

    /// What is left when the reply has ended.
    pub(super) fn finish(&mut self) -> Vec<Part> {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Thoughts(_) if !held.is_empty() => vec![Part::Thought(held)],
            Place::Reply if self.lone.as_ref().is_some_and(|_| lone::ends_alone(&held)) => vec![Part::Void],
            Place::Start if self.lone.is_some() && lone::ends_alone(held.trim_start()) => Vec::new(),
            Place::Start | Place::Reply if !held.trim().is_empty() => vec![Part::Reply(held)],
            _ => Vec::new(),
        }
    }

    /// Answers what is still to be read, as the other functions here do.
    fn start(&mut self, text: String) -> String {
        let tag = text.trim_start();
        if tag.is_empty() || tags::may_open(tag) {
            self.held = text;
            return String::new();
        }
        if let Some((tag, rest)) = tags::opened(tag) {
            let tag = (!self.is_unopened).then_some(tag);
            return self.enter(Place::Thoughts(tag), rest);
        }
        if self.is_unopened {
            return self.enter(Place::Thoughts(None), tag);
        }
        match self.lone.as_ref().map_or(Verdict::Other, |_| lone::judge(tag)) {
            Verdict::Unknown => {
                self.held = text;
                String::new()
            }
            // Nothing was said before it.
            Verdict::Alone(length) => {
                self.lone = None;
                self.enter(Place::Start, &tag[length..])
            }
            Verdict::Other => {
                self.place = Place::Reply;
                if std::mem::take(&mut self.drops_space) {
                    tag.to_owned()
                } else {
                    text
                }
            }
        }
    }

    /// White space after a tag is the tag's.
    fn enter(&mut self, place: Place, rest: &str) -> String {
        self.place = place;
        self.drops_space = true;
        rest.to_owned()
    }

    fn think(&mut self, mut text: String, tag: Option<Tag>, parts: &mut Vec<Part>) -> String {
        if self.drops_space {
            text = text.trim_start().to_owned();
            self.drops_space = text.is_empty();
        }
        let (thought, rest) = match tags::find_close(&text, tag) {
            Some(close) => {
                self.lone = None;
                self.is_unopened = false;
                (close.start, self.enter(Place::Start, &text[close.end..]))
            }
            None => {
                let begins = tags::close_begins(&text, tag);
                self.held = text[begins..].to_owned();
                (begins, String::new())
            }
        };
        text.truncate(thought);
        if !text.is_empty() {
            parts.push(Part::Thought(text));
        }
        rest
    }

    fn reply(&mut self, mut text: String, parts: &mut Vec<Part>) -> String {
        let Some(lone) = &mut self.lone else {
            say(parts, text);
            return String::new();
        };
        let at = lone.read(&text).unwrap_or(text.len());
        let mut rest = text.split_off(at);
        if !text.is_empty() {
            say(parts, text);
        }
        match lone::judge(&rest) {
            _ if rest.is_empty() => {}
            Verdict::Unknown => self.held = std::mem::take(&mut rest),
            Verdict::Alone(length) => {
                parts.push(Part::Void);
                self.lone = None;
                return self.enter(Place::Start, &rest[length..]);
            }
            Verdict::Other => {
                let first = lone.take_first(&rest);
                let more = rest.split_off(first);
                say(parts, rest);
                if lone.is_over() {
                    self.lone = None;
                }
                return more;
            }
        }
        if self.lone.as_ref().is_some_and(Lone::is_over) {
            self.lone = None;
        }
        rest
    }
}

/// Adds text of the reply.
fn say(parts: &mut Vec<Part>, text: String) {
    match parts.last_mut() {
        Some(Part::Reply(before)) => before.push_str(&text),
        _ => parts.push(Part::Reply(text)),
    }
}
