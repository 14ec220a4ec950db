//! The SSE writer: sends what a source gives, and what keeps a connection alive. Takes no decision about a turn.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use async_stream::stream;
use futures_util::Stream;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::app::App;
use crate::identity::Validity;
use crate::ids::TurnId;
use crate::repository::{RepositoryError, StorageHealth};
use crate::turn::{Following, Next, Started, Subscription};

/// Proxies and readers are told that the connection lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
const HEARTBEAT_EVENT: Bytes = Bytes::from_static(b"event: heartbeat\ndata: {}\n\n");
/// The reader has an event that is not stored: it begins anew.
const REWIND: &[u8] = b"event: rewind\ndata: {\"lastEventId\":0}\n\n";
const DEGRADED: &[u8] = b"event: storage-degraded\ndata: {}\n\n";
/// The reader goes on with a new token from its last event id.
const EXPIRED: Bytes = Bytes::from_static(b"event: auth-expired\ndata: {}\n\n");

/// As what a heartbeat comes.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Heartbeat {
    #[default]
    Comment,
    /// For `EventSource`, which shows no comments to a page.
    Event,
}

impl Heartbeat {
    fn frame(self) -> Bytes {
        match self {
            Self::Comment => COMMENT,
            Self::Event => HEARTBEAT_EVENT,
        }
    }
}

/// Who reads a stream, and how.
pub(super) struct Reading {
    pub(super) validity: Validity,
    pub(super) heartbeat: Heartbeat,
}

/// What a stream is made of.
pub(super) trait Source {
    /// The next whole frames; waits for them. Cancel safe.
    async fn next(&mut self) -> Result<Next, RepositoryError>;

    /// Whether the reader has the first event. Nothing that passes comes before it.
    fn has_begun(&self) -> bool {
        true
    }

    /// A frame that passes, as it is told to readers of this source.
    fn about(&self, passing: &'static [u8]) -> Bytes {
        Bytes::from_static(passing)
    }
}

impl Source for Subscription {
    async fn next(&mut self) -> Result<Next, RepositoryError> {
        Self::next(self).await
    }

    fn has_begun(&self) -> bool {
        self.number() > 0
    }
}

/// The events of one turn.
pub(super) fn turn_response(app: &Arc<App>, following: Following, reading: Reading) -> HttpResponse {
    let Following {
        subscription,
        rewound,
        ..
    } = following;
    response(app, subscription, rewound.then_some(REWIND), reading)
}

/// A stream that begins at once, with these frames after its first comment.
pub(super) fn response(
    app: &Arc<App>,
    source: impl Source + 'static,
    opening: Option<&'static [u8]>,
    reading: Reading,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-cache, no-transform"))
        .append_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"));
    response.streaming(events(Arc::clone(app), source, opening, reading))
}

/// Says which turn a response is about.
pub(super) fn name_turn(response: &mut HttpResponse, started: Started) {
    let Started {
        turn_id,
        session_id,
        joined,
    } = started;
    let headers = response.headers_mut();
    let mut insert = |name: &'static str, value: String| {
        if let Ok(value) = header::HeaderValue::from_str(&value) {
            headers.insert(header::HeaderName::from_static(name), value);
        }
    };
    insert("location", events_path(turn_id));
    insert("x-turn-id", turn_id.to_string());
    insert("x-session-id", session_id.to_string());
    if joined {
        insert("idempotent-replayed", "true".to_owned());
    }
}

fn events_path(turn_id: TurnId) -> String {
    format!("/turns/{turn_id}/events")
}

fn events(
    app: Arc<App>,
    mut source: impl Source,
    opening: Option<&'static [u8]>,
    reading: Reading,
) -> impl Stream<Item = Result<Bytes, RepositoryError>> {
    stream! {
        let _open = OpenStream::new(Arc::clone(&app));
        yield Ok(COMMENT);
        if let Some(opening) = opening {
            yield Ok(Bytes::from_static(opening));
        }
        let mut health = app.repository.writer().health();
        // Who joins later is told, too.
        health.mark_changed();
        let mut held_back = false;
        let mut heartbeat = Box::pin(tokio::time::sleep(HEARTBEAT));
        let mut closing = std::pin::pin!(app.closing.cancelled());
        let mut expired = std::pin::pin!(reading.validity.ended());
        loop {
            let step = tokio::select! {
                biased;
                () = &mut expired => Step::Expired,
                next = source.next() => Step::Source(next),
                () = &mut closing => Step::Source(Ok(Next::Cut)),
                // Should nobody be left to change it, this waits for the others.
                Ok(()) = health.changed() => Step::Health(*health.borrow_and_update()),
                () = &mut heartbeat => Step::Heartbeat,
            };
            match step {
                Step::Source(Ok(Next::Frames(frames) | Next::Passing(frames))) => {
                    yield Ok(Bytes::from(frames));
                    if std::mem::take(&mut held_back) && *health.borrow() == StorageHealth::Degraded {
                        yield Ok(source.about(DEGRADED));
                    }
                }
                Step::Source(Ok(Next::End)) => break,
                Step::Source(Ok(Next::Cut)) => {
                    yield Ok(reconnect());
                    break;
                }
                // The reader finds the stream cut and comes back with its last event id.
                Step::Source(Err(error)) => {
                    yield Err(error);
                    break;
                }
                Step::Expired => {
                    yield Ok(EXPIRED);
                    break;
                }
                Step::Health(StorageHealth::Degraded) if !source.has_begun() => held_back = true,
                Step::Health(StorageHealth::Degraded) => yield Ok(source.about(DEGRADED)),
                Step::Health(_) => {}
                Step::Heartbeat => {
                    heartbeat.as_mut().reset(Instant::now() + HEARTBEAT);
                    yield Ok(reading.heartbeat.frame());
                }
            }
        }
    }
}

enum Step {
    Source(Result<Next, RepositoryError>),
    Health(StorageHealth),
    Expired,
    Heartbeat,
}

/// Readers come back at different moments.
fn reconnect() -> Bytes {
    let jitter = u64::from(
        std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |now| now.subsec_micros()),
    );
    let after = 1_000 + jitter % 2_000;
    Bytes::from(format!(
        "retry: {after}\n\nevent: reconnect\ndata: {{\"afterMs\":{after}}}\n\n"
    ))
}

/// Counts while it lives.
struct OpenStream(Arc<App>);

impl OpenStream {
    fn new(app: Arc<App>) -> Self {
        app.metrics.stream_opened();
        Self(app)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.metrics.stream_closed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function answers, without a call of it.
    fn size_of_result<A, B, C, D, R>(_: impl Fn(A, B, C, D) -> R) -> usize {
        size_of::<R>()
    }

    #[test]
    fn an_open_stream_keeps_no_room_for_what_is_rare() {
        let bytes = size_of_result(|app, source: Subscription, opening, reading| {
            events(app, source, opening, reading)
        });
        assert!(bytes <= 632, "{bytes}: box what only some streams need");
    }
}
