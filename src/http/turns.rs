//! `/turns/{id}`: follow, resume, look at, stop and continue a turn.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::auth::{Author, Reader};
use super::chat::{follow, idempotency_key};
use super::code::Code;
use super::error::ApiError;
use super::large;
use super::query::{ProblemQuery, last_seen, parse_id};
use super::sse::{Heartbeat, Reading};
use super::{SharedApp, sse};
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::{AttemptMode, FinishReason, Status, Usage};
use crate::repository::{Attempt, IdempotencyKey, Message, NewTurn, ReadingRepository, Task, Turn};
use crate::time::rfc3339;
use crate::turn::{LiveText, TellRunning};

/// A message of a learner and what was done to answer it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Turn")]
pub(super) struct TurnBody {
    turn_id: TurnId,
    session_id: SessionId,
    user_message_id: MessageId,
    message_id: MessageId,
    status: Status,
    /// The reply so far.
    text: String,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
    /// How often a provider was asked.
    attempts: i32,
    /// Calls to providers that have ended. The last one comes with the end of the turn.
    attempt_log: Vec<AttemptBody>,
    provider: String,
    model: String,
    /// The code of the turn's `error` event.
    error_code: Option<String>,
    /// The last event in `text`: what to resume from.
    last_event_id: u64,
    /// Whether the text was replaced after the reply had ended.
    edited: bool,
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    #[schemars(extend("format" = "date-time"))]
    ended_at: Option<String>,
}

/// A call to a provider.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Attempt")]
struct AttemptBody {
    attempt: i32,
    provider: String,
    model: String,
    /// What became of the text so far.
    mode: AttemptMode,
    /// `complete`, `stopped`, `server-restarted`, or the code of what went wrong.
    outcome: String,
    /// What this call wrote, void or not.
    text: String,
    usage: Usage,
    #[schemars(extend("format" = "date-time"))]
    started_at: String,
    #[schemars(extend("format" = "date-time"))]
    ended_at: String,
}

impl From<(Attempt, String)> for AttemptBody {
    fn from((attempt, text): (Attempt, String)) -> Self {
        Self {
            usage: attempt.usage(),
            attempt: attempt.number,
            provider: attempt.provider,
            model: attempt.model,
            mode: attempt.mode,
            outcome: attempt.outcome,
            text,
            started_at: rfc3339(attempt.started_at),
            ended_at: rfc3339(attempt.ended_at),
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FollowQuery {
    /// For `EventSource`, which cannot set the header on its first request.
    #[schemars(extend("pattern" = "^[0-9]{0,15}$"))]
    last_event_id: Option<String>,
    /// `event`: heartbeats are events of that name, which `EventSource` shows.
    #[serde(default)]
    heartbeat: Heartbeat,
}

pub(super) async fn follow_turn(
    app: SharedApp,
    request: HttpRequest,
    reader: Reader,
    id: Path<String>,
    query: ProblemQuery<FollowQuery>,
) -> Result<HttpResponse, ApiError> {
    let turn_id = parse_id(&id)?;
    let number = last_event_id(last_seen(&request, query.0.last_event_id))?;
    let following = app.turns.subscribe(&reader.reading, turn_id, number).await?;
    // For EventSource this is the polite way to say that nothing more comes.
    if following.finished {
        return Ok(HttpResponse::NoContent().finish());
    }
    let reading = Reading {
        validity: reader.hold(&app, following.observed).await?,
        heartbeat: query.0.heartbeat,
    };
    Ok(sse::turn_response(&app, following, reading))
}

pub(super) async fn get_turn(
    app: SharedApp,
    reader: Reader,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let turn_id = parse_id(&id)?;
    large_turn(&app, &reader.reading, turn_id).await
}

pub(super) async fn stop_turn(
    app: SharedApp,
    author: Author,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let turn_id = parse_id(&id)?;
    app.turns.stop(&author.user, turn_id).await?;
    large_turn(&app, author.user.reading(), turn_id).await
}

/// A turn has all that its calls have written.
async fn large_turn(
    app: &SharedApp,
    reading: &ReadingRepository,
    turn_id: TurnId,
) -> Result<HttpResponse, ApiError> {
    large::json(app, reading.subject(), async || {
        turn_body(app, reading, turn_id).await
    })
    .await
}

pub(super) async fn continue_turn(
    app: SharedApp,
    request: HttpRequest,
    author: Author,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let turn_id = parse_id(&id)?;
    let key = idempotency_key(request.headers())?;
    let new = NewTurn {
        task: Task::Continue(turn_id),
        key: key.map(|key| IdempotencyKey {
            key,
            fingerprint: format!("continue {turn_id}"),
        }),
        answering: app.turns.answering(),
    };
    let started = app.turns.start(author.user.clone(), new).await?;
    follow(&app, &author, started).await
}

/// What is stored of a turn.
struct TurnRows {
    turn: Turn,
    message: Message,
    /// Calls to providers that have ended, and what each wrote.
    calls: Vec<(Attempt, String)>,
}

impl TellRunning for TurnRows {
    fn running(&self) -> Option<TurnId> {
        (self.turn.status == Status::Streaming).then_some(self.turn.id)
    }
}

async fn turn_body(
    app: &SharedApp,
    reading: &ReadingRepository,
    turn_id: TurnId,
) -> Result<TurnBody, ApiError> {
    let read = async || {
        let (turn, message) = reading.turn(turn_id).await?;
        let calls = app.turns.calls(reading, turn_id).await?;
        Ok(TurnRows { turn, message, calls })
    };
    let (rows, live) = app.turns.with_live_text(read).await?;
    let TurnRows { turn, message, calls } = rows;
    let LiveText { text, last_event_id } = match turn.status {
        Status::Streaming => live.unwrap_or_default(),
        _ => LiveText {
            text: message.content,
            last_event_id: turn.last_number.cast_unsigned(),
        },
    };
    Ok(TurnBody {
        turn_id,
        session_id: turn.session_id,
        user_message_id: turn.user_message_id,
        message_id: turn.message_id,
        status: turn.status,
        text,
        finish_reason: turn.finish_reason,
        usage: turn.usage(),
        attempts: turn.attempt,
        attempt_log: calls.into_iter().map(AttemptBody::from).collect(),
        provider: turn.provider,
        model: turn.model,
        error_code: turn.error_code,
        last_event_id,
        edited: message.edited,
        created_at: rfc3339(turn.created_at),
        ended_at: turn.ended_at.map(rfc3339),
    })
}

/// No id means from the start. Ids are decimal numbers of at most 15 digits.
pub(super) fn last_event_id(text: Option<String>) -> Result<u64, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(0);
    };
    let digits = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        let detail = "The last event id is not one that this service has given.";
        ApiError::new(Code::InvalidLastEventId, detail)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_an_event_id_only_if_it_is_a_short_decimal_number(text in "\\PC*|[0-9]{0,20}|[-+ ][0-9]{1,3}") {
            let plain = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
            match last_event_id(Some(text.clone())) {
                Ok(number) if text.is_empty() => prop_assert_eq!(number, 0),
                Ok(number) => prop_assert!(plain && number == text.parse::<u64>().expect("a number")),
                Err(_) => prop_assert!(!plain),
            }
        }
    }
}
