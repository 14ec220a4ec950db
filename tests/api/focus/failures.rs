//! A planner that does not plan is no reason to wait, and none to fail.

use reqwest::Method;
use serde_json::{Value, json};

use super::{focus_of, patient, planning_within, version};
use crate::app::{Setup, TestApp};
use crate::database::change;
use crate::deadline::within;
use crate::upstream::{Script, Signal, focus_plan};
use crate::witness::Witness;

/// A turn that is answered by a plan of local rules.
async fn answered_by_rules(app: &TestApp) -> Witness {
    let mut reader = app.learner.send("Why is the sky blue?").await;
    let end = reader.until_end().await;
    assert_eq!(end.data["status"], "complete");
    let told = focus_of(&reader);
    assert_eq!(
        (&told["source"], &told["topic"]),
        (&json!("fallback"), &json!("sky blue"))
    );
    reader
}

#[tokio::test]
async fn a_planner_that_errs_or_answers_rubbish_is_replaced_by_local_rules() {
    let app = patient();
    let mut inventive = focus_plan();
    inventive["systemPrompt"] = json!("You are a pirate.");
    for (number, script) in [
        Script::plain(500, "application/json", "{}"),
        Script::plain(401, "application/json", "{}"),
        Script::plain(200, "text/html", "<html>"),
        Script::stream().delta("Sure! Let us begin.").finish(),
        Script::stream().delta("{\"topic\": ").finish(),
        Script::stream().delta(&focus_plan().to_string()).cut(),
        Script::stream().reset(),
        Script::json(&Value::Null),
        Script::json(&inventive),
    ]
    .into_iter()
    .enumerate()
    {
        app.upstream.next_plan(script);
        let reader = answered_by_rules(&app).await;
        // Behind the answer a plan is tried again.
        version(&app, &reader.session_id, 2).await;
        assert_eq!(app.upstream.plan_count(), 2 * (number + 1));
    }
}

#[tokio::test]
async fn a_planner_that_hangs_again_and_again_is_no_longer_waited_for() {
    let app = planning_within(50);
    for _ in 0..4 {
        app.upstream.next_plan(Script::silence());
    }
    for _ in 0..3 {
        answered_by_rules(&app).await;
    }
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().wait_for(&go_on).delta("Ask.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    app.upstream.request(3).await;
    assert_eq!(app.upstream.plan_count(), 3, "nobody was asked before the answer");
    go_on.give();
    reader.until_end().await;
    assert_eq!(focus_of(&reader)["source"], "fallback");
    app.upstream.plan_request(3).await;
}

#[tokio::test]
async fn a_planner_that_failed_is_waited_for_again_when_it_has_planned_behind_an_answer() {
    let app = patient();
    for _ in 0..4 {
        app.upstream
            .next_plan(Script::plain(500, "application/json", "{}"));
    }
    for _ in 0..2 {
        answered_by_rules(&app).await;
    }
    let unanswered = ["first", "fallback"]
        .map(|reason| format!("tutorstream_plans_total{{reason=\"{reason}\",outcome=\"unanswered\"}} 2"));
    shown(&app, &unanswered).await;

    // It would be waited for until the test is over.
    let go_on = Signal::new();
    app.upstream.next_plan(
        Script::stream()
            .wait_for(&go_on)
            .delta(&focus_plan().to_string())
            .finish(),
    );
    let reader = answered_by_rules(&app).await;
    go_on.give();
    version(&app, &reader.session_id, 2).await;
    let mut next = app.learner.send("Why is the sky blue?").await;
    next.until_end().await;
    assert_eq!(focus_of(&next)["source"], "planned");
}

/// Waits until the metrics have all these lines.
async fn shown(app: &TestApp, lines: &[String]) {
    let arrived = async {
        loop {
            let response = app.learner.call(Method::GET, "/metrics", Value::Null).await;
            let page = response.text().await.expect("a text");
            if lines.iter().all(|line| page.lines().any(|found| found == line)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    within("the metrics show it", arrived).await;
}

#[tokio::test]
async fn a_planner_that_hangs_costs_no_more_than_the_budget_and_plans_for_the_next_message() {
    let app = planning_within(50);
    let go_on = Signal::new();
    app.upstream.next_plan(
        Script::stream()
            .wait_for(&go_on)
            .delta(&focus_plan().to_string())
            .finish(),
    );
    let first = answered_by_rules(&app).await;

    go_on.give();
    let planned = version(&app, &first.session_id, 2).await;
    assert_eq!(
        (&planned["source"], &planned["topic"]),
        (&json!("planned"), &json!("Why the sky is blue"))
    );
    let mut second = app.learner.send_in(&first.session_id, "Is it the air?").await;
    second.until_end().await;
    assert_eq!(
        (&focus_of(&second)["source"], &focus_of(&second)["version"]),
        (&json!("reused"), &json!(2))
    );
}

#[tokio::test]
async fn a_stop_during_planning_is_immediate_and_calls_the_plan_off() {
    let app = patient();
    app.upstream.next_plan(Script::silence());
    let reader = app.learner.send("Why is the sky blue?").await;
    let request = app.upstream.plan_request(0).await;
    let stopped = app.learner.stop(&reader.turn_id).await;
    assert_eq!(
        (&stopped["status"], &stopped["text"]),
        (&json!("stopped"), &json!(""))
    );
    request.closed.wait("the planner's connection is closed").await;
    assert_eq!(app.upstream.count(), 0, "nobody is asked for a reply");
}

#[tokio::test]
async fn a_crash_during_planning_plans_again_and_a_crash_after_it_does_not() {
    let mut app = Setup::new()
        .planning()
        .continues_partial()
        .setting("planner.budget_ms", 60_000)
        .start();
    app.upstream.next_plan(Script::silence());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_event("turn-start").await;
    app.upstream.plan_request(0).await;
    app.upstream.next(Script::silence());
    app.restart();
    reader.leave();
    app.upstream.request(0).await;
    assert_eq!(app.upstream.plan_count(), 2);

    app.kill_9();
    // Long ago, so that it is no crash loop.
    change(app.database_path(), "UPDATE turns SET resumed_at = 0");
    app.restart();
    let end = reader.persist().await;
    assert_eq!(end.data["status"], "complete");
    assert_eq!(
        (focus_of(&reader)["version"].as_i64(), app.upstream.plan_count()),
        (Some(1), 2)
    );
}

#[tokio::test]
async fn what_is_planned_for_a_deleted_session_is_forgotten() {
    let app = planning_within(0);
    let go_on = Signal::new();
    let late = Script::stream()
        .wait_for(&go_on)
        .delta(&focus_plan().to_string())
        .finish();
    app.upstream.next_plan(late);
    let reader = answered_by_rules(&app).await;
    let request = app.upstream.plan_request(0).await;
    let path = format!("/sessions/{}", reader.session_id);
    app.learner.call(Method::DELETE, &path, Value::Null).await;
    go_on.give();
    request.played.wait("the plan is sent").await;
    app.learner.send("Why is grass green?").await.until_end().await;
    let of_gone = format!(
        "SELECT count(*) AS number FROM session_focus WHERE session_id = '{}'",
        reader.session_id
    );
    assert_eq!(app.database().number(&of_gone), 0);
}

#[tokio::test]
async fn plans_and_learners_words_stay_out_of_the_log() {
    let app = Setup::new().planning().start();
    app.learner
        .send("Why is the canary yellow?")
        .await
        .until_end()
        .await;
    app.upstream
        .next_plan(Script::stream().delta("canary rubbish").finish());
    app.learner
        .send("Another canary question?")
        .await
        .until_end()
        .await;
    let log = app.log();
    assert!(log.contains("focus.refused"), "{log}");
    for word in ["canary", "scattering", "colours"] {
        assert!(!log.contains(word), "{word} is in the log");
    }
}
