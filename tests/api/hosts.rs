//! Requests for somebody else's name are turned away: a page whose name resolves to this machine reads nothing.

use reqwest::header::HOST;
use reqwest::{Method, Response};

use crate::app::{Setup, TestApp};
use crate::deadline::within;
use crate::problem::refused;

async fn get(app: &TestApp, path: &str, host: &str) -> Response {
    let request = app.learner.request(Method::GET, path).header(HOST, host);
    within(path, request.send()).await.expect("the server answers")
}

#[tokio::test]
async fn a_page_that_has_its_name_resolve_to_this_machine_reads_nothing() {
    let app = TestApp::start();
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
    ] {
        for path in ["/", "/sessions", "/metrics", "/static/dist/page.js", "/nothing"] {
            refused(get(&app, path, host).await, 421, "unknown-host").await;
        }
    }
    for host in ["localhost", "localhost:1234", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(get(&app, "/sessions", host).await.status(), 200, "{host}");
    }
}

#[tokio::test]
async fn probes_may_come_by_any_name() {
    let app = TestApp::start();
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(get(&app, path, "10.1.2.3:8080").await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn configured_hosts_are_the_only_ones() {
    let app = Setup::new()
        .setting("allowed_hosts", r#"["chat.example"]"#)
        .start();
    assert_eq!(get(&app, "/sessions", "chat.example").await.status(), 200);
    assert_eq!(get(&app, "/sessions", "Chat.Example:443").await.status(), 200);
    refused(get(&app, "/sessions", "localhost").await, 421, "unknown-host").await;
}

#[tokio::test]
async fn a_host_that_is_none_is_no_setting() {
    let refusal = Setup::new()
        .setting("allowed_hosts", r#"["https://chat.example"]"#)
        .try_start()
        .err()
        .expect("no start");
    assert!(refusal.message.contains("is no host"), "{}", refusal.message);
}
