//! What the database has counted of a user's storage is what the rows say, whatever is done and whenever it ends.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::campaign::{Chance, Round};
use crate::checker::check_storage;
use crate::deadline::eventually;
use crate::storage_limits::{MIB, add, small};

fn below(chance: &mut Chance, end: usize) -> usize {
    usize::try_from(chance.below(end as u64)).expect("a small number")
}

/// One thing that a user may do; whether it is refused is of no interest.
async fn anything(app: &TestApp, chance: &mut Chance) {
    let sessions = app.learner.get("/sessions").await;
    let sessions = sessions["sessions"].as_array().expect("sessions").clone();
    let some = (!sessions.is_empty()).then(|| {
        sessions[below(chance, sessions.len())]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    });
    let Some(id) = some else {
        app.learner.create_session().await;
        return;
    };
    let path = format!("/sessions/{id}");
    let text = "é".repeat(1 + below(chance, 2_000));
    match chance.below(6) {
        0 => drop(
            app.learner
                .call(Method::POST, "/sessions", json!({ "title": "T" }))
                .await,
        ),
        1 => drop(add(&app.learner, &id, &text).await),
        2 => drop(app.learner.call(Method::DELETE, &path, Value::Null).await),
        3 => drop(
            app.learner
                .call(
                    Method::PATCH,
                    &path,
                    json!({ "learnerProfile": { "text": text } }),
                )
                .await,
        ),
        // Nobody reads it: it goes on, and may be met by the next step.
        _ => drop(
            app.learner
                .post_chat(json!({ "message": text, "sessionId": id, "onBusy": "queue" }))
                .await,
        ),
    }
}

#[tokio::test]
async fn the_sums_are_what_the_rows_say_after_anything_and_after_kill_9() {
    let round = Round::all("STORAGE", 1).next().expect("a round");
    let mut chance = round.chance();
    let mut app = small(MIB).limit("messages", 60).limit("sessions", 6).start();
    for _ in 0..3 {
        for _ in 0..25 {
            anything(&app, &mut chance).await;
        }
        check_storage(&mut app.database());
        app.restart();
        check_storage(&mut app.database());
    }
    let running = "SELECT count(*) AS number FROM turns WHERE ended_at IS NULL";
    let mut database = app.database();
    eventually("all turns have ended", || {
        (database.number(running) == 0).then_some(())
    })
    .await;
    let held = "SELECT coalesce(sum(reserved_bytes), 0) AS number FROM user_storage";
    assert_eq!(database.number(held), 0);
}
