//! What local rules read from a conversation, in several languages and without a model: whether the learner is stuck,
//! has done a step, or turns to another topic. They look at form, not at meaning, and err to the side of "no".

use super::phrases::{self, any_in, content_words, normal, words};
use super::plan::SessionFocus;
use crate::model::Role;
use crate::repository::Message;

/// An answer of no more words than this is short.
const SHORT: usize = 3;
/// A message with fewer words that carry meaning may belong to any topic.
const LEAST_CONTENT: usize = 3;
/// Words that begin with the same so many letters are taken for forms of one word.
const STEM: usize = 5;
/// Whether an answer is right is said at the beginning of a reply.
const JUDGEMENT_CHARACTERS: usize = 160;

/// Whether the learner's last message says, or two in a row show, that they cannot go on. Newest first.
pub(super) fn is_stuck(newest_first: &[Message]) -> bool {
    let mut learner = newest_first
        .iter()
        .filter(|message| message.role == Role::User)
        .map(|message| message.content.as_str());
    let Some(last) = learner.next() else { return false };
    if any_in(last, |language| &language.stuck) {
        return true;
    }
    let Some(before) = learner.next() else {
        return false;
    };
    is_repeat(last, before) || (is_lost_for_words(last) && is_lost_for_words(before))
}

fn is_repeat(last: &str, before: &str) -> bool {
    let plain = |text: &str| words(text).map(normal).collect::<Vec<_>>();
    let last = plain(last);
    last.len() > SHORT && last == plain(before)
}

/// A short answer that is neither a number nor a sign that something is understood.
fn is_lost_for_words(text: &str) -> bool {
    let words = words(text).count();
    (words == 0 || (words <= SHORT && content_words(text).len() <= 1))
        && !text.contains(|character: char| character.is_numeric())
        && !any_in(text, |language| &language.understood)
        && !any_in(text, |language| &language.affirmed)
}

/// Whether a step is done: the learner says so, or the tutor's reply begins by calling the answer right.
pub(super) fn is_step_done(learner: &str, reply: &str) -> bool {
    let judgement: String = reply.chars().take(JUDGEMENT_CHARACTERS).collect();
    let is_refused = any_in(&judgement, |language| &language.refused);
    let is_affirmed = any_in(&judgement, |language| &language.affirmed);
    let is_understood = any_in(learner, |language| &language.understood);
    let is_stuck = any_in(learner, |language| &language.stuck);
    !is_refused && !is_stuck && (is_affirmed || is_understood)
}

/// Whether the newest message turns to something else than the plan and the messages right before it. Newest first.
pub(super) fn is_new_topic(plan: &SessionFocus, newest_first: &[Message]) -> bool {
    let Some((last, before)) = newest_first.split_first() else {
        return false;
    };
    let content = content_words(&last.content);
    let known = before
        .iter()
        .take(2)
        .map(|message| message.content.as_str())
        .chain([&*plan.words()])
        .flat_map(content_words)
        .collect::<Vec<_>>();
    let is_related = content
        .iter()
        .any(|word| known.iter().any(|other| alike(word, other)));
    if any_in(&last.content, |language| &language.new_topic) {
        return !content.is_empty() && !names(plan, &content);
    }
    content.len() >= LEAST_CONTENT
        && !is_related
        && !any_in(&last.content, |language| &language.stuck)
        && phrases::words(&last.content).count() > SHORT
}

/// Whether these words name the plan's topic: who asks for "another question on fractions" stays with fractions.
fn names(plan: &SessionFocus, content: &[String]) -> bool {
    let topic = content_words(&plan.topic);
    content
        .iter()
        .any(|word| topic.iter().any(|other| alike(word, other)))
}

/// Whether two words are forms of one.
fn alike(one: &str, other: &str) -> bool {
    let stem = |word: &str| word.chars().take(STEM).collect::<String>();
    one == other || (one.chars().count() >= STEM && other.chars().count() >= STEM && stem(one) == stem(other))
}

#[cfg(test)]
mod tests;
