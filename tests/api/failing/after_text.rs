//! Failures after text was shown: the text goes on without a seam, or an announced attempt begins anew.

use std::time::Duration;

use serde_json::json;

use super::{calls, chain_of_two};
use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::string;
use crate::upstream::{Plan, Script, Step, Upstream};

const PLAN: Plan = Plan {
    seed: 43,
    deltas: 30,
    rate: 0,
    size: 0,
};

/// The beginning of the plan's text, cut after about `bytes` bytes.
fn beginning(bytes: usize) -> String {
    let text = PLAN.text();
    text[..text.floor_char_boundary(bytes)].to_owned()
}

#[tokio::test]
async fn a_cut_reply_goes_on_without_a_seam() {
    let app = Setup::new().continues_partial().without_merging().start();
    for bytes in [1, 7, 30, 95] {
        let shown = beginning(bytes);
        let calls_before = app.upstream.count();
        app.upstream.next(Script::stream().delta(&shown).cut());
        let mut reader = app.learner.send(&PLAN.to_string()).await;
        let end = reader.until_end().await;
        assert_eq!(
            (&end.data["status"], reader.text()),
            (&json!("complete"), PLAN.text())
        );
        let told = reader.events.iter().find(|event| event.name == "attempt-start");
        let told = told.expect("the break is announced");
        assert_eq!(
            (&told.data["mode"], &told.data["attempt"], &told.data["reason"]),
            (&json!("continue"), &json!(2), &json!("provider-disconnected"))
        );
        let second = app.upstream.request(calls_before + 1).await;
        assert_eq!(
            second.kept(),
            Some(shown.as_str()),
            "it goes on exactly from what was shown"
        );
        let turn = app.learner.turn(&reader.turn_id).await;
        let texts = turn["attemptLog"].as_array().expect("a list").iter();
        assert_eq!(
            texts.map(|call| string(&call["text"])).collect::<String>(),
            PLAN.text()
        );
        check_turn(&mut app.database(), &[&reader], Some(&PLAN.text()));
    }
}

#[tokio::test]
async fn a_reply_that_nobody_can_go_on_with_begins_anew_and_says_so() {
    let app = TestApp::start();
    app.upstream
        .next(Script::stream().delta("It is because the dust").reset());
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    let end = reader.until_end().await;
    assert_eq!(
        (&end.data["status"], reader.text()),
        (&json!("complete"), PLAN.text())
    );
    assert_eq!(end.data["textLength"], PLAN.text().chars().count());
    assert_eq!(
        reader.outline(),
        [
            "turn-start",
            "text-delta",
            "attempt-start",
            "text-delta",
            "turn-end"
        ]
    );
    let restart = reader
        .events
        .iter()
        .position(|event| event.name == "attempt-start");
    let restart = restart.expect("it is announced");
    assert_eq!(reader.events[restart].data["mode"], "restart");
    assert_eq!(
        reader.events[restart + 1].name,
        "text-delta",
        "nothing is void before there is new text"
    );
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        calls(&turn),
        ["openai start provider-disconnected", "openai restart complete"]
    );
    assert_eq!(
        turn["attemptLog"][0]["text"], "It is because the dust",
        "kept for the record"
    );
    let messages = app.learner.messages(&reader.session_id).await;
    assert_eq!(
        messages["messages"][1]["content"],
        PLAN.text(),
        "the message has the final text only"
    );
    check_turn(&mut app.database(), &[&reader], Some(&PLAN.text()));
}

#[tokio::test]
async fn text_is_not_given_up_for_an_attempt_that_gives_none() {
    let app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because of scat").cut());
    app.upstream.always(Script::refusal(503, ""));
    let mut reader = app.learner.send("Why?").await;
    let end = reader.until_end().await;
    assert_eq!(
        (&end.data["status"], reader.text().as_str()),
        (&json!("interrupted"), "Because of scat")
    );
    assert_eq!(reader.outline(), ["turn-start", "text-delta", "turn-end"]);
    check_turn(&mut app.database(), &[&reader], Some("Because of scat"));
}

#[tokio::test]
async fn another_provider_goes_on_with_the_reply_of_one_that_died() {
    let second = Upstream::start();
    let app = chain_of_two(Setup::new(), &second, "continues_partial = true").start();
    app.upstream.next(Script::stream().delta(&beginning(50)).cut());
    app.upstream.always(Script::refusal(401, ""));
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(reader.text(), PLAN.text());
    assert_eq!(second.request(0).await.kept(), Some(beginning(50).as_str()));
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        calls(&turn),
        [
            "first start provider-disconnected",
            "first continue provider-unauthorized",
            "second continue complete"
        ]
    );
    check_turn(&mut app.database(), &[&reader], Some(&PLAN.text()));
}

#[tokio::test]
async fn a_silent_provider_is_given_up_and_its_reply_goes_on() {
    let app = Setup::new()
        .continues_partial()
        .provider("idle_timeout_seconds", 1)
        .start();
    app.upstream.next(Script::stream().delta(&beginning(40)).hang());
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(reader.text(), PLAN.text());
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        calls(&turn),
        ["openai start provider-idle-timeout", "openai continue complete"]
    );
    app.upstream
        .request(0)
        .await
        .closed
        .wait("the silent connection is closed")
        .await;
}

#[tokio::test]
async fn a_reply_is_gone_on_with_at_most_twice_and_then_kept_as_interrupted() {
    let app = Setup::new().continues_partial().start();
    for (from, to) in [(0, 20), (20, 45), (45, 60)] {
        let part = beginning(to)[beginning(from).len()..].to_owned();
        app.upstream.next(Script::stream().delta(&part).cut());
    }
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    let end = reader.until_end().await;
    assert_eq!(
        (&end.data["status"], reader.text()),
        (&json!("interrupted"), beginning(60))
    );
    assert_eq!(app.upstream.count(), 3);

    let response = app.learner.post_continue(&reader.turn_id).await;
    let mut further = crate::witness::Witness::of(&app.learner, response);
    assert_eq!(further.until_end().await.data["status"], "complete");
    assert_eq!(further.text(), PLAN.text());
}

#[tokio::test]
async fn reasoning_of_a_void_attempt_is_void_too() {
    let app = TestApp::start();
    let thought = crate::upstream::chunk(
        &json!([{ "index": 0, "delta": { "reasoning_content": "hmm" }, "finish_reason": null }]),
        &serde_json::Value::Null,
    );
    app.upstream.next(Script::stream().raw(thought).cut());
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    reader.until_end().await;
    assert_eq!(
        reader.outline(),
        [
            "turn-start",
            "reasoning-delta",
            "attempt-start",
            "text-delta",
            "turn-end"
        ]
    );
    assert_eq!(reader.events[2].data["mode"], "restart");
    check_turn(&mut app.database(), &[&reader], Some(&PLAN.text()));
}

/// A restart stands in the log when the process dies: all who read the log agree on the text.
#[tokio::test]
async fn a_crash_after_a_restart_keeps_the_new_text_only() {
    let mut app = TestApp::start();
    app.upstream.next(Script::stream().delta("void").cut());
    app.upstream.next(Script::stream().delta("Because of").hang());
    let mut reader = app.learner.send("Why?").await;
    reader.until_text("Because of").await;
    assert_eq!(reader.text(), "Because of");
    assert_eq!(
        app.learner.turn(&reader.turn_id).await["text"],
        "Because of",
        "while it runs"
    );
    app.restart();
    let end = reader.persist().await;
    assert_eq!(
        (&end.data["status"], &end.data["textLength"]),
        (&json!("interrupted"), &json!(10))
    );
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(turn["text"], "Because of");
    assert_eq!(
        calls(&turn).last().map(String::as_str),
        Some("openai restart server-restarted")
    );
    check_turn(&mut app.database(), &[&reader], Some("Because of"));
}

#[tokio::test]
async fn a_stop_between_attempts_keeps_the_text() {
    let app = Setup::new().continues_partial().start();
    app.upstream.next(Script::stream().delta(&beginning(20)).cut());
    app.upstream.next(Script::refusal(503, "Retry-After: 100\r\n"));
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    reader
        .until(|event| event.name == "retrying" && event.data["reason"] == "provider-overloaded")
        .await;
    let turn = app.learner.stop(&reader.turn_id).await;
    assert_eq!(
        (&turn["status"], &turn["text"]),
        (&json!("stopped"), &json!(beginning(20)))
    );
}

/// A byte now and then, and never a whole event: the limit counts events.
#[tokio::test]
async fn bytes_that_drip_without_a_whole_event_are_silence_and_the_reply_goes_on() {
    let app = Setup::new()
        .continues_partial()
        .provider("idle_timeout_seconds", 1)
        .start();
    let begun = Script::stream().delta(&beginning(40)).raw("data: ");
    let drip = (0..1_000).fold(begun, |script, _| {
        script.raw("x").then(Step::Pause(Duration::from_millis(20)))
    });
    app.upstream.next(drip);
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(reader.text(), PLAN.text());
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        calls(&turn),
        ["openai start provider-idle-timeout", "openai continue complete"]
    );
}
