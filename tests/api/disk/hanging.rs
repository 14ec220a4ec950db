//! A disk that hangs rather than fails: everybody is told in time, and when it comes back all goes on by itself.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Disk, Hangs};
use crate::app::{Setup, TestApp};
use crate::checker::{check_once, check_turn};
use crate::client::header;
use crate::database::WriteLock;
use crate::deadline::{eventually, within};
use crate::problem::refused;
use crate::upstream::{Script, Signal};
use crate::witness::Witness;

/// A reply that has begun and ends when the signal is given.
async fn begun(app: &TestApp) -> (Witness, Signal) {
    let go_on = Signal::new();
    let script = Script::stream().delta("Because").wait_for(&go_on);
    app.upstream.next(script.delta(" of scattering.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    (reader, go_on)
}

/// How often the log says this.
fn lines(app: &TestApp, words: &str) -> usize {
    app.log().lines().filter(|line| line.contains(words)).count()
}

async fn metrics(app: &TestApp) -> String {
    let response = app.learner.call(Method::GET, "/metrics", Value::Null).await;
    response.text().await.expect("text")
}

async fn until_ready(app: &TestApp) {
    within("it is ready again", async {
        while app.learner.status_of("/health/ready").await != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// Everybody is told, and nothing is lost, while calls of this kind hang in the middle of a reply.
async fn is_told_and_passes(what: Hangs) {
    let disk = Disk::new();
    let app = disk.setup().provider("idle_timeout_seconds", 300).start();
    let (mut reader, go_on) = begun(&app).await;
    let held = disk.hold(what);
    go_on.give();
    disk.hangs(what).await;

    // What waits behind it is refused in time, and not stored later.
    let response = app.learner.post_chat(json!({ "message": "And at dusk?" })).await;
    header(&response, "retry-after").parse::<u32>().expect("seconds");
    let problem = refused(response, 503, "storage-unavailable").await;
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("This try has stored nothing"), "{detail}");

    reader.until_event("storage-degraded").await;
    assert_eq!(app.learner.status_of("/health/ready").await, 503);
    assert_eq!(app.learner.status_of("/health/live").await, 200);
    let mut late = app.learner.follow(&reader.turn_id).await;
    late.until_event("storage-degraded").await;
    late.leave();
    let told = metrics(&app).await;
    assert!(told.contains("tutorstream_storage_state 1\n"), "{told}");
    let response = app.learner.call(Method::POST, "/sessions", json!({})).await;
    refused(response, 503, "storage-unavailable").await;

    drop(held);
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(reader.text(), "Because of scattering.");
    until_ready(&app).await;
    app.learner.send("And at noon?").await.until_end().await;
    eventually("the end is told", || {
        (lines(&app, "storage.recovered") > 0).then_some(())
    })
    .await;
    within("the metric says so", async {
        while !metrics(&app).await.contains("tutorstream_storage_state 0\n") {}
    })
    .await;
    for (words, times) in [
        ("storage.stalled", 1),
        ("storage.recovered", 1),
        ("storage.failing", 0),
    ] {
        assert_eq!(lines(&app, words), times, "{words}: {}", app.log());
    }
    let said = app.database().messages();
    assert!(said.iter().all(|message| message.content != "And at dusk?"));
    check_turn(&mut app.database(), &[&reader], None);
}

#[tokio::test]
async fn a_sync_that_hangs_is_told_and_passes() {
    is_told_and_passes(Hangs::Sync).await;
}

#[tokio::test]
async fn a_write_that_hangs_is_told_and_passes() {
    is_told_and_passes(Hangs::Write).await;
}

#[tokio::test]
async fn a_message_whose_commit_hangs_may_be_stored_and_the_same_key_finds_it() {
    let disk = Disk::new();
    let app = disk.setup().start();
    let go_on = Signal::new();
    app.upstream
        .always(Script::stream().wait_for(&go_on).delta("Because").finish());
    let held = disk.hold(Hangs::Sync);
    let question = json!({ "message": "Why is the sky blue?" });
    let response = app.learner.post_chat_once("k-1", question.clone()).await;
    let problem = refused(response, 503, "storage-unavailable").await;
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(
        detail.contains("may be stored or not") && detail.contains("idempotency key"),
        "{detail}"
    );
    disk.hangs(Hangs::Sync).await;
    drop(held);
    // It is answered although nobody waited for it.
    app.upstream.request(0).await;
    let response = app.learner.post_chat_once("k-1", question).await;
    assert_eq!(header(&response, "idempotent-replayed"), "true");
    let mut reader = Witness::of(&app.learner, response);
    go_on.give();
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(app.upstream.count(), 1);
    check_once(&mut app.database(), "k-1");
    check_turn(&mut app.database(), &[&reader], Some("Because"));
}

#[tokio::test]
async fn reads_that_hang_are_answered_in_time_and_do_not_pile_up() {
    let disk = Disk::new();
    let app = disk.setup().start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let path = format!("/sessions/{}/messages", reader.session_id);
    let held = disk.hold(Hangs::Read);
    // So many that each connection is lost to one, and more.
    for _ in 0..2 {
        let asked = (0..30).map(|_| app.learner.call(Method::GET, &path, Value::Null));
        for response in join_all(asked).await {
            let problem = refused(response, 503, "storage-unavailable").await;
            let detail = problem["detail"].as_str().unwrap_or_default();
            assert!(!detail.contains("stored"), "it was a question: {detail}");
        }
    }
    assert_eq!(app.learner.status_of("/health/ready").await, 503);
    assert_eq!(app.learner.status_of("/health/live").await, 200);
    let told = metrics(&app).await;
    let overdue = told
        .lines()
        .find_map(|line| line.strip_prefix("tutorstream_reads_overdue "))
        .and_then(|count| count.parse::<usize>().ok());
    assert!(overdue.is_some_and(|count| (1..=8).contains(&count)), "{told}");
    drop(held);
    until_ready(&app).await;
    assert_eq!(
        app.learner.get(&path).await["messages"][1]["content"],
        reader.text()
    );
    eventually("the end is told", || {
        (lines(&app, "storage.reads_recovered") > 0).then_some(())
    })
    .await;
    let begins = lines(&app, "storage.reads_stalled") + lines(&app, "storage.no_connection");
    let ends = lines(&app, "storage.reads_recovered");
    assert_eq!((begins, ends), (1, 1), "{}", app.log());
}

/// It has ended, has said so in one line, and the next start has everything that was shown.
async fn leaves_the_rest(mut app: TestApp, mut reader: Witness, let_go: impl FnOnce()) {
    assert_eq!(app.exited().await.code(), Some(1));
    let said = || (lines(&app, "is left for the next start") == 1).then_some(());
    eventually("the log says so once", said).await;
    let_go();
    reader.until_cut().await;
    assert_eq!(reader.text(), "Because");
    app.restart();
    reader.persist().await;
    assert!(reader.text().starts_with("Because"), "{}", reader.text());
    check_turn(&mut app.database(), &[&reader], None);
}

#[tokio::test]
async fn sigterm_ends_it_while_the_disk_hangs() {
    let disk = Disk::new();
    let app = disk.setup().drain_seconds(1).start();
    let (reader, go_on) = begun(&app).await;
    let held = disk.hold(Hangs::Sync);
    go_on.give();
    disk.hangs(Hangs::Sync).await;
    app.sigterm();
    leaves_the_rest(app, reader, || drop(held)).await;
}

#[tokio::test]
async fn sigterm_ends_it_while_another_program_has_the_database() {
    let app = Setup::new().drain_seconds(1).start();
    let (reader, go_on) = begun(&app).await;
    let lock = WriteLock::take(app.database_path());
    go_on.give();
    let request = app.upstream.request(0).await;
    request.played.wait("the reply has come to its end").await;
    app.sigterm();
    leaves_the_rest(app, reader, || drop(lock)).await;
}

#[tokio::test]
async fn sigterm_ends_an_idle_service_while_another_program_has_the_database() {
    let mut app = Setup::new().drain_seconds(1).start();
    let lock = WriteLock::take(app.database_path());
    app.sigterm();
    assert_eq!(app.exited().await.code(), Some(0));
    drop(lock);
}

#[tokio::test]
async fn a_second_sigterm_ends_it_at_once_while_the_disk_hangs() {
    let disk = Disk::new();
    let mut app = disk.setup().drain_seconds(600).start();
    let (mut reader, go_on) = begun(&app).await;
    let held = disk.hold(Hangs::Sync);
    go_on.give();
    disk.hangs(Hangs::Sync).await;
    app.sigterm();
    while app.learner.status_of("/health/ready").await != 503 {
        tokio::task::yield_now().await;
    }
    app.sigterm();
    app.exited().await;
    drop(held);
    app.restart();
    reader.persist().await;
    check_turn(&mut app.database(), &[&reader], None);
}
