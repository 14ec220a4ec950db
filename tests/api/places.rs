//! `max_concurrent`: one count of all calls at a provider. Who waits is told so, is not billed, and ends with a stop.

use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::upstream::{Script, Signal};
use crate::witness::Witness;

/// A service whose provider takes one call at a time.
fn one_place() -> Setup {
    Setup::new().provider("max_concurrent", 1)
}

/// A turn that has the place until the signal is given.
async fn busy_turn(app: &TestApp) -> (Witness, Signal) {
    let go_on = Signal::new();
    app.upstream.next(
        Script::stream()
            .delta("Because")
            .wait_for(&go_on)
            .delta(" so.")
            .finish(),
    );
    let mut reader = app.learner.send("Why?").await;
    reader.until_text("Because").await;
    (reader, go_on)
}

fn position(event: &crate::sse::Event) -> (Option<u64>, Option<u64>) {
    (event.id, event.data["position"].as_u64())
}

#[tokio::test]
async fn who_waits_is_told_its_position_and_is_answered_in_order() {
    let app = one_place().start();
    let (mut first, go_on) = busy_turn(&app).await;
    let mut second = app.learner.send("And why?").await;
    assert_eq!(position(&second.until_event("waiting").await), (None, Some(1)));
    assert_eq!(second.outline(), ["turn-start"], "it comes after the first event");
    let mut third = app.learner.send("And then?").await;
    assert_eq!(position(&third.until_event("waiting").await), (None, Some(2)));
    assert_eq!(app.upstream.count(), 1, "nobody else was asked");

    go_on.give();
    for reader in [&mut first, &mut second, &mut third] {
        assert_eq!(reader.until_end().await.data["status"], "complete");
    }
    let log = app.database().log(&second.turn_id);
    assert!(
        log.iter().all(|event| event.name != "waiting"),
        "it is not stored"
    );
}

#[tokio::test]
async fn a_reader_of_the_session_is_told_which_turn_waits() {
    let app = one_place().start();
    let (mut first, go_on) = busy_turn(&app).await;
    let session = app.learner.create_session().await;
    let path = format!("/sessions/{session}/events");
    let mut feed = crate::sse::EventStream::new(
        app.learner
            .request(reqwest::Method::GET, &path)
            .send()
            .await
            .expect("a feed"),
    );
    let mut second = app.learner.send_in(&session, "And why?").await;
    let waiting = loop {
        let event = feed.next().await.expect("the feed goes on");
        if event.name == "waiting" {
            break event;
        }
    };
    assert_eq!(
        (&waiting.data["turnId"], &waiting.data["position"]),
        (&json!(second.turn_id), &json!(1))
    );
    go_on.give();
    first.until_end().await;
    second.until_end().await;
}

#[tokio::test]
async fn a_stop_ends_the_wait_and_costs_nothing() {
    let app = one_place().start();
    let (mut first, go_on) = busy_turn(&app).await;
    let mut second = app.learner.send("And why?").await;
    second.until_event("waiting").await;
    let turn = app.learner.stop(&second.turn_id).await;
    assert_eq!(
        (&turn["status"], &turn["attemptLog"]),
        (&json!("stopped"), &json!([]))
    );
    assert_nothing_spent(&second.until_end().await.data);
    go_on.give();
    first.until_end().await;
    assert_eq!(app.upstream.count(), 1);
}

fn assert_nothing_spent(end: &Value) {
    let usage = &end["usage"];
    assert_eq!(
        (&usage["inputTokens"], &usage["outputTokens"]),
        (&json!(0), &json!(0)),
        "{end}"
    );
}

#[tokio::test]
async fn the_wait_has_a_bound_of_its_own_and_says_nothing_of_the_provider() {
    let setup = one_place()
        .provider("place_timeout_seconds", 1)
        .tables("[breaker]\nfailures = 1\n");
    let app = setup.start();
    let (mut first, go_on) = busy_turn(&app).await;
    let mut second = app.learner.send("And why?").await;
    let error = second.until_event("error").await;
    assert_eq!(
        (&error.data["code"], &error.data["retryable"]),
        (&json!("provider-busy"), &json!(true))
    );
    let end = second.until_end().await;
    assert_eq!(end.data["status"], "failed");
    assert_nothing_spent(&end.data);
    assert_eq!(app.upstream.count(), 1, "it was never asked");
    go_on.give();
    first.until_end().await;
    let mut third = app.learner.send("And then?").await;
    assert_eq!(third.until_end().await.data["status"], "complete");
}

#[tokio::test]
async fn waiting_is_not_timed_as_silence_of_the_provider() {
    let app = one_place().provider("first_delta_timeout_seconds", 1).start();
    let (mut first, go_on) = busy_turn(&app).await;
    let mut second = app.learner.send("And why?").await;
    let mut third = app.learner.send("And then?").await;
    second.until_event("waiting").await;
    third.until_event("waiting").await;
    // The one before it leaves after longer than a provider may be silent, which is told as a new position.
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    app.learner.stop(&second.turn_id).await;
    assert_eq!(position(&third.until_event("waiting").await).1, Some(1));
    go_on.give();
    first.until_end().await;
    second.until_end().await;
    assert_eq!(third.until_end().await.data["status"], "complete");
    assert_eq!(app.learner.turn(&third.turn_id).await["attempts"], 1);
}

fn planning(budget_ms: u32) -> TestApp {
    let setup = one_place().planning();
    setup
        .tables(&format!("[planner]\nbudget_ms = {budget_ms}\n"))
        .start()
}

#[tokio::test]
async fn a_plan_that_comes_too_late_makes_room_for_its_answer() {
    let app = planning(50);
    app.upstream.next_plan(Script::stream().hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    let end = reader.until_end().await;
    assert_eq!(end.data["status"], "complete");
    let plan = app.upstream.plan_request(0).await;
    plan.closed.wait("the plan is called off").await;
}

#[tokio::test]
async fn a_plan_behind_an_answer_makes_room_for_another_session() {
    let app = planning(20_000);
    app.upstream
        .next_plan(Script::plain(500, "application/json", "{}"));
    app.upstream.next_plan(Script::stream().hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    // The first plan failed: behind the answer it is made again.
    let behind = app.upstream.plan_request(1).await;
    behind.played.wait("the plan hangs").await;
    let mut other = app.learner.send("Why is grass green?").await;
    assert_eq!(other.until_end().await.data["status"], "complete");
    behind.closed.wait("the plan is called off").await;
}

#[tokio::test]
async fn a_plan_that_an_answer_waits_for_keeps_its_place() {
    let app = planning(20_000);
    let go_on = Signal::new();
    let plan = crate::upstream::focus_plan().to_string();
    app.upstream
        .next_plan(Script::stream().wait_for(&go_on).delta(&plan).finish());
    let mut first = app.learner.send("Why is the sky blue?").await;
    app.upstream.plan_request(0).await;
    let second = app.learner.send("Why is grass green?").await;
    // Its plan waits for a place, and it goes when the learner stops it.
    app.learner.stop(&second.turn_id).await;
    go_on.give();
    assert_eq!(first.until_end().await.data["status"], "complete");
    let focus = first.events.iter().find(|event| event.name == "session-focus");
    assert_eq!(focus.expect("a plan").data["source"], "planned");
}
