//! Numbers that were lost with a power cut or an older copy, and further crashes: who has seen them is told, however
//! late it comes back.

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::database::change;
use crate::deadline::eventually;
use crate::upstream::{Script, Signal};
use crate::witness::{Witness, text_of};

fn setup() -> Setup {
    Setup::new().continues_partial().without_merging()
}

/// Ten deltas, which no other letter has.
fn lettered(script: Script, letter: char) -> Script {
    (0..10).fold(script, |script, number| {
        script.delta(&format!("{letter}{number} "))
    })
}

fn copy_of(database: &Path) -> PathBuf {
    let copy = database.with_extension("copy");
    change(database, &format!("VACUUM INTO '{}'", copy.display()));
    copy
}

/// Puts the copy in the place of the database of a server that was killed.
fn put_back(copy: &Path, database: &Path) {
    for log in ["db-wal", "db-shm"] {
        std::fs::remove_file(database.with_extension(log)).expect("an old log");
    }
    std::fs::rename(copy, database).expect("it is restored");
}

/// As if turns had been taken up long ago, so that the next start takes them up again.
fn forget_crash(database: &Path) {
    change(database, "UPDATE turns SET resumed_at = NULL");
}

/// Until the log of a turn has this word.
async fn stored(app: &TestApp, turn_id: &str, word: &str) {
    let told = || text_of(&app.database().log(turn_id)).contains(word).then_some(());
    eventually("the log goes on", told).await;
}

async fn comes_back(app: &TestApp, reader: &mut Witness, rewinds: bool) {
    assert!(reader.resume().await);
    reader.passing.clear();
    assert_eq!(reader.persist().await.name, "turn-end");
    let rewound = reader.passing.iter().any(|event| event.name == "rewind");
    assert_eq!(rewound, rewinds);
    reader.passing.clear();
    assert_eq!(reader.events, app.database().log(&reader.turn_id));
}

/// The checker, which wants 1, 2, 3, need not see these logs.
async fn forget(app: &TestApp, reader: &Witness) {
    let session = format!("/sessions/{}", reader.session_id);
    let gone = app.learner.call(Method::DELETE, &session, Value::Null).await;
    assert_eq!(gone.status(), 204);
}

/// A reply of which a reader has seen what an older copy does not have; another one has followed what came after that.
async fn after_a_loss(app: &mut TestApp) -> (Witness, Witness) {
    let copied = Signal::new();
    let early = Script::stream().delta("Because ").wait_for(&copied);
    app.upstream.next(lettered(early, 'a').hang());
    let mut ahead = app.learner.send("Why is the sky blue?").await;
    ahead.until_text("Because ").await;
    let copy = copy_of(app.database_path());
    copied.give();
    ahead.until_text("a9 ").await;
    app.kill_9();
    ahead.leave();
    put_back(&copy, app.database_path());
    app.upstream.next(lettered(Script::stream(), 'b').hang());
    app.restart();
    let mut after = app.learner.follow(&ahead.turn_id).await;
    after.until_text("b9 ").await;
    after.leave();
    app.kill_9();
    (ahead, after)
}

#[tokio::test]
async fn numbers_that_were_lost_are_still_known_to_be_lost_after_a_further_crash() {
    let mut app = setup().start();
    let (mut ahead, mut after) = after_a_loss(&mut app).await;
    forget_crash(app.database_path());
    let go_on = Signal::new();
    app.upstream
        .next(lettered(Script::stream(), 'c').wait_for(&go_on).finish());
    app.restart();
    stored(&app, &ahead.turn_id, "c9 ").await;
    go_on.give();
    comes_back(&app, &mut ahead, true).await;
    comes_back(&app, &mut after, false).await;
    forget(&app, &ahead).await;
}

#[tokio::test]
async fn numbers_that_were_lost_are_known_to_be_lost_when_the_turn_has_ended() {
    let mut app = setup().start();
    let (mut ahead, mut after) = after_a_loss(&mut app).await;
    // Taken up less than a minute ago: it ends.
    app.restart();
    comes_back(&app, &mut ahead, true).await;
    comes_back(&app, &mut after, false).await;
    forget(&app, &ahead).await;
}

#[tokio::test]
async fn a_crash_before_anything_is_stored_after_a_loss_forgets_nothing() {
    let mut app = setup().start();
    let first_ends = Signal::new();
    let first_script = Script::stream().delta("Because").wait_for(&first_ends);
    app.upstream.next(first_script.finish());
    let mut first = app.learner.send("Why is the sky blue?").await;
    first.until_text("Because").await;
    let queued = json!({ "sessionId": first.session_id, "message": "And at dusk?", "onBusy": "queue" });
    let mut ahead = Witness::of(&app.learner, app.learner.post_chat(queued).await);
    ahead.until_event("turn-start").await;
    let copy = copy_of(app.database_path());
    app.upstream.next(lettered(Script::stream(), 'a').hang());
    first_ends.give();
    ahead.until_text("a9 ").await;
    app.kill_9();
    ahead.leave();
    put_back(&copy, app.database_path());

    // The first turn goes on, and the one behind it has stored nothing when this process dies, too.
    app.upstream.next(Script::stream().hang());
    app.restart();
    app.upstream.request(2).await;
    app.kill_9();
    forget_crash(app.database_path());
    let go_on = Signal::new();
    app.upstream.next(Script::stream().delta(" of").finish());
    app.upstream
        .next(lettered(Script::stream(), 'b').wait_for(&go_on).finish());
    app.restart();
    stored(&app, &ahead.turn_id, "b9 ").await;
    go_on.give();
    comes_back(&app, &mut ahead, true).await;
    forget(&app, &ahead).await;
}
