//! The feed of a session in the document.

use serde_json::{Value, json};

use super::operation::Operation;
use super::schemas::Schemas;
use super::stream::{MEDIA_TYPE, frame, passing, stored};
use crate::http::feed::FeedQuery;
use crate::http::feed::rows::{MessageChange, SessionChange, SnapshotBody};

pub(super) fn follow_session() -> Operation {
    Operation::get(
        "/sessions/{id}/events",
        "followSession",
        "Follow everything that happens in a session",
    )
    .describe(
        "A snapshot, then messages, changes of the session and the events of its turns, for each tab and device that \
         shows the session. Goes on after the id that is named; with a snapshot where that is not possible. The \
         `Last-Event-ID` header wins over the parameter.",
    )
    .id("id", "The session.")
    .header::<String>("Last-Event-ID", "The id of the last event that had one, as it came.")
    .query::<FeedQuery>()
    .answer(200, "What happens in the session.", Some((MEDIA_TYPE, feed)))
    .with_header("Cache-Control", "`no-cache, no-transform`.")
    .with_header("X-Accel-Buffering", "`no`.")
    .fails(&["not-found"])
}

/// What a feed consists of.
fn feed(schemas: &mut Schemas) -> Value {
    let rows = [
        (
            "session-snapshot",
            "Replaces everything.",
            schemas.given::<SnapshotBody>(),
        ),
        (
            "message-created",
            "A message was added.",
            schemas.given::<MessageChange>(),
        ),
        (
            "message-updated",
            "A message has changed.",
            schemas.given::<MessageChange>(),
        ),
        (
            "session-updated",
            "Title, subject or learner profile were set.",
            schemas.given::<SessionChange>(),
        ),
    ];
    let rows = rows.map(|(event, description, data)| frame(event, description, &data));
    let mut frames: Vec<_> = rows
        .into_iter()
        .chain(stored(schemas).into_iter().map(of_feed))
        .collect();
    for frame in &mut frames {
        frame["properties"]["id"] = json!({ "type": "string" });
        frame["required"] = json!(["id", "event", "data"]);
    }
    let deleted = json!({ "type": "object" });
    frames.push(frame(
        "session-deleted",
        "The last event: the session is gone.",
        &deleted,
    ));
    // A feed that cannot go on begins with a snapshot instead.
    frames.extend(
        passing()
            .into_iter()
            .filter(|frame| frame["properties"]["event"]["const"] != "rewind")
            .map(|frame| match frame["properties"]["event"]["const"].as_str() {
                Some("retrying" | "waiting") => of_turn(frame, &["turnId"]),
                Some("storage-degraded") => of_turn(frame, &[]),
                _ => frame,
            }),
    );
    let stream = json!({
        "description": "One event of a session. The stream is a sequence of these, with comments between them. It \
            ends after `session-deleted`; a body that ends otherwise was cut: reconnect with the last id.",
        "oneOf": frames,
    });
    schemas.name("SessionFrame", stream)
}

/// An event of a turn, with what a feed adds to its data.
fn of_feed(mut frame: Value) -> Value {
    let data = frame["properties"]["data"]["contentSchema"].take();
    let added = json!({
        "type": "object",
        "properties": {
            "turnId": { "type": "string", "format": "uuid" },
            "eventId": { "type": "integer", "minimum": 1, "description": "The number of the event in its turn." },
        },
        "required": ["turnId", "eventId"],
    });
    frame["properties"]["data"]["contentSchema"] = json!({ "allOf": [data, added] });
    frame
}

/// A passing event, with the turn that it is about.
fn of_turn(mut frame: Value, required: &[&str]) -> Value {
    let data = &mut frame["properties"]["data"]["contentSchema"];
    data["properties"]["turnId"] = json!({ "type": "string", "format": "uuid" });
    let names = required.iter().map(|name| json!(name));
    let before = data["required"].as_array().cloned().unwrap_or_default();
    data["required"] = before.into_iter().chain(names).collect();
    frame
}
