//! The whitelisted fields of an ordinary delta of a response, borrowed from the event that carries it. What does not
//! fit is read loosely by the [transcript](super::transcript).

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::provider::call::Text;

/// A record that says what is new.
#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) delta: Text<'a>,
    /// The item that the delta is of.
    #[serde(default)]
    pub(super) output_index: Option<u64>,
    /// The part of the item.
    #[serde(default)]
    pub(super) content_index: Option<u64>,
    #[serde(borrow, default)]
    pub(super) item_id: Option<Text<'a>>,
    #[serde(default)]
    pub(super) error: Option<IgnoredAny>,
}
