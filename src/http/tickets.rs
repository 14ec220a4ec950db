//! `POST /stream-tickets`: for `EventSource`, which cannot send headers.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::SharedApp;
use super::auth::Author;
use super::body::JsonBody;
use super::error::ApiError;
use crate::ids::{SessionId, TurnId};
use crate::time::rfc3339;

/// What a ticket is to open.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TicketRequest")]
pub(super) struct TicketBody {
    /// `/turns/{id}/events` or `/sessions/{id}/events`.
    #[schemars(extend("pattern" = "^/(turns|sessions)/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/events$"))]
    path: String,
}

/// What opens a stream once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Ticket")]
pub(super) struct TicketAnswer<'a> {
    /// For the query parameter `ticket`.
    ticket: &'a str,
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
}

/// What a ticket can be for.
enum Opens {
    Turn(TurnId),
    Session(SessionId),
}

impl Opens {
    fn parse(path: &str) -> Option<Self> {
        let id = path.strip_suffix("/events")?;
        match (id.strip_prefix("/turns/"), id.strip_prefix("/sessions/")) {
            (Some(id), _) => id.parse().ok().map(Self::Turn),
            (_, Some(id)) => id.parse().ok().map(Self::Session),
            (None, None) => None,
        }
    }
}

pub(super) async fn create_ticket(
    app: SharedApp,
    author: Author,
    body: JsonBody<TicketBody>,
) -> Result<HttpResponse, ApiError> {
    let path = body.0.path;
    let opens = Opens::parse(&path).ok_or_else(|| {
        ApiError::invalid_request("A ticket is for /turns/{id}/events or /sessions/{id}/events.")
    })?;
    let reading = author.user.reading();
    match opens {
        Opens::Turn(id) => drop(reading.turn(id).await?),
        Opens::Session(id) => drop(reading.session(id).await?),
    }
    let ticket = app.authority.grant_ticket(&author.identity, path).await?;
    Ok(HttpResponse::Created().json(TicketAnswer {
        ticket: ticket.secret.expose_secret(),
        expires_at: rfc3339(ticket.expires_at),
    }))
}
