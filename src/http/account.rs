//! `/account` and `/export`: all that is a user's, to take along or to have deleted.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use async_stream::stream;
use futures_util::Stream;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::SharedApp;
use super::auth::Author;
use super::body::JsonBody;
use super::error::ApiError;
use crate::identity::Right;
use crate::limits::Claim;
use crate::repository::{ExportPlace, PAGE_BYTES, RepositoryError, UserRepository, now};
use crate::time::rfc3339;

/// The format of the lines.
const VERSION: u32 = 1;

/// Says that it is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccountDeletion")]
pub(super) struct DeletionBody {
    /// The user that the request acts as.
    confirm: String,
}

/// Tokens are the operator's: they stay, and so does what they let their user do.
pub(super) async fn delete_account(
    app: SharedApp,
    author: Author,
    body: JsonBody<DeletionBody>,
) -> Result<HttpResponse, ApiError> {
    author.must_be(Some(&body.0.confirm))?;
    let right = Right::ObserveAny(author.user.owner().to_owned());
    let turns = Arc::clone(&app.turns);
    let deletion = async move { turns.delete_account(author.user).await };
    app.validities.take_away(right, deletion).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An export that is cut ends without its last line, `{"type": "end"}`.
pub(super) async fn export(app: SharedApp, author: Author) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/x-ndjson"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"tutorstream-export.jsonl\"",
        ))
        .streaming(lines(app, author.user))
}

fn lines(app: SharedApp, user: UserRepository) -> impl Stream<Item = Result<Bytes, RepositoryError>> {
    stream! {
        let header = json!({
            "type": "export", "version": VERSION, "user": user.owner(), "createdAt": rfc3339(now()),
        });
        yield Ok(Bytes::from(format!("{header}\n")));
        let mut place = ExportPlace::default();
        loop {
            match page(&app, &user, &place).await {
                Ok(Some(page)) => {
                    place = page.next;
                    // What it takes is counted until the next one is wanted.
                    yield Ok(Bytes::from(page.lines));
                    drop(page.claim);
                }
                Ok(None) => break,
                Err(error) => {
                    yield Err(error);
                    return;
                }
            }
        }
        yield Ok(Bytes::from_static(b"{\"type\":\"end\"}\n"));
    }
}

/// Lines of an export, within their user's share of memory.
struct Page {
    lines: String,
    next: ExportPlace,
    claim: Claim,
}

async fn page(
    app: &SharedApp,
    user: &UserRepository,
    place: &ExportPlace,
) -> Result<Option<Page>, RepositoryError> {
    let mut wanted = PAGE_BYTES;
    loop {
        let mut claim = app.limits.shares.claim(user.owner(), wanted).await;
        // The semaphore is never closed.
        let reading = app.limits.exports.acquire().await.ok();
        let read = user.export(place.clone()).await?;
        drop(reading);
        let Some((lines, next)) = read else {
            return Ok(None);
        };
        if claim.covers(lines.len()) {
            claim.shrink(lines.len());
            return Ok(Some(Page { lines, next, claim }));
        }
        // One row that is larger than a page.
        wanted = lines.len();
    }
}
