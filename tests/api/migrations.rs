//! Databases of every older schema are taken up with all that is in them, however often the move is cut short.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::app::{Setup, TestApp};
use crate::campaign::Round;
use crate::database::{self, WriteLock};
use crate::upstream::Plan;

const TURN: &str = "01a20460-bd7e-7504-a303-3ac5a18a91c2";
const SESSION: &str = "01a20460-bd7d-75aa-9b57-3e9933e70e02";
const QUESTION: &str = "01a20460-bd7d-75aa-9b57-3e9a0809688a";
const REPLY: &str = "01a20460-bd7e-7504-a303-3ac42833a2fd";

/// Messages of an old database beside those of its turn: so many that a move takes a while.
const FURTHER_MESSAGES: u32 = 20_000;

/// The schemas, oldest first: version and statements.
fn migrations() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let folders = fs::read_dir(folder).expect("migrations").map_while(Result::ok);
    let mut folders = folders.map(|folder| folder.path()).collect::<Vec<_>>();
    folders.sort();
    let migrations = folders.iter().map(|folder| {
        let name = folder.file_name().expect("a name").to_string_lossy();
        let (version, _) = name.split_once('_').expect("a version");
        let statements = fs::read_to_string(folder.join("up.sql")).expect("statements");
        (version.replace('-', ""), statements)
    });
    migrations.collect()
}

/// The events of the turn that every old database has.
fn frames() -> String {
    let frame =
        |number: u32, name: &str, data: &str| format!("id: {number}\nevent: {name}\ndata: {data}\n\n");
    let start = format!(
        r#"{{"turnId":"{TURN}","sessionId":"{SESSION}","userMessageId":"{QUESTION}","messageId":"{REPLY}","provider":"openai","model":"m","createdAt":"2026-11-22T17:49:38.558Z"}}"#
    );
    let end = format!(
        r#"{{"status":"complete","finishReason":"stop","usage":{{"inputTokens":9,"outputTokens":2,"source":"reported"}},"messageId":"{REPLY}","textLength":8,"cached":false}}"#
    );
    [
        frame(1, "turn-start", &start),
        frame(2, "text-delta", r#"{"text":"Because."}"#),
        frame(3, "turn-end", &end),
    ]
    .concat()
}

/// A database as the first version of the program left it, at the schema after `count` migrations.
fn old_database(folder: &Path, count: usize) -> PathBuf {
    let path = folder.join("tutor.db");
    let frames = frames();
    let rows = format!(
        "INSERT INTO sessions (id, owner, title, created_at, updated_at) VALUES ('{SESSION}', 'local', 'Light', 1, 2);
        INSERT INTO messages (id, session_id, position, role, content, status, created_at, updated_at) VALUES
            ('{QUESTION}', '{SESSION}', 1, 'user', 'Why is the sky blue?', 'complete', 1, 1);
        INSERT INTO messages (id, session_id, position, role, content, status, finish_reason, reply_to, created_at,
            updated_at) VALUES
            ('{REPLY}', '{SESSION}', 2, 'assistant', 'Because.', 'complete', 'stop', '{QUESTION}', 1, 2);
        INSERT INTO turns (id, session_id, user_message_id, message_id, status, provider, model, finish_reason,
            last_number, created_at, ended_at) VALUES
            ('{TURN}', '{SESSION}', '{QUESTION}', '{REPLY}', 'complete', 'openai', 'm', 'stop', 3, 1, 2);
        INSERT INTO turn_events VALUES ('{TURN}', 1, 3, CAST('{frames}' AS BLOB));
        INSERT INTO idempotency_keys (owner, key, fingerprint, turn_id, created_at) VALUES
            ('local', 'k-1', 'x', '{TURN}', 1);
        WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < {FURTHER_MESSAGES})
        INSERT INTO messages (id, session_id, position, role, content, status, created_at, updated_at)
            SELECT printf('01a20460-0000-7000-8000-%012d', i), '{SESSION}', i, 'user', 'more', 'complete', i, i FROM n;"
    );
    let versions = "PRAGMA journal_mode = WAL;
        CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
            run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);";
    database::change(&path, versions);
    for (number, (version, statements)) in migrations().into_iter().take(count).enumerate() {
        let applied = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}');");
        database::change(&path, &format!("BEGIN; {statements} {applied} COMMIT;"));
        if number == 0 {
            database::change(&path, &rows);
        }
    }
    path
}

/// Its turn ended long ago: its log would go.
fn with_old_logs(path: &Path) -> Setup {
    Setup::new()
        .setting("events_after", "\"never\"")
        .database_at(path)
}

/// Everything that the old database had is there, and the service goes on with it.
async fn assert_taken_up(app: &TestApp) {
    let mut again = app.learner.follow(TURN).await;
    again.until_end().await;
    let bytes = again
        .events
        .iter()
        .map(|event| event.raw.as_str())
        .collect::<String>();
    assert_eq!(bytes, frames(), "the stream as it was sent");
    let path = format!("/sessions/{SESSION}/messages?limit=1");
    let newest = app.learner.get(&path).await;
    assert_eq!(newest["messages"][0]["content"], "more");
    assert_eq!(app.database().count("messages"), i64::from(FURTHER_MESSAGES));
    let plan = Plan::new(98, 10, 0);
    let mut next = app.learner.send_in(SESSION, &plan.to_string()).await;
    next.until_end().await;
    assert_eq!(next.text(), plan.text());
    let path = format!("/sessions/{SESSION}");
    let deleted = app.learner.call(Method::DELETE, &path, Value::Null).await;
    assert_eq!(deleted.status(), 204, "no row of it is in the way");
}

#[tokio::test]
async fn a_database_of_every_older_schema_is_taken_up_with_all_that_is_in_it() {
    let versions = migrations().len();
    assert!(versions > 1, "there are older schemas");
    for count in 1..=versions {
        let folder = tempfile::tempdir().expect("a folder");
        let app = with_old_logs(&old_database(folder.path(), count)).start();
        assert_taken_up(&app).await;
    }
}

/// Starts the program and kills it after a while, whatever it does then.
async fn start_and_kill(path: &Path, after: std::time::Duration) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_tutorstream"))
        .current_dir(path.parent().expect("a folder"))
        .env_clear()
        .env("TUTORSTREAM_BIND", "127.0.0.1:0")
        .env("DATABASE_URL", format!("sqlite://{}", path.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program can be started");
    tokio::time::sleep(after).await;
    // It may have ended by itself.
    let _ = process.kill();
    process.wait().expect("a child can be waited for");
}

#[tokio::test]
async fn a_move_to_this_schema_that_is_killed_campaign_is_finished_by_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = old_database(folder.path(), 1);
    let versions = i64::try_from(migrations().len()).expect("a few");
    let (mut early, mut halfway) = (0, 0);
    for round in Round::all("MIGRATION", 20) {
        let mut chance = round.chance();
        let copy = TempDir::new().expect("a folder");
        let path = copy.path().join("tutor.db");
        fs::copy(&old, &path).expect("a copy");
        for _ in 0..=chance.below(3) {
            start_and_kill(&path, chance.moment(50)).await;
            let mut database = database::Database::open(&path);
            assert_eq!(database.integrity(), "ok");
            let applied = database.count("__diesel_schema_migrations");
            early += usize::from(applied < versions);
            halfway += usize::from((2..versions).contains(&applied));
        }
        let app = with_old_logs(&path).start();
        assert_taken_up(&app).await;
    }
    eprintln!("{early} starts were killed before the schema was this one's, {halfway} of them halfway");
    assert!(early > 0, "no start was killed early enough to tell anything");
}

#[tokio::test]
async fn a_start_that_is_killed_while_the_old_database_is_locked_has_changed_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = old_database(folder.path(), 1);
    let lock = WriteLock::take(&path);
    start_and_kill(&path, std::time::Duration::from_millis(300)).await;
    drop(lock);
    assert_eq!(
        database::Database::open(&path).count("__diesel_schema_migrations"),
        1
    );
    let app = with_old_logs(&path).start();
    assert_taken_up(&app).await;
}
