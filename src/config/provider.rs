//! Who answers: how each provider is reached, and what may be asked of it.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::ServeArgs;

const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
const DEFAULT_MODEL: &str = "gpt-5-mini";

/// The table `[provider]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProviderFile {
    name: Option<String>,
    base_url: Option<String>,
    model: Option<String>,
    api_key: Option<SecretString>,
    continues_partial: Option<bool>,
    continuation: Option<Continuation>,
    first_delta_timeout_seconds: Option<u64>,
    idle_timeout_seconds: Option<u64>,
    total_timeout_seconds: Option<u64>,
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

/// How to reach an OpenAI-compatible API.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Its name for people, logs and `turn-start`.
    pub name: String,
    /// Without a slash at the end.
    pub base_url: String,
    /// Model to ask for.
    pub model: String,
    /// Sent as a bearer token.
    pub api_key: Option<SecretString>,
    /// Whether it goes on from a partial reply.
    pub continues_partial: bool,
    /// How it is asked to.
    pub continuation: Continuation,
    /// Longest wait for the first delta.
    pub first_delta_timeout: Duration,
    /// Longest silence between deltas.
    pub idle_timeout: Duration,
    /// Longest reply.
    pub total_timeout: Duration,
}

/// A provider is configured when a key, a base URL or a table says so.
pub(super) fn settings(args: &ServeArgs, file: ProviderFile) -> Option<ProviderSettings> {
    let api_key = args.openai_api_key.clone().or(file.api_key);
    let base_url = args.openai_base_url.clone().or(file.base_url);
    if api_key.is_none() && base_url.is_none() {
        return None;
    }
    let base_url = base_url.unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
    let seconds = |value: Option<u64>, default| Duration::from_secs(value.unwrap_or(default));
    Some(ProviderSettings {
        name: file.name.unwrap_or_else(|| "openai".to_owned()),
        base_url: base_url.trim_end_matches('/').to_owned(),
        model: args
            .openai_model
            .clone()
            .or(file.model)
            .unwrap_or_else(|| DEFAULT_MODEL.to_owned()),
        api_key,
        continues_partial: file.continues_partial.unwrap_or(false),
        continuation: file.continuation.unwrap_or_default(),
        first_delta_timeout: seconds(file.first_delta_timeout_seconds, 60),
        idle_timeout: seconds(file.idle_timeout_seconds, 30),
        total_timeout: seconds(file.total_timeout_seconds, 900),
    })
}
