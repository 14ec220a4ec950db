//! `/sessions/{id}/messages`: read, add, change and regenerate messages.

use std::collections::HashMap;

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SharedApp;
use super::auth::{Author, Reader};
use super::body::{JsonBody, check_line, check_message};
use super::chat::{follow, idempotency_key};
use super::error::ApiError;
use super::large;
use super::openapi::text::{Line, Text};
use super::query::{ProblemQuery, invalid_cursor, page_limit, parse_id};
use super::sessions::PageQuery;
use crate::ids::{MessageId, SessionId, TurnId};
use crate::model::{FinishReason, Role, Source, Status, Usage};
use crate::repository::{IdempotencyKey, Message, MessagePage, NewTurn, Task, Turn, Writing};
use crate::time::rfc3339;
use crate::turn::LiveText;

const DEFAULT_PAGE: i64 = 200;

/// One message of a session.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Message")]
pub(super) struct MessageBody {
    id: MessageId,
    session_id: SessionId,
    role: Role,
    content: String,
    status: Status,
    finish_reason: Option<FinishReason>,
    error_code: Option<String>,
    usage: Option<Usage>,
    /// The message that this one answers. Several replies to one are alternatives.
    reply_to: Option<MessageId>,
    /// The newest turn that wrote it.
    turn_id: Option<TurnId>,
    /// The number of the last event of that turn that `content` includes.
    last_event_id: Option<u64>,
    client_message_id: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    #[schemars(extend("format" = "date-time"))]
    updated_at: String,
    /// Who wrote it: a model or the learner in a turn, a person who observes, or the owner's application beside any turn.
    source: Source,
    /// Whether its text was replaced after it was stored.
    edited: bool,
}

impl MessageBody {
    pub(super) fn new(message: Message, writings: &HashMap<MessageId, Writing>) -> Self {
        let writing = writings.get(&message.id);
        Self {
            usage: message.usage(),
            turn_id: writing.map(|turn| turn.id),
            last_event_id: writing.map(|turn| turn.last_number.cast_unsigned()),
            id: message.id,
            session_id: message.session_id,
            role: message.role,
            content: message.content,
            status: message.status,
            finish_reason: message.finish_reason,
            error_code: message.error_code,
            reply_to: message.reply_to,
            client_message_id: message.client_message_id,
            created_at: rfc3339(message.created_at),
            updated_at: rfc3339(message.updated_at),
            source: message.source,
            edited: message.edited,
        }
    }

    /// The text that the events of its turn tell up to event `last_event_id`.
    fn set_text(&mut self, live: LiveText) {
        self.content = live.text;
        self.last_event_id = Some(live.last_event_id);
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MessagePage")]
pub(super) struct MessagePageBody {
    messages: Vec<MessageBody>,
    next_cursor: Option<String>,
    active_turn: Option<ActiveTurn>,
}

/// A turn that has not ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActiveTurn {
    turn_id: TurnId,
    message_id: MessageId,
    status: Status,
    last_event_id: u64,
}

impl ActiveTurn {
    /// What is told of a running turn, and of its text so far, when its reply is among `messages`.
    pub(super) fn new(turn: &Turn, live: Option<LiveText>, messages: &mut [MessageBody]) -> Self {
        let live = live.unwrap_or_default();
        let last_event_id = live.last_event_id;
        if let Some(message) = messages.iter_mut().find(|message| message.id == turn.message_id) {
            message.set_text(live);
        }
        Self {
            turn_id: turn.id,
            message_id: turn.message_id,
            status: turn.status,
            last_event_id,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "NewMessage")]
pub(super) struct NewMessageBody {
    role: Role,
    #[schemars(with = "Text")]
    content: String,
    #[schemars(with = "Option<Line>")]
    client_message_id: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Content")]
pub(super) struct ContentBody {
    #[schemars(with = "Text")]
    content: String,
}

pub(super) async fn list_messages(
    app: SharedApp,
    reader: Reader,
    id: Path<String>,
    query: ProblemQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let limit = page_limit(query.0.limit, DEFAULT_PAGE)?;
    let before = query
        .0
        .cursor
        .map(|cursor| cursor.parse().map_err(|_not_a_number| invalid_cursor()));
    let before = before.transpose()?;
    let reading = &reader.reading;
    large::json(&app, &reader.identity.subject, async || {
        let read = async || reading.messages(id, before, limit).await;
        let (page, live) = app.turns.with_live_text(read).await?;
        Ok(page_body(page, live))
    })
    .await
}

fn page_body(page: MessagePage, live: Option<LiveText>) -> MessagePageBody {
    let MessagePage {
        messages,
        next_cursor,
        writings,
        active,
    } = page;
    let mut messages: Vec<_> = messages
        .into_iter()
        .map(|message| MessageBody::new(message, &writings))
        .collect();
    let active_turn = active.map(|turn| ActiveTurn::new(&turn, live, &mut messages));
    let next_cursor = next_cursor.map(|place| place.to_string());
    MessagePageBody {
        messages,
        next_cursor,
        active_turn,
    }
}

pub(super) async fn add_message(
    author: Author,
    id: Path<String>,
    body: JsonBody<NewMessageBody>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let NewMessageBody {
        role,
        content,
        client_message_id,
    } = body.0;
    check_message(&content)?;
    check_line(client_message_id.as_deref())?;
    let message = author
        .user
        .add_message(id, (role, content), client_message_id)
        .await?;
    Ok(HttpResponse::Created().json(MessageBody::new(message, &HashMap::new())))
}

pub(super) async fn update_message(
    app: SharedApp,
    author: Author,
    ids: Path<(String, String)>,
    body: JsonBody<ContentBody>,
) -> Result<HttpResponse, ApiError> {
    let (id, message_id) = (parse_id(&ids.0)?, parse_id(&ids.1)?);
    check_message(&body.0.content)?;
    let message = author
        .user
        .update_message(id, message_id, (body.0.content, app.transcripts))
        .await?;
    Ok(HttpResponse::Ok().json(MessageBody::new(message, &HashMap::new())))
}

pub(super) async fn regenerate_message(
    app: SharedApp,
    request: HttpRequest,
    author: Author,
    ids: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (session_id, message_id) = (parse_id(&ids.0)?, parse_id(&ids.1)?);
    let key = idempotency_key(request.headers())?;
    let new = NewTurn {
        task: Task::Regenerate(session_id, message_id),
        key: key.map(|key| IdempotencyKey {
            key,
            fingerprint: format!("regenerate {message_id}"),
        }),
        answering: app.turns.answering(),
    };
    let started = app.turns.start(author.user.clone(), new).await?;
    follow(&app, &author, started).await
}
