//! Bearer tokens in requests: what is taken, and that everything else gets one and the same answer.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::{Client, header};
use crate::problem::refused;
use crate::witness::Witness;

/// A refusal without what is another one each time.
async fn body(response: Response) -> Value {
    let mut problem = refused(response, 401, "unauthorized").await;
    problem["requestId"] = Value::Null;
    problem
}

async fn with_header(client: &Client, name: &str, value: &str) -> Response {
    let request = client.request(Method::GET, "/sessions").header(name, value);
    request.send().await.expect("the server answers")
}

/// A live, an expired and a revoked token.
fn tokens(app: &TestApp) -> [String; 3] {
    let tokens = [
        app.token(&["--user", "alice"]),
        app.token(&["--user", "alice", "--expires-in", "0s"]),
        app.token(&["--user", "alice"]),
    ];
    app.revoke_last_token();
    tokens
}

#[tokio::test]
async fn every_wrong_credential_gets_the_same_answer() {
    let app = Setup::new().require_auth().start();
    let [live, expired, revoked] = tokens(&app);
    let none = app.learner.call(Method::GET, "/sessions", Value::Null).await;
    assert_eq!(header(&none, "www-authenticate"), "Bearer");
    let expected = body(none).await;
    let unknown = format!("tst_{}", "A".repeat(43));
    let cases = [
        format!("Bearer {expired}"),
        format!("Bearer {revoked}"),
        format!("Bearer {unknown}"),
        format!("Bearer {}", &live[..46]),
        format!("Bearer {live}x"),
        format!("Bearer {} {live}", "x"),
        format!("Bearer {live},{live}"),
        format!("Bearer {}", live.to_uppercase()),
        format!("Bearer {}", "x".repeat(8_000)),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer a.b.c".to_owned(),
        format!("Basic {live}"),
        "Basic YWxpY2U6c2VjcmV0".to_owned(),
        format!("Token {live}"),
        live.clone(),
    ];
    for case in cases {
        let response = with_header(&app.learner, "Authorization", &case).await;
        let challenge = header(&response, "www-authenticate");
        assert_eq!(challenge, "Bearer error=\"invalid_token\"", "{case}");
        assert_eq!(body(response).await, expected, "{case}");
    }
    let right = with_header(&app.learner, "Authorization", &format!("bEaReR {live}")).await;
    assert_eq!(right.status(), 200, "the scheme has no case");
}

#[tokio::test]
async fn two_authorization_headers_are_refused_even_when_both_are_right() {
    let app = Setup::new().require_auth().start();
    let token = format!("Bearer {}", app.token(&["--user", "alice"]));
    let request = app
        .learner
        .request(Method::GET, "/sessions")
        .header("Authorization", &token)
        .header("Authorization", &token);
    let response = request.send().await.expect("the server answers");
    refused(response, 401, "unauthorized").await;
}

#[tokio::test]
async fn a_token_anywhere_else_is_not_looked_at() {
    let app = Setup::new().require_auth().start();
    let token = app.token(&["--user", "alice"]);
    for name in [
        "X-Api-Key",
        "X-Auth-Token",
        "X-Access-Token",
        "Proxy-Authorization",
        "X-Authorization",
    ] {
        let response = with_header(&app.learner, name, &format!("Bearer {token}")).await;
        assert_eq!(header(&response, "www-authenticate"), "Bearer", "{name}");
        refused(response, 401, "unauthorized").await;
    }
    for name in [
        "X-Forwarded-User",
        "X-Remote-User",
        "Remote-User",
        "X-User-Id",
        "X-Forwarded-Email",
    ] {
        refused(
            with_header(&app.learner, name, "alice").await,
            401,
            "unauthorized",
        )
        .await;
    }
    for cookie in [format!("token={token}"), format!("__Host-tutorstream={token}")] {
        refused(
            with_header(&app.learner, "Cookie", &cookie).await,
            401,
            "unauthorized",
        )
        .await;
    }
    for query in ["access_token", "token", "authorization", "ticket", "api_key"] {
        let path = format!("/sessions?{query}={token}");
        refused(
            app.learner.call(Method::GET, &path, Value::Null).await,
            401,
            "unauthorized",
        )
        .await;
    }
    let body = json!({ "message": "?", "token": token, "access_token": token });
    refused(app.learner.post_chat(body).await, 401, "unauthorized").await;
    app.assert_untouched();
}

#[tokio::test]
async fn a_token_is_its_user_also_where_none_is_needed() {
    let app = TestApp::start();
    let alice = app.as_user("alice");
    let session = alice.create_session().await;
    let path = format!("/sessions/{session}");
    assert_eq!(alice.status_of(&path).await, 200);
    assert_eq!(
        app.learner.status_of(&path).await,
        404,
        "`local` is somebody else"
    );
    let wrong = app.learner.with_token(Some("tst_nonsense"));
    refused(
        wrong.call(Method::GET, &path, Value::Null).await,
        401,
        "unauthorized",
    )
    .await;
}

#[tokio::test]
async fn a_user_id_in_a_body_must_be_the_tokens() {
    let app = Setup::new().require_auth().start();
    let alice = app.as_user("alice");
    let body = json!({ "message": "?", "userId": "bob" });
    refused(alice.post_chat(body).await, 403, "user-mismatch").await;
    app.assert_untouched();
    let body = json!({ "message": "?", "userId": "alice" });
    let mut reader = Witness::of(&alice, alice.post_chat(body).await);
    reader.until_end().await;
}

#[tokio::test]
async fn with_authentication_it_listens_for_others_and_shows_them_no_metrics() {
    let app = Setup::new()
        .require_auth()
        .variable("TUTORSTREAM_BIND", "0.0.0.0:0")
        .setting("allowed_hosts", "[\"127.0.0.1\"]")
        .start();
    let address = app.learner.address().replace("0.0.0.0", "127.0.0.1");
    app.learner.move_to(&address);
    assert_eq!(app.learner.status_of("/health/live").await, 200);
    assert_eq!(app.learner.status_of("/metrics").await, 401);
    assert_eq!(app.as_user("alice").status_of("/metrics").await, 401);
}

#[tokio::test]
async fn metrics_with_a_token_of_their_own_are_for_its_bearer_alone() {
    let app = Setup::new()
        .variable("TUTORSTREAM_METRICS_TOKEN", "scrape-me-0123456789")
        .start();
    assert_eq!(app.learner.status_of("/metrics").await, 401);
    assert_eq!(app.as_user("alice").status_of("/metrics").await, 401);
    let scraper = app.learner.with_token(Some("scrape-me-0123456789"));
    assert_eq!(scraper.status_of("/metrics").await, 200);
    assert_eq!(scraper.status_of("/sessions").await, 401, "it opens nothing else");
}
