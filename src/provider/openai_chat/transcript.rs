//! What the chunks of one reply add up to: deltas, why it ended, what it cost.

use std::borrow::Cow;

use serde_json::Value;

use super::loosely::Found;
use super::wire::{Choice, Chunk, TokenCounts};
use crate::provider::ProviderError;
use crate::provider::call::{
    self, Counted, Draft, Failures, Kind, Loose, Told, error_of, is_done, pieces, record, text,
};
use crate::provider::decode::SseEvent;

/// A reply as far as it was read.
pub(in crate::provider) struct Transcript {
    draft: Draft,
    /// The text as it came, to know it when a server says all of it again.
    told: Told,
    /// It comes in deltas, so that a message is all of it again.
    has_deltas: bool,
    /// The arguments of the tool that has to be called are the reply.
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
        if event.name == "error" {
            return Err(named_error(event.data, failures));
        }
        if !self.calls_tool
            && let Ok(mut chunk) = serde_json::from_str::<Chunk<'_>>(event.data)
            && let Some(choice) = chunk.plain()
        {
            return self.add(choice, chunk.usage, failures);
        }
        if is_done(event.data) {
            return self.draft.conclude(failures);
        }
        match record(event.data) {
            Ok(json) if json.is_empty() => Ok(()),
            Ok(json) => self.read_loosely(&json, failures),
            // Events of chunks have no name: this is another one, and says nothing.
            Err(_) if !event.name.is_empty() => Ok(()),
            Err(error) => Err(failures.json(&error)),
        }
    }

    fn read_document(&mut self, document: Loose<'_>, failures: &Failures) -> Result<bool, ProviderError> {
        let is_reply = document.get("choices").is_some();
        if is_reply {
            self.take(document, failures)?;
        }
        Ok(is_reply)
    }
}

impl Transcript {
    pub(super) fn new(draft: Draft, calls_tool: bool) -> Self {
        Self {
            draft: if calls_tool { draft.of_arguments() } else { draft },
            told: Told::default(),
            has_deltas: false,
            calls_tool,
        }
    }

    /// An ordinary chunk.
    fn add(
        &mut self,
        choice: Choice<'_>,
        usage: Option<TokenCounts>,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        if let Some(usage) = usage {
            let counted = Counted::of(usage.prompt_tokens, usage.completion_tokens);
            self.draft.cost(counted, failures);
        }
        self.has_deltas = true;
        let delta = choice.delta.unwrap_or_default();
        let mut reasoning = text(delta.reasoning_content);
        if reasoning.is_empty() {
            reasoning = text(delta.reasoning);
        }
        self.draft.reasoning(reasoning, failures)?;
        let content = joined(text(delta.content), text(delta.refusal));
        self.told.add(content.as_bytes());
        self.draft.text(content, failures)?;
        self.draft.finish(&text(choice.finish_reason), failures)
    }

    /// Any other record.
    fn read_loosely(&mut self, json: &str, failures: &Failures) -> Result<(), ProviderError> {
        let record = Loose::parse(json).map_err(|error| failures.json(&error))?;
        if let Some(error) = error_of(record) {
            return Err(failures.error_object(&error));
        }
        if !record.is_object() {
            return Err(failures.no_string());
        }
        self.take(record, failures)
    }

    fn take(&mut self, record: Loose<'_>, failures: &Failures) -> Result<(), ProviderError> {
        let usage = Counted::read(record.get("usage"), "prompt_tokens", "completion_tokens");
        self.draft.cost(usage, failures);
        let choices = record.get("choices");
        if choices.is_some_and(|choices| !choices.is_list()) {
            return Err(failures.no_string());
        }
        let Some(choice) = choices.and_then(super::loosely::first) else {
            return Ok(());
        };
        if let Some(error) = choice.get("error").and_then(|_| error_of(choice)) {
            return Err(failures.error_object(&error));
        }
        for found in super::loosely::found(choice, self.calls_tool) {
            self.say(found, failures)?;
        }
        let reason = super::loosely::reason(choice);
        self.draft.finish(&reason, failures)
    }

    fn say(&mut self, found: Found<'_>, failures: &Failures) -> Result<(), ProviderError> {
        match found {
            Found::Message { text, .. } if self.has_deltas => self.say_missing(text, failures),
            Found::Message { thoughts, text } => {
                self.draft.loose(thoughts, Kind::Thought, failures)?;
                self.draft.loose(text, Kind::Text, failures)
            }
            Found::Delta { thoughts, text } => {
                self.has_deltas = true;
                self.draft.loose(thoughts, Kind::Thought, failures)?;
                self.told.add(&text.map(text_of).unwrap_or_default());
                self.draft.loose(text, Kind::Text, failures)
            }
            Found::Json(json) => self.draft.text(json.into(), failures),
        }
    }

    /// A message after deltas is all of the reply again, and perhaps more.
    fn say_missing(&mut self, message: Option<Loose<'_>>, failures: &Failures) -> Result<(), ProviderError> {
        let whole = message.map(text_of).unwrap_or_default();
        let missing = self.told.missing(&whole).unwrap_or_default().to_vec();
        self.told.add(&missing);
        self.draft.text(String::from_utf8_lossy(&missing), failures)
    }
}

/// The bytes of the reply's text in a value.
fn text_of(value: Loose<'_>) -> Vec<u8> {
    let pieces = pieces(value, Kind::Text).unwrap_or_default();
    let text = pieces.into_iter().filter(|piece| piece.kind == Kind::Text);
    text.flat_map(|piece| piece.bytes).collect()
}

/// The data of an event that is called `error`; servers put the object there with or without a wrapper.
fn named_error(data: &str, failures: &Failures) -> ProviderError {
    match serde_json::from_str::<Value>(data) {
        Ok(value) => failures.error_object(value.get("error").unwrap_or(&value)),
        Err(error) => failures.json(&error),
    }
}

fn joined<'a>(first: Cow<'a, str>, second: Cow<'a, str>) -> Cow<'a, str> {
    if first.is_empty() { second } else { first + second }
}
