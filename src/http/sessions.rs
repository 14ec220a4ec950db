//! `/sessions`: the caller's sessions.

use actix_web::HttpResponse;
use actix_web::web::Path;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::SharedApp;
use super::auth::{Author, Reader};
use super::body::{JsonBody, check_line};
use super::error::ApiError;
use super::large;
use super::openapi::text::Line;
use super::query::{ProblemQuery, invalid_cursor, page_limit, parse_id};
use crate::ids::SessionId;
use crate::repository::{RepositoryError, Session, SessionCursor, SessionFields, SessionView};
use crate::time::rfc3339;

/// Largest learner profile in bytes of JSON.
const LARGEST_PROFILE: usize = 16 * 1024;
const DEFAULT_PAGE: i64 = 50;

/// A conversation.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Session")]
pub(super) struct SessionBody {
    id: SessionId,
    /// Whose it is, when it is not the caller's.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    title: String,
    subject: Option<String>,
    /// As the client wrote it.
    #[schemars(with = "Option<Map<String, Value>>")]
    learner_profile: Option<Box<RawValue>>,
    /// Grows with every change.
    revision: i64,
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    #[schemars(extend("format" = "date-time"))]
    updated_at: String,
}

impl From<Session> for SessionBody {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            owner: None,
            title: session.title,
            subject: session.subject,
            learner_profile: session
                .learner_profile
                .and_then(|json| RawValue::from_string(json).ok()),
            revision: session.revision,
            created_at: rfc3339(session.created_at),
            updated_at: rfc3339(session.updated_at),
        }
    }
}

impl SessionBody {
    pub(super) fn seen_by(subject: &str, session: Session) -> Self {
        let owner = Some(session.owner.clone()).filter(|owner| owner != subject);
        Self {
            owner,
            ..session.into()
        }
    }
}

/// What a client may set of a session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SessionFields")]
pub(super) struct SessionFieldsBody {
    /// A line for lists.
    #[schemars(with = "Option<Line>")]
    title: Option<String>,
    /// What is being learnt; told to the model.
    #[schemars(with = "Option<Line>")]
    subject: Option<String>,
    /// Anything, of at most 16 KiB of JSON.
    learner_profile: Option<Map<String, Value>>,
}

impl SessionFieldsBody {
    fn check(self) -> Result<SessionFields, ApiError> {
        check_line(self.title.as_deref())?;
        check_line(self.subject.as_deref())?;
        let profile = self
            .learner_profile
            .map(|profile| Value::Object(profile).to_string());
        if profile.as_ref().is_some_and(|json| json.len() > LARGEST_PROFILE) {
            return Err(ApiError::invalid_request(
                "The learner profile is larger than 16 KiB.",
            ));
        }
        Ok(SessionFields {
            title: self.title,
            subject: self.subject,
            learner_profile: profile,
        })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// `nextCursor` of the page before.
    pub(super) cursor: Option<String>,
    /// Most rows of the page.
    #[schemars(range(min = 1, max = 500))]
    pub(super) limit: Option<i64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionQuery {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Most rows of the page.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<i64>,
    /// Which sessions.
    #[serde(default)]
    view: SessionView,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionPage {
    sessions: Vec<SessionBody>,
    next_cursor: Option<String>,
    provider: ProviderBody,
}

/// Who answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Provider")]
struct ProviderBody {
    name: String,
    model: String,
    practice: bool,
}

pub(super) async fn create_session(
    author: Author,
    body: JsonBody<SessionFieldsBody>,
) -> Result<HttpResponse, ApiError> {
    let fields = body.0.check()?;
    let session = author.user.create_session(fields).await?;
    let location = ("Location", format!("/sessions/{}", session.id));
    Ok(HttpResponse::Created()
        .insert_header(location)
        .json(SessionBody::from(session)))
}

pub(super) async fn list_sessions(
    app: SharedApp,
    reader: Reader,
    query: ProblemQuery<SessionQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = page_limit(query.0.limit, DEFAULT_PAGE)?;
    let after = query.0.cursor.as_deref().map(read_cursor).transpose()?;
    let view = query.0.view;
    let subject = &reader.identity.subject;
    large::json(&app, subject, async || {
        let (sessions, more) = reader.reading.sessions(view, after, limit).await?;
        Ok(session_page(&app, subject, sessions, more))
    })
    .await
}

fn session_page(app: &SharedApp, subject: &str, sessions: Vec<Session>, more: bool) -> SessionPage {
    let next_cursor = sessions.last().filter(|_| more).map(write_cursor);
    let answering = app.turns.answering();
    let provider = ProviderBody {
        name: answering.provider,
        model: answering.model,
        practice: app.practice,
    };
    let sessions = sessions
        .into_iter()
        .map(|session| SessionBody::seen_by(subject, session));
    SessionPage {
        sessions: sessions.collect(),
        next_cursor,
        provider,
    }
}

pub(super) async fn get_session(reader: Reader, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let session = reader.reading.session(parse_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(SessionBody::seen_by(&reader.identity.subject, session)))
}

pub(super) async fn update_session(
    author: Author,
    id: Path<String>,
    body: JsonBody<SessionFieldsBody>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let fields = body.0.check()?;
    let session = author.user.update_session(id, fields).await?;
    Ok(HttpResponse::Ok().json(SessionBody::from(session)))
}

/// Running turns of the session are stopped first.
pub(super) async fn delete_session(
    app: SharedApp,
    author: Author,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    app.turns.delete_session(author.user, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn write_cursor(session: &Session) -> String {
    format!("{}.{}", session.updated_at, session.id)
}

fn read_cursor(text: &str) -> Result<SessionCursor, ApiError> {
    let (updated_at, id) = text.split_once('.').ok_or_else(invalid_cursor)?;
    let updated_at = updated_at.parse().map_err(|_not_a_number| invalid_cursor())?;
    let id = id.parse().map_err(|_not_an_id| invalid_cursor())?;
    Ok(SessionCursor { updated_at, id })
}

impl From<RepositoryError> for actix_web::Error {
    fn from(error: RepositoryError) -> Self {
        ApiError::from(error).into()
    }
}
