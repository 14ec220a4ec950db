//! One turn, from the learner's message to the stored reply.

use reqwest::StatusCode;
use serde_json::json;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::{header, string};
use crate::upstream::{Plan, Script, Signal};

#[tokio::test]
async fn a_message_is_answered_with_a_stream_that_ends_once() {
    let app = TestApp::start();
    let plan = Plan::new(3, 40, 400);

    let mut reader = app.learner.send(&plan.to_string()).await;
    let end = reader.until_end().await;

    assert_eq!(reader.outline(), ["turn-start", "text-delta", "turn-end"]);
    let start = &reader.events[0];
    assert_eq!(
        (start.id, &start.data["turnId"]),
        (Some(1), &json!(reader.turn_id))
    );
    assert_eq!(start.data["sessionId"], reader.session_id.as_str());
    assert_eq!(
        (&start.data["provider"], &start.data["model"]),
        (&json!("openai"), &json!("fake-model"))
    );
    assert_eq!(
        (&end.data["status"], &end.data["finishReason"]),
        (&json!("complete"), &json!("stop"))
    );
    assert_eq!(
        (&end.data["messageId"], &end.data["cached"]),
        (&start.data["messageId"], &json!(false))
    );
    assert_eq!(reader.text(), plan.text());
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn the_response_is_an_event_stream_that_no_proxy_holds_back() {
    let app = TestApp::start();
    let response = app
        .learner
        .post_chat(json!({ "message": "Why is the sky blue?" }))
        .await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    assert_eq!(header(&response, "cache-control"), "no-cache, no-transform");
    assert_eq!(header(&response, "x-accel-buffering"), "no");
    let turn_id = header(&response, "x-turn-id");
    assert_eq!(header(&response, "location"), format!("/turns/{turn_id}/events"));
    app.learner
        .get(&format!("/sessions/{}", header(&response, "x-session-id")))
        .await;
    app.learner.follow(&turn_id).await.until_end().await;
}

#[tokio::test]
async fn the_first_bytes_are_a_comment_and_do_not_wait_for_the_provider() {
    let app = TestApp::start();
    app.upstream.next(Script::silence());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.stream().read_more().await.expect("bytes come at once");
    assert_eq!(reader.stream().opened_with_comment, Some(true));
    app.learner.stop(&reader.turn_id).await;
}

#[tokio::test]
async fn the_learners_message_is_stored_before_the_provider_is_asked() {
    let app = TestApp::start();
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().wait_for(&go_on).delta("Because.").finish());

    let mut reader = app.learner.send("Why is the sky blue?").await;
    let request = app.upstream.request(0).await;
    let messages = app.database().messages();
    let stored = messages
        .iter()
        .map(|row| (row.role.as_str(), row.content.as_str(), row.status.as_str()));
    assert!(stored.eq([
        ("user", "Why is the sky blue?", "complete"),
        ("assistant", "", "streaming")
    ]));
    assert_eq!(
        request.messages().last().expect("a prompt")["content"],
        "Why is the sky blue?"
    );

    go_on.give();
    reader.until_end().await;
    assert_eq!(app.database().messages()[1].content, "Because.");
}

#[tokio::test]
async fn the_provider_is_asked_as_its_protocol_says() {
    let app = TestApp::start();
    app.learner.send("Why is the sky blue?").await.until_end().await;
    let request = app.upstream.request(0).await;
    assert!(
        request.head.starts_with("POST /v1/chat/completions HTTP/1.1"),
        "{}",
        request.head
    );
    assert!(
        request
            .head
            .to_lowercase()
            .contains("authorization: bearer test-key-not-a-secret")
    );
    assert_eq!(request.body["model"], "fake-model");
    assert_eq!(request.body["stream_options"]["include_usage"], true);
}

#[tokio::test]
async fn usage_is_what_the_provider_reports() {
    let app = TestApp::start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    let usage = json!({ "inputTokens": 9, "outputTokens": 12, "source": "reported" });
    assert_eq!(reader.until_end().await.data["usage"], usage);
    assert_eq!(app.learner.turn(&reader.turn_id).await["usage"], usage);
}

#[tokio::test]
async fn usage_is_estimated_when_the_provider_does_not_count() {
    let app = TestApp::start();
    app.upstream.next(
        Script::stream()
            .delta("Because of scattering.")
            .finish_without_usage(),
    );
    let usage = app
        .learner
        .send("Why is the sky blue?")
        .await
        .until_end()
        .await
        .data["usage"]
        .clone();
    assert_eq!(usage["source"], "estimated");
    assert!(
        usage["inputTokens"].as_i64() > Some(0) && usage["outputTokens"].as_i64() > Some(0),
        "{usage}"
    );
}

#[tokio::test]
async fn thinking_is_shown_and_is_no_part_of_the_text() {
    let app = TestApp::start();
    let thought = json!([{ "index": 0, "delta": { "reasoning_content": "Hm." }, "finish_reason": null }]);
    let thought = crate::upstream::chunk(&thought, &json!(null));
    app.upstream
        .next(Script::stream().raw(thought).delta("Because.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    assert_eq!(
        reader.outline(),
        ["turn-start", "reasoning-delta", "text-delta", "turn-end"]
    );
    assert_eq!(app.learner.turn(&reader.turn_id).await["text"], "Because.");
}

#[tokio::test]
async fn a_turn_can_be_asked_for_while_it_runs_and_after() {
    let app = Setup::new().without_merging().start();
    let go_on = Signal::new();
    app.upstream.next(
        Script::stream()
            .delta("Because")
            .wait_for(&go_on)
            .delta(" of scattering.")
            .finish(),
    );
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;

    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        (&turn["status"], &turn["text"]),
        (&json!("streaming"), &json!("Because"))
    );
    assert_eq!(
        (&turn["lastEventId"], &turn["endedAt"]),
        (&json!(reader.last_event_id()), &json!(null))
    );
    let messages = app.learner.messages(&reader.session_id).await;
    assert_eq!(messages["activeTurn"]["turnId"], reader.turn_id.as_str());
    assert_eq!(messages["activeTurn"]["lastEventId"], reader.last_event_id());
    assert_eq!(messages["messages"][1]["content"], "Because");

    go_on.give();
    reader.until_end().await;
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        (&turn["status"], &turn["text"]),
        (&json!("complete"), &json!("Because of scattering."))
    );
    assert_eq!(
        (&turn["finishReason"], &turn["attempts"]),
        (&json!("stop"), &json!(1))
    );
    string(&turn["endedAt"]);
    assert_eq!(
        app.learner.messages(&reader.session_id).await["activeTurn"],
        json!(null)
    );
}

#[tokio::test]
async fn a_second_message_is_answered_with_the_conversation_before_it() {
    let app = TestApp::start();
    app.upstream
        .next(Script::stream().delta("Because of scattering.").finish());
    let mut first = app.learner.send("Why is the sky blue?").await;
    first.until_end().await;
    app.learner
        .send_in(&first.session_id, "And at dusk?")
        .await
        .until_end()
        .await;

    let request = app.upstream.request(1).await;
    let said = request
        .messages()
        .iter()
        .filter(|message| message["role"] != "system");
    let said = said
        .map(|message| string(&message["content"]))
        .collect::<Vec<_>>();
    assert!(
        said.ends_with(&["Why is the sky blue?", "Because of scattering.", "And at dusk?"].map(String::from))
    );
}
