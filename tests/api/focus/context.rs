//! What the model is sent: never more than it can read, never less than the plan and the newest message.

use serde_json::json;

use super::instructions;
use crate::app::Setup;
use crate::client::string;
use crate::deadline::eventually;
use crate::problem::refused;
use crate::upstream::{Request, Script};

/// The texts of a prompt without its instructions.
fn texts(request: &Request) -> Vec<String> {
    let said = request
        .messages()
        .iter()
        .filter(|message| message["role"] != "system");
    said.map(|message| string(&message["content"])).collect()
}

#[tokio::test]
async fn a_message_that_the_model_cannot_read_at_once_is_refused_before_anything_is_stored() {
    let app = Setup::new().setting("window_tokens", 8_192).start();
    let words = "sky ".repeat(6_000);
    let response = app.learner.post_chat(json!({ "message": words })).await;
    refused(response, 413, "message-too-long-for-model").await;
    app.assert_untouched();
    // As many bytes, but few tokens.
    let mut reader = app
        .learner
        .send(&" ".repeat(20_000).replacen(' ', "sky", 1))
        .await;
    reader.until_end().await;
}

#[tokio::test]
async fn old_messages_are_left_out_and_the_plan_and_the_newest_message_never() {
    let app = Setup::new().planning().setting("context_tokens", 700).start();
    let long = format!("Why is the sky blue? {}", "sky ".repeat(300));
    let mut reader = app.learner.send(&long).await;
    reader.until_end().await;
    let newest = format!("And why is the sky red? {}", "sky ".repeat(1_000));
    app.learner
        .send_in(&reader.session_id, &newest)
        .await
        .until_end()
        .await;
    let request = app.upstream.request(1).await;
    assert_eq!(texts(&request), [newest]);
    assert!(instructions(&request).contains("Explain scattering in your own words."));
}

#[tokio::test]
async fn the_older_part_of_a_long_session_is_summed_up_behind_an_answer() {
    let app = Setup::new().planning().setting("context_tokens", 1_200).start();
    let message = |place: usize| format!("Sky number {place}? {}", "sky blue ".repeat(120));
    let mut reader = app.learner.send(&message(1)).await;
    reader.until_end().await;
    app.learner
        .send_in(&reader.session_id, &message(2))
        .await
        .until_end()
        .await;
    app.learner.send_in(&reader.session_id, &message(3)).await;
    app.upstream.request(2).await;
    app.upstream.next(
        Script::stream()
            .delta("They spoke of\nthe summary canary.")
            .finish(),
    );
    let summing = app.upstream.request(3).await;
    assert!(instructions(&summing).starts_with("You sum up the older part"));
    assert!(texts(&summing)[0].contains("Sky number 1?"));
    eventually("the summary is stored", || {
        (app.database().count("session_summaries") == 1).then_some(())
    })
    .await;

    app.learner
        .send_in(&reader.session_id, "And sky number four?")
        .await
        .until_end()
        .await;
    let request = app.upstream.request(4).await;
    assert!(instructions(&request).ends_with("They spoke of the summary canary.\n"));
    let said = texts(&request);
    assert!(
        said.iter().all(|text| !text.contains("Sky number 1?")),
        "{said:?}"
    );
    assert_eq!(said.last().map(String::as_str), Some("And sky number four?"));
    let counted = "SELECT count(*) AS number FROM usage_days WHERE purpose = 'summary' AND calls = 1";
    assert_eq!(app.database().number(counted), 1);

    // A message in it that is changed makes it void.
    let messages = app.learner.messages(&reader.session_id).await;
    let first = string(&messages["messages"][0]["id"]);
    let path = format!("/sessions/{}/messages/{first}", reader.session_id);
    app.learner
        .json(reqwest::Method::PATCH, &path, json!({ "content": "Sky?" }))
        .await;
    assert_eq!(app.database().count("session_summaries"), 0);
}

#[tokio::test]
async fn the_operators_instructions_are_a_template_of_their_own() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "Teach {{topic}}.\n- Level {{level}}\n").expect("written");
    let path = format!("{:?}", file.path());
    let app = Setup::new().planning().setting("instructions_file", path).start();
    app.learner.send("Why is the sky blue?").await.until_end().await;
    assert_eq!(
        instructions(&*app.upstream.request(0).await),
        "Teach Why the sky is blue.\n"
    );
}

#[tokio::test]
async fn settings_that_cannot_be_meant_stop_the_start() {
    for (name, value, part) in [
        ("instructions", "\"Teach {{everything}}\"", "{{everything}}"),
        ("instructions_file", "\"/nowhere/at/all\"", "/nowhere/at/all"),
        ("window_tokens", "100", "window_tokens"),
        ("planner.provider", "\"nobody\"", "nobody"),
        ("planner.budget", "1", "budget"),
    ] {
        let refusal = Setup::new().planning().setting(name, value).try_start();
        let refusal = refusal
            .err()
            .unwrap_or_else(|| panic!("{name} = {value} is accepted"));
        assert!(refusal.message.contains(part), "{}", refusal.message);
    }
}
