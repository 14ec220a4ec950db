//! The head of a request: what is too long, and the name that it gives itself.

use crate::app::TestApp;
use crate::http_oddities::{ask, statuses};

#[tokio::test]
async fn a_target_or_a_head_that_is_too_long_is_refused() {
    let app = TestApp::start();
    let get =
        |target: &str, header: &str| format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
    let x = |length: usize| "x".repeat(length);
    let cases = [
        (
            "a long path",
            get(&format!("/{}", x(9_000)), ""),
            414,
            "uri-too-long",
        ),
        (
            "a long query",
            get(&format!("/sessions?cursor={}", x(9_000)), ""),
            414,
            "uri-too-long",
        ),
        (
            "a long header",
            get("/health/live", &format!("X-A: {}\r\n", x(40_000))),
            431,
            "headers-too-large",
        ),
        (
            "long headers",
            get("/sessions", &format!("X-A: {}\r\n", x(900)).repeat(60)),
            431,
            "headers-too-large",
        ),
    ];
    for (case, request, status, code) in cases {
        let answers = ask(&app, &request).await;
        assert_eq!(answers[0].status, status, "{case}");
        crate::problem::check(&answers[0].body, status, code);
    }
    // These do not come so far.
    for (case, request) in [
        (
            "a head of 200 KiB",
            get("/health/live", &format!("X-A: {}\r\n", x(200_000))),
        ),
        ("100 headers", get("/health/live", &"X-A: b\r\n".repeat(100))),
    ] {
        assert_eq!(statuses(&app, &request).await, [431], "{case}");
    }
    let fits = get(&format!("/health/live?{}", x(8_000)), &"X-A: b\r\n".repeat(80));
    assert_eq!(statuses(&app, &fits).await, [200, 200]);
}

#[tokio::test]
async fn a_callers_name_for_a_request_is_used_if_it_is_a_token_and_replaced_if_not() {
    let app = TestApp::start();
    let get = |id: &str| format!("GET /nothing HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {id}\r\n\r\n");
    let given = ask(&app, &get("trace-7:a_b.c")).await;
    assert_eq!(given[0].header("x-request-id"), Some("trace-7:a_b.c"));
    assert!(
        given[0].body.contains(r#""requestId":"trace-7:a_b.c""#),
        "{}",
        given[0].body
    );
    let long = "x".repeat(65);
    for id in [
        "",
        "two words",
        "a,b",
        "<b>",
        "a\tb",
        "\"",
        long.as_str(),
        "a\r\nX-Request-Id: b",
    ] {
        let answers = ask(&app, &get(id)).await;
        let made = answers[0].header("x-request-id").expect("every answer has one");
        assert_eq!(made.len(), 36, "{id:?} became {made:?}");
        assert!(answers[0].body.contains(made), "{}", answers[0].body);
    }
    let good = ask(&app, "").await;
    assert!(
        good[0].header("x-request-id").is_some(),
        "answers that succeed have one too"
    );
}
