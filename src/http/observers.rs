//! `/sessions/{id}/observers`: whom the owner of a session lets read it, a teacher for example.

use actix_web::HttpResponse;
use actix_web::web::Path;
use schemars::JsonSchema;
use serde::Serialize;

use super::SharedApp;
use super::auth::Author;
use super::error::ApiError;
use super::query::parse_id;
use crate::identity::{Right, name};
use crate::ids::SessionId;
use crate::repository::Observes;
use crate::time::rfc3339;

/// Who may read a session besides its owner.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Observers")]
pub(super) struct ObserverList {
    /// Those whom the owner has named.
    observers: Vec<ObserverBody>,
    /// Tokens of this service that let others read the owner's sessions.
    tokens: Vec<ObservingTokenBody>,
    /// Those who have read the session by a claim of the identity provider.
    readers: Vec<SessionReaderBody>,
    /// Whether claims can let others read it: of those, `readers` knows who has.
    claims: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Observer")]
struct ObserverBody {
    user: String,
    /// Since when.
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ObservingToken")]
struct ObservingTokenBody {
    /// Whose token it is.
    user: String,
    /// Whether it is for the sessions of everybody.
    everybody: bool,
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    /// Null: it does not expire.
    #[schemars(extend("format" = "date-time"))]
    expires_at: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SessionReader")]
struct SessionReaderBody {
    user: String,
    #[schemars(extend("format" = "date-time"))]
    first_read_at: String,
    /// To the minute.
    #[schemars(extend("format" = "date-time"))]
    last_read_at: String,
}

pub(super) async fn list_observers(
    app: SharedApp,
    author: Author,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let watchers = author.user.watchers(parse_id(&id)?).await?;
    let named = watchers.named.into_iter().map(|observer| ObserverBody {
        user: observer.observer,
        created_at: rfc3339(observer.created_at),
    });
    let tokens = watchers.tokens.into_iter().map(|token| ObservingTokenBody {
        everybody: token.observes() == Observes::Everybody,
        user: token.owner,
        created_at: rfc3339(token.created_at),
        expires_at: token.expires_at.map(rfc3339),
    });
    let readers = watchers.readers.into_iter().map(|reader| SessionReaderBody {
        user: reader.reader,
        first_read_at: rfc3339(reader.first_read_at),
        last_read_at: rfc3339(reader.last_read_at),
    });
    Ok(HttpResponse::Ok().json(ObserverList {
        observers: named.collect(),
        tokens: tokens.collect(),
        readers: readers.collect(),
        claims: app.authority.knows_claims(),
    }))
}

pub(super) async fn add_observer(
    app: SharedApp,
    author: Author,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, observer) = parse(path)?;
    if let Err(reason) = name::check(&observer)
        && !app.repository.owns_rows(observer.clone()).await?
    {
        return Err(ApiError::invalid_request(format!(
            "Nobody can have that name: {reason}."
        )));
    }
    author.user.add_observer(id, observer).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// By the owner, or by the observer, who leaves. Streams that the observer reads end.
pub(super) async fn remove_observer(
    app: SharedApp,
    author: Author,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, observer) = parse(path)?;
    let right = Right::Observe(id, observer.clone());
    let removal = async move { author.user.remove_observer(id, observer).await };
    app.validities.take_away(right, removal).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn parse(path: Path<(String, String)>) -> Result<(SessionId, String), ApiError> {
    let (id, observer) = path.into_inner();
    if name::is_fit(&observer) {
        Ok((parse_id(&id)?, observer))
    } else {
        Err(ApiError::invalid_request("A user has 1 to 200 characters."))
    }
}
