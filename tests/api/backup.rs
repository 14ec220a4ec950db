//! Copies of a database, made beside a running server, and their way back.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::upstream::{Plan, Script, Signal};

fn mode(path: &Path) -> u32 {
    let metadata = std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    beside.into()
}

fn run(app: &TestApp, arguments: &[&str]) -> Output {
    app.command(arguments)
}

fn succeeds(app: &TestApp, arguments: &[&str]) {
    let ended = run(app, arguments);
    assert!(ended.status.success(), "{arguments:?}: {ended:?}");
}

/// Refuses with these words.
fn refuses(app: &TestApp, arguments: &[&str], words: &str) {
    let ended = run(app, arguments);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        !ended.status.success() && said.contains(words),
        "{arguments:?}: {said}"
    );
}

#[tokio::test]
async fn a_copy_of_a_running_servers_database_comes_back_with_all_that_was_in_it() {
    let mut app = Setup::new().without_merging().start();
    let plan = Plan::new(71, 60, 0);
    let mut before = app.learner.send(&plan.to_string()).await;
    before.until_end().await;
    let go_on = Signal::new();
    let script = Script::stream()
        .delta("Because")
        .wait_for(&go_on)
        .delta(".")
        .finish();
    app.upstream.next(script);
    let mut running = app.learner.send("Why is the sky blue?").await;
    running.until_text("Because").await;
    succeeds(&app, &["backup", "copy.db"]);
    let copy = app.database_path().with_file_name("copy.db");
    assert_eq!(mode(&copy), 0o600);
    go_on.give();
    running.until_end().await;
    let mut after = app.learner.send(&Plan::new(72, 5, 0).to_string()).await;
    after.until_end().await;

    refuses(&app, &["restore", "copy.db", "--replace"], "in use");
    app.kill_9();
    refuses(&app, &["restore", "copy.db"], "--replace");
    succeeds(&app, &["restore", "copy.db", "--replace"]);
    for suffix in ["-wal", "-shm", ".part"] {
        assert!(!beside(app.database_path(), suffix).exists(), "{suffix}");
    }
    app.restart();
    let mut again = app.learner.follow(&before.turn_id).await;
    again.until_end().await;
    assert_eq!(again.events, before.events);
    assert_eq!(
        app.learner.status_of(&format!("/turns/{}", after.turn_id)).await,
        404
    );
    // What was running goes on, with numbers that no reader has seen.
    app.learner.stop(&running.turn_id).await;
    let last = app.learner.turn(&running.turn_id).await["lastEventId"].as_u64();
    assert!(last > Some(1_000_000), "{last:?}");
    let path = format!("/sessions/{}", running.session_id);
    app.learner
        .call(reqwest::Method::DELETE, &path, serde_json::Value::Null)
        .await;
    check_turn(&mut app.database(), &[&again, &before], Some(&plan.text()));
    assert_eq!(app.database().integrity(), "ok");
    for suffix in ["", "-wal", "-shm", ".lock"] {
        assert_eq!(mode(&beside(app.database_path(), suffix)), 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_brought_back_from_its_copy() {
    let mut app = TestApp::start();
    let session = app.learner.create_session().await;
    succeeds(&app, &["backup", "copy.db"]);
    app.kill_9();
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(beside(app.database_path(), suffix));
    }
    succeeds(&app, &["restore", "copy.db"]);
    app.restart();
    app.learner.get(&format!("/sessions/{session}")).await;
}

#[tokio::test]
async fn what_is_no_sound_copy_is_not_restored_and_the_database_stays_as_it_is() {
    let mut app = TestApp::start();
    let session = app.learner.create_session().await;
    succeeds(&app, &["backup", "copy.db"]);
    refuses(&app, &["backup", "copy.db"], "is there already");
    let folder = app.database_path().parent().expect("a folder").to_owned();
    let copy = std::fs::read(folder.join("copy.db")).expect("the copy");
    app.kill_9();
    let mut damaged = copy.clone();
    let middle = damaged.len() / 2 / 4096 * 4096;
    damaged[middle..middle + 4096].fill(0xa5);
    std::fs::write(folder.join("damaged.db"), &damaged).expect("written");
    std::fs::write(folder.join("cut.db"), &copy[..copy.len() / 2]).expect("written");
    std::fs::write(folder.join("text.db"), "A text. ".repeat(1_000)).expect("written");
    std::fs::write(folder.join("empty.db"), "").expect("written");
    for (file, words) in [
        ("damaged.db", "is damaged"),
        ("cut.db", "is damaged"),
        ("text.db", "is damaged"),
        ("empty.db", "no database of tutorstream"),
        ("nothing.db", "there is no database"),
    ] {
        refuses(&app, &["restore", file, "--replace"], words);
    }
    app.restart();
    app.learner.get(&format!("/sessions/{session}")).await;
}

#[tokio::test]
async fn files_that_others_could_read_become_the_servers_users_alone() {
    let mut app = TestApp::start();
    let session = app.learner.create_session().await;
    let database = app.database_path().to_owned();
    app.kill_9();
    let files = ["", "-wal", "-shm", ".lock"].map(|suffix| beside(&database, suffix));
    // As `cp` makes them, and as a folder for a group wants them.
    for (file, open) in files.iter().zip([0o644, 0o664, 0o644, 0o604]) {
        std::fs::set_permissions(file, Permissions::from_mode(open)).expect("an own file");
    }
    app.restart();
    app.learner.get(&format!("/sessions/{session}")).await;
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_postgresql_database_has_tools_of_its_own() {
    let app = TestApp::start();
    let url = "postgres://tutor:secret@db.example/tutor";
    let ended = run(&app, &["backup", "--database-url", url, "copy.db"]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("pg_dump") && !said.contains("secret"), "{said}");
}
