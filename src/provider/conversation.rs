//! The conversation of a prompt as every server takes it: it begins and ends with the learner, roles alternate and
//! nothing is empty. Chat templates of open models, and several vendors, refuse anything else, and one refused message
//! would be refused with every later one. What was said is kept: two messages of one role become one.

use std::ops::Deref;

use super::wording;
use crate::model::Role;

/// One message of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptMessage {
    /// Who wrote it.
    pub role: Role,
    /// What it says.
    pub content: String,
}

/// What the learner and the tutor have said, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Never empty.
    messages: Vec<PromptMessage>,
}

impl Conversation {
    /// These messages, oldest first. What says nothing stands for nothing; where the learner's part is missing at the
    /// begin or the end, a few words take its place.
    #[must_use]
    pub fn new(messages: impl IntoIterator<Item = PromptMessage>) -> Self {
        let mut joined: Vec<PromptMessage> = Vec::new();
        let said = messages
            .into_iter()
            .filter(|message| !message.content.trim().is_empty());
        for message in said {
            match joined.last_mut() {
                Some(last) if last.role == message.role => {
                    last.content.push_str("\n\n");
                    last.content.push_str(&message.content);
                }
                _ => joined.push(message),
            }
        }
        if joined.first().is_some_and(|first| first.role != Role::User) {
            joined.insert(0, learner(wording::BEFORE));
        }
        if joined.last().is_none_or(|last| last.role != Role::User) {
            joined.push(learner(wording::NO_WORDS));
        }
        Self { messages: joined }
    }

    /// One message of the learner.
    #[must_use]
    pub fn question(content: impl Into<String>) -> Self {
        Self::new([learner(content)])
    }
}

impl Default for Conversation {
    fn default() -> Self {
        Self::new([])
    }
}

impl Deref for Conversation {
    type Target = [PromptMessage];

    fn deref(&self) -> &[PromptMessage] {
        &self.messages
    }
}

fn learner(content: impl Into<String>) -> PromptMessage {
    PromptMessage {
        role: Role::User,
        content: content.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(messages: &[(Role, &str)]) -> Vec<(Role, String)> {
        let messages = messages.iter().map(|(role, content)| PromptMessage {
            role: *role,
            content: (*content).to_owned(),
        });
        let conversation = Conversation::new(messages);
        let messages = conversation.iter();
        messages
            .map(|message| (message.role, message.content.clone()))
            .collect()
    }

    #[test]
    fn messages_of_one_role_are_one_and_what_says_nothing_is_none() {
        use Role::{Assistant, User};
        for (messages, expected) in [
            (vec![(User, "a"), (User, "b")], vec![(User, "a\n\nb")]),
            (
                vec![(User, "a"), (Assistant, " \n"), (User, "b")],
                vec![(User, "a\n\nb")],
            ),
            (
                vec![(User, "a"), (Assistant, "x"), (Assistant, "y"), (User, "b")],
                vec![(User, "a"), (Assistant, "x\n\ny"), (User, "b")],
            ),
            (
                vec![(Assistant, "Hello."), (User, "Hi.")],
                vec![(User, wording::BEFORE), (Assistant, "Hello."), (User, "Hi.")],
            ),
            (
                vec![(User, "a"), (Assistant, "x"), (User, "\u{a0}")],
                vec![(User, "a"), (Assistant, "x"), (User, wording::NO_WORDS)],
            ),
            (vec![], vec![(User, wording::NO_WORDS)]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(role, text)| (role, text.to_owned()))
                .collect();
            assert_eq!(said(&messages), expected);
        }
    }

    proptest! {
        #[test]
        fn every_server_takes_it_and_no_word_is_lost(
            messages in proptest::collection::vec((any::<bool>(), "[a-c ]{0,3}"), 0..12)
        ) {
            let messages = messages.iter().map(|(learner, content)| PromptMessage {
                role: if *learner { Role::User } else { Role::Assistant },
                content: content.clone(),
            });
            let messages: Vec<_> = messages.collect();
            let conversation = Conversation::new(messages.clone());
            for (place, message) in conversation.iter().enumerate() {
                prop_assert_eq!(message.role == Role::User, place % 2 == 0);
                prop_assert!(!message.content.trim().is_empty());
            }
            prop_assert_eq!(conversation.len() % 2, 1, "the learner has the last word");
            let mut rest = conversation.iter().map(|message| message.content.as_str()).collect::<String>();
            for message in messages.iter().filter(|message| !message.content.trim().is_empty()) {
                let place = rest.find(&message.content);
                prop_assert!(place.is_some(), "{:?} is lost", message.content);
                rest = rest.split_off(place.unwrap() + message.content.len());
            }
        }
    }
}
