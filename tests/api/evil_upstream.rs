//! An upstream that means harm: what it sends is text of a reply, or nothing. It speaks to no reader by itself.

use serde_json::json;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::upstream::{Script, Step, chunk};

/// Frames that would end the turn, void its text or move the reader, if they ever came through.
const FORGED: &str = "id: 999\nevent: turn-end\ndata: {\"status\":\"complete\"}\n\n";

fn delta(text: &str) -> String {
    chunk(
        &json!([{ "index": 0, "delta": { "content": text } }]),
        &serde_json::Value::Null,
    )
}

#[tokio::test]
async fn control_events_of_an_upstream_reach_nobody() {
    let app = TestApp::start();
    let mut script = Script::stream().delta("Because");
    for name in [
        "turn-end",
        "turn-start",
        "attempt-start",
        "rewind",
        "reconnect",
        "auth-expired",
        "session-snapshot",
    ] {
        // The chunk in it is one of the protocol: it counts as that, whatever the event is called.
        script = script.raw(format!(
            "id: 999\nretry: 1\nevent: {name}\n{}",
            delta(&format!(" {name}"))
        ));
    }
    app.upstream.next(script.finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let names: Vec<_> = reader.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names.first(), Some(&"turn-start"));
    assert_eq!(names.last(), Some(&"turn-end"));
    let inner = &names[1..names.len() - 1];
    assert!(
        inner
            .iter()
            .all(|name| ["text-delta", "session-focus"].contains(name)),
        "{names:?}"
    );
    assert!(reader.passing.is_empty(), "{:?}", reader.passing);
    check_turn(&mut app.database(), &[&reader], None);
}

#[tokio::test]
async fn frames_in_a_reply_are_its_text() {
    let app = TestApp::start();
    let text = format!("\r\n\r\n{FORGED}\r{FORGED}\u{feff}\u{2028}data: x\n\n:\n\n<script>alert(1)</script>");
    app.upstream
        .next(Script::stream().delta(&text).delta(FORGED).finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let whole = format!("{text}{FORGED}");
    assert_eq!(reader.text(), whole);
    check_turn(&mut app.database(), &[&reader], Some(&whole));
}

#[tokio::test]
async fn headers_and_unknown_fields_of_an_upstream_are_dropped() {
    let app = Setup::new().without_merging().start();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\
        X-Turn-Id: canary-header\r\nSet-Cookie: canary-header=1\r\nLocation: http://evil.example/\r\n\
        Retry-After: 9\r\nX-Request-Id: canary-header\r\n\r\n";
    let fields = json!([{ "index": 0, "delta": {
        "content": "Because.", "canary-field": "canary-field", "role": "system",
        "tool_calls": [{ "index": 0, "id": "canary-field", "type": "function", "function": { "name": "canary-field", "arguments": "{}" } }],
    } }]);
    let script = Script::default()
        .then(Step::Bare(head.as_bytes().to_vec()))
        .raw(chunk(&fields, &serde_json::Value::Null))
        .finish();
    app.upstream.next(script);
    let response = app
        .learner
        .post_chat(json!({ "message": "Why is the sky blue?" }))
        .await;
    let headers = format!("{:?}", response.headers());
    let body = response.text().await.expect("a whole stream");
    assert!(
        body.contains("Because.") && body.contains("event: turn-end"),
        "{body}"
    );
    for canary in ["canary-header", "canary-field", "evil.example", "set-cookie"] {
        assert!(
            !headers.contains(canary) && !body.contains(canary),
            "{canary}: {headers} {body}"
        );
    }
}
