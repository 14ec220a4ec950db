//! When the program starts, and when it refuses to: with a clear sentence and without touching anything.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::app::{Setup, TestApp};
use crate::database;
use crate::server::Refusal;

/// Bytes of a page of the database.
const PAGE: usize = 4096;

/// Checks that the start was refused for a reason that names `words`.
fn assert_refused(refused: Result<TestApp, Refusal>, words: &[&str]) {
    let Err(refusal) = refused else {
        panic!("it started")
    };
    assert!(!refusal.status.success(), "{}", refusal.status);
    for word in words {
        assert!(
            refusal.message.contains(word),
            "{word:?} is not in {:?}",
            refusal.message
        );
    }
    assert!(!refusal.message.contains("panicked"), "{}", refusal.message);
}

/// A folder with a database as a server left it: one session, no process that has it open.
async fn left_behind() -> (TempDir, PathBuf) {
    let mut app = TestApp::start();
    app.learner.create_session().await;
    app.sigterm();
    assert!(app.exited().await.success());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tutor.db");
    fs::copy(app.database_path(), &path).expect("a copy");
    (folder, path)
}

#[tokio::test]
async fn it_prints_its_address_and_serves_there() {
    let app = TestApp::start();
    assert!(
        app.learner.address().starts_with("http://127.0.0.1:"),
        "{}",
        app.learner.address()
    );
    assert_eq!(app.learner.status_of("/health/live").await, 200);
}

#[tokio::test]
async fn it_refuses_a_file_that_is_no_database_and_leaves_it_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tutor.db");
    let bytes = "not a database ".repeat(1000);
    fs::write(&path, &bytes).expect("a file");
    assert_refused(
        Setup::new().database_at(&path).try_start(),
        &["tutor.db", "damaged"],
    );
    assert_eq!(fs::read_to_string(&path).expect("a file"), bytes);
}

#[tokio::test]
async fn it_refuses_a_damaged_database_and_leaves_it_alone() {
    let (_folder, path) = left_behind().await;
    let mut bytes = fs::read(&path).expect("a file");
    assert!(bytes.len() > 3 * PAGE, "{} bytes", bytes.len());
    // The first page stays; what the others hold does not.
    bytes[PAGE..].fill(0xa5);
    fs::write(&path, &bytes).expect("a file");
    assert_refused(
        Setup::new().database_at(&path).try_start(),
        &["tutor.db", "damaged"],
    );
    assert!(fs::read(&path).expect("a file") == bytes, "nothing was changed");
}

#[tokio::test]
async fn it_refuses_a_database_with_one_damaged_page_whichever_it_is() {
    let (_folder, path) = left_behind().await;
    let sound = fs::read(&path).expect("a file");
    for page in 0..sound.len() / PAGE {
        let mut bytes = sound.clone();
        // What kind of page it is; the first page has the file's own header before that.
        let kind = page * PAGE + if page == 0 { 100 } else { 0 };
        bytes[kind] ^= 0xff;
        fs::write(&path, &bytes).expect("a file");
        assert_refused(
            Setup::new().database_at(&path).try_start(),
            &["tutor.db", "damaged"],
        );
        assert!(
            fs::read(&path).expect("a file") == bytes,
            "page {page} was changed"
        );
    }
}

#[tokio::test]
async fn it_refuses_a_database_of_a_newer_version() {
    let (_folder, path) = left_behind().await;
    database::change(
        &path,
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')",
    );
    assert_refused(
        Setup::new().database_at(&path).try_start(),
        &["tutor.db", "newer"],
    );
}

#[tokio::test]
async fn it_takes_up_a_database_that_was_left_behind() {
    let (_folder, path) = left_behind().await;
    let app = Setup::new().database_at(&path).start();
    assert_eq!(
        app.learner.get("/sessions").await["sessions"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn it_refuses_a_database_that_another_process_has() {
    let app = TestApp::start();
    let Err(refusal) = app.try_second() else {
        panic!("two processes have one database")
    };
    assert!(!refusal.status.success());
    assert!(
        refusal.message.contains("in use by another process"),
        "{}",
        refusal.message
    );
    app.learner.send("Why is the sky blue?").await.until_end().await;
}

#[tokio::test]
async fn it_refuses_to_begin_anew_where_a_database_has_vanished() {
    let mut app = TestApp::start();
    app.learner.create_session().await;
    app.sigterm();
    assert!(app.exited().await.success());
    let path = app.database_path().to_owned();
    let away = path.with_extension("away");
    fs::rename(&path, &away).expect("the database is moved away");
    let refusal = app.try_second().err().expect("it does not start");
    assert!(!refusal.status.success());
    assert!(
        refusal.message.contains("is gone although it was created here"),
        "{}",
        refusal.message
    );
    assert!(!path.exists(), "nothing was created in its place");
    fs::rename(&away, &path).expect("the database is moved back");
    app.restart();
    assert_eq!(app.database().count("sessions"), 1);
}

#[tokio::test]
async fn it_says_what_to_do_when_its_address_is_taken() {
    let app = TestApp::start();
    let taken = app.learner.address();
    let taken = taken.trim_start_matches("http://");
    let setup = Setup::new().variable("TUTORSTREAM_BIND", taken);
    assert_refused(setup.try_start(), &[taken, "already in use", "--bind"]);
}

#[tokio::test]
async fn it_refuses_to_listen_for_strangers_without_authentication() {
    let setup = Setup::new().variable("TUTORSTREAM_BIND", "0.0.0.0:0");
    assert_refused(setup.try_start(), &["0.0.0.0", "no authentication"]);
}

#[tokio::test]
async fn it_refuses_settings_that_it_does_not_know() {
    assert_refused(
        Setup::new().provider("colour", 7).try_start(),
        &["settings.toml", "colour"],
    );
    assert_refused(
        Setup::new().variable("DATABASE_URL", "mysql://x").try_start(),
        &["mysql://x"],
    );
    assert_refused(
        Setup::new()
            .variable("TUTORSTREAM_DURABILITY", "perhaps")
            .try_start(),
        &["perhaps"],
    );
}

#[tokio::test]
async fn it_creates_the_folder_of_its_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a").join("b").join("tutor.db");
    let app = Setup::new().database_at(&path).start();
    assert_eq!(app.learner.status_of("/health/ready").await, 200);
    assert!(path.exists());
}
