//! `tutorstream user`: an operator answers for users, beside a server that goes on.

use std::process::Output;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::Client;
use crate::upstream::Script;

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn lines(output: &Output) -> Vec<Value> {
    let lines = printed(output);
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    lines.collect()
}

fn refused(app: &TestApp, arguments: &[&str], word: &str) {
    let output = app.command(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains(word),
        "{arguments:?}: {output:?}"
    );
}

/// A finished turn, in a session of its own.
async fn ask(client: &Client) -> String {
    let mut reader = client.send("Why is the sky blue?").await;
    reader.until_end().await;
    reader.session_id.clone()
}

#[tokio::test]
async fn users_are_listed_in_pages_with_what_they_store_and_spend() {
    let app = Setup::new().require_auth().start();
    for user in ["carol", "alice", "bob"] {
        ask(&app.as_user(user)).await;
    }
    let all = lines(&app.command(&["user", "list", "--json"]));
    let names: Vec<_> = all
        .iter()
        .map(|user| user["user"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["alice", "bob", "carol"]);
    let alice = &all[0];
    assert_eq!(
        (&alice["sessions"], &alice["messages"], &alice["tokens"]),
        (&json!(1), &json!(2), &json!(1))
    );
    let profile = app.as_user("alice").get("/profile").await;
    assert_eq!(alice["bytes"], profile["storage"]["bytes"]["used"]);
    let page = lines(&app.command(&["user", "list", "--json", "--after", "alice", "--limit", "1"]));
    assert_eq!(page.len(), 1);
    assert_eq!(page[0]["user"], "bob");
    assert!(printed(&app.command(&["user", "list"])).starts_with("user\tsessions\t"));

    let spent = lines(&app.command(&["user", "usage", "alice", "--json"]));
    assert_eq!(
        (&spent[0]["purpose"], &spent[0]["calls"]),
        (&json!("reply"), &json!(1))
    );
    refused(&app, &["user", "usage", "nobody"], "there is no user");
}

#[tokio::test]
async fn an_export_for_a_user_has_the_lines_that_the_user_would_get() {
    let app = Setup::new().require_auth().start();
    let alice = app.as_user("alice");
    ask(&alice).await;
    ask(&app.as_user("bob")).await;
    let exported = printed(&app.command(&["user", "export", "alice"]));
    let own = alice
        .request(Method::GET, "/export")
        .send()
        .await
        .expect("an answer");
    let own = own.text().await.expect("lines");
    // The first line says when it was made.
    let (_, own) = own.split_once('\n').expect("lines");
    assert_eq!(exported, own);
}

#[tokio::test]
async fn a_user_is_deleted_while_the_server_goes_on() {
    let app = Setup::new().require_auth().start();
    let [alice, bob] = [app.as_user("alice"), app.as_user("bob")];
    let [first, other] = [ask(&alice).await, ask(&bob).await];
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut running = alice.send("And at night?").await;
    running.until_text("Because").await;
    let mut command = app.prepared(&["user", "delete", "alice"]);
    let deletion = tokio::task::spawn_blocking(move || command.output());
    let deleted = deletion
        .await
        .expect("a thread")
        .expect("the program can be started");
    assert!(deleted.status.success(), "{deleted:?}");
    assert_eq!(alice.status_of(&format!("/sessions/{first}")).await, 404);
    assert_eq!(alice.get("/sessions").await["sessions"], json!([]));
    assert_eq!(bob.status_of(&format!("/sessions/{other}")).await, 200);
    assert_eq!(
        app.database()
            .number("SELECT count(*) AS number FROM account_deletions"),
        0
    );
    refused(&app, &["user", "delete", "nobody"], "there is no user");
}

#[tokio::test]
async fn a_deletion_that_was_asked_for_without_a_server_is_carried_out_when_one_starts() {
    let mut app = TestApp::start();
    let session = ask(&app.learner).await;
    app.sigterm();
    app.exited().await;
    assert!(app.command(&["user", "delete", "local"]).status.success());
    app.restart();
    crate::deadline::eventually_asked("the session is gone", async || {
        (app.learner.status_of(&format!("/sessions/{session}")).await == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_was_local_is_given_to_somebody_while_the_server_goes_on() {
    let mut app = TestApp::start();
    let session = ask(&app.learner).await;
    app.sigterm();
    app.exited().await;
    app.restart_with("TUTORSTREAM_REQUIRE_AUTH", "true");
    let alice = app.as_user("alice");
    let own = ask(&alice).await;
    refused(&app, &["user", "rename", "local", "alice"], "--merge");
    refused(&app, &["user", "rename", "local", "al\u{200b}ice"], "invisible");
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut running = alice.send("And at night?").await;
    running.until_text("Because").await;
    refused(
        &app,
        &["user", "rename", "local", "alice", "--merge"],
        "being written",
    );
    alice.stop(&running.turn_id).await;
    assert!(
        app.command(&["user", "rename", "local", "alice", "--merge"])
            .status
            .success()
    );
    for id in [&session, &own] {
        assert_eq!(alice.status_of(&format!("/sessions/{id}")).await, 200);
    }
    let mut more = alice.send_in(&session, "And at dusk?").await;
    more.until_end().await;
    refused(&app, &["user", "rename", "local", "bob"], "there is no user");
}
