//! Strings of JSON, borrowed from the event that carries them.

use std::borrow::Cow;

use serde::Deserialize;

/// A string without escapes is not copied. (serde borrows a `Cow` in a field, but not inside an `Option`.)
#[derive(Deserialize)]
pub(in crate::provider) struct Text<'a>(#[serde(borrow)] pub(in crate::provider) Cow<'a, str>);

/// Text of an optional field; empty when there is none.
pub(in crate::provider) fn text<'a>(field: Option<Text<'a>>) -> Cow<'a, str> {
    field.map_or(Cow::Borrowed(""), |text| text.0)
}
