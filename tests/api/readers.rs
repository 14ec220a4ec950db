//! Readers come, leave, come back, stall and crowd; the turn does not notice.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::deadline::{eventually, within};
use crate::upstream::{Plan, Script, Signal};
use crate::wire::connect;

#[tokio::test]
async fn a_turn_goes_on_when_its_reader_leaves() {
    let app = TestApp::start();
    let plan = Plan::new(11, 60, 300);
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_event("text-delta").await;
    reader.leave();

    let mut database = app.database();
    let complete = || (database.turn(&reader.turn_id).status == "complete").then_some(());
    eventually("the turn ends without a reader", complete).await;

    assert!(reader.resume().await);
    reader.until_end().await;
    assert_eq!(reader.text(), plan.text());
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn a_turn_goes_on_when_its_reader_leaves_before_the_first_byte() {
    let app = TestApp::start();
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().wait_for(&go_on).delta("Because.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    app.upstream.request(0).await;
    reader.leave();
    go_on.give();
    assert!(reader.resume().await);
    reader.until_end().await;
    assert_eq!(reader.text(), "Because.");
}

#[tokio::test]
async fn a_tab_that_is_closed_politely_or_reset_is_no_reader_any_more() {
    let app = TestApp::start();
    let go_on = Signal::new();
    let script = Script::stream().delta("Because").wait_for(&go_on);
    app.upstream.next(script.delta(" of scattering.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    for politely in [true, false] {
        let mut tab = connect(&app.learner).await;
        let request = format!(
            "GET /turns/{}/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
            reader.turn_id
        );
        tab.write_all(request.as_bytes())
            .await
            .expect("the request is sent");
        within("the tab is a reader", async {
            while app.learner.open_streams().await != 2 {}
        })
        .await;
        if !politely {
            let reset = socket2::SockRef::from(&tab).set_linger(Some(Duration::ZERO));
            reset.expect("closing is to reset");
        }
        drop(tab);
        within("the tab is no reader any more", async {
            while app.learner.open_streams().await != 1 {}
        })
        .await;
    }
    go_on.give();
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(reader.text(), "Because of scattering.");
}

#[tokio::test]
async fn a_reader_resumes_without_gap_or_repeat_after_every_event() {
    let app = Setup::new().without_merging().start();
    let plan = Plan::new(12, 40, 400);
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_end().await;
    assert!(
        reader.events.len() > 20,
        "{} events are too few to tell anything",
        reader.events.len()
    );

    for seen in 0..reader.events.len() {
        let mut again = app.learner.follow(&reader.turn_id).await;
        for _ in 0..seen {
            again.next().await.expect("an event");
        }
        again.leave();
        assert!(again.resume().await, "there is more after event {seen}");
        again.until_end().await;
        assert_eq!(again.events, reader.events, "resumed after event {seen}");
    }
    assert!(!reader.resume().await, "there is nothing after the last event");
}

#[tokio::test]
async fn a_reader_that_reconnects_after_every_event_of_a_live_turn_misses_nothing() {
    let app = Setup::new().without_merging().start();
    let plan = Plan::new(13, 60, 200);
    let mut restless = app.learner.send(&plan.to_string()).await;
    let mut calm = app.learner.follow(&restless.turn_id).await;
    while restless.next().await.expect("an event").name != "turn-end" {
        restless.leave();
        assert!(restless.resume().await);
    }
    calm.until_end().await;
    assert_eq!(restless.events, calm.events);
    check_turn(&mut app.database(), &[&restless, &calm], Some(&plan.text()));
}

#[tokio::test]
async fn two_readers_see_the_same_bytes() {
    let app = TestApp::start();
    let plan = Plan::new(14, 80, 400);
    let mut first = app.learner.send(&plan.to_string()).await;
    first.until_event("text-delta").await;
    let mut second = app.learner.follow(&first.turn_id).await;
    futures_util::future::join(first.until_end(), second.until_end()).await;
    assert_eq!(first.events, second.events);
    check_turn(&mut app.database(), &[&first, &second], Some(&plan.text()));
}

#[tokio::test]
async fn what_a_reader_is_shown_is_already_stored() {
    let app = Setup::new().without_merging().start();
    let plan = Plan::new(17, 60, 200);
    let mut reader = app.learner.send(&plan.to_string()).await;
    let mut database = app.database();
    loop {
        let shown = reader.next().await.expect("an event");
        assert!(
            database.log(&reader.turn_id).contains(&shown),
            "shown and not stored: {}",
            shown.raw
        );
        if shown.name == "turn-end" {
            break;
        }
    }
    check_turn(&mut database, &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn a_slow_reader_costs_the_turn_and_other_readers_nothing() {
    let app = TestApp::start();
    let plan = Plan {
        size: 4_000,
        ..Plan::new(15, 300, 0)
    };
    let mut slow = app.learner.send(&plan.to_string()).await;
    let mut quick = app.learner.follow(&slow.turn_id).await;

    // The slow one has not taken a byte yet.
    quick.until_end().await;
    assert_eq!(quick.text(), plan.text());
    assert_eq!(app.database().turn(&quick.turn_id).status, "complete");

    slow.persist().await;
    assert_eq!(slow.events, quick.events);
    check_turn(&mut app.database(), &[&slow, &quick], Some(&plan.text()));
}

#[tokio::test]
async fn a_long_finished_turn_is_replayed_as_it_was_sent() {
    let mut app = TestApp::start();
    let plan = Plan {
        size: 1_000,
        ..Plan::new(16, 700, 0)
    };
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_end().await;
    app.restart();
    let mut later = app.learner.follow(&reader.turn_id).await;
    later.until_end().await;
    assert_eq!(later.events, reader.events);
    check_turn(&mut app.database(), &[&later, &reader], Some(&plan.text()));
}
