//! A small language model on this machine answers, by a server that nobody here wrote: text that no plan knows, real
//! usage, a real prompt that ends with a partial reply.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures_util::future::join;

use crate::app::{Setup, TestApp};
use crate::campaign::variable;
use crate::checker::check_turn;
use crate::deadline::eventually;
use crate::witness::Witness;

const SERVER: &str = "TUTORSTREAM_LLAMA_SERVER";
const MODEL: &str = "TUTORSTREAM_MODEL";

/// So long an answer gets: a small model does not always know when it has said everything.
const TOKENS: &str = "160";

/// A question whose answer is long.
const QUESTION: &str =
    "Explain step by step why the sky is blue, and why it is red at dusk. Give many details.";

/// Where the program and the model are: said by variables, or else by the script that installs them.
fn installed() -> [String; 2] {
    if let (Some(server), Some(model)) = (variable(SERVER), variable(MODEL)) {
        return [server, model];
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/install-model");
    let installed = Command::new(script).output().expect("a script");
    assert!(
        installed.status.success(),
        "scripts/install-model: {}",
        String::from_utf8_lossy(&installed.stderr)
    );
    let said = String::from_utf8_lossy(&installed.stdout).into_owned();
    [SERVER, MODEL].map(|name| {
        let mut lines = said.lines().filter_map(|line| line.split_once('='));
        let line = lines.find(|(known, _)| *known == name);
        line.expect("the script names both").1.to_owned()
    })
}

/// `llama-server` with the small model; killed when dropped.
struct Model {
    child: Child,
    port: u16,
}

impl Model {
    async fn start() -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        Self::start_at(port).await
    }

    async fn start_at(port: u16) -> Self {
        let [server, model] = installed();
        let child = Command::new(server)
            .args([
                "--model",
                &model,
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ])
            .args(["--ctx-size", "4096", "--parallel", "2", "--threads", "2"])
            .args(["--seed", "7", "--temp", "0", "--predict", TOKENS, "--no-webui"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("llama-server can be started");
        // Killed also when it never gets ready.
        let mut model = Self { child, port };
        let mut lines = BufReader::new(model.child.stderr.take().expect("piped")).lines();
        let (sender, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            // Read to the end, so that the program can go on writing.
            lines
                .by_ref()
                .map_while(Result::ok)
                .for_each(|line| drop(sender.send(line)));
        });
        let mut log = Vec::new();
        eventually("the model is loaded", || {
            log.extend(said.try_iter());
            let ended = model.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "llama-server ended: {}", log.join("\n"));
            log.iter()
                .any(|line| line.contains("listening on http"))
                .then_some(())
        })
        .await;
        model
    }

    /// A service that asks the model over one wire.
    fn service(&self, wire: &str) -> TestApp {
        let table = format!(
            "[[providers]]\nname = \"smollm2\"\nwire = \"{wire}\"\nbase_url = \"http://127.0.0.1:{}/v1\"\nmodel = \"smollm2\"\n\
             api_key = \"none\"\nmax_tokens = {TOKENS}\ncontinues_partial = true\n",
            self.port
        );
        Setup::new()
            .without_provider()
            // A model that is being loaded again takes a while.
            .retry("tries", 200)
            .retry("cap_ms", 250)
            .retry("floor", 1000)
            .tables("[breaker]\nfailures = 1000\n")
            .tables(&table)
            .start()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Watches until some words of the reply have come.
async fn until_some_words(reader: &mut Witness) {
    while reader.text().split_whitespace().count() < 12 {
        reader.until_event("text-delta").await;
    }
}

async fn answers(app: &TestApp) {
    let mut reader = app
        .learner
        .send("What is the capital of France? Answer in one sentence.")
        .await;
    let mut other = app.learner.follow(&reader.turn_id).await;
    let (end, _) = join(reader.until_end(), other.until_end()).await;
    assert_eq!(
        (&end.data["status"], &end.data["usage"]["source"]),
        (&"complete".into(), &"reported".into())
    );
    assert!(end.data["usage"]["outputTokens"].as_i64() > Some(0), "{end:?}");
    assert!(!reader.text().trim().is_empty());
    assert_eq!(other.events, reader.events);
    check_turn(&mut app.database(), &[&reader, &other], Some(&reader.text()));
}

async fn goes_on_after_a_stop(app: &TestApp) {
    let mut cut = app.learner.send(QUESTION).await;
    until_some_words(&mut cut).await;
    assert_eq!(app.learner.stop(&cut.turn_id).await["status"], "stopped");
    cut.until_end().await;
    let mut further = Witness::of(&app.learner, app.learner.post_continue(&cut.turn_id).await);
    assert_eq!(further.until_end().await.data["status"], "complete");
    let (kept, whole) = (cut.text(), further.text());
    let new = whole.strip_prefix(&kept).unwrap_or_default();
    assert!(
        !new.is_empty() && !new.starts_with(&kept),
        "{kept:?} became {whole:?}"
    );
    check_turn(&mut app.database(), &[&cut], Some(&whole));
    check_turn(&mut app.database(), &[&further], Some(&whole));
}

async fn goes_on_after_a_crash(app: &mut TestApp) {
    let mut reader = app.learner.send(QUESTION).await;
    let mut other = app.learner.follow(&reader.turn_id).await;
    until_some_words(&mut reader).await;
    until_some_words(&mut other).await;
    app.kill_9();
    app.restart();
    let (end, _) = join(reader.persist(), other.persist()).await;
    assert_eq!(end.data["status"], "complete");
    assert!(
        reader.outline().contains(&"attempt-start"),
        "{:?}",
        reader.outline()
    );
    assert_eq!(other.events, reader.events);
    check_turn(&mut app.database(), &[&reader, &other], Some(&reader.text()));
}

/// Answers, is stopped and goes on, and goes on after the service was killed.
async fn serves(wire: &str) {
    let model = Model::start().await;
    let mut app = model.service(wire);
    answers(&app).await;
    goes_on_after_a_stop(&app).await;
    goes_on_after_a_crash(&mut app).await;
}

#[tokio::test]
async fn a_reply_goes_on_when_the_model_is_killed_in_mid_answer_and_comes_back() {
    for wire in ["openai-chat", "openai-responses", "anthropic"] {
        let model = Model::start().await;
        let app = model.service(wire);
        let mut reader = app.learner.send(QUESTION).await;
        until_some_words(&mut reader).await;
        let port = model.port;
        drop(model);
        let (end, _back) = join(reader.until_end(), Model::start_at(port)).await;
        assert_eq!(end.data["status"], "complete", "{wire}");
        let starts = reader.events.iter().filter(|event| event.name == "attempt-start");
        let modes: Vec<_> = starts.map(|event| event.data["mode"].clone()).collect();
        assert_eq!(modes, ["continue"], "{wire}");
        let beginning: String = reader.text().chars().take(40).collect();
        assert_eq!(
            reader.text().matches(&beginning).count(),
            1,
            "{wire}: it is said once"
        );
        check_turn(&mut app.database(), &[&reader], Some(&reader.text()));
    }
}

#[tokio::test]
async fn a_real_model_serves_over_chat_completions() {
    serves("openai-chat").await;
}

#[tokio::test]
async fn a_real_model_serves_over_responses() {
    serves("openai-responses").await;
}

#[tokio::test]
async fn a_real_model_serves_over_messages() {
    serves("anthropic").await;
}
