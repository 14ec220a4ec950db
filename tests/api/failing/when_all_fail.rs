//! When nobody can answer: the operator's words, a code, what was kept, and a way to go on later.

use serde_json::json;

use crate::app::Setup;
use crate::upstream::{Plan, Script};
use crate::witness::Witness;

#[tokio::test]
async fn the_learner_reads_the_operators_words_and_can_go_on_later() {
    let app = Setup::new()
        .setting("fallback_message", "\"Please ask Ms Ada, or come back later.\"")
        .start();
    app.upstream.always(Script::refusal(429, "Retry-After: 3600\r\n"));
    let plan = Plan::new(47, 12, 0);
    let mut reader = app.learner.send(&plan.to_string()).await;
    let error = reader.until_event("error").await;
    assert_eq!(error.data["detail"], "Please ask Ms Ada, or come back later.");
    assert_eq!(
        (
            &error.data["code"],
            &error.data["retryable"],
            &error.data["retryAfterMs"]
        ),
        (&json!("provider-rate-limited"), &json!(true), &json!(3_600_000))
    );
    assert_eq!(reader.until_end().await.data["status"], "failed");
    assert_eq!(app.upstream.count(), 1, "an hour is longer than anyone waits");

    let messages = app.learner.messages(&reader.session_id).await;
    assert_eq!(
        messages["messages"][1]["errorCode"], "provider-rate-limited",
        "also after a reload"
    );

    app.upstream.always(Script::seeded(&plan, ""));
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&reader.turn_id).await);
    assert_eq!(further.until_end().await.data["status"], "complete");
    assert_eq!(further.text(), plan.text());
    let messages = app.learner.messages(&reader.session_id).await;
    assert_eq!(messages["messages"][1]["errorCode"], json!(null));
}

#[tokio::test]
async fn a_provider_that_may_come_back_is_told_of_rather_than_one_that_stays_broken() {
    let second = crate::upstream::Upstream::start();
    let app = super::chain_of_two(Setup::new(), &second, "").start();
    app.upstream.always(Script::refusal(503, "Retry-After: 200\r\n"));
    second.always(Script::refusal(401, ""));
    let mut reader = app.learner.send("Why?").await;
    let error = reader.until_event("error").await;
    assert_eq!(
        (&error.data["code"], &error.data["retryAfterMs"]),
        (&json!("provider-overloaded"), &json!(200_000))
    );
    reader.until_end().await;
}

#[tokio::test]
async fn a_provider_that_fails_for_everyone_is_left_alone_until_a_probe_succeeds() {
    let app = Setup::new()
        .tables("[breaker]\nfailures = 3\nopen_seconds = 1\n")
        .start();
    for _ in 0..3 {
        app.upstream.next(Script::refusal(500, ""));
    }
    let plan = Plan::new(48, 12, 0);
    let mut reader = app.learner.send(&plan.to_string()).await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(app.upstream.count(), 4);
    let waits = reader
        .passing
        .iter()
        .filter_map(|event| event.data["inMs"].as_u64());
    assert!(
        waits.max() > Some(500),
        "it waited for the breaker: {:?}",
        reader.passing
    );
    let metrics = app
        .learner
        .call(reqwest::Method::GET, "/metrics", json!(null))
        .await;
    let metrics = metrics.text().await.expect("metrics");
    for line in [
        "tutorstream_attempts_total{provider=\"openai\",outcome=\"provider-overloaded\"} 3",
        "tutorstream_attempts_total{provider=\"openai\",outcome=\"complete\"} 1",
        "tutorstream_breaker_state{provider=\"openai\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
}
