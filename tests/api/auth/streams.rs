//! A stream goes on as long as its token is good, and can be taken up with another one.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::issuer::{SECRET, Signer, claims, now, table};
use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::client::Client;
use crate::database::WriteLock;
use crate::deadline::{eventually, within};
use crate::sse::End;
use crate::upstream::{Script, Signal};
use crate::witness::Witness;

/// A reply that waits in its middle.
async fn half_a_reply(app: &TestApp, client: &Client) -> (Witness, Signal) {
    let go_on = Signal::new();
    let script = Script::stream().delta("Because ").wait_for(&go_on);
    app.upstream.next(script.delta("of the light.").finish());
    let mut reader = client.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    (reader, go_on)
}

/// Checks that the stream is ended for its token, and goes on without a gap with another one of the user.
async fn ends_and_goes_on(app: &TestApp, (mut reader, go_on): (Witness, Signal), user: &Client) {
    let expired = reader.until_event("auth-expired").await;
    assert_eq!((expired.id, expired.data), (None, json!({})));
    assert_eq!(reader.next().await, Err(End::Clean), "it is the last thing");
    assert_eq!(reader.passing.len(), 1);
    reader.hand_to(user);
    assert!(reader.resume().await);
    go_on.give();
    assert_eq!(reader.until_end().await.data["status"], "complete");
    check_turn(&mut app.database(), &[&reader], Some("Because of the light."));
}

#[tokio::test]
async fn a_stream_ends_when_its_token_expires() {
    let app = Setup::new().require_auth().start();
    let short = app
        .learner
        .with_token(Some(&app.token(&["--user", "alice", "--expires-in", "6s"])));
    let reply = half_a_reply(&app, &short).await;
    ends_and_goes_on(&app, reply, &app.as_user("alice")).await;
    assert_eq!(
        short.status_of("/sessions").await,
        401,
        "not before the token did"
    );
}

#[tokio::test]
async fn a_stream_ends_when_its_signed_token_expires() {
    let setup = Setup::new().variable("TUTORSTREAM_JWT_SECRET", SECRET);
    let app = setup.tables(&table("HS256", "leeway_seconds = 0")).start();
    let signer = Signer::secret();
    let mut short = claims("alice");
    short["exp"] = json!(now() + 6);
    let token = signer.token(&json!({ "alg": "HS256", "typ": "JWT" }), &short);
    let short = app.learner.with_token(Some(&token));
    let reply = half_a_reply(&app, &short).await;
    let alice = app.learner.with_token(Some(&signer.good("alice", None)));
    ends_and_goes_on(&app, reply, &alice).await;
    assert_eq!(
        short.status_of("/sessions").await,
        401,
        "not before the token did"
    );
}

#[tokio::test]
async fn streams_end_when_their_token_is_revoked_and_those_of_other_tokens_go_on() {
    let app = Setup::new().require_auth().start();
    let other = app.as_user("alice");
    let alice = app.as_user("alice");
    let (reader, go_on) = half_a_reply(&app, &alice).await;
    let mut follower = alice.follow(&reader.turn_id).await;
    let mut bystander = other.follow(&reader.turn_id).await;
    app.revoke_last_token();
    follower.until_event("auth-expired").await;
    ends_and_goes_on(&app, (reader, go_on), &other).await;
    bystander.until_end().await;
    assert!(bystander.passing.is_empty());
}

#[tokio::test]
async fn a_stream_that_a_ticket_opened_ends_with_the_token_behind_it() {
    let app = Setup::new().require_auth().start();
    let other = app.as_user("alice");
    let alice = app.as_user("alice");
    let (reader, go_on) = half_a_reply(&app, &alice).await;
    let path = format!("/turns/{}/events", reader.turn_id);
    let body = json!({ "path": path });
    let answer = alice.json(reqwest::Method::POST, "/stream-tickets", body).await;
    let path = format!("{path}?ticket={}", answer["ticket"].as_str().expect("a ticket"));
    let response = app.learner.call(reqwest::Method::GET, &path, json!(null)).await;
    let ids = [reader.turn_id.as_str(), &reader.session_id];
    let follower = Witness::joining(&app.learner, ids, response);
    app.revoke_last_token();
    ends_and_goes_on(&app, (follower, go_on), &other).await;
}

#[tokio::test]
async fn an_observers_stream_ends_when_the_owner_takes_the_right_back() {
    let app = Setup::new().require_auth().start();
    let [alice, teacher] = [app.as_user("alice"), app.as_user("teacher")];
    let (mut reader, go_on) = half_a_reply(&app, &alice).await;
    let path = format!("/sessions/{}/observers/teacher", reader.session_id);
    let call = async |method| alice.call(method, &path, json!(null)).await.status();
    assert_eq!(call(reqwest::Method::PUT).await, 204);
    let mut observer = teacher.follow(&reader.turn_id).await;
    observer.until_text("Because").await;
    assert_eq!(call(reqwest::Method::DELETE).await, 204);
    observer.until_event("auth-expired").await;
    assert_eq!(observer.next().await, Err(End::Clean));
    assert_eq!(teacher.open_events(&reader.turn_id, None).await.status(), 404);
    go_on.give();
    reader.until_end().await;
}

#[tokio::test]
async fn an_observer_is_taken_away_also_by_an_owner_who_does_not_wait_for_the_answer() {
    let app = Setup::new().require_auth().start();
    let [alice, teacher] = [app.as_user("alice"), app.as_user("teacher")];
    let (mut reader, go_on) = half_a_reply(&app, &alice).await;
    let path = format!("/sessions/{}/observers/teacher", reader.session_id);
    let granted = alice.call(reqwest::Method::PUT, &path, json!(null)).await;
    assert_eq!(granted.status(), 204);
    let mut observer = teacher.follow(&reader.turn_id).await;
    observer.until_text("Because").await;
    let token = app.token(&["--user", "alice"]);

    let lock = WriteLock::take(app.database_path());
    let address = alice.address();
    let mut connection = TcpStream::connect(address.trim_start_matches("http://"))
        .await
        .expect("a connection");
    let request =
        format!("DELETE {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
    connection
        .write_all(request.as_bytes())
        .await
        .expect("a request is sent");
    eventually("the removal waits for the database", || {
        app.log().contains("storage.failing").then_some(())
    })
    .await;
    // The owner leaves, and the server has noticed: it lets go of the connection without an answer.
    connection.shutdown().await.expect("the owner leaves");
    let mut answer = Vec::new();
    let _ = within("the connection is closed", connection.read_to_end(&mut answer)).await;
    assert_eq!(String::from_utf8_lossy(&answer), "");
    drop(lock);

    observer.until_event("auth-expired").await;
    assert_eq!(observer.next().await, Err(End::Clean));
    assert_eq!(teacher.open_events(&reader.turn_id, None).await.status(), 404);
    go_on.give();
    reader.until_end().await;
}
