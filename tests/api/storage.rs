//! The database is locked by somebody else: deltas wait, nothing is lost, new messages are refused honestly.

use std::time::Duration;

use serde_json::json;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::header;
use crate::database::WriteLock;
use crate::problem::refused;
use crate::upstream::{Plan, Script, Signal};

/// How long another program holds the database in these tests: the fault itself.
const FAULT: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_database_that_is_locked_holds_deltas_back_and_loses_none() {
    let app = Setup::new().without_merging().start();
    let go_on = Signal::new();
    let script = Script::stream().delta("Because").wait_for(&go_on);
    let text = Plan::new(51, 50, 0);
    app.upstream.next(
        text.deltas()
            .fold(script, |script, delta| script.delta(&delta))
            .finish(),
    );
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;

    let lock = WriteLock::take(app.database_path());
    go_on.give();
    app.upstream
        .request(0)
        .await
        .played
        .wait("the provider has sent everything")
        .await;
    let shown = tokio::time::timeout(FAULT, reader.until_event("text-delta")).await;
    assert!(shown.is_err(), "what cannot be stored is not shown: {shown:?}");
    assert_eq!(
        app.learner.turn(&reader.turn_id).await["text"],
        "Because",
        "reading goes on"
    );
    drop(lock);

    reader.until_end().await;
    let whole = format!("Because{}", text.text());
    assert_eq!(reader.text(), whole);
    check_turn(&mut app.database(), &[&reader], Some(&whole));
}

#[tokio::test]
async fn a_message_that_cannot_be_stored_is_refused_and_not_stored_later() {
    let app = TestApp::start();
    let lock = WriteLock::take(app.database_path());
    let response = app
        .learner
        .post_chat(json!({ "message": "Why is the sky blue?" }))
        .await;
    header(&response, "retry-after").parse::<u32>().expect("seconds");
    refused(response, 503, "storage-unavailable").await;
    assert_eq!(app.learner.status_of("/health/live").await, 200);
    drop(lock);

    // The same service serves on, without a restart.
    app.learner.send("And at dusk?").await.until_end().await;
    let said = app.database().messages();
    assert_eq!(
        said.first().map(|message| message.content.as_str()),
        Some("And at dusk?")
    );
    assert_eq!(app.upstream.count(), 1);
}

#[tokio::test]
async fn stop_takes_hold_while_the_database_is_locked() {
    let app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let lock = WriteLock::take(app.database_path());
    let learner = app.learner.clone();
    let turn_id = reader.turn_id.clone();
    let unlock = async {
        app.upstream
            .request(0)
            .await
            .closed
            .wait("the provider is left though nothing can be stored")
            .await;
        drop(lock);
    };
    let (turn, ()) = futures_util::future::join(learner.stop(&turn_id), unlock).await;
    assert_eq!(turn["status"], "stopped");
    assert_eq!(reader.until_end().await.data["status"], "stopped");
    assert_eq!(reader.text(), "Because");
}

#[tokio::test]
async fn readers_are_told_when_the_database_is_locked_for_long_and_the_service_recovers() {
    let app = TestApp::start();
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
    let lock = WriteLock::take(app.database_path());
    go_on.give();
    let told = reader.until_event("storage-degraded").await;
    assert_eq!((told.id, &told.data), (None, &json!({})));
    assert_eq!(app.learner.status_of("/health/ready").await, 503);
    assert_eq!(app.learner.status_of("/health/live").await, 200);
    drop(lock);
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(reader.text(), "Because of scattering.");
    assert_eq!(app.learner.status_of("/health/ready").await, 200);
    check_turn(&mut app.database(), &[&reader], None);
}
