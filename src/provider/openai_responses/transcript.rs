//! What the events of one response add up to. It is complete with its terminal event, and not a byte before.

use std::borrow::Cow;

use serde_json::Value;

use super::items::{Items, Key, text_of};
use super::wire;
use crate::model::FinishReason;
use crate::provider::call::{self, Counted, Draft, Failures, Kind, Loose, error_of, is_done, pieces, record};
use crate::provider::decode::SseEvent;
use crate::provider::{ProviderError, ProviderErrorKind};

/// A reply as far as it was read.
pub(in crate::provider) struct Transcript {
    draft: Draft,
    items: Items,
    /// The arguments of the function that has to be called are the reply.
    calls_tool: bool,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Text,
    Thoughts,
    Other,
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
        if let Ok(record) = serde_json::from_str::<wire::Delta<'_>>(event.data)
            && record.error.is_none()
        {
            let key = Key::new(record.output_index, record.item_id.as_ref().map(|id| &*id.0))
                .part(record.content_index);
            match self.about(&record.kind.0) {
                About::Text => return self.say(key, record.delta.0, failures),
                About::Thoughts => return self.draft.reasoning(record.delta.0, failures),
                About::Other => {}
            }
        }
        // Some servers close with what chat completions end with; here it ends nothing.
        if is_done(event.data) {
            return Ok(());
        }
        match record(event.data) {
            Ok(json) if json.is_empty() => Ok(()),
            Ok(json) => {
                let record = Loose::parse(&json).map_err(|error| failures.json(&error))?;
                self.read_loosely(record, event.name, failures)
            }
            Err(error) => match event.name {
                // The name says that it is over.
                "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                    self.end(event.name, None, failures)
                }
                // What says nothing may be anything.
                name if !name.is_empty() && name != "error" && self.about(name) == About::Other => Ok(()),
                _ => Err(failures.json(&error)),
            },
        }
    }

    /// A response that was not asked to stream.
    fn read_document(&mut self, document: Loose<'_>, failures: &Failures) -> Result<bool, ProviderError> {
        let object = document.get("object").and_then(Loose::word);
        let is_reply =
            document.get("output").is_some_and(Loose::is_list) || object.as_deref() == Some("response");
        if !is_reply {
            return Ok(false);
        }
        match document.get("status").and_then(Loose::word).as_deref() {
            Some("failed" | "cancelled") => Err(failed(Some(document), failures)),
            _ => self
                .finish("response.completed", Some(document), failures)
                .map(|()| true),
        }
    }
}

impl Transcript {
    pub(super) fn new(draft: Draft, calls_tool: bool) -> Self {
        Self {
            draft: if calls_tool { draft.of_arguments() } else { draft },
            items: Items::default(),
            calls_tool,
        }
    }

    fn about(&self, kind: &str) -> About {
        match kind {
            "response.output_text.delta" | "response.refusal.delta" if !self.calls_tool => About::Text,
            "response.function_call_arguments.delta" if self.calls_tool => About::Text,
            "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => About::Thoughts,
            _ => About::Other,
        }
    }

    fn say(&mut self, key: Key, text: Cow<'_, str>, failures: &Failures) -> Result<(), ProviderError> {
        let before = self.items.add(key, text.as_bytes());
        self.draft.text(Cow::Borrowed(before), failures)?;
        self.draft.text(text, failures)
    }

    fn say_loosely(&mut self, record: Loose<'_>, failures: &Failures) -> Result<(), ProviderError> {
        let Some(delta) = record.get("delta") else {
            return Ok(());
        };
        let Some(pieces) = pieces(delta, Kind::Text) else {
            return Err(failures.no_string());
        };
        let key = Key::of(record);
        for piece in &pieces {
            if piece.kind == Kind::Text {
                let before = self.items.add(key, &piece.bytes);
                self.draft.text(Cow::Borrowed(before), failures)?;
            }
            self.draft.piece(piece, failures)?;
        }
        Ok(())
    }

    /// Any record but an ordinary delta.
    fn read_loosely(
        &mut self,
        record: Loose<'_>,
        name: &str,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        if !record.is_object() && !record.is_list() {
            return Err(failures.no_string());
        }
        let kind = record.get("type").and_then(Loose::word).unwrap_or_default();
        let kind = if kind.is_empty() { name } else { &*kind };
        if let Some(error) = error_of(record) {
            return Err(failures.error_object(&error));
        }
        if kind == "error" {
            return Err(failures.error_object(&record.value()));
        }
        if record.is_list() {
            return Err(failures.no_string());
        }
        match self.about(kind) {
            About::Text => return self.say_loosely(record, failures),
            About::Thoughts => return self.draft.loose(record.get("delta"), Kind::Thought, failures),
            About::Other => {}
        }
        match kind {
            "response.reasoning_summary_part.added" => self.part(record, failures),
            "response.output_item.added" => {
                let kind = record.get("item").and_then(|item| item.get("type"));
                if kind.and_then(Loose::word).as_deref() == Some("message") {
                    self.items.announce();
                }
                Ok(())
            }
            _ => self.read_whole(kind, record, failures),
        }
    }

    /// The parts of a summary are apart.
    fn part(&mut self, record: Loose<'_>, failures: &Failures) -> Result<(), ProviderError> {
        let index = record.get("summary_index").and_then(Loose::number);
        let apart = if index > Some(0) { "\n\n" } else { "" };
        self.draft.reasoning(Cow::Borrowed(apart), failures)
    }

    /// Events that say a text again as a whole, and the terminal ones; others say nothing.
    fn read_whole(
        &mut self,
        kind: &str,
        record: Loose<'_>,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        let whole = match kind {
            "response.output_text.done" if !self.calls_tool => record.get("text"),
            "response.refusal.done" if !self.calls_tool => record.get("refusal"),
            "response.function_call_arguments.done" if self.calls_tool => record.get("arguments"),
            "response.output_item.done" => {
                let item = record.get("item");
                let whole = item.and_then(|item| self.text(item)).unwrap_or_default();
                let missing = self.items.missing(Key::of(record), &whole).to_vec();
                return self.say_bytes(Key::of(record), &missing, failures);
            }
            _ => return self.end(kind, record.get("response"), failures),
        };
        let whole = whole.and_then(Loose::string).unwrap_or_default();
        let missing = self.items.missing_of_part(Key::of(record), &whole).to_vec();
        self.say_bytes(Key::of(record), &missing, failures)
    }

    fn say_bytes(&mut self, key: Key, text: &[u8], failures: &Failures) -> Result<(), ProviderError> {
        self.say(key, String::from_utf8_lossy(text), failures)
    }

    /// The text of an item that is the reply, or a part of it.
    fn text(&self, item: Loose<'_>) -> Option<Vec<u8>> {
        if !self.calls_tool {
            return text_of(item);
        }
        let is_call = item.get("type").and_then(Loose::word).as_deref() == Some("function_call");
        item.get("arguments").filter(|_| is_call)?.string()
    }

    /// The terminal events; others say nothing.
    fn end(
        &mut self,
        kind: &str,
        response: Option<Loose<'_>>,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        match kind {
            "response.completed" | "response.incomplete" => {
                self.finish(kind, response, failures)?;
                self.draft.conclude(failures)
            }
            "response.failed" | "response.cancelled" => Err(match kind {
                "response.failed" => failed(response, failures),
                _ => failures.bare(ProviderErrorKind::Disconnected),
            }),
            _ => Ok(()),
        }
    }

    fn finish(
        &mut self,
        kind: &str,
        response: Option<Loose<'_>>,
        failures: &Failures,
    ) -> Result<(), ProviderError> {
        let word = |field| {
            response
                .and_then(|response| response.get(field))
                .and_then(Loose::word)
        };
        let status = word("status").unwrap_or_default();
        if status == "failed" || status == "cancelled" {
            return Err(failed(response, failures));
        }
        self.add_output(response, failures)?;
        let counts = response.and_then(|response| response.get("usage"));
        self.draft
            .cost(Counted::read(counts, "input_tokens", "output_tokens"), failures);
        // A record of its own, whatever was said with it.
        self.draft.begin_record();
        if kind == "response.completed" && status != "incomplete" {
            self.draft.finish_with(FinishReason::Stop);
            return Ok(());
        }
        let details = response.and_then(|response| response.get("incomplete_details"));
        let reason = details.and_then(|details| details.get("reason").unwrap_or(details).word());
        match reason.filter(|reason| Draft::knows(reason)) {
            Some(reason) => self.draft.finish(&reason, failures),
            None => {
                self.draft.finish_with(FinishReason::Length);
                Ok(())
            }
        }
    }

    /// What the terminal event says that no other has said.
    fn add_output(&mut self, response: Option<Loose<'_>>, failures: &Failures) -> Result<(), ProviderError> {
        let output = response
            .and_then(|response| response.get("output"))
            .map(Loose::items);
        let texts: Vec<_> = output
            .unwrap_or_default()
            .into_iter()
            .filter_map(|item| self.text(item))
            .collect();
        for missing in self.items.missing_of_all(&texts) {
            if !missing.is_empty() {
                self.say_bytes(Key::default(), &missing, failures)?;
            }
            self.items.announce();
        }
        Ok(())
    }
}

fn failed(response: Option<Loose<'_>>, failures: &Failures) -> ProviderError {
    let error = response.and_then(|response| response.get("error"));
    failures.error_object(&error.map_or(Value::Null, Loose::value))
}
