//! Clients that send a byte now and then: none is waited for without end, and nobody waits for one.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::TestApp;
use crate::deadline::within;
use crate::problem::check;
use crate::wire::{Answer, answers, connect};

/// Between two bytes: far less than any limit on silence could be.
const PACE: Duration = Duration::from_millis(100);

/// Sends `begin`, then for ever `piece` by `piece`; what the server answers before it closes the connection.
async fn drip(mut socket: TcpStream, begin: &str, piece: &str) -> Vec<Answer> {
    socket
        .write_all(begin.as_bytes())
        .await
        .expect("the begin is sent");
    let (mut answer, mut pace) = (Vec::new(), tokio::time::interval(PACE));
    let closed = async {
        loop {
            tokio::select! {
                read = socket.read_buf(&mut answer) => match read {
                    Ok(1..) => {}
                    // A byte that meets a closed connection resets it.
                    Ok(0) | Err(_) => return,
                },
                // Nothing is sent to somebody who has answered.
                _ = pace.tick(), if answer.is_empty() => send(&mut socket, piece).await,
            }
        }
    };
    within("the server closes the connection", closed).await;
    answers(&answer, false)
}

async fn send(socket: &mut TcpStream, piece: &str) {
    // The server may just have closed it.
    let _ = socket.write_all(piece.as_bytes()).await;
}

/// Drips while another client asks.
async fn refused(app: &TestApp, begin: &str, piece: &str) -> Answer {
    let dripping = drip(connect(&app.learner).await, begin, piece);
    let (mut answers, status) = tokio::join!(dripping, app.learner.status_of("/sessions"));
    assert_eq!(status, 200, "nobody else waits");
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

#[tokio::test]
async fn a_head_that_drips_is_not_waited_for_without_end() {
    let app = TestApp::start();
    for (begin, piece) in [
        ("GET /sessions HTTP/1.1\r\nHost: localhost\r\nX-A: ", "a"),
        ("GET /sessions HTTP/1.1\r\nHost: localhost\r\n", "X-A: b\r\n"),
    ] {
        assert_eq!(refused(&app, begin, piece).await.status, 408, "{begin:?}");
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let app = TestApp::start();
    assert_eq!(refused(&app, "", "").await.status, 408);
}

#[tokio::test]
async fn a_body_that_drips_is_not_waited_for_without_end() {
    let app = TestApp::start();
    let post = "POST /stream-chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    for (begin, piece) in [
        (
            format!("{post}Content-Length: 100000\r\n\r\n{{\"message\":\""),
            "a",
        ),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\n"), "1\r\n{\r\n"),
    ] {
        let answer = refused(&app, &begin, piece).await;
        assert_eq!(answer.status, 408, "{begin:?}");
        check(&answer.body, 408, "request-timeout");
    }
    app.assert_untouched();
}

#[tokio::test]
async fn what_is_left_of_a_body_that_was_refused_is_not_waited_for() {
    let app = TestApp::start();
    for (target, status) in [("/stream-chat", 415), ("/nothing", 404), ("/health/live", 405)] {
        for length in ["Content-Length: 100000", "Transfer-Encoding: chunked"] {
            let head = format!("POST {target} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n");
            let answer = refused(&app, &head, "1\r\n{\r\n").await;
            assert_eq!(answer.status, status, "{target} {length}");
        }
    }
    app.assert_untouched();
}
