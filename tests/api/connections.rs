//! Connections have caps: one too many is told so, and those that are open notice nothing.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::deadline::within;
use crate::upstream::{Plan, Script, Signal};
use crate::wire::{answers, connect, rest};

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A connection that the server has taken: it has answered on it.
async fn taken(app: &TestApp) -> TcpStream {
    let mut socket = connect(&app.learner).await;
    socket.write_all(LIVE).await.expect("the request is sent");
    let mut head = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut socket, &mut head)
        .await
        .expect("an answer");
    assert_eq!(&head, b"HTTP/1.1 200");
    socket
}

async fn is_refused(app: &TestApp) -> bool {
    let mut socket = connect(&app.learner).await;
    // It may be closed already.
    let _ = socket.write_all(LAST).await;
    let bytes = rest(&mut socket).await;
    // A reset can overtake the answer.
    let Some(answer) = answers(&bytes, false).pop() else {
        return true;
    };
    if answer.status == 200 {
        return false;
    }
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(
        (answer.status, &problem["code"]),
        (503, &"too-many-connections".into())
    );
    true
}

/// Connections that were closed make room as soon as the server has seen it.
async fn room_again(app: &TestApp) {
    within("there is room again", async { while is_refused(app).await {} }).await;
}

#[tokio::test]
async fn one_connection_too_many_of_an_address_is_refused_until_another_is_closed() {
    let app = Setup::new().limit("connections_per_address", 3).start();
    let mut open = vec![taken(&app).await, taken(&app).await, taken(&app).await];
    assert!(is_refused(&app).await);
    assert!(is_refused(&app).await, "a refusal takes nobody's place");
    drop(open.pop());
    room_again(&app).await;
    for mut socket in open {
        socket.write_all(LAST).await.expect("the others are as before");
        let bytes = rest(&mut socket).await;
        assert!(String::from_utf8_lossy(&bytes).ends_with(r#"{"status":"ok"}"#));
    }
}

#[tokio::test]
async fn all_connections_together_have_a_limit() {
    let app = Setup::new().limit("connections", 2).start();
    let _open = [taken(&app).await, taken(&app).await];
    assert!(is_refused(&app).await);
}

/// A process with few descriptors has fewer connections, and keeps what the database needs.
#[tokio::test]
async fn a_server_with_few_descriptors_goes_on_when_all_are_asked_for() {
    let app = Setup::new().descriptors(160).start();
    let go_on = Signal::new();
    let plan = Plan::new(41, 40, 0);
    let mut script = Script::stream();
    for (number, delta) in plan.deltas().enumerate() {
        script = script.delta(&delta);
        if number == 3 {
            script = script.wait_for(&go_on);
        }
    }
    app.upstream.next(script.finish());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_event("text-delta").await;

    let mut crowd = Vec::new();
    for _ in 0..200 {
        crowd.push(connect(&app.learner).await);
    }
    assert!(is_refused(&app).await, "there is no room for more");
    go_on.give();
    reader.until_end().await;
    assert_eq!(reader.text(), plan.text(), "the open stream noticed nothing");

    drop(crowd);
    room_again(&app).await;
    let mut later = app.learner.follow(&reader.turn_id).await;
    later.until_end().await;
    check_turn(&mut app.database(), &[&reader, &later], Some(&plan.text()));
}
