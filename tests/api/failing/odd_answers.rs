//! Answers that are odd but understood, and ends that are no replies: what the learner sees of them.

use serde_json::{Value, json};

use super::{calls, chain_of_two};
use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::sse::Event;
use crate::upstream::{Script, Upstream, chunk};
use crate::witness::Witness;

const EMPTY: &str = "reply-empty";

/// A reply that ends without a word.
fn empty() -> Script {
    Script::stream().finish()
}

fn good() -> Script {
    Script::stream().delta("Good.").finish()
}

/// A chunk with this delta and reason.
fn chunk_of(delta: &Value, reason: &Value) -> String {
    chunk(
        &json!([{ "index": 0, "delta": delta, "finish_reason": reason }]),
        &Value::Null,
    )
}

async fn ask(app: &TestApp) -> (Witness, Event) {
    let mut reader = app.learner.send("Why is the sky blue?").await;
    let end = reader.until_end().await;
    check_turn(&mut app.database(), &[&reader], None);
    (reader, end)
}

fn error(reader: &Witness) -> Value {
    let error = reader.events.iter().find(|event| event.name == "error");
    error.map_or(Value::Null, |event| event.data.clone())
}

#[tokio::test]
async fn an_empty_reply_is_asked_for_once_more() {
    let app = Setup::new().retry("base_ms", 1).start();
    app.upstream.next(empty());
    app.upstream.next(good());
    let (reader, end) = ask(&app).await;
    assert_eq!(
        (&end.data["status"], reader.text()),
        (&json!("complete"), "Good.".to_owned())
    );
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(
        calls(&turn),
        ["openai start reply-empty", "openai start complete"]
    );
    // What the provider says that an empty reply has cost is counted as it says.
    assert_eq!(
        turn["usage"],
        json!({ "inputTokens": 18, "outputTokens": 24, "source": "reported" })
    );
}

#[tokio::test]
async fn a_provider_that_has_nothing_to_say_twice_is_passed_over() {
    let (setup, second) = (Setup::new().retry("base_ms", 1), Upstream::start());
    setup.upstream.always(empty());
    second.always(good());
    let app = chain_of_two(setup, &second, "").start();
    let (reader, end) = ask(&app).await;
    assert_eq!(
        (&end.data["status"], reader.text()),
        (&json!("complete"), "Good.".to_owned())
    );
    assert_eq!((app.upstream.count(), second.count()), (2, 1));
}

#[tokio::test]
async fn thoughts_alone_are_no_reply_and_each_provider_is_asked_twice() {
    let (setup, second) = (Setup::new().retry("base_ms", 1), Upstream::start());
    let thoughts = || {
        Script::stream()
            .raw(chunk_of(&json!({ "reasoning_content": "hm" }), &Value::Null))
            .finish()
    };
    setup.upstream.always(thoughts());
    second.always(thoughts());
    let app = chain_of_two(setup, &second, "").start();
    let (reader, end) = ask(&app).await;
    assert_eq!(
        (&end.data["status"], reader.text()),
        (&json!("failed"), String::new())
    );
    assert_eq!((app.upstream.count(), second.count()), (2, 2));
    let error = error(&reader);
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&json!(EMPTY), &json!(true))
    );
    assert!(
        error["title"]
            .as_str()
            .is_some_and(|title| title.contains("without a word"))
    );
}

#[tokio::test]
async fn a_model_that_thought_until_its_tokens_were_used_up_is_not_asked_again() {
    let app = Setup::new().retry("base_ms", 1).start();
    let thoughts = chunk_of(&json!({ "reasoning_content": "hm" }), &Value::Null);
    app.upstream.always(
        Script::stream()
            .raw(thoughts)
            .finish_reason("length")
            .raw("data: [DONE]\n\n"),
    );
    let (reader, end) = ask(&app).await;
    assert_eq!((&end.data["status"], app.upstream.count()), (&json!("failed"), 1));
    let error = error(&reader);
    assert_eq!(
        (&error["code"], &error["retryable"]),
        (&json!("reply-out-of-tokens"), &json!(false))
    );
    assert!(
        error["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("max_tokens"))
    );
}

#[tokio::test]
async fn a_word_for_a_cut_leaves_an_interrupted_reply() {
    let app = Setup::new().without_retries().start();
    for word in ["abort", "insufficient_system_resource", "error"] {
        app.upstream.next(
            Script::stream()
                .delta("Light scat")
                .finish_reason(word)
                .raw("data: [DONE]\n\n"),
        );
        let (reader, end) = ask(&app).await;
        assert_eq!(
            (&end.data["status"], reader.text()),
            (&json!("interrupted"), "Light scat".to_owned()),
            "{word}"
        );
    }
}

#[tokio::test]
async fn what_follows_a_firm_reason_costs_at_most_the_count() {
    let app = TestApp::start();
    for after in [
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12.5,\"completion_tokens\":3}}\n\n",
        "data: {\"error\":{\"message\":\"logging failed\",\"code\":500}}\n\n",
        "data: {\"choices\":[],\"us\n\n",
        "data: [done]\n\n",
    ] {
        let calls = app.upstream.count();
        app.upstream.next(
            Script::stream()
                .delta("Blue.")
                .finish_reason("stop")
                .raw(after)
                .cut(),
        );
        let (reader, end) = ask(&app).await;
        assert_eq!(
            (&end.data["status"], reader.text()),
            (&json!("complete"), "Blue.".to_owned()),
            "{after}"
        );
        assert_eq!(end.data["usage"]["source"], "estimated", "{after}");
        assert_eq!(app.upstream.count(), calls + 1, "{after}");
    }
}

#[tokio::test]
async fn thoughts_between_tags_are_not_the_reply_and_not_in_the_history() {
    let app = TestApp::start();
    app.upstream.next(
        Script::stream()
            .delta("<thi")
            .delta("nk>\nIt is 42.\n</think>\n\nWhat do")
            .delta(" you think?")
            .finish(),
    );
    let (reader, end) = ask(&app).await;
    assert_eq!(
        (&end.data["status"], reader.text()),
        (&json!("complete"), "What do you think?".to_owned())
    );
    assert!(reader.outline().contains(&"reasoning-delta"));
    let mut again = app.learner.send_in(&reader.session_id, "And then?").await;
    again.until_end().await;
    let request = app.upstream.request(1).await;
    let sent = request.body.to_string();
    assert!(
        sent.contains("What do you think?") && !sent.contains("42"),
        "{sent}"
    );
}

#[tokio::test]
async fn thoughts_whose_tag_was_never_opened_are_taken_back_in_the_same_call() {
    let app = Setup::new().without_merging().start();
    app.upstream.next(
        Script::stream()
            .delta("It is 42.\n")
            .delta("</think>\n\n")
            .delta("What do you think?")
            .finish_without_usage(),
    );
    let (reader, end) = ask(&app).await;
    assert_eq!(
        (&end.data["status"], reader.text()),
        (&json!("complete"), "What do you think?".to_owned())
    );
    let told = reader
        .events
        .iter()
        .find(|event| event.name == "attempt-start")
        .expect("it is announced");
    assert_eq!(
        (&told.data["mode"], &told.data["reason"], &told.data["attempt"]),
        (&json!("restart"), &json!("thoughts"), &json!(1))
    );
    let turn = app.learner.turn(&reader.turn_id).await;
    assert_eq!(calls(&turn), ["openai start complete"]);
    assert_eq!(
        (app.upstream.count(), &turn["text"]),
        (1, &json!("What do you think?"))
    );
    assert!(
        end.data["usage"]["outputTokens"].as_i64() > Some(4),
        "what was taken back was written, too: {}",
        end.data
    );
}

#[tokio::test]
async fn a_tag_that_the_learner_wrote_about_is_text() {
    let app = TestApp::start();
    let text = "This ends it:\n</think>\nSee?";
    app.upstream.next(Script::stream().delta(text).finish());
    let mut reader = app.learner.send("What does </think> mean?").await;
    reader.until_end().await;
    assert_eq!(reader.text(), text);
}

#[tokio::test]
async fn a_page_instead_of_a_reply_is_not_asked_for_again_and_a_whole_reply_is_taken() {
    let app = Setup::new().retry("base_ms", 1).start();
    app.upstream.next(Script::plain(200, "text/html", "<html>"));
    let (reader, end) = ask(&app).await;
    assert_eq!((&end.data["status"], app.upstream.count()), (&json!("failed"), 1));
    assert_eq!(error(&reader)["code"], "provider-unreadable");
    let whole = json!({ "choices": [{ "message": { "content": "Blue." }, "finish_reason": "stop" }] });
    app.upstream
        .next(Script::plain(200, "application/json", &whole.to_string()));
    let (reader, end) = ask(&app).await;
    assert_eq!(
        (&end.data["status"], reader.text()),
        (&json!("complete"), "Blue.".to_owned())
    );
}

#[tokio::test]
async fn a_plan_without_text_is_asked_for_once_more() {
    let app = Setup::new().planning().start();
    app.upstream.next_plan(empty());
    let (_, end) = ask(&app).await;
    assert_eq!(
        (&end.data["status"], app.upstream.plan_count()),
        (&json!("complete"), 2)
    );
}
