//! HTTP: the whole route table. Handlers check, hand over and subscribe; none of them drives a turn, and no
//! database call runs inside a future that a client can cancel.

mod body;
mod chat;
mod connections;
mod edge;
mod error;
mod identity;
mod json_shape;
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
use actix_web::http::{Method, header};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Data, ServiceConfig, resource};
use actix_web::{Error, Resource, Route};

pub(crate) use self::connections::Connections;
use self::error::ApiError;
use crate::app::App;
use crate::config::AllowedHosts;

/// The shared state as handlers get it.
type SharedApp = Data<App>;

/// The application of one worker.
pub(crate) fn routes(
    app: Arc<App>,
    origins: Vec<String>,
    hosts: Arc<AllowedHosts>,
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
        // The last one is the first that a request comes to.
        .wrap(from_fn(move |request, next| {
            edge::pass(Arc::clone(&hosts), request, next)
        }))
        .configure(table)
        .default_service(web::to(async || Err::<String, _>(ApiError::not_found())))
}

fn table(config: &mut ServiceConfig) {
    config
        .service(at("/stream-chat", [(POST, web::to(chat::stream_chat))]))
        .service(at("/turns/{id}", [(GET, web::to(turns::get_turn))]))
        .service(at("/turns/{id}/events", [(GET, web::to(turns::follow_turn))]))
        .service(at("/turns/{id}/stop", [(POST, web::to(turns::stop_turn))]))
        .service(at(
            "/turns/{id}/continue",
            [(POST, web::to(turns::continue_turn))],
        ))
        .service(at(
            "/sessions",
            [
                (GET, web::to(sessions::list_sessions)),
                (POST, web::to(sessions::create_session)),
            ],
        ))
        .service(at(
            "/sessions/{id}",
            [
                (GET, web::to(sessions::get_session)),
                (PATCH, web::to(sessions::update_session)),
                (DELETE, web::to(sessions::delete_session)),
            ],
        ))
        .service(at(
            "/sessions/{id}/messages",
            [
                (GET, web::to(messages::list_messages)),
                (POST, web::to(messages::add_message)),
            ],
        ))
        .service(at(
            "/sessions/{id}/messages/{message_id}",
            [(PATCH, web::to(messages::update_message))],
        ))
        .service(at(
            "/sessions/{id}/messages/{message_id}/regenerate",
            [(POST, web::to(messages::regenerate_message))],
        ))
        .service(at("/health/live", [(GET, web::to(ops::live))]))
        .service(at("/health/ready", [(GET, web::to(ops::ready))]))
        .service(at("/metrics", [(GET, web::to(ops::metrics))]))
        .service(at("/", [(GET, web::to(page::index))]))
        .service(at("/static/{path:.*}", [(GET, web::to(page::asset))]));
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// The methods of one path; any other is 405, with those that it takes (RFC 9110, section 15.5.6).
fn at<const N: usize>(path: &str, routes: [(Method, Route); N]) -> Resource {
    let allowed = routes
        .iter()
        .map(|(method, _)| method.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let resource = routes
        .into_iter()
        .fold(resource(path), |resource, (method, route)| {
            resource.route(route.method(method))
        });
    resource.default_service(web::to(move || {
        let error = ApiError::method_not_allowed(&allowed);
        async { Err::<String, _>(error) }
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
            "x-request-id",
        ])
        .max_age(600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
