//! A token in a cookie: as good as in a header from a page of this origin, and good for nothing from elsewhere.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::header;
use crate::problem::refused;
use crate::witness::Witness;

fn app() -> TestApp {
    Setup::new()
        .require_auth()
        .tables("[auth]\ncookie = true\n")
        .start()
}

/// A browser with the cookie of `POST /login`: its `Cookie` header.
async fn log_in(app: &TestApp, token: &str) -> String {
    let client = app.learner.with_token(Some(token));
    let response = client.call(Method::POST, "/login", Value::Null).await;
    assert_eq!(response.status(), 200);
    let cookie = header(&response, "set-cookie");
    assert_eq!(header(&response, "cache-control"), "no-store");
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body, json!({ "user": "alice" }));
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert!(pair.starts_with("__Host-tutorstream="), "{cookie}");
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(
            attributes.split("; ").any(|one| one == attribute),
            "{attribute}: {cookie}"
        );
    }
    assert!(!attributes.contains("Domain"), "{cookie}");
    pair.to_owned()
}

async fn send(app: &TestApp, (method, path): (Method, &str), headers: &[(&str, &str)]) -> Response {
    let body = matches!(path, "/sessions" | "/stream-chat") && method == Method::POST;
    let mut request = app.learner.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body {
        request = request.body(if path == "/sessions" {
            "{}"
        } else {
            r#"{"message":"?"}"#
        });
    }
    request.send().await.expect("the server answers")
}

#[tokio::test]
async fn a_page_of_this_origin_reads_writes_and_follows_with_the_cookie() {
    let app = app();
    let cookie = log_in(&app, &app.token(&["--user", "alice"])).await;
    let own = [
        ("Cookie", cookie.as_str()),
        ("Sec-Fetch-Site", "same-origin"),
        ("Content-Type", "application/json"),
    ];
    let response = send(&app, (Method::POST, "/stream-chat"), &own).await;
    let mut reader = Witness::of(&app.learner, response);
    reader.until_end().await;
    let path = format!("/turns/{}/events", reader.turn_id);
    let response = send(&app, (Method::GET, &path), &own[..1]).await;
    assert_eq!(response.status(), 200, "EventSource brings the cookie alone");
    let both = format!("theme=dark; {cookie}; a=b");
    let response = send(&app, (Method::GET, "/sessions"), &[("Cookie", &both)]).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_request_that_another_site_made_a_browser_send_changes_nothing() {
    let app = app();
    let cookie = log_in(&app, &app.token(&["--user", "alice"])).await;
    let origin = app.learner.address();
    let json = ("Content-Type", "application/json");
    let refusals: &[&[(&str, &str)]] = &[
        &[],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "none")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &origin)],
        &[("Origin", "null")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "http://127.0.0.1")],
        &[("Origin", "127.0.0.1")],
    ];
    for headers in refusals {
        let headers = [&[("Cookie", cookie.as_str()), json], *headers].concat();
        let response = send(&app, (Method::POST, "/sessions"), &headers).await;
        refused(response, 403, "cross-site").await;
    }
    assert_eq!(app.database().count("sessions"), 0);
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let headers = [
            ("Cookie", cookie.as_str()),
            ("Content-Type", kind),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        let response = send(&app, (Method::POST, "/sessions"), &headers).await;
        refused(response, 415, "unsupported-media-type").await;
    }
    let headers = [("Cookie", cookie.as_str()), json, ("Origin", &origin)];
    assert_eq!(
        send(&app, (Method::POST, "/sessions"), &headers).await.status(),
        201
    );
}

#[tokio::test]
async fn a_token_in_a_header_needs_no_origin_and_wins_over_the_cookie() {
    let app = app();
    let cookie = log_in(&app, &app.token(&["--user", "alice"])).await;
    let bearer = format!("Bearer {}", app.token(&["--user", "bob"]));
    let headers = [
        ("Cookie", cookie.as_str()),
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    assert_eq!(
        send(&app, (Method::POST, "/sessions"), &headers).await.status(),
        201
    );
    let sql = "SELECT count(*) AS number FROM sessions WHERE owner = 'bob'";
    assert_eq!(app.database().number(sql), 1);
}

#[tokio::test]
async fn a_login_needs_the_token_itself_and_ends_with_it() {
    let app = app();
    let response = app.learner.call(Method::POST, "/login", Value::Null).await;
    refused(response, 401, "unauthorized").await;
    let cookie = log_in(&app, &app.token(&["--user", "alice", "--expires-in", "1h"])).await;
    let own = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "same-origin")];
    refused(
        send(&app, (Method::POST, "/login"), &own).await,
        401,
        "unauthorized",
    )
    .await;
    let response = send(&app, (Method::GET, "/sessions"), &own).await;
    assert_eq!(response.status(), 200);
    let response = send(&app, (Method::POST, "/logout"), &[("Cookie", &cookie)]).await;
    refused(response, 403, "cross-site").await;
    let response = send(&app, (Method::POST, "/logout"), &own).await;
    assert_eq!(response.status(), 204);
    let cleared = header(&response, "set-cookie");
    assert!(
        cleared.starts_with("__Host-tutorstream=;") && cleared.contains("Max-Age=0"),
        "{cleared}"
    );
    app.revoke_last_token();
    let response = send(&app, (Method::GET, "/sessions"), &own).await;
    refused(response, 401, "unauthorized").await;
}

#[tokio::test]
async fn without_the_setting_there_is_no_cookie() {
    let app = Setup::new().require_auth().start();
    let alice = app.as_user("alice");
    for path in ["/login", "/logout"] {
        refused(
            alice.call(Method::POST, path, Value::Null).await,
            404,
            "not-found",
        )
        .await;
    }
    let cookie = format!("__Host-tutorstream={}", app.token(&["--user", "alice"]));
    let request = app
        .learner
        .request(Method::GET, "/sessions")
        .header("Cookie", cookie);
    let response = request.send().await.expect("the server answers");
    refused(response, 401, "unauthorized").await;
}
