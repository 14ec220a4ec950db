//! Tickets: for one stream, once, for 30 s.

use futures_util::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::{Client, string};
use crate::database::change;
use crate::problem::refused;
use crate::witness::Witness;

async fn ticket(client: &Client, path: &str) -> String {
    let body = json!({ "path": path });
    let answer = client.json(Method::POST, "/stream-tickets", body).await;
    assert!(string(&answer["expiresAt"]).ends_with('Z'));
    string(&answer["ticket"])
}

/// A user with a finished turn.
async fn learner(app: &TestApp) -> (Client, Witness, String) {
    let alice = app.as_user("alice");
    let mut reader = alice.send("Why is the sky blue?").await;
    reader.until_end().await;
    let path = format!("/turns/{}/events", reader.turn_id);
    (alice, reader, path)
}

async fn open(app: &TestApp, path: &str, ticket: &str) -> Response {
    let separator = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{separator}ticket={ticket}");
    app.learner.call(Method::GET, &path, Value::Null).await
}

#[tokio::test]
async fn a_ticket_opens_its_stream_once() {
    let app = Setup::new().require_auth().start();
    let (alice, reader, path) = learner(&app).await;
    let first = ticket(&alice, &path).await;
    assert!(first.starts_with("tsk_") && first.len() == 47, "{first}");
    let response = open(&app, &path, &first).await;
    for (name, value) in [("referrer-policy", "no-referrer"), ("x-accel-buffering", "no")] {
        assert_eq!(response.headers()[name], value);
    }
    let values = response.headers().get_all("cache-control").iter();
    let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    assert_eq!(values, ["no-cache, no-transform", "no-store"]);
    let mut follower = Witness::joining(&app.learner, [&reader.turn_id, &reader.session_id], response);
    follower.until_end().await;
    assert_eq!(follower.events, reader.events);
    refused(open(&app, &path, &first).await, 401, "unauthorized").await;
    let last = format!("{path}?lastEventId={}", reader.last_event_id());
    assert_eq!(
        open(&app, &last, &ticket(&alice, &path).await).await.status(),
        204
    );
}

#[tokio::test]
async fn of_fifty_who_use_a_ticket_at_once_one_gets_in() {
    let app = Setup::new().require_auth().start();
    let (alice, _, path) = learner(&app).await;
    let one = ticket(&alice, &path).await;
    let answers = join_all((0..50).map(|_| open(&app, &path, &one))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert_eq!(statuses[1..], [401; 49]);
}

#[tokio::test]
async fn a_ticket_opens_nothing_else() {
    let app = Setup::new().require_auth().start();
    let (alice, reader, path) = learner(&app).await;
    let mut other = alice.send("And at night?").await;
    other.until_end().await;
    let turn = format!("/turns/{}", reader.turn_id);
    let other = format!("/turns/{}/events", other.turn_id);
    for elsewhere in [turn.clone(), other, "/sessions".to_owned(), format!("{path}/")] {
        let ticket = ticket(&alice, &path).await;
        let response = open(&app, &elsewhere, &ticket).await;
        assert_ne!(response.status(), 200, "{elsewhere}");
    }
    for method in [Method::POST, Method::DELETE] {
        let path = format!("{turn}/stop?ticket={}", ticket(&alice, &path).await);
        let response = app.learner.call(method, &path, Value::Null).await;
        assert!([401, 405].contains(&response.status().as_u16()));
    }
    let used_up = ticket(&alice, &path).await;
    let spare = format!("/turns/{}/events", reader.session_id);
    refused(open(&app, &spare, &used_up).await, 401, "unauthorized").await;
    refused(open(&app, &path, &used_up).await, 401, "unauthorized").await;
}

#[tokio::test]
async fn a_ticket_stands_alone() {
    let app = Setup::new().require_auth().start();
    let (alice, _, path) = learner(&app).await;
    let one = ticket(&alice, &path).await;
    let path = format!("{path}?ticket={one}");
    refused(
        alice.call(Method::GET, &path, Value::Null).await,
        401,
        "unauthorized",
    )
    .await;
    let twice = format!("{path}&ticket={one}");
    let response = app.learner.call(Method::GET, &twice, Value::Null).await;
    refused(response, 401, "unauthorized").await;
    let bearer = app.learner.with_token(Some(&one));
    assert_eq!(bearer.status_of("/sessions").await, 401, "it is no token");
}

#[tokio::test]
async fn a_ticket_that_is_old_or_whose_token_was_revoked_opens_nothing() {
    let app = Setup::new().require_auth().start();
    let (alice, _, path) = learner(&app).await;
    let old = ticket(&alice, &path).await;
    change(
        app.database_path(),
        "PRAGMA busy_timeout = 10000; UPDATE stream_tickets SET expires_at = 0",
    );
    refused(open(&app, &path, &old).await, 401, "unauthorized").await;
    let revoked = ticket(&alice, &path).await;
    app.revoke_last_token();
    refused(open(&app, &path, &revoked).await, 401, "unauthorized").await;
}

#[tokio::test]
async fn nobody_gets_a_ticket_for_what_is_not_there_or_not_the_callers() {
    let app = Setup::new().require_auth().start();
    let (alice, reader, path) = learner(&app).await;
    let bob = app.as_user("bob");
    let ask = async |client: &Client, path: &str| {
        let body = json!({ "path": path });
        client.call(Method::POST, "/stream-tickets", body).await
    };
    let session = format!("/sessions/{}/events", reader.session_id);
    for path in [&path, &session] {
        assert_eq!(ask(&alice, path).await.status(), 201);
        refused(ask(&bob, path).await, 404, "not-found").await;
    }
    for path in [
        "/sessions",
        "",
        "/turns/events",
        "/turns/nonsense/events",
        "//evil.example/turns/0197a000-0000-7000-8000-000000000000/events",
        "/turns/0197a000-0000-7000-8000-000000000000/events?x",
        "/turns/0197a000-0000-7000-8000-000000000000/stop",
    ] {
        refused(ask(&alice, path).await, 422, "invalid-request").await;
    }
    let unknown = "/turns/0197a000-0000-7000-8000-000000000000/events";
    refused(ask(&alice, unknown).await, 404, "not-found").await;
}

#[tokio::test]
async fn tickets_that_wait_have_a_cap_and_leave_no_trace() {
    let app = Setup::new()
        .require_auth()
        .limit("requests_per_second", 0)
        .limit("requests_per_minute", 0)
        .variable("RUST_LOG", "trace")
        .start();
    let (alice, _, path) = learner(&app).await;
    let first = ticket(&alice, &path).await;
    for _ in 1..200 {
        ticket(&alice, &path).await;
    }
    let body = json!({ "path": path });
    let response = alice.call(Method::POST, "/stream-tickets", body.clone()).await;
    refused(response, 429, "too-many-tickets").await;
    assert_eq!(open(&app, &path, &first).await.status(), 200);
    assert_eq!(
        alice.call(Method::POST, "/stream-tickets", body).await.status(),
        201
    );
    assert!(!app.log().contains(&first[4..]), "the log has a ticket");
    let mut database = app.database();
    let sql = format!(
        "SELECT count(*) AS number FROM stream_tickets WHERE hash LIKE '%{}%'",
        &first[4..]
    );
    assert_eq!(database.number(&sql), 0);
    assert_eq!(database.count("stream_tickets"), 200);
}
