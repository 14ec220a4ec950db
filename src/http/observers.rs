//! `/sessions/{id}/observers`: whom the owner of a session lets read it, a teacher for example.

use actix_web::HttpResponse;
use actix_web::web::Path;
use schemars::JsonSchema;
use serde::Serialize;

use super::SharedApp;
use super::auth::Author;
use super::error::ApiError;
use super::query::parse_id;
use crate::identity::{Right, is_user};
use crate::ids::SessionId;
use crate::time::rfc3339;

/// Who may read a session.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Observers")]
pub(super) struct ObserverList {
    observers: Vec<ObserverBody>,
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

pub(super) async fn list_observers(author: Author, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let observers = author.user.observers(parse_id(&id)?).await?;
    let observers = observers.into_iter().map(|observer| ObserverBody {
        user: observer.observer,
        created_at: rfc3339(observer.created_at),
    });
    Ok(HttpResponse::Ok().json(ObserverList {
        observers: observers.collect(),
    }))
}

pub(super) async fn add_observer(
    author: Author,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, observer) = parse(path)?;
    author.user.add_observer(id, observer).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Streams that the observer reads end.
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
    if is_user(&observer) {
        Ok((parse_id(&id)?, observer))
    } else {
        Err(ApiError::invalid_request("A user has 1 to 200 characters."))
    }
}
