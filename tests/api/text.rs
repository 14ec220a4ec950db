//! Text goes through byte for byte, however it is cut into packets.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::app::TestApp;
use crate::upstream::{Script, chunk};

#[tokio::test]
async fn any_text_arrives_and_is_stored_as_the_provider_sent_it() {
    let app = TestApp::start();
    let deltas = prop::collection::vec(
        any::<String>().prop_filter("a delta has text", |text| !text.is_empty()),
        1..8,
    );
    let mut runner = TestRunner::default();
    for _ in 0..24 {
        let deltas = deltas.new_tree(&mut runner).expect("a value").current();
        app.upstream.next(
            deltas
                .iter()
                .fold(Script::stream(), |script, delta| script.delta(delta))
                .finish(),
        );
        let mut reader = app.learner.send("Say something.").await;
        reader.until_end().await;
        assert_eq!(reader.text(), deltas.concat());
        assert_eq!(app.learner.turn(&reader.turn_id).await["text"], deltas.concat());
    }
}

#[tokio::test]
async fn a_learners_text_is_stored_byte_for_byte() {
    let app = TestApp::start();
    for text in [
        "e\u{301} \u{e9}",
        "  spaces \r\n ",
        "\u{202e}dlrow",
        "z\u{335}\u{336}\u{337}",
        "🧑‍🚀",
        "\u{feff}BOM",
    ] {
        let mut reader = app.learner.send(text).await;
        reader.until_end().await;
        let messages = app.learner.messages(&reader.session_id).await;
        assert_eq!(messages["messages"][0]["content"], text);
    }
}

#[tokio::test]
async fn a_character_that_is_cut_between_packets_arrives_whole() {
    let app = TestApp::start();
    let text = "é漢🧑‍🚀";
    let record = chunk(
        &json!([{ "index": 0, "delta": { "content": text }, "finish_reason": null }]),
        &json!(null),
    );
    for cut in 1..record.len() {
        let (begin, rest) = record.as_bytes().split_at(cut);
        app.upstream.next(Script::stream().raw(begin).raw(rest).finish());
        let mut reader = app.learner.send("Say something.").await;
        reader.until_end().await;
        assert_eq!(reader.text(), text, "cut at byte {cut}");
    }
}
