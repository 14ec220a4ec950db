//! What a provider is asked for, in the words of no vendor.

use std::sync::Arc;

use crate::model::{Parameters, Role};

/// What a provider is asked for.
#[derive(Clone, Debug, Default)]
pub struct CompletionRequest {
    /// The tutor's instructions.
    pub instructions: String,
    /// The conversation, oldest first; the last one is the learner's.
    pub messages: Vec<PromptMessage>,
    /// The reply so far: the provider goes on from its end.
    pub kept: String,
    /// Another model of the same provider than the configured one.
    pub model: Option<String>,
    /// What is asked for otherwise than the provider's settings say.
    pub parameters: Parameters,
    /// The answer is to be JSON of this shape; it comes as text.
    pub format: Option<Arc<OutputFormat>>,
}

/// The shape of an answer. The provider is told; whoever asked checks.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputFormat {
    /// What it is called: letters, digits, `_` and `-`, at most 64.
    pub name: &'static str,
    /// A JSON schema of an object, in the strict subset: all properties required, no additional ones.
    pub schema: serde_json::Value,
}

/// One message of a prompt.
#[derive(Clone, Debug)]
pub struct PromptMessage {
    /// Who wrote it.
    pub role: Role,
    /// What it says.
    pub content: String,
}
