//! What the events of one reply add up to: deltas, why it ended, what it cost. No input or output, no clock.

use std::borrow::Cow;

use serde_json::Value;

use super::failure::{Cause, Failures, is_truthy};
use super::wire::{ChoiceDelta, Chunk, TokenCounts, ToolCall, text};
use crate::model::{FinishReason, Usage, UsageSource};
use crate::provider::decode::SseEvent;
use crate::provider::{Completion, Delta, ProviderError, ProviderErrorKind};

/// A reply as far as it was read.
pub(super) struct Transcript {
    /// Most bytes of the reply, its reasoning included.
    max_bytes: usize,
    /// The arguments of the tool that has to be called are the reply.
    calls_tool: bool,
    /// One event may say two things.
    next: Option<Delta>,
    reply_bytes: usize,
    has_text: bool,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
}

impl Transcript {
    pub(super) fn new(max_bytes: usize, calls_tool: bool) -> Self {
        Self {
            max_bytes,
            calls_tool,
            next: None,
            reply_bytes: 0,
            has_text: false,
            finish_reason: None,
            usage: None,
        }
    }

    /// Whether the provider has written anything.
    pub(super) fn has_begun(&self) -> bool {
        self.reply_bytes > 0
    }

    /// What the provider has ended the reply with; its usage may still come.
    pub(super) fn completion(&self) -> Option<Completion> {
        self.finish_reason.map(|finish_reason| Completion {
            finish_reason,
            usage: self.usage,
        })
    }

    /// What is left of the last event.
    pub(super) fn take_next(&mut self) -> Option<Delta> {
        self.next.take()
    }

    /// Takes one event; [`Delta::End`] is the last delta.
    pub(super) fn read(
        &mut self,
        event: SseEvent<'_>,
        failures: &Failures,
    ) -> Result<Option<Delta>, ProviderError> {
        if event.data.is_empty() {
            return Ok(None);
        }
        if event.data.starts_with("[DONE]") {
            return self.done(failures).map(Some);
        }
        if event.name == "error" {
            return Err(named_error(event.data, failures));
        }
        let chunk: Chunk<'_> = serde_json::from_str(event.data).map_err(|error| failures.json(&error))?;
        if let Some(error) = chunk.error.filter(is_truthy) {
            return Err(failures.error_object(&error));
        }
        self.usage = chunk.usage.and_then(reported).or(self.usage);
        let Some(choice) = chunk.choice else {
            return Ok(None);
        };
        match &*text(choice.finish_reason) {
            "" => {}
            "error" => return Err(failures.bare(ProviderErrorKind::Overloaded { retry_after: None })),
            "tool_calls" if self.calls_tool => self.finish_reason = Some(FinishReason::Stop),
            reason => self.finish_reason = Some(finish_reason(reason)),
        }
        self.add(choice.delta.unwrap_or_default(), failures)
    }

    fn done(&self, failures: &Failures) -> Result<Delta, ProviderError> {
        let stop = Completion {
            finish_reason: FinishReason::Stop,
            usage: self.usage,
        };
        self.completion()
            .or(self.has_text.then_some(stop))
            .map(Delta::End)
            .ok_or_else(|| failures.caused(ProviderErrorKind::Malformed, Cause::NoText))
    }

    fn add(&mut self, delta: ChoiceDelta<'_>, failures: &Failures) -> Result<Option<Delta>, ProviderError> {
        let mut content = joined(text(delta.content), text(delta.refusal));
        if self.calls_tool {
            content = arguments(delta.tool_calls);
        }
        let mut reasoning = text(delta.reasoning_content);
        if reasoning.is_empty() {
            reasoning = text(delta.reasoning);
        }
        self.reply_bytes += content.len() + reasoning.len();
        if self.reply_bytes > self.max_bytes {
            return Err(failures.bare(ProviderErrorKind::TooLarge));
        }
        self.has_text |= !content.is_empty();
        let content = (!content.is_empty()).then(|| Delta::Text(without_nul(content)));
        if reasoning.is_empty() {
            return Ok(content);
        }
        self.next = content;
        Ok(Some(Delta::Reasoning(without_nul(reasoning))))
    }
}

/// What is new of the arguments of the first tool that is called.
fn arguments(calls: Option<Vec<ToolCall<'_>>>) -> Cow<'_, str> {
    let mut calls = calls.unwrap_or_default().into_iter();
    let first = calls.find(|call| call.index.unwrap_or(0) == 0);
    text(first.and_then(|call| call.function?.arguments))
}

/// The data of an event that is called `error`; servers put the object there with or without a wrapper.
fn named_error(data: &str, failures: &Failures) -> ProviderError {
    match serde_json::from_str::<Value>(data) {
        Ok(value) => failures.error_object(value.get("error").unwrap_or(&value)),
        Err(error) => failures.json(&error),
    }
}

fn finish_reason(word: &str) -> FinishReason {
    match word {
        "length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

fn reported(counts: TokenCounts) -> Option<Usage> {
    let (input, output) = (counts.prompt_tokens, counts.completion_tokens);
    input.or(output)?;
    Some(Usage {
        input_tokens: input.unwrap_or(0).max(0),
        output_tokens: output.unwrap_or(0).max(0),
        source: UsageSource::Reported,
    })
}

fn joined<'a>(first: Cow<'a, str>, second: Cow<'a, str>) -> Cow<'a, str> {
    if first.is_empty() { second } else { first + second }
}

/// Databases and browsers disagree about U+0000: nothing above this module has to know it.
fn without_nul(text: Cow<'_, str>) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{FFFD}")
    } else {
        text.into_owned()
    }
}
