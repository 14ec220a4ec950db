//! What a feed tells of a session's rows.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::viewer::{Viewer, get_feed};
use crate::app::TestApp;
use crate::client::{header, string};
use crate::problem::refused;
use crate::sse::{End, EventStream};

#[tokio::test]
async fn a_feed_opens_with_a_comment_and_a_snapshot() {
    let app = TestApp::start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;

    let response = get_feed(&app.learner, &reader.session_id, None).await;
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    assert_eq!(header(&response, "cache-control"), "no-cache, no-transform");
    assert_eq!(header(&response, "x-accel-buffering"), "no");
    let mut stream = EventStream::new(response);
    let snapshot = stream.next().await.expect("a snapshot");
    assert_eq!(stream.opened_with_comment, Some(true));
    assert_eq!(snapshot.name, "session-snapshot");

    let session = app.learner.get(&format!("/sessions/{}", reader.session_id)).await;
    let page = app.learner.messages(&reader.session_id).await;
    assert_eq!(snapshot.data["session"], session);
    assert_eq!(snapshot.data["messages"], page["messages"]);
    assert_eq!(snapshot.data["activeTurn"], Value::Null);
    assert_eq!(snapshot.data["revision"], session["revision"]);
    assert_eq!(snapshot.id, session["revision"].as_u64());
}

#[tokio::test]
async fn a_snapshot_has_the_newest_fifty_messages() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    let path = format!("/sessions/{session_id}/messages");
    for number in 0..53 {
        let message = json!({ "role": "user", "content": format!("note {number}") });
        app.learner.json(Method::POST, &path, message).await;
    }
    let mut viewer = Viewer::open(&app.learner, &session_id).await;
    viewer.until_event("session-snapshot").await;
    let page = app.learner.get(&format!("{path}?limit=50")).await;
    assert_eq!(Value::from(viewer.messages), page["messages"]);
}

#[tokio::test]
async fn every_change_of_a_session_is_told_to_every_device_once() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    let mut devices = [
        Viewer::open(&app.learner, &session_id).await,
        Viewer::open(&app.learner, &session_id).await,
    ];
    let path = format!("/sessions/{session_id}");
    let title = json!({ "title": "Optics", "subject": "physics", "learnerProfile": { "grade": 8 } });
    app.learner.json(Method::PATCH, &path, title).await;
    let message = json!({ "role": "user", "content": "A note", "clientMessageId": "n-1" });
    let added = app
        .learner
        .json(Method::POST, &format!("{path}/messages"), message)
        .await;
    let added = format!("{path}/messages/{}", string(&added["id"]));
    app.learner
        .json(Method::PATCH, &added, json!({ "content": "A better note" }))
        .await;

    for device in &mut devices {
        device.assert_in_step().await;
        assert_eq!(device.session["title"], "Optics");
        assert_eq!(device.messages[0]["content"], "A better note");
        let mut revisions: Vec<_> = device
            .events
            .iter()
            .map(|event| event.data["revision"].as_i64())
            .collect();
        revisions.dedup();
        assert_eq!(revisions.len(), device.events.len(), "each change is told once");
    }
}

#[tokio::test]
async fn a_device_that_keeps_up_is_told_of_each_change_by_its_name() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    let mut device = Viewer::open(&app.learner, &session_id).await;
    device.until_event("session-snapshot").await;
    let path = format!("/sessions/{session_id}");

    app.learner
        .json(Method::PATCH, &path, json!({ "title": "Optics" }))
        .await;
    let told = device.until(|_| true).await;
    assert_eq!((told.name.as_str(), told.id), ("session-updated", Some(2)));
    assert_eq!(told.data["revision"], 2);

    let message = json!({ "role": "user", "content": "A note" });
    let added = app
        .learner
        .json(Method::POST, &format!("{path}/messages"), message)
        .await;
    let told = device.until(|_| true).await;
    assert_eq!((told.name.as_str(), told.id), ("message-created", Some(3)));
    assert_eq!(told.data, json!({ "message": added, "revision": 3 }));

    let changed = format!("{path}/messages/{}", string(&added["id"]));
    app.learner
        .json(Method::PATCH, &changed, json!({ "content": "A better one" }))
        .await;
    let told = device.until(|_| true).await;
    assert_eq!((told.name.as_str(), told.id), ("message-updated", Some(4)));
    assert_eq!(told.data["message"]["content"], "A better one");
}

#[tokio::test]
async fn a_session_that_is_deleted_ends_its_feeds_and_is_not_found_afterwards() {
    let app = TestApp::start();
    let reader = app
        .learner
        .send("Why is the sky blue? seed=5 deltas=5000 rate=50")
        .await;
    let mut devices = [
        Viewer::open(&app.learner, &reader.session_id).await,
        Viewer::open(&app.learner, &reader.session_id).await,
    ];
    for device in &mut devices {
        device.until_event("text-delta").await;
    }
    let path = format!("/sessions/{}", reader.session_id);
    let deleted = app.learner.call(Method::DELETE, &path, Value::Null).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    for device in &mut devices {
        let last = device.until_event("session-deleted").await;
        assert_eq!((last.data, last.place), (json!({}), None));
        assert_eq!(device.next().await, Err(End::Clean));
    }
    let again = get_feed(&app.learner, &reader.session_id, devices[0].place.as_deref()).await;
    refused(again, 404, "not-found").await;
}

#[tokio::test]
async fn a_session_that_does_not_exist_has_no_feed() {
    let app = TestApp::start();
    let nobody = "01a20460-bd7d-75aa-9b57-3e9933e70e02";
    let response = get_feed(&app.learner, nobody, None).await;
    refused(response, 404, "not-found").await;
    let response = get_feed(&app.learner, "no-id", None).await;
    refused(response, 400, "invalid-id").await;
}

#[tokio::test]
async fn a_feed_tells_nothing_of_other_sessions() {
    let app = TestApp::start();
    let [shown, other] = [
        app.learner.create_session().await,
        app.learner.create_session().await,
    ];
    let mut device = Viewer::open(&app.learner, &shown).await;
    let mut elsewhere = app.learner.send_in(&other, "A secret of the other session").await;
    elsewhere.until_end().await;
    let mut here = app.learner.send_in(&shown, "Why is the sky blue?").await;
    here.until_end().await;
    device.assert_in_step().await;
    for event in &device.events {
        assert!(
            !event.raw.contains(&other) && !event.raw.contains("secret"),
            "{}",
            event.raw
        );
        assert!(!event.raw.contains(&elsewhere.turn_id), "{}", event.raw);
    }
}
