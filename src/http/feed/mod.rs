//! `GET /sessions/{id}/events`: one stream of everything that happens in a session, for each tab and device that shows
//! it. Drives nothing: it reads rows by revision, and running turns as any other reader does.

mod due;
mod frames;
mod place;
mod reader;
pub(super) mod rows;

use std::sync::Arc;

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Deserialize;

use self::due::Origin;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) use self::place::Place;
use self::reader::Feed;
use super::auth::Reader;
use super::error::ApiError;
use super::query::{ProblemQuery, last_seen, parse_id};
use super::sse::{Heartbeat, Reading};
use super::{SharedApp, sse};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FeedQuery {
    /// For `EventSource`, which cannot set the header on its first request.
    last_event_id: Option<String>,
    /// `event`: heartbeats are events of that name, which `EventSource` shows.
    #[serde(default)]
    heartbeat: Heartbeat,
}

pub(super) async fn follow_session(
    app: SharedApp,
    request: HttpRequest,
    reader: Reader,
    id: Path<String>,
    query: ProblemQuery<FeedQuery>,
) -> Result<HttpResponse, ApiError> {
    let session_id = parse_id(&id)?;
    // Whatever is no place in this session is answered with a snapshot: EventSource would not survive an error.
    let place = last_seen(&request, query.0.last_event_id).and_then(|seen| seen.parse().ok());
    let origin = Origin {
        turns: Arc::clone(&app.turns),
        reading: reader.reading.clone(),
        shares: app.limits.shares.clone(),
        session_id,
    };
    let feed = Feed::open(origin, app.repository.fanout(), place).await?;
    let reading = Reading {
        validity: reader.hold(&app, feed.observed()).await?,
        heartbeat: query.0.heartbeat,
    };
    Ok(sse::response(&app, feed, None, reading))
}
