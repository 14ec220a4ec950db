use serde_json::{Value, json};

use super::super::{endpoint, prompt};
use super::fake::question;
use crate::config::Continuation;
use crate::model::Role;
use crate::provider::{CompletionRequest, PromptMessage};

fn body(continuation: Option<Continuation>, request: &CompletionRequest) -> Value {
    serde_json::from_slice(&prompt::body("m", continuation, request).unwrap()).unwrap()
}

fn going_on(continuation: Option<Continuation>) -> Value {
    body(
        continuation,
        &CompletionRequest {
            kept: "Because".to_owned(),
            ..question()
        },
    )
}

#[test]
fn a_prompt_is_the_instructions_and_the_conversation() {
    let mut request = question();
    request.messages.push(PromptMessage {
        role: Role::Assistant,
        content: "What do you think?".to_owned(),
    });
    request.messages.push(PromptMessage {
        role: Role::User,
        content: "\u{1f600}\0".to_owned(),
    });
    let expected = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Ask."},
            {"role": "user", "content": "Why?"},
            {"role": "assistant", "content": "What do you think?"},
            {"role": "user", "content": "\u{1f600}\0"},
        ],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    for continuation in [
        None,
        Some(Continuation::Prefix),
        Some(Continuation::ContinueFinalMessage),
    ] {
        assert_eq!(body(continuation, &request), expected);
    }
}

#[test]
fn no_instructions_are_no_message() {
    let request = CompletionRequest {
        instructions: String::new(),
        ..question()
    };
    assert_eq!(
        body(None, &request)["messages"],
        json!([{"role": "user", "content": "Why?"}])
    );
}

#[test]
fn a_partial_reply_is_the_last_message() {
    let body = going_on(Some(Continuation::LastMessage));
    assert_eq!(
        body["messages"][2],
        json!({"role": "assistant", "content": "Because"})
    );
    assert_eq!(body["messages"].as_array().unwrap().len(), 3);
    assert_eq!(body.as_object().unwrap().len(), 4);
}

#[test]
fn a_partial_reply_may_be_marked_as_prefix() {
    let body = going_on(Some(Continuation::Prefix));
    assert_eq!(
        body["messages"][2],
        json!({"role": "assistant", "content": "Because", "prefix": true})
    );
    assert_eq!(body["messages"][1], json!({"role": "user", "content": "Why?"}));
}

#[test]
fn a_partial_reply_may_be_continued_by_a_field() {
    let body = going_on(Some(Continuation::ContinueFinalMessage));
    assert_eq!(
        body["messages"][2],
        json!({"role": "assistant", "content": "Because"})
    );
    assert_eq!(
        (&body["continue_final_message"], &body["add_generation_prompt"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn a_provider_that_cannot_continue_is_asked_to() {
    let body = going_on(None);
    assert_eq!(
        body["messages"][2],
        json!({"role": "assistant", "content": "Because"})
    );
    assert_eq!(body["messages"][3]["role"], "user");
    assert!(
        body["messages"][3]["content"]
            .as_str()
            .unwrap()
            .contains("exactly where it ends")
    );
}

#[test]
fn the_endpoint_is_below_the_base_url() {
    let cases = [
        (
            "https://api.example.org/v1",
            "https://api.example.org/v1/chat/completions",
        ),
        (
            "https://api.example.org/v1/",
            "https://api.example.org/v1/chat/completions",
        ),
        ("http://localhost:8000", "http://localhost:8000/chat/completions"),
        (
            "https://example.org/d?api-version=1",
            "https://example.org/d/chat/completions?api-version=1",
        ),
    ];
    for (base_url, expected) in cases {
        assert_eq!(endpoint(base_url).unwrap().as_str(), expected);
    }
}
