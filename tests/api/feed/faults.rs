//! The server dies, ends or loses what it had; devices that reconnect show what is.

use reqwest::Method;
use serde_json::json;

use super::viewer::Viewer;
use crate::app::{Setup, TestApp};
use crate::database::change;
use crate::sse::End;
use crate::upstream::{Plan, Script};

#[tokio::test]
async fn a_feed_resumes_over_kill_9_in_mid_reply() {
    let mut app = Setup::new().continues_partial().start();
    let plan = Plan::new(87, 150, 150);
    let mut reader = app.learner.send(&plan.to_string()).await;
    let mut device = Viewer::open(&app.learner, &reader.session_id).await;
    while !device.text().contains("20:") {
        device.until(|_| true).await;
    }
    app.kill_9();
    while device.next().await.is_ok() {}
    app.restart();
    device.reconnect().await;
    device.until_event("turn-end").await;
    assert_eq!(device.text(), plan.text());
    device.assert_in_step().await;
    let snapshots = device
        .events
        .iter()
        .filter(|event| event.name == "session-snapshot");
    assert_eq!(snapshots.count(), 1, "it goes on where it was");
    reader.persist().await;
}

#[tokio::test]
async fn a_feed_shows_a_reply_that_a_crash_has_interrupted() {
    let mut app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because of ").hang());
    let reader = app.learner.send("Why is the sky blue?").await;
    let mut device = Viewer::open(&app.learner, &reader.session_id).await;
    while device.text() != "Because of " {
        device.until(|_| true).await;
    }
    app.kill_9();
    while device.next().await.is_ok() {}
    app.restart();
    device.reconnect().await;
    let end = device.until_event("turn-end").await;
    assert_eq!(end.data["status"], "interrupted");
    device.assert_in_step().await;
    assert_eq!(device.messages[1]["status"], "interrupted");
}

#[tokio::test]
async fn a_server_that_ends_tells_its_devices_when_to_come_back() {
    let mut app = Setup::new().drain_seconds(0).start();
    let session_id = app.learner.create_session().await;
    let mut device = Viewer::open(&app.learner, &session_id).await;
    device.until_event("session-snapshot").await;
    app.sigterm();
    let last = device.until_event("reconnect").await;
    assert!(last.data["afterMs"].as_u64().is_some_and(|wait| wait > 0));
    assert_eq!(device.next().await, Err(End::Clean));
    assert!(app.exited().await.success());
    app.restart();
    device.reconnect().await;
    let title = json!({ "title": "After" });
    app.learner
        .json(Method::PATCH, &format!("/sessions/{session_id}"), title)
        .await;
    device.assert_in_step().await;
    assert_eq!(
        device.outline(),
        ["session-snapshot", "reconnect", "session-updated"]
    );
}

#[tokio::test]
async fn a_device_that_saw_what_a_restored_copy_does_not_have_begins_anew() {
    let mut app = TestApp::start();
    let session_id = app.learner.create_session().await;
    let path = format!("/sessions/{session_id}");
    let database = app.database_path().to_owned();
    let copy = database.with_extension("copy");
    change(&database, &format!("VACUUM INTO '{}'", copy.display()));

    let mut device = Viewer::open(&app.learner, &session_id).await;
    app.learner
        .json(Method::PATCH, &path, json!({ "title": "Lost" }))
        .await;
    device.until_event("session-updated").await;
    app.kill_9();
    while device.next().await.is_ok() {}
    std::fs::rename(&copy, &database).expect("the copy takes its place");
    for log in ["db-wal", "db-shm"] {
        std::fs::remove_file(database.with_extension(log)).expect("the old one's log");
    }
    app.restart();
    // As many changes as the device has seen, and other ones.
    app.learner
        .json(Method::PATCH, &path, json!({ "subject": "physics" }))
        .await;
    app.learner
        .json(Method::PATCH, &path, json!({ "subject": "maths" }))
        .await;

    device.reconnect().await;
    let first = device.until(|_| true).await;
    assert_eq!(first.name, "session-snapshot", "{}", first.raw);
    device.assert_in_step().await;
    assert_ne!(device.session["title"], "Lost");
}
