//! Refusals that say what is wrong: with the message, with the operator's account, with what stands in between.

use std::time::{Duration, Instant};

use serde_json::json;

use super::chain_of_two;
use crate::app::{Setup, TestApp};
use crate::upstream::{Script, Upstream};

const FILTERED: &str = r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","param":"prompt","code":"content_filter","status":400}}"#;

/// Sends a message and answers the error that the learner is told.
async fn told(app: &TestApp) -> (String, String, bool) {
    let mut reader = app.learner.send("Why?").await;
    let error = reader.until_event("error").await;
    assert_eq!(reader.until_end().await.data["status"], "failed");
    let text = |field: &str| error.data[field].as_str().expect("text").to_owned();
    (
        text("code"),
        text("detail"),
        error.data["retryable"] == json!(true),
    )
}

#[tokio::test]
async fn each_refusal_is_told_in_its_own_words_and_asked_once() {
    let app = TestApp::start();
    for (status, kind, body, code, detail) in [
        (
            400,
            "application/json",
            FILTERED,
            "message-filtered",
            "Say it in other words",
        ),
        (
            400,
            "application/json",
            r#"{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}"#,
            "conversation-too-long",
            "Start a new session",
        ),
        (
            429,
            "application/json",
            r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            "provider-quota-used-up",
            "The operator of this service",
        ),
        (
            403,
            "text/html",
            "<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title></html>",
            "provider-rejected",
            "The operator of this service",
        ),
        (
            200,
            "text/html",
            "<html>Sign in</html>",
            "provider-unreadable",
            "The operator of this service",
        ),
    ] {
        let before = app.upstream.count();
        app.upstream.always(Script::plain(status, kind, body));
        let (told_code, told_detail, retryable) = told(&app).await;
        assert_eq!((told_code.as_str(), retryable), (code, false));
        assert!(told_detail.starts_with(detail), "{code}: {told_detail}");
        assert_eq!(app.upstream.count(), before + 1, "{code}");
    }
}

#[tokio::test]
async fn what_a_filter_refused_is_not_taken_to_another_provider() {
    let second = Upstream::start();
    let app = chain_of_two(Setup::new(), &second, "").start();
    app.upstream
        .always(Script::plain(400, "application/json", FILTERED));
    assert_eq!(told(&app).await.0, "message-filtered");
    assert_eq!(second.count(), 0);
}

#[tokio::test]
async fn a_quota_that_is_used_up_leaves_the_answer_to_the_next_provider() {
    let second = Upstream::start();
    let app = chain_of_two(Setup::new(), &second, "").start();
    app.upstream.always(Script::refusal(402, ""));
    let mut reader = app.learner.send("Why?").await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!((app.upstream.count(), second.count()), (1, 1));
}

#[tokio::test]
async fn a_fraction_of_a_second_is_waited_for() {
    let app = TestApp::start();
    app.upstream.next(Script::refusal(429, "Retry-After: 1.5\r\n"));
    let asked = Instant::now();
    let mut reader = app.learner.send("Why?").await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert!(
        asked.elapsed() >= Duration::from_millis(1_500),
        "it was asked too soon"
    );
}

#[tokio::test]
async fn a_provider_without_a_field_answers_and_is_asked_without_it_from_then_on() {
    let app = TestApp::start();
    let unknown =
        r#"{"error_code":"BAD_REQUEST","message":"Bad request: json: unknown field \"stream_options\""}"#;
    app.upstream.next(Script::plain(400, "application/json", unknown));
    for number in 0..2 {
        let mut reader = app.learner.send("Why?").await;
        assert_eq!(reader.until_end().await.data["status"], "complete");
        assert_eq!(reader.outline(), ["turn-start", "text-delta", "turn-end"]);
        let turn = app.learner.turn(&reader.turn_id).await;
        assert_eq!(turn["attempts"], 1, "the refusal is no attempt");
        assert_eq!(app.upstream.count(), 2 + number);
    }
    for (number, has_field) in [(0, true), (1, false), (2, false)] {
        let body = &app.upstream.request(number).await.body;
        assert_eq!(
            body.get("stream_options").is_some(),
            has_field,
            "request {number}"
        );
    }
}
