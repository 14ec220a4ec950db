//! A second message while a turn runs: refused, queued, or put first.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::header;
use crate::deadline::eventually;
use crate::problem::refused;
use crate::upstream::{Script, Signal};
use crate::witness::Witness;

/// A session whose first turn has said "Because" and goes on when `Signal` is given.
async fn busy_session(app: &TestApp) -> (Witness, Signal) {
    let go_on = Signal::new();
    app.upstream.next(
        Script::stream()
            .delta("Because")
            .wait_for(&go_on)
            .delta(" of scattering.")
            .finish(),
    );
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    (reader, go_on)
}

fn dusk(session_id: &str, on_busy: &str) -> Value {
    json!({ "sessionId": session_id, "message": "And at dusk?", "onBusy": on_busy })
}

#[tokio::test]
async fn a_second_message_is_refused_with_the_way_to_the_running_turn() {
    let app = TestApp::start();
    let (mut first, go_on) = busy_session(&app).await;
    for body in [
        dusk(&first.session_id, "reject"),
        json!({ "sessionId": first.session_id, "message": "And?" }),
    ] {
        let response = app.learner.post_chat(body).await;
        assert_eq!(
            header(&response, "location"),
            format!("/turns/{}/events", first.turn_id)
        );
        refused(response, 409, "turn-running").await;
    }
    assert_eq!(
        app.database().messages().len(),
        2,
        "a refused message is not stored"
    );
    go_on.give();
    first.until_end().await;
    app.learner
        .send_in(&first.session_id, "And at dusk?")
        .await
        .until_end()
        .await;
}

#[tokio::test]
async fn a_queued_message_is_stored_at_once_and_answered_after_the_running_turn() {
    let app = TestApp::start();
    let (mut first, go_on) = busy_session(&app).await;
    let mut second = Witness::of(
        &app.learner,
        app.learner.post_chat(dusk(&first.session_id, "queue")).await,
    );
    let stored = app.database().messages();
    assert!(
        stored
            .iter()
            .any(|message| message.role == "user" && message.content == "And at dusk?")
    );
    assert_eq!(app.upstream.count(), 1, "its turn waits");

    go_on.give();
    assert_eq!(first.until_end().await.data["status"], "complete");
    assert_eq!(second.until_end().await.data["status"], "complete");
    let request = app.upstream.request(1).await;
    let prompt = request
        .messages()
        .iter()
        .map(|message| message["content"].as_str().expect("text"));
    let prompt = prompt.collect::<Vec<_>>();
    assert!(
        prompt.ends_with(&["Why is the sky blue?", "Because of scattering.", "And at dusk?"]),
        "{prompt:?}"
    );
    check_turn(&mut app.database(), &[&second], None);
}

#[tokio::test]
async fn a_queue_has_an_end() {
    let app = TestApp::start();
    let (mut first, go_on) = busy_session(&app).await;
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let response = app.learner.post_chat(dusk(&first.session_id, "queue")).await;
        waiting.push(Witness::of(&app.learner, response));
    }
    let response = app.learner.post_chat(dusk(&first.session_id, "queue")).await;
    header(&response, "retry-after").parse::<u32>().expect("seconds");
    refused(response, 429, "queue-full").await;

    go_on.give();
    first.until_end().await;
    for reader in &mut waiting {
        assert_eq!(reader.until_end().await.data["status"], "complete");
    }
    assert_eq!(app.upstream.count(), 9);
}

#[tokio::test]
async fn a_queued_turn_can_be_stopped_and_is_never_asked() {
    let app = TestApp::start();
    let (mut first, go_on) = busy_session(&app).await;
    let mut second = Witness::of(
        &app.learner,
        app.learner.post_chat(dusk(&first.session_id, "queue")).await,
    );
    let mut third = Witness::of(
        &app.learner,
        app.learner.post_chat(dusk(&first.session_id, "queue")).await,
    );
    assert_eq!(app.learner.stop(&second.turn_id).await["status"], "stopped");
    assert_eq!(second.until_end().await.data["status"], "stopped");

    go_on.give();
    first.until_end().await;
    assert_eq!(third.until_end().await.data["status"], "complete");
    assert_eq!(app.upstream.count(), 2);
    check_turn(&mut app.database(), &[&second], None);
}

#[tokio::test]
async fn an_interrupting_message_stops_the_running_turn_and_is_answered() {
    let app = TestApp::start();
    let (mut first, _never) = busy_session(&app).await;
    let mut second = Witness::of(
        &app.learner,
        app.learner.post_chat(dusk(&first.session_id, "interrupt")).await,
    );
    assert_eq!(first.until_end().await.data["status"], "stopped");
    assert_eq!(first.text(), "Because");
    assert_eq!(second.until_end().await.data["status"], "complete");
    app.upstream
        .request(0)
        .await
        .closed
        .wait("the first request is closed")
        .await;
    check_turn(&mut app.database(), &[&first], None);
    check_turn(&mut app.database(), &[&second], None);
}

#[tokio::test]
async fn another_session_is_not_busy() {
    let app = TestApp::start();
    let (mut first, go_on) = busy_session(&app).await;
    app.learner.send("And at dusk?").await.until_end().await;
    go_on.give();
    first.until_end().await;
}

#[tokio::test]
async fn a_session_that_is_deleted_while_a_turn_runs_takes_the_turn_with_it() {
    let app = TestApp::start();
    let (mut first, _never) = busy_session(&app).await;
    let path = format!("/sessions/{}", first.session_id);
    let response = app
        .learner
        .call(reqwest::Method::DELETE, &path, Value::Null)
        .await;
    assert_eq!(response.status(), 204);
    app.upstream
        .request(0)
        .await
        .closed
        .wait("the provider is left")
        .await;
    first.until_cut().await;
    for table in ["sessions", "messages", "turns", "turn_events", "idempotency_keys"] {
        assert_eq!(app.database().count(table), 0, "{table}");
    }
    refused(
        app.learner.open_events(&first.turn_id, None).await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn of_many_messages_at_once_one_is_answered_and_the_others_are_refused() {
    let app = TestApp::start();
    app.upstream.always(Script::stream().delta("Because").hang());
    let session = app.learner.create_session().await;
    let body = json!({ "sessionId": session, "message": "Why is the sky blue?" });
    let responses = join_all((0..20).map(|_| app.learner.post_chat(body.clone()))).await;
    let (taken, refusals): (Vec<_>, Vec<_>) = responses
        .into_iter()
        .partition(|response| response.status() == 200);
    assert_eq!((taken.len(), refusals.len()), (1, 19));
    for response in refusals {
        refused(response, 409, "turn-running").await;
    }
    for response in taken {
        let mut reader = Witness::of(&app.learner, response);
        app.learner.stop(&reader.turn_id).await;
        reader.until_end().await;
    }
    assert_eq!(app.database().messages().len(), 2);
}

#[tokio::test]
async fn messages_queued_at_the_same_moment_are_answered_one_after_another() {
    let app = TestApp::start();
    for round in 0..40 {
        let session = app.learner.create_session().await;
        let responses = join_all((0..6).map(|_| app.learner.post_chat(dusk(&session, "queue")))).await;
        for response in responses {
            let mut reader = Witness::of(&app.learner, response);
            assert_eq!(reader.until_end().await.data["status"], "complete");
        }
        let mut replies = Vec::new();
        for number in 0..6 {
            let request = app.upstream.request(round * 6 + number).await;
            let said = request.messages().iter();
            replies.push(said.filter(|message| message["role"] == "assistant").count());
        }
        assert_eq!(
            replies,
            [0, 1, 2, 3, 4, 5],
            "each question is asked with the replies before it"
        );
    }
}

#[tokio::test]
async fn messages_that_interrupt_each_other_at_the_same_moment_leave_one_turn() {
    let app = Setup::new().provider("idle_timeout_seconds", 600).start();
    app.upstream.always(Script::stream().delta("Because").hang());
    for _ in 0..20 {
        let session = app.learner.create_session().await;
        let responses = join_all((0..4).map(|_| app.learner.post_chat(dusk(&session, "interrupt")))).await;
        let readers = responses
            .into_iter()
            .map(|response| Witness::of(&app.learner, response));
        let readers = readers.collect::<Vec<_>>();
        let sql = "SELECT count(*) AS number FROM turns WHERE status = 'streaming'";
        let mut database = app.database();
        eventually("one turn is left", || (database.number(sql) == 1).then_some(())).await;
        for mut reader in readers {
            app.learner.stop(&reader.turn_id).await;
            reader.persist().await;
        }
    }
}
