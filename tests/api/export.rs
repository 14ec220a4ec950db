//! What a user takes along is all that is the user's, and nothing else.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::Setup;
use crate::client::{Client, header};
use crate::upstream::Script;

async fn export(learner: &Client) -> (String, Vec<Value>) {
    let response = learner.call(Method::GET, "/export", Value::Null).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "application/x-ndjson");
    let text = response.text().await.expect("a whole body");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"));
    let lines = lines.collect();
    (text, lines)
}

fn of<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

#[tokio::test]
async fn an_export_has_all_that_is_the_users_over_many_pages() {
    let app = Setup::new().require_auth().start();
    let (alice, bob) = (app.as_user("alice"), app.as_user("bob"));
    app.upstream
        .next(Script::stream().delta("Because of scattering.").finish());
    let body = json!({ "message": "Why is the sky blue?", "clientMessageId": "m-1" });
    let response = alice.post_chat(body).await;
    let session_id = header(&response, "x-session-id");
    response.text().await.expect("a whole stream");
    let share = format!("/sessions/{session_id}/observers/carol");
    alice.call(Method::PUT, &share, Value::Null).await;
    let path = format!("/sessions/{session_id}/messages");
    for number in 0..40 {
        let body = json!({ "role": "user", "content": format!("note {number}") });
        alice.json(Method::POST, &path, body).await;
    }
    let fields = json!({ "title": "Algebra", "learnerProfile": { "grade": 8 } });
    alice.json(Method::POST, "/sessions", fields).await;
    app.upstream.next(Script::stream().delta("bobs-canary").finish());
    bob.send("bobs-canary").await.until_end().await;

    let (text, lines) = export(&alice).await;
    assert_eq!(
        (&lines[0]["type"], &lines[0]["version"], &lines[0]["user"]),
        (&json!("export"), &json!(1), &json!("alice"))
    );
    assert_eq!(lines.last().expect("lines")["type"], "end");
    let counts = [
        "session",
        "message",
        "turn",
        "attempt",
        "observer",
        "idempotency-key",
        "usage",
    ]
    .map(|kind| of(&lines, kind).len());
    let mut database = app.database();
    let mut stored = |rows: &str| {
        let rows = database.number(&format!(
            "SELECT count(*) AS number FROM {rows} WHERE owner = 'alice'"
        ));
        usize::try_from(rows).expect("a number of rows")
    };
    let attempts =
        stored("attempts a JOIN turns t ON t.id = a.turn_id JOIN sessions s ON s.id = t.session_id");
    assert_eq!(counts, [2, 42, 1, attempts, 1, 1, stored("usage_days")]);
    let texts: Vec<_> = of(&lines, "message")
        .iter()
        .map(|line| line["content"].clone())
        .collect();
    let notes = (0..40).map(|number| json!(format!("note {number}")));
    let expected = [json!("Why is the sky blue?"), json!("Because of scattering.")]
        .into_iter()
        .chain(notes);
    assert_eq!(texts, expected.collect::<Vec<_>>());
    let algebra = of(&lines, "session")
        .into_iter()
        .find(|line| line["title"] == "Algebra")
        .expect("a session");
    assert_eq!(algebra["learnerProfile"], json!({ "grade": 8 }));
    assert!(!text.contains("bobs-canary"), "{text}");
}

#[tokio::test]
async fn an_observer_does_not_export_what_it_observes() {
    let app = Setup::new().require_auth().start();
    let (alice, teacher) = (app.as_user("alice"), app.as_user("teacher"));
    let session_id = alice.create_session().await;
    let share = format!("/sessions/{session_id}/observers/teacher");
    alice.call(Method::PUT, &share, Value::Null).await;
    teacher.get(&format!("/sessions/{session_id}")).await;
    let (_, lines) = export(&teacher).await;
    assert_eq!(lines.len(), 2, "the first line and the last: {lines:?}");
}
