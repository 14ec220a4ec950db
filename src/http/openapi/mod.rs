//! The OpenAPI document: what this service takes and answers, made from the types that it takes and answers with.
//! A test compares it with the route table, so that no route is served without standing here.

mod access;
mod document;
mod example;
mod feed;
mod learning;
mod messages;
mod operation;
mod operations;
mod problems;
mod schemas;
mod sessions;
mod stream;
pub(super) mod text;
mod turns;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::web::Bytes;

use self::operation::Operation;
use super::SharedApp;

static OPEN: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document::document(true).to_string()));
static AUTHENTICATED: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document::document(false).to_string()));

/// `GET /openapi.json`.
pub(super) async fn openapi(app: SharedApp) -> HttpResponse {
    let document = if app.authority.anonymous().is_some() {
        &OPEN
    } else {
        &AUTHENTICATED
    };
    HttpResponse::Ok()
        .content_type("application/json")
        .body(Bytes::clone(document))
}

/// What the document describes, in the order of its sections.
fn operations() -> Vec<Operation> {
    [
        turns::operations(),
        sessions::operations(),
        messages::operations(),
        learning::operations(),
        access::operations(),
        operations::operations(),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
