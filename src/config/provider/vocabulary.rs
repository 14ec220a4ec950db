//! The words that a `[[providers]]` table may use.

use serde::Deserialize;

use crate::model::Parameters;

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    /// OpenAI's chat completions, and the many servers that speak them.
    OpenaiChat,
    /// OpenAI's Responses.
    OpenaiResponses,
    /// Anthropic's Messages.
    Anthropic,
    /// The bundled tutor, offline.
    Practice,
}

impl Wire {
    /// Where the vendor serves it.
    pub(super) fn default_base_url(self) -> &'static str {
        match self {
            Self::OpenaiChat | Self::OpenaiResponses => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com",
            Self::Practice => "http://localhost",
        }
    }

    pub(super) fn default_model(self) -> &'static str {
        match self {
            Self::OpenaiChat | Self::OpenaiResponses => "gpt-5-mini",
            Self::Anthropic => "claude-haiku-4-5",
            Self::Practice => "practice-tutor",
        }
    }

    pub(super) fn default_name(self) -> &'static str {
        match self {
            Self::OpenaiChat | Self::OpenaiResponses => "openai",
            Self::Anthropic => "anthropic",
            Self::Practice => "practice",
        }
    }

    pub(super) fn default_auth(self) -> Auth {
        match self {
            Self::OpenaiChat | Self::OpenaiResponses => Auth::Bearer,
            Self::Anthropic => Auth::XApiKey,
            Self::Practice => Auth::None,
        }
    }

    pub(super) fn default_structured_output(self) -> StructuredOutput {
        match self {
            Self::OpenaiChat | Self::OpenaiResponses => StructuredOutput::JsonSchema,
            // Every model has tools; schemas came later.
            Self::Anthropic => StructuredOutput::ToolCall,
            Self::Practice => StructuredOutput::None,
        }
    }

    pub(super) fn continues_partial_by_default(self) -> bool {
        match self {
            Self::OpenaiChat | Self::OpenaiResponses => false,
            Self::Anthropic | Self::Practice => true,
        }
    }
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// `Authorization: Bearer …`
    Bearer,
    /// `api-key: …` (Azure).
    ApiKey,
    /// `x-api-key: …` (Anthropic).
    XApiKey,
    /// Not at all.
    None,
}

/// How a provider is asked to go on from a partial reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Continuation {
    /// The conversation ends with the partial reply (llama.cpp, OpenRouter).
    #[default]
    LastMessage,
    /// The last message carries `"prefix": true` (Mistral, DeepSeek).
    Prefix,
    /// `"continue_final_message": true` (vLLM).
    ContinueFinalMessage,
}

/// Where a provider leaves what its model thinks aloud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thoughts {
    /// In fields of their own, or between tags at the begin of the text.
    #[default]
    Tagged,
    /// The template opens the tag: each reply begins within thoughts.
    Unopened,
    /// Text is shown as it comes, tags or not.
    Shown,
}

/// What the deltas of a provider are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deltas {
    /// What is new.
    #[default]
    Incremental,
    /// The whole text so far (DashScope without `incremental_output`).
    Cumulative,
}

/// How a provider is asked for an answer of a given shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StructuredOutput {
    /// The wire's own field for a JSON schema.
    JsonSchema,
    /// Any JSON object; the schema is told in words.
    JsonObject,
    /// A tool that must be called, whose arguments are the answer.
    ToolCall,
    /// Only in words.
    None,
}

impl StructuredOutput {
    /// The same, or in words alone where the wire's field for it is refused.
    #[must_use]
    pub(crate) fn unless(self, refused: bool) -> Self {
        match self {
            Self::JsonSchema | Self::JsonObject if refused => Self::None,
            how => how,
        }
    }
}

/// What a learner's request may ask for, where the operator allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestParameter {
    /// How much chance there is.
    Temperature,
    /// Most tokens of the reply.
    MaxTokens,
    /// How long the model thinks.
    ReasoningEffort,
}

/// The first parameter of a learner's request that is not among those which the operator leaves to learners.
#[must_use]
pub fn refused_parameter(allowed: &[RequestParameter], asked: &Parameters) -> Option<RequestParameter> {
    let given = [
        (RequestParameter::Temperature, asked.temperature.is_some()),
        (RequestParameter::MaxTokens, asked.max_tokens.is_some()),
        (
            RequestParameter::ReasoningEffort,
            asked.reasoning_effort.is_some(),
        ),
    ];
    given
        .into_iter()
        .find(|(parameter, is_given)| *is_given && !allowed.contains(parameter))
        .map(|(parameter, _)| parameter)
}
