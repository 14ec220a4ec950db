//! Requests that are wrong: each is refused with a problem that says why, and nothing of it is stored.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::header;
use crate::problem::refused;

const LONGEST: usize = 131_072;

#[tokio::test]
async fn a_message_that_is_none_is_refused() {
    let app = TestApp::start();
    let cases: [(&str, Value, u16, &str); 13] = [
        ("empty", json!({ "message": "" }), 422, "message-empty"),
        (
            "blank",
            json!({ "message": " \n\t\u{3000}" }),
            422,
            "message-empty",
        ),
        (
            "too long",
            json!({ "message": "x".repeat(LONGEST + 1) }),
            413,
            "message-too-long",
        ),
        (
            "too long in wide characters",
            json!({ "message": "漢".repeat(LONGEST + 1) }),
            413,
            "message-too-long",
        ),
        ("NUL", json!({ "message": "a\0b" }), 422, "invalid-text"),
        ("missing", json!({}), 422, "invalid-request"),
        ("null", json!({ "message": null }), 422, "invalid-request"),
        ("a number", json!({ "message": 7 }), 422, "invalid-request"),
        (
            "an unknown field",
            json!({ "message": "?", "role": "system" }),
            422,
            "invalid-request",
        ),
        (
            "an unknown policy",
            json!({ "message": "?", "onBusy": "later" }),
            422,
            "invalid-request",
        ),
        (
            "a malformed session",
            json!({ "message": "?", "sessionId": "nonsense" }),
            422,
            "invalid-request",
        ),
        (
            "another user",
            json!({ "message": "?", "userId": "alice" }),
            403,
            "user-mismatch",
        ),
        ("a list", json!(["?"]), 422, "invalid-request"),
    ];
    for (case, body, status, code) in cases {
        println!("{case}");
        refused(app.learner.post_chat(body).await, status, code).await;
    }
    app.assert_untouched();
}

#[tokio::test]
async fn the_longest_message_is_taken_in_the_widest_characters() {
    // Where the model can read as much.
    let app = Setup::new().setting("window_tokens", 1_000_000).start();
    let message = "🧪".repeat(LONGEST);
    let mut reader = app.learner.send(&message).await;
    reader.until_end().await;
    assert_eq!(
        app.learner.messages(&reader.session_id).await["messages"][0]["content"],
        message.as_str()
    );
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let app = TestApp::start();
    for id in [
        "nonsense",
        "0",
        "0197a000-0000-7000-8000-00000000000g",
        "%00",
        "..%2f",
    ] {
        for path in [
            format!("/turns/{id}"),
            format!("/turns/{id}/events"),
            format!("/sessions/{id}"),
        ] {
            refused(
                app.learner.call(Method::GET, &path, Value::Null).await,
                400,
                "invalid-id",
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_refused_with_the_right_ones() {
    let app = TestApp::start();
    for (method, path, right) in [
        (Method::GET, "/stream-chat", "POST"),
        (Method::PUT, "/sessions", "GET, HEAD, POST"),
        (Method::POST, "/export", "GET"),
        (Method::POST, "/", "GET, HEAD"),
    ] {
        let response = app.learner.call(method, path, Value::Null).await;
        assert_eq!(header(&response, "allow"), right);
        refused(response, 405, "method-not-allowed").await;
    }
}

#[tokio::test]
async fn a_wrong_session_or_message_is_refused() {
    let app = TestApp::start();
    let cases = [
        ("/sessions", json!({ "title": 7 }), 422, "invalid-request"),
        ("/sessions", json!({ "owner": "alice" }), 422, "invalid-request"),
        ("/sessions", json!({ "title": "a\0b" }), 422, "invalid-text"),
    ];
    for (path, body, status, code) in cases {
        refused(app.learner.call(Method::POST, path, body).await, status, code).await;
    }
    app.assert_untouched();
    let path = format!("/sessions/{}/messages", app.learner.create_session().await);
    let cases = [
        (
            json!({ "role": "system", "content": "?" }),
            422,
            "invalid-request",
        ),
        (
            json!({ "role": "user", "content": "?", "status": "streaming" }),
            422,
            "invalid-request",
        ),
        (json!({ "role": "user", "content": "" }), 422, "message-empty"),
        (json!({ "role": "user", "content": "a\0b" }), 422, "invalid-text"),
        (
            json!({ "role": "user", "content": "x".repeat(LONGEST + 1) }),
            413,
            "message-too-long",
        ),
    ];
    for (body, status, code) in cases {
        refused(app.learner.call(Method::POST, &path, body).await, status, code).await;
    }
    assert_eq!(app.database().count("messages"), 0);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let app = TestApp::start();
    for key in ["", "   ", &"k".repeat(201)] {
        let body = json!({ "message": "?" });
        refused(
            app.learner.post_chat_once(key, body).await,
            422,
            "invalid-request",
        )
        .await;
        let body = json!({ "message": "?", "clientMessageId": key });
        refused(app.learner.post_chat(body).await, 422, "invalid-request").await;
    }
    app.assert_untouched();
}

#[tokio::test]
async fn a_page_that_is_none_is_refused() {
    let app = TestApp::start();
    let messages = format!("/sessions/{}/messages", app.learner.create_session().await);
    for path in ["/sessions", &messages] {
        for query in [
            "limit=0",
            "limit=-1",
            "limit=501",
            "limit=x",
            "limit=99999999999999999999",
            "cursor=nonsense",
        ] {
            let response = app
                .learner
                .call(Method::GET, &format!("{path}?{query}"), Value::Null)
                .await;
            refused(response, 422, "invalid-request").await;
        }
    }
}
