//! Answers that nobody reads: pages end after so many bytes, one user's answers share their memory, and nobody else waits.

use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::app::{Setup, TestApp};
use crate::bounds::{Rest, connect_small, measured};
use crate::client::{Client, string};
use crate::deadline::within;
use crate::problem::refused;
use crate::upstream::Script;

/// As long as a message may be, and six times as long in JSON.
const LONGEST: usize = 131_072;
/// So many answers of one such message share the memory of one user.
const SHARED: u32 = 20;
/// A page of JSON ends after about so many bytes.
const PAGE: usize = 1 << 20;

fn longest() -> String {
    "\u{1}".repeat(LONGEST)
}

async fn fill(learner: &Client, messages: usize, content: &str) -> String {
    let session = learner.create_session().await;
    let path = format!("/sessions/{session}/messages");
    for _ in 0..messages {
        let body = json!({ "role": "user", "content": content });
        learner.json(Method::POST, &path, body).await;
    }
    session
}

/// A request whose answer is not read beyond its first byte, if one comes.
async fn ask(app: &TestApp, token: &str, path: &str) -> TcpStream {
    let mut socket = connect_small(app).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("sent");
    socket
}

/// So many of them at once; each is open until the set is dropped. Ready when so many answers as `begun` have begun.
async fn unread(app: &TestApp, token: &str, (path, number, begun): (&str, usize, u32)) -> JoinSet<()> {
    let mut asking = JoinSet::new();
    let answers = Arc::new(Semaphore::new(0));
    for _ in 0..number {
        let (mut socket, answers) = (ask(app, token, path).await, Arc::clone(&answers));
        asking.spawn(async move {
            let mut first = [0];
            if socket.read_exact(&mut first).await.is_ok() {
                answers.add_permits(1);
            }
            std::future::pending::<()>().await;
        });
    }
    let enough = within("answers begin", answers.acquire_many(begun)).await;
    drop(enough.expect("nobody closes it"));
    asking
}

/// Another user has a conversation, and lists it.
async fn another_user_is_served(other: &Client) {
    let session = fill(other, 5, "Why is the sky blue?").await;
    for _ in 0..40 {
        let page = other.messages(&session).await;
        assert_eq!(page["messages"].as_array().map(Vec::len), Some(5));
    }
}

fn users() -> Setup {
    measured().require_auth()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_the_longest_messages_that_nobody_reads_cost_little_memory() {
    let app = users().start();
    let token = app.token(&["--user", "alice"]);
    let (alice, bob) = (app.learner.with_token(Some(&token)), app.as_user("bob"));
    let session = fill(&alice, 40, &longest()).await;
    let rest = Rest::of(&app);
    let path = format!("/sessions/{session}/messages?limit=500");
    let asking = unread(&app, &token, (&path, 128, SHARED)).await;
    another_user_is_served(&bob).await;
    rest.assert_bounded(&app, "128 lists of the longest messages");
    drop(asking);
    rest.returns(&app).await;
    assert_eq!(
        alice.messages(&session).await["messages"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_that_nobody_reads_cost_little_memory() {
    let app = users().limit("parallel_requests", 300).start();
    let token = app.token(&["--user", "alice"]);
    let (alice, bob) = (app.learner.with_token(Some(&token)), app.as_user("bob"));
    let session = fill(&alice, 50, &longest()).await;
    let rest = Rest::of(&app);
    let path = format!("/sessions/{session}/events");
    let asking = unread(&app, &token, (&path, 200, SHARED - 10)).await;
    another_user_is_served(&bob).await;
    rest.assert_bounded(&app, "200 feeds of 50 long messages");
    drop(asking);
    rest.returns(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_at_once_cost_little_memory_read_or_not() {
    let app = users().start();
    let token = app.token(&["--user", "alice"]);
    let (alice, bob) = (app.learner.with_token(Some(&token)), app.as_user("bob"));
    fill(&alice, 8, &longest()).await;
    let rest = Rest::of(&app);
    let asking = unread(&app, &token, ("/export", 32, 32)).await;
    another_user_is_served(&bob).await;
    rest.assert_bounded(&app, "32 exports that nobody reads");
    drop(asking);
    let lengths = join_all((0..32).map(|_| export_length(&alice))).await;
    assert!(
        lengths
            .iter()
            .all(|length| *length == lengths[0] && *length > 8 * 6 * LONGEST)
    );
    rest.assert_bounded(&app, "32 exports that are read");
    rest.returns(&app).await;
}

/// Bytes of a whole export, of which no more than a piece is kept.
async fn export_length(learner: &Client) -> usize {
    let mut response = learner.call(Method::GET, "/export", Value::Null).await;
    assert_eq!(response.status(), StatusCode::OK);
    let (mut length, mut end) = (0, Vec::new());
    while let Some(piece) = within("an export goes on", response.chunk())
        .await
        .expect("a piece")
    {
        length += piece.len();
        end.extend_from_slice(&piece[piece.len().saturating_sub(20)..]);
    }
    assert!(end.ends_with(b"{\"type\":\"end\"}\n"));
    length
}

/// All messages by following `nextCursor`, newest page first, and how large each page was.
async fn walk(learner: &Client, session: &str) -> (Vec<String>, Vec<usize>) {
    let (mut ids, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let path = format!("/sessions/{session}/messages?limit=500{cursor}");
        let response = learner.call(Method::GET, &path, Value::Null).await;
        let text = response.text().await.expect("a whole body");
        let page: Value = serde_json::from_str(&text).expect("JSON");
        sizes.push(text.len());
        let messages = page["messages"].as_array().expect("a list").iter().rev();
        ids.extend(messages.map(|message| string(&message["id"])));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (ids, sizes),
        }
    }
}

#[tokio::test]
async fn pages_end_after_so_many_bytes_and_together_have_every_message_once() {
    let app = TestApp::start();
    let session = app.learner.create_session().await;
    let path = format!("/sessions/{session}/messages");
    let mut expected = Vec::new();
    for content in ["a", "\"", "\u{1}", "é", "🧑‍🚀", "\\"].into_iter().cycle().take(30) {
        let content = content.repeat(LONGEST / content.chars().count());
        let body = json!({ "role": "user", "content": content });
        expected.push(string(&app.learner.json(Method::POST, &path, body).await["id"]));
    }
    expected.reverse();
    let (ids, sizes) = walk(&app.learner, &session).await;
    assert_eq!(ids, expected);
    assert!(
        sizes.len() > 5 && sizes.iter().all(|size| *size <= PAGE + 1024),
        "{sizes:?}"
    );
}

#[tokio::test]
async fn pages_of_sessions_with_large_profiles_end_and_together_have_every_session_once() {
    let app = TestApp::start();
    let mut expected = Vec::new();
    for _ in 0..150 {
        let fields = json!({ "learnerProfile": { "notes": "x".repeat(16_000) } });
        expected.push(string(
            &app.learner.json(Method::POST, "/sessions", fields).await["id"],
        ));
    }
    expected.reverse();
    let (mut ids, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = app.learner.get(&format!("/sessions?limit=500{cursor}")).await;
        let sessions = page["sessions"].as_array().expect("a list");
        ids.extend(sessions.iter().map(|session| string(&session["id"])));
        pages += 1;
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((ids, pages), (expected, 3));
}

#[tokio::test]
async fn a_snapshot_ends_after_so_many_bytes_and_says_where_older_messages_are() {
    let app = TestApp::start();
    let session = fill(&app.learner, 3, &longest()).await;
    let path = format!("/sessions/{session}/events");
    let mut feed = app.learner.call(Method::GET, &path, Value::Null).await;
    let mut told = Vec::new();
    while !told.ends_with(b"}\n\n") {
        let piece = within("a snapshot", feed.chunk()).await.expect("a piece");
        told.extend_from_slice(&piece.expect("the feed goes on"));
    }
    assert!(told.len() < PAGE, "{}", told.len());
    let told = String::from_utf8(told).expect("text");
    let data = told
        .lines()
        .find_map(|line| line.strip_prefix("data: "))
        .expect("data");
    let snapshot: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(snapshot["messages"].as_array().map(Vec::len), Some(1));
    let cursor = string(&snapshot["nextCursor"]);
    let older = app
        .learner
        .get(&format!("/sessions/{session}/messages?cursor={cursor}"))
        .await;
    assert_eq!(older["messages"].as_array().map(Vec::len), Some(1));
    assert!(!older["nextCursor"].is_null());
}

#[tokio::test]
async fn a_page_of_one_message_that_is_larger_than_a_page_is_answered() {
    let app = Setup::new().start();
    let piece = "\u{2}".repeat(20_000);
    let text = piece.repeat(20);
    let script = (0..20).fold(Script::stream(), |script, _| script.delta(&piece));
    app.upstream.next(script.finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let page = app.learner.messages(&reader.session_id).await;
    assert_eq!(
        page["messages"][0]["content"].as_str().map(str::len),
        Some(text.len())
    );
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        app.learner.turn(&reader.turn_id).await["text"]
            .as_str()
            .map(str::len),
        Some(text.len())
    );
    assert!(export_length(&app.learner).await > 6 * text.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_answers_unread_is_told_to_wait_and_served_when_they_are_gone() {
    let app = users().start();
    let token = app.token(&["--user", "alice"]);
    let alice = app.learner.with_token(Some(&token));
    let session = fill(&alice, 2, &longest()).await;
    let path = format!("/sessions/{session}/messages?limit=1");
    let asking = unread(&app, &token, (&path, 64, SHARED)).await;
    let response = alice.call(Method::GET, &path, Value::Null).await;
    refused(response, 429, "too-many-unread").await;
    drop(asking);
    within("it is served again", async {
        while alice.status_of(&path).await != StatusCode::OK {}
    })
    .await;
}
