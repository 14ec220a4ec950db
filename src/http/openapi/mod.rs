//! The OpenAPI document: what this service takes and answers, made from the types that it takes and answers with.
//! A test compares it with the route table, so that no route is served without standing here.

mod access;
mod account;
mod document;
mod example;
mod feed;
mod learning;
mod messages;
mod operation;
mod operations;
mod schemas;
mod sessions;
mod stream;
pub(super) mod text;
mod turns;

use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::web::Bytes;

use self::document::Open;
use self::operation::Operation;
use super::SharedApp;
use crate::app::MetricsAccess;

/// One server has one document.
static DOCUMENT: OnceLock<Bytes> = OnceLock::new();

/// `GET /openapi.json`.
pub(super) async fn openapi(app: SharedApp) -> HttpResponse {
    let document = DOCUMENT.get_or_init(|| {
        let open = Open {
            users: app.authority.anonymous().is_some(),
            metrics: matches!(app.metrics_access, MetricsAccess::Open),
        };
        Bytes::from(document::document(open).to_string())
    });
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.clone())
}

/// What the document describes, in the order of its sections.
fn operations() -> Vec<Operation> {
    [
        turns::operations(),
        sessions::operations(),
        messages::operations(),
        learning::operations(),
        access::operations(),
        account::operations(),
        operations::operations(),
    ]
    .concat()
}

#[cfg(test)]
mod tests;
