//! What the events of one response add up to. It is complete with its terminal event, and not a byte before.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::wire::{Record, Response, TokenCounts};
use crate::model::{FinishReason, Usage, UsageSource};
use crate::provider::call::{self, Draft, Failures, is_truthy, text};
use crate::provider::decode::SseEvent;
use crate::provider::{Completion, Delta, ProviderError, ProviderErrorKind};

/// A reply as far as it was read.
pub(in crate::provider) struct Transcript {
    draft: Draft,
    /// The arguments of the function that has to be called are the reply.
    calls_tool: bool,
}

impl call::Transcript for Transcript {
    fn has_begun(&self) -> bool {
        self.draft.has_begun()
    }

    /// The terminal event says everything: without it the reply was cut.
    fn completion(&self) -> Option<Completion> {
        None
    }

    fn take_next(&mut self) -> Option<Delta> {
        self.draft.take_next()
    }

    fn read(&mut self, event: SseEvent<'_>, failures: &Failures) -> Result<Option<Delta>, ProviderError> {
        // Some servers close with what chat completions end with; here it ends nothing.
        if event.data.is_empty() || event.data.starts_with("[DONE]") {
            return Ok(None);
        }
        let mut record: Record<'_> =
            serde_json::from_str(event.data).map_err(|error| failures.json(&error))?;
        let kind = text(record.kind.take());
        let kind = if kind.is_empty() { event.name } else { &*kind };
        if kind == "error" || record.error.as_ref().is_some_and(is_truthy) {
            let bare = json!({"code": record.code});
            return Err(failures.error_object(record.error.as_ref().unwrap_or(&bare)));
        }
        match kind {
            "response.output_text.delta" | "response.refusal.delta" if !self.calls_tool => {
                self.draft.text(text(record.delta), failures)
            }
            "response.function_call_arguments.delta" if self.calls_tool => {
                self.draft.text(text(record.delta), failures)
            }
            "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
                self.draft.reasoning(text(record.delta), failures)
            }
            "response.reasoning_summary_part.added" if record.summary_index > Some(0) => {
                self.draft.reasoning(Cow::Borrowed("\n\n"), failures)
            }
            _ => self.end(kind, record.response.unwrap_or_default(), failures),
        }
    }
}

impl Transcript {
    pub(super) fn new(draft: Draft, calls_tool: bool) -> Self {
        Self { draft, calls_tool }
    }

    /// The terminal events; others say nothing.
    fn end(
        &mut self,
        kind: &str,
        response: Response,
        failures: &Failures,
    ) -> Result<Option<Delta>, ProviderError> {
        let finish_reason = match kind {
            "response.completed" => FinishReason::Stop,
            "response.incomplete" => match response.incomplete_details.and_then(|details| details.reason) {
                Some(reason) if reason == "content_filter" => FinishReason::ContentFilter,
                _ => FinishReason::Length,
            },
            "response.failed" => return Err(failures.error_object(&response.error.unwrap_or(Value::Null))),
            "response.cancelled" => return Err(failures.bare(ProviderErrorKind::Disconnected)),
            _ => return Ok(None),
        };
        self.draft.finish_reason = Some(finish_reason);
        self.draft.usage = response.usage.and_then(reported);
        self.draft.end(failures).map(Some)
    }
}

fn reported(counts: TokenCounts) -> Option<Usage> {
    let (input, output) = (counts.input_tokens, counts.output_tokens);
    input.or(output)?;
    Some(Usage {
        input_tokens: input.unwrap_or(0).max(0),
        output_tokens: output.unwrap_or(0).max(0),
        source: UsageSource::Reported,
    })
}
