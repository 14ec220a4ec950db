//! What a provider is asked for, in the words of no vendor.

use std::sync::Arc;

use super::Conversation;
use crate::model::Parameters;

/// What a provider is asked for.
#[derive(Clone, Debug, Default)]
pub struct CompletionRequest {
    /// The tutor's instructions.
    pub instructions: String,
    /// What was said.
    pub messages: Conversation,
    /// The reply so far: the provider goes on from its end.
    pub kept: String,
    /// Another model of the same provider than the configured one.
    pub model: Option<String>,
    /// What is asked for otherwise than the provider's settings say.
    pub parameters: Parameters,
    /// The answer is to be JSON of this shape; it comes as text.
    pub format: Option<Arc<OutputFormat>>,
}

impl CompletionRequest {
    /// The part of the reply that is sent. White space alone says nothing, and servers refuse it.
    pub(super) fn partial(&self) -> Option<&str> {
        (!self.kept.trim().is_empty()).then_some(&*self.kept)
    }
}

/// The shape of an answer. The provider is told; whoever asked checks.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputFormat {
    /// What it is called: letters, digits, `_` and `-`, at most 64.
    pub name: &'static str,
    /// A JSON schema of an object, in the strict subset: all properties required, no additional ones.
    pub schema: serde_json::Value,
}
