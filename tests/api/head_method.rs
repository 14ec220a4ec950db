//! HEAD: what GET would say, without saying it (RFC 9110, section 9.3.2). What is written as it comes has none.

use crate::app::{Setup, TestApp};
use crate::wire::{Answer, answers, exchange};

/// Asks by `method`, and once more on the same connection, so that a body that should not be there is noticed.
async fn ask(app: &TestApp, method: &str, path: &str, headers: &str) -> Answer {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}");
    let bytes = format!("{request}\r\n{request}Connection: close\r\n\r\n");
    let bytes = exchange(&app.learner, bytes.as_bytes()).await;
    let mut answers = answers(&bytes, method == "HEAD");
    assert_eq!(answers.len(), 2, "{method} {path}");
    answers.swap_remove(0)
}

/// The header without what is of the connection or differs from answer to answer. Lists are sorted: each worker has an order of its own.
fn lines(answer: &Answer) -> Vec<Vec<&str>> {
    let own = ["connection:", "date:", "x-request-id:"];
    let lines = answer.head.lines();
    let mut lines: Vec<_> = lines
        .filter(|line| !own.iter().any(|name| line.starts_with(name)))
        .map(|line| {
            let mut words: Vec<_> = line.split([' ', ',']).collect();
            words.sort_unstable();
            words
        })
        .collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn a_document_is_described_by_head_as_get_gives_it() {
    let app = Setup::new().planning().start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    let (session, turn) = (&reader.session_id, &reader.turn_id);
    let tag = ask(&app, "GET", "/", "").await;
    let known = format!("If-None-Match: {}\r\n", tag.header("etag").expect("a tag"));
    let of_session = ["", "/messages", "/focus", "/focus/history", "/observers"];
    let of_session = of_session.map(|part| format!("/sessions/{session}{part}"));
    let own = [
        "/sessions",
        "/profile",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/docs",
        "/",
    ];
    let own = own.into_iter().chain(["/static/dist/page.js"]).map(str::to_owned);
    let cases = own
        .chain(of_session)
        .chain([format!("/turns/{turn}")])
        .map(|path| (path, "", 200));
    let further = [
        ("/", known.as_str(), 304),
        ("/no/such/path", "", 404),
        ("/sessions/nonsense", "", 400),
        ("/sessions?colour=red", "", 422),
    ];
    for (path, headers, status) in
        cases.chain(further.map(|(path, headers, status)| (path.to_owned(), headers, status)))
    {
        let [get, head] = [
            ask(&app, "GET", &path, headers).await,
            ask(&app, "HEAD", &path, headers).await,
        ];
        assert_eq!(head.status, status, "{path}");
        assert_eq!(lines(&head), lines(&get), "{path}");
        if status != 304 {
            let length = get.body.len().to_string();
            assert_eq!(head.header("content-length"), Some(length.as_str()), "{path}");
        }
    }
}

#[tokio::test]
async fn the_length_of_a_compressed_page_is_that_of_its_bytes() {
    let app = TestApp::start();
    let [plain, zipped] = ["", "Accept-Encoding: gzip\r\n"];
    let [plain, zipped] = [
        ask(&app, "HEAD", "/", plain).await,
        ask(&app, "HEAD", "/", zipped).await,
    ];
    assert_eq!(
        [
            plain.header("content-encoding"),
            zipped.header("content-encoding")
        ],
        [None, Some("gzip")]
    );
    let page = app
        .learner
        .request(reqwest::Method::GET, "/")
        .header("Accept-Encoding", "gzip");
    let page = page
        .send()
        .await
        .expect("the server answers")
        .bytes()
        .await
        .expect("a whole body");
    assert_eq!(
        zipped.header("content-length"),
        Some(page.len().to_string().as_str())
    );
    assert_ne!(plain.header("content-length"), zipped.header("content-length"));
}

#[tokio::test]
async fn what_is_written_as_it_comes_has_no_head() {
    let app = TestApp::start();
    let mut reader = app.learner.send("Why is the sky blue?").await;
    reader.until_end().await;
    for path in [
        format!("/turns/{}/events", reader.turn_id),
        format!("/sessions/{}/events", reader.session_id),
        "/export".to_owned(),
    ] {
        let head = ask(&app, "HEAD", &path, "").await;
        assert_eq!((head.status, head.header("allow")), (405, Some("GET")), "{path}");
    }
}

#[tokio::test]
async fn a_head_changes_nothing_where_only_other_methods_are() {
    let app = TestApp::start();
    for path in ["/stream-chat", "/account", "/logout"] {
        assert_eq!(ask(&app, "HEAD", path, "").await.status, 405, "{path}");
    }
    app.assert_untouched();
}
