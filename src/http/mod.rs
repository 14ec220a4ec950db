//! HTTP: the whole route table. Handlers check, hand over and subscribe; none of them drives a turn, and no
//! database call runs inside a future that a client can cancel.

mod body;
mod chat;
mod error;
mod identity;
mod messages;
mod ops;
mod page;
mod query;
mod sessions;
mod sse;
mod turns;

use std::sync::Arc;

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Data, ServiceConfig, delete, get, patch, post, resource};
use actix_web::{Error, Resource, Route};

use self::error::ApiError;
use crate::app::App;

/// The shared state as handlers get it.
type SharedApp = Data<App>;

/// The application of one worker.
pub(crate) fn routes(
    app: Arc<App>,
    origins: Vec<String>,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    actix_web::App::new()
        .app_data(Data::from(app))
        .wrap(DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")))
        .wrap(cors(&origins))
        .configure(table)
        .default_service(web::to(async || Err::<String, _>(ApiError::not_found())))
}

fn table(config: &mut ServiceConfig) {
    config
        .service(at("/stream-chat", [post().to(chat::stream_chat)]))
        .service(at("/turns/{id}", [get().to(turns::get_turn)]))
        .service(at("/turns/{id}/events", [get().to(turns::follow_turn)]))
        .service(at("/turns/{id}/stop", [post().to(turns::stop_turn)]))
        .service(at("/turns/{id}/continue", [post().to(turns::continue_turn)]))
        .service(at(
            "/sessions",
            [
                get().to(sessions::list_sessions),
                post().to(sessions::create_session),
            ],
        ))
        .service(at(
            "/sessions/{id}",
            [
                get().to(sessions::get_session),
                patch().to(sessions::update_session),
                delete().to(sessions::delete_session),
            ],
        ))
        .service(at(
            "/sessions/{id}/messages",
            [
                get().to(messages::list_messages),
                post().to(messages::add_message),
            ],
        ))
        .service(at(
            "/sessions/{id}/messages/{message_id}",
            [patch().to(messages::update_message)],
        ))
        .service(at(
            "/sessions/{id}/messages/{message_id}/regenerate",
            [post().to(messages::regenerate_message)],
        ))
        .service(at("/health/live", [get().to(ops::live)]))
        .service(at("/health/ready", [get().to(ops::ready)]))
        .service(at("/metrics", [get().to(ops::metrics)]))
        .service(at("/", [get().to(page::index)]))
        .service(at("/static/{path:.*}", [get().to(page::asset)]));
}

/// The methods of one path; any other is 405.
fn at<const N: usize>(path: &str, routes: [Route; N]) -> Resource {
    let resource = routes.into_iter().fold(resource(path), Resource::route);
    resource.default_service(web::to(async || {
        let detail = "This path does not take that method.";
        Err::<String, _>(ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            detail,
        ))
    }))
}

/// Exactly the configured origins.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "idempotency-key",
            "last-event-id",
        ])
        .expose_headers([
            "location",
            "retry-after",
            "x-turn-id",
            "x-session-id",
            "idempotent-replayed",
        ])
        .max_age(600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
