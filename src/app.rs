//! What the handlers share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::repository::Repository;
use crate::telemetry::Metrics;
use crate::turn::Turns;

/// Everything a handler needs.
pub struct App {
    /// The database.
    pub repository: Arc<Repository>,
    /// All turns.
    pub turns: Arc<Turns>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether the bundled practice tutor answers.
    pub practice: bool,
    /// Cancelled when event streams are to end because the server does.
    pub closing: CancellationToken,
}
