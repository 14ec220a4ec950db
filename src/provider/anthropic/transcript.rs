//! What the events of one message add up to. Its stop reason says that it has ended; `message_stop` says it at once.

use super::wire::{BlockDelta, Piece};
use crate::model::Usage;
use crate::provider::ProviderError;
use crate::provider::call::{
    self, Counted, Draft, Failures, Kind, Loose, count, error_of, is_done, record, text,
};
use crate::provider::decode::SseEvent;

/// A reply as far as it was read.
pub(in crate::provider) struct Transcript {
    draft: Draft,
    /// The input of the tool that has to be called is the reply.
    calls_tool: bool,
}

impl call::Transcript for Transcript {
    fn draft(&self) -> &Draft {
        &self.draft
    }

    fn draft_mut(&mut self) -> &mut Draft {
        &mut self.draft
    }

    fn read(&mut self, event: SseEvent<'_>, failures: &Failures) -> Result<(), ProviderError> {
        self.draft.begin_record();
        if let Ok(record) = serde_json::from_str::<BlockDelta<'_>>(event.data)
            && record.is_ordinary()
        {
            return self.add(record.delta, failures);
        }
        // What chat completions end with confirms a reason, and is none.
        if is_done(event.data) {
            return if self.draft.has_reason() {
                self.draft.conclude(failures)
            } else {
                Ok(())
            };
        }
        match record(event.data) {
            Ok(json) if json.is_empty() => Ok(()),
            Ok(json) => {
                let record = Loose::parse(&json).map_err(|error| failures.json(&error))?;
                self.read_loosely(record, event.name, failures)
            }
            Err(error) => match event.name {
                "message_stop" => self.draft.conclude(failures),
                "" | "error" | "content_block_start" | "content_block_delta" | "message_delta" => {
                    Err(failures.json(&error))
                }
                // What says nothing may be anything.
                _ => Ok(()),
            },
        }
    }

    /// A message that was not asked to stream.
    fn read_document(&mut self, document: Loose<'_>, failures: &Failures) -> Result<bool, ProviderError> {
        let kind = document.get("type").and_then(Loose::word);
        let is_reply = kind.as_deref() == Some("message") || document.get("content").is_some();
        if is_reply {
            for block in document.get("content").map(Loose::items).unwrap_or_default() {
                self.add_block(block, failures)?;
            }
            if let Some(text) = document.get("content").filter(|content| content.is_string()) {
                self.draft.loose(Some(text), Kind::Text, failures)?;
            }
            self.count(document.get("usage"), failures);
            self.finish(document, failures)?;
        }
        Ok(is_reply)
    }
}

impl Transcript {
    pub(super) fn new(draft: Draft, calls_tool: bool) -> Self {
        Self {
            draft: if calls_tool { draft.of_arguments() } else { draft },
            calls_tool,
        }
    }

    /// An ordinary delta.
    fn add(&mut self, piece: Piece<'_>, failures: &Failures) -> Result<(), ProviderError> {
        self.draft.reasoning(text(piece.thinking), failures)?;
        let content = if self.calls_tool {
            text(piece.partial_json)
        } else {
            text(piece.text)
        };
        self.draft.text(content, failures)
    }

    /// Any record but an ordinary delta.
    fn read_loosely(
        &mut self,
        record: Loose<'_>,
        name: &str,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        if let Some(error) = error_of(record) {
            return Err(failures.error_object(&error));
        }
        if !record.is_object() {
            return Err(failures.no_string());
        }
        let kind = record.get("type").and_then(Loose::word).unwrap_or_default();
        match if kind.is_empty() { name } else { &*kind } {
            "message_start" => {
                let usage = record.get("message").and_then(|message| message.get("usage"));
                self.count(usage, failures);
            }
            "content_block_start" => {
                let block = record.get("content_block").filter(|block| block.is_object());
                return block.map_or(Ok(()), |block| self.add_block(block, failures));
            }
            "content_block_delta" => {
                let delta = record.get("delta");
                return delta.map_or(Ok(()), |delta| self.add_delta(delta, failures));
            }
            "message_delta" => {
                self.count(record.get("usage"), failures);
                let delta = record
                    .get("delta")
                    .filter(|delta| delta.get("stop_reason").is_some());
                return self.finish(delta.unwrap_or(record), failures);
            }
            "message_stop" => return self.draft.conclude(failures),
            "error" => return Err(failures.error_object(&record.value())),
            // Pings, and what the API may add.
            _ => {}
        }
        Ok(())
    }

    /// A block as it begins, or as a whole.
    fn add_block(&mut self, block: Loose<'_>, failures: &Failures) -> Result<(), ProviderError> {
        let kind = block.get("type").and_then(Loose::word).unwrap_or_default();
        match &*kind {
            "thinking" => self.draft.loose(block.get("thinking"), Kind::Thought, failures),
            "" | "text" if !self.calls_tool => self.draft.loose(block.get("text"), Kind::Text, failures),
            // A block that begins has an empty input; its pieces follow.
            "tool_use" if self.calls_tool => {
                let input = block
                    .get("input")
                    .filter(|input| input.is_object() && input.json() != "{}");
                let json = input.map(Loose::json).unwrap_or_default();
                self.draft.text(json.into(), failures)
            }
            _ => Ok(()),
        }
    }

    fn add_delta(&mut self, delta: Loose<'_>, failures: &Failures) -> Result<(), ProviderError> {
        if self.calls_tool {
            return self.draft.loose(delta.get("partial_json"), Kind::Text, failures);
        }
        if delta.is_string() {
            return self.draft.loose(Some(delta), Kind::Text, failures);
        }
        self.draft.loose(delta.get("thinking"), Kind::Thought, failures)?;
        let kind = delta.get("type").and_then(Loose::word);
        if kind.is_some_and(|kind| kind != "text_delta" && kind != "text") {
            return Ok(());
        }
        self.draft.loose(delta.get("text"), Kind::Text, failures)
    }

    /// Input is known at the beginning, output at the end; each count replaces the one before.
    fn count(&mut self, usage: Option<Loose<'_>>, failures: &Failures) {
        let Some(usage) = usage else { return };
        let counted = match counts(usage) {
            Some((input, output)) => {
                let before = self.draft.usage();
                let input = input.or(before.map(|usage: Usage| usage.input_tokens));
                let output = output.or(before.map(|usage: Usage| usage.output_tokens));
                Counted::of(input, output)
            }
            None => Counted::Unreadable,
        };
        self.draft.cost(counted, failures);
    }

    fn finish(&mut self, record: Loose<'_>, failures: &Failures) -> Result<(), ProviderError> {
        let reason = record
            .get("stop_reason")
            .and_then(Loose::word)
            .unwrap_or_default();
        self.draft.finish(&reason, failures)
    }
}

/// What was read, from a cache or not, and what was written.
fn counts(usage: Loose<'_>) -> Option<(Option<i64>, Option<i64>)> {
    if !usage.is_object() {
        return None;
    }
    let read = |field| count(usage, field).ok();
    let cached = [
        read("cache_creation_input_tokens")?,
        read("cache_read_input_tokens")?,
    ];
    let cached: i64 = cached.into_iter().flatten().fold(0, i64::saturating_add);
    let input = read("input_tokens")?.map(|new| new.saturating_add(cached));
    Some((input, read("output_tokens")?))
}
