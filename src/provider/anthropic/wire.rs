//! The whitelisted fields of the events of a message, borrowed from the event that carries them.

use serde::Deserialize;

use crate::provider::call::Text;

/// One record of the stream: all types in one, for each field stands in few of them.
#[derive(Deserialize)]
pub(super) struct Record<'a> {
    #[serde(borrow, default, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    /// Of `message_start`.
    #[serde(default)]
    pub(super) message: Option<Begun>,
    /// Of `content_block_start`.
    #[serde(borrow, default)]
    pub(super) content_block: Option<Piece<'a>>,
    /// Of `content_block_delta` and `message_delta`.
    #[serde(borrow, default)]
    pub(super) delta: Option<Piece<'a>>,
    /// Of `message_delta`.
    #[serde(default)]
    pub(super) usage: Option<TokenCounts>,
    #[serde(default)]
    pub(super) error: Option<serde_json::Value>,
}

/// A message that has begun.
#[derive(Deserialize)]
pub(super) struct Begun {
    #[serde(default)]
    pub(super) usage: Option<TokenCounts>,
}

/// What is new in a block or in the message.
#[derive(Default, Deserialize)]
pub(super) struct Piece<'a> {
    #[serde(borrow, default)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) partial_json: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<Text<'a>>,
}

/// Tokens as the provider counts them; the output's are cumulative.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct TokenCounts {
    #[serde(default)]
    input_tokens: Option<i64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<i64>,
    #[serde(default)]
    cache_read_input_tokens: Option<i64>,
    #[serde(default)]
    pub(super) output_tokens: Option<i64>,
}

impl TokenCounts {
    /// All that the model has read, from a cache or not.
    pub(super) fn input(&self) -> Option<i64> {
        let cached = [self.cache_creation_input_tokens, self.cache_read_input_tokens];
        let cached: i64 = cached.into_iter().flatten().fold(0, i64::saturating_add);
        self.input_tokens.map(|new| new.saturating_add(cached))
    }
}
