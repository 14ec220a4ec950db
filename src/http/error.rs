//! Errors before the first byte: problem details (RFC 9457) with a stable code.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::code::Code;
use super::quota;
use super::standing::storage_full;
use crate::ids::TurnId;
use crate::limits::Standing;
use crate::repository::RepositoryError;
use crate::telemetry::current_request;
use crate::turn::TurnError;

/// An answer that is no success.
#[derive(Debug)]
pub(super) struct ApiError {
    code: Code,
    detail: String,
    /// Where the caller finds what stands in its way.
    location: Option<Box<str>>,
    /// Seconds.
    retry_after: Option<u32>,
    /// Methods that the path takes.
    allow: Option<Box<str>>,
    /// Where the caller stands with a rate.
    standing: Option<Box<Standing>>,
    /// How to say who one is.
    authenticate: Option<&'static str>,
}

/// Problem details (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
pub(super) struct Problem<'a> {
    /// Always `about:blank`: `code` says which problem it is.
    r#type: &'static str,
    /// The status in words.
    title: &'a str,
    /// The status.
    status: u16,
    /// For people.
    detail: &'a str,
    /// For programs: stable.
    code: &'a str,
    /// What to look for in the server's log; `X-Request-Id` has it, too.
    request_id: &'a str,
}

impl ApiError {
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            location: None,
            retry_after: None,
            allow: None,
            authenticate: None,
            standing: None,
        }
    }

    pub(super) fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, detail)
    }

    pub(super) fn not_found() -> Self {
        Self::new(Code::NotFound, "There is no such thing here.")
    }

    /// One answer, whatever is wrong with what was sent (RFC 6750, section 3).
    pub(super) fn unauthorized(sent: bool) -> Self {
        let detail = "This needs a valid token: send it as Authorization: Bearer.";
        let challenge = if sent {
            "Bearer error=\"invalid_token\""
        } else {
            "Bearer"
        };
        Self {
            authenticate: Some(challenge),
            ..Self::new(Code::Unauthorized, detail)
        }
    }

    pub(super) fn keys_unavailable() -> Self {
        Self::unavailable(
            Code::IdentityProviderUnavailable,
            "Tokens cannot be checked now: the identity provider's keys are missing.",
        )
    }

    pub(super) fn unsupported_media_type() -> Self {
        let detail = "Send JSON with Content-Type: application/json.";
        Self::new(Code::UnsupportedMediaType, detail)
    }

    /// A fault of this program.
    pub(super) fn internal(what: &str) -> Self {
        log::error!("http.internal what={what:?}");
        let detail = "Something went wrong in this service.";
        Self::new(Code::Internal, detail)
    }

    pub(super) fn too_many(code: Code, (detail, seconds): (&str, u32)) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(code, detail)
        }
    }

    pub(super) fn standing(self, standing: Standing) -> Self {
        Self {
            standing: Some(Box::new(standing)),
            ..self
        }
    }

    pub(super) fn method_not_allowed(allowed: &str) -> Self {
        let detail = "This path does not take that method.";
        let error = Self::new(Code::MethodNotAllowed, detail);
        Self {
            allow: Some(allowed.into()),
            ..error
        }
    }

    pub(super) fn message_too_long_for_model() -> Self {
        let detail =
            "The message is longer than the model can read at once. Shorten it, or send it in parts.";
        Self::new(Code::MessageTooLongForModel, detail)
    }

    fn unavailable(code: Code, detail: &str) -> Self {
        let error = Self::new(code, detail);
        Self {
            retry_after: Some(5),
            ..error
        }
    }

    fn turn_running(turn_id: TurnId) -> Self {
        let detail = "A reply is being written in this session: follow it, stop it, or send with onBusy.";
        let error = Self::new(Code::TurnRunning, detail);
        Self {
            location: Some(format!("/turns/{turn_id}/events").into()),
            ..error
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let request_id = current_request().unwrap_or_else(|| Uuid::now_v7().to_string().into());
        let (status, code) = (self.code.status(), self.code.as_str());
        if status.is_server_error() {
            log::warn!("http.error code={code}");
        }
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        if let Some(location) = &self.location {
            response.insert_header((header::LOCATION, &**location));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(challenge) = self.authenticate {
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((header::ALLOW, &**allow));
        }
        let problem = Problem {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &self.detail,
            code,
            request_id: &request_id,
        };
        let mut response = response.body(serde_json::to_string(&problem).unwrap_or_default());
        response.extensions_mut().insert(self.code);
        if let Some(standing) = &self.standing {
            quota::say(response.headers_mut(), **standing);
        }
        response
    }
}

const SPENT: &str = "Your tokens of this day are spent. The day ends at midnight, UTC.";
const LOCKED: &str = "What the tutor said cannot be edited here: the session is observed, or this service keeps all replies \
                      as they were written.";
const HELD: &str = "What is left of your tokens of this day is held for replies that are being written. Wait for one of them.";

impl From<RepositoryError> for ApiError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::NotFound => Self::not_found(),
            RepositoryError::TurnRunning(turn_id) => Self::turn_running(turn_id),
            RepositoryError::ReadOnly => {
                let detail = "You observe this session: you may read it and not change it.";
                Self::new(Code::ReadOnly, detail)
            }
            RepositoryError::AccountLeaving => {
                let detail = "All that is yours is being deleted. Nothing new begins until it is.";
                Self::new(Code::AccountLeaving, detail)
            }
            RepositoryError::QueueFull => {
                Self::too_many(Code::QueueFull, ("Too many messages wait in this session.", 5))
            }
            RepositoryError::TooManyTickets => {
                Self::too_many(Code::TooManyTickets, ("Too many tickets wait to be used.", 30))
            }
            RepositoryError::TooManyObservers => {
                let detail = "As many observe this session as may.";
                Self::new(Code::TooManyObservers, detail)
            }
            RepositoryError::TooManyTurns => {
                let detail = "As many of your replies are being written as may be. Stop one, or wait.";
                Self::too_many(Code::TooManyTurns, (detail, 5))
            }
            RepositoryError::TokensSpent => Self::too_many(Code::TokensSpent, (SPENT, until_midnight())),
            RepositoryError::TokensHeld => Self::too_many(Code::TokensSpent, (HELD, 5)),
            RepositoryError::StorageFull(bound) => storage_full(bound),
            RepositoryError::KeyReused => {
                let detail =
                    "This idempotency key was used for another request. Use a new key for a new request.";
                Self::new(Code::IdempotencyConflict, detail)
            }
            RepositoryError::MessageStreaming => {
                let detail = "The message is being written: stop its turn first.";
                Self::new(Code::MessageStreaming, detail)
            }
            // Of the command line alone.
            RepositoryError::UserBusy => Self::internal("a user is busy"),
            RepositoryError::TranscriptLocked => Self::new(Code::TranscriptLocked, LOCKED),
            RepositoryError::NotContinuable => {
                let detail = "This reply has come to its end, or a newer turn goes on with it.";
                Self::new(Code::NotContinuable, detail)
            }
            RepositoryError::Unavailable => {
                storage("The database does not answer now. Try again in a moment.")
            }
            RepositoryError::NotStored => storage(
                "The database takes no writes now. This try has stored nothing; what an earlier one with the same \
                 idempotency key has, the key tells once the database answers.",
            ),
            RepositoryError::MaybeStored => storage(
                "The database has not answered in time, so this may be stored or not. With an idempotency key the same request \
                 finds out; without one, look before you send it again.",
            ),
            RepositoryError::Database(error) => {
                log::error!("storage.error error={error:?}");
                let detail = "Something went wrong in this service.";
                Self::new(Code::Internal, detail)
            }
        }
    }
}

fn storage(detail: &str) -> ApiError {
    ApiError::unavailable(Code::StorageUnavailable, detail)
}

/// Seconds until the next day of UTC begins.
fn until_midnight() -> u32 {
    use chrono::Timelike;
    86_400 - chrono::Utc::now().num_seconds_from_midnight()
}

impl From<TurnError> for ApiError {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Draining => {
                Self::unavailable(Code::Draining, "The server is about to end. Try again.")
            }
            TurnError::Overloaded => {
                Self::unavailable(Code::Overloaded, "Too many replies are being written now.")
            }
            TurnError::Repository(error) => error.into(),
        }
    }
}
