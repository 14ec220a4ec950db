//! What a user takes along is all that is the user's, and nothing else.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
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

/// Alice has a turn, an observer, forty notes, another session and a profile.
async fn fill(app: &TestApp, alice: &Client) {
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
    let profile = json!({ "goals": "pass", "topics": [{ "topic": "Limits", "mastery": 0.5 }] });
    alice.json(Method::PATCH, "/profile", profile).await;
}

#[tokio::test]
async fn an_export_has_all_that_is_the_users_over_many_pages() {
    let app = Setup::new().planning().require_auth().start();
    let alice = app.as_user("alice");
    fill(&app, &alice).await;
    let (_, lines) = export(&alice).await;
    let last = &lines[lines.len() - 1]["type"];
    assert_eq!((&lines[0]["type"], last), (&json!("export"), &json!("end")));
    assert_eq!(
        (&lines[0]["version"], &lines[0]["user"]),
        (&json!(1), &json!("alice"))
    );

    let mut database = app.database();
    let mut stored = |rows: &str| {
        let sql = format!("SELECT count(*) AS number FROM {rows} WHERE owner = 'alice'");
        usize::try_from(database.number(&sql)).expect("a number of rows")
    };
    let turns = "turns t ON t.id = a.turn_id JOIN sessions s ON s.id = t.session_id";
    let expected = [
        ("session", 2),
        ("message", 42),
        ("turn", 1),
        ("attempt", stored(&format!("attempts a JOIN {turns}"))),
        ("observer", 1),
        (
            "focus",
            stored("session_focus f JOIN sessions s ON s.id = f.session_id"),
        ),
        ("profile", 1),
        ("topic", stored("learner_topics")),
        ("idempotency-key", 1),
        ("usage", stored("usage_days")),
    ];
    for (kind, count) in expected {
        assert!(count > 0 && of(&lines, kind).len() == count, "{kind}: {count}");
    }
}

#[tokio::test]
async fn an_export_says_things_as_they_were_said() {
    let app = Setup::new().require_auth().start();
    let alice = app.as_user("alice");
    fill(&app, &alice).await;
    let (_, lines) = export(&alice).await;
    let texts: Vec<_> = of(&lines, "message")
        .iter()
        .map(|line| line["content"].clone())
        .collect();
    let said = ["Why is the sky blue?", "Because of scattering."].map(|text| json!(text));
    let notes = (0..40).map(|number| json!(format!("note {number}")));
    assert_eq!(texts, said.into_iter().chain(notes).collect::<Vec<_>>());
    let (profile, topic) = (of(&lines, "profile")[0], of(&lines, "topic")[0]);
    assert_eq!(
        (&profile["goals"], &profile["tracking"]),
        (&json!("pass"), &json!(true))
    );
    assert_eq!(
        (&topic["topic"], &topic["mastery"]),
        (&json!("Limits"), &json!(0.5))
    );
    let sessions = of(&lines, "session");
    let algebra = sessions
        .iter()
        .find(|line| line["title"] == "Algebra")
        .expect("a session");
    assert_eq!(algebra["learnerProfile"], json!({ "grade": 8 }));
}

#[tokio::test]
async fn an_export_has_nothing_of_another_user() {
    let app = Setup::new().require_auth().start();
    let (alice, bob) = (app.as_user("alice"), app.as_user("bob"));
    fill(&app, &alice).await;
    app.upstream.next(Script::stream().delta("bobs-canary").finish());
    bob.send("bobs-canary").await.until_end().await;
    let profile = json!({ "goals": "bobs-canary", "topics": [{ "topic": "bobs-canary", "mastery": 0.5 }] });
    bob.json(Method::PATCH, "/profile", profile).await;
    let (text, _) = export(&alice).await;
    assert!(!text.contains("bobs-canary") && !text.contains("bob"), "{text}");
    assert!(export(&bob).await.0.contains("bobs-canary"));
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
