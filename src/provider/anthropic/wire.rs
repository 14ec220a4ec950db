//! The whitelisted fields of an ordinary delta of a message, borrowed from the event that carries it. What does not fit
//! is read loosely by the [transcript](super::transcript).

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::provider::call::Text;

/// A record that says what is new in a block.
#[derive(Deserialize)]
pub(super) struct BlockDelta<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    pub(super) delta: Piece<'a>,
    #[serde(default)]
    error: Option<IgnoredAny>,
}

/// What is new.
#[derive(Deserialize)]
pub(super) struct Piece<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) partial_json: Option<Text<'a>>,
}

impl BlockDelta<'_> {
    /// Whether it is what it seems to be: other deltas may have fields of these names.
    pub(super) fn is_ordinary(&self) -> bool {
        let is_known = matches!(
            &*self.delta.kind.0,
            "text_delta" | "thinking_delta" | "input_json_delta"
        );
        is_known && self.kind.0 == "content_block_delta" && self.error.is_none()
    }
}
