//! The body of a request: the prompt, and how a provider is asked to go on from a partial reply.

use serde::Serialize;

use crate::config::{Continuation, ProviderSettings};
use crate::model::Role;
use crate::provider::CompletionRequest;

/// For providers that would start a new message after a trailing assistant message.
const GO_ON: &str = "Your last message broke off. Go on exactly where it ends, in the middle of a word if need be. \
    Do not repeat anything, do not apologise and do not start again: write only what is missing.";

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_generation_prompt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_final_message: Option<bool>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'a str,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<bool>,
}

impl<'a> Message<'a> {
    fn new(role: &'a str, content: &'a str) -> Self {
        Self {
            role,
            content,
            prefix: None,
        }
    }
}

/// How a provider goes on from a partial reply; `None` when it has to be asked in words.
pub(super) fn continuation(settings: &ProviderSettings) -> Option<Continuation> {
    settings.continues_partial.then_some(settings.continuation)
}

/// The JSON of a request.
pub(super) fn body(
    model: &str,
    continuation: Option<Continuation>,
    request: &CompletionRequest,
) -> serde_json::Result<Vec<u8>> {
    let going_on = !request.kept.is_empty();
    let final_message =
        (going_on && continuation == Some(Continuation::ContinueFinalMessage)).then_some(true);
    serde_json::to_vec(&Body {
        model,
        messages: messages(continuation, request),
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        add_generation_prompt: final_message.map(|_| false),
        continue_final_message: final_message,
    })
}

fn messages(continuation: Option<Continuation>, request: &CompletionRequest) -> Vec<Message<'_>> {
    let mut messages = Vec::with_capacity(request.messages.len() + 3);
    if !request.instructions.is_empty() {
        messages.push(Message::new("system", &request.instructions));
    }
    messages.extend(
        request
            .messages
            .iter()
            .map(|message| Message::new(message.role.as_str(), &message.content)),
    );
    if !request.kept.is_empty() {
        let prefix = (continuation == Some(Continuation::Prefix)).then_some(true);
        messages.push(Message {
            prefix,
            ..Message::new(Role::Assistant.as_str(), &request.kept)
        });
        if continuation.is_none() {
            messages.push(Message::new(Role::User.as_str(), GO_ON));
        }
    }
    messages
}
