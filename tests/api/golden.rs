//! Streams as the server sends them, byte for byte, kept in `tests/golden` for the tests of the client, too.
//!
//! `TUTORSTREAM_GOLDEN=write` records them anew; otherwise they are compared.

mod recording;

use reqwest::Method;
use serde_json::{Value, json};

use self::recording::{Recording, check, record};
use crate::app::{Setup, TestApp};
use crate::client::{header, string};
use crate::sse::{Event, EventStream};
use crate::upstream::{Script, Signal, chunk};

/// Sends each part when the one before it was seen, so that no two are merged.
async fn in_parts(app: &TestApp, parts: &[&str], end: impl Fn(Script) -> Script) -> (String, EventStream) {
    let signals = parts.iter().map(|_| Signal::new()).collect::<Vec<_>>();
    let script = parts
        .iter()
        .zip(&signals)
        .fold(Script::stream(), |script, (part, signal)| {
            script.delta(part).wait_for(signal)
        });
    app.upstream.next(end(script));
    let response = app
        .learner
        .post_chat(serde_json::json!({ "message": "Why is the sky blue?" }))
        .await;
    let (turn_id, mut watching) = (header(&response, "x-turn-id"), EventStream::new(response));
    for (part, signal) in parts.iter().zip(&signals) {
        loop {
            let event = watching.next().await.expect("the stream goes on");
            if event.data["text"] == *part {
                break;
            }
        }
        signal.give();
    }
    let stream = EventStream::new(app.learner.open_events(&turn_id, None).await);
    (turn_id, stream)
}

#[tokio::test]
async fn a_complete_reply_is_as_recorded() {
    let app = Setup::new().without_merging().start();
    let parts = [
        "Because",
        " of \"scattering\":\n\n",
        "é漢🧑‍🚀 \\ \u{2028}",
        " data: x\r\n\r\n",
        ".",
    ];
    let (_, mut stream) = in_parts(&app, &parts, Script::finish).await;
    check("complete", &record(&mut stream, "turn-end").await);
}

#[tokio::test]
async fn a_reply_with_reasoning_is_as_recorded() {
    let app = Setup::new().without_merging().start();
    let thought = serde_json::json!([{ "index": 0, "delta": { "reasoning_content": "The learner asks why." }, "finish_reason": null }]);
    let seen = Signal::new();
    app.upstream.next(
        Script::stream()
            .raw(chunk(&thought, &Value::Null))
            .wait_for(&seen)
            .delta("Because.")
            .finish(),
    );
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_event("reasoning-delta").await;
    seen.give();
    reader.until_end().await;
    let mut stream = EventStream::new(app.learner.open_events(&reader.turn_id, None).await);
    check("reasoning", &record(&mut stream, "turn-end").await);
}

#[tokio::test]
async fn a_failed_reply_is_as_recorded() {
    let app = TestApp::start();
    app.upstream.next(Script::plain(
        401,
        "application/json",
        r#"{"error":{"message":"no"}}"#,
    ));
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let mut stream = EventStream::new(app.learner.open_events(&reader.turn_id, None).await);
    check("failed", &record(&mut stream, "turn-end").await);
}

#[tokio::test]
async fn an_interrupted_reply_and_its_continuation_are_as_recorded() {
    let app = Setup::new()
        .without_merging()
        .without_retries()
        .continues_partial()
        .start();
    let (turn_id, mut stream) = in_parts(&app, &["Because", " of"], Script::cut).await;
    check("interrupted", &record(&mut stream, "turn-end").await);

    app.upstream.next(Script::stream().delta(" scattering.").finish());
    let response = app.learner.post_continue(&turn_id).await;
    let turn_id = header(&response, "x-turn-id");
    record(&mut EventStream::new(response), "turn-end").await;
    let mut stream = EventStream::new(app.learner.open_events(&turn_id, None).await);
    check("continued", &record(&mut stream, "turn-end").await);
}

#[tokio::test]
async fn a_rewind_is_as_recorded() {
    let app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let mut stream = EventStream::new(app.learner.open_events(&reader.turn_id, Some("99")).await);
    check("rewind", &record(&mut stream, "turn-end").await);
}

#[tokio::test]
async fn a_reply_whose_server_ends_is_as_recorded() {
    let mut app = Setup::new().without_merging().drain_seconds(1).start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let mut stream = EventStream::new(app.learner.open_events(&reader.turn_id, None).await);
    while stream.next().await.expect("the stream goes on").name != "text-delta" {}
    let mut stream = EventStream::new(app.learner.open_events(&reader.turn_id, None).await);
    app.sigterm();
    check("reconnect", &record(&mut stream, "reconnect").await);
    app.exited().await;
    app.restart();
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(string(&turn["status"]), "interrupted");
}

#[tokio::test]
async fn a_reply_that_is_begun_anew_is_as_recorded() {
    let app = Setup::new().without_merging().start();
    let seen = Signal::new();
    app.upstream
        .next(Script::stream().delta("Because").wait_for(&seen).cut());
    app.upstream.next(Script::stream().delta("It scatters.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    seen.give();
    reader.until_end().await;
    let mut stream = EventStream::new(app.learner.open_events(&reader.turn_id, None).await);
    check("restarted", &record(&mut stream, "turn-end").await);
}

#[tokio::test]
async fn a_reply_with_a_session_focus_is_as_recorded() {
    let app = Setup::new()
        .planning()
        .setting("planner.budget_ms", 60_000)
        .without_merging()
        .start();
    app.upstream.next(Script::stream().delta("Because.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let mut stream = EventStream::new(app.learner.open_events(&reader.turn_id, None).await);
    check("focus", &record(&mut stream, "turn-end").await);
}

#[tokio::test]
async fn the_feed_of_a_session_is_as_recorded() {
    let app = Setup::new().without_merging().start();
    let session_id = app.learner.create_session().await;
    let path = format!("/sessions/{session_id}");
    let events = format!("{path}/events");
    let feed = app.learner.call(Method::GET, &events, Value::Null).await;
    let (mut feed, mut recording) = (EventStream::new(feed), Recording::new());
    let is = |name: &'static str| move |event: &Event| event.name == name;
    recording.until(&mut feed, is("session-snapshot")).await;

    let (first, second) = (Signal::new(), Signal::new());
    let reply = Script::stream().delta("Because").wait_for(&first);
    app.upstream
        .next(reply.delta(" of scattering.").wait_for(&second).finish());
    let mut reader = app.learner.send_in(&session_id, "Why is the sky blue?").await;
    for signal in [first, second] {
        recording.until(&mut feed, is("text-delta")).await;
        signal.give();
    }
    reader.until_end().await;
    let told = |event: &Event| {
        event.data["message"]["status"] == "complete" && event.data["message"]["role"] == "assistant"
    };
    recording.until(&mut feed, told).await;

    app.learner
        .json(Method::PATCH, &path, json!({ "title": "Light" }))
        .await;
    recording
        .until(&mut feed, |event| event.data["session"]["title"] == "Light")
        .await;
    app.learner.call(Method::DELETE, &path, Value::Null).await;
    recording.until(&mut feed, is("session-deleted")).await;
    check("feed", &recording.text());
}
