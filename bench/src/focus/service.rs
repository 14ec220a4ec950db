//! The server under evaluation, as its clients see it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::EvaluationOptions;
use super::answer::{Answer, request};
use crate::Result;
use crate::process::{Launch, Process, Scratch};

/// So long a turn may take, with what follows behind its answer.
const PATIENCE: Duration = Duration::from_secs(180);

/// A server with an empty database; ended on drop.
pub(super) struct Service {
    address: SocketAddr,
    process: Process,
    // Behind the process: it is dropped after the process has ended.
    _folder: Scratch,
}

/// A turn as its reader saw it.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) session_id: String,
    pub(super) user_message_id: String,
    pub(super) message_id: String,
    /// The `session-focus`.
    pub(super) focus: Value,
    pub(super) reply: String,
    /// From the request to the first `text-delta`.
    pub(super) first_delta: Option<Duration>,
    pub(super) status: String,
}

impl Service {
    pub(super) async fn start(options: &EvaluationOptions, planner: &str) -> Result<Self> {
        let folder = Scratch::new(&std::env::temp_dir(), "focus")?;
        let server = &options.server;
        let program = server.canonicalize().map_err(|error| {
            format!(
                "{}: {error}; build it, or name it with --server",
                server.display()
            )
        })?;
        let database = folder.path().join("focus.db");
        let mut variables = [
            ("TUTORSTREAM_BIND", "127.0.0.1:0".to_owned()),
            ("DATABASE_URL", format!("sqlite://{}", database.display())),
            ("TUTORSTREAM_PLANNER", planner.to_owned()),
            ("RUST_LOG", "warn".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        variables.extend(options.server_env.iter().cloned());
        let launch = Launch {
            program,
            arguments: Vec::new(),
            variables,
            folder: folder.path().to_owned(),
            core: None,
        };
        let mut process = Process::start("server", launch)?;
        let address = process.announced_address().await?;
        let service = Self {
            address,
            process,
            _folder: folder,
        };
        // What one dialogue shows of the learner is not to help with the next.
        let untracked = json!({ "tracking": false });
        request(address, "PATCH /profile", &untracked).await?;
        Ok(service)
    }

    /// Sends a message, in a new session if there is none yet, and hears the turn to its end.
    pub(super) async fn say(&self, session_id: Option<&str>, message: &str) -> Result<Heard> {
        let mut body = json!({ "message": message });
        if let Some(id) = session_id {
            body["sessionId"] = json!(id);
        }
        let began = Instant::now();
        let hearing = async {
            let answer = request(self.address, "POST /stream-chat", &body).await?;
            hear(answer, began).await
        };
        timeout(PATIENCE, hearing)
            .await
            .map_err(|_elapsed| format!("a turn did not end in {PATIENCE:?}\n{}", self.process.log_text()))?
    }

    /// Puts another text in the place of a reply.
    pub(super) async fn put(&self, heard: &Heard, content: &str) -> Result<()> {
        let line = format!(
            "PATCH /sessions/{}/messages/{}",
            heard.session_id, heard.message_id
        );
        request(self.address, &line, &json!({ "content": content })).await?;
        Ok(())
    }

    /// All plans of a session, newest first.
    pub(super) async fn plans(&self, session_id: &str) -> Result<Vec<Value>> {
        let line = format!("GET /sessions/{session_id}/focus/history?limit=500");
        let answer = request(self.address, &line, &Value::Null).await?;
        let mut page: Value = serde_json::from_str(&answer.text().await?)?;
        match page["focus"].take() {
            Value::Array(plans) => Ok(plans),
            other => Err(format!("no plans but {other}").into()),
        }
    }

    /// Waits until what follows behind the answers of so many turns is done; all metrics then.
    pub(super) async fn rest(&self, turns: usize) -> Result<BTreeMap<String, u64>> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let page = request(self.address, "GET /metrics", &Value::Null).await?;
            let metrics = counters(&page.text().await?);
            if metrics.get("tutorstream_reviews_total") >= Some(&(turns as u64)) {
                return Ok(metrics);
            }
            sleep(Duration::from_millis(20)).await;
        }
        Err("what follows behind an answer does not end".into())
    }
}

async fn hear(mut answer: Answer, began: Instant) -> Result<Heard> {
    let (mut heard, mut unread) = (Heard::default(), Vec::new());
    loop {
        let part = answer.next().await?;
        if part.is_empty() {
            break;
        }
        unread.extend(part);
        while let Some(end) = memmem::find(&unread, b"\n\n") {
            let frame = String::from_utf8(unread.drain(..end + 2).collect())?;
            heard.take(&frame, began)?;
        }
    }
    if heard.status.is_empty() {
        return Err("a turn has no end".into());
    }
    Ok(heard)
}

impl Heard {
    fn take(&mut self, frame: &str, began: Instant) -> Result<()> {
        let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
        let (Some(event), Some(data)) = (field("event: "), field("data: ")) else {
            return Ok(());
        };
        let data: Value = serde_json::from_str(data)?;
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        match event {
            "turn-start" => {
                self.session_id = text("sessionId");
                self.user_message_id = text("userMessageId");
                self.message_id = text("messageId");
            }
            "text-delta" => {
                self.first_delta.get_or_insert_with(|| began.elapsed());
                self.reply += &text("text");
            }
            "turn-end" => self.status = text("status"),
            "session-focus" => self.focus = data,
            _ => {}
        }
        Ok(())
    }
}

/// The whole numbers on a page of metrics, by name and labels.
fn counters(page: &str) -> BTreeMap<String, u64> {
    let lines = page.lines().filter_map(|line| line.rsplit_once(' '));
    lines
        .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
        .collect()
}
