//! Bodies as clients send them.

use serde_json::{Value, json};

pub(super) fn chat() -> Value {
    json!({ "message": "Why is the sky blue?", "clientMessageId": "m-1", "subject": "physics", "onBusy": "queue" })
}

pub(super) fn session_fields() -> Value {
    json!({ "title": "Algebra", "subject": "maths", "learnerProfile": { "grade": 8 } })
}

pub(super) fn message() -> Value {
    json!({ "role": "user", "content": "Why is the sky blue?", "clientMessageId": "m-1" })
}

pub(super) fn content() -> Value {
    json!({ "content": "Why is the sky red at dusk?" })
}

pub(super) fn deletion() -> Value {
    json!({ "confirm": "alice" })
}

pub(super) fn ticket() -> Value {
    json!({ "path": "/turns/01a20460-bd7e-7504-a303-3ac5a18a91c2/events" })
}

pub(super) fn profile() -> Value {
    json!({ "level": "grade 8", "topics": [{ "subject": "maths", "topic": "Linear equations", "mastery": 0.5 }] })
}
