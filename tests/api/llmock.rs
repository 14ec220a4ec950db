//! All three wires against LLMock (PyPI), which breaks in scripted ways and then judges its client: whether it waited
//! as it was asked to, gave up what cannot succeed, made no storm, and took no truncated reply for a whole one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::checker::check_turn;
use crate::deadline::{HANG, within};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/llmock/bin/llmock");
const SAYS: &str = "Uvicorn running on ";

/// LLMock as a process; killed when dropped.
struct LlMock {
    child: Child,
    address: String,
}

impl LlMock {
    fn start() -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--port", "0", "--response-style", "static"])
            // What it has written to its end it takes for read to its end, whoever has left meanwhile.
            .args(["--stream-chunk-delay-ms", "50"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{PROGRAM}: {error}; scripts/install installs it"));
        let stderr = child.stderr.take().expect("piped");
        let (sender, said) = channel();
        std::thread::spawn(move || {
            // Read to the end, so that the program can go on writing.
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let address = line.split_once(SAYS).and_then(|(_, rest)| rest.split(' ').next());
                if let Some(address) = address {
                    let _ = sender.send(address.to_owned());
                }
            }
        });
        let address = said.recv_timeout(HANG).expect("LLMock says where it listens");
        Self { child, address }
    }

    /// A service that asks it over one wire.
    fn service(&self, wire: &str) -> TestApp {
        let path = if wire == "anthropic" { "anthropic/v1" } else { "v1" };
        let table = format!(
            "[[providers]]\nname = \"llmock\"\nwire = \"{wire}\"\nbase_url = \"{}/{path}\"\nmodel = \"mock-model\"\n\
             api_key = \"test-key-not-a-secret\"\ncontinues_partial = false\nidle_timeout_seconds = 1\nfirst_delta_timeout_seconds = 2\n",
            self.address
        );
        Setup::new()
            .without_provider()
            .retry("base_ms", 200)
            .tables(&table)
            .start()
    }

    /// How it behaves to the next requests.
    async fn behaves(&self, app: &TestApp, behaviors: Value) {
        let url = format!("{}/_llmock/scenario", self.address);
        let request = app
            .learner
            .http()
            .post(url)
            .json(&json!({ "behaviors": behaviors }));
        let response = within("LLMock takes a scenario", request.send())
            .await
            .expect("an answer");
        assert_eq!(response.status(), 201);
    }

    /// Its own verdict on its client, as a build would ask for it: whether it passed, and what stands against it, to the
    /// last warning.
    fn report(&self) -> (bool, Value) {
        let output = Command::new(PROGRAM)
            .args(["report", "--json", "--url", &self.address])
            .output()
            .expect("it has run before");
        let report = serde_json::from_slice(&output.stdout).expect("a report");
        (output.status.success(), report)
    }
}

impl Drop for LlMock {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What happens, and how the turn ends.
fn faults() -> Vec<(Value, &'static str)> {
    let broken_after =
        |chunks: u32, kind: &str| json!({ "type": "stream_fault", "kind": kind, "after_chunks": chunks });
    let broken = |kind: &str| broken_after(2, kind);
    vec![
        (
            json!({ "type": "fail", "status": 429, "retry_after": 1, "times": 2 }),
            "complete",
        ),
        (
            json!({ "type": "fail", "status": 503, "retry_after": 1 }),
            "complete",
        ),
        (json!({ "type": "fail", "status": 500, "times": 2 }), "complete"),
        (json!({ "type": "fail", "status": 529 }), "complete"),
        (json!({ "type": "fail", "status": 400 }), "failed"),
        (json!({ "type": "fail", "status": 401 }), "failed"),
        (broken("truncate"), "complete"),
        (broken("disconnect"), "complete"),
        // On each wire a record that has text: what says nothing may be anything.
        (broken_after(6, "malformed"), "complete"),
        (
            json!({ "type": "stream_fault", "kind": "stall", "after_chunks": 2, "stall_seconds": 30 }),
            "complete",
        ),
    ]
}

async fn is_judged_resilient(wire: &str) {
    let mock = LlMock::start();
    let app = mock.service(wire);
    for (number, (fault, status)) in faults().into_iter().enumerate() {
        mock.behaves(&app, json!([fault])).await;
        let mut reader = app.learner.send(&format!("Question {number}")).await;
        let end = reader.until_end().await;
        assert_eq!(end.data["status"], status, "{wire}: {fault}");
        check_turn(&mut app.database(), &[&reader], None);
    }
    let (passed, report) = mock.report();
    assert!(passed, "{wire}: {report:#}");
    assert!(report["faults_injected"].as_u64() > Some(10), "{report:#}");
    // Each is asked again, but for those that no further attempt can help.
    assert_eq!(report["attempts"], 20, "{report:#}");
    // Waits with full jitter need not grow from one to the next: of two, every fourth pair does not. That their range
    // does is for a unit test to say.
    let mut findings = report["findings"].as_array().expect("a list").iter();
    assert!(
        findings.all(|finding| finding["code"] == "no_backoff"),
        "{wire}: {report:#}"
    );
}

#[tokio::test]
async fn llmock_finds_nothing_wrong_over_chat_completions() {
    is_judged_resilient("openai-chat").await;
}

#[tokio::test]
async fn llmock_finds_nothing_wrong_over_responses() {
    is_judged_resilient("openai-responses").await;
}

#[tokio::test]
async fn llmock_finds_nothing_wrong_over_anthropic_messages() {
    is_judged_resilient("anthropic").await;
}
