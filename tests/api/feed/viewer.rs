//! Somebody who shows a session: folds its feed by the rules of `docs/http-api.md`, over any number of connections.

use std::collections::HashMap;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::client::{Client, string};
use crate::deadline::within;
use crate::sse::{End, Event, EventStream};

/// The events of a turn; all others are about rows.
const OF_TURNS: [&str; 6] = [
    "turn-start",
    "reasoning-delta",
    "text-delta",
    "attempt-start",
    "error",
    "turn-end",
];

/// One device with one session open.
pub(crate) struct Viewer {
    client: Client,
    session_id: String,
    stream: Option<EventStream>,
    /// The id of the last frame that had one.
    pub(crate) place: Option<String>,
    /// The session as the device shows it.
    pub(crate) session: Value,
    /// The messages as the device shows them.
    pub(crate) messages: Vec<Value>,
    /// It was told of all changes up to this revision.
    pub(crate) revision: i64,
    /// Every event, in the order in which they came.
    pub(crate) events: Vec<Event>,
    /// The number of the last event of each turn, as far as this device has been shown any.
    numbers: HashMap<String, u64>,
}

impl Viewer {
    /// Opens a session.
    pub(crate) async fn open(client: &Client, session_id: &str) -> Self {
        let mut viewer = Self {
            client: client.clone(),
            session_id: session_id.to_owned(),
            stream: None,
            place: None,
            session: Value::Null,
            messages: Vec::new(),
            revision: 0,
            events: Vec::new(),
            numbers: HashMap::new(),
        };
        viewer.reconnect().await;
        viewer
    }

    /// Opens another connection, from the last place on.
    pub(crate) async fn reconnect(&mut self) {
        let response = get_feed(&self.client, &self.session_id, self.place.as_deref()).await;
        assert_eq!(response.status(), StatusCode::OK, "no feed: {response:?}");
        self.stream = Some(EventStream::new(response));
    }

    /// The connection breaks.
    pub(crate) fn leave(&mut self) {
        self.stream = None;
    }

    /// The next event, shown; or how the connection ended.
    pub(crate) async fn next(&mut self) -> Result<Event, End> {
        let result = self.stream.as_mut().expect("it is connected").next().await;
        match &result {
            Ok(event) => self.show(event),
            Err(_) => self.stream = None,
        }
        result
    }

    /// Watches until an event that `wanted` knows, on this connection.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            match self.next().await {
                Ok(event) if wanted(&event) => return event,
                Ok(_) => {}
                Err(end) => panic!("the connection ended ({end:?}) after {:?}", self.events.last()),
            }
        }
    }

    /// Watches until an event of this name.
    pub(crate) async fn until_event(&mut self, name: &str) -> Event {
        self.until(|event| event.name == name).await
    }

    /// Watches until the device shows what the session is now.
    pub(crate) async fn catch_up(&mut self) {
        let path = format!("/sessions/{}", self.session_id);
        let now = self.client.get(&path).await["revision"].as_i64();
        let now = now.expect("a revision");
        while self.revision < now {
            self.until(|_| true).await;
        }
    }

    /// Holds what the device shows against what anybody is told who asks.
    pub(crate) async fn assert_in_step(&mut self) {
        self.catch_up().await;
        let stored = Value::from(self.stored().await);
        let shown = Value::from(self.messages.clone());
        assert!(
            stored == shown,
            "the device shows\n{shown:#}\nthe session has\n{stored:#}"
        );
        let session = self.client.get(&format!("/sessions/{}", self.session_id)).await;
        for field in ["id", "title", "subject", "learnerProfile", "createdAt"] {
            assert_eq!(self.session[field], session[field], "{field}");
        }
    }

    /// All pages of the session's list, as far back as the device shows something.
    async fn stored(&self) -> Vec<Value> {
        let mut stored = Vec::new();
        let mut path = format!("/sessions/{}/messages", self.session_id);
        loop {
            let mut page = self.client.get(&path).await;
            let Value::Array(mut messages) = page["messages"].take() else {
                panic!("no list")
            };
            messages.append(&mut stored);
            stored = messages;
            match page["nextCursor"].as_str() {
                Some(cursor) if stored.len() < self.messages.len() => {
                    path = format!("/sessions/{}/messages?cursor={cursor}", self.session_id);
                }
                _ => return stored,
            }
        }
    }

    /// The text of the newest reply, as the device shows it.
    pub(crate) fn text(&self) -> String {
        let reply = self
            .messages
            .iter()
            .rfind(|message| message["role"] == "assistant");
        reply.map_or_else(String::new, |reply| string(&reply["content"]))
    }

    /// The events of a turn that came.
    pub(crate) fn events_of(&self, turn_id: &str) -> Vec<&Event> {
        let of_turn = |event: &&Event| is_of_turn(event) && event.data["turnId"] == turn_id;
        self.events.iter().filter(of_turn).collect()
    }

    /// The names of the events, with neighbours of one name taken together.
    pub(crate) fn outline(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.events.iter().map(|event| event.name.as_str()).collect();
        names.dedup();
        names
    }

    fn show(&mut self, event: &Event) {
        if let Some(place) = &event.place {
            self.place = Some(place.clone());
            // Not the row's own revision: of rows that changed meanwhile older ones may still be on their way.
            self.revision = revision_of(place);
        }
        match event.name.as_str() {
            "session-snapshot" => self.begin_anew(&event.data),
            "message-created" | "message-updated" => self.put(event),
            "session-updated" => self.session = event.data["session"].clone(),
            _ if is_of_turn(event) => self.show_turn(event),
            "session-deleted" | "reconnect" | "retrying" | "storage-degraded" | "auth-expired" => {}
            other => panic!("no event of a feed: {other}"),
        }
        self.events.push(event.clone());
    }

    fn begin_anew(&mut self, snapshot: &Value) {
        self.session = snapshot["session"].clone();
        self.messages = snapshot["messages"].as_array().expect("messages").clone();
        self.numbers.clear();
        let active = &snapshot["activeTurn"];
        if let (Some(turn), Some(number)) = (active["turnId"].as_str(), active["lastEventId"].as_u64()) {
            self.numbers.insert(turn.to_owned(), number);
        }
    }

    fn put(&mut self, event: &Event) {
        let message = &event.data["message"];
        let place = self
            .messages
            .iter()
            .position(|known| known["id"] == message["id"]);
        match place {
            Some(place) => self.messages[place] = message.clone(),
            None if event.name == "message-created" => self.messages.push(message.clone()),
            // It is older than what the device shows.
            None => {}
        }
    }

    fn show_turn(&mut self, event: &Event) {
        let (turn_id, number) = (&event.data["turnId"], event.data["eventId"].as_u64());
        let number = number.expect("an event of a turn has its number");
        let last = self.numbers.insert(string(turn_id), number).unwrap_or(0);
        assert_eq!(number, last + 1, "neither a gap nor a repeat in turn {turn_id}");
        let of_turn = |message: &&mut Value| {
            message["turnId"] == *turn_id && message["lastEventId"].as_u64() < Some(number)
        };
        let Some(message) = self.messages.iter_mut().find(of_turn) else {
            return;
        };
        message["lastEventId"] = json!(number);
        let restarts = event.name == "attempt-start" && event.data["mode"] == "restart";
        if event.name == "turn-start" || restarts {
            message["content"] = json!("");
        } else if event.name == "text-delta" {
            let text = string(&message["content"]) + &string(&event.data["text"]);
            message["content"] = json!(text);
        }
    }
}

/// The first part of a place.
fn revision_of(place: &str) -> i64 {
    let revision = place.split('.').next().and_then(|number| number.parse().ok());
    revision.unwrap_or_else(|| panic!("a place begins with a revision: {place}"))
}

fn is_of_turn(event: &Event) -> bool {
    OF_TURNS.contains(&event.name.as_str())
}

/// `GET /sessions/{id}/events`, whatever comes of it.
pub(crate) async fn get_feed(client: &Client, session_id: &str, place: Option<&str>) -> Response {
    let mut request = client.request(Method::GET, &format!("/sessions/{session_id}/events"));
    if let Some(place) = place {
        request = request.header("Last-Event-ID", place);
    }
    within("GET feed", request.send())
        .await
        .expect("the server answers")
}
