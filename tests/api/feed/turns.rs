//! What a feed shows of the session's turns.

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use super::viewer::Viewer;
use crate::app::{Setup, TestApp};
use crate::client::string;
use crate::sse::Event;
use crate::upstream::{Plan, Script, Signal};
use crate::witness::Witness;

/// An event as the turn's own stream has it.
fn without_place(event: &Event, turn_id: &str) -> String {
    let number = event.data["eventId"].as_u64().expect("a number");
    let data = event.raw.split_once("\ndata: {").expect("data").1;
    let data = data
        .strip_prefix(&format!("\"eventId\":{number},"))
        .expect("the number first");
    let data = if event.name == "turn-start" {
        data
    } else {
        data.strip_prefix(&format!("\"turnId\":\"{turn_id}\","))
            .expect("then the turn")
    };
    format!("id: {number}\nevent: {}\ndata: {{{data}", event.name)
}

/// Checks that a device was shown a turn as the turn's own reader was, byte by byte.
fn assert_same_events(viewer: &Viewer, reader: &Witness) {
    let shown: Vec<_> = viewer
        .events_of(&reader.turn_id)
        .into_iter()
        .map(|event| without_place(event, &reader.turn_id))
        .collect();
    let own: Vec<_> = reader.events.iter().map(|event| event.raw.clone()).collect();
    assert!(shown == own, "the feed shows\n{shown:#?}\nthe turn has\n{own:#?}");
}

#[tokio::test]
async fn two_devices_are_in_step_while_a_reply_is_written() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    let mut desk = Viewer::open(&app.learner, &session_id).await;
    let mut phone = Viewer::open(&app.learner, &session_id).await;
    let (half, all) = (Signal::new(), Signal::new());
    let script = Script::stream()
        .delta("Because ")
        .wait_for(&half)
        .delta("of ")
        .wait_for(&all);
    app.upstream.next(script.delta("scattering.").finish());
    let mut reader = app.learner.send_in(&session_id, "Why is the sky blue?").await;

    for (signal, text) in [(&half, "Because "), (&all, "Because of ")] {
        for device in [&mut desk, &mut phone] {
            while device.text() != text {
                device.until(|_| true).await;
            }
        }
        signal.give();
    }
    reader.until_end().await;
    for device in [&mut desk, &mut phone] {
        device.until_event("turn-end").await;
        assert_eq!(device.text(), "Because of scattering.");
        device.assert_in_step().await;
        assert_same_events(device, &reader);
        assert_eq!(
            device.outline(),
            [
                "session-snapshot",
                "message-created",
                "turn-start",
                "text-delta",
                "turn-end",
                "message-updated"
            ]
        );
    }
    assert_eq!(desk.events, phone.events);
}

#[tokio::test]
async fn a_feed_shows_the_bytes_of_the_turns_own_stream() {
    let app = Setup::new().without_merging().start();
    let session_id = app.learner.create_session().await;
    let mut device = Viewer::open(&app.learner, &session_id).await;
    let plan = Plan::new(81, 150, 0);
    let mut reader = app.learner.send_in(&session_id, &plan.to_string()).await;
    join(reader.until_end(), device.until_event("turn-end")).await;
    assert_same_events(&device, &reader);
    assert_eq!(device.text(), plan.text());
    device.assert_in_step().await;
}

#[tokio::test]
async fn every_turn_of_an_open_session_is_shown_however_quick_it_is() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    let mut device = Viewer::open(&app.learner, &session_id).await;
    let refused = Script::plain(401, "application/json", "{}");
    let mut readers = Vec::new();
    for number in 0..10 {
        if number % 2 == 0 {
            app.upstream.next(refused.clone());
        }
        let mut reader = app.learner.send_in(&session_id, "Why?").await;
        reader.until_end().await;
        readers.push(reader);
    }
    for reader in &readers {
        device
            .until(|event| event.name == "turn-end" && event.data["turnId"] == reader.turn_id.as_str())
            .await;
        assert_same_events(&device, reader);
    }
    device.assert_in_step().await;
    let failed = device
        .messages
        .iter()
        .filter(|message| message["errorCode"] == "provider-unauthorized");
    assert_eq!(failed.count(), 5, "a message says why its reply failed");
}

#[tokio::test]
async fn a_device_that_opens_a_session_in_mid_reply_goes_on_exactly_where_the_snapshot_ends() {
    let app = Setup::new().without_merging().start();
    let plan = Plan::new(82, 120, 300);
    let mut reader = app.learner.send(&plan.to_string()).await;
    let mut devices = Vec::new();
    for part in ["10:", "40:", "80:"] {
        reader.until_text(part).await;
        let mut device = Viewer::open(&app.learner, &reader.session_id).await;
        let snapshot = device.until_event("session-snapshot").await;
        assert_eq!(snapshot.data["activeTurn"]["turnId"], reader.turn_id.as_str());
        assert_eq!(
            snapshot.data["activeTurn"]["lastEventId"],
            snapshot.data["messages"][1]["lastEventId"]
        );
        assert!(string(&snapshot.data["messages"][1]["content"]).contains(part));
        devices.push(device);
    }
    reader.until_end().await;
    for device in &mut devices {
        device.until_event("turn-end").await;
        assert_eq!(device.text(), plan.text());
        device.assert_in_step().await;
    }
}

#[tokio::test]
async fn a_queued_turn_is_shown_when_the_one_before_it_has_ended() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    let mut device = Viewer::open(&app.learner, &session_id).await;
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().delta("One").wait_for(&go_on).finish());
    app.upstream.next(Script::stream().delta("Two").finish());
    let mut first = app.learner.send_in(&session_id, "First?").await;
    let queued = json!({ "sessionId": session_id, "message": "Second?", "onBusy": "queue" });
    let mut second = Witness::of(&app.learner, app.learner.post_chat(queued).await);
    device
        .until(|event| event.data["message"]["turnId"] == second.turn_id.as_str())
        .await;
    go_on.give();
    join_all([first.until_end(), second.until_end()]).await;
    let of_second = |event: &Event| event.data["turnId"] == second.turn_id.as_str();
    device
        .until(|event| event.name == "turn-end" && of_second(event))
        .await;
    assert_same_events(&device, &first);
    assert_same_events(&device, &second);
    let ended = device.events.iter().position(|event| event.name == "turn-end");
    let began = device
        .events
        .iter()
        .position(|event| event.name == "turn-start" && of_second(event));
    assert!(ended < began, "one after another: {:?}", device.outline());
    device.assert_in_step().await;
}

#[tokio::test]
async fn a_stop_from_another_device_is_shown_and_a_continuation_goes_on_with_the_text() {
    let app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because of ").hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    let mut device = Viewer::open(&app.learner, &reader.session_id).await;
    while device.text() != "Because of " {
        device.until(|_| true).await;
    }
    app.learner.stop(&reader.turn_id).await;
    reader.until_end().await;
    let told = device.until_event("message-updated").await;
    assert_eq!(told.data["message"]["status"], "stopped");
    device.assert_in_step().await;

    app.upstream.next(Script::stream().delta("scattering.").finish());
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&reader.turn_id).await);
    further.until_end().await;
    let reopened = device.until_event("message-updated").await;
    assert_eq!(reopened.data["message"]["turnId"], further.turn_id.as_str());
    device.until_event("turn-end").await;
    assert_eq!(device.text(), "Because of scattering.");
    assert_same_events(&device, &further);
    device.assert_in_step().await;
}

#[tokio::test]
async fn a_further_reply_is_shown_beside_the_first() {
    let app = TestApp::start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let mut device = Viewer::open(&app.learner, &reader.session_id).await;
    device.until_event("session-snapshot").await;
    app.upstream.next(Script::stream().delta("Another one.").finish());
    let asked = string(&device.messages[0]["id"]);
    let further = app.learner.post_regenerate(&reader.session_id, &asked).await;
    let mut further = Witness::of(&app.learner, further);
    further.until_end().await;
    device.until_event("turn-end").await;
    assert_same_events(&device, &further);
    device.assert_in_step().await;
    assert_eq!(device.messages.len(), 3);
    assert_eq!(device.messages[1]["replyTo"], device.messages[2]["replyTo"]);
}

#[tokio::test]
async fn changes_in_mid_reply_do_not_disturb_it() {
    let app = Setup::new().without_merging().start();
    let plan = Plan::new(83, 100, 200);
    let mut reader = app.learner.send(&plan.to_string()).await;
    let mut device = Viewer::open(&app.learner, &reader.session_id).await;
    let path = format!("/sessions/{}", reader.session_id);
    for number in 0..5 {
        reader.until_text(&format!("{}:", 10 * number + 5)).await;
        let title = json!({ "title": format!("Title {number}") });
        app.learner.json(Method::PATCH, &path, title).await;
    }
    reader.until_end().await;
    device.until_event("turn-end").await;
    let changes = device
        .events
        .iter()
        .filter(|event| event.name == "session-updated");
    assert_eq!(changes.count(), 5);
    assert_eq!(device.text(), plan.text());
    device.assert_in_step().await;
    assert_eq!(device.session["title"], Value::from("Title 4"));
}

#[tokio::test]
async fn a_device_that_takes_nothing_costs_the_turn_and_other_devices_nothing() {
    let app = TestApp::start();
    let session_id = app.learner.create_session().await;
    let mut slow = Viewer::open(&app.learner, &session_id).await;
    let mut quick = Viewer::open(&app.learner, &session_id).await;
    let plan = Plan {
        size: 4_000,
        ..Plan::new(84, 300, 0)
    };
    let mut reader = app.learner.send_in(&session_id, &plan.to_string()).await;
    // The slow one has not taken a byte yet.
    join(reader.until_end(), quick.until_event("turn-end")).await;
    assert_eq!(app.database().turn(&reader.turn_id).status, "complete");
    quick.assert_in_step().await;

    slow.until_event("turn-end").await;
    slow.assert_in_step().await;
    assert_eq!(slow.text(), plan.text());
    assert_same_events(&slow, &reader);
}

#[tokio::test]
async fn a_feed_tells_that_a_turn_is_tried_again() {
    let app = TestApp::start();
    app.upstream.next(Script::refusal(503, "Retry-After: 60\r\n"));
    let mut reader = app.learner.send("Why is the sky blue?").await;
    let own = reader.until_event("retrying").await;
    let mut device = Viewer::open(&app.learner, &reader.session_id).await;
    let told = device.until_event("retrying").await;
    assert_eq!(
        (&told.place, &told.data["turnId"]),
        (&None, &json!(reader.turn_id))
    );
    for field in ["attempt", "reason"] {
        assert_eq!(told.data[field], own.data[field], "{field}");
    }
    assert!(told.data["inMs"].as_u64() > Some(0), "{}", told.raw);
    app.learner.stop(&reader.turn_id).await;
    device.until_event("turn-end").await;
    device.assert_in_step().await;
}
