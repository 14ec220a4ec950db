//! What the events of one message add up to. It is complete with `message_stop`, and not a byte before.

use super::wire::{Piece, Record, TokenCounts};
use crate::model::{FinishReason, Usage, UsageSource};
use crate::provider::call::{self, Draft, Failures, is_truthy, text};
use crate::provider::decode::SseEvent;
use crate::provider::{Completion, Delta, ProviderError};

/// A reply as far as it was read.
pub(in crate::provider) struct Transcript {
    draft: Draft,
    /// The input of the tool that has to be called is the reply.
    calls_tool: bool,
}

impl call::Transcript for Transcript {
    fn has_begun(&self) -> bool {
        self.draft.has_begun()
    }

    /// Nothing may be missing after the stop reason: without `message_stop` it was cut.
    fn completion(&self) -> Option<Completion> {
        None
    }

    fn take_next(&mut self) -> Option<Delta> {
        self.draft.take_next()
    }

    fn read(&mut self, event: SseEvent<'_>, failures: &Failures) -> Result<Option<Delta>, ProviderError> {
        if event.data.is_empty() {
            return Ok(None);
        }
        let record: Record<'_> = serde_json::from_str(event.data).map_err(|error| failures.json(&error))?;
        if let Some(error) = record.error.filter(is_truthy) {
            return Err(failures.error_object(&error));
        }
        let kind = text(record.kind);
        match if kind.is_empty() { event.name } else { &*kind } {
            "message_start" => self.count(record.message.and_then(|message| message.usage)),
            "content_block_start" => return self.add(record.content_block.unwrap_or_default(), failures),
            "content_block_delta" => return self.add(record.delta.unwrap_or_default(), failures),
            "message_delta" => {
                self.count(record.usage);
                self.finish(&text(record.delta.unwrap_or_default().stop_reason));
            }
            "message_stop" => return self.draft.end(failures).map(Some),
            "error" => return Err(failures.error_object(&serde_json::Value::Null)),
            // Pings, and what the API may add.
            _ => {}
        }
        Ok(None)
    }
}

impl Transcript {
    pub(super) fn new(draft: Draft, calls_tool: bool) -> Self {
        Self { draft, calls_tool }
    }

    fn add(&mut self, piece: Piece<'_>, failures: &Failures) -> Result<Option<Delta>, ProviderError> {
        let reasoning = self.draft.reasoning(text(piece.thinking), failures)?;
        let content = if self.calls_tool {
            text(piece.partial_json)
        } else {
            text(piece.text)
        };
        let content = self.draft.text(content, failures)?;
        Ok(self.draft.in_order(reasoning, content))
    }

    /// Input is known at the beginning, output at the end; each count replaces the one before.
    fn count(&mut self, counts: Option<TokenCounts>) {
        let Some(counts) = counts else { return };
        let before = self.draft.usage;
        let input = counts.input().or(before.map(|usage| usage.input_tokens));
        let output = counts.output_tokens.or(before.map(|usage| usage.output_tokens));
        if input.or(output).is_some() {
            self.draft.usage = Some(Usage {
                input_tokens: input.unwrap_or(0).max(0),
                output_tokens: output.unwrap_or(0).max(0),
                source: UsageSource::Reported,
            });
        }
    }

    fn finish(&mut self, reason: &str) {
        self.draft.finish_reason = Some(match reason {
            "" => return,
            // The reply could go on in both.
            "max_tokens" | "model_context_window_exceeded" | "pause_turn" => FinishReason::Length,
            "refusal" => FinishReason::ContentFilter,
            "tool_use" if !self.calls_tool => FinishReason::ToolCalls,
            _ => FinishReason::Stop,
        });
    }
}
