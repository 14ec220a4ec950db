//! What a learner may ask of providers: names and parameters, as far as the operator allows them.

use serde_json::{Value, json};

use super::chain_of_two;
use crate::app::{Setup, TestApp};
use crate::problem::refused;
use crate::upstream::Upstream;
use crate::witness::Witness;

fn chat(provider: Value, parameters: Value) -> Value {
    let mut body = json!({ "message": "Why?" });
    for (name, value) in [("provider", provider), ("parameters", parameters)] {
        if !value.is_null() {
            body[name] = value;
        }
    }
    body
}

#[tokio::test]
async fn a_learner_chooses_a_provider_by_name_where_that_is_allowed() {
    let second = Upstream::start();
    let more = "allow_request = [\"temperature\"]";
    let app = chain_of_two(Setup::new().setting("allow_provider_choice", true), &second, more).start();
    let response = app
        .learner
        .post_chat(chat(json!("second"), json!({ "temperature": 0.25 })))
        .await;
    let mut reader = Witness::of(&app.learner, response);
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(reader.events[0].data["provider"], "second");
    assert_eq!(second.request(0).await.body["temperature"], 0.25);
    assert_eq!(app.upstream.count(), 0);
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_before_anything_is_stored() {
    let app = TestApp::start();
    let cases = [
        (json!("openai"), Value::Null, "provider-not-allowed"),
        (json!("http://10.0.0.1/v1"), Value::Null, "provider-not-allowed"),
        (
            Value::Null,
            json!({ "temperature": 1.0 }),
            "parameter-not-allowed",
        ),
        (Value::Null, json!({ "maxTokens": 5 }), "parameter-not-allowed"),
        (Value::Null, json!({ "topP": 1 }), "invalid-request"),
    ];
    for (provider, parameters, code) in cases {
        refused(app.learner.post_chat(chat(provider, parameters)).await, 422, code).await;
    }
    app.assert_untouched();
}

#[tokio::test]
async fn a_parameter_out_of_its_range_is_refused() {
    let app = Setup::new()
        .provider("allow_request", "[\"temperature\", \"max_tokens\"]")
        .start();
    for parameters in [json!({ "temperature": 3.0 }), json!({ "maxTokens": 0 })] {
        refused(
            app.learner.post_chat(chat(Value::Null, parameters)).await,
            422,
            "invalid-request",
        )
        .await;
    }
    app.assert_untouched();
}
