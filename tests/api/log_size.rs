//! The write-ahead log has a bound, whoever reads meanwhile: a reader that waits holds no read transaction.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::Setup;
use crate::deadline::eventually;
use crate::upstream::{Script, chunk};

/// Most bytes of the log.
const BOUND: u64 = 64 << 20;
const IDLE_READERS: usize = 200;
const DELTA: usize = 16_000;
/// Deltas of one reply, which is a little less than a reply may be.
const DELTAS: usize = 120;
/// Replies, of which each is written twice at least.
const REPLIES: usize = 36;

#[tokio::test]
async fn the_write_ahead_log_stays_small_beside_idle_readers_campaign() {
    let app = Setup::new().provider("idle_timeout_seconds", 600).start();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut idle = app.learner.send("Why is the sky blue?").await;
    idle.until_text("Because").await;
    let turn_id = idle.turn_id.clone();
    let mut readers = join_all((0..IDLE_READERS).map(|_| app.learner.follow(&turn_id))).await;
    join_all(readers.iter_mut().map(|reader| reader.until_text("Because"))).await;

    let text = "x".repeat(DELTA);
    let delta = json!([{ "index": 0, "delta": { "content": text }, "finish_reason": null }]);
    let long = Script::stream().repeated(chunk(&delta, &Value::Null), DELTAS);
    app.upstream.always(long.finish());
    let log = app.database_path().with_extension("db-wal");
    let mut database = app.database();
    for _ in 0..REPLIES {
        let mut reader = app.learner.send("Tell me all of it.").await;
        reader.leave();
        let complete = || (database.turn(&reader.turn_id).status == "complete").then_some(());
        eventually("the reply is stored", complete).await;
        let bytes = std::fs::metadata(&log).expect("a log").len();
        assert!(bytes <= BOUND, "{bytes} bytes of log");
    }
    let stored = database.number("SELECT sum(length(frames)) AS number FROM turn_events");
    assert!(
        stored.cast_unsigned() > BOUND,
        "{stored} bytes would have fitted into one log"
    );
    app.learner.stop(&turn_id).await;
    for reader in &mut readers {
        reader.until_end().await;
    }
}
