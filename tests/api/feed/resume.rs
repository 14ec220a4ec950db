//! How a device goes on after its connection broke.

use reqwest::Method;
use serde_json::{Value, json};

use super::viewer::{Viewer, get_feed};
use crate::app::{Setup, TestApp};
use crate::client::{Client, string};
use crate::sse::{Event, EventStream};
use crate::upstream::{Plan, Script, Signal};

/// The first event that a device is sent which comes from `place`.
async fn first_after(client: &Client, session_id: &str, place: &str) -> Event {
    let response = get_feed(client, session_id, Some(place)).await;
    EventStream::new(response).next().await.expect("an event")
}

/// What is told without the places, which say more when a reader is cut more often.
fn told(events: &[Event]) -> Vec<(&str, &Value)> {
    events
        .iter()
        .map(|event| (event.name.as_str(), &event.data))
        .collect()
}

async fn add_note(client: &Client, session_id: &str, text: &str) {
    let note = json!({ "role": "user", "content": text });
    client
        .json(Method::POST, &format!("/sessions/{session_id}/messages"), note)
        .await;
}

#[tokio::test]
async fn a_device_that_reconnects_after_every_event_misses_nothing_and_is_told_nothing_twice() {
    let app = Setup::new().without_merging().start();
    let session_id = app.learner.create_session().await;
    let mut calm = Viewer::open(&app.learner, &session_id).await;
    let mut restless = Viewer::open(&app.learner, &session_id).await;
    restless.until_event("session-snapshot").await;
    let plan = Plan::new(85, 50, 200);
    let mut reader = app.learner.send_in(&session_id, &plan.to_string()).await;
    while restless.until(|_| true).await.name != "turn-end" {
        restless.leave();
        restless.reconnect().await;
    }
    reader.until_end().await;
    calm.until_event("turn-end").await;
    restless.assert_in_step().await;
    calm.assert_in_step().await;
    assert_eq!(restless.text(), plan.text());
    assert_eq!(told(&restless.events), told(&calm.events));
}

#[tokio::test]
async fn a_device_that_was_away_is_told_exactly_what_has_changed() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    add_note(&app.learner, &session_id, "Before").await;
    let mut device = Viewer::open(&app.learner, &session_id).await;
    device.until_event("session-snapshot").await;
    device.leave();

    let mut reader = app.learner.send_in(&session_id, "Why is the sky blue?").await;
    reader.until_end().await;
    add_note(&app.learner, &session_id, "After").await;
    device.reconnect().await;
    device.assert_in_step().await;
    let names: Vec<_> = device.events[1..]
        .iter()
        .map(|event| event.name.as_str())
        .collect();
    assert_eq!(
        names, ["message-created"; 3],
        "a turn that has ended is told by its messages"
    );

    device.leave();
    device.reconnect().await;
    add_note(&app.learner, &session_id, "Later").await;
    let next = device.until(|_| true).await;
    assert_eq!(next.data["message"]["content"], "Later", "nothing is told twice");
}

#[tokio::test]
async fn a_device_that_was_away_at_the_end_of_a_reply_is_shown_the_rest_of_it() {
    let app = Setup::new().without_merging().start();
    let plan = Plan::new(86, 60, 300);
    let mut reader = app.learner.send(&plan.to_string()).await;
    let mut device = Viewer::open(&app.learner, &reader.session_id).await;
    while !device.text().contains("10:") {
        device.until(|_| true).await;
    }
    device.leave();
    reader.until_end().await;
    device.reconnect().await;
    device.until_event("turn-end").await;
    assert_eq!(device.text(), plan.text());
    assert_eq!(device.until(|_| true).await.name, "message-updated");
    device.assert_in_step().await;
}

#[tokio::test]
async fn a_device_that_knows_a_revision_only_is_shown_the_running_reply_from_its_first_event() {
    let app = TestApp::start();
    let go_on = Signal::new();
    app.upstream.next(
        Script::stream()
            .delta("Because ")
            .wait_for(&go_on)
            .delta("of scattering.")
            .finish(),
    );
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because ").await;
    let revision = app.learner.get(&format!("/sessions/{}", reader.session_id)).await["revision"].to_string();
    let response = get_feed(&app.learner, &reader.session_id, Some(&revision)).await;
    let mut stream = EventStream::new(response);
    let first = stream.next().await.expect("an event");
    assert_eq!(
        (first.name.as_str(), &first.data["eventId"]),
        ("turn-start", &json!(1))
    );
    go_on.give();
    reader.until_end().await;
}

#[tokio::test]
async fn what_is_no_place_in_the_session_is_answered_with_a_snapshot() {
    let app = TestApp::start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let session_id = &reader.session_id;
    let turn_id = &reader.turn_id;
    let ahead = ["5", "999999999999999", &format!("5.{turn_id}.1")].map(str::to_owned);
    let garbage = ["", "x", "-1", "3.", "3.x.1", &format!("3.{turn_id}")].map(str::to_owned);
    let unknown = [format!("4.{turn_id}.99"), "0".to_owned()];
    for place in ahead.iter().chain(&garbage).chain(&unknown) {
        let first = first_after(&app.learner, session_id, place).await;
        assert_eq!(first.name, "session-snapshot", "after {place:?}");
    }
}

#[tokio::test]
async fn a_device_that_was_away_for_too_long_is_given_a_snapshot() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    for number in 0..51 {
        add_note(&app.learner, &session_id, &format!("Note {number}")).await;
    }
    assert_eq!(
        first_after(&app.learner, &session_id, "1").await.name,
        "session-snapshot"
    );
    let first = first_after(&app.learner, &session_id, "2").await;
    assert_eq!((first.name.as_str(), first.id), ("message-created", Some(3)));
}

#[tokio::test]
async fn a_turn_of_another_session_is_no_place_in_this_one() {
    let app = TestApp::start();
    let mut other = app.learner.send("A secret of the other session").await;
    other.until_end().await;
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let place = format!("3.{}.1", other.turn_id);
    let first = first_after(&app.learner, &reader.session_id, &place).await;
    assert_eq!(first.name, "message-updated", "{}", first.raw);
    assert_eq!(first.data["message"]["turnId"], reader.turn_id.as_str());
}

#[tokio::test]
async fn the_place_can_stand_in_the_query_and_the_header_wins() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    for text in ["One", "Two", "Three"] {
        add_note(&app.learner, &session_id, text).await;
    }
    let path = format!("/sessions/{session_id}/events?lastEventId=2&unknown=1");
    for (header, content) in [(None, "Two"), (Some("3"), "Three")] {
        let mut request = app.learner.request(Method::GET, &path);
        if let Some(header) = header {
            request = request.header("Last-Event-ID", header);
        }
        let mut stream = EventStream::new(request.send().await.expect("an answer"));
        let first = stream.next().await.expect("an event");
        assert_eq!(string(&first.data["message"]["content"]), content);
    }
}
