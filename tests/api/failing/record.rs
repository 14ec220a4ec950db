//! What is on record of the calls of a turn after its end.

use reqwest::Method;
use serde_json::json;

use crate::app::Setup;
use crate::client::string;
use crate::upstream::Script;

#[tokio::test]
async fn what_a_call_wrote_stays_on_record_when_the_message_is_changed() {
    let app = Setup::new().continues_partial().start();
    app.upstream.next(Script::stream().delta("Because ").cut());
    app.upstream.next(Script::stream().delta("of the air.").finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let start = &reader.events[0].data;
    let path = format!(
        "/sessions/{}/messages/{}",
        reader.session_id,
        string(&start["messageId"])
    );
    let change = async |content: &str| {
        let changed = json!({ "content": content });
        app.learner.json(Method::PATCH, &path, changed).await;
    };
    change("Because it is.").await;
    let turn = app.learner.turn(&reader.turn_id).await;
    let texts = [0, 1].map(|call| &turn["attemptLog"][call]["text"]);
    assert_eq!(texts, [&json!("Because "), &json!("of the air.")]);
    let stored = app.database().count("attempts WHERE text <> ''");
    assert_eq!(stored, 1, "the log alone has the end");
    change(&reader.text()).await;
}
