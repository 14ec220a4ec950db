//! A model that is asked to go on and begins anew: nothing is said twice, and what cannot be joined is announced.

use serde_json::json;

use super::calls;
use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::upstream::Script;
use crate::witness::Witness;

const KEPT: &str = "A fraction such as 3/4 tells us two ";

/// A reply that breaks off behind [`KEPT`], and another call that gives these deltas.
fn after_a_cut(app: &TestApp, deltas: &[&str]) {
    app.upstream.next(Script::stream().delta(KEPT).cut());
    let begun = Script::stream();
    let script = deltas.iter().fold(begun, |script, delta| script.delta(delta));
    app.upstream.next(script.finish());
}

#[tokio::test]
async fn what_was_said_is_not_said_again() {
    let app = Setup::new().continues_partial().start();
    for deltas in [
        &["A fraction such as 3/4 tells us two things."][..],
        &["A ", "fraction such", " as 3/4 tells us two", " things", "."],
        &["\n\nA fraction such as 3/4 ", "tells us two things."],
        &["things."],
    ] {
        after_a_cut(&app, deltas);
        let mut reader = app.learner.send("What is 3/4?").await;
        assert_eq!(reader.until_end().await.data["status"], "complete");
        let whole = format!("{KEPT}things.");
        assert_eq!(reader.text(), whole, "{deltas:?}");
        let attempt = reader.events.iter().find(|event| event.name == "attempt-start");
        assert_eq!(attempt.expect("a further call").data["mode"], "continue");
        check_turn(&mut app.database(), &[&reader], Some(&whole));
    }
}

#[tokio::test]
async fn another_reply_that_begins_alike_stands_instead_and_is_announced() {
    let app = Setup::new().continues_partial().start();
    let other = "A fraction such as 3/4 tells how many parts there are.";
    after_a_cut(&app, &[&other[..10], &other[10..30], &other[30..]]);
    let mut reader = app.learner.send("What is 3/4?").await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
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
    let attempt = reader.events.iter().find(|event| event.name == "attempt-start");
    let told = &attempt.expect("a further call").data;
    assert_eq!(
        (&told["mode"], &told["reason"], &told["attempt"]),
        (&json!("restart"), &json!("begins-anew"), &json!(2))
    );
    assert_eq!(reader.text(), other);
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(turn["text"], other);
    assert_eq!(
        calls(&turn),
        ["openai start provider-disconnected", "openai restart complete"]
    );
    check_turn(&mut app.database(), &[&reader], Some(other));
}

#[tokio::test]
async fn a_reply_that_is_continued_in_words_is_joined_as_well() {
    let app = Setup::new().without_retries().start();
    app.upstream.next(Script::stream().delta(KEPT).cut());
    let mut cut = app.learner.send("What is 3/4?").await;
    assert_eq!(cut.until_end().await.data["status"], "interrupted");
    let again = Script::stream()
        .delta("A fraction such as")
        .delta(" 3/4 tells us two things.");
    app.upstream.next(again.finish());
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&cut.turn_id).await);
    assert_eq!(further.until_end().await.data["status"], "complete");
    let whole = format!("{KEPT}things.");
    assert_eq!(further.text(), whole);
    check_turn(&mut app.database(), &[&further], Some(&whole));
}

#[tokio::test]
async fn a_continued_reply_that_begins_anew_in_other_words_replaces_what_was_kept() {
    let app = Setup::new().without_retries().start();
    app.upstream.next(Script::stream().delta(KEPT).cut());
    let mut cut = app.learner.send("What is 3/4?").await;
    cut.until_end().await;
    let other = "A fraction such as 3/4 tells how many parts there are.";
    app.upstream.next(Script::stream().delta(other).finish());
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&cut.turn_id).await);
    assert_eq!(further.until_end().await.data["status"], "complete");
    assert_eq!(further.text(), other);
    let messages = app.learner.messages(&cut.session_id).await;
    assert_eq!(messages["messages"][1]["content"], other);
    check_turn(&mut app.database(), &[&further], Some(other));
}
