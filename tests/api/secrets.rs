//! Keys are where they belong and nowhere else: not in a line of the log, however much is logged, and not in a byte
//! of any answer. And nobody but the server's user reads its files.

use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::deadline::{eventually, within};
use crate::upstream::Script;

const PROVIDER_KEY: &str = "canary-provider-key-7f3a";
const HEADER_KEY: &str = "canary-header-key-91c2";
const MESSAGE: &str = "canary-message-55d0";
const REPLY: &str = "canary-reply-c04e";

/// Everything that was answered to one learner.
struct Collected(String);

impl Collected {
    async fn call(&mut self, app: &TestApp, method: Method, path: &str, body: Value) -> String {
        let response = app.learner.call(method, path, body).await;
        let head = format!("{:?}", response.headers());
        let body = within(path, response.text()).await.unwrap_or_default();
        self.0 += &format!("{head}\n{body}\n");
        body
    }
}

/// What users and operators do, and what goes wrong at the provider.
async fn live(app: &TestApp, token: &str) -> String {
    let learner = app.learner.with_token(Some(token));
    let mut seen = Collected(String::new());
    let failing = [
        Script::plain(
            401,
            "application/json",
            &json!({ "error": { "message": PROVIDER_KEY, "code": PROVIDER_KEY } }).to_string(),
        ),
        Script::plain(500, "text/html", &format!("<b>{PROVIDER_KEY} {HEADER_KEY}</b>")),
        Script::plain(302, "text/plain", PROVIDER_KEY),
        Script::stream().raw(format!("data: {PROVIDER_KEY}\n\n")).finish(),
        Script::stream().delta(REPLY).reset(),
    ];
    for script in [Script::stream().delta(REPLY).finish()]
        .into_iter()
        .chain(failing)
    {
        app.upstream.always(script);
        let response = learner.post_chat(json!({ "message": MESSAGE })).await;
        seen.0 += &format!("{:?}\n", response.headers());
        seen.0 += &within("the stream ends", response.text())
            .await
            .unwrap_or_default();
    }
    for (method, path) in [
        (Method::GET, "/sessions"),
        (Method::GET, "/metrics"),
        (Method::GET, "/health/ready"),
        (Method::GET, "/nothing"),
        (Method::POST, "/stream-chat"),
    ] {
        seen.call(app, method, path, json!({ "message": MESSAGE, "role": MESSAGE }))
            .await;
    }
    seen.0
}

#[tokio::test]
async fn keys_and_texts_are_in_no_line_of_the_log_and_keys_in_no_answer() {
    let app = Setup::new()
        .variable("RUST_LOG", "trace")
        .variable("OPENAI_API_KEY", PROVIDER_KEY)
        .provider("headers", format!("{{ X-Team = \"{HEADER_KEY}\" }}"))
        .start();
    let token = app.token(&["--user", "local"]);
    let answers = live(&app, &token).await;
    assert!(
        app.upstream.request(0).await.head.contains(PROVIDER_KEY),
        "the provider got its key"
    );
    assert!(
        app.upstream.request(0).await.head.contains(HEADER_KEY),
        "and its header"
    );
    eventually("the log is written", || {
        app.log().contains("turn.ended").then_some(())
    })
    .await;
    let log = app.log();
    assert!(log.contains("TRACE"), "the log has everything");
    for secret in [PROVIDER_KEY, HEADER_KEY, token.as_str()] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "a secret is logged");
        assert!(!answers.contains(secret), "{secret} is answered: {answers}");
    }
    let texts = log.lines().filter(|line| line.contains("tutorstream"));
    for line in texts {
        assert!(!line.contains(MESSAGE) && !line.contains(REPLY), "{line}");
    }
}

#[tokio::test]
async fn lines_of_the_log_are_objects_when_asked_for_and_carry_the_requests_id() {
    let app = Setup::new()
        .variable("RUST_LOG", "trace")
        .variable("TUTORSTREAM_LOG_FORMAT", "json")
        .start();
    app.upstream
        .always(Script::plain(500, "text/plain", "\r\n[forged] \u{1b}[31m"));
    app.learner
        .send("Why is the sky blue?\r\n[forged]")
        .await
        .until_end()
        .await;
    eventually("the log is written", || {
        app.log().contains("turn.ended").then_some(())
    })
    .await;
    let log = app.log();
    let (whole, _) = log.rsplit_once('\n').expect("lines");
    for line in whole.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            value["message"].is_string() && value["level"].is_string(),
            "{line}"
        );
    }
}

#[tokio::test]
async fn the_servers_files_are_for_its_user_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let app = Setup::new().database_at(&data.join("tutor.db")).start();
    app.learner.send("Why is the sky blue?").await.until_end().await;
    let mode = |path: &std::path::Path| {
        let metadata = std::fs::metadata(path).expect("a file");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = std::fs::read_dir(&data)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}
