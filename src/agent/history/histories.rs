//! Whatever has happened in a session, what is sent is a conversation that every server takes.

use proptest::prelude::*;

use super::select;
use crate::ids::{MessageId, SessionId};
use crate::model::{Role, Source, Status};
use crate::repository::Message;

/// What happens in a session.
#[derive(Clone, Copy, Debug)]
enum Happening {
    /// A message that is answered.
    Answered,
    /// A message whose reply ends so, with this text.
    Ended(Status, &'static str),
    /// A message that was sent while others were being answered.
    Queued,
    /// A further reply to the message of this number, counted from the newest.
    Regenerated(usize, Status, &'static str),
    /// A message of either role without a turn.
    Added(Role),
    /// The newest message has other words.
    Edited,
}

fn happening() -> impl Strategy<Value = Happening> {
    let ending = prop_oneof![
        Just((Status::Failed, "")),
        Just((Status::Failed, "half a")),
        Just((Status::Stopped, "")),
        Just((Status::Stopped, "\n")),
        Just((Status::Interrupted, "The sky is")),
        Just((Status::Complete, "")),
        Just((Status::Complete, " \u{a0}")),
        Just((Status::Streaming, "not yet")),
    ];
    prop_oneof![
        3 => Just(Happening::Answered),
        4 => ending.clone().prop_map(|(status, text)| Happening::Ended(status, text)),
        1 => Just(Happening::Queued),
        1 => (0..3_usize, ending).prop_map(|(back, (status, text))| Happening::Regenerated(back, status, text)),
        1 => Just(Happening::Added(Role::Assistant)),
        1 => Just(Happening::Added(Role::User)),
        1 => Just(Happening::Edited),
    ]
}

/// The messages of a session, oldest first.
#[derive(Default)]
struct Session {
    messages: Vec<Message>,
}

impl Session {
    fn after(happenings: &[Happening]) -> Self {
        let mut session = Self::default();
        happenings.iter().for_each(|happening| session.take(*happening));
        session
    }

    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Answered => self.take(Happening::Ended(Status::Complete, "Because.")),
            Happening::Ended(status, text) => {
                let question = self.add(Role::User, "Why?", Status::Complete);
                self.reply(question, status, text);
            }
            Happening::Queued => drop(self.add(Role::User, "And then?", Status::Complete)),
            Happening::Regenerated(back, status, text) => {
                let asked = self
                    .messages
                    .iter()
                    .rev()
                    .filter(|message| message.role == Role::User);
                if let Some(question) = asked.map(|message| message.id).nth(back) {
                    self.reply(question, status, text);
                }
            }
            Happening::Added(role) => drop(self.add(role, "By the way.", Status::Complete)),
            Happening::Edited => {
                if let Some(last) = self.messages.last_mut() {
                    "Other words.".clone_into(&mut last.content);
                }
            }
        }
    }

    fn add(&mut self, role: Role, content: &str, status: Status) -> MessageId {
        let position = i64::try_from(self.messages.len() + 1).unwrap();
        let message = Message {
            id: MessageId::new(),
            session_id: SessionId::new(),
            position,
            role,
            content: content.to_owned(),
            status,
            finish_reason: None,
            input_tokens: None,
            output_tokens: None,
            usage_source: None,
            reply_to: None,
            client_message_id: None,
            created_at: 0,
            updated_at: 0,
            error_code: None,
            created_revision: 1,
            revision: 1,
            source: Source::Learner,
            edited: false,
        };
        self.messages.push(message);
        self.messages.last().unwrap().id
    }

    fn reply(&mut self, question: MessageId, status: Status, text: &str) {
        self.add(Role::Assistant, text, status);
        self.messages.last_mut().unwrap().reply_to = Some(question);
    }

    /// The newest `most` messages up to the one that is asked now, newest first.
    fn read(mut self, most: usize) -> Vec<Message> {
        self.add(Role::User, "What now?", Status::Complete);
        self.messages.into_iter().rev().take(most).collect()
    }
}

proptest! {
    #[test]
    fn what_is_sent_alternates_and_ends_with_the_question(
        happenings in proptest::collection::vec(happening(), 0..12),
        most in 1..20_usize,
        told in 0..8_i64,
        budget in prop_oneof![Just(10_usize), 20..80_usize, Just(10_000)],
    ) {
        let messages = Session::after(&happenings).read(most);
        let told = told.min(messages[0].position - 1);
        let sent = select(messages, told, (budget, &["Be a tutor."]));
        for (place, message) in sent.iter().enumerate() {
            prop_assert_eq!(message.role == Role::User, place % 2 == 0, "{:?}", sent);
            prop_assert!(!message.content.trim().is_empty());
            prop_assert_ne!(&message.content, "not yet");
        }
        let last = sent.last().unwrap();
        prop_assert!(last.role == Role::User && last.content.ends_with("What now?"), "{:?}", sent);
    }

    #[test]
    fn a_cut_never_begins_with_a_reply(
        happenings in proptest::collection::vec(happening(), 0..12),
        budget in 10..120_usize,
    ) {
        let messages = Session::after(&happenings).read(400);
        let learners: Vec<_> = messages.iter().filter(|message| message.role == Role::User).collect();
        let begins = learners.iter().any(|message| message.position == 1);
        let first = select(messages.clone(), 0, (budget, &["Be a tutor."]))[0].content.clone();
        let is_said = learners.iter().any(|message| first.starts_with(&message.content));
        prop_assert!(is_said || !begins, "{first:?} was never said");
    }
}
