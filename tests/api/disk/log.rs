//! The write-ahead log beside a foreign snapshot: with `normal` durability it is synced all the same, and one that only
//! grows is told.

use std::process::{Child, Command};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Disk, Hangs};
use crate::app::TestApp;
use crate::checker::check_turn;
use crate::database::ReadTransaction;
use crate::deadline::eventually;
use crate::upstream::{Script, Signal, chunk};

/// The log is synced so often while somebody looks: more than what is about to end anyhow.
const SYNCS: u64 = 4;

/// Writes go on until the log was synced a few times more.
async fn assert_synced(app: &TestApp, disk: &Disk) {
    let before = disk.log_syncs();
    let mut database = app.database();
    let session = app.learner.create_session().await;
    while disk.log_syncs() < before + SYNCS {
        let syncs = disk.log_syncs();
        let path = format!("/sessions/{session}");
        let title = json!({ "title": format!("after {syncs} syncs") });
        app.learner.json(Method::PATCH, &path, title).await;
        eventually("what was written is synced", || {
            (disk.log_syncs() > syncs).then_some(())
        })
        .await;
    }
    assert_eq!(database.count("sessions"), 1);
}

fn setup(disk: &Disk) -> TestApp {
    disk.setup().variable("TUTORSTREAM_DURABILITY", "normal").start()
}

#[tokio::test]
async fn a_normal_log_is_synced_about_every_second_beside_a_long_reader() {
    let disk = Disk::new();
    let app = setup(&disk);
    // Nothing of the log can be moved from here on.
    let reader = ReadTransaction::begin(app.database_path());
    assert_synced(&app, &disk).await;
    drop(reader);
    assert_eq!(app.database().integrity(), "ok");
}

/// A program that copies the database, until it has done so.
struct Copying(Child);

impl Copying {
    /// Copies with SQLite's own shell, on a disk that can be held.
    fn start(app: &TestApp, disk: &Disk, command: &str) -> Self {
        let child = Command::new("sqlite3")
            .arg(app.database_path())
            .arg(command)
            .env("LD_PRELOAD", disk.file("hold.so"))
            .env("DISK_FOLDER", disk.file("copying"))
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("sqlite3 is there: install Debian's package sqlite3");
        Self(child)
    }

    fn succeeds(&mut self) {
        assert!(self.0.wait().expect("a child can be waited for").success());
    }
}

#[tokio::test]
async fn a_normal_log_is_synced_about_every_second_beside_a_backup() {
    let disk = Disk::new();
    let app = setup(&disk);
    app.learner.create_session().await;
    let folder = disk.file("copying");
    std::fs::create_dir(&folder).expect("a folder");
    // The backup has its snapshot, and cannot write what it read.
    std::fs::write(folder.join("hold-write"), "").expect("a file");
    let backup = folder.join("backup.db");
    let command = format!("VACUUM INTO '{}'", backup.display());
    let mut copying = Copying::start(&app, &disk, &command);
    let held = folder.join("held-write");
    eventually("the backup writes", || held.exists().then_some(())).await;
    let before = disk.log_syncs();
    let session = app.learner.create_session().await;
    for number in 0..SYNCS {
        let syncs = disk.log_syncs();
        let path = format!("/sessions/{session}");
        app.learner
            .json(Method::PATCH, &path, json!({ "title": number.to_string() }))
            .await;
        eventually("what was written is synced", || {
            (disk.log_syncs() > syncs).then_some(())
        })
        .await;
    }
    assert!(disk.log_syncs() >= before + SYNCS);
    std::fs::remove_file(folder.join("hold-write")).expect("it was held");
    copying.succeeds();
    assert_eq!(app.database().integrity(), "ok");
}

/// The metric.
async fn log_bytes(app: &TestApp) -> u64 {
    let response = app.learner.call(Method::GET, "/metrics", Value::Null).await;
    let text = response.text().await.expect("text");
    let bytes = text
        .lines()
        .find_map(|line| line.strip_prefix("tutorstream_wal_bytes "));
    bytes.and_then(|bytes| bytes.parse().ok()).expect("the metric")
}

#[tokio::test]
async fn a_log_that_only_grows_is_told_once_and_is_short_again_campaign() {
    let disk = Disk::new();
    let app = disk
        .setup()
        .flooded()
        .variable("TUTORSTREAM_DURABILITY", "normal")
        .start();
    let text = "x".repeat(16_000);
    let delta = json!([{ "index": 0, "delta": { "content": text }, "finish_reason": null }]);
    let long = Script::stream().repeated(chunk(&delta, &Value::Null), 120);
    app.upstream.always(long.finish());
    let reader = ReadTransaction::begin(app.database_path());
    let mut database = app.database();
    while !app.log().contains("storage.log_held") {
        let mut asking = app.learner.send("Tell me all of it.").await;
        asking.leave();
        let complete = || (database.turn(&asking.turn_id).status == "complete").then_some(());
        eventually("the reply is stored", complete).await;
    }
    assert!(log_bytes(&app).await > 64 << 20);
    drop(reader);
    // The next writes find it free, and it is cut.
    while log_bytes(&app).await > 32 << 20 {
        let mut asking = app.learner.send("And again.").await;
        asking.until_end().await;
    }
    let log = app.log();
    assert_eq!(log.matches("storage.log_held").count(), 1, "{log}");
    assert_eq!(log.matches("storage.log_freed").count(), 1, "{log}");
}

#[tokio::test]
async fn a_disk_that_hangs_in_a_checkpoint_holds_no_reply_back() {
    let disk = Disk::new();
    let app = setup(&disk);
    let go_on = Signal::new();
    let script = Script::stream().delta("Because").wait_for(&go_on);
    app.upstream.next(script.delta(" of scattering.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let held = disk.hold(Hangs::Sync);
    disk.hangs(Hangs::Sync).await;
    go_on.give();
    assert_eq!(reader.until_end().await.data["status"], "complete");
    drop(held);
    check_turn(&mut app.database(), &[&reader], None);
}
