use serde_json::{Value, json};

use super::Messages;
use crate::config::{ProviderSettings, StructuredOutput, Wire};
use crate::model::{FinishReason, Parameters, ReasoningEffort, Role};
use crate::provider::call::{Dialect, Without};
use crate::provider::conformance::fake::{question, stream_of};
use crate::provider::conformance::vendor::Vendor;
use crate::provider::{Completion, CompletionRequest, Conversation, Delta, PromptMessage};

fn settings() -> ProviderSettings {
    let base_url = "https://api.example.org".parse().unwrap();
    ProviderSettings::new("p", Wire::Anthropic, base_url, "m")
}

fn body(settings: &ProviderSettings, request: &CompletionRequest) -> Value {
    serde_json::from_slice(&Messages::of(settings).body(request, Without::default()).unwrap()).unwrap()
}

fn message(role: Role, content: &str) -> PromptMessage {
    PromptMessage {
        role,
        content: content.to_owned(),
    }
}

#[test]
fn a_prompt_is_the_instructions_apart_and_the_conversation() {
    let expected = json!({
        "model": "m",
        "max_tokens": 8192,
        "system": "Ask.",
        "messages": [{"role": "user", "content": "Why?"}],
        "stream": true,
    });
    assert_eq!(body(&settings(), &question()), expected);
}

#[test]
fn what_the_api_refuses_is_not_sent() {
    let request = CompletionRequest {
        messages: Conversation::new([
            message(Role::Assistant, "Go on?"),
            message(Role::User, " \n"),
            message(Role::User, "Yes."),
        ]),
        ..CompletionRequest::default()
    };
    let body = body(&settings(), &request);
    assert!(body.get("system").is_none());
    let roles: Vec<_> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["role"])
        .collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(body["messages"][2]["content"], "Yes.");
}

#[test]
fn a_partial_reply_is_the_last_message_without_the_white_space_at_its_end() {
    let request = CompletionRequest {
        kept: "Because \n".to_owned(),
        ..question()
    };
    let going_on = body(&settings(), &request);
    assert_eq!(
        going_on["messages"][1],
        json!({"role": "assistant", "content": "Because"})
    );
    assert_eq!(going_on["messages"].as_array().unwrap().len(), 2);
    let mut settings = settings();
    settings.continues_partial = false;
    let asked = body(&settings, &request);
    assert_eq!(asked["messages"][2]["role"], "user");
    let blank = CompletionRequest {
        kept: " \n".to_owned(),
        ..question()
    };
    assert_eq!(body(&settings, &blank)["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn parameters_are_said_in_the_words_of_the_api() {
    let request = CompletionRequest {
        parameters: Parameters {
            temperature: Some(1.5),
            max_tokens: Some(9),
            reasoning_effort: Some(ReasoningEffort::Minimal),
        },
        ..question()
    };
    let mut settings = settings();
    settings.structured_output = StructuredOutput::JsonSchema;
    let body = body(&settings, &request);
    assert_eq!(
        (&body["temperature"], &body["max_tokens"]),
        (&json!(1.0), &json!(9))
    );
    assert_eq!(body["output_config"], json!({"effort": "low"}));
}

#[tokio::test]
async fn each_stop_reason_is_understood() {
    let cases = [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("pause_turn", FinishReason::Length),
        ("tool_use", FinishReason::ToolCalls),
        ("refusal", FinishReason::ContentFilter),
        ("something_new", FinishReason::Stop),
    ];
    let vendor = Vendor::Messages;
    for (word, reason) in cases {
        let end = vendor.end(FinishReason::Stop).replace("end_turn", word);
        let outcome = stream_of(vendor, vendor.begin() + &vendor.text("a") + &end).await;
        match outcome.deltas.last() {
            Some(Delta::End(Completion { finish_reason, .. })) => {
                assert_eq!(*finish_reason, reason, "{word}")
            }
            other => panic!("{word}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn counts_are_cumulative_and_the_last_ones_hold() {
    let vendor = Vendor::Messages;
    let delta = |usage: Value| {
        let delta = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage});
        format!("event: message_delta\ndata: {delta}\n\n")
    };
    let stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let counts = [
        delta(json!({"output_tokens": 3})),
        delta(json!({"input_tokens": 20, "cache_read_input_tokens": 5, "output_tokens": 8})),
    ];
    let outcome = stream_of(
        vendor,
        vendor.begin() + &vendor.text("a") + &counts.concat() + stop,
    )
    .await;
    let Some(Delta::End(Completion {
        usage: Some(usage), ..
    })) = outcome.deltas.last()
    else {
        panic!("{outcome:?}");
    };
    assert_eq!((usage.input_tokens, usage.output_tokens), (25, 8));
}
