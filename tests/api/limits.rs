//! What one user may take: turns at once, tokens in a day, requests in a minute. One too many is refused with the
//! time to wait, and nothing of it is stored.

use serde_json::json;

use crate::app::Setup;
use crate::client::header;
use crate::problem::refused;
use crate::upstream::{Script, Signal};
use crate::witness::Witness;

fn waiting(go_on: &Signal) -> Script {
    Script::stream()
        .delta("Because")
        .wait_for(go_on)
        .delta(".")
        .finish()
}

#[tokio::test]
async fn one_turn_too_many_is_refused_until_another_has_ended() {
    let app = Setup::new().limit("turns", 2).start();
    let go_on = Signal::new();
    (0..2).for_each(|_| app.upstream.next(waiting(&go_on)));
    let mut first = app.learner.send("Why is the sky blue?").await;
    let mut second = app.learner.send("And at dusk?").await;
    let response = app.learner.post_chat(json!({ "message": "And at night?" })).await;
    assert_eq!(header(&response, "retry-after"), "5");
    refused(response, 429, "too-many-turns").await;
    assert_eq!(app.database().count("turns"), 2);
    go_on.give();
    first.until_end().await;
    second.until_end().await;
    app.learner.send("And at night?").await.until_end().await;
}

#[tokio::test]
async fn a_repeated_request_joins_its_turn_when_no_other_may_begin() {
    let app = Setup::new().limit("turns", 1).start();
    let go_on = Signal::new();
    app.upstream.next(waiting(&go_on));
    let body = json!({ "message": "Why is the sky blue?" });
    let first = app.learner.post_chat_once("key", body.clone()).await;
    let mut first = Witness::of(&app.learner, first);
    let again = app.learner.post_chat_once("key", body).await;
    assert_eq!(header(&again, "idempotent-replayed"), "true");
    let other = json!({ "message": "And at dusk?" });
    refused(
        app.learner.post_chat_once("other", other).await,
        429,
        "too-many-turns",
    )
    .await;
    go_on.give();
    first.until_end().await;
}

#[tokio::test]
async fn turns_that_a_restart_took_up_count_too() {
    let mut app = Setup::new().limit("turns", 1).continues_partial().start();
    let go_on = Signal::new();
    app.upstream.next(waiting(&go_on));
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let rest = Signal::new();
    app.upstream
        .always(Script::stream().wait_for(&rest).delta(".").finish());
    app.restart();
    let response = app.learner.post_chat(json!({ "message": "And at dusk?" })).await;
    refused(response, 429, "too-many-turns").await;
    rest.give();
    reader.persist().await;
}
