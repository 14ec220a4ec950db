//! What local rules read from a conversation, in several languages and without a model: whether the learner is stuck,
//! has done a step, or turns to another topic. They look at form, not at meaning, and err to the side of "no".

use super::phrases::{any_in, begins_with, content_words, is_one_of, normal, sentences, words};
use super::plan::SessionFocus;
use crate::model::Role;
use crate::repository::Message;

/// A message of no more words than this may be said twice.
const SHORT: usize = 3;
/// A question with fewer words that carry meaning may belong to any topic.
const LEAST_CONTENT: usize = 2;
/// Words that begin with the same so many letters are taken for forms of one word.
const STEM: usize = 5;
/// So does a word that begins with another one of so many letters.
const LEAST_STEM: usize = 4;
/// Messages before the newest one that tell what is being talked about.
const RECENT: usize = 4;

/// Whether the learner's last message says, or two in a row show, that they cannot go on. Newest first.
pub(super) fn is_stuck(newest_first: &[Message]) -> bool {
    let mut learner = newest_first
        .iter()
        .filter(|message| message.role == Role::User)
        .map(|message| message.content.as_str());
    let Some(last) = learner.next() else { return false };
    if says_stuck(last) {
        return true;
    }
    let Some(before) = learner.next() else {
        return false;
    };
    is_repeat(last, before) || (is_wordless(last) && is_wordless(before))
}

fn says_stuck(text: &str) -> bool {
    let signs: Vec<_> = text.chars().filter(|sign| !sign.is_whitespace()).collect();
    let is_puzzled =
        signs.len() > 1 && signs.iter().all(|sign| "?？!".contains(*sign)) && signs != ['!', '!'];
    is_puzzled || any_in(text, |language| &language.stuck) || is_one_of(text, |language| &language.lost)
}

fn is_repeat(last: &str, before: &str) -> bool {
    let plain = |text: &str| words(text).map(normal).collect::<Vec<_>>();
    let last = plain(last);
    last.len() > SHORT && last == plain(before)
}

/// A message without a word that could be an answer.
fn is_wordless(text: &str) -> bool {
    words(text).all(|word| is_one_of(word, |language| &language.filler))
}

/// Whether a step is done: the learner says so, or the tutor's reply begins by calling the answer right.
pub(super) fn is_step_done(learner: &str, reply: &str) -> bool {
    let mut beginning = sentences(reply);
    let (first, second) = (beginning.next(), beginning.next());
    let is_refused = [first, second]
        .into_iter()
        .flatten()
        .any(|sentence| any_in(sentence, |language| &language.refused));
    if is_refused || says_stuck(learner) {
        return false;
    }
    let first = first.unwrap_or_default();
    let is_affirmed =
        any_in(first, |language| &language.affirmed) || begins_with(first, 2, |language| &language.approving);
    any_in(learner, |language| &language.understood) || (is_affirmed && !asks(learner))
}

/// Whether the learner asks something of their own, rather than answering, be it with a question mark.
fn asks(text: &str) -> bool {
    any_in(text, |language| &language.requests)
        || sentences(text).any(|sentence| {
            let is_marked = sentence.ends_with(['?', '？']);
            let reach = if is_marked { 3 } else { 1 };
            begins_with(sentence, reach, |language| &language.questions)
                || (is_marked && begins_with(sentence, 1, |language| &language.question_verbs))
        })
}

/// Whether the newest message turns to something else than the plan and the messages right before it. Newest first.
pub(super) fn is_new_topic(plan: &SessionFocus, newest_first: &[Message]) -> bool {
    let Some((last, before)) = newest_first.split_first() else {
        return false;
    };
    let (text, content) = (&last.content, content_words(&last.content));
    let topic = content_words(&plan.topic);
    if topic.is_empty() {
        // Nothing was said yet that a plan could be made of.
        return !content.is_empty();
    }
    if any_in(text, |language| &language.new_topic) {
        // Who asks for "another question on fractions" stays with fractions.
        return !content.is_empty() && !are_related(&content, &topic);
    }
    if says_stuck(text) || any_in(text, |language| &language.small_talk) {
        return false;
    }
    let recent = before.iter().take(RECENT);
    let known: Vec<_> = recent
        .map(|message| message.content.as_str())
        .chain([&*plan.words()])
        .flat_map(content_words)
        .collect();
    if are_related(&content, &known) {
        return false;
    }
    let is_aside = any_in(text, |language| &language.aside) && !content.is_empty();
    is_aside || (content.len() >= LEAST_CONTENT && asks(text))
}

fn are_related(some: &[String], others: &[String]) -> bool {
    some.iter()
        .any(|word| others.iter().any(|other| alike(word, other)))
}

/// Whether two words are forms of one.
fn alike(one: &str, other: &str) -> bool {
    let length = |word: &str| word.chars().count();
    let (short, long) = if length(one) <= length(other) {
        (one, other)
    } else {
        (other, one)
    };
    let stem = |word: &str| word.chars().take(STEM).collect::<String>();
    one == other
        || (length(short) >= LEAST_STEM && long.starts_with(short))
        || (length(short) >= STEM && stem(one) == stem(other))
}

#[cfg(test)]
mod tests;
