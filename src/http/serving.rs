//! The HTTP server: listens, and brings each connection to the application of a worker. As
//! `actix_web::HttpServer` does it, but for the pace of a connection, which that leaves no room for.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::Error;
use actix_web::dev::{AppConfig, Server};
use actix_web::rt::net::TcpStream;

use super::pace::PacedStream;
use super::{Connections, routes};
use crate::app::App;
use crate::config::AllowedHosts;

/// How long connections may go on after the last turn has ended.
const LAST_BYTES: u64 = 5;
/// How long a connection may be open with no request on it.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the head of the first request may take.
const FIRST_HEAD: Duration = Duration::from_secs(5);

/// What the HTTP server is built from.
pub(crate) struct Serving {
    pub(crate) listener: TcpListener,
    pub(crate) backlog: u32,
    pub(crate) hosts: Arc<AllowedHosts>,
    pub(crate) connections: Arc<Connections>,
}

/// Serves this application.
///
/// # Errors
/// When the listener cannot be used.
pub(crate) fn serve(app: &Arc<App>, serving: Serving) -> std::io::Result<Server> {
    let app = Arc::clone(app);
    let Serving {
        listener,
        backlog,
        hosts,
        connections,
    } = serving;
    let server = Server::build()
        .backlog(backlog)
        // What is made away from the worker is bounded: few threads are enough.
        .worker_max_blocking_threads(4)
        .max_concurrent_connections(25_000)
        .shutdown_timeout(LAST_BYTES)
        .disable_signals();
    let draining = server.graceful_shutdown_signal();
    let server = server.listen("http", listener, move || {
        let (connections, draining) = (Arc::clone(&connections), draining.clone());
        let application = routes(Arc::clone(&app), Arc::clone(&hosts)).into_factory();
        let application = application.map_err(|error: Error| error.error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let draining = draining.clone();
                async move { draining.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(FIRST_HEAD)
            .client_disconnect_timeout(Duration::from_secs(1))
            .h1_allow_half_closed(false)
            .on_connect_ext(move |stream: &PacedStream, extensions| {
                extensions.insert(stream.pace());
                connections.opened(stream.tcp(), extensions);
            })
            .finish(map_config(application, |()| AppConfig::default()));
        fn_service(async |stream: TcpStream| {
            // A delta does not wait for the acknowledgement of the one before.
            let _ = stream.set_nodelay(true);
            let peer = stream.peer_addr().ok();
            Ok::<_, DispatchError>((PacedStream::new(stream), Protocol::Http1, peer))
        })
        .and_then(http)
    })?;
    Ok(server.run())
}
