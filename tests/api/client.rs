//! What a learner's browser does, as methods.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use reqwest::{ClientBuilder, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::deadline::within;
use crate::witness::Witness;

/// A learner's browser. It finds the server again when that has moved to another port.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: Arc<Mutex<String>>,
    token: Option<String>,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        Self::with(reqwest::Client::builder(), address)
    }

    /// A browser that reaches the service by a proxy on this Unix socket.
    pub(crate) fn through(socket: &Path) -> Self {
        Self::with(reqwest::Client::builder().unix_socket(socket), "http://localhost")
    }

    fn with(http: ClientBuilder, address: &str) -> Self {
        static PROVIDER: OnceLock<()> = OnceLock::new();
        PROVIDER.get_or_init(|| {
            // Another library may have been quicker.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = http.no_proxy().build().expect("an HTTP client");
        Self {
            http,
            address: Arc::new(Mutex::new(address.to_owned())),
            token: None,
        }
    }

    /// The same browser with a bearer token, or with none.
    pub(crate) fn with_token(&self, token: Option<&str>) -> Self {
        Self {
            token: token.map(str::to_owned),
            ..self.clone()
        }
    }

    /// Where the server is now.
    pub(crate) fn address(&self) -> String {
        self.address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The server has moved.
    pub(crate) fn move_to(&self, address: &str) {
        address.clone_into(&mut self.address.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// For what is no part of the service.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.address()));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Any request with a JSON body, or none for `Value::Null`.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Response {
        let request = self.request(method, path);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        within(path, request.send()).await.expect("the server answers")
    }

    /// A request that succeeds with JSON.
    pub(crate) async fn json(&self, method: Method, path: &str, body: Value) -> Value {
        let response = self.call(method, path, body).await;
        let status = response.status();
        let text = response.text().await.expect("a whole body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.json(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn status_of(&self, path: &str) -> StatusCode {
        self.call(Method::GET, path, Value::Null).await.status()
    }

    /// `POST /stream-chat`, whatever comes of it.
    pub(crate) async fn post_chat(&self, body: Value) -> Response {
        self.call(Method::POST, "/stream-chat", body).await
    }

    /// The same with an idempotency key.
    pub(crate) async fn post_chat_once(&self, key: &str, body: Value) -> Response {
        let request = self
            .request(Method::POST, "/stream-chat")
            .header("Idempotency-Key", key)
            .json(&body);
        within("POST /stream-chat", request.send())
            .await
            .expect("the server answers")
    }

    /// Sends a message in a new session and watches the reply.
    pub(crate) async fn send(&self, text: &str) -> Witness {
        Witness::of(self, self.post_chat(json!({ "message": text })).await)
    }

    /// Sends a message in a session and watches the reply.
    pub(crate) async fn send_in(&self, session_id: &str, text: &str) -> Witness {
        Witness::of(
            self,
            self.post_chat(json!({ "sessionId": session_id, "message": text }))
                .await,
        )
    }

    /// `GET /turns/{id}/events`, whatever comes of it.
    pub(crate) async fn open_events(&self, turn_id: &str, last_event_id: Option<&str>) -> Response {
        let mut request = self.request(Method::GET, &format!("/turns/{turn_id}/events"));
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        within("GET events", request.send())
            .await
            .expect("the server answers")
    }

    /// Watches a turn from its start.
    pub(crate) async fn follow(&self, turn_id: &str) -> Witness {
        let response = self.open_events(turn_id, None).await;
        let session_id = string(&self.turn(turn_id).await["sessionId"]);
        Witness::joining(self, [turn_id, &session_id], response)
    }

    pub(crate) async fn turn(&self, turn_id: &str) -> Value {
        self.get(&format!("/turns/{turn_id}")).await
    }

    /// Stops a turn; the answer is the turn as it ended.
    pub(crate) async fn stop(&self, turn_id: &str) -> Value {
        self.json(Method::POST, &format!("/turns/{turn_id}/stop"), Value::Null)
            .await
    }

    /// `POST /turns/{id}/continue`, whatever comes of it.
    pub(crate) async fn post_continue(&self, turn_id: &str) -> Response {
        self.call(Method::POST, &format!("/turns/{turn_id}/continue"), Value::Null)
            .await
    }

    /// `POST …/regenerate`, whatever comes of it.
    pub(crate) async fn post_regenerate(&self, session_id: &str, message_id: &str) -> Response {
        let path = format!("/sessions/{session_id}/messages/{message_id}/regenerate");
        self.call(Method::POST, &path, Value::Null).await
    }

    /// How many event streams the server sends, to whomever.
    pub(crate) async fn open_streams(&self) -> usize {
        let response = self.call(Method::GET, "/metrics", Value::Null).await;
        let text = response.text().await.expect("text");
        let open = text
            .lines()
            .find_map(|line| line.strip_prefix("tutorstream_streams_open "));
        open.and_then(|open| open.parse().ok()).expect("the metric")
    }

    /// A new session's id.
    pub(crate) async fn create_session(&self) -> String {
        string(&self.json(Method::POST, "/sessions", json!({})).await["id"])
    }

    /// The newest messages of a session, with `activeTurn`.
    pub(crate) async fn messages(&self, session_id: &str) -> Value {
        self.get(&format!("/sessions/{session_id}/messages")).await
    }
}

/// The string that a JSON value is.
pub(crate) fn string(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no string: {value}"))
        .to_owned()
}

/// A header that must be there.
pub(crate) fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    let value =
        value.unwrap_or_else(|| panic!("no {name} in {} {:?}", response.status(), response.headers()));
    value.to_str().expect("a header is ASCII").to_owned()
}
