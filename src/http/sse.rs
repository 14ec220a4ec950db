//! The SSE writer: reads a subscription and sends what it gives. Takes no decision about the turn.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use async_stream::stream;
use futures_util::Stream;
use tokio::time::{Instant, MissedTickBehavior};

use crate::app::App;
use crate::identity::Validity;
use crate::ids::TurnId;
use crate::repository::{RepositoryError, StorageHealth};
use crate::turn::{Following, Next, Started, Subscription};

/// Proxies and readers are told that the connection lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
/// The reader has an event that is not stored: it begins anew.
const REWIND: Bytes = Bytes::from_static(b"event: rewind\ndata: {\"lastEventId\":0}\n\n");
const DEGRADED: Bytes = Bytes::from_static(b"event: storage-degraded\ndata: {}\n\n");
/// The reader goes on with a new token from its last event id.
const EXPIRED: Bytes = Bytes::from_static(b"event: auth-expired\ndata: {}\n\n");

/// A stream of events that begins at once.
pub(super) fn response(app: &Arc<App>, following: Following, validity: Validity) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-cache, no-transform"))
        .append_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"));
    let Following {
        subscription,
        rewound,
        ..
    } = following;
    response.streaming(events(Arc::clone(app), subscription, rewound, validity))
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
    mut subscription: Subscription,
    rewound: bool,
    validity: Validity,
) -> impl Stream<Item = Result<Bytes, RepositoryError>> {
    stream! {
        let _open = OpenStream::new(Arc::clone(&app));
        yield Ok(COMMENT);
        if rewound {
            yield Ok(REWIND);
        }
        let mut health = app.repository.writer().health();
        let mut heartbeat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let closing = app.closing.clone();
        let mut closing = std::pin::pin!(closing.cancelled());
        let mut expired = std::pin::pin!(validity.ended());
        loop {
            let step = tokio::select! {
                biased;
                () = &mut expired => Step::Expired,
                next = subscription.next() => Step::Log(next),
                () = &mut closing => Step::Log(Ok(Next::Cut)),
                _ = health.changed() => Step::Health(*health.borrow_and_update()),
                _ = heartbeat.tick() => Step::Heartbeat,
            };
            match step {
                Step::Log(Ok(Next::Frames(frames))) => yield Ok(Bytes::from(frames)),
                Step::Log(Ok(Next::End)) => break,
                Step::Log(Ok(Next::Cut)) => {
                    yield Ok(reconnect());
                    break;
                }
                // The reader finds the stream cut and comes back with its last event id.
                Step::Log(Err(error)) => {
                    yield Err(error);
                    break;
                }
                Step::Expired => {
                    yield Ok(EXPIRED);
                    break;
                }
                Step::Health(StorageHealth::Degraded) => yield Ok(DEGRADED),
                Step::Health(_) => {}
                Step::Heartbeat => yield Ok(COMMENT),
            }
        }
    }
}

enum Step {
    Log(Result<Next, RepositoryError>),
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
