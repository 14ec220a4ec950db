//! `/stream-chat` and `/turns` in the document.

use super::example;
use super::operation::{Operation, section};
use crate::http::chat::ChatBody;
use crate::http::turns::{FollowQuery, TurnBody};

pub(super) fn operations() -> Vec<Operation> {
    section(
        "turns",
        [
            stream_chat(),
            follow_turn(),
            get_turn(),
            stop_turn(),
            continue_turn(),
        ],
    )
}

fn stream_chat() -> Operation {
    Operation::post(
        "/stream-chat",
        "streamChat",
        "Send a message and follow the reply",
    )
    .describe(
        "Stores the learner's message, starts the turn that answers it, and streams that turn from its first \
             event. Closing the connection does not stop the turn. Without `sessionId` a session is created.",
    )
    .idempotency_key()
    .body::<ChatBody>(example::chat())
    .starts_turn()
    .fails(&[
        "user-mismatch",
        "storage-full",
        "too-many-sessions",
        "too-many-messages",
        "message-empty",
        "message-too-long",
        "message-too-long-for-model",
        "provider-not-allowed",
        "parameter-not-allowed",
        "invalid-text",
        "idempotency-conflict",
        "queue-full",
    ])
}

fn follow_turn() -> Operation {
    Operation::get( "/turns/{id}/events", "followTurn", "Follow or resume a turn")
        .describe(
            "The events after the one that is named, of a running or of an ended turn; all without one. Made for \
             `EventSource`. The `Last-Event-ID` header wins over the parameter.",
        )
        .id("id", "The turn.")
        .header::<EventNumber>("Last-Event-ID", "The number of the last event that was seen.")
        .query::<FollowQuery>()
        .turn_stream("The events that follow.")
        .empty(204, "Nothing more will come. `EventSource` stops at that.")
        .fails(&["invalid-last-event-id", "not-found"])
}

fn get_turn() -> Operation {
    Operation::get("/turns/{id}", "getTurn", "Look at a turn")
        .id("id", "The turn.")
        .json::<TurnBody>(200, "The turn with the text so far.")
        .fails(&["not-found"])
}

fn stop_turn() -> Operation {
    Operation::post( "/turns/{id}/stop", "stopTurn", "Stop a turn")
        .describe("Answers when the end is stored: after it nothing is added. A turn that has ended stays as it is.")
        .id("id", "The turn.")
        .json::<TurnBody>(200, "The turn as it ended.")
        .fails(&["not-found"])
}

fn continue_turn() -> Operation {
    Operation::post(
        "/turns/{id}/continue",
        "continueTurn",
        "Go on with a reply that was cut",
    )
    .describe("Starts a new turn on the message of a turn that was stopped, interrupted or failed.")
    .id("id", "The turn that was cut.")
    .idempotency_key()
    .starts_turn()
    .fails(&["not-continuable", "storage-full"])
}

/// The number of an event; empty or 0 is before the first.
struct EventNumber;

impl schemars::JsonSchema for EventNumber {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventNumber".into()
    }

    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The number of an event; empty or 0 is before the first.",
            "pattern": "^[0-9]{0,15}$",
        })
    }
}
