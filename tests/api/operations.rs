//! What operators and browsers look at: health, metrics, the page.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::{Client, header, string};
use crate::problem::refused;
use crate::setup::PROVIDER_KEY;
use crate::sse::EventStream;
use crate::upstream::{Script, Signal};

async fn text(learner: &Client, path: &str) -> String {
    let response = learner.call(Method::GET, path, Value::Null).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.text().await.expect("a whole body")
}

#[tokio::test]
async fn it_says_that_it_lives_and_is_ready() {
    let app = TestApp::start();
    assert_eq!(app.learner.status_of("/health/live").await, StatusCode::OK);
    assert_eq!(app.learner.status_of("/health/ready").await, StatusCode::OK);
}

#[tokio::test]
async fn metrics_are_in_the_open_metrics_form_and_name_no_user() {
    let app = TestApp::start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let metrics = text(&app.learner, "/metrics").await;
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    assert!(metrics.contains("# TYPE tutorstream_"), "{metrics}");
    for private in [&reader.session_id, &reader.turn_id, "sky", "local", PROVIDER_KEY] {
        assert!(!metrics.contains(private), "{private} is in the metrics");
    }
}

#[tokio::test]
async fn the_page_is_served_and_may_load_nothing_from_elsewhere() {
    let app = TestApp::start();
    let response = app.learner.call(Method::GET, "/", Value::Null).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(header(&response, "content-type").starts_with("text/html"));
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    let policy = header(&response, "content-security-policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(rule), "{rule} is not in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let page = response.text().await.expect("a whole body");
    for own in page
        .split(['"', '\''])
        .filter(|word| word.ends_with(".js") || word.ends_with(".css"))
    {
        let path = format!("/{}", own.trim_start_matches(['.', '/']));
        assert_eq!(app.learner.status_of(&path).await, StatusCode::OK, "{path}");
    }
}

/// Which of the pages' paths are served, and what the log says of it at the start.
async fn pages(setup: Setup) -> (bool, String) {
    let app = setup.start();
    app.learner
        .move_to(&app.learner.address().replace("0.0.0.0", "127.0.0.1"));
    let paths = ["/", "/docs", "/static/dist/page.js", "/static/docs/index.html"];
    let mut served = Vec::new();
    for path in paths {
        let response = app.learner.call(Method::GET, path, Value::Null).await;
        served.push(response.status() == StatusCode::OK);
        if response.status() != StatusCode::OK {
            refused(response, 404, "not-found").await;
        }
    }
    assert!(served.iter().all(|one| *one == served[0]), "{served:?}");
    assert_eq!(app.learner.status_of("/openapi.json").await, StatusCode::OK);
    let says = app
        .log()
        .lines()
        .find(|line| line.contains("page"))
        .map(str::to_owned);
    (served[0], says.expect("the log says so"))
}

#[tokio::test]
async fn the_pages_are_served_to_this_machine_or_where_they_are_switched_on() {
    let elsewhere = || {
        Setup::new()
            .require_auth()
            .variable("TUTORSTREAM_BIND", "0.0.0.0:0")
            .setting("allowed_hosts", "[\"127.0.0.1\"]")
    };
    for (setup, expected) in [
        (Setup::new(), true),
        (Setup::new().require_auth(), true),
        (Setup::new().variable("TUTORSTREAM_PAGES", "false"), false),
        (Setup::new().setting("pages", false), false),
        (elsewhere(), false),
        (elsewhere().setting("pages", true), true),
        (
            elsewhere()
                .setting("pages", false)
                .variable("TUTORSTREAM_PAGES", "true"),
            true,
        ),
    ] {
        let (served, says) = pages(setup).await;
        assert_eq!(
            (served, says.contains("not served")),
            (expected, !expected),
            "{says}"
        );
    }
}

#[tokio::test]
async fn no_log_line_has_a_learners_text_or_a_reply() {
    let app = TestApp::start();
    app.upstream
        .next(Script::stream().delta("canary-of-the-reply").cut());
    app.learner.send("canary-of-the-question").await.until_end().await;
    assert!(!app.log().contains("canary"), "{}", app.log());
}

#[tokio::test]
async fn a_silent_stream_is_kept_alive_by_comments() {
    let app = TestApp::start();
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().delta("Because").wait_for(&go_on).finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let before = reader.stream().comments;
    while reader.stream().comments == before {
        reader.stream().read_more().await.expect("a heartbeat");
    }
    go_on.give();
    reader.until_end().await;
}

#[tokio::test]
async fn a_reader_that_is_shown_no_comments_can_ask_for_heartbeats_that_are_events() {
    let app = TestApp::start();
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().delta("Because").wait_for(&go_on).finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let session_id = string(&app.learner.turn(&reader.turn_id).await["sessionId"]);
    let open = async |path: String| {
        let mut stream = EventStream::new(app.learner.call(Method::GET, &path, Value::Null).await);
        loop {
            let event = stream.next().await.expect("the stream goes on");
            if event.name == "heartbeat" {
                break event.raw;
            }
        }
    };
    let beats = tokio::join!(
        open(format!(
            "/turns/{}/events?lastEventId=2&heartbeat=event",
            reader.turn_id
        )),
        open(format!("/sessions/{session_id}/events?heartbeat=event")),
    );
    let frame = "event: heartbeat\ndata: {}\n\n".to_owned();
    assert_eq!(beats, (frame.clone(), frame));
    go_on.give();
    reader.until_end().await;
    let path = format!("/turns/{}/events?heartbeat=often", reader.turn_id);
    refused(
        app.learner.call(Method::GET, &path, Value::Null).await,
        422,
        "invalid-request",
    )
    .await;
}

#[tokio::test]
async fn without_a_provider_the_practice_tutor_answers() {
    let app = Setup::new().without_provider().start();
    assert_eq!(app.learner.get("/sessions").await["provider"]["practice"], true);
    let mut reader = app.learner.send("Why is the sky blue?").await;
    assert_eq!(reader.until_end().await.data["status"], "complete");
    assert!(!reader.text().is_empty());
    check_turn(&mut app.database(), &[&reader], None);
    assert_eq!(app.upstream.count(), 0);
}
