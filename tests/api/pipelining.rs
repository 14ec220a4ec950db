//! Requests that are sent ahead of their answers: each is answered in its order, and those that wait cost nothing.

use futures_util::future::join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::app::{Setup, TestApp};
use crate::bounds::{Rest, connect_small, measured};
use crate::client::Client;
use crate::deadline::within;
use crate::upstream::{Script, Signal};
use crate::wire::{Answer, answers, connect, exchange};

const GET: &str = "GET / HTTP/1.1\r\nHost:127.0.0.1\r\n\r\n";
const LAST: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const POST: &str = "POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
/// How often another user asks meanwhile.
const ROUNDS: usize = 100;

/// So many connections, on each of which all of `requests` is offered and nothing is read.
async fn offer(app: &TestApp, connections: usize, requests: &str) -> JoinSet<()> {
    let mut offering = JoinSet::new();
    for _ in 0..connections {
        let (mut socket, requests) = (connect_small(app).await, requests.to_owned());
        offering.spawn(async move {
            // The server takes no more than it answers: this does not end.
            let _ = socket.write_all(requests.as_bytes()).await;
            std::future::pending::<()>().await;
        });
    }
    offering
}

/// Another user asks, and is answered each time.
async fn another_user_is_served(other: &Client) {
    let session = other.create_session().await;
    for _ in 0..ROUNDS {
        other.get(&format!("/sessions/{session}")).await;
    }
}

async fn is_bounded(app: &TestApp, connections: usize, requests: &str) {
    let rest = is_bounded_while_it_lasts(app, connections, requests).await;
    rest.returns(app).await;
    another_user_is_served(&app.as_user("other")).await;
}

async fn is_bounded_while_it_lasts(app: &TestApp, connections: usize, requests: &str) -> Rest {
    let other = app.as_user("other");
    let rest = Rest::of(app);
    let offering = offer(app, connections, requests).await;
    another_user_is_served(&other).await;
    rest.assert_bounded(
        app,
        &format!("{connections} connections of {} bytes", requests.len()),
    );
    drop(offering);
    rest
}

fn strangers() -> Setup {
    measured().require_auth()
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_of_512_connections_that_nobody_reads_cost_little_memory() {
    let large = "GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(6);
    let app = strangers().start();
    // The allocator keeps some 42 MiB of it, for the next 512 connections.
    is_bounded_while_it_lasts(&app, 512, &(large + &GET.repeat(4_000))).await;
    another_user_is_served(&app.as_user("another")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_of_3_megabytes_that_nobody_reads_cost_little_memory() {
    let large = "GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(6);
    is_bounded(&strangers().start(), 40, &(large + &GET.repeat(90_000))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_a_body_that_nobody_reads_cost_little_memory() {
    let without_body = "OPTIONS /sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://a.example\r\n\
        Access-Control-Request-Method: GET\r\n\r\nHEAD /docs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    is_bounded(&strangers().start(), 40, &without_body.repeat(20_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_behind_open_streams_cost_little_memory() {
    let app = measured().start();
    let go_on = Signal::new();
    let script = Script::stream().delta("Because").wait_for(&go_on).delta(".");
    app.upstream.next(script.finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let rest = Rest::of(&app);
    let follow = format!(
        "GET /turns/{}/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        reader.turn_id
    );
    let offering = offer(&app, 40, &(follow + &GET.repeat(90_000))).await;
    within("40 more streams are open", async {
        while app.learner.open_streams().await != 41 {}
    })
    .await;
    another_user_is_served(&app.learner).await;
    rest.assert_bounded(&app, "40 open streams with 3 MB of requests behind them");
    drop(offering);
    rest.returns(&app).await;
    go_on.give();
    reader.until_end().await;
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

#[tokio::test]
async fn a_client_that_sends_many_requests_ahead_gets_all_answers_in_their_order() {
    let app = TestApp::start();
    let paths = ["/health/live", "/nothing", "/sessions", "/sessions/x"];
    let all: String = (0..1_000)
        .map(|number| {
            format!(
                "GET {} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {number}\r\n\r\n",
                paths[number % 4]
            )
        })
        .collect();
    // Sent while answers are read: neither side waits for the other for ever.
    let bytes = pipeline(&app, &(all + LAST)).await;
    let answers = answers(&bytes, false);
    assert_eq!(answers.len(), 1_001);
    for (number, answer) in answers[..1_000].iter().enumerate() {
        assert_eq!(answer.header("x-request-id"), Some(number.to_string().as_str()));
        assert_eq!(answer.status, [200, 404, 200, 400][number % 4]);
    }
}

async fn pipeline(app: &TestApp, requests: &str) -> Vec<u8> {
    let (mut reading, mut writing) = connect(&app.learner).await.into_split();
    let mut answers = Vec::new();
    let both = join(
        writing.write_all(requests.as_bytes()),
        reading.read_to_end(&mut answers),
    );
    let (sent, ended) = within("all answers", both).await;
    sent.expect("all is taken");
    ended.expect("the server closes the connection");
    answers
}

#[tokio::test]
async fn bodies_among_requests_that_are_sent_ahead_end_where_they_say() {
    let app = TestApp::start();
    let blank = "\n\n \r\n\r\n".repeat(20_000);
    let body = format!("{{{blank}\"title\": \"Light\"}}");
    let sized = format!("{POST}Content-Length: {}\r\n\r\n{body}", body.len());
    let chunks: String = body.as_bytes().chunks(7_000).map(chunk).collect();
    let chunked = format!("{POST}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\nTrailer: a\r\n\r\n");
    let tiny: String = "{\"title\":\"Tiny\"}"
        .bytes()
        .map(|byte| chunk(&[byte]))
        .collect();
    let tiny = format!("{POST}Transfer-Encoding: chunked\r\n\r\n{tiny}0\r\n\r\n");
    let get = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let all = [&sized, get, &chunked, get, &tiny, &sized, &chunked, get, LAST].concat();
    let answers = answers(&pipeline(&app, &all).await, false);
    assert_eq!(statuses(&answers), [201, 200, 201, 200, 201, 201, 201, 200, 200]);
    assert_eq!(app.database().count("sessions"), 5);
}

fn chunk(bytes: &[u8]) -> String {
    format!("{:x}\r\n{}\r\n", bytes.len(), String::from_utf8_lossy(bytes))
}

#[tokio::test]
async fn a_message_as_long_as_may_be_is_taken_in_one_piece_and_in_chunks() {
    let app = TestApp::start();
    let session = app.learner.create_session().await;
    let text = "\\u0001".repeat(131_072);
    let body = format!("{{\"role\":\"user\",\"content\":\"{text}\"}}");
    let head = POST.replace("/sessions", &format!("/sessions/{session}/messages"));
    let sized = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let chunks: String = body.as_bytes().chunks(65_536).map(chunk).collect();
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    let answers = answers(&pipeline(&app, &[&sized, &chunked, LAST].concat()).await, false);
    assert_eq!(statuses(&answers), [201, 201, 200]);
}

#[tokio::test]
async fn a_reader_that_has_sent_requests_ahead_is_still_noticed_when_it_leaves() {
    let app = TestApp::start();
    let go_on = Signal::new();
    let script = Script::stream().delta("Because").wait_for(&go_on).delta(".");
    app.upstream.next(script.finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let follow = format!(
        "GET /turns/{}/events HTTP/1.1\r\nHost: localhost\r\n\r\n{GET}{GET}",
        reader.turn_id
    );
    let mut leaving = connect(&app.learner).await;
    leaving.write_all(follow.as_bytes()).await.expect("sent");
    within("its stream is open", async {
        while app.learner.open_streams().await != 2 {}
    })
    .await;
    drop(leaving);
    within("its stream is closed", async {
        while app.learner.open_streams().await != 1 {}
    })
    .await;
    go_on.give();
    reader.until_end().await;
}

#[tokio::test]
async fn a_request_that_asks_for_another_protocol_is_answered_at_once_with_its_body_taken() {
    let app = TestApp::start();
    let body = "{\"title\":\"Light\"}";
    let cases = [
        "Upgrade: websocket",
        "Connection: Upgrade\r\nUpgrade: websocket",
        "Upgrade: WebSocket\r\nConnection: keep-alive, upgrade",
        "Upgrade: h2c\r\nConnection: Upgrade",
        "Upgrade: foo",
    ];
    for headers in cases {
        let request = format!("{POST}{headers}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let bytes = exchange(&app.learner, format!("{request}{LAST}").as_bytes()).await;
        let answers = answers(&bytes, false);
        assert_eq!(answers[0].status, 201, "{headers}: {answers:?}");
        assert!(answers[0].body.contains("Light"), "{headers}: {answers:?}");
        let empty = format!("{POST}{headers}\r\n\r\n{LAST}");
        let answers = self::answers(&exchange(&app.learner, empty.as_bytes()).await, false);
        assert_eq!(answers[0].status, 400, "without a body, {headers}: {answers:?}");
    }
    assert_eq!(
        app.database().count("sessions"),
        i64::try_from(cases.len()).expect("few")
    );
}
