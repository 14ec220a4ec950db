//! Why a provider gave no reply, or not all of it. Knows nothing of HTTP.

use std::time::Duration;

use crate::model::Usage;

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
    Overloaded {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// It does not accept the key (401, 403).
    #[error("unauthorized")]
    Unauthorized,
    /// It does not accept the request (other 4xx, a redirect).
    #[error("rejected the request")]
    Rejected,
    /// Its content filter does not let the message through.
    #[error("its content filter refused the message")]
    Filtered,
    /// The operator's account there may ask no more.
    #[error("the quota is used up")]
    QuotaUsedUp,
    /// The conversation is too long for the model.
    #[error("the conversation is too long")]
    TooLong,
    /// It sent more than the limit.
    #[error("sent more than the limit")]
    TooLarge,
    /// It did not answer, or fell silent.
    #[error("timed out: {0}")]
    TimedOut(TimeLimit),
    /// It closed a connection that had been kept open, before it answered: the request was most likely never read.
    #[error("closed the connection before it answered")]
    ClosedUnanswered,
    /// It cannot be reached, or the stream ended before the reply did.
    #[error("disconnected")]
    Disconnected,
    /// As many calls ran as may, for so long that this one was not made.
    #[error("no place was free in time")]
    NoPlace,
    /// It sent what its protocol does not allow.
    #[error("sent malformed data")]
    Malformed,
    /// It answers with what is no reply in any form: a web page, a compression.
    #[error("sent no reply")]
    Unreadable,
    /// The reply has ended without any text.
    #[error("ended without text")]
    Empty {
        /// What it says that this has cost.
        usage: Option<Usage>,
    },
    /// The model has thought until its tokens were used up.
    #[error("used up its tokens before it wrote any text: raise max_tokens")]
    OutOfTokens {
        /// What it says that this has cost.
        usage: Option<Usage>,
    },
}

impl ProviderErrorKind {
    /// The stable code for learners' clients.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "provider-rate-limited",
            Self::Overloaded { .. } => "provider-overloaded",
            Self::Unauthorized => "provider-unauthorized",
            Self::Rejected => "provider-rejected",
            Self::Filtered => "message-filtered",
            Self::QuotaUsedUp => "provider-quota-used-up",
            Self::TooLong => "conversation-too-long",
            Self::TooLarge => "reply-too-large",
            Self::TimedOut(limit) => limit.code(),
            Self::Disconnected | Self::ClosedUnanswered => "provider-disconnected",
            Self::NoPlace => "provider-busy",
            Self::Malformed => "provider-protocol",
            Self::Unreadable => "provider-unreadable",
            Self::Empty { .. } => "reply-empty",
            Self::OutOfTokens { .. } => "reply-out-of-tokens",
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Overloaded { .. }
            | Self::TimedOut(_)
            | Self::Disconnected
            | Self::ClosedUnanswered
            | Self::NoPlace
            | Self::Malformed
            | Self::Empty { .. } => true,
            Self::Unauthorized
            | Self::Rejected
            | Self::Filtered
            | Self::QuotaUsedUp
            | Self::TooLong
            | Self::TooLarge
            | Self::Unreadable
            | Self::OutOfTokens { .. } => false,
        }
    }

    /// Whether the reply came to its end, and had no text.
    #[must_use]
    pub fn is_textless(&self) -> bool {
        matches!(self, Self::Empty { .. } | Self::OutOfTokens { .. })
    }

    /// What the provider says that the failed call has cost.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Self::Empty { usage } | Self::OutOfTokens { usage } => *usage,
            _ => None,
        }
    }

    /// Whether nobody else is to be asked: what a filter has refused is taken to no other provider, and a reply without
    /// end would have none elsewhere.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Filtered | Self::TooLarge)
    }

    /// Whether it has not answered at all in the time that it had.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::TimedOut(TimeLimit::Connect | TimeLimit::FirstDelta))
    }

    /// How long the provider asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Overloaded { retry_after } => *retry_after,
            _ => None,
        }
    }
}

/// Which patience has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeLimit {
    /// Until the connection stands.
    #[error("connect")]
    Connect,
    /// Until the first delta.
    #[error("first delta")]
    FirstDelta,
    /// Between two deltas.
    #[error("idle")]
    Idle,
    /// For the whole reply.
    #[error("total")]
    Total,
    /// The provider's own.
    #[error("at the provider")]
    Remote,
}

impl TimeLimit {
    fn code(self) -> &'static str {
        match self {
            Self::Connect => "provider-connect-timeout",
            Self::FirstDelta => "provider-first-delta-timeout",
            Self::Idle => "provider-idle-timeout",
            Self::Total => "provider-total-timeout",
            Self::Remote => "provider-timed-out",
        }
    }
}
