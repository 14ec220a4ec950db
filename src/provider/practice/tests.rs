use futures_util::StreamExt;
use proptest::prelude::*;

use super::message::{Kind, kind, topic};
use super::*;
use crate::model::Role;
use crate::provider::{Conversation, PromptMessage};

const MESSAGES: &[&str] = &[
    "Hello!",
    "hi there",
    "Thanks a lot, that helped",
    "I don't understand photosynthesis",
    "I\u{2019}m stuck",
    "What is 3/4 + 1/8?",
    "Solve 2x + 3 = 11",
    "Why is my code `for i in 0..3 {}` slow?",
    "Why do plants need light for photosynthesis?",
    "How does the French Revolution connect to the Enlightenment?",
    "What is a derivative?",
    "When did the First World War (1914-1918) begin?",
    "Is zero an even number?",
    "I think it gets bigger because the denominator is smaller",
    "yes",
    "",
    "   ",
    "???",
    "Warum fällt ein Stein \u{1f600} schneller?",
    "光合作用とは何ですか",
    "\u{0}\u{feff} \u{202e}abc",
    "**bold** [link](https://example.org) <script>alert(1)</script>",
];

fn conversation(turns: &[&str]) -> Vec<PromptMessage> {
    let mut messages = Vec::new();
    for turn in turns {
        if !messages.is_empty() {
            messages.push(PromptMessage {
                role: Role::Assistant,
                content: "And then?".to_owned(),
            });
        }
        messages.push(PromptMessage {
            role: Role::User,
            content: (*turn).to_owned(),
        });
    }
    messages
}

fn every_conversation() -> Vec<Vec<PromptMessage>> {
    let mut all = vec![Vec::new()];
    for message in MESSAGES {
        for earlier in 0..6 {
            let mut turns = vec!["Why do plants need light?"; earlier];
            turns.push(message);
            all.push(conversation(&turns));
        }
    }
    all
}

async fn deltas(messages: &[PromptMessage], kept: &str) -> Vec<Delta> {
    let zero = Duration::ZERO;
    let tutor = PracticeTutor {
        pace: Pace {
            first: zero,
            next: zero,
        },
        ..PracticeTutor::default()
    };
    let request = CompletionRequest {
        messages: Conversation::new(messages.to_vec()),
        kept: kept.to_owned(),
        ..CompletionRequest::default()
    };
    let items: Vec<_> = tutor.stream(request).await.unwrap().collect().await;
    items.into_iter().map(|item| item.unwrap()).collect()
}

async fn written(messages: &[PromptMessage], kept: &str) -> String {
    let mut text = String::new();
    let deltas = deltas(messages, kept).await;
    let end = Completion {
        finish_reason: FinishReason::Stop,
        usage: None,
    };
    assert_eq!(deltas.last(), Some(&Delta::End(end)));
    for delta in &deltas[..deltas.len() - 1] {
        match delta {
            Delta::Text(piece) if !piece.is_empty() => text.push_str(piece),
            other => panic!("{other:?} is no text"),
        }
    }
    text
}

#[tokio::test]
async fn the_same_conversation_has_the_same_reply() {
    for messages in every_conversation() {
        assert_eq!(written(&messages, "").await, written(&messages, "").await);
    }
}

#[tokio::test]
async fn every_prefix_leads_to_the_same_text() {
    for message in MESSAGES {
        let messages = conversation(&[message]);
        let whole = written(&messages, "").await;
        for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            let kept = &whole[..end];
            assert_eq!(format!("{kept}{}", written(&messages, kept).await), whole);
        }
    }
}

#[tokio::test]
async fn a_foreign_beginning_is_closed_with_a_question() {
    let rest = written(&conversation(&["What is a derivative?"]), "A derivative is").await;
    assert_eq!(rest, phrases::CLOSING);
    assert!(rest.ends_with('?'));
}

#[test]
fn a_reply_is_short_and_ends_with_its_only_question() {
    for messages in every_conversation() {
        let reply = compose::reply(&messages);
        let words = reply.split_whitespace().count();
        assert!((60..=140).contains(&words), "{words} words: {reply}");
        assert!(reply.ends_with('?') && reply.matches('?').count() == 1, "{reply}");
        assert!(
            reply.contains("**") && reply.contains(". ") && !reply.contains("  "),
            "{reply}"
        );
    }
}

#[test]
fn a_conversation_moves_on() {
    let question = "Why do plants need light?";
    let replies: Vec<_> = (1..=4)
        .map(|turns| compose::reply(&conversation(&vec![question; turns])))
        .collect();
    for (index, reply) in replies.iter().enumerate() {
        assert!(!replies[..index].contains(reply));
        assert!(reply.contains("plants"));
    }
}

#[test]
fn a_greeting_is_answered_honestly() {
    assert!(compose::reply(&conversation(&["Good morning!"])).contains("built-in practice tutor"));
}

#[test]
fn kinds_are_recognised() {
    let cases = [
        ("Good morning!", Kind::Greeting),
        ("Thank you so much", Kind::Thanks),
        ("I don\u{2019}t get it", Kind::Stuck),
        ("What is 12*7?", Kind::Maths("12*7".to_owned())),
        ("Solve 2x + 3 = 11 please", Kind::Maths("2x + 3 = 11".to_owned())),
        ("3/4 + 1/8 = ?", Kind::Maths("3/4 + 1/8".to_owned())),
        ("Who won the war of 1914-1918?", Kind::Fact),
        ("Was it 10/05/2024?", Kind::YesOrNo),
        ("Why does ice float?", Kind::Why),
        ("How many legs has a spider?", Kind::Fact),
        ("How does a vaccine work?", Kind::How),
        ("Explain gravity", Kind::What),
        ("Is a whale a fish?", Kind::YesOrNo),
        ("It is heavier", Kind::Statement),
        ("Can you help me with my essay?", Kind::Statement),
        ("def f(x): return x", Kind::Code),
    ];
    for (message, expected) in cases {
        assert_eq!(kind(message), expected, "{message}");
    }
}

#[test]
fn topics_are_the_words_that_carry_the_message() {
    let cases = [
        (
            "Why do plants need light for photosynthesis?",
            Some("plants, light and photosynthesis"),
        ),
        ("What is the French Revolution?", Some("French Revolution")),
        ("I am confused about fractions", Some("fractions")),
        ("What is 12*7?", None),
        ("yes, I think so", None),
        ("a **b** <script>", Some("script")),
    ];
    for (message, expected) in cases {
        assert_eq!(topic(message).as_deref(), expected, "{message}");
    }
}

#[tokio::test]
async fn the_first_pause_is_the_longest() {
    let tutor = PracticeTutor::default();
    assert!(tutor.pace.first > tutor.pace.next && !tutor.pace.next.is_zero());
    let mut stream = paced("one two".to_owned(), tutor.pace);
    let started = std::time::Instant::now();
    assert_eq!(
        stream.next().await.map(Result::ok),
        Some(Some(Delta::Text("one ".to_owned())))
    );
    assert!(started.elapsed() >= tutor.pace.first);
}

proptest! {
    #[test]
    fn any_message_has_a_reply(turns in proptest::collection::vec(".{0,200}", 0..5)) {
        let turns: Vec<&str> = turns.iter().map(String::as_str).collect();
        let reply = compose::reply(&conversation(&turns));
        prop_assert!(reply.ends_with('?'));
        prop_assert!((60..=150).contains(&reply.split_whitespace().count()));
    }

    #[test]
    fn words_join_to_the_text(text in "[ a\u{e9}\n\u{1f600}]{0,40}") {
        let mut rest = text.as_str();
        let mut joined = String::new();
        while let Some(length) = word_length(rest) {
            joined.push_str(&rest[..length]);
            rest = &rest[length..];
        }
        prop_assert_eq!(joined, text);
    }
}
