//! A whole response, for servers that answer a request for a stream with one: the events that it would have been.

use serde_json::{Value, json};

/// The events of this response; `None` when it is none.
pub(super) fn events(answer: Value) -> Option<String> {
    let output = answer.get("output")?.as_array()?;
    let mut events = String::new();
    for (index, item) in output.iter().enumerate() {
        deltas(index, item).for_each(|event| push(&mut events, &event));
    }
    let kind = match answer.get("status").and_then(Value::as_str) {
        Some("incomplete") => "response.incomplete",
        Some("failed") => "response.failed",
        Some("cancelled") => "response.cancelled",
        _ => "response.completed",
    };
    push(&mut events, &json!({ "type": kind, "response": answer }));
    Some(events)
}

/// What an item of the output says, piece by piece.
fn deltas(index: usize, item: &Value) -> impl Iterator<Item = Value> {
    let parts = |field: &str| item.get(field).and_then(Value::as_array).into_iter().flatten();
    let content = parts("content").enumerate().filter_map(move |(place, part)| {
        let (kind, said) = match part.get("type")?.as_str()? {
            "output_text" => ("response.output_text.delta", part.get("text")?),
            "refusal" => ("response.refusal.delta", part.get("refusal")?),
            "reasoning_text" => ("response.reasoning_text.delta", part.get("text")?),
            _ => return None,
        };
        Some(json!({ "type": kind, "output_index": index, "content_index": place, "delta": said }))
    });
    let summary = parts("summary").filter_map(move |part| {
        let said = part.get("text")?;
        Some(json!({ "type": "response.reasoning_summary_text.delta", "output_index": index, "delta": said }))
    });
    let arguments = item.get("arguments").filter(|_| item["type"] == "function_call");
    let call = arguments.map(|said| {
        json!({ "type": "response.function_call_arguments.delta", "output_index": index, "delta": said })
    });
    summary.chain(content).chain(call)
}

fn push(events: &mut String, event: &Value) {
    let name = event["type"].as_str().unwrap_or_default();
    events.push_str(&format!("event: {name}\ndata: {event}\n\n"));
}
