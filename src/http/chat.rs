//! `POST /stream-chat`: a learner's message in, the turn's events out.

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::auth::Author;
use super::body::{JsonBody, check_line, check_message};
use super::code::Code;
use super::error::ApiError;
use super::objects::object;
use super::openapi::text::{Line, Text};
use super::sse::{Heartbeat, Reading};
use super::{SharedApp, sse};
use crate::ids::SessionId;
use crate::model::{BusyPolicy, Parameters};
use crate::repository::{IdempotencyKey, NewMessage, NewTurn, RepositoryError, Task};
use crate::turn::{Started, TurnError, WishError};

/// The body of `POST /stream-chat`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Chat")]
pub(super) struct ChatBody {
    /// The session to go on with. Without it one is created.
    session_id: Option<SessionId>,
    /// What the learner says.
    #[schemars(with = "Text")]
    message: String,
    /// The client's name for the message; the idempotency key, too, when there is no such header.
    #[schemars(with = "Option<Line>")]
    client_message_id: Option<String>,
    /// When given, must be the user that the request acts as.
    user_id: Option<String>,
    /// The subject of a session that is created.
    #[schemars(with = "Option<Line>")]
    subject: Option<String>,
    /// How a running turn of the session is met.
    on_busy: Option<BusyPolicy>,
    /// The name of the provider that is to answer, where the operator allows that.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// How it is to answer, where the operator allows that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(default, deserialize_with = "object")]
    #[schemars(with = "Option<Parameters>")]
    parameters: Option<Parameters>,
}

impl ChatBody {
    fn check(&self) -> Result<(), ApiError> {
        check_message(&self.message)?;
        check_line(self.client_message_id.as_deref())?;
        check_line(self.subject.as_deref())
    }

    /// The same request has the same fingerprint.
    fn fingerprint(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(json)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

pub(super) async fn stream_chat(
    app: SharedApp,
    request: HttpRequest,
    author: Author,
    body: JsonBody<ChatBody>,
) -> Result<HttpResponse, ApiError> {
    let JsonBody(body) = body;
    author.must_be(body.user_id.as_deref())?;
    body.check()?;
    if !app.turns.can_read(&body.message) {
        return Err(ApiError::message_too_long_for_model());
    }
    let key = idempotency_key(request.headers())?.or_else(|| body.client_message_id.clone());
    let fingerprint = body.fingerprint();
    let answering = app
        .turns
        .answering_wished(body.provider.as_deref(), body.parameters)?;
    let new = NewTurn {
        key: key.map(|key| IdempotencyKey { key, fingerprint }),
        task: Task::Answer(NewMessage {
            session_id: body.session_id,
            subject: body.subject,
            content: body.message,
            client_message_id: body.client_message_id,
            on_busy: body.on_busy.unwrap_or_default(),
        }),
        answering,
    };
    let started = app.turns.start(author.user.clone(), new).await?;
    follow(&app, &author, started).await
}

/// Streams a turn from its first event.
pub(super) async fn follow(
    app: &SharedApp,
    author: &Author,
    started: Started,
) -> Result<HttpResponse, ApiError> {
    let reading = author.user.reading();
    // The turn is stored, and is answered without this reader as well.
    let following = app.turns.subscribe(reading, started.turn_id, 0).await;
    let following = following.map_err(|error| match error {
        TurnError::Repository(RepositoryError::Unavailable) => RepositoryError::MaybeStored.into(),
        error => error,
    })?;
    let reading = Reading {
        validity: author.hold(app).await?,
        heartbeat: Heartbeat::Comment,
    };
    let mut response = sse::turn_response(app, following, reading);
    sse::name_turn(&mut response, started);
    Ok(response)
}

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().map_err(|_not_ascii| {
        ApiError::invalid_request("The Idempotency-Key header is not visible ASCII.")
    })?;
    check_line(Some(key))?;
    Ok(Some(key.to_owned()))
}

impl From<WishError> for ApiError {
    fn from(error: WishError) -> Self {
        let refused = |code, detail| Self::new(code, detail);
        match error {
            WishError::Provider => refused(
                Code::ProviderNotAllowed,
                "There is no provider of that name that you may choose.",
            ),
            WishError::Parameter(_) => refused(
                Code::ParameterNotAllowed,
                "You may not choose that parameter of this provider.",
            ),
            WishError::Range => Self::invalid_request("A parameter is out of its range."),
        }
    }
}
