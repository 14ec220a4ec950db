//! What the chunks of one reply add up to: deltas, why it ended, what it cost.

use std::borrow::Cow;

use serde_json::Value;

use super::wire::{ChoiceDelta, Chunk, TokenCounts, ToolCall};
use crate::model::{FinishReason, Usage, UsageSource};
use crate::provider::call::{self, Draft, Failures, is_truthy, text};
use crate::provider::decode::SseEvent;
use crate::provider::{Completion, Delta, ProviderError, ProviderErrorKind};

/// A reply as far as it was read.
pub(in crate::provider) struct Transcript {
    draft: Draft,
    /// The arguments of the tool that has to be called are the reply.
    calls_tool: bool,
}

impl call::Transcript for Transcript {
    fn has_begun(&self) -> bool {
        self.draft.has_begun()
    }

    /// Usage and `[DONE]` come after the finish reason.
    fn completion(&self) -> Option<Completion> {
        self.draft.completion()
    }

    fn take_next(&mut self) -> Option<Delta> {
        self.draft.take_next()
    }

    fn read(&mut self, event: SseEvent<'_>, failures: &Failures) -> Result<Option<Delta>, ProviderError> {
        if event.data.is_empty() {
            return Ok(None);
        }
        if event.data.starts_with("[DONE]") {
            return self.draft.end(failures).map(Some);
        }
        if event.name == "error" {
            return Err(named_error(event.data, failures));
        }
        let chunk: Chunk<'_> = serde_json::from_str(event.data).map_err(|error| failures.json(&error))?;
        if let Some(error) = chunk.error.filter(is_truthy) {
            return Err(failures.error_object(&error));
        }
        self.draft.usage = chunk.usage.and_then(reported).or(self.draft.usage);
        let Some(choice) = chunk.choice else {
            return Ok(None);
        };
        match &*text(choice.finish_reason) {
            "" => {}
            "error" => return Err(failures.bare(ProviderErrorKind::Overloaded { retry_after: None })),
            "tool_calls" if self.calls_tool => self.draft.finish_reason = Some(FinishReason::Stop),
            reason => self.draft.finish_reason = Some(finish_reason(reason)),
        }
        self.add(choice.delta.unwrap_or_default(), failures)
    }
}

impl Transcript {
    pub(super) fn new(draft: Draft, calls_tool: bool) -> Self {
        Self { draft, calls_tool }
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
        let reasoning = self.draft.reasoning(reasoning, failures)?;
        let content = self.draft.text(content, failures)?;
        Ok(self.draft.in_order(reasoning, content))
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
