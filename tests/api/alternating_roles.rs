//! Servers whose chat templates want alternating roles: a session goes on whatever has happened in it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::upstream::Script;

/// A service whose provider refuses what chat templates refuse.
fn strict(setup: Setup) -> TestApp {
    let app = setup.start();
    app.upstream.be_strict();
    app
}

/// Sends a message and answers how its turn ended, and its code.
async fn ask(app: &TestApp, session_id: &str, text: &str) -> (Value, Value) {
    let mut reader = app.learner.send_in(session_id, text).await;
    let end = reader.until_end().await;
    let code = reader.events.iter().find(|event| event.name == "error");
    let code = code.map_or(Value::Null, |error| error.data["code"].clone());
    (end.data["status"].clone(), code)
}

/// What the newest request says: roles and texts.
async fn sent(app: &TestApp) -> Vec<(String, String)> {
    let request = app.upstream.request(app.upstream.count() - 1).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let messages = request.messages().iter().skip(1);
    messages
        .map(|message| (text(&message["role"]), text(&message["content"])))
        .collect()
}

fn complete() -> (Value, Value) {
    (json!("complete"), Value::Null)
}

#[tokio::test]
async fn after_a_turn_that_failed_the_next_message_is_answered() {
    let app = strict(Setup::new().without_retries());
    let session = app.learner.create_session().await;
    assert_eq!(ask(&app, &session, "one").await, complete());
    for number in 0..3 {
        app.upstream.next(Script::refusal(503, ""));
        let failed = (json!("failed"), json!("provider-overloaded"));
        assert_eq!(ask(&app, &session, &format!("lost {number}")).await, failed);
    }
    assert_eq!(ask(&app, &session, "two").await, complete());
    let sent = sent(&app).await;
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[2].1, "lost 0\n\nlost 1\n\nlost 2\n\ntwo", "no word is lost");
    assert_eq!(ask(&app, &session, "three").await, complete());
}

#[tokio::test]
async fn after_a_reply_of_white_space_the_next_message_is_answered() {
    let app = strict(Setup::new());
    let session = app.learner.create_session().await;
    assert_eq!(ask(&app, &session, "one").await, complete());
    app.upstream.always(Script::stream().delta(" \n\n").finish());
    assert_ne!(ask(&app, &session, "two").await, complete());
    app.upstream.set_always(None);
    assert_eq!(ask(&app, &session, "three").await, complete());
    assert_eq!(sent(&app).await[2].1, "two\n\nthree");
}

#[tokio::test]
async fn after_a_stop_before_the_first_word_the_next_message_is_answered() {
    let app = strict(Setup::new());
    let session = app.learner.create_session().await;
    assert_eq!(ask(&app, &session, "one").await, complete());
    app.upstream.next(Script::silence());
    let reader = app.learner.send_in(&session, "two").await;
    app.upstream
        .request(1)
        .await
        .played
        .wait("the provider is silent")
        .await;
    assert_eq!(app.learner.stop(&reader.turn_id).await["status"], "stopped");
    assert_eq!(ask(&app, &session, "three").await, complete());
    assert_eq!(sent(&app).await[2].1, "two\n\nthree");
}

#[tokio::test]
async fn a_history_that_is_cut_begins_with_a_message_of_the_learner() {
    let app = strict(Setup::new().setting("context_tokens", 900));
    let session = app.learner.create_session().await;
    let long = "The light of the sun is scattered by air. ".repeat(25);
    for number in 0..8 {
        app.upstream.next(Script::stream().delta(&long).finish());
        let question = format!("{number}: {}", "why? ".repeat(20 * (number % 3 + 1)));
        assert_eq!(
            ask(&app, &session, &question).await,
            complete(),
            "message {number}"
        );
        let sent = sent(&app).await;
        assert!(sent.last().is_some_and(|last| last.1 == question), "{sent:?}");
    }
    assert!(sent(&app).await.len() < 10, "something was cut");
}

#[tokio::test]
async fn a_tutors_greeting_without_a_question_is_told_and_taken() {
    let app = strict(Setup::new());
    let session = app.learner.create_session().await;
    let path = format!("/sessions/{session}/messages");
    let greeting = json!({ "role": "assistant", "content": "Hello, what shall we do?" });
    app.learner.json(Method::POST, &path, greeting).await;
    assert_eq!(ask(&app, &session, "Fractions.").await, complete());
    let sent = sent(&app).await;
    assert_eq!(sent[1].1, "Hello, what shall we do?");
    assert_eq!(sent[2].1, "Fractions.");
}

#[tokio::test]
async fn a_partial_reply_goes_on_in_words_and_roles_alternate() {
    let app = strict(Setup::new());
    let session = app.learner.create_session().await;
    app.upstream.next(Script::refusal(503, ""));
    app.upstream.next(Script::stream().delta("Because of ").cut());
    app.upstream.next(Script::stream().delta("the light.").finish());
    assert_eq!(ask(&app, &session, "one").await, complete());
    let roles: Vec<_> = sent(&app).await.into_iter().map(|(role, _)| role).collect();
    assert!(
        roles == ["user", "assistant", "user"] || roles == ["user"],
        "{roles:?}"
    );
    assert_eq!(ask(&app, &session, "two").await, complete());
}
