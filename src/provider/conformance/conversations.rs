//! What is sent is a conversation that every server takes, over each wire, whatever has been said.

use serde_json::Value;

use super::fake::{Fake, collect_of, question, send};
use super::vendor::{ALL, Vendor};
use crate::model::{FinishReason, Role};
use crate::provider::{CompletionRequest, Conversation, PromptMessage, build};

/// What may have been said before, oldest first.
const HISTORIES: [&[(Role, &str)]; 7] = [
    &[(Role::User, "Why?")],
    &[(Role::User, "Why?"), (Role::User, "And how?")],
    &[
        (Role::User, "Why?"),
        (Role::Assistant, ""),
        (Role::User, "And how?"),
    ],
    &[
        (Role::User, "Why?"),
        (Role::Assistant, " \n"),
        (Role::User, "And how?"),
    ],
    &[(Role::Assistant, "Hello."), (Role::User, "Why?")],
    &[
        (Role::User, "Why?"),
        (Role::Assistant, "Because."),
        (Role::Assistant, "Or not."),
        (Role::User, "And how?"),
    ],
    &[
        (Role::User, "Why?"),
        (Role::Assistant, "Because."),
        (Role::User, "\u{a0}"),
    ],
];

/// What a request says: roles and texts, without the instructions.
fn said(vendor: Vendor, request: &str) -> Vec<(String, String)> {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let list = if vendor == Vendor::Responses {
        &body["input"]
    } else {
        &body["messages"]
    };
    let messages = list.as_array().unwrap().iter();
    let messages = messages.filter(|message| message["role"] != "system");
    let text = |content: &Value| match content {
        Value::String(text) => text.clone(),
        parts => parts[0]["text"].as_str().unwrap().to_owned(),
    };
    messages
        .map(|message| {
            (
                message["role"].as_str().unwrap().to_owned(),
                text(&message["content"]),
            )
        })
        .collect()
}

#[tokio::test]
async fn roles_alternate_and_nothing_is_empty_whatever_was_said() {
    for vendor in ALL {
        for continues_partial in [false, true] {
            let fake = Fake::new().await;
            let mut settings = fake.settings(vendor);
            settings.continues_partial = continues_partial;
            let provider = build(&settings).unwrap();
            for history in HISTORIES {
                for kept in ["", " \n", "It is "] {
                    let messages = history.iter().map(|(role, content)| PromptMessage {
                        role: *role,
                        content: (*content).to_owned(),
                    });
                    let request = CompletionRequest {
                        messages: Conversation::new(messages),
                        kept: kept.to_owned(),
                        ..question()
                    };
                    let reply = vendor.text("a") + &vendor.end(FinishReason::Stop);
                    let steps = vec![send(super::fake::HEAD), send(reply)];
                    let (_, request) = tokio::join!(collect_of(&*provider, request), fake.answer(steps));
                    assert_taken(&said(vendor, &request), kept, continues_partial);
                }
            }
        }
    }
}

#[track_caller]
fn assert_taken(said: &[(String, String)], kept: &str, continues_partial: bool) {
    for (place, (role, text)) in said.iter().enumerate() {
        let expected = if place % 2 == 0 { "user" } else { "assistant" };
        assert_eq!(role, expected, "{said:?}");
        assert!(!text.trim().is_empty(), "{said:?}");
    }
    let goes_on = continues_partial && !kept.trim().is_empty();
    assert_eq!(said.len().is_multiple_of(2), goes_on, "{said:?}");
}
