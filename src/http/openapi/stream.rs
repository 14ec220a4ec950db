//! Streams in the document. OpenAPI 3.1 has no word for a sequence: as in 3.2 (section 4.14.4) the schema is that of one
//! frame, whose `data` is a string with JSON in it.

use serde_json::{Value, json};

use super::operation::Operation;
use super::schemas::Schemas;
use crate::agent::TurnFocus;
use crate::turn::event::{AttemptStart, ErrorEvent, TextOf, TurnEnd, TurnStart};

pub(super) const MEDIA_TYPE: &str = "text/event-stream";

impl Operation {
    /// Answers with the events of a turn.
    pub(super) fn turn_stream(self, description: &'static str) -> Self {
        self.answer(200, description, Some((MEDIA_TYPE, turn_stream)))
            .with_header("Cache-Control", "`no-cache, no-transform`.")
            .with_header("X-Accel-Buffering", "`no`.")
    }

    /// Starts a turn and answers with its events.
    pub(super) fn starts_turn(self) -> Self {
        self.turn_stream("The turn's events, from the first one.")
            .with_header("X-Turn-Id", "The turn.")
            .with_header("X-Session-Id", "Its session.")
            .with_header("Location", "Where the turn can be followed.")
            .may_have_header(
                "Idempotent-Replayed",
                "`true`: the same request came before, this is its turn.",
            )
            .leads_to("getTurn", "id", "$response.header.X-Turn-Id")
            .leads_to("followTurn", "id", "$response.header.X-Turn-Id")
            .leads_to("stopTurn", "id", "$response.header.X-Turn-Id")
            .fails(&[
                "not-found",
                "turn-running",
                "too-many-turns",
                "tokens-spent",
                "draining",
                "overloaded",
            ])
    }
}

/// What a turn's stream consists of.
fn turn_stream(schemas: &mut Schemas) -> Value {
    let mut frames = stored(schemas);
    frames.extend(passing());
    let stream = json!({
        "description": "One event of a turn. The stream is a sequence of these, with comments between them. It ends \
            after `turn-end`; a body that ends without one was cut: reconnect with the last id.",
        "oneOf": frames,
    });
    schemas.name("TurnFrame", stream)
}

/// Events that are numbered and stored.
pub(super) fn stored(schemas: &mut Schemas) -> Vec<Value> {
    let events = [
        ("turn-start", "Always the first.", schemas.given::<TurnStart>()),
        (
            "session-focus",
            "What the session works on. At most one, before the first new text.",
            schemas.given::<TurnFocus>(),
        ),
        (
            "reasoning-delta",
            "What the model thinks aloud; no part of the text.",
            schemas.given::<TextOf>(),
        ),
        (
            "text-delta",
            "A piece of the reply. The pieces in order are the text.",
            schemas.given::<TextOf>(),
        ),
        (
            "attempt-start",
            "A provider is asked again. `restart`: the text so far is void.",
            schemas.given::<AttemptStart>(),
        ),
        (
            "error",
            "Why the turn failed; right before its `turn-end`.",
            schemas.given::<ErrorEvent>(),
        ),
        (
            "turn-end",
            "Always the last, exactly one.",
            schemas.given::<TurnEnd>(),
        ),
    ];
    events
        .map(|(event, description, data)| {
            let mut frame = frame(event, description, &data);
            frame["properties"]["id"] = json!({ "type": "string", "pattern": "^[1-9][0-9]*$" });
            frame["required"] = json!(["id", "event", "data"]);
            frame
        })
        .to_vec()
}

/// Events that are not stored and have no id.
pub(super) fn passing() -> Vec<Value> {
    let number = |name: &str| {
        json!({
            "type": "object",
            "properties": { name: { "type": "integer", "minimum": 0 } },
            "required": [name],
        })
    };
    vec![
        frame(
            "rewind",
            "No event of the number that the reader named is stored: drop what was shown, all follows.",
            &number("lastEventId"),
        ),
        frame(
            "storage-degraded",
            "Nothing could be stored for 10 s. The turn goes on.",
            &json!({ "type": "object" }),
        ),
        frame(
            "retrying",
            "The provider has failed and is asked again after so long.",
            &json!({
                "type": "object",
                "properties": {
                    "attempt": { "type": "integer", "minimum": 2 },
                    "inMs": { "type": "integer", "minimum": 0 },
                    "reason": { "type": "string" },
                },
                "required": ["attempt", "inMs", "reason"],
            }),
        ),
        frame(
            "waiting",
            "As many calls run at the provider as may. `position` 1 is the next; the turn is not asked or counted yet.",
            &json!({
                "type": "object",
                "properties": { "position": { "type": "integer", "minimum": 1 } },
                "required": ["position"],
            }),
        ),
        frame(
            "auth-expired",
            "The token has expired or was revoked; the stream ends.",
            &json!({ "type": "object" }),
        ),
        frame(
            "reconnect",
            "The server is about to end: come back after so long.",
            &number("afterMs"),
        ),
    ]
}

pub(super) fn frame(event: &str, description: &str, data: &Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "properties": {
            "event": { "const": event },
            "data": { "type": "string", "contentMediaType": "application/json", "contentSchema": data },
        },
        "required": ["event", "data"],
    })
}
