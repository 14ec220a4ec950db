//! The database is gone for long: locked, on a full disk, or not the file that it was. What was shown stays, readers
//! are told, and where the fault passes the service goes on by itself.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::header;
use crate::database::WriteLock;
use crate::feed::viewer::Viewer;
use crate::problem::refused;
use crate::upstream::{Script, Signal};
use crate::witness::Witness;

/// The provider's silence is not what ends a turn here.
fn setup() -> Setup {
    Setup::new().provider("idle_timeout_seconds", 300)
}

/// A reply that has begun and whose rest comes when the signal is given.
async fn begun(app: &TestApp, rest: &str) -> (Witness, Signal) {
    let go_on = Signal::new();
    let script = Script::stream().delta("Because").wait_for(&go_on).delta(rest);
    app.upstream.next(script.hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    (reader, go_on)
}

/// What everybody is told while nothing can be stored.
async fn assert_degraded(app: &TestApp) {
    assert_eq!(app.learner.status_of("/health/ready").await, 503);
    assert_eq!(app.learner.status_of("/health/live").await, 200);
    let response = app.learner.post_chat(json!({ "message": "And at dusk?" })).await;
    header(&response, "retry-after").parse::<u32>().expect("seconds");
    refused(response, 503, "storage-unavailable").await;
}

/// The turn failed, with what was stored, and was told so as one end.
fn assert_failed(app: &TestApp, reader: &Witness) {
    let names = reader.outline();
    assert!(names.ends_with(&["error", "turn-end"]), "{names:?}");
    let error = &reader.events[reader.events.len() - 2].data;
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&json!("storage-unavailable"), &json!(true))
    );
    assert!(reader.text().starts_with("Because"), "{}", reader.text());
    check_turn(&mut app.database(), &[reader], None);
}

/// The service takes messages again, without a restart.
async fn assert_recovered(app: &TestApp) {
    app.upstream.next(Script::stream().delta("Red.").finish());
    let mut reader = app.learner.send("And at dusk?").await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert_eq!(app.learner.status_of("/health/ready").await, 200);
}

#[tokio::test]
async fn a_lock_of_more_than_half_a_minute_campaign_fails_the_turn_and_spares_the_service() {
    let app = setup().start();
    let (mut reader, go_on) = begun(&app, " of scattering.").await;
    let mut device = Viewer::open(&app.learner, &reader.session_id).await;
    device.until_event("session-snapshot").await;
    let lock = WriteLock::take(app.database_path());
    go_on.give();
    reader.until_event("storage-degraded").await;
    let told = device.until_event("storage-degraded").await;
    assert_eq!(told.data, json!({ "turnId": reader.turn_id }));
    assert_degraded(&app).await;
    let request = app.upstream.request(0).await;
    request.closed.wait("the turn is given up").await;
    assert_degraded(&app).await;
    drop(lock);

    assert_eq!(reader.until_end().await.data["status"], "failed");
    assert_failed(&app, &reader);
    assert_recovered(&app).await;
}

/// A file system of its own that is soon full.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
            .arg(folder.path())
            .output()
            .expect("mount is there");
        assert!(
            mounted.status.success(),
            "a small file system cannot be mounted, which needs root: {}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes until nothing fits.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.path().join("filling")).expect("a file");
        while std::io::Write::write_all(&mut file, &[0; 512]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.path().join("filling")).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also while somebody still has a file open there.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_campaign_stops_writes_alone_and_passes_when_there_is_room() {
    let disk = SmallDisk::new();
    let app = setup().database_at(&disk.path().join("tutor.db")).start();
    let rest = " of scattering".repeat(20_000);
    let (mut reader, go_on) = begun(&app, &rest).await;
    disk.fill();
    go_on.give();
    reader.until_event("storage-degraded").await;
    assert_degraded(&app).await;

    // Reading goes on, also for those who come now.
    assert_eq!(app.learner.turn(&reader.turn_id).await["text"], "Because");
    let messages = app.learner.messages(&reader.session_id).await;
    assert_eq!(messages["messages"].as_array().map(Vec::len), Some(2));
    let mut other = app.learner.follow(&reader.turn_id).await;
    other.until_text("Because").await;

    let request = app.upstream.request(0).await;
    request.closed.wait("the turn is given up").await;
    disk.free();
    reader.until_end().await;
    other.until_end().await;
    assert_eq!(other.events, reader.events);
    assert_failed(&app, &reader);
    assert_recovered(&app).await;
}

/// The service ends when it finds that its database is not there any more, and says so.
async fn assert_gives_up(app: &mut TestApp) {
    let status = app.exited().await;
    assert!(!status.success(), "{status}");
    let log = app.log();
    for words in ["storage.file_replaced", "restart to go on with what is stored"] {
        assert!(log.contains(words), "{words:?} is not in {log}");
    }
}

#[tokio::test]
async fn it_ends_when_its_database_is_deleted_under_it() {
    let mut app = setup().start();
    let (reader, _go_on) = begun(&app, " of scattering.").await;
    let (path, away) = (
        app.database_path().to_owned(),
        app.database_path().with_extension("away"),
    );
    std::fs::rename(&path, &away).expect("the database is moved away");
    assert_gives_up(&mut app).await;
    assert!(!path.exists(), "nothing was created in its place");
    let refusal = app.try_second().err().expect("it does not start without it");
    assert!(
        refusal.message.contains("is gone although it was created here"),
        "{}",
        refusal.message
    );

    std::fs::rename(&away, &path).expect("the database is moved back");
    app.restart();
    let mut again = app.learner.follow(&reader.turn_id).await;
    again.persist().await;
    assert_eq!(again.text(), "Because", "what was shown is still there");
}

#[tokio::test]
async fn it_does_not_write_the_log_of_one_database_over_another() {
    let mut app = setup().start();
    let path = app.database_path().to_owned();
    let backup = path.with_extension("backup");
    let mut other = setup().start();
    other.learner.create_session().await;
    other.sigterm();
    assert!(other.exited().await.success());
    std::fs::copy(other.database_path(), &backup).expect("a copy");
    begun(&app, " of scattering.").await;
    app.kill_9();
    std::fs::rename(&backup, &path).expect("another database is put in its place");

    let refusal = app.try_second().err().expect("it does not start");
    assert!(
        refusal.message.contains("belongs to the old one"),
        "{}",
        refusal.message
    );
    for name in ["tutor.db-wal", "tutor.db-shm"] {
        std::fs::remove_file(path.with_file_name(name)).expect("the old one's log");
    }
    app.restart();
    assert_eq!(app.database().count("sessions"), 1);
    assert_eq!(app.database().count("turns"), 0);
}

#[tokio::test]
async fn it_ends_when_its_database_is_replaced_under_it() {
    let mut app = setup().start();
    let path = app.database_path().to_owned();
    let (other, mut replacement) = (path.with_extension("other"), setup().start());
    replacement.learner.create_session().await;
    replacement.sigterm();
    assert!(replacement.exited().await.success());
    std::fs::copy(replacement.database_path(), &other).expect("a copy");
    let (reader, _go_on) = begun(&app, " of scattering.").await;
    std::fs::rename(&other, &path).expect("another database is put in its place");
    assert_gives_up(&mut app).await;
    let refusal = app.try_second().err().expect("it does not start");
    assert!(
        refusal.message.contains("belongs to the old one"),
        "{}",
        refusal.message
    );
    for name in ["tutor.db-wal", "tutor.db-shm"] {
        let _ = std::fs::remove_file(path.with_file_name(name));
    }

    app.restart();
    assert_eq!(app.database().count("sessions"), 1);
    assert_eq!(
        app.learner.status_of(&format!("/turns/{}", reader.turn_id)).await,
        404
    );
    assert_eq!(
        app.database().count("turns"),
        0,
        "nothing of the old one is in the new one"
    );
}
