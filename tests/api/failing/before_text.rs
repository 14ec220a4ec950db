//! Failures before anything of the reply was shown: the learner sees a wait, and then the whole reply.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{calls, chain_of_two};
use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::upstream::{Plan, Script, Upstream};

const PLAN: Plan = Plan {
    seed: 41,
    deltas: 20,
    rate: 0,
    size: 0,
};

#[tokio::test]
async fn every_failure_that_may_pass_is_retried_and_the_reply_is_whole() {
    let app = TestApp::start();
    let failures = [
        (Script::refusal(429, ""), "provider-rate-limited"),
        (Script::refusal(500, ""), "provider-overloaded"),
        (Script::refusal(502, ""), "provider-overloaded"),
        (Script::refusal(503, ""), "provider-overloaded"),
        (Script::refusal(529, ""), "provider-overloaded"),
        (Script::stream().cut(), "provider-disconnected"),
        (Script::stream().raw("data: {\n\n").hang(), "provider-protocol"),
    ];
    for (failure, code) in failures {
        app.upstream.next(failure);
        let mut reader = app.learner.send(&PLAN.to_string()).await;
        let end = reader.until_end().await;
        assert_eq!(end.data["status"], "complete", "after {code}");
        assert_eq!(
            reader.outline(),
            ["turn-start", "text-delta", "turn-end"],
            "after {code}"
        );
        assert_eq!(reader.text(), PLAN.text());
        let turn = app.learner.turn(&reader.turn_id).await;
        assert_eq!(
            calls(&turn),
            [format!("openai start {code}"), "openai start complete".to_owned()]
        );
        check_turn(&mut app.database(), &[&reader], Some(&PLAN.text()));
    }
}

#[tokio::test]
async fn a_provider_that_asks_for_time_gets_it_and_the_reader_is_told() {
    let app = TestApp::start();
    app.upstream.next(Script::refusal(429, "Retry-After: 1\r\n"));
    let asked = Instant::now();
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    let retrying = reader.until_event("retrying").await;
    assert_eq!(
        (&retrying.data["attempt"], &retrying.data["reason"], retrying.id),
        (&json!(2), &json!("provider-rate-limited"), None)
    );
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert!(asked.elapsed() >= Duration::from_secs(1), "it was asked too soon");
    let log = app.database().log(&reader.turn_id);
    assert!(
        log.iter().all(|event| event.name != "retrying"),
        "a passing event is not stored"
    );
}

#[tokio::test]
async fn a_date_to_come_back_at_is_waited_for() {
    let app = TestApp::start();
    let date = chrono::Utc::now() + chrono::Duration::seconds(90);
    let header = format!("Retry-After: {}\r\n", date.format("%a, %d %b %Y %H:%M:%S GMT"));
    app.upstream.next(Script::refusal(503, &header));
    let mut reader = app.learner.send("Why?").await;
    let wait = reader.until_event("retrying").await.data["inMs"].as_u64();
    assert!((30_000..=91_000).contains(&wait.unwrap_or_default()), "{wait:?}");
    app.learner.stop(&reader.turn_id).await;
}

#[tokio::test]
async fn a_reader_who_comes_during_a_wait_is_told_of_it() {
    let app = TestApp::start();
    app.upstream.next(Script::refusal(503, "Retry-After: 60\r\n"));
    let mut first = app.learner.send("Why?").await;
    first.until_event("retrying").await;
    let mut second = app.learner.follow(&first.turn_id).await;
    assert_eq!(
        second.until_event("retrying").await.data["reason"],
        "provider-overloaded"
    );
    app.learner.stop(&first.turn_id).await;
}

#[tokio::test]
async fn a_provider_is_asked_five_times_and_then_the_learner_is_told() {
    let app = TestApp::start();
    app.upstream.always(Script::refusal(503, ""));
    let mut reader = app.learner.send("Why?").await;
    let error = reader.until_event("error").await;
    assert_eq!(
        (&error.data["code"], &error.data["retryable"]),
        (&json!("provider-overloaded"), &json!(true))
    );
    assert_eq!(reader.until_end().await.data["status"], "failed");
    assert_eq!(app.upstream.count(), 5);
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!((calls(&turn).len(), &turn["attempts"]), (5, &json!(5)));
    check_turn(&mut app.database(), &[&reader], Some(""));
}

#[tokio::test]
async fn what_must_not_be_retried_is_not() {
    for (status, code) in [
        (400, "provider-rejected"),
        (401, "provider-unauthorized"),
        (403, "provider-unauthorized"),
        (404, "provider-rejected"),
        (413, "conversation-too-long"),
    ] {
        let app = TestApp::start();
        app.upstream.always(Script::refusal(status, "Retry-After: 0\r\n"));
        let mut reader = app.learner.send("Why?").await;
        let error = reader.until_event("error").await;
        assert_eq!(
            (&error.data["code"], &error.data["retryable"]),
            (&json!(code), &json!(false))
        );
        assert!(!error.raw.contains("secret-canary"));
        reader.until_end().await;
        assert_eq!(app.upstream.count(), 1, "{status}");
        assert!(reader.passing.is_empty(), "{:?}", reader.passing);
    }
}

#[tokio::test]
async fn the_next_provider_answers_when_one_is_down_and_the_reader_is_told_who() {
    let second = Upstream::start();
    let app = chain_of_two(Setup::new(), &second, "").start();
    app.upstream.always(Script::refusal(500, ""));
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(reader.events[0].data["provider"], "first");
    let told = &reader.events[1];
    assert_eq!(
        (
            told.name.as_str(),
            &told.data["mode"],
            &told.data["provider"],
            &told.data["model"]
        ),
        (
            "attempt-start",
            &json!("continue"),
            &json!("second"),
            &json!("second-model")
        )
    );
    assert_eq!(
        (told.data["attempt"].as_i64(), &told.data["reason"]),
        (Some(6), &json!("provider-overloaded"))
    );
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        (&turn["provider"], &turn["attempts"]),
        (&json!("second"), &json!(6))
    );
    check_turn(&mut app.database(), &[&reader], Some(&PLAN.text()));
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_passed_over() {
    let gone = "[[providers]]\nwire = \"openai-chat\"\nname = \"gone\"\nmodel = \"m\"\n";
    let unreachable = [
        ("refused", "http://127.0.0.1:1/v1"),
        ("unknown host", "https://nowhere.invalid/v1"),
        ("no TLS", "https://127.0.0.1:1/v1"),
    ];
    for (what, base_url) in unreachable {
        let setup = Setup::new().without_provider();
        let second = format!(
            "[[providers]]\nwire = \"openai-chat\"\nname = \"second\"\nmodel = \"m\"\nbase_url = \"{}\"\n",
            setup.upstream.base_url()
        );
        let app = setup
            .tables(&format!("{gone}base_url = \"{base_url}\"\n{second}"))
            .start();
        let mut reader = app.learner.send(&PLAN.to_string()).await;
        assert_eq!(reader.until_end().await.data["status"], "complete", "{what}");
        assert_eq!(reader.text(), PLAN.text());
    }
}

/// Silence before the first token: the headers never come, or they come and then nothing.
#[tokio::test]
async fn a_provider_that_is_silent_before_the_first_token_is_given_up_and_asked_again() {
    for silence in [Script::silence(), Script::stream().hang()] {
        let app = Setup::new().provider("first_delta_timeout_seconds", 1).start();
        app.upstream.next(silence);
        let mut reader = app.learner.send(&PLAN.to_string()).await;
        assert_eq!(reader.until_end().await.data["status"], "complete");
        let turn = app.learner.turn(&reader.turn_id).await;
        assert_eq!(calls(&turn)[0], "openai start provider-first-delta-timeout");
        app.upstream
            .request(0)
            .await
            .closed
            .wait("the silent connection is closed")
            .await;
    }
}

#[tokio::test]
async fn a_closed_idle_connection_is_asked_again_at_once_and_counts_for_nothing() {
    let app = Setup::new().retry("tries", 1).start();
    app.learner.send(&PLAN.to_string()).await.until_end().await;
    // The same connection is used again, and closes when the request arrives.
    app.upstream.next(Script::default().cut());
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert!(reader.passing.is_empty(), "nobody waits: {:?}", reader.passing);
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        calls(&turn),
        ["openai start provider-disconnected", "openai start complete"]
    );
}

#[tokio::test]
async fn a_stop_ends_a_wait_at_once() {
    let app = TestApp::start();
    app.upstream.next(Script::refusal(429, "Retry-After: 100\r\n"));
    let mut reader = app.learner.send("Why?").await;
    reader.until_event("retrying").await;
    assert_eq!(app.learner.stop(&reader.turn_id).await["status"], "stopped");
    assert_eq!(reader.until_end().await.data["status"], "stopped");
    assert_eq!(app.upstream.count(), 1);
}

#[tokio::test]
async fn a_turn_that_waits_is_left_for_the_next_process() {
    let mut app = Setup::new().drain_seconds(0).start();
    app.upstream.next(Script::refusal(429, "Retry-After: 100\r\n"));
    let mut reader = app.learner.send(&PLAN.to_string()).await;
    reader.until_event("retrying").await;
    app.sigterm();
    reader.until_event("reconnect").await;
    assert!(app.exited().await.success());
    app.restart();
    assert_eq!(reader.persist().await.data["status"], "complete");
    assert_eq!(reader.text(), PLAN.text());
    check_turn(&mut app.database(), &[&reader], Some(&PLAN.text()));
}
