//! There is no memory left: the process dies, as it must, and nothing that was shown dies with it.

use futures_util::future::{join_all, select};
use reqwest::Method;
use serde_json::json;

use crate::app::Setup;
use crate::checker::check_turn;
use crate::client::Client;
use crate::deadline::within;
use crate::memory;
use crate::upstream::Plan;
use crate::witness::Witness;

/// Bytes that the process may take beyond those that it has.
const LEFT: u64 = 4 << 20;

/// Asks for more and more, whatever comes of it.
async fn flood(learner: &Client) {
    let message = "Why is the sky blue? ".repeat(5_000);
    loop {
        let body = json!({ "message": message });
        let asking = (0..16).map(|_| learner.request(Method::POST, "/stream-chat").json(&body).send());
        join_all(asking).await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_server_without_memory_dies_and_loses_nothing_that_was_shown() {
    let setup = Setup::new().continues_partial().without_merging();
    // Memory that the allocator has set aside in advance would count as had.
    let mut app = setup.variable("MIMALLOC_ARENA_EAGER_COMMIT", "0").start();
    let plans = [1, 2, 3, 4].map(|seed| Plan::new(300 + seed, 200, 100));
    let messages = plans.each_ref().map(Plan::to_string);
    let mut readers = join_all(messages.iter().map(|message| app.learner.send(message))).await;
    join_all(readers.iter_mut().map(|reader| reader.until_text("5:"))).await;
    memory::limit(app.pid(), LEFT);
    let learner = app.learner.clone();
    let dying = Box::pin(app.exited());
    within("it dies", select(dying, Box::pin(flood(&learner)))).await;

    app.restart();
    join_all(readers.iter_mut().map(Witness::persist)).await;
    for (reader, plan) in readers.iter().zip(&plans) {
        check_turn(&mut app.database(), &[reader], Some(&plan.text()));
    }
    let mut database = app.database();
    for turn in database.turns().iter().filter(|turn| turn.status == "streaming") {
        app.learner.stop(&turn.id).await;
    }
    assert_eq!(database.integrity(), "ok");
}
