//! Requests as bytes that proxies and servers have read differently: each has one meaning here, or is refused.

use crate::app::TestApp;
use crate::wire::{Answer, answers, exchange};

/// Asks for the connection to be closed: how many answers came before says how many requests were seen.
const LAST: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const POST: &str = "POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

pub(crate) async fn statuses(app: &TestApp, request: &str) -> Vec<u16> {
    let answers = ask(app, request).await;
    answers.iter().map(|answer| answer.status).collect()
}

pub(crate) async fn ask(app: &TestApp, request: &str) -> Vec<Answer> {
    let bytes = exchange(&app.learner, format!("{request}{LAST}").as_bytes()).await;
    answers(&bytes, request.starts_with("HEAD"))
}

/// Headers of a POST that say in more than one way, or in no way, how long its body is.
pub(crate) const LENGTHS: [(&str, &str); 16] = [
    (
        "length and chunked",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
    ),
    (
        "chunked and length",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
    ),
    ("two lengths", "Content-Length: 2\r\nContent-Length: 44"),
    ("one length twice", "Content-Length: 5\r\nContent-Length: 5"),
    ("a list of lengths", "Content-Length: 5, 5"),
    ("a signed length", "Content-Length: +5"),
    ("a negative length", "Content-Length: -5"),
    ("a hexadecimal length", "Content-Length: 0x5"),
    ("a length without end", "Content-Length: 99999999999999999999999"),
    ("another coding", "Transfer-Encoding: gzip"),
    ("chunked not last", "Transfer-Encoding: chunked, identity"),
    (
        "chunked twice",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ),
    ("a disguised coding", "Transfer-Encoding: xchunked"),
    ("white space in a name", "Transfer-Encoding : chunked"),
    ("a folded line", "Transfer-Encoding:\r\n chunked"),
    ("a folded value", "X-A: b\r\n\tc\r\nContent-Length: 5"),
];

/// Heads of requests that are none.
pub(crate) const HEADS: [(&str, &str); 9] = [
    (
        "two hosts",
        "GET /health/live HTTP/1.1\r\nHost: localhost\r\nHost: evil.example",
    ),
    ("no host", "GET /health/live HTTP/1.1"),
    (
        "a NUL",
        "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b",
    ),
    (
        "an escape",
        "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-A: \u{1b}[2K",
    ),
    (
        "a CR",
        "GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-A: a\rX-B: b",
    ),
    ("no version", "GET /health/live"),
    ("another version", "GET /health/live HTTP/2.0\r\nHost: localhost"),
    (
        "a space in the target",
        "GET /health /live HTTP/1.1\r\nHost: localhost",
    ),
    (
        "chunked in HTTP/1.0",
        "POST /sessions HTTP/1.0\r\nTransfer-Encoding: chunked",
    ),
];

#[tokio::test]
async fn a_request_whose_length_is_told_twice_is_refused_and_nothing_after_it_is_read() {
    let app = TestApp::start();
    let smuggled = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (case, headers) in LENGTHS {
        let request = format!("{POST}{headers}\r\n\r\n0\r\n\r\n{smuggled}");
        assert_eq!(statuses(&app, &request).await, [400], "{case}");
    }
    app.assert_untouched();
}

#[tokio::test]
async fn a_head_that_is_no_http_is_refused_and_nothing_after_it_is_read() {
    let app = TestApp::start();
    for (case, head) in HEADS {
        assert_eq!(statuses(&app, &format!("{head}\r\n\r\n")).await, [400], "{case}");
    }
    app.assert_untouched();
}

#[tokio::test]
async fn a_chunked_body_ends_where_it_says_and_a_broken_one_ends_the_connection() {
    let app = TestApp::start();
    let chunked = format!("{POST}Transfer-Encoding: chunked\r\n\r\n");
    let good = format!("{chunked}1\r\n{{\r\n1;name=value\r\n}}\r\n0\r\n\r\n");
    assert_eq!(statuses(&app, &good).await, [201, 200]);
    for (case, body) in [
        ("no size", "\r\n{}\r\n0\r\n\r\n"),
        ("no number", "x\r\n{}\r\n0\r\n\r\n"),
        ("a size without end", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        ("a negative size", "-2\r\n{}\r\n0\r\n\r\n"),
        ("more than the size", "1\r\n{}\r\n0\r\n\r\n"),
    ] {
        let statuses = statuses(&app, &format!("{chunked}{body}")).await;
        assert!(
            statuses.iter().all(|status| *status == 400) && !statuses.is_empty(),
            "{case}: {statuses:?}"
        );
    }
}

#[tokio::test]
async fn requests_in_one_packet_are_answered_in_their_order() {
    let app = TestApp::start();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let post = format!("{POST}Content-Length: 2\r\n\r\n{{}}");
    let pipeline = [
        get("/health/live"),
        post,
        get("/nothing"),
        get("/sessions"),
        get("/sessions/x"),
    ]
    .concat();
    assert_eq!(statuses(&app, &pipeline).await, [200, 201, 404, 200, 400, 200]);
    let long = get("/health/live").repeat(100);
    assert_eq!(statuses(&app, &long).await, [200; 101]);
}

#[tokio::test]
async fn a_refused_body_is_not_read_as_the_next_request() {
    let app = TestApp::start();
    let inner = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let request = format!(
        "POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{inner}",
        inner.len()
    );
    let statuses = statuses(&app, &request).await;
    assert!(statuses == [415] || statuses == [415, 200], "{statuses:?}");
    let request = format!(
        "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{inner}",
        inner.len()
    );
    let statuses = self::statuses(&app, &request).await;
    assert!(statuses == [404] || statuses == [404, 200], "{statuses:?}");
}

/// Targets of every form, each with its headers and the status that is right.
const TARGETS: [(&str, &str, &str, u16); 13] = [
    (
        "absolute",
        "GET http://localhost/health/ready",
        "Host: localhost",
        200,
    ),
    (
        "absolute, elsewhere",
        "GET http://evil.example/sessions",
        "Host: localhost",
        421,
    ),
    (
        "absolute, another header",
        "GET http://localhost/sessions",
        "Host: evil.example",
        421,
    ),
    (
        "a user in it",
        "GET http://localhost@evil.example/sessions",
        "Host: localhost",
        421,
    ),
    ("asterisk", "OPTIONS *", "Host: localhost", 404),
    (
        "another method",
        "PUT /sessions",
        "Host: localhost\r\nContent-Length: 0",
        405,
    ),
    ("an invented method", "BREW /sessions", "Host: localhost", 405),
    ("a trace", "TRACE /sessions", "Host: localhost", 405),
    (
        "an overriding method",
        "GET /sessions",
        "Host: localhost\r\nX-HTTP-Method-Override: DELETE",
        200,
    ),
    ("dots", "GET /static/../Cargo.toml", "Host: localhost", 404),
    (
        "escaped dots",
        "GET /static/%2e%2e/Cargo.toml",
        "Host: localhost",
        404,
    ),
    ("two slashes", "GET //evil.example/x", "Host: localhost", 404),
    (
        "an upgrade",
        "GET /health/live",
        "Host: localhost\r\nConnection: upgrade\r\nUpgrade: h2c",
        200,
    ),
];

#[tokio::test]
async fn targets_of_every_form_have_a_right_answer() {
    let app = TestApp::start();
    for (case, target, headers, status) in TARGETS {
        let statuses = statuses(&app, &format!("{target} HTTP/1.1\r\n{headers}\r\n\r\n")).await;
        assert_eq!(statuses[0], status, "{case}: {statuses:?}");
        assert!(matches!(statuses[1..], [] | [200]), "{case}: {statuses:?}");
    }
    let tunnel = "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n";
    let bytes = exchange(&app.learner, tunnel.as_bytes()).await;
    assert_eq!(answers(&bytes, false)[0].status, 421);
}

#[tokio::test]
async fn http_1_0_is_answered_and_the_connection_closed() {
    let app = TestApp::start();
    for request in [
        "GET /health/live HTTP/1.0\r\n\r\n",
        "GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n",
    ] {
        // What follows in the same packet is another request, or is not read.
        let answers = ask(&app, request).await;
        assert!(answers[0].head.starts_with("HTTP/1.0 200 "), "{answers:?}");
        assert_eq!(
            answers[0].header("connection"),
            None,
            "in HTTP/1.0 this is a close"
        );
    }
    let elsewhere = "GET /sessions HTTP/1.0\r\nHost: evil.example\r\n\r\n";
    assert_eq!(statuses(&app, elsewhere).await[0], 421);
}

#[tokio::test]
async fn a_client_that_waits_for_leave_to_send_gets_it_or_the_refusal() {
    let app = TestApp::start();
    let request = format!("{POST}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{{}}");
    assert_eq!(statuses(&app, &request).await, [100, 201, 200]);
}
