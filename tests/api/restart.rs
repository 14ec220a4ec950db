//! `kill -9` in the middle of a reply, and what the next start makes of it.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::checker::{check_once, check_turn};
use crate::database::{change, take_back};
use crate::deadline::eventually;
use crate::upstream::{Plan, Script, Signal};
use crate::witness::{Witness, text_of};

#[tokio::test]
async fn a_restart_with_a_half_written_message_goes_on_with_it() {
    let mut app = Setup::new().continues_partial().start();
    let plan = Plan::new(61, 150, 150);
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_text("20:").await;
    app.kill_9();
    app.restart();

    assert_eq!(reader.persist().await.data["status"], "complete");
    assert_eq!(reader.text(), plan.text(), "one text, as if nothing had happened");
    let further = reader
        .events
        .iter()
        .find(|event| event.name == "attempt-start")
        .expect("an attempt-start");
    assert_eq!(
        (&further.data["attempt"], &further.data["mode"]),
        (&json!(2), &json!("continue"))
    );
    assert_eq!(app.upstream.count(), 2);
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn a_restart_with_a_half_written_message_keeps_it_for_the_learner_to_continue() {
    let mut app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because of ").hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because of ").await;
    app.kill_9();
    app.restart();

    assert_eq!(reader.persist().await.data["status"], "interrupted");
    assert_eq!(reader.text(), "Because of ");
    check_turn(&mut app.database(), &[&reader], None);
    assert_eq!(
        app.upstream.count(),
        1,
        "no provider is asked without the learner"
    );

    app.upstream.next(Script::stream().delta("scattering.").finish());
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&reader.turn_id).await);
    assert_eq!(further.until_end().await.data["status"], "complete");
    assert_eq!(further.text(), "Because of scattering.");
    check_turn(&mut app.database(), &[&further], None);
}

#[tokio::test]
async fn a_restart_before_the_first_delta_leaves_one_end() {
    let mut app = Setup::new().continues_partial().start();
    app.upstream.next(Script::silence());
    let plan = Plan::new(62, 20, 0);
    let mut reader = app.learner.send(&plan.to_string()).await;
    app.upstream.request(0).await;
    app.kill_9();
    app.restart();
    reader.persist().await;
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn a_repeat_after_a_crash_joins_the_turn_that_was_begun() {
    let mut app = Setup::new().continues_partial().start();
    let plan = Plan::new(63, 100, 200);
    let body = json!({ "message": plan.to_string() });
    let mut reader = Witness::of(
        &app.learner,
        app.learner.post_chat_once("k-1", body.clone()).await,
    );
    reader.until_event("text-delta").await;
    app.kill_9();
    app.restart();

    let mut again = Witness::of(&app.learner, app.learner.post_chat_once("k-1", body).await);
    assert_eq!(again.turn_id, reader.turn_id);
    again.persist().await;
    reader.persist().await;
    assert_eq!(again.events, reader.events);
    assert_eq!(app.database().messages().len(), 2);
    check_once(&mut app.database(), "k-1");
    check_turn(&mut app.database(), &[&reader, &again], Some(&plan.text()));
}

#[tokio::test]
async fn a_turn_that_waited_for_another_one_is_not_forgotten() {
    let mut app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut first = app.learner.send("Why is the sky blue?").await;
    first.until_text("Because").await;
    let queued = json!({ "sessionId": first.session_id, "message": "And at dusk?", "onBusy": "queue" });
    let mut second = Witness::of(&app.learner, app.learner.post_chat(queued).await);
    app.kill_9();
    app.restart();
    first.persist().await;
    second.persist().await;
    check_turn(&mut app.database(), &[&first], None);
    check_turn(&mut app.database(), &[&second], None);
}

#[tokio::test]
async fn turns_that_were_left_over_are_taken_up_in_few_commits() {
    const TURNS: usize = 40;
    let mut app = TestApp::start();
    app.upstream.always(Script::stream().delta("Because").hang());
    let mut readers = join_all((0..TURNS).map(|_| app.learner.send("Why is the sky blue?"))).await;
    join_all(readers.iter_mut().map(|reader| reader.until_text("Because"))).await;
    app.kill_9();
    app.restart();
    // All have ended before the first request is answered.
    let metrics = app.learner.call(Method::GET, "/metrics", Value::Null).await;
    let metrics = metrics.text().await.expect("text");
    let commits = metrics
        .lines()
        .find_map(|line| line.strip_prefix("tutorstream_commits_total "))
        .and_then(|commits| commits.parse::<usize>().ok())
        .expect("the metric");
    assert!(commits < TURNS / 2, "{commits} commits for {TURNS} turns");
    for reader in &mut readers {
        assert_eq!(reader.persist().await.data["status"], "interrupted");
    }
}

#[tokio::test]
async fn many_turns_at_once_survive_a_crash() {
    let mut app = Setup::new().continues_partial().without_merging().start();
    let plans = (0..8)
        .map(|seed| Plan::new(70 + seed, 150, 100))
        .collect::<Vec<_>>();
    let messages = plans.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut readers = join_all(messages.iter().map(|message| app.learner.send(message))).await;
    join_all(readers.iter_mut().map(|reader| reader.until_text("30:"))).await;
    app.kill_9();
    app.restart();
    join_all(readers.iter_mut().map(Witness::persist)).await;
    for (reader, plan) in readers.iter().zip(&plans) {
        assert_eq!(reader.text(), plan.text());
        check_turn(&mut app.database(), &[reader], Some(&plan.text()));
    }
}

#[tokio::test]
async fn a_crash_loop_does_not_ask_the_provider_again_and_again() {
    let mut app = Setup::new().continues_partial().start();
    app.upstream.always(Script::stream().delta("Because").hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    for _ in 0..4 {
        app.kill_9();
        app.restart();
    }
    reader.persist().await;
    assert!(
        app.upstream.count() <= 2,
        "{} requests reached the provider",
        app.upstream.count()
    );
    check_turn(&mut app.database(), &[&reader], None);
}

#[tokio::test]
async fn a_crash_between_the_first_events_of_a_continuation_keeps_the_text() {
    let mut app = TestApp::start();
    app.upstream.next(Script::stream().delta("Because of ").hang());
    let mut cut = app.learner.send("Why is the sky blue?").await;
    cut.until_text("Because of ").await;
    app.learner.stop(&cut.turn_id).await;
    app.upstream.next(Script::silence());
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&cut.turn_id).await);
    further.until_event("attempt-start").await;
    app.kill_9();
    // The log was stored event by event, and the crash came after the first.
    take_back(app.database_path(), &further.turn_id, 1);
    app.restart();

    let turn = app.learner.stop(&further.turn_id).await;
    assert_eq!(turn["text"], "Because of ", "the learner has seen it");
}

#[tokio::test]
async fn a_client_that_is_ahead_after_a_power_cut_goes_back_and_on_without_a_gap() {
    let mut app = Setup::new()
        .variable("TUTORSTREAM_DURABILITY", "normal")
        .continues_partial()
        .without_merging()
        .start();
    let plan = Plan::new(64, 60, 100);
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until(|event| event.id == Some(12)).await;
    app.kill_9();
    reader.leave();
    take_back(app.database_path(), &reader.turn_id, 6);
    let go_on = Signal::new();
    let rest = plan
        .deltas_after(&text_of(&app.database().log(&reader.turn_id)))
        .expect("a part of the plan");
    let script = Script::stream().wait_for(&go_on);
    app.upstream.next(
        rest.iter()
            .fold(script, |script, delta| script.delta(delta))
            .finish(),
    );
    app.restart();

    assert!(reader.resume().await);
    let told = reader.next().await.expect("a passing event");
    assert_eq!((told.id, told.name.as_str()), (None, "rewind"));
    go_on.give();
    assert_eq!(reader.persist().await.data["status"], "complete");
    reader.passing.clear();
    assert_eq!(reader.text(), plan.text());
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn a_copy_of_an_earlier_moment_in_the_same_place_is_noticed() {
    let mut app = Setup::new().continues_partial().without_merging().start();
    let (copied, go_on) = (Signal::new(), Signal::new());
    let early = Script::stream().delta("Because ").wait_for(&copied);
    app.upstream.next(lettered(early, 'a').hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because ").await;
    let copy = app.database_path().with_extension("copy");
    change(app.database_path(), &format!("VACUUM INTO '{}'", copy.display()));
    let age = app.noted_age();
    copied.give();
    reader.until_text("a9 ").await;
    eventually("a later age is noted", || (app.noted_age() > age).then_some(())).await;
    app.kill_9();
    reader.leave();

    // `cp` writes into the file that is there.
    std::fs::write(app.database_path(), std::fs::read(&copy).expect("the copy")).expect("it is restored");
    for log in ["db-wal", "db-shm"] {
        std::fs::remove_file(app.database_path().with_extension(log)).expect("an old log");
    }
    app.upstream
        .next(lettered(Script::stream(), 'b').wait_for(&go_on).finish());
    app.restart();
    eventually("other events have the numbers that the reader saw", || {
        text_of(&app.database().log(&reader.turn_id))
            .contains("b9 ")
            .then_some(())
    })
    .await;

    assert!(reader.resume().await);
    let told = reader.next().await.expect("a passing event");
    assert_eq!((told.id, told.name.as_str()), (None, "rewind"));
    go_on.give();
    assert_eq!(reader.persist().await.data["status"], "complete");
    reader.passing.clear();
    assert_eq!(reader.events, app.database().log(&reader.turn_id));
    assert!(
        !reader.text().contains("a1 "),
        "nothing is mixed: {}",
        reader.text()
    );
    // Numbers that were lost are not used again; the checker, which wants 1, 2, 3, need not see this log.
    assert!(reader.last_event_id() > 1_000_000);
    let session = format!("/sessions/{}", reader.session_id);
    app.learner.call(Method::DELETE, &session, Value::Null).await;
}

/// Ten deltas, which no other letter has.
fn lettered(script: Script, letter: char) -> Script {
    (0..10).fold(script, |script, number| {
        script.delta(&format!("{letter}{number} "))
    })
}
