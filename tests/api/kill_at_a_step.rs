//! `kill -9` exactly between two steps: a locked database holds the server before a commit, and a client that does not
//! read holds it after one.

use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::app::{Setup, TestApp};
use crate::checker::{check_once, check_turn};
use crate::database::WriteLock;
use crate::deadline::{eventually, within};
use crate::server::send;
use crate::upstream::{self, Plan, Script};
use crate::wire::connect;
use crate::witness::Witness;

/// Sends a question with the key `k-1` on a connection that nobody reads.
async fn ask_without_reading(app: &TestApp, body: &Value) -> TcpStream {
    let body = body.to_string();
    let head = format!(
        "POST /stream-chat HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k-1\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut socket = connect(&app.learner).await;
    let request = [head, body].concat();
    socket
        .write_all(request.as_bytes())
        .await
        .expect("the request is sent");
    socket
}

/// The learner's page sends the same again, and gets one message and one whole reply.
async fn repeat(app: &TestApp, body: Value, whole: &str) -> Witness {
    let mut reader = Witness::of(&app.learner, app.learner.post_chat_once("k-1", body).await);
    assert_eq!(reader.persist().await.data["status"], "complete");
    assert_eq!(app.database().messages().len(), 2, "P5: one question, one reply");
    check_once(&mut app.database(), "k-1");
    check_turn(&mut app.database(), &[&reader], Some(whole));
    reader
}

#[tokio::test]
async fn killed_before_a_message_is_stored_it_has_nothing_and_takes_the_repeat() {
    let mut app = TestApp::start();
    let plan = Plan::new(91, 20, 0);
    let body = json!({ "message": plan.to_string() });
    let lock = WriteLock::take(app.database_path());
    let _asking = ask_without_reading(&app, &body).await;
    // Whatever comes on another connection after it is answered after it was read.
    within("the server has work", async {
        while app.learner.status_of("/health/live").await != 200 {}
    })
    .await;
    app.kill_9();
    drop(lock);
    app.assert_untouched();
    app.restart();
    repeat(&app, body, &plan.text()).await;
}

#[tokio::test]
async fn killed_between_the_commit_of_a_message_and_the_answer_it_knows_the_repeat() {
    let mut app = Setup::new().continues_partial().start();
    let plan = Plan::new(92, 60, 100);
    let body = json!({ "message": plan.to_string() });
    let _asking = ask_without_reading(&app, &body).await;
    let mut database = app.database();
    let turn = eventually("the message is stored", || database.turns().pop()).await;
    app.kill_9();
    app.restart();
    let reader = repeat(&app, body, &plan.text()).await;
    assert_eq!(reader.turn_id, turn.id, "the turn that was begun");
}

#[tokio::test]
async fn killed_before_deltas_are_stored_it_has_shown_none_of_them() {
    let mut app = Setup::new().continues_partial().without_merging().start();
    let plan = Plan::new(93, 40, 0);
    let text = plan.text();
    let shown = plan.deltas().take(10).collect::<String>();
    let go_on = upstream::Signal::new();
    let script = plan
        .deltas()
        .take(10)
        .fold(Script::stream(), |script, delta| script.delta(&delta));
    let rest = plan.deltas().skip(10).take(20);
    app.upstream.next(
        rest.fold(script.wait_for(&go_on), |script, delta| script.delta(&delta))
            .hang(),
    );
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_text(&shown).await;

    let lock = WriteLock::take(app.database_path());
    go_on.give();
    let request = app.upstream.request(0).await;
    request.played.wait("the provider has sent more").await;
    app.kill_9();
    drop(lock);
    reader.until_cut().await;
    assert_eq!(reader.text(), shown, "P1: what is not stored is not shown");
    app.restart();
    assert_eq!(reader.persist().await.data["status"], "complete");
    assert_eq!(reader.text(), text);
    assert_eq!(app.upstream.request(1).await.kept(), Some(shown.as_str()));
    check_turn(&mut app.database(), &[&reader], Some(&text));
}

/// The provider is through, and nothing of that is stored.
async fn killed_before_the_end_is_stored(mut app: TestApp) -> (TestApp, Witness, Plan) {
    let plan = Plan::new(94, 12, 0);
    let go_on = upstream::Signal::new();
    let mut script = Script::stream();
    for (number, delta) in plan.deltas().enumerate() {
        script = script.delta(&delta);
        if number == 5 {
            script = script.wait_for(&go_on);
        }
    }
    app.upstream.next(script.finish());
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_text("5:").await;
    let lock = WriteLock::take(app.database_path());
    go_on.give();
    app.upstream
        .request(0)
        .await
        .closed
        .wait("the provider is through")
        .await;
    app.kill_9();
    drop(lock);
    app.restart();
    reader.persist().await;
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
    (app, reader, plan)
}

#[tokio::test]
async fn killed_before_the_end_is_stored_it_asks_for_the_rest_again() {
    let app = Setup::new().continues_partial().without_merging().start();
    let (app, reader, plan) = killed_before_the_end_is_stored(app).await;
    assert_eq!(app.database().turn(&reader.turn_id).status, "complete");
    assert_eq!(reader.text(), plan.text());
}

#[tokio::test]
async fn killed_before_the_end_is_stored_it_never_calls_a_part_complete() {
    let app = Setup::new().without_merging().start();
    let (app, reader, _) = killed_before_the_end_is_stored(app).await;
    assert_eq!(app.database().turn(&reader.turn_id).status, "interrupted");
}

#[tokio::test]
async fn killed_before_a_stop_is_stored_it_has_not_answered_it_and_ends_the_turn() {
    let mut app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let lock = WriteLock::take(app.database_path());
    let path = format!("/turns/{}/stop", reader.turn_id);
    let stopping = app.learner.request(Method::POST, &path).send();
    let killing = async {
        let request = app.upstream.request(0).await;
        request.closed.wait("the stop has reached the turn").await;
        send(app.pid(), Signal::KILL);
    };
    let (answer, ()) = futures_util::future::join(stopping, killing).await;
    assert!(answer.is_err(), "{answer:?}");
    drop(lock);
    app.restart();
    assert_eq!(reader.persist().await.data["status"], "interrupted");
    assert_eq!(reader.text(), "Because");
    check_turn(&mut app.database(), &[&reader], None);
}

#[tokio::test]
async fn killed_before_a_deletion_is_stored_it_has_everything_still() {
    let mut app = TestApp::start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let lock = WriteLock::take(app.database_path());
    let path = format!("/sessions/{}", reader.session_id);
    let deleting = app.learner.request(Method::DELETE, &path).send();
    let pid = app.pid();
    let killing = async {
        // The writer tries and fails before anything is answered.
        while app.learner.status_of("/health/live").await != 200 {}
        send(pid, Signal::KILL);
    };
    let (answer, ()) = futures_util::future::join(deleting, killing).await;
    assert!(answer.is_err(), "{answer:?}");
    drop(lock);
    app.restart();
    let mut again = app.learner.follow(&reader.turn_id).await;
    again.until_end().await;
    assert_eq!(again.events, reader.events);
}
