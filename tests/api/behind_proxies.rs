//! Behind nginx and HAProxy: they and the service agree where a request ends, so that nobody's request is hidden in
//! another's, and nobody gets another's answer.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::app::{Setup, TestApp};
use crate::deadline::{eventually, within};
use crate::http_oddities::{HEADS, LENGTHS};

const LAST: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// Each one that is carried out is a session.
const HIDDEN: &str = "POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// A proxy in front of the service; killed when dropped.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed.
        let _ = self.0.kill();
        self.0.wait().expect("a child can be waited for");
    }
}

/// As `docs/operations.md` has it, without TLS.
fn nginx(folder: &Path, upstream: &str) -> Proxy {
    let folder = folder.display();
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};"))
        .concat();
    let file = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {paths}
         upstream tutorstream {{ server {upstream}; keepalive 64; }}
         server {{ listen unix:{folder}/socket; location / {{ proxy_pass http://tutorstream; proxy_http_version 1.1;
         proxy_set_header Connection \"\"; proxy_set_header Host $host; }} }} }}"
    );
    start("nginx", &folder.to_string(), &file, &["-e", "stderr", "-c"])
}

fn haproxy(folder: &Path, upstream: &str) -> Proxy {
    let folder = folder.display();
    let file = format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n http-reuse always\n\
         frontend f\n bind {folder}/socket\n default_backend b\nbackend b\n server s {upstream}\n"
    );
    start("haproxy", &folder.to_string(), &file, &["-db", "-f"])
}

fn start(program: &str, folder: &str, file: &str, options: &[&str]) -> Proxy {
    let path = format!("{folder}/configuration");
    std::fs::write(&path, file).expect("a configuration");
    let child = Command::new(format!("/usr/sbin/{program}"))
        .args(options)
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    Proxy(child.unwrap_or_else(|error| panic!("{program}: {error}; scripts/install installs it")))
}

/// What comes back for these bytes and one more request on the same connection.
async fn exchange(socket: &Path, bytes: &str) -> String {
    let mut connection = UnixStream::connect(socket).await.expect("the proxy listens");
    // One that refuses the begin need not take the rest.
    let _ = connection.write_all(format!("{bytes}{LAST}").as_bytes()).await;
    let mut answer = Vec::new();
    // A reset after the last byte is as good as a close.
    let _ = within(
        "the proxy closes the connection",
        connection.read_to_end(&mut answer),
    )
    .await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn agrees(app: &TestApp, folder: &Path) {
    let socket = folder.join("socket");
    eventually("the proxy listens", || {
        std::os::unix::net::UnixStream::connect(&socket).ok()
    })
    .await;
    let plain = exchange(&socket, HIDDEN).await;
    assert!(
        plain.starts_with("HTTP/1.1 201 ") && plain.contains("HTTP/1.1 200 "),
        "{plain}"
    );
    let lengths = LENGTHS.map(|(case, lengths)| {
        let head = "POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        (case, format!("{head}{lengths}\r\n\r\n0\r\n\r\n{HIDDEN}"))
    });
    let heads = HEADS.map(|(case, head)| (case, format!("{head}\r\n\r\n{HIDDEN}")));
    for (case, request) in lengths.into_iter().chain(heads) {
        let before = app.database().count("sessions");
        let answers = exchange(&socket, &request).await;
        let told = i64::try_from(answers.matches("HTTP/1.1 201 ").count()).expect("few");
        assert_eq!(
            app.database().count("sessions") - before,
            told,
            "{case}: {answers}"
        );
        // Whoever comes next, over the connections that the proxy has kept, gets the answer to its own request.
        for _ in 0..4 {
            let next = exchange(&socket, "").await;
            assert!(
                next.starts_with("HTTP/1.1 200 ") && next.ends_with(r#"{"status":"ok"}"#),
                "{case}: {next}"
            );
            assert_eq!(next.matches("HTTP/1.1 ").count(), 1, "{case}: {next}");
        }
    }
}

#[tokio::test]
async fn nginx_and_the_service_agree_where_a_request_ends() {
    let app = Setup::new().start();
    let folder = tempfile::tempdir().expect("a folder");
    let upstream = app.learner.address().replace("http://", "");
    let _proxy = nginx(folder.path(), &upstream);
    agrees(&app, folder.path()).await;
}

#[tokio::test]
async fn haproxy_and_the_service_agree_where_a_request_ends() {
    let app = Setup::new().start();
    let folder = tempfile::tempdir().expect("a folder");
    let upstream = app.learner.address().replace("http://", "");
    let _proxy = haproxy(folder.path(), &upstream);
    agrees(&app, folder.path()).await;
}
