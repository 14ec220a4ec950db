//! `/sessions/{id}/focus`: what a session works on, and what it worked on before.

use actix_web::HttpResponse;
use actix_web::web::Path;
use schemars::JsonSchema;
use serde::Serialize;

use super::SharedApp;
use super::auth::Reader;
use super::error::ApiError;
use super::large;
use super::query::{ProblemQuery, invalid_cursor, page_limit, parse_id};
use super::sessions::PageQuery;
use crate::agent::SessionFocus;
use crate::model::FocusSource;
use crate::repository::FocusVersion;
use crate::time::rfc3339;

const DEFAULT_PAGE: i64 = 20;

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Focus")]
pub(super) struct FocusBody {
    version: i64,
    #[serde(flatten)]
    plan: SessionFocus,
    source: FocusSource,
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
}

impl FocusBody {
    /// `None` when the stored plan cannot be read.
    fn of(version: &FocusVersion) -> Option<Self> {
        Some(Self {
            version: version.version,
            plan: SessionFocus::read(&version.plan)?,
            source: version.source,
            created_at: rfc3339(version.created_at),
        })
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FocusPage {
    focus: Vec<FocusBody>,
    next_cursor: Option<String>,
}

pub(super) async fn get_focus(reader: Reader, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let version = reader.reading.focus(parse_id(&id)?).await?;
    let body = FocusBody::of(&version).ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(body))
}

/// The newest first.
pub(super) async fn list_focus_history(
    app: SharedApp,
    reader: Reader,
    id: Path<String>,
    query: ProblemQuery<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?;
    let limit = page_limit(query.0.limit, DEFAULT_PAGE)?;
    let before = query.0.cursor.as_deref().map(read_cursor).transpose()?;
    large::json(&app, &reader.identity.subject, async || {
        let versions = reader.reading.focus_history(id, before, limit).await?;
        let full = i64::try_from(versions.len()).is_ok_and(|length| length == limit);
        let oldest = versions.last().filter(|oldest| full && oldest.version > 1);
        Ok(FocusPage {
            next_cursor: oldest.map(|oldest| oldest.version.to_string()),
            focus: versions.iter().filter_map(FocusBody::of).collect(),
        })
    })
    .await
}

/// The version before which a page begins.
fn read_cursor(text: &str) -> Result<i64, ApiError> {
    let is_number = text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    let version = text.parse().ok().filter(|_| is_number);
    version.ok_or_else(invalid_cursor)
}
