//! Pages of other sites, where requests need no token: a browser on the same machine sends what they want, and they
//! must not act as the one user.

use reqwest::{Method, StatusCode};

use crate::app::{Setup, TestApp};
use crate::problem::refused;
use crate::upstream::Script;

/// How browsers say that a page of another origin sent the request.
const FOREIGN: [&[(&str, &str)]; 8] = [
    &[
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "https://evil.example"),
    ],
    &[("Sec-Fetch-Site", "cross-site")],
    &[
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "http://127.0.0.1:9999"),
    ],
    &[("Sec-Fetch-Site", "cross-site"), ("Origin", "null")],
    &[("Origin", "https://evil.example")],
    &[("Origin", "null")],
    &[("Origin", "http://127.0.0.1:1")],
    &[
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "https://chat.example.evil.example"),
    ],
];

async fn send(app: &TestApp, (method, path): (Method, &str), headers: &[(&str, &str)]) -> reqwest::Response {
    let mut request = app.learner.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("the server answers")
}

fn app() -> TestApp {
    Setup::new()
        .setting(
            "allowed_origins",
            "[\"https://chat.example\", \"http://localhost:5173\"]",
        )
        .start()
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_where_no_token_is_needed() {
    let app = app();
    app.upstream.next(Script::stream().delta("Because").hang());
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_text("Because").await;
    let (turn, session) = (reader.turn_id.clone(), reader.session_id.clone());
    let message = "0197a000-0000-7000-8000-000000000000";
    for (method, path) in [
        (Method::POST, format!("/turns/{turn}/stop")),
        (Method::POST, format!("/turns/{turn}/continue")),
        (
            Method::POST,
            format!("/sessions/{session}/messages/{message}/regenerate"),
        ),
        (Method::POST, "/sessions".to_owned()),
        (Method::POST, "/stream-chat".to_owned()),
        (Method::POST, "/stream-tickets".to_owned()),
        (Method::PATCH, "/profile".to_owned()),
        (Method::DELETE, format!("/sessions/{session}")),
        (Method::DELETE, "/account".to_owned()),
    ] {
        for headers in FOREIGN {
            let response = send(&app, (method.clone(), &path), headers).await;
            refused(response, 403, "cross-site").await;
        }
        // Credentials of another scheme, which a browser adds by itself, change nothing about it.
        let basic = [FOREIGN[0], &[("Authorization", "Basic YTpi")]].concat();
        refused(send(&app, (method, &path), &basic).await, 403, "cross-site").await;
    }
    assert_eq!(app.learner.turn(&turn).await["status"], "streaming");
    app.learner.stop(&turn).await;
}

#[tokio::test]
async fn own_pages_listed_pages_and_programs_go_on_without_a_token() {
    let app = app();
    let own = app.learner.address();
    for headers in [
        &[][..],
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", own.as_str())],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", own.as_str())],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Origin", "https://chat.example"),
        ],
        &[
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "http://localhost:5173"),
        ],
        &[("Origin", "http://localhost:5173")],
        &[("Authorization", "Basic YTpi")],
    ] {
        let session = app.learner.create_session().await;
        let path = format!("/sessions/{session}");
        let response = send(&app, (Method::DELETE, &path), headers).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{headers:?}");
    }
    for headers in FOREIGN {
        let response = send(&app, (Method::GET, "/sessions"), headers).await;
        assert_eq!(
            response.status(),
            StatusCode::OK,
            "what is read is for CORS to keep"
        );
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
}
