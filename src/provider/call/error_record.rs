//! Records that tell of an error, in the shapes that servers give them.

use serde_json::{Value, json};

use super::failure::is_truthy;
use super::loose::{Fields, Loose};

/// Where the code is when there is no `error`: FastChat's workers, Baidu, WeChat's gateways.
const CODE_FIELDS: [&str; 4] = ["error_code", "err_code", "errcode", "errorCode"];
/// Where the sentence is.
const SENTENCE_FIELDS: [&str; 6] = [
    "message",
    "msg",
    "error_msg",
    "error_message",
    "errorMessage",
    "detail",
];
/// What a record has that is none, or only by the way.
const OTHER_FIELDS: [&str; 8] = [
    "choices",
    "delta",
    "response",
    "item",
    "part",
    "content_block",
    "output",
    "usage",
];

/// The error that a record is; `None` when it is another record.
pub(in crate::provider) fn error_of(record: Loose<'_>) -> Option<Value> {
    // Gemini's endpoint wraps its errors into a list.
    if let Some(first) = record.items().first() {
        return if first.is_object() { error_of(*first) } else { None };
    }
    let fields = record.fields();
    let field = |name: &str| fields.get(name).map(Loose::value);
    if let Some(error) = ["error", "errors"].into_iter().find_map(field).filter(is_error) {
        return Some(match error {
            Value::Object(_) => error,
            Value::Array(mut errors) if errors.first().is_some_and(Value::is_object) => errors.swap_remove(0),
            Value::Bool(_) => record.value(),
            _ if fields.get("code").is_some() || fields.get("status").is_some() => record.value(),
            _ => error,
        });
    }
    if let Some(code) = CODE_FIELDS.into_iter().find_map(field).filter(is_failure) {
        return Some(json!({"code": code, "type": field("type")}));
    }
    (says_error(&fields) || is_bare(&fields)).then(|| record.value())
}

/// Empty lists and objects are none.
fn is_error(error: &Value) -> bool {
    let is_empty_list = error.as_array().is_some_and(Vec::is_empty);
    is_truthy(error) && !is_empty_list
}

/// Whether a code tells of a failure: zero, and what HTTP calls a success, do not.
fn is_failure(code: &Value) -> bool {
    match code {
        Value::Number(number) => number
            .as_f64()
            .is_some_and(|number| number != 0.0 && number != 200.0),
        Value::String(word) => !matches!(
            word.to_ascii_lowercase().as_str(),
            "" | "0" | "200" | "ok" | "success"
        ),
        _ => false,
    }
}

/// `{"object": "error", …}` (vLLM), `{"type": "error", …}` (Anthropic, Responses), `{"status": "error", …}`.
fn says_error(record: &Fields<'_>) -> bool {
    ["object", "type", "status"].into_iter().any(|field| {
        let word = record.get(field).and_then(Loose::word);
        word.is_some_and(|word| word.eq_ignore_ascii_case("error"))
    })
}

/// An error object without its wrapper: a sentence, beside a code or nothing at all, and no part of a reply.
fn is_bare(record: &Fields<'_>) -> bool {
    let has_sentence = SENTENCE_FIELDS
        .into_iter()
        .filter_map(|field| record.get(field))
        .any(|sentence| sentence.is_string());
    let is_detail = record.get("detail").is_some_and(Loose::is_list);
    if !(has_sentence || is_detail) || OTHER_FIELDS.iter().any(|field| record.get(field).is_some()) {
        return false;
    }
    let kind = record.get("type").and_then(Loose::word);
    match kind {
        Some(kind) => kind.to_ascii_lowercase().ends_with("error"),
        None => ["id", "object"].iter().all(|field| record.get(field).is_none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> Option<Value> {
        error_of(Loose::parse(json).unwrap())
    }

    #[test]
    fn errors_are_known_in_every_shape() {
        let cases = [
            (r#"{"error": {"code": 500}}"#, json!({"code": 500})),
            (r#"{"error": "out of memory"}"#, json!("out of memory")),
            (
                r#"{"error": "slow down", "code": 429}"#,
                json!({"error": "slow down", "code": 429}),
            ),
            (r#"{"errors": [{"code": 429}]}"#, json!({"code": 429})),
            (r#"[{"error": {"code": 429}}]"#, json!({"code": 429})),
            (
                r#"{"object": "error", "code": 500}"#,
                json!({"object": "error", "code": 500}),
            ),
            (
                r#"{"text": "NETWORK ERROR", "error_code": 50001}"#,
                json!({"code": 50001, "type": null}),
            ),
            (
                r#"{"error_code": "rate", "error_msg": "x"}"#,
                json!({"code": "rate", "type": null}),
            ),
            (
                r#"{"type": "error", "message": "x"}"#,
                json!({"type": "error", "message": "x"}),
            ),
            (r#"{"status": "ERROR"}"#, json!({"status": "ERROR"})),
            (
                r#"{"message": "x", "code": 500}"#,
                json!({"message": "x", "code": 500}),
            ),
            (
                r#"{"message": "x", "type": "InternalServerError"}"#,
                json!({"message": "x", "type": "InternalServerError"}),
            ),
            (
                r#"{"message": "Internal server error"}"#,
                json!({"message": "Internal server error"}),
            ),
            (r#"{"detail": "x"}"#, json!({"detail": "x"})),
            (r#"{"detail": [{"msg": "x"}]}"#, json!({"detail": [{"msg": "x"}]})),
            (
                r#"{"error": true, "message": "x"}"#,
                json!({"error": true, "message": "x"}),
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(error(json), Some(expected), "{json}");
        }
    }

    #[test]
    fn other_records_are_none() {
        for json in [
            "{}",
            "[]",
            r#"{"error": null}"#,
            r#"{"error": {}}"#,
            r#"{"error": ""}"#,
            r#"{"errors": []}"#,
            r#"{"error": false, "choices": []}"#,
            r#"{"text": "a", "error_code": 0}"#,
            r#"{"error_code": "0"}"#,
            r#"{"choices": [{"delta": {}}], "message": "x"}"#,
            r#"{"id": "c", "object": "chat.completion.chunk", "message": "x"}"#,
            r#"{"type": "ping", "message": "still here"}"#,
            r#"{"type": "response.code_interpreter_call_code.done", "code": "print(1)"}"#,
            r#"{"message": {"role": "assistant", "content": "a"}}"#,
            r#"{"status": "in_progress"}"#,
        ] {
            assert_eq!(error(json), None, "{json}");
        }
    }
}
