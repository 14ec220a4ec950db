//! Which part of a conversation goes into a prompt: the newest messages that fit, one reply to each message.

use std::collections::{HashMap, HashSet};

use super::tokens::{at_most, count_up_to, estimate_tokens};
use crate::ids::MessageId;
use crate::model::{Role, Status};
use crate::provider::{Conversation, PromptMessage};
use crate::repository::Message;

/// The newest messages after place `told` that fit, oldest first: the rest of `most` tokens once `beside` is counted.
/// `newest_first` begins with the message that is to be answered; that one is always in. Where the oldest are left out,
/// what is left does not begin with a reply: the model would not know to what.
pub(super) fn select(
    newest_first: Vec<Message>,
    told: i64,
    (most, beside): (usize, &[&str]),
) -> Conversation {
    let messages = in_order(newest_first, told);
    let texts = || messages.iter().map(|message| message.content.as_str());
    let fits_at_sight = texts().chain(beside.iter().copied()).map(at_most).sum::<usize>() <= most;
    let mut left = most;
    let first = if fits_at_sight {
        0
    } else {
        left = left.saturating_sub(beside.iter().map(|text| estimate_tokens(text)).sum());
        first_that_fits(&messages, left)
    };
    let is_parted =
        |message: &Message| message.role == Role::Assistant && (first > 0 || message.reply_to.is_some());
    let selected = messages.into_iter().skip(first).skip_while(is_parted);
    Conversation::new(selected.map(|message| PromptMessage {
        role: message.role,
        content: message.content,
    }))
}

/// The place from which on all messages fit into `left` tokens; the last one is always among them.
fn first_that_fits(messages: &[Message], mut left: usize) -> usize {
    let last = messages.len().saturating_sub(1);
    for (place, message) in messages.iter().enumerate().rev() {
        let cost = count_up_to(&message.content, left);
        if cost > left && place < last {
            return place + 1;
        }
        left = left.saturating_sub(cost);
    }
    0
}

/// The oldest messages after place `told`, when all of them have more than `most` tokens: so many that what stays has at
/// most `keep`, and the place up to which they reach. A message and its reply are not parted.
pub(super) fn overflow(
    newest_first: Vec<Message>,
    told: i64,
    (most, keep): (usize, usize),
) -> Option<(Vec<Message>, i64)> {
    let places = places(&newest_first);
    let mut messages = in_order(newest_first, told);
    let tokens = |messages: &[Message]| -> usize {
        let texts = messages.iter().map(|message| message.content.as_str());
        if texts.clone().map(at_most).sum::<usize>() <= most {
            return 0;
        }
        texts.fold(0, |sum, text| sum + count_up_to(text, most.saturating_sub(sum)))
    };
    if tokens(&messages) <= most {
        return None;
    }
    let place = |message: &Message| place(&places, message).0;
    let mut cut = first_that_fits(&messages, keep);
    while cut > 0 && place(&messages[cut]) == place(&messages[cut - 1]) {
        cut -= 1;
    }
    messages.truncate(cut);
    let upto = place(messages.last()?);
    Some((messages, upto))
}

/// Where each message stands in its session.
fn places(messages: &[Message]) -> HashMap<MessageId, i64> {
    messages
        .iter()
        .map(|message| (message.id, message.position))
        .collect()
}

/// A reply stands where its message does, after it.
fn place(places: &HashMap<MessageId, i64>, message: &Message) -> (i64, bool) {
    let question = message.reply_to.and_then(|id| places.get(&id));
    (question.copied().unwrap_or(message.position), question.is_some())
}

/// Oldest first, each message followed by its newest reply that says something; without what stands up to place `told`.
fn in_order(newest_first: Vec<Message>, told: i64) -> Vec<Message> {
    let places = places(&newest_first);
    let mut answered = HashSet::new();
    let mut messages: Vec<_> = newest_first
        .into_iter()
        .filter(|message| message.role == Role::User || says_something(message))
        .filter(|message| message.reply_to.is_none_or(|id| answered.insert(id)))
        .collect();
    messages.retain(|message| place(&places, message).0 > told);
    messages.sort_by_key(|message| place(&places, message));
    messages
}

fn says_something(message: &Message) -> bool {
    message.status != Status::Streaming && !message.content.trim().is_empty()
}

#[cfg(test)]
mod histories;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SessionId;
    use crate::model::Source;

    fn message(position: i64, role: Role, content: &str, reply_to: Option<MessageId>) -> Message {
        Message {
            id: MessageId::new(),
            session_id: SessionId::new(),
            position,
            role,
            content: content.to_owned(),
            status: Status::Complete,
            finish_reason: None,
            input_tokens: None,
            output_tokens: None,
            usage_source: None,
            source: Source::Learner,
            edited: false,
            reply_to,
            client_message_id: None,
            created_at: 0,
            updated_at: 0,
            error_code: None,
            created_revision: 1,
            revision: 1,
        }
    }

    fn texts(selected: &[PromptMessage]) -> Vec<&str> {
        selected.iter().map(|message| message.content.as_str()).collect()
    }

    #[test]
    fn the_newest_alternative_stands_after_the_message_it_answers() {
        let first = message(1, Role::User, "u1", None);
        let id = first.id;
        let conversation = vec![
            message(6, Role::User, "u3", None),
            message(5, Role::Assistant, "a1 again", Some(id)),
            message(4, Role::Assistant, "hint", None),
            message(3, Role::User, "u2", None),
            message(2, Role::Assistant, "a1", Some(id)),
            first,
        ];
        assert_eq!(
            texts(&select(conversation, 0, (1_000, &[]))),
            ["u1", "a1 again", "u2", "hint", "u3"]
        );
    }

    #[test]
    fn old_messages_go_first_and_the_newest_always_stays() {
        let long = "x y ".repeat(50);
        let conversation = vec![
            message(3, Role::User, &long, None),
            message(2, Role::Assistant, "fits", None),
            message(1, Role::User, &long, None),
        ];
        assert_eq!(
            texts(&select(conversation.clone(), 0, (120, &[]))),
            [&long],
            "the reply fits, but not what it answers"
        );
        assert_eq!(texts(&select(conversation, 0, (0, &[]))), [&long]);
    }

    #[test]
    fn what_stands_beside_the_conversation_takes_its_part_of_the_budget() {
        let conversation = vec![
            message(2, Role::User, "why?", None),
            message(1, Role::User, "one two three", None),
        ];
        let beside = "word ".repeat(100);
        assert_eq!(
            texts(&select(conversation.clone(), 0, (110, &[]))),
            ["one two three\n\nwhy?"]
        );
        assert_eq!(texts(&select(conversation, 0, (110, &[&beside]))), ["why?"]);
    }

    #[test]
    fn what_a_summary_tells_is_not_told_again() {
        let first = message(1, Role::User, "u1", None);
        let late_reply = message(4, Role::Assistant, "a1 again", Some(first.id));
        let conversation = vec![
            message(5, Role::User, "u2", None),
            late_reply,
            message(3, Role::Assistant, "hint", None),
            message(2, Role::Assistant, "a1", Some(first.id)),
            first,
        ];
        let told = select(conversation, 2, (1_000, &[]));
        assert_eq!(texts(&told)[1..], ["hint", "u2"]);
    }

    #[test]
    fn the_oldest_are_summed_up_when_all_are_too_many_and_no_reply_is_parted_from_its_message() {
        let long = "word ".repeat(100);
        let first = message(1, Role::User, &long, None);
        let second = message(3, Role::User, &long, None);
        let conversation = vec![
            message(5, Role::User, "why?", None),
            message(4, Role::Assistant, &long, Some(second.id)),
            second,
            message(2, Role::Assistant, &long, Some(first.id)),
            first,
        ];
        assert!(overflow(conversation.clone(), 0, (1_000, 200)).is_none());
        let (old, upto) = overflow(conversation.clone(), 0, (300, 150)).expect("too many");
        assert_eq!((old.len(), upto), (2, 1));
        assert_eq!(texts(&select(conversation, upto, (1_000, &[]))).len(), 3);
    }
}
