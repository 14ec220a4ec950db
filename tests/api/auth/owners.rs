//! What users share: nothing. Not a key, not a reply, not a field of a body that would make something another's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::problem::refused;
use crate::upstream::Script;
use crate::witness::Witness;

#[tokio::test]
async fn the_same_question_of_two_users_is_asked_twice_and_answered_apart() {
    let app = Setup::new().require_auth().start();
    app.upstream
        .next(Script::stream().delta("For the first.").finish());
    app.upstream
        .next(Script::stream().delta("For the second.").finish());
    let mut texts = Vec::new();
    for user in ["alice", "bob"] {
        let client = app.as_user(user);
        // The same key, the same body: two users.
        let body = json!({ "message": "Why is the sky blue?" });
        let mut reader = Witness::of(&client, client.post_chat_once("key", body).await);
        reader.until_end().await;
        texts.push(reader.text());
    }
    assert_eq!(texts, ["For the first.", "For the second."]);
    assert_eq!(app.upstream.count(), 2);
    let mut database = app.database();
    assert_eq!(
        (database.count("turns"), database.count("idempotency_keys")),
        (2, 2)
    );
}

#[tokio::test]
async fn a_list_has_the_callers_own_sessions() {
    let app = Setup::new().require_auth().start();
    let [alice, bob] = [app.as_user("alice"), app.as_user("bob")];
    let own = alice.create_session().await;
    bob.create_session().await;
    let listed = alice.get("/sessions").await;
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["sessions"][0]["id"], own.as_str());
}

#[tokio::test]
async fn a_message_of_another_session_is_not_reached_through_ones_own() {
    let app = Setup::new().require_auth().start();
    let [alice, bob] = [app.as_user("alice"), app.as_user("bob")];
    let mut reader = alice.send("Why is the sky blue?").await;
    reader.until_end().await;
    let message = alice.messages(&reader.session_id).await["messages"][0]["id"].clone();
    let own = bob.create_session().await;
    let path = format!("/sessions/{own}/messages/{}", message.as_str().expect("an id"));
    let change = bob.call(Method::PATCH, &path, json!({ "content": "?" })).await;
    refused(change, 404, "not-found").await;
    let path = format!("{path}/regenerate");
    refused(bob.call(Method::POST, &path, Value::Null).await, 404, "not-found").await;
}

#[tokio::test]
async fn no_field_of_a_body_makes_something_anothers_or_older_or_the_systems() {
    let app = TestApp::start();
    let session = format!("/sessions/{}", app.learner.create_session().await);
    let messages = format!("{session}/messages");
    let bodies = [
        (Method::POST, "/stream-chat", json!({ "message": "?" })),
        (Method::POST, "/sessions", json!({ "title": "?" })),
        (Method::PATCH, session.as_str(), json!({ "title": "?" })),
        (
            Method::POST,
            messages.as_str(),
            json!({ "role": "user", "content": "?" }),
        ),
        (
            Method::POST,
            "/stream-tickets",
            json!({ "path": "/turns/x/events" }),
        ),
    ];
    for (method, path, body) in bodies {
        for (name, value) in [
            ("owner", json!("eve")),
            ("id", json!("0197a000-0000-7000-8000-000000000000")),
            ("createdAt", json!("2020-01-01T00:00:00.000Z")),
            ("revision", json!(99)),
            ("position", json!(0)),
            ("status", json!("complete")),
            ("observers", json!(["eve"])),
            ("__proto__", json!({})),
        ] {
            let mut body = body.clone();
            body[name] = value;
            refused(
                app.learner.call(method.clone(), path, body).await,
                422,
                "invalid-request",
            )
            .await;
        }
    }
    for role in ["system", "developer", "tool", "User", ""] {
        let body = json!({ "role": role, "content": "?" });
        refused(
            app.learner.call(Method::POST, &messages, body).await,
            422,
            "invalid-request",
        )
        .await;
    }
    assert_eq!(app.database().count("messages"), 0);
}

#[tokio::test]
async fn what_is_public_says_nothing_about_users_or_the_program() {
    let app = Setup::new().require_auth().start();
    let alice = app.as_user("alice");
    alice.send("Why is the sky blue?").await.until_end().await;
    for path in ["/health/live", "/health/ready"] {
        let response = app.learner.call(Method::GET, path, Value::Null).await;
        for name in ["server", "x-powered-by", "via"] {
            assert!(!response.headers().contains_key(name), "{name}");
        }
        assert_eq!(response.text().await.expect("a body"), r#"{"status":"ok"}"#);
    }
    let metrics = app.learner.call(Method::GET, "/metrics", Value::Null).await;
    let metrics = metrics.text().await.expect("a body");
    assert!(
        !metrics.contains("alice") && metrics.contains("turns_ended"),
        "{metrics}"
    );
    for path in [
        "/debug",
        "/env",
        "/config",
        "/version",
        "/admin",
        "/actuator",
        "/.env",
        "/.git/config",
    ] {
        assert_eq!(app.learner.status_of(path).await, 404, "{path}");
    }
}
