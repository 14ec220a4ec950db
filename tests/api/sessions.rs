//! Sessions and their messages.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::string;
use crate::problem::refused;
use crate::upstream::{Script, Signal};

const UNKNOWN: &str = "0197a000-0000-7000-8000-000000000000";

#[tokio::test]
async fn a_session_is_created_read_changed_and_deleted() {
    let app = TestApp::start();
    let body = json!({ "title": "Light", "subject": "physics", "learnerProfile": { "grade": 7 } });
    let response = app.learner.call(Method::POST, "/sessions", body).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let created = response.json::<Value>().await.expect("JSON");
    let path = format!("/sessions/{}", string(&created["id"]));
    assert_eq!(
        (&created["title"], &created["subject"]),
        (&json!("Light"), &json!("physics"))
    );
    assert_eq!(created["learnerProfile"], json!({ "grade": 7 }));
    for time in ["createdAt", "updatedAt"] {
        let time = string(&created[time]);
        assert!(
            time.ends_with('Z') && time.contains('T'),
            "{time} is no RFC 3339 time"
        );
    }
    assert_eq!(app.learner.get(&path).await, created);

    let changed = app
        .learner
        .json(Method::PATCH, &path, json!({ "title": "Colours" }))
        .await;
    assert_eq!(
        (&changed["title"], &changed["subject"]),
        (&json!("Colours"), &json!("physics"))
    );
    assert!(changed["revision"].as_i64() > created["revision"].as_i64());

    let response = app.learner.call(Method::DELETE, &path, Value::Null).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    refused(
        app.learner.call(Method::GET, &path, Value::Null).await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn a_session_that_begins_with_a_message_is_named_after_it() {
    let app = TestApp::start();
    let body = json!({ "message": "Why is\nthe sky blue?", "subject": "physics" });
    let mut reader = crate::witness::Witness::of(&app.learner, app.learner.post_chat(body).await);
    reader.until_end().await;
    let session = app.learner.get(&format!("/sessions/{}", reader.session_id)).await;
    assert_eq!(
        (&session["title"], &session["subject"]),
        (&json!("Why is the sky blue?"), &json!("physics"))
    );
}

#[tokio::test]
async fn sessions_are_listed_newest_first_page_by_page() {
    let app = TestApp::start();
    let mut created = Vec::new();
    for _ in 0..7 {
        created.push(app.learner.create_session().await);
    }
    let mut listed = Vec::new();
    let mut path = "/sessions?limit=3".to_owned();
    loop {
        let page = app.learner.get(&path).await;
        let sessions = page["sessions"].as_array().expect("a list");
        assert!(sessions.len() <= 3);
        listed.extend(sessions.iter().map(|session| string(&session["id"])));
        match &page["nextCursor"] {
            Value::Null => break,
            cursor => path = format!("/sessions?limit=3&cursor={}", string(cursor)),
        }
    }
    let (mut sorted, newest) = (listed.clone(), &listed[0]);
    sorted.sort();
    assert_eq!(sorted, created, "every session once");
    assert_eq!(
        newest,
        created.last().expect("seven"),
        "the one that changed last comes first"
    );
}

#[tokio::test]
async fn the_list_of_sessions_says_who_answers() {
    let app = TestApp::start();
    let provider = app.learner.get("/sessions").await["provider"].clone();
    assert_eq!(
        provider,
        json!({ "name": "openai", "model": "fake-model", "practice": false })
    );
}

#[tokio::test]
async fn messages_are_listed_oldest_first_and_paged_from_the_newest() {
    let app = TestApp::start();
    let session = app.learner.create_session().await;
    let path = format!("/sessions/{session}/messages");
    for number in 0..7 {
        app.learner
            .json(
                Method::POST,
                &path,
                json!({ "role": "user", "content": format!("{number}") }),
            )
            .await;
    }
    let mut contents = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let page = app.learner.get(&format!("{path}{query}")).await;
        let messages = page["messages"].as_array().expect("a list").iter();
        contents.splice(0..0, messages.map(|message| string(&message["content"])));
        match &page["nextCursor"] {
            Value::Null => break,
            Value::String(cursor) => query = format!("?limit=3&cursor={cursor}"),
            cursor => query = format!("?limit=3&cursor={cursor}"),
        }
    }
    assert_eq!(contents, ["0", "1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn a_message_is_added_and_changed_without_a_turn() {
    let app = TestApp::start();
    let session = app.learner.create_session().await;
    let path = format!("/sessions/{session}/messages");
    let body = json!({ "role": "assistant", "content": "Hello!", "clientMessageId": "c-1" });
    let response = app.learner.call(Method::POST, &path, body).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let message = response.json::<Value>().await.expect("JSON");
    assert_eq!(
        (&message["role"], &message["content"]),
        (&json!("assistant"), &json!("Hello!"))
    );
    assert_eq!(
        (&message["status"], &message["sessionId"]),
        (&json!("complete"), &json!(session))
    );
    assert_eq!(message["clientMessageId"], "c-1");

    let path = format!("{path}/{}", string(&message["id"]));
    let changed = app
        .learner
        .json(Method::PATCH, &path, json!({ "content": "Good morning!" }))
        .await;
    assert_eq!(changed["content"], "Good morning!");
    let listed = app.learner.messages(&session).await;
    assert_eq!(listed["messages"], json!([changed]));
    assert_eq!(app.upstream.count(), 0);
}

#[tokio::test]
async fn a_message_that_streams_is_not_changed() {
    let app = TestApp::start();
    let go_on = Signal::new();
    app.upstream
        .next(Script::stream().delta("Because").wait_for(&go_on).finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let message = string(&reader.events[0].data["messageId"]);
    let path = format!("/sessions/{}/messages/{message}", reader.session_id);
    let response = app
        .learner
        .call(Method::PATCH, &path, json!({ "content": "No." }))
        .await;
    refused(response, 409, "message-streaming").await;
    go_on.give();
    reader.until_end().await;
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_by_any_route() {
    let app = TestApp::start();
    let session = app.learner.create_session().await;
    let text = json!({ "content": "?" });
    let message = json!({ "role": "user", "content": "?" });
    let calls = [
        (Method::GET, format!("/sessions/{UNKNOWN}"), Value::Null),
        (
            Method::PATCH,
            format!("/sessions/{UNKNOWN}"),
            json!({ "title": "?" }),
        ),
        (Method::DELETE, format!("/sessions/{UNKNOWN}"), Value::Null),
        (Method::GET, format!("/sessions/{UNKNOWN}/messages"), Value::Null),
        (Method::POST, format!("/sessions/{UNKNOWN}/messages"), message),
        (
            Method::PATCH,
            format!("/sessions/{session}/messages/{UNKNOWN}"),
            text,
        ),
        (Method::GET, format!("/turns/{UNKNOWN}"), Value::Null),
        (Method::GET, format!("/turns/{UNKNOWN}/events"), Value::Null),
        (Method::POST, format!("/turns/{UNKNOWN}/stop"), Value::Null),
        (Method::POST, format!("/turns/{UNKNOWN}/continue"), Value::Null),
        (
            Method::POST,
            "/stream-chat".to_owned(),
            json!({ "sessionId": UNKNOWN, "message": "?" }),
        ),
        (Method::GET, "/no/such/route".to_owned(), Value::Null),
    ];
    for (method, path, body) in calls {
        refused(app.learner.call(method, &path, body).await, 404, "not-found").await;
    }
    assert_eq!(app.database().count("messages"), 0);
}
