//! What the handlers share.

use std::net::SocketAddr;
use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use crate::config::AuthSettings;
use crate::identity::{Authority, Validities, opaque};
use crate::limits::Limits;
use crate::repository::{Repository, Transcripts};
use crate::telemetry::Metrics;
use crate::turn::Turns;

/// Everything a handler needs.
pub struct App {
    /// The database.
    pub repository: Arc<Repository>,
    /// All turns.
    pub turns: Arc<Turns>,
    /// Who says who calls.
    pub authority: Arc<Authority>,
    /// How long streams may go on.
    pub validities: Arc<Validities>,
    /// Whether a page of this origin may keep its token in a cookie.
    pub cookie: bool,
    /// The other origins whose pages may call.
    pub origins: Arc<[String]>,
    /// Whether what the tutor said may be edited.
    pub transcripts: Transcripts,
    /// Whether the bundled pages are served.
    pub pages: bool,
    /// Who may see the metrics.
    pub metrics_access: MetricsAccess,
    /// How much may be taken.
    pub limits: Limits,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether the bundled practice tutor answers.
    pub practice: bool,
    /// Cancelled when event streams are to end because the server does.
    pub closing: CancellationToken,
}

/// Who may see the metrics.
pub enum MetricsAccess {
    /// Everybody who reaches the address, which is of this machine alone.
    Open,
    /// Who has the token with this SHA-256 (hexadecimal).
    Token(String),
    /// Nobody: the address is for others too, and no token is configured.
    Closed,
}

impl MetricsAccess {
    /// By the token that is configured, and else by who reaches the address that is listened on.
    #[must_use]
    pub fn new(auth: &AuthSettings, listening: SocketAddr) -> Self {
        match &auth.metrics_token {
            Some(token) => Self::Token(opaque::sha256(token.expose_secret())),
            None if listening.ip().is_loopback() => Self::Open,
            None => Self::Closed,
        }
    }
}
