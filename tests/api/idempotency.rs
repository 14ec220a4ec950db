//! One key is one message and one reply, however often it is sent.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::checker::{check_once, check_turn};
use crate::client::header;
use crate::problem::refused;
use crate::upstream::{Plan, Script};
use crate::witness::Witness;

fn question() -> Value {
    json!({ "message": "Why is the sky blue?" })
}

#[tokio::test]
async fn a_repeat_joins_the_running_turn_from_its_start() {
    let app = TestApp::start();
    let plan = Plan::new(81, 100, 200);
    let body = json!({ "message": plan.to_string() });
    let response = app.learner.post_chat_once("k-1", body.clone()).await;
    assert!(
        response.headers().get("idempotent-replayed").is_none(),
        "the first is no repeat"
    );
    let mut first = Witness::of(&app.learner, response);
    first.until_event("text-delta").await;

    let response = app.learner.post_chat_once("k-1", body).await;
    assert_eq!(header(&response, "idempotent-replayed"), "true");
    let mut again = Witness::of(&app.learner, response);
    assert_eq!(
        (&again.turn_id, &again.session_id),
        (&first.turn_id, &first.session_id)
    );
    again.until_end().await;
    first.until_end().await;
    assert_eq!(again.events, first.events);
    assert_eq!(app.upstream.count(), 1);
    check_once(&mut app.database(), "k-1");
    check_turn(&mut app.database(), &[&first, &again], Some(&plan.text()));
}

#[tokio::test]
async fn a_repeat_after_the_end_sees_the_same_turn() {
    let app = TestApp::start();
    let mut first = Witness::of(&app.learner, app.learner.post_chat_once("k-1", question()).await);
    first.until_end().await;
    let mut again = Witness::of(&app.learner, app.learner.post_chat_once("k-1", question()).await);
    again.until_end().await;
    assert_eq!(again.events, first.events);
    assert_eq!((app.upstream.count(), app.database().messages().len()), (1, 2));
}

#[tokio::test]
async fn fifty_at_once_are_one_message_and_one_reply() {
    let app = TestApp::start();
    let responses = join_all((0..50).map(|_| app.learner.post_chat_once("k-1", question()))).await;
    let replayed = responses
        .iter()
        .filter(|response| response.headers().contains_key("idempotent-replayed"));
    assert_eq!(replayed.count(), 49);
    let mut readers = responses
        .into_iter()
        .map(|response| Witness::of(&app.learner, response))
        .collect::<Vec<_>>();
    join_all(readers.iter_mut().map(Witness::until_end)).await;

    let seen = readers.iter().map(|reader| &**reader).collect::<Vec<_>>();
    check_turn(&mut app.database(), &seen, None);
    check_once(&mut app.database(), "k-1");
    assert_eq!((app.upstream.count(), app.database().messages().len()), (1, 2));
}

#[tokio::test]
async fn a_clients_message_id_is_a_key() {
    let app = TestApp::start();
    let body = json!({ "message": "Why is the sky blue?", "clientMessageId": "c-1" });
    let mut first = Witness::of(&app.learner, app.learner.post_chat(body.clone()).await);
    first.until_end().await;
    let response = app.learner.post_chat(body).await;
    assert_eq!(header(&response, "idempotent-replayed"), "true");
    let mut again = Witness::of(&app.learner, response);
    again.until_end().await;
    assert_eq!(again.events, first.events);
    let messages = app.learner.messages(&first.session_id).await;
    assert_eq!(messages["messages"][0]["clientMessageId"], "c-1");
    assert_eq!(messages["messages"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let app = TestApp::start();
    let mut first = Witness::of(&app.learner, app.learner.post_chat_once("k-1", question()).await);
    first.until_end().await;
    let others = [
        json!({ "message": "And at dusk?" }),
        json!({ "message": "Why is the sky blue?", "sessionId": first.session_id }),
        json!({ "message": "Why is the sky blue?", "subject": "physics" }),
    ];
    for other in others {
        let response = app.learner.post_chat_once("k-1", other).await;
        refused(response, 422, "idempotency-conflict").await;
    }
    assert_eq!((app.upstream.count(), app.database().messages().len()), (1, 2));
}

#[tokio::test]
async fn other_keys_are_other_messages() {
    let app = TestApp::start();
    for key in ["k-1", "k-2"] {
        Witness::of(&app.learner, app.learner.post_chat_once(key, question()).await)
            .until_end()
            .await;
    }
    assert_eq!((app.upstream.count(), app.database().count("sessions")), (2, 2));
}

#[tokio::test]
async fn a_repeat_of_a_stopped_turn_does_not_start_it_again() {
    let app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut first = Witness::of(&app.learner, app.learner.post_chat_once("k-1", question()).await);
    first.until_text("Because").await;
    app.learner.stop(&first.turn_id).await;
    first.until_end().await;
    let mut again = Witness::of(&app.learner, app.learner.post_chat_once("k-1", question()).await);
    assert_eq!(again.until_end().await.data["status"], "stopped");
    assert_eq!(app.upstream.count(), 1);
}
