//! `tutorstream doctor` says what is wrong and how to mend it, changes nothing, and tells no key.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::app::TestApp;
use crate::upstream::{Script, Upstream};

const KEY: &str = "sk-canary-71c0";

/// What `doctor` says of a folder with this settings file, and whether all is well.
fn examine(folder: &Path, settings: &str) -> (bool, String) {
    let file = folder.join("settings.toml");
    std::fs::write(&file, settings).expect("a settings file");
    let Output { status, stdout, .. } = Command::new(env!("CARGO_BIN_EXE_tutorstream"))
        .args(["doctor", "--config", &file.to_string_lossy()])
        .current_dir(folder)
        .env_clear()
        .env("MENTORS_KEY", KEY)
        .output()
        .expect("the program can be started");
    let said = String::from_utf8(stdout).expect("text");
    assert!(!said.contains(KEY), "a key is out: {said}");
    (status.success(), said)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn provider(name: &str, base_url: &str) -> String {
    format!(
        "[[providers]]\nname = \"{name}\"\nwire = \"openai-chat\"\nbase_url = \"{base_url}\"\n\
         model = \"m\"\napi_key_variable = \"MENTORS_KEY\"\nconnect_timeout_seconds = 5\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_where_nothing_is_configured() {
    let folder = folder();
    let (is_well, said) = examine(folder.path(), "");
    assert!(is_well, "{said}");
    assert!(
        said.contains("practice tutor answers") && said.ends_with("all is well\n"),
        "{said}"
    );
    assert!(!folder.path().join("data").exists(), "doctor makes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_provider_is_asked_once_and_the_broken_ones_are_told_apart() {
    let (folder, good, unauthorized) = (folder(), Upstream::start(), Upstream::start());
    let refusal = format!(r#"{{"error":{{"message":"bad key {KEY}","code":"invalid_api_key"}}}}"#);
    unauthorized.always(Script::plain(401, "application/json", &refusal));
    let page = Upstream::start();
    page.always(Script::plain(200, "text/html", "<html>"));
    let settings = [
        provider("good", &good.base_url()),
        provider("locked", &unauthorized.base_url()),
        provider("page", &page.base_url()),
        provider("gone", "http://127.0.0.1:9/v1"),
    ];
    let (is_well, said) = examine(folder.path(), &settings.concat());
    assert!(!is_well && said.ends_with("3 problems\n"), "{said}");
    let line = |start: &str| said.contains(start);
    assert!(line("ok       provider \"good\": model \"m\" answers"), "{said}");
    assert!(
        line("problem  provider \"locked\": unauthorized: the provider answered with status 401"),
        "{said}"
    );
    assert!(line("Check api_key"), "{said}");
    assert!(
        line("problem  provider \"page\": sent no reply")
            && line("content type text/html")
            && line("check wire and base_url"),
        "{said}"
    );
    assert!(
        line("problem  provider \"gone\": disconnected") && line("that the server runs"),
        "{said}"
    );
    // Once more how it is asked for an answer of a given shape.
    assert_eq!((good.count(), unauthorized.count()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_a_provider_refuses_are_told_and_are_no_problem() {
    let (folder, picky) = (folder(), Upstream::start());
    for field in ["stream_options", "max_tokens"] {
        let refusal = format!(r#"{{"error":{{"message":"unknown field {field}"}}}}"#);
        picky.next(Script::plain(400, "application/json", &refusal));
    }
    picky.next(Script::stream().delta("ready").finish());
    let refusal = r#"{"error":{"message":"'response_format.type' must be 'text'"}}"#;
    picky.next(Script::plain(400, "application/json", refusal));
    let (is_well, said) = examine(folder.path(), &provider("picky", &picky.base_url()));
    let told =
        "model \"m\" answers, but refuses stream_options, max_tokens, response_format: it is asked without";
    assert!(is_well && said.contains(told), "{said}");
    assert_eq!(picky.count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_learners_would_not_like_are_told() {
    let (folder, empty, repeating, thinking) =
        (folder(), Upstream::start(), Upstream::start(), Upstream::start());
    empty.always(Script::stream().finish());
    let repeated = ["one", "one two", "one two three", "one two three four"];
    repeating.always(
        repeated
            .iter()
            .fold(Script::stream(), |script, text| script.delta(text))
            .finish(),
    );
    let thought = r#"data: {"choices":[{"delta":{"reasoning_content":"hm"},"finish_reason":null}]}"#;
    thinking.always(
        Script::stream()
            .raw(format!("{thought}\n\n"))
            .finish_reason("length")
            .raw("data: [DONE]\n\n"),
    );
    let settings = [
        provider("empty", &empty.base_url()),
        provider("repeating", &repeating.base_url()),
        provider("thinking", &thinking.base_url()),
    ];
    let (is_well, said) = examine(folder.path(), &settings.concat());
    assert!(!is_well && said.ends_with("2 problems\n"), "{said}");
    assert!(
        said.contains("problem  provider \"empty\": ended without text"),
        "{said}"
    );
    assert!(said.contains("deltas = \"cumulative\""), "{said}");
    assert!(
        said.contains("ok       provider \"thinking\": model \"m\" answers; it only thought"),
        "{said}"
    );
    let (is_well, said) = examine(
        folder.path(),
        &format!(
            "{}deltas = \"cumulative\"\n",
            provider("repeating", &repeating.base_url())
        ),
    );
    assert!(is_well, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_used_are_explained() {
    let folder = folder();
    for (settings, reason) in [
        ("colour = 7", "colour"),
        (
            "[[providers]]\nwire = \"openai-chat\"\n",
            "it needs a base_url or a key",
        ),
        (
            "[[providers]]\nwire = \"anthropic\"\napi_key_variable = \"NO_SUCH\"\n",
            "is not set",
        ),
        (
            "[[providers]]\nwire = \"openai-chat\"\nbase_url = \"https://a.example/v1/chat/completions\"\n",
            "leave out its last part (/chat/completions)",
        ),
        (
            "[[providers]]\nwire = \"openai-chat\"\nbase_url = \"https://a.example/v1 \"\n",
            "white space",
        ),
    ] {
        let (is_well, said) = examine(folder.path(), settings);
        assert!(!is_well && said.starts_with("problem  settings:"), "{said}");
        assert!(said.contains(reason) && said.ends_with("1 problem\n"), "{said}");
    }
}

/// Looks at the database at `path`.
fn examine_database(path: &Path) -> (bool, String) {
    let folder = folder();
    examine(
        folder.path(),
        &format!("database_url = \"sqlite://{}\"\n", path.display()),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_looked_at_while_a_server_uses_it_and_after() {
    let mut app = TestApp::start();
    app.learner.send("Why is the sky blue?").await.until_end().await;
    let (is_well, said) = examine_database(app.database_path());
    assert!(
        is_well && said.contains("is sound, its schema is current, a server uses it now"),
        "{said}"
    );
    app.kill_9();
    let before = std::fs::read(app.database_path()).expect("the database");
    let (is_well, said) = examine_database(app.database_path());
    assert!(is_well && said.contains("no server uses it now"), "{said}");
    assert_eq!(std::fs::read(app.database_path()).expect("the database"), before);
    app.restart();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_a_server_would_refuse_is_explained() {
    let folder = folder();
    let path = folder.path().join("tutor.db");
    std::fs::write(&path, "this is no database".repeat(100)).expect("a file");
    let (is_well, said) = examine_database(&path);
    assert!(
        !is_well && said.contains("is damaged") && said.contains("restore a backup"),
        "{said}"
    );
    std::fs::remove_file(&path).expect("a file");
    std::fs::write(folder.path().join("tutor.db.lock"), "A database was here.\n").expect("a file");
    let (is_well, said) = examine_database(&path);
    assert!(
        !is_well && said.contains("is gone although it was created here"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_has_grown_long_is_told() {
    let app = TestApp::start();
    let (is_well, said) = examine_database(app.database_path());
    assert!(is_well && !said.contains("write-ahead log"), "{said}");
    // Nothing that SQLite would read: what counts is the length.
    let log = app.database_path().with_extension("db-wal");
    let log = std::fs::File::options().write(true).open(log).expect("a log");
    let length = log.metadata().expect("a log").len();
    log.set_len(65 << 20).expect("room");
    let (is_well, said) = examine_database(app.database_path());
    log.set_len(length).expect("a log");
    assert!(!is_well, "{said}");
    assert!(
        said.contains("problem  write-ahead log: it has grown to 65 MiB")
            && said.contains("holds a snapshot"),
        "{said}"
    );
}
