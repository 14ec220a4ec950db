//! A further reply to the same message; the old one stays as an alternative.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::checker::check_turn;
use crate::client::{header, string};
use crate::problem::refused;
use crate::upstream::{Script, Signal};
use crate::witness::Witness;

/// A session with one question and one reply: the reader, the question's id, the reply's id.
async fn answered(app: &TestApp) -> (Witness, String, String) {
    app.upstream
        .next(Script::stream().delta("Because of scattering.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let start = reader.events[0].data.clone();
    (
        reader,
        string(&start["userMessageId"]),
        string(&start["messageId"]),
    )
}

#[tokio::test]
async fn a_regenerated_reply_stands_beside_the_old_one() {
    let app = TestApp::start();
    let (first, question, reply) = answered(&app).await;
    app.upstream
        .next(Script::stream().delta("Air scatters blue light most.").finish());
    let response = app.learner.post_regenerate(&first.session_id, &reply).await;
    let mut second = Witness::of(&app.learner, response);
    assert_eq!(second.until_end().await.data["status"], "complete");
    assert_eq!(second.outline(), ["turn-start", "text-delta", "turn-end"]);
    assert_eq!(second.events[0].data["userMessageId"], question.as_str());
    assert_ne!(second.events[0].data["messageId"], reply.as_str());

    let messages = app.learner.messages(&first.session_id).await["messages"].clone();
    let replies = [&messages[1], &messages[2]];
    assert_eq!(
        replies.map(|reply| &reply["replyTo"]),
        [&json!(question), &json!(question)]
    );
    let contents = ["Because of scattering.", "Air scatters blue light most."].map(Value::from);
    assert_eq!(replies.map(|reply| reply["content"].clone()), contents);
    let turns = [&first.turn_id, &second.turn_id].map(|id| json!(id));
    assert_eq!(replies.map(|reply| reply["turnId"].clone()), turns);
    check_turn(&mut app.database(), &[&second], None);
}

#[tokio::test]
async fn the_prompt_of_a_further_reply_ends_with_the_question() {
    let app = TestApp::start();
    let (first, question, _) = answered(&app).await;
    let mut second = Witness::of(
        &app.learner,
        app.learner.post_regenerate(&first.session_id, &question).await,
    );
    second.until_end().await;
    let request = app.upstream.request(1).await;
    assert_eq!(
        request.messages().last().expect("a prompt")["content"],
        "Why is the sky blue?"
    );
    assert!(!request.body.to_string().contains("Because of scattering."));
}

#[tokio::test]
async fn the_conversation_goes_on_from_the_newest_reply() {
    let app = TestApp::start();
    let (first, _, reply) = answered(&app).await;
    app.upstream
        .next(Script::stream().delta("Air scatters blue light most.").finish());
    Witness::of(
        &app.learner,
        app.learner.post_regenerate(&first.session_id, &reply).await,
    )
    .until_end()
    .await;
    app.learner
        .send_in(&first.session_id, "And at dusk?")
        .await
        .until_end()
        .await;
    let prompt = app.upstream.request(2).await.body.to_string();
    assert!(prompt.contains("Air scatters blue light most.") && !prompt.contains("Because of scattering."));
}

#[tokio::test]
async fn nothing_is_regenerated_while_a_turn_runs() {
    let app = TestApp::start();
    let (first, _, reply) = answered(&app).await;
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().delta("It is red").wait_for(&go_on).finish());
    let mut running = app.learner.send_in(&first.session_id, "And at dusk?").await;
    running.until_text("It is red").await;
    let response = app.learner.post_regenerate(&first.session_id, &reply).await;
    assert_eq!(
        header(&response, "location"),
        format!("/turns/{}/events", running.turn_id)
    );
    refused(response, 409, "turn-running").await;
    go_on.give();
    running.until_end().await;
    assert_eq!(app.upstream.count(), 2);
}

#[tokio::test]
async fn what_does_not_exist_is_not_regenerated() {
    let app = TestApp::start();
    let (first, _, reply) = answered(&app).await;
    let other = app.learner.create_session().await;
    let unknown = "0197a000-0000-7000-8000-000000000000";
    for (session, message) in [
        (first.session_id.as_str(), unknown),
        (unknown, &reply),
        (&other, &reply),
    ] {
        refused(
            app.learner.post_regenerate(session, message).await,
            404,
            "not-found",
        )
        .await;
    }
    refused(
        app.learner.post_regenerate(&first.session_id, "nonsense").await,
        400,
        "invalid-id",
    )
    .await;
    assert_eq!(app.upstream.count(), 1);
}
