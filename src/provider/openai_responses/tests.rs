use serde_json::{Value, json};

use super::Responses;
use crate::config::{ProviderSettings, Wire};
use crate::model::{Parameters, ReasoningEffort};
use crate::provider::call::{Dialect, Without};
use crate::provider::conformance::fake::{question, stream_of};
use crate::provider::conformance::vendor::Vendor;
use crate::provider::{CompletionRequest, ProviderErrorKind};

fn body(continues_partial: bool, request: &CompletionRequest) -> Value {
    let base_url = "https://api.example.org/v1".parse().unwrap();
    let settings = ProviderSettings {
        continues_partial,
        ..ProviderSettings::new("p", Wire::OpenaiResponses, base_url, "m")
    };
    serde_json::from_slice(
        &Responses::of(&settings)
            .body(request, Without::default())
            .unwrap(),
    )
    .unwrap()
}

#[test]
fn a_prompt_is_the_instructions_apart_and_the_conversation_and_is_not_stored() {
    let user =
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Why?"}]});
    let expected =
        json!({"model": "m", "instructions": "Ask.", "input": [user], "stream": true, "store": false});
    assert_eq!(body(false, &question()), expected);
}

#[test]
fn a_partial_reply_is_the_last_message_or_is_asked_for_in_words() {
    let request = CompletionRequest {
        kept: "Because".to_owned(),
        ..question()
    };
    let kept = json!({
        "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Because"}],
    });
    let going_on = body(true, &request);
    assert_eq!(
        (going_on["input"].as_array().unwrap().len(), &going_on["input"][1]),
        (2, &kept)
    );
    let asked = body(false, &request);
    assert_eq!(
        (&asked["input"][1], &asked["input"][2]["role"]),
        (&kept, &json!("user"))
    );
}

#[test]
fn parameters_are_said_in_the_words_of_the_api() {
    let request = CompletionRequest {
        parameters: Parameters {
            temperature: Some(0.5),
            max_tokens: Some(9),
            reasoning_effort: Some(ReasoningEffort::High),
        },
        ..question()
    };
    let body = body(false, &request);
    assert_eq!(
        (&body["temperature"], &body["max_output_tokens"]),
        (&json!(0.5), &json!(9))
    );
    assert_eq!(body["reasoning"], json!({"effort": "high"}));
}

#[tokio::test]
async fn an_error_may_come_without_a_wrapper() {
    let error =
        json!({"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "param": null});
    let outcome = stream_of(Vendor::Responses, format!("event: error\ndata: {error}\n\n")).await;
    assert_eq!(
        outcome.kind(),
        Some(&ProviderErrorKind::RateLimited { retry_after: None })
    );
}

#[tokio::test]
async fn a_cancelled_response_is_not_complete() {
    let vendor = Vendor::Responses;
    let end = "event: response.cancelled\ndata: {\"type\":\"response.cancelled\",\"response\":{}}\n\n";
    let outcome = stream_of(vendor, vendor.text("a") + end).await;
    assert_eq!(outcome.kind(), Some(&ProviderErrorKind::Disconnected));
    let done = stream_of(vendor, vendor.text("a") + "data: [DONE]\n\n").await;
    assert_eq!(done.kind(), Some(&ProviderErrorKind::Disconnected));
}
