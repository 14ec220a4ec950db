//! How the service ends: what it is told by, and in which order its parts stop.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::App;

/// How long the ends of turns may take to be stored after that.
const LAST_WRITES: Duration = Duration::from_secs(3);

/// Lets running turns end, then tells readers to come back later, then closes the connections. Answers whether every
/// turn's end is stored, or the turn is left for the next start as it is stored.
pub(super) async fn stop(app: &App, handle: &ServerHandle, drain: Duration) -> bool {
    log::info!("server.draining patience_ms={}", drain.as_millis());
    let drained = tokio::time::timeout(drain + LAST_WRITES, app.turns.drain(drain)).await;
    app.closing.cancel();
    handle.stop(true).await;
    drained.is_ok()
}

/// Writes what waits and closes the database.
pub(super) async fn close(app: &App) {
    let repository = Arc::clone(&app.repository);
    if let Err(error) = app.limits.requests.store(&repository).await {
        log::warn!("limits.not_stored error={error:?}");
    }
    // The writer's thread ends when everything that waits is written.
    let _ = tokio::task::spawn_blocking(move || repository.close()).await;
}

/// What asks the service to end.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
