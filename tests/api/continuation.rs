//! A reply that was stopped or cut can be continued: a further turn that goes on with the same message.

use serde_json::json;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::{header, string};
use crate::problem::refused;
use crate::upstream::{Plan, Script};
use crate::witness::Witness;

#[tokio::test]
async fn continuing_a_stopped_reply_is_a_new_turn_on_the_same_message() {
    let app = Setup::new().continues_partial().start();
    let plan = Plan::new(91, 200, 100);
    let mut cut = app.learner.send(&plan.to_string()).await;
    cut.until_text("5:").await;
    let kept = string(&app.learner.stop(&cut.turn_id).await["text"]);
    cut.until_end().await;

    let response = app.learner.post_continue(&cut.turn_id).await;
    let location = header(&response, "location");
    let mut further = Witness::of(&app.learner, response);
    assert_eq!(location, format!("/turns/{}/events", further.turn_id));
    assert_ne!(further.turn_id, cut.turn_id);
    assert_eq!(further.until_end().await.data["status"], "complete");

    assert_eq!(
        further.outline()[..4],
        ["turn-start", "text-delta", "attempt-start", "text-delta"]
    );
    assert_eq!(
        further.events[0].data["messageId"],
        cut.events[0].data["messageId"]
    );
    assert_eq!(
        further.events[0].data["userMessageId"],
        cut.events[0].data["userMessageId"]
    );
    assert_eq!(further.events[1].data["text"], kept.as_str());
    assert_eq!(further.events[2].data["mode"], "continue");
    assert_eq!(further.text(), plan.text());
    assert_eq!(app.upstream.request(1).await.kept(), Some(kept.as_str()));
    check_turn(&mut app.database(), &[&further], Some(&plan.text()));
    assert_eq!(app.database().messages().len(), 2, "no further message");
}

#[tokio::test]
async fn an_interrupted_reply_is_continued_also_by_a_provider_that_begins_anew() {
    let app = Setup::new().without_retries().start();
    app.upstream.next(Script::stream().delta("Because of ").cut());
    let mut cut = app.learner.send("Why is the sky blue?").await;
    assert_eq!(cut.until_end().await.data["status"], "interrupted");

    app.upstream.next(Script::stream().delta("scattering.").finish());
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&cut.turn_id).await);
    further.until_end().await;
    assert_eq!(further.text(), "Because of scattering.");
    let message_id = string(&further.events[0].data["messageId"]);
    assert_eq!(
        app.database().message(&message_id).content,
        "Because of scattering."
    );
    cut.leave();
    let mut old = app.learner.follow(&cut.turn_id).await;
    old.until_end().await;
    assert_eq!(old.events, cut.events, "the first turn's log stays as it was");
}

#[tokio::test]
async fn a_continuation_that_is_cut_can_be_continued_again() {
    let app = Setup::new().continues_partial().start();
    let plan = Plan::new(92, 400, 100);
    let mut reader = app.learner.send(&plan.to_string()).await;
    for part in ["5:", "15:", "25:"] {
        reader.until_text(part).await;
        app.learner.stop(&reader.turn_id).await;
        reader.until_end().await;
        check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
        reader = Witness::of(&app.learner, app.learner.post_continue(&reader.turn_id).await);
    }
    reader.until_end().await;
    assert_eq!(reader.text(), plan.text());
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn what_is_complete_running_or_already_continued_is_not_continued() {
    let app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut cut = app.learner.send("Why is the sky blue?").await;
    cut.until_text("Because").await;
    let response = app.learner.post_continue(&cut.turn_id).await;
    assert_eq!(
        header(&response, "location"),
        format!("/turns/{}/events", cut.turn_id)
    );
    refused(response, 409, "turn-running").await;

    app.learner.stop(&cut.turn_id).await;
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&cut.turn_id).await);
    further.until_end().await;
    for turn_id in [&cut.turn_id, &further.turn_id] {
        refused(app.learner.post_continue(turn_id).await, 409, "not-continuable").await;
    }
    let unknown = "0197a000-0000-7000-8000-000000000000";
    refused(app.learner.post_continue(unknown).await, 404, "not-found").await;
    assert_eq!(app.upstream.count(), 2);
}

#[tokio::test]
async fn a_continuation_cannot_be_cut_out_of_its_kept_text() {
    let app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut cut = app.learner.send("Why is the sky blue?").await;
    cut.until_text("Because").await;
    app.learner.stop(&cut.turn_id).await;

    app.upstream.next(Script::silence());
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&cut.turn_id).await);
    further.until_event("attempt-start").await;
    let messages = app.learner.messages(&further.session_id).await;
    assert_eq!(messages["messages"][1]["content"], "Because");
    assert_eq!(messages["activeTurn"]["turnId"], further.turn_id.as_str());
    let turn = app.learner.stop(&further.turn_id).await;
    assert_eq!(
        (&turn["status"], &turn["text"]),
        (&json!("stopped"), &json!("Because"))
    );
    further.until_end().await;
    check_turn(&mut app.database(), &[&further], None);
}
