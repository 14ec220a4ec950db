use std::sync::Arc;

use serde_json::{Value, json};

use super::super::ChatCompletions;
use crate::config::{Continuation, ProviderSettings, StructuredOutput, Wire};
use crate::model::{Parameters, ReasoningEffort, Role};
use crate::provider::call::{Dialect, Without};
use crate::provider::conformance::fake::question;
use crate::provider::{CompletionRequest, Conversation, OutputFormat, PromptMessage};

fn settings() -> ProviderSettings {
    let base_url = "https://api.example.org/v1".parse().unwrap();
    ProviderSettings::new("p", Wire::OpenaiChat, base_url, "m")
}

fn body_with(settings: &ProviderSettings, request: &CompletionRequest) -> Value {
    serde_json::from_slice(
        &ChatCompletions::of(settings)
            .body(request, Without::default())
            .unwrap(),
    )
    .unwrap()
}

fn body(continuation: Option<Continuation>, request: &CompletionRequest) -> Value {
    let settings = ProviderSettings {
        continues_partial: continuation.is_some(),
        continuation: continuation.unwrap_or_default(),
        ..settings()
    };
    body_with(&settings, request)
}

fn going_on(continuation: Option<Continuation>) -> Value {
    body(
        continuation,
        &CompletionRequest {
            kept: "Because".to_owned(),
            ..question()
        },
    )
}

#[test]
fn a_prompt_is_the_instructions_and_the_conversation() {
    let said = [
        (Role::User, "Why?"),
        (Role::Assistant, "What do you think?"),
        (Role::User, "\u{1f600}\0"),
    ];
    let request = CompletionRequest {
        messages: Conversation::new(said.map(|(role, content)| PromptMessage {
            role,
            content: content.to_owned(),
        })),
        ..question()
    };
    let expected = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Ask."},
            {"role": "user", "content": "Why?"},
            {"role": "assistant", "content": "What do you think?"},
            {"role": "user", "content": "\u{1f600}\0"},
        ],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    for continuation in [
        None,
        Some(Continuation::Prefix),
        Some(Continuation::ContinueFinalMessage),
    ] {
        assert_eq!(body(continuation, &request), expected);
    }
}

#[test]
fn no_instructions_are_no_message() {
    let request = CompletionRequest {
        instructions: String::new(),
        ..question()
    };
    assert_eq!(
        body(None, &request)["messages"],
        json!([{"role": "user", "content": "Why?"}])
    );
}

#[test]
fn a_partial_reply_is_the_last_message() {
    let body = going_on(Some(Continuation::LastMessage));
    assert_eq!(
        body["messages"][2],
        json!({"role": "assistant", "content": "Because"})
    );
    assert_eq!(body["messages"].as_array().unwrap().len(), 3);
    assert_eq!(body.as_object().unwrap().len(), 4);
}

#[test]
fn a_partial_reply_may_be_marked_as_prefix() {
    let body = going_on(Some(Continuation::Prefix));
    assert_eq!(
        body["messages"][2],
        json!({"role": "assistant", "content": "Because", "prefix": true})
    );
    assert_eq!(body["messages"][1], json!({"role": "user", "content": "Why?"}));
}

#[test]
fn a_partial_reply_may_be_continued_by_a_field() {
    let body = going_on(Some(Continuation::ContinueFinalMessage));
    assert_eq!(
        body["messages"][2],
        json!({"role": "assistant", "content": "Because"})
    );
    assert_eq!(
        (&body["continue_final_message"], &body["add_generation_prompt"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn a_provider_that_cannot_continue_is_asked_to() {
    let body = going_on(None);
    assert_eq!(
        body["messages"][2],
        json!({"role": "assistant", "content": "Because"})
    );
    assert_eq!(body["messages"][3]["role"], "user");
    assert!(
        body["messages"][3]["content"]
            .as_str()
            .unwrap()
            .contains("exactly where it ends")
    );
}

#[test]
fn a_request_says_otherwise_than_the_settings() {
    let mut settings = settings();
    settings.parameters = Parameters {
        temperature: Some(0.5),
        max_tokens: Some(100),
        reasoning_effort: None,
    };
    let plain = body_with(&settings, &question());
    assert_eq!(
        (&plain["temperature"], &plain["max_tokens"]),
        (&json!(0.5), &json!(100))
    );
    let mut request = question();
    request.parameters = Parameters {
        max_tokens: Some(7),
        reasoning_effort: Some(ReasoningEffort::Low),
        ..Parameters::default()
    };
    request.model = Some("other".to_owned());
    let changed = body_with(&settings, &request);
    assert_eq!(
        (&changed["temperature"], &changed["max_tokens"]),
        (&json!(0.5), &json!(7))
    );
    assert_eq!(
        (&changed["reasoning_effort"], &changed["model"]),
        (&json!("low"), &json!("other"))
    );
}

#[test]
fn openai_itself_is_told_the_limit_by_its_new_name() {
    for host in ["api.openai.com", "mine.openai.azure.com"] {
        let mut settings = settings();
        settings.base_url = format!("https://{host}/v1").parse().unwrap();
        settings.parameters.max_tokens = Some(9);
        let body = body_with(&settings, &question());
        assert_eq!(body["max_completion_tokens"], 9);
        assert!(body.get("max_tokens").is_none());
    }
}

fn shaped(how: StructuredOutput) -> (Value, Value) {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let request = CompletionRequest {
        format: Some(Arc::new(OutputFormat {
            name: "plan",
            schema: schema.clone(),
        })),
        ..question()
    };
    let settings = ProviderSettings {
        structured_output: how,
        ..settings()
    };
    (body_with(&settings, &request), schema)
}

#[test]
fn an_answer_of_a_shape_is_asked_for_in_the_way_that_the_provider_knows() {
    let (body, schema) = shaped(StructuredOutput::JsonSchema);
    let format = &body["response_format"];
    assert_eq!(format["type"], "json_schema");
    assert_eq!(
        format["json_schema"],
        json!({"name": "plan", "strict": true, "schema": schema})
    );
    assert_eq!(body["messages"][0]["content"], "Ask.");

    let (body, schema) = shaped(StructuredOutput::ToolCall);
    assert_eq!(body["tools"][0]["function"]["parameters"], schema);
    assert_eq!(body["tool_choice"]["function"]["name"], "plan");
    assert!(body.get("response_format").is_none());

    let (body, schema) = shaped(StructuredOutput::JsonObject);
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    let told = body["messages"][0]["content"].as_str().unwrap();
    assert!(
        told.starts_with("Ask.") && told.contains(&schema.to_string()),
        "{told}"
    );

    let (body, schema) = shaped(StructuredOutput::None);
    assert!(body.get("response_format").is_none() && body.get("tools").is_none());
    assert!(
        body["messages"][0]["content"]
            .as_str()
            .unwrap()
            .contains(&schema.to_string())
    );
}
