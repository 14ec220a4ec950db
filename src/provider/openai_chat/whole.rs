//! A whole chat completion, for servers that answer a request for a stream with one: the chunk that it would have been.

use serde_json::{Value, json};

/// The events of this completion; `None` when it is none.
pub(super) fn events(mut answer: Value) -> Option<String> {
    let choices = answer.get_mut("choices")?.as_array_mut()?;
    for choice in &mut *choices {
        let choice = choice.as_object_mut()?;
        if let Some(message) = choice.remove("message") {
            choice.insert("delta".to_owned(), message);
        } else if let Some(text) = choice.remove("text") {
            choice.insert("delta".to_owned(), json!({ "content": text }));
        }
    }
    choices.first()?.get("delta")?;
    Some(format!("data: {answer}\n\ndata: [DONE]\n\n"))
}
