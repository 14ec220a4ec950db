//! Servers that refuse a field of a request are asked without it, and that is remembered.

use std::sync::Arc;

use serde_json::{Value, json};

use super::fake::{CHUNKED_HEAD, Fake, Outcome, chunk, collect_of, question};
use super::vendor::{ALL, Vendor};
use crate::config::{ProviderSettings, StructuredOutput};
use crate::model::{FinishReason, Parameters};
use crate::provider::{CompletionRequest, OutputFormat, ProviderErrorKind, build};

fn refusal(status: u16, error: &Value) -> Vec<u8> {
    let body = json!({ "error": error }).to_string();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn reply(vendor: Vendor) -> Vec<u8> {
    let body = chunk((vendor.text("a") + &vendor.end(FinishReason::Stop)).as_bytes());
    [CHUNKED_HEAD.as_bytes(), &body, b"0\r\n\r\n"].concat()
}

/// A question that has all that a request may have.
fn full() -> CompletionRequest {
    CompletionRequest {
        parameters: Parameters {
            temperature: Some(0.5),
            max_tokens: Some(9),
            reasoning_effort: None,
        },
        format: Some(Arc::new(OutputFormat {
            name: "plan",
            schema: json!({"type": "object"}),
        })),
        ..question()
    }
}

fn settings(fake: &Fake, vendor: Vendor) -> ProviderSettings {
    ProviderSettings {
        structured_output: StructuredOutput::JsonSchema,
        ..fake.settings(vendor)
    }
}

/// Asks as often as there are `questions` of a provider that answers so, and gives back the bodies of what was sent.
async fn bodies(
    vendor: Vendor,
    questions: usize,
    answers: Vec<Vec<u8>>,
) -> (Vec<Value>, Vec<Outcome>, Vec<&'static str>) {
    let fake = Fake::new().await;
    let provider = build(&settings(&fake, vendor)).unwrap();
    let asking = async {
        let mut outcomes = Vec::new();
        for _ in 0..questions {
            outcomes.push(collect_of(&*provider, full()).await);
        }
        outcomes
    };
    let (outcomes, requests) = tokio::join!(asking, fake.requests_on_one_connection(&answers));
    let bodies = requests.iter().map(|request| {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    });
    (bodies.collect(), outcomes, provider.left_out())
}

/// A refusal, where the field stands in the request, and what an operator calls it.
const REFUSALS: &[(Vendor, &str, &str, &str)] = &[
    (
        Vendor::Chat,
        r#"{"message": "json: unknown field \"stream_options\""}"#,
        "/stream_options",
        "stream_options",
    ),
    (
        Vendor::Chat,
        r#"{"message": "'temperature' is not supported with this model.", "param": "temperature"}"#,
        "/temperature",
        "temperature",
    ),
    (
        Vendor::Chat,
        r#"{"message": "'response_format.type' must be 'text'"}"#,
        "/response_format",
        "response_format",
    ),
    (
        Vendor::Responses,
        r#"{"message": "Unsupported parameter", "param": "temperature"}"#,
        "/temperature",
        "temperature",
    ),
    (
        Vendor::Responses,
        r#"{"message": "Invalid value", "param": "text.format"}"#,
        "/text",
        "response_format",
    ),
    (
        Vendor::Responses,
        r#"{"message": "not supported", "param": "max_output_tokens"}"#,
        "/max_output_tokens",
        "max_tokens",
    ),
    (
        Vendor::Messages,
        r#"{"type": "invalid_request_error", "message": "`temperature` is deprecated for this model."}"#,
        "/temperature",
        "temperature",
    ),
    (
        Vendor::Messages,
        r#"{"type": "invalid_request_error", "message": "output_config: Extra inputs are not permitted"}"#,
        "/output_config",
        "response_format",
    ),
];

#[tokio::test]
async fn a_field_that_is_refused_is_left_out_from_then_on() {
    for (vendor, error, pointer, name) in REFUSALS {
        let error = serde_json::from_str(error).unwrap();
        let answers = vec![refusal(400, &error), reply(*vendor), reply(*vendor)];
        let (bodies, outcomes, left_out) = bodies(*vendor, 2, answers).await;
        assert!(
            bodies[0].pointer(pointer).is_some(),
            "{vendor:?} {pointer}: {}",
            bodies[0]
        );
        for body in &bodies[1..] {
            assert!(body.pointer(pointer).is_none(), "{vendor:?} {pointer}: {body}");
        }
        assert!(outcomes.iter().all(Outcome::has_end), "{outcomes:?}");
        assert_eq!(left_out, [*name]);
    }
}

#[tokio::test]
async fn a_limit_is_told_by_the_name_that_the_server_knows() {
    let error = json!({"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
        'max_completion_tokens' instead.", "param": "max_tokens", "code": "unsupported_parameter"});
    let answers = vec![refusal(400, &error), reply(Vendor::Chat)];
    let (bodies, outcomes, left_out) = bodies(Vendor::Chat, 1, answers).await;
    assert_eq!(
        (&bodies[0]["max_tokens"], bodies[0].get("max_completion_tokens")),
        (&json!(9), None)
    );
    assert_eq!(
        (&bodies[1]["max_completion_tokens"], bodies[1].get("max_tokens")),
        (&json!(9), None)
    );
    assert!(
        outcomes[0].has_end() && left_out == ["max_tokens"],
        "{left_out:?}"
    );
}

#[tokio::test]
async fn a_shape_that_cannot_be_asked_for_by_a_field_is_asked_for_in_words() {
    for vendor in ALL {
        let name = match vendor {
            Vendor::Chat => "response_format",
            Vendor::Responses => "text",
            Vendor::Messages => "output_config",
        };
        let error = json!({"message": "x is not supported", "param": name});
        let (bodies, ..) = bodies(vendor, 1, vec![refusal(400, &error), reply(vendor)]).await;
        assert!(!bodies[0].to_string().contains("JSON schema"), "{}", bodies[0]);
        assert!(bodies[1].to_string().contains("JSON schema"), "{}", bodies[1]);
    }
}

#[tokio::test]
async fn several_fields_are_left_out_one_after_another() {
    let error = |name: &str| refusal(422, &json!({"message": format!("Unknown parameter: {name}")}));
    let answers = vec![
        error("stream_options"),
        error("temperature"),
        error("max_tokens"),
        error("max_completion_tokens"),
        reply(Vendor::Chat),
    ];
    let (bodies, outcomes, left_out) = bodies(Vendor::Chat, 1, answers).await;
    assert!(outcomes[0].has_end());
    assert_eq!(
        left_out,
        [
            "stream_options",
            "temperature",
            "max_tokens",
            "max_completion_tokens"
        ]
    );
    let last = bodies.last().unwrap().as_object().unwrap();
    let names: Vec<_> = last.keys().map(String::as_str).collect();
    assert_eq!(names, ["messages", "model", "response_format", "stream"]);
}

#[tokio::test]
async fn what_is_refused_for_another_reason_is_refused_and_nothing_is_remembered() {
    for vendor in ALL {
        let unknown = refusal(400, &json!({"message": "temperature is not supported"}));
        let wrong = refusal(400, &json!({"message": "the model is not loaded"}));
        let (bodies, outcomes, left_out) = bodies(vendor, 1, vec![unknown, wrong]).await;
        assert_eq!(bodies.len(), 2);
        assert_eq!(outcomes[0].kind(), Some(&ProviderErrorKind::Rejected));
        assert!(left_out.is_empty(), "{left_out:?}");

        // A server that does not stop complaining is not asked for ever.
        let again = refusal(400, &json!({"message": "temperature is not supported"}));
        let (_, outcomes, _) = self::bodies(vendor, 1, vec![again.clone(), again]).await;
        assert_eq!(outcomes[0].kind(), Some(&ProviderErrorKind::Rejected));
    }
}

#[tokio::test]
async fn instructions_without_a_role_stand_before_the_first_message() {
    for error in [
        "System role not supported",
        "Conversation roles must alternate user/assistant/...",
    ] {
        let refused = refusal(400, &json!({ "message": error }));
        let answers = vec![refused, reply(Vendor::Chat), reply(Vendor::Chat)];
        let (bodies, outcomes, left_out) = bodies(Vendor::Chat, 2, answers).await;
        assert_eq!(bodies[0]["messages"][0]["role"], "system");
        for body in &bodies[1..] {
            let said = json!([{"role": "user", "content": "Ask.\n\nWhy?"}]);
            assert_eq!(body["messages"], said);
        }
        assert!(outcomes.iter().all(Outcome::has_end) && left_out == ["the role system"]);
    }
}
