//! Answers of a given shape come as text, however a provider has to be asked for them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::fake::{Fake, HEAD, Outcome, collect_of, question, send};
use super::vendor::{ALL, Vendor};
use crate::config::StructuredOutput;
use crate::model::FinishReason;
use crate::provider::{CompletionRequest, OutputFormat, build};

fn schema() -> Value {
    json!({"type": "object", "properties": {"a": {"type": "integer"}}})
}

/// Asks for JSON in this way, and is answered with these events.
async fn ask(vendor: Vendor, how: StructuredOutput, events: String) -> (Outcome, Value) {
    let fake = Fake::new().await;
    let mut settings = fake.settings(vendor);
    settings.structured_output = how;
    let provider = build(&settings).unwrap();
    let request = CompletionRequest {
        format: Some(Arc::new(OutputFormat {
            name: "plan",
            schema: schema(),
        })),
        ..question()
    };
    let answer = fake.answer(vec![send(HEAD), send(events)]);
    let (outcome, request) = tokio::join!(collect_of(&*provider, request), answer);
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    (outcome, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn the_arguments_of_a_tool_that_must_be_called_are_the_answer() {
    for vendor in ALL {
        let events = [
            vendor.begin(),
            vendor.arguments(""),
            vendor.arguments("{\"a\""),
            vendor.arguments(":1}"),
            vendor.end(FinishReason::ToolCalls),
        ];
        let (outcome, body) = ask(vendor, StructuredOutput::ToolCall, events.concat()).await;
        assert_eq!(outcome.text(), r#"{"a":1}"#, "{vendor:?}");
        assert!(outcome.has_end());
        let tool = &body["tools"][0];
        let parameters = match vendor {
            Vendor::Chat => &tool["function"]["parameters"],
            Vendor::Responses => &tool["parameters"],
            Vendor::Messages => &tool["input_schema"],
        };
        assert_eq!(parameters, &schema(), "{vendor:?}");
        assert!(body["tool_choice"].to_string().contains("plan"));
    }
}

#[tokio::test]
async fn a_schema_goes_where_the_wire_has_a_field_for_it() {
    for vendor in ALL {
        let events = vendor.begin() + &vendor.text("{}") + &vendor.end(FinishReason::Stop);
        let (outcome, body) = ask(vendor, StructuredOutput::JsonSchema, events).await;
        assert_eq!(outcome.text(), "{}");
        let (format, sent) = match vendor {
            Vendor::Chat => (
                &body["response_format"],
                &body["response_format"]["json_schema"]["schema"],
            ),
            Vendor::Responses => (&body["text"]["format"], &body["text"]["format"]["schema"]),
            Vendor::Messages => (
                &body["output_config"]["format"],
                &body["output_config"]["format"]["schema"],
            ),
        };
        assert_eq!(
            (&format["type"], sent),
            (&json!("json_schema"), &schema()),
            "{vendor:?}"
        );
        assert!(body.get("tools").is_none());
    }
}

#[tokio::test]
async fn a_provider_without_schemas_is_told_in_words() {
    for vendor in ALL {
        for how in [StructuredOutput::JsonObject, StructuredOutput::None] {
            let events = vendor.begin() + &vendor.text("{}") + &vendor.end(FinishReason::Stop);
            let (_, body) = ask(vendor, how, events).await;
            let instructions = match vendor {
                Vendor::Chat => &body["messages"][0]["content"],
                Vendor::Responses => &body["instructions"],
                Vendor::Messages => &body["system"],
            };
            let instructions = instructions.as_str().unwrap();
            assert!(instructions.starts_with("Ask.") && instructions.contains(&schema().to_string()));
            assert!(body.get("tools").is_none());
        }
    }
}
