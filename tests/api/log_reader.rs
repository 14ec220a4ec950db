//! Whoever reads the log can go, or stop reading: the service does not notice.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::StatusCode;

use crate::client::Client;

/// A server of its own; killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed.
        let _ = self.0.kill();
        self.0.wait().expect("a child can be waited for");
    }
}

/// Starts the program as `script` says; `$0` is its path.
fn start(folder: &std::path::Path, script: &str) -> (Running, Client) {
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_tutorstream")])
        .current_dir(folder)
        .env_clear()
        .env("TUTORSTREAM_BIND", "127.0.0.1:0")
        .env("DATABASE_URL", "sqlite://tutor.db")
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped"))
        .read_line(&mut line)
        .expect("the first line");
    let address = line.trim_end().strip_prefix("listening on ").expect("an address");
    (Running(child), Client::new(address))
}

async fn serves(client: &Client) {
    for _ in 0..300 {
        assert_eq!(client.status_of("/sessions").await, StatusCode::OK);
    }
    client.send("Why is the sky blue?").await.until_end().await;
}

#[tokio::test]
async fn the_service_goes_on_when_its_log_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_running, client) = start(folder.path(), "exec \"$0\" serve 2>&-");
    serves(&client).await;
}

#[tokio::test]
async fn the_service_goes_on_when_nobody_reads_its_log() {
    let folder = tempfile::tempdir().expect("a folder");
    // The pipe is full after 64 KiB; at this level that is a few requests.
    let (running, client) = start(folder.path(), "exec \"$0\" serve");
    serves(&client).await;
    drop(running);
}

#[tokio::test]
async fn the_service_goes_on_when_the_disk_of_its_log_is_full() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_running, client) = start(folder.path(), "exec \"$0\" serve 2>/dev/full");
    serves(&client).await;
}
