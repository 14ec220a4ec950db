//! Somebody who watches a turn and remembers everything, over as many connections as that takes.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode};

use crate::client::{Client, header};
use crate::deadline::HANG;
use crate::record::Page;
use crate::setup::PROVIDER_KEY;
use crate::sse::{End, Event, EventStream};

/// A pause before a witness knocks again at a door that is closed.
const KNOCK_AGAIN: Duration = Duration::from_millis(20);

/// What somebody saw of one turn.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) turn_id: String,
    pub(crate) session_id: String,
    /// Every durable event, in the order in which they came.
    pub(crate) events: Vec<Event>,
    /// Every passing event.
    pub(crate) passing: Vec<Event>,
}

impl Seen {
    /// Nothing yet.
    pub(crate) fn of([turn_id, session_id]: [&str; 2]) -> Self {
        Self {
            turn_id: turn_id.to_owned(),
            session_id: session_id.to_owned(),
            events: Vec::new(),
            passing: Vec::new(),
        }
    }

    /// One event more; a rewind takes back what came after its place.
    pub(crate) fn add(&mut self, event: Event) {
        if event.id.is_some() {
            self.events.push(event);
            return;
        }
        if event.name == "rewind" {
            let last = event.data["lastEventId"].as_u64();
            self.events.retain(|seen| seen.id <= last);
        }
        self.passing.push(event);
    }

    /// The number of the last durable event; 0 before the first.
    pub(crate) fn last_event_id(&self) -> u64 {
        self.events.last().and_then(|event| event.id).unwrap_or(0)
    }

    /// The reply as it stands on the screen.
    pub(crate) fn text(&self) -> String {
        text_of(&self.events)
    }

    /// The names of the durable events, with neighbours of one name taken together.
    pub(crate) fn outline(&self) -> Vec<&str> {
        let mut names = self
            .events
            .iter()
            .map(|event| event.name.as_str())
            .collect::<Vec<_>>();
        names.dedup();
        names
    }
}

/// One client that watches one turn.
pub(crate) struct Witness {
    client: Client,
    stream: Option<EventStream>,
    seen: Seen,
    /// Where everything is written down for another process.
    page: Option<Page>,
}

impl Deref for Witness {
    type Target = Seen;

    fn deref(&self) -> &Seen {
        &self.seen
    }
}

impl DerefMut for Witness {
    fn deref_mut(&mut self) -> &mut Seen {
        &mut self.seen
    }
}

impl Witness {
    /// Watches the turn that `response` begins or joins, and names.
    pub(crate) fn of(client: &Client, response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK, "no stream: {response:?}");
        let ids = [header(&response, "x-turn-id"), header(&response, "x-session-id")];
        Self::joining(client, ids.each_ref().map(String::as_str), response)
    }

    /// Watches a turn of a session that are known.
    pub(crate) fn joining(client: &Client, ids: [&str; 2], response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK, "no stream: {response:?}");
        Self {
            client: client.clone(),
            stream: Some(EventStream::new(response)),
            seen: Seen::of(ids),
            page: None,
        }
    }

    /// The same witness, who writes down what it sees.
    pub(crate) fn writing(mut self, page: Page) -> Self {
        page.open(&self.seen);
        self.page = Some(page);
        self
    }

    /// The connection, for looking at what is no event.
    pub(crate) fn stream(&mut self) -> &mut EventStream {
        self.stream.as_mut().expect("the witness is connected")
    }

    /// The next event, remembered; or how the connection ended.
    pub(crate) async fn next(&mut self) -> Result<Event, End> {
        let result = self.stream().next().await;
        if let Ok(event) = &result {
            assert!(
                !event.raw.contains(PROVIDER_KEY),
                "the key is told: {}",
                event.raw
            );
        }
        match &result {
            Ok(event) if event.place.is_some() && event.id.is_none() => panic!("no number: {}", event.raw),
            Ok(event) => {
                if let Some(page) = &self.page {
                    page.write(&self.seen, event);
                }
                self.seen.add(event.clone());
            }
            Err(_) => self.stream = None,
        }
        result
    }

    /// Watches until an event that `wanted` knows. The connection must live so long.
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

    /// Watches until the text so far contains `part`.
    pub(crate) async fn until_text(&mut self, part: &str) {
        while !self.text().contains(part) {
            self.until_event("text-delta").await;
        }
    }

    /// Watches until the connection ends, and says how it did.
    pub(crate) async fn until_cut(&mut self) -> End {
        loop {
            if let Err(end) = self.next().await {
                return end;
            }
        }
    }

    /// Watches to the turn's end, on this connection.
    pub(crate) async fn until_end(&mut self) -> Event {
        let end = self.until_event("turn-end").await;
        assert_eq!(self.next().await, Err(End::Clean), "nothing comes after turn-end");
        end
    }

    /// From now on this is another client's, with another token for example.
    pub(crate) fn hand_to(&mut self, client: &Client) {
        self.client = client.clone();
    }

    /// Closes the tab.
    pub(crate) fn leave(&mut self) {
        self.stream = None;
    }

    /// Opens another connection where the last one ended; false when there is nothing more to see.
    pub(crate) async fn resume(&mut self) -> bool {
        let response = self
            .client
            .open_events(&self.turn_id, Some(&self.last_event_id().to_string()))
            .await;
        if response.status() == StatusCode::NO_CONTENT {
            return false;
        }
        assert_eq!(
            response.status(),
            StatusCode::OK,
            "resume after {}",
            self.last_event_id()
        );
        self.stream = Some(EventStream::new(response));
        true
    }

    /// Watches to the turn's end through any number of cuts and restarts, as a browser's page does.
    pub(crate) async fn persist(&mut self) -> Event {
        let start = Instant::now();
        loop {
            if self.stream.is_some() {
                while self.next().await.is_ok() {}
            }
            match self.events.last() {
                Some(event) if event.name == "turn-end" => return event.clone(),
                _ => assert!(start.elapsed() < HANG, "turn {} has no end", self.turn_id),
            }
            self.knock().await;
        }
    }

    /// One try to reconnect. A closed door, or a server that says "later", is no fault of the witness.
    async fn knock(&mut self) {
        let path = format!("/turns/{}/events", self.turn_id);
        let request = self.client.request(reqwest::Method::GET, &path);
        let last = self.last_event_id().to_string();
        match request.header("Last-Event-ID", last).send().await {
            Ok(response) if response.status() == StatusCode::OK => {
                self.stream = Some(EventStream::new(response));
            }
            Ok(response) if response.status() != StatusCode::SERVICE_UNAVAILABLE => {
                panic!("resume after {}: {}", self.last_event_id(), response.status());
            }
            _ => tokio::time::sleep(KNOCK_AGAIN).await,
        }
    }
}

/// The reply that events tell.
pub(crate) fn text_of(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        match event.name.as_str() {
            "text-delta" => text.push_str(event.data["text"].as_str().expect("a text-delta has text")),
            "attempt-start" if event.data["mode"] == "restart" => text.clear(),
            _ => {}
        }
    }
    text
}
