//! Health and metrics. None of them shows data of a user.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::Serialize;

use super::SharedApp;
use crate::repository::StorageHealth;

/// How the service is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Health")]
pub(super) struct HealthBody {
    /// `ok`, `draining` or `storage-unavailable`.
    status: &'static str,
}

/// The process runs.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(HealthBody { status: "ok" })
}

/// New turns are taken.
pub(super) async fn ready(app: SharedApp) -> HttpResponse {
    let health = *app.repository.writer().health().borrow();
    let status = if app.turns.is_draining() {
        "draining"
    } else if health != StorageHealth::Ok || app.repository.ping().await.is_err() {
        "storage-unavailable"
    } else {
        return HttpResponse::Ok().json(HealthBody { status: "ok" });
    };
    HttpResponse::ServiceUnavailable()
        .insert_header(("Retry-After", "5"))
        .json(HealthBody { status })
}

pub(super) async fn metrics(app: SharedApp) -> HttpResponse {
    match app.repository.storage_totals().await {
        Ok(totals) => app.metrics.stored(totals),
        // What is known otherwise is told without it.
        Err(error) => log::debug!("metrics.no_totals error={error}"),
    }
    app.metrics.look(app.repository.path());
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    HttpResponse::Ok()
        .content_type(content_type)
        .body(app.metrics.encode())
}
