//! What one user may take: turns at once, tokens in a day, requests in a minute. One too many is refused with the
//! time to wait, and nothing of it is stored.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::app::Setup;
use crate::client::{Client, header};
use crate::deadline::{eventually, within};
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

async fn ask(client: &Client) -> Response {
    client.call(Method::GET, "/sessions", Value::Null).await
}

#[tokio::test]
async fn who_asks_too_often_is_told_where_it_stands_and_others_notice_nothing() {
    let app = Setup::new()
        .require_auth()
        .limit("requests_per_minute", 4)
        .start();
    let (alice, bob) = (app.as_user("alice"), app.as_user("bob"));
    for left in (0..4).rev() {
        let response = ask(&alice).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "ratelimit-policy"), "\"minute\";q=4;w=60");
        let standing = header(&response, "ratelimit");
        // One comes back every 15 s.
        assert!(
            standing.starts_with(&format!("\"minute\";r={left};t=")),
            "{standing}"
        );
    }
    let response = ask(&alice).await;
    let wait: u64 = header(&response, "retry-after").parse().expect("seconds");
    assert!((1..=15).contains(&wait), "{wait}");
    assert!(header(&response, "ratelimit").starts_with("\"minute\";r=0;t="));
    refused(response, 429, "rate-limited").await;
    assert_eq!(ask(&bob).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_was_taken_of_a_rate_holds_across_a_crash() {
    let mut app = Setup::new()
        .require_auth()
        .limit("requests_per_minute", 3)
        .start();
    let alice = app.as_user("alice");
    while ask(&alice).await.status() == StatusCode::OK {}
    let mut database = app.database();
    // Two of three at least: one comes back in 20 s.
    let stored = "SELECT count(*) AS number FROM request_rates WHERE full_at > 1000 * (unixepoch() + 40)";
    eventually("what was taken is stored", || {
        (database.number(stored) == 1).then_some(())
    })
    .await;
    app.restart();
    alice.move_to(&app.learner.address());
    refused(ask(&alice).await, 429, "rate-limited").await;
}

#[tokio::test]
async fn one_open_stream_too_many_is_refused_until_a_reader_leaves() {
    let app = Setup::new().require_auth().limit("parallel_requests", 2).start();
    let go_on = Signal::new();
    (0..2).for_each(|_| app.upstream.next(waiting(&go_on)));
    let (alice, bob) = (app.as_user("alice"), app.as_user("bob"));
    let mut first = alice.send("Why is the sky blue?").await;
    let mut second = alice.send("And at dusk?").await;
    let response = ask(&alice).await;
    assert_eq!(header(&response, "retry-after"), "5");
    refused(response, 429, "too-many-parallel-requests").await;
    assert_eq!(ask(&bob).await.status(), StatusCode::OK);
    first.leave();
    within("a reader that leaves makes room", async {
        while ask(&alice).await.status() != StatusCode::OK {}
    })
    .await;
    go_on.give();
    second.until_end().await;
    assert!(first.resume().await);
    first.until_end().await;
}

#[tokio::test]
async fn an_address_that_is_wrong_too_often_is_not_listened_to() {
    let app = Setup::new()
        .require_auth()
        .limit("failed_authentications_per_minute", 3)
        .start();
    let alice = app.as_user("alice");
    assert_eq!(ask(&alice).await.status(), StatusCode::OK);
    let wrong = app.learner.with_token(Some("tst_wrong"));
    for _ in 0..3 {
        refused(ask(&wrong).await, 401, "unauthorized").await;
    }
    for client in [&wrong, &app.learner, &alice] {
        let response = ask(client).await;
        let wait: u64 = header(&response, "retry-after").parse().expect("seconds");
        assert!((1..=20).contains(&wait), "{wait}");
        refused(response, 429, "too-many-failures").await;
    }
    assert_eq!(app.learner.status_of("/health/live").await, StatusCode::OK);
}
