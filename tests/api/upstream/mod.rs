//! A fake OpenAI-compatible upstream on a real socket and a thread of its own. It can pause, cut, reset and hang at
//! any byte; without a script it answers by the seed in the learner's message.

mod connection;
mod plan;
mod script;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub(crate) use plan::Plan;
pub(crate) use script::{Script, Signal, Step, chunk};

use crate::deadline::eventually;

/// What is answered to a message without a seed.
const DEFAULT: Plan = Plan {
    seed: 1,
    deltas: 12,
    rate: 0,
    size: 0,
};

/// What a server says whose chat template refuses a conversation.
const TEMPLATE_ERROR: &str = r#"{"object":"error","message":"Conversation roles must alternate user/assistant/...","type":"BadRequestError","code":400}"#;

/// One request for a streamed reply.
pub(crate) struct Request {
    pub(crate) body: Value,
    /// The head, as it came.
    pub(crate) head: String,
    /// The server has closed the connection, or the reply is through.
    pub(crate) closed: Signal,
    /// Every step of the script was taken.
    pub(crate) played: Signal,
}

impl Request {
    /// What the server asks the model to go on from.
    pub(crate) fn kept(&self) -> Option<&str> {
        let last = self.messages().last()?;
        (last["role"] == "assistant").then(|| last["content"].as_str())?
    }

    pub(crate) fn messages(&self) -> &[Value] {
        self.body["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Whether chat templates take it: after the instructions the learner begins, roles alternate, nothing is empty.
    pub(crate) fn alternates(&self) -> bool {
        let messages = self
            .messages()
            .iter()
            .skip_while(|message| message["role"] == "system");
        let mut messages = messages.enumerate();
        messages.all(|(place, message)| {
            let role = if place % 2 == 0 { "user" } else { "assistant" };
            let content = message["content"].as_str().unwrap_or_default();
            message["role"] == role && !content.trim().is_empty()
        })
    }

    /// Whether a plan is asked for, in whatever way.
    fn is_for_a_plan(&self) -> bool {
        let system = self
            .messages()
            .first()
            .and_then(|message| message["content"].as_str());
        system.is_some_and(|text| text.starts_with("You plan tutoring sessions."))
    }

    /// What a request for a plan tells of the session.
    pub(crate) fn planning_document(&self) -> Value {
        let text = self
            .messages()
            .last()
            .and_then(|message| message["content"].as_str());
        serde_json::from_str(text.expect("a document")).expect("JSON")
    }

    fn plan(&self) -> Plan {
        let last = self.messages().iter().rfind(|message| message["role"] == "user");
        last.and_then(|message| Plan::find(message["content"].as_str()?))
            .unwrap_or(DEFAULT)
    }
}

/// Replies to learners, and answers to the planner: each kind has its own scripts and its own numbers.
#[derive(Default)]
struct Desk {
    scripts: VecDeque<Script>,
    always: Option<Script>,
    requests: Vec<Arc<Request>>,
    /// Whether roles have to alternate.
    is_strict: bool,
    plan_scripts: VecDeque<Script>,
    plan_requests: Vec<Arc<Request>>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Desk>>);

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request and decides what is done with it.
    fn receive(&self, request: &Arc<Request>) -> Script {
        let mut desk = self.desk();
        if request.is_for_a_plan() {
            desk.plan_requests.push(Arc::clone(request));
            let script = desk.plan_scripts.pop_front();
            return script.unwrap_or_else(|| Script::json(&focus_plan()));
        }
        desk.requests.push(Arc::clone(request));
        if desk.is_strict && !request.alternates() {
            return Script::plain(400, "application/json", TEMPLATE_ERROR);
        }
        let script = desk.scripts.pop_front().or_else(|| desk.always.clone());
        script.unwrap_or_else(|| Script::seeded(&request.plan(), request.kept().unwrap_or_default()))
    }
}

/// A plan as a good model makes it.
pub(crate) fn focus_plan() -> Value {
    json!({
        "topic": "Why the sky is blue", "objective": "Explain scattering in your own words.",
        "priorKnowledge": "Light has colours.", "strategy": "socratic",
        "steps": [
            { "title": "Name the colours of light", "done": false },
            { "title": "Compare short and long waves", "done": false },
        ],
        "misconceptions": [], "difficulty": "introductory", "language": "en",
        "checkQuestion": "Which colour is scattered most?", "mastery": [],
    })
}

/// The upstream; gone when dropped.
pub(crate) struct Upstream {
    address: SocketAddr,
    shared: Shared,
    runtime: Option<Runtime>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        listener
            .set_nonblocking(true)
            .expect("a socket can be non-blocking");
        let shared = Shared::default();
        runtime.spawn(serve(listener, shared.clone()));
        Self {
            address,
            shared,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The next request without a script gets this one.
    pub(crate) fn next(&self, script: Script) {
        self.shared.desk().scripts.push_back(script);
    }

    /// Every request without a script of its own gets this one.
    pub(crate) fn always(&self, script: Script) {
        self.set_always(Some(script));
    }

    /// The same, or from now on the reply that its message asks for.
    pub(crate) fn set_always(&self, script: Option<Script>) {
        self.shared.desk().always = script;
    }

    /// Conversations that chat templates refuse are refused, whatever the script.
    pub(crate) fn be_strict(&self) {
        self.shared.desk().is_strict = true;
    }

    /// The next request for a plan gets this one; without it the bundled plan.
    pub(crate) fn next_plan(&self, script: Script) {
        self.shared.desk().plan_scripts.push_back(script);
    }

    /// How many plans were asked for.
    pub(crate) fn plan_count(&self) -> usize {
        self.shared.desk().plan_requests.len()
    }

    /// Request for a plan number `number`, from 0, as soon as it has come.
    pub(crate) async fn plan_request(&self, number: usize) -> Arc<Request> {
        let what = format!("request {number} for a plan reaches the upstream");
        eventually(&what, || self.shared.desk().plan_requests.get(number).cloned()).await
    }

    /// How many replies were asked for.
    pub(crate) fn count(&self) -> usize {
        self.shared.desk().requests.len()
    }

    /// Request number `number`, from 0, as soon as it has come.
    pub(crate) async fn request(&self, number: usize) -> Arc<Request> {
        let what = format!("request {number} reaches the upstream");
        eventually(&what, || self.shared.desk().requests.get(number).cloned()).await
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: std::net::TcpListener, shared: Shared) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(connection::serve(socket, shared.clone()));
        while connections.try_join_next().is_some() {}
    }
}
