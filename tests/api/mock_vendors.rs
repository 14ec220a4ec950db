//! All three wires against a mock of their vendors that nobody here wrote.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::deadline::HANG;
use crate::sse::Event;
use crate::witness::Witness;

const WIRES: [&str; 3] = ["openai-chat", "openai-responses", "anthropic"];
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mocks");
const SAYS: &str = "aimock server listening on ";

/// The mock as a process; killed when dropped.
struct Mock {
    child: Child,
    base_url: String,
}

impl Mock {
    fn start() -> Self {
        install();
        let mut child = Command::new("node")
            .args(["node_modules/@copilotkit/aimock/dist/cli.js", "--port", "0"])
            .args(["--fixtures", "vendors.json", "--chunk-size", "5"])
            .current_dir(FOLDER)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Node.js can be started: it is needed for this test");
        let stdout = child.stdout.take().expect("piped");
        let (sender, said) = channel();
        std::thread::spawn(move || {
            // Read to the end, so that the program can go on writing.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once(SAYS) {
                    let _ = sender.send(address.trim().to_owned());
                }
            }
        });
        let mut mock = Self {
            child,
            base_url: String::new(),
        };
        let address = said.recv_timeout(HANG).expect("the mock says where it listens");
        mock.base_url = format!("{address}/v1");
        mock
    }

    /// A service that asks the mock over one wire. The mock says the same whatever it is to go on from.
    fn service(&self, wire: &str) -> TestApp {
        let table = format!(
            "[[providers]]\nname = \"mock\"\nwire = \"{wire}\"\nbase_url = \"{}\"\n\
             api_key = \"test-key-not-a-secret\"\nmodel = \"mock-model\"\n\
             continues_partial = false\n",
            self.base_url
        );
        Setup::new().without_provider().tables(&table).start()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As `scripts/install` does it.
fn install() {
    if Path::new(FOLDER)
        .join("node_modules/@copilotkit/aimock/package.json")
        .exists()
    {
        return;
    }
    let installed = Command::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .current_dir(FOLDER)
        .output()
        .expect("npm can be started: it is needed for this test");
    assert!(
        installed.status.success(),
        "npm ci in tests/mocks: {}",
        String::from_utf8_lossy(&installed.stderr)
    );
}

/// Asks `question` and watches the reply to its end.
async fn ask(app: &TestApp, question: &str) -> (Witness, Event) {
    let mut reader = app.learner.send(question).await;
    let end = reader.until_end().await;
    check_turn(&mut app.database(), &[&reader], None);
    (reader, end)
}

async fn is_answered(app: &TestApp, wire: &str) {
    let (reader, end) = ask(app, "whole").await;
    assert_eq!(reader.text(), "Light scatters — blue most of all.", "{wire}");
    assert_eq!(
        (&end.data["status"], &end.data["finishReason"]),
        (&"complete".into(), &"stop".into()),
        "{wire}"
    );
    assert_eq!(end.data["usage"]["source"], "reported", "{wire}");
    let (reader, end) = ask(app, "thought").await;
    let reasoning = reader
        .events
        .iter()
        .filter(|event| event.name == "reasoning-delta");
    let reasoning: String = reasoning
        .filter_map(|event| event.data["text"].as_str())
        .collect();
    assert_eq!(
        (reasoning.as_str(), reader.text().as_str(), &end.data["status"]),
        ("Let me think.", "Blue.", &"complete".into()),
        "{wire}"
    );
}

async fn is_refused(app: &TestApp, wire: &str) {
    for (question, code) in [
        ("refused", "provider-rejected"),
        ("locked", "provider-unauthorized"),
    ] {
        let (reader, end) = ask(app, question).await;
        assert_eq!(end.data["status"], "failed", "{wire} {question}");
        let error = reader.events.iter().rfind(|event| event.name == "error");
        let error = error.expect("an error");
        assert_eq!(
            (&error.data["code"], &error.data["retryable"]),
            (&code.into(), &false.into()),
            "{wire}"
        );
        assert!(
            !error.raw.contains("canary") && !app.log().contains("canary"),
            "{wire}"
        );
    }
}

async fn is_cut(app: &TestApp, wire: &str) {
    let (reader, end) = ask(app, "cut").await;
    assert_eq!(end.data["status"], "interrupted", "{wire}");
    let text = reader.text();
    let whole = "This reply is going to be cut before it ends.";
    assert!(!text.is_empty() && whole.starts_with(&text), "{wire}: {text:?}");
}

#[tokio::test]
async fn a_mock_of_each_vendor_answers_refuses_and_is_cut() {
    let mock = Mock::start();
    for wire in WIRES {
        let app = mock.service(wire);
        is_answered(&app, wire).await;
        is_refused(&app, wire).await;
        is_cut(&app, wire).await;
    }
}
