//! Who writes the replies. A provider turns one vendor's wire into a few [`Delta`]s; nothing above this module
//! knows a vendor's JSON, and nothing in it knows of turns, events or the database.

mod decode;
mod openai_chat;
mod practice;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

pub use decode::{DecodeError, SseDecoder};
pub use openai_chat::OpenAiChat;
pub use practice::PracticeTutor;

use crate::config::ProviderSettings;
use crate::model::{FinishReason, Role, Usage};

/// What a provider is asked for.
#[derive(Clone, Debug, Default)]
pub struct CompletionRequest {
    /// The tutor's instructions.
    pub instructions: String,
    /// The conversation, oldest first; the last one is the learner's.
    pub messages: Vec<PromptMessage>,
    /// The reply so far: the provider goes on from its end.
    pub kept: String,
}

/// One message of a prompt.
#[derive(Clone, Debug)]
pub struct PromptMessage {
    /// Who wrote it.
    pub role: Role,
    /// What it says.
    pub content: String,
}

/// The smallest increment of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Text of the reply. Never empty.
    Text(String),
    /// Text that the model thinks aloud. Never empty.
    Reasoning(String),
    /// The provider has ended the reply: the last item of a stream.
    End(Completion),
}

/// What a provider call ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Tokens, if the provider reported them.
    pub usage: Option<Usage>,
}

/// A reply as it is written. It ends after [`Delta::End`] or an error; dropping it closes the connection.
pub type DeltaStream = BoxStream<'static, Result<Delta, ProviderError>>;

/// One way to get replies.
pub trait Provider: Send + Sync {
    /// Its name for people and logs.
    fn name(&self) -> &str;
    /// The model that answers.
    fn model(&self) -> &str;
    /// Whether it goes on exactly where [`CompletionRequest::kept`] ends.
    fn continues_partial(&self) -> bool;
    /// Whether this is the bundled practice tutor.
    fn is_practice(&self) -> bool {
        false
    }
    /// Starts a reply; resolves when the provider has accepted the request.
    fn stream(&self, request: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>>;
}

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

/// The provider that the settings choose: the practice tutor when none is configured.
///
/// # Errors
/// When the HTTP client cannot be built (no TLS roots, say).
pub fn from_settings(settings: Option<&ProviderSettings>) -> Result<Arc<dyn Provider>, ProviderError> {
    Ok(match settings {
        Some(settings) => Arc::new(OpenAiChat::new(settings)?),
        None => Arc::new(PracticeTutor::default()),
    })
}
