//! Fields of a request that a server refuses: it is asked without them, which is remembered while the process lives.
//! A field is remembered only when a request without it was accepted, so that a wrong guess costs one call and no more.

use std::sync::atomic::{AtomicU8, Ordering};

use serde_json::Value;

use super::refusal::sentences;

/// A field that servers are known to refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Field {
    StreamOptions,
    Temperature,
    MaxTokens,
    MaxCompletionTokens,
    ResponseFormat,
    ReasoningEffort,
    /// No field, but the role of the instructions: some templates know only those of a conversation.
    SystemRole,
}

impl Field {
    const ALL: [Self; 7] = [
        Self::StreamOptions,
        Self::Temperature,
        Self::MaxTokens,
        Self::MaxCompletionTokens,
        Self::ResponseFormat,
        Self::ReasoningEffort,
        Self::SystemRole,
    ];

    /// What operators read.
    fn name(self) -> &'static str {
        match self {
            Self::StreamOptions => "stream_options",
            Self::Temperature => "temperature",
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
            Self::ResponseFormat => "response_format",
            Self::ReasoningEffort => "reasoning_effort",
            Self::SystemRole => "the role system",
        }
    }

    /// What the field is called in requests of one wire or another, and by servers that refuse it.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::StreamOptions => &["stream_options", "include_usage"],
            Self::Temperature => &["temperature"],
            Self::MaxTokens => &["max_tokens", "max_output_tokens"],
            Self::MaxCompletionTokens => &["max_completion_tokens"],
            Self::ResponseFormat => &[
                "response_format",
                "text",
                "format",
                "output_config",
                "json_schema",
            ],
            Self::ReasoningEffort => &["reasoning_effort", "reasoning", "effort"],
            Self::SystemRole => &[],
        }
    }

    /// Whether its mere name in a refusal says that it is refused: learners have no say in its value, which is right.
    fn has_no_value(self) -> bool {
        matches!(self, Self::StreamOptions | Self::ResponseFormat)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Fields that are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::provider) struct Without(u8);

impl Without {
    pub(in crate::provider) fn has(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }

    pub(super) fn and(self, field: Field) -> Self {
        Self(self.0 | field.bit())
    }

    /// What they are called.
    pub(super) fn names(self) -> Vec<&'static str> {
        let left_out = Field::ALL.into_iter().filter(|field| self.has(*field));
        left_out.map(Field::name).collect()
    }
}

/// What one provider refuses, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Refused(AtomicU8);

impl Refused {
    pub(super) fn known(&self) -> Without {
        Without(self.0.load(Ordering::Relaxed))
    }

    /// A request without these was accepted. Answers what was not known before.
    pub(super) fn remember(&self, without: Without) -> Without {
        let before = self.0.fetch_or(without.0, Ordering::Relaxed);
        Without(without.0 & !before)
    }
}

/// Words of those who do not know a field; others complain of its value.
const UNKNOWN: [&str; 14] = [
    "support",
    "unrecognized",
    "unrecognised",
    "unknown",
    "unexpected",
    "extra",
    "not permitted",
    "not allowed",
    "forbidden",
    "deprecated",
    "not available",
    "not implemented",
    "invalid parameter",
    "instead",
];

/// The field of this body that the server refuses, if that is what its error says.
pub(super) fn refused_field(status: u16, error: &Value, body: &[u8]) -> Option<Field> {
    if !matches!(status, 400 | 404 | 422 | 501) {
        return None;
    }
    let sentences = sentences(error);
    let text = sentences.join("\n").to_lowercase();
    let is_unknown = UNKNOWN.iter().any(|word| text.contains(word));
    let code = error.get("code").and_then(Value::as_str).unwrap_or_default();
    let is_unknown = is_unknown || code.starts_with("unsupported") || code.starts_with("unknown");
    if memchr::memmem::find(body, b"\"role\":\"system\"").is_some() && blames_system(&text) {
        return Some(Field::SystemRole);
    }
    Field::ALL
        .into_iter()
        .filter(|field| is_unknown || field.has_no_value())
        .find(|field| field.names().iter().any(|name| is_sent(body, name)) && is_blamed(*field, error, &text))
}

/// Whether a server blames this field: the parameter that it names, or its own name among the words.
fn is_blamed(field: Field, error: &Value, text: &str) -> bool {
    let parameter = error.get("param").and_then(Value::as_str);
    if let Some(parameter) = parameter.filter(|parameter| !parameter.is_empty()) {
        let root = parameter.split(['.', '[']).next().unwrap_or_default();
        return field.names().contains(&root);
    }
    // Short words stand in any sentence.
    let names = field
        .names()
        .iter()
        .filter(|name| name.contains('_') || **name == "temperature");
    names.into_iter().any(|name| stands_in(text, name))
}

/// Whether a chat template knows no instructions: Gemma's and Mistral's old ones say so, or that roles must alternate,
/// which those of a [`Conversation`](crate::provider::Conversation) do.
fn blames_system(text: &str) -> bool {
    let words = [
        "system role",
        "role system",
        "system message",
        "system prompt",
        "got system",
        "'system'",
        "\"system\"",
        "roles must alternate",
        "roles should alternate",
    ];
    words.iter().any(|word| text.contains(word))
}

/// Whether the JSON has a field of this name. Within strings of JSON quotation marks are escaped.
fn is_sent(body: &[u8], name: &str) -> bool {
    memchr::memmem::find(body, format!("\"{name}\":").as_bytes()).is_some()
}

/// Whether the name stands in the text as a word of its own.
fn stands_in(text: &str, name: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(name).any(|(place, _)| {
        !text[..place].ends_with(is_part) && !text[place + name.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"messages":[{"role":"system"},{"content":"What is \"reasoning_effort\": you ask?"}],"stream_options":{},"temperature":1,"max_tokens":9,"response_format":{}}"#;

    /// What servers say, and what they refuse by that.
    const REFUSALS: &[(u16, &str, Option<Field>)] = &[
        (
            400,
            r#"{"message": "Bad request: json: unknown field \"stream_options\""}"#,
            Some(Field::StreamOptions),
        ),
        (
            422,
            r#"{"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted", "input": {}}]}"#,
            Some(Field::StreamOptions),
        ),
        (
            400,
            r#"{"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "param": "max_tokens", "code": "unsupported_parameter"}"#,
            Some(Field::MaxTokens),
        ),
        (
            400,
            r#"{"message": "max_tokens: not supported, use max_completion_tokens"}"#,
            Some(Field::MaxTokens),
        ),
        (
            400,
            r#"{"message": "Unsupported value: 'temperature' does not support 0.2 with this model.", "param": "temperature", "code": "unsupported_value"}"#,
            Some(Field::Temperature),
        ),
        (
            400,
            r#"{"type": "invalid_request_error", "message": "`temperature` is deprecated for this model."}"#,
            Some(Field::Temperature),
        ),
        (
            400,
            r#"{"error": "'response_format.type' must be 'json_schema' or 'text'"}"#,
            Some(Field::ResponseFormat),
        ),
        (
            400,
            r#"{"message": "System role not supported"}"#,
            Some(Field::SystemRole),
        ),
        (
            400,
            r#"{"message": "Conversation roles must alternate user/assistant/user/assistant/..."}"#,
            Some(Field::SystemRole),
        ),
        (
            400,
            r#"{"message": "rejected as a result of our safety system"}"#,
            None,
        ),
        (400, r#"{"message": "temperature must be less than 1"}"#, None),
        (
            400,
            r#"{"message": "the last message must be the learner's; this is not supported"}"#,
            None,
        ),
        (400, r#"{"message": "unknown field reasoning_effort"}"#, None),
        (429, r#"{"message": "stream_options is not supported"}"#, None),
        (400, r#"{"message": "temperatures are not supported"}"#, None),
    ];

    #[test]
    fn a_field_that_a_server_does_not_know_is_found() {
        for (status, error, field) in REFUSALS {
            let error = serde_json::from_str(error).unwrap();
            assert_eq!(refused_field(*status, &error, BODY), *field, "{status} {error}");
        }
    }

    #[test]
    fn what_was_left_out_is_remembered_and_told_once() {
        let refused = Refused::default();
        let without = Without::default()
            .and(Field::Temperature)
            .and(Field::StreamOptions);
        assert_eq!(
            refused.remember(without).names(),
            ["stream_options", "temperature"]
        );
        assert_eq!(refused.remember(without).names(), [""; 0]);
        assert!(refused.known().has(Field::Temperature) && !refused.known().has(Field::MaxTokens));
    }
}
