//! Why a provider gave no reply, or not all of it. Knows nothing of HTTP.

use std::time::Duration;

/// Why a provider gave no reply, or not all of it.
#[derive(Debug, thiserror::Error)]
#[error("{provider}: {kind}")]
pub struct ProviderError {
    /// The provider's name.
    pub provider: String,
    /// What happened.
    pub kind: ProviderErrorKind,
    /// The cause; for logs, never for learners.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What happened at a provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderErrorKind {
    /// Too many requests (429).
    #[error("rate limited")]
    RateLimited {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// It is overloaded or broken (5xx).
    #[error("overloaded")]
    Overloaded,
    /// It does not accept the key (401, 403).
    #[error("unauthorized")]
    Unauthorized,
    /// It does not accept the request (other 4xx, a redirect).
    #[error("rejected the request")]
    Rejected,
    /// The conversation is too long for the model.
    #[error("the conversation is too long")]
    TooLong,
    /// It sent more than the limit.
    #[error("sent more than the limit")]
    TooLarge,
    /// It did not answer, or fell silent.
    #[error("timed out")]
    TimedOut,
    /// It cannot be reached, or the stream ended before the reply did.
    #[error("disconnected")]
    Disconnected,
    /// It sent what its protocol does not allow.
    #[error("sent malformed data")]
    Malformed,
}

impl ProviderErrorKind {
    /// The stable code for learners' clients.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "provider-rate-limited",
            Self::Overloaded => "provider-overloaded",
            Self::Unauthorized => "provider-unauthorized",
            Self::Rejected => "provider-rejected",
            Self::TooLong => "conversation-too-long",
            Self::TooLarge => "reply-too-large",
            Self::TimedOut => "provider-timed-out",
            Self::Disconnected => "provider-disconnected",
            Self::Malformed => "provider-protocol",
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Overloaded
            | Self::TimedOut
            | Self::Disconnected
            | Self::Malformed => true,
            Self::Unauthorized | Self::Rejected | Self::TooLong | Self::TooLarge => false,
        }
    }
}
