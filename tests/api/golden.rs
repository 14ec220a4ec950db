//! Streams as the server sends them, byte for byte, kept in `tests/golden` for the tests of the client, too.
//!
//! `TUTORSTREAM_GOLDEN=write` records them anew; otherwise they are compared.

use std::collections::HashMap;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::{header, string};
use crate::sse::{Event, EventStream};
use crate::upstream::{Script, Signal, chunk};

/// What the bytes of a stream hold that differs each time.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    /// Takes ids and times from an event that tells them.
    fn learn(&mut self, data: &Value) {
        self.learn_fields(data);
        self.learn_row(&data["session"], "session");
        let messages = data["messages"].as_array().into_iter().flatten();
        for message in messages.chain([&data["message"]]) {
            let name = if message["role"] == "user" {
                "user-message"
            } else {
                "message"
            };
            self.learn_row(message, name);
            self.learn_fields(message);
        }
    }

    fn learn_row(&mut self, row: &Value, name: &str) {
        if let Some(id) = row["id"].as_str() {
            self.learn_id(id, name);
        }
        for time in ["createdAt", "updatedAt"] {
            self.learn_time(&row[time]);
        }
    }

    fn learn_id(&mut self, id: &str, name: &str) {
        let number = self.0.values().filter(|known| known.starts_with(name)).count() + 1;
        self.0.entry(id.to_owned()).or_insert(format!("{name}-{number}"));
    }

    fn learn_time(&mut self, time: &Value) {
        if let Some(time) = time.as_str() {
            self.0
                .insert(time.to_owned(), "2026-01-01T00:00:00.000Z".to_owned());
        }
    }

    fn learn_fields(&mut self, data: &Value) {
        for (field, name) in [
            ("turnId", "turn"),
            ("sessionId", "session"),
            ("userMessageId", "user-message"),
            ("messageId", "message"),
        ] {
            if let Some(id) = data[field].as_str() {
                self.learn_id(id, name);
            }
        }
        self.learn_time(&data["createdAt"]);
        let usage = &data["usage"];
        if let (Some("estimated"), Some(tokens)) = (usage["source"].as_str(), usage["inputTokens"].as_u64()) {
            // What the tutor is told may change; this stream does not.
            self.0.insert(
                format!("\"inputTokens\":{tokens}"),
                "\"inputTokens\":100".to_owned(),
            );
        }
        if let Some(wait) = data["afterMs"].as_u64() {
            self.0
                .insert(format!("\"afterMs\":{wait}"), "\"afterMs\":1500".to_owned());
        }
    }

    fn replace(&self, text: &str) -> String {
        let replace = |text: String, (from, to): (&String, &String)| text.replace(from, to);
        self.0.iter().fold(text.to_owned(), replace)
    }
}

/// What a stream has sent. Heartbeats are left out: nobody knows when they come.
struct Recording {
    frames: String,
    names: Names,
}

impl Recording {
    fn new() -> Self {
        Self {
            frames: ":\n\n".to_owned(),
            names: Names::default(),
        }
    }

    /// Goes on to the end of the stream, or to the first event that `last` knows.
    async fn until(&mut self, stream: &mut EventStream, last: impl Fn(&Event) -> bool) {
        while let Ok(event) = stream.next().await {
            self.names.learn(&event.data);
            if let (Some(retry), "reconnect") = (stream.retry, event.name.as_str()) {
                assert_eq!(Some(retry), event.data["afterMs"].as_u64());
                self.frames.push_str("retry: 1500\n\n");
            }
            self.frames.push_str(&event.raw);
            if last(&event) {
                break;
            }
        }
        assert_eq!(stream.opened_with_comment, Some(true));
    }

    fn text(&self) -> String {
        self.names.replace(&self.frames)
    }
}

async fn record(stream: &mut EventStream, last: &str) -> String {
    let mut recording = Recording::new();
    recording.until(stream, |event| event.name == last).await;
    recording.text()
}

fn check(name: &str, stream: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.sse"));
    if crate::campaign::variable("TUTORSTREAM_GOLDEN").as_deref() == Some("write") {
        std::fs::write(&path, stream).expect("a golden stream can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(
        stream, golden,
        "the stream is not as tests/golden/{name}.sse has it; TUTORSTREAM_GOLDEN=write records it anew"
    );
}

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
