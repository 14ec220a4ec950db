//! Who writes the replies. A provider turns one vendor's wire into a few [`Delta`]s; nothing above this module
//! knows a vendor's JSON, and nothing in it knows of turns, events or the database.

mod anthropic;
mod call;
mod chain;
#[cfg(test)]
mod conformance;
mod conversation;
mod decode;
mod error;
mod openai_chat;
mod openai_responses;
mod practice;
mod request;
mod wording;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

#[cfg(any(test, feature = "fuzzing"))]
pub use call::fuzzing::provider_chunks;
pub use chain::{
    BreakerState, Call, Chain, Claim, Course, Errand, Place, Places, Policy, Random, Step, Waiting,
};
pub use conversation::{Conversation, PromptMessage};
#[cfg(any(test, feature = "fuzzing"))]
pub use decode::fuzzing::sse_decoder;
pub use decode::{DecodeError, SseDecoder};
pub use error::{ProviderError, ProviderErrorKind, TimeLimit};
pub use practice::PracticeTutor;
pub use request::{CompletionRequest, OutputFormat};

use self::anthropic::Messages;
use self::call::HttpProvider;
use self::openai_chat::ChatCompletions;
use self::openai_responses::Responses;
use crate::config::{ProviderSettings, Wire};
use crate::model::{FinishReason, Usage};

/// The smallest increment of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Text of the reply. Never empty.
    Text(String),
    /// Text that the model thinks aloud. Never empty.
    Reasoning(String),
    /// Text of the reply after all: what came before in this call is void.
    Restart {
        /// Why; a word for readers.
        reason: &'static str,
        /// What stands instead. Never empty.
        text: String,
    },
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
    /// The most tokens that a request asks for when nobody has said how many.
    fn max_tokens(&self) -> Option<u32> {
        None
    }
    /// Whether this is the bundled practice tutor.
    fn is_practice(&self) -> bool {
        false
    }
    /// The fields of requests that it was found to refuse: it is asked without them.
    fn left_out(&self) -> Vec<&'static str> {
        Vec::new()
    }
    /// Starts a reply; resolves when the provider has accepted the request.
    fn stream(&self, request: CompletionRequest) -> BoxFuture<'static, Result<DeltaStream, ProviderError>>;
}

/// The providers that the settings name, in their order; the practice tutor when they name none. The only place
/// where settings become providers.
///
/// # Errors
/// When an HTTP client cannot be built (no TLS roots, say).
pub fn from_settings(settings: &[ProviderSettings]) -> Result<Vec<Arc<dyn Provider>>, ProviderError> {
    if settings.is_empty() {
        return Ok(vec![Arc::new(PracticeTutor::default())]);
    }
    settings.iter().map(build).collect()
}

fn build(settings: &ProviderSettings) -> Result<Arc<dyn Provider>, ProviderError> {
    Ok(match settings.wire {
        Wire::OpenaiChat => Arc::new(HttpProvider::<ChatCompletions>::new(settings)?),
        Wire::OpenaiResponses => Arc::new(HttpProvider::<Responses>::new(settings)?),
        Wire::Anthropic => Arc::new(HttpProvider::<Messages>::new(settings)?),
        Wire::Practice => Arc::new(PracticeTutor::named(&settings.name)),
    })
}
