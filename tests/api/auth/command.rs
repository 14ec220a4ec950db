//! `tutorstream token`: beside a running server, and without one.

use crate::app::{Setup, TestApp};
use crate::deadline::eventually;

fn list(app: &TestApp) -> String {
    let listed = app.command(&["token", "list"]);
    assert!(listed.status.success(), "{listed:?}");
    String::from_utf8(listed.stdout).expect("text")
}

#[tokio::test]
async fn a_token_made_while_the_server_runs_works_at_once_and_not_after_its_revocation() {
    let app = Setup::new().require_auth().start();
    let alice = app.as_user("alice");
    assert_eq!(alice.status_of("/sessions").await, 200);
    app.revoke_last_token();
    assert_eq!(alice.status_of("/sessions").await, 401);
    assert!(list(&app).lines().last().expect("a line").contains("revoked"));
}

#[tokio::test]
async fn a_token_made_without_a_server_works_with_the_next_one() {
    let mut app = Setup::new().require_auth().start();
    app.sigterm();
    assert!(app.exited().await.success());
    let token = app.token(&["--user", "alice", "--name", "laptop", "--expires-in", "90d"]);
    app.restart();
    let alice = app.learner.with_token(Some(&token));
    assert_eq!(alice.status_of("/sessions").await, 200);
    let listed = list(&app);
    assert!(listed.contains("alice\tlaptop\t"), "{listed}");
    assert!(listed.contains("\tlive\t"), "{listed}");
}

#[tokio::test]
async fn a_token_is_made_before_the_first_server_ever_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new").join("tutor.db");
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_tutorstream"))
        .args(["token", "create", "--user", "alice", "--database-url"])
        .arg(format!("sqlite://{}", path.display()))
        .env_clear()
        .output()
        .expect("the program can be started");
    assert!(made.status.success(), "{made:?}");
    let token = String::from_utf8(made.stdout).expect("text").trim().to_owned();
    let app = Setup::new().database_at(&path).require_auth().start();
    let alice = app.learner.with_token(Some(&token));
    assert_eq!(alice.status_of("/sessions").await, 200);
}

#[tokio::test]
async fn only_the_hash_of_a_token_is_on_the_disk_and_it_is_in_no_list_and_no_log() {
    let app = Setup::new().require_auth().variable("RUST_LOG", "trace").start();
    let token = app.token(&["--user", "alice"]);
    assert!(token.starts_with("tst_") && token.len() == 47, "{token}");
    assert_eq!(
        app.learner.with_token(Some(&token)).status_of("/sessions").await,
        200
    );
    assert!(!list(&app).contains(&token));
    assert!(!app.log().contains(&token[4..]), "the log has the token");
    let mut log = app.database_path().as_os_str().to_owned();
    log.push("-wal");
    for file in [app.database_path().as_os_str(), &log] {
        let bytes = std::fs::read(file).expect("a file");
        let needle = token.as_bytes();
        assert!(
            !bytes.windows(needle.len()).any(|part| part == needle),
            "{file:?}"
        );
    }
}

#[tokio::test]
async fn a_token_that_has_expired_opens_nothing() {
    let app = Setup::new().require_auth().start();
    let alice = app
        .learner
        .with_token(Some(&app.token(&["--user", "alice", "--expires-in", "1s"])));
    let path = "/sessions";
    let mut status = alice.status_of(path).await;
    assert!(status == 200 || status == 401);
    eventually("the token expires", || {
        list(&app).contains("\texpired\t").then_some(())
    })
    .await;
    status = alice.status_of(path).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_and_leaves_nothing_behind() {
    let app = TestApp::start();
    for arguments in [
        &["token", "create"][..],
        &["token", "create", "--user", ""],
        &["token", "create", "--user", "a\nb"],
        &["token", "create", "--user", "alice", "--expires-in", "soon"],
        &["token", "create", "--user", "alice", "--expires-in", "-1d"],
        &["token", "revoke", "nonsense"],
        &["token", "revoke", "0197a000-0000-7000-8000-000000000000"],
        &[
            "token",
            "create",
            "--user",
            "alice",
            "--observes",
            "bob",
            "--observes-all",
        ],
    ] {
        let refused = app.command(arguments);
        assert!(!refused.status.success(), "{arguments:?}");
        assert!(!refused.stderr.is_empty(), "{arguments:?} says nothing");
    }
    assert_eq!(app.database().count("api_tokens"), 0);
}
