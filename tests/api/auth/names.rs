//! Names of users: two that look alike are not two users, and nobody who has something loses it.

use reqwest::Method;
use serde_json::Value;

use super::issuer::{SECRET, Signer, claims, table};
use crate::app::{Setup, TestApp};
use crate::database;
use crate::problem::refused;

/// Each looks like `alice` or `zoë`, or like nothing.
const ALIKE: [&str; 9] = [
    "alice ",
    " alice",
    "alice\u{a0}",
    "al\u{200b}ice",
    "\u{200b}",
    "\u{202e}ecila",
    "zoe\u{308}",
    "alice\u{fe0f}",
    "\u{3164}",
];

fn app() -> TestApp {
    Setup::new()
        .variable("TUTORSTREAM_JWT_SECRET", SECRET)
        .tables(&table("HS256", ""))
        .start()
}

fn token(user: &str) -> String {
    Signer::secret().token(
        &serde_json::json!({ "alg": "HS256", "typ": "JWT" }),
        &claims(user),
    )
}

#[tokio::test]
async fn a_token_for_a_name_that_looks_like_another_is_refused_and_the_log_says_why() {
    let app = app();
    for name in ALIKE {
        let client = app.learner.with_token(Some(&token(name)));
        refused(
            client.call(Method::GET, "/sessions", Value::Null).await,
            401,
            "unauthorized",
        )
        .await;
    }
    assert_eq!(app.log().matches("identity.name_refused").count(), ALIKE.len());
    for name in ["zo\u{eb}", "李明", "auth0|5f7c8ec7"] {
        let client = app.learner.with_token(Some(&token(name)));
        assert_eq!(client.status_of("/sessions").await, 200, "{name}");
    }
}

#[tokio::test]
async fn nobody_can_make_such_a_name_an_observer_or_have_a_token_made_for_it() {
    let app = app();
    let alice = app.learner.with_token(Some(&token("alice")));
    let session = alice.create_session().await;
    for name in ["teacher%20", "te%E2%80%8Bacher", "zoe%CC%88"] {
        let path = format!("/sessions/{session}/observers/{name}");
        refused(
            alice.call(Method::PUT, &path, Value::Null).await,
            422,
            "invalid-request",
        )
        .await;
    }
    for name in ALIKE {
        let refusal = app.command(&["token", "create", "--user", name]);
        assert!(!refusal.status.success(), "{name:?}");
    }
}

#[tokio::test]
async fn a_name_from_before_that_would_be_refused_today_keeps_what_it_owns() {
    let app = app();
    let alice = app.learner.with_token(Some(&token("alice")));
    let session = alice.create_session().await;
    let rename = "UPDATE sessions SET owner = 'alice ' WHERE owner = 'alice'";
    database::change(app.database_path(), rename);
    let old = app.learner.with_token(Some(&token("alice ")));
    assert_eq!(old.status_of(&format!("/sessions/{session}")).await, 200);
    assert_eq!(alice.status_of(&format!("/sessions/{session}")).await, 404);
}

#[tokio::test]
async fn what_was_made_without_authentication_is_said_when_authentication_is_asked_for() {
    let mut app = TestApp::start();
    app.learner.create_session().await;
    assert!(!app.log().contains("identity.local_owns"));
    app.sigterm();
    app.exited().await;
    app.restart_with("TUTORSTREAM_REQUIRE_AUTH", "true");
    assert!(
        app.log().contains("tutorstream user rename local NAME"),
        "{}",
        app.log()
    );
}
