//! Other origins: exactly those that are configured, whatever an origin looks like.

use crate::app::{Setup, TestApp};
use crate::wire::{Answer, answers, exchange};

const ALLOWED: &str = "https://chat.example";

fn app() -> TestApp {
    Setup::new()
        .require_auth()
        .setting(
            "allowed_origins",
            format!("[\"{ALLOWED}\", \"http://localhost:3000\"]"),
        )
        .start()
}

async fn ask(app: &TestApp, line: &str, headers: &[&str]) -> Answer {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    let bytes = exchange(&app.learner, request.as_bytes()).await;
    answers(&bytes, false).pop().expect("an answer")
}

/// The members of a header that is a list.
fn list(answer: &Answer, name: &str) -> Vec<String> {
    let values = answer.header(name).unwrap_or_default().split(',');
    values.map(|value| value.trim().to_ascii_lowercase()).collect()
}

const OTHERS: [&str; 20] = [
    "null",
    "https://chat.example.evil.example",
    "https://evil-chat.example",
    "https://chat.examplee",
    "https://sub.chat.example",
    "https://chat.example:443",
    "https://chat.example:8443",
    "http://chat.example",
    "https://CHAT.example",
    "HTTPS://chat.example",
    "https://chat.example/",
    "https://chat.example@evil.example",
    "https://user@chat.example",
    "https://chat.example.",
    "https://chаt.example",
    "https://xn--cht-7ma.example",
    "http://localhost",
    "http://localhost:3001",
    "file://",
    "*",
];

#[tokio::test]
async fn an_origin_that_is_not_exactly_configured_is_never_named() {
    let app = app();
    for origin in OTHERS {
        let origin_line = format!("Origin: {origin}");
        for path in ["/sessions", "/health/live", "/no/such/path"] {
            let answer = ask(&app, &format!("GET {path}"), &[&origin_line]).await;
            assert_eq!(
                answer.header("access-control-allow-origin"),
                None,
                "{origin} {path}"
            );
        }
        let asks = "Access-Control-Request-Method: GET";
        let answer = ask(&app, "OPTIONS /sessions", &[&origin_line, asks]).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        assert_ne!(answer.status, 200, "{origin}");
    }
}

#[tokio::test]
async fn a_configured_origin_reads_answers_and_refusals_and_what_their_headers_say() {
    let app = app();
    for origin in [ALLOWED, "http://localhost:3000"] {
        for (path, status) in [("/health/live", 200), ("/sessions", 401), ("/no/such/path", 404)] {
            let answer = ask(&app, &format!("GET {path}"), &[&format!("Origin: {origin}")]).await;
            assert_eq!(answer.status, status);
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some(origin),
                "{path}"
            );
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            assert!(
                list(&answer, "vary").contains(&"origin".to_owned()),
                "{}",
                answer.head
            );
            let exposed = list(&answer, "access-control-expose-headers");
            for name in [
                "location",
                "retry-after",
                "www-authenticate",
                "ratelimit",
                "ratelimit-policy",
                "x-turn-id",
                "x-session-id",
                "idempotent-replayed",
            ] {
                assert!(exposed.contains(&name.to_owned()), "{name}: {exposed:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_preflight_needs_no_token_and_is_good_for_ten_minutes() {
    let app = app();
    let headers = "authorization, content-type, idempotency-key, last-event-id";
    for (path, method) in [
        ("/stream-chat", "POST"),
        ("/stream-tickets", "POST"),
        ("/turns/0197a000-0000-7000-8000-000000000000/events", "GET"),
        ("/sessions/0197a000-0000-7000-8000-000000000000/events", "GET"),
        (
            "/sessions/0197a000-0000-7000-8000-000000000000/observers/eve",
            "PUT",
        ),
        ("/sessions/0197a000-0000-7000-8000-000000000000", "PATCH"),
        ("/sessions/0197a000-0000-7000-8000-000000000000", "DELETE"),
    ] {
        let answer = ask(
            &app,
            &format!("OPTIONS {path}"),
            &[
                &format!("Origin: {ALLOWED}"),
                &format!("Access-Control-Request-Method: {method}"),
                &format!("Access-Control-Request-Headers: {headers}"),
            ],
        )
        .await;
        assert_eq!(answer.status, 200, "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(ALLOWED));
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
        assert!(list(&answer, "access-control-allow-methods").contains(&method.to_ascii_lowercase()));
        let allowed = list(&answer, "access-control-allow-headers");
        for name in headers.split(", ") {
            assert!(allowed.contains(&name.to_owned()), "{name}: {allowed:?}");
        }
        assert!(
            list(&answer, "vary").contains(&"origin".to_owned()),
            "{}",
            answer.head
        );
    }
}

#[tokio::test]
async fn a_preflight_for_what_is_not_allowed_is_refused() {
    let app = app();
    for asked in [
        ["Access-Control-Request-Method: TRACE", "X-Nothing: 1"],
        [
            "Access-Control-Request-Method: GET",
            "Access-Control-Request-Headers: x-forwarded-user",
        ],
    ] {
        let origin = format!("Origin: {ALLOWED}");
        let answer = ask(&app, "OPTIONS /sessions", &[&origin, asked[0], asked[1]]).await;
        assert_eq!(answer.status, 400, "{asked:?}");
    }
}
