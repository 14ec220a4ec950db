//! The whitelisted fields of an ordinary delta of a message, borrowed from the event that carries it. What does not fit
//! is read loosely by the [transcript](super::transcript).

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::provider::call::Text;

/// A record that says what is new in a block.
#[derive(Deserialize)]
pub(super) struct BlockDelta<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) delta: Piece<'a>,
    #[serde(default)]
    pub(super) error: Option<IgnoredAny>,
}

/// What is new.
#[derive(Deserialize)]
pub(super) struct Piece<'a> {
    #[serde(borrow, default)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) partial_json: Option<Text<'a>>,
}
