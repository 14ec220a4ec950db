//! Stop is final: whenever it comes, however often, from whichever tab.

use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::json;

use crate::app::TestApp;
use crate::campaign::{Chance, Round};
use crate::checker::check_turn;
use crate::client::string;
use crate::upstream::{Plan, Script};

/// Tabs in which replies are stopped at the same time.
const TABS: u64 = 20;

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
    let (one, other) = join(
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

/// What the provider does until it is stopped: says nothing, falls silent, refuses and is asked again; `None`: writes.
fn behaviour(chance: &mut Chance) -> Option<Script> {
    match chance.below(6) {
        0 => Some(Script::silence()),
        1 => Some(Script::stream().hang()),
        2 => Some(Script::refusal(503, "Retry-After: 1\r\n")),
        _ => None,
    }
}

/// One reply, stopped at some moment from one tab or two.
async fn stop_somewhere(app: &TestApp, mut chance: Chance) {
    let rate = 100 + u32::try_from(chance.below(900)).unwrap_or_default();
    let plan = chance.plan(20, rate);
    let mut reader = app.learner.send(&plan.to_string()).await;
    let (one, other) = (chance.moment(80), chance.moment(80));
    let stop = async |moment: Duration| {
        tokio::time::sleep(moment).await;
        let turn = app.learner.stop(&reader.turn_id).await;
        assert_eq!(
            app.database().turn(&reader.turn_id).status,
            string(&turn["status"]),
            "P9"
        );
        turn
    };
    let stops = join(stop(one), stop(if chance.one_in(2) { one } else { other })).await;
    let log = app.database().log(&reader.turn_id);
    reader.persist().await;
    let again = app.learner.stop(&reader.turn_id).await;
    assert_eq!((&stops.0, &stops.1), (&again, &again), "one answer, whoever asks");
    assert_eq!(
        app.database().log(&reader.turn_id),
        log,
        "P9: nothing comes after the answer"
    );
    assert_eq!(again["text"], reader.text());
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn stops_at_random_moments_campaign_are_final() {
    let app = TestApp::start();
    for round in Round::groups("STOP", 240, TABS) {
        let mut chance = round.chance();
        app.upstream.set_always(behaviour(&mut chance));
        let chances = (0..TABS).map(|_| chance.branch()).collect::<Vec<_>>();
        join_all(chances.into_iter().map(|chance| stop_somewhere(&app, chance))).await;
    }
    let requests = app.upstream.count();
    for number in 0..requests {
        let request = app.upstream.request(number).await;
        request.closed.wait("the provider's connection is closed").await;
    }
}
