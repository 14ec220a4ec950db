//! Transcripts that others read as evidence: they tell who wrote what, what was changed, and who may read them.

use reqwest::Method;
use serde_json::{Value, json};

use super::issuer::{SECRET, Signer, claims, table};
use crate::app::{Setup, TestApp};
use crate::client::Client;
use crate::deadline::eventually_asked;
use crate::feed::viewer::Viewer;
use crate::problem::refused;
use crate::witness::Witness;

async fn session_of(alice: &Client) -> Witness {
    let mut reader = alice.send("Why is the sky blue?").await;
    reader.until_end().await;
    reader
}

/// `source` and `edited` of each message.
fn marks(messages: &Value) -> Vec<(String, bool)> {
    let messages = messages.as_array().expect("messages").iter();
    let mark = |message: &Value| {
        let source = message["source"].as_str().expect("a source");
        (source.to_owned(), message["edited"].as_bool().expect("a flag"))
    };
    messages.map(mark).collect()
}

async fn edit(client: &Client, session: &str, message: &Value) -> reqwest::Response {
    let path = format!("{session}/messages/{}", message["id"].as_str().expect("an id"));
    client
        .call(Method::PATCH, &path, json!({ "content": "Replaced." }))
        .await
}

#[tokio::test]
async fn a_message_says_who_wrote_it_and_whether_it_was_changed_wherever_it_is_read() {
    let app = Setup::new().require_auth().start();
    let [alice, teacher] = [app.as_user("alice"), app.as_user("teacher")];
    let session = format!("/sessions/{}", session_of(&alice).await.session_id);
    for role in ["assistant", "user"] {
        let body = json!({ "role": role, "content": "Added." });
        alice
            .json(Method::POST, &format!("{session}/messages"), body)
            .await;
    }
    let messages = alice.get(&format!("{session}/messages")).await["messages"].clone();
    let untouched = ["learner", "model", "import", "import"].map(|source| (source.to_owned(), false));
    assert_eq!(marks(&messages), untouched);
    for message in messages.as_array().expect("messages") {
        let edited: Value = edit(&alice, &session, message)
            .await
            .json()
            .await
            .expect("a message");
        assert_eq!(edited["edited"], true);
    }
    let edited = untouched.map(|(source, _)| (source, true));
    alice
        .call(Method::PUT, &format!("{session}/observers/teacher"), Value::Null)
        .await;
    for reader in [&alice, &teacher] {
        let messages = reader.get(&format!("{session}/messages")).await["messages"].clone();
        assert_eq!(marks(&messages), edited);
        let mut feed = Viewer::open(reader, session.trim_start_matches("/sessions/")).await;
        feed.until_event("session-snapshot").await;
        assert_eq!(marks(&feed.messages.into()), edited);
    }
    let export = alice
        .request(Method::GET, "/export")
        .send()
        .await
        .expect("an answer");
    let export = export.text().await.expect("lines");
    let lines = export
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let exported: Vec<_> = lines.filter(|line| line["type"] == "message").collect();
    assert_eq!(marks(&exported.into()), edited);
}

#[tokio::test]
async fn a_reply_cannot_be_edited_while_somebody_is_named_who_reads_it() {
    let app = Setup::new().require_auth().start();
    let alice = app.as_user("alice");
    let session = format!("/sessions/{}", session_of(&alice).await.session_id);
    let grant = format!("{session}/observers/teacher");
    alice.call(Method::PUT, &grant, Value::Null).await;
    let before = alice.get(&format!("{session}/messages")).await["messages"].clone();
    refused(edit(&alice, &session, &before[1]).await, 409, "transcript-locked").await;
    assert_eq!(
        edit(&alice, &session, &before[0]).await.status(),
        200,
        "one's own words"
    );
    let after = alice.get(&format!("{session}/messages")).await["messages"].clone();
    assert_eq!(after[1], before[1]);
    alice.call(Method::DELETE, &grant, Value::Null).await;
    assert_eq!(edit(&alice, &session, &before[1]).await.status(), 200);
}

#[tokio::test]
async fn where_transcripts_are_locked_no_reply_can_be_edited() {
    let app = Setup::new().tables("[auth]\nlocked_transcripts = true\n").start();
    let session = format!("/sessions/{}", session_of(&app.learner).await.session_id);
    let messages = app.learner.get(&format!("{session}/messages")).await["messages"].clone();
    refused(
        edit(&app.learner, &session, &messages[1]).await,
        409,
        "transcript-locked",
    )
    .await;
    assert_eq!(edit(&app.learner, &session, &messages[0]).await.status(), 200);
}

#[tokio::test]
async fn who_was_named_an_observer_may_leave_and_nobody_else_can_be_sent_away() {
    let app = Setup::new().require_auth().start();
    let [alice, teacher, eve] = ["alice", "teacher", "eve"].map(|user| app.as_user(user));
    let session = format!("/sessions/{}", session_of(&alice).await.session_id);
    for user in ["teacher", "eve"] {
        alice
            .call(Method::PUT, &format!("{session}/observers/{user}"), Value::Null)
            .await;
    }
    let own = format!("{session}/observers/teacher");
    refused(
        eve.call(Method::DELETE, &own, Value::Null).await,
        403,
        "read-only",
    )
    .await;
    assert_eq!(
        teacher.call(Method::DELETE, &own, Value::Null).await.status(),
        204
    );
    assert_eq!(teacher.status_of(&session).await, 404);
    assert_eq!(
        teacher.get("/sessions?view=observed").await["sessions"],
        json!([])
    );
    refused(
        teacher.call(Method::DELETE, &own, Value::Null).await,
        404,
        "not-found",
    )
    .await;
    assert_eq!(eve.status_of(&session).await, 200);
    assert_eq!(
        alice.get(&format!("{session}/observers")).await["observers"][0]["user"],
        "eve"
    );
}

#[tokio::test]
async fn an_owner_learns_which_tokens_let_others_read() {
    let app = Setup::new().require_auth().start();
    let alice = app.as_user("alice");
    let session = format!("/sessions/{}", session_of(&alice).await.session_id);
    app.token(&["--user", "teacher", "--observes", "alice", "--expires-in", "1h"]);
    app.token(&["--user", "head", "--observes-all"]);
    app.token(&["--user", "stranger", "--observes", "bob"]);
    app.token(&["--user", "alice", "--observes-all"]);
    app.token(&["--user", "gone", "--observes-all"]);
    app.revoke_last_token();
    let told = alice.get(&format!("{session}/observers")).await;
    let tokens = told["tokens"].as_array().expect("tokens").iter();
    let tokens: Vec<_> = tokens
        .map(|token| {
            (
                token["user"].as_str(),
                token["everybody"].as_bool(),
                token["expiresAt"].is_string(),
            )
        })
        .collect();
    assert_eq!(
        tokens,
        [
            (Some("teacher"), Some(false), true),
            (Some("head"), Some(true), false)
        ]
    );
    assert_eq!(told["claims"], false);
    assert_eq!(told["readers"], json!([]));
}

fn app_with_claims() -> TestApp {
    Setup::new()
        .variable("TUTORSTREAM_JWT_SECRET", SECRET)
        .tables(&table("HS256", ""))
        .start()
}

fn token(user: &str, observes: &Value) -> String {
    let mut claims = claims(user);
    claims["observes"] = observes.clone();
    Signer::secret().token(&json!({ "alg": "HS256", "typ": "JWT" }), &claims)
}

#[tokio::test]
async fn an_owner_learns_who_has_read_a_session_by_a_claim() {
    let app = app_with_claims();
    let user = |name: &str, observes: Value| app.learner.with_token(Some(&token(name, &observes)));
    let alice = user("alice", json!("*"));
    let reader = session_of(&alice).await;
    let session = format!("/sessions/{}", reader.session_id);
    let observers = format!("{session}/observers");
    alice.get(&session).await;
    let told = alice.get(&observers).await;
    assert_eq!((&told["claims"], &told["readers"]), (&json!(true), &json!([])));

    let paths = [
        session.clone(),
        format!("{session}/messages"),
        format!("/turns/{}", reader.turn_id),
        format!("/turns/{}/events", reader.turn_id),
        format!("{session}/events"),
    ];
    for (number, path) in paths.iter().enumerate() {
        let name = format!("teacher{number}");
        let teacher = user(&name, json!(["alice"]));
        assert_eq!(teacher.status_of(path).await, 200, "{path}");
        eventually_asked("the reading is noted", async || {
            let told = alice.get(&observers).await;
            let readers = told["readers"].as_array().expect("readers");
            let noted = readers
                .iter()
                .any(|reader| reader["user"] == name.as_str() && reader["lastReadAt"].is_string());
            noted.then_some(())
        })
        .await;
    }
    let stranger = user("stranger", json!(["bob"]));
    assert_eq!(stranger.status_of(&session).await, 404);
    let told = alice.get(&observers).await;
    assert_eq!(told["readers"].as_array().map(Vec::len), Some(paths.len()));
}
