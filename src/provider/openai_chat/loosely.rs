//! Chunks that are not as OpenAI writes them: text in another shape or another place, fields of any type.

use crate::provider::call::Loose;

/// What a choice says.
pub(super) enum Found<'a> {
    /// What is new.
    Delta {
        thoughts: Option<Loose<'a>>,
        text: Option<Loose<'a>>,
    },
    /// A message: what is new, or the reply so far.
    Message {
        thoughts: Option<Loose<'a>>,
        text: Option<Loose<'a>>,
    },
    /// Arguments that come as JSON and not as a string of it.
    Json(&'a str),
}

/// The choice that is read: the first one, for an index that cannot be read says nothing.
pub(super) fn first(choices: Loose<'_>) -> Option<Loose<'_>> {
    choices.items().into_iter().find(|choice| {
        let index = choice.get("index").and_then(Loose::number);
        choice.is_object() && index.is_none_or(|index| index <= 0)
    })
}

/// What it says, in order.
pub(super) fn found(choice: Loose<'_>, calls_tool: bool) -> Vec<Found<'_>> {
    if calls_tool {
        let places = ["delta", "message"]
            .into_iter()
            .filter_map(|place| choice.get(place));
        return places.filter_map(arguments).take(1).collect();
    }
    let delta = choice.get("delta");
    let said = delta.map(said).unwrap_or_default();
    if !said.is_empty() {
        let found = said.into_iter();
        return found
            .map(|(thoughts, text)| Found::Delta { thoughts, text })
            .collect();
    }
    if let Some(message) = choice.get("message") {
        let found = self::said(message).into_iter();
        return found
            .map(|(thoughts, text)| Found::Message { thoughts, text })
            .collect();
    }
    // Servers that answer as the older completions do.
    let text = choice.get("text").filter(|text| text.is_string());
    let found = text.map(|text| Found::Delta {
        thoughts: None,
        text: Some(text),
    });
    found.into_iter().collect()
}

type Said<'a> = (Option<Loose<'a>>, Option<Loose<'a>>);

/// Thoughts and text of a delta or a message, which may be nothing but a string.
fn said(message: Loose<'_>) -> Vec<Said<'_>> {
    if message.is_string() {
        return vec![(None, Some(message))];
    }
    let field = |name| message.get(name).filter(|value| says_something(*value));
    let thoughts = ["reasoning_content", "reasoning", "thinking"]
        .into_iter()
        .find_map(field);
    let texts: Vec<_> = ["content", "refusal"].into_iter().filter_map(field).collect();
    let thoughts = thoughts.map(|thoughts| (Some(thoughts), None));
    thoughts
        .into_iter()
        .chain(texts.into_iter().map(|text| (None, Some(text))))
        .collect()
}

/// A value that is no text at all is left to be found out.
fn says_something(value: Loose<'_>) -> bool {
    !matches!(value.json(), "\"\"" | "[]" | "{}")
}

/// What is new of the arguments of the first tool that is called.
fn arguments(message: Loose<'_>) -> Option<Found<'_>> {
    let calls = message.get("tool_calls").map(Loose::items).unwrap_or_default();
    let first = calls.into_iter().find(|call| {
        let index = call.get("index").and_then(Loose::number);
        index.is_none_or(|index| index <= 0)
    });
    let function = first.map_or_else(|| message.get("function_call"), |call| call.get("function"))?;
    let arguments = function
        .get("arguments")
        .filter(|arguments| says_something(*arguments))?;
    if arguments.is_object() {
        return Some(Found::Json(arguments.json()));
    }
    arguments.is_string().then_some(Found::Delta {
        thoughts: None,
        text: Some(arguments),
    })
}

/// The word for why it ended; some servers wrap it.
pub(super) fn reason(choice: Loose<'_>) -> String {
    let Some(reason) = choice.get("finish_reason") else {
        return String::new();
    };
    let wrapped = ["type", "reason"].into_iter().find_map(|field| reason.get(field));
    reason.word().or_else(|| wrapped?.word()).unwrap_or_default()
}
