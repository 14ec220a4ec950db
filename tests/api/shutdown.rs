//! SIGTERM: turns are finished, or handed over to the next start.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::header;
use crate::problem::refused;
use crate::sse::End;
use crate::upstream::{Plan, Script, Signal};

/// A service that has been told to end while a turn runs, and the turn's reader.
async fn draining(app: &TestApp, message: &str) -> crate::witness::Witness {
    let mut reader = app.learner.send(message).await;
    reader.until_event("text-delta").await;
    app.sigterm();
    reader
}

/// Asks until the service says that it drains.
async fn until_draining(app: &TestApp) {
    crate::deadline::within("readiness goes away", async {
        while app.learner.status_of("/health/ready").await != 503 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn sigterm_during_a_turn_lets_the_turn_finish() {
    let mut app = TestApp::start();
    let plan = Plan::new(41, 60, 100);
    let mut reader = draining(&app, &plan.to_string()).await;
    assert_eq!(reader.persist().await.data["status"], "complete");
    assert_eq!(app.exited().await.code(), Some(0));
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn while_it_drains_it_takes_no_new_message_and_says_so() {
    let mut app = TestApp::start();
    let go_on = Signal::new();
    app.upstream.next(
        Script::stream()
            .delta("Because")
            .wait_for(&go_on)
            .delta(" of scattering.")
            .finish(),
    );
    let mut reader = draining(&app, "Why is the sky blue?").await;
    until_draining(&app).await;

    let response = app.learner.post_chat(json!({ "message": "And at dusk?" })).await;
    header(&response, "retry-after").parse::<u32>().expect("seconds");
    refused(response, 503, "draining").await;
    assert_eq!(app.learner.status_of("/health/live").await, 200);
    let ready = app.learner.call(Method::GET, "/health/ready", Value::Null).await;
    assert_eq!(ready.status(), 503);

    go_on.give();
    reader.persist().await;
    assert_eq!(reader.text(), "Because of scattering.");
    assert_eq!(app.exited().await.code(), Some(0));
    assert_eq!(app.database().count("sessions"), 1);
}

#[tokio::test]
async fn a_turn_longer_than_the_drain_is_handed_over_and_goes_on_after_the_restart() {
    let mut app = Setup::new().continues_partial().drain_seconds(1).start();
    let plan = Plan::new(42, 300, 100);
    let mut reader = draining(&app, &plan.to_string()).await;
    let farewell = reader.until_event("reconnect").await;
    assert!(farewell.data["afterMs"].is_u64(), "{}", farewell.raw);
    assert_eq!(reader.stream().retry, farewell.data["afterMs"].as_u64());
    assert_eq!(reader.next().await, Err(End::Clean));
    assert_eq!(app.exited().await.code(), Some(0));

    app.restart();
    assert_eq!(reader.persist().await.data["status"], "complete");
    assert_eq!(reader.text(), plan.text());
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn a_turn_longer_than_the_drain_keeps_its_text_when_the_provider_cannot_continue() {
    let mut app = Setup::new().drain_seconds(1).start();
    let plan = Plan::new(43, 300, 100);
    let mut reader = draining(&app, &plan.to_string()).await;
    let seen = match reader.until_cut().await {
        End::Clean => reader.text(),
        End::Broken => panic!("the connection ends cleanly"),
    };
    assert_eq!(app.exited().await.code(), Some(0));
    app.restart();
    assert_eq!(reader.persist().await.data["status"], "interrupted");
    assert!(reader.text().starts_with(&seen) && !seen.is_empty());
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn a_second_sigterm_ends_it_at_once_without_loss() {
    let mut app = Setup::new().drain_seconds(600).start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut reader = draining(&app, "Why is the sky blue?").await;
    until_draining(&app).await;
    app.sigterm();
    app.exited().await;
    app.restart();
    reader.persist().await;
    assert_eq!(reader.text(), "Because");
    check_turn(&mut app.database(), &[&reader], None);
}

#[tokio::test]
async fn an_idle_service_ends_at_once() {
    let mut app = Setup::new().drain_seconds(600).start();
    app.sigterm();
    assert_eq!(app.exited().await.code(), Some(0));
}
