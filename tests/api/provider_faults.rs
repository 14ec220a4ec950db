//! Providers die, fall silent and send rubbish. The text so far is kept, and is never called complete.

use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::sse::Event;
use crate::upstream::{Script, chunk};
use crate::witness::Witness;

/// Lets the provider play `script` and watches the reply to its end.
async fn play(app: &TestApp, script: Script) -> (Witness, Event) {
    app.upstream.next(script);
    let mut reader = app.learner.send("Why is the sky blue?").await;
    let end = reader.until_end().await;
    check_turn(&mut app.database(), &[&reader], None);
    (reader, end)
}

fn delta(content: &Value) -> String {
    chunk(
        &json!([{ "index": 0, "delta": { "content": content }, "finish_reason": null }]),
        &Value::Null,
    )
}

#[tokio::test]
async fn an_upstream_that_dies_mid_word_leaves_an_interrupted_reply_with_its_text() {
    let app = Setup::new().without_retries().start();
    let begun = || Script::stream().delta("Because of scat");
    let deaths = [
        ("closes the connection", begun().cut()),
        ("resets the connection", begun().reset()),
        (
            "ends the body without a finish reason",
            begun().then(crate::upstream::Step::EndOfBody),
        ),
        (
            "dies inside a record",
            begun().raw("data: {\"id\":\"chatcmpl-1\",\"cho").cut(),
        ),
    ];
    for (death, script) in deaths {
        let (reader, end) = play(&app, script).await;
        assert_eq!(end.data["status"], "interrupted", "{death}");
        assert_eq!(reader.text(), "Because of scat", "{death}");
        assert_eq!(
            app.learner.turn(&reader.turn_id).await["text"],
            "Because of scat",
            "{death}"
        );
    }
}

#[tokio::test]
async fn a_reply_cut_at_any_byte_is_never_complete() {
    let app = Setup::new().without_retries().start();
    let (first, second) = (delta(&json!("sca")), delta(&json!("ttering")));
    let end = chunk(
        &json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]),
        &Value::Null,
    );
    let body = [first.as_str(), &second, &end].concat();
    // Before the first whole record nothing is shown yet, and a retry would be fair.
    for cut in (first.len()..body.len() - 2).step_by(7) {
        let (reader, end) = play(&app, Script::stream().raw(&body.as_bytes()[..cut]).cut()).await;
        assert_ne!(end.data["status"], "complete", "cut at byte {cut}");
        assert!(
            "scattering".starts_with(&reader.text()),
            "cut at byte {cut}: {:?}",
            reader.text()
        );
        assert!(
            reader.text().starts_with("sca"),
            "cut at byte {cut}: {:?}",
            reader.text()
        );
    }
}

#[tokio::test]
async fn an_upstream_that_sends_rubbish_leaves_a_failed_reply_with_its_text() {
    let app = Setup::new().without_retries().start();
    let rubbish: [(&str, Vec<u8>); 5] = [
        ("no JSON", b"data: {\"choices\": [}\n\n".to_vec()),
        (
            "invalid UTF-8",
            b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n".to_vec(),
        ),
        ("JSON of another kind", b"data: [1,2,3]\n\n".to_vec()),
        (
            "choices that are no list",
            b"data: {\"choices\":\"secret-canary\"}\n\n".to_vec(),
        ),
        ("content that is no text", delta(&json!(7)).into_bytes()),
    ];
    for (kind, bytes) in rubbish {
        let (reader, end) = play(
            &app,
            Script::stream().delta("Because").raw(bytes).raw("\n\n").hang(),
        )
        .await;
        assert_eq!(
            (&end.data["status"], reader.text().as_str()),
            (&json!("failed"), "Because"),
            "{kind}"
        );
        let error = reader
            .events
            .iter()
            .rfind(|event| event.name == "error")
            .expect("an error");
        assert_eq!(error.data["code"], "provider-protocol", "{kind}");
        assert!(
            !error.raw.contains("canary"),
            "{kind}: nothing raw reaches the page: {}",
            error.raw
        );
    }
}

#[tokio::test]
async fn an_error_inside_the_stream_fails_the_turn_and_its_words_are_not_repeated() {
    let app = Setup::new().without_retries().start();
    let error = r#"{"error":{"message":"secret-canary","type":"server_error","param":null,"code":null}}"#;
    let script = Script::stream()
        .delta("Because")
        .raw(format!("data: {error}\n\n"));
    let (reader, end) = play(&app, script.hang()).await;
    assert_eq!(
        (&end.data["status"], reader.text().as_str()),
        (&json!("failed"), "Because")
    );
    let error = reader.events.iter().rfind(|event| event.name == "error");
    let error = error.expect("an error");
    let code = error.data["code"].as_str().expect("a code");
    assert!(code.starts_with("provider-"), "{code}");
    assert!(!error.raw.contains("canary") && !app.log().contains("canary"));
}

#[tokio::test]
async fn a_stream_that_is_odd_but_lawful_is_read_to_its_end() {
    let app = TestApp::start();
    let finish = chunk(
        &json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]),
        &Value::Null,
    );
    let text = delta(&json!("Because."));
    let oddities = [
        (
            "comments",
            format!(": OPENROUTER PROCESSING\n\n{text}:\n\n{finish}data: [DONE]\n\n"),
        ),
        (
            "CR line ends",
            format!("{text}{finish}data: [DONE]\n\n").replace('\n', "\r"),
        ),
        (
            "CRLF line ends",
            format!("{text}{finish}data: [DONE]\n\n").replace('\n', "\r\n"),
        ),
        (
            "a byte order mark",
            format!("\u{feff}{text}{finish}data: [DONE]\n\n"),
        ),
        (
            "no space after the colon",
            format!("{text}{finish}data: [DONE]\n\n").replace("data: ", "data:"),
        ),
        ("no [DONE]", format!("{text}{finish}")),
        (
            "[DONE] twice",
            format!("{text}{finish}data: [DONE]\n\ndata: [DONE]\n\n"),
        ),
        (
            "data after [DONE]",
            format!("{text}{finish}data: [DONE]\n\n{}", delta(&json!("late"))),
        ),
        (
            "other fields",
            format!("event: message\nid: 7\nretry: 9\n{text}{finish}data: [DONE]\n\n"),
        ),
        (
            "an empty delta",
            format!("{}{text}{finish}data: [DONE]\n\n", delta(&json!(""))),
        ),
    ];
    for (kind, body) in oddities {
        let (reader, end) = play(
            &app,
            Script::stream().raw(body).then(crate::upstream::Step::EndOfBody),
        )
        .await;
        assert_eq!(
            (&end.data["status"], reader.text().as_str()),
            (&json!("complete"), "Because."),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn every_finish_reason_is_told() {
    let app = TestApp::start();
    let reasons = [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content-filter"),
    ];
    for (sent, told) in reasons {
        let script = Script::stream()
            .delta("Because.")
            .finish_reason(sent)
            .raw("data: [DONE]\n\n");
        let (_, end) = play(&app, script.then(crate::upstream::Step::EndOfBody)).await;
        assert_eq!(
            (&end.data["status"], &end.data["finishReason"]),
            (&json!("complete"), &json!(told))
        );
    }
}

#[tokio::test]
async fn a_provider_that_refuses_the_key_is_not_asked_again_and_its_words_are_not_repeated() {
    let app = TestApp::start();
    app.upstream.always(Script::plain(
        401,
        "application/json",
        r#"{"error":{"message":"bad key secret-canary"}}"#,
    ));
    let mut reader = app.learner.send("Why is the sky blue?").await;
    assert_eq!(reader.until_end().await.data["status"], "failed");
    assert_eq!(reader.outline(), ["turn-start", "error", "turn-end"]);
    assert_eq!(reader.events[1].data["code"], "provider-unauthorized");
    assert_eq!(reader.events[1].data["retryable"], false);
    assert_eq!(app.upstream.count(), 1);
    for secret in ["canary", "test-key-not-a-secret"] {
        assert!(
            !reader.events[1].raw.contains(secret) && !app.log().contains(secret),
            "{secret} is out"
        );
    }
}

#[tokio::test]
async fn a_provider_that_falls_silent_mid_reply_is_given_up_and_the_text_kept() {
    let app = Setup::new()
        .provider("idle_timeout_seconds", 1)
        .without_retries()
        .start();
    let (reader, end) = play(&app, Script::stream().delta("Because").hang()).await;
    assert_eq!(
        (&end.data["status"], reader.text().as_str()),
        (&json!("interrupted"), "Because")
    );
    app.upstream
        .request(0)
        .await
        .closed
        .wait("the upstream sees the connection close")
        .await;
}

#[tokio::test]
async fn a_line_without_end_is_given_up_and_the_text_kept() {
    let app = TestApp::start();
    let flood = (0..40).fold(Script::stream().delta("Because"), |script, _| {
        script.raw("x".repeat(64 * 1024))
    });
    let (reader, end) = play(&app, flood.hang()).await;
    assert_eq!(
        (&end.data["status"], reader.text().as_str()),
        (&json!("failed"), "Because")
    );
}

#[tokio::test]
async fn a_reply_without_end_is_cut_at_the_limit_and_the_text_kept() {
    let app = TestApp::start();
    let flood = (0..40).fold(Script::stream(), |script, _| script.delta(&"x".repeat(64 * 1024)));
    let (reader, end) = play(&app, flood.hang()).await;
    assert_eq!(end.data["status"], "failed");
    assert_eq!(
        app.learner.turn(&reader.turn_id).await["errorCode"],
        "reply-too-large"
    );
    let length = reader.text().len();
    assert!((1 << 20..=2 << 20).contains(&length), "{length} bytes are kept");
}
