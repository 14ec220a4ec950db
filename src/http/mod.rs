//! HTTP: the whole route table. Handlers check, hand over and subscribe; none of them drives a turn, and no
//! database call runs inside a future that a client can cancel.

mod account;
mod auth;
mod body;
mod chat;
mod code;
mod coding;
mod connections;
mod edge;
mod error;
mod feed;
mod focus;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod json_shape;
mod large;
mod messages;
mod objects;
mod observers;
mod openapi;
mod ops;
mod pace;
mod page;
mod profile;
mod query;
mod quota;
mod routes;
mod serving;
mod sessions;
mod sse;
mod standing;
#[cfg(test)]
mod tests;
mod tickets;
mod turns;

use std::sync::Arc;

use actix_cors::Cors;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::{DefaultHeaders, from_fn};
use actix_web::web::{self, Data};

pub use self::auth::Access;
use self::auth::Access::{Metrics, Public, Read, Stream, Write};
pub(crate) use self::connections::Connections;
use self::error::ApiError;
use self::routes::{Place, at, delete, get, patch, post, put, stream};
pub(crate) use self::serving::{Serving, serve};
use crate::app::App;
use crate::config::AllowedHosts;

/// The shared state as handlers get it.
type SharedApp = Data<App>;

/// The application of one worker.
pub(crate) fn routes(
    app: Arc<App>,
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
    let cors = cors(&app.origins);
    actix_web::App::new()
        .app_data(Data::from(app))
        .wrap(
            DefaultHeaders::new()
                .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .add((header::REFERRER_POLICY, "no-referrer")),
        )
        .wrap(cors)
        // The last one is the first that a request comes to.
        // Boxed, so that a connection does not keep room for it as long as its answer streams.
        .wrap(from_fn(move |request, next| {
            Box::pin(edge::pass(Arc::clone(&hosts), request, next))
        }))
        .configure(|config| {
            for place in table() {
                config.service(place.into_service());
            }
        })
        .default_service(web::to(async || Err::<String, _>(ApiError::not_found())))
}

/// All that may be asked for is counted from the start.
pub(crate) fn expect(metrics: &crate::telemetry::Metrics) {
    edge::expect(metrics);
}

/// The whole route table.
fn table() -> impl Iterator<Item = Place> {
    [turn_places(), session_places(), other_places()]
        .into_iter()
        .flatten()
}

/// What is said, and the answers.
fn turn_places() -> Vec<Place> {
    vec![
        at("/stream-chat", [post(Write, chat::stream_chat)]),
        at("/stream-tickets", [post(Write, tickets::create_ticket)]),
        at("/turns/{id}", [get(Read, turns::get_turn)]),
        at("/turns/{id}/events", [stream(Stream, turns::follow_turn)]),
        at("/turns/{id}/stop", [post(Write, turns::stop_turn)]),
        at("/turns/{id}/continue", [post(Write, turns::continue_turn)]),
    ]
}

/// Sessions, and what is in them.
fn session_places() -> Vec<Place> {
    vec![
        at(
            "/sessions",
            [
                get(Read, sessions::list_sessions),
                post(Write, sessions::create_session),
            ],
        ),
        at(
            "/sessions/{id}",
            [
                get(Read, sessions::get_session),
                patch(Write, sessions::update_session),
                delete(Write, sessions::delete_session),
            ],
        ),
        at("/sessions/{id}/events", [stream(Stream, feed::follow_session)]),
        at(
            "/sessions/{id}/messages",
            [
                get(Read, messages::list_messages),
                post(Write, messages::add_message),
            ],
        ),
        at(
            "/sessions/{id}/messages/{messageId}",
            [patch(Write, messages::update_message)],
        ),
        at(
            "/sessions/{id}/messages/{messageId}/regenerate",
            [post(Write, messages::regenerate_message)],
        ),
        at(
            "/sessions/{id}/observers",
            [get(Write, observers::list_observers)],
        ),
        at(
            "/sessions/{id}/observers/{user}",
            [
                put(Write, observers::add_observer),
                delete(Write, observers::remove_observer),
            ],
        ),
        at("/sessions/{id}/focus", [get(Read, focus::get_focus)]),
        at(
            "/sessions/{id}/focus/history",
            [get(Read, focus::list_focus_history)],
        ),
    ]
}

/// Who the caller is, operations and the page.
fn other_places() -> Vec<Place> {
    vec![
        at(
            "/profile",
            [
                get(Write, profile::get_profile),
                patch(Write, profile::update_profile),
            ],
        ),
        at("/export", [stream(Write, account::export)]),
        at("/account", [delete(Write, account::delete_account)]),
        at("/login", [post(Write, auth::login)]),
        at("/logout", [post(Public, auth::logout)]),
        at("/health/live", [get(Public, ops::live)]),
        at("/health/ready", [get(Public, ops::ready)]),
        at("/metrics", [get(Metrics, ops::metrics)]),
        at("/openapi.json", [get(Public, openapi::openapi)]),
        at("/docs", [get(Public, page::docs)]),
        at("/", [get(Public, page::index)]),
        at("/static/{path:.*}", [get(Public, page::asset)]),
    ]
}

/// Who may call what: each method of each path in the table.
#[must_use]
pub fn decisions() -> Vec<(Method, &'static str, Access)> {
    table()
        .flat_map(|place| place.decisions().collect::<Vec<_>>())
        .collect()
}

/// Exactly the configured origins.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
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
            "www-authenticate",
            "ratelimit",
            "ratelimit-policy",
        ])
        .max_age(600);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
