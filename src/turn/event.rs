//! The events of a turn and their one encoding: a whole SSE frame with one line of JSON
//! (WHATWG HTML, "Server-sent events"). The encoding is what is stored and what is sent.

use std::io::Write;

use schemars::JsonSchema;
use serde::Serialize;

use crate::agent::TurnFocus;
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::{AttemptMode, FinishReason, Status, Usage};

/// One numbered entry of a turn's log.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// The first event.
    TurnStart(TurnStart),
    /// What the session works on.
    SessionFocus(Box<TurnFocus>),
    /// Text that the model thinks aloud.
    ReasoningDelta(TextOf),
    /// Text of the reply.
    TextDelta(TextOf),
    /// The reply is tried again.
    AttemptStart(AttemptStart),
    /// Why the turn failed; right before its `turn-end`.
    Error(ErrorEvent),
    /// The last event.
    TurnEnd(TurnEnd),
}

/// Text of a delta.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "TextDelta")]
pub struct TextOf {
    /// Never empty.
    pub text: String,
}

/// What kind of text a delta carries. Only deltas of one kind can be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// The reply.
    Reply,
    /// What the model thinks aloud.
    Reasoning,
}

impl TextKind {
    pub(super) fn event(self, text: String) -> Event {
        match self {
            Self::Reply => Event::TextDelta(TextOf { text }),
            Self::Reasoning => Event::ReasoningDelta(TextOf { text }),
        }
    }
}

/// Who answers what.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnStart {
    /// The turn.
    pub turn_id: TurnId,
    /// Its session.
    pub session_id: SessionId,
    /// The learner's message.
    pub user_message_id: MessageId,
    /// The reply.
    pub message_id: MessageId,
    /// Who answers.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
}

/// A further attempt.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AttemptStart {
    /// 2 or more.
    pub attempt: i32,
    /// What becomes of the text so far.
    pub mode: AttemptMode,
    /// Who answers now.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// Why: `server-restarted`, `requested`, `begins-anew`, `thoughts`, or the code of what went wrong before.
    pub reason: &'static str,
}

/// What a learner's client is told of an error.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TurnError")]
pub struct ErrorEvent {
    /// Stable; listed in `docs/http-api.md`.
    pub code: &'static str,
    /// A short sentence.
    pub title: String,
    /// What the learner can do.
    pub detail: String,
    /// Whether the same message may be answered later.
    pub retryable: bool,
    /// How long the provider asks to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// How the turn ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnEnd {
    /// Never `streaming`.
    pub status: Status,
    /// Why the provider ended it.
    pub finish_reason: Option<FinishReason>,
    /// Tokens.
    pub usage: Usage,
    /// The reply.
    pub message_id: MessageId,
    /// Length of the final text in characters (Unicode scalar values).
    pub text_length: usize,
    /// Whether the answer came from the cache.
    pub cached: bool,
}

/// What a frame ends with after its text.
const TEXT_END: &[u8] = b"\"}\n\n";

impl Event {
    /// The name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TurnStart(_) => "turn-start",
            Self::SessionFocus(_) => "session-focus",
            Self::ReasoningDelta(_) => "reasoning-delta",
            Self::TextDelta(_) => "text-delta",
            Self::AttemptStart(_) => "attempt-start",
            Self::Error(_) => "error",
            Self::TurnEnd(_) => "turn-end",
        }
    }

    /// Appends the frame of this event.
    pub(super) fn encode(&self, number: u64, frames: &mut Vec<u8>) {
        // Writing to a Vec cannot fail, and neither can serialising these types.
        let _ = write!(frames, "id: {number}\nevent: {}\ndata: ", self.name());
        let _ = serde_json::to_writer(&mut *frames, self);
        frames.extend_from_slice(b"\n\n");
    }

    /// Appends `text` to the text event that `frames` ends with.
    pub(super) fn merge_text(text: &str, frames: &mut Vec<u8>) {
        let quote = frames.len().saturating_sub(TEXT_END.len());
        frames.truncate(quote);
        let _ = serde_json::to_writer(&mut *frames, text);
        // The new string's opening quote stands where the old one's closing quote was.
        frames.remove(quote);
        frames.extend_from_slice(&TEXT_END[1..]);
    }
}

/// A frame read back from a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The event's number.
    pub number: u64,
    /// The event's name.
    pub name: &'a str,
    /// The event's JSON.
    pub data: &'a str,
    /// Length of the whole frame in bytes.
    pub length: usize,
}

/// Reads whole frames back; ends at the first byte that is no frame.
pub fn frames(mut bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    std::iter::from_fn(move || {
        let end = memchr::memmem::find(bytes, b"\n\n")?;
        let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
        bytes = bytes.get(end + 2..)?;
        let (id, rest) = text.strip_prefix("id: ")?.split_once("\nevent: ")?;
        let (name, data) = rest.split_once("\ndata: ")?;
        Some(Frame {
            number: id.parse().ok()?,
            name,
            data,
            length: end + 2,
        })
    })
}

/// Number of the last of these whole frames.
#[must_use]
pub fn last_number(bytes: &[u8]) -> Option<u64> {
    let before = bytes.len().checked_sub(2)?;
    let begin = memchr::memmem::rfind(&bytes[..before], b"\n\n").map_or(0, |end| end + 2);
    frames(&bytes[begin..]).last().map(|frame| frame.number)
}

/// The reply's text as these frames tell it.
#[must_use]
pub fn text_of(bytes: &[u8]) -> String {
    let mut text = String::new();
    append_text(bytes, &mut text);
    text
}

/// Appends to `text` what these frames tell.
pub fn append_text(bytes: &[u8], text: &mut String) {
    fold_text(bytes, ("text-delta", text), |mode| mode == "restart");
}

/// Appends to `text`, which is what the last call has written, what it writes by these frames. Another call begins anew.
pub(super) fn append_text_of_last_call(bytes: &[u8], text: &mut String) {
    fold_text(bytes, ("text-delta", text), |mode| !mode.is_empty());
}

/// Appends to `text` what the model thinks aloud by these frames, as far as it is not void.
pub(super) fn append_reasoning(bytes: &[u8], text: &mut String) {
    fold_text(bytes, ("reasoning-delta", text), |mode| mode == "restart");
}

/// An `attempt-start` whose mode `begins_anew` says that the text so far does not count.
fn fold_text(bytes: &[u8], (name, text): (&str, &mut String), begins_anew: impl Fn(&str) -> bool) {
    #[derive(serde::Deserialize)]
    struct Data<'a> {
        #[serde(borrow, default)]
        text: std::borrow::Cow<'a, str>,
        #[serde(default)]
        mode: &'a str,
    }
    for frame in frames(bytes) {
        if frame.name != name && frame.name != "attempt-start" {
            continue;
        }
        let Ok(data) = serde_json::from_str::<Data<'_>>(frame.data) else {
            continue;
        };
        if begins_anew(data.mode) {
            text.clear();
        }
        text.push_str(&data.text);
    }
}

/// What the last `attempt-start` of a log says.
#[derive(Debug, serde::Deserialize)]
pub(super) struct LastAttempt {
    #[serde(rename = "attempt")]
    pub(super) number: i32,
    pub(super) mode: AttemptMode,
    pub(super) provider: String,
    pub(super) model: String,
}

/// Who wrote the end of a log, as far as the log itself tells.
pub(super) fn last_attempt(bytes: &[u8]) -> Option<LastAttempt> {
    let last = frames(bytes)
        .filter(|frame| frame.name == "attempt-start")
        .last()?;
    serde_json::from_str(last.data).ok()
}

#[cfg(test)]
mod tests;
