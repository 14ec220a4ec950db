//! What a stream sends, with its ids and times replaced by names, and compared with what is kept in `tests/golden`.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::sse::{Event, EventStream};

/// What the bytes of a stream hold that differs each time.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    /// Takes ids and times from an event that tells them.
    fn learn(&mut self, data: &Value) {
        self.learn_fields(data);
        self.learn_row(&data["session"], "session");
        let messages = data["messages"].as_array().into_iter().flatten();
        for message in messages.chain([&data["message"]]) {
            let name = if message["role"] == "user" {
                "user-message"
            } else {
                "message"
            };
            self.learn_row(message, name);
            self.learn_fields(message);
        }
    }

    fn learn_row(&mut self, row: &Value, name: &str) {
        if let Some(id) = row["id"].as_str() {
            self.learn_id(id, name);
        }
        for time in ["createdAt", "updatedAt"] {
            self.learn_time(&row[time]);
        }
    }

    fn learn_id(&mut self, id: &str, name: &str) {
        let number = self.0.values().filter(|known| known.starts_with(name)).count() + 1;
        self.0.entry(id.to_owned()).or_insert(format!("{name}-{number}"));
    }

    fn learn_time(&mut self, time: &Value) {
        if let Some(time) = time.as_str() {
            self.0
                .insert(time.to_owned(), "2026-01-01T00:00:00.000Z".to_owned());
        }
    }

    fn learn_fields(&mut self, data: &Value) {
        for (field, name) in [
            ("turnId", "turn"),
            ("sessionId", "session"),
            ("userMessageId", "user-message"),
            ("messageId", "message"),
        ] {
            if let Some(id) = data[field].as_str() {
                self.learn_id(id, name);
            }
        }
        self.learn_time(&data["createdAt"]);
        let usage = &data["usage"];
        if let (Some("estimated"), Some(tokens)) = (usage["source"].as_str(), usage["inputTokens"].as_u64()) {
            // What the tutor is told may change; this stream does not.
            self.0.insert(
                format!("\"inputTokens\":{tokens}"),
                "\"inputTokens\":100".to_owned(),
            );
        }
        if let Some(wait) = data["afterMs"].as_u64() {
            self.0
                .insert(format!("\"afterMs\":{wait}"), "\"afterMs\":1500".to_owned());
        }
    }

    fn replace(&self, text: &str) -> String {
        let replace = |text: String, (from, to): (&String, &String)| text.replace(from, to);
        self.0.iter().fold(text.to_owned(), replace)
    }
}

/// What a stream has sent. Heartbeats are left out: nobody knows when they come.
pub(super) struct Recording {
    frames: String,
    names: Names,
}

impl Recording {
    pub(super) fn new() -> Self {
        Self {
            frames: ":\n\n".to_owned(),
            names: Names::default(),
        }
    }

    /// Goes on to the end of the stream, or to the first event that `last` knows.
    pub(super) async fn until(&mut self, stream: &mut EventStream, last: impl Fn(&Event) -> bool) {
        while let Ok(event) = stream.next().await {
            self.names.learn(&event.data);
            if let (Some(retry), "reconnect") = (stream.retry, event.name.as_str()) {
                assert_eq!(Some(retry), event.data["afterMs"].as_u64());
                self.frames.push_str("retry: 1500\n\n");
            }
            self.frames.push_str(&event.raw);
            if last(&event) {
                break;
            }
        }
        assert_eq!(stream.opened_with_comment, Some(true));
    }

    pub(super) fn text(&self) -> String {
        self.names.replace(&self.frames)
    }
}

pub(super) async fn record(stream: &mut EventStream, last: &str) -> String {
    let mut recording = Recording::new();
    recording.until(stream, |event| event.name == last).await;
    recording.text()
}

pub(super) fn check(name: &str, stream: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.sse"));
    if crate::campaign::variable("TUTORSTREAM_GOLDEN").as_deref() == Some("write") {
        std::fs::write(&path, stream).expect("a golden stream can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(
        stream, golden,
        "the stream is not as tests/golden/{name}.sse has it; TUTORSTREAM_GOLDEN=write records it anew"
    );
}
