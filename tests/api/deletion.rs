//! Delete means delete: rows, running turns, streams, and what is left of a text in the files.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::Client;
use crate::deadline::eventually;
use crate::problem::refused;
use crate::upstream::{Script, Signal};

const CANARY: &str = "canary-3f9c1b77";

/// The database, its write-ahead log and whatever else lies beside it.
fn files_with(app: &TestApp, text: &str) -> Vec<String> {
    let folder = app.database_path().parent().expect("a folder");
    let files = std::fs::read_dir(folder).expect("a folder").flatten();
    files
        .filter(|file| file.file_type().is_ok_and(|kind| kind.is_file()))
        .filter(|file| {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            memchr::memmem::find(&bytes, text.as_bytes()).is_some()
        })
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect()
}

async fn nothing_is_left_of(app: &TestApp, text: &str) {
    eventually(text, || files_with(app, text).is_empty().then_some(())).await;
}

/// Sends a message with the canary in it and lets the reply have it, too.
async fn converse(app: &TestApp, learner: &Client) -> String {
    let reply = Script::stream().delta("Of course: ").delta(CANARY).finish();
    app.upstream.next(reply);
    let mut reader = learner.send(&format!("Say {CANARY}")).await;
    reader.until_end().await;
    reader.session_id.clone()
}

async fn delete(learner: &Client, session_id: &str) -> StatusCode {
    let path = format!("/sessions/{session_id}");
    learner.call(Method::DELETE, &path, Value::Null).await.status()
}

#[tokio::test]
async fn nothing_of_a_deleted_session_is_left_in_the_files() {
    let app = TestApp::start();
    let session_id = converse(&app, &app.learner).await;
    let path = format!("/sessions/{session_id}/messages");
    for number in 0..50 {
        let content = format!("{CANARY} {number} {}", "and more ".repeat(number * 10));
        let body = json!({ "role": "user", "content": content, "clientMessageId": CANARY });
        app.learner.json(Method::POST, &path, body).await;
    }
    assert!(
        !files_with(&app, CANARY).is_empty(),
        "the test looks in the wrong place"
    );
    assert_eq!(delete(&app.learner, &session_id).await, StatusCode::NO_CONTENT);
    nothing_is_left_of(&app, CANARY).await;
    assert_eq!(app.learner.status_of(&path).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_deleted_text_is_gone_while_other_turns_share_its_batches() {
    let app = Setup::new().without_merging().start();
    let go_on = Signal::new();
    app.upstream.next(
        Script::stream()
            .delta("Slowly, ")
            .wait_for(&go_on)
            .delta("but surely.")
            .finish(),
    );
    let mut other = app.learner.send("Take your time.").await;
    other.until_text("Slowly, ").await;
    let session_id = converse(&app, &app.learner).await;
    assert_eq!(delete(&app.learner, &session_id).await, StatusCode::NO_CONTENT);
    nothing_is_left_of(&app, CANARY).await;
    go_on.give();
    other.until_end().await;
    assert_eq!(other.text(), "Slowly, but surely.");
}

#[tokio::test]
async fn a_session_that_is_deleted_takes_its_running_turn_and_streams_along() {
    let app = Setup::new().without_merging().start();
    let never = Signal::new();
    app.upstream
        .next(Script::stream().delta(CANARY).wait_for(&never).finish());
    let mut reader = app.learner.send("Go on for ever.").await;
    reader.until_text(CANARY).await;
    assert_eq!(
        delete(&app.learner, &reader.session_id).await,
        StatusCode::NO_CONTENT
    );
    let end = reader.until_end().await;
    assert_eq!(end.data["status"], "stopped");
    let again = app.learner.open_events(&reader.turn_id, Some("1")).await;
    refused(again, 404, "not-found").await;
    nothing_is_left_of(&app, CANARY).await;
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing_but_what_is_the_operators() {
    let app = Setup::new().require_auth().start();
    let (alice, bob) = (app.as_user("alice"), app.as_user("bob"));
    converse(&app, &alice).await;
    let running = Signal::new();
    app.upstream
        .next(Script::stream().delta(CANARY).wait_for(&running).finish());
    let mut reader = alice.send("Go on for ever.").await;
    reader.until_text(CANARY).await;
    app.upstream.next(Script::stream().delta("Bob's own.").finish());
    let mut kept = bob.send("Hello.").await;
    kept.until_end().await;
    let share = format!("/sessions/{}/observers/alice", kept.session_id);
    assert_eq!(
        bob.call(Method::PUT, &share, Value::Null).await.status(),
        StatusCode::NO_CONTENT
    );
    let ticket = json!({ "path": format!("/turns/{}/events", reader.turn_id) });
    alice.json(Method::POST, "/stream-tickets", ticket).await;

    let profile = json!({ "goals": CANARY, "topics": [{ "topic": CANARY, "mastery": 0.5 }] });
    alice.json(Method::PATCH, "/profile", profile).await;
    let gone = alice
        .call(Method::DELETE, "/account", json!({ "confirm": "alice" }))
        .await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    reader.until_end().await;
    nothing_is_left_of(&app, CANARY).await;
    let mut database = app.database();
    assert_eq!(
        database.number("SELECT count(*) AS number FROM sessions WHERE owner <> 'bob'"),
        0
    );
    assert_eq!(
        database.number("SELECT count(*) AS number FROM idempotency_keys WHERE owner = 'alice'"),
        0
    );
    assert_eq!(
        (
            database.count("session_observers"),
            database.count("stream_tickets")
        ),
        (0, 0)
    );
    assert_eq!(bob.turn(&kept.turn_id).await["text"], "Bob's own.");
    assert_eq!(
        alice.get("/sessions").await["sessions"],
        json!([]),
        "the token goes on"
    );
}

#[tokio::test]
async fn an_account_is_deleted_only_when_its_name_is_said() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    for confirm in ["", "alice", "LOCAL"] {
        let body = json!({ "confirm": confirm });
        let answer = app.learner.call(Method::DELETE, "/account", body).await;
        refused(answer, 403, "user-mismatch").await;
    }
    app.learner.get(&format!("/sessions/{session_id}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_deleted_while_its_clients_go_on_making_sessions() {
    let app = Setup::new().require_auth().start();
    let (alice, bob) = (app.as_user("alice"), app.as_user("bob"));
    let kept = bob.create_session().await;
    let mut making = tokio::task::JoinSet::new();
    let begun = Signal::new();
    for number in 0..16 {
        let (alice, begun) = (alice.clone(), begun.clone());
        making.spawn(async move {
            for round in 0.. {
                let made = if number % 4 == 0 {
                    alice
                        .post_chat(json!({ "message": "Why is the sky blue?" }))
                        .await
                } else {
                    alice.call(Method::POST, "/sessions", json!({})).await
                };
                if made.status() == StatusCode::CONFLICT {
                    refused(made, 409, "account-leaving").await;
                }
                if round == 3 {
                    begun.give();
                }
            }
        });
    }
    begun.wait("sessions are being made").await;
    let deleted = alice
        .call(Method::DELETE, "/account", json!({ "confirm": "alice" }))
        .await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    making.shutdown().await;
    let again = alice
        .call(Method::DELETE, "/account", json!({ "confirm": "alice" }))
        .await;
    assert_eq!(again.status(), StatusCode::NO_CONTENT);
    alice.create_session().await;
    assert_eq!(app.database().count("sessions"), 2);
    bob.get(&format!("/sessions/{kept}")).await;
}
