//! A plan comes about also where the provider knows no JSON schemas.

use serde_json::{Value, json};

use super::focus_of;
use crate::app::{Setup, TestApp};
use crate::upstream::{Script, chunk, focus_plan};

fn asking_by(structured_output: &str) -> TestApp {
    Setup::new()
        .planning()
        .setting("planner.budget_ms", 60_000)
        .provider("structured_output", format!("{structured_output:?}"))
        .start()
}

/// The plan as the arguments of a call, in two parts.
fn as_a_call(plan: &Value) -> Script {
    let text = plan.to_string();
    let (first, second) = text.split_at(text.len() / 2);
    let part = |arguments: &str| {
        let call = json!({ "index": 0, "id": "call_1", "type": "function", "function": { "name": "session_focus", "arguments": arguments } });
        chunk(
            &json!([{ "index": 0, "delta": { "tool_calls": [call] }, "finish_reason": null }]),
            &Value::Null,
        )
    };
    Script::stream()
        .raw(part(first))
        .raw(part(second))
        .finish_reason("tool_calls")
        .finish_without_usage()
}

async fn is_planned(app: &TestApp) {
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let told = focus_of(&reader);
    assert_eq!(
        (&told["source"], &told["objective"]),
        (&json!("planned"), &focus_plan()["objective"])
    );
}

#[tokio::test]
async fn a_plan_comes_as_a_call_of_a_tool_where_the_operator_says_so() {
    let app = asking_by("tool-call");
    app.upstream.next_plan(as_a_call(&focus_plan()));
    is_planned(&app).await;
    let body = &app.upstream.plan_request(0).await.body;
    assert_eq!(body["tools"][0]["function"]["name"], "session_focus");
    assert_eq!(body["tool_choice"]["function"]["name"], "session_focus");
    assert!(body.get("response_format").is_none());
    let reply = &app.upstream.request(0).await.body;
    assert!(reply.get("tools").is_none(), "a reply has no tools");
}

#[tokio::test]
async fn a_plan_comes_as_json_in_words_where_the_operator_says_so() {
    for (how, format) in [("json-object", json!("json_object")), ("none", Value::Null)] {
        let app = asking_by(how);
        let fenced = format!("Here it is:\n```json\n{}\n```", focus_plan());
        app.upstream.next_plan(Script::stream().delta(&fenced).finish());
        is_planned(&app).await;
        let request = app.upstream.plan_request(0).await;
        assert_eq!(request.body["response_format"]["type"], format, "{how}");
        assert!(super::instructions(&request).contains("checkQuestion"), "{how}");
    }
}
