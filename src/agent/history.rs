//! Which part of a conversation goes into a prompt: the newest messages that fit, one reply to each message.

use std::collections::{HashMap, HashSet};

use crate::model::{Role, Status};
use crate::provider::PromptMessage;
use crate::repository::Message;

/// Roughly how many tokens a text has: one for each four bytes of UTF-8, and a few for the message around it.
#[must_use]
pub fn estimate_tokens(text: &str) -> usize {
    text.len().div_ceil(4) + 4
}

/// The newest messages within `budget` tokens, oldest first. `newest_first` begins with the message that is to be
/// answered; that one is always in.
pub(super) fn select(newest_first: Vec<Message>, budget: usize) -> Vec<PromptMessage> {
    let mut selected = Vec::new();
    let mut left = budget;
    for message in in_order(newest_first).into_iter().rev() {
        let cost = estimate_tokens(&message.content);
        if !selected.is_empty() && cost > left {
            break;
        }
        left = left.saturating_sub(cost);
        selected.push(PromptMessage {
            role: message.role,
            content: message.content,
        });
    }
    selected.reverse();
    selected
}

/// Oldest first, each message followed by its newest reply that says something.
fn in_order(newest_first: Vec<Message>) -> Vec<Message> {
    let places: HashMap<_, _> = newest_first
        .iter()
        .map(|message| (message.id, message.position))
        .collect();
    let mut answered = HashSet::new();
    let mut messages: Vec<_> = newest_first
        .into_iter()
        .filter(|message| message.role == Role::User || says_something(message))
        .filter(|message| message.reply_to.is_none_or(|id| answered.insert(id)))
        .collect();
    messages.sort_by_key(|message| {
        let question = message.reply_to.and_then(|id| places.get(&id));
        (question.copied().unwrap_or(message.position), question.is_some())
    });
    messages
}

fn says_something(message: &Message) -> bool {
    message.status != Status::Streaming && !message.content.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{MessageId, SessionId};

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
            texts(&select(conversation, 1_000)),
            ["u1", "a1 again", "u2", "hint", "u3"]
        );
    }

    #[test]
    fn old_messages_go_first_and_the_newest_always_stays() {
        let long = "x".repeat(400);
        let conversation = vec![
            message(3, Role::User, &long, None),
            message(2, Role::Assistant, "fits", None),
            message(1, Role::User, &long, None),
        ];
        assert_eq!(texts(&select(conversation.clone(), 120)), ["fits", &long]);
        assert_eq!(texts(&select(conversation, 0)), [&long]);
    }
}
