//! Logs of turns that ended long ago: they go by themselves, and whoever asks for such a turn is told it from its rows.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::checker::check_storage;
use crate::client::Client;
use crate::deadline::eventually;
use crate::sse::{Event, EventStream};
use crate::upstream::{Script, Signal, chunk};
use crate::witness::Witness;

const QUESTION: &str = "Why is the sky blue?";

fn forgetful() -> Setup {
    Setup::new().setting("events_after", "\"1s\"").without_merging()
}

/// A delta of what a model thinks aloud.
fn thought(text: &str) -> String {
    let delta = json!([{ "index": 0, "delta": { "reasoning_content": text }, "finish_reason": null }]);
    chunk(&delta, &Value::Null)
}

fn thoughtful() -> Script {
    let script = Script::stream()
        .raw(thought("The learner "))
        .raw(thought("asks why."));
    script
        .delta("Because ")
        .delta("of ")
        .delta("scattering.")
        .finish()
}

async fn until_gone(app: &TestApp) {
    let left = "SELECT count(*) AS number FROM turns WHERE log_state <> 2";
    let mut database = app.database();
    eventually("the logs are gone", || (database.number(left) == 0).then_some(())).await;
    assert_eq!(database.count("turn_events"), 0);
}

/// All events of an ended turn after `last_event_id`, those that pass among them.
async fn read(client: &Client, turn_id: &str, last_event_id: Option<&str>) -> Vec<Event> {
    let mut stream = EventStream::new(client.open_events(turn_id, last_event_id).await);
    let mut events = Vec::new();
    while let Ok(event) = stream.next().await {
        events.push(event);
    }
    events
}

fn outline(events: &[Event]) -> Vec<(Option<u64>, &str)> {
    events
        .iter()
        .map(|event| (event.id, event.name.as_str()))
        .collect()
}

#[tokio::test]
async fn a_turn_whose_log_is_gone_is_told_from_its_rows() {
    let app = forgetful()
        .planning()
        .setting("planner.budget_ms", 60_000)
        .start();
    app.upstream.next(thoughtful());
    let mut reader = app.learner.send(QUESTION).await;
    let end = reader.until_end().await;
    let focus = reader
        .events
        .iter()
        .find(|event| event.name == "session-focus")
        .expect("a plan")
        .clone();
    let before = app.learner.turn(&reader.turn_id).await;
    until_gone(&app).await;

    let told = read(&app.learner, &reader.turn_id, None).await;
    let names = [
        (Some(1), "turn-start"),
        (Some(2), "session-focus"),
        (Some(3), "reasoning-delta"),
        (Some(4), "text-delta"),
        (end.id, "turn-end"),
    ];
    assert_eq!(outline(&told), names);
    assert_eq!(told[0].raw, reader.events[0].raw);
    assert_eq!(told[1].data, focus.data);
    assert_eq!(told[2].data, json!({ "text": "The learner asks why." }));
    assert_eq!(told[3].data, json!({ "text": "Because of scattering." }));
    assert_eq!(told[4].raw, end.raw, "the end is what it was");
    assert_eq!(
        app.learner.turn(&reader.turn_id).await,
        before,
        "and so is the turn"
    );
}

#[tokio::test]
async fn who_had_the_end_has_nothing_to_read_and_who_was_in_between_begins_anew() {
    let app = forgetful().start();
    app.upstream.next(thoughtful());
    let mut reader = app.learner.send(QUESTION).await;
    let last = reader.until_end().await.id.expect("a number");
    until_gone(&app).await;
    let response = app
        .learner
        .open_events(&reader.turn_id, Some(&last.to_string()))
        .await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    for inside in 1..last {
        let told = read(&app.learner, &reader.turn_id, Some(&inside.to_string())).await;
        assert_eq!(
            (told[0].id, told[0].name.as_str()),
            (None, "rewind"),
            "after {inside}"
        );
        assert_eq!(told[1].name, "turn-start");
        assert_eq!((told[told.len() - 1].id, told.len()), (Some(last), 5));
    }
    let ahead = read(&app.learner, &reader.turn_id, Some("999")).await;
    assert_eq!(ahead[0].name, "rewind");
}

#[tokio::test]
async fn what_a_log_took_is_given_back_and_what_was_thought_is_exported() {
    let app = forgetful().start();
    app.upstream.next(thoughtful());
    app.learner.send(QUESTION).await.until_end().await;
    let used = async || app.learner.get("/profile").await["storage"]["bytes"]["used"].as_i64();
    let before = used().await;
    until_gone(&app).await;
    assert!(used().await < before, "{before:?}");
    check_storage(&mut app.database());
    let export = app.learner.call(Method::GET, "/export", Value::Null).await;
    let export = export.text().await.expect("lines");
    let line = export
        .lines()
        .find(|line| line.contains("\"reasoning\""))
        .expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(
        (&line["type"], &line["text"]),
        (&json!("reasoning"), &json!("The learner asks why."))
    );
}

#[tokio::test]
async fn a_failed_a_stopped_and_a_continued_turn_are_told_as_they_ended() {
    let app = forgetful().without_retries().start();
    app.upstream.next(Script::refusal(401, ""));
    let mut failed = app.learner.send(QUESTION).await;
    failed.until_end().await;
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut stopped = app.learner.send(QUESTION).await;
    stopped.until_text("Because").await;
    app.learner.stop(&stopped.turn_id).await;
    stopped.until_end().await;
    app.upstream.next(Script::stream().delta(" of light.").finish());
    let continued = app.learner.post_continue(&stopped.turn_id).await;
    let mut continued = Witness::of(&app.learner, continued);
    continued.until_end().await;
    until_gone(&app).await;

    let told = read(&app.learner, &failed.turn_id, None).await;
    let names: Vec<_> = told.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["turn-start", "error", "turn-end"]);
    assert_eq!(told[1].data["code"], "provider-unauthorized");
    assert_eq!(told[2].raw, failed.events[failed.events.len() - 1].raw);

    for turn in [&stopped, &continued] {
        let told = read(&app.learner, &turn.turn_id, None).await;
        let end = &told[told.len() - 1];
        let first_end = &turn.events[turn.events.len() - 1];
        assert_eq!(
            (end.id, &end.data["status"]),
            (first_end.id, &first_end.data["status"])
        );
        let text = "Because of light.";
        assert_eq!(told[1].data["text"], text, "the reply as it is now");
        assert_eq!(end.data["textLength"], text.len());
    }
}

#[tokio::test]
async fn a_long_log_goes_in_steps_and_a_turn_that_runs_keeps_its_own() {
    let app = forgetful().start();
    let go_on = Signal::new();
    let long = (0..40).fold(Script::stream(), |script, _| script.delta(&"word ".repeat(6_000)));
    app.upstream.next(long.finish());
    let mut reader = app.learner.send(QUESTION).await;
    reader.until_end().await;
    app.upstream.next(
        Script::stream()
            .delta("Because")
            .wait_for(&go_on)
            .delta(".")
            .finish(),
    );
    let mut running = app.learner.send("And at dusk?").await;
    running.until_text("Because").await;
    let mut database = app.database();
    let of = |state: &str| format!("SELECT count(*) AS number FROM turns WHERE log_state {state}");
    let gone = of("= 2");
    eventually("the long log is gone", || {
        (database.number(&gone) == 1).then_some(())
    })
    .await;
    check_storage(&mut database);
    let told = read(&app.learner, &reader.turn_id, None).await;
    assert_eq!(told[1].data["text"], reader.text());
    let mut second = app.learner.follow(&running.turn_id).await;
    second.until_text("Because").await;
    go_on.give();
    running.until_end().await;
    assert_eq!(
        second.until_end().await.raw,
        running.events[running.events.len() - 1].raw
    );
}

#[tokio::test]
async fn logs_that_are_kept_for_ever_are_there_and_a_wrong_setting_stops_the_start() {
    for wrong in ["\"soon\"", "\"0s\"", "\"\""] {
        let refusal = Setup::new()
            .setting("events_after", wrong)
            .try_start()
            .err()
            .expect("a refusal");
        assert!(refusal.message.contains("events_after"), "{}", refusal.message);
    }
    let app = Setup::new().setting("events_after", "\"never\"").start();
    let mut reader = app.learner.send(QUESTION).await;
    reader.until_end().await;
    let mut again = app.learner.follow(&reader.turn_id).await;
    again.until_end().await;
    assert_eq!(again.outline(), reader.outline());
}

#[tokio::test]
async fn a_feed_that_was_in_the_middle_of_such_a_turn_begins_with_the_session_as_it_is() {
    let app = forgetful().start();
    app.upstream.next(thoughtful());
    let mut reader = app.learner.send(QUESTION).await;
    let last = reader.until_end().await.id.expect("a number");
    until_gone(&app).await;
    let path = format!("/sessions/{}", reader.session_id);
    let revision = app.learner.get(&path).await["revision"]
        .as_i64()
        .expect("a number");
    for (number, first) in [(2, "session-snapshot"), (last, "message-created")] {
        // The reader knew of the turn, and not of its end.
        let place = format!("{}.{}.{number}", revision - 1, reader.turn_id);
        let request = app.learner.request(Method::GET, &format!("{path}/events"));
        let response = request
            .header("Last-Event-ID", place)
            .send()
            .await
            .expect("an answer");
        let event = EventStream::new(response).next().await.expect("an event");
        let told = event.name.replace("message-updated", "message-created");
        assert_eq!(told, first, "{}", event.raw);
    }
}
