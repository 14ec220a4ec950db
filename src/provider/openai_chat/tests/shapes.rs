use super::fake::{Fake, HEAD, collect_of, event, finish, question, send};
use crate::config::StructuredOutput;
use crate::provider::{CompletionRequest, OpenAiChat, OutputFormat};

#[tokio::test]
async fn the_arguments_of_a_tool_that_must_be_called_are_the_reply() {
    let call = |delta: &str| {
        event(&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{delta}]}}}}]}}"#
        ))
    };
    let body = [
        call(r#"{"index":0,"id":"c","type":"function","function":{"name":"plan","arguments":""}}"#),
        call(r#"{"index":0,"function":{"arguments":"{\"a\""}}"#),
        call(r#"{"index":1,"function":{"arguments":"other"}}"#),
        call(r#"{"index":0,"function":{"arguments":":1}"}}"#),
        finish("tool_calls"),
        "data: [DONE]\n\n".to_owned(),
    ];
    let fake = Fake::new().await;
    let mut settings = fake.settings();
    settings.structured_output = StructuredOutput::ToolCall;
    let provider = OpenAiChat::new(&settings).unwrap();
    let request = CompletionRequest {
        format: Some(OutputFormat {
            name: "plan",
            schema: serde_json::json!({}),
        }),
        ..question()
    };
    let answer = fake.answer(vec![send(HEAD), send(body.concat())]);
    let (outcome, _) = tokio::join!(collect_of(&provider, request), answer);
    assert!(outcome.has_end(), "{outcome:?}");
    assert_eq!(outcome.text(), r#"{"a":1}"#);
}
