//! What a user may store: bytes, sessions and messages. One too many is refused and says what to delete, deletions give
//! the room back, and a reply that is being written is never cut. After every test the checker counts the rows anew.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::Setup;
use crate::client::Client;
use crate::problem::refused;
use crate::upstream::{Script, Signal};

pub(crate) const MIB: u64 = 1024 * 1024;

async fn delete_session(client: &Client, id: &str) {
    let path = format!("/sessions/{id}");
    let response = client.call(Method::DELETE, &path, Value::Null).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

pub(crate) async fn add(client: &Client, id: &str, content: &str) -> reqwest::Response {
    let path = format!("/sessions/{id}/messages");
    let body = json!({ "role": "user", "content": content });
    client.call(Method::POST, &path, body).await
}

async fn used(client: &Client) -> Value {
    client.get("/profile").await["storage"].take()
}

/// As many bytes as fit beside what is there, but for `spare`.
async fn fill(client: &Client, id: &str, spare: u64) {
    loop {
        let bytes = used(client).await["bytes"].take();
        let number = |name: &str| bytes[name].as_u64().expect("a number");
        let left = number("limit") - number("used") - number("reserved");
        if left <= spare {
            return;
        }
        let length = usize::try_from((left - spare).min(100_000)).expect("a length");
        assert_eq!(
            add(client, id, &"x".repeat(length)).await.status(),
            StatusCode::CREATED
        );
    }
}

pub(crate) fn small(most: u64) -> Setup {
    Setup::new()
        .provider("max_answer_bytes", 100_000)
        .limit("storage_bytes", most)
}

#[tokio::test]
async fn a_message_fits_to_the_byte_and_one_more_is_refused_with_what_to_delete() {
    let app = small(300_000).start();
    let (first, second) = (
        app.learner.create_session().await,
        app.learner.create_session().await,
    );
    fill(&app.learner, &first, 10).await;
    let problem = refused(
        add(&app.learner, &second, "elf Zeichen").await,
        409,
        "storage-full",
    )
    .await;
    let detail = problem["detail"].as_str().expect("words");
    assert!(
        detail.contains("300000 bytes") && detail.contains("Delete sessions"),
        "{detail}"
    );
    assert_eq!(app.database().count("messages"), 3, "nothing of it is stored");
    assert_eq!(
        add(&app.learner, &second, "fünf Zehn").await.status(),
        201,
        "10 bytes of UTF-8"
    );
    delete_session(&app.learner, &first).await;
    assert_eq!(
        add(&app.learner, &second, &"y".repeat(100_000)).await.status(),
        201
    );
    let storage = used(&app.learner).await;
    assert_eq!(storage["sessions"], json!({ "used": 1, "limit": null }));
    assert_eq!(storage["messages"]["used"], 2);
}

#[tokio::test]
async fn an_edit_that_grows_past_the_limit_is_refused_and_one_that_shrinks_is_not() {
    let app = small(300_000).start();
    let id = app.learner.create_session().await;
    let short: Value = add(&app.learner, &id, "short")
        .await
        .json()
        .await
        .expect("a message");
    fill(&app.learner, &id, 20).await;
    let path = format!("/sessions/{id}/messages/{}", short["id"].as_str().expect("an id"));
    let edit = |content: String| {
        app.learner
            .call(Method::PATCH, &path, json!({ "content": content }))
    };
    refused(edit("x".repeat(26)).await, 409, "storage-full").await;
    assert_eq!(edit("x".repeat(25)).await.status(), StatusCode::OK);
    assert_eq!(edit("x".to_owned()).await.status(), StatusCode::OK);
    let session = format!("/sessions/{id}");
    let rename = |length: usize| {
        let body = json!({ "learnerProfile": { "name": "x".repeat(length) } });
        app.learner.call(Method::PATCH, &session, body)
    };
    refused(rename(100).await, 409, "storage-full").await;
    assert_eq!(rename(1).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn sessions_and_messages_are_counted_and_the_room_of_deleted_ones_is_given_back() {
    let app = Setup::new().limit("sessions", 2).limit("messages", 3).start();
    let (first, second) = (
        app.learner.create_session().await,
        app.learner.create_session().await,
    );
    let response = app.learner.call(Method::POST, "/sessions", json!({})).await;
    refused(response, 409, "too-many-sessions").await;
    let chat = json!({ "message": "Why is the sky blue?" });
    refused(app.learner.post_chat(chat).await, 409, "too-many-sessions").await;
    for _ in 0..2 {
        assert_eq!(add(&app.learner, &first, "?").await.status(), StatusCode::CREATED);
    }
    // A turn is two messages.
    let chat = json!({ "message": "Why is the sky blue?", "sessionId": second });
    refused(app.learner.post_chat(chat).await, 409, "too-many-messages").await;
    assert_eq!(
        add(&app.learner, &second, "?").await.status(),
        StatusCode::CREATED
    );
    refused(add(&app.learner, &second, "?").await, 409, "too-many-messages").await;
    delete_session(&app.learner, &first).await;
    app.learner
        .send_in(&second, "Why is the sky blue?")
        .await
        .until_end()
        .await;
    let storage = used(&app.learner).await;
    assert_eq!(storage["messages"], json!({ "used": 3, "limit": 3 }));
    assert_eq!(storage["sessions"], json!({ "used": 1, "limit": 2 }));
}

#[tokio::test]
async fn a_further_reply_counts_as_a_message() {
    let app = Setup::new().limit("messages", 3).start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let message = app.database().messages()[1].id.clone();
    let path = format!("/sessions/{}/messages/{message}/regenerate", reader.session_id);
    let again = app.learner.call(Method::POST, &path, Value::Null).await;
    crate::witness::Witness::of(&app.learner, again).until_end().await;
    let again = app.learner.call(Method::POST, &path, Value::Null).await;
    refused(again, 409, "too-many-messages").await;
}

#[tokio::test]
async fn a_running_turn_holds_the_room_of_a_reply_and_is_not_cut_when_that_is_too_little() {
    let app = small(350_000).start();
    let go_on = Signal::new();
    let text = "0123456789".repeat(9_000);
    let script = Script::stream()
        .delta("Because")
        .wait_for(&go_on)
        .delta(&text)
        .finish();
    app.upstream.next(script);
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let storage = used(&app.learner).await;
    assert_eq!(storage["bytes"]["reserved"], 100_000);
    fill(&app.learner, &reader.session_id, 50_000).await;
    // Another reply would not find its room.
    let other = json!({ "message": "And at dusk?" });
    refused(app.learner.post_chat(other).await, 409, "storage-full").await;
    go_on.give();
    reader.until_end().await;
    assert_eq!(
        reader.text(),
        format!("Because{text}"),
        "text and events are more than was held"
    );
    let bytes = used(&app.learner).await["bytes"].take();
    assert_eq!(bytes["reserved"], 0);
    // Text and log together: past the limit, and nothing was cut.
    assert!(bytes["used"].as_u64() > Some(300_000), "{bytes}");
    refused(
        add(&app.learner, &reader.session_id, &"x".repeat(100_000)).await,
        409,
        "storage-full",
    )
    .await;
}

#[tokio::test]
async fn of_many_at_once_exactly_as_many_are_stored_as_fit() {
    let app = small(MIB).limit("sessions", 20).start();
    let created = join_all((0..50).map(|_| app.learner.call(Method::POST, "/sessions", json!({})))).await;
    let mut statuses = BTreeMap::<u16, usize>::new();
    for response in created {
        *statuses.entry(response.status().as_u16()).or_default() += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(201, 20), (409, 30)]));
    let sessions = app.learner.get("/sessions").await;
    let id = sessions["sessions"][0]["id"].as_str().expect("an id").to_owned();
    let text = "x".repeat(100_000);
    let added = join_all((0..20).map(|_| add(&app.learner, &id, &text))).await;
    let stored = added.iter().filter(|response| response.status() == 201).count();
    assert_eq!(stored, 10, "of 1 MiB");
}

#[tokio::test]
async fn a_user_s_limit_is_no_other_s_and_goes_with_the_account() {
    let app = Setup::new().require_auth().limit("sessions", 1).start();
    let (alice, bob) = (app.as_user("alice"), app.as_user("bob"));
    alice.create_session().await;
    bob.create_session().await;
    let response = alice.call(Method::POST, "/sessions", json!({})).await;
    refused(response, 409, "too-many-sessions").await;
    let gone = alice
        .call(Method::DELETE, "/account", json!({ "confirm": "alice" }))
        .await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let rows = "SELECT count(*) AS number FROM user_storage WHERE owner = 'alice'";
    assert_eq!(app.database().number(rows), 0, "not even the name is kept");
    alice.create_session().await;
    assert_eq!(used(&alice).await["sessions"], json!({ "used": 1, "limit": 1 }));
}

#[tokio::test]
async fn a_limit_below_one_reply_stops_the_start() {
    let refusal = small(99_999).try_start().err().expect("a refusal");
    assert!(
        refusal.message.contains("limits.storage_bytes"),
        "{}",
        refusal.message
    );
}
