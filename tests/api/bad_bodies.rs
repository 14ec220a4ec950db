//! Bodies that are no JSON, too large, too deep, too slow: refused before anybody reads what they say.

use reqwest::{Method, Response};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::TestApp;
use crate::deadline::within;
use crate::problem::{check, refused};
use crate::witness::Witness;

/// Sends a body as it is.
async fn post(
    app: &TestApp,
    path: &str,
    content_type: Option<&str>,
    body: impl Into<reqwest::Body>,
) -> Response {
    let request = app.learner.request(Method::POST, path).body(body);
    let request = match content_type {
        Some(content_type) => request.header("Content-Type", content_type),
        None => request,
    };
    within(path, request.send()).await.expect("the server answers")
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let app = TestApp::start();
    let bodies: [(&str, &[u8]); 7] = [
        ("nothing", b""),
        ("half an object", b"{\"message\":\"?\""),
        ("two objects", b"{\"message\":\"?\"}{\"message\":\"?\"}"),
        ("invalid UTF-8", b"{\"message\":\"\xff\xfe\"}"),
        ("an overlong form", b"{\"message\":\"\xc0\xaf\"}"),
        ("half a surrogate pair", br#"{"message":"\ud800"}"#),
        ("a form", b"message=?"),
    ];
    for (case, body) in bodies {
        println!("{case}");
        refused(
            post(&app, "/stream-chat", Some("application/json"), body).await,
            400,
            "invalid-json",
        )
        .await;
    }
    app.assert_untouched();
}

#[tokio::test]
async fn json_that_is_nested_without_end_is_refused() {
    let app = TestApp::start();
    for path in ["/stream-chat", "/sessions"] {
        for key in ["message", "learnerProfile"] {
            let body = format!("{{\"{key}\":{}", "[".repeat(100_000));
            let response = post(&app, path, Some("application/json"), body).await;
            refused(response, 400, "json-too-deep").await;
        }
    }
    app.assert_untouched();
}

#[tokio::test]
async fn a_list_of_more_parts_than_anybody_means_is_refused() {
    let app = TestApp::start();
    let body = json!({ "learnerProfile": { "list": vec![0; 10_001] } }).to_string();
    let response = post(&app, "/sessions", Some("application/json"), body).await;
    refused(response, 400, "json-too-long").await;
    app.assert_untouched();
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused() {
    let app = TestApp::start();
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("nonsense"),
    ] {
        let response = post(&app, "/stream-chat", content_type, r#"{"message":"?"}"#).await;
        refused(response, 415, "unsupported-media-type").await;
    }
    app.assert_untouched();
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_also_when_its_length_is_not_told() {
    let app = TestApp::start();
    let body = json!({ "message": "?", "subject": "x".repeat(1 << 20) }).to_string();
    refused(
        post(&app, "/stream-chat", Some("application/json"), body.clone()).await,
        413,
        "payload-too-large",
    )
    .await;
    let parts = body
        .into_bytes()
        .chunks(10_000)
        .map(|part| Ok::<_, std::io::Error>(part.to_vec()))
        .collect::<Vec<_>>();
    let chunked = reqwest::Body::wrap_stream(futures_util::stream::iter(parts));
    refused(
        post(&app, "/stream-chat", Some("application/json"), chunked).await,
        413,
        "payload-too-large",
    )
    .await;
    app.assert_untouched();
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for_without_end() {
    let app = TestApp::start();
    let address = app.learner.address();
    let address = address.strip_prefix("http://").expect("http");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let head = "POST /stream-chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n";
    socket.write_all(head.as_bytes()).await.expect("the head is sent");
    socket
        .write_all(b"{\"mess")
        .await
        .expect("a part of the body is sent");

    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let read = within("the answer to half a body", socket.read_buf(&mut answer))
            .await
            .expect("bytes");
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer));
    }
    let answer = String::from_utf8(answer).expect("UTF-8");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    check(body, 408, "request-timeout");
    app.assert_untouched();
}

#[tokio::test]
async fn the_callers_own_name_is_accepted_and_a_charset_too() {
    let app = TestApp::start();
    let body = json!({ "message": "?", "userId": "local" }).to_string();
    let response = post(
        &app,
        "/stream-chat",
        Some("application/json; charset=utf-8"),
        body,
    )
    .await;
    Witness::of(&app.learner, response).until_end().await;
}

#[tokio::test]
async fn a_list_is_no_object_even_when_its_parts_would_fit() {
    let app = TestApp::start();
    let bodies = [
        (
            "/stream-chat",
            r#"[null, "?", null, null, null, null, null, null]"#,
        ),
        (
            "/stream-chat",
            r#"{"message": "?", "parameters": [null, null, null]}"#,
        ),
        ("/sessions", r#" [null, null, null]"#),
    ];
    for (path, body) in bodies {
        let response = post(&app, path, Some("application/json"), body).await;
        refused(response, 422, "invalid-request").await;
    }
    let profile = json!({ "topics": [[null, "Limits", 0.5]] });
    let response = app.learner.call(Method::PATCH, "/profile", profile).await;
    refused(response, 422, "invalid-request").await;
    app.assert_untouched();
}

#[tokio::test]
async fn an_id_that_is_none_is_told_in_a_sentence_that_says_what_to_do() {
    let app = TestApp::start();
    let cases = [
        (json!(""), "an id is empty; leave the field out instead"),
        (
            json!("new"),
            "an id is not a UUID; send one that this service has given",
        ),
        (
            json!("../sessions"),
            "an id is not a UUID; send one that this service has given",
        ),
    ];
    for (id, what) in cases {
        let body = json!({ "sessionId": id, "message": "Why?" }).to_string();
        let response = post(&app, "/stream-chat", Some("application/json"), body).await;
        let problem = refused(response, 422, "invalid-request").await;
        assert_eq!(problem["detail"], format!("The body does not fit: {what}."));
    }
    app.assert_untouched();
}
