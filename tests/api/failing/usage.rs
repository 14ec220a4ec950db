//! Tokens of every call, however it ended, in the turn and in the user's day.

use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::deadline::eventually;
use crate::upstream::{Plan, Script};
use crate::witness::Witness;

/// All columns of the one day on record.
fn days(app: &TestApp) -> [i64; 3] {
    ["calls", "input_tokens", "output_tokens"].map(|column| {
        let sql =
            format!("SELECT sum({column}) AS number FROM usage_days WHERE purpose IN ('reply', 'retry')");
        app.database().number(&sql)
    })
}

/// Tokens of all calls of a turn.
fn sums(turn: &Value) -> (i64, i64) {
    let calls = turn["attemptLog"].as_array().expect("a list");
    let sum = |field: &str| {
        calls
            .iter()
            .filter_map(|call| call["usage"][field].as_i64())
            .sum()
    };
    (sum("inputTokens"), sum("outputTokens"))
}

#[tokio::test]
async fn a_reported_usage_is_kept_as_it_is_and_refusals_cost_nothing() {
    let app = TestApp::start();
    app.upstream.next(Script::refusal(500, ""));
    let mut reader = app.learner.send(&Plan::new(1, 12, 0).to_string()).await;
    let end = reader.until_end().await;
    assert_eq!(
        end.data["usage"],
        json!({ "inputTokens": 9, "outputTokens": 12, "source": "reported" })
    );
    assert_eq!(days(&app), [2, 9, 12]);
}

#[tokio::test]
async fn calls_that_were_cut_or_stopped_are_estimated_and_never_missing() {
    let app = Setup::new().continues_partial().start();
    let plan = Plan::new(2, 40, 0);
    app.upstream.next(Script::stream().delta("0:").cut());
    app.upstream.next(Script::stream().delta("the ").hang());
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_text("the ").await;
    let turn = app.learner.stop(&reader.turn_id).await;
    let calls = turn["attemptLog"].as_array().expect("a list");
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!(call["usage"]["source"], "estimated");
        assert!(call["usage"]["inputTokens"].as_i64() > Some(0), "{call}");
        assert!(call["usage"]["outputTokens"].as_i64() > Some(0), "{call}");
    }
    let (input, output) = sums(&turn);
    assert_eq!(
        turn["usage"],
        json!({ "inputTokens": input, "outputTokens": output, "source": "estimated" })
    );
    assert_eq!(days(&app), [2, input, output]);
}

#[tokio::test]
async fn a_reply_that_is_continued_has_cost_what_both_parts_have() {
    let app = Setup::new().continues_partial().without_retries().start();
    let plan = Plan::new(3, 12, 0);
    app.upstream.next(Script::stream().delta("0:").cut());
    let mut cut = app.learner.send(&plan.to_string()).await;
    let first = cut.until_end().await.data["usage"].clone();
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&cut.turn_id).await);
    let second = further.until_end().await.data["usage"].clone();
    assert_eq!(second["source"], "reported");
    let messages = app.learner.messages(&cut.session_id).await;
    let whole = &messages["messages"][1]["usage"];
    for field in ["inputTokens", "outputTokens"] {
        let parts = [&first, &second].map(|usage| usage[field].as_i64().unwrap_or_default());
        assert_eq!(whole[field].as_i64(), Some(parts.iter().sum()), "{field}");
    }
    assert_eq!(whole["source"], "estimated", "a part of it is");
}

#[tokio::test]
async fn a_day_outlives_the_session_it_was_spent_in() {
    let app = TestApp::start();
    let mut reader = app.learner.send(&Plan::new(4, 12, 0).to_string()).await;
    reader.until_end().await;
    let path = format!("/sessions/{}", reader.session_id);
    let deleted = app
        .learner
        .call(reqwest::Method::DELETE, &path, json!(null))
        .await;
    assert!(deleted.status().is_success());
    assert_eq!((app.database().count("attempts"), days(&app)), (0, [1, 9, 12]));
}

#[tokio::test]
async fn a_call_that_a_crash_ended_is_on_record() {
    let mut app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because of").hang());
    let mut reader = app.learner.send("Why?").await;
    reader.until_text("Because of").await;
    app.restart();
    reader.persist().await;
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(super::calls(&turn), ["openai start server-restarted"]);
    let (input, output) = sums(&turn);
    assert!(input > 0 && output > 0, "{turn}");
    assert_eq!(days(&app), [1, input, output]);
}

/// The calls that had failed before are on record too, with what they wrote and cost; nothing is counted twice.
#[tokio::test]
async fn calls_that_had_failed_before_a_crash_are_on_record_after_it() {
    let mut app = Setup::new().continues_partial().start();
    let plan = Plan::new(5, 40, 0);
    let text = plan.text();
    let (first, second) = (text.floor_char_boundary(30), text.floor_char_boundary(60));
    app.upstream.next(Script::refusal(503, ""));
    app.upstream.next(Script::stream().delta(&text[..first]).cut());
    app.upstream
        .next(Script::stream().delta(&text[first..second]).hang());
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_text(&text[..second]).await;
    app.kill_9();
    app.restart();
    assert_eq!(reader.persist().await.data["status"], "complete");
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        super::calls(&turn),
        [
            "openai start provider-overloaded",
            "openai start provider-disconnected",
            "openai continue server-restarted",
            "openai continue complete"
        ]
    );
    let log = turn["attemptLog"].as_array().expect("a list");
    let texts: Vec<_> = log
        .iter()
        .map(|call| call["text"].as_str().expect("a text"))
        .collect();
    assert_eq!(texts, ["", &text[..first], &text[first..second], &text[second..]]);
    for call in &log[1..] {
        assert!(call["usage"]["inputTokens"].as_i64() > Some(0), "{call}");
        assert!(call["usage"]["outputTokens"].as_i64() > Some(0), "{call}");
    }
    let (input, output) = sums(&turn);
    assert_eq!(
        (&turn["usage"]["inputTokens"], &turn["usage"]["outputTokens"]),
        (&json!(input), &json!(output))
    );
    assert_eq!(days(&app), [4, input, output]);
    check_turn(&mut app.database(), &[&reader], Some(&text));
}

#[tokio::test]
async fn a_crash_in_a_wait_puts_no_call_on_record_that_was_never_made() {
    let mut app = TestApp::start();
    app.upstream.next(Script::refusal(503, "Retry-After: 100\r\n"));
    let mut reader = app.learner.send(&Plan::new(6, 12, 0).to_string()).await;
    reader.until_event("retrying").await;
    eventually("the call is on record", || {
        (app.database().count("attempts") == 1).then_some(())
    })
    .await;
    app.kill_9();
    app.restart();
    assert_eq!(reader.persist().await.data["status"], "complete");
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        super::calls(&turn),
        ["openai start provider-overloaded", "openai start complete"]
    );
    assert_eq!((app.upstream.count(), days(&app)), (2, [2, 9, 12]));
}
