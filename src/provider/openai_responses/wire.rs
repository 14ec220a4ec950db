//! The whitelisted fields of the events of a response, borrowed from the event that carries them.

use serde::Deserialize;

use crate::provider::call::Text;

/// One record of the stream: all types in one, for each field stands in few of them.
#[derive(Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) delta: Option<Text<'a>>,
    /// Which part of a summary begins.
    #[serde(default)]
    pub(super) summary_index: Option<u64>,
    /// Of the terminal events.
    #[serde(default)]
    pub(super) response: Option<Response>,
    #[serde(default)]
    pub(super) error: Option<serde_json::Value>,
    /// Of `error`, which may carry its fields without a wrapper.
    #[serde(default)]
    pub(super) code: Option<serde_json::Value>,
}

/// The response as far as it matters at its end.
#[derive(Default, Deserialize)]
pub(super) struct Response {
    #[serde(default)]
    pub(super) usage: Option<TokenCounts>,
    #[serde(default)]
    pub(super) error: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) incomplete_details: Option<IncompleteDetails>,
}

/// Why a response ended early.
#[derive(Deserialize)]
pub(super) struct IncompleteDetails {
    #[serde(default)]
    pub(super) reason: Option<String>,
}

/// Tokens as the provider counts them.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct TokenCounts {
    #[serde(default)]
    pub(super) input_tokens: Option<i64>,
    #[serde(default)]
    pub(super) output_tokens: Option<i64>,
}
