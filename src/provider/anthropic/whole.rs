//! A whole message, for servers that answer a request for a stream with one: the events that it would have been.

use serde_json::{Value, json};

/// The events of this message; `None` when it is none.
pub(super) fn events(answer: Value) -> Option<String> {
    let content = answer.get("content")?.as_array()?;
    let usage = answer.get("usage").cloned().unwrap_or_default();
    let mut events = String::new();
    push(
        &mut events,
        &json!({ "type": "message_start", "message": { "usage": usage } }),
    );
    for (index, block) in content.iter().enumerate() {
        let Some(delta) = delta(block) else { continue };
        push(
            &mut events,
            &json!({ "type": "content_block_delta", "index": index, "delta": delta }),
        );
    }
    let end = json!({ "stop_reason": answer.get("stop_reason") });
    push(
        &mut events,
        &json!({ "type": "message_delta", "delta": end, "usage": usage }),
    );
    push(&mut events, &json!({ "type": "message_stop" }));
    Some(events)
}

fn delta(block: &Value) -> Option<Value> {
    Some(match block.get("type")?.as_str()? {
        "text" => json!({ "type": "text_delta", "text": block.get("text")? }),
        "thinking" => json!({ "type": "thinking_delta", "thinking": block.get("thinking")? }),
        "tool_use" => json!({ "type": "input_json_delta", "partial_json": block.get("input")?.to_string() }),
        _ => return None,
    })
}

fn push(events: &mut String, event: &Value) {
    let name = event["type"].as_str().unwrap_or_default();
    events.push_str(&format!("event: {name}\ndata: {event}\n\n"));
}
