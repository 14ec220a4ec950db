//! Stop is final: whenever it comes, however often, from whichever tab.

use serde_json::json;

use crate::app::TestApp;
use crate::checker::check_turn;
use crate::upstream::{Plan, Script};

#[tokio::test]
async fn stop_is_final_and_keeps_the_text() {
    let app = TestApp::start();
    let plan = Plan::new(31, 2_000, 100);
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_event("text-delta").await;

    let turn = app.learner.stop(&reader.turn_id).await;
    assert_eq!(turn["status"], "stopped");
    let log = app.database().log(&reader.turn_id);
    app.upstream
        .request(0)
        .await
        .closed
        .wait("the upstream sees the connection close")
        .await;
    assert_eq!(
        app.database().log(&reader.turn_id),
        log,
        "nothing is stored after the answer to stop"
    );

    assert_eq!(reader.until_end().await.data["status"], "stopped");
    assert_eq!(turn["text"], reader.text());
    assert_eq!(turn["lastEventId"], reader.last_event_id());
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn stop_ends_a_turn_whose_provider_is_silent() {
    let app = TestApp::start();
    let silences = [
        Script::silence(),
        Script::stream().hang(),
        Script::stream().delta("Because").hang(),
    ];
    for (number, script) in silences.into_iter().enumerate() {
        app.upstream.next(script);
        let mut reader = app.learner.send("Why is the sky blue?").await;
        let request = app.upstream.request(number).await;
        request.played.wait("the provider falls silent").await;
        if number == 2 {
            reader.until_text("Because").await;
        }
        assert_eq!(app.learner.stop(&reader.turn_id).await["status"], "stopped");
        request
            .closed
            .wait("the upstream sees the connection close")
            .await;
        assert_eq!(reader.until_end().await.data["status"], "stopped");
        assert_eq!(reader.text(), if number == 2 { "Because" } else { "" });
    }
}

#[tokio::test]
async fn stop_twice_and_from_two_tabs_at_once_gives_one_answer() {
    let app = TestApp::start();
    let mut reader = app.learner.send(&Plan::new(32, 2_000, 100).to_string()).await;
    reader.until_event("text-delta").await;
    let (one, other) = futures_util::future::join(
        app.learner.stop(&reader.turn_id),
        app.learner.clone().stop(&reader.turn_id),
    )
    .await;
    let again = app.learner.stop(&reader.turn_id).await;
    assert_eq!((&one, &other), (&again, &again));
    reader.until_end().await;
    check_turn(&mut app.database(), &[&reader], None);
}

#[tokio::test]
async fn stop_after_the_end_changes_nothing() {
    let app = TestApp::start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let before = app.learner.turn(&reader.turn_id).await;
    assert_eq!(app.learner.stop(&reader.turn_id).await, before);
    assert_eq!(before["status"], json!("complete"));
}

#[tokio::test]
async fn stop_at_any_moment_leaves_one_end_and_what_was_seen() {
    let app = TestApp::start();
    for seen in 0..30 {
        let plan = Plan::new(33 + seen, 25, 500);
        let mut reader = app.learner.send(&plan.to_string()).await;
        for _ in 0..seen % 12 {
            if reader.next().await.expect("an event").name == "turn-end" {
                break;
            }
        }
        let turn = app.learner.stop(&reader.turn_id).await;
        reader.persist().await;
        assert_eq!(turn["text"], reader.text());
        check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
    }
}
