//! Clocks that jump under the server (libfaketime, Debian's `faketime`): what comes first is known by numbers, and
//! waiting is measured by a clock that does not jump.

use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::Value;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::string;
use crate::deadline::eventually;
use crate::upstream::{Plan, Script, Signal};
use crate::witness::Witness;

/// The clock of one server.
struct Clock(PathBuf);

impl Clock {
    /// From now on it is so far off.
    fn set(&self, offset: &str) {
        let next = self.0.with_extension("next");
        fs::write(&next, offset).expect("a clock can be set");
        fs::rename(next, &self.0).expect("a clock can be set");
    }
}

/// Where Debian puts the library that stands between a program and its clocks.
fn library() -> String {
    let folders = fs::read_dir("/usr/lib").expect("libraries").map_while(Result::ok);
    let libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let library = libraries.into_iter().find(|path| Path::exists(path));
    let library = library.expect("libfaketime: install Debian's package faketime");
    library.to_string_lossy().into_owned()
}

fn service(setup: Setup) -> (TestApp, Clock) {
    let clock = Clock(setup.folder().join("clock"));
    clock.set("+0");
    let setup = setup
        .variable("LD_PRELOAD", &library())
        .variable("FAKETIME_TIMESTAMP_FILE", &clock.0.to_string_lossy())
        .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .variable("FAKETIME_NO_CACHE", "1");
    (setup.start(), clock)
}

/// What time the server has.
async fn now(app: &TestApp) -> String {
    let session = app.learner.json(Method::POST, "/sessions", serde_json::json!({}));
    string(&session.await["createdAt"])
}

#[tokio::test]
async fn a_clock_that_jumps_disturbs_no_turn() {
    let (app, clock) = service(Setup::new().provider("total_timeout_seconds", 600));
    for (jump, forward) in [("+2h", true), ("-5m", false), ("-2h", false)] {
        let go_on = Signal::new();
        let script = Script::stream().delta("Because").wait_for(&go_on);
        app.upstream.next(script.delta(" of scattering.").finish());
        let mut reader = app.learner.send("Why is the sky blue?").await;
        reader.until_text("Because").await;
        let before = now(&app).await;
        clock.set(jump);
        let after = now(&app).await;
        assert_eq!(before < after, forward, "the clock jumps: {before}, {after}");
        go_on.give();
        assert_eq!(reader.until_end().await.data["status"], "complete");
        assert_eq!(reader.text(), "Because of scattering.");
        check_turn(&mut app.database(), &[&reader], None);
    }
}

#[tokio::test]
async fn the_newest_is_the_newest_also_after_the_clock_has_stepped_back() {
    let (mut app, clock) = service(Setup::new());
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut first = app.learner.send("Why is the sky blue?").await;
    first.until_text("Because").await;
    app.learner.stop(&first.turn_id).await;
    clock.set("-2h");
    app.restart();

    app.upstream.next(Script::stream().delta(" of").hang());
    let mut second = Witness::of(&app.learner, app.learner.post_continue(&first.turn_id).await);
    second.until_text(" of").await;
    app.learner.stop(&second.turn_id).await;
    assert!(second.turn_id < first.turn_id, "ids are made of time");
    let shown = app.learner.messages(&first.session_id).await;
    assert_eq!(shown["messages"][1]["turnId"], second.turn_id.as_str());

    app.upstream.next(Script::stream().delta(" scattering.").finish());
    let mut third = Witness::of(&app.learner, app.learner.post_continue(&second.turn_id).await);
    third.until_end().await;
    app.learner
        .send_in(&first.session_id, "And at dusk?")
        .await
        .until_end()
        .await;
    let shown = app.learner.messages(&first.session_id).await;
    let said = shown["messages"].as_array().into_iter().flatten();
    let said = said
        .map(|message| &message["content"])
        .take(3)
        .collect::<Vec<&Value>>();
    assert_eq!(
        said,
        ["Why is the sky blue?", "Because of scattering.", "And at dusk?"]
    );
}

#[tokio::test]
async fn a_crash_before_the_clock_steps_back_leaves_one_text() {
    let (mut app, clock) = service(Setup::new().continues_partial());
    let plan = Plan::new(97, 80, 100);
    let mut reader = app.learner.send(&plan.to_string()).await;
    reader.until_text("10:").await;
    app.kill_9();
    clock.set("-5m");
    app.restart();
    assert_eq!(reader.persist().await.data["status"], "complete");
    assert_eq!(reader.text(), plan.text());
    check_turn(&mut app.database(), &[&reader], Some(&plan.text()));
}

#[tokio::test]
async fn a_log_goes_a_month_after_its_turn_has_ended_and_not_before() {
    let (mut app, clock) = service(Setup::new());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let gone = "SELECT count(*) AS number FROM turns WHERE log_state = 2";
    clock.set("+29d");
    app.restart();
    let mut again = app.learner.follow(&reader.turn_id).await;
    again.until_end().await;
    assert_eq!(again.outline(), reader.outline());
    assert_eq!(app.database().number(gone), 0);
    clock.set("+31d");
    app.restart();
    let mut database = app.database();
    eventually("the log is gone", || (database.number(gone) == 1).then_some(())).await;
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(turn["text"], reader.text());
}
